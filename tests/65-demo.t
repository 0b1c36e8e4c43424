#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The demonstration shows what it promises, and leaves nothing behind.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;

if ($>) {
	diag('SKIPPED: the demonstration needs root');
	plan skip_all => 'SKIPPED: the demonstration needs root';
}
unless (grep { -x "$_/postfix" } split /:/, $ENV{PATH}) {
	diag('SKIPPED: Postfix is not installed');
	plan skip_all => 'SKIPPED: Postfix is not installed';
}

my $user_was_there = defined getpwnam 'spawnscan';
my $tmp = subdir('tmp', 01777);
my $begin = now();
my $r = run(cmd => ["$SRC/demo/run", $BUILD], env => {TMPDIR => $tmp}, cwd => '/', timeout => 180);
my $seconds = now() - $begin;
is($r->{code}, 0, 'it ends with 0') or diag($r->{out}, $r->{err});
is($r->{err}, '', 'nothing on stderr');
like($r->{out}, qr/^All as expected\.$/m, 'all as expected');
my ($table) = $r->{out} =~ /^-{78}\n(.*?)^\n/ms;
my @rows = split /^(?=\d\. )/m, $table // '';
is(scalar @rows, 6, 'six messages in the table');
like($rows[0], qr/the same, two header fields on top\n  nothing was found +not kept/, 'the clean one');
like($_, qr/a notice in its place\n  infected: Eicar-Test-Signature +quarantine: \d{4}\/\d+\.\d+\.\d+$/m, 'an infected one: what arrived, why, where the original is')
    for @rows[1, 2, 4, 5];
like($rows[3], qr/invoice\.pdf\.exe\.defanged\n  blocked: extension \.exe +quarantine: /, 'the renamed one');
like($r->{out}, qr/What next\?/, 'what to do next');
cmp_ok(scalar(() = $r->{out} =~ /\n/g), '<=', 55, 'on one screen');
is((grep { length > 80 } split /\n/, $r->{out}), 0, 'of 80 columns');
note("it took $seconds seconds");

$r = run(cmd => ["$SRC/demo/run", '-v', $BUILD], env => {TMPDIR => $tmp}, cwd => '/', timeout => 180);
is($r->{code}, 0, '-v: it ends with 0') or diag($r->{out}, $r->{err});
is(scalar(() = $r->{out} =~ /^\s*as expected$/mg), 6, 'six messages, all as expected');
like($r->{out}, qr/^  \+X-Spawnscan-Result: clean$/m, 'a diff of a clean message');
like($r->{out}, qr/^  -Content-Type: application\/octet-stream$/m, 'a diff of an infected one: what went');
like($r->{out}, qr/^  \+because it contains a virus \(Eicar-Test-Signature/m, 'what came');
like($r->{out}, qr/\.exe\.defanged/, 'a renamed one');
like($r->{out}, qr/event=message/, 'the log');
like($r->{out}, qr/^  -rw------- .*\/quarantine\/\d{4}\/\d+\.\d+\.\d+$/m, 'the quarantine');
unlike($r->{out}, qr/EICAR-STANDARD-ANTIVIRUS/, 'the test string is not printed in the open');

# A filter that blocks no names: the table says so, and the details are there.
my $other = subdir('other', 0755);
run(cmd => ['cp', (grep { -f && !m{/spawnscan\z} } glob "$BUILD/spawnscan*"), $other]);
run(cmd => ['cp', "$BUILD/spawnscan", "$other/real"]);
write_file("$other/spawnscan", "#!/bin/sh\nexec '$other/real' -o block_extensions=none -o 'inspector=$other/spawnscan-inspect' \"\$\@\"\n", 0755);
$r = run(cmd => ["$SRC/demo/run", $other], env => {TMPDIR => $tmp}, cwd => '/', timeout => 180);
isnt($r->{code}, 0, 'without rules for names it ends with a failure');
like($r->{out}, qr/NOT AS EXPECTED: verdict blocked was expected/, 'and says what is not as expected');
like($r->{out}, qr/What went in \(-\)/, 'with the details of that message');
like($r->{out}, qr/^4\. .* two header fields on top\n/m, "and the table");

ok(wait_for(sub { !session_members($r->{sid}) }, 10), 'no process is left');
ok(wait_for(sub { my @p = grep { (readlink("$_/cwd") // '') =~ /^\Q$tmp\E/ || (readlink("$_/exe") // '') =~ /^\Q$tmp\E/ } glob '/proc/[0-9]*'; !@p }, 20),
    'no Postfix daemon either');
is_deeply([glob "$tmp/*"], [], 'no file is left');
is(defined getpwnam 'spawnscan' ? 1 : 0, $user_was_there ? 1 : 0, 'nor a user that was not there before');
done_testing;
