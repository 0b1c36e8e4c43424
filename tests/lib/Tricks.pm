# SPDX-License-Identifier: GPL-2.0-or-later
package Tricks;

# Tricks.pm - mails that hide an infected zip from whoever reads MIME in one
# way only. All of them are made here. The payload is the harmless marker of
# Harness.
#
# tricks() gives a list of hashes: technique (a group), label, mail, traces
# (strings of which each must be gone from a mail that was neutralised by
# removal), inert (no reader is known that would unpack it: base64 in a part that
# does not say so, a text of lines with "> " in front).

use v5.32;
use warnings;
use Exporter 'import';
use Harness;
use IO::Compress::Gzip ();
use IO::Compress::RawDeflate ();
use IO::Compress::Zip ();
use MailMaker;
use MIME::Base64 ();

our @EXPORT = qw(tricks payload);

my $NAME = 'letter.zip';
my $BOUNDARY = 'frontier-42';
my $TEXT = "Content-Type: text/plain; charset=us-ascii\n\nSee the letter.\n";
my @tricks;

# -- the payload, and ways to write it ------------------------------------------

# Two members, both deflated, so that no part of it is the marker in the clear.
sub payload {
	state $zip = do {
		my ($marker, $other, $out) = (marker(), noise(150));
		my $z = IO::Compress::Zip->new(\$out, Name => 'other.bin', Time => 1e9, Minimal => 1) or die;
		$z->print($other);
		$z->newStream(Name => 'letter.txt', Time => 1e9, Minimal => 1);
		$z->print($marker);
		$z->close;
		$out;
	};
	return $zip;
}

sub base64 {
	my ($bytes, $line) = @_;
	my $text = MIME::Base64::encode_base64($bytes, '');
	$line //= 76;
	return $text =~ s/(.{1,$line})/$1\n/gr;
}

# Each line a piece of its own, padded.
sub base64_pieces {
	my ($bytes, $n) = @_;
	return join "\n", (map { MIME::Base64::encode_base64($_, '') } unpack "(a$n)*", $bytes), '';
}

sub uu {
	my ($bytes, %a) = @_;
	my $text = pack 'u', $bytes;
	$text =~ tr/`/ / if $a{blank};
	return ($a{begin} // "begin 644 $NAME") . "\n$text" . ($a{blank} ? ' ' : '`') . "\n" . ($a{end} // "end\n");
}

# The same with another alphabet.
sub xx {
	my ($bytes) = @_;
	my $text = pack 'u', $bytes;
	my @digits = ('+', '-', 0 .. 9, 'A' .. 'Z', 'a' .. 'z');
	$text =~ s/([^\n])/$digits[(ord($1) - 32) & 63]/ge;
	return "begin 644 $NAME\n$text+\nend\n";
}

