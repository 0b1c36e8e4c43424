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
use MilterClient;
use Downstream;
use SmtpClient;

my $text = part('Content-Type: text/plain; charset=us-ascii', "A text.\n");
my $clean = mail();
my $infected = mail(parts => [$text, attachment('v.txt', eicar())]);
my $dir = subdir('metrics');
our $file = "$dir/spawnscan.prom";
my $conf = conf_file(metrics_file => $file);
sub filter { my ($mail, @o) = @_; return run(in => $mail, cmd => [spawnscan_cmd('-c', $conf, @o)]) }
sub metric { my ($name) = @_; return (read_file($file) // '') =~ /^\Q$name\E (\S+)$/m ? $1 : '(none)' }

my @cases;

# These three have one file.
push @cases, 'of the filters' => sub {
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
		is(metric('spawnscan_inspector_failures_total{cause="unavailable"}'), 1, 'failures');
		is(metric('spawnscan_inspector_failures_total{cause="crash"}'), 0, 'no crash');
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
};

# -- crashes and timeouts apart --------------------------------------------------------

push @cases, 'why it was not inspected' => sub {
	my $at = subdir('evil');
	local $file = "$at/m.prom";
	my $evil = sub {
		my ($mode, @o) = @_;
		write_file("$at/plan", "$mode " . length $clean);
		local $ENV{EVIL_PLAN} = "$at/plan";
		local $ENV{EVIL_REAL} = "$BUILD/spawnscan-inspect";
		return filter($clean, '-o', "metrics_file=$file", '-o', "inspector=$FindBin::Bin/evil-inspector", @o);
	};
	$evil->('segv');
	$evil->('hang', '-o', 'inspect_timeout=2s');
	is(metric('spawnscan_inspector_failures_total{cause="crash"}'), 1, 'a crash') or diag(read_file($file));
	is(metric('spawnscan_inspector_failures_total{cause="timeout"}'), 1, 'a timeout');
};

# -- the engine ---------------------------------------------------------------------

push @cases, 'of the engine' => sub {
	my $at = subdir('engine-metrics', 0755);
	my $prom = "$at/engine.prom";
	my $db = subdir('engine-db', 0755);
	write_file("$db/a.ndb", marker_signature());
	my $econf = conf_file(engine_socket => "$at/socket", engine => 'require', database => $db, reload_check => '0',
	    engine_metrics_file => $prom, engine_inspectors => 3, inspect_timeout => '2s', log => "file:$at/log");
	my $number = sub { my ($name) = @_; return (read_file($prom) // '') =~ /^\Q$name\E (\S+)$/m ? $1 : '(none)' };
	my $becomes = sub { my ($name, $value) = @_; ok(wait_for(sub { $number->($name) eq $value }, 30), "$name becomes $value") or diag($number->($name), read_file("$at/log")) };
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(cmd => ["$BUILD/spawnscan-inspect", '--engine', '-c', $econf], fds => [$null, $null, $null]);
	$becomes->('spawnscan_engine_inspectors{state="ready"}', 3);
	$becomes->('spawnscan_engine_signatures', 1);
	my $through = sub { return run(in => $clean, cmd => [spawnscan_cmd('-c', $econf)])->{code} };
	is($through->(), 0, 'a message') for 1 .. 2;
	$becomes->('spawnscan_engine_inspections_total', 2);
	is($number->('spawnscan_engine_crashes_total'), 0, 'no crash');
	cmp_ok($number->('spawnscan_engine_resident_bytes'), '>', 1 << 20, 'memory');
	cmp_ok(abs($number->('spawnscan_engine_database_timestamp_seconds') - (stat "$db/a.ndb")[9]), '<=', 1, 'time of the signatures');
	like(read_file($prom), qr/^spawnscan_engine_info\{version="ClamAV [^"]+",spawnscan="[^"]+"\} 1$/m, 'version');
	my @ready = grep { my $p = $_; (read_file("/proc/$p/stat") // '') =~ /\) \S $pid /s } map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
	kill 'KILL', $ready[0];
	$becomes->('spawnscan_engine_crashes_total', 1);
	write_file("$db/b.ndb", 'Other:0:*:' . unpack('H*', 'another pattern of this test') . "\n");
	kill 'HUP', $pid;
	$becomes->('spawnscan_engine_reloads_total', 1);
	$becomes->('spawnscan_engine_signatures', 2);
	is($number->('spawnscan_engine_inspections_total'), 2, 'counters go on');
	SKIP: {
		(grep { -x "$_/promtool" } split /:/, $ENV{PATH}) or loud_skip('prometheus is not installed', 2);
		my $r = run(in => read_file($prom), cmd => ['promtool', 'check', 'metrics']);
		is($r->{code}, 0, 'promtool accepts it') or diag($r->{out}, $r->{err});
		is($r->{out} . $r->{err}, '', 'without a word');
	}
	# Not writable: it serves.
	unlink $prom;
	mkdir $prom;
	ok(wait_for(sub { (read_file("$at/log") // '') =~ /engine\.prom: Is a directory/ }, 20), 'a directory in the way: the log says so');
	is($through->(), 0, 'and it serves');
	kill 'TERM', session_members($pid);
};

# -- the proxy ----------------------------------------------------------------------

push @cases, 'of the proxy' => sub {
	my $at = subdir('proxy-metrics');
	local $file = "$at/proxy.prom";
	my $d = Downstream->start;
	my $port = free_port();
	my $pconf = conf_file(proxy_metrics_file => $file, metrics_file => "$at/m.prom", proxy_processes => 3);
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(fds => [$null, $null, $null], cmd => [spawnscan_cmd('-c', $pconf, '--proxy', "127.0.0.1:$port", $d->address)]);
	my $becomes = sub { my ($name, $value) = @_; ok(wait_for(sub { metric("spawnscan_proxy_$name") eq $value }, 30), "$name becomes $value") or diag(metric("spawnscan_proxy_$name")) };
	$becomes->('sessions', 0);
	is(metric('spawnscan_proxy_sessions_limit'), 3, 'limit');
	my @c = map { SmtpClient->connect('127.0.0.1', $port) } 1 .. 2;
	$_->hello for @c;
	$becomes->('sessions', 2);
	like($_->deliver(mail => crlf($infected)), qr/\A250 /, 'a message') for @c;
	$c[0]->quit;
	$becomes->('sessions', 1);
	my ($session) = grep { my $p = $_; (read_file("/proc/$p/stat") // '') =~ /\) \S $pid /s } map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
	kill 'KILL', $session;
	$becomes->('killed_total', 1);
	$becomes->('sessions', 0);
	is(metric('spawnscan_proxy_connections_total'), 2, 'connections');
	kill 'HUP', $pid;
	$becomes->('reloads_total', 1);
	write_file($pconf, (my $good = read_file($pconf)) . "\nnonsense\n");
	kill 'HUP', $pid;
	$becomes->('failed_reloads_total', 1);
	write_file($pconf, $good =~ s/^proxy_processes = 3$/proxy_processes = 4\nproxy_clients = 192.0.2.1/mr);
	kill 'HUP', $pid;
	$becomes->('reloads_total', 2);
	is(SmtpClient->connect('127.0.0.1', $port)->reply, "554 5.7.1 Access denied\r\n", 'a client that is not allowed');
	$becomes->('denied_total', 1);
	is(metric('spawnscan_proxy_sessions_limit'), 4, 'a new limit');
	SKIP: {
		(grep { -x "$_/promtool" } split /:/, $ENV{PATH}) or loud_skip('prometheus is not installed', 1);
		my $r = run(in => read_file($file), cmd => ['promtool', 'check', 'metrics']);
		is("$r->{code}$r->{out}$r->{err}", '0', 'promtool accepts it, without a word');
	}
	write_file($pconf, $good);
	kill 'HUP', $pid;
	$becomes->('reloads_total', 3);
	my $c = SmtpClient->connect('127.0.0.1', $port);
	$c->hello;
	kill 'TERM', $pid;
	$c->quit;
	reap($pid, 60);
	is(metric('spawnscan_proxy_sessions'), 0, 'none is left at the end');
	local $file = "$at/m.prom";
	ok(wait_for(sub { metric('spawnscan_messages_total{verdict="infected",action="remove"}') eq 2 }), 'the sessions have counted their messages');
};

# -- a milter -----------------------------------------------------------------------

push @cases, 'of a milter' => sub {
	my $at = subdir('milter-metrics');
	local $file = "$at/m.prom";
	my $port = free_port();
	my $mconf = conf_file(metrics_file => $file);
	my $log = $mconf =~ s{[^/]+\z}{log}r;
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(fds => [$null, $null, $null], cmd => [spawnscan_cmd('-c', $mconf, '--milter', "127.0.0.1:$port")]);
	ok(wait_for(sub { (read_file($log) // '') =~ /milter: listening/ }, 60), 'it listens');
	my $c = wait_for(sub { MilterClient->connect(port => $port) }, 30) or return;
	$c->deliver(mail => crlf($_)) for $clean, $infected;
	$c->close;
	ok(wait_for(sub { metric('spawnscan_messages_total{verdict="infected",action="remove"}') eq 1 }), 'infected') or diag(read_file($file));
	is(metric('spawnscan_messages_total{verdict="clean",action="pass"}'), 1, 'clean');
	kill 'TERM', $pid;
	reap($pid, 60);
};

together(@cases);
done_testing;
