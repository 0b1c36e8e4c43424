#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What some real program gets out of a message that reads otherwise by the letter:
# a name that is no parameter to us, a part where no boundary is, a header in a
# text. Each kind at each odd byte that it was seen with, and at its neighbours.
# Nothing is left in the result of what was hidden; ordinary names stay.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;

my $conf = conf_file(by_engine(), quarantine => 'off', notice => 'removed');
my $text = part('Content-Type: text/plain', "hello\n");
my $octets = "Content-Type: application/octet-stream\n";

sub filter { return spawnscan(conf => $conf, in => $_[0], timeout => 60) }
sub result_of { return (header_of($_[0], 'X-Spawnscan-Result'))[0] // '' }

# The name is found, and no program finds it any more, whatever it makes of the rest.
sub is_found {
	my ($name, $mail, $rest) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	for my $crlf (0, 1) {
		my $in = $crlf ? crlf($mail) : $mail;
		my $r = filter($in);
		like(result_of($r->{out}), qr/\bblocked action=(?:defang|remove)/, $name . ($crlf ? ', CRLF' : ''))
		    or diag($in =~ s/[^\n -~]/sprintf '\\x%02x', ord $&/ger);
		my ($out) = split_marks($r->{out});
		$out //= $r->{out};
		$out =~ s/^X-Spawnscan-Result:.*\n(?:[ \t].*\n)*//m;
		(my $bare = $out) =~ s/[^a-z.]//gi;
		unlike($bare =~ s/evil\.exe\.?(?:defanged|removed)//gir, qr/evil\.?exe/i, "$name: and gone") or diag($out);
		like(result_of(filter($out)->{out}), qr/\Aclean/, "$name: clean when it is read again") or diag($out);
	}
}

sub with_header { return mail(parts => [$text, part($octets . $_[0], "harmless\n")]) }

# -- names ------------------------------------------------------------------------

my %odd = (VT => "\x0b", FF => "\x0c", NUL => "\0", SOH => "\1", ESC => "\e", DEL => "\x7f",
	NBSP => "\xc2\xa0", 'NBSP in Latin-1' => "\xa0", NEL => "\xc2\x85", BOM => "\xef\xbb\xbf");
for my $byte (sort keys %odd) {
	my $c = $odd{$byte};
	is_found("$byte in front of a parameter's name", with_header("Content-Disposition: attachment; ${c}filename=\"evil.exe\""));
	is_found("$byte behind a parameter's name", with_header("Content-Disposition: attachment; filename${c}=\"evil.exe\""));
	is_found("$byte in front of a value", with_header("Content-Disposition: attachment; filename=${c}\"evil.exe\""));
	is_found("$byte in front of the colon", with_header("Content-Disposition${c}: attachment; filename=\"evil.exe\""));
	is_found("$byte in front of a field", with_header("${c}Content-Disposition: attachment; filename=\"evil.exe\""));
}
for my $c (',', '=', '?', '/', '"', '(', '<', "\x02", "\xc3") {
	my $byte = sprintf '%02x', ord $c;
	is_found("a token that goes on behind $byte", with_header("Content-Disposition: attachment; filename=evil.exe${c}.txt"));
	is_found("a name that ends with $byte", with_header("Content-Disposition: attachment; filename=\"evil.exe${c}\"")) unless $c eq '"';
}
for my $c ('@', '\\', '[', ']', '&', '!') {
	is_found("a token that goes on behind $c", with_header("Content-Disposition: attachment; filename=evil.exe${c}x"));
	is_found("a token that goes on behind $c, in the type", with_header("Content-Type: application/x-thing; name=evil.exe${c}x=y"));
}
# There is no Content-Type: the one that a rename puts in front is no field for them to go on with.
is_found("a line '$_' in front of the fields", mail(parts => [$text, part("$_; filename=evil.exe\nContent-Disposition: attachment; filename=evil.exe", "harmless\n")]))
    for 'a=b: attachment', 'Con====-Disposi.zip : attachment', 'attachment';
is_found("a line '$_' in front of the fields, without a name in it", mail(parts => [$text, part("$_\nContent-Disposition: attachment; filename=evil.exe", "harmless\n")]))
    for 'a=b: c.exe', 'Cont=?utf-16?B?ent-Type: x.exe', 'c.exe';
is_found('a line that begins with its colon', mail(parts => [$text, part("Content-Type: x/y; name=evil.exe\na=b\n: c; filename=evil.exe", "harmless\n")]));
# A folded line in front of all that is struck does not keep the new Content-Type behind the rest.
for my $eol ("\n", "\r\n") {
	my $in = "junk\n : name=evil.exe\nContent-Disposition: attachment; filename=evil.exe\n\nharmless\n" =~ s/\n/$eol/gr;
	like(filter($in)->{out}, qr/^Content-Type: application\/octet-stream; name="evil\.exe\.defanged";\r?\nContent-Disposition: /m, 'a folded line in front of all fields');
}
is_found('a name to some, beside one to others', with_header("Content-Disposition: attachment;#filename*1*=evil%2Eexe; filename*binary0*=utf-8'en'x"));
is_found('a field that is folded in front of its colon', mail(parts => [$text, part("Content-Type: x/y; name=evil.exe\nSome thing;\n\tn: b; filename=evil.exe", "harmless\n")]));
is_found('a line without a name behind a field that is struck', mail(parts => [$text, part("Content-Type\xe9: x/z; name=evil.exe\nSome=c.scr", "harmless\n")]));
my %headers = (
	'no type' => 'Content-Disposition: filename=evil.exe',
	'an empty type' => 'Content-Disposition: ; filename="evil.exe"',
	'a comma for a semicolon' => 'Content-Disposition: attachment,filename="evil.exe"',
	'no semicolon' => 'Content-Disposition: attachment; x=y filename="evil.exe"',
	'two strings' => 'Content-Disposition: attachment; filename="evil"".exe"',
	'two strings apart' => 'Content-Disposition: attachment; filename="evil" ".exe"',
	'a string and a token' => 'Content-Disposition: attachment; filename="evil".exe',
	'angle brackets' => 'Content-Disposition: attachment; filename=<evil.exe>',
	'a semicolon in quotes' => 'Content-Disposition: attachment; filename="evil.exe;.txt"',
	'a parameter in quotes' => 'Content-Disposition: attachment; x="a; filename=evil.exe; y=b"; filename=letter.txt',
	'not folded' => "Content-Disposition: attachment;\nfilename=\"evil.exe\"",
	'not folded, in the type' => "Content-Type: application/x-thing;\nname=evil.exe",
	'a CR in a name' => "Content-Disposition: attachment; filename=\"evil.exe\r.txt\"",
	'a comment in front of the colon' => 'Content-Disposition(c): attachment; filename="evil.exe"',
	'a backslash in front of the colon' => 'Content-Disposition\: attachment; filename="evil.exe"',
	'two fields, one without a type' => "Content-Disposition: attachment; filename=good.txt\nContent-Disposition: filename=evil.exe",
	'a byte behind the star' => "Content-Disposition: attachment; filename*\xe4=utf-8''evil%2eexe",
	'an encoded word that begins' => 'Content-Disposition: attachment; filename="evil.exe=?.txt"',
	'an encoded word without an end' => 'Content-Disposition: attachment; filename="=?utf-8?q?evil=2Eexe?"',
	'what no file name has, in the extension' => 'Content-Disposition: attachment; filename=evil.ex@e',
	'what no file name has, in the extension, quoted' => 'Content-Disposition: attachment; filename="evil.e[x]#e"',
	'a > in front of a field' => '>Content-Disposition: attachment; filename="evil.exe"',
	'two > in front of a field' => '>>Content-Disposition:attachment; filename=evil.exe',
	'a > in front of a type' => '>Content-Type:application/x-thing; name="evil.exe"',
	'a > and a blank in front of a field' => '> Content-Disposition: attachment; filename="evil.exe"',
	'a dash in front of a field' => '-Content-Disposition: attachment; filename="evil.exe"',
	'a ( that is escaped in front of the colon' => 'Content-Disposition\(: attachment; filename="evil.exe"',
	'tokens apart' => 'Content-Disposition: attachment; filename=evil. exe',
	'tokens apart, then something else' => 'Content-Disposition: attachment; filename=ev il.e xe, x',
	'an empty string, then a token' => 'Content-Disposition: attachment; filename="" evil.exe',
	'a string and a token apart' => 'Content-Disposition: attachment; filename="evil." exe',
	'a comment between strings' => 'Content-Disposition: attachment; filename="ev" (c) "il.exe"',
	'a comment in a token' => 'Content-Disposition: attachment; filename=evil.e(c)xe',
	'strings apart in the type' => 'Content-Type: application/x-thing; name="evil" (x) ".e" xe',
	'many ends in front of it' => 'Content-Disposition: attachment; filename=' . ',' x 20 . 'evil.exe=x',
	'a NUL in an encoded word' => 'Content-Disposition: attachment; filename="=?utf-8?q?evil=2Eexe=00=2Etxt?="',
	'a NUL in an encoded word, in base64' => 'Content-Disposition: attachment; filename="=?utf-8?b?' . b64("evil.exe\0.txt") =~ s/\n//r . '?="',
	'a slash at the end that is escaped' => "Content-Disposition: attachment; filename*=utf-8''evil%2Eexe%2F",
	'slashes at the end of an encoded word' => 'Content-Disposition: attachment; filename="=?utf-8?q?evil=2Eexe=2F/?="',
	'a line that begins with a CR' => "Content-Disposition: attachment;\n\r filename=evil.exe",
	'a line that begins with a CR, in the type' => "Content-Type: application/x-thing;\n\r\tname=\"evil.exe\"",
	'a NUL within the name of a field' => "Content-Dis\0position: attachment; filename=\"evil.exe\"",
	'NULs within the name of a type' => "Con\0tent-T\0\0ype: application/x-thing; name=\"evil.exe\"",
	'a NUL within the name of a parameter' => "Content-Disposition: attachment; fil\0ename=evil.exe",
	'a NUL within a name in the type' => "Content-Type: application/x-thing; n\0ame=evil.exe",
	'a word in front of filename' => 'Content-Disposition: attachment; xfilename=evil.exe',
	'x-filename' => 'Content-Disposition: attachment; x-filename="evil.exe"',
	'a disposition that goes on with filename' => 'Content-Disposition: attachmentfilename=evil.exe',
	'file-name' => 'Content-Type: application/x-thing; file-name="evil.exe"',
	'quotes without =' => 'Content-Disposition: attachment; filename "evil.exe"',
	'not folded, and a colon behind' => "Content-Disposition: attachment;\nfilename=\"evil.exe\"; x=\"a:b\"",
	'not folded, and a colon with no blank' => "Content-Disposition: attachment;\nfilename=\"evil.exe\";x=\"a:b\"",
	'a folded name' => "Content-Disposition: attachment; filename=\"evil.e\n xe\"",
);
# Of a line that has no colon some make the end of the field above it.
for my $line ('x.scr', 'x=y.scr', '; x=y.scr', '"x.scr', "\xff.scr") {
	$headers{"a line without a name: $line"} = "Content-Disposition: attachment; filename=\"evil.exe\"\n$line";
	$headers{"a line without a name behind a name in UTF-8: $line"} = "Content-Disposition: attachment; filename=\"\xc3\xa9evil.exe\"\n$line";
	$headers{"a line without a name in front of all: $line"} = "$line\nContent-Disposition: attachment; filename=\"\xc3\xa9evil.exe\"";
	$headers{"a line without a name behind the type: $line"} = "Content-Type: application/x-thing; name=\"\xc3\xa9evil.exe\"\n$line\nContent-Description: x";
}
is_found($_, with_header($headers{$_})) for sort keys %headers;

# In one-shot mode a CR alone gets in.
for my $field ('Content-Disposition: attachment; filename="evil.exe"', 'Content-Type: application/x-thing; name=evil.exe') {
	my $r = filter(with_header("X-Y: z\r$field"));
	like(result_of($r->{out}), qr/blocked action=defang/, 'a field behind a CR');
	unlike($r->{out} =~ s/^X-Spawnscan-Result:.*\n(?:[ \t].*\n)*//mr, qr/[\r\n]Content-[DT].*evil\.exe(?!\.(?:defanged|removed))/, 'is none any more');
}

# Of a name that is none some programs make one of the type.
for my $type ('application/exe', 'application/hta', 'application/x-vbs') {
	like(result_of(filter(mail(parts => [$text, part("Content-Type: $type\nContent-Disposition: attachment", "harmless\n")]))->{out}),
	    qr/blocked action=defang part=2/, "$type without a name");
}
like(result_of(filter(mail(head => '', parts => [$text, part("Content-Type: application/x-thing; name=good.txt\nContent-Transfer-Encoding: x-uuencode",
    "begin 0644 evil.exe\n" . pack('u', "harmless\n") . "`\nend\n")]))->{out}), qr/blocked .*file="evil\.exe"/s, 'the name of a uuencoded part');
like(result_of(filter(mail(body => "begin 644 evil.exe\0.txt\n" . pack('u', "harmless\n") . "`\nend\n"))->{out}),
    qr/blocked action=remove.*file="evil\.exe"/s, 'a NUL in the name of a uuencoded file');


# Some look for uuencoded files in all that stands in a message, whatever it is called.
for my $type ('application/x-thing', 'multipart-/mixed', 'application/octet-stream; name=letter.dat') {
	my $uu = "hello\n\nbegin 644 evil.exe\n" . pack('u', "harmless\n") . "`\nend\n";
	for my $mail ("Subject: x\nMIME-Version: 1.0\nContent-Type: $type\n\n$uu", mail(parts => [$text, part("Content-Type: $type", $uu)])) {
		my $r = filter($mail);
		like(result_of($r->{out}), qr/blocked action=remove.*file="evil\.exe"/s, "a uuencoded file in $type");
		unlike($r->{out}, qr/^begin/m, 'is gone');
	}
	like(result_of(filter(mail(parts => [$text, part("Content-Type: $type\nContent-Transfer-Encoding: base64", b64($uu))]))->{out}),
	    qr/blocked action=defang/s, 'in base64 it is renamed');
}

# To some a soft line break ends a line in its middle.
for my $blank (' x ', "\tx", ' =41') {
	my $payload = join "=$blank\n", map { s/(.)/sprintf '=%02X', ord $1/ger } marker() =~ /(.{1,20})/g;
	like(result_of(filter(mail(parts => [$text, part("Content-Type: application/octet-stream; name=letter.txt\nContent-Transfer-Encoding: quoted-printable", $payload)]))->{out}),
	    qr/infected/, 'a line that goes on behind its soft break');
}

# To some a line that ends in blanks has no end.
for my $break ("=\n \n=\n", "=\n \n \n", "= \n\t \n", " \n", " \n=\n", "\x0b=\n", "\1=\n", "\b") {
	for my $crlf (0, 1) {
		my ($one, $two) = map { s/(.)/sprintf '=%02X', ord $1/ger } marker() =~ /(.{20})(.*)/;
		my $mail = mail(parts => [$text, part("Content-Type: application/octet-stream; name=letter.txt\nContent-Transfer-Encoding: quoted-printable", "$one$break$two\n")]);
		like(result_of(filter($crlf ? crlf($mail) : $mail)->{out}), qr/infected/, 'a line in quoted-printable that ends in blanks or has a control: ' . ($break =~ s/(\s)/sprintf '\\x%02x', ord $1/ger));
	}
}

# Harmless ones stay as they are.
for my $name ('"a (1).pdf"', '"www.example.com - page.pdf"', '"Mr. X, notes.pdf"', '"5/6.pdf"', 'a.pdf', "\"caf\xc3\xa9.com.pdf\"", '"what is this?.pdf"') {
	my $in = with_header("Content-Disposition: attachment; filename=$name");
	like(result_of(filter($in)->{out}), qr/\Aclean/, "$name is a name like any other");
}
for my $field ('Content-Disposition: attachment; filename=icon@2x.png', 'Content-Disposition: attachment; filename="Node.js & more.pdf"',
    'Content-Disposition: attachment; hostname=example.com; x-unix-name=a.com', 'Content-Disposition: attachment; x-filename=a.pdf; filename=a.pdf') {
	my $r = filter(with_header($field));
	like(result_of($r->{out}), qr/\Aclean/, "$field is harmless");
}

{
	my $in = mail(parts => [$text, part("Content-Type\x0b: message/rfc822\nContent-Transfer-Encoding: base64", b64("Subject: x\nContent-Type: text/plain; name=letter.txt\n\nharmless\n"))]);
	like(result_of(filter($in)->{out}), qr/\Aclean/, 'an encoded message in which all is harmless');
}
{
	my $in = mail(parts => [$text, part("Content-Type\x0b: message/rfc822\nContent-Transfer-Encoding: base64", b64("From: a\@example.org\nContent-Disposition: attachment; filename=evil.exe\n\nharmless\n"))]);
	like(result_of(filter($in)->{out}), qr/blocked action=defang/, 'an encoded message that has a disposition only');
}

# -- a container that is defanged ----------------------------------------------------

for my $second ('boundary=Y', 'boundary="Y"', 'boundary*0=Y', "boundary*=utf-8''Y") {
	my $r = filter("Content-Type: multipart/mixed; boundary=X; $second\n\n--X\nContent-Type: text/plain\n\nhello\n--X--\n"
	    . "--Y\nContent-Type: application/octet-stream; name=evil.exe\n\nharmless\n--Y--\n");
	like(result_of($r->{out}), qr/blocked/, "a second $second");
	my ($head) = split_mail($r->{out});
	unlike($head, qr/boundary/i, 'nothing is left that could cut it') if $head =~ /octet-stream/;
}

# -- parts where none is declared -----------------------------------------------------

my $hidden = "Content-Type: application/octet-stream; name=letter.txt\nContent-Transfer-Encoding: base64\n\n" . b64(marker());
my $named = "Content-Type: application/octet-stream; name=evil.exe\n\nharmless\n";
my $mixed = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=BOUND\n\n";
my %structures = (
	'a boundary in the middle of a line' => sub { "$mixed--BOUND\nContent-Type: text/plain\n\nhello--BOUND\n$_[0]--BOUND--\n" },
	'a boundary behind a quote sign' => sub { "$mixed--BOUND\nContent-Type: text/plain\n\nhello\n> --BOUND\n$_[0]--BOUND--\n" },
	'a boundary behind a VT' => sub { "$mixed--BOUND\nContent-Type: text/plain\n\nhello\n\x0b--BOUND\n$_[0]--BOUND--\n" },
	'a message that begins with an empty line' => sub { "$mixed--BOUND\nContent-Type: message/rfc822\n\n\n$_[0]--BOUND--\n" },
	'a message that begins with two empty lines' => sub { "$mixed--BOUND\nContent-Type: message/rfc822\n\n\n\n$_[0]--BOUND--\n" },
	'a message that begins with an empty line, then fields' => sub { "$mixed--BOUND\nContent-Type: message/rfc822\n\n\nSubject: x\n$_[0]--BOUND--\n" },
	(map { my ($what, $field) = @$_;
		("an encoded message, $what" => sub { "$mixed--BOUND\n$field message/rfc822\nContent-Transfer-Encoding: base64\n\n" . b64("Subject: x\n$_[0]") . "\n--BOUND--\n" }) }
	    ['a VT in its field', "Content-Type\x0b:"], ['a comma in its field', 'Content-Type,:'], ['a word in front of its field', 'xContent-Type:']),
	'MIME in a text' => sub { "Subject: x\n\n--BOUND\n$_[0]--BOUND--\n" },
	'MIME in a text behind a text' => sub { "Subject: x\n\nhello\n\n--BOUND\n$_[0]--BOUND--\n" },
	'a header in a text' => sub { "Subject: x\n\nhello\n\n$_[0]" },
	'a header among other fields in a text' => sub { "Subject: x\n\nhello\n\nReceived: from x\nSubject: y\n$_[0]" },
	'a header in a part' => sub { mail(parts => [$text, part('Content-Type: text/plain', "hello\n\n$_[0]")]) },
	'a comment in front of the colon of a type' => sub { "Content-Type(c): multipart/mixed; boundary=BOUND\n\n--BOUND\n$_[0]--BOUND--\n" },
	'a stray ) in front of the colon of a type' => sub { "Content-Type): multipart/mixed; boundary=BOUND\n\n--BOUND\n$_[0]--BOUND--\n" },
	'a backslash in front of the colon of a type' => sub { "$mixed--BOUND\nContent-Type\\: multipart/mixed; boundary=IN\n\n--IN\n$_[0]--IN--\n--BOUND--\n" },
);
# So is a message that only some see, in any encoding.
my %encoded = (
	base64 => \&b64,
	'x-uuencode' => sub { "begin 644 a\n" . pack('u', $_[0]) . "`\nend\n" },
	'quoted-printable' => sub { $_[0] =~ s/([=:;.\/])/sprintf '=%02X', ord $1/ger },
);
my %begins = ('a subject' => "Subject: x\n", 'no blank behind its colon' => "Subject:x\n", 'an empty line' => "\n");
for my $encoding (sort keys %encoded) {
	for my $begins (sort keys %begins) {
		my $part = sub { "Content-Transfer-Encoding: $encoding\n\n" . $encoded{$encoding}->("$begins{$begins}$_[0]") . "\n--BOUND--\n" };
		$structures{"a message in $encoding with a VT in its field, that begins with $begins"} = sub { "$mixed--BOUND\nContent-Type\x0b: message/rfc822\n" . $part->($_[0]) };
		$structures{"a message in $encoding in a multipart with a VT, that begins with $begins"} = sub { ($mixed =~ s/ boundary/\x0bboundary/r) . "--BOUND\nContent-Type: message/rfc822\n" . $part->($_[0]) };
	}
}
for my $name (sort keys %structures) {
	for my $crlf (0, 1) {
		my $mail = $structures{$name}->($hidden);
		my $r = filter($crlf ? crlf($mail) : $mail);
		like(result_of($r->{out}), qr/infected action=remove/, "$name: the marker is found" . ($crlf ? ', CRLF' : ''));
		unlike($r->{out}, qr/\Q${\substr(b64(marker()), 0, 40)}\E/, "$name: and gone");
	}
	my $r = filter($structures{$name}->($named));
	like(result_of($r->{out}), qr/blocked action=(?:remove|defang)/, "$name: the name is found");
	unlike($r->{out} =~ s/^X-Spawnscan-Result:.*\n(?:[ \t].*\n)*//mr, qr/name="?evil\.exe(?!\.(?:defanged|removed))/, "$name: and gone") or diag($r->{out});
}
done_testing;
