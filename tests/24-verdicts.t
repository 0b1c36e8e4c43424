#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The file of verdicts: signatures and contents that are acted on differently, for a time,
# and what that must not hide.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA qw(sha256_hex);
use POSIX ();
use Test::More;
use Harness;
use MailMaker;

# Two signatures of our own; what one of them finds may stand beside what the other does.
my ($one, $two) = ('a harmless text that the first signature finds', 'a harmless text that the second signature finds');
my $dir = subdir('sigs', 0755);
write_file("$dir/tests.ndb", eicar_signature() . marker_signature()
    . 'PUA.Test.One:0:*:' . unpack('H*', $one) . "\nTest.Two:0:*:" . unpack('H*', $two) . "\n", 0644);
my %by = by_engine($dir);
my ($files, $n) = (subdir('verdicts', 0755), 0);
sub verdicts { my ($text) = @_; return write_file($files . '/v' . ++$n, $text, 0644) }
sub with { my ($text, %set) = @_; return { %by, database => $dir, verdicts => verdicts($text), %set } }
sub of { return mail(parts => [part('Content-Type: text/plain', "text\n"), @_]) }
# What comes of a mail: the result's field, the log's record, the output.
sub result {
	my ($mail, $conf) = @_;
	my $r = spawnscan(in => $mail, conf => $conf, timeout => 60);
	my ($result) = header_of($r->{out}, 'X-Spawnscan-Result');
	return (($result // "code $r->{code}") =~ s/\s+/ /gr, last_record($r->{log}), $r);
}
my $exe = "\x00\x01" . noise(300);
my $pua = "$exe$one$exe";

# What a listed content holds is not clean for that where it stands alone.
{
	my $inner = mail(boundary => 'inner', parts => [part('Content-Type: text/plain', "text\n"), attachment('a.dat', $pua)]);
	my $listed = part("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64", b64($inner));
	like((result(of($listed, attachment('b.dat', $pua)), with(sha256_hex($inner) . " ignore\n")))[0], qr/infected action=remove part=3 /, 'in a listed message, and by itself behind it');
}

# -- by name -----------------------------------------------------------------

{
	my $mail = of(attachment('a.dat', $pua));
	is((result($mail, with('')))[0], 'infected action=remove part=2 reason="PUA.Test.One.UNOFFICIAL" file="a.dat"', 'no line: as the class says');
	my ($got, $log, $r) = result($mail, with("# false positives\n\nPUA.* ignore until=2999-12-31 asked for by sales\n"));
	is($got, 'clean', 'ignored by a pattern');
	is($log->{verdicts}, '3: PUA.Test.One.UNOFFICIAL: ignore', 'the log says which line');
	is($log->{outcome}, 'delivered', 'delivered');
	same_bytes((split_marks($r->{out}))[0], $mail, 'as it came');
	($got, $log) = result($mail, with("PUA.* pass\n"));
	is("$got $log->{verdict} $log->{action} $log->{verdicts}", 'code 0 infected pass 1: PUA.Test.One.UNOFFICIAL: pass', 'passed: in the log alone');
	for (['tag', 'infected action=tag'], ['defang', 'infected action=defang']) {
		my ($action, $want) = @$_;
		($got, $log) = result($mail, with("pua.test.one.* $action\n"));
		like($got, qr/^$want part=2 /, "in other case: $action");
		is($log->{verdicts}, "1: PUA.Test.One.UNOFFICIAL: $action", 'the line');
	}
	my ($out) = (result($mail, with("Test.* ignore\nPUA.Test.One.UNOFFICIAL reject\nPUA.* ignore\n")))[2];
	is($out->{code}, 69, 'the first line that fits decides: reject');
	is((result($mail, with("PUA.* tag\n", infected => 'tag')))[0], 'infected action=tag part=2 reason="PUA.Test.One.UNOFFICIAL" file="a.dat"', 'the action that the class has');
	like((result($mail, with("PUA.* remove\n", infected => 'tag')))[0], qr/^infected action=remove part=2/, 'a stronger one than the class has');
	like((result(of(attachment('a.zip', zip_of(['a.dat' => $pua]))), with("PUA.* ignore\n")))[0], qr/^clean/, 'in an archive');
	is((result(mail(body => "text\n\n$one\n"), with("PUA.* ignore\n")))[0], 'clean', 'in the text of a message');
	is((result(mail(body => "text\n\n$one\n", header => "X-A: 1\nContent-Type: text/plain\nContent-Type: text/html"), with("PUA.* ignore\n")))[0] =~ /infected/ ? 1 : 0, 0, 'in an irregular message');
	is((result(mail(header => "X-Text: $one"), with("PUA.* ignore\n")))[0], 'clean', 'in a header');
}

# -- what it must not hide ---------------------------------------------------

my %both = (
	'bytes' => ['a.dat', "$pua$two"],
	'HTML' => ['a.html', "<html><body><p>$one</p><!-- $two --></body></html>\n"],
	'an archive' => ['a.zip', zip_of(['a.dat' => $pua, 'b.dat' => "$exe$two"])],
);
for (sort keys %both) {
	my ($name, $content) = @{$both{$_}};
	for my $action (qw(ignore pass tag)) {
		my ($got, undef, $r) = result(of(attachment($name, $content)), with("PUA.* $action\n"));
		like($got, qr/action=remove part=2 reason="Test\.Two\.UNOFFICIAL"/, "another hit of the same part, in $_, $action");
		unlike($r->{out}, qr/\Q${\ substr(b64($content), 0, 60)}\E/, 'the part is gone');
	}
}
for my $action (qw(ignore pass)) {
	like((result(of(attachment('a.dat', $pua), attachment('b.dat', "$exe$two")), with("PUA.* $action\n")))[0], qr/action=remove part=3 reason="Test\.Two/, "another part, $action");
	like((result(mail(body => "$one\n$two\n"), with("PUA.* $action\n")))[0], qr/action=remove part=1 reason="Test\.Two/, "in a text, $action");
	my ($got, undef, $r) = result(mail(header => "X-One: $one\nX-Two: $two"), with("PUA.* $action\n"));
	like($got, qr/action=remove part=0 reason="Test\.Two/, "in the header, $action");
	like($r->{out}, qr/^X-One: \Q$one\E$/m, 'what is let pass stays there');
	unlike($r->{out}, qr/\Q$two\E/, 'and the other goes');
	($got, undef, $r) = result(of(attachment('a.dat', $pua), part("Content-Type: text/plain\nX-Two: $two", "x\n")), with("PUA.* $action\n"));
	like($got, qr/reason="Test\.Two/, "in the header of a part, $action");
	unlike($r->{out}, qr/\Q$two\E/, 'it is gone');
	# Another type for others: the whole is looked at, where no part stands for it.
	my $odd = mail(parts => [part("Content-Type: text/plain\nContent-Type: application/x-a; name=\"a.dat\"\nContent-Transfer-Encoding: base64", b64($pua))], epilogue => "$two\n");
	like((result($odd, with("PUA.* $action\n")))[0], qr/action=remove part=\d+ reason="Test\.Two/, "behind the parts of an irregular message, $action");
}
{
	# A scan tells a limited number of hits: past it nothing is ignored.
	my $many = subdir('many', 0755);
	my @text = map { sprintf 'a harmless text of many, number %03d.', $_ } 1 .. 70;
	write_file("$many/tests.ndb", join('', map { "PUA.Many.$_:0:*:" . unpack('H*', $text[$_]) . "\n" } 0 .. $#text), 0644);
	my ($got) = result(of(attachment('a.dat', join "\n", $exe, @text)), { database => $many, verdicts => verdicts("PUA.* ignore\n") });
	like($got, qr/^infected action=remove part=2/, 'more hits than are told');
	($got) = result(of(attachment('a.dat', join "\n", $exe, @text[0 .. 40])), { database => $many, verdicts => verdicts("PUA.* ignore\n") });
	is($got, 'clean', 'many, and all of them told');
}
is((result(of(attachment('a.zip', zip_of(['a.txt' => 'secret' x 30], encrypted => 1))), with("* ignore\n", encrypted => 'reject')))[2]{code}, 69, 'no pattern is about encryption');
is((result(of(attachment('a.dat', noise(20000))), with("* ignore\n", scan_size_limit => '1K', limit => 'reject')))[2]{code}, 69, 'nor about limits');
like((result(of(attachment('a.exe', WINDOWS_EXECUTABLE)), with("* ignore\n")))[0], qr/^blocked action=defang/, 'nor about names');

# -- by content -----------------------------------------------------------------

{
	my $line = sha256_hex($pua) . " ignore until=2999-01-01 known to be good\n";
	for my $scan (qw(auto thorough)) {
		my ($got, $log, $r) = result(my $mail = of(attachment('a.dat', $pua)), with("# one\n$line", scan => $scan));
		is($got, 'clean', "ignored by its content, scan = $scan");
		is($log->{verdicts}, '2: PUA.Test.One.UNOFFICIAL: ignore', 'the line');
		same_bytes((split_marks($r->{out}))[0], $mail, 'as it came');
	}
	for my $scan (qw(auto thorough)) {
		is((result(of(part("Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment", "$one\n")), with(sha256_hex("$one\n") . " ignore\n", scan => $scan)))[0], 'clean', "a text, scan = $scan");
	}
	like((result(of(attachment('a.dat', $pua)), with(uc(sha256_hex($pua)) . " tag\n")))[0], qr/^blocked action=tag part=2 .*, infected action=tag part=2/, 'in upper case, to be tagged');
	like((result(of(attachment('a.dat', "$pua.")), with($line)))[0], qr/^infected action=remove/, 'one byte more');
	like((result(of(attachment('a.zip', zip_of(['a.dat' => $pua]))), with($line)))[0], qr/^infected action=remove/, 'not the container around it');
	like((result(of(attachment('a.dat', $pua), attachment('b.dat', "$exe$one")), with($line)))[0], qr/^infected action=remove part=3/, 'nor another part with the same hit');
	like((result(of(attachment('a.dat', $pua), part('Content-Type: text/plain', "$one\n")), with($line)))[0], qr/^infected action=remove part=3/, 'nor a text with it');
	my $zip = zip_of(['a.dat' => $pua, 'b.exe' => 'x']);
	like((result(of(attachment('a.zip', $zip)), with(sha256_hex($zip) . " ignore\n")))[0], qr/^blocked action=defang part=2 reason="inside: extension \.exe"/, 'a container that is allowed: names still hold');
	my $secret = zip_of(['a.txt' => 'secret' x 30], encrypted => 1);
	is((result(of(attachment('a.zip', $secret)), with(sha256_hex($secret) . " ignore\n", encrypted => 'remove')))[0], 'clean', 'one that is encrypted');
	my $harmless = noise(500);
	my ($got, $log) = result(of(attachment('a.dat', $harmless)), with(sha256_hex($harmless) . " remove seen in a phishing wave\n"));
	is($got, 'blocked action=remove part=2 reason="content with a verdict of its own" file="a.dat"', 'nothing is found in it, and it is to go');
	is($log->{verdicts}, '1: content with a verdict of its own: remove', 'the line');
	like((result(of(attachment('a.zip', zip_of(['a.dat' => $harmless]))), with(sha256_hex($harmless) . " reject\n")))[2]{code}, qr/^69$/, 'and in an archive');
}

# -- time -------------------------------------------------------------------------

my @today = gmtime;
my $today = POSIX::strftime('%Y-%m-%d', @today);
like((result(of(attachment('a.dat', $pua)), with("PUA.* ignore until=2026-01-01 old\n")))[0], qr/^infected action=remove/, 'a line that has expired has no effect');
is((result(of(attachment('a.dat', $pua)), with("PUA.* ignore until=$today\n")))[0], 'clean', 'its last day counts');
{
	my $conf = conf_file(%{with("# remark\nPUA.* ignore until=2026-01-01 old\nX pass\n")});
	my $r = spawnscan(conf => $conf, args => ['-V']);
	like($r->{out}, qr/^expired \S+:2: PUA\.\* ignore until=2026-01-01$/m, '-V tells it');
	is(() = $r->{out} =~ /^expired/mg, 1, 'and no other');
	$r = run(cmd => ["$BUILD/spawnscan", '--check', '-c', $conf], timeout => 120);
	like($r->{out}, qr/^WARNING +verdicts: \S+:2: PUA\.\* ignore until=2026-01-01: it has no effect any more$/m, '--check tells it');
}

# -- what is refused ---------------------------------------------------------------

for (["PUA.*\n", 'no action'], ["PUA.* maybe\n", 'an unknown action'], ["PUA.* wrap\n", 'an action for messages'], ["PUA.* ignore until=2026-02-30\n", 'a day that is none'],
    ["PUA.* ignore until=tomorrow\n", 'a date that is none'], ["PUA.* ignore until=2026-1-1\n", 'a date in another form'], [('a' x 63) . " ignore\n", 'a digest that is short', '64'], ["a\x01b ignore\n", 'a control character'],
    [('x' x 300) . " ignore\n", 'a long pattern']) {
	my ($text, $name, $says) = @$_;
	my $file = verdicts("# one\n$text");
	my $r = spawnscan(in => mail(), conf => { %by, verdicts => $file });
	is($r->{code}, 78, "refused: $name");
	like($r->{err}, qr/\Aspawnscan: \Q$file\E:2: [^\n]+\n\z/, 'one sentence with file and line');
	like($r->{err}, qr/$says/, 'it says what') if $says;
}
for (['/nonexistent/v', qr/\Aspawnscan: verdicts: \/nonexistent\/v: No such file/], [verdicts("x\0y ignore\n"), qr/a NUL byte/], [verdicts("# x\n" x 80000), qr/more than 262144 bytes/], [$files, qr/directory/]) {
	my $r = spawnscan(in => mail(), conf => { %by, verdicts => $_->[0] });
	is($r->{code}, 78, "refused: $_->[0]");
	like($r->{err}, $_->[1], 'says why');
}
like(spawnscan(in => mail(), conf => with("X ignore\nPUA.* tag\n", header => 'no'))->{err}, qr/:2: tag, and header = no: nothing would tell of it/, 'a tag that nobody would see');

{
	my @clamd = (engine => 'off', scanner => 'clamd:/nonexistent');
	like(spawnscan(in => mail(), conf => with((sha256_hex('x') . " ignore\n") . "X ignore\n", @clamd))->{err}, qr/:2: clamd tells one signature/, 'clamd: none by name');
}

# -- in a rule -------------------------------------------------------------------

{
	my $file = verdicts("PUA.* ignore\n");
	my $conf = write_file("$files/rule.conf", read_file(conf_file(%by, database => $dir)) . "\n[rule lenient]\nrecipient = b\@x.example\nverdicts = $file\n", 0644);
	for (['b@x.example', 'clean'], ['c@x.example', 'infected']) {
		my ($to, $want) = @$_;
		my $sink = write_file("$files/sendmail", "#!/bin/sh\ncat > $files/out\n", 0755);
		chmod 0755, $sink;
		my $r = run(cmd => ["$BUILD/spawnscan", '-c', $conf, '-o', "sendmail_path=$sink", '--sendmail', '-f', 'a@x.example', '--', $to], in => of(attachment('a.dat', $pua)), timeout => 60);
		is($r->{code}, 0, "to $to") or diag $r->{err};
		like((header_of(read_file("$files/out"), 'X-Spawnscan-Result'))[0] // '', qr/^$want/, $want);
	}
	my $two = write_file("$files/two.conf", read_file(conf_file(%by, database => $dir)) . "\n[rule bare]\nrecipient = x.example\nheader = no\ncontinue = yes\n\n[rule told]\nsender = x.example\ninfected = tag\n", 0644);
	my $seen = run(cmd => ["$BUILD/spawnscan", '-c', $two, '-o', "sendmail_path=$files/sendmail", '--sendmail', '-f', 'a@x.example', '--', 'b@x.example'], in => of(attachment('a.dat', $pua)), timeout => 60);
	is($seen->{code}, 0, 'two rules that match one message');
	like((header_of(read_file("$files/out"), 'X-Spawnscan-Result'))[0] // '', qr/^infected action=tag/, 'do not hide an infection together');
	my $tag = verdicts("PUA.* tag\n");
	my $apart = write_file("$files/apart.conf", read_file(conf_file(%by, database => $dir)) . "\n[rule bare]\nrecipient = x.example\nheader = no\ncontinue = yes\n\n[rule told]\nsender = x.example\nverdicts = $tag\n", 0644);
	$seen = run(cmd => ["$BUILD/spawnscan", '-c', $apart, '-o', "sendmail_path=$files/sendmail", '--sendmail', '-f', 'a@x.example', '--', 'b@x.example'], in => of(attachment('a.dat', $pua)), timeout => 60);
	is($seen->{code}, 0, 'one rule without marks, and one with a verdict that tags') or diag($seen->{err});
	like((header_of(read_file("$files/out"), 'X-Spawnscan-Result'))[0] // '', qr/^infected action=tag/, 'do not hide it together');
	my $bad = verdicts("X frob\n");
	my $r = spawnscan(in => mail(), conf => write_file("$files/bad.conf", read_file(conf_file()) . "\n[rule a]\nsender = x\nverdicts = $bad\n", 0644));
	like($r->{err}, qr/\Aspawnscan: \S+:\d+: rule a: \Q$bad\E:1: expected/, 'a bad line in the file of a rule');
}

# -- while it runs ------------------------------------------------------------------

{
	my $conf = conf_file(%{with("PUA.* ignore\n")});
	my ($file) = read_file($conf) =~ /^verdicts = (.*)$/m;
	my $r = spawnscan(in => of(attachment('a.dat', $pua)), conf => $conf, args => ['--explain', '-', '--json']);
	like($r->{out}, qr/"verdicts": "1: PUA\.Test\.One\.UNOFFICIAL: ignore"/, '--explain --json');
	$r = spawnscan(in => of(attachment('a.dat', $pua)), conf => $conf, args => ['--explain', '-']);
	like($r->{out}, qr/^Decided by verdicts: 1: PUA\.Test\.One\.UNOFFICIAL: ignore$/m, '--explain');
	write_file($file, "PUA.* frob\n", 0644);
	$r = spawnscan(in => mail(), conf => $conf);
	is($r->{code}, 78, 'a line that has become bad');
}
done_testing;
