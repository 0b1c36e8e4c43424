#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Harmless messages of odd make arrive unharmed: encoded messages, digests.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Arrival;
use Formats;
use MIME::QuotedPrint ();

my $conf = conf_file(by_engine());
my $text = part('Content-Type: text/plain', "A text.\n");

# A message attachment in quoted-printable or base64, with base64 of every padding
# inside, which is seen with odd ends by who does not undo the outer encoding.
for my $n (0 .. 2) {
	my $zip = zip_of(['a.txt' => 'harmless ' x 20 . 'x' x $n]);
	for ([zip => $zip], [pdf => '%PDF-1.4' . 'x' x (100 + $n)]) {
		my ($kind, $bytes) = @$_;
		my $inner = mail(parts => [$text, attachment("a.$kind", $bytes, type => "application/$kind")], boundary => 'inner');
		my %encoded = ('quoted-printable' => MIME::QuotedPrint::encode_qp($inner), base64 => b64($inner));
		for my $encoding (sort keys %encoded) {
			my $part = part("Content-Type: message/rfc822; name=\"postacert.eml\"\nContent-Transfer-Encoding: $encoding", $encoded{$encoding});
			arrives("a message in $encoding with a $kind, $n bytes more", mail(parts => [$text, $part]));
			arrives("certified mail in $encoding with a $kind, $n bytes more", mail(multipart => 'multipart/signed; protocol="application/pkcs7-signature"', boundary => 'signed',
			    parts => [part('Content-Type: multipart/mixed; boundary=m', multipart('m', $text, $part)), attachment('smime.p7s', noise(300, $n), type => 'application/pkcs7-signature')]));
		}
	}
}

