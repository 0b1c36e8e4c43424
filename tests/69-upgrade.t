#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# An upgrade and a downgrade under load: fronts of one version beside an engine of
# another, until that is started anew. Nothing is lost, unscanned, or deferred for
# longer than five seconds. And a configuration of a newer version is refused with
# one clear sentence.
#
# The other version is this one with another number of its protocol, or the build
# directory $SPAWNSCAN_OTHER.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;

# -- a downgrade with a newer configuration --------------------------------------------

for my $new ("[engine]\nengine_telepathy = yes\n", "[telepathy]\nengine = auto\n", "[scan]\nscan = telepathy\n") {
	my $conf = conf_file();
	write_file($conf, read_file($conf) . $new, 0644);
	my $line = () = read_file($conf) =~ /\n/g;
	for my $program ('spawnscan', 'spawnscan-inspect') {
		my $r = run(cmd => ["$BUILD/$program", '-c', $conf, $program eq 'spawnscan' ? () : '--engine'], in => mail());
		is($r->{code}, 78, "$program: a newer configuration");
		is($r->{out}, '', 'nothing is delivered');
		my @said = grep { /\S/ } split /\n/, $r->{err};
		is(scalar @said, 1, 'one sentence') or diag($r->{err});
		like($said[0], qr/\Q$conf\E.*$line.*telepathy/, 'with file, line and word');
	}
}

# -- another version ---------------------------------------------------------------------

my ($protocol) = read_file("$SRC/common/report.h") =~ /^#define REPORT_PROTOCOL "(\d)"$/m or die 'no protocol';
my $other = $ENV{SPAWNSCAN_OTHER} // do {
	my $dir = subdir('other', 0755);
	for my $name ('spawnscan', 'spawnscan-inspect') {
		my $text = read_file("$BUILD/$name");
		my $n = $text =~ s/(?<=SS[QRB])$protocol/0/g;
		ok($n >= 2, "$name of another protocol");
		write_file("$dir/$name", $text, 0755);
	}
	$dir;
};

# One message and an engine of the other version, by each setting.
{
	my $dir = subdir(undef, 0755);
	my %engine = (engine_socket => "$dir/socket", engine_pid_file => "$dir/pid", reload_check => '0');
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(cmd => ["$other/spawnscan-inspect", '--engine', '-c', conf_file(%engine, log => "file:$dir/log")], fds => [$null, $null, $null]);
	ok(wait_for(sub { (read_file("$dir/log") // '') =~ /ready with/ }, 60), 'an engine of another version') or diag(read_file("$dir/log"));
	my $infected = mail(parts => [attachment('eicar.txt', eicar())]);
	my $r = run(cmd => ["$BUILD/spawnscan", '-c', conf_file(%engine, engine => 'auto', log => 'stderr')], in => $infected);
	is($r->{code}, 0, 'engine = auto: it is done without');
	like($r->{out}, qr/^X-Spawnscan-Result:\s+infected/m, 'and filtered');
	like($r->{err}, qr/the engine at \S+ speaks another version of the protocol: restart it; messages are inspected without it/, 'the log tells');
	$r = run(cmd => ["$BUILD/spawnscan", '-c', conf_file(%engine, engine => 'require', inspect_timeout => '4s', log => 'stderr')], in => $infected);
	is($r->{code}, 75, 'engine = require: it waits');
	ok($r->{ms} > 1500, "some time for the engine to be started anew ($r->{ms} ms)");
	like($r->{err}, qr/the engine at \S+ speaks another version of the protocol: restart it/, 'the log tells');
	# It is, meanwhile.
	my $conf = conf_file(%engine, engine => 'require', inspect_timeout => '60s', log => 'stderr');
	my $restart = fork // die;
	if ($restart == 0) {
		Harness::become_child();
		sleep 1;
		kill 'TERM', $pid;
		wait_for(sub { !-e "$dir/socket" }, 20);
		exec "$BUILD/spawnscan-inspect", '--engine', '--daemon', '-c', conf_file(%engine, log => "file:$dir/log2");
	}
	Harness::adopt($restart);
	stop_process($pid);
	reap($restart, 60);
	$r = run(cmd => ["$BUILD/spawnscan", '-c', $conf], in => $infected);
	is($r->{code}, 0, 'the new engine serves');
	like($r->{out}, qr/^X-Spawnscan-Result:\s+infected/m, 'and finds it');
	my ($new) = (read_file("$dir/pid") // '') =~ /(\d+)/;
	kill 'TERM', $new if $new;
}

# -- under load -----------------------------------------------------------------------------

SKIP: {
	loud_skip('needs root, for a Postfix of its own', 1) if $>;
	loud_skip('Postfix is not installed', 1) unless grep { -x "$_/smtp-source" } split /:/, $ENV{PATH};
	loud_skip('load under the sanitizers, which are slow', 1) if Harness::sanitized();
	my $r = run(cmd => ["$SRC/tests/load", 600], timeout => 900, env => { SPAWNSCAN_BUILD => $BUILD, LOAD_UPGRADE => $other });
	is($r->{code}, 0, 'all well') or diag($r->{out}, $r->{err});
	like($r->{out}, qr/^in 600, out 600 /m, '600 in, 600 out');
	like($r->{out}, qr/^upgrades: 3, deferred at most [0-5] s/m, 'in three upgrades');
	note($r->{out});
}

done_testing;
