#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The one-shot filter: mail on stdin, result on stdout, nothing on stdout
# unless all went well, and every byte that nobody objected to as it was.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Digest::SHA qw(sha256_hex);
use Encode ();

my $SIG = 'Eicar-Test-Signature';

# Each starts a process or three, so they run at the end, side by side. Where only what
# happens to the message is looked at, an engine inspects.
my @cases;
my %engine = by_engine();
sub a_case {
	my ($name, $code) = @_;
	push @cases, $name => sub {
		$code->();
		is_deeply([scratch_left()], [], 'no scratch directory is left');
	};
}

# Where one part of a mail was replaced: everything before and behind it must
# be there unchanged. Returns what stands in its place, or undef.
sub in_place_of {
	my ($in, $out, $part, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rest) = split_marks($out);
	unless (defined $rest) {
		fail($name);
		diag("no two marks in front:\n" . substr $out, 0, 400);
		return undef;
	}
	my $at = index $in, $part;
	die "test is wrong: the part is not in the mail" if $at < 0;
	my $before = substr $in, 0, $at;
	my $behind = substr $in, $at + length $part;
	my $ok = length $rest >= length($before) + length $behind
	    && substr($rest, 0, length $before) eq $before
	    && (length $behind == 0 || substr($rest, -length $behind) eq $behind);
	ok($ok, "$name: all around it is as it was");
	return undef unless $ok;
	return substr $rest, length $before, length($rest) - length($before) - length $behind;
}

