#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The matrix of faults, client: one that goes away, is reset, falls silent or
# talks nonsense, at whichever step; what it is told, what the server has got,
# what is in quarantine, what is logged, and how the session ends.

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

my $PIECE = 64 << 10;
my $PIECES = 5;		# of the body, each of which is a step

# The tail is more than a Unix socket holds: a server that stops reading has the
# front in the midst of sending.
my $infected = infected_mail('infected');
my $long = infected_mail('long', $PIECES * $PIECE + 300_000);
my $garbage = "\xff\0?? nonsense \e[2J ??\r\n";

# -- steps -----------------------------------------------------------------------

my @commands = (
	[EHLO => 'EHLO client.example'], [XFORWARD => 'XFORWARD NAME=spike.example ADDR=192.0.2.7'],
	[MAIL => 'MAIL FROM:<alice@example.org>'], ['RCPT 1' => 'RCPT TO:<bob@example.net>'],
	['RCPT 2' => 'RCPT TO:<carol@example.net>'], [DATA => 'DATA'], [QUIT => 'QUIT'],
);
# at: the command in front of which, or within which (half), the client breaks;
# where: how far the session is then; sent: of the message; held: where the server
# or the inspector waits meanwhile.
my @steps = (
	{ name => 'banner', held => 'CONNECT', where => 'asked for nothing' },
	(map { my ($name) = @$_;
	    my $where = $name =~ /RCPT|DATA/ ? 'envelope' : $name eq 'QUIT' ? 'over' : 'idle';
	    ({ name => $name, at => $name, where => $where }, { name => "half of $name", at => $name, where => $where, half => 1 })
	} @commands),
	(map { { name => 'body, ' . $_ * 64 . ' KB', at => 'body', sent => $_ * $PIECE, where => 'content', mail => $long } }
	    0 .. $PIECES - 1),
	{ name => 'final dot', at => 'body', sent => length $infected, where => 'content' },
	{ name => 'half of the final dot', at => 'body', sent => 1 + length $infected, where => 'content' },
	{ name => 'inspection', held => 'inspect', where => 'inspection' },
	{ name => 'DATA to the server', held => 'DATA', where => 'sending' },
	(map { { name => 'to the server, ' . $_ * 64 . ' KB', held => 'BODY', at_bytes => $_ * $PIECE, where => 'sending',
	    mail => $long } } 0 .. $PIECES - 1),
	{ name => 'after the final dot', held => 'DOT', where => 'sending' },
	{ name => 'reply to QUIT', held => 'QUIT', where => 'over' },
);

# -- faults ------------------------------------------------------------------------

my @faults = (
	{ name => 'close', does => sub { $_[0]->hang_up }, gone => 1, log => qr/client: connection closed/ },
	{ name => 'shut', does => sub { $_[0]->shut }, log => qr/client: connection closed/ },
	{ name => 'shut of TCP', does => sub { $_[0]->shut }, via => 'tcp', log => qr/client: connection closed/, only => 'inspection' },
	{ name => 'reset', does => sub { $_[0]->reset }, via => 'tcp', gone => 1, log => qr/client: connection closed/ },
	{ name => 'silence', does => sub {}, slow => 1, log => qr/client: timed out/ },
	{ name => 'garbage', does => sub { $_[0]->send($garbage) }, goes_on => 1 },
);

# A client that waits while it has to wait is not silent.
sub applies {
	my ($step, $fault) = @_;
	return 0 if $step->{held} && $fault->{name} eq 'silence' || $fault->{only} && $step->{where} ne $fault->{only};
	return $step->{where} ne 'asked for nothing' || $fault->{name} ne 'garbage';
}

# -- what is to be expected -------------------------------------------------------------

