#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The matrix of faults, LMTP (RFC 2033): one reply for each recipient, so a fault
# may come between two of them. Whatever a server or a client does at whichever
# step: each recipient has the message, or is said to have failed, and which of
# the two is what the client is told, what the log says and what is true.
#
# Each message has four recipients, one of whom the server never accepts. In the
# mixed cells it refuses a second one for good and a third for now, both after
# the final dot. An infected message goes through a session that breaks, and
# where the session lives on, a clean one follows.

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

my $infected = infected_mail('infected');
# More than a Unix socket holds.
my $long = infected_mail('long', 400_000);
my $clean = crlf(mail(id => 'clean'));
my $garbage = "\xff\0?? nonsense \e[2J ??\r\n";

# -- the server ------------------------------------------------------------------

# ben is the one who is never accepted.
my @named = qw(ann ben cat dan);
my @accepted = qw(ann cat dan);
my %fails = (ann => "550-5.1.1 ann\r\n550 5.1.1 ann has gone\r\n", cat => "452 4.2.2 cat is full\r\n");

# What it says to the final dot when nothing breaks: who is undef if it speaks SMTP.
sub usual {
	my ($who, $mixed) = @_;
	return undef unless defined $who;
	return $mixed && $fails{$who} || "250 2.1.5 $who has it\r\n";
}

# breaks: called at each hook with its name, the session, the line, and the
# recipient; returns what is said instead.
sub server {
	my ($out, $mixed, $hook, $breaks, @more) = @_;
	my %on = ($hook => sub { $breaks->(@_) });
	$on{RCPT} = sub {
		my ($s, $line) = @_;
		return "550 5.1.1 ben is unknown\r\n" if $line =~ /<ben/;
		return $hook eq 'RCPT' ? $breaks->($s, $line) : undef;
	};
	$on{DOT} = sub {
		my ($s, $line) = @_;
		my ($who) = $line =~ /<(\w+)\@/;
		my $instead = $hook eq 'DOT' ? $breaks->($s, $line) : undef;
		return $instead // usual($who, $mixed && $s->{k} == 1);
	};
	return Downstream->start(lmtp => $out eq 'lmtp', on => \%on, @more);
}

# -- the client -----------------------------------------------------------------------

# One message; a list of the replies to its final dot, as many as are due or come.
# It does what Postfix would do about refusals.
sub message {
	my ($say, $c, $in, $mail, $at_dot) = @_;
	$say->('MAIL', 'MAIL FROM:<alice@example.org>') =~ /\A2/
	    || $say->('MAIL', 'MAIL FROM:<alice@example.org>') =~ /\A2/ || return;
	my $ok = grep { $say->("RCPT $_", "RCPT TO:<$_\@example.net>") =~ /\A2/ } @named;
	$ok && $say->('DATA', 'DATA') =~ /\A3/ || return;
	$c->send(SmtpClient::stuffed($mail), 60);
	return $at_dot->($ok) if $at_dot;
	return grep { defined } map { $c->reply(60) } 1 .. ($in eq 'lmtp' ? $ok : 1);
}

# at: the first reply to each command; first, again: to the messages.
sub talk {
	my ($c, $in, $mail) = @_;
	my (%at, @fds);
	my %seen = (at => \%at);
	my $say = sub {
		my ($name, $line) = @_;
		my $r = defined $line ? $c->cmd($line, 60) : $c->reply(60);
		$at{$name} //= $r // '(nothing)';
		return $r // '';
	};
	my $hello = ($in eq 'lmtp' ? 'LHLO' : 'EHLO') . ' client.example';
	$say->('banner') =~ /\A2/ or return \%seen;
	$say->('hello', $hello) =~ /\A2/ || $say->('hello', $hello) =~ /\A2/ || return \%seen;
	push @fds, descriptors($c->{pid});
	$seen{first} = [message($say, $c, $in, $mail)];
	if ($say->('RSET', 'RSET') =~ /\A2/) {
		$seen{again} = [message($say, $c, $in, $clean)];
		push @fds, descriptors($c->{pid}) // ();
	}
	$say->('QUIT', 'QUIT');
	$seen{fds} = \@fds if @fds == 2;
	return \%seen;
}

