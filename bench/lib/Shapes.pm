# SPDX-License-Identifier: GPL-2.0-or-later
package Shapes;

# Shapes.pm - valid messages that cost a filter much more than their size. Each
# shape is a function of a number n, to which its size is about proportional.
# Nothing in them harms any program: they are empty, repetitive or deep.

use v5.32;
use warnings;
use Exporter 'import';
use FindBin;
use lib "$FindBin::Bin/../tests/lib";
use Compress::Zlib ();
use MailMaker;

our @EXPORT = qw(@SHAPES random_shape);

# name, function, n (the table has n, 2n and 4n)
our @SHAPES = (
	['nested gz near the limits', \&nested_gz, 1],
	['nested zip near the limits', \&nested_zip, 1],
	['zip of many members', \&wide_zip, 500],
	['CMS within CMS', \&nested_cms, 100],
	['small distinct regions', \&regions, 100],
	['encoded words in a name', \&encoded_words, 500],
	['parameters of a name', \&continuations, 250],
	['uuencoded files in a text', \&uuencoded, 250],
	['data URIs in HTML', \&data_uris, 250],
	['header over the limit', \&long_header, 1000],
	['header of many fields', \&many_fields, 2000],
	['message/rfc822 in base64, 12 deep', \&nested_messages, 1],
	['nested multiparts', \&nested_multiparts, 225],
	['lines of dashes, 50 multiparts', \&dashes, 5000],
	['many small attachments', \&attachments, 250],
	['many small HTML parts', \&htmls, 250],
	['irregular messages in messages', \&inner_messages, 5],
);

# -- what they are made of ----------------------------------------------------

sub hello { return part('Content-Type: text/plain', "hello\n") }

# Zeros, packed once and again. Made once: they are large.
sub packed_zeros {
	my ($mb, $times) = @_;
	state %known;
	return $known{"$mb $times"} //= do {
		my $bytes = "\0" x ($mb << 20);
		$bytes = Compress::Zlib::memGzip($bytes) for 1 .. $times;
		$bytes;
	};
}

# A zip of [name, bytes] pairs, deflated. Distinct members, so that none is known.
sub deflated_zip {
	my ($out, $directory, $n) = ('', '', 0);
	while (my ($name, $bytes) = splice @_, 0, 2) {
		my ($d) = Compress::Zlib::deflateInit(-WindowBits => -15);
		my $packed = join '', ($d->deflate($bytes))[0], ($d->flush)[0];
		my $common = pack 'vvvvvVVVvv', 20, 0, 8, 0, 0x5c21, Compress::Zlib::crc32($bytes),
		    length $packed, length $bytes, length $name, 0;
		$directory .= "PK\1\2" . pack('v', 20) . $common . pack('vvvVV', 0, 0, 0, 0, length $out) . $name;
		$out .= "PK\3\4" . $common . $name . $packed;
		$n++;
	}
	return $out . $directory . "PK\5\6" . pack('vvvvVVv', 0, 0, $n, $n, length $directory, length $out, 0);
}

