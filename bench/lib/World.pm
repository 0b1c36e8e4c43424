# SPDX-License-Identifier: GPL-2.0-or-later
package World;

# World.pm - where the benchmark lives: a private directory, groups of
# processes whose CPU time and memory can be told, ports, waiting, and an end
# that leaves nothing behind.
#
# CPU time of a group is that of all processes that ever were in it, short-lived
# and reaped ones among them. With cgroup v2 the kernel counts it (usage_usec in
# cpu.stat, there without any controller; it is taken from the scheduler's
# clock, not from ticks). Without it: utime + stime + cutime + cstime of all
# descendants of the group's first processes; what ended is in the c-times of
# its parent, and all parents here live on (spawn(8)'s processes are reaped by
# master(8)).
#
# Memory is the sum of PSS in smaps_rollup. Between the first process read and
# the last one an engine may fork, and its pages would be counted twice; so the
# group is frozen (cgroup.freeze) while it is read. Without cgroups it isn't,
# and peaks may be too high.

use v5.32;
use warnings;
use Exporter 'import';
use File::Path ();
use File::Temp ();
use POSIX ();
use Socket;
use Time::HiRes ();

our @EXPORT = qw($DIR fail now wait_for read_file write_file free_port start_process
    run_command run_in_group cpu_ms peak_of group_pids method own);

our $DIR;
my ($cgroup, %groups, %alive, @at_end, @to_remove);
my $owner = $$;

sub fail { my ($text) = @_; chomp $text; die "bench: $text\n" }
sub now { return Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC()) }

