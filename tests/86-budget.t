#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What a message may cost: past its CPU time, or its time on the clock, there is a
# verdict, "limit", and no failure; wherever that time is spent.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Compress::Zlib ();
use Harness;
use MailMaker;

# One layer of 95 MB is searched without anybody looking at the time.
my $zeros = Compress::Zlib::memGzip("\0" x (95 << 20));
my $bomb = Compress::Zlib::memGzip($zeros);
my $hello = part('Content-Type: text/plain', "hello\n");
my $virus = attachment('virus.bin', marker());
my $mail = mail(parts => [$hello, attachment('a.gz', $bomb)]);

sub result_of { return join ' ', header_of($_[0]{out}, 'X-Spawnscan-Result') }
sub filtered {
	my ($message, %set) = @_;
	my $begun = now();
	my $r = spawnscan(in => $message, conf => {inspect_cpu => '1s', inspect_timeout => '600s', %set}, timeout => 100);
	$r->{took} = now() - $begun;
	return $r;
}

# -- in the middle of something ---------------------------------------------------------

my $r = filtered($mail);
is($r->{code}, 0, 'CPU time runs out in one scan: no failure');
like(result_of($r), qr/\Alimit action=defang part=0 reason="Heuristics\.Limits\.Exceeded\.MaxScanTime"/, 'a verdict, about the whole');
like($r->{out}, qr/^Content-Type: application\/octet-stream; name="message\.defanged"/m, 'and its action');
is_deeply([scratch_left()], [], 'nothing is left');
# The inspector is done two seconds before the front gives up, whatever a busy machine makes of that.
$r = filtered(mail(parts => [$hello, map { attachment("a$_.gz", $bomb . $_) } 1 .. 4]), inspect_cpu => '0', inspect_timeout => '12s');
like(result_of($r), qr/\Alimit action=defang part=\d /, 'and so if it is the time on the clock') or diag($r->{err});
$r = filtered($mail, limit => 'reject');
is($r->{code}, 69, 'whatever is to be done about limits');
$r = filtered($mail, limit => 'tag');
like(result_of($r), qr/\Alimit action=tag part=[02] /, 'tagged') or diag(substr $r->{out}, 0, 400);
is($r->{out} =~ s/\A.*?(?=^Received)//msr, $mail, 'and nothing else changes');
$r = filtered(mail(parts => [$hello, $virus, attachment('a.gz', $bomb)]));
like(result_of($r), qr/infected action=remove/, 'an infection that was found before is not forgotten');
like(result_of($r), qr/limit action=/, 'nor is the limit');
unlike($r->{out}, qr/\Q${\b64(marker())}\E/, 'it is gone');
$r = filtered(mail(parts => [$hello, $virus, attachment('a.gz', $bomb)]), infected => 'reject');
is($r->{code}, 69, 'nor is what is to be done about it');
$r = filtered("just a body\n\n" . $mail);
is($r->{code}, 0, 'a message without a header: no failure');
$r = filtered("From someone Thu Jan  1 00:00:00 2026\n$mail");
like($r->{out}, qr/\AFrom someone [^\n]*\nX-Spawnscan-Result: limit/, 'a mailbox line stays in front') or diag(substr $r->{out}, 0, 300);

# -- before it is seen whether the header is clean ----------------------------------------

$r = filtered(mail(subject => marker(), parts => [$hello,
    part("Content-Type: application/octet-stream\nContent-Transfer-Encoding: quoted-printable, base64", b64($bomb))]));
is($r->{code}, 69, 'an infection that may be in the header');
is($r->{out}, '', 'and nothing of it passes');

# -- between two things -------------------------------------------------------------------

my $small = Compress::Zlib::memGzip("\0" x (4 << 20));
$r = filtered(mail(parts => [$hello, map { attachment("a$_.gz", "$small$_") } 1 .. 150]));
is($r->{code}, 0, 'many objects: no failure');
SKIP: {
	loud_skip('between two scans: with the sanitizers the time runs out in the middle of something', 8) if Harness::sanitized();
	like(result_of($r), qr/limit action=defang part=(?:[2-9]|1\d\d?) /, 'those that are left are past the limit');
	unlike(result_of($r), qr/part=0 /, 'and not the whole');
	# What stands in none of them has time left, so that no attachment keeps it from being seen.
	for my $where (qw(prologue epilogue subject)) {
		for my $limit (qw(defang tag)) {
			$r = filtered(mail($where => marker() . ($where eq 'subject' ? '' : "\n"), parts => [$hello, map { attachment("a$_.gz", "$small$_") } 1 .. 150]), limit => $limit);
			unlike($r->{out}, qr/HARMLESS-MARKER/, "an infection elsewhere, $where, limit=$limit: nothing of it passes") or diag(substr result_of($r), 0, 300);
		}
	}
}
$r = filtered(mail(parts => [$hello, map { attachment("a$_.gz", "$small$_") } 1 .. 5]), inspect_cpu => '100s');
is(result_of($r), 'clean', 'within it all is seen');

# -- in a helper of the engine -----------------------------------------------------------

my $e = engine_of(engine_inspectors => 2);
# Longer to scan than to unpack; the scanner looks at the time between its members.
my $long = attachment('a.zip', zip_of([map { ("$_.gz", $zeros . $_) } 1 .. 4]));
my $parts = mail(parts => [$hello, $long, attachment('b.bin', "a small one\n")]);
$r = filtered($parts, %$e, inspect_cpu => '4s');
is($r->{code}, 0, 'an object that is scanned elsewhere: no failure');
like(result_of($r), qr/limit action=defang part=2/, 'a verdict about that object') or diag($r->{err});
like($r->{out}, qr/^hello$/m, 'the text stays');
unlike(result_of($r), qr/part=0 /, 'and the message is none the worse');
$r = filtered($mail, %$e);
like(result_of($r), qr/limit action=defang part=0 /, 'and in an inspector of the engine');
$r = filtered(mail(parts => [$hello, $virus]), %$e);
like(result_of($r), qr/\Ainfected /, 'it serves as before');
$r = filtered(mail(parts => [$hello, attachment('a.zip', zip_of([map { ("$_.gz", $zeros . $_) } 1 .. 16]))]), %$e,
    inspect_cpu => '0', inspect_timeout => '12s');
like(result_of($r), qr/limit action=/, 'the time on the clock, there') or diag($r->{err});

sub engine_of {
	my (%set) = @_;
	my $dir = subdir('engine', 0755);
	my %client = (engine => 'require', engine_socket => "$dir/socket");
	my $conf = conf_file(%set, engine_socket => "$dir/socket", engine_pid_file => "$dir/pid", reload_check => '0', inspect_timeout => '600s', log => "file:$dir/log");
	open my $null, '+<', '/dev/null' or die;
	start_process(cmd => ["$BUILD/spawnscan-inspect", '--engine', '-c', $conf], fds => [$null, $null, $null]);
	wait_for(sub { (read_file("$dir/log") // '') =~ /ready with/ }, 60) or diag('no engine: ' . (read_file("$dir/log") // ''));
	return \%client;
}

done_testing;
