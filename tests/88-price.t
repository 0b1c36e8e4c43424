#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What a message costs, in objects for the scanner, which has a price for each; and
# that nothing is lost where several contents are scanned as one.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use JSON::PP ();

my $conf = conf_file(quarantine => 'off', notice => 'removed');

sub explained {
	my ($mail, @args) = @_;
	my $file = write_file(subdir() . '/mail', $mail);
	my $r = spawnscan(conf => $conf, args => [@args, '--explain', $file, '--json'], timeout => 120);
	return eval { JSON::PP->new->decode($r->{out}) } // die "no explanation: $r->{out}$r->{err}";
}

# Objects, each scanned once.
sub price { my ($o) = @_; return @{$o->{scans}} + grep { $_->{new} && !$_->{joined} } @{$o->{views}} }
sub result_of { return (header_of($_[0], 'X-Spawnscan-Result'))[0] // '' }
sub found_in {
	my ($name, $mail, $part) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $r = spawnscan(conf => $conf, in => $mail, timeout => 120);
	like(result_of($r->{out}), qr/infected action=remove part=\Q$part\E /, $name) or diag($r->{out});
	unlike($r->{out}, qr/\Q${\substr(marker(), 0, 20)}\E/, "$name: and gone");
	return $r;
}

# -- regular messages ---------------------------------------------------------------

sub alternative {
	my ($text, $html) = @_;
	return mail(type => 'multipart/alternative', parts => [
		part("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", qp($text)),
		part("Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", qp($html))]);
}

my ($text, $html) = ("Gr\xc3\xbc\xc3\x9fe\n" x 20, "<html><body><p>Gr\xc3\xbc\xc3\x9fe</p>\n" . "<p>text</p>\n" x 20 . "</body></html>\n");
my $o = explained(alternative($text, $html));
is($o->{irregular}, undef, 'text and HTML, both quoted-printable: regular');
is(price($o), 2, 'two objects: the HTML, and all texts with the skeleton') or diag(explain($o->{scans}));
found_in('in the text', alternative($text . marker() . "\n", $html), 1);
found_in('in the HTML as it stands, not in its normalised form', alternative($text, $html =~ s/<p>text/<p title="${\marker()}">text/r), 2);
found_in('in a comment of the HTML', alternative($text, $html =~ s/<p>text/"<!-- " . marker() . " --><p>text"/er), 2);
like(result_of(spawnscan(conf => $conf, in => alternative($text . marker() . "\n", $html . marker() . "\n"), timeout => 60)->{out}),
    qr/infected.*infected/s, 'in both: both are told');
is(price(explained(mail(parts => [part('Content-Type: text/plain', "hello\n"), part("Content-Type: text/plain\nContent-Transfer-Encoding: base64", b64("hello\n" x 20)),
    part("Content-Type: text/calendar\nContent-Transfer-Encoding: base64", b64("BEGIN:VCALENDAR\nEND:VCALENDAR\n"))]))), 1, 'texts alone: one object');
is(price(explained(mail(type => 'text/plain', body => "Linda <linda\@example.org> wrote:\n> hello\n"))), 1, 'an address in a text that looks like a tag: no object more');
is(price(explained(mail(type => 'text/plain', body => "hello\n<a href=\"http://shop.example/\">bye</a>\n"))), 2, 'links in what says to be plain: one, for libclamav looks at them');
is(price(explained(mail(type => 'text/plain', body => "hello\n<a href=\"http://shop.example/\">bye</a>\n"), '-o', 'phishing_scan_urls=no')), 1, 'and none if they do not count');
# The mail that HTML is put in is that HTML to the byte, and what is in it is found.
found_in('in HTML behind a line that is longer than libclamav reads of a mail', mail(type => 'text/html', encoding => 'base64', body => b64('<p>' . 'x' x 960 . marker() . '</p>')), 1);
# What is a file to somebody is scanned as one, and a message is taken apart.
found_in('a message in a text of another type', mail(parts => [part('Content-Type: text/plain', "hello\n"), part("Content-Type: text/rfc822-headers\nContent-Transfer-Encoding: base64",
    b64(mail(parts => [part('Content-Type: text/plain', "hello\n"), part("Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64", b64(marker()))])))]), 2);
is(price(explained(mail(parts => [part('Content-Type: text/plain', "hello\n"), part("Content-Type: text/plain\nContent-Transfer-Encoding: base64", b64("MZ\220\0" . noise(400)))]))), 2,
    'a program in a text: it has an object of its own');
is(price(explained(mail(parts => [part('Content-Type: text/plain', "hello\n"), attachment('letter.txt', "hello\n" x 20)]))), 2, 'a file: the same');

# What only programs find that guess is scanned with the texts, and makes nothing irregular.
my $digits = b64(marker() x 5);
my $bare = mail(parts => [part('Content-Type: text/plain', "hello\n\n$digits\nbye\n"), attachment('a.pdf', "%PDF-1.4\n" . noise(400), type => 'application/pdf')]);
is(price(explained($bare =~ s/\Q$digits\E/b64("hello again\n" x 20)/er)), 2, 'base64 in a text: no object more');
is(explained($bare)->{irregular}, undef, 'and it is regular');
found_in('base64 in a text', $bare, 1);
found_in('the same in CRLF', crlf($bare), 1);
found_in('in a text that is encoded itself', mail(type => 'text/plain', encoding => 'quoted-printable', body => qp("hello\n$digits")), 1);
my $key = "-----BEGIN PGP SIGNATURE-----\n\n" . b64("\x89\x01\x33" . noise(300)) . "=AbCd\n-----END PGP SIGNATURE-----\n";
is(price(explained(mail(type => 'text/plain', body => "hello\n\n$key"))), 1, 'a signature in a text: the same');
my $zipped = b64(zip_of(['a.txt' => marker()]));
is(price(explained(mail(type => 'text/plain', body => "hello\n\n" . b64(zip_of(['a.txt' => 'hello']))))), 2, 'an archive: an object of its own');
found_in('an archive in a text', mail(type => 'text/plain', body => "hello\n\n$zipped"), 1);
my $unnamed = mail(parts => [part('Content-Type: text/plain', "hello\n"), part("Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: binary", $zipped)]);
found_in('an attachment in base64 that no header calls so', $unnamed, 2);
my $escaped = qp(marker()) =~ s/(.{30})/$1=3D\n/r;
found_in('a soft line break that is escaped itself', mail(parts => [part('Content-Type: text/plain', "hello\n"), part("Content-Type: application/octet-stream\nContent-Transfer-Encoding: quoted-printable", $escaped)]), 2);
is(price(explained(mail(type => 'text/html', encoding => 'quoted-printable', body => "<p>a =3D\nb</p>\n"))), 2, 'a "=" at the end of a line of HTML: no object more');

# -- irregular ones -------------------------------------------------------------------

my $pdf = "%PDF-1.4\n" . noise(200_000);
my $mixed = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=AAAA\n\n";
my $attachment = "Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n" . b64($pdf);
my $lines = () = $attachment =~ /\n/g;
my @line = split /^/, $attachment;
$line[$lines / 2] = "AAAA" . substr $line[$lines / 2], 4;
$o = explained("$mixed--AAAA\nContent-Type: text/plain\n\nhello\n--AAAA\n" . join('', @line) . "--AAAA--\n");
is($o->{irregular}, 'line that begins like a boundary', 'a line of base64 that begins like the boundary');
cmp_ok(price($o), '<=', 6, 'costs: ' . price($o));
# To everyone it is what was scanned: the raw message goes without it, and it is decoded once.
my ($raw) = grep { $_->{object} eq 'mail' } @{$o->{scans}};
cmp_ok($raw->{bytes}, '<', 1000, "and the raw message is scanned without it: $raw->{bytes} bytes");
is(scalar(grep { $_->{object} eq 'part' } @{$o->{scans}}), 1, 'and the attachment once');
cmp_ok(scalar @{$o->{views}}, '<=', 3, 'no way of decoding is tried that gives the same: ' . @{$o->{views}});
cmp_ok({map { $_->{why} => $_->{views} } @{$o->{skipped}}}->{'the same in all ways'} // 0, '>', 5, 'which is told');
my $odd = join '', @line;
($raw) = grep { $_->{object} eq 'mail' } @{explained("$mixed--AAAA\nContent-Type: text/plain\n\nhello\n--AAAA\n" . $odd =~ s/\nAAAA/\nA=AA/r . "--AAAA--\nAAAA\n")->{scans}};
cmp_ok($raw->{bytes}, '>', 200_000, 'not so one that decoders differ about');
($raw) = grep { $_->{object} eq 'mail' } @{explained("$mixed--AAAA\nContent-Type: text/plain\n\nhello\n--AAAA\n$odd--AAAA--\n", '-o', 'scan=thorough')->{scans}};
cmp_ok($raw->{bytes}, '>', 200_000, 'nor with scan = thorough');
found_in('in such an attachment', "$mixed--AAAA\nContent-Type: text/plain\n\nhello\n--AAAA\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"
    . join('', map { my $l = $_; ($l) } (b64("%PDF-1.4\n" . noise(20_001) . marker() . noise(20_000)) =~ s/\n[^\n]{4}/\nAAAA/r)) . "--AAAA--\n", 2);
# A text that stands in the raw message as it is needs no scan of its own there, unless something is found.
my $like = "$mixed--AAAA\nContent-Type: text/plain\n\nhello\n--aaaa line\nagain\n--AAAA--\n";
is(explained($like)->{irregular}, 'line that begins like a boundary', 'a text with a line like a boundary');
is(price(explained("Received: from a\n$like")), 1, 'costs one');
found_in('in the text', $like =~ s/again/marker()/er, 1);
my $bounce = "From: a\nContent-Type: text/plain\n\nYour message was not delivered.\n\n   ----- The header -----\n\nReceived: from x\nSubject: y\n"
    . "Content-Type: text/plain; name=a.txt\nContent-Transfer-Encoding: 7bit\n\n" . "A line of text, and another.\n" x 50;
$o = explained($bounce);
is($o->{irregular}, 'header within a text', 'a bounce with a header in its text');
cmp_ok(price($o), '<=', 3, 'costs: ' . price($o));
my %why = map { $_->{why} => $_->{views} } @{$o->{skipped}};
cmp_ok($why{'no header names such an encoding, and no marker'} // 0, '>', 5, 'decoders that nothing calls for are told');
cmp_ok($why{'a stretch of what was scanned'} // 0, '>', 0, 'and what was scanned already');
my $told = spawnscan(conf => $conf, args => ['--explain', write_file(subdir() . '/mail', $bounce)], timeout => 60)->{out};
like($told, qr/^Ways to read it that were passed over\n  \d+: /m, 'to a human, too');

# A header that names the encoding calls for its decoders, and so does an unknown name.
for my $encoding ('base64', 'BASE64', 'x-base64', 'base-64', 'x-unheard-of', "\n base64", '(c) base64') {
	my $r = found_in("$encoding in a text", "Subject: x\n\nhello\n\nContent-Transfer-Encoding: $encoding\n\n" . b64("text before it\n" . marker() . "\n"), 1);
}
found_in('quoted-printable in a text', "Subject: x\n\nhello\n\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n" . join('', map { sprintf '=%02X', ord } split //, marker()) =~ s/(.{60})/$1=\n/gr . "\n", 1);

# -- infected messages --------------------------------------------------------------------

# What goes to the scanner, in the look at the message and in that at what becomes of it.
sub objects_of { my ($name, $n, $mail, @args) = @_; is(explained($mail, @args)->{objects}, $n, $name) }
my $hello = part('Content-Type: text/plain', "hello\n");
my $virus = attachment('a.bin', "\0\1" . marker() . noise(500));
my $page = part("Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable", qp("<html><p>hello</p></html>\n"));
my $report = attachment('b.pdf', "%PDF-1.4\n" . noise(2000), type => 'application/pdf');
objects_of('an infected attachment: itself, and what is left', 2, mail(parts => [$hello, $virus]));
objects_of('beside a report and HTML: each once', 4, mail(parts => [$hello, $virus, $report, $page]));
objects_of('in multipart/alternative, which changes', 4, mail(multipart => 'multipart/alternative', parts => [$hello, $page, $virus, $report]));
objects_of('two infected ones', 3, mail(parts => [$hello, $virus, attachment('c.bin', "\0\2" . marker())]));
objects_of('an infected text: in the skeleton, alone, and what is left', 3, mail(type => 'text/plain', body => marker() . "\n"));
objects_of('a message that goes as a whole: itself, and its header', 2, mail(type => 'application/zip', encoding => 'base64', body => b64(zip_of(['a.txt' => marker()]))));
objects_of('an irregular one that does', 2, mail(type => 'application/zip', encoding => 'base64', body => b64(zip_of(['a.txt' => marker()])) . "!\n--x\n\nhello\n"));
objects_of('infected=reject: the rest is of no interest', 1, mail(parts => [$virus, $hello, $report, $page]), '-o', 'infected=reject');
objects_of('nor in an irregular one', 1, mail(parts => [$virus, $hello, $report, part("Content-Type: application/zip\nContent-Transfer-Encoding: base64", b64(noise(100)) . "!\n")]), '-o', 'infected=reject');

objects_of('an attachment twice: once', 2, mail(parts => [$hello, $report, $report =~ s/b\.pdf/c.pdf/gr]));
objects_of('in a message as well: the same', 2, mail(parts => [$hello, $report, rfc822(mail(boundary => 'inner', parts => [$hello, $report]))]));
is(() = result_of(spawnscan(conf => $conf, in => mail(parts => [$hello, $virus, $virus]), timeout => 60)->{out}) =~ /infected/g, 2, 'an infected one: both are told');

# Nothing is left, wherever else it stands; what is found in the result is told of the message.
sub gone {
	my ($name, $mail, $reason, @args) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $r = spawnscan(conf => $conf, in => $mail, args => \@args, timeout => 120);
	unlike($r->{out}, qr/\Q${\substr(marker(), 0, 20)}\E/, "beside an infected attachment, $name: gone") or diag($r->{out});
	like(result_of($r->{out}), $reason, "$name: told") or diag($r->{out});
}
my $m = marker();
my $both = qr/infected.*infected/s;
gone('in the subject', mail(subject => $m, parts => [$hello, $virus]), $both);
gone('in another field', "X-A: $m\n" . mail(parts => [$hello, $virus]), $both);
gone('in the text', mail(parts => [part('Content-Type: text/plain', "$m\n"), $virus]), $both);
gone('in an encoded text', mail(parts => [part("Content-Type: text/plain\nContent-Transfer-Encoding: base64", b64("hello $m\n")), $virus]), $both);
gone('in HTML', mail(parts => [$hello, $page =~ s/hello/<!-- $m -->/r, $virus]), $both);
gone('in front of the parts', mail(preamble => "$m\n", parts => [$hello, $virus]), qr/infected/);
gone('behind the parts', mail(parts => [$hello, $virus], epilogue => "$m\n"), qr/infected/);
gone('in the header of a part', mail(parts => [part("Content-Type: text/plain\nContent-Description: $m", "hello\n"), $virus]), $both);
gone('in its own header', mail(parts => [$hello, $virus =~ s/^/Content-Description: $m\n/r]), qr/infected/);
gone('in its own name', mail(parts => [$hello, $virus =~ s/a\.bin/$m/gr]), qr/^/);
gone('in another attachment', mail(parts => [$hello, $virus, $report, attachment('d.bin', "\0\2$m")]), $both);
gone('in base64 in a text', mail(parts => [part('Content-Type: text/plain', "hello\n\n" . b64($m x 5)), $virus]), $both);
gone('in a message in it', mail(parts => [$hello, $virus, rfc822(mail(parts => [$hello, attachment('e.bin', "\0\3$m")]))]), $both);
gone('in the header of a message that goes', "X-A: $m\n" . mail(type => 'application/zip', encoding => 'base64', body => b64(zip_of(['a.txt' => $m]))), $both);
gone('in lines in front of the header of one', "X A $m\n" . mail(type => 'application/zip', encoding => 'base64', body => b64(zip_of(['a.txt' => $m]))), $both);
gone('by a name', mail(parts => [$hello, $virus, attachment('e.exe', 'hello')]), qr/blocked/);
gone('in what is irregular', mail(parts => [$hello, $virus, part("Content-Type: application/zip\nContent-Transfer-Encoding: x-unheard-of", b64("\0\2$m"))]), $both);
gone('what the scanner has a limit for', mail(parts => [part('Content-Type: text/plain', "hello\n" x 20_000), $virus]), qr/limit/, '-o', 'scan_file_limit=100K');
gone('with scan=thorough', mail(subject => $m, parts => [$hello, $virus]), $both, '-o', 'scan=thorough');
# The notice is scanned as well: words of the administrator's are no exception.
my $r = spawnscan(conf => $conf, in => mail(parts => [$hello, $virus]), args => ['-o', "notice=$m"], timeout => 60);
unlike($r->{out}, qr/\Q$m\E/, 'a notice in which something is found does not stay');

# -- one budget -------------------------------------------------------------------------

# Many irregular messages in one: each has views of its own, and all count.
my $inner = "Subject: x\nContent-Type: application/zip\nContent-Transfer-Encoding: x-unheard-of\n\n" . b64(zip_of(['a.txt' => noise(100)])) . "!\n";
my $many = mail(parts => [map { my $n = $_; part("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64", b64("$inner$n\n" . b64(zip_of(["$n.txt" => noise(100 + $n)])))) } 1 .. 20]);
my $all = explained($many, '-o', 'archive_names=no');
ok(!grep({ $_->{reason} eq 'too many readings' } @{$all->{findings}}), 'within the default all is looked at');
my $bounded = explained($many, '-o', 'archive_names=no', '-o', 'view_limit=10');
ok(grep({ $_->{reason} eq 'too many readings' } @{$bounded->{findings}}), 'past the limit it is told');
my $views = grep { $_->{object} eq 'view' } @{$bounded->{scans}};
cmp_ok($views + grep({ $_->{new} && !$_->{joined} } @{$bounded->{views}}), '<=', 10, 'and no more than so many are scanned');
done_testing;
