#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# --proxy: listens, one process for each connection.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;

delete @ENV{qw(LISTEN_PID LISTEN_FDS LISTEN_FDNAMES)};
my $down = Downstream->start;
my $mail = crlf(mail(parts => [attachment('a.txt', 'harmless')]));
my $infected = crlf(mail(parts => [attachment('a.bin', eicar())]));

# Starts it and waits until it takes connections. Gives a hash: pid, log, port, conf.
# before: words in front of the command; stdin: a descriptor; mode: of the
# directory of configuration and log; log: called with the path of the log.
sub proxy {
	my (%o) = @_;
	my $port = $o{port} // free_port();
	my $at = $o{listen} // "127.0.0.1:$port";
	my $conf = conf_file(%{$o{conf} // {}});
	my $log = $conf =~ s{[^/]+\z}{log}r;
	# Another user is to read it and to write the log.
	chmod $o{mode} // 01777, $conf =~ s{/[^/]+\z}{}r;
	$o{log}->($log) if $o{log};
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(fds => [$o{stdin} // $null, $null, $null],
	    cmd => [@{$o{before} // []}, spawnscan_cmd('-c', $conf, '--proxy', $at, $o{to} // $down->address)]);
	ok(wait_for(sub { (read_file($log) // '') =~ /proxy: listening/ }, 60), "it listens at $at")
	    or diag(read_file($log) // 'no log');
	return {pid => $pid, log => $log, port => $port, conf => $conf};
}

sub client {
	my ($p, %o) = @_;
	my $s = $o{path} ? IO::Socket::UNIX->new(Peer => $o{path})
	    : IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $p->{port},
	    $o{from} ? (LocalAddr => $o{from}) : ()) or die "connect: $!";
	$s->autoflush(1);
	return $s;
}

# One reply, its lines together.
sub reply {
	my ($s) = @_;
	my $all = '';
	local $SIG{ALRM} = sub { die "no reply\n" };
	alarm 120;
	while (defined(my $line = <$s>)) {
		$all .= $line;
		last if $line =~ /^\d{3} /;
	}
	alarm 0;
	return $all;
}

sub say_to { my ($s, $line) = @_; print $s "$line\r\n"; return reply($s) }

# Up to DATA; further words are commands before MAIL.
sub envelope {
	my ($s, @before) = @_;
	my @r = (reply($s), say_to($s, 'EHLO me.example'), (map { say_to($s, $_) } @before),
	    say_to($s, 'MAIL FROM:<a@example.org>'),
	    say_to($s, 'RCPT TO:<b@example.net>'), say_to($s, 'DATA'));
	return $r[-1];
}

sub deliver {
	my ($s, $text, @before) = @_;
	like(envelope($s, @before), qr/^354 /, 'DATA is taken');
	print $s $text;
	return say_to($s, '.');
}

sub children {
	my ($pid) = @_;
	return grep { (read_file("/proc/$_/stat") // '') =~ /\) \S $pid / } map { m{(\d+)$} } glob '/proc/[0-9]*';
}

sub logged { my ($p, $re) = @_; return scalar(() = (read_file($p->{log}) // '') =~ /$re/g) }

# The user that a proxy is to be, where a test can choose.
sub other_user { return $> == 0 ? (proxy_user => 'nobody') : () }

sub ended {
	my ($p, $signal) = @_;
	kill $signal, $p->{pid} if $signal;
	return reap($p->{pid}, 120);
}

# -- mail through it ---------------------------------------------------------------

my $p = proxy();
my $s = client($p);
like(deliver($s, $mail), qr/^250 .*queued/, 'a clean mail is taken');
like(say_to($s, 'QUIT'), qr/^221 /, 'QUIT');
my @m = $down->wait_messages(1);
same_bytes((split_marks($m[0]{data}))[0], $mail, 'and arrives as it was');
$s = client($p);
like(deliver($s, $infected), qr/^250 /, 'an infected one as well');
@m = $down->wait_messages(2);
unlike($m[1]{data}, qr/\Q@{[substr eicar(), 0, 20]}\E/, 'without its attachment');
close $s;

# -- a session that dies -----------------------------------------------------------

ok(wait_for(sub { !children($p->{pid}) }, 60), 'the sessions before have ended');
my $one = client($p);
envelope($one);
my @sessions = children($p->{pid});
my $two = client($p);
envelope($two);
is(scalar(() = children($p->{pid})), 2, 'two sessions, two processes');
kill 'KILL', @sessions;
is(reply($one), '', 'a killed session says nothing');
print $two $mail;
like(say_to($two, '.'), qr/^250 /, 'the other goes on');
close $_ for $one, $two;
ok(wait_for(sub { !children($p->{pid}) }, 60), 'no process is left, dead or alive');
ok(wait_for(sub { logged($p, qr/proxy: session \d+ was killed by signal 9/) }, 60), 'and the log tells');
for (1 .. 60) {
	my $c = client($p);
	reply($c);
	close $c;
}
ok(wait_for(sub { !children($p->{pid}) }, 60), '60 connections leave no process');
cmp_ok(scalar(() = glob "/proc/$p->{pid}/fd/*"), '<', 12, 'and no descriptor');

# -- the end -----------------------------------------------------------------------

$s = client($p);
envelope($s);
kill 'TERM', $p->{pid};
ok(wait_for(sub { !IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $p->{port}) }, 60),
    'at SIGTERM nobody new is let in');
print $s $mail;
like(say_to($s, '.'), qr/^250 /, 'a message on its way is delivered');
close $s;
is(ended($p), 0, 'and then it ends well');

$p = proxy(conf => {proxy_drain => '1s'});
$s = client($p);
envelope($s);
is(ended($p, 'TERM'), 0, 'a session that hangs is not waited for');
is(reply($s), '', 'its client has no answer');

# A session is a whole one: it needs nobody to end its work.
$p = proxy();
$s = client($p);
envelope($s);
kill 'KILL', $p->{pid};
reap($p->{pid}, 60);
my $before = () = $down->messages;
print $s $mail;
like(say_to($s, '.'), qr/^250 /, 'the server is killed, the session goes on');
is(scalar(() = $down->wait_messages($before + 1)), $before + 1, 'and its mail is delivered');
close $s;

# -- want of descriptors and processes -------------------------------------------------

sub limit_files {
	my ($p, $n) = @_;
	return run(cmd => ['prlimit', "--pid=$p->{pid}", "--nofile=$n:"])->{code};
}

$p = proxy();
my $usual = (read_file("/proc/$p->{pid}/limits") =~ /^Max open files\s+(\S+)/m)[0];
my $free = 3;
$free++ while -l "/proc/$p->{pid}/fd/$free";
is(limit_files($p, $free), 0, 'it may have no further descriptor');
my $begin = now();
$s = client($p);
ok(wait_for(sub { logged($p, qr/proxy: accept: Too many open files/) >= 4 }, 60), 'the log tells, again and again');
cmp_ok(logged($p, qr/proxy: accept: /), '<=', 2 + now() - $begin, 'but once a second at most');
is(limit_files($p, $usual), 0, 'it may again');
like(reply($s), qr/^220 /, 'a client has waited, and is served');
close $s;
is(ended($p, 'TERM'), 0, 'end');

# The limit counts the processes of a user, and root has none.
$p = proxy(before => ['prlimit', '--nproc=1:1'], conf => {other_user()});
like(reply(client($p)), qr/^421 4\.3\.0 Too busy/, 'no process for a session: 421');
$s = client($p);
like(reply($s), qr/^421 /, 'the next one as well, a little later');
is(logged($p, qr/proxy: cannot start a process for unknown\[127\.0\.0\.1\]:\d+: /), 2, 'the log tells of each');
kill 'TERM', $p->{pid};
ok(wait_for(sub { logged($p, qr/proxy: shut down/) }, 60), 'and it goes on until it is told to end');
reap($p->{pid}, 60);

# -- SIGHUP ----------------------------------------------------------------------------

$p = proxy(conf => {other_user()});
my $settings = read_file($p->{conf});
write_file($p->{conf}, $settings =~ s/^\[proxy\]\n|\z/[proxy]\nproxy_clients = 127.0.0.2\nproxy_processes = 300\n/mr, 0644);
rename $p->{log}, "$p->{log}.old" or die;
$s = client($p);
like(reply($s), qr/^220 /, 'a session');
kill 'HUP', $p->{pid};
ok(wait_for(sub { logged($p, qr/proxy: configuration reloaded/) }, 60), 'SIGHUP: new settings, and a new log file');
like(reply(client($p)), qr/^554 /, 'they are in effect');
like(deliver(client($p, from => '127.0.0.2'), $mail), qr/^250 /, 'and who may is served');
like(say_to($s, 'NOOP'), qr/^503|^250/, 'a session from before goes on');
close $s;
write_file($p->{conf}, "[proxy]\nproxy_clients = everybody\n", 0644);
kill 'HUP', $p->{pid};
ok(wait_for(sub { logged($p, qr/proxy: configuration not reloaded, the old one stays in effect: .*proxy_clients/) }, 60), 'wrong ones are refused');
like(reply(client($p)), qr/^554 /, 'and the old ones stay in effect');
like(reply(client($p, from => '127.0.0.2')), qr/^220 /, 'all of them');
is(ended($p, 'TERM'), 0, 'end');

# Nobody but root may make a file there.
SKIP: {
	loud_skip('only root can become another user', 7) if $> != 0;
	$p = proxy(mode => 0755, conf => {proxy_user => 'nobody'});
	is((stat $p->{log})[4], (getpwnam 'nobody')[2], 'the log file is that of proxy_user');
	kill 'HUP', $p->{pid};
	ok(wait_for(sub { logged($p, qr/proxy: configuration reloaded/) }, 60), 'who can open it again');
	ended($p, 'TERM');
	# Not what the name is only a link to.
	my $kept = subdir('kept') . '/of-root';
	write_file($kept, '');
	for my $kind ('link', 'symlink') {
		$p = proxy(mode => 0755, conf => {proxy_user => 'nobody'}, log => sub { $kind eq 'link' ? link $kept, $_[0] : symlink $kept, $_[0] });
		is((stat $kept)[4], 0, "$kind: it stays root's");
		ended($p, 'TERM');
	}
}

# What a terminal sends to all of its processes is the parent's affair.
for my $signal ('INT', 'HUP', 'TERM') {
	$p = proxy();
	$s = client($p);
	like(reply($s), qr/^220 /, 'a session');
	kill $signal, -$p->{pid};
	ok(wait_for(sub { logged($p, $signal eq 'HUP' ? qr/proxy: configuration reloaded/ : qr/proxy: (?:ended|listening)/) }, 60), "SIG$signal to the group");
	like(say_to($s, 'NOOP'), qr/^503|^250/, 'does not end it');
	close $s;
	is(ended($p, 'TERM'), 0, 'end');
}

# -- who may, and how many -----------------------------------------------------------

$p = proxy(conf => {proxy_clients => '127.0.0.2/32', proxy_processes => 1});
like(reply(client($p)), qr/^554 5\.7\.1 /, 'a client that is not on the list is refused');
like(read_file($p->{log}), qr/client 127\.0\.0\.1 is not among proxy_clients/, 'and logged');
$one = client($p, from => '127.0.0.2');
like(reply($one), qr/^220 /, 'one on the list is not');
$two = client($p, from => '127.0.0.2');
ok(!IO::Select->new($two)->can_read(1), 'a second one waits, as proxy_processes says');
close $one;
like(reply($two), qr/^220 /, 'until there is room');
close $two;
is(ended($p, 'TERM'), 0, 'end');

# -- the client as a fact ------------------------------------------------------------

my $program = crlf(mail(parts => [attachment('run.exe', 'harmless')]));
my $have_mapped = have_ipv6() && (read_file('/proc/sys/net/ipv6/bindv6only') // '') =~ /^0/;
my $both = free_port();
for (['IPv4', "127.0.0.1:$both"], ['a socket for both families', "[::]:$both"]) {
	my ($name, $at) = @$_;
	SKIP: {
		loud_skip('no IPv6, or sockets are not for both families', 26) if $at =~ /::/ && !$have_mapped;
		my $p = proxy(listen => $at, port => $both, conf => {exempt_clients => '127.0.0.2',
		    quarantine => 'all', other_user()});
		my $n = 0;
		for (['127.0.0.1', 0], ['127.0.0.2', 1], ['127.0.0.2', 0, 'XFORWARD ADDR=192.0.2.9'],
		    ['127.0.0.2', 0, 'XFORWARD ADDR=[UNAVAILABLE]']) {
			my ($from, $exempt, @xforward) = @$_;
			my $s = client($p, from => $from);
			my $port = $s->sockport;
			like(deliver($s, $program, @xforward), qr/^250 /, "$name, $from @xforward: taken");
			close $s;
			$n++;
			wait_for(sub { $n == grep { exists $_->{verdict} } log_records(read_file($p->{log})) }, 60);
			my $r = last_record(read_file($p->{log}));
			is($r->{verdict}, 'blocked', 'found');
			is($r->{action}, $exempt ? 'tag' : 'defang', $exempt ? 'exempt' : 'not exempt');
			my $client = !@xforward ? "unknown[$from]:$port" : $xforward[0] =~ /192/ ? 'unknown[192.0.2.9]' : undef;
			is($r->{client}, $client, 'the client in the log');
			my $meta = read_file($p->{log} =~ s{[^/]+\z}{quarantine/$r->{quarantine}.meta}r) // 'no metadata';
			is(($meta =~ /^Client: (.*)$/m)[0], $client // '', 'and in the metadata');
		}
		is(ended($p, 'TERM'), 0, 'end');
	}
}

# -- whose XFORWARD is believed ---------------------------------------------------------

for (['its clients are not all trusted', {proxy_xforward_clients => '127.0.0.1'}, 0], ['nobody is trusted', {proxy_xforward_clients => ''}, 0], ['by default', {}, 1]) {
	my ($name, $conf, $trusted) = @$_;
	my $p = proxy(conf => {exempt_clients => '192.0.2.9', proxy_clients => '127.0.0.0/8', other_user(), %$conf});
	my $before = () = $down->messages;
	my $s = client($p, from => '127.0.0.2');
	like(reply($s), qr/^220 /, "$name: connected");
	my $ehlo = say_to($s, 'EHLO me.example');
	like($ehlo, qr/^250[- ]8BITMIME\r$/m, "$name: EHLO");
	is(scalar(() = $ehlo =~ /^250[- ]XFORWARD/m), $trusted, "$name: XFORWARD is " . ($trusted ? '' : 'not ') . 'announced');
	like(say_to($s, 'XFORWARD NAME=mail.example ADDR=192.0.2.9'), $trusted ? qr/^250 / : qr/^550 5\.7\.0 Error: insufficient authorization\r\n/, "$name: XFORWARD");
	like(say_to($s, $_), qr/^[23]/, "$name: $_") for 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA';
	print $s SmtpClient::stuffed($program);
	like(reply($s), qr/^250 /, "$name: taken");
	my $port = $s->sockport;
	close $s;
	wait_for(sub { grep { exists $_->{verdict} } log_records(read_file($p->{log})) }, 60);
	my $r = last_record(read_file($p->{log}));
	is($r->{client}, $trusted ? 'mail.example[192.0.2.9]' : "unknown[127.0.0.2]:$port", "$name: the client in the log");
	is($r->{action}, $trusted ? 'tag' : 'defang', "$name: the rules go by it");
	my ($m) = ($down->messages)[$before];
	is(scalar(grep { /XFORWARD ADDR|XFORWARD NAME/ } $down->raw($down->connections)), $trusted, "$name: the next hop hears of it") ;
	is(ended($p, 'TERM'), 0, "$name: end");
}

# -- places ------------------------------------------------------------------------

my $path = tmpdir() . '/proxy.sock';
$p = proxy(listen => "unix:$path", conf => {proxy_socket_mode => '0600'});
is((stat $path)[2] & 0777, 0600, 'the mode of a Unix socket');
like(deliver(client($p, path => $path), $mail), qr/^250 /, 'a mail through a Unix socket');
my $r = spawnscan(args => ['--proxy', "unix:$path", $down->address]);
is($r->{code}, 69, 'a second one at the same place is refused');
like($r->{err}, qr/cannot listen on unix:\Q$path\E: Address already in use/, 'and says why');
kill 'KILL', $p->{pid};
reap($p->{pid}, 60);
ok(-S $path, 'a killed one leaves its socket');
$p = proxy(listen => "unix:$path");
is(ended($p, 'TERM'), 0, 'which the next one replaces');
ok(!-e $path, 'and takes away at its end');

write_file($path, 'precious');
$r = spawnscan(args => ['--proxy', "unix:$path", $down->address]);
is($r->{code}, 69, 'a file is in the place of a socket');
like($r->{err}, qr/cannot listen on unix:\Q$path\E: it exists and is not a socket/, 'it says so');
is(read_file($path), 'precious', 'and leaves it alone');
unlink $path;

# The socket that systemd hands over, as descriptor 3.
sub handed {
	my ($vars) = @_;
	return ('/bin/sh', '-c', "export $vars; " . 'exec "$@" 3<&0 </dev/null', 'sh');
}
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die;
$p = proxy(listen => 'systemd', port => $listener->sockport, stdin => $listener, before => [handed('LISTEN_PID=$$ LISTEN_FDS=1')]);
close $listener;
like(deliver(client($p), $mail), qr/^250 /, 'a mail through the socket from systemd');
is(ended($p, 'TERM'), 0, 'end');
for (['LISTEN_PID=1 LISTEN_FDS=1', qr/for process 1 \(LISTEN_PID\)/], ['LISTEN_PID=$$ LISTEN_FDS=0', qr/expected one socket, got 0 /],
    ['LISTEN_PID=$$ LISTEN_FDS=2', qr/expected one socket, got 2 /], ['LISTEN_PID=$$', qr/no socket was handed over/],
    ['LISTEN_PID=$$ LISTEN_FDS=1', qr/descriptor 3 does not listen/]) {
	my ($vars, $re) = @$_;
	my $r = run(cmd => [handed($vars), spawnscan_cmd('-c', conf_file(), '--proxy', 'systemd', $down->address)]);
	is($r->{code}, 64, "systemd, $vars: exit code");
	like($r->{err}, qr/\A[^\n]*$re[^\n]*\n\z/, 'and one sentence');
}

SKIP: {
	loud_skip('only root can become another user', 6) if $> != 0;
	$r = spawnscan(conf => {proxy_user => 'no-such-user-here'}, args => ['--proxy', "unix:$path", $down->address]);
	is($r->{code}, 67, 'a user that does not exist');
	like($r->{err}, qr/\A[^\n]*no such user: no-such-user-here\n\z/, 'one sentence');
	ok(!-e $path, 'no socket is left');
	$p = proxy(conf => {proxy_user => 'nobody'});
	like(read_file("/proc/$p->{pid}/status"), qr/^Uid:\t(\d+)\t\1\t\1\t\1$/m, 'one user for all');
	like(read_file("/proc/$p->{pid}/status"), qr/^Uid:\t@{[(getpwnam 'nobody')[2]]}\t/m, 'proxy_user');
	ended($p, 'TERM');
	$p = proxy(listen => "unix:$path", conf => {proxy_user => 'nobody'});
	is((stat $path)[4], (getpwnam 'nobody')[2], 'whose the socket is');
	ended($p, 'TERM');
	unlink $path;
}

# -- what can't be -------------------------------------------------------------------

for (['nowhere', $down->address, 64, qr/--proxy: /], ['127.0.0.1:1,127.0.0.1:2', $down->address, 64, qr/one address/],
    ['127.0.0.1:' . $down->port, $down->address, 69, qr/cannot listen on .*in use/],
    ['unix:/' . 'x' x 120, $down->address, 64, qr/less than 108 bytes/], ['unix:/nonexistent/x', $down->address, 69, qr/cannot listen on .*No such file/],
    ['systemd', $down->address, 64, qr/no socket was handed over/], ['127.0.0.1:0', 'nowhere', 64, qr/nowhere/]) {
	my ($at, $to, $code, $re) = @$_;
	$r = spawnscan(args => ['--proxy', $at, $to]);
	is($r->{code}, $code, "--proxy $at $to: exit code");
	like($r->{err}, $re, 'and one sentence');
}
done_testing();
