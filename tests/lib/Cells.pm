# SPDX-License-Identifier: GPL-2.0-or-later
package Cells;

# Cells.pm - the matrix of faults: many short sessions, each of which breaks at
# one place, several of them at a time, and what must be true after each.
#
#	my @seen = run_cells(8, map { my $cell = $_; sub { ... return observe($c, $d) } } @cells);
#	for (@seen) { invariants($_) ... }
#
# A cell runs in a process of its own and returns a hash; the tests on it are
# made afterwards in the script's process.

use v5.32;
use warnings;
use Exporter 'import';
use Harness;
use MailMaker;
use POSIX ();
use Storable ();
use Test::More;
use Time::HiRes ();

our @EXPORT = qw(run_cells cell_conf observe invariants descriptors held_inspector infected_mail
    @SERVER_FAULTS $GARBLED $LOST);

# An infected mail as SMTP has it, with so many more bytes behind the infection.
sub infected_mail {
	my ($id, $more) = @_;
	return crlf(mail(id => $id, parts => [part('Content-Type: text/plain', ".\ntext\n"), attachment('eicar.txt', eicar()),
	    $more ? attachment('a.bin', noise($more)) : ()]));
}

# What a server may do at a step. says: the reply, or what is done instead of one;
# log: what the log calls it. A refusal is handed on as it is. What makes no sense
# is 451, a loss is 421, and both end the session.
our $GARBLED = qr/\A451 4\.3\.0 Unexpected response from next hop[^\n]*\r\n\z/;
our $LOST = qr/\A421 4\.4\.2 Lost connection with next hop[^\n]*\r\n\z/;
our @SERVER_FAULTS = (
	{ name => '4xx', says => "450 4.3.2 fault\r\n", relayed => 1 },
	{ name => '5xx', says => "550-5.3.2 a fault\r\n550 5.3.2 fault\r\n", relayed => 1 },
	{ name => '421', says => "421 4.3.2 fault\r\n", relayed => 1, closes => 1, log => qr/closes the connection/ },
	{ name => 'wrong class', says => sub { $_[1]{hook} =~ /DATA|BODY/ ? "250 2.0.0 Ok\r\n" : "354 go on\r\n" },
	    reply => $GARBLED, log => qr/unexpected reply/ },
	{ name => 'garbage', says => "what do you want?\r\n", reply => $GARBLED, log => qr/no reply code/ },
	{ name => 'over-long', says => '250 ' . 'x' x 5000 . "\r\n", reply => $GARBLED, log => qr/line too long/ },
	{ name => 'endless', says => sub { $_[0]->endless("250-x\r\n") }, reply => $GARBLED, log => qr/reply too long/ },
	{ name => 'silence', says => sub { $_[1]{hook} eq 'BODY' ? $_[0]->freeze : $_[0]->listen_on }, reply => $LOST, log => qr/timed out/, slow => 1 },
	{ name => 'half a reply', says => sub { $_[0]->say('250 2.0.0 O'); $_[0]->shut }, reply => $LOST, log => qr/connection closed/ },
	{ name => 'close', says => sub { $_[0]->shut }, reply => $LOST, log => qr/connection closed/ },
	{ name => 'reset', says => sub { $_[0]->reset }, reply => $LOST, log => qr/I\/O error|connection closed/ },
);

my $n_cells = 0;

# Runs the code of each cell, at most $jobs at a time; a list of what they
# returned, in order. A cell that died or didn't end has a text under 'broken'.
sub run_cells {
	my ($jobs, @code) = @_;
	my (@seen, %running);
	signature_dir();	# which they share
	my $dir = subdir('cells.' . ++$n_cells);
	my $next = 0;
	while ($next < @code || %running) {
		if ($next < @code && keys %running < $jobs) {
			my $pid = fork // die "fork: $!";
			if ($pid == 0) {
				Harness::become_child();
				$SIG{TERM} = sub { Harness::stop_all(); POSIX::_exit(1) };
				my $got = eval { $code[$next]->() } // { broken => "died: $@" };
				Harness::stop_all();
				Storable::nstore($got, "$dir/$next");
				POSIX::_exit(0);
			}
			Harness::adopt($pid);
			$running{$pid} = { n => $next++, end => now() + secs(180) };
			next;
		}
		my ($ended, $status) = next_end(\%running);
		my $cell = delete $running{$ended};
		$seen[$cell->{n}] = eval { Storable::retrieve("$dir/$cell->{n}") }
		    // { broken => $status ? "ended with $status" : 'did not end' };
	}
	return @seen;
}