# Digests: each message without a header of its own part (RFC 2046 5.1.5).
sub digest {
	my ($n, %a) = @_;
	return "From: list\@example.org\nSubject: digest\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"outer\"\n\n--outer\n\nIn this digest: $n\n--outer\n"
	    . "Content-Type: multipart/digest; boundary=\"digest\"\n\n"
	    . join('', map { "--digest\n\n" . mail(subject => "number $_", id => $_, body => $_ == ($a{bad} // -1) ? eicar() . "\n" : "Text $_.\n") . "\n" } 1 .. $n)
	    . "--digest--\n\n--outer--\n";
}
arrives("a digest of $_", digest($_)) for 1, 3, 1000;
arrives('a digest with headers', digest(3) =~ s/^--digest\n\n/--digest\nContent-Type: message\/rfc822\n\n/mgr);
{
	my $r = spawnscan(in => digest(1000, bad => 500), conf => $conf, timeout => 120);
	like((header_of($r->{out}, 'X-Spawnscan-Result'))[0], qr/\A\s*infected action=remove part=2\.500\.1 reason="[^"]*"\s*\z/, 'one of 1,000 is infected: it is told');
	is(scalar(() = $r->{out} =~ /^Text \d+\.$/mg), 999, 'and the others are there');
	unlike($r->{out}, qr/EICAR-STANDARD/, 'it is gone');
}
write_file((my $file = subdir('digest') . '/three.eml'), digest(3));
like(run(cmd => [spawnscan_cmd('-c', conf_file()), '--explain', $file])->{out},
    qr/^Reads the same to everyone: yes$/m, 'a digest reads the same to everyone');

# What a mailing list puts behind the base64 of a document: some decode it too, and it adds
# nothing. Where it does, or where more base64 follows, the document does not stay as it is.
{
	my $footer = "_______________________________________________\nlist mailing list -- list\@lists.example.org\nTo unsubscribe send an email to list-leave\@lists.example.org\n";
	my $type = "Content-Type: application/%s; name=\"a.%1\$s\"\nContent-Transfer-Encoding: base64";
	for my $n (0 .. 2) {
		my $pdf = "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\ntrailer\n<</Size 3/Root 1 0 R>>\n%%EOF\n" . "\n" x $n;
		my $zip = zip_of(['a.txt' => 'harmless ' x 20 . 'x' x $n]);
		for (['pdf', $pdf], ['zip', $zip]) {
			my ($kind, $bytes) = @$_;
			for (['as it is', $footer], ['behind a blank line', "\n$footer"], ['behind dashes', "-- \n$footer"]) {
				arrives("a $kind, $n bytes more, and a footer $_->[0]", mail(parts => [$text, part(sprintf($type, $kind), b64($bytes) . $_->[1])]), 'ambiguous');
			}
			my $more = $kind eq 'pdf' ? "1 0 obj\n<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>\nendobj\n" : zip_of(['a.js' => 'x']);
			for (['in one line', b64($more) =~ s/\n//gr . "\n"], ['between words', join('', map { "$_.\n" } split /\n/, b64($more))], ['with dots in it', join('.', split /(.{5})/, b64($more) =~ s/\n//gr) . "\n"]) {
				# Without padding between them it is one document to all.
				next if length($bytes) % 3 == 0 && $_->[0] eq 'in one line';
				my $r = spawnscan(in => mail(parts => [$text, part(sprintf($type, $kind), b64($bytes) . $_->[1] . $footer)]), conf => $conf);
				like((header_of($r->{out}, 'X-Spawnscan-Result'))[0] // '', qr/action=(?:defang|remove) part=2 /, "a $kind, $n bytes more, and something that counts, $_->[0]");
			}
		}
	}
}

# A header that ends in the middle: looked at once, and no deeper than it is.
for my $end ('', "\n", "X-M", "\nFrom ", 'ller@example.com>') {
	my $fields = "From: Alice <alice\@example.org>\nTo: Bob <bob\@example.net>\nSubject: a mail\nMIME-Version: 1.0";
	arrives('a header and nothing else, ' . length($end) . " bytes of end", $fields . $end);
	arrives('the same again behind a line that is broken, ' . length($end) . " bytes of end", "$fields\nX-M$fields\nMessage-Iller\@example.com>\n$fields\nX-Mailer: x\nX-M$end");
}

# Texts that begin with the letters that some kind of archive or program begins with.
my @magics = ('EGGA', 'ZWS', 'CWS', 'FWS', 'PK', 'BZh', 'Rar!', 'MZ', '%PDF', 'SIT!', '7z', 'xar!', '!<arch>', 'LZIP', '070701', '070707', 'MSCF', 'ISc(', '-lh5-', 'ITSF', '#!', '%!PS', 'RIFF',
    'KDMV', 'COWD', 'LRZI', 'hsqs', 'sqsh', 'x' x 32 . 'NXSB', 'WARC/', 'WARC/1.0', 'StuffIt (c)', 'A text **ACE**', '# Disk DescriptorFile');
my @parts = map {
	my $begin = "$_ is how this harmless text begins, 1,2,3.\nGr\xc3\xbc\xc3\x9fe,\n" . "more of it\n" x 20;
	(part("Content-Type: text/plain; charset=utf-8\nContent-Disposition: attachment; filename=\"notes.txt\"\nContent-Transfer-Encoding: base64", b64($begin)),
	    part("Content-Type: text/csv\nContent-Disposition: attachment; filename=\"a.csv\"\nContent-Transfer-Encoding: 8bit", $begin));
} @magics;
arrives('texts that begin like archives, attached', mail(parts => [$text, @parts]));
arrives("a body that begins with $_", mail(type => 'text/plain; charset=utf-8', encoding => 'quoted-printable', body => MIME::QuotedPrint::encode_qp("$_ is how it begins.\n" . "more\n" x 30))) for 'EGGA', 'ZWS', 'CWS';
# They are searched all the same; and what is no text is no text.
for my $magic (@magics) {
	my $r = spawnscan(in => mail(parts => [$text, attachment('notes.txt', "$magic " . marker() . "\n" . "more of it\n" x 20, type => 'text/plain')]), timeout => 60);
	like((header_of($r->{out}, 'X-Spawnscan-Result'))[0] // '', qr/infected action=remove part=2 /, "$magic and something infected: found") or diag($r->{log});
}
for my $odd ("\0", "\xff", "\x01", "\x9fe") {
	my $r = spawnscan(in => mail(parts => [$text, attachment('notes.txt', 'EGGA is not how a text begins' . $odd . ' more of it' x 20, type => 'text/plain')]), timeout => 60);
	like((header_of($r->{out}, 'X-Spawnscan-Result'))[0] // '', qr/unopened action=defang part=2 /, 'a byte that is in no text: unopened');
}
# A document with a sheet in it: a zip archive in the middle, or in pieces, which near its end
# looks as if the document ended as a broken one. And a tar and a RAR archive in pieces.
my %object = (zip => zip_of(['[Content_Types].xml' => '<Types/>', 'xl/workbook.xml' => noise(20_000)]), tar => tar_of(['0', 'a.txt', noise(20_000)]), RAR => rar5_of(['a.txt' => noise(20_000)]));
for my $text (5000, 200_000) {
	for my $object (sort keys %object) {
		my $doc = cfb_of({ WordDocument => pack('v v x8 x500', 0xa5ec, 0) . 'text ' x ($text / 5), ObjectPool => { Package => $object{$object} } });
		arrives("a document with a $object and $text bytes of text, $_->[0]", mail(parts => [part('Content-Type: text/plain', "A text.\n"), attachment('a.doc', $_->[1], type => 'application/msword')]))
		    for ['whole', $doc], ['in pieces', in_pieces($doc)];
	}
}

all_arrive();
done_testing;
