#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A session ends by itself in every state, with nobody to kill it: session_timeout for
# the client, and behind it no more than inspect_timeout, send_timeout and final_timeout
# together, however long the other timeouts are and whoever is silent or slow.

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

my %times = (session_timeout => '3s', inspect_timeout => '3s', send_timeout => '2s', final_timeout => '2s',
    connect_timeout => '1h', command_timeout => '1h', data_timeout => '1h', reply_timeout => '1h');
# The sum of the first four, and what a busy machine needs to start and end a process.
my $bound = 10;
my $grace = 8;
my $mail = crlf(mail());
my $silent = sub { '' };

# What a client does from its greeting on: to a step, or to the end.
sub as_far_as {
	my ($c, $last) = @_;
	for my $line ('EHLO me', 'MAIL FROM:<a@b>', 'RCPT TO:<b@c>', 'DATA') {
		$c->send("$line\r\n");
		return if $line =~ /\A\Q$last\E/;
		my $r = $c->reply(secs($bound + $grace)) // return;
		return if $r =~ /\A4/;
	}
	$c->send(SmtpClient::stuffed($mail)) if $last eq 'dot';
}

# Sends a byte again and again while the other side takes it.
sub trickle {
	my ($c, $byte) = @_;
	my $end = now() + secs($bound + $grace);
	while (now() < $end) {
		$c->send($byte) or return;
		return if !wait_for(sub { 1 }, 1) || $c->at_end_now;
		select undef, undef, undef, 0.1;
	}
}
sub SmtpClient::at_end_now { my ($self) = @_; my $rin = ''; vec($rin, fileno $self->{in}, 1) = 1; select($rin, undef, undef, 0) or return 0; my $n = sysread $self->{in}, my $x, 4096; return defined $n && $n == 0 }

sub lives {
	my ($name, %a) = @_;
	subtest $name => sub {
		my $d = $a{to} ? undef : Downstream->start(%{$a{downstream} // {}});
		my $begin = now();
		my $c = SmtpClient->filter(to => $a{to} // $d->address, conf => {%times, %{$a{conf} // {}}}, via => 'socket');
		$a{do}->($c);
		my $status = reap($c->{pid}, $bound + $grace);
		my $took = now() - $begin;
		like($d->raw, $a{reached}, 'the next hop has come so far') if $a{reached};
		cmp_ok($took, '>', $a{least}, 'and it waited') if $a{least};
		ok(defined $status, 'it ends by itself') or stop_process($c->{pid});
		cmp_ok($took, '<', secs($bound + $grace), sprintf 'after %.1f s', $took);
		is($status // 0, $status & ~127, 'by no signal') if defined $status;
		ok(!session_members($c->{pid}), 'and leaves no process');
	};
}

sub to { my ($last) = @_; return sub { my ($c) = @_; $c->reply(secs($bound)); as_far_as($c, $last) } }

# The client.
lives('a client that says nothing', do => sub {});
lives('a client that never reads', do => sub { my ($c) = @_; my $end = now() + secs($bound + $grace); 1 while now() < $end && syswrite($c->{out}, "NOOP\r\n" x 2000) });
lives("a client silent after $_", do => to($_)) for 'EHLO', 'MAIL', 'RCPT', 'DATA';
lives('a client that sends a command byte by byte', do => sub { my ($c) = @_; $c->reply(secs($bound)); trickle($c, 'N') });
lives('a client that sends commands for ever', do => sub { my ($c) = @_; $c->reply(secs($bound)); trickle($c, "NOOP\r\n") });
lives('a client that sends a message byte by byte', do => sub { my ($c) = @_; to('DATA')->($c); $c->reply(secs($bound)); trickle($c, 'x') });

# The next hop.
{
	socket my $full, PF_INET, SOCK_STREAM, 0 or die;
	bind $full, pack_sockaddr_in(0, INADDR_LOOPBACK) or die;
	listen $full, 0 or die;
	my ($port) = unpack_sockaddr_in getsockname $full;
	my @fill = map { socket my $s, PF_INET, SOCK_STREAM, 0 or die; $s->blocking(0); CORE::connect($s, pack_sockaddr_in($port, INADDR_LOOPBACK)); $s } 1 .. 4;
	lives('a next hop that does not take connections', to => "127.0.0.1:$port", do => sub {});
	lives('a list of next hops that do not', to => "127.0.0.1:$port,127.0.0.1:$port", do => sub {});
}
lives('a next hop without a greeting', downstream => {on => {CONNECT => $silent}}, do => sub {});
lives("a next hop silent after $_", downstream => {on => {$_ => $silent}}, do => to($_)) for 'EHLO', 'MAIL', 'RCPT';
lives('a next hop silent after DATA', downstream => {on => {DATA => $silent}}, do => to('dot'));
lives('a next hop silent after the final dot', downstream => {on => {DOT => $silent}}, do => to('dot'));
lives('a next hop silent after RSET', downstream => {on => {RSET => $silent}}, do => sub { my ($c) = @_; to('RCPT')->($c); $c->reply(secs($bound)); $c->send("RSET\r\n") });
lives('a next hop silent after QUIT', downstream => {on => {QUIT => sub { $_[0]{no_quit} = 1; '' }}}, reached => qr/^QUIT\r$/m, least => 2, do => sub { my ($c) = @_; $c->reply(secs($bound)); $c->send("QUIT\r\n") });
# More than all buffers on the way hold: it is send_timeout that ends it.
lives('a next hop that does not read the message', downstream => {on => {BODY => sub { select undef, undef, undef, 3600; '' }}}, reached => qr/^DATA\r$/m, least => 2,
    conf => {message_size_limit => '100M', session_timeout => '1h', inspect_timeout => '1h', final_timeout => '1h'}, do => sub {
	my ($c) = @_;
	to('DATA')->($c);
	$c->reply(secs($bound));
	$c->send(SmtpClient::stuffed(crlf(mail(body => ('x' x 70 . "\n") x 150_000 . "\n"))));
});
lives('an LMTP server, of which each recipient takes its time', downstream => {lmtp => 1, on => {DOT => sub { select undef, undef, undef, 1.5; undef }}}, do => sub {
	my ($c) = @_;
	$c->reply(secs($bound));
	for my $line ('LHLO me', 'MAIL FROM:<a@b>', (map { "RCPT TO:<r$_\@c>" } 1 .. 100), 'DATA') {
		$c->send("$line\r\n");
		$c->reply(secs($bound)) // return;
	}
	$c->send(SmtpClient::stuffed($mail));
});

# The inspector and the engine.
{
	my $slow = write_file(tmpdir() . '/slow', "#!/bin/sh\nexec sleep 1000\n", 0755);
	lives('an inspector that hangs', conf => {inspector => $slow}, do => to('dot'));
	my $path = subdir(undef, 0755) . '/engine';
	socket my $engine, PF_UNIX, SOCK_STREAM, 0 or die;
	bind $engine, pack_sockaddr_un($path) or die;
	listen $engine, 5 or die;
	lives('an engine that does not answer', conf => {engine => 'require', engine_socket => $path}, do => to('dot'));
}
done_testing;