# -- steps and faults of a server ----------------------------------------------------------

# hook: where it breaks; which: the line of the command, if the word alone does
# not tell; said: how many have had their reply.
my %steps = (
	(map { $_->{name} => $_ }
	{ name => 'LHLO', hook => 'LHLO', doing => 'HELO', at => 'hello' },
	{ name => 'MAIL', hook => 'MAIL', doing => 'MAIL', at => 'MAIL' },
	{ name => 'first RCPT', hook => 'RCPT', doing => 'RCPT', which => qr/ann/, at => 'RCPT ann' },
	{ name => 'last RCPT', hook => 'RCPT', doing => 'RCPT', which => qr/dan/, at => 'RCPT dan' },
	{ name => 'DATA', hook => 'DATA', doing => 'DATA', content => 1 },
	{ name => 'body', hook => 'BODY', bytes => 64 << 10, doing => 'message', content => 1, mail => $long },
	{ name => 'final dot', hook => 'END', doing => 'final dot', content => 1, final => 1 },
	{ name => 'QUIT', hook => 'QUIT', doing => 'QUIT', at => 'QUIT' },
	(map { { name => "after $_ replies", hook => 'DOT', said => $_, which => qr/(?:\A|$accepted[$_]\@.*)\z/, doing => 'final dot',
	    content => 1, final => 1, has => 1 } } 0 .. 2)),
);

my @faults = (@SERVER_FAULTS,
	{ name => 'a line too few', says => sub { $_[0]->say("250-2.0.0 Ok\r\n"); $_[0]->shut }, reply => $LOST, log => qr/connection closed/ },
	# Replies to a final dot that has not come are nobody's.
	{ name => 'replies beforehand', only => 'DATA', doing => 'message', says => "354 go on\r\n" . "250 2.1.5 has it\r\n" x 3, reply => $GARBLED, log => qr/unexpected reply/ },
);

# Who refuses the whole message says so to each.
sub applies {
	my ($step, $fault) = @_;
	return 0 if $fault->{only} && $fault->{only} ne $step->{name};
	return !($step->{hook} eq 'END' && $fault->{relayed});
}

# -- one cell ----------------------------------------------------------------------------------

