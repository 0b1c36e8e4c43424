#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The matrix of faults, kill -9: of the front, the inspector and the engine, at
# each step of a session; what the client is told, what the server has got, what
# is in quarantine, what is logged, and what is left.
#
# What a front promises that is killed: the client is told nothing that is not
# true, and comes again; the inspector dies with it; an original that was put
# away stays, with metadata that have no Reply; the private directory of an
# inspection that was under way stays until the next front of the same user.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use MIME::Base64 ();
use Downstream;
use SmtpClient;
use Cells;

# An engine ends with all its memory in use.
$ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} // (), 'detect_leaks=0';

my $infected = infected_mail('infected');
# More than a Unix socket holds.
my $long = infected_mail('long', 500_000);
# Long enough under way for an inspector to be taken hold of.
my $large = infected_mail('large', 8_000_000);
my $clean = crlf(mail(id => 'clean'));

# -- one session ------------------------------------------------------------------

# In their order. held: where the server or the inspector waits meanwhile; got:
# the server has the message; kept: it is in quarantine; told: so is the client.
my @steps = (
	{ name => 'before EHLO' }, { name => 'after EHLO' }, { name => 'after MAIL' }, { name => 'after RCPT' },
	{ name => 'after DATA' }, { name => 'in the body' },
	{ name => 'inspection', held => 'inspect' },
	{ name => 'DATA to the server', held => 'DATA', kept => 1 },
	{ name => 'sending', held => 'BODY', at_bytes => 128 << 10, mail => $long, kept => 1 },
	{ name => 'after the final dot', held => 'DOT', kept => 1, got => 1 },
	{ name => 'after the reply', kept => 1, got => 1, told => 1 },
);

# The server, which waits once at the gate where it is to.
sub server {
	my ($step) = @_;
	my $held = $step->{held} // '';
	return Downstream->start(path => $held eq 'BODY' ? subdir() . '/socket' : undef, on => $held !~ /\A[A-Z]/ ? {} : { $held => sub {
		my ($s, $what) = @_;
		return undef if defined $step->{at_bytes} && $what < $step->{at_bytes} || $s->{held}++;
		$s->gate('held');
		return undef;
	} });
}

# The client: one message, with the code called at the step; undef once it is
# not answered. What it is told of the message.
sub talk {
	my ($c, $at, %a) = @_;
	for (['before EHLO'], ['after EHLO', 'EHLO client.example'], ['after MAIL', 'MAIL FROM:<alice@example.org>'],
	    ['', 'RCPT TO:<bob@example.net>'], ['after RCPT', 'RCPT TO:<carol@example.net>'], ['after DATA', 'DATA']) {
		my ($step, $line) = @$_;
		next if $a{greeted} && $step =~ /EHLO/;
		my $r = (defined $line ? $c->cmd($line, 120) : $c->reply(120)) // return;
		return $r if $r =~ /\A[45]/;
		$at->($step);
	}
	my $wire = SmtpClient::stuffed($a{mail});
	$c->send(substr $wire, 0, 300, '') && $c->drained;
	$at->('in the body');
	$c->send($wire, 120);
	$at->('waiting');
	my $r = $c->reply(120) // return;
	$at->('after the reply');
	return $r;
}

# Code that calls another, once, when the step has been reached.
sub once_at {
	my ($step, $wait, $code) = @_;
	my $done;
	return sub {
		my ($where) = @_;
		return if $done || $where ne ($step->{held} ? 'waiting' : $step->{name});
		$done = 1;
		if ($wait) { $wait->() or die "nobody came to wait\n" }
		$code->();
	};
}