# Waits until one of them has ended or its time is over.
sub next_end {
	my ($running) = @_;
	for (;;) {
		for my $pid (keys %$running) {
			my $status = reap($pid, 0);
			return ($pid, $status) if defined $status;
			return ($pid, stop_process($pid)) if now() > $running->{$pid}{end};
		}
		Time::HiRes::sleep(0.005);
	}
}

# A configuration with a scratch directory that no other cell uses.
sub cell_conf { return conf_file(scratch_dir => subdir(undef, 01777), @_) }

# An inspector that waits at the file DIR/at.inspect for DIR/gate.inspect, before
# it becomes the real one: the name of the program.
sub held_inspector {
	my ($dir) = @_;
	return write_file("$dir/inspector", "#!/bin/sh\n: >'$dir/at.inspect'\n"
	    . "until [ -e '$dir/gate.inspect' ]; do sleep 0.01; done\nexec '$BUILD/spawnscan-inspect'\n", 0755);
}

# How many descriptors a process has.
sub descriptors {
	my ($pid) = @_;
	opendir my $dh, "/proc/$pid/fd" or return undef;
	return scalar grep { !/\A\./ } readdir $dh;
}

# What is to be seen of a session that is over. c: the client, d: the
# downstream or undef; more: further pairs. Waits for the front's end.
sub observe {
	my ($c, $d, %more) = @_;
	my %o = (code => scalar $c->exit_code(90));
	$o{left} = [wait_for(sub { !session_members($c->{pid}) }, 20) ? () : session_members($c->{pid})];
	$o{received} = $c->received;
	$o{only_replies} = $c->only_replies;
	$o{log} = $c->log;
	my ($scratch) = (read_file($c->{conf}) // '') =~ /^scratch_dir = (.*)$/m;
	opendir my $dh, $scratch or die "$scratch: $!";
	$o{scratch} = [grep { !/\A\.\.?\z/ } readdir $dh];
	my @all = glob "$c->{dir}/quarantine/*/{,.}*";
	$o{kept} = [map { { name => $_, data => read_file($_), meta => read_file("$_.meta") } }
	    grep { -f && !/\.(?:meta|tmp)\z/ } @all];
	$o{halves} = [grep { /\.tmp\z/ || /\A(.*)\.meta\z/ && !-e $1 } @all];
	if ($d) {
		my $connections = $d->connections;
		$d->ended($_, 60) for 1 .. $connections;
		$o{end} = [map { $d->ended($_) } 1 .. $connections];
		$o{raw} = [map { $d->raw($_) } 1 .. $connections];
		$o{said} = [map { $d->said($_) } 1 .. $connections];
		$o{messages} = [$d->messages];
		$o{notes} = [$d->notes];
		$d->stop;
	}
	return { %o, %more };
}

# What holds whatever breaks. o: as observed; told: how often the client was told
# that its message was taken; original: what a discarded message was. Options:
# client_lost, if the client went away or the front was killed; discard;
# litter => 1 if a killed front may leave a scratch directory.
sub invariants {
	my ($o, %a) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return fail("the cell ran: $o->{broken}") if defined $o->{broken};
	my $taken = grep { $_->[0] eq 'DOT' && $_->[1] =~ /\A2[^\n]{1,2000}\n\z/ } @{$o->{said} // []};
	my $told = $a{told} - ($a{discarded} // 0);
	if ($a{client_lost}) {
		cmp_ok($told, '<=', $taken, 'the client was not told 250 but after the downstream');
	} else {
		is($told, $taken, 'the client was told 250 as often as the downstream said so');
	}
	if ($a{discarded}) {
		ok((grep { $_->{data} eq $a{original} && defined $_->{meta} } @{$o->{kept}}) >= $a{discarded},
		    'what was discarded is in quarantine');
	}
	ok($o->{only_replies}, 'nothing but sound replies') or diag(Harness::printable(substr $o->{received}, 0, 500));
	is_deeply($o->{left}, [], 'no process is left');
	is_deeply($o->{scratch}, [], 'no private directory is left') unless $a{litter};
	is_deeply($o->{halves}, [], 'no half of a quarantined message is left') unless $a{litter};
	if (exists $o->{fds}) { is($o->{fds}[1], $o->{fds}[0], 'no descriptor stays open') }
}

1;
