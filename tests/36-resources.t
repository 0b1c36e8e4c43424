#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The matrix of faults, resources: a disk that is full, no descriptors, no
# memory, no processes, files that may not grow. The client is told to come
# again, the server gets nothing, no half of anything is in quarantine, the log
# says what was missing, and once it is there again the same session goes on.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use File::Spec;

# File systems of our own, which are gone when we are.
our $no_mounts;
BEGIN {
	if ($>) { $no_mounts = 'mounting needs root' }
	elsif (!$ENV{SPAWNSCAN_OWN_MOUNTS}) {
		if (system('unshare --mount true 2>/dev/null') == 0) {
			$ENV{SPAWNSCAN_OWN_MOUNTS} = 1;
			exec 'unshare', '--mount', $^X, File::Spec->rel2abs($0);
		}
		$no_mounts = 'no mount namespace can be made here';
	}
}
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use Cells;

my @text = part('Content-Type: text/plain', ".\ntext\n");
my $infected = infected_mail('infected');
my $long = infected_mail('long', 500_000);
my $packed = crlf(mail(id => 'packed', parts => [@text, attachment('a.zip', zip_of(['eicar.txt', eicar()]))]));
my $clean = crlf(mail(id => 'clean'));

# -- what is made scarce -----------------------------------------------------------

my @mounted;
sub mount {
	my ($where, $options) = @_;
	mkdir $where;
	my $r = run(cmd => ['mount', '-t', 'tmpfs', '-o', "mode=0700,$options", 'tmpfs', $where]);
	$r->{code} == 0 or die "mount: $r->{err}";
	push @mounted, $where;
}
sub remount { my ($where, $options) = @_; my $r = run(cmd => ['mount', '-o', "remount,$options", $where]); $r->{code} == 0 or die "mount: $r->{err}" }
sub unmount { run(cmd => ['umount', '--lazy', $_]) for splice @mounted }

# All room but that of some pages. What a file system counts in is its own.
my $PAGE = 4096;
sub fill {
	my ($where, $but) = @_;
	open my $fh, '>', "$where/filler" or die "$where/filler: $!";
	1 while syswrite $fh, 'x' x $PAGE;
	truncate $fh, (-s $fh) - $but * $PAGE if $but;
	close $fh;
}
sub unfill { unlink "$_[0]/filler" or die "$_[0]/filler: $!" }

