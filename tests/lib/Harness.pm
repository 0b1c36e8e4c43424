# SPDX-License-Identifier: GPL-2.0-or-later
package Harness;

# Harness.pm - what every test script needs: the binaries, a private directory,
# a signature of EICAR, running a program with deadlines, waiting on conditions.
#
# Environment:
#   SPAWNSCAN_BUILD   where the two binaries are (default: build/plain of the tree)
#   SPAWNSCAN_WRAP    words put in front of spawnscan, e.g. "valgrind -q ..."
#   SPAWNSCAN_SLOW    factor on every deadline (default 3, 5 with a sanitizer, 10 with a wrapper)
#   SPAWNSCAN_SAMPLE  of the files of others take every Nth only
#   SPAWNSCAN_CELLS   of a matrix of faults take every Nth cell only
#   SPAWNSCAN_KEEP    if set, private directories stay
#
# Nothing here sleeps for luck: everything waits for a condition with a
# deadline, and a deadline that passes is a failure with a sentence.

use v5.32;
use warnings;
use Exporter 'import';
use Carp ();
use Config ();
use Cwd ();
use Errno ();
use Fcntl qw(:DEFAULT);
use File::Basename ();
use File::Path ();
use File::Spec ();
use File::Temp ();
use IO::Handle;
use IO::Select;
use POSIX ();
use Socket;
use Test::More;
use Time::HiRes ();

our @EXPORT = qw(
    $SRC $BUILD secs now wait_for tmpdir subdir tree_files read_file write_file lines_of
    eicar eicar_signature marker marker_signature signature_dir conf_file spawnscan_cmd spawnscan run
    start_process stop_process reap session_members scratch_left
    free_port have_ipv6 loud_skip same_bytes log_records last_record
    %SECTION sampled sampled_cells sanitized by_engine together
);

