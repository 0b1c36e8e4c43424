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
my $r = run(cmd => ["$SRC/demo/run", $BUILD], env => {TMPDIR => $tmp}, cwd => '/', timeout => 180);
is($r->{code}, 0, 'it ends with 0') or diag($r->{out}, $r->{err});
is($r->{err}, '', 'nothing on stderr');
is(scalar(() = $r->{out} =~ /^\s*as expected$/mg), 6, 'six mails, all as expected');
like($r->{out}, qr/^  \+X-Spawnscan-Result: clean$/m, 'a diff of a clean mail');
like($r->{out}, qr/^  -Content-Type: application\/octet-stream$/m, 'a diff of an infected one: what went');
like($r->{out}, qr/^  \+Reason: +Eicar-Test-Signature/m, 'what came');
like($r->{out}, qr/\.exe\.defanged/, 'a renamed one');
like($r->{out}, qr/event=message/, 'the log');
like($r->{out}, qr/^  -rw------- .*\/quarantine\/\d{4}\/\d+\.\d+$/m, 'the quarantine');
unlike($r->{out}, qr/EICAR-STANDARD-ANTIVIRUS/, 'the test string is not printed in the open');

ok(wait_for(sub { !session_members($r->{sid}) }, 10), 'no process is left');
ok(wait_for(sub { my @p = grep { (readlink("$_/cwd") // '') =~ /^\Q$tmp\E/ || (readlink("$_/exe") // '') =~ /^\Q$tmp\E/ } glob '/proc/[0-9]*'; !@p }, 20),
    'no Postfix daemon either');
is_deeply([glob "$tmp/*"], [], 'no file is left');
is(defined getpwnam 'spawnscan' ? 1 : 0, $user_was_there ? 1 : 0, 'nor a user that was not there before');
done_testing;
