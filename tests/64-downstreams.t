#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Several downstream servers on the command line: the next one is tried as long
# as nothing has begun that belongs to one of them.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use Socket;

my $plain = crlf(mail());
# Short ones only for servers that are silent.
my %patient = (connect_timeout => '30s', reply_timeout => '60s');
my %hasty = (connect_timeout => '1s', reply_timeout => '60s');

sub reply_is {
	my ($reply, $re, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like($reply // '(no reply)', $re, $name);
}

# A port where nobody listens: kept by a socket that doesn't.
sub nobody {
	socket my $s, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
	bind $s, pack_sockaddr_in(0, INADDR_LOOPBACK) or die "bind: $!";
	my ($port) = unpack_sockaddr_in(getsockname $s);
	return ("127.0.0.1:$port", $s);
}

# The mail goes to $good although $bad is in front of it.
sub passed_over {
	my ($name, $bad, $why, $good, %conf) = @_;
	subtest "passed over: $name" => sub {
		my $before = $good->messages;
		my $c = SmtpClient->filter(to => "$bad," . $good->address, conf => {%patient, %conf});
		reply_is($c->hello, qr/\A250-/, 'EHLO');
		reply_is($c->deliver(mail => $plain), qr/\A250 .*queued/, 'the message is taken');
		is($c->quit, 0, 'QUIT');
		my @m = $good->wait_messages($before + 1);
		is(scalar @m, $before + 1, 'by the second server');
		same_bytes((split_marks(($m[-1] // {})->{data} // ''))[0], $plain, 'as it was');
		like($c->log, qr/(?:cannot connect to next hop \Q$bad\E|next hop \Q$bad\E gave no usable greeting): $why/, 'log: who failed and why');
		like($c->log, qr/using next hop \Q@{[$good->address]}\E instead/, 'log: who is used');
		ok($c->only_replies, 'nothing but replies came out');
	};
}

my $good = Downstream->start;
my $unix = Downstream->start(path => tmpdir() . '/good.sock');
my $lmtp = Downstream->start(lmtp => 1);

# -- the way there -----------------------------------------------------------------

my ($closed, $keep) = nobody();
passed_over('connection refused', $closed, 'Connection refused', $good);
passed_over('connection refused, a Unix socket next', $closed, 'Connection refused', $unix);
passed_over('connection refused, LMTP next', $closed, 'Connection refused', $lmtp);
passed_over('no such Unix socket', 'unix:' . tmpdir() . '/nobody', 'No such file', $good);
passed_over('no such Unix socket for LMTP', 'lmtp:unix:' . tmpdir() . '/nobody', 'No such file', $good);
passed_over('no such host', 'no-such-host.invalid:25', '\S', $good);
{
	# The queue of its listener is full, so no connection is ever taken.
	socket my $s, PF_INET, SOCK_STREAM, 0 or die;
	bind $s, pack_sockaddr_in(0, INADDR_LOOPBACK) or die;
	listen $s, 0;
	my ($port) = unpack_sockaddr_in(getsockname $s);
	my @fill;
	for (1 .. 5) {
		socket my $f, PF_INET, SOCK_STREAM, 0 or die;
		$f->blocking(0);
		CORE::connect $f, pack_sockaddr_in($port, INADDR_LOOPBACK);
		push @fill, $f;
	}
	passed_over('a connection that is never taken', "127.0.0.1:$port", '.*timed out', $good, %hasty);
}

# -- the welcome -------------------------------------------------------------------

for (['421', "421 4.3.2 later\r\n", '421 4\.3\.2 later'], ['554', "554 5.3.2 go away\r\n", '554 5\.3\.2 go away'],
    ['250 instead of 220', "250 strange\r\n", '250 strange'], ['garbage', "hello there\r\n", '.*no reply code'],
    ['unprintable', "220 \x01\r\n", '.*unprintable'], ['closed', sub { $_[0]->close }, '.*connection closed'],
    ['reset', sub { $_[0]->reset }, '.*connection closed'], ['endless', sub { $_[0]->endless("220-x\r\n") }, '.*reply too long'],
    ['half a line', sub { $_[0]->say('220 he'); $_[0]->close }, '.*connection closed']) {
	my ($name, $does, $why) = @$_;
	my $bad = Downstream->start(on => {CONNECT => $does});
	passed_over("welcome: $name", $bad->address, $why, $good);
	$bad->stop;
}
{
	my $bad = Downstream->start(on => {CONNECT => ''});
	passed_over('welcome: silence', $bad->address, '.*timed out', $good, %hasty);
	$bad->stop;
}

# -- the greeting ------------------------------------------------------------------

for (['421', "421 4.3.2 later\r\n", '421 4\.3\.2 later'], ['closed', sub { $_[0]->close }, '.*connection closed'],
    ['reset', sub { $_[0]->reset }, '.*connection closed'], ['garbage', "what?\r\n", '.*no reply code'],
    ['354', "354 go on\r\n", '.*unexpected reply']) {
	my ($name, $does, $why) = @$_;
	my $bad = Downstream->start(on => {EHLO => $does});
	passed_over("EHLO: $name", $bad->address, $why, $good);
	$bad->stop;
}
passed_over('one that does not speak LMTP after all', 'lmtp:' . $good->address, '.*rejects LHLO', $good);

# -- what is not passed over ---------------------------------------------------------

{
	my $first = Downstream->start(on => {EHLO => "502 5.5.1 HELO only\r\n"});
	my $c = SmtpClient->filter(to => $first->address . ',' . $good->address);
	is($c->hello, "502 5.5.1 HELO only\r\n", 'a refused EHLO is the client\'s to hear');
	is($c->cmd('HELO x'), "250 downstream.example\r\n", 'and HELO is with the same server');
	$c->quit;
	is($first->connections, 1, 'one connection');
	$first->stop;
}
for my $word (qw(XFORWARD MAIL RCPT DATA DOT)) {
	my $first = Downstream->start(on => {$word => sub { $_[0]->close }});
	my $before = $good->connections;
	my $c = SmtpClient->filter(to => $first->address . ',' . $good->address);
	$c->hello;
	my $r = $c->cmd('XFORWARD NAME=x');
	$r = $c->deliver(mail => $plain) if $r =~ /\A2/;
	reply_is($r, qr/\A421 4\.4\.2 /, "lost at $word: the client is told");
	ok($c->at_end, "lost at $word: the end");
	is($good->connections, $before, "lost at $word: nobody else is asked");
	$first->stop;
}
{
	# A greeting again: by now there is a server that the session belongs to.
	my $first = Downstream->start(on => {EHLO => sub { $_[1] =~ /again/ ? $_[0]->close : undef }});
	my $before = $good->connections;
	my $c = SmtpClient->filter(to => $first->address . ',' . $good->address);
	reply_is($c->hello, qr/\A250-/, 'EHLO');
	reply_is($c->cmd('EHLO again'), qr/\A421 4\.4\.2 /, 'lost at a second EHLO: the client is told');
	is($good->connections, $before, 'and nobody else is asked');
	$first->stop;
}
{
	my $second = Downstream->start;
	my $c = SmtpClient->filter(to => $good->address . ',' . $second->address);
	$c->hello;
	reply_is($c->deliver(mail => $plain), qr/\A250 /, 'the first one takes a message');
	$c->quit;
	is($second->connections, 0, 'then the second one is not even connected to');
	unlike($c->log, qr/instead/, 'and nothing is logged of it');
	$second->stop;
}

# -- nobody left ---------------------------------------------------------------------

{
	my $refuses = Downstream->start(on => {CONNECT => "554 5.3.2 go away\r\n"});
	my $loses = Downstream->start(on => {EHLO => sub { $_[0]->close }});
	my $c = SmtpClient->filter(to => "$closed," . $refuses->address . ',unix:' . tmpdir() . '/nobody');
	reply_is($c->reply, qr/\A421 4\.4\.2 [^\n]*\r\n\z/, 'none welcomes us: 421');
	ok($c->at_end, 'and the end');
	is($c->exit_code, 69, 'exit code');
	like($c->log, qr/cannot connect to next hop \Q$closed\E.*go away.*cannot connect to next hop \S*nobody/s, 'log: all of them in turn');
	$c = SmtpClient->filter(to => $closed . ',' . $refuses->address);
	reply_is($c->reply, qr/\A421 /, 'the last one\'s 554 is not the answer of all');
	$c = SmtpClient->filter(to => $loses->address . ',' . $closed);
	reply_is($c->hello, qr/\A421 4\.4\.2 /, 'lost after the greeting, and nobody else: 421');
	ok($c->at_end, 'and the end');
	$_->stop for $refuses, $loses;
}

# -- many, and nonsense --------------------------------------------------------------

{
	my $c = SmtpClient->filter(to => join ',', ($closed) x 20, $good->address);
	$c->hello;
	reply_is($c->deliver(mail => $plain), qr/\A250 /, 'the 21st of a list');
	$c->quit;
}
for my $bad (',' . $good->address, $good->address . ',', $good->address . ',,' . $good->address, $good->address . ',nonsense',
    'lmtp:', 'lmtp:unix:relative', 'lmtp:lmtp:' . $good->address, 'lmtp:host', $good->address . ' ,' . $good->address) {
	my $r = run(cmd => [spawnscan_cmd('-c', conf_file(), $bad)]);
	is($r->{code}, 64, "'$bad' is no address: exit code 64");
	like($r->{err}, qr/\A[^\n]+\n\z/, 'and one sentence');
}

$_->stop for $good, $unix, $lmtp;
done_testing;