# told: what the client reads from the fault on; outcome: of the message, undef if
# there is none.
sub expected {
	my ($step, $fault) = @_;
	my $fate = {
		'asked for nothing' => undef, idle => undef, envelope => undef, content => 'deferred',
		inspection => 'deferred', sending => 'delivered', over => 'delivered',
	}->{$step->{where}};
	my %e = (exit => 74, outcome => $fate, told => qr/\A\z/, log => $fault->{log});
	my $name = $fault->{name};
	if ($fault->{goes_on}) {
		# Content is content, whatever it looks like. Elsewhere it is a bad command,
		# also when it is behind a message or behind QUIT.
		@e{qw(exit outcome log)} = (0, 'delivered', undef);
		my $bad = $step->{half} ? qr/500 5\.5\.[12] [^\n]*\r\n/ : qr/500 5\.5\.2 Error: bare <CR>, bare <LF> or NUL in command[^\n]*\r\n/;
		$e{told} = $step->{where} eq 'content' ? qr/\A250 [^\n]*queued[^\n]*\r\n221 [^\n]*\r\n\z/
		    : $step->{held} && $step->{held} eq 'QUIT' ? qr/\A221 [^\n]*\r\n\z/
		    : $step->{held} ? qr/\A250 [^\n]*queued[^\n]*\r\n${bad}221 [^\n]*\r\n\z/
		    : qr/\A$bad/;
		return \%e;
	}
	if ($name eq 'silence') {
		$e{told} = qr/\A421 4\.4\.2 Error: timeout exceeded[^\n]*\r\n\z/;
		return \%e;
	}
	# Between messages everybody may leave.
	if ($step->{where} =~ /\A(?:idle|over)\z/) {
		@e{qw(exit log)} = (0, qr/client disconnected without QUIT/);
	}
	# With QUIT everything is said.
	if ($step->{held} && $step->{held} eq 'QUIT') {
		@e{qw(exit log)} = (0, undef);
		$e{told} = qr/\A221 / if $name eq 'shut';
	}
	# Nobody is there to hear what has been decided.
	if ($step->{where} =~ /\A(?:asked for nothing|sending)\z/) {
		$e{log} = qr/client: [^\n]* while sending the reply/;
		if ($name eq 'shut') {
			@e{qw(exit log)} = (0, qr/client disconnected without QUIT/);
			$e{told} = $step->{held} eq 'CONNECT' ? qr/\A220 / : qr/\A250 [^\n]*queued/;
		}
	}
	# Who has only said all that it had to say still gets its delivery, where that
	# can be told from a client that has given up: on TCP it can't.
	if ($step->{where} eq 'inspection') {
		$e{log} = qr/client: connection closed/;
		@e{qw(exit outcome told log)} = (0, 'delivered', qr/\A250 [^\n]*queued[^\n]*\r\n\z/, qr/client disconnected without QUIT/) if $name eq 'shut';
	}
	return \%e;
}

# -- one cell ------------------------------------------------------------------------

sub cell {
	my ($step, $fault) = @_;
	my $o;
	# A slow machine may take longer than a short deadline for what comes before.
	for my $seconds ($fault->{slow} ? (1, 5, 25) : 0) {
		my $held = $step->{held} // '';
		my $dir = subdir();
		my $d = Downstream->start(
		    $held eq 'BODY' ? (path => "$dir/socket") : (),
		    on => { $held =~ /\A[A-Z]/ ? ($held => sub {
			my ($s, $what) = @_;
			return undef if defined $step->{at_bytes} && ($what < $step->{at_bytes} || $s->{held}++);
			$s->gate('held');
			return undef;
		    }) : () });
		my $c = SmtpClient->filter(to => $d->address, via => $fault->{via}, conf => cell_conf(
		    $fault->{slow} ? (command_timeout => "${seconds}s", data_timeout => "${seconds}s") : (),
		    $held eq 'inspect' ? (inspector => held_inspector($dir)) : ()));
		my $wait = !$held ? undef : $held eq 'inspect' ? sub { wait_for(sub { -e "$dir/at.inspect" }, 60) }
		    : sub { $d->at_gate('held') };
		my $open = sub { $held eq 'inspect' ? write_file("$dir/gate.inspect", '') : $held ? $d->open_gate('held') : 1 };
		my $t = { c => $c, step => $step, fault => $fault, wait => $wait, open => $open, before => '' };
		eval { talk($t); 1 } || $@ =~ /\A(?:broken|too late)\n\z/ || die $@;
		$c->at_end unless $fault->{gone};
		my $received = $c->received;
		$o = observe($c, $d, reached => $t->{reached} // 0, told_then => substr($received, length $t->{before}),
		    told => scalar(() = $received =~ /^250 [^\n]*queued as/mg));
		last if $o->{reached};
	}
	return $o;
}

