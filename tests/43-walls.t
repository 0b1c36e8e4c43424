#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# In containers of all kinds: messages are delivered, with a warning for what the
# container takes from the sandbox, and -V tells which walls stand; with sandbox =
# require none is delivered where a wall is missing, and no engine begins.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;

my $clean = crlf(mail(id => 'clean'));
my $infected = crlf(mail(id => 'infected', parts => [attachment('eicar.txt', eicar())]));
my $front = "$BUILD/spawnscan";
my $inspect = "$BUILD/spawnscan-inspect";
my $no_files = 'Landlock is not available';
my $no_calls = 'seccomp is not available';

sub words { my (%c) = @_; return ($c{files} ? qr/Landlock ABI \d+/ : qr/no Landlock: files are not shut off/, $c{calls} ? qr/seccomp$/m : qr/no seccomp: system calls are not restricted$/m) }

# One kind of container: words in front of a command that put it there, and which
# walls stand in it. They are tried at the end, side by side.
my @cases;
sub container {
	my ($name, @how) = @_;
	push @cases, $name => sub { in_container($name, @how) };
}

sub in_container {
	my ($name, $in, %stands) = @_;
	my @in = @$in;
	my $all = $stands{files} && $stands{calls};
	my ($files, $calls) = words(%stands);
	my $warnings = !$stands{files} + !$stands{calls};

	# -V
	my $conf = conf_file();
	my $r = run(cmd => [@in, $inspect, '-V', '-c', $conf]);
	is($r->{code}, 0, "$name: -V") or diag("$r->{out}$r->{err}");
	like($r->{out}, qr/^sandbox resource limits, $files, $calls/m, "$name: -V tells which walls stand");
	my $require = conf_file(sandbox => 'require');
	$r = run(cmd => [@in, $inspect, '-V', '-c', $require]);
	is($r->{code}, $all ? 0 : 69, "$name: -V with sandbox = require");
	like($r->{out} . $r->{err}, qr/not available: [^\n]*\(sandbox = require\)/, "$name: and says why") unless $all;

	# One-shot, an inspector of its own.
	for (['clean', $clean], ['infected', $infected]) {
		my ($what, $mail) = @$_;
		$r = run(cmd => [@in, $front, '-c', conf_file(log => 'stderr')], in => lf($mail), timeout => 120);
		is($r->{code}, 0, "$name: $what") or diag($r->{err});
		like($r->{out}, qr/^X-Spawnscan-Result:\s+$what/m, "$name: and filtered");
		unlike($r->{out}, qr/@{[substr b64(eicar()), 0, 40]}/, "$name: nothing infected passes");
		for my $wall ($no_files, $no_calls) {
			is(scalar(() = $r->{err} =~ /\Q$wall\E/g), !$stands{$wall eq $no_files ? 'files' : 'calls'} ? 1 : 0, "$name: one warning, or none: $wall");
		}
		$r = run(cmd => [@in, $front, '-c', conf_file(log => 'stderr', sandbox => 'require')], in => lf($mail), timeout => 120);
		is($r->{code}, $all ? 0 : 75, "$name: $what, sandbox = require");
		next if $all;
		is($r->{out}, '', "$name: nothing is delivered");
		like($r->{err}, qr/not available: [^\n]*\(sandbox = require\)/, "$name: the log tells why");
	}
	return if $stands{no_engine};

	# A session of several messages, beside an engine that is in the container.
	my $dir = subdir(undef, 0755);
	my %engine = (engine => 'require', engine_socket => "$dir/socket", engine_pid_file => "$dir/pid", reload_check => '0');
	$conf = conf_file(%engine, log => "file:$dir/engine.log");
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(cmd => [@in, $inspect, '--engine', '-c', $conf], fds => [$null, $null, $null]);
	ok(wait_for(sub { (read_file("$dir/engine.log") // '') =~ /ready with/ }, 60), "$name: an engine") or diag(read_file("$dir/engine.log") // 'no log');
	my $d = Downstream->start;
	my $c = SmtpClient->filter(to => $d->address, conf => conf_file(%engine));
	$c->hello;
	like($c->deliver(mail => $_), qr/\A250 /, "$name: by the engine") for $clean, $infected, $clean;
	$c->quit;
	my $said = read_file("$dir/engine.log");
	is(scalar(() = $said =~ /sandbox of inspectors: resource limits, $files, $calls/mg), 1, "$name: the engine's log tells once which walls stand");
	stop_process($pid);
	$d->stop;
	return if $all;
	$conf = conf_file(%engine, log => "file:$dir/require.log", sandbox => 'require');
	$r = run(cmd => [@in, $inspect, '--engine', '-c', $conf], timeout => 60);
	isnt($r->{code}, 0, "$name: no engine with sandbox = require");
	like(read_file("$dir/require.log") // '', qr/not available: [^\n]*\(sandbox = require\)/, "$name: its log tells why");
	# An engine of other settings does not help.
	return;
}

# -- this machine ------------------------------------------------------------------------

my ($here) = run(cmd => [$inspect, '-V', '-c', conf_file()])->{out} =~ /^sandbox (.*)$/m;
my %here = (files => $here =~ /Landlock ABI/ ? 1 : 0, calls => $here =~ /no seccomp/ ? 0 : 1);
diag("here: $here");
container('no container', [], %here);

# -- system call filters ---------------------------------------------------------------------

# What Docker and Podman keep from an ordinary container is EPERM; what their filters
# do not know yet was so too, and became ENOSYS later.
my @kept = qw(keyctl add_key request_key bpf perf_event_open userfaultfd mount umount2 pivot_root setns unshare kexec_load
    init_module finit_module delete_module reboot swapon swapoff acct lookup_dcookie nfsservctl open_by_handle_at
    iopl ioperm quotactl personality io_uring_setup io_uring_enter io_uring_register);
my @landlock = (444, 445, 446);
my @new = (@landlock, qw(faccessat2 openat2 close_range clone3 pidfd_open pidfd_getfd epoll_pwait2 rseq statx));
# Where others get to it as well.
my $filter = subdir(undef, 0755) . '/under_seccomp';
run(cmd => ['cp', "$BUILD/tests/under_seccomp", $filter])->{code} and BAIL_OUT($filter);
container('a filter like that of Docker', [$filter, 'EPERM', @kept, '--', $filter, 'ENOSYS', 'clone3', '--'], %here);
container('a filter that knows no new calls', [$filter, 'EPERM', @kept, @landlock, qw(close_range openat2 faccessat2), '--', $filter, 'ENOSYS', 'clone3', 'statx', '--'], %here, files => 0);
container('a filter without Landlock', [$filter, 'EPERM', @landlock, '--'], %here, files => 0);
container('an old kernel', [$filter, 'ENOSYS', @new, '--'], %here, files => 0);
container('no seccomp for us', [$filter, 'EPERM', 'seccomp', 'prctl:22', '--'], %here, calls => 0);
# A unit's filter without @privileged, which capset is of: who has no capabilities
# need not drop any, and the units here allow it.
SKIP: {
	loud_skip('needs root to become somebody else', 1) if $>;
	my @as = qw(setpriv --reuid=nobody --regid=nogroup --clear-groups --bounding-set=-all --inh-caps=-all);
	loud_skip("$BUILD cannot be reached by nobody", 1) if run(cmd => [@as, 'test', '-x', $filter])->{code};
	my $conf = conf_file(log => 'stderr');
	my $r = run(cmd => [@as, $filter, 'EPERM', 'capset', '--', $inspect, '-V', '-c', $conf]);
	is($r->{code}, 0, 'without capabilities and capset: it works') or diag($r->{out}, $r->{err});
}
for my $unit (grep { read_file($_) =~ /^SystemCallFilter=~\@privileged/m } glob "$SRC/contrib/*.service") {
	like(read_file($unit), qr/^SystemCallFilter=~\@privileged.*\n(?:#.*\n)*(?:SystemCallFilter=.*\n)*?SystemCallFilter=[^~\n]*\bcapset\b/m, "$unit allows capset");
}
container('no way in by prctl', [$filter, 'EPERM', 'prctl:22', '--'], %here, calls => 0);
container('a kernel without seccomp', [$filter, 'ENOSYS', 'seccomp', '--'], %here, calls => 0);
container('neither of them', [$filter, 'EPERM', @landlock, 'seccomp', 'prctl:22', '--'], files => 0, calls => 0);

# -- real containers ------------------------------------------------------------------------------

# What can be run here; the programs and the files of this test are bound into it.
sub works { my ($what, @in) = @_; my $r = run(cmd => [@in, $inspect, '--help'], timeout => 60); return 1 if $r->{code} == 0; diag("$what: $r->{err}"); return 0 }
my @unshare = ('unshare', '--user', '--map-root-user', '--mount', '--pid', '--net', '--ipc', '--uts', '--fork', '--kill-child', '--mount-proc');
my @nspawn = ('systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--pipe', '--volatile=yes', '--directory=/', "--bind=$BUILD", "--bind=$SRC", '--bind=' . tmpdir());
# (It does not go with control groups of two versions at a time.)
my @podman = ('unshare', '--mount', 'sh', '-c', 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"', 'podman', 'podman', 'run', '--rm', '-i',
    '--network=none', '--cgroups=disabled', '--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024', "--volume=$BUILD:$BUILD", '--volume=' . tmpdir() . ':' . tmpdir(), '--rootfs', '/:O');
for (['unshare', \@unshare], ['systemd-nspawn', \@nspawn], ['podman', \@podman]) {
	my ($what, $in) = @$_;
	SKIP: {
		loud_skip("$what is not installed", 1) if system("command -v $what >/dev/null 2>&1");
		loud_skip("$what needs root", 1) if $> && $what ne 'unshare';
		loud_skip("$what cannot be run here", 1) unless works($what, @$in);
		my ($there) = run(cmd => [@$in, $inspect, '-V', '-c', conf_file()])->{out} =~ /^sandbox (.*)$/m;
		diag("$what: $there");
		ok(defined $there, "$what: -V tells which walls stand") or next;
		container($what, $in, files => $there =~ /Landlock ABI/ ? 1 : 0, calls => $there =~ /no seccomp/ ? 0 : 1);
	}
}

together(@cases);
done_testing;
