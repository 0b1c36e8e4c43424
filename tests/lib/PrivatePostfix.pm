# SPDX-License-Identifier: GPL-2.0-or-later
package PrivatePostfix;

# PrivatePostfix.pm - a real Postfix of our own on loopback: own configuration,
# queue and data directories, high ports, own log file. The filter's entries
# are those of a section of master.cf.example, with only ports and paths (and,
# where asked, the user) replaced. Everything that comes out goes to a server of
# Downstream.
#
#	my $p = PrivatePostfix->start(sink => $downstream->port);
#	my $c = $p->client;

use v5.32;
use warnings;
use Harness;
use MailMaker;
use SmtpClient;
use File::Copy ();
use File::Path ();
use POSIX ();

my @running;

# The rest of a master.cf: what is needed to receive, queue and send by SMTP.
my $MASTER = <<'END';
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 1 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
END

# Options: sink (port of the final delivery), section (of master.cf.example, A
# by default; '' for a Postfix without a filter), conf (spawnscan's settings),
# user (of the filter; default nobody), main (further main.cf lines, which win),
# edit (code that changes the text of master.cf in $_), enter (words that run a
# command elsewhere, as in another network), no_wait (for what isn't to listen).
my $instances = 0;
sub start {
	my ($class, %a) = @_;
	my $dir = $a{dir} // subdir('postfix' . ($instances++ || ''), 0755);
	my $self = bless { section => 'A', %a, dir => $dir, user => $a{user} // 'nobody',
	    log => "$dir/log/maillog", port => free_port(), filter_port => free_port(),
	    back_port => free_port() }, $class;
	File::Path::make_path("$dir/$_") for qw(etc queue data log bin);
	chown +(getpwnam 'postfix')[2, 3], "$dir/data" or die "chown: $!";
	$self->install_filter;
	$self->write_config;
	$self->command('start') or die "postfix start failed\n" . $self->maillog;
	push @running, $self;
	return $self if $a{no_wait};
	my @ports = $self->{section} eq '' ? 'port'
	    : $self->{section} eq 'C' ? qw(port back_port) : qw(port filter_port back_port);
	wait_for(sub { @ports == grep { $self->listens($self->{$_}) } @ports }, 60)
	    or die "postfix does not listen\n" . $self->maillog;
	return $self;
}

