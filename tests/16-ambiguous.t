#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What readers may take for different things: one plain form is left of it, or
# a notice, and no result is ambiguous or infected when it is read again. And an
# infection in a header is struck out there.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use MIME::Base64 ();

my $SIG = 'Harmless-Test-Marker';
my $conf = conf_file(by_engine(), quarantine => 'off', notice => 'removed: {file}');

# Archives of harmless texts; the bytes of both begin like an attachment.
my $zip = zip_of(['a.txt' => 'harmless ' x 20]);
my $other = zip_of(['b.txt' => noise(400)]);
my $text = part('Content-Type: text/plain; charset=us-ascii', "A text before it.\n");
my $behind = attachment('harmless.pdf', noise(1000, 7), type => 'application/pdf');

sub filter { return spawnscan(conf => $conf, in => $_[0], args => $_[1], timeout => 120) }

# The entries of the result header.
sub results_of {
	my ($result) = header_of($_[0], 'X-Spawnscan-Result');
	return $result // '';
}

# Read again it is clean, and nothing more is done to it.
sub stays {
	my ($out, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rest) = split_marks($out);
	my $r = filter($rest // $out);
	is($r->{code}, 0, "$name: read again");
	like(results_of($r->{out}), qr/\Aclean\b/, "$name: it is clean then") or diag($out);
}

# The header and the decoded content of the part that stands in place of another.
sub what_became {
	my ($in, $out, $part, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rest) = split_marks($out);
	my $at = index $in, $part;
	die 'test is wrong: the part is not in the mail' if $at < 0;
	my ($before, $after) = (substr($in, 0, $at), substr $in, $at + length $part);
	my $ok = defined $rest && length $rest >= length($before) + length $after
	    && substr($rest, 0, length $before) eq $before
	    && substr($rest, -length $after) eq $after;
	ok($ok, "$name: all around it is as it was") or diag($out);
	return ('', '') unless $ok;
	my ($head, $body) = split_mail(substr $rest, length $before, length($rest) - length($before) - length $after);
	$body =~ s/\A\r?\n//;
	return ($head, $body);
}

# One doubtful part between two others gets one plain form. Wanted: type, name
# ('' = none), content.
sub plain_form {
	my ($kind, $part, %a) = @_;
	for my $crlf (0, 1) {
		my $name = "$kind, " . ($a{label} // 'plain form') . ($crlf ? ', CRLF' : '');
		my ($in, $p) = map { $crlf ? crlf($_) : $_ } mail(parts => [$text, $part, $behind]), $part;
		subtest $name => sub {
			my $r = filter($in, $a{args});
			is($r->{code}, 0, 'exit code') or return;
			my $result = results_of($r->{out});
			like($result, qr/ambiguous action=defang part=2 reason="\Q$kind\E"/, 'the kind of doubt is named');
			like($r->{log}, qr/2:ambiguous:"?\Q$kind\E/ , 'in the log as well') if $r->{log} =~ /findings=2/;
			my ($head, $body) = what_became($in, $r->{out}, $p, $name);
			my $eol = $crlf ? qr/\r\n/ : qr/(?<!\r)\n/;
			like($head . $body, qr/\A(?:[\t\x20-\x7e]*$eol)*[\t\x20-\x7e]*\z/, '7-bit, with the line ends of the mail');
			my $flat = $head =~ s/\r?\n[ \t]/ /gr;
			for (qw(Content-Type Content-Disposition Content-Transfer-Encoding)) {
				cmp_ok(scalar(() = $flat =~ /^$_:/mig), '<=', 1, "one $_ at most");
			}
			like($flat, qr/^Content-Type: \Q$a{type}\E[;\r\n]/m, 'the type') or diag($head);
			if (length $a{name}) {
				my $plain = $flat =~ s{name\*=utf-8''([\w.%-]+)}{'name="' . ($1 =~ s/%([0-9A-F]{2})/chr hex $1/ger) . '"'}ger;
				my @names = $plain =~ /name="([^"]*)"/g;
				ok(@names > 0, 'a name');
				is($_, $a{name}, 'the name') for @names;
			} else {
				unlike($flat, qr/name=/, 'no name');
			}
			like($flat, qr/$a{head}/, 'the rest of the header') if $a{head};
			if (defined $a{content}) {
				like($flat, qr/^Content-Transfer-Encoding: base64\r?$/m, 'the encoding');
				is((grep { length > 76 } split /\r?\n/, $body), 0, 'lines of 76');
				same_bytes(MIME::Base64::decode($body), $a{content}, 'the content');
			}
			stays($r->{out}, $name);
		};
	}
}

# It is removed: the notice stands in its place. reason: what the result header says.
sub is_removed {
	my ($kind, $part, %a) = @_;
	for my $crlf (0, 1) {
		my $name = "$kind, " . ($a{label} // 'removed') . ($crlf ? ', CRLF' : '');
		my ($in, $p) = map { $crlf ? crlf($_) : $_ } mail(parts => [$text, $part, $behind]), $part;
		subtest $name => sub {
			my $r = filter($in, $a{args});
			is($r->{code}, 0, 'exit code') or return;
			like(results_of($r->{out}), qr/ambiguous action=remove part=\S+ reason="\Q$kind\E"/, 'kind and action are told');
			is(scalar(() = results_of($r->{out}) =~ /part=/g), 1 + ($a{more} // 0), 'and told once') or diag(results_of($r->{out}));
			my ($head, $body) = what_became($in, $r->{out}, $p, $name);
			like($head, qr{^Content-Type: text/plain}m, 'a text');
			like($body, qr/\Aremoved: /, 'the notice');
			stays($r->{out}, $name);
		};
	}
}

sub in_base64 {
	my ($bytes, $header) = @_;
	return part("$header\nContent-Transfer-Encoding: base64", b64($bytes));
}

my $named = "Content-Type: application/zip; name=\"a.zip\"\nContent-Disposition: attachment; filename=\"a.zip\"";

# A document may do something when it is opened.
my $document = '%PDF-' . 'x' x 95;

# -- doubts about the encoding --------------------------------------------------

plain_form('irregular base64', in_base64($zip, "$named\nContent-ID: <x\@y>") . "!!!\n",
    type => 'application/zip', name => 'a.zip', content => $zip, head => qr/^Content-ID: <x\@y>\r?$/m);
plain_form('irregular base64', part("Content-Type: application/x-thing; charset=\"utf-8\"; name=b.bin\n"
    . "Content-Transfer-Encoding: base64", b64($document) . "=\n...\n"),
    type => 'application/x-thing', name => 'b.bin', content => $document, head => qr/charset="utf-8"/,
    label => 'parameters stay');
plain_form('irregular base64', in_base64($document, 'Content-Type: image/png') . "...\n",
    type => 'image/png', name => '', content => $document, label => 'no name');
plain_form('irregular quoted-printable', part("$named\nContent-Transfer-Encoding: quoted-printable", "%PDF-one =W two\nthree=\n four\n\x01"),
    type => 'application/zip', name => 'a.zip', content => "%PDF-one =W two\r\nthree four\r\n\x01", label => 'a document');
plain_form('contradicting Content-Transfer-Encoding', part("$named\nContent-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64", b64($zip)),
    type => 'application/zip', name => 'a.zip', content => $zip);
plain_form('unusual Content-Transfer-Encoding', part("$named\nContent-Transfer-Encoding: base-64", b64($zip)),
    type => 'application/zip', name => 'a.zip', content => $zip, label => 'what a view shows');
plain_form('unusual Content-Transfer-Encoding', part("$named\nContent-Transfer-Encoding: x-unheard-of", "%PDF-what\nis it?"),
    type => 'application/octet-stream', name => 'a.zip', content => "%PDF-what\r\nis it?", label => 'nobody knows');
plain_form('irregular base64', in_base64($zip, 'Content-Type: application/zip; name="a.zip"') . "!\n",
    type => 'application/octet-stream', name => 'a.zip.defanged', content => $zip, args => ['-o', 'deny_names=*.zip'],
    label => 'a name that is blocked');
plain_form('irregular base64', in_base64($zip, "Content-Type: application/zip; name*=utf-8''%c3%a4%20b.zip") . "!\n",
    type => 'application/zip', name => "\xc3\xa4 b.zip", content => $zip, label => 'a name that is not ASCII');
plain_form('irregular base64', in_base64($zip, "Content-Type: application/zip; name*0=\"a long \"; name*1=name.zip") . "!\n",
    type => 'application/zip', name => 'a long name.zip', content => $zip, label => 'a name in pieces');

# -- harmless in every way: told, and left alone -----------------------------------

sub is_tagged {
	my ($kind, $part, $label) = @_;
	for my $crlf (0, 1) {
		my $in = mail(parts => [$text, $part, $behind]);
		$in = crlf($in) if $crlf;
		subtest "$kind, $label" . ($crlf ? ', CRLF' : '') => sub {
			my $r = filter($in);
			like(results_of($r->{out}), qr/\Aambiguous action=tag part=2 reason="\Q$kind\E"/, 'it is told');
			my ($rest) = split_marks($r->{out});
			same_bytes($rest, $in, 'and left as it was');
		};
	}
}
my $base64 = "Content-Transfer-Encoding: base64";
is_tagged('irregular base64', part("Content-Type: application/x-thing; name=b.bin\n$base64", b64('x' x 100) . "=\nA plain line.\n"), 'a plain line behind');
# The footer of a mailing list, whatever the padding in front of it.
is_tagged('irregular base64', in_base64('%PDF-' . 'x' x ($_ - 5), 'Content-Type: application/x-thing; name=b.bin') . "_______________\nThe list mailing list, see https://example.org/list\n", "$_ bytes and a footer") for 98, 99, 100;
is_tagged('irregular base64', in_base64('y' x 99, 'Content-Type: image/png; name=y.png') . "...\n", 'dots behind');
is_tagged('irregular base64', part("Content-Type: text/plain; name=notes.txt\n$base64", substr(b64("Notes, redacted\n" x 20), 0, 301) . "[REDACTED]\n"), 'redacted');
is_tagged('irregular quoted-printable', part("Content-Type: text/csv; name=a.csv\nContent-Transfer-Encoding: quoted-printable", "one =W two\nthree=\n four\n"), 'a table');
is_tagged('unusual Content-Transfer-Encoding', part("Content-Type: image/x-thing; name=a.xyz\nContent-Transfer-Encoding: x-unheard-of", "what\nis it?"), 'nobody knows');
is_tagged('contradicting Content-Transfer-Encoding', part("Content-Type: text/csv; name=a.csv\n$base64\nContent-Transfer-Encoding: quoted-printable", b64("one,two\n1,2\n")), 'a table');
is_tagged('contradicting Content-Transfer-Encoding', part("Content-Type: text/calendar; method=REQUEST; name=a.ics\nContent-Transfer-Encoding: 8bit\n$base64",
    b64("BEGIN:VCALENDAR\nEND:VCALENDAR\n")), 'a calendar');
# One of the ways shows something else: that is no longer harmless.
plain_form('unusual Content-Transfer-Encoding', part("Content-Type: application/x-thing; name=b.bin\nContent-Transfer-Encoding: base-64", b64($document)),
    type => 'application/x-thing', name => 'b.bin', content => $document, label => 'a document in one way');

# -- two encodings: the one in which it is what its type says -------------------------

my %kinds = (
	'text/html' => ['a.html', '<html><body><p>Dear Ben</p></body></html>' . "\n"],
	'application/pdf' => ['a.pdf', "%PDF-1.4\n" . noise(300, 5)],
	'application/zip' => ['a.zip', $zip],
);
for my $type (sort keys %kinds) {
	my ($name, $bytes) = @{$kinds{$type}};
	for my $encodings ([qw(base64 quoted-printable)], [qw(quoted-printable base64)], [qw(base64 8bit)], [qw(7bit base64)], [qw(base64 x-unheard-of quoted-printable)]) {
		plain_form('contradicting Content-Transfer-Encoding',
		    part("Content-Type: $type; name=$name\n" . join("\n", map { "Content-Transfer-Encoding: $_" } @$encodings), b64($bytes)),
		    type => $type, name => $name, content => $bytes, label => "$type, @$encodings");
	}
}
# A PDF as it is, declared quoted-printable too; and one in quoted-printable, declared 8bit too.
my $pdf = "%PDF-1.4\r\nx=3D1 \x80\xff=\r\n%%EOF\r\n";
for my $encodings ([qw(quoted-printable 8bit)], [qw(8bit quoted-printable)]) {
	my $fields = join "\n", 'Content-Type: application/pdf; name=a.pdf', map { "Content-Transfer-Encoding: $_" } @$encodings;
	my $in = crlf(mail(parts => [$text, 'PART', $behind])) =~ s/PART/crlf("$fields\n\n") . $pdf/er;
	my $r = filter($in);
	my ($body) = $r->{out} =~ /name="a\.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n(.*?)\r\n--/s;
	same_bytes(MIME::Base64::decode($body // ''), $pdf, "application/pdf, @$encodings, as it is");
	plain_form('contradicting Content-Transfer-Encoding', part($fields, "%PDF-1.4=0D=0A=80=81=82=83=FF=FE=0D=0A%%EOF=0D=0A"),
	    type => 'application/pdf', name => 'a.pdf', content => "%PDF-1.4\r\n\x80\x81\x82\x83\xff\xfe\r\n%%EOF\r\n", label => "application/pdf, @$encodings, escapes");
}
# Neither: nobody can tell what it is.
is_removed('duplicate Content field', part("Content-Type: application/pdf; name=a.pdf\n$base64\nContent-Transfer-Encoding: 8bit", b64($zip)),
    label => 'neither is what the type says', more => 1);

# -- what can't be told ----------------------------------------------------------

is_removed('contradicting Content-Type', in_base64($zip, "Content-Type: application/zip; name=\"a.zip\"\nContent-Type: image/png"));
is_removed('irregular base64', in_base64($zip, "Content-Type: application/zip; name=\"a.zip\"\nContent-Disposition: attachment; filename=\"a.png\"") . "!\n",
    label => 'two names');
is_removed('line that begins like a boundary', part('Content-Type: text/plain', "A text.\n--frontier-42x\n$named\n"
    . "Content-Transfer-Encoding: base64\n\n" . b64($zip)), label => 'a part in a text');

# -- files that a text carries in itself ---------------------------------------------

sub in_text {
	my ($file, $bytes) = @_;
	return part('Content-Type: text/plain', "A text.\nbegin 644 $file\n" . pack('u', $bytes) . "`\nend\n");
}
for my $crlf (0, 1) {
	my $eol = $crlf ? ', CRLF' : '';
	subtest "harmless, in a text$eol" => sub {
		my $in = mail(parts => [$text, in_text('a.zip', $zip), $behind]);
		stays($crlf ? crlf($in) : $in, 'a.zip');
	};
	# A new name for the text would keep nobody from unpacking it.
	subtest "a name that is blocked, in a text$eol" => sub {
		my ($in, $p) = map { $crlf ? crlf($_) : $_ } mail(parts => [$text, in_text('a.exe', 'x' x 100), $behind]), in_text('a.exe', 'x' x 100);
		my $r = filter($in);
		like(results_of($r->{out}), qr/blocked action=remove part=2\.1 /, 'action');
		my ($head, $body) = what_became($in, $r->{out}, $p, 'a.exe');
		like($body, qr/\Aremoved: /, 'the notice');
		stays($r->{out}, 'a.exe');
	};
}

# -- doubts about a header ---------------------------------------------------------

# The kind, and a header that hides what the content is from GMime.
for (
	['line that is no field', "X-One: 1\nthis is no field\nContent-Type: application/zip\nContent-Transfer-Encoding: base64"],
	['NUL in a header', "X-One: 1\0\nContent-Type: application/zip\nContent-Transfer-Encoding\0: base64"],
	['stray CR in a header', "X-One: 1\rContent-Transfer-Encoding: base64\nContent-Type: application/zip", 1],
	['whitespace in front of a colon', "X-One: 1\nContent-Type : application/zip\nContent-Transfer-Encoding : base64"],
	['folded line that looks like a field', "X-One: 1\n Content-Transfer-Encoding: base64\nContent-Type: application/zip"],
	['folded first line', " Content-Transfer-Encoding: base64\nContent-Type: application/zip"],
	['irregular parameters', "Content-Type: application/zip; name=\"a.zip\nContent-Transfer-Encoding: base64"],
	['duplicate Content field', "Content-Type: application/zip\nContent-Type: application/zip\nContent-Transfer-Encoding: base64"],
) {
	my ($kind, $header, $bare) = @$_;
	for my $crlf (0, 1) {
		my $in = mail(parts => [$text, part($header, b64($zip) . "=\n" . b64($other)), $behind]);
		$in = crlf($in) if $crlf;
		my $name = "$kind" . ($crlf ? ', CRLF' : '');
		subtest $name => sub {
			my $r = filter($in);
			is($r->{code}, 0, 'exit code');
			like(results_of($r->{out}), qr/ambiguous action=(?:defang|remove) part=2 reason="/, 'it is found to be ambiguous');
			like($r->{out}, qr/A text before it\./, 'another part stays');
			my $last = substr($in, index $in, $crlf ? crlf($behind) : $behind);
			is(substr($r->{out}, -length $last), $last, 'and so does what is behind');
			stays($r->{out}, $name);
		};
	}
}

# In the plain form nothing of that is left, and all that is none of it stays.
plain_form('irregular base64', part("X-Zero: 0\nContent-Type: application/zip; name=a.zip\nthis is no field\nX-One: 1\0 2\n"
    . "Content-Transfer-Encoding: base64\nX-Two: a\n Content-Transfer-Encoding: 7bit\nContent-ID : <x\@y>\nX-Three: b\n\tc", b64($zip) . "!\n"),
    type => 'application/zip', name => 'a.zip', content => $zip, label => 'a broken header',
    head => qr/\AContent-Type: [^\r\n]*\r?\nContent-Transfer-Encoding: base64\r?\nX-Zero: 0\r?\nX-One: 1  2\r?\nX-Two: a Content-Transfer-Encoding: 7bit\r?\nContent-ID: <x\@y>\r?\nX-Three: b c\r?\n\z/);
plain_form('irregular base64', part("X-One: 1\rContent-Transfer-Encoding: 7bit\nContent-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64", b64($zip) . "!\n"),
    type => 'application/zip', name => 'a.zip', content => $zip, label => 'a CR in a header',
    head => qr/^X-One: 1 Content-Transfer-Encoding: 7bit\r?$/m);

# A text of an encoding that nobody knows is no attachment; once it has got a name
# because it is a program, it is one, and in doubt. So it goes.
is_removed('unusual Content-Transfer-Encoding', part("Content-Type: text/plain\nContent-Transfer-Encoding: x-unheard-of", WINDOWS_EXECUTABLE),
    label => 'a doubt that a rename brings about', more => 1);

# -- the message as a whole ----------------------------------------------------------

sub whole {
	my ($kind, $in, %a) = @_;
	for my $crlf (0, 1) {
		my $name = "$kind, " . ($a{label} // 'the message') . ($crlf ? ', CRLF' : '');
		my $mail = $crlf ? crlf($in) : $in;
		subtest $name => sub {
			my $r = filter($mail, $a{args});
			is($r->{code}, 0, 'exit code') or return;
			like(results_of($r->{out}), qr/ambiguous action=$a{action} part=\Q$a{part}\E reason="\Q$kind\E"/, 'kind and action are told')
			    or diag($r->{out});
			my $flat = lf($r->{out});
			like($flat, $_, 'it holds what it should') for @{$a{has} // []};
			unlike($flat, $_, 'and not what it should not') for @{$a{lacks} // []};
			like($r->{out}, qr/^Subject: a mail\r?$/m, 'the subject stays');
			unlike($r->{out} =~ s/\r\n//gr, qr/\r/, 'whole line ends') if $crlf;
			stays($r->{out}, $name);
		};
	}
}

my $hidden = in_base64($zip, $named);
my $line64 = (split /\n/, b64($zip))[0];
my $multi = mail(parts => [$text, $behind]);

whole('irregular base64', mail(type => 'application/zip; name="a.zip"', encoding => 'base64', body => b64($zip) . "!\n"),
    action => 'defang', part => 1, label => 'a mail that is an attachment',
    has => [qr/^Content-Type: application\/zip;\n\tname="a.zip"\n/m, qr/^\Q$line64\E$/m, qr/^MIME-Version: 1.0$/m], lacks => [qr/!/]);
# Of two boundaries neither can be told.
whole('irregular boundary', $multi =~ s/^(Content-Type: multipart.*)\n/Content-Type: multipart\/mixed; boundary="hidden"\n$1\n/mr
    =~ s/(--frontier-42\nContent-Type: text.*)/--hidden\n$hidden\n--hidden--\n$1/sr,
    action => 'remove', part => 0, has => [qr/^removed: /m], lacks => [qr/\Q$line64\E/], label => 'two boundaries');
whole('multipart without boundary or parts', mail(parts => [$text, $hidden, $behind]) =~ s/; boundary="frontier-42"//r,
    action => 'remove', part => 0, has => [qr/^removed: /m], lacks => [qr/\Q$line64\E/]);
# A multipart in another: only that goes.
my $inner = part('Content-Type: multipart/mixed; boundary="in-a"' . "\n" . 'Content-Type: multipart/mixed; boundary="in-b"',
    multipart('in-b', $text) . multipart('in-a', $hidden));
whole('irregular boundary', mail(parts => [$text, $inner, $behind]), action => 'remove', part => 2,
    has => [qr/^A text before it\.$/m, qr/^removed: /m, qr/harmless\.pdf/], lacks => [qr/\Q$line64\E/], label => 'a multipart in it');

# In front of the first part, or behind the last: it goes alone.
for (['prologue', 1], ['epilogue', 0]) {
	my ($where, $before) = @$_;
	my $stretch = "--other\n$hidden\n--other--\n";
	my $in = mail(parts => [$text, $behind], $where => $stretch);
	whole('unknown boundary outside of all parts', $in, action => 'remove', part => 0, label => $where,
	    has => [qr/^A text before it\.$/m, qr/^removed: /m, qr/boundary="frontier-42"/], lacks => [qr/\Q$line64\E/]);
}

# -- how wide it gets, and other actions ------------------------------------------------

{
	my $in = mail(parts => [$text, in_base64($zip, $named) . "!\n", $behind]);
	for my $action (qw(pass tag)) {
		my $r = filter($in, ['-o', "ambiguous=$action"]);
		my ($rest) = split_marks($r->{out});
		same_bytes($rest // $r->{out} =~ s/\A(?:X-Antivirus|X-Spawnscan-Result)[^\n]*\n(?:\t[^\n]*\n)*//gr, $in, "ambiguous=$action: as it was");
	}
	like(results_of(filter($in, ['-o', 'ambiguous=remove'])->{out}), qr/ambiguous action=remove part=2/, 'ambiguous=remove');
	is(filter($in, ['-o', 'ambiguous=reject'])->{code}, 69, 'ambiguous=reject');
	my $many = join '', map { "--x$_\n$hidden\n" } 1 .. 5;
	whole('unknown boundary outside of all parts', mail(parts => [$text], epilogue => $many), action => 'remove', part => 0,
	    label => 'several stretches', has => [qr/^A text before it\.$/m], lacks => [qr/\Q$line64\E/]);
}

# What is too big to be written anew is removed.
{
	my $in = mail(parts => [$text, in_base64('%PDF-' . 'x' x (5 * 1048576), $named) . "!\n"]);
	my $r = filter($in);
	like(results_of($r->{out}), qr/ambiguous action=remove part=2/, 'too big for a plain form: removed');
	cmp_ok(length $r->{out}, '<', 2000, 'and gone');
}

# A notice in what was signed says that the signature does not fit any more.
{
	my $bad = attachment('x.com', marker());
	my $signed = sub { mail(multipart => 'multipart/signed; protocol="application/pgp-signature"', boundary => 'signed',
	    parts => [$_[0], part('Content-Type: application/pgp-signature; name="s.asc"', "-----BEGIN PGP SIGNATURE-----\n")]) };
	like(filter($signed->($bad))->{out}, qr/the signature is no longer valid\./, 'a part of a signed mail');
	like(filter(mail(parts => [$text, rfc822($signed->($bad))]))->{out}, qr/the signature is no longer valid\./, 'of a signed mail in a mail');
	unlike(filter(mail(parts => [$bad, rfc822($signed->($text))]))->{out}, qr/the signature/, 'of another part it is not said');
	unlike(filter(mail(parts => [$text, $bad]))->{out}, qr/the signature/, 'nor in a mail that is not signed');
}

# -- an infection in a header -------------------------------------------------------------

# what goes, and what the mail holds then
sub header_is_struck {
	my ($name, $in, $want, %a) = @_;
	for my $crlf (0, 1) {
		my ($i, $w) = map { $crlf ? crlf($_) : $_ } $in, $want;
		subtest $name . ($crlf ? ', CRLF' : '') => sub {
			my $r = filter($i, $a{args});
			is($r->{code}, 0, 'exit code') or return;
			my ($rest) = split_marks($r->{out});
			same_bytes($rest, $w, 'the fields are gone, nothing else');
			like(results_of($r->{out}), qr/infected action=remove part=0 reason="\S*\Q$SIG\E/, 'it is told');
			is(() = results_of($r->{out}) =~ /infected/g, 1, 'once');
			stays($r->{out}, $name);
		};
	}
}

my $virus = marker();
my $struck = 'Subject: (removed by the mail filter)';
my $clean = mail(parts => [$text, $behind], subject => 'VIRUS');
header_is_struck('in the subject', $clean =~ s/VIRUS/$virus/r, $clean =~ s/Subject: VIRUS/$struck/r);
header_is_struck('in a folded subject', $clean =~ s/VIRUS/one\n two\n\t$virus\n three/r, $clean =~ s/Subject: VIRUS/$struck/r);
header_is_struck('in another field', $clean =~ s/^Date:/X-One: $virus\nDate:/mr, $clean);
header_is_struck('in two fields', $clean =~ s/^Date:/X-One: $virus\nDate:/mr =~ s/VIRUS/$virus/r, $clean =~ s/Subject: VIRUS/$struck/r);
header_is_struck('in the first field and the last', "X-One: $virus\n" . ($clean =~ s/\n\n/\nX-Two: $virus\n\n/r), $clean);
{
	# A signature that two fields make together.
	my $dir = subdir('two-fields');
	write_file("$dir/two.ndb", "Two-Fields:0:*:" . unpack('H*', "first half") . '*' . unpack('H*', "second half") . "\n");
	my $two = conf_file(by_engine($dir), quarantine => 'off', notice => 'removed: {file}');
	my $in = $clean =~ s/VIRUS/first half/r =~ s/^Date:/X-Two: second half\nDate:/mr;
	my $r = spawnscan(conf => $two, in => $in);
	my ($rest) = split_marks($r->{out});
	is($r->{code}, 0, 'in two fields together: exit code');
	same_bytes($rest, $in =~ s/X-Two: .*\n//r, 'in two fields together: the one that completes it is gone');
}
# In the header of a part or of a message in the mail: that part goes.
for (['a part', part("Content-Type: text/plain\nContent-Description: $virus", "text\n")],
    ['a message in it', rfc822(mail(subject => $virus, parts => [$text], boundary => 'inner'))],
    ['a message in a message', rfc822(mail(parts => [rfc822(mail(subject => $virus))], boundary => 'inner'))]) {
	my ($what, $part) = @$_;
	for my $crlf (0, 1) {
		my ($in, $p) = map { $crlf ? crlf($_) : $_ } mail(parts => [$text, $part, $behind]), $part;
		my $name = "in the header of $what" . ($crlf ? ', CRLF' : '');
		my $r = filter($in);
		is($r->{code}, 0, "$name: exit code");
		unlike($r->{out}, qr/HARMLESS-MARKER/, "$name: gone");
		like($r->{out}, qr/A text before it\./, "$name: another part stays");
		like(results_of($r->{out}), qr/infected action=remove part=2/, "$name: it is told where");
		what_became($in, $r->{out}, $p, $name) if $what !~ /message in a/;
		like($r->{out}, qr/^removed: /m, "$name: a notice");
		stays($r->{out}, $name);
	}
}
{
	my $r = filter($clean =~ s/VIRUS/$virus/r =~ s/A text before it\./$virus/r);
	is($r->{code}, 0, 'in the subject and in a part: exit code');
	unlike($r->{out}, qr/HARMLESS-MARKER/, 'in the subject and in a part: gone');
	like($r->{out}, qr/harmless\.pdf/, 'in the subject and in a part: another stays');
	# There is no end to it: refused, as it was before.
	my $many = $clean =~ s/^Date:/("X-One: $virus\n" x 50) . 'Date:'/mer;
	exit_refused(filter($many), 'in more fields than are looked for');
	# Nor does anything pass when it takes so long to look for them that time runs out.
	for my $cpu (1, 2, 4) {
		$many = $clean =~ s/^Date:/("X-One: $virus\n" x 2000) . 'Date:'/mer;
		my $out = filter($many, ['-o', 'limit=tag', '-o', "inspect_cpu=$cpu"]);
		unlike($out->{out}, qr/HARMLESS-MARKER/, "$cpu s for 2000 fields: nothing of it passes");
	}
	exit_refused(filter($clean =~ s/VIRUS/$virus/r, ['-o', 'infected=reject']), 'infected=reject');
}

sub exit_refused {
	my ($r, $name) = @_;
	is($r->{code}, 69, "$name: refused");
	is($r->{out}, '', "$name: nothing on stdout");
}

# -- forged results behind a CR ---------------------------------------------------------

sub forged {
	my ($name, $in, $want) = @_;
	my $r = filter($in);
	is($r->{code}, 0, "$name: exit code");
	my ($rest) = split_marks($r->{out});
	same_bytes($rest, $want, $name);
}

my $forged = 'X-Spawnscan-Result: clean';
forged('behind a CR', "Subject: a\r$forged\nFrom: a\@b\n\nx\n", "Subject: a\nFrom: a\@b\n\nx\n");
forged('behind a CR, in front of another', "Subject: a\r$forged\rX-One: 1\nFrom: a\@b\n\nx\n", "Subject: a\rX-One: 1\nFrom: a\@b\n\nx\n");
forged('behind a CR, CRLF', "Subject: a\r$forged\r\nFrom: a\@b\r\n\r\nx\r\n", "Subject: a\r\nFrom: a\@b\r\n\r\nx\r\n");
forged('folded', "Subject: a\r$forged\r folded\n folded\nFrom: a\@b\n\nx\n", "Subject: a\nFrom: a\@b\n\nx\n");
forged('two in a row', "Subject: a\r$forged\r$forged\nFrom: a\@b\n\nx\n", "Subject: a\nFrom: a\@b\n\nx\n");
forged('with CRs only', "$forged\rSubject: a\r\rthe body\r", "Subject: a\r\rthe body\r");
forged('a NUL in front of the colon', "X-Spawnscan-Result\0: clean\nSubject: a\n\nx\n", "Subject: a\n\nx\n");
forged('in the body it stays', "Subject: a\n\nx\r$forged\n", "Subject: a\n\nx\r$forged\n");

# What a part has explains nothing of what stands beside the parts.
my %beside = (
	'an encrypted archive' => [zip_of(['a.txt' => noise(300)], encrypted => 1), attachment('b.zip', zip_of(['b.txt' => noise(200)], encrypted => 1)), 'encrypted=remove'],
	'a blocked name in an archive' => [zip_of(['a.exe' => noise(300)]), attachment('b.exe', noise(100)), 'blocked=remove'],
);
for my $what (sort keys %beside) {
	my ($hidden, $shown, $action) = @{$beside{$what}};
	my $block = "\n--other\n" . attachment('a.zip', $hidden) . "\n--other--\n";
	for (['in front of the parts', mail(parts => [$text, $shown]) =~ s/\n\n--/\n$block\n--/r], ['behind them', mail(parts => [$text, $shown]) . $block]) {
		my ($where, $mail) = @$_;
		my $r = filter($mail, ['-o', $action, '-o', 'ambiguous=tag']);
		is($r->{code}, 0, "$what, $where, and a part like it: exit code");
		is(index($r->{out}, substr b64($hidden), 0, 60), -1, "$what, $where, and a part like it: it is gone");
	}
}

# A header that ends in a CR at the end of the file: no field may come behind an empty line.
for my $r (filter("Subject: a\nContent-Disposition: attachment; filename=x.exe\r"), filter("\tfolded\nContent-Disposition: attachment; filename=x.exe\r"),
    filter("Subject: " . marker() . "\r", ['-o', 'infected=defang'])) {
	is($r->{code}, 0, 'ends in a CR: exit code');
	unlike($r->{out}, qr/\r\r?\n[^\n]*:/, 'ends in a CR: no field stands behind it');
}

done_testing;
