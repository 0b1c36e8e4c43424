#!/usr/bin/perl
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

my $down = Downstream->start;
my $mail = crlf(mail(parts => [attachment('a.txt', 'harmless')]));
my $infected = crlf(mail(parts => [attachment('a.bin', eicar())]));

# Starts it and waits until it takes connections. Gives a hash: pid, log, port.
sub proxy {
	my (%o) = @_;
	my $port = $o{port} // free_port();
	my $at = $o{listen} // "127.0.0.1:$port";
	my $conf = conf_file(%{$o{conf} // {}});
	my $log = $conf =~ s{[^/]+\z}{log}r;
	# Another user is to read it and to write the log.
	chmod 01777, $conf =~ s{/[^/]+\z}{}r;
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(fds => [$null, $null, $null],
	    cmd => [spawnscan_cmd('-c', $conf, '--proxy', $at, $o{to} // $down->address)]);
	ok(wait_for(sub { (read_file($log) // '') =~ /proxy: listening/ }), "it listens at $at")
	    or diag(read_file($log) // 'no log');
	return {pid => $pid, log => $log, port => $port};
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

my ($one, $two) = (client($p), client($p));
envelope($_) for $one, $two;
my @sessions = children($p->{pid});
is(scalar @sessions, 2, 'two sessions, two processes');
kill 'KILL', $sessions[0];
is(reply($one), '', 'a killed session says nothing');
print $two $mail;
like(say_to($two, '.'), qr/^250 /, 'the other goes on');
close $_ for $one, $two;
ok(wait_for(sub { !children($p->{pid}) }), 'no process is left, dead or alive');
like(read_file($p->{log}), qr/proxy: session \d+ was killed by signal 9/, 'and the log tells');
for (1 .. 60) {
	my $c = client($p);
	reply($c);
	close $c;
}
ok(wait_for(sub { !children($p->{pid}) }), '60 connections leave no process');
cmp_ok(scalar(() = glob "/proc/$p->{pid}/fd/*"), '<', 12, 'and no descriptor');

# -- the end -----------------------------------------------------------------------

$s = client($p);
envelope($s);
kill 'TERM', $p->{pid};
ok(wait_for(sub { !IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $p->{port}) }),
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
		    quarantine => 'all', ($> == 0 ? (proxy_user => 'nobody') : ())});
		my $n = 0;
		for (['127.0.0.1', 0], ['127.0.0.2', 1], ['127.0.0.2', 0, 'XFORWARD ADDR=192.0.2.9'],
		    ['127.0.0.2', 0, 'XFORWARD ADDR=[UNAVAILABLE]']) {
			my ($from, $exempt, @xforward) = @$_;
			my $s = client($p, from => $from);
			my $port = $s->sockport;
			like(deliver($s, $program, @xforward), qr/^250 /, "$name, $from @xforward: taken");
			close $s;
			$n++;
			wait_for(sub { $n == grep { exists $_->{verdict} } log_records(read_file($p->{log})) });
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

# -- places ------------------------------------------------------------------------

my $path = tmpdir() . '/proxy.sock';
$p = proxy(listen => "unix:$path", conf => {proxy_socket_mode => '0600'});
is((stat $path)[2] & 0777, 0600, 'the mode of a Unix socket');
like(deliver(client($p, path => $path), $mail), qr/^250 /, 'a mail through a Unix socket');
my $r = spawnscan(args => ['--proxy', "unix:$path", $down->address]);
is($r->{code}, 69, 'a second one at the same place is refused');
like($r->{err}, qr/can't listen at unix:\Q$path\E: Address already in use/, 'and says why');
kill 'KILL', $p->{pid};
reap($p->{pid}, 60);
ok(-S $path, 'a killed one leaves its socket');
$p = proxy(listen => "unix:$path");
is(ended($p, 'TERM'), 0, 'which the next one replaces');
ok(!-e $path, 'and takes away at its end');

SKIP: {
	loud_skip('only root can become another user', 2) if $> != 0;
	$p = proxy(conf => {proxy_user => 'nobody'});
	like(read_file("/proc/$p->{pid}/status"), qr/^Uid:\t(\d+)\t\1\t\1\t\1$/m, 'one user for all');
	like(read_file("/proc/$p->{pid}/status"), qr/^Uid:\t@{[(getpwnam 'nobody')[2]]}\t/m, 'proxy_user');
	ended($p, 'TERM');
}

# -- what can't be -------------------------------------------------------------------

for (['nowhere', $down->address, 64, qr/--proxy: /], ['127.0.0.1:1,127.0.0.1:2', $down->address, 64, qr/one address/],
    ['127.0.0.1:' . $down->port, $down->address, 69, qr/can't listen at .*in use/],
    ['systemd', $down->address, 64, qr/no socket was handed over/], ['127.0.0.1:0', 'nowhere', 64, qr/nowhere/]) {
	my ($at, $to, $code, $re) = @$_;
	$r = spawnscan(args => ['--proxy', $at, $to]);
	is($r->{code}, $code, "--proxy $at $to: exit code");
	like($r->{err}, $re, 'and one sentence');
}
done_testing();
