# SPDX-License-Identifier: GPL-2.0-or-later
package MailMaker;

# MailMaker.pm - builds mails byte by byte. Everything is made with LF; crlf()
# turns a mail into its wire form.

use v5.32;
use warnings;
use Exporter 'import';
use MIME::Base64 ();

our @EXPORT = qw(
    mail part multipart attachment rfc822 b64 qp crlf lf zip_of noise
    split_mail header_of split_marks WINDOWS_EXECUTABLE
);

# Enough of a program for Windows to be known as one: "MZ", and a PE header
# where offset 0x3c says.
use constant WINDOWS_EXECUTABLE => 'MZ' . "\x90\0" . ("\0" x 56) . pack('V', 128)
    . ("\0" x 64) . "PE\0\0" . "\x4c\x01" . ("\0" x 200);

sub b64 {
	my ($bytes) = @_;
	return MIME::Base64::encode_base64($bytes, "\n");
}

sub qp {
	my ($bytes) = @_;
	$bytes =~ s/([^\n -<>-~])/sprintf '=%02X', ord $1/ge;
	return $bytes;
}

sub crlf { my ($t) = @_; $t =~ s/\r?\n/\r\n/g; return $t }
sub lf { my ($t) = @_; $t =~ s/\r\n/\n/g; return $t }

# part(header lines, body): a header block, an empty line, the body.
sub part {
	my ($header, $body) = @_;
	$header =~ s/\n*\z/\n/ if length $header;
	return "$header\n$body";
}

# multipart(boundary, parts...): the body of one. The last byte before each
# delimiter's line belongs to the delimiter.
sub multipart {
	my ($boundary, @parts) = @_;
	return join('', map { "--$boundary\n$_\n" } @parts) . "--$boundary--\n";
}

# A part that carries bytes in base64 under a file name.
sub attachment {
	my ($name, $bytes, %a) = @_;
	my $type = $a{type} // 'application/octet-stream';
	my $disposition = $a{disposition} // qq{attachment; filename="$name"};
	return part(join("\n", "Content-Type: $type", "Content-Disposition: $disposition",
	    'Content-Transfer-Encoding: base64'), b64($bytes));
}

# A message/rfc822 part; encoding => 'base64' hides it from simple readers.
sub rfc822 {
	my ($mail, %a) = @_;
	return part('Content-Type: message/rfc822', $mail) unless $a{encoding};
	return part("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64", b64($mail));
}

# A whole mail. parts => [...] makes it multipart/mixed; else body, with type
# and encoding as given. header: further lines.
sub mail {
	my (%a) = @_;
	my $boundary = $a{boundary} // 'frontier-42';
	my @h = (
		'Received: from here.example by there.example; Thu, 1 Jan 2026 00:00:00 +0000',
		'From: ' . ($a{from} // 'Alice <alice@example.org>'),
		'To: ' . ($a{to} // 'Bob <bob@example.net>'),
		'Subject: ' . ($a{subject} // 'a mail'),
		'Date: Thu, 1 Jan 2026 00:00:00 +0000',
		'Message-ID: <' . ($a{id} // 'one') . '@example.org>',
		$a{header} ? split(/\n/, $a{header}) : (),
	);
	return part(join("\n", @h), $a{body} // "Hello,\n\na plain mail.\n") if !$a{parts} && !$a{type};
	push @h, 'MIME-Version: 1.0';
	if ($a{parts}) {
		push @h, 'Content-Type: ' . ($a{multipart} // 'multipart/mixed') . qq{; boundary="$boundary"};
		return part(join("\n", @h), ($a{prologue} // '') . multipart($boundary, @{$a{parts}})
		    . ($a{epilogue} // ''));
	}
	push @h, "Content-Type: $a{type}";
	push @h, "Content-Transfer-Encoding: $a{encoding}" if $a{encoding};
	return part(join("\n", @h), $a{body});
}

# A zip file of (name, bytes) pairs, stored. encrypted => 1 sets the flag that
# says so.
sub zip_of {
	my ($files, %a) = @_;
	my ($out, $directory, $count) = ('', '', 0);
	my @files = @$files;
	while (my ($name, $bytes) = splice @files, 0, 2) {
		$bytes = ('#' x 12) . $bytes if $a{encrypted};
		my $common = pack 'vvvvvVVVvv', 20, $a{encrypted} ? 1 : 0, 0, 0, 0x5c21,
		    crc32($bytes), length $bytes, length($bytes) - ($a{encrypted} ? 12 : 0), length $name, 0;
		$directory .= "PK\1\2" . pack('v', 20) . $common
		    . pack('vvvVV', 0, 0, 0, 0, length $out) . $name;
		$out .= "PK\3\4" . $common . $name . $bytes;
		$count++;
	}
	return $out . $directory . "PK\5\6"
	    . pack('vvvvVVv', 0, 0, $count, $count, length $directory, length $out, 0);
}

sub crc32 {
	my ($bytes) = @_;
	state @table = map {
		my $c = $_;
		$c = $c & 1 ? 0xedb88320 ^ ($c >> 1) : $c >> 1 for 1 .. 8;
		$c
	} 0 .. 255;
	my $crc = 0xffffffff;
	$crc = $table[($crc ^ $_) & 0xff] ^ ($crc >> 8) for unpack 'C*', $bytes;
	return $crc ^ 0xffffffff;
}

# n bytes that look like nothing, the same every time.
sub noise {
	my ($n, $seed) = @_;
	$seed //= 1;
	my $block = '';
	for (1 .. ($n < 32767 ? $n / 2 + 1 : 16384)) {
		$seed = ($seed * 1103515245 + 12345) & 0x7fffffff;
		$block .= pack 'n', $seed >> 8 & 0xffff;
	}
	return substr $block x (1 + $n / length $block), 0, $n;
}

# -- reading results --------------------------------------------------------

# (header block with its last line end, the rest from the empty line on)
sub split_mail {
	my ($mail) = @_;
	return $mail =~ /\A(.*?\n)(\r?\n.*)\z/s ? ($1, $2) : ($mail, '');
}

# Values of a header field, unfolded.
sub header_of {
	my ($mail, $name) = @_;
	my ($head) = split_mail($mail);
	$head =~ s/\r\n/\n/g;
	$head =~ s/\n([ \t])/$1/g;
	return $head =~ /^\Q$name\E[ \t]*:[ \t]*(.*)$/mig;
}

# Takes the two marks out of the front of a mail that went through spawnscan.
# Returns (the mail without them, the X-Antivirus line, the X-Spawnscan-Result
# line), both with folding and line ends; or an empty list if they aren't
# exactly there.
sub split_marks {
	my ($mail) = @_;
	my $mbox = $mail =~ s/\A(From [^\n]*\n)// ? $1 : '';
	# X-Antivirus has one line, so a folded line behind it is the mail's.
	$mail =~ s/\A(X-Spawnscan-Result:[^\n]*\n(?:\t[^\n]*\n)*)(X-Antivirus:[^\n]*\n)// or return;
	return ($mbox . $mail, $2, $1);
}

1;
