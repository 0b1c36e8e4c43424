# SPDX-License-Identifier: GPL-2.0-or-later
package ReaderMail;

# ReaderMail.pm - messages that mail programs may read in different ways, made by
# rule. All are harmless: what hides in them is a marker that only a signature of
# the tests' own matches, or a name, evil.exe, of a file with nothing in it.
#
# reader_mail(N, SEED) gives a list of { construct, bytes }. A construct is
# FAMILY/PLACE/WHAT: "disposition/before-parameter/VT". Systematic ones put each odd
# byte at each place that matters, and N more are mutated by chance; the same seed
# gives the same messages. N = "all": every systematic one and no other.
#
# reader_ordinary() gives { construct, bytes } of the kinds that mail programs send.

use v5.32;
use warnings;
use Exporter 'import';
use Harness;
use MailMaker ();
use MIME::Base64 ();

our @EXPORT = qw(reader_mail reader_control reader_ordinary reader_is_bad_name);

my $HEAD = "From: Alice <a\@example.org>\nTo: Bob <b\@example.net>\nSubject: a message\n"
    . "Date: Thu, 1 Jan 2026 00:00:00 +0000\nMessage-ID: <one\@example.org>\nMIME-Version: 1.0\n";

# What somebody may open by a click: behind the extension is nothing, or what systems
# drop from the end of a name.
sub reader_is_bad_name { return $_[0] =~ /\.exe(?:[\0-\x20."\x7f]|\xc2[\x80-\xa0]|\xe2\x80[\x80-\xaf]|\xef\xbb\xbf)*\z/i }

# The odd bytes, and what they are called.
my @ODD = (
	[VT => "\x0b"], [FF => "\x0c"], [NUL => "\0"], [SOH => "\1"], [BEL => "\7"], [BS => "\b"], [ESC => "\e"], [US => "\x1f"],
	[DEL => "\x7f"], [CR => "\r"], [CRSP => "\r "], [LF => "\n"], [FOLD => "\n "], [FOLDTAB => "\n\t"], [EMPTYFOLD => "\n \n "], [SP => ' '], [TAB => "\t"],
	[NBSP => "\xc2\xa0"], [xA0 => "\xa0"], [NEL => "\xc2\x85"], [x85 => "\x85"], [LS => "\xe2\x80\xa8"], [BOM => "\xef\xbb\xbf"],
	[ZWSP => "\xe2\x80\x8b"], [xFF => "\xff"], [umlaut => "\xc3\xa4"], [backslash => "\\"], [quote => '"'], [twoquotes => '""'],
	[apostrophe => "'"], [less => '<'], [greater => '>'], [open => '('], [close => ')'], [comment => '(c)'], [comma => ','], [semicolon => ';'],
	[colon => ':'], [equals => '='], [question => '?'], [slash => '/'], [at => '@'], [bracket => '['], [closebracket => ']'],
	[star => '*'], [percent => '%'], [backtick => '`'], [brace => '{'], [dash => '-'], [underscore => '_'], [dot => '.'], [bang => '!'],
	[plus => '+'], [word => 'x'], [word2 => ' x '], [encodedword => '=?us-ascii?q?x?='],
);

sub b64 {
	my ($bytes, $line) = @_;
	$line //= 76;
	return MIME::Base64::encode_base64($bytes, '') =~ s/(.{1,$line})/$1\n/gr;
}

sub two_parts {
	my ($type, $part, %a) = @_;
	my $first = $a{first} // "--BOUND\nContent-Type: text/plain\n\nhello\n";
	my $delimiter = $a{delimiter} // "--BOUND\n";
	my $close = $a{close} // "--BOUND--\n";
	return "$HEAD$type\n\n$first$delimiter$part\n$close";
}

my $MIXED = 'Content-Type: multipart/mixed; boundary=BOUND';
my $HIDDEN = "Content-Type: application/octet-stream; name=letter.txt\nContent-Transfer-Encoding: base64\n\n" . b64(marker());
my $NAMED = "Content-Type: application/octet-stream; name=evil.exe\n\nharmless";

# A message with a hidden marker, and one with a name; what is done to both.
sub both {
	my ($construct, $make) = @_;
	return ({ construct => "$construct", bytes => $make->($HIDDEN) }, { construct => "$construct", bytes => $make->($NAMED) });
}

# Each odd byte at each place of a template: "{place}" marks one.
sub at_places {
	my ($family, $template, $make) = @_;
	my @places = $template =~ /\{([\w-]+)\}/g;
	my @made;
	for my $place (@places) {
		for my $odd (@ODD) {
			my $text = $template =~ s/\{\Q$place\E\}/$odd->[1]/r =~ s/\{[\w-]+\}//gr;
			push @made, map { { construct => "$family/$place/$odd->[0]", bytes => $_ } } $make->($text);
		}
	}
	return @made;
}

sub listed {
	my ($family, $make, @list) = @_;
	my @made;
	while (my ($name, $what) = splice @list, 0, 2) {
		push @made, map { { construct => "$family/$name", bytes => $_ } } $make->($what);
	}
	return @made;
}

# -- names --------------------------------------------------------------------------

sub names {
	my $with = sub { two_parts($MIXED, "$_[0]\n\nharmless") };
	my $octets = "Content-Type: application/octet-stream\n";
	return (
		at_places('disposition', $octets . '{line}Content{field}-Disposition{colon}:{value}attachment{type-end};{parameter} filename{equals}={quote}"{begin}evil{middle}.exe{end}"{behind}', $with),
		at_places('disposition-atom', $octets . 'Content-Disposition: attachment{type-end};{parameter} {parameter2}filename{equals}={begin}evil{middle}.ex{late}e{end}', $with),
		at_places('type-name', '{line}Content{field}-Type{colon}:{value}application{slash}/octet-stream{type-end};{parameter} name{equals}={quote}"{begin}evil{middle}.exe{end}"{behind}', $with),
		at_places('type-name-atom', 'Content-Type: application/octet-stream{type-end};{parameter} {parameter2}name{equals}={begin}evil{middle}.ex{late}e{end}', $with),
		at_places('disposition-2231', $octets . "Content-Disposition: attachment; filename{star}*{equals}=utf-8{charset}''{begin}evil{middle}.exe{end}", $with),
		at_places('disposition-2231-pieces', $octets . 'Content-Disposition: attachment; filename*{number}0="evil"{between};{second} filename*1{equals}=".exe"', $with),
		at_places('type-name-2047', 'Content-Type: application/octet-stream; name="{before}=?us-ascii?q?evil{middle}.exe?={behind}"', $with),
		listed('disposition', $with,
			'no-type', $octets . 'Content-Disposition: filename=evil.exe',
			'no-type-quoted', $octets . 'Content-Disposition: filename="evil.exe"',
			'empty-type', $octets . 'Content-Disposition: ; filename="evil.exe"',
			'two-filenames-first', $octets . 'Content-Disposition: attachment; filename=evil.exe; filename=letter.txt',
			'two-filenames-last', $octets . 'Content-Disposition: attachment; filename=letter.txt; filename=evil.exe',
			'name-for-filename', $octets . 'Content-Disposition: attachment; name=evil.exe',
			'two-fields-first', $octets . "Content-Disposition: attachment; filename=evil.exe\nContent-Disposition: attachment; filename=letter.txt",
			'two-fields-last', $octets . "Content-Disposition: attachment; filename=letter.txt\nContent-Disposition: attachment; filename=evil.exe",
			'two-strings', $octets . 'Content-Disposition: attachment; filename="evil"".exe"',
			'two-strings-space', $octets . 'Content-Disposition: attachment; filename="evil" ".exe"',
			'string-and-atom', $octets . 'Content-Disposition: attachment; filename="evil".exe',
			'atom-and-string', $octets . 'Content-Disposition: attachment; filename=evil".exe"',
			'angle', $octets . 'Content-Disposition: attachment; filename=<evil.exe>',
			'single-quotes', $octets . "Content-Disposition: attachment; filename='evil.exe'",
			'no-semicolon', $octets . 'Content-Disposition: attachment filename=evil.exe',
			'not-closed', $octets . 'Content-Disposition: attachment; filename="evil.exe',
			'not-opened', $octets . 'Content-Disposition: attachment; filename=evil.exe"',
			'semicolon-within', $octets . 'Content-Disposition: attachment; filename="letter.txt; filename=evil.exe"',
			'semicolon-within-2', $octets . 'Content-Disposition: attachment; x="a; filename=evil.exe; y=b"; filename=letter.txt',
			'not-folded', $octets . "Content-Disposition: attachment;\nfilename=evil.exe",
			'not-folded-type', "Content-Type: application/octet-stream;\nname=\"evil.exe\"",
			'2231-order', $octets . 'Content-Disposition: attachment; filename*1=".exe"; filename*0="evil"',
			'2231-from-1', $octets . 'Content-Disposition: attachment; filename*1="evil"; filename*2=".exe"',
			'2231-gap', $octets . 'Content-Disposition: attachment; filename*0="evil"; filename*2=".exe"',
			'2231-and-plain', $octets . "Content-Disposition: attachment; filename=letter.txt; filename*=utf-8''evil.exe",
			'2231-escaped', $octets . "Content-Disposition: attachment; filename*=utf-8''%65%76%69%6c%2e%65%78%65",
			'2231-no-star', $octets . "Content-Disposition: attachment; filename=utf-8''%65%76%69%6c%2e%65%78%65",
			'2231-leading-zeros', $octets . 'Content-Disposition: attachment; filename*00="evil"; filename*01=".exe"',
			'2231-mixed', $octets . "Content-Disposition: attachment; filename*0*=utf-8''evil; filename*1=.exe",
			'2231-quoted', $octets . "Content-Disposition: attachment; filename*=\"utf-8''evil%2Eexe\"",
			'2231-utf16', $octets . "Content-Disposition: attachment; filename*=utf-16be''%00e%00v%00i%00l%00.%00e%00x%00e",
			'2047-b', $octets . 'Content-Disposition: attachment; filename="=?utf-8?B?ZXZpbC5leGU=?="',
			'2047-two', $octets . 'Content-Disposition: attachment; filename="=?utf-8?Q?evil?= =?utf-8?Q?=2Eexe?="',
			'2047-atom', $octets . 'Content-Disposition: attachment; filename==?utf-8?B?ZXZpbC5leGU=?=',
			'2047-no-end', $octets . 'Content-Disposition: attachment; filename="=?utf-8?B?ZXZpbC5leGU="',
			'2047-space', $octets . 'Content-Disposition: attachment; filename="=?utf-8?Q?evil .exe?="',
			'2047-utf7', $octets . 'Content-Disposition: attachment; filename="=?utf-7?Q?evil+AC4-exe?="',
			'2047-language', $octets . 'Content-Disposition: attachment; filename="=?utf-8*en?Q?evil=2Eexe?="',
			'description', $octets . 'Content-Description: evil.exe',
			'x-name', $octets . 'X-Attachment-Name: evil.exe',
			'type-file-name', 'Content-Type: application/octet-stream; file-name=evil.exe',
			'type-filename', 'Content-Type: application/octet-stream; filename=evil.exe',
			'location', $octets . 'Content-Location: evil.exe',
			'long-128', $octets . 'Content-Disposition: attachment; filename="' . 'a' x 120 . 'evil.exe"',
			'long-300', $octets . 'Content-Disposition: attachment; filename="' . 'a' x 300 . '.exe"',
			'path', $octets . 'Content-Disposition: attachment; filename="C:\\\\temp\\\\evil.exe"',
			'slash-path', $octets . 'Content-Disposition: attachment; filename="../evil.exe"',
			'slash-end', $octets . 'Content-Disposition: attachment; filename="evil.exe/"',
			'dots-end', $octets . 'Content-Disposition: attachment; filename="evil.exe. . ."',
			'stream', $octets . 'Content-Disposition: attachment; filename="evil.exe::$DATA"',
			'high-name', $octets . "Content-Disposition: attachment; filen\xe4me=evil.exe; filename=letter.txt",
			'case', $octets . 'CONTENT-DISPOSITION: ATTACHMENT; FILENAME=EVIL.EXE',
			'uu-begin', "Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 evil.exe\n(:&%R;6QE<W,`\n`\nend",
			'uu-begin-text', "Content-Type: text/plain\n\nbegin 644 evil.exe\n(:&%R;6QE<W,`\n`\nend",
			'uu-begin-mode4', "Content-Type: text/plain\n\nbegin 0644 evil.exe\n(:&%R;6QE<W,`\n`\nend",
			'uu-begin-nul', "Content-Type: text/plain\n\nbegin 644 ev\0il.exe\n(:&%R;6QE<W,`\n`\nend",
			'uu-begin-quoted', "Content-Type: text/plain\n\nbegin 644 \"evil.exe\"\n(:&%R;6QE<W,`\n`\nend",
			'yenc', "Content-Type: text/plain\n\n=ybegin line=128 size=8 name=evil.exe\n" . join('', map { chr((ord($_) + 42) & 255) } split //, 'harmless') . "\n=yend size=8",
		),
	);
}

# -- structure ----------------------------------------------------------------------

sub structure {
	my $part_with = sub { my ($delimiter) = @_; return map { two_parts($MIXED, $_, delimiter => "$delimiter\n") } $HIDDEN, $NAMED };
	my $type_with = sub { my ($type) = @_; return map { two_parts($type, $_) } $HIDDEN, $NAMED };
	my $message = sub { my ($begin) = @_; return map { two_parts($MIXED, "Content-Type: message/rfc822\n\n${begin}From: a\@example.org\nSubject: b\n$_") } $HIDDEN, $NAMED };
	my $single = sub { my ($header) = @_; return map { "$HEAD$header\n\n$_" } $HIDDEN, $NAMED };
	my $whole = sub { return $_[0] };
	my $inner = two_parts($MIXED, $HIDDEN) =~ s/\A.*?\n\n//sr;
	my $inner_named = two_parts($MIXED, $NAMED) =~ s/\A.*?\n\n//sr;
	return (
		at_places('delimiter', '{line}-{dashes}-{token}BOUN{within}D{behind}', $part_with),
		at_places('boundary', 'Content-Type{colon}:{value}multipart{slash}/{subtype}mixed{type-end};{parameter} boundary{equals}={quote}"{begin}BOUN{within}D{end}"{behind}', $type_with),
		at_places('boundary-atom', '{line}Content-Type: multipart/mixed{type-end}; {parameter}boundary{equals}={begin}BOUND{end}', $type_with),
		listed('delimiter', sub { my ($d) = @_; return map { two_parts($MIXED, $_, delimiter => $d) } $HIDDEN, $NAMED },
			'mid-line', "and --BOUND\n", 'quoted' => "> --BOUND\n", 'one-dash', "-BOUND\n", 'three-dashes', "---BOUND\n", 'lower-case', "--bound\n",
			'tail', "--BOUNDtail\n", 'tail-space', "--BOUND tail\n", 'closed-before', "--BOUND--\n--BOUND\n", 'closed', "--BOUND--\n",
			'prefix', "--BOUN\n", 'no-newline', "--BOUND", 'cr', "--BOUND\r", 'spaces-behind', "--BOUND   \n", 'tab-behind', "--BOUND\t\n",
			'only-dashes', "--\n", 'other', "--OTHER\n", 'empty-line-between', "--BOUND\n\n", 'two', "--BOUND\n--BOUND\n", 'no-dashes', "BOUND\n"),
		listed('close', sub { my ($c) = @_; return map { two_parts($MIXED, $_, close => $c) } $HIDDEN, $NAMED },
			'none', '', 'glued', "--BOUND--and text\n", 'one-dash', "--BOUND-\n", 'space', "--BOUND --\n"),
		listed('place', $whole, map { my $p = $_;
			('preamble', "$HEAD$MIXED\n\n$p\n--BOUND\nContent-Type: text/plain\n\nhello\n--BOUND--\n",
			'epilogue', "$HEAD$MIXED\n\n--BOUND\nContent-Type: text/plain\n\nhello\n--BOUND--\n$p\n",
			'epilogue-delimited', "$HEAD$MIXED\n\n--BOUND\nContent-Type: text/plain\n\nhello\n--BOUND--\n--BOUND\n$p\n--BOUND--\n",
			'behind-text', "$HEAD" . "Content-Type: text/plain\n\nhello\n\n$p\n",
			'body-undeclared', "$HEAD" . "\n--BOUND\n$p\n--BOUND--\n",
			'body-undeclared-text', "$HEAD" . "Content-Type: text/plain\n\n--BOUND\n$p\n--BOUND--\n",
			'body-undeclared-type', "$HEAD" . "Content-Type: text/plain\n\n$MIXED\n\n--BOUND\n$p\n--BOUND--\n",
			'body-mime-version', "$HEAD" . "Content-Type: text/plain\n\nMIME-Version: 1.0\n$p\n",
			'body-message', "$HEAD" . "Content-Type: text/plain\n\nFrom: a\@example.org\n$p\n",
			'no-mime-version', two_parts($MIXED, $p) =~ s/MIME-Version: 1.0\n//r,
			'same-boundary-within', "$HEAD$MIXED\n\n--BOUND\n$MIXED\n\n--BOUND\n$p\n--BOUND--\n--BOUND--\n",
			'longer-boundary-within', "$HEAD$MIXED\n\n--BOUND\n${MIXED}ARY\n\n--BOUNDARY\n$p\n--BOUNDARY--\n--BOUND--\n",
			'two-boundaries-first', two_parts("$MIXED; boundary=OTHER", $p),
			'two-boundaries-last', two_parts('Content-Type: multipart/mixed; boundary=OTHER; boundary=BOUND', $p),
			'two-types-first', two_parts("$MIXED\nContent-Type: text/plain", $p),
			'two-types-last', two_parts("Content-Type: text/plain\n$MIXED", $p),
			'two-multiparts', two_parts("Content-Type: multipart/mixed; boundary=OTHER\n$MIXED", $p),
			'container-first-of-two', "$HEAD" . "Content-Type: multipart/mixed; boundary=X; boundary=Y\n\n--X\nContent-Type: text/plain\n\nhello\n--X--\n--Y\n$p\n--Y--\n",
			'container-last-of-two', "$HEAD" . "Content-Type: multipart/mixed; boundary=X; boundary=Y\n\n--Y\nContent-Type: text/plain\n\nhello\n--Y--\n--X\n$p\n--X--\n",
			'container-2231', "$HEAD" . "Content-Type: multipart/mixed; boundary=X; boundary*=us-ascii''Y\n\n--X\nContent-Type: text/plain\n\nhello\n--X--\n--Y\n$p\n--Y--\n",
			'container-2231-pieces', "$HEAD" . "Content-Type: multipart/mixed; boundary=X; boundary*0=Y; boundary*1=Z\n\n--X\nContent-Type: text/plain\n\nhello\n--X--\n--YZ\n$p\n--YZ--\n",
			'boundary-no-parameter', two_parts('Content-Type: multipart/mixed', $p),
			'boundary-empty', two_parts('Content-Type: multipart/mixed; boundary=""', $p, first => "--\nContent-Type: text/plain\n\nhello\n", delimiter => "--\n", close => "----\n"),
			'boundary-dashes', two_parts('Content-Type: multipart/mixed; boundary="--BOUND"', $p),
			'boundary-2047', two_parts('Content-Type: multipart/mixed; boundary="=?us-ascii?q?BOUND?="', $p),
			'boundary-trailing-space', two_parts('Content-Type: multipart/mixed; boundary="BOUND "', $p),
			'boundary-single-quotes', two_parts("Content-Type: multipart/mixed; boundary='BOUND'", $p),
			'boundary-case', two_parts('Content-Type: multipart/mixed; BOUNDARY=BOUND', $p),
			'boundary-not-closed', two_parts('Content-Type: multipart/mixed; boundary="BOUND', $p),
			'boundary-no-semicolon', two_parts('Content-Type: multipart/mixed boundary=BOUND', $p),
			'boundary-not-folded', two_parts("Content-Type: multipart/mixed;\nboundary=BOUND", $p),
			'type-multipart', two_parts('Content-Type: multipart; boundary=BOUND', $p),
			'type-unknown-multipart', two_parts('Content-Type: multipart/x-thing; boundary=BOUND', $p),
			'type-text-boundary', two_parts('Content-Type: text/plain; boundary=BOUND', $p),
			'type-backslash', two_parts('Content-Type: multi\\part/mixed; boundary=BOUND', $p),
			'type-comment', two_parts('Content-Type: (c) multipart/mixed; boundary=BOUND', $p),
			'container-base64', "$HEAD$MIXED\nContent-Transfer-Encoding: base64\n\n" . b64($p eq $HIDDEN ? $inner : $inner_named),
			'container-qp', two_parts("$MIXED\nContent-Transfer-Encoding: quoted-printable", $p =~ s/=/=3D/gr),
			'message-base64', two_parts($MIXED, "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" . b64("Subject: b\n$p")),
			'message-qp', two_parts($MIXED, "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\nSubject: b\n" . $p =~ s/=/=3D/gr),
			'message-global', two_parts($MIXED, "Content-Type: message/global\n\nSubject: b\n$p"),
			'message-news', two_parts($MIXED, "Content-Type: message/news\n\nSubject: b\n$p"),
			'message-delivery-status', two_parts($MIXED, "Content-Type: message/delivery-status\n\n$p"),
			'message-headers', two_parts($MIXED, "Content-Type: text/rfc822-headers\n\nSubject: b\n$p"),
			'message-octets', two_parts($MIXED, "Content-Type: application/octet-stream; name=a.eml\n\nSubject: b\n$p"),
			'digest', "$HEAD" . "Content-Type: multipart/digest; boundary=BOUND\n\n--BOUND\n\nSubject: b\n$p\n--BOUND--\n",
			'digest-no-blank', "$HEAD" . "Content-Type: multipart/digest; boundary=BOUND\n\n--BOUND\nSubject: b\n$p\n--BOUND--\n",
			'part-no-blank-line', two_parts($MIXED, $p =~ s/\n\n/\n/r),
			'part-blank-first', two_parts($MIXED, "\n$p"),
			'part-space-line-first', two_parts($MIXED, " \n$p"),
			'part-cr-line-first', two_parts($MIXED, "\r\n$p"),
			'part-text-line-first', two_parts($MIXED, "hello\n$p"),
			'part-from-line-first', two_parts($MIXED, "From a\@example.org Thu Jan  1 00:00:00 2026\n$p"),
			'part-quoted-from-first', two_parts($MIXED, ">From a\@example.org Thu Jan  1 00:00:00 2026\n$p"),
			'part-space-line-end', two_parts($MIXED, $p =~ s/\n\n/\n \n/r),
			'part-space-before-header', two_parts($MIXED, " $p"),
			'text-line-in-header', "${HEAD}no field\n$MIXED\n\n$inner",
			'blank-line-in-header', "${HEAD}\n$MIXED\n\n" . ($p eq $HIDDEN ? $inner : $inner_named),
			'space-line-in-header', "${HEAD} \n$MIXED\n\n" . ($p eq $HIDDEN ? $inner : $inner_named),
			'cr-line-in-header', "${HEAD}\r$MIXED\n\n" . ($p eq $HIDDEN ? $inner : $inner_named),
			'cr-only', two_parts($MIXED, $p) =~ s/\n/\r/gr,
			'crlf', two_parts($MIXED, $p) =~ s/\n/\r\n/gr,
			'crcrlf', two_parts($MIXED, $p) =~ s/\n/\r\r\n/gr,
			'partial', "$HEAD" . "Content-Type: message/partial; id=a; number=1; total=1\n\nSubject: b\n$p")
		} $HIDDEN, $NAMED),
		at_places('message', '{begin}', $message),
		listed('message', $message, 'blank', "\n", 'two-blanks', "\n\n", 'crlf', "\r\n", 'cr', "\r", 'space-line', " \n", 'from-line', "From a Thu Jan  1 00:00:00 2026\n",
			'quoted-from-line', ">From a Thu Jan  1 00:00:00 2026\n", 'text', "hello\n"),
		at_places('header-end', "{line}", sub { my ($t) = @_; return map { two_parts($MIXED, s/\n\n/\n$t\n/r) } $HIDDEN, $NAMED }),
	);
}

# -- encodings ----------------------------------------------------------------------

# RFC 1741, without runs: name, type and creator, a data fork, and nothing to check it by.
sub binhex {
	my ($name, $bytes) = @_;
	my $forks = pack('C/a* C a8 n N N n', $name, 0, 'TEXTttxt', 0, length $bytes, 0, 0) . $bytes . "\0" x 4;
	my $digits = q{!"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr};
	my $bits = unpack 'B*', $forks =~ s/\x90/\x90\0/gr;
	$bits .= '0' x (-length($bits) % 6);
	my $text = ':' . join('', map { substr $digits, oct("0b$_"), 1 } unpack '(a6)*', $bits) . ':';
	return $text =~ s/(.{1,64})/$1\n/gr;
}

sub encodings {
	my $octets = "Content-Type: application/octet-stream; name=letter.txt\n";
	my $coded = sub { my ($field) = @_; return two_parts($MIXED, "$octets$field\n\n" . b64(marker())) };
	my $body = sub { my ($text) = @_; return two_parts($MIXED, "${octets}Content-Transfer-Encoding: base64\n\n$text") };
	my $quoted = sub { my ($text) = @_; return two_parts($MIXED, "${octets}Content-Transfer-Encoding: quoted-printable\n\n$text") };
	my $plain = sub { my ($text) = @_; return two_parts($MIXED, "Content-Type: text/plain\n\n$text") };
	my $b = MIME::Base64::encode_base64(marker(), '');
	my $uu = pack 'u', marker();
	my $hqx = binhex('evil.txt', marker());
	my ($one, $two, $three) = (substr($b, 0, 24), substr($b, 24, 36), substr $b, 60);
	my $q = join '', map { sprintf '=%02X', ord } split //, marker();
	my ($q1, $q2) = (substr($q, 0, 60), substr $q, 60);
	my @cte = ('base-64', 'BASE64', '"base64"', 'base64;', 'base64; x=y', 'x-base64', 'b64', '8bit base64', 'base64 8bit', 'base64, 8bit', 'binary', '7bit', '', 'base641', 'bas64', "'base64'", 'base64.', 'base64:', '=?us-ascii?q?base64?=');
	return (
		at_places('encoding', '{line}Content-Transfer{field}-Encoding{colon}:{value} base{within}64{end}', $coded),
		listed('encoding', $coded, (map { ("value-$_", "Content-Transfer-Encoding: $_") } @cte),
			'two-first', "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit", 'two-last', "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64",
			'two-qp', "Content-Transfer-Encoding: quoted-printable\nContent-Transfer-Encoding: base64", 'x-field', 'X-Content-Transfer-Encoding: base64', 'none', 'X-Nothing: x',
			'underscores', 'Content_Transfer_Encoding: base64', 'in-type', 'Content-Encoding: base64', 'folded', "Content-Transfer-Encoding:\n base64", 'not-folded', "Content-Transfer-Encoding:\nbase64"),
		at_places('base64', "{begin}$one\{middle}$two\{line}\n$three\{end}", $body),
		listed('base64', $body, 'line-1', b64(marker(), 1), 'line-3', b64(marker(), 3), 'line-5', b64(marker(), 5), 'long-line', b64(marker(), 1000),
			'no-padding', $b =~ s/=+\z//r, 'more-padding', "$b===", 'padded-pieces', join('', map { MIME::Base64::encode_base64($_) } unpack '(a10)*', marker()),
			'padded-pieces-one-line', join('', map { MIME::Base64::encode_base64($_, '') } unpack '(a10)*', marker()), 'url-alphabet', $b =~ tr{+/}{-_}r,
			'blank-lines', "\n\n$one\n\n$two$three", 'text-before', "hello there\n\n$b", 'text-behind', "$b\n\nhello there", 'footer', "$b\n____________\nA list\nhttp://example.org/", 'quoted', "> $one\n> $two\n> $three",
			'equals-first', "=$b", (map { ("equals-$_", "$_$b") } '=AAA', 'A=AA', 'AA=A', '==AA', 'A==A', 'AAA=A', '====', 'AA=AA'), 'equals-line', "$one\n=\n$two$three", 'dashes', "$one\n--\n$two$three", 'header-behind', "X: y\n\n$b", 'spaces', join(' ', split //, $b), 'twice', b64($b)),
		at_places('qp', "{begin}$q1\{middle}=\{soft}\n$q2\{end}", $quoted),
		listed('qp', $quoted, 'lower', lc $q, 'each-line', $q =~ s/(.{3})/$1=\n/gr, 'spaces-behind', "$q1=   \n$q2", 'cr', "$q1=\r$q2", 'tab-behind', "$q1=\t\n$q2", 'double', $q =~ s/=/=3D/gr, 'long-line', $q, 'cut-pairs', $q =~ s/=(.)(.)/=$1=\n$2/gr, 'of-base64', $b =~ s/=/=3D/gr, 'escaped-break', "$q1=3D\n$q2", 'escaped-break-crlf', "$q1=3D\r\n$q2"),
		listed('text', $plain, 'uu', "begin 644 a.txt\n$uu`\nend", 'uu-no-end', "begin 644 a.txt\n$uu", 'uu-no-begin', $uu, 'uu-quoted', "> begin 644 a.txt\n" . $uu =~ s/^/> /gmr . "> end", 'uu-pre', "<pre>begin 644 a.txt\n$uu`\nend</pre>", 'uu-pre-upper', "hello\n<PRE>begin 644 a.txt\n$uu`\nend\n</PRE>",
			'binhex', "(This file must be converted with BinHex 4.0)\n" . $hqx, 'binhex-no-banner', $hqx, 'binhex-behind-text', "hello\n\n$hqx",
			'base64-behind-text', "hello\n\n" . b64(marker()) . "\nbye\n", 'base64-long', b64(marker() x 5), 'base64-one-line', b64(marker() x 5, 4000),
			'uu-upper', "BEGIN 644 a.txt\n$uu`\nEND", 'uu-spaces', " begin 644 a.txt\n" . $uu =~ s/^/ /gmr . " end", 'uu-no-mode', "begin a.txt\n$uu`\nend", 'uu-tab', "begin\t644\ta.txt\n$uu`\nend", 'uu-base64', "begin-base64 644 a.txt\n$b\n====",
			'uu-base64-encoded', "begin-base64-encoded 644 YS50eHQ=\n$b\n====", 'base64', "$b\n", 'base64-lines', b64(marker()), 'data-uri', "data:application/octet-stream;base64,$b", 'yenc', "=ybegin line=128 size=68 name=a.txt\n" . join('', map { my $c = (ord($_) + 42) & 255; chr $c } split //, marker()) . "\n=yend size=68"),
	);
}

# -- by chance ----------------------------------------------------------------------

# A generator of its own: Perl's rand need not be the same everywhere.
my $state;
sub chance {
	my ($n) = @_;
	$state = ($state * 1103515245 + 12345) & 0x7fffffff;
	return ($state >> 8) % $n;
}

# One or two changes outside of what hides.
sub mutate {
	my ($bytes) = @_;
	for (0 .. chance(2)) {
		my $end = length($bytes) - 40;
		my $at = length($HEAD) - 20 + chance($end - length($HEAD) + 20);
		my $kind = chance(6);
		my $odd = $ODD[chance(scalar @ODD)][1];
		if ($kind < 3) { substr $bytes, $at, 0, $odd }
		elsif ($kind == 3) { substr $bytes, $at, 1, $odd }
		elsif ($kind == 4) { substr $bytes, $at, 1, '' }
		else {
			my @lines = split /^/, $bytes;
			my ($from, $to) = map { 5 + chance(@lines - 5) } 1, 2;
			my $line = $lines[$from];
			splice @lines, $from, 1 if chance(2);
			splice @lines, $to, 0, $line;
			$bytes = join '', @lines;
		}
	}
	return $bytes;
}

sub reader_mail {
	my ($n, $seed) = @_;
	my @all = (names(), structure(), encodings());
	return @all if $n eq 'all';
	$state = $seed & 0x7fffffff;
	my @some = grep { chance(8) == 0 } @all;
	my @list = grep { $_->{construct} =~ tr{/}{} == 1 } @all;
	for my $i (1 .. $n) {
		my $base = $list[chance(scalar @list)];
		my $bytes = mutate($base->{bytes});
		$bytes =~ s/(?<!\r)\n/\r\n/g if chance(4) == 0;
		push @some, { construct => "mutated/$base->{construct}", bytes => $bytes };
	}
	return @some;
}

# What everybody reads: a file in an attachment, and one in the text.
sub reader_control {
	my $text = "--BOUND\nContent-Type: text/plain\n\nbegin 644 evil.exe\n" . pack('u', marker()) . "`\nend\n";
	return two_parts($MIXED, "Content-Type: application/octet-stream; name=evil.exe\nContent-Disposition: attachment; filename=evil.exe\n"
	    . "Content-Transfer-Encoding: base64\n\n" . b64(marker()), first => $text);
}

# -- ordinary -----------------------------------------------------------------------

# Each as the programs that it is named after write it; nothing in it is to be changed.
sub reader_ordinary {
	my $pdf = "%PDF-1.4\n" . MailMaker::noise(2000, 3);
	my $png = "\x89PNG\r\n\x1a\n" . MailMaker::noise(900, 4);
	my $text = "Hello,\n\nthe figures are attached.\n\n-- \nAlice\n";
	my $qp_text = "Gr=C3=BC=C3=9Fe aus M=C3=BCnchen, ein Satz, der l=C3=A4nger ist als eine Zeile =\nund weitergeht.\n=20\n--=20\nAlice\n";
	my $html = "<html><body><p>The figures are <b>attached</b>.</p></body></html>\n";
	my $head = "From: Alice <a\@example.org>\nTo: Bob <b\@example.net>\nSubject: figures\nDate: Thu, 1 Jan 2026 00:00:00 +0000\n";
	my $plain = "Content-Type: text/plain; charset=utf-8\n\n$text";
	my $many = sub { my ($type, $b, @parts) = @_; return "$head" . "MIME-Version: 1.0\nContent-Type: $type; boundary=\"$b\"\n\n" . join('', map { "--$b\n$_\n" } @parts) . "--$b--\n" };
	my $inner = $many->('multipart/mixed', 'inner', $plain, "Content-Type: application/pdf; name=\"a.pdf\"\nContent-Transfer-Encoding: base64\n\n" . b64($pdf));
	my @list = (
		'plain-no-mime', "$head\n$text",
		'php-mail', "$head" . "MIME-Version: 1.0\nContent-type: text/html; charset=iso-8859-1\nX-Mailer: PHP/8.2\n\n$html",
		'thunderbird-attachment', "$head" . "User-Agent: Mozilla Thunderbird\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"------------0GhX1kq9m3Zs\"\nContent-Language: en-US\n\nThis is a multi-part message in MIME format.\n"
		    . "--------------0GhX1kq9m3Zs\nContent-Type: text/plain; charset=UTF-8; format=flowed; delsp=yes\nContent-Transfer-Encoding: 8bit\n\n$text\n--------------0GhX1kq9m3Zs\n"
		    . "Content-Type: application/pdf; name=\"figures 2026.pdf\"\nContent-Disposition: attachment; filename=\"figures 2026.pdf\"\nContent-Transfer-Encoding: base64\n\n" . b64($pdf) . "\n--------------0GhX1kq9m3Zs--\n",
		'apple-mail', $many->('multipart/alternative', 'Apple-Mail=_0A1B2C3D-1', "Content-Transfer-Encoding: quoted-printable\nContent-Type: text/plain;\n\tcharset=utf-8\n\n$qp_text",
		    "Content-Type: multipart/related;\n\ttype=\"text/html\";\n\tboundary=\"Apple-Mail=_0A1B2C3D-2\"\n\n--Apple-Mail=_0A1B2C3D-2\nContent-Transfer-Encoding: 7bit\nContent-Type: text/html;\n\tcharset=us-ascii\n\n$html\n"
		    . "--Apple-Mail=_0A1B2C3D-2\nContent-Transfer-Encoding: base64\nContent-Disposition: inline;\n\tfilename*=utf-8''B%C3%BCro.png\nContent-Type: image/png;\n\tx-unix-mode=0644;\n\tname=\"=?utf-8?Q?B=C3=BCro=2Epng?=\"\nContent-Id: <x\@example.org>\n\n"
		    . b64($png) . "\n--Apple-Mail=_0A1B2C3D-2--\n"),
		'gmail', $many->('multipart/mixed', '000000000000a1b2c3', "Content-Type: multipart/alternative; boundary=\"000000000000a1b2c2\"\n\n--000000000000a1b2c2\nContent-Type: text/plain; charset=\"UTF-8\"\n\n$text\n--000000000000a1b2c2\nContent-Type: text/html; charset=\"UTF-8\"\nContent-Transfer-Encoding: quoted-printable\n\n"
		    . $html =~ s/=/=3D/gr . "\n--000000000000a1b2c2--", "Content-Type: application/pdf; name=\"a.pdf\"\nContent-Disposition: attachment; filename=\"a.pdf\"\nContent-Transfer-Encoding: base64\nContent-ID: <f_k1>\nX-Attachment-Id: f_k1\n\n" . b64($pdf)),
		'outlook', "$head" . "X-Mailer: Microsoft Outlook 16.0\nMIME-Version: 1.0\nContent-Type: multipart/mixed;\n\tboundary=\"----=_NextPart_000_0001_01DA.ABCDEF01\"\nContent-Language: de\n\nThis is a multipart message in MIME format.\n\n------=_NextPart_000_0001_01DA.ABCDEF01\nContent-Type: text/plain;\n\tcharset=\"iso-8859-1\"\nContent-Transfer-Encoding: quoted-printable\n\n"
		    . "Gr=FC=DFe\n\n------=_NextPart_000_0001_01DA.ABCDEF01\nContent-Type: application/pdf;\n\tname=\"=?iso-8859-1?Q?B=FCro.pdf?=\"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment;\n\tfilename=\"=?iso-8859-1?Q?B=FCro.pdf?=\"\n\n" . b64($pdf) . "\n------=_NextPart_000_0001_01DA.ABCDEF01--\n",
		'2231-pieces', $many->('multipart/mixed', 'b1_x', $plain, "Content-Type: application/pdf\nContent-Disposition: attachment;\n filename*0*=utf-8''ein%20langer%20Name%20f%C3%BCr%20;\n filename*1*=eine%20Datei.pdf; size=2009\nContent-Transfer-Encoding: base64\n\n" . b64($pdf)),
		'unquoted-name', $many->('multipart/mixed', '_b_', $plain, "Content-Type: image/png; name=photo.png\nContent-Disposition: inline; filename=photo.png\nContent-Transfer-Encoding: base64\n\n" . b64($png)),
		'cid-named', $many->('multipart/related', 'rel', "Content-Type: text/html\n\n$html", "Content-Type: image/png\nContent-ID: <image001.png\@01DA.ABCD>\nContent-Location: image001.png\nContent-Transfer-Encoding: base64\n\n" . b64($png)),
		'forwarded', $many->('multipart/mixed', 'fwd', $plain, "Content-Type: message/rfc822; name=\"figures.eml\"\nContent-Disposition: attachment; filename=\"figures.eml\"\n\n$inner"),
		'digest', $many->('multipart/digest', 'dig', "\n$head\n$text", "\n$inner"),
		'bounce', $many->('multipart/report; report-type=delivery-status', 'B98C0A728F8.1/mx.example.org', "Content-Description: Notification\nContent-Type: text/plain; charset=us-ascii\n\nThis is the mail system at host mx.example.org.\n\nI'm sorry.\n\n<b\@example.net>: unknown user\n",
		    "Content-Description: Delivery report\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\nArrival-Date: Thu, 1 Jan 2026 00:00:00 +0000\n\nFinal-Recipient: rfc822; b\@example.net\nAction: failed\nStatus: 5.1.1\n", "Content-Description: Undelivered Message\nContent-Type: message/rfc822\n\n$inner"),
		'bounce-headers', $many->('multipart/report; report-type=delivery-status', 'rep', $plain, "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; b\@example.net\nAction: failed\nStatus: 5.1.1\n", "Content-Type: text/rfc822-headers\n\n$head" . "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=xyz\n"),
		'bounce-in-text', "$head\nThe message below could not be delivered.\n\n--- Below this line is a copy of the message.\n\n" . $inner,
		'list-footer', "$head" . "MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n\n$text\n_______________________________________________\nA list\nhttps://lists.example.org/a\n",
		'list-footer-part', $many->('multipart/mixed', '===============1234567890==', $plain, "Content-Type: text/plain; charset=\"us-ascii\"\nMIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\nContent-Disposition: inline\n\n_______________________________________________\nA list\n"),
		'patch', "$head" . "X-Mailer: git-send-email 2.39\n\nA change.\n\nSigned-off-by: Alice <a\@example.org>\n---\n a.c | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n\@\@ -1 +1 \@\@\n-begin 1;\n+begin 2;\n-- \n2.39.5\n",
		'pgp-inline', "$head\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n$text\n-----BEGIN PGP SIGNATURE-----\n\n" . b64(MailMaker::noise(90, 5), 64) . "=AbCd\n-----END PGP SIGNATURE-----\n",
		'pgp-mime', $many->('multipart/signed; micalg=pgp-sha256; protocol="application/pgp-signature"', 'sig', $plain, "Content-Type: application/pgp-signature; name=\"signature.asc\"\nContent-Description: OpenPGP digital signature\n\n-----BEGIN PGP SIGNATURE-----\n\n" . b64(MailMaker::noise(90, 6), 64) . "=AbCd\n-----END PGP SIGNATURE-----\n"),
		'invitation', $many->('multipart/alternative', 'cal', $plain, "Content-Type: text/calendar; charset=\"UTF-8\"; method=REQUEST\nContent-Transfer-Encoding: 7bit\n\nBEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\@example.org\nSUMMARY:figures\nEND:VEVENT\nEND:VCALENDAR\n"),
		'iso-2022-jp', $many->('multipart/mixed', 'jp', "Content-Type: text/plain; charset=ISO-2022-JP\nContent-Transfer-Encoding: 7bit\n\n\e\$B\$3\$s\e(B\n", "Content-Type: application/pdf; name=\"=?ISO-2022-JP?B?GyRCO3FOQRsoQi5wZGY=?=\"\nContent-Disposition: attachment; filename=\"=?ISO-2022-JP?B?GyRCO3FOQRsoQi5wZGY=?=\"\nContent-Transfer-Encoding: base64\n\n" . b64($pdf)),
		'utf8-name', $many->('multipart/mixed', 'u8', $plain, "Content-Type: application/pdf; name=\"B\xc3\xbcro.pdf\"\nContent-Disposition: attachment; filename=\"B\xc3\xbcro.pdf\"\nContent-Transfer-Encoding: base64\n\n" . b64($pdf)),
		'comment-in-type', "$head" . "MIME-Version: 1.0 (Apple Message framework v1084)\nContent-Type: text/plain; charset=us-ascii (plain text)\n\n$text",
		'quoted-mail', "$head\n> From: Ben\n> Content-Type: text/plain\n>\n> --BOUND\n> begin with this\n\nyes\n",
		'header-as-text', "$head\nPut this into the header:\n\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\nand it works.\n",
		'boundary-quoted-in-reply', $many->('multipart/mixed', 'aXb9', "Content-Type: text/plain\n\nSee your --aXb and > --aXb7 lines.\n", "Content-Type: text/plain\n\nmore\n"),
		'uppercase', "FROM: a\@example.org\nSUBJECT: x\nDATE: Thu, 1 Jan 2026 00:00:00 +0000\nMIME-VERSION: 1.0\nCONTENT-TYPE: TEXT/PLAIN; CHARSET=US-ASCII\nCONTENT-TRANSFER-ENCODING: 7BIT\n\n$text",
		'no-date', "From: a\@example.org\n\n$text",
		'empty-body', $head,
		'sms-gateway', "$head" . "Mime-Version: 1.0\nContent-Type: multipart/mixed;boundary=\"b\"\n\n--b\nContent-Type:text/plain;charset=utf-8\nContent-Transfer-Encoding:8bit\n\nGr\xc3\xbc\xc3\x9fe\n--b\nContent-Type:image/png;name=\"IMG_0001.png\"\nContent-Transfer-Encoding:base64\nContent-Disposition:attachment;filename=\"IMG_0001.png\"\n\n" . b64($png) . "--b--\n",
	);
	my @made;
	while (my ($name, $bytes) = splice @list, 0, 2) {
		push @made, { construct => "ordinary/$name", bytes => $bytes }, { construct => "ordinary/$name-crlf", bytes => $bytes =~ s/\n/\r\n/gr };
	}
	return @made;
}

1;