# What it was started with counts as without limit.
my %limits = (nofile => 'Max open files', nproc => 'Max processes', fsize => 'Max file size', as => 'Max address space');
sub limit {
	my ($c, $what, $value, @as) = @_;
	($value) = (read_file("/proc/$c->{pid}/limits") // '') =~ /^$limits{$what} +\S+ +(\S+)/m unless defined $value;
	my $r = run(cmd => [@as, 'prlimit', '--pid', $c->{pid}, "--$what=$value:"]);
	$r->{code} == 0 or die "prlimit: $r->{err}";
}

# The address space of a process now, in bytes.
sub address_space { my ($c) = @_; return 1024 * ((read_file("/proc/$c->{pid}/status") // '') =~ /^VmSize:\s+(\d+)/m)[0] }

# -- one cell ------------------------------------------------------------------------

# The first message comes when something is scarce, the next when it is not any
# more. start: makes the place; scarce, enough: what changes in it; mail; conf.
sub cell {
	my ($cell) = @_;
	my $d = Downstream->start(on => $cell->{on} // {});
	my $conf = cell_conf(%{$cell->{conf} // {}});
	my ($dir) = $conf =~ m{\A(.*)/};
	my $x = { quarantine => "$dir/quarantine", scratch => (read_file($conf) =~ /^scratch_dir = (.*)$/m)[0], dir => $dir, d => $d };
	$cell->{start}->($x) if $cell->{start};
	my $c = $x->{c} = SmtpClient->filter(to => $d->address, conf => $conf, before => $cell->{before});
	my (%o, @fds);
	$c->hello;
	push @fds, descriptors($c->{pid});
	my $send = sub {
		my ($mail, $when) = @_;
		for ('MAIL FROM:<alice@example.org>', 'RCPT TO:<bob@example.net>', undef, 'DATA') {
			if (!defined) { $when->() if $when; next }
			my $r = $c->cmd($_, 120) // return;
			return $r if $r =~ /\A[45]/;
		}
		$c->send(SmtpClient::stuffed($mail), 120);
		$cell->{meanwhile}->($x) if $when && $cell->{meanwhile};
		return $c->reply(120);
	};
	$o{told_first} = $send->($cell->{mail} // $infected, sub { $cell->{scarce}->($x) if $cell->{scarce} });
	$o{log_first} = $c->log;
	$cell->{enough}->($x) if $cell->{enough};
	$o{told_next} = $send->($cell->{mail} // $infected);
	push @fds, descriptors($c->{pid}) if $o{told_next};
	$c->cmd('QUIT');
	$c->at_end;
	my $o = observe($c, $d, %o, @fds == 2 ? (fds => \@fds) : ());
	unmount();
	return $o;
}

my $done = qr/\A250 [^\n]*queued/;

sub check {
	my ($cell, $o) = @_;
	return fail("the cell ran: $o->{broken}") if $o->{broken};
	my $told = $o->{told_first} // '(nothing)';
	# May be either where a limit is tried at each height.
	my $passed = $cell->{passes} // ($cell->{may_pass} && $told =~ $done);
	my $discard = ($cell->{conf}{infected} // '') eq 'discard';
	my $reject = ($cell->{conf}{infected} // '') eq 'reject';
	like($told, $passed ? $done : qr/\A45[12] 4\.3\.[01] /, 'what the client is told');
	my $next = $discard ? qr/\A250 2\.0\.0 Ok: discarded/ : $reject ? qr/\A550 5\.7\.1 / : $done;
	like($o->{told_next} // '', $next, 'and of the next message');
	is($o->{code}, 0, 'exit code');
	my @m = @{$o->{messages}};
	is(scalar @m, ($passed ? 1 : 0) + ($discard || $reject ? 0 : 1), 'messages at the server');
	unlike($_->{data}, qr/EICAR|@{[substr b64(eicar()), 0, 40]}/, 'none with the infected part') for @m;
	is(scalar @{$o->{kept}}, $cell->{clean} ? 0 : 1 + ($passed ? 1 : 0), 'in quarantine');
	same_bytes($_->{data}, $cell->{mail} // $infected, 'the original') for @{$o->{kept}};
	my @records = grep { $_->{outcome} } log_records($o->{log});
	unless ($cell->{no_log}) {
		is($records[0]{outcome}, $passed ? 'delivered' : 'deferred', 'log: outcome');
		like($o->{log_first}, $cell->{log}, 'log: what was missing') if !$passed || $cell->{passes} && $cell->{log};
	}
	invariants($o, told => scalar(grep { ($_ // '') =~ /\A250/ } @$o{qw(told_first told_next)}), discarded => $discard ? 1 : 0, original => $infected);
	return $passed;
}

# -- disks ------------------------------------------------------------------------------

my (@cells, @disks);

my $no_space = qr/quarantine-failed reason="quarantine [^\n]*: No space left on device"/;
# full($name, pages): the quarantine has room for so many.
sub full {
	my ($name, $but, %a) = @_;
	return { name => "quarantine: $name", start => sub { mount($_[0]{quarantine}, 'size=4m') }, scarce => sub { fill($_[0]{quarantine}, $but) },
	    enough => sub { unfill($_[0]{quarantine}) }, log => $no_space, %a };
}
push @disks, full('full', 0), full('room for the message, not for its metadata', 1),
    full('room for a part of the message', 20, mail => $long),
    full('full, to be discarded', 0, conf => { infected => 'discard' }),
    full('full, to be refused', 0, conf => { infected => 'reject' }),
    full('full, of no concern to a clean mail', 0, mail => $clean, clean => 1, passes => 1, log => undef),
    full('full, all are to be kept', 0, mail => $clean, conf => { quarantine => 'all' });
# Of folder, message, metadata, and a second name of either, each is too much once.
for my $free (0 .. 4, 20) {
	push @disks, { name => "quarantine: $free inodes", start => sub { mount($_[0]{quarantine}, 'size=4m,nr_inodes=' . (1 + $free)) },
	    enough => sub { remount($_[0]{quarantine}, 'nr_inodes=1000') }, log => qr/quarantine-failed [^\n]*: No space left on device"/,
	    $free == 20 ? (passes => 1, log => undef) : () };
}
push @disks, { name => 'quarantine: read-only', start => sub { mount($_[0]{quarantine}, 'size=4m') },
    scarce => sub { remount($_[0]{quarantine}, 'ro') }, enough => sub { remount($_[0]{quarantine}, 'rw') },
    log => qr/quarantine-failed [^\n]*: Read-only file system"/ };
push @disks, { name => 'quarantine: read-only since the original is there', start => sub { mount($_[0]{quarantine}, 'size=4m') },
    on => { DOT => sub { my ($s) = @_; $s->{held}++ or $s->gate('held'); return undef } },
    meanwhile => sub { my ($x) = @_; $x->{d}->at_gate('held') or die "nobody came\n"; remount($x->{quarantine}, 'ro'); $x->{d}->open_gate('held') },
    enough => sub { remount($_[0]{quarantine}, 'rw') }, passes => 1, log => qr/quarantine-incomplete [^\n]*Read-only file system/ };

push @disks, { name => 'scratch: no inodes', start => sub { mount($_[0]{scratch}, 'size=4m,nr_inodes=1') },
    enough => sub { remount($_[0]{scratch}, 'nr_inodes=1000') },
    log => qr/inspection-failed reason="cannot create a private directory in \S+: No space left on device"/ };
for my $free (0 .. 3) {
	push @disks, { name => "scratch: full but for $free pages", mail => $packed, start => sub { mount($_[0]{scratch}, 'size=4m') },
	    scarce => sub { fill($_[0]{scratch}, $free); rename "$_[0]{scratch}/filler", "$_[0]{dir}/x" },
	    enough => sub { unfill($_[0]{scratch}) }, log => qr/No space left|temporary/, may_pass => 1 };
}
push @disks, { name => 'log: full', conf => {}, start => sub { my ($x) = @_; mount("$x->{dir}/logs", 'size=64k'); symlink "$x->{dir}/logs/log", "$x->{dir}/log"; write_file("$x->{dir}/logs/log", ''); },
    scarce => sub { fill("$_[0]{dir}/logs", 0) }, passes => 1, no_log => 1 };

# -- limits -------------------------------------------------------------------------------

# Descriptors beyond those that are open: the spool, a socket pair, an inspector's own.
my @counted = $> ? () : (-2 .. 6, 20);
SKIP: { loud_skip('only root can count the descriptors of a front, which is not dumpable', 1) if $> }
for my $more (@counted) {
	push @cells, { name => "descriptors: as many as are open and $more", scarce => sub { my ($x) = @_; limit($x->{c}, 'nofile', descriptors($x->{c}{pid}) + $more) },
	    enough => sub { limit($_[0]{c}, 'nofile', undef) }, log => qr/Too many open files|the inspector could not be started/,
	    $more <= 0 ? () : $more == 20 ? (passes => 1, log => undef) : (may_pass => 1) };
}
# Files that may not grow: the message itself, or a log that is as long already.
push @cells, { name => 'file size: less than the message', mail => $long, scarce => sub { limit($_[0]{c}, 'fsize', 100_000) },
    enough => sub { limit($_[0]{c}, 'fsize', undef) }, log => qr/spool: File too large/ };
# The copy in quarantine alone: there is room enough for its metadata.
my $held = subdir();
push @cells, { name => 'file size: less than the message that is here already', mail => $long, conf => { inspector => held_inspector($held) },
    meanwhile => sub { wait_for(sub { -e "$held/at.inspect" }, 60) or die "no inspector\n"; limit($_[0]{c}, 'fsize', 100_000); write_file("$held/gate.inspect", '') },
    enough => sub { limit($_[0]{c}, 'fsize', undef) }, log => qr/quarantine-failed [^\n]*: File too large"/ };
push @cells, { name => 'file size: nothing', scarce => sub { limit($_[0]{c}, 'fsize', 0) },
    enough => sub { limit($_[0]{c}, 'fsize', undef) }, no_log => 1 };
push @cells, { name => 'file size: less than the log', start => sub { write_file("$_[0]{dir}/log", "x\n" x 100_000) },
    scarce => sub { limit($_[0]{c}, 'fsize', 100_000) }, enough => sub { limit($_[0]{c}, 'fsize', undef) }, passes => 1, no_log => 1 };

# Memory beyond what is mapped. The inspector has the same limit.
my @memory;
for my $more (0, 64, 1024, 16384) {
	push @memory, { name => "memory: as much as is mapped and $more KB", mail => $long, scarce => sub { my ($x) = @_; limit($x->{c}, 'as', address_space($x->{c}) + $more * 1024) },
	    enough => sub { limit($_[0]{c}, 'as', undef) }, log => qr/Cannot allocate memory|could not be started|the inspector (?:ended|was killed)/ };
}

# Processes: nothing keeps root from having more.
my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
my @nobody = ('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups');
my @processes = ({ name => 'processes: none', before => \@nobody, start => sub { chown $uid, $gid, $_[0]{dir} },
    scarce => sub { limit($_[0]{c}, 'nproc', 0, @nobody) }, enough => sub { limit($_[0]{c}, 'nproc', undef, @nobody) },
    log => qr/inspection-failed reason="the inspector could not be started: Resource temporarily unavailable"/ });

SKIP: {
	loud_skip("$BUILD cannot be reached by nobody, or we can't become that", scalar @processes)
	    unless run(cmd => [@nobody, 'test', '-x', "$BUILD/spawnscan-inspect"])->{code} == 0;
	push @cells, @processes;
}
SKIP: {
	loud_skip("full disks: $no_mounts", scalar @disks) if $no_mounts;
	push @cells, @disks;
}
SKIP: {
	loud_skip('little memory: the sanitizers want address space without end', scalar @memory) if Harness::sanitized();
	push @cells, @memory;
}

@cells = sampled_cells(@cells);
my @seen = run_cells(8, map { my $cell = $_; sub { cell($cell) } } @cells);
for my $cell (@cells) {
	my $o = shift @seen;
	subtest $cell->{name} => sub { check($cell, $o) } or diag(Harness::printable($o->{log} // ''));
}

done_testing;
