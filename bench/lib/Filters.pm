# SPDX-License-Identifier: GPL-2.0-or-later
package Filters;

# Filters.pm - starts the candidates, each as a private set of processes on
# loopback, as an unprivileged user, with the same signatures and the same sink.
#
# A candidate is a hash: name, target (port or socket path for loadgen), groups
# (World's, that its work is done in), delivers and keeps (does an infected
# message arrive at the sink, and as it was), args (for loadgen), send (what bench/send
# is to speak in its place).
# clamd serves five candidates, one at a time, so its group is in all of them;
# the same holds for one Postfix with a spawn(8) service per filter.

use v5.32;
use warnings;
use File::Copy ();
use IO::Socket::INET;
use IO::Socket::UNIX;
use World;

my $PEER = 'clamav';	# user of clamd, clamsmtp, amavisd-new and clamav-milter
my $USER = 'nobody';	# user of spawnscan and the relay

sub listens {
	my ($target) = @_;
	return IO::Socket::UNIX->new(Peer => $target) if $target =~ m{^/};
	return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $target, Timeout => 2);
}

sub await {
	my ($group, $target, $seconds) = @_;
	my $there;
	wait_for(sub { ($there = listens($target)) || !group_pids($group) }, $seconds);
	$there or fail("$group does not listen\n" . (read_file("$World::DIR/log/$group") // ''));
}

sub sink {
	my ($bin, @options) = @_;
	my $port = free_port();
	start_process('sink', "$bin/sink", @options, $port);
	await('sink', $port, 5);
	return $port;
}

# -- Postfix with spawn(8) --------------------------------------------------

# What the filters are started as: name => argv. Gives name => port.
sub postfix {
	my (%argv) = @_;
	my $dir = "$World::DIR/postfix";
	File::Path::make_path(map { "$dir/$_" } qw(etc queue data log));
	chown((getpwnam 'postfix')[2, 3], "$dir/data");
	my %port = map { $_ => free_port() } keys %argv;
	write_file("$dir/etc/main.cf", <<"END");
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
maillog_file = $dir/log/maillog
maillog_file_prefixes = $dir/log
myhostname = mx.example.com
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
END
	write_file("$dir/etc/master.cf", join '', "postlog unix-dgram n - n - 1 postlogd\n",
	    map { "127.0.0.1:$port{$_} inet n n n - 10 spawn\n    user=$USER argv=$argv{$_}\n" }
	    sort keys %argv);
	start_process('postfix', 'postfix', '-c', "$dir/etc", 'start');
	World::at_end(sub { run_command(30, 'postfix', '-c', "$dir/etc", 'stop') });
	await('postfix', $_, 20) for values %port;
	World::adopt('postfix', (read_file("$dir/queue/pid/master.pid") // '') =~ /(\d+)/);
	return %port;
}

# -- spawnscan --------------------------------------------------------------

# Binaries, configuration and directories where the filter's user can use them.
# $name tells two builds apart; $more: further lines of the section of the engine.
sub install {
	my ($build, $name, $more) = @_;
	$name //= 'spawnscan';
	my $dir = "$World::DIR/$name";
	File::Path::make_path("$dir/bin");
	for my $file (qw(spawnscan spawnscan-inspect spawnscan-quarantine bench/relay)) {
		my ($base) = $file =~ m{([^/]+)$};
		next if $file =~ m{/|quarantine} && !-e "$build/$file";
		File::Copy::copy("$build/$file", "$dir/bin/$base") or fail("$build/$file: $!");
		chmod 0755, "$dir/bin/$base";
	}
	own("$dir/$_", $USER, 0700) for qw(quarantine log run);
	# The engine opens it as root, and does not go on with one that its user can't write.
	chown((getpwnam $USER)[2, 3], write_file("$dir/log/log", '', 0600));
	my $scratch = scratch($name, $USER);
	write_file("$dir/spawnscan.conf", <<"END", 0644);
[scan]
scratch_dir = $scratch
[engine]
engine_socket = $dir/run/engine.sock
engine_user = $USER
${\($more // '')}
[limits]
message_size_limit = 256M
[quarantine]
quarantine_dir = $dir/quarantine
[log]
log = file:$dir/log/log
END
	return $dir;
}

# $group: 'engine' if nothing is said; the same for the next two.
sub engine {
	my ($dir, $database, $group) = @_;
	start_process($group // 'engine', "$dir/bin/spawnscan-inspect", '--engine', '--daemon',
	    '-c', "$dir/spawnscan.conf", '-o', "engine_pid_file=$dir/run/pid", '-d', $database);
}

sub await_engine {
	my ($dir, $group) = @_;
	$group //= 'engine';
	# It listens before it has loaded, and writes its process id afterwards: 25 s where nothing else runs.
	wait_for(sub { (read_file("$dir/run/pid") // '') =~ /\d/ }, 1200)
	    or fail("the engine does not come\n" . (read_file("$World::DIR/log/$group") // '')
		. (read_file("$dir/log/log") // ''));
	my ($pid) = read_file("$dir/run/pid") =~ /(\d+)/;
	World::adopt($group, $pid);
	return $pid;
}

sub end_engine {
	my ($dir, $group) = @_;
	my ($pid) = (read_file("$dir/run/pid") // '') =~ /(\d+)/;
	kill 'TERM', $pid if $pid;
	World::end_group($group // 'engine');
}

# -- the others -------------------------------------------------------------

# A directory for temporary files, for clamd and for spawnscan alike in the same
# place: a tmpfs, unless the environment names another.
sub scratch {
	my ($name, $user) = @_;
	my $scratch = ($ENV{BENCH_SCRATCH} || '/dev/shm') . "/spawnscan-bench-$name-$$";
	own($scratch, $user, 0700);
	World::remove_at_end($scratch);
	return $scratch;
}

# Debian's settings as far as they concern scanning; its cache is on unless more says otherwise.
sub clamd {
	my ($database, $more) = @_;
	my $dir = own("$World::DIR/clamd", $PEER);
	my $scratch = scratch('clamd', $PEER);
	write_file("$dir/conf", <<"END", 0644);
DatabaseDirectory $database
LocalSocket $dir/socket
LocalSocketMode 666
User $PEER
Foreground yes
TemporaryDirectory $scratch
ScanMail true
StreamMaxLength 300M
SelfCheck 0
ReadTimeout 180
CommandReadTimeout 30
MaxConnectionQueueLength 15
MaxThreads 12
${\($more // '')}
END
	start_process('clamd', 'clamd', '-c', "$dir/conf");
	return "$dir/socket";
}

sub clamsmtp {
	my ($sink, $clamd) = @_;
	my $dir = own("$World::DIR/clamsmtp", $PEER);
	my $port = free_port();
	write_file("$dir/conf", <<"END", 0644);
OutAddress: 127.0.0.1:$sink
Listen: 127.0.0.1:$port
ClamAddress: $clamd
TempDirectory: $dir
PidFile: $dir/pid
User: $PEER
END
	start_process('clamsmtp', 'clamsmtpd', '-f', "$dir/conf", '-d', '1');
	await('clamsmtp', $port, 10);
	return $port;
}

# Debian's defaults, and virus checks by clamd as the only checks.
sub amavis {
	my ($sink, $clamd) = @_;
	my $dir = own("$World::DIR/amavis", $PEER, 0750);
	own("$dir/$_", $PEER, 0750) for qw(tmp db virusmails);
	my $port = free_port();
	# amavisd takes no configuration from a directory of its own user.
	my $conf = write_file("$World::DIR/amavis.conf", <<"END", 0644);
use strict;
\$MYHOME = '$dir'; \$TEMPBASE = '$dir/tmp'; \$db_home = '$dir/db';
\$QUARANTINEDIR = '$dir/virusmails';
\$pid_file = '$dir/pid'; \$lock_file = '$dir/lock';
\$daemon_user = '$PEER'; \$daemon_group = '$PEER';
\$mydomain = 'example.com'; \$myhostname = 'mx.example.com';
\@local_domains_acl = ('.');
\$max_servers = 4;
\$inet_socket_bind = '127.0.0.1'; \$inet_socket_port = $port;
\@inet_acl = qw(127.0.0.1);
\$unix_socketname = undef;
\$forward_method = 'smtp:[127.0.0.1]:$sink'; \$notify_method = \$forward_method;
\$virus_admin = undef; \$mailfrom_notify_admin = undef;
\$DO_SYSLOG = 0; \$LOGFILE = '$dir/log'; \$log_level = 0;
\@bypass_spam_checks_maps = (1);
\@bypass_banned_checks_maps = (1);
\@bypass_header_checks_maps = (1);
\@av_scanners = (['clamd', \\&ask_daemon, ["CONTSCAN {}\\n", '$clamd'],
    qr/\\bOK\$/m, qr/\\bFOUND\$/m, qr/^.*?: (?!Infected Archive)(.*) FOUND\$/m]);
\@av_scanners_backup = ();
1;
END
	my @debian = grep { -e } map { "/etc/amavis/conf.d/$_" } qw(01-debian 20-debian_defaults);
	start_process('amavis', 'amavisd', (map { ('-c', $_) } @debian, $conf), 'foreground');
	await('amavis', $port, 40);
	return $port;
}

# Over the milter protocol, as Postfix would ask it; what is infected it refuses.
sub clamav_milter {
	my ($clamd) = @_;
	my $dir = own("$World::DIR/clamav-milter", $PEER);
	my $port = free_port();
	write_file("$dir/conf", <<"END", 0644);
MilterSocket inet:$port\@127.0.0.1
ClamdSocket unix:$clamd
User $PEER
Foreground true
TemporaryDirectory $dir
MaxFileSize 300M
OnInfected Reject
END
	start_process('clamav-milter', 'clamav-milter', '-c', "$dir/conf");
	await('clamav-milter', $port, 30);
	return $port;
}

# Its antivirus module alone, that gives clamd the whole message as the others do.
sub rspamd {
	my ($clamd) = @_;
	my $dir = own("$World::DIR/rspamd", '_rspamd');
	my $port = free_port();
	write_file("$dir/conf", <<"END", 0644);
options { filters = ""; url_tld = "/usr/share/rspamd/effective_tld_names.dat"; pidfile = "$dir/pid"; tempdir = "$dir"; max_message = 300M; }
logging { type = "file"; filename = "$dir/log"; level = "warning"; }
modules { path = "/usr/share/rspamd/plugins/antivirus.lua"; }
actions { reject = 15; }
worker "normal" { bind_socket = "127.0.0.1:$port"; count = 4; task_timeout = 180s; }
antivirus { clamav { type = "clamav"; servers = "$clamd"; symbol = "CLAM_VIRUS"; scan_mime_parts = false; max_size = 300000000; timeout = 180; action = "reject"; } }
END
	start_process('rspamd', 'rspamd', '-f', '-c', "$dir/conf", '-u', '_rspamd', '-g', '_rspamd');
	# It takes some time over its own configuration.
	await('rspamd', $port, 180);
	return $port;
}

1;