sub der {
	my ($tag, $bytes) = @_;
	my $n = length $bytes;
	my $len = $n < 128 ? chr $n : do { my $l = pack('N', $n) =~ s/\A\0+//r; chr(128 + length $l) . $l };
	return chr($tag) . $len . $bytes;
}

# ContentInfo with SignedData that signs nothing (RFC 5652, section 5.1).
sub cms {
	my ($content, $oid) = @_;
	my $inner = der(0x30, der(6, $oid) . der(0xa0, der(4, $content)));
	my $signed = der(0x30, der(2, "\1") . der(0x31, '') . $inner . der(0x31, ''));
	return der(0x30, der(6, "\x2a\x86\x48\x86\xf7\x0d\1\7\2") . der(0xa0, $signed));
}

# -- the shapes ---------------------------------------------------------------

sub nested_gz {
	my ($n) = @_;
	return mail(parts => [hello(), map { attachment("a$_.gz", packed_zeros(95 - $_, 2) . chr) } 1 .. $n]);
}

sub nested_zip {
	my ($n) = @_;
	return mail(parts => [hello(), map {
		my $k = $_;
		attachment("a$k.zip", deflated_zip(map { ("$_.gz", packed_zeros(90 - $k, 1)) } 1 .. 4))
	} 1 .. $n]);
}

sub wide_zip {
	my ($n) = @_;
	return mail(parts => [hello(), attachment('a.zip', deflated_zip(map { ("$_.txt", "this is file $_ of $n\n" x 3) } 1 .. $n))]);
}

sub nested_cms {
	my ($n) = @_;
	my $bytes = "Content-Type: text/plain\r\n\r\nhello\r\n";
	my $data = "\x2a\x86\x48\x86\xf7\x0d\1\7\1";
	$bytes = cms($bytes, $data) for 1 .. $n;
	return mail(parts => [hello(), attachment('smime.p7m', $bytes, type => 'application/pkcs7-mime; smime-type=signed-data')]);
}

sub regions {
	my ($n) = @_;
	return mail(type => 'text/plain', body => join '', map {
		"text $_\n\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n" . b64("content $_ of some bytes\n" x 3) . "!\n\n"
	} 1 .. $n);
}

sub encoded_words {
	my ($n) = @_;
	my $name = join "\n ", map { "=?utf-8?q?a$_?=" } 1 .. $n;
	return mail(parts => [hello(), part("Content-Type: application/pdf; name=\"$name\"\nContent-Transfer-Encoding: base64", b64("hello\n" x 20))]);
}

sub continuations {
	my ($n) = @_;
	my $name = join '', map { ";\n filename*$_*=a%20b" } 0 .. $n - 1;
	return mail(parts => [hello(), part("Content-Type: application/pdf\nContent-Disposition: attachment$name\nContent-Transfer-Encoding: base64", b64("hello\n" x 20))]);
}

sub uuencoded {
	my ($n) = @_;
	return mail(body => join '', map { my $line = pack 'u', "content $_\n"; "begin 644 a$_.txt\n$line`\nend\n" } 1 .. $n);
}

sub data_uris {
	my ($n) = @_;
	my $body = join '', map { my $c = b64("content $_\n") =~ s/\n//gr; "<img src=\"data:application/octet-stream;base64,$c\">\n" } 1 .. $n;
	return mail(type => 'text/html', body => "<html><body>\n$body</body></html>\n");
}

sub long_header {
	my ($n) = @_;
	return mail(header => join "\n", 'X-Long: a', map { " this is line $_ of a very long field" } 1 .. $n);
}

sub many_fields {
	my ($n) = @_;
	return mail(header => join "\n", map { "X-Field-$_: $_" } 1 .. $n);
}

sub nested_messages {
	my ($n) = @_;
	return mail(parts => [map {
		my $m = mail(id => $_, body => "hello $_\n" x 50);
		$m = mail(parts => [rfc822($m, encoding => 'base64')], id => "$_") for 1 .. 12;
		rfc822($m, encoding => 'base64')
	} 1 .. $n]);
}

sub nested_multiparts {
	my ($n) = @_;
	my $body = "Content-Type: text/plain\n\nhello\n";
	$body = "Content-Type: multipart/mixed; boundary=\"b$_\"\n\n--b$_\n$body\n--b$_--\n" for 1 .. $n;
	return "From: a\@example.org\nMIME-Version: 1.0\n$body";
}

sub dashes {
	my ($n) = @_;
	my $body = "Content-Type: text/plain\n\n" . ('-' x 70 . "\n") x $n;
	for (1 .. 50) {
		my $b = '-' x 60 . sprintf '%02d', $_;
		$body = "Content-Type: multipart/mixed; boundary=\"$b\"\n\n--$b\n$body\n--$b--\n";
	}
	return "From: a\@example.org\nMIME-Version: 1.0\n$body";
}

sub attachments {
	my ($n) = @_;
	return mail(parts => [hello(), map { attachment("a$_.bin", "content $_\n") } 1 .. $n]);
}

sub htmls {
	my ($n) = @_;
	return mail(parts => [map { part("Content-Type: text/html\nContent-Transfer-Encoding: base64", b64("<html><body><p>hello $_</p></body></html>\n")) } 1 .. $n]);
}

sub inner_messages {
	my ($n) = @_;
	return mail(parts => [map {
		my $m = $_;
		rfc822("Subject: $m\nContent-Type: application/zip\nContent-Transfer-Encoding: x-unheard-of\n\n"
		    . b64("PK\3\4 not quite $m" x 20) . "!$m\n", encoding => 'base64')
	} 1 .. $n]);
}

# -- by chance ------------------------------------------------------------------

# Parts of all of the above within each other, as the number says: the same for
# the same number.
sub random_shape {
	my ($seed) = @_;
	srand $seed;
	my @leaf = (
		sub { part('Content-Type: text/plain', "line $_[0]\n" x (1 + int rand 50)) },
		sub { part("Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable", qp("<p>$_[0] = \xc3\xa4</p>\n" x (1 + int rand 50))) },
		sub { attachment("a$_[0].gz", packed_zeros(1 + int rand 40, 1 + int rand 3) . $_[0]) },
		sub { attachment("a$_[0].zip", deflated_zip(map { ("$_.txt", "$_[0] $_\n" x (1 + int rand 2000)) } 1 .. 1 + int rand 60)) },
		sub { my $m = uuencoded(1 + int rand 40); part('Content-Type: text/plain', $m) },
		sub { part('Content-Type: text/plain', regions(1 + int rand 30)) },
		sub { part('Content-Type: message/rfc822', data_uris(1 + int rand 40)) },
		sub { rfc822(encoded_words(1 + int rand 60), encoding => 'base64') },
		sub { rfc822(inner_messages(1 + int rand 4), encoding => rand > 0.5 ? 'base64' : undef) },
		sub { attachment("a$_[0].p7m", cms("Content-Type: text/plain\r\n\r\n$_[0]\r\n", "\x2a\x86\x48\x86\xf7\x0d\1\7\1"), type => 'application/pkcs7-mime') },
		sub { part("Content-Type: application/octet-stream\nContent-Transfer-Encoding: " . (qw(base64 quoted-printable x-uuencode binary), 'base-64')[rand 5], b64("content $_[0]\n" x (1 + int rand 30))) },
	);
	my ($count, $make) = (0);
	$make = sub {
		my ($depth) = @_;
		my @parts = map {
			$count++;
			if ($depth < 5 && rand > 0.7) { my $m = $make->($depth + 1); rfc822($m, encoding => rand > 0.5 ? 'base64' : undef) }
			else { $leaf[rand @leaf]->($count) }
		} 1 .. 1 + int rand 8;
		return mail(parts => \@parts, boundary => rand > 0.3 ? "frontier-$count" : 'frontier', id => $count);
	};
	return $make->(0);
}

1;
