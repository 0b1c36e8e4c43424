#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Several filter hosts behind one Postfix, by its own means: a name with several
# addresses, MX records, a list, smtp_fallback_relay. Each filter host is in a
# network of its own, and one is cut off in the middle: nothing is lost, nothing
# comes twice, and all of it was inspected.
#
#   hub (this script's own network)          filter hosts
#   smtpd -> queue -> "scan" ------------->  a: 10.63.1.2 spawn -> spawnscan --+
#                            \------------>  b: 10.63.2.2 spawn -> spawnscan --+
#   sink <- queue <- second smtpd <--------------------------------------------+

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use File::Spec;

# Everything here happens in a network and with mounts of our own, which are
# gone when we are.
BEGIN {
	my $why;
	if ($>) { $why = 'needs root' }
	else {
		for my $program (qw(postfix ip nsenter unshare)) {
			$why //= "$program is not installed" unless grep { -x "$_/$program" } split(/:/, $ENV{PATH}), '/usr/sbin', '/sbin';
		}
	}
	if (!$why && !$ENV{SPAWNSCAN_OWN_NETWORK}) {
		if (system('unshare --net --mount true 2>/dev/null') == 0) {
			$ENV{SPAWNSCAN_OWN_NETWORK} = 1;
			exec 'unshare', '--net', '--mount', $^X, File::Spec->rel2abs($0);
		}
		$why = 'no network namespaces can be made here';
	}
	if ($why) {
		diag("SKIPPED: $why");
		plan skip_all => "SKIPPED: $why";
	}
}
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use PrivatePostfix;

# -- the networks ------------------------------------------------------------------

sub ip { my (@words) = @_; my $r = run(cmd => ['ip', @words]); return $r->{code} == 0 || !diag("ip @words: $r->{out}$r->{err}") }