sub yenc {
	my ($bytes, %a) = @_;
	my $text = '';
	for my $c (unpack 'C*', $bytes) {
		$c = ($c + 42) & 255;
		my $t = chr $c;
		$t = '=' . chr(($c + 64) & 255) if $t =~ /[\0\t\n\r=.]/;
		$text .= $t;
	}
	my $line = $a{line} // 128;
	my @lines;
	while (length $text) {
		$text =~ s/\A((?:=.|[^=]){1,$line})//s or die;
		push @lines, $1;
	}
	my $size = length $bytes;
	return ($a{begin} // "=ybegin line=$line size=$size name=$NAME") . "\n" . ($a{part} // '')
	    . join('', map { "$_\n" } @lines) . ($a{end} // "=yend size=$size\n");
}

sub crc_hqx {
	my ($bytes) = @_;
	my $crc = 0;
	for my $c (unpack 'C*', $bytes) {
		$crc ^= $c << 8;
		$crc = ($crc << 1 ^ ($crc & 0x8000 ? 0x1021 : 0)) & 0xffff for 1 .. 8;
	}
	return pack 'n', $crc;
}

sub binhex {
	my ($bytes, %a) = @_;
	my $head = pack('C/a*', $NAME) . "\0" . 'TEXTttxt' . pack('nNN', 0, length $bytes, 0);
	my $all = $head . crc_hqx($head) . $bytes . crc_hqx($bytes) . crc_hqx('');
	$all =~ s/\x90/\x90\0/g;
	my @digits = split //, q{!"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr};
	my $bits = unpack 'B*', $all;
	$bits .= '0' x (-length($bits) % 6);
	my $text = join '', map { $digits[oct "0b$_"] } unpack '(a6)*', $bits;
	$text = ":$text:" =~ s/(.{1,64})/$1\n/gr;
	return ($a{begin} // "(This file must be converted with BinHex 4.0)\n\n") . $text;
}

sub qp_all {
	my ($bytes, %a) = @_;
	my $format = $a{lower} ? '=%02x' : '=%02X';
	my $text = join '', map { sprintf $format, $_ } unpack 'C*', $bytes;
	my $line = 3 * ($a{line} // 25);
	my $soft = $a{soft} // "=\n";
	return join($soft, unpack "(a$line)*", $text) . "\n";
}

# Only what must be.
sub qp_few {
	my ($bytes) = @_;
	my $text = $bytes =~ s/([^ -<>-~])/sprintf '=%02X', ord $1/ger;
	my @lines;
	while (length $text) {
		$text =~ s/\A((?:=..|[^=]){1,24})//s or die;
		push @lines, $1;
	}
	return join("=\n", @lines) . "\n";
}

# -- mails ------------------------------------------------------------------------

my $CT = "Content-Type: application/octet-stream; name=\"$NAME\"\n"
    . "Content-Disposition: attachment; filename=\"$NAME\"\n";
my $CTE = "Content-Transfer-Encoding: base64\n";

# What no reader is known to unpack. (Of those of "place", texts say nothing of an
# encoding, and what has a line of its own in them is found by content.)
my @INERT = (
	qr/encoding field(?:, one part)?: (?:7bit|8bit|binary|none|as a parameter|short name|underscores|no hyphens)/,
	qr/base64 body, no encoding field: (?!begin-base64|UTF-16).*/,
	qr/base64 body: (?:a (?:short )?line of letters between|base64 in base64|UTF-16|percent encoded|HTML entities|lower-case escapes)/,
	qr/quoted-printable body: soft line end: hex/, qr/quoted-printable body, other field: .*: none/,
	qr/uuencode: (?:blanks in front|no begin|only begin|quoted), text/, qr/yEnc: (?:blank in front|no begin|quoted), text/,
	qr/BinHex: (?:blank in front|colons and no first line|no first line|other first line), text/,
	qr/compressed: (?:gzip64, declared 7bit|raw deflate, declared deflate)/, qr/boundary: fields: (?:none|no hyphen)/,
	qr/boundary lines: (?:quoted|cut|a text and an empty line in front of the header|six paragraphs in front of the header)/,
	qr/message in a message: .*: no encoding/, qr/message under another type: (?:forwarded|quoted) in the text/, qr/top of the mail: (?:NEL line ends|all quoted|UTF-16)/,
	qr/place: (?:a text|behind six paragraphs of a text|no MIME|no header|in the preamble|in the epilogue|behind six paragraphs of the epilogue): (?!uuencode|yEnc|BinHex|binary).*/,
	qr/place: in a header: .*/, qr/HTML: script with atob/, qr/data URI: CSS: entities/, qr/data URI: HTML, style: entities/,
	qr/control characters: (?!NUL).* in (?:front of )?begin/, qr/boundary lines, further: (?:percent|soft line end inside|escaped|in quotes|with its name|dots doubled)(?:, behind.*)?/,
);

sub entity { my ($header, $body) = @_; return "$header\n$body" }

sub top {
	my ($header, $body) = @_;
	return "From: Alice <alice\@example.org>\nTo: Bob <bob\@example.net>\nSubject: a letter\n"
	    . "Date: Thu, 1 Jan 2026 00:00:00 +0000\nMessage-ID: <one\@example.org>\nMIME-Version: 1.0\n$header\n$body";
}

sub multi {
	my (@parts) = @_;
	return top("Content-Type: multipart/mixed; boundary=\"$BOUNDARY\"\n", multipart($BOUNDARY, @parts));
}

# One mail of a technique. traces: what of the payload stands in it.
sub trick {
	my ($technique, $label, $mail, @traces) = @_;
	my $inert = grep { "$technique: $label" =~ /^$_$/ } @INERT;
	push @tricks, { technique => $technique, label => $label, mail => $mail, traces => \@traces, inert => $inert };
}

# A body in the second part of an otherwise sound mail.
sub in_part {
	my ($technique, $label, $header, $body) = @_;
	trick($technique, $label, multi($TEXT, entity($header, $body)), $body);
}

my $B64 = base64(payload());
my @LINES = split /^/, $B64;
my $GOOD = entity($CT . $CTE, $B64);

# -- the header of a part ------------------------------------------------------------

sub encodings {
	my $name = 'Content-Transfer-Encoding';
	my %value = (
		'none' => '', 'empty' => "$name:\n", '7bit' => "$name: 7bit\n", '8bit' => "$name: 8bit\n",
		'binary' => "$name: binary\n", 'quoted-printable' => "$name: quoted-printable\n",
		'x-uuencode' => "$name: x-uuencode\n", 'base-64' => "$name: base-64\n", 'BASE64' => "$name: BASE64\n",
		'x-base64' => "$name: x-base64\n", 'b' => "$name: b\n", 'base64;' => "$name: base64;\n",
		'base64,' => "$name: base64, 7bit\n", '7bit,' => "$name: 7bit, base64\n", 'quoted' => "$name: \"base64\"\n",
		'comment in front' => "$name: (x) base64\n", 'comment behind' => "$name: base64 (x)\n",
		'comment that is not closed' => "$name: (base64\n", 'nested comment' => "$name: (a(b)c)base64\n",
		'comment inside' => "$name: base(x)64\n",
		'encoded word' => "$name: =?us-ascii?Q?base64?=\n", 'base 64' => "$name: base 64\n",
		'base64 twice' => "$name: base64 base64\n", '8bit base64' => "$name: 8bit base64\n",
		'folded' => "$name:\n base64\n", 'folded twice' => "$name:\n \n base64\n", 'folded inside' => "$name: base\n 64\n",
		'folded in front of the colon' => "$name\n : base64\n",
		'blank in front of the colon' => "$name : base64\n", 'tab in front of the colon' => "$name\t: base64\n",
		'blank in front' => " $name: base64\n", 'no blank' => "$name:base64\n", 'no hyphens' => "Content Transfer Encoding: base64\n",
		'underscores' => "Content_Transfer_Encoding: base64\n", 'short name' => "Content-Encoding: base64\n",
		'no colon' => "$name base64\n", 'equals sign' => "$name= base64\n",
		'NUL behind' => "$name: base64\0\n", 'NUL in the name' => "Content-Transfer\0-Encoding: base64\n",
		'vertical tab' => "$name:\x0bbase64\n", 'form feed' => "$name: \x0cbase64\n",
		'bare CR' => "X-A: b\r$name: base64\n", 'bare CR behind' => "$name: base64\rx\n",
		'zero width' => "$name: base64\xe2\x80\x8b\n", 'no-break space' => "$name:\xc2\xa0base64\n",
		'8-bit junk' => "$name: base64\xff\n", 'twice, 7bit last' => "$CTE$name: 7bit\n",
		'twice, 7bit first' => "$name: 7bit\n$CTE", 'twice, qp last' => "$CTE$name: quoted-printable\n",
		'twice, qp first' => "$name: quoted-printable\n$CTE", 'twice, unknown last' => "$CTE$name: x-none\n",
		'three times' => "$name: 8bit\n$CTE$name: 8bit\n", 'behind a line that is no field' => "what is this\n$CTE",
		'behind a line of blanks' => " \n$CTE", 'behind a folded blank line' => "X-A: b\n \n$CTE",
		'a mbox line in the header' => "From x\n$CTE", 'a very long field in front' => 'X-A: ' . 'x' x 70000 . "\n$CTE",
		'trailing blanks' => "$name: base64" . ' ' x 300 . "\n", 'as a parameter' => "X-A: b; $name=base64\n",
		'gzip64' => "$name: gzip64\n", 'unknown' => "$name: x-what-is-this\n",
	);
	in_part('encoding field', $_, $CT . $value{$_}, $B64) for sort keys %value;
	# The same in the header of a mail that has no other part.
	trick('encoding field, one part', $_, top($CT . $value{$_}, $B64), $B64) for sort keys %value;
}

# -- base64 ------------------------------------------------------------------------------

sub base64_ways {
	my $plain = $B64 =~ s/\n//gr;
	my $quads = sub { my ($n) = @_; join $n, unpack '(a4)*', $plain };
	my %body = (
		(map { ("lines of $_", base64(payload(), $_)) } 1, 2, 3, 5, 6, 7, 13, 74, 75, 77),
		'one line' => "$plain\n", 'no line end' => $plain, 'no padding' => $B64 =~ s/=+\n\z/\n/r,
		(map { ("pieces of $_ bytes", base64_pieces(payload(), $_)) } 1, 2, 3, 4, 5, 10, 46, 56),
		'= behind each four' => $quads->('=') . "\n", '== behind each four' => $quads->('==') . "\n",
		'=== behind each line' => join('', map { s/\n/===\n/r } @LINES),
		'= in front' => "=$B64", '==== in front' => "====\n$B64", '= in front of each line' => join('', map { "=$_" } @LINES),
		'= as second character' => $B64 =~ s/\A(.)/$1=/r, '= inside each four' => $plain =~ s/(..)(..)/$1=$2/gr . "\n",
		'blank behind each four' => $quads->(' ') . "\n", 'tab behind each' => join("\t", split //, $plain) . "\n",
		'NUL behind each four' => $quads->("\0") . "\n", 'junk behind each four' => $quads->('!') . "\n",
		'junk behind each' => join('*', split //, $plain) . "\n", '8-bit junk' => $quads->("\xe4\xff") . "\n",
		'vertical tabs' => $quads->("\x0b") . "\n", 'bare CR as line end' => $B64 =~ s/\n/\r/gr,
		'CR CR LF' => $B64 =~ s/\n/\r\r\n/gr, 'CR behind each four' => $quads->("\r") . "\n",
		'minus and underscore' => $B64 =~ tr/+\//-_/r, 'comma for slash' => $B64 =~ tr/\//,/r,
		'empty lines in between' => join("\n", @LINES), 'six empty lines in front' => "\n" x 6 . $B64,
		'lines of blanks in front' => " \n" x 6 . $B64,
		'text in front' => "This is a text of some words.\n$B64", 'a word in front' => "x\n$B64", 'two letters in front' => "xy\n$B64",
		'text and empty line in front' => "This is a text.\n\n$B64", 'six paragraphs in front' => "A paragraph of text.\n\n" x 6 . $B64,
		'text behind' => "${B64}This is a text\n", 'text behind padding' => $plain . "x This is text\n",
		'a comment in each line' => join('', map { s/\n/ # comment here\n/r } @LINES),
		'a comment line between' => join("# comment, here\n", @LINES), 'a line of letters between' => join("junk\n", @LINES),
		'a short line of letters between' => join("x\n", @LINES), 'a header line between' => join("X-Header: value\n", @LINES),
		'a boundary-like line between' => join("--nothing\n", @LINES), 'a ruler between' => join("-----\n", @LINES),
		'quoted with >' => join('', map { "> $_" } @LINES), 'quoted with |' => join('', map { "| $_" } @LINES),
		'line numbers' => do { my $n = 10; join '', map { $n++ . ": $_" } @LINES },
		'dots in front' => join('', map { ".$_" } @LINES), 'begin-base64' => "begin-base64 644 $NAME\n$B64====\n",
		'PEM armour' => "-----BEGIN FILE-----\n$B64-----END FILE-----\n",
		'PEM armour with fields' => "-----BEGIN FILE-----\nVersion: 1\n\n$B64-----END FILE-----\n",
		'twice, the first cut off' => substr($B64, 0, 101) . "\n=\n$B64",
		'decoy and padding in front' => "SGVsbG8=\n$B64", 'decoy without padding' => "SGVsbG8\n$B64",
		'soft line ends' => $B64 =~ s/\n/=\n/gr, 'backslash at line ends' => $B64 =~ s/\n/\\\n/gr,
		'percent encoded' => $B64 =~ s/([+\/=])/sprintf '%%%02X', ord $1/ger,
		'HTML entities' => $B64 =~ s/([+\/=])/'&#' . ord($1) . ';'/ger, 'base64 in base64' => base64($B64),
		'lower-case escapes' => $B64 =~ s/=/=3d/gr, 'UTF-16' => join('', map { "$_\0" } split //, $B64),
		'BOM in front' => "\xef\xbb\xbf$B64", 'data URI' => "data:application/zip;base64,$plain\n",
	);
	in_part('base64 body', $_, $CT . $CTE, $body{$_}) for sort keys %body;
	# Nobody says that it is base64.
	in_part('base64 body, no encoding field', $_, $CT, $body{$_}) for sort keys %body;
}

# -- quoted-printable --------------------------------------------------------------------------

sub qp_ways {
	my $all = qp_all(payload());
	my %body = (
		'all' => $all, 'few' => qp_few(payload()), 'lower case' => qp_all(payload(), lower => 1),
		'mixed case' => $all =~ s/=(.)(.)/'=' . lc($1) . $2/ger,
		'one line' => qp_all(payload(), line => 100000), 'one byte a line' => qp_all(payload(), line => 1),
		(map { my ($n, $s) = @$_; ("soft line end: $n", qp_all(payload(), soft => $s)) }
		    ['blank', "= \n"], ['tab', "=\t\n"], ['many blanks', '=' . ' ' x 90 . "\n"], ['bare CR', "=\r"],
		    ['CR CR LF', "=\r\r\n"], ['twice', "==\n"], ['form feed', "=\x0c\n"], ['NUL', "=\0\n"], ['empty lines', "=\n=\n"],
		    ['hex', "=0A=\n"], ['junk', "=x\n"]),
		'escape cut by a soft line end' => $all =~ s/^(.*=.)(.)=$/$1=\n$2=/mgr,
		'escape cut behind =' => $all =~ s/=(..)=$/==\n$1=/mgr,
		'= in front of each' => $all =~ s/=/==/gr, 'invalid escapes between' => $all =~ s/(=..)/$1=ZZ/gr,
		'= W between' => $all =~ s/(=..)/$1=W/gr, 'blanks at line ends' => qp_few(payload()) =~ s/=\n/=  \n/gr,
		'8-bit as it is' => payload() =~ s/([=\n\r])/sprintf '=%02X', ord $1/ger,
		'NULs between' => $all =~ s/(=..)/$1\0/gr, 'bare CR between' => $all =~ s/(=..)/$1\r/gr,
		'underscore for blank' => qp_few(payload()) =~ tr/ /_/r, 'text in front' => "Text=20in=20front.\n$all",
		'text without line end in front' => "x=\n$all", 'six paragraphs in front' => "A paragraph.\n\n" x 6 . $all,
		'NUL in front' => "\0$all",
	);
	my $f = "Content-Transfer-Encoding: quoted-printable\n";
	in_part('quoted-printable body', $_, $CT . $f, $body{$_}) for sort keys %body;
	for ('all', 'few', 'lower case', 'soft line end: blank', '8-bit as it is', 'six paragraphs in front') {
		in_part('quoted-printable body, other field', "$_: none", $CT, $body{$_});
		in_part('quoted-printable body, other field', "$_: base64", $CT . $CTE, $body{$_});
		in_part('quoted-printable body, other field', "$_: qp", "${CT}Content-Transfer-Encoding: qp\n", $body{$_});
		in_part('quoted-printable body, other field', "$_: twice", $CT . $CTE . $f, $body{$_});
	}
}

# -- uuencode, xxencode, yEnc, BinHex, and bytes as they are -----------------------------------------

sub other_encodings {
	my $text = "Hello,\n\nhere is the file.\n\n";
	my $uu = uu(payload());
	my %uu = (
		'plain' => $uu, 'blanks for zero' => uu(payload(), blank => 1), 'four digits' => uu(payload(), begin => "begin 0644 $NAME"),
		'two blanks' => uu(payload(), begin => "begin  644  $NAME"), 'tabs' => uu(payload(), begin => "begin\t644\t$NAME"),
		'upper case' => uu(payload(), begin => "BEGIN 644 $NAME"), 'no name' => uu(payload(), begin => 'begin 644'),
		'no mode' => uu(payload(), begin => "begin $NAME"), 'no begin' => $uu =~ s/\A.*\n//r,
		'only begin' => uu(payload(), begin => 'begin'), 'no end' => uu(payload(), end => ''),
		'blanks in front' => $uu =~ s/^/ /mgr, 'quoted' => $uu =~ s/^/> /mgr, 'blanks behind' => $uu =~ s/$/  /mgr,
		'check digits' => $uu =~ s/^([M-_].*)$/${1}x/mgr, 'lost blanks' => uu(payload(), blank => 1) =~ s/ +$//mgr,
		'text around' => "$text$uu\nBye.\n", 'paragraphs in front' => "A paragraph.\n\n" x 8 . $uu,
		'a decoy in front' => uu('hello', begin => 'begin 644 a.txt') . $uu, 'begin in the text' => "begin with this:\n$uu",
		'a text line begins so' => "begin 644 you know\n\n$uu", 'empty lines in between' => $uu =~ s/\n/\n\n/gr,
		'a boundary-like line inside' => $uu =~ s/\n/\n--nothing\n/r, 'short lines' => do {
			"begin 644 $NAME\n" . join('', map { pack 'u', $_ } unpack '(a10)*', payload()) . "`\nend\n" },
		'xxencode' => xx(payload()), 'bare CR' => $uu =~ s/\n/\r/gr, 'section of a multipart file' => "section 1 of file $NAME\n$uu",
		'lines with an end behind' => $uu =~ s/^(M.*)$/$1 end/mr,
	);
	for my $k (sort keys %uu) {
		in_part('uuencode', "$k, text", "Content-Type: text/plain\n", $uu{$k});
		in_part('uuencode', "$k, x-uuencode", "${CT}Content-Transfer-Encoding: x-uuencode\n", $uu{$k});
	}
	trick('uuencode', 'no MIME', "From: a\@b\nSubject: x\n\n$text$uu", $uu);
	trick('uuencode', 'no MIME, xxencode', "From: a\@b\nSubject: x\n\n$text$uu{xxencode}", $uu{xxencode});
	trick('uuencode', 'no header', "$text$uu", $uu);
	in_part('uuencode', "declared $_", "${CT}Content-Transfer-Encoding: $_\n", $uu) for qw(uuencode x-uue uue x-uu 7bit base64 quoted-printable);
	my $y = yenc(payload());
	my $n = length payload();
	my %yenc = (
		'plain' => $y, 'short lines' => yenc(payload(), line => 32), 'in the middle of a text' => "$text$y\nBye.\n",
		'part' => yenc(payload(), begin => "=ybegin part=1 total=1 line=128 size=$n name=$NAME", part => "=ypart begin=1 end=$n\n"),
		'no name' => yenc(payload(), begin => '=ybegin line=128'), 'upper case' => yenc(payload(), begin => "=YBEGIN line=128 size=$n name=$NAME"),
		'no end' => yenc(payload(), end => ''), 'blank in front' => ' ' . $y, 'tab behind ybegin' => $y =~ s/ybegin /ybegin\t/r,
		'no begin' => $y =~ s/\A.*\n//r, 'quoted' => $y =~ s/^/> /mgr, 'dots doubled' => $y =~ s/^\./../mgr,
		'escape at each line end' => join("\n", "=ybegin line=1 size=$n name=$NAME",
		    (map { '=' . chr((ord() + 42 + 64) & 255) } split //, payload()), "=yend size=$n\n"),
	);
	for my $k (sort keys %yenc) {
		in_part('yEnc', "$k, text", "Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n", $yenc{$k});
		in_part('yEnc', "$k, declared", "${CT}Content-Transfer-Encoding: x-yencode\n", $yenc{$k}) unless $k eq 'quoted';
	}
	my $hqx = binhex(payload());
	my %hqx = (
		'plain' => $hqx, 'no first line' => binhex(payload(), begin => ''), 'text in front' => "$text$hqx",
		'text with a colon in front' => "Note: see below.\n$hqx", 'other first line' => binhex(payload(), begin => "(Convert with BinHex)\n"),
		'colons and no first line' => "Note: see below.\n" . binhex(payload(), begin => ''), 'one line' => $hqx =~ s/(?<=.{64})\n//gr,
		'blanks inside' => $hqx =~ s/^(:.*)$/$1 /mgr, 'six paragraphs in front' => "A paragraph.\n\n" x 6 . $hqx,
		'blank in front' => $hqx =~ s/^\(This/ (This/r, 'no colon at the end' => $hqx =~ s/:\n\z/\n/r,
	);
	for my $k (sort keys %hqx) {
		in_part('BinHex', "$k, mac-binhex40", "Content-Type: application/mac-binhex40; name=\"$NAME\"\n", $hqx{$k});
		in_part('BinHex', "$k, text", "Content-Type: text/plain\n", $hqx{$k});
	}
	in_part('BinHex', "declared $_", "${CT}Content-Transfer-Encoding: $_\n", $hqx) for qw(binhex x-binhex binhex40 mac-binhex40);
	my $gzip;
	IO::Compress::Gzip::gzip(\payload(), \$gzip, Minimal => 1) or die;
	in_part('compressed', "gzip64, declared $_", "${CT}Content-Transfer-Encoding: $_\n", base64($gzip)) for qw(gzip64 x-gzip64 base64 7bit gzip);
	my $deflated;
	IO::Compress::RawDeflate::rawdeflate(\payload(), \$deflated);
	in_part('compressed', 'raw deflate, declared deflate', "${CT}${CTE}Content-Encoding: deflate\n", base64($deflated));
	my $p = payload();
	in_part('binary', "declared $_->[0]", $CT . $_->[1], $p)
	    for ['none', ''], ['binary', "Content-Transfer-Encoding: binary\n"], ['8bit', "Content-Transfer-Encoding: 8bit\n"],
	    ['base64', $CTE], ['quoted-printable', "Content-Transfer-Encoding: quoted-printable\n"], ['uuencode', "Content-Transfer-Encoding: x-uuencode\n"];
	in_part('binary', 'text in front', "${CT}Content-Transfer-Encoding: binary\n", "Text in front.\n\n$p");
}

# -- boundaries --------------------------------------------------------------------------------------------

sub boundary_ways {
	my $t = 'boundary';
	# What the field says, and what stands in the lines.
	my @values = (
		['quoted', '"b1"', 'b1'], ['no quotes', 'b1', 'b1'], ['single quotes', "'b1'", 'b1'], ['single quotes kept', "'b1'", "'b1'"],
		['blank in front', '" b1"', ' b1'], ['blank behind', '"b1 "', 'b1'], ['blank behind, kept', '"b1 "', 'b1 '],
		['blank inside', '"b 1"', 'b 1'], ['blank inside, no quotes', 'b 1', 'b 1'], ['blank inside, cut', 'b 1', 'b'],
		['escapes', '"\\b\\1"', 'b1'], ['escapes kept', '"\\b\\1"', '\\b\\1'], ['quote inside', '"b\\"1"', 'b"1'],
		['comment behind', 'b1 (x)', 'b1'], ['comment behind, kept', 'b1 (x)', 'b1 (x)'], ['comment in front', '(x)b1', 'b1'],
		['comment inside', 'b(x)1', 'b1'], ['comment inside, kept', 'b(x)1', 'b(x)1'], ['comment with a semicolon', 'b1(;)', 'b1'],
		['not closed', '"b1', 'b1'], ['junk behind the quotes', '"b1"x', 'b1'], ['junk behind, taken in', '"b1"x', 'b1x'],
		['encoded word', '"=?us-ascii?Q?b1?="', 'b1'], ['encoded word kept', '"=?us-ascii?Q?b1?="', '=?us-ascii?Q?b1?='],
		['percent', 'b%31', 'b1'], ['semicolon inside', '"b;1"', 'b;1'], ['semicolon inside, no quotes', 'b;1', 'b'],
		['empty', '""', ''], ['nothing', '', ''], ['only dashes', '"-----"', '-----'], ['one dash', '"-"', '-'],
		['dashes at the end', '"b1--"', 'b1--'], ['300 characters', '"' . 'b' x 300 . '"', 'b' x 300],
		['70 of 80', '"' . 'b' x 80 . '"', 'b' x 70], ['2000 characters', '"' . 'b' x 2000 . '"', 'b' x 2000],
		['NUL inside', "\"b\0001\"", "b\0001"], ['NUL inside, cut', "\"b\0001\"", 'b'], ['8-bit', "\"b\xe41\"", "b\xe41"],
		['other case', '"bx"', 'BX'], ['tab inside', "\"b\t1\"", "b\t1"], ['folded inside', "\"b\n 1\"", 'b 1'],
		['folded inside, taken out', "\"b\n 1\"", 'b1'], ['equals sign', '=b1', '=b1'], ['equals sign dropped', '=b1', 'b1'],
		['comma behind', 'b1, x', 'b1'], ['dot', '"."', '.'], ['blank only', '" "', ' '], ['colon', '"b:1"', 'b:1'],
		['star', '"*"', '*'], ['a slash', 'b/1', 'b/1'],
	);
	for (@values) {
		my ($label, $says, $is) = @$_;
		trick($t, "value: $label", top("Content-Type: multipart/mixed; boundary=$says\n", multipart($is, $TEXT, $GOOD)), $B64);
	}
	# The whole field.
	my @fields = (
		['no semicolon', 'multipart/mixed boundary=b1'], ['comma', 'multipart/mixed, boundary=b1'], ['two semicolons', 'multipart/mixed;; boundary=b1'],
		['colon', 'multipart/mixed; boundary:b1'], ['blanks around =', 'multipart/mixed; boundary = b1'], ['no =', 'multipart/mixed; boundary b1'],
		['upper case', 'MULTIPART/MIXED; BOUNDARY=b1'], ['no subtype', 'multipart; boundary=b1'], ['empty subtype', 'multipart/; boundary=b1'],
		['blanks in the type', 'multipart / mixed; boundary=b1'], ['comment in the type', 'multipart(x)/mixed; boundary=b1'],
		['comment in front of the type', '(x) multipart/mixed; boundary=b1'], ['type in quotes', '"multipart/mixed"; boundary=b1'],
		['two types', 'text/plain, multipart/mixed; boundary=b1'], ['text first', 'text/plain; multipart/mixed; boundary=b1'],
		['RFC 2231', "multipart/mixed; boundary*=us-ascii''b1"], ['RFC 2231 %', "multipart/mixed; boundary*=us-ascii''b%31"],
		['RFC 2231 pieces', 'multipart/mixed; boundary*0=b; boundary*1=1'], ['RFC 2231 pieces, turned', 'multipart/mixed; boundary*1=1; boundary*0=b'],
		['RFC 2231 pieces %', "multipart/mixed; boundary*0*=us-ascii''b; boundary*1*=%31"], ['two, first', 'multipart/mixed; boundary=b1; boundary=b2'],
		['two, last', 'multipart/mixed; boundary=b2; boundary=b1'], ['plain and RFC 2231', "multipart/mixed; boundary=b2; boundary*=us-ascii''b1"],
		['RFC 2231 and plain', "multipart/mixed; boundary*=us-ascii''b2; boundary=b1"], ['in the name of another', 'multipart/mixed; xboundary=b2; boundary=b1'],
		['hidden in a value', 'multipart/mixed; x="; boundary=b2"; boundary=b1'], ['hidden in a value, taken', 'multipart/mixed; x="; boundary=b1"; boundary=b2'],
		['in a comment', 'multipart/mixed; (boundary=b2;) boundary=b1'], ['in a comment, taken', 'multipart/mixed (; boundary=b1); boundary=b2'],
		['missing', 'multipart/mixed'], ['without a name', 'multipart/mixed; b1'], ['blank in the name', 'multipart/mixed; bound ary=b1'],
		['encoded word', '=?us-ascii?Q?multipart/mixed;_boundary=3Db1?='], ['NUL', "multipart/mixed\0; boundary=b1"], ['bare CR', "multipart/mixed;\rboundary=b1"],
		['folded', "multipart/mixed;\n\tboundary=b1"], ['folded over a blank line', "multipart/mixed;\n \n boundary=b1"], ['300 parameters', 'multipart/mixed; ' . join('', map { "x$_=1; " } 1 .. 300) . 'boundary=b1'],
		['text/plain', 'text/plain; boundary=b1'], ['text/html', 'text/html; boundary=b1'], ['application/octet-stream', 'application/octet-stream; boundary=b1'], ['message/rfc822', 'message/rfc822; boundary=b1'],
		['an unknown type', 'x/y; boundary=b1'], (map { [$_, "multipart/$_; boundary=b1"] } qw(alternative related digest parallel report signed encrypted byteranges form-data appledouble x-mixed-replace x-what mixe)),
	);
	for (@fields) {
		my ($label, $value) = @$_;
		trick($t, "field: $label", top("Content-Type: $value\n", multipart('b1', $TEXT, $GOOD)), $B64);
	}
	for (['none', ''], ['plain in front', "Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b1\n"],
	    ['plain behind', "Content-Type: multipart/mixed; boundary=b1\nContent-Type: text/plain\n"],
	    ['other boundary in front', "Content-Type: multipart/mixed; boundary=b2\nContent-Type: multipart/mixed; boundary=b1\n"],
	    ['other boundary behind', "Content-Type: multipart/mixed; boundary=b1\nContent-Type: multipart/mixed; boundary=b2\n"],
	    ['blank in front of the colon', "Content-Type : multipart/mixed; boundary=b1\n"], ['blank in front', " Content-Type: multipart/mixed; boundary=b1\n"],
	    ['behind a line that is no field', "what is this\nContent-Type: multipart/mixed; boundary=b1\n"], ['behind blanks', " \nContent-Type: multipart/mixed; boundary=b1\n"],
	    ['behind an empty line', "\nContent-Type: multipart/mixed; boundary=b1\n"], ['behind a bare CR', "X-A: b\rContent-Type: multipart/mixed; boundary=b1\n"],
	    ['no hyphen', "ContentType: multipart/mixed; boundary=b1\n"], ['encoded', "Content-Type: multipart/mixed; boundary=b1\nContent-Transfer-Encoding: quoted-printable\n"],
	    ['encoding base64', "Content-Type: multipart/mixed; boundary=b1\n$CTE"]) {
		trick($t, "fields: $_->[0]", top($_->[1], multipart('b1', $TEXT, $GOOD)), $B64);
	}
	# The lines. {} is the boundary line in front of the payload, [] the last.
	my $line = "--$BOUNDARY\n";
	my $last = "--$BOUNDARY--\n";
	my @bodies = (
		['no last line', "$line$TEXT\n$line$GOOD\n"], ['no line end at the end', "$line$TEXT\n$line$GOOD\n--$BOUNDARY--"],
		['in the preamble', "$GOOD\n$line$TEXT\n$last"], ['in the preamble, with a line in front', "--other\n$GOOD\n$line$TEXT\n$last"],
		['in the preamble, header and six empty lines', "A preamble.\n\n\n\n\n\n\n\n$GOOD\n$line$TEXT\n$last"],
		['only a preamble', $GOOD], ['in the epilogue', "$line$TEXT\n$last$GOOD"], ['in the epilogue, with a line', "$line$TEXT\n$last$line$GOOD\n$last"],
		['in the epilogue, other boundary', "$line$TEXT\n$last--other\n$GOOD\n--other--\n"], ['in the epilogue, no header', "$line$TEXT\n$last$B64"],
		['in the epilogue, text in front', "$line$TEXT\n$last" . "A paragraph.\n\n" x 8 . $B64],
		['last line first', "$last$line$TEXT\n$line$GOOD\n$last"], ['last line early', "$line$TEXT\n$last$line$GOOD\n"],
		['blank behind', "$line$TEXT\n--$BOUNDARY \n$GOOD\n$last"], ['tab behind', "$line$TEXT\n--$BOUNDARY\t\n$GOOD\n$last"],
		['junk behind', "$line$TEXT\n--${BOUNDARY}x\n$GOOD\n$last"], ['blank and junk behind', "$line$TEXT\n--$BOUNDARY x\n$GOOD\n$last"],
		['blank in front', "$line$TEXT\n --$BOUNDARY\n$GOOD\n$last"], ['tab in front', "$line$TEXT\n\t--$BOUNDARY\n$GOOD\n$last"],
		['blank inside', "$line$TEXT\n-- $BOUNDARY\n$GOOD\n$last"], ['quoted', "$line$TEXT\n> --$BOUNDARY\n$GOOD\n$last"],
		['one dash', "$line$TEXT\n-$BOUNDARY\n$GOOD\n$last"], ['three dashes', "$line$TEXT\n---$BOUNDARY\n$GOOD\n$last"], ['no dashes', "$line$TEXT\n$BOUNDARY\n$GOOD\n$last"],
		['last with three dashes', "$line$TEXT\n--$BOUNDARY---\n$GOOD\n$last"], ['last with one dash', "$line$TEXT\n--$BOUNDARY-\n$GOOD\n$last"],
		['last with a blank', "$line$TEXT\n--$BOUNDARY --\n$GOOD\n$last"], ['NUL behind', "$line$TEXT\n--$BOUNDARY\0\n$GOOD\n$last"], ['NUL in front', "$line$TEXT\n\0--$BOUNDARY\n$GOOD\n$last"],
		['bare CR in front', "$line$TEXT\r--$BOUNDARY\n$GOOD\n$last"], ['bare CR behind', "$line$TEXT\n--$BOUNDARY\r$GOOD\n$last"],
		['other case', "$line$TEXT\n--\U$BOUNDARY\E\n$GOOD\n$last"], ['cut', "$line$TEXT\n--frontier\n$GOOD\n$last"], ['line end missing in front', "$line$TEXT--$BOUNDARY\n$GOOD\n$last"],
		['vertical tab behind', "$line$TEXT\n--$BOUNDARY\x0b\n$GOOD\n$last"], ['UTF-8 BOM in front', "$line$TEXT\n\xef\xbb\xbf--$BOUNDARY\n$GOOD\n$last"],
		['no empty line behind the header', "$line$TEXT\n$line$CT$CTE$B64\n$last"], ['blanks for the empty line', "$line$TEXT\n$line$CT$CTE \n$B64\n$last"],
		['bare CR for the empty line', "$line$TEXT\n$line$CT$CTE\r$B64\n$last"], ['CR CR LF for the empty line', "$line$TEXT\n$line$CT$CTE\r\r\n$B64\n$last"],
		['empty line in front of the header', "$line$TEXT\n$line\n$GOOD\n$last"], ['three empty lines in front of the header', "$line$TEXT\n$line\n\n\n$GOOD\n$last"],
		['six empty lines in front of the header', "$line$TEXT\n$line\n\n\n\n\n\n$GOOD\n$last"], ['a text in front of the header', "$line$TEXT\n${line}This is text.\n$GOOD\n$last"],
		['a text and an empty line in front of the header', "$line$TEXT\n${line}This is text.\n\n$GOOD\n$last"],
		['six paragraphs in front of the header', "$line$TEXT\n${line}" . "This is text.\n\n" x 6 . "$GOOD\n$last"], ['a mbox line in front of the header', "$line$TEXT\n${line}From x\n$GOOD\n$last"],
		['a blank in front of each header line', "$line$TEXT\n$line" . ($CT . $CTE) =~ s/^/ /mgr . "\n$B64\n$last"], ['2000 empty parts in front', "$line\n" x 2000 . "$line$GOOD\n$last"],
	);
	trick('boundary lines', $_->[0], top("Content-Type: multipart/mixed; boundary=\"$BOUNDARY\"\n", $_->[1]), $B64) for @bodies;
	# One in the other.
	my $nest = sub {
		my ($outer, $inner, $close) = @_;
		return top("Content-Type: multipart/mixed; boundary=\"$outer\"\n", "--$outer\nContent-Type: multipart/mixed; boundary=\"$inner\"\n\n"
		    . "--$inner\n$TEXT\n--$inner\n$GOOD\n" . ($close // "--$inner--\n") . "\n--$outer--\n");
	};
	trick('nested multiparts', $_->[0], $nest->(@$_[1 .. 3]), $B64) for (['the same boundary', 'b', 'b'], ['outer begins inner', 'b', 'bb'], ['inner begins outer', 'bb', 'b'],
	    ['inner is the last line of the outer', 'b', 'b--'], ['not closed', 'a', 'b', ''], ['other case', 'b', 'B'], ['sound', 'a', 'b']);
	for my $n (5, 25, 60, 200) {
		my $m = $GOOD;
		$m = "Content-Type: multipart/mixed; boundary=\"b$_-\"\n\n--b$_-\n$m\n--b$_---\n" for 1 .. $n;
		trick('nested multiparts', "$n deep", top('', '') =~ s/\n\n\z/\n/r . $m, $B64);
	}
}

# -- messages in messages -------------------------------------------------------------------------------------

sub message_ways {
	my $sound = multi($TEXT, $GOOD);
	my %inner = (
		'sound' => $sound, '= behind each four' => multi($TEXT, entity($CT . $CTE, join('=', unpack '(a4)*', $B64 =~ s/\n//gr) . "\n")),
		'lines of 6' => multi($TEXT, entity($CT . $CTE, base64(payload(), 6))), 'pieces of 5' => multi($TEXT, entity($CT . $CTE, base64_pieces(payload(), 5))),
		'encoding twice' => multi($TEXT, entity("$CT${CTE}Content-Transfer-Encoding: 7bit\n", $B64)), 'no encoding' => multi($TEXT, entity($CT, $B64)),
		'in the epilogue' => multi($TEXT) . "--$BOUNDARY\n$GOOD\n--$BOUNDARY--\n", 'boundary in a comment' => top("Content-Type: multipart/mixed; (x) boundary=(y)b1\n", multipart('b1', $TEXT, $GOOD)),
		'uuencode' => "Subject: x\n\nHello\n\n" . uu(payload()), 'yEnc' => top("Content-Type: text/plain\n", yenc(payload())), 'BinHex' => top("Content-Type: text/plain\n", binhex(payload())),
		'quoted-printable, odd' => multi($TEXT, entity("${CT}Content-Transfer-Encoding: quoted-printable\n", qp_all(payload(), soft => "= \n"))), 'no type' => top('', multipart($BOUNDARY, $TEXT, $GOOD)),
	);
	my %way = (
		'as it is' => sub { entity("Content-Type: message/rfc822\n", $_[0]) },
		'base64' => sub { entity("Content-Type: message/rfc822\n$CTE", base64($_[0])) },
		'quoted-printable' => sub { entity("Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n", qp($_[0])) },
		'uuencode' => sub { entity("Content-Type: message/rfc822\nContent-Transfer-Encoding: x-uuencode\n", uu($_[0])) },
		'base64, no field' => sub { entity("Content-Type: message/rfc822\n", base64($_[0])) },
		'base64 with =' => sub { entity("Content-Type: message/rfc822\n$CTE", join('=', unpack '(a4)*', base64($_[0]) =~ s/\n//gr) . "\n") },
		'global, base64' => sub { entity("Content-Type: message/global\n$CTE", base64($_[0])) },
		'octet-stream .eml' => sub { entity("Content-Type: application/octet-stream; name=a.eml\nContent-Disposition: attachment; filename=a.eml\n$CTE", base64($_[0])) },
		'base64 twice' => sub { my $m = "Subject: between\nMIME-Version: 1.0\n" . entity("Content-Type: message/rfc822\n$CTE", base64($_[0]));
			entity("Content-Type: message/rfc822\n$CTE", base64($m)) },
	);
	for my $w (sort keys %way) {
		for my $i (sort keys %inner) {
			my $part = $way{$w}->($inner{$i});
			trick("message in a message: $w", $i, multi($TEXT, $part), $part =~ s/\A.*?\n\n//sr);
		}
	}
	my $mp = sub { my ($cte, $f) = @_; my $body = $f->(multipart('b1', $TEXT, $GOOD));
		[top("Content-Type: multipart/mixed; boundary=b1\nContent-Transfer-Encoding: $cte\n", $body), $body] };
	for (['base64', \&base64], ['quoted-printable', \&qp], ['x-uuencode', \&uu]) {
		my ($m, $body) = @{$mp->(@$_)};
		trick('encoded multipart', $_->[0], $m, $body);
		my $part = "Content-Type: multipart/mixed; boundary=b1\nContent-Transfer-Encoding: $_->[0]\n\n$body";
		trick('encoded multipart', "$_->[0], as a part", multi($TEXT, $part), $body);
	}
	for my $type (qw(message/partial message/external-body message/news message/http message/delivery-status message/disposition-notification
	    text/rfc822-headers text/rfc822 application/mbox application/x-what message/x-what message/feedback-report message/sip application/http)) {
		my $more = $type eq 'message/partial' ? '; id=a; number=1; total=1' : $type eq 'message/external-body' ? '; access-type=x' : '';
		trick('message under another type', $type, multi($TEXT, entity("Content-Type: $type$more\n", $sound)), $B64);
		trick('message under another type', "$type, base64", multi($TEXT, entity("Content-Type: $type$more\n$CTE", base64($sound))), base64($sound));
	}
	trick('message under another type', 'forwarded in the text', top("Content-Type: text/plain\n", "See below.\n\n---------- Forwarded message ----------\n$sound"), $B64);
	trick('message under another type', 'quoted in the text', top("Content-Type: text/plain\n", "See below.\n\n" . $sound =~ s/^/> /mgr), $B64 =~ s/^/> /mgr);
	trick('message under another type', 'mbox', multi($TEXT, entity("Content-Type: application/mbox\n$CTE", base64("From a\@b Thu Jan  1 00:00:00 2026\n$sound"))), base64("From a\@b Thu Jan  1 00:00:00 2026\n$sound"));
}

# -- containers -----------------------------------------------------------------------------------------------------

sub der { my ($tag, $body) = @_; my $n = length $body;
	return chr($tag) . ($n < 128 ? chr $n : $n < 256 ? "\x81" . chr $n : $n < 65536 ? "\x82" . pack('n', $n) : "\x83" . substr(pack('N', $n), 1)) . $body }

sub cms_signed {
	my ($content) = @_;
	my $data = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
	my $signed = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
	return der(0x30, $signed . der(0xa0, der(0x30, "\x02\x01\x01" . der(0x31, '') . der(0x30, $data . der(0xa0, der(4, $content))) . der(0x31, ''))));
}

sub cms_compressed {
	my ($content) = @_;
	require Compress::Zlib;
	my $data = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
	my $type = "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09";
	my $zlib = "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08";
	return der(0x30, $type . der(0xa0, der(0x30, "\x02\x01\x00" . der(0x30, $zlib) . der(0x30, $data . der(0xa0, der(4, Compress::Zlib::compress($content)))))));
}

# RFC 9580: packets, with lengths of any kind.
sub pgp_packet {
	my ($tag, $body, $form) = @_;
	$form //= 'new';
	my $n = length $body;
	return pack('CN', 0x80 | $tag << 2 | 2, $n) . $body if $form eq 'old';
	return chr(0x80 | $tag << 2 | 3) . $body if $form eq 'open';
	return pack('CCN', 0xc0 | $tag, 255, $n) . $body if $form eq 'new';
	my $out = chr(0xc0 | $tag);	# partial
	$out .= "\xe9" . substr $body, 0, 512, '' while length $body > 512;
	$n = length $body;
	return $out . ($n < 192 ? chr $n : chr(192 + ($n - 192 >> 8)) . chr($n - 192 & 255)) . $body;
}

# In ASCII armour: a literal packet; how => list of: signed, zip, zlib, none, bzip2.
sub pgp {
	my ($content, %a) = @_;
	require Compress::Zlib;
	require IO::Compress::Bzip2;
	my $form = $a{form};
	my $name = $a{name} // $NAME;
	my $p = pgp_packet(11, 'b' . pack('C/a*', $name) . "\0\0\0\0" . $content, $form);
	for my $how (@{$a{how} // []}) {
		if ($how eq 'signed') {
			$p = pgp_packet(4, "\3\0\10\1" . 'k' x 8 . "\1") . $p . pgp_packet(2, "\4\0\1\10" . 's' x 60);
			next;
		}
		my $z;
		IO::Compress::RawDeflate::rawdeflate(\$p, \$z) if $how eq 'zip';
		IO::Compress::Bzip2::bzip2(\$p, \$z) if $how eq 'bzip2';
		$z = Compress::Zlib::compress($p) if $how eq 'zlib';
		$z = $p if $how eq 'none';
		$p = pgp_packet(8, chr({none => 0, zip => 1, zlib => 2, bzip2 => 3}->{$how}) . $z, $form);
	}
	$p = ($a{before} // '') . $p;
	return $p if $a{bare};
	return "-----BEGIN PGP MESSAGE-----\n" . ($a{fields} // '') . "\n" . base64($p, 64)
	    . ($a{sum} // "=aBcD\n") . "-----END PGP MESSAGE-----\n";
}

sub container_ways {
	my $sound = multi($TEXT, $GOOD);
	my $odd = multi($TEXT, entity($CT . $CTE, join('=', unpack '(a4)*', $B64 =~ s/\n//gr) . "\n"));
	my $smime = "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\nContent-Disposition: attachment; filename=smime.p7m\n$CTE";
	for (['signed', cms_signed($sound)], ['signed, odd inside', cms_signed($odd)], ['signed, entity', cms_signed($GOOD)], ['signed, CRLF', cms_signed(crlf($sound))],
	    ['compressed', cms_compressed($sound)], ['compressed, odd inside', cms_compressed($odd)], ['compressed twice', cms_compressed("${smime}\n" . base64(cms_compressed($sound)))],
	    ['signed and compressed', cms_compressed("${smime}\n" . base64(cms_signed($sound)))], ['signed twice', cms_signed("Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n${CTE}\n" . base64(cms_signed($sound)))]) {
		my ($label, $cms) = @$_;
		trick('S/MIME', $label, top($smime, base64($cms)), base64($cms));
		my $other = "Content-Type: application/octet-stream; name=smime.p7m\nContent-Disposition: attachment; filename=smime.p7m\n$CTE";
		trick('S/MIME', "$label, octet-stream", top($other, base64($cms)), base64($cms));
		trick('S/MIME', "$label, = in the base64", top($smime, join('=', unpack '(a4)*', base64($cms) =~ s/\n//gr) . "\n"), base64($cms));
	}
	my $zip = pgp(payload(), how => ['zip']);
	my $smime_inside = top($smime, base64(cms_compressed($sound)));
	my %pgp = (
		'literal' => pgp(payload()), 'literal, old length' => pgp(payload(), form => 'old'), 'literal, open length' => pgp(payload(), form => 'open'),
		'literal, partial lengths' => pgp(payload(), form => 'partial'), 'literal, no name' => pgp(payload(), name => ''),
		'zip' => $zip, 'zlib' => pgp(payload(), how => ['zlib']), 'not compressed' => pgp(payload(), how => ['none']),
		'zip, partial lengths' => pgp(payload(), how => ['zip'], form => 'partial'), 'zip in zlib' => pgp(payload(), how => ['zip', 'zlib']),
		'signed' => pgp(payload(), how => ['signed']), 'signed and compressed' => pgp(payload(), how => ['signed', 'zip']),
		'compressed and signed' => pgp(payload(), how => ['zlib', 'signed']), 'a mail' => pgp($sound, how => ['zip']), 'an odd mail' => pgp($odd, how => ['zip']),
		'in itself' => pgp($zip, how => ['zip']), 'S/MIME in it' => pgp($smime_inside, how => ['zip']), 'behind a marker' => pgp(payload(), before => pgp_packet(10, 'PGP')),
		'behind a packet of no known kind' => pgp(payload(), before => pgp_packet(60, 'what')), 'fields' => pgp(payload(), fields => "Version: 1\nComment: x\n"),
		'no check sum' => pgp(payload(), sum => ''), 'no last line' => $zip =~ s/-----END.*//r, 'no empty line' => $zip =~ s/\n\n/\n/r,
		'in a text' => "Hello,\n\nhere it is:\n\n$zip\nBye.\n", 'behind one that is encrypted' => pgp('x', before => pgp_packet(18, "\1" . noise(80))) . $zip,
		'base64 of odd lines' => $zip =~ s/^(.{60})(....)$/$1=\n$2/mr,
	);
	for my $k (sort keys %pgp) {
		trick('OpenPGP', $k, top("Content-Type: text/plain\n", $pgp{$k}), $pgp{$k});
		trick('OpenPGP', "$k, PGP/MIME", top("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b1\n",
		    multipart('b1', "Content-Type: application/pgp-encrypted\n\nVersion: 1\n", "Content-Type: application/octet-stream; name=encrypted.asc\n\n$pgp{$k}")), $pgp{$k});
		in_part('OpenPGP', "$k, in base64", $CT . $CTE, base64($pgp{$k}));
	}
	my $b = $B64 =~ s/\n//gr;
	my $html = "Content-Type: text/html\n";
	in_part('HTML', 'link with a data URI', $html, "<a download=\"$NAME\" href=\"data:application/zip;base64,$b\">x</a>\n");
	in_part('HTML', 'link with a data URI, folded', $html, "<a download=\"$NAME\" href=\"data:application/zip;base64,\n$B64\">x</a>\n");
	in_part('HTML', 'link with a data URI, in base64', $html . $CTE, base64("<html><body><p>Text, a lot of it.</p><a download=\"$NAME\" href=\"data:application/zip;base64,$b\">x</a>\n"));
	in_part('HTML', 'script with atob', $html, "<script>var b='$b';location='data:application/zip;base64,'+b;</script>\n");
}

# -- everywhere ------------------------------------------------------------------------------------------------------

# Each place at which a stretch of bytes can stand, with each way to encode it.
sub crossings {
	my $plain = $B64 =~ s/\n//gr;
	my %way = (
		'base64' => $B64, '= behind each four' => join('=', unpack '(a4)*', $plain) . "\n", 'lines of 6' => base64(payload(), 6),
		'pieces of 5' => base64_pieces(payload(), 5), 'junk' => join('!', unpack '(a4)*', $plain) . "\n",
		'quoted-printable' => qp_all(payload()), 'quoted-printable, odd' => qp_all(payload(), soft => "= \n", lower => 1),
		'uuencode' => uu(payload()), 'yEnc' => yenc(payload()), 'BinHex' => binhex(payload()), 'binary' => payload(),
	);
	my $l = "--$BOUNDARY\n";
	my $e = "--$BOUNDARY--\n";
	my %says = (uuencode => 'x-uuencode', yEnc => '8bit', BinHex => '7bit', binary => 'binary');
	my $t = "Content-Type: multipart/mixed; boundary=\"$BOUNDARY\"\n";
	my $p = "A paragraph of text.\n\n";
	my $cte;
	my %place = (
		'behind six paragraphs' => sub { multi($TEXT, entity($CT . $cte, $p x 6 . $_[0])) },
		'behind six paragraphs, between dashes' => sub { multi($TEXT, entity($CT . $cte, $p x 6 . "------ cut here ------\n$_[0]------ cut here ------\n")) },
		'in the preamble' => sub { top($t, "$p$_[0]\n$l$TEXT\n$e") },
		'in the epilogue' => sub { top($t, "$l$TEXT\n$e$_[0]") },
		'behind six paragraphs of the epilogue' => sub { top($t, "$l$TEXT\n$e" . $p x 6 . $_[0]) },
		'a text' => sub { top("Content-Type: text/plain\n", $_[0]) },
		'behind six paragraphs of a text' => sub { top("Content-Type: text/plain\n", $p x 6 . $_[0] . "\nBye.\n") },
		'no MIME' => sub { "From: a\@b\nSubject: x\n\n$_[0]" },
		'no header' => sub { "\n$_[0]" },
		'a header of 70000 bytes' => sub { top($CT . $cte . 'X-A: ' . 'x' x 70000 . "\n", $_[0]) },
		'behind a binary part' => sub { multi($TEXT, entity("Content-Type: image/png\nContent-Transfer-Encoding: binary\n", noise(5000)), entity($CT . $cte, $_[0])) },
		'bare CR everywhere' => sub { multi($TEXT, entity($CT . $cte, $_[0])) =~ s/\n/\r/gr },
		'a broken boundary' => sub { top("Content-Type: multipart/mixed; boundary=(x)b1\n", multipart('b1', $TEXT, entity($CT . $cte, $_[0]))) },
		'a boundary with a blank in front' => sub { top("Content-Type: multipart/mixed; boundary=b2; boundary=\" b1\"\n", multipart(' b1', $p x 4 . $TEXT, entity($CT . $cte, $_[0]))) },
		'a boundary of dashes' => sub { top("Content-Type: multipart/mixed; boundary=b2; boundary=\"----\"\n", multipart('----', $p x 4 . $TEXT, entity($CT . $cte, $_[0]))) },
		'blanks in front of the boundary' => sub { top($t, $p x 5 . " --$BOUNDARY\n$TEXT\n --$BOUNDARY\n" . entity($CT . $cte, $_[0]) . "\n --$BOUNDARY--\n") },
		'in a header' => sub { top('X-Attachment: ' . $_[0] =~ s/\n(?=.)/\n /gr, "text\n") },
		'NUL behind the boundary' => sub { top($t, $p x 5 . "$l$TEXT\n--$BOUNDARY\0\n" . entity($CT . $cte, $_[0]) . "\n$e") },
	);
	for my $place (sort keys %place) {
		for my $w (sort keys %way) {
			next if $place eq 'in a header' && $w eq 'binary';
			my $said = $says{$w} // ($w =~ /^quoted/ ? 'quoted-printable' : 'base64');
			$cte = "Content-Transfer-Encoding: $said\n";
			trick("place: $place", $w, $place{$place}->($way{$w}), (split /\n/, $way{$w}, 3)[1] // ());
		}
	}
}

sub top_ways {
	my $mail = multi($TEXT, $GOOD);
	my %way = (
		'an empty line in front' => "\n$mail", '30 empty lines in front' => "\n" x 30 . $mail, 'a BOM in front' => "\xef\xbb\xbf$mail",
		'a NUL in front' => "\0$mail", 'a line of text in front' => "what is this\n$mail", '30 lines of text in front' => "what is this\n" x 30 . $mail,
		'a blank in front' => " $mail", 'a mbox line in front' => "From a\@b Thu Jan  1 00:00:00 2026\n$mail", 'a quoted mbox line in front' => ">From x\n$mail",
		'two mbox lines in front' => "From x\nFrom y\n$mail", 'a bare CR in front' => "\r$mail", 'bare CRs for all line ends' => $mail =~ s/\n/\r/gr,
		'CR CR LF' => $mail =~ s/\n/\r\r\n/gr, 'LF CR' => $mail =~ s/\n/\n\r/gr, 'bare CRs in the header' => $mail =~ s/\A(.*?\n\n)/$1 =~ s,\n,\r,gr/ser,
		'bare CRs in the body' => do { my ($h, $b) = split /\n\n/, $mail, 2; "$h\n\n" . $b =~ s/\n/\r/gr }, 'no MIME-Version' => $mail =~ s/^MIME-Version.*\n//mr,
		'MIME-Version 2.0' => $mail =~ s/^MIME-Version.*/MIME-Version: 2.0/mr, 'UTF-16' => "\xff\xfe" . join('', map { "$_\0" } split //, $mail),
		'all quoted' => $mail =~ s/^/> /mgr, 'all indented' => $mail =~ s/^/ /mgr, 'form feed in front' => "\x0c$mail", 'the first line is folded' => " x\n$mail",
		'NEL line ends' => $mail =~ s/\n/\x85/gr, 'the envelope of a server' => "EHLO x\nMAIL FROM:<a\@b>\nRCPT TO:<c\@d>\nDATA\n$mail.\nQUIT\n",
	);
	trick('top of the mail', $_, $way{$_}, $B64) for sort keys %way;
	trick('top of the mail', 'sound', $mail, $B64);
	trick('top of the mail', 'sound, one part', top($CT . $CTE, $B64), $B64);
}

# -- further families ------------------------------------------------------------------------------------------------

# What readers unpack out of a text, in a text that is encoded: only what comes out
# of the decoder shows it.
sub encoded_texts {
	my $text = "Hello,\n\nhere is the file.\n\n";
	my %way = ('uuencode' => uu(payload()), 'xxencode' => xx(payload()), 'yEnc' => yenc(payload()), 'BinHex' => binhex(payload()),
	    'begin-base64' => "begin-base64 644 $NAME\n$B64====\n");
	my %coat = (
		'base64' => sub { ("charset=utf-8\n$CTE", base64($_[0])) }, 'base64, CRLF inside' => sub { ("charset=utf-8\n$CTE", base64(crlf($_[0]))) },
		'quoted-printable' => sub { ("charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n", qp_all($_[0])) },
		'quoted-printable, begin line cut' => sub { ("charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n",
		    qp($_[0]) =~ s/^(be|=3D|\(Th)(?=gin|y|is)/$1=\n/mr =~ s/ $/=20/mgr) },
		'UTF-16LE' => sub { ("charset=utf-16le\n$CTE", base64(join '', map { "$_\0" } split //, $_[0])) },
		'UTF-16BE, BOM' => sub { ("charset=utf-16\n$CTE", base64("\xfe\xff" . join '', map { "\0$_" } split //, $_[0])) },
		'UTF-32' => sub { ("charset=utf-32\n$CTE", base64(join '', map { "$_\0\0\0" } split //, $_[0])) },
		'UTF-16 as it is' => sub { ("charset=utf-16le\nContent-Transfer-Encoding: binary\n", join '', map { "$_\0" } split //, $_[0]) },
		'uuencode' => sub { ("charset=utf-8\nContent-Transfer-Encoding: x-uuencode\n", uu($_[0], begin => 'begin 644 text.txt')) },
		'UTF-7, the begin line' => sub { ("charset=utf-7\n", $_[0] =~ s/\+/+-/gr =~ s/^(\(|=|b)/'+' . MIME::Base64::encode_base64("\0$1", '') =~ s,=+$,,r . '-'/mer) },
	);
	for my $c (sort keys %coat) {
		for my $w (sort keys %way) {
			next if $w eq 'yEnc' && $c =~ /UTF/;
			my ($header, $body) = $coat{$c}->($text . $way{$w});
			in_part("encoded text: $c", $w, "Content-Type: text/plain; $header", $body);
		}
	}
	my ($header, $body) = $coat{base64}->($text . $way{uuencode});
	trick('encoded text: base64', 'uuencode, one part', top("Content-Type: text/plain; $header", $body), $body);
	trick('encoded text: base64', 'uuencode, no type', top($CTE, $body), $body);
	in_part('encoded text: base64', "uuencode, $_", "Content-Type: $_\n$CTE", $body) for qw(text/html text/enriched text/x-what TEXT/PLAIN);
	trick('encoded text: base64', 'uuencode, in a message', multi($TEXT, "Content-Type: message/rfc822\n\n" . top("Content-Type: text/plain; $header", $body)), $body);
	trick('encoded text: base64', 'uuencode, in an encoded message', multi($TEXT, "Content-Type: message/rfc822\n$CTE\n" . base64(top("Content-Type: text/plain; $header", $body))), base64(top("Content-Type: text/plain; $header", $body)));
	trick('encoded text: base64', 'uuencode, in S/MIME', top("Content-Type: application/pkcs7-mime\n$CTE", base64(cms_signed(top("Content-Type: text/plain; $header", $body)))), base64(cms_signed(top("Content-Type: text/plain; $header", $body))));
}

# Calendars and cards carry files in a property of their own.
sub property_ways {
	my $b = $B64 =~ s/\n//gr;
	my $fold = sub { $_[0] =~ s/(.{1,72})(?=.)/$1\n /gr };
	my %attach = (
		'ATTACH' => "ATTACH;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=$NAME:$b", 'lower case' => "attach;encoding=base64;value=binary:$b",
		'ENCODING=B' => "ATTACH;VALUE=BINARY;ENCODING=B:$b", 'quoted' => "ATTACH;FMTTYPE=\"application/zip\";ENCODING=\"BASE64\":$b",
		'a colon in quotes' => "ATTACH;X-A=\"a:b\";ENCODING=BASE64:$b", 'data URI' => "ATTACH:data:application/zip;base64,$b",
	);
	my %coat = ('as it is' => sub { ('', $_[0]) }, 'base64' => sub { ($CTE, base64($_[0])) },
	    'quoted-printable' => sub { ("Content-Transfer-Encoding: quoted-printable\n", qp_few($_[0])) });
	for my $k (sort keys %attach) {
		for my $c (sort keys %coat) {
			for my $ends (sub { $_[0] }, \&crlf) {
				my ($cte, $body) = $coat{$c}->($ends->("BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nSUMMARY:x\n"
				    . $fold->($attach{$k}) . "\nDTSTART:20260101T000000Z\nEND:VEVENT\nEND:VCALENDAR\n"));
				next if $c eq 'as it is' && $ends == \&crlf;
				in_part('calendar', "$k, $c" . ($ends == \&crlf ? ', CRLF inside' : ''), "Content-Type: text/calendar; method=REQUEST\n$cte", $body);
			}
		}
	}
	for (['PHOTO', "PHOTO;ENCODING=b;TYPE=JPEG:$b"], ['KEY', "KEY;X509;ENCODING=BASE64:$b"], ['4.0', "PHOTO:data:image/jpeg;base64,$b"], ['group', "item1.LOGO;BASE64:$b"]) {
		in_part('card', $_->[0], "Content-Type: text/vcard\n$CTE", base64("BEGIN:VCARD\nVERSION:3.0\nFN:x\n" . $fold->($_->[1]) . "\n\nEND:VCARD\n"));
		in_part('card', "$_->[0], directory", "Content-Type: text/directory\n", "BEGIN:VCARD\nVERSION:3.0\nFN:x\n" . $fold->($_->[1]) . "\n\nEND:VCARD\n");
	}
	# Texts with URIs that are the file.
	my $percent = $b =~ s/([+\/=])/sprintf '%%%02X', ord $1/ger;
	my %uri = ('plain' => "data:application/zip;base64,$b", 'no type' => "data:;base64,$b", 'parameters' => "data:application/zip;name=$NAME;charset=x;base64,$b",
	    'upper case' => "DATA:APPLICATION/ZIP;BASE64,$b", 'percent' => "data:application/zip;base64,$percent", 'all percent' => 'data:application/zip;base64,' . $b =~ s/(.)/sprintf '%%%02x', ord $1/ger,
	    'blanks' => 'data:application/zip;base64, ' . $b =~ s/(.{60})/$1 /gr, 'entities' => 'data:application/zip;base64,' . $b =~ s/([+\/=])/'&#' . ord($1) . ';'/ger,
	    'line ends' => "data:application/zip;base64,\n$B64");
	my %in = ('HTML' => sub { ("text/html", "<html><body><a download=\"$NAME\" href=\"$_[0]\">x</a></body></html>\n") },
	    'HTML, iframe' => sub { ("text/html", "<html><iframe src='$_[0]'></iframe></html>\n") }, 'SVG' => sub { ("image/svg+xml", "<svg xmlns=\"http://www.w3.org/2000/svg\"><a href=\"$_[0]\"><text>x</text></a></svg>\n") },
	    'CSS' => sub { ("text/css", "a { background: url($_[0]) }\n") }, 'HTML, style' => sub { ("text/html", "<html><style>a { background: url($_[0]) }</style></html>\n") });
	for my $i (sort keys %in) {
		for my $u (sort keys %uri) {
			my ($type, $body) = $in{$i}->($uri{$u});
			in_part('data URI', "$i: $u", "Content-Type: $type\n$CTE", base64($body));
		}
	}
}

# One encoding in another, said or not.
sub layers {
	my %one = ('base64' => \&base64, 'quoted-printable' => \&qp_all, 'uuencode' => \&uu);
	my %word = ('base64' => 'base64', 'quoted-printable' => 'quoted-printable', 'uuencode' => 'x-uuencode');
	my $f = 'Content-Transfer-Encoding:';
	for my $outer (sort keys %one) {
		for my $inner (sort keys %one) {
			my $body = $one{$outer}->($one{$inner}->(payload()));
			in_part('one encoding in another', "$inner in $outer: two fields", "$CT$f $word{$inner}\n$f $word{$outer}\n", $body);
			in_part('one encoding in another', "$inner in $outer: a list", "$CT$f $word{$inner}, $word{$outer}\n", $body);
		}
	}
}

# Signed or packed, in armour of another kind.
sub coats {
	my $sound = multi($TEXT, $GOOD);
	my $cms = cms_signed($sound);
	my $smime = "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\nContent-Disposition: attachment; filename=smime.p7m\n";
	for (['signed', $cms], ['compressed', cms_compressed($sound)]) {
		my ($k, $c) = @$_;
		my $pem = sub { "-----BEGIN $_[0]-----\n" . base64($c, 64) . "-----END $_[0]-----\n" };
		in_part('S/MIME in another coat', "$k, $_->[0]", $smime . $_->[1], $_->[2]) for ['PEM', '', $pem->('PKCS7')], ['CMS', '', $pem->('CMS')], ['PEM in base64', $CTE, base64($pem->('PKCS7'))],
		    ['base64 twice', $CTE, base64(base64($c))], ['no encoding field', '', base64($c)], ['binary', "Content-Transfer-Encoding: binary\n", $c], ['PEM, CRLF in base64', $CTE, base64(crlf($pem->('PKCS7')))];
	}
}

# A file over several parts, which some readers put together.
sub pieces {
	my @lines = split /^/, uu(payload());
	my $half = @lines / 2;
	my ($a, $b) = (join('', @lines[0 .. $half - 1]), join('', @lines[$half .. $#lines]));
	trick('in pieces', 'uuencode over two texts', multi("Content-Type: text/plain\n\n$a", "Content-Type: text/plain\n\n$b"), $a);
	my ($p, $q) = (substr(payload(), 0, 200), substr(payload(), 200));
	my $n = length payload();
	my $y = sub { my ($bytes, $i, $from) = @_; yenc($bytes, begin => "=ybegin part=$i total=2 line=128 size=$n name=$NAME",
	    part => '=ypart begin=' . ($from + 1) . ' end=' . ($from + length $bytes) . "\n", end => '=yend size=' . length($bytes) . " part=$i\n") };
	trick('in pieces', 'yEnc over two texts', multi("Content-Type: text/plain\n\n" . $y->($p, 1, 0), "Content-Type: text/plain\n\n" . $y->($q, 2, 200)), $y->($p, 1, 0));
	trick('in pieces', 'yEnc, both in one text', top("Content-Type: text/plain\n", $y->($p, 1, 0) . "\nAnd on:\n\n" . $y->($q, 2, 200)), $y->($p, 1, 0));
	my $stuffed = uu(payload()) =~ s/^/ /mgr;
	in_part('flowed text', 'uuencode, each line stuffed', "Content-Type: text/plain; format=flowed\n", $stuffed);
	in_part('flowed text', 'uuencode, each line stuffed, DelSp', "Content-Type: text/plain; format=flowed; delsp=yes\n", $stuffed);
	in_part('flowed text', 'uuencode, some lines stuffed', "Content-Type: text/plain; format=flowed\n", uu(payload(), blank => 1) =~ s/^(?=[ >]|From )/ /mgr);
}

# Bytes that end lines or stand between words to some.
sub controls {
	my $t = "multipart/mixed; boundary=b1";
	my $mp = multipart('b1', $TEXT, $GOOD);
	my %sep = ('form feed' => "\x0c", 'vertical tab' => "\x0b", 'NEL' => "\x85", 'NEL in UTF-8' => "\xc2\x85", 'line separator' => "\xe2\x80\xa8", 'paragraph separator' => "\xe2\x80\xa9",
	    'file separator' => "\x1c", 'no-break space' => "\xc2\xa0", 'zero-width space' => "\xe2\x80\x8b", 'BOM' => "\xef\xbb\xbf", 'backspace' => "\x08", 'NUL' => "\0", 'escape' => "\x1b", 'delete' => "\x7f", 'soft hyphen' => "\xc2\xad");
	for my $k (sort keys %sep) {
		my $c = $sep{$k};
		trick('control characters', "$k for a line end, type", top("X-A: b${c}Content-Type: $t\n", $mp), $B64);
		trick('control characters', "$k behind the colon, type", top("Content-Type:$c$t\n", $mp), $B64);
		trick('control characters', "$k in front of the field, type", top("${c}Content-Type: $t\n", $mp), $B64);
		trick('control characters', "$k in front of the colon, type", top("Content-Type$c: $t\n", $mp), $B64);
		trick('control characters', "$k in front of the parameter", top("Content-Type: multipart/mixed;${c}boundary=b1\n", $mp), $B64);
		trick('control characters', "$k as a fold", top("Content-Type: multipart/mixed;\n${c}boundary=b1\n", $mp), $B64);
		trick('control characters', "$k behind the boundary's value", top("Content-Type: multipart/mixed; boundary=b1$c\n", $mp), $B64);
		trick('control characters', "$k behind a boundary line", top("Content-Type: $t\n", $mp =~ s/^--b1$/--b1$c/mgr), $B64);
		trick('control characters', "$k in front of a boundary line", top("Content-Type: $t\n", $mp =~ s/^--b1$/$c--b1/mgr), $B64);
		trick('control characters', "$k for the empty line of a part", top("Content-Type: $t\n", $mp =~ s/(base64\n)\n/$1$c\n/r), $B64);
		trick('control characters', "$k in the encoding", multi($TEXT, entity("${CT}Content-Transfer-Encoding: base${c}64\n", $B64)), $B64);
		trick('control characters', "$k in front of the encoding's field", multi($TEXT, entity("$CT${c}$CTE", $B64)), $B64);
		trick('control characters', "$k in begin", top("Content-Type: text/plain\n", "Hello\n\n" . uu(payload()) =~ s/^be/be$c/r), uu(payload()));
		trick('control characters', "$k in front of begin", top("Content-Type: text/plain\n", "Hello\n\n$c" . uu(payload())), uu(payload()));
	}
}

# Messages that begin oddly, and children of a digest.
sub odd_messages {
	my $sound = multi($TEXT, $GOOD);
	my %begin = ('an empty line' => "\n", 'three empty lines' => "\n\n\n", 'a BOM' => "\xef\xbb\xbf", 'a mbox line' => "From x\n", 'a quoted mbox line' => ">From x\n", 'a blank line' => " \n", 'a text line' => "text\n",
	    'a boundary of another' => "--other\n", 'SMTP' => "MAIL FROM:<a>\nDATA\n", 'a NUL' => "\0", 'a header and an empty line' => "X-A: b\n\n", 'two headers' => "X-A: b\n\nX-C: d\n\n", 'a bare CR' => "\r");
	for my $k (sort keys %begin) {
		my $m = $begin{$k} . $sound;
		trick('message that begins oddly', "$k", multi($TEXT, "Content-Type: message/rfc822\n\n$m"), $B64);
		trick('message that begins oddly', "$k, base64", multi($TEXT, "Content-Type: message/rfc822\n$CTE\n" . base64($m)), base64($m));
		trick('message that begins oddly', "$k, .eml", multi($TEXT, "Content-Type: application/octet-stream; name=a.eml\n$CTE\n" . base64($m)), base64($m));
		trick('message that begins oddly', "$k, digest", top("Content-Type: multipart/digest; boundary=d\n", multipart('d', "\n$m", "\nSubject: x\n\nx\n")), $B64);
		trick('message that begins oddly', "$k, S/MIME", top("Content-Type: application/pkcs7-mime\n$CTE", base64(cms_signed($m))), base64(cms_signed($m)));
		trick('message that begins oddly', "$k, OpenPGP", top("Content-Type: text/plain\n", pgp($m, how => ['zip'])), pgp($m, how => ['zip']));
	}
}

# Boundary lines again.
sub more_boundaries {
	my $line = "--$BOUNDARY\n";
	my $last = "--$BOUNDARY--\n";
	for (['a comment behind', "--$BOUNDARY (a comment)\n"], ['2000 blanks behind', "--$BOUNDARY" . ' ' x 2000 . "\n"], ['70000 blanks behind', "--$BOUNDARY" . ' ' x 70000 . "\n"],
	    ['percent', '--' . $BOUNDARY =~ s/-/%2D/r . "\n"], ['soft line end inside', '--' . $BOUNDARY =~ s/-/=\n-/r . "\n"], ['escaped', '=2D=2D' . $BOUNDARY . "\n"], ['in quotes', "--\"$BOUNDARY\"\n"],
	    ['with its name', "--boundary=$BOUNDARY\n"], ['a colon behind', "--$BOUNDARY:\n"], ['a dot behind', "--$BOUNDARY.\n"], ['en dashes', "\xe2\x80\x93\xe2\x80\x93$BOUNDARY\n"], ['dots doubled', ".--$BOUNDARY\n"],
	    ['twice', "--$BOUNDARY--$BOUNDARY\n"], ['closed and open', "--$BOUNDARY--\n--$BOUNDARY\n"], ['blank, dashes', "--$BOUNDARY  --\n"], ['CR CR LF', "--$BOUNDARY\r\r\n"], ['LF CR', "\r--$BOUNDARY\n"]) {
		trick('boundary lines, further', $_->[0], top("Content-Type: multipart/mixed; boundary=\"$BOUNDARY\"\n", "$line$TEXT\n$_->[1]$GOOD\n$last"), $B64);
		trick('boundary lines, further', "$_->[0], behind six paragraphs", top("Content-Type: multipart/mixed; boundary=\"$BOUNDARY\"\n", "$line$TEXT\n" . "A paragraph.\n\n" x 6 . "$_->[1]$GOOD\n$last"), $B64);
	}
	my $inner = sub { "--i\n$TEXT\n--i\n$GOOD\n--i--\n" };
	for (['the outer one closes in the inner', "--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n$TEXT\n--o--\n--i\n$GOOD\n--i--\n"], ['the inner one begins in the preamble', "Content-Type: multipart/mixed; boundary=i\n\n" . $inner->() . "--o\n$TEXT\n--o--\n"],
	    ['the inner one in the epilogue', "--o\n$TEXT\n--o--\nContent-Type: multipart/mixed; boundary=i\n\n" . $inner->()], ['an inner part behind the inner end', "--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n$TEXT\n--i--\n--i\n$GOOD\n--i--\n--o--\n"],
	    ['the outer opens in the inner, twice', "--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n$TEXT\n--o\n$GOOD\n--i--\n--o--\n"]) {
		trick('boundary lines, further', $_->[0], top("Content-Type: multipart/mixed; boundary=o\n", $_->[1]), $B64);
	}
}

# Files in the file formats of others.
sub wrappers {
	my $zip = payload();
	my $apple = pack('NNx16n', 0x00051600, 0x20000, 2) . pack('NNN', 3, 50, length $NAME) . pack('NNN', 1, 50 + length $NAME, length $zip) . $NAME . $zip;
	my $mac = pack('CC/a*', 0, $NAME);
	$mac .= "\0" x (65 - length $mac) . 'ZIP SITx' . "\0" x 10 . pack('NN', length $zip, 0);
	$mac .= "\0" x (128 - length $mac) . $zip;
	my $att = sub { my ($level, $id, $data) = @_; my $sum = 0; $sum += $_ for unpack 'C*', $data; pack('CVV', $level, $id, length $data) . $data . pack('v', $sum & 0xffff) };
	my $tnef = pack('Vv', 0x223e9f78, 1) . $att->(1, 0x00089006, pack('V', 0x10000)) . $att->(2, 0x00069002, pack('vVvvVV', 1, -1 & 0xffffffff, 0, 0, 0, 0))
	    . $att->(2, 0x00018010, "$NAME\0") . $att->(2, 0x0006800f, $zip);
	my $junk = noise(3000, 7);
	for (['AppleSingle', 'application/applefile', $apple], ['MacBinary', 'application/macbinary', $mac], ['TNEF', 'application/ms-tnef', $tnef], ['TNEF, octet-stream', 'application/octet-stream', $tnef],
	    ['TNEF behind a text', 'application/ms-tnef', "text\n$tnef"], ['zip behind a GIF', 'image/gif', "GIF89a$junk$zip"], ['zip behind a JPEG', 'image/jpeg', "\xff\xd8\xff\xe0\0\x10JFIF\0$junk$zip"],
	    ['zip behind a PDF', 'application/pdf', "%PDF-1.4\n1 0 obj\n<<>>\nendobj\n$zip"], ['zip behind an RTF', 'application/rtf', "{\\rtf1 x}\n$zip"], ['zip behind HTML', 'text/html', "<html>x</html>\n$zip"], ['zip with text behind', 'application/zip', $zip . 'x' x 3000],
	    ['zip behind a zip', 'application/zip', zip_of(['a.txt', 'harmless']) . $zip],
	    ['zip behind a PDF, offsets of the whole', 'application/pdf', shifted_zip("%PDF-1.4\n1 0 obj\n<<>>\nendobj\n", $zip)],
	    ['zip behind a PDF, with a comment', 'application/pdf', "%PDF-1.4\n1 0 obj\n<<>>\nendobj\n" . substr($zip, 0, -2) . pack('v', 9) . 'a comment'], ['mail', 'application/octet-stream', multi($TEXT, $GOOD)]) {
		in_part('in a file', $_->[0], "Content-Type: $_->[1]; name=a.dat\n$CTE", base64($_->[2]));
		in_part('in a file', "$_->[0], = in the base64", "Content-Type: $_->[1]; name=a.dat\n$CTE", join('=', unpack '(a4)*', base64($_->[2]) =~ s/\n//gr) . "\n");
	}
}

# The archive behind it, with offsets that count from there (zip -A).
sub shifted_zip {
	my ($front, $zip) = @_;
	my $n = length $front;
	my ($size, $at) = unpack 'VV', substr $zip, -10, 8;
	substr($zip, $at + 42, 4) = pack 'V', $n;
	substr($zip, -6, 4) = pack 'V', $at + $n;
	return $front . $zip;
}

# A zip of one member, with whatever the local header (l...) or the directory
# (d...) are to say, and with bytes in front.
sub odd_zip {
	my (%a) = @_;
	my ($name, $data, $plain) = ('letter.txt', undef, marker());
	IO::Compress::RawDeflate::rawdeflate(\$plain, \$data) or die;
	my $front = $a{front} // '';
	my $from = $a{relative} ? length $front : 0;
	my $local = ($a{lsign} // "PK\3\4") . pack('vvvvvVVVvv', 20, $a{lflags} // 0, $a{lmethod} // 8, 0, 0x21, 0,
	    $a{lsize} // length $data, $a{lplain} // length $plain, length $name, length($a{lextra} // '')) . $name . ($a{lextra} // '');
	my $members = "$front$local$data" . ($a{behind} // '');
	my $dir = "PK\1\2" . pack('vvvvvvVVVvvvvvVV', 20, 20, $a{dflags} // 0, $a{dmethod} // 8, 0, 0x21, 0,
	    $a{dsize} // length $data, $a{dplain} // length $plain, length $name, length($a{dextra} // ''), 0, 0, 0, 0, length($front) - $from) . $name . ($a{dextra} // '');
	my $end = "PK\5\6" . pack('vvvvVVv', 0, 0, 1, 1, length $dir, length($members) - $from, length($a{comment} // '')) . ($a{comment} // '');
	return $members . ($a{dir} // $dir) . ($a{end} // $end);
}

sub odd_zips {
	my %zip = (
		'local: stored' => odd_zip(lmethod => 0), 'directory: stored' => odd_zip(dmethod => 0), 'local: encrypted' => odd_zip(lflags => 1), 'directory: encrypted' => odd_zip(dflags => 1),
		'local: sizes 0' => odd_zip(lsize => 0, lplain => 0), 'local: sizes huge' => odd_zip(lsize => 0xffffffff, lplain => 0xffffffff), 'directory: sizes huge' => odd_zip(dsize => 0x7fffffff, dplain => 0x7fffffff),
		'long sizes' => do { my $z = pack('vvQ<Q<', 1, 16, length marker(), do { my ($e, $d) = (marker()); IO::Compress::RawDeflate::rawdeflate(\$e, \$d); length $d });
			odd_zip(lsize => 0xffffffff, lplain => 0xffffffff, lextra => $z, dsize => 0xffffffff, dplain => 0xffffffff, dextra => $z) },
		'local: no sign' => odd_zip(lsign => "PK\0\0"), 'no directory' => odd_zip(dir => '', end => ''), 'no end' => odd_zip(end => ''), 'an end in the comment' => odd_zip(comment => "PK\5\6" . "\0" x 18),
		'directory without a sign' => odd_zip(dir => "PK\0\0" . 'x' x 60), 'spanning marker' => odd_zip(front => "PK\7\10"),
		'in front of a zip' => odd_zip() . zip_of(['a.txt', 'harmless']), 'between two zips' => zip_of(['a.txt', 'x']) . odd_zip() . zip_of(['b.txt', 'y']),
		'in front of a directory' => do { my $z = zip_of(['a.txt', 'x']); my $at = index $z, "PK\1\2"; substr($z, 0, $at) . odd_zip() . substr $z, $at },
	);
	my $tar = "a\0" . "\0" x 1534;
	substr $tar, 257, 5, 'ustar';
	my $gzip;
	IO::Compress::Gzip::gzip(\'hello', \$gzip, Minimal => 1) or die;
	my %front = ('a PDF' => "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n", 'an RTF' => "{\\rtf1\\ansi Hello.\\par}\n", 'a zip' => zip_of(['a.txt', 'harmless']), 'a GIF' => "GIF89a\1\0\1\0\0\0\0;", 'a gzip' => $gzip, 'a tar' => $tar,
	    'an MP3' => "ID3\3\0\0\0\0\0\0\xff\xfb" . "\0" x 400, 'a RAR' => "Rar!\x1a\7\0" . "\0" x 100, 'a 7z' => "7z\xbc\xaf\x27\x1c\0\4" . "\0" x 100, 'an OLE' => "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" . "\0" x 1528, 'NULs' => "\0" x 5000,
	    'HTML' => "<html>x</html>\n", 'a program' => "\x7fELF\2\1\1" . "\0" x 200, 'a mail' => "From: a\@b\nSubject: x\n\nText\n");
	for my $k (sort keys %front) {
		$zip{"behind $k"} = odd_zip(front => $front{$k});
		$zip{"behind $k, offsets from there"} = odd_zip(front => $front{$k}, relative => 1);
	}
	for my $k (sort keys %zip) {
		in_part('odd zip', $k, $CT . $CTE, base64($zip{$k}));
		in_part('odd zip', "$k, .pdf, = behind each four", "Content-Type: application/pdf; name=\"a.pdf\"\n$CTE", join('=', unpack '(a4)*', base64($zip{$k}) =~ s/\n//gr) . "\n");
	}
}

# Texts that are no texts to show, and what a charset hides.
sub files_of_text {
	my $uu = uu(payload());
	my %text = ('uuencode' => $uu, 'uuencode behind a text' => "Hello.\n\n$uu", 'xxencode' => xx(payload()), 'yEnc' => yenc(payload()), 'begin-base64' => "begin-base64 644 $NAME\n$B64====\n");
	for my $k (sort keys %text) {
		for my $type ('application/octet-stream; name=a.uue', 'application/x-uuencode', 'application/mac-binhex40', 'text', 'message/x-what') {
			in_part('file of text', "$k, $type", "Content-Type: $type\n$CTE", base64($text{$k}));
		}
		in_part('file of text', "$k, quoted-printable", "Content-Type: application/octet-stream; name=a.uue\nContent-Transfer-Encoding: quoted-printable\n", qp_all($text{$k}));
	}
	my $armour = pgp(payload(), how => ['zip']);
	my $f = "Content-Type: text/plain; charset=";
	in_part('file of text', 'OpenPGP, UTF-16', "${f}utf-16\n$CTE", base64("\xff\xfe" . $armour =~ s/(.)/$1\0/gsr));
	in_part('file of text', 'OpenPGP, UTF-16BE', "${f}utf-16be\n$CTE", base64($armour =~ s/(.)/\0$1/gsr));
	in_part('file of text', 'OpenPGP, UTF-32', "${f}utf-32le\n$CTE", base64($armour =~ s/(.)/$1\0\0\0/gsr));
	in_part('file of text', 'OpenPGP, UTF-7', "${f}utf-7\n", $armour =~ s/\+/+-/gr =~ s/=/+AD0-/gr);
	my $odd = multi($TEXT, entity($CT . $CTE, base64_pieces(payload(), 5)));
	for my $ext (qw(eml EML mht mhtml nws)) {
		in_part('file of text', "a mail, .$ext", "Content-Type: text/plain\nContent-Disposition: attachment; filename=\"a.$ext\"\n$CTE", base64($odd));
	}
}

sub tricks {
	@tricks = ();
	$_->() for \&top_ways, \&encodings, \&base64_ways, \&qp_ways, \&other_encodings, \&boundary_ways, \&message_ways, \&container_ways, \&crossings,
	    \&encoded_texts, \&property_ways, \&layers, \&coats, \&pieces, \&controls, \&odd_messages, \&more_boundaries, \&wrappers, \&odd_zips, \&files_of_text;
	return @tricks;
}

1;