# The binaries where the filter's user can reach them, as "make install" puts
# them, with a configuration, quarantine and log of that user.
sub install_filter {
	my ($self) = @_;
	my $dir = $self->{dir};
	for my $name (qw(spawnscan spawnscan-quarantine spawnscan-check spawnscan-inspect)) {
		File::Copy::copy("$BUILD/$name", "$dir/bin/$name") or die "$name: $!";
		chmod 0755, "$dir/bin/$name";
	}
	my ($uid, $gid) = (getpwnam $self->{user})[2, 3] or die "no user $self->{user}";
	for my $name (qw(quarantine scratch filter-log)) {
		mkdir "$dir/$name";
		chown $uid, $gid, "$dir/$name" or die "$name: $!";
	}
	$self->{quarantine} = "$dir/quarantine";
	$self->{filter_log} = "$dir/filter-log/log";
	$self->{conf} = conf_file(scratch_dir => "$dir/scratch", quarantine_dir => "$dir/quarantine",
	    log => "file:$self->{filter_log}", %{$self->{conf} // {}});
}

# A section of master.cf.example as it stands there.
sub section {
	my ($letter) = @_;
	my $text = read_file("$SRC/master.cf.example") // die 'no master.cf.example';
	$text =~ /^(# === \Q$letter\E\. .*?)(?=^# === |\z)/ms or die "no section $letter";
	return $1;
}

# The services of our section, comments and all.
sub example {
	my ($self) = @_;
	return '' if $self->{section} eq '';
	my $text = section($self->{section});
	# Where a section says that the way back is that of A.
	$text .= $1 if $self->{section} eq 'C' && section('A') =~ /^(# 3\. .*)\z/ms;
	$text =~ s/\b1002[57]\b/$self->{filter_port}/g;
	$text =~ s/\b1002[68]\b/$self->{back_port}/g;
	$text =~ s/^smtp(?= +inet )/127.0.0.1:$self->{port}/m;
	# The configuration isn't in its usual place, so its path is told.
	$text =~ s{argv=/usr/local/sbin/spawnscan }{argv=$self->{dir}/bin/spawnscan -c $self->{conf} } or die 'no argv';
	$text =~ s/\buser=spawnscan\b/user=$self->{user}/g;
	return $text;
}

# The lines for main.cf of our section: the first of each name.
sub example_main {
	my ($self) = @_;
	my ($head) = $self->example =~ /\A(.*?)^[^#\n]/ms;
	my %seen;
	return join '', map { "$_\n" } grep { /^(\w+)/ && !$seen{$1}++ }
	    ($head // '') =~ /^#\s+((?:content_filter|receive_override_options) = .*)$/mg;
}

sub write_config {
	my ($self) = @_;
	my $dir = $self->{dir};
	my $main = <<END . $self->example_main;
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
maillog_file = $self->{log}
maillog_file_prefixes = $dir/log
myhostname = mx.example.com
mydomain = example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
disable_dns_lookups = yes
biff = no
append_dot_mydomain = no
message_size_limit = 104857600
mailbox_size_limit = 0
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
default_transport = smtp:[127.0.0.1]:$self->{sink}
END
	for my $line (@{$self->{main} // []}) {
		my ($name) = $line =~ /\A(\w+)/;
		$main =~ s/^\Q$name\E = .*\n//m;
		$main .= "$line\n";
	}
	write_file("$dir/etc/main.cf", $main);
	local $_ = $self->example;
	$_ = ($self->{section} eq 'B' ? '' : "127.0.0.1:$self->{port} inet n - n - - smtpd\n") . $MASTER . $_;
	$self->{edit}->($self) if $self->{edit};
	write_file("$dir/etc/master.cf", $_);
}

# Have code change $_, the text of master.cf, and reload.
sub change_master {
	my ($self, $code) = @_;
	my $path = "$self->{dir}/etc/master.cf";
	local $_ = read_file($path);
	$code->();
	write_file($path, $_);
	return $self->reload;
}

sub command {
	my ($self, @words) = @_;
	my $r = run(cmd => [@{$self->{enter} // []}, 'postfix', '-c', "$self->{dir}/etc", @words], timeout => 60);
	main::diag("postfix @words: $r->{out}$r->{err}") if ($r->{code} // 1) && main->can('diag');
	return !$r->{timed_out} && defined $r->{code} && $r->{code} == 0;
}

sub listens {
	my ($self, $port) = @_;
	my $want = sprintf '(?:0100007F|00000000):%04X', $port;
	return (read_file('/proc/net/tcp') // '') =~ /^\s*\d+: $want \S+ 0A /m;
}

# Read the configuration again. Over when no process is left that has the old
# one, unless it is at work: an idle smtpd would still take a connection.
sub reload {
	my ($self) = @_;
	my %old = map { $_ => 1 } $self->servers;
	my $before = () = $self->maillog =~ /: reload -- version /g;
	$self->command('reload') or return 0;
	wait_for(sub { (() = $self->maillog =~ /: reload -- version /g) > $before }, 30) or return 0;
	wait_for(sub { !grep { $old{$_} } $self->servers }, 10);
	return 1;
}

# Process ids of our smtpd, smtp, lmtp, spawn and scache processes.
sub servers {
	my ($self) = @_;
	my $master = $self->master_pid // return ();
	my @found;
	for my $stat (glob '/proc/[0-9]*/stat') {
		my ($pid, $name, $parent) = (read_file($stat) // '') =~ /\A(\d+) \((.*)\) \S (\d+) / or next;
		push @found, $pid if $parent == $master && $name =~ /\A(?:smtpd|smtp|lmtp|spawn|scache)\z/;
	}
	return @found;
}

sub master_pid {
	my ($self) = @_;
	return (read_file("$self->{dir}/queue/pid/master.pid") // '') =~ /(\d+)/ ? $1 : undef;
}

# A client that was greeted. A Postfix that is just starting or reloading may
# refuse or drop a connection; so would any client come back.
sub client {
	my ($self, %a) = @_;
	return wait_for(sub {
		my $c = eval { SmtpClient->connect($a{host} // '127.0.0.1', $a{port} // $self->{port}) } // return undef;
		my $banner = $c->reply // return undef;
		return undef unless $banner =~ /\A220 /;
		my $ehlo = $c->cmd('EHLO client.example') // return undef;
		return $ehlo =~ /\A250/ ? $c : undef;
	}, 60) // die "no greeting from Postfix\n" . $self->maillog;
}

# Process ids of the filters at work.
sub filters {
	my ($self) = @_;
	return grep { (readlink("/proc/$_/exe") // '') eq "$self->{dir}/bin/spawnscan" } map { m{(\d+)\z} } glob '/proc/[0-9]*';
}

# An inspector that waits before its work until it may go on: what the next
# messages meet. One that comes to the gate leaves a file there.
sub gate {
	my ($self) = @_;
	my $gate = "$self->{dir}/filter-log/gate" . ++$self->{n_gates};
	my $script = write_file("$self->{dir}/bin/gated$self->{n_gates}", <<"END", 0755);
#!/bin/sh
: > $gate.at.\$\$
while [ -e $gate.at.\$\$ ] && [ ! -e $gate.open ]; do sleep 0.02; done
exec $self->{dir}/bin/spawnscan-inspect "\$@"
END
	$self->settings(inspector => $script);
	return $gate;
}
sub at_gate { my ($self, $gate, $n) = @_; return wait_for(sub { my @at = glob "$gate.at.*"; @at >= ($n // 1) }, 60) }
sub open_gate { my ($self, $gate) = @_; write_file("$gate.open", ''); $self->settings }

# Settings of spawnscan from the next process on; those of the start without any.
sub settings {
	my ($self, %set) = @_;
	$self->{first_conf} //= read_file($self->{conf});
	my $text = $self->{first_conf};
	for my $key (sort keys %set) {
		my $section = $SECTION{$key} // die "no key $key";
		$text =~ s/^\Q$key\E = .*\n//m;
		$text =~ s/^\[\Q$section\E\]\n/$&$key = $set{$key}\n/m or $text .= "\n[$section]\n$key = $set{$key}\n";
	}
	write_file("$self->{conf}.new", $text, 0644);
	rename "$self->{conf}.new", $self->{conf} or die "rename: $!";
}

# The mail as it was: the part of it behind the two Received fields of the
# first and the second smtpd, between which the marks stand.
sub unmarked {
	my ($self, $out) = @_;
	return $out unless $out =~ /\A((?:Received: [^\n]*\n(?:[ \t][^\n]*\n)*)?)(.*)\z/s;
	my ($second, $rest) = ($1, $2);
	my ($mail, $antivirus, $result) = split_marks($rest);
	return (undef) unless defined $mail;
	$mail =~ s/\AReceived: [^\n]*\n(?:[ \t][^\n]*\n)*// or return (undef);
	return ($mail, $result);
}

# Stop listening for the filtered mail, as when the second smtpd is down.
sub shut_back { my ($self) = @_; return $self->back(0) }
sub open_back { my ($self) = @_; return $self->back(1) }
sub back {
	my ($self, $on) = @_;
	my $path = "$self->{dir}/etc/master.cf";
	my $text = read_file($path);
	my $service = "127.0.0.1:$self->{back_port}";
	if ($on) { $text =~ s/^#off\t//mg }
	else { $text =~ s/^(?=\Q$service\E\s)(.*\n(?:(?:[ \t#].*)?\n)*)/$1 =~ s{^}{#off\t}mgr/me }
	write_file($path, $text);
	$self->reload or return 0;
	return wait_for(sub { !$on == !$self->listens($self->{back_port}) }, 20);
}

sub flush { my ($self) = @_; return run(cmd => ['postqueue', '-c', "$self->{dir}/etc", '-f']) }

# Messages in the queue.
sub queued {
	my ($self) = @_;
	my $r = run(cmd => ['postqueue', '-c', "$self->{dir}/etc", '-j']);
	return split /\n/, $r->{out};
}

sub empty_queue { my ($self, $secs) = @_; return wait_for(sub { !$self->queued }, $secs // 30) }
sub maillog { my ($self) = @_; return read_file($self->{log}) // '' }
sub filter_log_text { my ($self) = @_; return read_file($self->{filter_log}) // '' }

sub stop {
	my ($self) = @_;
	return if $self->{stopped}++;
	my $pid = $self->master_pid;
	# "stop" is the same, and then waits by the second.
	run(cmd => ['postfix', '-c', "$self->{dir}/etc", 'abort'], timeout => 30);
	wait_for(sub { !kill 0, $pid }, 15) if $pid;
	if ($pid && kill 0, $pid) { kill 'KILL', -getpgrp($pid) }
}

my $owner = $$;
END {
	if ($$ == $owner) {
		my $status = $?;
		$_->stop for @running;
		$? = $status;
	}
}

1;