# What is to be said to a host that is gone is said for longer.
if (open my $fh, '>', '/proc/sys/net/ipv4/tcp_orphan_retries') { print $fh 15; close $fh }
ip(qw(link set lo up)) or BAIL_OUT('no loopback in a network of our own');
my %host;
for (['a', 1], ['b', 2]) {
	my ($name, $net) = @$_;
	my $ours = readlink '/proc/self/ns/net';
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(cmd => ['unshare', '--net', 'sleep', '100000'], fds => [$null, $null, $null]);
	wait_for(sub { my $its = readlink "/proc/$pid/ns/net"; defined $its && $its ne $ours }) or die 'no network for a host';
	my $h = $host{$name} = {name => $name, pid => $pid, link => "to$name", address => "10.63.$net.2", hub => "10.63.$net.1"};
	$h->{enter} = ['nsenter', "--net=/proc/$pid/ns/net"];
	unless (ip('link', 'add', $h->{link}, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', $pid)) {
		diag('SKIPPED: this kernel has no veth');
		plan skip_all => 'SKIPPED: this kernel has no veth';
	}
	ip('addr', 'add', "$h->{hub}/24", 'dev', $h->{link}) && ip('link', 'set', $h->{link}, 'up') or die;
	for (['addr', 'add', "$h->{address}/24", 'dev', 'eth0'], [qw(link set eth0 up)], [qw(link set lo up)]) {
		my $r = run(cmd => [@{$h->{enter}}, 'ip', @$_]);
		$r->{code} == 0 or die "ip @$_: $r->{err}";
	}
}

# Names: what getaddrinfo says, and a tiny DNS server for MX records.
my $files = subdir('names', 0755);
write_file("$files/hosts", join '', "127.0.0.1 localhost\n", map { "$_->{address} filters.example $_->{name}.filters.example\n" } @host{qw(a b)});
write_file("$files/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n");
write_file("$files/resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:5\n");
for my $name (qw(hosts nsswitch.conf resolv.conf)) {
	-e "/etc/$name" or next;
	my $r = run(cmd => ['mount', '--bind', "$files/$name", File::Spec->rel2abs(readlink("/etc/$name") // $name, '/etc')]);
	$r->{code} == 0 or die "mount $name: $r->{err}";
}

# Answers MX and A questions of a few names, for as long as we live.
sub dns_server {
	my (%records) = @_;
	socket my $s, Socket::PF_INET, Socket::SOCK_DGRAM, 0 or die "socket: $!";
	bind $s, Socket::pack_sockaddr_in(53, Socket::INADDR_LOOPBACK) or die "bind: $!";
	my $pid = fork // die "fork: $!";
	if ($pid) { Harness::adopt($pid); return close $s }
	$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
	while (defined(my $from = recv $s, my $q, 1500, 0)) {
		my ($id, $flags, $count) = unpack 'nnn', $q;
		my ($at, @labels) = (12);
		while (my $len = ord substr $q, $at, 1) { push @labels, substr $q, $at + 1, $len; $at += 1 + $len }
		my $type = unpack 'n', substr $q, $at + 1, 2;
		my @answers = map {
			my $data = $type == 15 ? pack('n', $_->[0]) . join('', map { pack 'C/a', $_ } split /\./, $_->[1]) . "\0" : Socket::inet_aton($_);
			# The name is the one in the question; a day to live.
			pack('nnnN n/a', 0xc00c, $type, 1, 86400, $data);
		} @{$records{$type . lc join '.', @labels} // []};
		send $s, pack('n6', $id, 0x8180, 1, scalar @answers, 0, 0) . substr($q, 12, $at + 5 - 12) . join('', @answers), 0, $from;
	}
	POSIX::_exit(0);
}
dns_server('15mx.example' => [[10, 'b.filters.example'], [20, 'a.filters.example']],
    '1a.filters.example' => [$host{a}{address}], '1b.filters.example' => [$host{b}{address}]);

# -- the hosts ---------------------------------------------------------------------

my $sink = Downstream->start(ehlo => ['PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8']);

# How long the hub waits for a host that has fallen silent. The entries have
# 1200 s; it only has to be longer than an inspection takes on a busy machine.
my $patience = secs(20);
my ($port, $second) = (free_port(), free_port());
my $hub = PrivatePostfix->start(sink => $sink->port, no_wait => 1,
    main => ["content_filter = scan:[filters.example]:$port", 'smtpd_client_connection_count_limit = 0'],
    edit => sub {
	my ($p) = @_;
	# The filter is on the other hosts, and they are let in.
	s/^# 2\. .*?(?=^# 3\. )//ms or die;
	s/^127\.0\.0\.1(?=:$p->{back_port} )/0.0.0.0/m or die;
	s/(-o (?:mynetworks|smtpd_authorized_xforward_hosts)=127\.0\.0\.0\/8)/$1,10.63.0.0\/16/g == 2 or die;
	s/^( +-o smtp_data_done_timeout=)1200s$/$1${patience}s/m or die;
	my $more = join '', map { "    -o smtp_${_}_timeout=${patience}s\n" } qw(connect helo xforward mail rcpt data_init data_xfer rset quit);
	# A second way back beside the first.
	/^# 3\. .*?^(0\.0\.0\.0.*?)^# 4\. /ms or die;
	$_ .= $1 =~ s/^0\.0\.0\.0:$p->{back_port}/0.0.0.0:$second/r . "    -o syslog_name=postfix/second\n";
	s/^(scan .* )10( +smtp)\n/${1}6$2\n$more/m or die;
    });
wait_for(sub { 3 == grep { $hub->listens($_) } $hub->{port}, $hub->{back_port}, $second }, 60) or die 'the hub does not listen';
for my $h (@host{qw(a b)}) {
	$h->{postfix} = PrivatePostfix->start(sink => 0, no_wait => 1, enter => $h->{enter}, main => ['content_filter ='],
	    edit => sub {
		my ($p) = @_;
		# Of the services there is only the filter.
		s/^# === A.*?(?=^# 2\. )//ms or die;
		s/^# 3\. .*\z//ms or die;
		s/^127\.0\.0\.1:$p->{filter_port}(?= )/$h->{address}:$port/m or die;
		s/ 127\.0\.0\.1:$p->{back_port}$/ $h->{hub}:$hub->{back_port}/m or die;
	    });
	my $want = sprintf '%08X:%04X', unpack('V', Socket::inet_aton($h->{address})), $port;
	wait_for(sub { (read_file("/proc/$h->{pid}/net/tcp") // '') =~ /^\s*\d+: $want \S+ 0A /m }, 60) or die "host $h->{name} does not listen";
}

# -- mails ---------------------------------------------------------------------------

my $sent = 0;
sub send_mails {
	my ($count) = @_;
	my @c = map { $hub->client } 1 .. 4;
	my @ids;
	for my $i (1 .. $count) {
		my $id = sprintf 'd%05d', ++$sent;
		my $c = $c[$i % @c];
		my $r = $c->deliver(mail => crlf(mail(id => $id, body => "Number $id.\n" x ($i % 50 + 1)))) // 'nothing';
		if ($r =~ /\A250 /) { push @ids, $id } else { diag("not taken: $r") }
	}
	$_->cmd('QUIT') for @c;
	return @ids;
}
sub at_sink { my @e = glob "$sink->{dir}/*.env"; return scalar @e }
sub poll { my ($code, $seconds) = @_; return wait_for(sub { my $ok = $code->(); $ok || select undef, undef, undef, 0.05; return $ok }, $seconds) }

# How many mails a host's filter delivered.
sub filtered { my ($h) = @_; return scalar grep { ($_->{outcome} // '') eq 'delivered' } log_records($h->{postfix}->filter_log_text) }

# All of these have arrived, each once, each with our marks, and nothing is left.
my %before;
sub all_once {
	my ($name, @ids) = @_;
	ok(poll(sub { at_sink() >= keys(%before) + @ids }, 120), "$name: they arrive") or diag(tail());
	ok(poll(sub { !$hub->queued }, 60), "$name: the queue is empty") or diag($hub->queued);
	my (%got, $unseen);
	for my $m ($sink->messages) {
		my ($id) = $m->{data} =~ /^Message-ID: <(d\d+)@/m;
		$got{$id // 'something else'}++;
		$unseen++ unless $m->{data} =~ /^X-Spawnscan-Result: clean\r$/m;
	}
	is_deeply([grep { !$got{$_} } @ids], [], "$name: nothing is lost");
	is_deeply([grep { $got{$_} > 1 } sort keys %got], [], "$name: nothing came twice") or diag(tail());
	is($got{'something else'}, undef, "$name: and nothing else came");
	ok(!$unseen, "$name: all were inspected");
	%before = %got;
}
sub tail { my @l = grep { /smtp\[|smtpd\[.*(?:lost|timeout)/ } split /^/, $hub->maillog; return join '', @l > 40 ? @l[-40 .. -1] : @l }

sub cut { my ($h) = @_; ok(ip('link', 'set', $h->{link}, 'down'), "$h->{name} is cut off") }
sub join_again { my ($h) = @_; ok(ip('link', 'set', $h->{link}, 'up'), "$h->{name} is there again") }
my ($A, $B) = @host{qw(a b)};

subtest 'a name with two addresses, one host cut off in mid-run' => sub {
	my @ids = send_mails(100);
	is(scalar @ids, 100, 'a hundred are taken');
	ok(poll(sub { at_sink() >= 50 }, 120), 'half have arrived');
	# Those that b has from now on stay where they are: with b, fully received,
	# not yet handed back. So no acknowledgement can be under way when it is cut
	# off, which is the one case where a mail has to come twice.
	my $gate = $B->{postfix}->gate;
	push @ids, send_mails(100);
	ok(poll(sub {
		my @at = glob "$gate.at.*";
		my @filters = $B->{postfix}->filters;
		return @at >= 2 && @at == @filters;
	}, 60), 'b has some in hand');
	my $held = () = glob "$gate.at.*";
	cut($B);
	push @ids, send_mails(100);
	is(scalar @ids, 300, 'all were taken, those too that came while b was gone');
	all_once('cut off', @ids);
	my ($by_a, $by_b) = map { filtered($_) } $A, $B;
	cmp_ok($by_a, '>', 0, "a has filtered $by_a");
	cmp_ok($by_b, '>', 0, "b has filtered $by_b, before");
	cmp_ok($held, '>', 0, "and had $held in hand");
	is($by_a + $by_b, 300, 'that is all');

	# The hub has long given up on what b still holds, and delivered it by way of
	# a. When b is back and learns that nobody waits, it must let go of them.
	join_again($B);
	my $close_wait = sprintf '%08X:%04X', unpack('V', Socket::inet_aton($B->{address})), $port;
	ok(poll(sub {
		my @left = (read_file("/proc/$B->{pid}/net/tcp") // '') =~ /^\s*\d+: $close_wait \S+ 01 /mg;
		return !@left;
	}, 120), 'b learns that the hub has hung up');
	$B->{postfix}->open_gate($gate);
	ok(poll(sub { !$B->{postfix}->filters }, 60), 'its filters end');
	all_once('back again');
	is(filtered($B), $by_b, 'none of them was delivered');
	push @ids, my @more = send_mails(40);
	all_once('both again', @more);
	cmp_ok(filtered($B), '>', $by_b, 'b filters again');
};

# Switch the hub to another way of naming its filter hosts.
sub named {
	my ($filter, $code, @more) = @_;
	my $path = "$hub->{dir}/etc/main.cf";
	my $main = read_file($path);
	for my $line ("content_filter = $filter", @more) {
		my ($name) = $line =~ /^(\w+)/;
		$main =~ s/^\Q$name\E = .*/$line/m or die;
	}
	write_file($path, $main);
	return $hub->change_master($code // sub {});
}

# With both hosts the first does all; without it the other does.
sub first_then_second {
	my ($name) = @_;
	my @by = map { filtered($_) } $A, $B;
	all_once("$name, both there", send_mails(10));
	ok(poll(sub { filtered($B) == $by[1] + 10 }), "$name: b, the first, does all");
	cut($B);
	all_once("$name, b cut off", send_mails(10));
	ok(poll(sub { filtered($A) == $by[0] + 10 }), "$name: then a does");
	join_again($B);
}

subtest 'a list' => sub {
	ok(named("scan:[$B->{address}]:$port, [$A->{address}]:$port"), 'told');
	first_then_second('list');
};
subtest 'smtp_fallback_relay' => sub {
	ok(named("scan:[$B->{address}]:$port", sub { s/^( +-o smtp_fallback_relay=)$/$1\[$A->{address}]:$port/m or die }), 'told');
	first_then_second('fallback');
	ok(named("scan:[$B->{address}]:$port", sub { s/^( +-o smtp_fallback_relay=)\S+$/$1/m or die }), 'taken back');
};
subtest 'two ways back from each filter, one shut in mid-run' => sub {
	ok(named("scan:[filters.example]:$port"), 'told');
	for my $h ($A, $B) {
		ok($h->{postfix}->change_master(sub { s/( $h->{hub}:)$hub->{back_port}$/$&,$h->{hub}:$second/m or die }), "$h->{name} is told");
	}
	my $by_second = sub { scalar(() = $hub->maillog =~ m{postfix/second/smtpd\[\d+\]: \w+: client=}g) };
	all_once('both ways', send_mails(10));
	is($by_second->(), 0, 'the first way is used');
	# Postfix ends the processes of a service that goes, at whatever they are. So
	# the filters hold what they have, with their connection to the first way
	# open: no acknowledgement is under way (see above).
	my @gates = map { [$_->{postfix}, $_->{postfix}->gate] } $A, $B;
	# From here on: a filter may have come to the second way before its gate opens.
	my $before = $by_second->();
	my @ids = send_mails(40);
	ok(poll(sub { (map { glob "$_->[1].at.*" } @gates) >= 2 }, 60), 'filters have some in hand');
	my $path = "$hub->{dir}/etc/master.cf";
	my $whole = read_file($path);
	(my $shut = $whole) =~ s/^(0\.0\.0\.0:$hub->{back_port} .*\n(?:(?: .*)?(?:#.*)?\n)*?)(?=^# 4\. )/$1 =~ s{^}{#off }mgr/me or die;
	write_file($path, $shut);
	ok($hub->command('reload'), 'it is shut');
	ok(poll(sub { !$hub->listens($hub->{back_port}) }, 60), 'nobody listens there');
	$_->[0]->open_gate($_->[1]) for @gates;
	push @ids, send_mails(40);
	all_once('one way shut', @ids);
	cmp_ok($by_second->(), '>=', $before + 80, 'the second way is used, for all of them');
	write_file($path, $whole);
	ok($hub->reload, 'it is open again');
	ok(poll(sub { $hub->listens($hub->{back_port}) }, 60), 'and somebody listens');
};
subtest 'MX records' => sub {
	SKIP: {
		-e '/etc/resolv.conf' or loud_skip('no /etc/resolv.conf here to put another one over');
		ok(named("scan:mx.example:$port", sub { s/^ +-o smtp_dns_support_level=disabled\n//m or die },
		    'disable_dns_lookups = no', 'smtp_dns_support_level = enabled', 'smtp_host_lookup = dns'), 'told');
		first_then_second('MX');
	}
};

unlike($_->maillog, qr/unused parameter|bad command|fatal:|panic:/, 'Postfix has no complaint') for $hub, map { $_->{postfix} } $A, $B;
$_->stop for $hub, map { $_->{postfix} } $A, $B;
done_testing;
