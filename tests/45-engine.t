#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The engine: what the front gets from it is what an inspector of its own would
# say; it outlives whatever its children do; and signatures change under load
# without one message that fails.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use IO::Handle;
use POSIX ();
use Socket;

# An engine ends with all its memory in use, and dies of a signal as it would
# without the sanitizer.
$ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} // (), qw(detect_leaks=0 handle_segv=0 handle_abort=0);

my $inspect = "$BUILD/spawnscan-inspect";
my @engines;
my $n = 0;

# -- the engine as a test sees it -------------------------------------------------

# The configuration of an engine, and of fronts that talk to it.
sub engine_conf {
	my (%set) = @_;
	my $dir = subdir('engine.' . ++$n, 0755);
	my $e = { dir => $dir, socket => "$dir/socket", pid_file => "$dir/pid", log => "$dir/log" };
	$e->{conf} = conf_file(engine_socket => $e->{socket}, engine_pid_file => $e->{pid_file},
	    log => "file:$e->{log}", reload_check => '0', %set);
	$e->{database} = $set{database} // signature_dir();
	return $e;
}

# Starts one and waits until it serves. env, and fd: what it gets as descriptor 3.
sub start_engine {
	my ($e, %a) = @_;
	open my $null, '+<', '/dev/null' or die;
	open my $err, '>>', "$e->{dir}/stderr" or die;
	my @cmd = (@{$a{cmd} // []}, $inspect, '--engine', '-c', $e->{conf}, @{$a{args} // []});
	@cmd = ('/bin/sh', '-c', 'exec 3<&"$0"; LISTEN_PID=$$ exec "$@"', $a{fd}, @cmd) if $a{fd};
	$e->{pid} = start_process(cmd => \@cmd, fds => [$null, $null, $err], env => $a{env});
	push @engines, $e;
	$e->{sid} = $e->{pid};
	unless ($a{no_wait}) {
		# The pid file is the last of it.
		wait_for(sub { logged($e, qr/ready with/) && (pid_in_file($e) // 0) == $e->{pid} }) or diag('it did not start: ' . engine_log($e));
	}
	return $e;
}

sub engine { return start_engine(engine_conf(@_)) }
sub engine_log { my ($e) = @_; return (read_file($e->{log}) // '') . (read_file("$e->{dir}/stderr") // '') }
# Errors go to standard error as well: count one of the two.
sub logged { my ($e, $re, $times) = @_; my @l = (read_file($e->{log}) // '') =~ /$re/g; return @l >= ($times // 1) }
sub wait_logged { my ($e, $re, $times) = @_; return wait_for(sub { logged($e, $re, $times) }, 30) }
sub pid_in_file { my ($e) = @_; my ($pid) = (read_file($e->{pid_file}) // '') =~ /\A(\d+)\n\z/; return $pid }

# Ends it politely: wait status.
sub end_engine {
	my ($e) = @_;
	my $pid = pid_in_file($e) // $e->{pid};
	kill 'TERM', $pid;
	my $status = $pid == $e->{pid} ? reap($pid, 20) : wait_for(sub { !running({pid => $pid}) }, 20);
	diag('the engine did not end') unless defined $status;
	# One that a reload has replaced may still be removing what it made.
	wait_for(sub { !session_members($e->{sid}) }, 3);
	kill 'KILL', session_members($e->{sid});
	return $status;
}

END {
	my $status = $?;
	for my $e (@engines) {
		my $pid = pid_in_file($e);
		kill 'KILL', session_members($e->{sid}) if $e->{sid};
		kill 'KILL', $pid if $pid && $e->{daemon};
	}
	$? = $status;
}

# Living inspectors of an engine that have a connection; those that wait for one.
sub children_of { return inspectors($_[0], 'inspector') }
sub ready_of { return inspectors($_[0], 'inspector-ready') }
sub inspectors {
	my ($pid, $name) = @_;
	my @found;
	for my $stat (glob '/proc/[0-9]*/stat') {
		my ($p, $comm, $state, $parent) = (read_file($stat) // '') =~ /\A(\d+) \((.*)\) (\S) (\d+) /s or next;
		push @found, $p if $parent == $pid && $comm eq $name && $state !~ /[ZX]/;
	}
	return @found;
}

# Processes of a session that are engines, not inspectors.
sub engines { my ($sid) = @_; return grep { (read_file("/proc/$_/comm") // '') =~ /^spawnscan/ } session_members($sid) }

sub state_of { return ((read_file("/proc/$_[0]/stat") // '') =~ /\A\d+ \(.*\) (\S)/s)[0] // '' }

# Takes hold of an inspector of the engine: the first child that stands still
# when it is told to. It may be one that has only just been forked.
sub stop_child {
	my ($e, @but_not) = @_;
	return wait_for(sub {
		for my $child (children_of($e->{pid})) {
			next if grep { $_ == $child } @but_not;
			kill 'STOP', $child or next;
			return $child if wait_for(sub { state_of($child) =~ /[TZX]|\A\z/ }, 2) && state_of($child) eq 'T';
		}
	}, 20);
}

# A front whose message is under way, and the inspector that has it, standing still. The
# inspector of the message before may still be ending.
sub under_way {
	my ($e, $mail, %set) = @_;
	wait_for(sub { !children_of($e->{pid}) });
	my $f = start_front($e, $mail, %set);
	return ($f, stop_child($e));
}

# A connection that says nothing: it occupies an inspector until it is closed.
sub silent {
	my ($e) = @_;
	socket my $s, PF_UNIX, SOCK_STREAM, 0 or die "socket: $!";
	connect $s, pack_sockaddr_un($e->{socket}) or return undef;
	return $s;
}

# -- fronts -----------------------------------------------------------------------

# Settings that make a front need the engine: there is no inspector to start.
sub needs { my ($e, %set) = @_; return { engine => 'require', engine_socket => $e->{socket}, inspector => '/nonexistent', %set } }

# A front in the background: pid and where its output goes.
sub start_front {
	my ($e, $mail, %set) = @_;
	my $f = { conf => conf_file(%{needs($e, %set)}) };
	($f->{dir}) = $f->{conf} =~ m{\A(.*)/};
	write_file("$f->{dir}/in", $mail);
	open my $in, '<', "$f->{dir}/in" or die;
	open my $out, '>', "$f->{dir}/out" or die;
	$f->{pid} = start_process(cmd => [spawnscan_cmd('-c', $f->{conf})], fds => [$in, $out, $out]);
	return $f;
}

sub end_of_front {
	my ($f, $seconds) = @_;
	my $status = reap($f->{pid}, $seconds // 30);
	$f->{out} = read_file("$f->{dir}/out");
	$f->{log} = read_file("$f->{dir}/log") // '';
	return defined $status ? $status & 127 ? "signal $status" : $status >> 8 : undef;
}

sub running { my ($f) = @_; return kill(0, $f->{pid}) && state_of($f->{pid}) !~ /[ZX]|\A\z/ }

my $clean = mail(parts => [part('Content-Type: text/plain', "hello\n"), attachment('a.bin', noise(3000))]);
my $infected = mail(parts => [part('Content-Type: text/plain', "hello\n"), attachment('a.bin', eicar())]);
my $second_pattern = 'a second pattern, quite harmless';
my $second = mail(id => 'second', parts => [attachment('b.bin', "x $second_pattern y")]);
# Long enough under way to be taken hold of.
my $large = mail(id => 'large', parts => [attachment('c.bin', noise(12_000_000))]);
my $scratch = subdir('scratch', 01777);

sub second_signature { return 'Second-Pattern:0:*:' . unpack('H*', $second_pattern) . "\n" }
# Private directories with something in them. An engine may keep empty ones for
# its next children.
# (Nor are links to open signature files.)
sub litter { return grep { my @in = glob "$scratch/$_/{.[!.]*,*}"; grep { (-e || -l) && (readlink // '') !~ m{\A/proc/self/fd/} } @in } scratch_left() }
sub verdict { my ($e, $mail) = @_; return last_record(spawnscan(in => $mail, conf => needs($e))->{log})->{verdict} // 'none' }

# -- the same as without -------------------------------------------------------------

{
	my $e = engine();
	my %mails = (
		clean => $clean, infected => $infected,
		blocked => mail(parts => [attachment('run.exe', WINDOWS_EXECUTABLE)]),
		encrypted => mail(parts => [attachment('z.zip', zip_of(['a.txt', 'secret' x 100], encrypted => 1))]),
		'infected zip' => mail(parts => [attachment('z.zip', zip_of(['a.txt', eicar()]))]),
		nested => mail(parts => [rfc822($infected, encoding => 'base64')]),
		'no mail at all' => "\0\1\2 nothing\n", empty => '',
	);
	for my $name (sort keys %mails) {
		my %got;
		for my $way ('engine', 'own') {
			my $r = spawnscan(in => $mails{$name}, conf => $way eq 'own' ? {quarantine => 'off'}
			    : needs($e, quarantine => 'off'));
			$got{$way} = [$r->{code}, $r->{out} =~ s/^(Date: +).*$/$1/mgr, last_record($r->{log})->{verdict}];
		}
		is($got{engine}[0], $got{own}[0], "$name: the same exit code");
		is($got{engine}[2], $got{own}[2], "$name: the same verdict");
		same_bytes($got{engine}[1], $got{own}[1], "$name: the same bytes");
	}
	is(verdict($e, $infected), 'infected', 'and that is what it should be');

	my $d = Downstream->start;
	my $c = SmtpClient->filter(to => $d->address, conf => needs($e));
	$c->hello;
	like($c->deliver(mail => crlf($clean)) // '', qr/\A250 /, "SMTP, message $_") for 1 .. 3;
	is($c->quit, 0, 'QUIT');
	my ($m) = $d->messages;
	same_bytes((split_marks($m->{data}))[0], crlf($clean), 'the mail as it came');
	$d->stop;

	# auto takes it, off does not.
	is(spawnscan(in => $clean, conf => needs($e, engine => 'auto'))->{code}, 0, 'engine=auto uses it');
	is(spawnscan(in => $clean, conf => needs($e, engine => 'off'))->{code}, 75, 'engine=off does not');
	ok(wait_for(sub { !litter() }), 'no inspector leaves anything') or diag(litter());
	is(pid_in_file($e), $e->{pid}, 'the pid file');
	is(end_engine($e), 0, 'it ends well');
	ok(!-e $e->{pid_file}, 'and takes its pid file along');
	ok(!-e $e->{socket}, 'and its socket');
	is_deeply([scratch_left()], [], 'and its private directories');
	is(session_members($e->{sid}), 0, 'nothing of it is left');
}

# -- no engine ---------------------------------------------------------------------------

{
	my $e = engine_conf();
	my $r = spawnscan(in => $infected, conf => {engine => 'auto', engine_socket => $e->{socket}});
	is(last_record($r->{log})->{verdict}, 'infected', 'auto without an engine: an inspector of its own');
	$r = spawnscan(in => $clean, conf => {engine => 'require', engine_socket => $e->{socket}});
	is($r->{code}, 75, 'require without an engine: 75');
	is($r->{out}, '', 'nothing on stdout');
	like($r->{log}, qr/no engine at \Q$e->{socket}\E: No such file/, 'the log says which engine');
	my $d = Downstream->start;
	my $c = SmtpClient->filter(to => $d->address, conf => {engine => 'require', engine_socket => $e->{socket}});
	$c->hello;
	like($c->deliver(mail => crlf($clean)) // '', qr/\A451 4\.3\.0 /, 'SMTP: 451');
	# It comes: the same connection goes on with it.
	start_engine($e);
	like($c->deliver(mail => crlf($clean)) // '', qr/\A250 /, 'and 250 once there is one');
	is($c->quit, 0, 'QUIT');
	$d->stop;

	kill 'KILL', $e->{pid};
	is(reap($e->{pid}), 9, 'the engine is killed');
	ok(-S $e->{socket}, 'its socket is left');
	$r = spawnscan(in => $clean, conf => {engine => 'require', engine_socket => $e->{socket}});
	is($r->{code}, 75, 'require with a stale socket: 75');
	like($r->{log}, qr/no engine at \Q$e->{socket}\E: Connection refused/, 'the log says so');
	is(spawnscan(in => $clean, conf => {engine => 'auto', engine_socket => $e->{socket}})->{code}, 0,
	    'auto with a stale socket: an inspector of its own');
	unlink $e->{log};
	start_engine($e);
	is(verdict($e, $infected), 'infected', 'a new engine takes a stale socket over');

	my $second_engine = engine_conf(engine_socket => $e->{socket});
	my $begin = now();
	start_engine($second_engine, no_wait => 1);
	is(reap($second_engine->{pid}), 69 << 8, 'a second engine on the same socket: 69');
	ok(logged($second_engine, qr/cannot listen on unix:\Q$e->{socket}\E: Address already in use/), 'it says why');
	is(verdict($e, $infected), 'infected', 'the first one is still there');
	ok(!-e $second_engine->{pid_file}, 'no pid file of the second');
	end_engine($e);

	write_file("$e->{dir}/plain", "precious\n");
	my $misled = engine_conf(engine_socket => "$e->{dir}/plain");
	start_engine($misled, no_wait => 1);
	is(reap($misled->{pid}), 69 << 8, 'a plain file where the socket should be: 69');
	is(read_file("$e->{dir}/plain"), "precious\n", 'and it is left alone');
}

# -- who listens there ---------------------------------------------------------------------

# Someone who listens as user nobody; what he has heard is in the file heard.
sub impostor {
	my ($dir) = @_;
	my $path = "$dir/socket";
	my $pid = fork // die;
	if ($pid == 0) {
		@engines = ();
		Harness::become_child();
		open my $heard, '>', "$dir/heard" or POSIX::_exit(1);
		POSIX::setgid((getpwnam 'nobody')[3]);
		POSIX::setuid((getpwnam 'nobody')[2]);
		socket my $s, PF_UNIX, SOCK_STREAM, 0 or POSIX::_exit(1);
		bind $s, pack_sockaddr_un("$path.new") or POSIX::_exit(1);
		listen $s, 5;
		chmod 0777, "$path.new";
		rename "$path.new", $path;
		while (accept my $c, $s) {
			my $n = sysread $c, my $bytes, 65536;
			syswrite $heard, "connected, $n bytes\n";
			close $c;
		}
		POSIX::_exit(0);
	}
	Harness::adopt($pid);
	wait_for(sub { -S $path }) or diag('no impostor');
	return $pid;
}
SKIP: {
	loud_skip('only root can become another user', 8) if $>;
	# Where anybody may make a socket; or in his own directory, in which others may write.
	for (['in a directory for everybody', 01777, 0, {}, 0], ['in his own, which others may write to', 0777, 1, {}, 0],
	    ['in his own', 0755, 1, {}, 1], ['in a directory for everybody, but he is engine_user', 01777, 0, {engine_user => 'nobody'}, 1]) {
		my ($name, $mode, $own, $set, $trusted) = @$_;
		my $dir = subdir(undef, $mode);
		chmod $mode, $dir;
		chown((getpwnam 'nobody')[2, 3], $dir) if $own;
		my $pid = impostor($dir);
		my %conf = (engine_socket => "$dir/socket", %$set);
		my $r = spawnscan(in => $clean, conf => {engine => 'require', inspector => '/nonexistent', %conf});
		is($r->{code}, 75, "$name: engine=require: 75");
		my $heard = read_file("$dir/heard");
		if ($trusted) { like($heard, qr/connected, [1-9]/, "$name: he is asked") }
		else {
			unlike($heard, qr/connected, [1-9]/, "$name: he does not hear of the message");
			like($r->{log}, qr/it runs as user @{[(getpwnam 'nobody')[2]]}, who is neither engine_user nor the owner of its directory/, "$name: the log says why");
			$r = spawnscan(in => $infected, conf => {engine => 'auto', %conf});
			is(last_record($r->{log})->{verdict}, 'infected', "$name: engine=auto: an inspector of its own");
		}
		stop_process($pid);
	}
}

# -- who may connect ---------------------------------------------------------------------

for my $mode (qw(0600 0660 0666)) {
	my $e = engine(engine_socket_mode => $mode);
	is(sprintf('%04o', (stat $e->{socket})[2] & 07777), $mode, "the socket's mode: $mode");
	end_engine($e);
}
SKIP: {
	my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
	loud_skip('only root can be two users', 1) if $> != 0 || !defined $uid || !-x '/usr/bin/setpriv';
	my $as_nobody = sub {
		my ($e) = @_;
		my $conf = conf_file(%{needs($e, quarantine => 'off')});
		my ($dir) = $conf =~ m{\A(.*)/};
		chown $uid, $gid, $dir;
		my $r = run(in => $infected, cmd => ['/usr/bin/setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups',
		    spawnscan_cmd('-c', $conf)]);
		$r->{log} = read_file("$dir/log") // '';
		return $r;
	};
	my $e = engine(engine_socket_mode => '0666');
	my $r = $as_nobody->($e);
	is($r->{code}, 75, 'another user: refused');
	like($r->{log}, qr/the engine's log tells why/, 'the front says where to look');
	ok(logged($e, qr/uid $uid refused/), 'and there it is');
	is(verdict($e, $infected), 'infected', 'root goes on');
	end_engine($e);

	$e = engine(engine_socket_mode => '0666', engine_users => 'daemon, nobody');
	$r = $as_nobody->($e);
	is(last_record($r->{log})->{verdict}, 'infected', 'a user of engine_users is served');
	end_engine($e);

	$r = run(cmd => ["$BUILD/spawnscan-inspect", '--engine', '-c', conf_file(), '-o', 'engine_users=nobody, no-such-user',
	    '-o', 'engine_socket=' . subdir() . '/socket'], timeout => 60);
	is($r->{code}, 78, 'a user of engine_users that does not exist: the engine does not begin');
	like($r->{err}, qr/engine_users: there is no user "no-such-user"/, 'and says so');

	$e = engine(engine_socket_mode => '0600');
	is($as_nobody->($e)->{code}, 75, 'a socket that it must not open: 75');
	end_engine($e);

	# Nobody of the same user reaches into it, nor into a front.
	$e = engine_conf();
	chown $uid, $gid, $e->{dir};
	start_engine($e, cmd => ['/usr/bin/setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups']);
	is((stat "/proc/$e->{pid}/status")[4], 0, 'an engine is not dumpable');
	my $conf = conf_file(%{needs($e, quarantine => 'off')});
	pipe my $in, my $keep or die;
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(cmd => ['/usr/bin/setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups',
	    spawnscan_cmd('-c', '/dev/null', '-o', 'log=stderr')], fds => [$in, $null, $null]);
	ok(wait_for(sub { (readlink("/proc/$pid/exe") // '') =~ m{/spawnscan\z} && ((stat "/proc/$pid/status")[4] // 1) == 0 }),
	    'a front is not dumpable');
	close $keep;
	reap($pid);
	end_engine($e);

	$e = engine();
	ok(logged($e, qr/no engine_user is set, so it stays root/), 'without engine_user: a warning');
	ok(logged($e, qr/sandbox of inspectors: resource limits, /), 'and what the sandbox is');
	end_engine($e);

	# Its directory must be its own, since it leaves files there.
	$e = engine_conf(engine_user => 'nobody');
	chown $uid, $gid, $e->{dir};
	start_engine($e, no_wait => 1);
	is(reap($e->{pid}), 69 << 8, 'engine_user: a log that is not that user\'s');
	like(engine_log($e), qr/cannot write to \Q$e->{log}\E/, 'it says so');
	ok(!-e $e->{socket}, 'no socket is left');
	chown $uid, $gid, $e->{log};
	start_engine($e);
	like(read_file("/proc/$e->{pid}/status"), qr/^Uid:\t$uid\t$uid\t$uid\t$uid$/m, 'engine_user: it becomes that user');
	is((stat $e->{socket})[4], $uid, 'and the socket is that user\'s');
	is(verdict($e, $infected), 'infected', 'root is served');
	is(last_record($as_nobody->($e)->{log})->{verdict}, 'infected', 'and the user itself');
	SKIP: {
		# A successor is the program started anew, by that user.
		loud_skip("$BUILD cannot be reached by nobody", 1) unless run(cmd => ['/usr/bin/setpriv',
		    "--reuid=$uid", "--regid=$gid", '--clear-groups', 'test', '-x',
		    "$BUILD/spawnscan-inspect"])->{code} == 0;
		kill 'HUP', $e->{pid};
		ok(wait_for(sub { (pid_in_file($e) // $e->{pid}) != $e->{pid} }), 'it can load again');
	}
	is(verdict($e, $infected), 'infected', 'and serve');
	end_engine($e);
	ok(!-e $e->{socket} && !-e $e->{pid_file}, 'and tidy up');
}

# -- one place ------------------------------------------------------------------------------

{
	my $e = engine(engine_inspectors => 1);
	# Who says nothing has the place for some seconds only, and they count from when the
	# engine takes the connection: it stands still until all have connected.
	kill 'STOP', $e->{pid};
	wait_for(sub { state_of($e->{pid}) eq 'T' });
	my $holder = silent($e);
	my @fronts = map { start_front($e, $_ & 1 ? $clean : $infected) } 1 .. 6;
	# They stand in the kernel's list beside the holder's connection and the listening socket.
	ok(wait_for(sub { my @u = (read_file('/proc/net/unix') // '') =~ /\Q$e->{socket}\E$/mg; @u >= 8 }), 'six fronts wait');
	kill 'CONT', $e->{pid};
	ok(wait_for(sub { children_of($e->{pid}) == 1 }), 'a connection has the only place');
	is(scalar(children_of($e->{pid})), 1, 'there is no second inspector');
	is(scalar(grep { running($_) } @fronts), 6, 'and no front has given up');
	close $holder;
	my ($most, $left) = (0, 6);
	my @codes;
	while ($left) {
		my @c = children_of($e->{pid});
		$most = @c if @c > $most;
		for my $f (grep { !defined $_->{code} } @fronts) {
			next if running($f);
			$f->{code} = end_of_front($f) // 'none';
			$left--;
		}
	}
	is_deeply([map { $_->{code} } @fronts], [(0) x 6], 'all get through');
	cmp_ok($most, '<=', 1, 'one at a time');
	ok(wait_for(sub { !litter() }), 'no inspector leaves anything') or diag(litter());
	end_engine($e);
	is_deeply([scratch_left()], [], 'nor does the engine');

	$e = engine(engine_inspectors => 3);
	my @holders = map { silent($e) } 1 .. 5;
	ok(wait_for(sub { children_of($e->{pid}) == 3 }), 'three places of three');
	my $f = start_front($e, $clean);
	close $_ for @holders;
	is(end_of_front($f), 0, 'the next one gets through');
	end_engine($e);
}

# -- one that is ready ------------------------------------------------------------------------

{
	my $e = engine(engine_inspectors => 3);
	ok(wait_for(sub { ready_of($e->{pid}) == 3 }), 'an inspector waits in each place');
	my @ready = ready_of($e->{pid});
	SKIP: {
	    loud_skip('only root can see the descriptors of an inspector, which is not dumpable', 1) if $>;
	    for my $pid (@ready) {
		my @fds;
		# It is still shutting itself in when it has its name.
		ok(wait_for(sub { @fds = sort map { readlink($_) // () } glob "/proc/$pid/fd/*"; @fds == 4 }), 'it has no descriptor but its channel') or diag("@fds");
		is(scalar(grep { $_ eq '/dev/null' } @fds), 3, 'and nowhere to write to');
	    }
	}
	is(verdict($e, $infected), 'infected', 'a message');
	ok(wait_for(sub { ready_of($e->{pid}) == 3 }), 'another takes the place of the one that has served');
	is(scalar(grep { my $p = $_; grep { $p == $_ } @ready } ready_of($e->{pid})), 2, 'the others still wait');
	kill 'KILL', ready_of($e->{pid});
	ok(wait_for(sub { ready_of($e->{pid}) == 0 }), 'all that wait die');
	is(verdict($e, $infected), 'infected', 'the next message gets one all the same');
	my ($f, $child) = under_way($e, $large);
	my @open = grep { defined && !m{\A(?:/dev/null|socket:|/memfd:)} } map { readlink $_ } glob "/proc/$child/fd/*";
	is_deeply(\@open, [], 'an inspector at work has the message, two sockets and nothing else');
	kill 'CONT', $child;
	is(end_of_front($f), 0, 'and goes on');
	end_engine($e);
}

# -- those who take more than their share ---------------------------------------------------------

{
	my $e = engine(engine_inspectors => 2);
	my @silent = map { silent($e) } 1 .. 2;
	ok(wait_for(sub { children_of($e->{pid}) == 2 }), 'two who say nothing have all places');
	my $begin = now();
	is(verdict($e, $infected), 'infected', 'who comes after them is served');
	cmp_ok(now() - $begin, '<', secs(20), 'in a few seconds, not after inspect_timeout');
	ok(wait_logged($e, qr/got no request in time, ending it/), 'the log says why');
	end_engine($e);
}
{
	# As much as all files together may have is a matter of three settings.
	my $e = engine(engine_inspectors => 1, engine_reload => 'overlap', scan_size_limit => '1M', message_size_limit => '18M');
	my ($f, $child) = under_way($e, $large);
	my @dirs = map { "$scratch/$_" } scratch_left();
	for my $d (@dirs) { mkdir "$d/sub"; write_file("$d/sub/$_", 'x' x 1_000_000) for 1 .. 160 }
	ok(wait_logged($e, qr/inspector $child has filled its scratch directory, ending it/), 'many files: the inspector is ended');
	kill 'CONT', $child;
	is(end_of_front($f), 75, 'the sender is to try again');
	ok(wait_for(sub { !litter() }), 'nothing is left') or diag(join ' ', litter());
	is(verdict($e, $infected), 'infected', 'the engine goes on');
	end_engine($e);
}
SKIP: {
	my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
	loud_skip('only root can be two users', 1) if $> != 0 || !defined $uid || !-x '/usr/bin/setpriv';
	my $e = engine(engine_inspectors => 2, engine_socket_mode => '0666', engine_users => 'nobody');
	write_file("$e->{dir}/hog", q{use Socket; my @s; for (1 .. 80) { socket my $s, PF_UNIX, SOCK_STREAM, 0; connect $s, pack_sockaddr_un($ARGV[0]) or last; push @s, $s } sleep 100}, 0644);
	open my $null, '+<', '/dev/null' or die;
	my $hog = start_process(cmd => ['/usr/bin/setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', $^X, "$e->{dir}/hog", $e->{socket}], fds => [$null, $null, $null]);
	ok(wait_logged($e, qr/uid $uid refused: it has its share/), 'one user with 80 connections');
	ok(wait_for(sub { children_of($e->{pid}) == 1 }), 'has half of the places');
	# Each of the others has its place for five seconds.
	my $begin = now();
	is(verdict($e, $infected), 'infected', 'others are served') for 1 .. 3;
	cmp_ok(now() - $begin, '<', secs(20), 'without waiting until all of these had their turn');
	kill 'KILL', $hog;
	reap($hog);
	end_engine($e);
}

# -- the same object again --------------------------------------------------------------------

# How many objects were asked for, and how many of them were known: told at the end.
sub counted { my ($e) = @_; end_engine($e); return (read_file($e->{log}) // '') =~ /objects asked for: (\d+), known to be clean: (\d+)/ ? [$1, $2] : [0, 0] }
sub with_object { my ($k, $bytes, $name) = @_; return mail(id => "object$k", parts => [part('Content-Type: text/plain', "hello $k\n"), attachment($name // "$k.bin", $bytes)]) }
sub judged { my ($e, $mail, %set) = @_; return last_record(spawnscan(in => $mail, conf => needs($e, %set))->{log}) }
{
	my $object = noise(50_000);
	my $database = private_database();
	my $e = engine(database => $database);
	for my $k (1 .. 4) {
		my $r = spawnscan(in => my $m = with_object($k, $object), conf => needs($e));
		is(last_record($r->{log})->{verdict}, 'clean', "the same attachment, message $k");
		same_bytes((split_marks($r->{out}))[0], $m, 'as it came');
	}
	is(judged($e, with_object(5, $object, 'run.exe'))->{verdict}, 'blocked', 'its name is judged anew');
	is_deeply(counted($e), [5, 4], 'it was scanned once');

	$e = engine(database => $database, engine_inspectors => 1);
	my $bad = noise(50_000) . eicar();
	is(judged($e, with_object($_, $bad))->{verdict}, 'infected', 'an infected one') for 1 .. 2;
	is(judged($e, with_object(3, zip_of(['a.js', noise(50_000)])))->{verdict}, 'blocked', 'names inside, message 1');
	is(judged($e, with_object(3, zip_of(['a.js', noise(50_000)])), archive_names => 'no')->{verdict}, 'clean', 'by other rules');
	is(judged($e, with_object(4, zip_of(['a.txt', noise(50_000)])))->{verdict}, 'clean', 'others inside');
	is(judged($e, with_object(5, $object), scan_depth_limit => 5)->{verdict}, 'clean', 'by other limits');
	# Of what an inspector scans itself, since all helpers are still ending, nothing is known.
	ok(wait_for(sub { inspectors($e->{pid}, 'helper-ready') >= 1 }), 'a helper waits');
	is(judged($e, with_object(6, $object), scan_depth_limit => 6)->{verdict}, 'clean', 'is another matter') for 1 .. 2;
	my $got = counted($e);
	cmp_ok($got->[0], '>=', 8, 'objects asked for');
	cmp_ok($got->[1], '<=', $got->[0] - 6, 'what is infected or looked at in another way is scanned');
	cmp_ok($got->[1], '>=', 1, 'and the rest is not');
	is_deeply([scratch_left()], [], 'no scratch directory is left');

	# Of new signatures nothing is remembered.
	$e = engine(database => $database);
	my $carrier = noise(50_000) . $second_pattern;
	is(judged($e, with_object($_, $carrier))->{verdict}, 'clean', 'a pattern that nobody knows yet') for 1 .. 2;
	my $changed = new_process($e);
	write_file("$database/second.ndb", second_signature());
	kill 'HUP', $e->{pid};
	ok(wait_for($changed), 'SIGHUP: another process');
	is(judged($e, with_object(3, $carrier))->{verdict}, 'infected', 'it is found');
	end_engine($e);

	$e = engine(engine_cache => 0);
	is(judged($e, with_object($_, $object))->{verdict}, 'clean', 'switched off') for 1 .. 2;
	is_deeply(counted($e), [0, 0], 'nobody asks');

	# Helpers are as shut in as inspectors, and die as they do.
	$e = engine(engine_inspectors => 1);
	is(judged($e, with_object(1, $object))->{verdict}, 'clean', 'a message');
	ok(wait_for(sub { inspectors($e->{pid}, 'helper-ready') == 1 }), 'a helper waits for the next object');
	my ($helper) = inspectors($e->{pid}, 'helper-ready');
	kill 'STOP', $helper;
	wait_for(sub { !children_of($e->{pid}) });
	my $f = start_front($e, with_object(2, noise(50_000)));
	# Mostly there is an object under way by then; whether or not, the message goes on.
	wait_for(sub { children_of($e->{pid}) == 1 }, 3);
	kill 'KILL', $helper;
	is(end_of_front($f), 0, 'its helper is killed: the inspector scans it itself');
	is(verdict($e, $infected), 'infected', 'the engine goes on');
	end_engine($e);
}

# -- the parts of one message at a time --------------------------------------------------------

# A message with that many attachments, which differ; bad: the number of the infected one.
sub with_objects {
	my ($n, $size, $bad) = @_;
	my $bytes = noise($size);
	return mail(id => "objects$n", parts => [part('Content-Type: text/plain', "hello\n"),
	    map { attachment("$_.bin", "number $_ of $n\n$bytes" . ($_ == ($bad // 0) ? marker() : '')) } 1 .. $n]);
}
# All children of a process, dead ones among them.
sub brood { my ($pid) = @_; return grep { (read_file("/proc/$_/stat") // '') =~ /\A\d+ \(.*\) \S \Q$pid\E /s } map { m{(\d+)} } glob '/proc/[0-9]*' }
# An engine of two places, all of whose helpers stand still.
sub still_engine {
	my ($old) = @_;
	my $e = $old // engine(engine_inspectors => 2, log_level => 'debug', inspect_timeout => '600s');
	state $k = 0;
	my $ready = sub { my @h = inspectors($e->{pid}, 'helper-ready'); return @h >= 2 && @h + 2 == brood($e->{pid}) };
	for (1 .. 50) {
		judged($e, with_objects(4, 40_000 + ++$k));
		last if wait_for($ready, 2);
	}
	my @helpers = inspectors($e->{pid}, 'helper-ready');
	kill 'STOP', @helpers;
	wait_for(sub { !grep { state_of($_) ne 'T' } @helpers }) or diag('helpers that do not stand still');
	return ($e, @helpers);
}
# A message to it: two of its parts are in their hands.
sub objects_in { return grep { (readlink($_) // '') =~ m{/memfd:object} } glob "/proc/$_[0]{pid}/fd/*" }
sub held_front {
	my ($e, $mail) = @_;
	my $before = () = (read_file($e->{log}) // '') =~ /is scanned ahead/g;
	my $f = start_front($e, $mail, inspect_timeout => '600s', inspect_cpu => '0');
	ok(wait_logged($e, qr/is scanned ahead/, $before + 2), 'two of the parts of a message are in the hands of the scanner at a time') or diag(engine_log($e));
	return $f;
}
sub ahead { my ($e) = @_; end_engine($e); return (read_file($e->{log}) // '') =~ /objects asked for: (\d+), .*, scanned ahead: (\d+)/ ? [$1, $2] : [0, 0] }
my ($cores) = run(cmd => ['nproc'])->{out} =~ /\A(\d+)/;
SKIP: {
	loud_skip('parts of a message are scanned at a time where there are two processors', 1) if $cores < 2;
	my $four = with_objects(4, 100_000);
	my ($e, @helpers) = still_engine();
	my $f = held_front($e, $four);
	ok(running($f), 'it waits for them');
	# Each message has its place, though it was taken for the parts of another.
	is(verdict($e, $infected), 'infected', 'another message gets its place meanwhile');
	ok(wait_logged($e, qr/is put off/), 'and what was scanned ahead has made room for it');
	kill 'CONT', @helpers;
	is(end_of_front($f, 120), 0, 'the message with the parts comes to its end');
	is(last_record($f->{log})->{verdict}, 'clean', 'it is clean');
	same_bytes((split_marks($f->{out}))[0], $four, 'as it came');
	ok(wait_for(sub { !objects_in($e) }), 'the engine has no object any more');
	ok(!logged($e, qr/killed|code [1-9]/), 'what was put off is nobody\'s failure');
	end_engine($e);
	is_deeply([scratch_left()], [], 'no scratch directory is left');

	# Asked for and remembered as if they had come one by one.
	$e = engine(engine_inspectors => 3);
	is(judged($e, $four)->{verdict}, 'clean', 'four parts') for 1 .. 2;
	is_deeply(counted($e), [8, 4], 'each part was asked for once in each message, and remembered');

	# Whatever becomes of the others, an infected one is found.
	$e = engine(engine_inspectors => 3);
	for my $bad (1 .. 4) {
		my $r = spawnscan(in => with_objects(4, 50_000, $bad), conf => needs($e, quarantine => 'off'));
		my $part = $bad + 1;
		like((header_of($r->{out}, 'X-Spawnscan-Result'))[0] // '', qr/\Ainfected action=remove part=$part /, "part $bad of four is infected");
		unlike($r->{out}, qr/^ name="?$bad\.bin/m, 'and gone');
		is(scalar(() = $r->{out} =~ /filename="?\d\.bin"/g), 3, 'the others are there') or diag($r->{out} =~ s/^.{70,}\n//mgr);
	}
	is(judged($e, with_objects(12, 40_000))->{verdict}, 'clean', 'twelve parts');
	my $got = ahead($e);
	is($got->[0], 16 + 12, 'objects asked for');
	cmp_ok($got->[1], '>=', 1, 'some were scanned ahead');
	cmp_ok($got->[1], '<=', 16 + 8, 'and of many no more than eight');

	# An inspector that dies, and what was begun for it.
	($e, @helpers) = still_engine();
	$f = held_front($e, $four);
	kill 'KILL', children_of($e->{pid});
	is(end_of_front($f), 75, 'its inspector is killed: the sender is to try again');
	ok(wait_for(sub { (grep { state_of($_) =~ /T/ } @helpers) <= @helpers - 2 }), 'and its helpers are ended');
	ok(wait_for(sub { !objects_in($e) }), 'the engine has no object any more');
	kill 'CONT', @helpers;
	ok(wait_for(sub { !litter() }), 'nothing is left in private directories');
	is(verdict($e, $infected), 'infected', 'the engine goes on');

	# New signatures in the middle of it.
	($e, @helpers) = still_engine($e);
	$f = held_front($e, $four);
	my $old = $e->{pid};
	kill 'HUP', $old;
	ok(wait_logged($e, qr/has taken over with the new signatures/), 'SIGHUP: another process');
	is(verdict($e, $infected), 'infected', 'it serves');
	kill 'CONT', @helpers;
	is(end_of_front($f, 120), 0, 'the message under way comes to its end');
	is(last_record($f->{log})->{verdict}, 'clean', 'and is clean');
	is(reap($old, 60), 0, 'the old engine ends');
	end_engine($e);
	ok(wait_for(sub { !session_members($e->{sid}) }), 'nobody is left');
	is_deeply([scratch_left()], [], 'nor a scratch directory');

	# The engine itself.
	($e, @helpers) = still_engine();
	$f = held_front($e, $four);
	kill 'KILL', $e->{pid};
	is(reap($e->{pid}), 9, 'the engine is killed');
	is(end_of_front($f), 75, 'the sender is to try again');
	ok(wait_for(sub { !session_members($e->{sid}) }), 'no helper outlives it');
	unlink $e->{log};
	start_engine($e);
	is(judged($e, $four)->{verdict}, 'clean', 'the next engine does it');
	end_engine($e);

	# Where it would gain nothing.
	for (['one place', [], engine_inspectors => 1], ['one processor', ['taskset', '-c', '0'], engine_inspectors => 3]) {
		my ($name, $cmd, @set) = @$_;
		$e = start_engine(engine_conf(@set), cmd => $cmd);
		is(judged($e, with_objects(4, 50_000))->{verdict}, 'clean', "$name: four parts");
		is_deeply(ahead($e), [4, 0], 'one after the other');
	}
	$e = engine(engine_cache => 0);
	is(judged($e, with_objects(4, 50_000, 2))->{verdict}, 'infected', 'without a memory');
	is_deeply(ahead($e), [0, 0], 'nothing goes over');
}

# -- children that die -----------------------------------------------------------------------

{
	my $e = engine();
	for my $signal (qw(KILL SEGV ABRT XCPU)) {
		my ($f, $child) = under_way($e, $large);
		ok($child && running($f), "an inspector at work, about to get SIG$signal");
		cmp_ok(scalar(scratch_left()), '>=', 1, 'it has its private directory');
		kill $signal, $child;
		kill 'CONT', $child;
		is(end_of_front($f), 75, 'the sender is to try again');
		is($f->{out}, '', 'nothing on stdout');
		like($f->{log}, qr/engine's inspector ended before it had reported/, 'the front says what happened');
		my $number = {KILL => 9, SEGV => 11, ABRT => 6, XCPU => 24}->{$signal};
		ok(wait_logged($e, qr/inspector $child was killed by signal $number/), 'the engine says why');
		ok(wait_for(sub { !litter() }), 'nothing is left in the private directory');
		is(verdict($e, $infected), 'infected', 'the engine lives on');
	}
	my $d = Downstream->start;
	my $c = SmtpClient->filter(to => $d->address, conf => needs($e));
	$c->hello;
	$c->send("MAIL FROM:<a\@b>\r\nRCPT TO:<a\@b>\r\nDATA\r\n");
	$c->reply for 1 .. 3;
	wait_for(sub { !children_of($e->{pid}) });
	$c->send(SmtpClient::stuffed(crlf($large)));
	my $child = stop_child($e);
	ok($child, 'an inspector at work for SMTP');
	kill 'KILL', $child if $child;
	like($c->reply // '', qr/\A451 4\.3\.0 /, 'SMTP: 451');
	like($c->deliver(mail => crlf($clean)) // '', qr/\A250 /, 'and 250 for the next one');
	is($c->quit, 0, 'QUIT');
	$d->stop;

	# The engine itself: its children must not outlive it.
	(my $f, $child) = under_way($e, $large);
	ok($child, 'an inspector at work');
	kill 'KILL', $e->{pid};
	is(reap($e->{pid}), 9, 'the engine is killed');
	kill 'CONT', $child;
	is(end_of_front($f), 75, 'the front tells the sender to try again');
	ok(wait_for(sub { !session_members($e->{sid}) }), 'no inspector outlives it');
	cmp_ok(scalar(scratch_left()), '>=', 1, 'a private directory is left');
	unlink $e->{log};
	start_engine($e);
	is_deeply([grep { !/-$e->{pid}-/ } scratch_left()], [], 'the next engine sweeps it away');
	end_engine($e);
}
{
	my $e = engine(inspect_timeout => '3s');
	my $holder = silent($e);
	ok(wait_for(sub { children_of($e->{pid}) == 1 }), 'an inspector that gets nothing to do');
	my ($idle) = children_of($e->{pid});
	my $f = start_front($e, $large, inspect_timeout => '3s');
	my $child = stop_child($e, $idle);
	isnt($child, undef, 'an inspector that stands still');
	is(end_of_front($f), 75, 'the front gives up');
	like($f->{log}, qr/took too long/, 'it says why');
	ok(wait_logged($e, qr/inspector $child was killed by signal 9/), 'the engine ends it');
	ok(wait_for(sub { !children_of($e->{pid}) }), 'and the other');
	ok(wait_for(sub { !litter() }), 'nothing is left in private directories');
	is(verdict($e, $infected), 'infected', 'the engine lives on');
	end_engine($e);
}

{
	# An engine that does not answer at all.
	my $e = engine();
	kill 'STOP', $e->{pid};
	ok(wait_for(sub { state_of($e->{pid}) eq 'T' }), 'an engine that stands still');
	my $begin = now();
	for my $engine (qw(require auto)) {
		my $r = spawnscan(in => $clean, conf => needs($e, engine => $engine, inspect_timeout => '1s'));
		is($r->{code}, 75, "engine=$engine: the sender is to try again");
		like($r->{log}, qr/took too long/, 'the log says why');
	}
	cmp_ok(now() - $begin, '<', secs(10), 'in good time');
	kill 'CONT', $e->{pid};
	is(verdict($e, $infected), 'infected', 'it goes on, and so does all');
	end_engine($e);
}

# -- told to end ---------------------------------------------------------------------------------

{
	my $e = engine(engine_inspectors => 1);
	my ($f, $child) = under_way($e, $large);
	ok($child, 'a mail under way');
	my $waiting = start_front($e, $infected);
	ok(wait_for(sub { my @u = (read_file('/proc/net/unix') // '') =~ /\Q$e->{socket}\E$/mg; @u >= 3 }), 'another waits');
	kill 'TERM', $e->{pid};
	ok(wait_for(sub { !-e $e->{socket} }), 'SIGTERM: its socket is gone');
	ok(wait_logged($e, qr/engine: SIGTERM received, shutting down/), 'the log says so');
	ok(running($e), 'it is not');
	is(spawnscan(in => $clean, conf => {engine => 'auto', engine_socket => $e->{socket}})->{code}, 0,
	    'a new front does without');
	kill 'CONT', $child;
	is(end_of_front($f), 0, 'the mail under way is finished');
	is(end_of_front($waiting), 0, 'and the one that waited');
	is(last_record($waiting->{log})->{verdict}, 'infected', 'as it should be');
	is(reap($e->{pid}), 0, 'then it ends');
	ok(!-e $e->{pid_file}, 'its pid file is gone');
	is_deeply([scratch_left()], [], 'no scratch directory is left');
}

# -- new signatures ------------------------------------------------------------------------------

sub private_database {
	my $dir = subdir('database.' . ++$n);
	write_file("$dir/eicar.ndb", eicar_signature());
	return $dir;
}
# Tells whether another process serves, and it alone: until it has heard of it the old one
# takes connections as well, and it has what is under way to finish.
sub new_process { my ($e) = @_; my $old = pid_in_file($e); return sub { my $new = pid_in_file($e); $new && $new != $old && !running({pid => $old}) && $new } }

{
	my $e = engine();
	my $d = Downstream->start;
	my $done = "$e->{dir}/done";
	my @clients;
	for my $k (1, 2) {
		my $pid = fork // die;
		if ($pid == 0) {
			my %seen;
			my $slowest = 0;
			until (-e $done) {
				my $c = SmtpClient->filter(to => $d->address, conf => needs($e));
				$c->hello;
				for (1 .. 5) {
					my $begin = now();
					my $r = $c->deliver(mail => crlf($_ & 1 ? $clean : $infected)) // 'nothing';
					$seen{substr $r, 0, 3}++;
					$slowest = now() - $begin if now() - $begin > $slowest;
				}
				$seen{'quit ' . ($c->quit // 'none')}++;
			}
			write_file("$e->{dir}/client.$k", join('', map { "$_: $seen{$_}\n" } sort keys %seen) . "slowest: $slowest\n");
			POSIX::_exit(0);
		}
		push @clients, $pid;
	}
	ok(wait_for(sub { my @m = $d->messages; @m >= 4 }), 'two clients at work');
	my $before = $e->{pid};
	for my $k (1 .. 5) {
		my $changed = new_process($e);
		my $sent = () = $d->messages;
		kill 'HUP', pid_in_file($e);
		ok(my $new = wait_for($changed), "reload $k: another process");
		ok(wait_for(sub { my @m = $d->messages; @m >= $sent + 4 }), 'mail flows');
	}
	write_file($done, '');
	waitpid $_, 0 for @clients;
	is(reap($before), 0, 'the first engine has ended well');
	for my $k (1, 2) {
		my $result = read_file("$e->{dir}/client.$k") // '';
		like($result, qr/\A250: \d+\nquit 0: \d+\nslowest: [\d.]+\n\z/, "client $k: not one message failed");
		my ($slowest) = $result =~ /slowest: ([\d.]+)/;
		cmp_ok($slowest // 99, '<', secs(5), 'nor waited long');
	}
	my @m = $d->messages;
	is(scalar(grep { $_->{data} =~ /^X-Antivirus: [^\n]*ClamAV/m } @m), scalar @m, 'each of ' . @m . ' was scanned');
	ok(!logged($e, qr/killed|code [1-9]/), 'no child had trouble');
	ok(wait_for(sub { engines($e->{sid}) == 1 }), 'one engine is left');
	end_engine($e);
	$d->stop;
	is_deeply([scratch_left()], [], 'no scratch directory is left');
}
{
	# Two requests at once, one of them while the other is being served.
	my $e = engine();
	kill 'HUP', $e->{pid} for 1 .. 20;
	ok(wait_for(sub { logged($e, qr/engine: stopped/) }), 'SIGHUP many times');
	ok(wait_for(sub { engines($e->{sid}) == 1 }), 'one engine is left');
	is(verdict($e, $infected), 'infected', 'and serves');
	end_engine($e);
}
{
	# One that comes while it loads is not forgotten, and does not end it.
	my $e = engine_conf();
	start_engine($e, no_wait => 1);
	wait_for(sub { -S $e->{socket} });
	kill 'HUP', $e->{pid};
	ok(wait_logged($e, qr/SIGHUP received, reloading the signatures/), 'SIGHUP before it is ready: obeyed when it is');
	ok(wait_logged($e, qr/ready with/, 2), 'it loads again');
	is(verdict($e, $infected), 'infected', 'and serves');
	end_engine($e);
}
{
	my $database = private_database();
	my $e = engine(database => $database, reload_check => '1s');
	my $old = $e->{pid};
	is(verdict($e, $second), 'clean', 'a pattern that nobody knows yet');
	my $changed = new_process($e);
	write_file("$database/second.ndb", second_signature());
	ok(wait_for($changed), 'a new signature file: another process');
	is(verdict($e, $second), 'infected', 'it is found');
	is(verdict($e, $infected), 'infected', 'the other too');
	is(reap($old), 0, 'the old engine has ended');

	$changed = new_process($e);
	unlink "$database/second.ndb";
	ok(wait_for($changed), 'a signature file is gone: another process');
	is(verdict($e, $second), 'clean', 'it is not found any more');

	$changed = new_process($e);
	my $serving = pid_in_file($e);
	write_file("$database/second.ndb", substr second_signature(), 0, 26);
	ok(wait_logged($e, qr/failed \(exit code 69\), the old signatures stay in use/), 'half a signature file: it says so');
	is(pid_in_file($e), $serving, 'the old engine goes on');
	is(verdict($e, $infected), 'infected', 'and serves');
	open my $rest, '>>', "$database/second.ndb" or die;
	print $rest substr second_signature(), 26;
	close $rest;
	ok(wait_for($changed), 'the other half comes: another process');
	is(verdict($e, $second), 'infected', 'it is found');

	$changed = new_process($e);
	$serving = pid_in_file($e);
	my $failures = () = read_file($e->{log}) =~ /old signatures stay in use/g;
	write_file("$database/daily.cvd", "ClamAV-VDB: broken\n" . "\0" x 600);
	ok(wait_logged($e, qr/old signatures stay in use/, $failures + 1), 'a broken one: it says so');
	like(engine_log($e), qr/signature database \Q$database\E: /, 'and which');
	is(pid_in_file($e), $serving, 'the old engine goes on');
	is(verdict($e, $second), 'infected', 'and serves');
	ok(wait_logged($e, qr/old signatures stay in use/, $failures + 2), 'and tries again');
	unlink "$database/daily.cvd";
	ok(wait_for($changed), 'repaired: another process');
	is(verdict($e, $second), 'infected', 'it serves');

	$changed = new_process($e);
	my $fresh = private_database();
	rename $database, "$database.old" or die;
	ok(wait_for(sub { logged($e, qr/old signatures stay in use/, $failures + 3) }), 'the directory is gone: it says so');
	is(verdict($e, $second), 'infected', 'the old engine goes on');
	rename $fresh, $database or die;
	ok(wait_for($changed), 'there is another: another process');
	is(verdict($e, $second), 'clean', 'with what is in it');
	is(verdict($e, $infected), 'infected', 'exactly');
	end_engine($e);
	is_deeply([scratch_left()], [], 'no scratch directory is left');
}
{
	# Nothing new, and what is no signature: nothing happens.
	my $database = private_database();
	my $e = engine(database => $database, reload_check => '1s');
	write_file("$database/freshclam.dat", 'x');
	mkdir "$database/tmp.123";
	my $begin = now();
	ok(wait_for(sub { now() - $begin > 2.5 }), 'two checks later');
	is(pid_in_file($e), $e->{pid}, 'freshclam\'s notes are no reason to load again');
	end_engine($e);
}
{
	# Told to end while it loads anew: both do.
	my $e = engine();
	kill 'HUP', $e->{pid};
	kill 'TERM', $e->{pid};
	is(reap($e->{pid}), 0, 'SIGTERM on SIGHUP\'s heels: it ends');
	ok(wait_for(sub { !session_members($e->{sid}) }), 'and so does its successor');
	ok(!-e $e->{socket}, 'the socket is gone');
}

# -- new signatures where memory is short ------------------------------------------------------

for my $how ('ours', 'systemd') {
	my $database = private_database();
	my $e = engine_conf(database => $database, engine_reload => 'pause', engine_inspectors => 2);
	my $s = $how eq 'systemd' ? listen_at($e->{socket}) : undef;
	start_engine($e, $s ? (fd => fileno $s, env => {LISTEN_FDS => 1}) : ());
	my ($f, $child) = under_way($e, $large);
	write_file("$database/second.ndb", second_signature());
	kill 'HUP', $e->{pid};
	ok(wait_logged($e, qr/SIGHUP received/), "$how: SIGHUP while a message is under way");
	my @waiting = map { start_front($e, $_) } $second, $clean, $infected;
	sleep 1;
	ok(!logged($e, qr/ready with/, 2), 'it is finished first');
	is(scalar(grep { running($_) } @waiting), 3, 'those who come meanwhile wait');
	kill 'CONT', $child;
	is(end_of_front($f), 0, 'the message under way is finished');
	is_deeply([map { end_of_front($_) } @waiting], [0, 0, 0], 'and so are those that waited');
	is(last_record($waiting[0]{log})->{verdict}, 'infected', 'with the new signatures');
	ok(logged($e, qr/ready with/, 2), 'it has loaded them');
	is(pid_in_file($e), $e->{pid}, 'as the same process');
	ok(wait_for(sub { engines($e->{sid}) == 1 }), 'and no other');

	# New ones that are broken, and the old files are gone.
	unlink glob "$database/*";
	write_file("$database/daily.cvd", "ClamAV-VDB: broken\n" . "\0" x 600);
	kill 'HUP', $e->{pid};
	ok(wait_logged($e, qr/loading the last good signatures again: signature database \Q$database\E: /), 'broken ones: it says so');
	ok(wait_logged($e, qr/ready with/, 3), 'and has the old ones');
	is(verdict($e, $second), 'infected', 'which find what they did');
	kill 'HUP', $e->{pid};
	ok(wait_logged($e, qr/ready with/, 4), 'and once more');
	is(verdict($e, $second), 'infected', 'they are still there');
	unlink "$database/daily.cvd";
	write_file("$database/third.ndb", eicar_signature());
	kill 'HUP', $e->{pid};
	ok(wait_logged($e, qr/ready with 1 signatures/), 'repaired');
	is(verdict($e, $second), 'clean', 'with what is there now');
	is(verdict($e, $infected), 'infected', 'exactly');
	is(scalar(grep { (readlink($_) // '') =~ /second\.ndb/ } glob "/proc/$e->{pid}/fd/*"), 0, 'no old file is open any more');
	end_engine($e);
	is_deeply([scratch_left()], [], 'nothing is left');
}
{
	# One file as the database; and a check finds it changed after a failure.
	my $database = private_database() . '/eicar.ndb';
	my $e = engine(database => $database, engine_reload => 'pause', reload_check => '1s');
	write_file("$database.new", 'nonsense');
	rename "$database.new", $database or die;
	ok(wait_logged($e, qr/last good signatures/), 'a file that is broken');
	ok(wait_logged($e, qr/ready with/, 2), 'the old one is used');
	is(verdict($e, $infected), 'infected', 'and finds');
	write_file("$database.new", second_signature());
	rename "$database.new", $database or die;
	ok(wait_logged($e, qr/ready with/, 3), 'a good one is found by itself');
	is(verdict($e, $second), 'infected', 'and used');
	end_engine($e);
}
{
	# It is the same process throughout, and nobody knows when it starts anew.
	my $e = engine(engine_reload => 'pause');
	for (1 .. 300) { kill 'HUP', $e->{pid}; select undef, undef, undef, 0.002 }
	is(verdict($e, $infected), 'infected', 'SIGHUP at any time: it serves');
	ok(running($e), 'and lives');
	end_engine($e);
}
for my $k (1) {
	my $e = engine(engine_reload => 'auto');
	kill 'HUP', $e->{pid};
	ok(wait_logged($e, qr/MB of memory are free, a second set of signatures may need \d+/), 'auto: it says what it chose, and why');
	ok(wait_logged($e, qr/ready with/, 2), 'and does it');
	end_engine($e);
}

# What a cgroup leaves counts as well: of version 2 by files in their place, for only
# few machines let a test have one that limits memory; of version 1 a real one too.
sub cgroup_engine {
	my ($mountinfo, $own, %files) = @_;
	my $dir = subdir('cgroup.' . ++$n, 0755);
	$mountinfo =~ s/DIR/$dir/g;
	for my $file (sort keys %files) {
		my $at = $dir;
		$at .= "/$_", mkdir $at for split m{/}, $file =~ s{/?[^/]*\z}{}r;
		write_file("$dir/$file", $files{$file});
	}
	write_file("$dir/.mountinfo", $mountinfo);
	write_file("$dir/.cgroup", $own);
	my $e = engine_conf(engine_reload => 'auto');
	start_engine($e, cmd => ['unshare', '-m', '/bin/sh', '-ec', 'mount --bind "$0/.mountinfo" /proc/$$/mountinfo; mount --bind "$0/.cgroup" /proc/$$/cgroup; exec "$@"', $dir]);
	return $e;
}
SKIP: {
	my $v2 = "30 1 0:26 / DIR rw - cgroup2 cgroup2 rw\n";
	my $v1 = "30 1 0:26 / DIR rw - cgroup cgroup rw,cpu\n31 1 0:27 / DIR/memory rw - cgroup cgroup rw,memory\n";
	my $huge = 9223372036854771712;
	my $mb = 1 << 20;
	my @cases = (
		['v2: no limit', 0, $v2, "0::/a/b\n", 'a/b/memory.max' => "max\n", 'a/b/memory.current' => 300 * $mb],
		['v2: its own limit', 1, $v2, "0::/a/b\n", 'a/b/memory.max' => 320 * $mb, 'a/b/memory.current' => 300 * $mb],
		['v2: that of the one around it', 1, $v2, "0::/a/b\n", 'a/b/memory.max' => "max\n", 'a/b/memory.current' => $mb, 'a/memory.max' => 320 * $mb, 'a/memory.current' => 300 * $mb],
		['v2: memory.high', 1, $v2, "0::/a\n", 'a/memory.max' => "max\n", 'a/memory.high' => 320 * $mb, 'a/memory.current' => 300 * $mb],
		['v2: files that the kernel takes back', 0, $v2, "0::/a\n", 'a/memory.max' => 4096 * $mb, 'a/memory.current' => 4000 * $mb, 'a/memory.stat' => "anon 1\ninactive_file ${\(3000 * $mb)}\n"],
		['v2: in a container, its root is all that is seen', 1, $v2 =~ s{ / }{ /docker/x }r, "0::/elsewhere\n", 'memory.max' => 320 * $mb, 'memory.current' => 300 * $mb],
		['v2: a part of the tree is mounted', 1, $v2 =~ s{ / }{ /docker/x }r, "0::/docker/x/y\n", 'y/memory.max' => 320 * $mb, 'y/memory.current' => 300 * $mb],
		['v1: no limit', 0, $v1, "5:cpu:/\n4:memory:/a\n0::/\n", 'memory/a/memory.limit_in_bytes' => $huge, 'memory/a/memory.usage_in_bytes' => 300 * $mb],
		['v1: a limit', 1, $v1, "5:cpu:/\n4:memory:/a\n0::/\n", 'memory/a/memory.limit_in_bytes' => 320 * $mb, 'memory/a/memory.usage_in_bytes' => 300 * $mb],
	);
	skip 'needs root and mount namespaces', 2 * @cases if $> != 0 || system('unshare -m true 2>/dev/null') != 0;
	for (@cases) {
		my ($name, $pause, @how) = @$_;
		my $e = cgroup_engine(@how);
		kill 'HUP', $e->{pid};
		ok(wait_logged($e, $pause ? qr/mail waits during the reload: \d+ MB/ : qr/reloading beside the old signatures: \d+ MB/), "$name: " . ($pause ? 'pause' : 'overlap')) or diag(engine_log($e));
		ok(wait_logged($e, qr/ready with/, 2), 'and it is done');
		end_engine($e);
	}
}
SKIP: {
	my ($own) = (read_file('/proc/self/cgroup') // '') =~ /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m;
	my ($at, $mount) = (read_file('/proc/self/mountinfo') // '') =~ /^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup \S+ \S*\bmemory\b/m;
	my $dir = defined $own && $mount ? $mount . ($own =~ s/\A\Q$at\E(?=\/|\z)//r =~ s{\A(?!/)}{/}r) . "/spawnscan-test.$$" : '';
	loud_skip('no memory cgroup of version 1 can be made here', 3) unless $dir && mkdir $dir;
	write_file("$dir/memory.limit_in_bytes", 200 << 20);
	my $e = engine(engine_reload => 'auto');
	write_file("$dir/cgroup.procs", $e->{pid});
	kill 'HUP', $e->{pid};
	ok(wait_logged($e, qr/mail waits during the reload: \d{1,3} MB of memory are free/), 'a real cgroup of 200 MB: pause') or diag(engine_log($e));
	ok(wait_logged($e, qr/ready with/, 2), 'and it is done');
	is(verdict($e, $infected), 'infected', 'and serves');
	end_engine($e);
	rmdir $dir;
}

# -- the background ------------------------------------------------------------------------------

{
	my $e = engine_conf();
	$e->{daemon} = 1;
	push @engines, $e;
	my $r = run(cmd => [$inspect, '--engine', '--daemon', '-c', $e->{conf}], timeout => 20);
	$e->{sid} = pid_in_file($e) // 0;
	is($r->{code}, 0, '--daemon returns with 0');
	ok(!$r->{timed_out}, 'and holds no descriptor of its caller');
	ok($e->{sid} && kill(0, $e->{sid}), 'the pid file names a process');
	is(verdict($e, $infected), 'infected', 'it serves at once');
	ok(wait_for(sub { !session_members($r->{sid}) }), 'nothing is left in the caller\'s session');
	# Of a process that is not dumpable only root sees them.
	for my $fd ($> ? () : (0 .. 2)) { is(readlink "/proc/$e->{sid}/fd/$fd", '/dev/null', "descriptor $fd is /dev/null") }
	my $changed = new_process($e);
	kill 'HUP', $e->{sid};
	ok(my $new = wait_for($changed), 'SIGHUP: another process');
	is(verdict($e, $infected), 'infected', 'it serves');
	my $again = run(cmd => [$inspect, '--engine', '--daemon', '-c', $e->{conf}], timeout => 20);
	is($again->{code}, 69, 'a second one: 69');
	like($again->{err} . engine_log($e), qr/Address already in use/, 'it says why');
	is(pid_in_file($e), $new, 'the pid file is still the first one\'s');
	kill 'TERM', $new;
	ok(wait_for(sub { !running({pid => $new}) }), 'SIGTERM ends it');
	ok(!-e $e->{pid_file} && !-e $e->{socket}, 'without a trace');
}
{
	my $e = engine_conf(database => '/nonexistent');
	for my $how ([], ['--daemon']) {
		my $r = run(cmd => [$inspect, '--engine', @$how, '-c', $e->{conf}], timeout => 20);
		is($r->{code}, 69, "@$how no signatures: 69");
		like(engine_log($e), qr{signature database /nonexistent}, 'it says why');
		ok(!-e $e->{socket}, 'no socket is left');
		ok(!-e $e->{pid_file}, 'no pid file');
	}
	# The engine that SIGHUP has replaced may still be ending.
	ok(wait_for(sub { !scratch_left() }), 'no scratch directory is left') or diag(scratch_left());
}
for (
	[['--engine', '--nonsense'], 64, qr/unknown option/],
	[['--engine', 'word'], 64, qr/unknown argument/],
	[['--engine', '-c'], 64, qr/needs an argument/],
	[[], 64, qr/--engine/],
	[['--daemon'], 64, qr/--engine/],
	[['--engine', '-c', '/nonexistent'], 78, qr{/nonexistent}],
	[['--engine', '-c', '/dev/null', '-o', 'nonsense=1'], 78, qr/unknown key/],
	[['--engine', '-c', '/dev/null', '-o', 'engine_inspectors=0'], 78, qr/engine_inspectors/],
	[['--engine', '-c', '/dev/null', '-o', 'engine_socket_mode=0777'], 78, qr/engine_socket_mode/],
	[['--engine', '-c', '/dev/null', '-o', 'log=file:/nonexistent/log'], 78, qr{/nonexistent/log}],
	[['--engine', '-c', '/dev/null', '-o', 'log=stderr', '-o', 'engine_socket=/nonexistent/a/b'], 69, qr{/nonexistent/a/b}],
	# Nobody but root becomes another user.
	$> ? () : [['--engine', '-c', '/dev/null', '-o', 'log=stderr', '-o', 'engine_user=no-such-user',
	    '-o', 'engine_socket=' . tmpdir() . '/x'], 69, qr/no-such-user/],
) {
	my ($args, $code, $says) = @$_;
	my $r = run(cmd => [$inspect, @$args], timeout => 20);
	is($r->{code}, $code, "@$args: $code");
	like($r->{err}, $says, 'it says why');
}
like(run(cmd => [$inspect, '-h'])->{out}, qr/--engine.*--daemon/s, '-h');

# -- under a manager -----------------------------------------------------------------------------

sub listen_at {
	my ($path) = @_;
	socket my $s, PF_UNIX, SOCK_STREAM, 0 or die;
	bind $s, pack_sockaddr_un($path) or die "bind: $!";
	listen $s, 10 or die;
	fcntl $s, Fcntl::F_SETFD(), 0;
	return $s;
}
{
	my $e = engine_conf();
	my $s = listen_at($e->{socket});
	# It waits in the queue of whoever holds the socket.
	my $early = start_front($e, $infected);
	start_engine($e, fd => fileno $s, env => {LISTEN_FDS => 1});
	is(end_of_front($early), 0, 'socket activation: who came before is served');
	is(last_record($early->{log})->{verdict}, 'infected', 'well');
	ok(!logged($e, qr/cannot listen/), 'it made no socket of its own');
	my $changed = new_process($e);
	kill 'HUP', $e->{pid};
	ok(wait_for($changed), 'SIGHUP: another process');
	is(verdict($e, $infected), 'infected', 'it serves');
	end_engine($e);
	ok(-S $e->{socket}, 'a socket that is not its own stays');
	my $late = start_front($e, $clean);
	unlink $e->{log};
	start_engine($e, fd => fileno $s, env => {LISTEN_FDS => 1});
	is(end_of_front($late), 0, 'who comes between two engines is served by the next');
	end_engine($e);

	for my $fds ('2', '0', 'x', '') {
		unlink $e->{log};
		start_engine($e, fd => fileno $s, env => {LISTEN_FDS => $fds}, no_wait => 1);
		is(reap($e->{pid}), 69 << 8, "LISTEN_FDS=$fds: 69");
		ok(logged($e, qr/expected one socket/), 'it says why');
	}
	open my $file, '<', '/dev/null' or die;
	fcntl $file, Fcntl::F_SETFD(), 0;
	unlink $e->{log};
	start_engine($e, fd => fileno $file, env => {LISTEN_FDS => 1}, no_wait => 1);
	is(reap($e->{pid}), 69 << 8, 'a descriptor that is no socket: 69');
	ok(logged($e, qr/does not listen/), 'it says why');
	ok(-S $e->{socket}, 'the socket of others stays through all that');

	# Meant for another process: not for us.
	my $other = engine_conf();
	start_engine($other, env => {LISTEN_FDS => 1, LISTEN_PID => 1});
	is(verdict($other, $infected), 'infected', 'LISTEN_PID of another process: a socket of its own');
	end_engine($other);
}
for my $abstract (0, 1) {
	my $e = engine_conf();
	my $path = $abstract ? "\0spawnscan-test-$$" : "$e->{dir}/notify";
	socket my $s, PF_UNIX, SOCK_DGRAM, 0 or die;
	bind $s, pack('S', AF_UNIX) . $path or die "bind: $!";
	my $next = sub {
		vec(my $r = '', fileno $s, 1) = 1;
		select $r, undef, undef, secs(20) or return 'nothing';
		recv $s, my $text, 1000, 0;
		return $text;
	};
	start_engine($e, env => {NOTIFY_SOCKET => $path =~ s/\A\0/@/r}, no_wait => 1);
	is($next->(), "MAINPID=$e->{pid}\nREADY=1", ($abstract ? 'abstract ' : '') . 'NOTIFY_SOCKET: ready');
	is(verdict($e, $infected), 'infected', 'and it is');
	my $changed = new_process($e);
	kill 'HUP', $e->{pid};
	my $new = wait_for($changed) // 0;
	is($next->(), "MAINPID=$new\nREADY=1", 'after SIGHUP: the new process');
	end_engine($e);
	is($next->(), 'STOPPING=1', 'at the end: stopping');
}

done_testing;