# Those of a front's session that the front itself has started.
sub started_by {
	my ($front) = @_;
	return grep { (read_file("/proc/$_/stat") // '') =~ /\A\d+ \(.*\) \S $front /s } grep { $_ != $front } session_members($front);
}

# -- the front ---------------------------------------------------------------------

# Between the server's word and the client: nobody would be killed there in time,
# so the front stands still while the server speaks.
my @front_steps = (@steps, { name => 'with the reply unread', held => 'DOT', kept => 1, got => 1, still => 1 });

sub front_cell {
	my ($step) = @_;
	my $dir = subdir();
	my $d = server($step);
	my $held = $step->{held} // '';
	my $conf = cell_conf($held eq 'inspect' ? (inspector => held_inspector($dir)) : ());
	my $c = SmtpClient->filter(to => $d->address, conf => $conf);
	my %o;
	my $told = talk($c, once_at($step, !$held ? undef : $held eq 'inspect' ? sub { wait_for(sub { -e "$dir/at.inspect" }, 60) }
	    : sub { $d->at_gate('held') }, sub {
		$o{companions} = [started_by($c->{pid})];
		if ($step->{still}) {
			kill 'STOP', $c->{pid};
			$d->open_gate('held');
			wait_for(sub { grep { $_->[0] eq 'DOT' } $d->said }, 60) or die "the server said nothing\n";
		}
		kill 'KILL', $c->{pid};
		$o{reached} = 1;
	}), mail => $step->{mail} // $infected);
	$c->at_end(60);
	# An inspector would also end by itself, once it has something to say to nobody.
	$o{died} = wait_for(sub { !grep { (read_file("/proc/$_/stat") // '') =~ /\A\d+ \(.*\) [^ZX] /s } @{$o{companions} // []} }, 20);
	$d->open_gate('held');
	write_file("$dir/gate.inspect", '');
	$o{end} = $d->ended(1, 60);
	$o{first} = observe($c, undef);
	# The client comes again.
	my $c2 = SmtpClient->filter(to => $d->address, conf => $conf);
	$o{again} = talk($c2, sub {}, mail => $step->{mail} // $infected);
	$c2->cmd('QUIT');
	$c2->at_end;
	return observe($c2, $d, %o, told => $told);
}

sub front_check {
	my ($step, $o) = @_;
	return fail("the cell ran: $o->{broken}") if $o->{broken};
	my $first = $o->{first};
	ok($o->{reached}, 'it came to that');
	is($first->{code}, 'signal 9', 'the front was killed');
	like($o->{told} // '', $step->{told} ? qr/\A250 [^\n]*queued/ : qr/\A\z/, 'what the client was told of the message');
	ok($first->{only_replies}, 'nothing but sound replies');
	unlike($first->{received}, qr/^[45]/m, 'nothing else');
	is(scalar @{$o->{companions}}, ($step->{held} // '') eq 'inspect' ? 1 : 0, 'an inspector was there only for the inspection');
	ok($o->{died}, 'and it died with the front');
	is_deeply($first->{left}, [], 'nothing is left');
	my @left = @{$first->{scratch}};
	is(scalar @left, ($step->{held} // '') eq 'inspect' ? 1 : 0, 'a private directory is left only of the inspection');
	is(scalar @{$first->{kept}}, $step->{kept} ? 1 : 0, 'in quarantine');
	if ($step->{kept}) {
		my $kept = $first->{kept}[0];
		same_bytes($kept->{data}, $step->{mail} // $infected, 'the original');
		like($kept->{meta} // '', qr/^Verdict: infected$/m, 'with its metadata');
		is($kept->{meta} =~ /^Reply: /m ? 1 : 0, $step->{told} ? 1 : 0, 'with what was answered, if it was');
	}
	is_deeply($first->{halves}, [], 'no half of it');
	is(scalar(grep { $_->{outcome} } log_records($first->{log})), $step->{told} ? 1 : 0, 'log: a record, if there was an answer');
	isnt($o->{end}, undef, 'the connection to the server was closed');
	isnt($o->{end}, 'quit', 'without a word');

	like($o->{again} // '', qr/\A250 [^\n]*queued/, 'the client comes again and is served');
	my @m = @{$o->{messages}};
	is(scalar @m, 1 + ($step->{got} ? 1 : 0), 'messages at the server: twice only if the first answer was cut');
	unlike($_->{data}, qr/EICAR|@{[substr b64(eicar()), 0, 40]}/, 'without the infected part') for @m;
	is(scalar @{$o->{kept}}, 1 + ($step->{kept} ? 1 : 0), 'in quarantine: that of the killed one stays');
	invariants($o, told => 1 + ($step->{told} ? 1 : 0), client_lost => 1);
}

# -- the inspector ------------------------------------------------------------------

# Killed before it looks at what it was given, or at work.
my @inspectors = map { my $when = $_; map { { name => $when, error => $_ } } qw(tempfail reject wrap) } 'before it has started', 'at work';

sub inspector_cell {
	my ($step) = @_;
	my $dir = subdir();
	my $d = Downstream->start;
	my $plan = write_file("$dir/plan", 'stopped 0');
	my $early = $step->{name} ne 'at work';
	my $c = SmtpClient->filter(to => $d->address, env => { EVIL_PLAN => $plan, EVIL_REAL => "$BUILD/spawnscan-inspect" },
	    conf => cell_conf(error => $step->{error}, inspector => $early ? held_inspector($dir) : "$SRC/tests/evil-inspector"));
	my %o;
	my $stopped = sub { (read_file("/proc/$_[0]/stat") // '') =~ /\A\d+ \(.*\) T /s };
	$o{told_first} = talk($c, once_at({ held => 'inspect' }, sub { wait_for(sub {
		return -e "$dir/at.inspect" if $early;
		return !-e $plan && grep { $stopped->($_) } started_by($c->{pid});
	}, 60) }, sub {
		$o{killed} = kill 'KILL', started_by($c->{pid});
		write_file("$dir/gate.inspect", '');
	}), mail => $infected);
	$o{told_next} = talk($c, sub {}, mail => $clean, greeted => 1);
	$c->cmd('QUIT');
	$c->at_end;
	return observe($c, $d, %o);
}

sub inspector_check {
	my ($step, $o) = @_;
	return fail("the cell ran: $o->{broken}") if $o->{broken};
	is($o->{killed}, 1, 'one inspector was killed');
	my ($reply, $outcome) = @{{
		tempfail => [qr/\A451 4\.3\.0 /, 'deferred'], reject => [qr/\A550 5\.7\.1 /, 'rejected'], wrap => [qr/\A250 [^\n]*queued/, 'delivered'],
	}->{$step->{error}}};
	like($o->{told_first} // '', $reply, 'what the client is told');
	like($o->{told_next} // '', qr/\A250 [^\n]*queued/, 'the next message goes through');
	is($o->{code}, 0, 'exit code');
	my @m = @{$o->{messages}};
	is(scalar @m, $outcome eq 'delivered' ? 2 : 1, 'messages at the server');
	same_bytes((split_marks($m[-1]{data}))[0], $clean, 'the next one as it was');
	if (@m == 2) {
		my ($wrapped) = $m[0]{data} =~ /filename="message\.eml\.defanged"\r\n(?:[^\r\n]+\r\n)*\r\n([A-Za-z0-9+\/=\r\n]*)/;
		same_bytes(MIME::Base64::decode_base64($wrapped // ''), $infected, 'the first one inside another');
	}
	my $kept = $outcome eq 'deferred' ? 0 : 1;
	is(scalar @{$o->{kept}}, $kept, 'in quarantine');
	same_bytes($o->{kept}[0]{data}, $infected, 'the original') if $kept;
	my ($record) = grep { $_->{outcome} } log_records($o->{log});
	is($record->{outcome}, $outcome, 'log: outcome');
	is($record->{verdict}, 'error', 'log: verdict');
	like($o->{log}, qr/event=inspection-failed reason="the inspector was killed by signal 9[^\n]*action=$step->{error}/, 'log: why');
	invariants($o, told => scalar(grep { ($_ // '') =~ /\A250/ } @$o{qw(told_first told_next)}));
}

# -- the engine -----------------------------------------------------------------------

my @engine_steps = map { my $s = $_; map { { %$s, engine => $_ } } qw(auto require) } (grep { ($_->{held} // '') ne 'inspect' } @steps),
    { name => 'in its queue', held => 'queue' }, { name => 'at work', held => 'work', mail => $large };

sub start_engine {
	my ($e) = @_;
	open my $null, '+<', '/dev/null' or die;
	unlink $e->{log};
	$e->{pid} = start_process(cmd => ["$BUILD/spawnscan-inspect", '--engine', '-c', $e->{conf}], fds => [$null, $null, $null]);
	wait_for(sub { (read_file($e->{log}) // '') =~ /ready with/ }, 60) or die "no engine\n";
}

sub engine {
	my $dir = subdir();
	my $e = { dir => $dir, socket => "$dir/socket", log => "$dir/log", scratch => subdir(undef, 01777) };
	$e->{conf} = cell_conf(engine_socket => $e->{socket}, engine_pid_file => "$dir/pid", log => "file:$e->{log}",
	    scratch_dir => $e->{scratch}, reload_check => '0');
	start_engine($e);
	return $e;
}

# The engine's inspector, standing still; undef if it was quicker than that.
sub stop_inspector {
	my ($e, $c) = @_;
	return wait_for(sub {
		for my $child (grep { $_ != $e->{pid} } session_members($e->{pid})) {
			kill 'STOP', $child;
			return $child if wait_for(sub { (read_file("/proc/$child/stat") // '') =~ /\) [TZX] |\A\z/ }, 20)
			    && (read_file("/proc/$child/stat") // '') =~ /\) T /;
		}
		$c->turn(undef, now() + 0.001);
		return length $c->received > $c->{taken} ? 'too late' : 0;
	}, 60);
}

sub engine_cell {
	my ($step) = @_;
	my $o;
	# An inspector may be too quick for us.
	for (1 .. 8) {
		$o = engine_cell_once($step);
		last if $o->{reached};
	}
	return $o;
}

sub engine_cell_once {
	my ($step) = @_;
	my $e = engine();
	my $d = server($step);
	my $held = $step->{held} // '';
	my $c = SmtpClient->filter(to => $d->address, conf => cell_conf(engine => $step->{engine}, engine_socket => $e->{socket}));
	my %o;
	my $wait = {
		# The socket that listens, and the one that nobody has taken.
		queue => sub { wait_for(sub { my @u = (read_file('/proc/net/unix') // '') =~ /\Q$e->{socket}\E$/mg; @u >= 2 }, 60) },
		work => sub { stop_inspector($e, $c) },
	}->{$held} // ($held ? sub { $d->at_gate('held') } : undef);
	my $kill = once_at($step, $wait, sub {
		$o{reached} = 1 unless length $c->received > $c->{taken};
		kill 'KILL', $e->{pid};
		$o{engine_code} = reap($e->{pid}, 60);
		$o{engine_left} = [wait_for(sub { !session_members($e->{pid}) }, 30) ? () : session_members($e->{pid})];
		$d->open_gate('held');
	});
	$o{told_first} = talk($c, sub {
		if ($held eq 'queue' && $_[0] eq 'after DATA') { kill 'STOP', $e->{pid} }
		$kill->(@_);
	}, mail => $step->{mail} // $infected);
	# It may have stood still with the report out already.
	delete $o{reached} if $held eq 'work' && ($o{told_first} // '') =~ /\A250/;
	$o{told_without} = talk($c, sub {}, mail => $clean, greeted => 1);
	start_engine($e);
	$o{told_next} = talk($c, sub {}, mail => $clean, greeted => 1);
	$c->cmd('QUIT');
	$c->at_end;
	kill 'TERM', $e->{pid};
	$o{engine_end} = reap($e->{pid}, 60);
	opendir my $dh, $e->{scratch} or die "$e->{scratch}: $!";
	$o{engine_scratch} = [grep { !/\A\.\.?\z/ } readdir $dh];
	return observe($c, $d, %o);
}

sub engine_check {
	my ($step, $o) = @_;
	return fail("the cell ran: $o->{broken}") if $o->{broken};
	ok($o->{reached}, 'it came to that');
	is($o->{engine_code}, 9, 'the engine was killed');
	is_deeply($o->{engine_left}, [], 'and its inspectors are gone');
	my $required = $step->{engine} eq 'require';
	my $inspecting = ($step->{held} // '') =~ /queue|work/;
	# It was asked for nothing yet, was asked, or had answered.
	my $deferred = $inspecting || $required && !$step->{kept};
	my $done = qr/\A250 [^\n]*queued/;
	my $later = qr/\A451 4\.3\.0 /;
	like($o->{told_first} // '', $deferred ? $later : $done, 'what the client is told');
	like($o->{told_without} // '', $required ? $later : $done, 'of the next message, without an engine');
	like($o->{told_next} // '', $done, 'of one with a new engine');
	is($o->{code}, 0, 'exit code');
	my @m = @{$o->{messages}};
	is(scalar @m, (grep { ($_ // '') =~ $done } @$o{qw(told_first told_without told_next)}), 'messages at the server');
	unlike($_->{data}, qr/EICAR|@{[substr b64(eicar()), 0, 40]}/, 'none with the infected part') for @m;
	is(scalar @{$o->{kept}}, $deferred ? 0 : 1, 'in quarantine');
	same_bytes($o->{kept}[0]{data}, $step->{mail} // $infected, 'the original') if @{$o->{kept}};
	my @records = grep { $_->{outcome} } log_records($o->{log});
	is_deeply([map { $_->{outcome} } @records], [$deferred ? 'deferred' : 'delivered', $required ? 'deferred' : 'delivered', 'delivered'], 'log: outcomes');
	is($records[0]{verdict}, $deferred ? 'error' : 'infected', 'log: verdict');
	like($o->{log}, $inspecting ? qr/engine's inspector ended before|did not take the message/ : qr/reason="no engine at \S+: Connection refused"/, 'log: why')
	    if $deferred;
	is($o->{engine_end}, 0, 'the new engine ends well');
	is_deeply($o->{engine_scratch}, [], 'and leaves no private directory, nor that of the killed one');
	invariants($o, told => scalar(grep { ($_ // '') =~ $done } @$o{qw(told_first told_without told_next)}));
}

# -- all of them -----------------------------------------------------------------------

my @cells = ((map { my $s = $_; ["the engine ($s->{engine}), $s->{name}", sub { engine_cell($s) }, sub { engine_check($s, @_) }] } @engine_steps),
    (map { my $s = $_; ["the front, $s->{name}", sub { front_cell($s) }, sub { front_check($s, @_) }] } @front_steps),
    (map { my $s = $_; ["the inspector ($s->{error}), $s->{name}", sub { inspector_cell($s) }, sub { inspector_check($s, @_) }] } @inspectors));
@cells = sampled_cells(@cells);
my @seen = run_cells(8, map { $_->[1] } @cells);
for (@cells) {
	my ($name, undef, $check) = @$_;
	my $o = shift @seen;
	subtest $name => sub { $check->($o) } or diag(Harness::printable($o->{log} // ''));
}

done_testing;
