#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The matrix of faults, downstream: whatever a server does at whichever step,
# what the client is told, what the server has got, what is in quarantine, what
# is logged, and how the session ends.
#
# Each cell is one step and one fault. An infected message goes through a session
# that breaks at that step, and where the session lives on, a clean one follows.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use Cells;
use Socket;

my $PIECE = 64 << 10;
my $PIECES = 5;		# of the body, each of which is a step

# Its last part alone fills what a Unix socket holds, so that the front is in the
# midst of sending when a server stops reading in front of it.
my $infected = infected_mail('infected');
my $long = infected_mail('long', $PIECES * $PIECE + 300_000);
my $clean = crlf(mail(id => 'clean'));

# -- steps ---------------------------------------------------------------------

# hook: where the server breaks; doing: what the log calls it; which: the line of
# the command, if the word alone does not tell.
my @steps = (
	{ name => 'banner', hook => 'CONNECT', doing => 'greeting' },
	{ name => 'EHLO', hook => 'EHLO', doing => 'HELO' },
	{ name => 'XFORWARD', hook => 'XFORWARD', doing => 'XFORWARD' },
	{ name => 'MAIL', hook => 'MAIL', doing => 'MAIL' },
	{ name => 'RCPT 1', hook => 'RCPT', doing => 'RCPT', which => qr/bob/ },
	{ name => 'RCPT 2', hook => 'RCPT', doing => 'RCPT', which => qr/carol/ },
	{ name => 'DATA', hook => 'DATA', doing => 'DATA', content => 1 },
	(map { { name => 'body, ' . $_ * 64 . ' KB', hook => 'BODY', at => $_ * $PIECE, doing => 'message', content => 1,
	    mail => $long } } 0 .. $PIECES - 1),
	{ name => 'final dot', hook => 'END', doing => 'final dot', content => 1, final => 1 },
	{ name => 'after the final dot', hook => 'DOT', doing => 'final dot', content => 1, final => 1, has => 1 },
	{ name => 'RSET', hook => 'RSET', doing => 'RSET' },
	{ name => 'RSET of our own', hook => 'RSET', doing => 'RSET', discard => 1 },
	{ name => 'QUIT', hook => 'QUIT', doing => 'QUIT' },
);

# -- faults ---------------------------------------------------------------------

my @faults = (@SERVER_FAULTS,
	# TCP takes more than there is of the body at once: the whole message may be on its way.
	{ name => 'reset of TCP', says => sub { $_[0]->reset }, reply => $LOST, log => qr/I\/O error|connection closed/, tcp => 1 },
);

# -- what is to be expected of a cell ----------------------------------------------

