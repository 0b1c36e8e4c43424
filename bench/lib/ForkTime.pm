# SPDX-License-Identifier: GPL-2.0-or-later
package ForkTime;

# ForkTime.pm - how long the engine takes from fork to an inspector that is
# ready: from its entry into clone(2) to the child's return from its last
# seccomp(2), after which the child begins to read the mail. Told by the
# kernel's own tracing, which costs a microsecond per event; strace would cost
# more than what is measured. Needs root and tracefs, else there is no figure.

use v5.32;
use warnings;
use World;

my @events = qw(syscalls/sys_enter_clone syscalls/sys_exit_clone syscalls/sys_exit_seccomp);
my ($instance, $mounted);

sub begin {
	my $tracefs = '/sys/kernel/tracing';
	unless (-d "$tracefs/events") {
		$tracefs = "$World::DIR/tracefs";
		mkdir $tracefs;
		system("mount -t tracefs tracefs $tracefs 2>/dev/null") == 0 or return 0;
		$mounted = $tracefs;
	}
	World::at_end(\&end);
	mkdir "$tracefs/instances/spawnscan-bench-$$" or return 0;
	$instance = "$tracefs/instances/spawnscan-bench-$$";
	return 0 if grep { !-e "$instance/events/$_/enable" } @events;
	write_file("$instance/trace_clock", 'mono');
	write_file("$instance/buffer_size_kb", 2048);
	return 1;
}

sub end {
	if ($instance) { rmdir $instance; $instance = undef }
	if ($mounted) { system('umount', $mounted); $mounted = undef }
}

# Runs the code; gives the times in ms of all inspectors that started
# meanwhile, sorted: those of clone(2) alone, and those up to ready.
sub of {
	my ($engine, $code) = @_;
	begin() or return end();
	write_file("$instance/events/$_/enable", 1) for @events;
	$code->();
	write_file("$instance/events/$_/enable", 0) for @events;
	my $trace = read_file("$instance/trace");
	end();
	return read_trace($engine, $trace);
}

sub read_trace {
	my ($engine, $trace) = @_;
	my ($entered, %forked, %ready, @clone);
	for (split /\n/, $trace) {
		my ($pid, $time, $what) = /-(\d+)\s+\[\d+\]\s+\S+\s+([\d.]+): (sys_.*)/ or next;
		if ($pid == $engine && $what =~ /^sys_clone\(/) {
			$entered = $time;
		} elsif ($pid == $engine && $what =~ /^sys_clone -> 0x([0-9a-f]+)/) {
			$forked{hex $1} = $entered;
			push @clone, 1000 * ($time - $entered);
		} elsif ($what =~ /^sys_seccomp -> 0x0/) {
			$ready{$pid} = $time;
		}
	}
	my @ready = map { 1000 * ($ready{$_} - $forked{$_}) } grep { $ready{$_} } keys %forked;
	return { clone => [sort { $a <=> $b } @clone], ready => [sort { $a <=> $b } @ready] };
}

1;