# The client, up to the fault and, if it goes on, to the end.
sub talk {
	my ($t) = @_;
	my ($c, $step) = @$t{qw(c step)};
	my $held = $step->{held} // '';
	return breaks($t) if $held eq 'CONNECT';
	$c->reply(60) // return;
	for (@commands) {
		my ($name, $line) = @$_;
		my $is_it = ($step->{at} // '') eq $name;
		breaks($t, $step->{half} ? substr $line, 0, length($line) / 2 : '') if $is_it;
		if ($name eq 'QUIT' && $held eq 'QUIT') {
			$c->send("QUIT\r\n");
			breaks($t);
			return;
		}
		my $r = $c->cmd($line, 60) // return;
		next unless $name eq 'DATA';
		return unless $r =~ /\A3/;
		my $wire = SmtpClient::stuffed($step->{mail} // $infected);
		if (($step->{at} // '') eq 'body') {
			# Dots that were doubled in front of it count.
			my $sent = substr $wire, 0, $step->{sent} >= length $infected && !$step->{mail}
			    ? length($wire) - 3 + $step->{sent} - length $infected : $step->{sent};
			breaks($t, $sent);
			substr $wire, 0, length $sent, '';
			$wire = ".\r\n" if length $wire < 3;	# that dot was none
		}
		$c->send($wire);
		breaks($t) if $held && $held ne 'QUIT';
		$c->reply(120) // return;
	}
}

# Break here, once $first has been sent and whoever is to wait waits.
sub breaks {
	my ($t, $first) = @_;
	my ($c, $fault) = @$t{qw(c fault)};
	if (length($first // '')) {
		$c->send($first);
		$c->drained;
	}
	if ($t->{wait}) { $t->{wait}->() or die 'nobody came to the gate' }
	$c->nothing_received;
	$t->{before} = $c->received;
	die "too late\n" if $fault->{slow} && $t->{before} =~ /^421/m;
	$fault->{does}->($c);
	$t->{reached} = 1;
	$t->{open}->();
	die "broken\n" unless $fault->{goes_on};
	# The line it was in is over now.
	$c->reply(60) if !$t->{wait} && ($t->{step}{at} // '') ne 'body';
}

# -- what was seen against what was to be expected -------------------------------------------

sub check {
	my ($step, $fault, $o) = @_;
	my $e = expected($step, $fault);
	return fail("the cell ran: $o->{broken}") if $o->{broken};
	ok($o->{reached}, 'the client came to break');
	like($o->{told_then}, $e->{told}, 'what the client is told from then on');
	is($o->{code}, $e->{exit}, 'exit code');

	my $outcome = $e->{outcome} // '';
	my @taken = @{$o->{messages}};
	is(scalar @taken, $outcome eq 'delivered' ? 1 : 0, 'messages at the server');
	if (@taken) {
		unlike($taken[0]{data}, qr/EICAR|@{[substr b64(eicar()), 0, 40]}/, 'without the infected part');
	} elsif ($step->{where} ne 'sending') {
		unlike(join('', @{$o->{raw}}), qr/^DATA\r\n/m, 'no DATA');
	}
	is($o->{end}[0], ($outcome eq 'delivered' && $fault->{goes_on} || ($step->{held} // '') eq 'QUIT') ? 'quit' : 'eof',
	    'the connection to the server is closed');

	is(scalar @{$o->{kept}}, $outcome eq 'delivered' ? 1 : 0, 'in quarantine');
	if (@{$o->{kept}}) {
		# Garbage in the midst of an attachment is content, however that is delivered.
		my $data = $o->{kept}[0]{data};
		if ($step->{where} eq 'content') { ok($data =~ s/\Q$garbage\E//, 'with what is content') }
		same_bytes($data, $step->{mail} // $infected, 'the original') unless $step->{sent} && $step->{sent} == length $infected;
	}

	my @records = grep { $_->{outcome} } log_records($o->{log});
	is(scalar @records, $outcome ne '' ? 1 : 0, 'log: messages');
	if (@records) {
		is($records[0]{outcome}, $outcome, 'log: outcome');
		is($records[0]{verdict}, $outcome eq 'deferred' && $step->{where} eq 'content' ? 'unscanned' : 'infected', 'log: verdict')
		    unless $fault->{goes_on} && $step->{where} eq 'content';
		like($records[0]{reason} // '', $e->{log}, 'log: why') if $outcome eq 'deferred';
	}
	if ($e->{log}) { like($o->{log}, $e->{log}, 'log: what happened') }
	else { unlike($o->{log}, qr/client: /, 'log: nothing happened') }
	is($o->{log} =~ /client did not receive the reply to a delivered message/ ? 1 : 0,
	    $step->{where} eq 'sending' && $fault->{gone} ? 1 : 0, 'log: that it may come twice, where it may');
	invariants($o, told => $o->{told}, client_lost => !$fault->{goes_on});
}

my @cells = sort { ($b->[1]{slow} // 0) <=> ($a->[1]{slow} // 0) } map { my $s = $_;
    map { [$s, $_] } grep { applies($s, $_) } @faults } @steps;
@cells = sampled_cells(@cells);
my @seen = run_cells(8, map { my ($s, $f) = @$_; sub { cell($s, $f) } } @cells);
for (0 .. $#cells) {
	my ($step, $fault) = @{$cells[$_]};
	my $o = $seen[$_];
	subtest "$step->{name}: $fault->{name}" => sub { check($step, $fault, $o) } or diag(Harness::printable($o->{log} // ''));
}

done_testing;