our $SRC = Cwd::abs_path(File::Spec->catdir(File::Basename::dirname(__FILE__), '..', '..'));
our $BUILD = Cwd::abs_path($ENV{SPAWNSCAN_BUILD} // "$SRC/build/plain") // '/nonexistent';
my @wrap = split ' ', $ENV{SPAWNSCAN_WRAP} // '';
my $slow = $ENV{SPAWNSCAN_SLOW};

my $owner = $$;
my ($tmp, $n_sub, %alive, @skipped);
my $scratch = 'scratch';

# Programs that put files of their own into the way must not change a test.
delete @ENV{qw(MAIL_CONFIG TZ LANG LC_ALL PERL5LIB)};
$ENV{PATH} = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
$SIG{PIPE} = 'IGNORE';

for my $binary (qw(spawnscan spawnscan-quarantine spawnscan-inspect)) {
	-x "$BUILD/$binary" or BAIL_OUT("$BUILD/$binary is not there: run make first");
}
$BUILD = come_out();

# Files of others, of which there are many, for a test that starts a process or
# two for each: every Nth, another Nth for each script. SPAWNSCAN_SAMPLE is N; with
# the sanitizers, which make that slow, it is 4. "make check-all" runs all of them
# without.
sub sampled {
	my @files = @_;
	my $n = sanitized() ? 4 : $ENV{SPAWNSCAN_SAMPLE} || 1;
	return @files if $n < 2;
	my $first = unpack('%32C*', File::Basename::basename($0)) % $n;
	my @some = @files[grep { $_ % $n == $first } 0 .. $#files];
	diag('a sample: ' . @some . ' of ' . @files . ' files of others');
	return @some;
}

# The same for a matrix of faults, where each cell is a session: SPAWNSCAN_CELLS is N,
# and "make quick" sets it.
sub sampled_cells {
	my @cells = @_;
	my $n = $ENV{SPAWNSCAN_CELLS} || 1;
	return @cells if $n < 2;
	my @some = @cells[grep { $_ % $n == $n >> 1 } 0 .. $#cells];
	diag('a sample: ' . @some . ' of ' . @cells . ' cells');
	return @some;
}

# True if the build has a sanitizer in it, which wants address space without end.
sub sanitized {
	state $is = (read_file("$BUILD/spawnscan-inspect") // "") =~ /__asan_init/;
	return $is;
}

# Who has called sudo is told in logs and metadata; here nobody has.
delete @ENV{grep { /^SUDO_/ } keys %ENV};

# -- time -----------------------------------------------------------------

# A test says what a quiet machine needs, with room. Others are slow and busy, and a
# deadline that does not pass costs nothing.
sub secs {
	state $factor = $slow // (@wrap ? 10 : sanitized() ? 5 : 3);
	return $_[0] * $factor;
}
sub now { Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC()) }

# Waits until the code gives something true and returns that; undef when the
# deadline has passed.
sub wait_for {
	my ($code, $seconds) = @_;
	my $end = now() + secs($seconds // 20);
	my $pause = 0.001;
	for (;;) {
		my $got = $code->();
		return $got if $got;
		return undef if now() > $end;
		rest(\$pause);
	}
}

# Some time until looking again, and longer each time: many scripts that look every few
# milliseconds keep each other from what they wait for. A child's end ends it.
sub rest {
	my ($pause) = @_;
	local $SIG{CHLD} = sub { };
	Time::HiRes::sleep($$pause);
	$$pause *= 1.3 if $$pause < 0.04;
}

# -- files ----------------------------------------------------------------

# The script's private directory, gone at its end. Others may pass through it:
# a filter under Postfix isn't root.
sub tmpdir {
	unless ($tmp) {
		$tmp = File::Temp::tempdir('spawnscan-test-XXXXXX', TMPDIR => 1);
		chmod 0755, $tmp;
	}
	return $tmp;
}

# Programs that another user is to run must be where he can get to. In a home
# of mode 0700 they are not: then we work with copies.
sub come_out {
	my $path = $BUILD;
	my @above = map { $path =~ s{/[^/]*\z}{} && length $path ? $path : () } 1 .. ($path =~ tr{/}{});
	return $BUILD if $> != 0 || !grep { !((stat $_)[2] & 01) } @above;
	my $out = subdir('build', 0755);
	symlink $_, $out . '/' . s{.*/}{}r for grep { !m{/spawnscan(?:-inspect)?\z} } glob "$BUILD/*";
	system('cp', '-p', "$BUILD/spawnscan", "$BUILD/spawnscan-inspect", $out) == 0 or die 'cannot copy the programs';
	return $out;
}

sub subdir {
	my ($name, $mode) = @_;
	# A child that a script has forked makes directories of its own.
	my $dir = tmpdir() . '/' . ($name // ($$ == $owner ? 'd' : "d$$.") . ++$n_sub);
	File::Path::make_path($dir);
	chmod $mode, $dir if defined $mode;
	return $dir;
}

# The files of the sources, by their paths in the tree: those that git knows or,
# where there is no git, all but what was built.
sub tree_files {
	my @files = split /\0/, (-e "$SRC/.git" && (grep { -x "$_/git" } split /:/, $ENV{PATH})
	    ? run(cmd => ['git', '-c', "safe.directory=$SRC", '-C', $SRC, 'ls-files', '-z'])->{out} : '');
	@files = map { s{\A\./}{}r } split /\0/, run(cmd => ['find', '.', '-name', 'build', '-prune', '-o', '!', '-type', 'd', '-print0'], cwd => $SRC)->{out} unless @files;
	return @files;
}

sub read_file {
	my ($path) = @_;
	open my $fh, '<:raw', $path or return undef;
	local $/;
	return scalar(<$fh>) // '';
}

sub write_file {
	my ($path, $bytes, $mode) = @_;
	open my $fh, '>:raw', $path or Carp::croak("$path: $!");
	print $fh $bytes;
	close $fh or Carp::croak("$path: $!");
	chmod $mode, $path if defined $mode;
	return $path;
}

sub lines_of { my $t = read_file($_[0]) // ''; return split /\n/, $t }

# -- EICAR ----------------------------------------------------------------

# The harmless test file of the antivirus trade, kept backwards so that no
# scanner takes this tree for infected.
sub eicar {
	return scalar reverse
	    '*H+H$!ELIF-TSET-' . 'SURIVITNA-DRADNATS-' . 'RACIE$}7)CC7)^P(45XZP\\4[PA@%P!O5X';
}

sub eicar_signature { 'Eicar-Test-Signature:0:*:' . unpack('H*', eicar()) . "\n" }

# What is hidden, encoded or packed in tests: harmless, and matched by no
# signature but the tests' own.
sub marker { 'A-HARMLESS-MARKER-OF-A-MAIL-FILTERS-OWN-TESTS-NOTHING-MORE-$H+H*-END' }
sub marker_signature { 'Harmless-Test-Marker:0:*:' . unpack('H*', marker()) . "\n" }

# A directory with the signatures of these two; libclamav adds ".UNOFFICIAL" to the name.
sub signature_dir {
	my $dir = tmpdir() . '/signatures';
	unless (-d $dir) {
		mkdir $dir or Carp::croak("$dir: $!");
		write_file("$dir/tests.ndb", eicar_signature() . marker_signature());
	}
	return $dir;
}

# -- configuration --------------------------------------------------------

# Every key of the configuration and its section, as the program tells them.
our %SECTION = do {
	my ($section, %of);
	for (split /\n/, run(cmd => ["$BUILD/spawnscan", '-c', '/dev/null', '--print-config'])->{out}) {
		if (/^\[(\w+)\]$/) { $section = $1 }
		elsif (/^(\w+) =/) { $of{$1} = $section }
	}
	%of;
};

# A configuration file of this script: private signatures, quarantine and
# scratch directory, log to a file; what is given on top wins.
sub conf_file {
	my (%set) = @_;
	my $dir = subdir(undef, 0755);
	my %all = (
		database => signature_dir(),
		sanitized() ? (memory_limit => 0) : (),
		@wrap || ($slow // 1) > 1 || sanitized() ? (inspect_cpu => 0) : (), # counted where it means something (86-budget.t)
		$SECTION{engine} ? (engine => 'off') : (),
		scratch_dir => subdir($scratch, 01777),
		quarantine_dir => "$dir/quarantine",
		log => "file:$dir/log",
		%set,
	);
	my %by;
	for my $key (sort keys %all) {
		my $section = $SECTION{$key} // Carp::croak("no key $key");
		push @{$by{$section}}, "$key = $all{$key}\n" if defined $all{$key};
	}
	my $text = join "\n", map { "[$_]\n" . join('', @{$by{$_}}) } sort keys %by;
	return write_file("$dir/spawnscan.conf", $text, 0644);
}

# Settings with which the front has its inspections from an engine that this script
# keeps, one for each database. For scripts on what is found in messages: an inspection
# is a fork then, a third of what an inspector of its own costs, and says the same
# (45-engine.t).
my %engines;
sub by_engine {
	my ($database) = @_;
	$database //= signature_dir();
	$engines{$database} //= do {
		my $dir = subdir(undef, 0755);
		my $conf = conf_file(database => $database, engine_socket => "$dir/socket", engine_pid_file => "$dir/pid",
		    reload_check => 0, log => "file:$dir/log");
		open my $null, '+<', '/dev/null' or die "/dev/null: $!";
		# It ends with all its memory in use.
		start_process(cmd => ["$BUILD/spawnscan-inspect", '--engine', '-c', $conf], fds => [$null, $null, $null],
		    env => { ASAN_OPTIONS => join ':', $ENV{ASAN_OPTIONS} // (), 'detect_leaks=0' });
		wait_for(sub { (read_file("$dir/log") // '') =~ /ready with/ }, 60)
		    or Carp::croak('the engine does not start: ' . (read_file("$dir/log") // 'no log'));
		"$dir/socket";
	};
	return (engine => 'require', engine_socket => $engines{$database});
}

# -- processes ------------------------------------------------------------

sub spawnscan_cmd { return (@wrap, "$BUILD/spawnscan", @_) }

# fork and exec in a session of its own. fds: the child's 0, 1, 2. Returns the
# process id, which is the session's as well.
sub start_process {
	my (%a) = @_;
	my $pid = fork // Carp::croak("fork: $!");
	if ($pid == 0) {
		POSIX::setsid();
		my @fd = map { ref $_ ? fileno($_) : $_ } @{$a{fds}};
		# Out of the way first, so that no dup2 destroys a source. All
		# others close by themselves, as Perl's descriptors do on exec.
		POSIX::dup2($fd[$_], 300 + $_) // die "dup2: $!" for 0 .. 2;
		POSIX::dup2(300 + $_, $_) // die "dup2: $!" for 0 .. 2;
		POSIX::close(300 + $_) for 0 .. 2;
		chdir $a{cwd} if defined $a{cwd};
		%ENV = (%ENV, %{$a{env}}) if $a{env};
		%ENV = %{$a{only_env}} if $a{only_env};
		if (defined $a{umask}) { umask $a{umask} }
		no warnings 'exec';
		exec { $a{cmd}[0] } @{$a{cmd}};
		POSIX::_exit(127);
	}
	$alive{$pid} = 1;
	return $pid;
}

# A forked child that goes on with tests has nothing to do with what was
# started before. It ends with stop_all and POSIX::_exit.
sub become_child { %alive = () }
sub stop_all { stop_process($_) for keys %alive }

# Have stop_process and the end of the script look after a forked child.
sub adopt { $alive{$_[0]} = 1 }

# Waits for the process's end: wait status, or undef when the deadline passed.
sub reap {
	my ($pid, $seconds) = @_;
	my $status;
	wait_for(sub {
		my $r = waitpid $pid, POSIX::WNOHANG();
		$status = $r == $pid ? $? : -1 if $r;
		return $r;
	}, $seconds);
	delete $alive{$pid} if defined $status;
	return $status;
}

# Ends a process that this script started, and its session's children.
sub stop_process {
	my ($pid) = @_;
	return unless $alive{$pid};
	kill 'TERM', $pid;
	my $status = reap($pid, 5);
	unless (defined $status) {
		kill 'KILL', $pid;
		$status = reap($pid, 5);
	}
	kill 'KILL', session_members($pid);
	return $status;
}

# Processes of the session that pid leads or led, zombies apart. (Each stop_process asks
# for them, so this is quick: the kernel is asked for the session of each, where we know
# how, and one file is read of those that are in it.)
sub session_members {
	my ($sid) = @_;
	state $getsid = number_of_getsid();
	my @found;
	opendir my $proc, '/proc' or die "/proc: $!";
	for my $pid (grep { /\A\d+\z/ } readdir $proc) {
		next if $getsid && syscall($getsid, $pid + 0) != $sid;
		my ($session, $state) = session_of($pid) or next;
		push @found, $pid if $session == $sid && $state ne 'Z' && $state ne 'X';
	}
	return @found;
}

sub session_of {
	my ($pid) = @_;
	open my $fh, '<:unix', "/proc/$pid/stat" or return;
	sysread $fh, my $text, 512 or return;
	my ($state, undef, undef, $session) = split ' ', substr $text, rindex($text, ')') + 2, 64;
	return ($session, $state);
}

# Perl has no getsid(2); undef where its number is not known, or is not right.
sub number_of_getsid {
	my $number = $Config::Config{archname} =~ /\Ax86_64-linux-gnu(?!x32)/ ? 124
	    : $Config::Config{archname} =~ /\Aaarch64-linux/ ? 156 : return undef;
	return syscall($number, $$ + 0) == (session_of($$))[0] ? $number : undef;
}

# Independent cases side by side, so that what they wait for overlaps:
#
#	together('a name' => sub { ... tests ... }, ...);
#
# Each case has a process of its own, and a scratch directory. It is one subtest, and
# what it says is told in the order of the cases. A case that dies has failed.
my $n_together = 0;
sub together {
	my (@cases) = @_;
	my $dir = subdir('together.' . ++$n_together);
	signature_dir();	# which they share
	my (%running, @ended);
	my $next = my $told = 0;
	my $pause = 0.001;
	while ($told * 2 < @cases) {
		if ($next * 2 < @cases && keys %running < 4) {
			my ($name, $code) = @cases[2 * $next, 2 * $next + 1];
			my $pid = fork // die "fork: $!";
			one_of_many("$dir/$next", $next, $name, $code) if $pid == 0;
			adopt($pid);
			$running{$pid} = $next++;
		} else {
			my @gone = grep { defined reap($_, 0) } keys %running;
			$ended[delete $running{$_}] = 1 for @gone;
			@gone ? ($pause = 0.001) : rest(\$pause);
		}
		for (; $ended[$told]; $told++) { told_of("$dir/$told", $cases[2 * $told]) }
	}
}

sub one_of_many {
	my ($at, $n, $name, $code) = @_;
	become_child();
	$scratch = "scratch.$n_together.$n";
	@skipped = ();
	$SIG{TERM} = sub { stop_all(); POSIX::_exit(1) };
	open my $out, '>', "$at.said" or POSIX::_exit(1);
	$out->autoflush(1);
	my $builder = Test::More->builder;
	$builder->$_($out) for qw(output failure_output todo_output);
	my $ended = eval { subtest $name => $code; 1 } or print $out "# $@";
	stop_all();
	write_file("$at.skipped", join '', map { "$_\n" } @skipped) if $ended;
	POSIX::_exit(0);
}

sub told_of {
	my ($at, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 2;
	my $said = read_file("$at.said") // '';
	my $result = $said =~ s/^((?:not )?ok) .*\n//m ? $1 : 'none';
	print { Test::More->builder->output } $said;
	push @skipped, lines_of("$at.skipped");
	ok($result eq 'ok' && -e "$at.skipped", $name) or diag($said);
}

# Run a program to its end. cmd, in (bytes for a stdin that is a pipe), env,
# cwd, timeout. Gives code, signal, out, err, sid, ms; timed_out if it was
# killed for that.
sub run {
	my (%a) = @_;
	pipe my $in_r, my $in_w or die;
	pipe my $out_r, my $out_w or die;
	pipe my $err_r, my $err_w or die;
	my $begin = now();
	my $pid = start_process(%a, fds => [$in_r, $out_w, $err_w]);
	close $_ for $in_r, $out_w, $err_w;
	$_->blocking(0) for $in_w, $out_r, $err_r;

	my ($in, %got) = ($a{in} // '', $out_r => '', $err_r => '');
	my $readers = IO::Select->new($out_r, $err_r);
	my $writers = IO::Select->new;
	my $offset = 0;
	if (length $in) { $writers->add($in_w) } else { close $in_w }
	my $end = now() + secs($a{timeout} // 60);
	my $timed_out;
	while ($readers->count) {
		my $left = $end - now();
		if ($left <= 0) { $timed_out = 1; last }
		my ($r, $w) = IO::Select->select($readers, $writers, undef, $left);
		for my $fh (@{$w // []}) {
			my $n = syswrite $fh, $in, 65536, $offset;
			next if !defined $n && $!{EAGAIN};
			$offset += $n // 0;
			if (!defined $n || $offset == length $in) {
				$writers->remove($fh);
				close $fh;
			}
		}
		for my $fh (@{$r // []}) {
			my $n = sysread $fh, $got{$fh}, 65536, length $got{$fh};
			$readers->remove($fh) if defined $n && $n == 0 || !defined $n && !$!{EAGAIN};
		}
	}
	kill 'KILL', $pid, session_members($pid) if $timed_out;
	my $status = reap($pid, 30);
	unless (defined $status) {
		$timed_out = 1;
		kill 'KILL', $pid, session_members($pid);
		$status = reap($pid, 30) // -1;
	}
	diag("deadline passed: @{$a{cmd}}") if $timed_out && !$a{may_time_out};
	return {
		code => $status & 127 ? undef : $status >> 8, signal => $status & 127,
		out => $got{$out_r}, err => $got{$err_r}, sid => $pid,
		timed_out => $timed_out, ms => 1000 * (now() - $begin),
	};
}

# Run spawnscan one-shot: in, args, conf (a file of conf_file, or hash for it,
# or undef for none), env.
sub spawnscan {
	my (%a) = @_;
	my $conf = exists $a{conf} ? $a{conf} : {};
	$conf = conf_file(%$conf) if ref $conf;
	my @args = (defined $conf ? ('-c', $conf) : (), @{$a{args} // []});
	my $r = run(%a, cmd => [spawnscan_cmd(@args)]);
	$r->{conf} = $conf;
	if (defined $conf) {
		my $dir = File::Basename::dirname($conf);
		$r->{log} = read_file("$dir/log") // '';
		$r->{quarantine} = "$dir/quarantine";
	}
	return $r;
}

# What an inspection left behind in the scratch directory of this process.
sub scratch_left {
	opendir my $dh, tmpdir() . "/$scratch" or return ();
	return grep { !/\A\.\.?\z/ } readdir $dh;
}

# -- the log --------------------------------------------------------------

# The key=value records of a log file or text: a list of hashes; '' => the line.
sub log_records {
	my ($text) = @_;
	my @records;
	for my $line (split /\n/, $text) {
		my %r = ('' => $line);
		while ($line =~ /(?:\A|\s)([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g) {
			$r{$1} = $2 // $3;
		}
		push @records, \%r if keys %r > 1;
	}
	return @records;
}

# The last record of a message: one that tells a verdict.
sub last_record {
	my @r = grep { exists $_->{verdict} } log_records($_[0]);
	return @r ? $r[-1] : {};
}

# -- network --------------------------------------------------------------

# A port that is free now, below the range that the kernel gives to clients.
my (@ports, @port_marks, $ports_of);
sub free_port {
	for (1 .. 200) {
		take_ports() if !@ports || $ports_of != $$;
		my $port = shift @ports;
		socket my $s, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
		setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
		return $port if bind $s, pack_sockaddr_in($port, INADDR_LOOPBACK);
	}
	die 'no free port';
}

# Twenty ports for this process alone, as long as it lives: a port that another script
# listens on now and then looks free to us in between. What marks them as taken is a
# name of Linux's abstract sockets.
sub take_ports {
	for (1 .. 2000) {
		my $block = int rand 600;
		socket my $mark, PF_UNIX, SOCK_DGRAM, 0 or die "socket: $!";
		bind $mark, pack_sockaddr_un("\0spawnscan-test-ports-$block") or next;
		push @port_marks, $mark;
		@ports = map { 20000 + 20 * $block + $_ } 0 .. 19;
		$ports_of = $$;
		return;
	}
	die 'no free ports';
}

sub have_ipv6 {
	socket my $s, PF_INET6, SOCK_STREAM, 0 or return 0;
	return bind $s, pack_sockaddr_in6(0, Socket::IN6ADDR_LOOPBACK);
}

# -- results --------------------------------------------------------------

# A skip nobody overlooks: said at once, and again at the script's end. To be
# called in a block labelled SKIP.
sub loud_skip {
	my ($why, $n) = @_;
	push @skipped, $why;
	diag("SKIPPED: $why");
	skip $why, $n // 1;
}

# is() for long byte strings: says where they differ instead of printing them.
sub same_bytes {
	my ($got, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return pass($name) if defined $got && $got eq $expected;
	fail($name);
	return diag('    nothing at all') unless defined $got;
	my $same = ("$got" ^. "$expected") =~ /\A(\0*)/ ? length $1 : 0;
	my $from = $same > 40 ? $same - 40 : 0;
	diag(sprintf "    differ at byte %d (lengths %d, expected %d)", $same, length $got, length $expected);
	diag('    got      ...' . printable(substr $got, $from, 160));
	diag('    expected ...' . printable(substr $expected, $from, 160));
	return 0;
}

sub printable {
	my ($t) = @_;
	$t =~ s/([^ -~])/$1 eq "\n" ? '\n' : $1 eq "\r" ? '\r' : sprintf '\x%02x', ord $1/ge;
	return $t;
}

END {
	if ($$ == $owner) {
		my $status = $?;
		stop_process($_) for keys %alive;
		diag("SKIPPED in this script: $_") for @skipped;
		File::Path::remove_tree($tmp) if $tmp && !$ENV{SPAWNSCAN_KEEP};
		diag("kept: $tmp") if $tmp && $ENV{SPAWNSCAN_KEEP};
		$? = $status;
	}
}
$SIG{$_} = sub { exit 130 } for qw(INT TERM HUP);

1;