sub exit_is {
	my ($r, $code, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $ok = is($r->{code}, $code, "$name: exit code $code");
	diag("stderr: $r->{err}\nlog: " . ($r->{log} // '')) unless $ok;
	is($r->{out}, '', "$name: nothing on stdout") if $code != 0;
	return $ok;
}

# -- clean mail -------------------------------------------------------------

sub clean_is_untouched {
	my ($name, $in, %a) = @_;
	a_case $name => sub {
		my $r = spawnscan(in => $in, %a);
		exit_is($r, 0, $name) or return;
		my ($rest, $antivirus, $result) = split_marks($r->{out});
		same_bytes($rest, $in, 'minus the two marks it is what it was');
		like($antivirus // '', qr{\AX-Antivirus: Scanned by spawnscan \S+ \(ClamAV [\d.]+/\S+\)\r?\n\z},
		    'X-Antivirus');
		like($result // '', qr/\AX-Spawnscan-Result: clean\b[^\n]*\n\z/, 'X-Spawnscan-Result');
		my $first = $in =~ s/\AFrom [^\n]*\n//r;
		my $want = ($first =~ /\A([^\n]*\n)/ ? $1 : "\n") =~ /\r\n\z/ ? "\r\n" : "\n";
		like(join('', $antivirus // '', $result // ''), $want eq "\n" ? qr/\A[^\r]*\z/ : qr/\A(?:[^\r\n]*\r\n)+\z/,
		    'the marks have the line ends of the first line');
		is($r->{err}, '', 'nothing on stderr');
		is(scalar(() = glob "$r->{quarantine}/*/*"), 0, 'nothing in quarantine');
		is(last_record($r->{log})->{verdict}, 'clean', 'the log says clean');
	};
}

my $plain = mail();
my $multi = mail(parts => [part('Content-Type: text/plain', "text\n"),
    attachment('picture.png', noise(5000)), part('Content-Type: text/html', "<p>x</p>\n")],
    prologue => "This is a multi-part message.\n", epilogue => "epilogue\n\nof two lines\n");
my $nested = mail(parts => [part('Content-Type: text/plain', "see below\n"), rfc822($multi)],
    boundary => 'outer');

clean_is_untouched('plain LF', $plain);
clean_is_untouched('plain CRLF', crlf($plain));
clean_is_untouched('multipart LF', $multi);
clean_is_untouched('multipart CRLF', crlf($multi));
clean_is_untouched('nested message', $nested);
clean_is_untouched('mixed line ends, LF first', "Subject: a\nFrom: a\@b\r\nTo: c\@d\n\nx\r\ny\nz\r\n");
clean_is_untouched('mixed line ends, CRLF first', "Subject: a\r\nFrom: a\@b\nTo: c\@d\r\n\r\nx\ny\r\nz\n");
clean_is_untouched('no final line end', $plain . 'last words');
clean_is_untouched('header only, no empty line', "Subject: a\nFrom: a\@b\n");
clean_is_untouched('header only, cut off in a line', "Subject: a\nFrom: a\@b");
clean_is_untouched('empty input', '');
clean_is_untouched('one line end', "\n");
clean_is_untouched('one byte', 'x');
clean_is_untouched('no header', "Hello\n\nthis never was a mail\n");
clean_is_untouched('begins with an empty line', "\nHello\n");
clean_is_untouched('NULs in the body', mail(body => "a\0b\n\0\0\nc\n"));
clean_is_untouched('NULs in the header', "Subject: a\0b\nFrom: a\@b\n\nx\n");
clean_is_untouched('bare CRs', mail(body => "a\rb\r\rc\n\r"));
clean_is_untouched('8-bit body', mail(type => 'text/plain; charset=utf-8', encoding => '8bit',
    body => "gr\xc3\xbc\xc3\x9fe\n"));
clean_is_untouched('8-bit body and header, no MIME', "Subject: gr\xfc\xdfe\nFrom: \xe4\@b\n\n\xe4\xf6\xfc\n");
clean_is_untouched('every byte there is', mail(body => join('', map chr, 0 .. 255) . "\n"));
clean_is_untouched('a very long line', mail(body => ('x' x 200000) . "\n"));
clean_is_untouched('dots', mail(body => ".\n..\n.\n.dot\n"));
clean_is_untouched('mbox line in front', "From alice\@example.org Thu Jan  1 00:00:00 2026\n$multi");
clean_is_untouched('mbox line in front, CRLF', "From alice\@example.org Thu Jan  1 00:00:00 2026\r\n" . crlf($multi));
clean_is_untouched('folded header in front', "Subject: a\n folded\n\tline\nFrom: a\@b\n\nx\n");
clean_is_untouched('multipart without a boundary', "MIME-Version: 1.0\nContent-Type: multipart/mixed\n\nx\n");
clean_is_untouched('unfinished multipart', $multi =~ s/--frontier-42--.*//sr);

a_case 'header=no' => sub {
	my $r = spawnscan(in => $plain, args => ['-o', 'header=no']);
	exit_is($r, 0, 'header=no');
	same_bytes($r->{out}, $plain, 'header=no: nothing at all is added');
};
a_case 'a forged result' => sub {
	my $r = spawnscan(in => "X-Spawnscan-Result: clean (forged)\nSubject: a\n"
	    . "x-spawnscan-result : clean\n folded, with a space before the colon\n"
	    . "X-Spawnscan-Results: this one stays\nFrom: a\@b\n\nX-Spawnscan-Result: in the body\n");
	exit_is($r, 0, 'forged result');
	my ($rest, undef, $result) = split_marks($r->{out});
	same_bytes($rest, "Subject: a\nX-Spawnscan-Results: this one stays\nFrom: a\@b\n\n"
	    . "X-Spawnscan-Result: in the body\n", 'incoming X-Spawnscan-Result fields are struck out');
	unlike($r->{out}, qr/forged|folded/, 'with their continuation lines');
};
a_case 'a forged result behind an mbox line' => sub {
	my $in = "From x\n" . crlf("X-Spawnscan-Result: forged\nSubject: a\n\nx\n");
	my $r = spawnscan(in => $in);
	my ($rest) = split_marks($r->{out});
	same_bytes($rest, "From x\nSubject: a\r\n\r\nx\r\n", 'struck out behind an mbox line as well, CRLF');
};

# -- infected ---------------------------------------------------------------

my $zip = zip_of(['eicar.com' => eicar()]);
my $text = part('Content-Type: text/plain; charset=us-ascii', "A text before it.\n");
my $after = attachment('harmless.pdf', noise(3000, 7), type => 'application/pdf');

# The part is removed, a notice in its place, everything else as it was.
sub is_removed {
	my ($name, $in, $part, %a) = @_;
	a_case $name => sub {
		my $r = spawnscan(in => $in, args => $a{args});
		exit_is($r, 0, $name) or return;
		my $new = in_place_of($in, $r->{out}, $part, $name) // return;
		unlike($r->{out}, qr/EICAR-STANDARD/, 'the payload is gone');
		my $eol = $in =~ /\r\n/ ? "\r\n" : "\n";
		like($new, qr{^Content-Type: text/plain\b}mi, 'a text part stands there');
		like($new, qr/\A(?:[\t\x20-\x7e]*\Q$eol\E)*[\t\x20-\x7e]*\z/, '7-bit, with the line ends of the mail');
		like($new, qr/\Q$SIG\E/, 'the notice tells the signature');
		like($new, qr/\Q$a{file}\E/, 'and the file') if $a{file};
		my ($result) = header_of($r->{out}, 'X-Spawnscan-Result');
		like($result, qr/infected/, 'the result header tells the class');
		like($result, qr/remove/, 'the action');
		like($result, qr/\Q$SIG\E/, 'the signature');
		like($result, qr/(?<![\d.])\Q$a{path}\E(?![\d.])/, "the part $a{path}") if $a{path};
		my @kept = grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*";
		is(scalar @kept, 1, 'one original in quarantine');
		same_bytes(read_file($kept[0] // ''), $in, 'exactly as it came in');
		if (@kept) {
			my ($reference) = $kept[0] =~ m{([^/]+/[^/]+)\z};
			like($new, qr/\Q$reference\E/, 'the notice refers to it');
			like(last_record($r->{log})->{''}, qr/\Q$reference\E/, 'the log as well');
		}
		is(last_record($r->{log})->{verdict}, 'infected', 'the log says infected');
	};
}

for my $style (['LF', sub { $_[0] }], ['CRLF', \&crlf]) {
	my ($s, $f) = @$style;
	my @try = (
		[base64 => attachment('eicar.txt', eicar()), file => 'eicar.txt'],
		[plain => part(qq{Content-Type: text/plain; name="virus.txt"\nContent-Disposition: attachment},
		    eicar() . "\n"), file => 'virus.txt'],
		['quoted-printable' => part("Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n"
		    . 'Content-Disposition: attachment; filename=q.txt', join("=\n", unpack '(a20)*', qp(eicar()))),
		    file => 'q.txt'],
		[zip => attachment('archive.zip', $zip, type => 'application/zip'), file => 'archive.zip'],
		['zip in zip' => attachment('archive.zip', zip_of(['inner.zip' => $zip])), file => 'archive.zip'],
		['no name' => part("Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64",
		    b64(eicar()))],
		['header-less part' => "\n" . eicar() . "\n"],
	);
	for (@try) {
		my ($name, $part, %a) = @$_;
		my $mail = mail(parts => [$text, $part, $after], prologue => "prologue\n", epilogue => "epilogue\nnot ended");
		is_removed("$s $name", $f->($mail), $f->($part), path => '2', %a);
	}
	my $inner_part = attachment('eicar.com.txt', eicar());
	my $inner = mail(parts => [$text, $inner_part, $after], boundary => 'inner', subject => 'inner');
	my $outer = mail(parts => [$text, rfc822($inner), $after]);
	is_removed("$s nested rfc822", $f->($outer), $f->($inner_part), path => '2.2', file => 'eicar.com.txt');
	my $deep = mail(parts => [$text, part('Content-Type: multipart/mixed; boundary=deep',
	    multipart('deep', $text, $inner_part))]);
	is_removed("$s nested multipart", $f->($deep), $f->($inner_part), path => '2.2');
	my $encoded = rfc822($inner, encoding => 'base64');
	is_removed("$s encoded nested rfc822", $f->(mail(parts => [$text, $encoded, $after])), $f->($encoded));
	# The last part of a multipart that was never closed.
	my $open = "MIME-Version: 1.0\nSubject: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n$text\n--b\n";
	my $last = attachment('eicar.txt', eicar());
	is_removed("$s unfinished multipart", $f->($open . $last), $f->($last), path => '2');
}

# Two of them, and other parts in between.
a_case 'two infected parts' => sub {
	my @bad = (attachment('one.txt', eicar()), attachment('two.zip', $zip));
	my $in = mail(parts => [$text, $bad[0], $after, $bad[1], $after]);
	my $r = spawnscan(in => $in);
	exit_is($r, 0, 'two infected parts');
	my ($rest) = split_marks($r->{out});
	my @all = ($text, undef, $after, undef, $after);
	my @got = split /^--frontier-42(?:--)?\n/m, $rest // '';
	shift @got;
	is(scalar @got, 5, 'two infected parts: five parts as before');
	is($got[$_], "$all[$_]\n", "part $_ is untouched") for 0, 2, 4;
	like($got[$_] // '', qr/\Q$SIG\E/, "part $_ is a notice") for 1, 3;
	is(scalar(() = $r->{out} =~ /^Content-Type: text\/plain/mg), 3, 'a text part for each');
};

# Infected as a whole: the body is replaced.
sub whole {
	my ($name, $in) = @_;
	a_case $name => sub {
		my $r = spawnscan(in => $in);
		exit_is($r, 0, $name) or return;
		my ($rest) = split_marks($r->{out});
		unlike($r->{out}, qr/EICAR-STANDARD/, 'the payload is gone');
		my ($head, $body) = split_mail(lf($rest // ''));
		like($head, qr/^$_/m, "$_ is still there") for 'Received:', 'From:', 'To:', 'Subject:', 'Date:', 'Message-ID:';
		my @types = header_of($rest // '', 'Content-Type');
		is(scalar @types, 1, 'one Content-Type') if @types;
		like($_, qr{^text/plain}i, 'which is text/plain') for @types;
		unlike($head, qr/base64/, 'no encoding of the old body');
		like($body, qr/\Q$SIG\E/, 'the notice tells the signature');
		like((header_of($r->{out}, 'X-Spawnscan-Result'))[0], qr/infected.*\Q$SIG\E/, 'the result header');
		my @kept = grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*";
		same_bytes(read_file($kept[0] // ''), $in, 'the original is in quarantine');
		if ($in =~ /\r\n/) { like($r->{out}, qr/\A(?:[^\r\n]*\r\n)*\z/, 'CRLF throughout') }
		else { unlike($r->{out}, qr/\r/, 'LF throughout') }
	};
}
for my $style (['LF', sub { $_[0] }], ['CRLF', \&crlf]) {
	my ($s, $f) = @$style;
	whole("$s single part, plain", $f->(mail(body => eicar() . "\n")));
	whole("$s single part, no MIME, text around it", $f->(mail(body => "hello\n" . eicar() . "\nbye\n")));
	whole("$s single part, base64", $f->(mail(type => 'application/zip; name=a.zip', encoding => 'base64', body => b64($zip))));
	whole("$s single part, html", $f->(mail(type => 'text/html', body => '<p>' . eicar() . "</p>\n")));
}
a_case 'outside of all parts' => sub {
	# Not a mail at all: still found, and nothing of it comes out.
	my $r = spawnscan(in => eicar());
	ok($r->{code} != 0 || $r->{out} !~ /EICAR-STANDARD/, 'bare EICAR does not come out');
	is($r->{out}, '', 'bare EICAR: if refused, nothing on stdout') if $r->{code};
	# In the epilogue only, where no part is.
	my $in = $multi . eicar() . "\n";
	$r = spawnscan(in => $in);
	exit_is($r, 0, 'EICAR in the epilogue');
	unlike($r->{out}, qr/EICAR-STANDARD/, 'EICAR in the epilogue does not come out');
	$in = mail(parts => [$text], prologue => eicar() . "\n");
	$r = spawnscan(in => $in);
	exit_is($r, 0, 'EICAR in the prologue');
	unlike($r->{out}, qr/EICAR-STANDARD/, 'EICAR in the prologue does not come out');
	$in = $plain =~ s/^Subject: .*/'Subject: ' . eicar()/emr;
	$r = spawnscan(in => $in);
	ok($r->{out} !~ /EICAR-STANDARD/, 'EICAR in the header does not come out');
};

# -- dangerous names ----------------------------------------------------------

# The part is renamed: its body is as it was, each name is one plain harmless
# name, the type is application/octet-stream, other header fields stay.
sub is_renamed {
	my ($name, $header, %a) = @_;
	my $bytes = $a{bytes} // noise(300, 3);
	my $part = part("$header\nContent-Transfer-Encoding: base64\nX-Other: stays\n  folded", b64($bytes));
	my $mail = mail(parts => [$text, $part, $after]);
	($part, $mail) = (crlf($part), crlf($mail)) if $a{crlf};
	a_case $name => sub {
		my $r = spawnscan(in => $mail, conf => {%engine}, args => $a{args});
		exit_is($r, 0, $name) or return;
		my $new = in_place_of($mail, $r->{out}, $part, $name) // return;
		my ($old_head, $old_body) = split_mail($part);
		my ($head, $body) = split_mail($new);
		same_bytes($body, $old_body, 'the body is as it was');
		like($head, qr/^X-Other: stays\r?\n  folded\r?$/m, 'another header field as well');
		like($head, qr/^Content-Transfer-Encoding: base64\r?$/m, 'and the encoding');
		unlike($head, qr/[^\r\n\t -~]/, 'the header is plain ASCII');
		my $crlf = () = $head =~ /\r\n/g;
		my $lines = () = $head =~ /\n/g;
		is($crlf, $a{crlf} ? $lines : 0, 'line ends fit');
		my $flat = lf($head) =~ s/\n([ \t])/$1/gr;
		my @types = $flat =~ /^Content-Type:\s*([^;\s]+)/mig;
		is_deeply(\@types, ['application/octet-stream'], 'the type is application/octet-stream');
		# A name that is not ASCII is one whole parameter in UTF-8 (RFC 2231 4).
		my $plain = $flat =~ s{\bname\*=utf-8''([\w.%-]+)}{'name="' . ($1 =~ s/%([0-9A-F]{2})/chr hex $1/ger) . '"'}ger;
		$plain =~ s{\bfilename\*=utf-8''([\w.%-]+)}{'filename="' . ($1 =~ s/%([0-9A-F]{2})/chr hex $1/ger) . '"'}ge;
		my @names = map { defined $_->[0] ? $_->[0] : $_->[1] }
		    map { my @m; push @m, [$1, $2] while /\b(?:file)?name=(?:"([^"]*)"|([^\s;]+))/ig; @m } $plain;
		cmp_ok(scalar @names, '>=', 1, 'there is a name');
		like($_, qr/\A[A-Za-z0-9._ +()\-\x80-\xff]+\.defanged\z/, "a plain name that ends in .defanged: $_") for @names;
		my %distinct = map { $_ => 1 } @names;
		is(scalar keys %distinct, 1, 'one and the same name everywhere');
		is($names[0], $a{to}, "it is $a{to}") if $a{to};
		unlike($plain, qr/name\*/i, 'no other RFC 2231 parameter is left');
		unlike($flat, qr/=\?/, 'no RFC 2047 word is left');
		my ($result) = header_of($r->{out}, 'X-Spawnscan-Result');
		like($result, qr/blocked/, 'the result header tells the class');
		like($result, qr/defang/, 'and the action');
		is(last_record($r->{log})->{verdict}, 'blocked', 'the log says blocked');
		my @kept = grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*";
		same_bytes(read_file($kept[0] // ''), $mail, 'the original is in quarantine');
	};
}

sub disposition { "Content-Type: application/pdf\nContent-Disposition: attachment; $_[0]" }

my @names = (
	['Content-Disposition' => disposition('filename="invoice.exe"'), to => 'invoice.exe.defanged'],
	['unquoted' => disposition('filename=invoice.exe'), to => 'invoice.exe.defanged'],
	['Content-Type' => "Content-Type: application/pdf; name=\"invoice.exe\"", to => 'invoice.exe.defanged'],
	['Content-Type unquoted, other parameters' => 'Content-Type: text/plain; charset=us-ascii; name=invoice.exe; format=flowed',
	    to => 'invoice.exe.defanged'],
	['both' => "Content-Type: application/x-msdownload; name=\"invoice.exe\"\nContent-Disposition: attachment;\n filename=\"invoice.exe\"",
	    to => 'invoice.exe.defanged'],
	['the other way round' => "Content-Disposition: attachment; filename=invoice.exe\nContent-Type: text/plain; name=\"invoice.exe\"",
	    to => 'invoice.exe.defanged'],
	['only the filename is dangerous' => "Content-Type: application/pdf; name=\"invoice.pdf\"\nContent-Disposition: attachment; filename=\"invoice.exe\""],
	['only the name is dangerous' => "Content-Type: application/pdf; name=\"invoice.scr\"\nContent-Disposition: attachment; filename=\"invoice.pdf\""],
	['upper case' => disposition('FILENAME="INVOICE.EXE"')],
	['mixed case field names' => "content-TYPE: application/pdf\ncontent-Disposition: attachment; FileName=\"Invoice.Exe\""],
	['double extension' => disposition('filename="invoice.pdf.exe"'), to => 'invoice.pdf.exe.defanged'],
	['trailing dot' => disposition('filename="invoice.exe."')],
	['trailing dots and blanks' => disposition('filename="invoice.exe. . ."')],
	['trailing blanks' => disposition('filename="invoice.exe   "')],
	['many blanks' => disposition('filename="invoice.pdf' . ' ' x 80 . '.exe"')],
	['path' => disposition('filename="C:\\\\Windows\\\\invoice.exe"')],
	['Unix path' => disposition('filename="../../tmp/invoice.exe"')],
	['RFC 2231' => disposition("filename*=utf-8''inv%6Fice%2Eexe")],
	['RFC 2231, 8-bit' => disposition("filename*=utf-8''r%C3%A9sum%C3%A9.exe")],
	['RFC 2231 continuations' => disposition("filename*0=\"inv\";\n filename*1=\"oice.\"; filename*2=exe")],
	['RFC 2231 continuations, encoded' => disposition("filename*0*=iso-8859-1'en'inv%6f;\n filename*1*=ice.e; filename*2=xe")],
	['RFC 2231 continuations out of order' => disposition("filename*1=\"ice.exe\"; filename*0=\"invo\"")],
	['RFC 2231 and a harmless plain name' => disposition("filename=invoice.txt; filename*=utf-8''invoice.exe")],
	['RFC 2047, Q' => disposition('filename="=?utf-8?Q?invoice=2Eexe?="')],
	['RFC 2047, B' => disposition('filename="=?utf-8?B?' . MIME::Base64::encode('invoice.exe', '') . '?="')],
	['RFC 2047 in two words' => disposition("filename=\"=?utf-8?Q?invoice=2Ee?=\n =?utf-8?Q?xe?=\"")],
	['RFC 2047 in Content-Type' => 'Content-Type: application/pdf; name="=?iso-8859-1?Q?r=E9sum=E9.scr?="'],
	['8-bit name' => disposition("filename=\"r\xc3\xa9sum\xc3\xa9.exe\"")],
	['bidi control' => disposition("filename*=utf-8''invoice%E2%80%AEfdp.exe")],
	['bidi control that hides the end' => disposition("filename*=utf-8''invoice.e%E2%80%8Bxe")],
	['zero-width at the end' => disposition("filename*=utf-8''invoice.exe%E2%80%8B")],
	['control character' => disposition("filename*=utf-8''invoice.ex%01e")],
	['line end in the name' => disposition("filename*=utf-8''a%0D%0AX-Evil:%20yes%0D%0A.exe")],
	['NUL in the name' => disposition("filename*=utf-8''invoice.exe%00.pdf")],
	['quoted pair' => disposition('filename="invoice\\.exe"')],
	['comment behind' => disposition('filename=invoice.exe (a comment)')],
	['two filenames' => disposition('filename=a.txt; filename=b.exe')],
	['folded' => "Content-Type: application/pdf\nContent-Disposition: attachment;\n\tfilename=\n\t\"invoice.exe\""],
	['inline' => "Content-Type: image/png\nContent-Disposition: inline; filename=picture.js"],
	['a Windows program under a harmless name' => disposition('filename="invoice.pdf"'), bytes => WINDOWS_EXECUTABLE],
	['a Windows program without a name' => 'Content-Type: application/pdf', bytes => WINDOWS_EXECUTABLE],
);
for (@names) {
	my ($name, $header, %a) = @$_;
	is_renamed($name, $header, %a);
}
is_renamed("CRLF: $names[0][0]", $names[0][1], to => $names[0][3], crlf => 1);
is_renamed("CRLF: $names[19][0]", $names[19][1], crlf => 1);
is_renamed(".$_", disposition("filename=\"a.$_\""), to => "a.$_.defanged")
    for qw(exe com scr bat cmd pif vbs js jse wsf hta lnk jar msi ps1 reg iso cpl);
is_renamed('a long name', disposition('filename="' . 'x' x 400 . '.exe"'));

# Blocked names of a whole message: its own header is the part's.
for my $f (sub { $_[0] }, \&crlf) {
	my $in = $f->(mail(type => 'application/pdf; name="invoice.exe"', encoding => 'base64', body => b64(noise(100))));
	my $r = spawnscan(in => $in);
	exit_is($r, 0, 'single part with a dangerous name');
	my ($rest) = split_marks($r->{out});
	my (undef, $body) = split_mail($in);
	my ($head, $new_body) = split_mail($rest // '');
	same_bytes($new_body, $body, 'single part with a dangerous name: body as it was');
	like(lf($head), qr{^Content-Type: application/octet-stream;\s*name="?invoice\.exe\.defanged"?$}m, 'and the name is changed');
	my $stripped = $head =~ s/^Content-Type:.*?\r?\n(?:[ \t].*?\n)*//mr;
	my ($old) = split_mail($in);
	$old =~ s/^Content-Type:.*?\r?\n//m;
	same_bytes($stripped, $old, 'and the other header lines are not');
}

# Harmless names stay as they are.
for ('report.pdf', 'a.docx', 'notes.txt', 'archive.zip', 'exe', '.exe.txt', 'invoice.exe.txt', 'com', 'my.company.pdf',
    'invoice.exe.defanged') {
	clean_is_untouched("harmless name $_", mail(parts => [$text, attachment($_, noise(200))]));
}
clean_is_untouched('MZ at the front of a text', mail(parts => [$text, attachment('mz.txt', "MZ stands for Mark Zbikowski.\n" x 20)]));

# Own patterns.
{
	my @args = ('-o', 'deny_names=*.docm secret*');
	is_renamed('deny pattern', disposition('filename="letter.docm"'), args => \@args, to => 'letter.docm.defanged');
	is_renamed('deny pattern, other case', disposition('filename="Secret plans.txt"'), args => \@args);
	clean_is_untouched('deny pattern that does not fit', mail(parts => [$text, attachment('letter.docx', noise(99))]), args => \@args);
	clean_is_untouched('allow pattern', mail(parts => [$text, attachment('setup-7.exe', noise(99))]), args => ['-o', 'allow_names=setup-?.exe']);
	is_renamed('allow pattern that does not fit', disposition('filename="setup-77.exe"'), args => ['-o', 'allow_names=setup-?.exe']);
	clean_is_untouched('other extensions', mail(parts => [$text, attachment('a.exe', noise(99))]), args => ['-o', 'block_extensions=xyz']);
	is_renamed('other extensions: mine', disposition('filename="a.XYZ"'), args => ['-o', 'block_extensions=xyz']);
	clean_is_untouched('block_executables=no', mail(parts => [$text, attachment('a.pdf', WINDOWS_EXECUTABLE)]),
	    args => ['-o', 'block_executables=no']);
	# An infected part is removed whatever its name is allowed to be.
	is_removed('an allowed name does not help EICAR',
	    mail(parts => [$text, attachment('setup-7.exe', eicar())]), attachment('setup-7.exe', eicar()),
	    args => ['-o', 'allow_names=setup-?.exe']);
	is_removed('infected and dangerously named: removed', mail(parts => [$text, attachment('virus.exe', eicar())]),
	    attachment('virus.exe', eicar()), file => 'virus.exe');
}

# -- every action for every class ---------------------------------------------

my %case = (
	infected => [mail(parts => [$text, attachment('eicar.txt', eicar()), $after]), attachment('eicar.txt', eicar())],
	blocked => [mail(parts => [$text, attachment('a.exe', noise(300)), $after]), attachment('a.exe', noise(300))],
	encrypted => do {
		my $part = attachment('secret.zip', zip_of(['secret.txt' => noise(300)], encrypted => 1), type => 'application/zip');
		[mail(parts => [$text, $part, $after]), $part];
	},
	limit => do {
		my $part = attachment('big.zip', zip_of(['big.bin' => noise(3 << 20)]), type => 'application/zip');
		[mail(parts => [$text, $part, $after]), $part, 'scan_file_limit=1M'];
	},
);
for my $class (sort keys %case) {
	my ($in, $part, @more) = @{$case{$class}};
	for my $action (qw(pass tag defang remove reject discard tempfail)) {
		my $name = "$class = $action";
		a_case $name => sub {
			my $r = spawnscan(in => $in, conf => {%engine}, args => ['-o', "$class=$action", map { ('-o', $_) } @more]);
			my @kept = grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*";
			my $rec = last_record($r->{log});
			is($rec->{verdict}, $class, 'the log tells the class');
			is($rec->{action}, $action, 'and the action');
			if ($action eq 'pass' || $action eq 'tag') {
				exit_is($r, 0, $name);
				# A finding that is passed leaves no mark but X-Antivirus.
				my ($rest) = $action eq 'tag' ? split_marks($r->{out})
				    : $r->{out} =~ s/\AX-Antivirus: [^\n]*\n//r;
				same_bytes($rest, $in, 'only marks are added');
				my ($result) = header_of($r->{out}, 'X-Spawnscan-Result');
				like($result // '', qr/$class/, 'the result header tells the class') if $action eq 'tag';
			} elsif ($action eq 'defang' || $action eq 'remove') {
				exit_is($r, 0, $name);
				my $new = in_place_of($in, $r->{out}, $part, $name) // return;
				isnt($new, $part, 'the part was changed');
				like($new, $action eq 'remove' ? qr{^Content-Type: text/plain}m : qr{\.defanged"?$}m, 'as asked for');
				is((split_mail($new))[1], (split_mail($part))[1], 'its body is as it was') if $action eq 'defang';
				is(scalar @kept, 1, 'the original is kept');
			} elsif ($action eq 'reject') {
				exit_is($r, 69, $name);
			} elsif ($action eq 'tempfail') {
				exit_is($r, 75, $name);
				is(scalar @kept, 0, 'nothing is kept, it comes again');
			} else {
				exit_is($r, 0, $name);
				is($r->{out}, '', 'nothing comes out');
				is(scalar @kept, 1, 'the original is kept');
				same_bytes(read_file($kept[0] // ''), $in, 'exactly');
			}
		};
	}
}
a_case 'which action wins' => sub {
	my ($in) = @{$case{infected}};
	# Message-level actions win over those on parts, whichever part they come from.
	my $both = mail(parts => [$text, attachment('a.exe', noise(100)), attachment('eicar.txt', eicar())]);
	exit_is(spawnscan(in => $both, args => ['-o', 'blocked=reject']), 69, 'reject wins over remove');
	exit_is(spawnscan(in => $both, args => ['-o', 'infected=reject', '-o', 'blocked=tempfail']), 69, 'reject wins over tempfail');
	exit_is(spawnscan(in => $both, args => ['-o', 'infected=discard', '-o', 'blocked=tempfail']), 75, 'tempfail wins over discard');
	# A discarded mail that can't be kept isn't discarded.
	my $r = spawnscan(in => $in, args => ['-o', 'infected=discard', '-o', 'quarantine_dir=/proc/none']);
	exit_is($r, 75, 'discard without a quarantine');
	$r = spawnscan(in => $in, args => ['-o', 'quarantine_dir=/proc/none']);
	exit_is($r, 75, 'changed mail without a quarantine');
	$r = spawnscan(in => $in, args => ['-o', 'infected=discard', '-o', 'quarantine=off']);
	my @kept = grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*";
	ok($r->{code} == 75 || @kept == 1, 'discard with quarantine=off is kept all the same, or not discarded');
	is($r->{out}, '', 'and nothing comes out');
};

# -- limits -------------------------------------------------------------------
a_case 'limits' => sub {
	my $many = mail(parts => [map { part('Content-Type: text/plain', "part $_\n") } 1 .. 50]);
	for (['mime_parts_limit=10', $many], ['mime_depth_limit=3', do {
		my $m = $plain;
		$m = mail(parts => [rfc822($m)], boundary => "deep$_") for 1 .. 6;
		$m;
	    }], ['header_size_limit=1K', mail(header => 'X-Long: ' . 'x' x 4000)]) {
		my ($set, $in) = @$_;
		my $r = spawnscan(in => $in, args => ['-o', $set, '-o', 'limit=reject']);
		exit_is($r, 69, "$set, limit=reject");
		is(last_record($r->{log})->{verdict}, 'limit', "$set: the log says limit");
		$r = spawnscan(in => $in, args => ['-o', $set, '-o', 'limit=tag']);
		exit_is($r, 0, "$set, limit=tag");
		same_bytes((split_marks($r->{out}))[0], $in, "$set, limit=tag: nothing is changed");
		$r = spawnscan(in => $in, args => ['-o', $set]);
		exit_is($r, 0, "$set, by default");
		unlike((header_of($r->{out}, 'X-Spawnscan-Result'))[0], qr/\bclean\b/, "$set: never called clean");
	}
	my $r = spawnscan(in => mail(body => 'x' x 5000), args => ['-o', 'message_size_limit=4K']);
	ok($r->{code} == 69 || $r->{code} == 75, "message_size_limit: exit code $r->{code}");
	is($r->{out}, '', 'message_size_limit: nothing on stdout');
};

# -- quarantine and backup ------------------------------------------------------
a_case 'quarantine and backup' => sub {
	my $infected = $case{infected}[0];
	for (
		['the default', [], 0, 1],
		['-q', ['-q'], 0, 1],
		['-b', ['-b'], 1, 1],
		['quarantine=off', ['-o', 'quarantine=off'], 0, 0],
		['quarantine=changed', ['-o', 'quarantine=changed'], 0, 1],
		['quarantine=all', ['-o', 'quarantine=all'], 1, 1],
		['--backup', ['--backup'], 1, 1],
		['--quarantine', ['--quarantine'], 0, 1],
	) {
		my ($name, $args, $clean, $changed) = @$_;
		my $r = spawnscan(in => $plain, args => $args);
		my @kept = grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*";
		is(scalar @kept, $clean, "$name: clean mail is " . ($clean ? 'kept' : 'not kept'));
		same_bytes(read_file($kept[0]), $plain, "$name: exactly") if @kept;
		$r = spawnscan(in => $infected, args => $args);
		@kept = grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*";
		is(scalar @kept, $changed, "$name: changed mail is " . ($changed ? 'kept' : 'not kept'));
		same_bytes(read_file($kept[0]), $infected, "$name: exactly") if @kept;
	}

	my $before = time;
	my $r = spawnscan(in => crlf($infected), args => ['-o', 'infected=reject'], umask => 0);
	exit_is($r, 69, 'a refused mail');
	my @all = glob "$r->{quarantine}/*/*";
	my ($original) = grep { !/\.meta\z/ } @all;
	my ($meta) = grep { /\.meta\z/ } @all;
	is(scalar @all, 2, 'a refused mail: original and metadata, no temporary file');
	SKIP: {
		skip 'no original', 10 unless $original && $meta;
		is($meta, "$original.meta", 'metadata beside it in the same name');
		like($original, qr{/\d{4}/(\d+)\.(\d+)(?:\.\d+)?\z}, 'MMDD/UNIXTIME.PID[.N]');
		my ($mmdd, $when) = $original =~ m{/(\d{4})/(\d+)\.};
		ok($when >= $before && $when <= time, 'UNIXTIME is now');
		is($mmdd, POSIX::strftime('%m%d', localtime $when), 'MMDD is today');
		for my $path (@all) {
			is(sprintf('%04o', (stat $path)[2] & 07777), '0600', "$path is for us alone, whatever the umask");
		}
		for my $path ($r->{quarantine}, $original =~ s{/[^/]+\z}{}r) {
			is(sprintf('%04o', (stat $path)[2] & 07777), '0700', "$path is for us alone");
		}
		my $m = read_file($meta);
		like($m, qr/\b\Q@{[sha256_hex(crlf($infected))]}\E\b/i, 'metadata: SHA-256 of the original');
		like($m, qr/infected/, 'metadata: verdict');
		like($m, qr/\Q$SIG\E/, 'metadata: finding');
		like($m, qr/\A(?:[\t\x20-\x7e]*\n)+\z/, 'metadata: printable lines');
	}

	# Many at once do not take each other's names.
	my $conf = conf_file(quarantine => 'all');
	my @pid;
	for my $i (1 .. 6) {
		my $in = write_file(subdir() . '/in', mail(id => "number$i"));
		open my $fh, '<', $in or die;
		open my $null, '>', '/dev/null' or die;
		push @pid, start_process(cmd => [spawnscan_cmd('-c', $conf)], fds => [$fh, $null, $null]);
	}
	is(reap($_, 60), 0, 'one of six at once ends well') for @pid;
	my ($dir) = $conf =~ m{\A(.*)/};
	my %ids = map { (read_file($_) =~ /(number\d)/)[0] => 1 } grep { !/\.meta\z/ } glob "$dir/quarantine/*/*";
	is(scalar keys %ids, 6, 'six originals, all different');
};

# -- input and output that go wrong ---------------------------------------------
a_case 'input and output that go wrong' => sub {
	# The reader went away: not a success.
	my $r = run(cmd => ['/bin/sh', '-c', 'exec 3>&1; { "$@"; echo "code $?" >&3; } | true', 'sh',
	    spawnscan_cmd('-c', conf_file())], in => mail(body => "x\n" x 200000));
	like($r->{out}, qr/code (?!0\b)\d+/, 'stdout closed early: not exit code 0');
	$r = run(cmd => ['/bin/sh', '-c', '"$@" >/dev/full; echo "code $?"', 'sh', spawnscan_cmd('-c', conf_file())], in => $plain);
	like($r->{out}, qr/code 75\b/, 'stdout full: 75');
	$r = run(cmd => ['/bin/sh', '-c', '"$@" <&-; echo "code $?"', 'sh', spawnscan_cmd('-c', conf_file())]);
	like($r->{out}, qr{\Acode 74\n\z}, 'no stdin: 74, and nothing on stdout');
	$r = run(cmd => ['/bin/sh', '-c', '"$@" <.; echo "code $?"', 'sh', spawnscan_cmd('-c', conf_file())], cwd => '/');
	like($r->{out}, qr/\Acode 75\n\z/, 'a stdin that cannot be read: 75, nothing on stdout');
	$r = run(cmd => ['/bin/sh', '-c', '"$@" 2>&-', 'sh', spawnscan_cmd('-c', conf_file())], in => $plain);
	is($r->{code}, 0, 'no stderr: that is all right');
	same_bytes((split_marks($r->{out}))[0], $plain, 'no stderr: the mail is');
	# Files instead of pipes.
	my $dir = subdir();
	write_file("$dir/in", $multi);
	$r = run(cmd => ['/bin/sh', '-c', '"$@" <in >out', 'sh', spawnscan_cmd('-c', conf_file())], cwd => $dir);
	is($r->{code}, 0, 'files: exit code 0');
	same_bytes((split_marks(read_file("$dir/out")))[0], $multi, 'files: the mail');
	# Slow input, byte by byte.
	pipe my $in_r, my $in_w or die;
	open my $out, '>', "$dir/slow" or die;
	my $pid = start_process(cmd => [spawnscan_cmd('-c', conf_file())], fds => [$in_r, $out, $out]);
	close $in_r;
	syswrite $in_w, $_ for split //, $plain;
	close $in_w;
	is(reap($pid, 60), 0, 'byte by byte: exit code 0');
	same_bytes((split_marks(read_file("$dir/slow")))[0], $plain, 'byte by byte: the mail');
};

# What libclamav takes for HTML it does not look at as it stands.
a_case 'payload in HTML' => sub {
	for my $html ("<html><body><p>" . eicar() . "</p></body></html>\n",
	    "<script>" . eicar() . "</script>\n", eicar() . "\n<html><script>x</script></html>\n") {
		for my $mail (mail(type => 'text/html', encoding => '7bit', body => $html),
		    mail(type => 'text/html', encoding => 'base64', body => b64($html)),
		    mail(parts => [part('', 'text'), attachment('a.dat', $html)])) {
			my $r = spawnscan(in => $mail);
			is($r->{code}, 0, 'payload in HTML: exit code');
			like($r->{out}, qr/^X-Spawnscan-Result: infected action=remove/m, 'payload in HTML: found');
			unlike($r->{out}, qr/\Q@{[eicar()]}\E/, 'payload in HTML: gone');
		}
	}
};

# A name with its colon in the next line is that name to some.
a_case 'a forged result in two lines' => sub {
	my $r = spawnscan(in => "X-Spawnscan-Result\n : clean\n" . mail());
	my @claims = $r->{out} =~ /X-Spawnscan-Result/g;
	is(scalar @claims, 1, 'a forged result in two lines is struck out');
};

together(splice @cases);

# -- sizes, at the end: every fork before would copy the tables of so much memory ---
{
	my $big = attachment('big.bin', noise(15 << 20));
	my $in = mail(parts => [$text, $big, $after]);
	cmp_ok(length $in, '>', 20 << 20, 'a mail of more than 20 MB');
	clean_is_untouched('20 MB', $in, timeout => 120);
	my $bad = attachment('eicar.txt', eicar());
	is_removed('20 MB and an infected part', mail(parts => [$text, $big, $bad]), $bad, path => '3');
}

together(@cases);
done_testing;