sub begin {
	$DIR = File::Temp::tempdir('spawnscan-bench-XXXXXX', TMPDIR => 1);
	chmod 0755, $DIR;
	mkdir "$DIR/log";
	my ($mount) = (read_file('/proc/mounts') // '') =~ /^\S+ (\S+) cgroup2 /m;
	$cgroup = "$mount/spawnscan-bench-$$" if $mount && mkdir "$mount/spawnscan-bench-$$";
	if ($cgroup && !-e "$cgroup/cgroup.freeze") { rmdir $cgroup; $cgroup = undef }
}

sub method { return $cgroup ? 'cgroup v2 cpu.stat' : '/proc, ticks of 10 ms' }
sub at_end { push @at_end, @_ }
sub remove_at_end { push @to_remove, @_ }

sub read_file {
	my ($path) = @_;
	open my $fh, '<:raw', $path or return undef;
	local $/;
	return scalar(<$fh>) // '';
}

sub write_file {
	my ($path, $text, $mode) = @_;
	open my $fh, '>:raw', $path or fail("$path: $!");
	print $fh $text;
	close $fh or fail("$path: $!");
	chmod $mode, $path if defined $mode;
	return $path;
}

# A directory in ours that belongs to a user.
sub own {
	my ($path, $user, $mode) = @_;
	my ($uid, $gid) = (getpwnam $user)[2, 3];
	defined $uid or fail("no user $user");
	File::Path::make_path($path);
	chmod $mode // 0755, $path;
	chown $uid, $gid, $path or fail("$path: $!");
	return $path;
}

sub wait_for {
	my ($code, $seconds) = @_;
	my $end = now() + $seconds;
	until ($code->()) {
		return 0 if now() > $end;
		Time::HiRes::sleep(0.02);
	}
	return 1;
}

my %given;
sub free_port {
	for (1 .. 200) {
		my $port = 20000 + int rand 12000;
		next if $given{$port}++;
		socket my $s, PF_INET, SOCK_STREAM, 0 or fail("socket: $!");
		return $port if bind $s, pack_sockaddr_in($port, INADDR_LOOPBACK);
	}
	fail('no free port');
}

# -- processes --------------------------------------------------------------

# Starts a program in a group. What it says goes to log/GROUP.
sub start_process {
	my ($group, @cmd) = @_;
	mkdir "$cgroup/$group" if $cgroup && !$groups{$group};
	my $pid = fork // fail("fork: $!");
	if ($pid == 0) {
		@SIG{qw(INT TERM HUP)} = ('DEFAULT') x 3;
		write_file("$cgroup/$group/cgroup.procs", $$) if $cgroup;
		POSIX::setsid();
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$DIR/log/$group";
		open STDERR, '>&', \*STDOUT;
		exec { $cmd[0] } @cmd or POSIX::_exit(127);
	}
	# The child does it before exec, we before we look whether it is there.
	write_file("$cgroup/$group/cgroup.procs", $pid) if $cgroup;
	$alive{$pid} = 1;
	push @{$groups{$group}}, $pid;
	return $pid;
}

# To its end in a group, with a file as standard input; its exit status, and all that
# it printed goes nowhere.
sub run_in_group {
	my ($group, $input, @cmd) = @_;
	mkdir "$cgroup/$group" if $cgroup && !$groups{$group};
	$groups{$group} //= [];
	my $pid = fork // fail("fork: $!");
	if ($pid == 0) {
		write_file("$cgroup/$group/cgroup.procs", $$) if $cgroup;
		open STDIN, '<', $input or POSIX::_exit(126);
		open STDOUT, '>', '/dev/null';
		exec { $cmd[0] } @cmd or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	return $?;
}

# Tell of a daemon that left the process that started it.
sub adopt { my ($group, $pid) = @_; push @{$groups{$group}}, $pid }

# To its end; what it printed.
sub run_command {
	my ($seconds, @cmd) = @_;
	my $pid = open(my $fh, '-|') // fail("fork: $!");
	if ($pid == 0) {
		open STDERR, '>&', \*STDOUT;
		exec { $cmd[0] } @cmd or POSIX::_exit(127);
	}
	my $out = '';
	eval {
		local $SIG{ALRM} = sub { die "time\n" };
		alarm $seconds;
		local $/;
		$out = <$fh> // '';
		alarm 0;
		1;
	} or do {
		kill 'KILL', $pid;
		close $fh;
		fail("@cmd: takes longer than $seconds s");
	};
	close $fh or fail("@cmd: $out");
	return $out;
}

sub group_pids {
	my ($group) = @_;
	return split ' ', read_file("$cgroup/$group/cgroup.procs") // '' if $cgroup;
	my (%children, @found);
	for my $stat (glob '/proc/[0-9]*/stat') {
		my ($pid, $parent) = (read_file($stat) // '') =~ /\A(\d+) \(.*\) \S (\d+)/s or next;
		push @{$children{$parent}}, $pid;
	}
	my %seen;
	my @next = grep { -e "/proc/$_" } @{$groups{$group}};
	while (defined(my $pid = shift @next)) {
		next if $seen{$pid}++;
		push @found, $pid;
		push @next, @{$children{$pid} // []};
	}
	return @found;
}

sub cpu_ms {
	my $ms = 0;
	for my $group (@_) {
		if ($cgroup) {
			my ($us) = (read_file("$cgroup/$group/cpu.stat") // '') =~ /^usage_usec (\d+)/m
			    or fail("no CPU time of $group");
			$ms += $us / 1000;
			next;
		}
		for my $pid (group_pids($group)) {
			my ($rest) = (read_file("/proc/$pid/stat") // '') =~ /\) (.*)\z/s or next;
			my @f = split ' ', $rest;
			$ms += 1000 / POSIX::sysconf(POSIX::_SC_CLK_TCK()) * ($f[11] + $f[12] + $f[13] + $f[14]);
		}
	}
	return $ms;
}

# -- memory -----------------------------------------------------------------

sub freeze {
	my ($on, @groups) = @_;
	return unless $cgroup;
	write_file("$cgroup/$_/cgroup.freeze", $on) for @groups;
	return unless $on;
	for my $group (@groups) {
		wait_for(sub { (read_file("$cgroup/$group/cgroup.events") // '') =~ /^frozen 1/m }, 2);
	}
}

sub pss_kb {
	my ($sum, $n) = (0, 0);
	for my $pid (map { group_pids($_) } @_) {
		my $text = read_file("/proc/$pid/smaps_rollup") // next;
		$text =~ /^Pss:\s+(\d+)/m or next;
		$sum += $1;
		$n++;
	}
	return ($sum, $n);
}

# While a program runs: the highest PSS of the groups, in MB, and how many
# processes there were then. Further code is called at each look.
sub peak_of {
	my ($groups, $cmd, $look) = @_;
	my $pid = fork // fail("fork: $!");
	if ($pid == 0) {
		open STDOUT, '>', '/dev/null';
		exec { $cmd->[0] } @$cmd or POSIX::_exit(127);
	}
	my ($peak, $processes) = (0, 0);
	my $end = now() + 300;
	until (waitpid $pid, POSIX::WNOHANG()) {
		if (now() > $end) { kill 'KILL', $pid }
		if ($look) {
			$look->();
			Time::HiRes::sleep(0.003);
			next;
		}
		my $begun = now();
		freeze(1, @$groups);
		my ($kb, $n) = pss_kb(@$groups);
		freeze(0, @$groups);
		($peak, $processes) = ($kb, $n) if $kb > $peak;
		# Frozen for a third of the time at most.
		Time::HiRes::sleep(0.02 + 2 * (now() - $begun));
	}
	$? and fail("@$cmd fails");
	return ($peak / 1024, $processes);
}

# -- the end ----------------------------------------------------------------

# Only what is in our own groups is ended.
sub end_group {
	my ($group) = @_;
	return unless $groups{$group};
	kill 'TERM', grep { $alive{$_} } @{$groups{$group}};
	wait_for(sub { reap(); !group_pids($group) }, 15) or kill 'KILL', group_pids($group);
	wait_for(sub { reap(); !group_pids($group) }, 10);
	rmdir "$cgroup/$group" if $cgroup;
	delete $groups{$group};
}

sub reap {
	for my $pid (keys %alive) {
		delete $alive{$pid} if waitpid $pid, POSIX::WNOHANG();
	}
}

END {
	if ($$ == $owner && $DIR) {
		my $status = $?;
		alarm 0;
		freeze(0, keys %groups);
		eval { $_->() } for reverse @at_end;
		eval { end_group($_) } for keys %groups;
		rmdir $cgroup if $cgroup;
		if ($ENV{BENCH_KEEP}) { print STDERR "kept: $DIR\n" }
		else { File::Path::remove_tree($DIR, @to_remove) }
		$? = $status;
	}
}
$SIG{$_} = sub { print STDERR "bench: ended by a signal\n"; exit 130 } for qw(INT TERM HUP);

1;