# reply: to the step; lives: the session goes on; exit; outcome: of the infected
# message, undef if it never came to be one; log: a warning, if there is one.
sub expected {
	my ($step, $fault) = @_;
	my %e = (exit => 74, reply => $fault->{reply}, lives => 0, reason => $fault->{log});
	if ($fault->{relayed}) {
		$e{reply} = qr/\A\Q$fault->{says}\E\z/;
		$e{lives} = !$fault->{closes};
		$e{exit} = 0 if $e{lives};
	}
	$e{outcome} = !$step->{content} ? undef : $fault->{name} eq '5xx' ? 'rejected' : 'deferred';
	$e{log} = qr/next hop, \Q$step->{doing}\E: $fault->{log}/ if $fault->{log};
	my $hook = $step->{hook};

	# Nobody has said hello yet: there is no session to go on with.
	if ($hook eq 'CONNECT') {
		@e{qw(exit lives)} = (69, 0);
		$e{reply} = qr/\A421 4\.4\.2 Next hop unavailable[^\n]*\r\n\z/ unless $fault->{relayed};
		$e{log} = qr/next hop \S+ gave no usable greeting: /;
	}
	# One recipient of two is refused: the message goes to the other.
	# One that comes again after HELO, or with another MAIL, goes to both.
	$e{outcome} = 'delivered' if $e{lives} && !$step->{content};
	# A server that speaks in the middle of a message can't be trusted to know
	# which byte of it is a command. What it refuses is refused.
	if ($hook eq 'BODY') {
		@e{qw(exit lives)} = (74, 0);
		$e{log} = qr/next hop, message: spoke out of turn/ if $fault->{relayed};
	}
	$e{log} = qr/next hop, (?:message|final dot): $fault->{log}/ if $fault->{tcp};
	# Whether it has the message nobody knows; the client comes again.
	$e{doubt} = $step->{final} && !$fault->{relayed} ? 1 : 0;
	$e{outcome} = 'unknown' if $e{doubt} && ($e{outcome} // '') eq 'deferred';
	# RSET has one reply; after any other nobody knows whose recipients are there.
	if ($hook eq 'RSET') {
		$e{outcome} = $step->{discard} ? 'discarded' : 'delivered';
		if ($fault->{relayed} && !$fault->{closes}) {
			@e{qw(exit lives reply)} = (74, 0, $GARBLED);
			$e{log} = qr/next hop, RSET: unexpected reply/;
		}
	}
	if ($hook eq 'QUIT') {
		$e{outcome} = 'delivered';
		@e{qw(lives again)} = (0, 1);
	}
	$e{again} //= $e{lives};
	return \%e;
}

# -- one cell -----------------------------------------------------------------------

# The server, which breaks once.
sub server {
	my ($step, $fault) = @_;
	return Downstream->start(
		path => $step->{hook} eq 'BODY' && !$fault->{tcp} ? subdir() . '/socket' : undef,
		on => { $step->{hook} => sub {
			my ($s, $what) = @_;
			return undef if $s->{broken} || $step->{which} && $what !~ $step->{which}
			    || defined $step->{at} && $what < $step->{at};
			$s->{broken} = 1;
			$s->note('broken');
			return ref $fault->{says} ? $fault->{says}->($s, $step) : $fault->{says};
		} });
}

# Only the deadline of the step under test is short. A slow machine may take longer
# than that for what comes before; then it was no test, and it is tried again.
sub short_timeout {
	my ($step, $seconds) = @_;
	my $key = { BODY => 'send_timeout', END => 'final_timeout', DOT => 'final_timeout' }->{$step->{hook}} // 'reply_timeout';
	return ($key => "${seconds}s");
}

sub cell {
	my ($step, $fault) = @_;
	my $o;
	for my $seconds ($fault->{slow} ? (1, 5, 25) : 0) {
		my $d = server($step, $fault);
		my $c = SmtpClient->filter(to => $d->address, conf => cell_conf(
		    $fault->{slow} ? short_timeout($step, $seconds) : (), $step->{discard} ? (infected => 'discard') : ()));
		my @seen = talk($c, $step);
		$c->at_end;
		$o = observe($c, $d, @seen);
		last if @{$o->{notes}};
	}
	return $o;
}

# The client: from the banner to QUIT, as long as it is answered. It does what
# Postfix would do about refusals. Gives at (the reply to each step) and told.
sub talk {
	my ($c, $step) = @_;
	my (%at, @fds, $told);
	my $say = sub {
		my ($name, $line) = @_;
		my $r = defined $line ? $c->cmd($line, 60) : $c->reply(60);
		$at{$name} //= $r // '(nothing)';
		$told++ if $name =~ /final|again/ && ($r // '') =~ /\A2/;
		return $r // '';
	};
	my $message = sub {
		my ($name, $mail) = @_;
		$say->('MAIL', 'MAIL FROM:<alice@example.org>') =~ /\A2/
		    || $say->('MAIL anew', 'MAIL FROM:<alice@example.org>') =~ /\A2/ || return;
		my @ok = grep { /\A2/ } $say->('RCPT 1', 'RCPT TO:<bob@example.net>'), $say->('RCPT 2', 'RCPT TO:<carol@example.net>');
		@ok && $say->('354', 'DATA') =~ /\A3/ || return;
		$c->send(SmtpClient::stuffed($mail));
		return $say->($name);
	};
	$told = 0;
	my $done = sub { return (at => \%at, told => $told // 0, @fds == 2 ? (fds => \@fds) : ()) };
	$say->('banner') =~ /\A2/ or return $done->();
	$say->('EHLO', 'EHLO client.example') =~ /\A2/ || $say->('HELO', 'HELO client.example') =~ /\A2/ || return $done->();
	push @fds, descriptors($c->{pid});
	$say->('XFORWARD', 'XFORWARD NAME=spike.example ADDR=192.0.2.7') ne '' or return $done->();
	$message->('final', $step->{mail} // $infected);
	my $reset = $step->{discard} ? $say->('RSET of our own') : $say->('RSET', 'RSET');
	if ($reset =~ /\A2/ && $message->('again', $clean)) { push @fds, descriptors($c->{pid}) }
	$say->('QUIT', 'QUIT');
	return $done->();
}

# -- what was seen against what was to be expected -----------------------------------------

sub check {
	my ($step, $fault, $o) = @_;
	my $e = expected($step, $fault);
	return fail("the cell ran: $o->{broken}") if $o->{broken};
	is(scalar @{$o->{notes}}, 1, 'the server broke once');
	my $name = $step->{content} ? 'final' : $step->{name};
	like($o->{at}{$name} // '(not asked)', $e->{reply}, 'the client is told');
	if ($e->{lives}) {
		like($o->{at}{again} // '(not asked)', qr/\A250 2\.0\.0 Ok: queued/, 'the next message goes through');
		like($o->{at}{QUIT} // '(not asked)', qr/\A221 /, 'QUIT');
	} else {
		ok($o->{received} =~ /\Q$o->{at}{$name}\E\z/, 'and nothing more');
	}
	is($o->{code}, $e->{exit}, 'exit code');

	# What the server has got.
	my @taken = @{$o->{messages}};
	my $outcome = $e->{outcome} // '';
	$outcome = 'unknown' if $fault->{tcp} && $outcome eq 'deferred' && $o->{log} =~ /next hop may have accepted/;
	my $first = $outcome eq 'delivered' || $step->{has} ? 1 : 0;
	is(scalar @taken, $first + $e->{again}, 'messages at the server');
	if ($first) {
		unlike($taken[0]{data}, qr/EICAR|@{[substr b64(eicar()), 0, 40]}/, 'without the infected part');
		my @to = $step->{name} eq 'RCPT 1' && $e->{lives} ? 'carol' : $step->{name} eq 'RCPT 2' && $e->{lives} ? 'bob' : qw(bob carol);
		is_deeply($taken[0]{rcpt}, [map { "RCPT TO:<$_\@example.net>" } @to], 'its recipients');
	}
	same_bytes((split_marks($taken[-1]{data}))[0], $clean, 'the next one is as it was') if $e->{again};
	unlike(join('', @{$o->{raw}}), qr/^DATA\r\n/m, 'no DATA') if !$first && !$e->{again} && !$step->{content};

	# The quarantine keeps what was changed or rejected, and what may be out; not what comes again.
	my $mail = $step->{mail} // $infected;
	my $kept = $outcome =~ /\A(?:delivered|rejected|discarded|unknown)\z/ ? 1 : 0;
	is(scalar @{$o->{kept}}, $kept, 'in quarantine');
	if ($kept) {
		same_bytes($o->{kept}[0]{data}, $mail, 'the original');
		like($o->{kept}[0]{meta} // '', qr/^Reply: /m, 'with what was answered');
	}

	# The log.
	my @records = grep { $_->{outcome} } log_records($o->{log});
	is(scalar @records, ($outcome ne '') + $e->{again}, 'log: messages');
	if ($outcome ne '') {
		is($records[0]{outcome}, $outcome, 'log: outcome');
		is($records[0]{verdict}, 'infected', 'log: verdict');
		(my $last = $o->{at}{final} // '') =~ s/.*\n(?=.)|\r\n\z//sg;
		is($records[0]{reply}, $last, 'log: what the client was told');
		like($records[0]{reason} // '', $e->{log}, 'log: why') if $outcome =~ /deferred|unknown/ && $e->{log};
	}
	if ($e->{log}) { like($o->{log}, $e->{log}, 'log: what happened') }
	else { unlike($o->{log}, qr/next hop, /, 'log: nothing happened') }
	is($o->{log} =~ /next hop may have accepted the message/ ? 1 : 0, $e->{doubt}, 'log: the doubt, where there is one') unless $fault->{tcp};
	invariants($o, told => $o->{told}, discarded => $outcome eq 'discarded' ? 1 : 0, original => $mail);
}

# -- all of them ------------------------------------------------------------------------------

# Those that wait go first, and the others beside them.
my @cells = sort { ($b->[1]{slow} // 0) <=> ($a->[1]{slow} // 0) } map { my $s = $_;
    map { [$s, $_] } grep { !$_->{tcp} || $s->{hook} eq 'BODY' } @faults } @steps;
@cells = sampled_cells(@cells);
my @seen = run_cells(8, map { my ($s, $f) = @$_; sub { cell($s, $f) } } @cells);
for (0 .. $#cells) {
	my ($step, $fault) = @{$cells[$_]};
	my $o = $seen[$_];
	subtest "$step->{name}: $fault->{name}" => sub { check($step, $fault, $o) } or diag(Harness::printable($o->{log} // ''));
}

# -- no connection at all ------------------------------------------------------------------

{
	my $port = free_port();
	socket my $full, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
	bind $full, pack_sockaddr_in(0, INADDR_LOOPBACK) or die "bind: $!";
	listen $full, 0 or die "listen: $!";
	# Nobody accepts: what comes beyond the first waits for an answer.
	my @waiting = map {
		socket my $s, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
		$s->blocking(0);
		connect $s, getsockname $full;
		$s;
	} 1 .. 4;
	my ($busy) = unpack_sockaddr_in getsockname $full;
	my $none = tmpdir() . '/no-such-socket';
	write_file(tmpdir() . '/no-socket', '');
	my @to = (
		['refused', "127.0.0.1:$port", qr/Connection refused/],
		['silence', "127.0.0.1:$busy", qr/Connection timed out/],
		['no Unix socket', "unix:$none", qr/No such file/],
		['a file', 'unix:' . tmpdir() . '/no-socket', qr/Connection refused/],
	);
	my @seen = run_cells(4, map { my ($name, $to) = @$_; sub {
		my $c = SmtpClient->filter(to => $to, conf => cell_conf(connect_timeout => '1s'));
		my $r = $c->reply(60);
		$c->at_end;
		return observe($c, undef, at => $r);
	} } @to);
	for (@to) {
		my ($name, $to, $log) = @$_;
		my $o = shift @seen;
		subtest "connect: $name" => sub {
			like($o->{at} // '(nothing)', qr/\A421 4\.4\.2 Next hop unavailable[^\n]*\r\n\z/, 'the client is told');
			is($o->{code}, 69, 'exit code');
			like($o->{log}, qr/cannot connect to next hop \Q$to\E: $log/, 'log: why');
			is_deeply($o->{kept}, [], 'nothing in quarantine');
			invariants($o, told => 0);
		};
	}
}

done_testing;
