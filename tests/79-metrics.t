#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# metrics_file: numbers of all filters together, in a form that Prometheus accepts, and
# whatever is wrong with the file, mail is delivered.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;

my $text = part('Content-Type: text/plain; charset=us-ascii', "A text.\n");
my $clean = mail();
my $infected = mail(parts => [$text, attachment('v.txt', eicar())]);
my $dir = subdir('metrics');
my $file = "$dir/spawnscan.prom";
my $conf = conf_file(metrics_file => $file);
sub filter { my ($mail, @o) = @_; return run(in => $mail, cmd => [spawnscan_cmd('-c', $conf, @o)]) }
sub metric { my ($name) = @_; return (read_file($file) // '') =~ /^\Q$name\E (\S+)$/m ? $1 : '(none)' }

subtest 'counted' => sub {
	filter($clean) for 1 .. 3;
	filter($infected) for 1 .. 2;
	filter($clean, '-o', 'inspector=/nonexistent');
	is(metric('spawnscan_messages_total{verdict="clean",action="pass"}'), 3, 'clean');
	is(metric('spawnscan_messages_total{verdict="infected",action="remove"}'), 2, 'infected');
	is(metric('spawnscan_messages_total{verdict="error",action="tempfail"}'), 1, 'not inspected');
	is(metric('spawnscan_outcomes_total{outcome="delivered"}'), 5, 'delivered');
	is(metric('spawnscan_outcomes_total{outcome="deferred"}'), 1, 'deferred');
	is(metric('spawnscan_findings_total{class="infected"}'), 2, 'findings');
	is(metric('spawnscan_quarantined_total'), 2, 'kept');
	is(metric('spawnscan_inspector_failures_total'), 1, 'failures');
	is(metric('spawnscan_message_bytes_total'), 4 * length($clean) + 2 * length($infected), 'bytes');
	is(metric('spawnscan_phase_seconds_count{phase="inspect"}'), 6, 'times');
	is(metric('spawnscan_phase_seconds_bucket{phase="inspect",le="+Inf"}'), 6, 'in the last bucket');
	my @b = (read_file($file)) =~ /^spawnscan_phase_seconds_bucket\{phase="inspect",le="[^"]+"\} (\d+)$/mg;
	is("@b", join(' ', sort { $a <=> $b } @b), 'which are sums');
	SKIP: {
		(grep { -x "$_/promtool" } split /:/, $ENV{PATH}) or loud_skip('prometheus is not installed', 2);
		my $r = run(in => read_file($file), cmd => ['promtool', 'check', 'metrics']);
		is($r->{code}, 0, 'promtool accepts it') or diag($r->{out}, $r->{err});
		is($r->{out} . $r->{err}, '', 'without a word');
	}
	is((stat $file)[2] & 07777, 0644, 'others may read it');
};

subtest 'by many at the same time' => sub {
	my $before = metric('spawnscan_messages_total{verdict="clean",action="pass"}');
	my $d = Downstream->start;
	my @pids = map {
		my $pid = fork // die;
		if ($pid == 0) {
			Harness::become_child();
			my $c = SmtpClient->filter(to => $d->address, conf => $conf);
			$c->hello;
			$c->deliver(mail => crlf($clean)) for 1 .. 5;
			$c->quit;
			POSIX::_exit(0);
		}
		$pid;
	} 1 .. 6;
	waitpid $_, 0 for @pids;
	ok(wait_for(sub { metric('spawnscan_messages_total{verdict="clean",action="pass"}') == $before + 30 }), 'each is counted')
	    or diag(metric('spawnscan_messages_total{verdict="clean",action="pass"}'));
};

subtest 'whatever is wrong with it' => sub {
	write_file("$file.state", 'nonsense' x 1000);
	is(filter($clean)->{code}, 0, 'a broken state: delivered');
	is(metric('spawnscan_messages_total{verdict="clean",action="pass"}'), 1, 'and counted from the beginning');
	unlink "$file.state";
	symlink '/etc/passwd', "$file.state";
	my $passwd = read_file('/etc/passwd');
	is(filter($clean)->{code}, 0, 'a link: delivered');
	is(read_file('/etc/passwd'), $passwd, 'and not followed');
	unlink "$file.state";
	mkdir "$file.state";
	is(filter($clean)->{code}, 0, 'a directory: delivered');
	rmdir "$file.state";
	is(filter($clean, '-o', 'metrics_file=/nonexistent/x')->{code}, 0, 'no such directory: delivered');
	like(read_file($conf =~ s{[^/]+\z}{log}r), qr{metrics: /nonexistent/x\.state: No such file}, 'which the log says');
	POSIX::mkfifo("$file.new", 0600);
	my $r = run(in => $clean, cmd => [spawnscan_cmd('-c', $conf)], timeout => 20);
	is($r->{code}, 0, 'a pipe in the way: delivered');
	unlink "$file.new";
	open my $fh, '+>>', "$file.state" or die;
	flock $fh, 2;
	my $before = metric('spawnscan_messages_total{verdict="clean",action="pass"}');
	$r = run(in => $clean, cmd => [spawnscan_cmd('-c', $conf)], timeout => 20);
	is($r->{code}, 0, 'somebody holds the lock: delivered');
	is(metric('spawnscan_messages_total{verdict="clean",action="pass"}'), $before, 'and nothing is written under it');
};
done_testing;