sub cell {
	my ($in, $out, $step, $fault, $mixed) = @_;
	my $o;
	# Only the deadline of the step under test is short. A slow machine may take longer
	# than that for what comes before, or for the replies in front of it; then it is
	# tried again.
	for my $seconds ($fault->{slow} ? (1, 5, 25) : 0) {
		my $d = server($out, $mixed, $step->{hook}, sub {
			my ($s, $what) = @_;
			return undef if $s->{broken} || $step->{which} && $what !~ $step->{which}
			    || defined $step->{bytes} && $what < $step->{bytes};
			$s->{broken} = 1;
			$s->note('broken');
			return ref $fault->{says} ? $fault->{says}->($s, $step) : $fault->{says};
		}, $step->{hook} eq 'BODY' ? (path => subdir() . '/socket') : ());
		my $key = { BODY => 'send_timeout', END => 'final_timeout', DOT => 'final_timeout' }->{$step->{hook}} // 'reply_timeout';
		my $c = SmtpClient->filter(to => $d->address, conf => cell_conf($fault->{slow} ? ($key => "${seconds}s") : ()));
		my $seen = talk($c, $in, $step->{mail} // $infected);
		$c->at_end;
		$o = observe($c, $d, %$seen);
		last if @{$o->{notes}} && (grep { $_->[2] !~ /\A421 4\.4\.2/ } recipients_logged($o)) >= ($step->{said} // 0);
	}
	return $o;
}

# What the log has of each recipient.
sub recipients_logged {
	my ($o) = @_;
	return map { [$_->{to} =~ s/\@.*//r, $_->{outcome}, $_->{reply} // ''] } grep { ($_->{event} // '') eq 'recipient' } log_records($o->{log});
}

# -- what is to be expected of it ---------------------------------------------------------------

sub last_line { my ($reply) = @_; $reply =~ s/.*\n(?=.)|\r\n\z//sgr }
sub outcome_of { return { 2 => 'delivered', 4 => 'deferred', 5 => 'rejected' }->{substr $_[0], 0, 1} }

# What each accepted recipient is told after the final dot, as [outcome, reply],
# a reply of the server's own being a string, one of ours a pattern; empty if the
# message never came so far. lives: the session goes on.
sub expected {
	my ($in, $out, $step, $fault, $mixed) = @_;
	my $says = $fault->{relayed} ? $fault->{says} : $fault->{reply};
	my $lives = $fault->{relayed} && !$fault->{closes} && $step->{hook} ne 'BODY';
	my $broken = [$fault->{relayed} ? outcome_of($says) : $step->{final} ? 'unknown' : 'deferred', $says];
	my @to = grep { !$lives || !$step->{which} || $step->{hook} ne 'RCPT' || "$_\@" !~ $step->{which} } @accepted;
	my $good = sub { my ($who) = @_; my $r = usual($who, $mixed); return [outcome_of($r), $r] };
	my @each = $step->{hook} eq 'QUIT' || !$step->{content} && $lives ? map { $good->($_) } @to
	    : !$step->{content} ? ()
	    : !$step->{has} || $out eq 'smtp' ? ($broken) x @to
	    : map { $_ < $step->{said} ? $good->($to[$_]) : $_ == $step->{said} || !$lives ? $broken : $good->($to[$_]) } 0 .. $#to;
	return { to => \@to, each => \@each, lives => $lives };
}

# The one that an SMTP client gets: whoever is lost is lost, else RFC 2033 leaves
# it to us: the first 4yz, the first 5yz, the last.
sub one_of {
	my (@each) = @_;
	return (grep { ref $_->[1] || $_->[1] =~ /\A421/ } @each)[0] // (grep { $_->[0] eq 'deferred' } @each)[0]
	    // (grep { $_->[0] eq 'rejected' } @each)[0] // $each[-1];
}

sub told_is {
	my ($told, $reply, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like($told // '(nothing)', ref $reply ? $reply : qr/\A\Q$reply\E\z/, $name);
}

# Whatever was to be expected: of a recipient nothing is told or written down that
# is not true, and none is forgotten. who: the recipients; told: the replies of the
# message, one or one for each; said: what the server said to its final dot; written:
# the outcome of each. doubt: the server may have said more than was heard.
sub truth {
	my (%a) = @_;
	for (0 .. $#{$a{who}}) {
		my $name = $a{who}[$_];
		my $told = $a{told}[$a{in} eq 'lmtp' ? $_ : 0];
		my $has = ($a{said}[$a{out} eq 'lmtp' ? $_ : 0] // '') =~ /\A2[^\n]{1,2000}\n\z/ ? 1 : 0;
		ok(!defined $told || $told !~ /\A2/ || $has, "$name: what is told is true");
		ok($has || !defined $told || $told =~ /\A[45]/, "$name: is not lost");
		if ($a{doubt}) { ok($a{written}[$_] ne 'delivered' || $has, "$name: a delivery that is written down is true") }
		else { is($a{written}[$_] eq 'delivered' ? 1 : 0, $has, "$name: what is written down is true") }
	}
}

# What the server said to the final dot, in order.
sub said { my ($o) = @_; return map { $_->[1] } grep { $_->[0] eq 'DOT' } @{$o->{said}} }

sub check {
	my ($in, $out, $step, $fault, $mixed, $o) = @_;
	return fail("the cell ran: $o->{broken}") if $o->{broken};
	my $e = expected($in, $out, $step, $fault, $mixed);
	my @each = @{$e->{each}};
	my @to = @{$e->{to}};
	# A server that goes on after nonsense says 250 of others that nobody hears.
	my $doubt = $step->{has} && !$e->{lives};
	my $doing = $fault->{doing} // $step->{doing};
	is(scalar @{$o->{notes}}, 1, 'the server broke once');

	# What the client is told.
	my $says = $fault->{relayed} ? $fault->{says} : $fault->{reply};
	told_is($o->{at}{$step->{at}}, $says, 'the client is told') if $step->{at};
	my @told = @{$o->{first} // []};
	if ($in eq 'lmtp') {
		is(scalar @told, scalar @each, 'a reply for each recipient, no more and no less');
		told_is($told[$_], $each[$_][1], "$to[$_]'s reply") for 0 .. $#each;
	} elsif (@each) {
		told_is($told[0], one_of(@each)->[1], 'the one reply for all');
	}
	my @again = @{$o->{again} // []};
	if ($e->{lives} && $step->{name} ne 'QUIT') {
		like(join('', @again), $in eq 'lmtp' ? qr/\A(?:250 [^\n]*\n){3}\z/ : qr/\A250 [^\n]*\n\z/, 'the next message goes through');
	} elsif ($step->{name} ne 'QUIT') {
		my $last = @told ? $told[-1] : $o->{at}{$step->{at}};
		ok($o->{received} =~ /\Q$last\E\z/, 'and nothing more');
	}
	is($o->{code}, $e->{lives} ? 0 : 74, 'exit code');

	# What the server has got.
	my $next = @again ? 1 : 0;
	my $first = @each && ($step->{has} || !$step->{content}) ? 1 : 0;
	my @taken = @{$o->{messages}};
	is(scalar @taken, $first + $next, 'messages at the server');
	if ($first && @taken) {
		unlike($taken[0]{data}, qr/EICAR|@{[substr b64(eicar()), 0, 40]}/, 'without the infected part');
		is_deeply($taken[0]{rcpt}, [map { "RCPT TO:<$_\@example.net>" } @to], 'its recipients');
	}
	same_bytes((split_marks($taken[-1]{data}))[0], $clean, 'the next one is as it was') if $next && @taken;

	# The log.
	my @records = grep { $_->{outcome} && ($_->{event} // '') eq 'message' } log_records($o->{log});
	is(scalar @records, ($first || @each ? 1 : 0) + $next, 'log: messages');
	my $replied = $out eq 'lmtp' && $first && !($step->{has} && $step->{said} == 0 && !$fault->{relayed})
	    && !($step->{has} && $step->{said} == 0 && $fault->{closes});
	my @logged = recipients_logged($o);
	is(scalar @logged, ($replied ? @each : 0) + ($out eq 'lmtp' && $next ? 3 : 0), 'log: recipients');
	if ($replied) {
		is("$logged[$_][0] $logged[$_][1]", "$to[$_] $each[$_][0]", "log: $to[$_]") for 0 .. $#each;
		is($logged[$_][2], last_line($told[$_]), "log: what was said of $to[$_]") for $in eq 'lmtp' ? 0 .. $#each : ();
	}
	if (@each) {
		my %kinds = map { $_->[0] => 1 } @each;
		my @kinds = keys %kinds;
		is($records[0]{outcome}, @kinds == 1 ? $kinds[0] : 'mixed', 'log: outcome');
		is($records[0]{count}, scalar @to, 'log: how many recipients');
		is($records[0]{verdict}, 'infected', 'log: verdict');
		truth(in => $in, out => $out, who => \@to, told => \@told, said => $first ? [said($o)] : [], doubt => $doubt,
		    written => [map { $replied ? $logged[$_][1] : $records[0]{outcome} } 0 .. $#each]);

		# The quarantine keeps what was changed or refused, not what comes again.
		my $kept = $kinds{delivered} || $kinds{unknown} || ($in eq 'lmtp' ? $kinds{rejected} : one_of(@each)->[0] eq 'rejected') ? 1 : 0;
		is(scalar @{$o->{kept}}, $kept, 'in quarantine');
		if ($kept) {
			same_bytes($o->{kept}[0]{data}, $step->{mail} // $infected, 'the original');
			my @replies = ($o->{kept}[0]{meta} // '') =~ /^Reply: (<[^\n]*)/mg;
			is_deeply(\@replies, [map { "<$_->[0]\@example.net> $_->[2]" } @logged[0 .. $#each]], 'with what was answered to each') if $replied;
		}
	} else {
		is(scalar @{$o->{kept}}, 0, 'nothing is in quarantine');
	}
	if ($fault->{log}) { like($o->{log}, qr/next hop, \Q$doing\E: $fault->{log}/, 'log: what happened') }
	elsif ($step->{hook} ne 'BODY') { unlike($o->{log}, qr/next hop, /, 'log: nothing happened') }
	is($o->{log} =~ /next hop may have accepted the message/ ? 1 : 0, $step->{final} && !$fault->{relayed} ? 1 : 0, 'log: the doubt, where there is one');

	# 250 is said as often as it was heard, but for SMTP on one side only.
	my $told = grep { /\A2/ } @told, @again;
	invariants($o, told => $in eq 'lmtp' && $out eq 'smtp' ? $told / 3 : $told, client_lost => $in eq 'smtp' || $doubt);
}

# -- a client that breaks ---------------------------------------------------------------------------

# held: where the server or the inspector waits while it does; said: how many have
# had their reply by then.
my @client_steps = (
	{ name => 'inspection', held => 'inspect', said => 0 },
	{ name => 'DATA to the server', held => 'DATA', said => 0 },
	(map { { name => "after $_ replies", held => 'DOT', said => $_ } } 0 .. 2),
);
my @client_faults = (
	{ name => 'close', does => sub { $_[0]->hang_up }, gone => 1 },
	{ name => 'reset', does => sub { $_[0]->reset }, gone => 1, via => 'tcp' },
	{ name => 'shut', does => sub { $_[0]->shut } },
	{ name => 'garbage', does => sub { $_[0]->send($garbage) }, goes_on => 1 },
);

sub client_cell {
	my ($out, $step, $fault, $mixed) = @_;
	my $dir = subdir();
	my $inspects = $step->{held} eq 'inspect';
	my $d = server($out, $mixed, $inspects ? 'NONE' : $step->{held}, sub {
		my ($s) = @_;
		$s->gate('held') if $s->{heard}++ == ($step->{held} eq 'DOT' ? $step->{said} : 0);
		return undef;
	});
	my $c = SmtpClient->filter(to => $d->address, via => $fault->{via}, conf => cell_conf($inspects ? (inspector => held_inspector($dir)) : ()));
	my %o = (first => []);
	my $say = sub { my ($name, $line) = @_; return $c->cmd($line, 60) // '' };
	$c->hello('LHLO') // die "no greeting\n";
	message($say, $c, 'lmtp', $infected, sub {
		($inspects ? wait_for(sub { -e "$dir/at.inspect" }, 60) : $d->at_gate('held')) or die "nobody came to the gate\n";
		push @{$o{first}}, grep { defined } map { $c->reply(60) } 1 .. $step->{said};
		$o{early} = $c->nothing_received ? 0 : 1;
		$fault->{does}->($c);
		$inspects ? write_file("$dir/gate.inspect", '') : $d->open_gate('held');
		return if $fault->{gone};
		push @{$o{first}}, grep { defined } map { $c->reply(60) } $step->{said} + 1 .. 3;
		if ($fault->{goes_on}) {
			$o{garbage} = $c->reply(60);
			$o{quit} = $c->cmd('QUIT', 60);
		}
	});
	$c->at_end unless $fault->{gone};
	return observe($c, $d, %o);
}

sub client_check {
	my ($out, $step, $fault, $mixed, $o) = @_;
	return fail("the cell ran: $o->{broken}") if $o->{broken};
	my $inspects = $step->{held} eq 'inspect';
	my $never = $inspects && $fault->{gone};
	my @replies = map { $out eq 'lmtp' ? usual($_, $mixed) : qr/\A250 [^\n]*queued as[^\n]*\n\z/ } @accepted;
	my @outcomes = map { $out eq 'lmtp' ? outcome_of(usual($_, $mixed)) : 'delivered' } @accepted;
	is($o->{early}, 0, 'nothing is told beforehand');
	my @told = @{$o->{first}};
	is(scalar @told, $fault->{gone} ? $step->{said} : 3, 'replies');
	told_is($told[$_], $replies[$_], "$accepted[$_]'s reply") for 0 .. $#told;
	if ($fault->{goes_on}) {
		like($o->{garbage} // '(nothing)', qr/\A500 5\.5\.2 /, 'what is behind the message is a bad command');
		like($o->{quit} // '(nothing)', qr/\A221 /, 'QUIT');
	}
	is($o->{code}, $fault->{gone} ? 74 : 0, 'exit code');
	my @taken = @{$o->{messages}};
	is(scalar @taken, $never ? 0 : 1, 'messages at the server');
	unlike($_->{data}, qr/EICAR|@{[substr b64(eicar()), 0, 40]}/, 'without the infected part') for @taken;

	my @records = grep { ($_->{event} // '') eq 'message' } log_records($o->{log});
	is(scalar @records, 1, 'log: messages');
	is($records[0]{outcome}, $never ? 'deferred' : $mixed ? 'mixed' : 'delivered', 'log: outcome');
	my @logged = recipients_logged($o);
	is(scalar @logged, $out eq 'lmtp' && !$never ? 3 : 0, 'log: recipients');
	is("$logged[$_][0] $logged[$_][1]", "$accepted[$_] $outcomes[$_]", "log: $accepted[$_]") for 0 .. $#logged;
	is($o->{log} =~ /client did not receive the reply to a delivered message/ ? 1 : 0, $fault->{gone} && !$never ? 1 : 0, 'log: that it may come twice, where it may');
	is(scalar @{$o->{kept}}, $never ? 0 : 1, 'in quarantine');
	same_bytes($_->{data}, $infected, 'the original') for @{$o->{kept}};
	truth(in => 'lmtp', out => $out, who => \@accepted, told => \@told, said => [said($o)],
	    written => [map { @logged ? $logged[$_][1] : $records[0]{outcome} } 0 .. $#accepted]);
	my $told = grep { /\A2/ } @told;
	invariants($o, told => $out eq 'smtp' ? ($told ? 1 : 0) : $told, client_lost => $fault->{gone});
}

# -- all of them ---------------------------------------------------------------------------------------

my @cells;
sub add { my ($in, $out, $mixed, @names) = @_; for my $s (@steps{@names}) { push @cells, map { [$in, $out, $s, $_, $mixed] } grep { applies($s, $_) } @faults } }
my @dot = map { "after $_ replies" } 0 .. 2;
add('lmtp', 'lmtp', 0, 'LHLO', 'MAIL', 'first RCPT', 'last RCPT', 'DATA', 'body', 'final dot', @dot, 'QUIT');
add('lmtp', 'lmtp', 1, @dot[1, 2]);
add('smtp', 'lmtp', 0, 'DATA', 'body', 'final dot', @dot);
add('smtp', 'lmtp', 1, @dot[1, 2]);
add('lmtp', 'smtp', 0, 'DATA', 'body', 'final dot', $dot[0]);
# Those that wait go first, and the others beside them.
@cells = sort { ($b->[3]{slow} // 0) <=> ($a->[3]{slow} // 0) } @cells;
my @client_cells = map { my $s = $_; map { my $f = $_; (['lmtp', $s, $f, 0], ['lmtp', $s, $f, 1],
    $s->{said} ? () : ['smtp', $s, $f, 0]) } @client_faults } @client_steps;

@cells = sampled_cells(@cells);
@client_cells = sampled_cells(@client_cells);
my @seen = run_cells(8, (map { my @a = @$_; sub { cell(@a) } } @cells), (map { my @a = @$_; sub { client_cell(@a) } } @client_cells));
for (@cells) {
	my ($in, $out, $step, $fault, $mixed) = @$_;
	my $o = shift @seen;
	subtest "$in to $out: " . ($mixed ? 'mixed, ' : '') . "$step->{name}: $fault->{name}" => sub { check(@$_, $o) }
	    or diag(Harness::printable($o->{log} // ''));
}
for (@client_cells) {
	my ($out, $step, $fault, $mixed) = @$_;
	my $o = shift @seen;
	subtest "lmtp to $out, client: " . ($mixed ? 'mixed, ' : '') . "$step->{name}: $fault->{name}" => sub { client_check(@$_, $o) }
	    or diag(Harness::printable($o->{log} // ''));
}

done_testing;
