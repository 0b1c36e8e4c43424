#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Torture: each allocation and each system call of a program fails once, in turn,
# and whatever comes of it no mail may be lost or pass unscanned.
#
# For each scenario: a plain run says what the result is; a run with torture.so
# (tests/torture.c) counts the calls and writes them down; then one run for each
# call and each way in which it can fail (tests/torture_calls.h).
#
# By default one call per place in the program and way to fail, and of these a
# sample that is the same each time. Environment:
#   TORTURE=all            every call (make torture)
#   TORTURE_JOBS=N         N runs at a time (default 1)
#   TORTURE_ONLY=REGEX     of the scenarios
#   TORTURE_AT=S:N:H       only call N of stream S in way H, and tell about it
#   TORTURE_SAMPLE=N       runs per scenario, instead of its default

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use File::Path ();
use POSIX ();
use Socket;

my $library = "$BUILD/tests/torture.so";
if (Harness::sanitized()) {
	diag('SKIPPED: the sanitizers have an allocator of their own');
	plan skip_all => 'SKIPPED: the sanitizers have an allocator of their own';
}
BAIL_OUT("$library is not there: run make tests first") unless -e $library;

my $all = ($ENV{TORTURE} // '') eq 'all';
my $jobs = $ENV{TORTURE_JOBS} // 1;
my ($stream_only, $number_only, $how_only) = split /:/, $ENV{TORTURE_AT} // '';

# -- what the library and we have in common ---------------------------------------

my (@call_names, @call_ways);
for (lines_of("$SRC/tests/torture_calls.h")) {
	next unless /\ACALL\((\w+), (.*)\)\z/;
	push @call_names, $1;
	push @call_ways, [split /, /, $2];
}
my ($STREAMS, $CALLS_MAX, $HEAD) = (8, 1 << 17, 8 * 4 + 8 * 4);

sub torture_file {
	my ($path, %a) = @_;
	write_file($path, pack 'L8 x' . 4 * $STREAMS, 0x746f7274, $a{record} ? 1 : 0,
	    $a{stream} // 0, $a{number} // 0, $a{how} // 0, 0, 0, 0);
	truncate $path, $HEAD + $STREAMS * $CALLS_MAX * 8 or die "$path: $!";
	return $path;
}

# What a run left in it: fired, count by stream, calls by stream (if recorded).
sub torture_result {
	my ($path, $stream, $number) = @_;
	open my $fh, '<:raw', $path or die "$path: $!";
	my $head;
	read $fh, $head, $HEAD;
	my %r = (fired => (unpack 'L8', $head)[5], count => [unpack 'x32 L8', $head]);
	my $calls = sub {
		my ($s, $from, $n) = @_;
		seek $fh, $HEAD + 8 * ($s * $CALLS_MAX + $from), 0;
		my $bytes;
		read $fh, $bytes, 8 * $n;
		return unpack '(LL)*', $bytes;
	};
	if (defined $stream) {
		@r{qw(call caller)} = $calls->($stream, $number - 1, 1);
	} else {
		for my $s (0 .. $STREAMS - 1) {
			die "more calls than tests/torture.c can write down" if $r{count}[$s] > $CALLS_MAX;
			$r{calls}[$s] = [$calls->($s, 0, $r{count}[$s])];
		}
	}
	return \%r;
}

sub torture_env {
	my ($program, $file, $dir) = @_;
	return (LD_PRELOAD => $library, TORTURE_PROGRAM => $program, TORTURE_FILE => $file,
	    TORTURE_SYSLOG => "$dir/syslog");
}

# "call 12 of stream 0: write from message_append (message.c:47)"
sub name_call {
	my ($program, $stream, $number, $call, $caller, $way) = @_;
	my $where = 'a library';
	if ($caller) {
		my $r = run(cmd => ['addr2line', '-f', '-s', '-e', "$BUILD/$program", sprintf '0x%x', $caller - 1]);
		$where = join ' ', split /\n/, $r->{out};
	}
	my $who = $stream > 1 ? "a child of $program" : $program;
	return "$who, call $number of stream $stream: $call_names[$call - 1] from $where, $way";
}

# -- what is sent -------------------------------------------------------------------

my $text = part('Content-Type: text/plain; charset=us-ascii', "Dear Bob,\n.\nthis is it.\n");
my $clean = mail(id => 'clean', parts => [$text, attachment('a.bin', noise(3000))]);
my $infected = mail(id => 'infected', parts => [$text,
    attachment('a.bin', eicar()), attachment('run.exe', WINDOWS_EXECUTABLE),
    attachment('z.zip', zip_of(['b.txt', eicar()])), rfc822(mail(boundary => 'inner', parts => [
    attachment('c.bin', eicar())]))]);
# What no reader may get, in any of the encodings that it has above.
my @payloads = (eicar(), substr(b64(eicar()), 0, 60), substr(b64(zip_of(['b.txt', eicar()])), 0, 60));

sub payload_in { my ($bytes) = @_; return grep { index($bytes, $_) >= 0 } @payloads }

# What differs from run to run.
sub normal {
	my ($bytes) = @_;
	$bytes =~ s{\b\d{4}/\d{9,}\.\d+(?:\.\d+)?}{REFERENCE}g;
	$bytes =~ s/=_spawnscan_\w+/BOUNDARY/g;
	$bytes =~ s/^Message-ID: <\d+\.\w+@[^>]*>/Message-ID: <ID>/mg;
	# Why it was wrapped: what failed, or how far an inspector came that ends at once.
	$bytes =~ s/^(X-Spawnscan-Result: error action=wrap part=0 reason=)"[^"]+"/$1REASON/mg;
	$bytes =~ s/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [-+]\d{4}/DATE/g;
	return $bytes;
}

# Log lines without what differs from run to run.
sub log_lines {
	my ($log) = @_;
	my @lines;
	for my $line (split /\n/, normal($log)) {
		$line =~ s/\A\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ [\w-]+\[\d+\]: //;
		$line =~ s/\Aspawnscan(?:-inspect)?: //;
		$line =~ s/ \w+_ms=\d+//g;
		$line =~ s/\b(?:inspector|pid) \d+/inspector N/g;
		push @lines, $line;
	}
	return @lines;
}

# -- one run -------------------------------------------------------------------------

my ($worker, $n_run) = (0, 0);
my %settings = (engine => 'off', map { $_ => 40 } qw(inspect_timeout connect_timeout command_timeout data_timeout
    reply_timeout send_timeout final_timeout));

# The place of a run: its directory, and a configuration in it.
sub place {
	my (%set) = @_;
	# Of the same length each time, since the file is read byte by byte.
	my $name = sprintf 'run.%02d.%06d', $worker, ++$n_run;
	my $dir = subdir($name, 0755);
	my $scratch = subdir("$name/scratch", 0700);
	my $conf = conf_file(%settings, scratch_dir => $scratch, quarantine_dir => "$dir/quarantine",
	    log => "file:$dir/log", %set);
	return { dir => $dir, scratch => $scratch, conf => $conf };
}

# In the place of sendmail(1) and qmail-queue(8): keeps what it gets if that is
# whole, as both do.
my $STANDIN = <<'END';
#!/usr/bin/perl
my $mail = do { local $/; <STDIN> };
if ($0 =~ /qmail/) {
	open my $e, '<&=', 1 or exit 54;
	my $envelope = do { local $/; <$e> };
	exit 91 unless $envelope =~ /\AF[^\0]*\0(?:T[^\0]*\0){2}\0\z/;
}
open my $out, '>', "$0.part" or exit 53;
print $out $mail;
close $out or exit 53;
rename "$0.part", "$0.mail" or exit 53;
exit 0;
END

sub end_place {
	my ($p) = @_;
	return if $ENV{SPAWNSCAN_KEEP};
	File::Path::remove_tree($p->{dir}, $p->{conf} =~ m{\A(.*)/});
}

sub names_in { my ($dir) = @_; opendir my $d, $dir or return (); return grep { !/\A\.\.?\z/ } readdir $d }
sub files_below { my ($dir) = @_; return map { my $day = $_; map { "$day/$_" } names_in("$dir/$day") } names_in($dir) }

# Everything that was logged in a run, wherever to.
sub all_log { my ($p, $err) = @_; return join '', $err // '', map { read_file("$p->{dir}/$_") // '' } qw(log syslog) }

sub describe_end { my ($r) = @_; return $r->{signal} ? "signal $r->{signal}" : $r->{code} // 'none' }

# Mail in, result out. Gives end (exit code or signal), out, failed, complaints.
sub one_shot {
	my ($p, $s, $env) = @_;
	my @cmd = spawnscan_cmd('-c', $p->{conf}, @{$s->{args} // []});
	my $next = $s->{next} ? write_file("$p->{dir}/$s->{next}", $STANDIN, 0755) : '';
	push @cmd, '-o', "sendmail_path=$next", '--sendmail', '-f', 'alice@example.org', '--', 'bob@example.net' if $next =~ /sendmail/;
	if ($next =~ /qmail/) {
		my $envelope = write_file("$p->{dir}/envelope", "Falice\@example.org\0Tbob\@example.net\0Tcarol\@example.net\0\0");
		@cmd = ('/bin/sh', '-c', 'exec "$@" 1<"$0"', $envelope, @cmd, '--qmail-queue', $next);
	}
	my $r = run(cmd => \@cmd, in => $s->{mail}, env => $env, timeout => 150, may_time_out => 1);
	$r->{out} = read_file("$next.mail") // '' if $next;
	return { end => describe_end($r), timed_out => $r->{timed_out}, sid => $r->{sid}, out => normal($r->{out}),
	    raw => $r->{out}, log => all_log($p, $r->{err}), failed => ($r->{code} // -1) != 0 };
}

# How a one-shot run may end; $call is the name of the call that failed.
sub judge_one_shot {
	my ($s, $r, $call) = @_;
	my @c;
	if ($r->{end} eq '0') {
		push @c, 'exit 0 with other output' if $r->{out} ne $s->{expected}{out} && !($s->{tells} && $r->{out} =~ $s->{tells});
		push @c, judge_kept($s, $r, $call);
	} elsif (!grep { $_ eq $r->{end} } @{$s->{codes} // [75]}) {
		push @c, "ended with $r->{end}";
	}
	push @c, 'failed, and yet there is output' if $r->{failed} && length $r->{raw}
	    && !(grep { $_ eq $call } qw(write dup close));
	push @c, 'the payload is in the output' if !$s->{shows} && payload_in($r->{raw});
	return @c;
}

# One message to two recipients: the replies to it, one for each recipient with
# LMTP, or the first reply that ended it before. undef for one that did not come.
sub exchange {
	my ($c, $m, $lmtp) = @_;
	my $r = $c->cmd('MAIL FROM:<alice@example.org>', 60);
	return $r unless ($r // '') =~ /\A2/;
	my @to = map { $c->cmd("RCPT TO:<$_\@example.net>", 60) } qw(bob carol);
	return $to[-1] if grep { !defined } @to;
	my $accepted = grep { /\A2/ } @to or return $to[-1];
	$r = $c->cmd('DATA', 60);
	return $r unless ($r // '') =~ /\A3/;
	$c->send(SmtpClient::stuffed(crlf($m)), 60) or return undef;
	return map { $c->reply(120) } 1 .. ($lmtp ? $accepted : 1);
}

# A client, two messages, a downstream that records; "lmtp" may have "in" and "out".
sub session {
	my ($p, $s, $env) = @_;
	my ($in, $out) = map { ($s->{lmtp} // '') =~ /$_/ } qw(in out);
	my $d = Downstream->start(linger => 120, lmtp => $out);
	my $c = SmtpClient->filter(via => $s->{via} // 'socket', to => $d->address, conf => $p->{conf}, env => $env,
	    args => $s->{args});
	my (%told, $lost);
	my $hello = $c->hello($in ? 'LHLO' : 'EHLO') // '';
	if ($hello =~ /\A2/ && ($c->cmd('XFORWARD NAME=client.example ADDR=192.0.2.1 HELO=client.example') // '') =~ /\A[25]/) {
		for my $m (@{$s->{mails}}) {
			my ($id) = header_of($m, 'Message-ID');
			my @replies = exchange($c, $m, $in);
			$told{$id} = [grep { defined } @replies];
			$lost = !defined $replies[-1] || $c->{eof} || grep { /\A421/ } @{$told{$id}};
			last if $lost;
			last if (grep { !/\A2/ } @replies) && ($c->cmd('RSET') // '') !~ /\A2/;
		}
	}
	my $code = $lost ? undef : $c->quit;
	$c->hang_up;
	$code //= $c->exit_code(60);
	my $timed_out = !defined $code;
	kill 'KILL', session_members($c->{pid}) if $timed_out;
	my $r = { end => $code // 'none', timed_out => $timed_out, sid => $c->{pid}, told => \%told,
	    received => $c->received, replies_ok => $c->only_replies };
	$r->{failed} = grep { !/\A[23]/ } split /\r\n/, $r->{received};
	$r->{failed} ||= $code ne '0' || keys %told < @{$s->{mails}} unless $timed_out;
	# Whatever it has sent has been taken once a later connection has ended.
	SmtpClient->connect('127.0.0.1', $d->port)->quit;
	my $n = $d->connections;
	for my $k (1 .. $n) {
		push @{$r->{complaints}}, "the connection to the downstream stays" unless $d->ended($k, 60);
		$r->{sent} .= $d->raw($k);
	}
	for my $m ($d->messages) {
		my ($id) = header_of($m->{data}, 'Message-ID');
		push @{$r->{delivered}{$id}}, normal($m->{data});
	}
	$d->stop;
	File::Path::remove_tree($d->{dir}) unless $ENV{SPAWNSCAN_KEEP};
	$r->{log} = all_log($p);
	return $r;
}

sub judge_session {
	my ($s, $r, $call) = @_;
	my @c;
	push @c, "ended with $r->{end}" if $r->{end} !~ /\A(?:0|64|69|74|75|78)\z/;
	push @c, 'the client got something that is no reply: ' . $r->{received} unless $r->{replies_ok};
	push @c, 'the payload went downstream' if payload_in($r->{sent} // '');
	for my $m (@{$s->{mails}}) {
		my ($id) = header_of($m, 'Message-ID');
		my @told = @{$r->{told}{$id} // []};
		my $told = grep { /\A250 / } @told;
		my @got = @{$r->{delivered}{$id} // []};
		my @due = @{$s->{expected}{delivered}{$id} // []};
		push @c, "$id: the client was told 250, and the downstream has it not" if $told && @got < @due;
		push @c, "$id: the downstream has it more than once" if @got > 1;
		push @c, "$id: the downstream has it in another form" if grep { $_ ne ($due[0] // '') } @got;
		# Nobody can know, so the client is to come again.
		push @c, "$id: the downstream has it, the client doesn't know" if @got && (!$told || $told < @told)
		    && !(grep { $_ eq $call } qw(recv read send write poll));
		push @c, "$id: no refusal for now: @told" if grep { !/\A(?:250|4\d\d) / } @told;
	}
	push @c, judge_kept($s, $r, $call);
	return @c;
}

# An engine, three mails through fronts that need it, and its end. It is the
# engine that is tortured, with its inspectors.
sub served {
	my ($p, $s, $env) = @_;
	open my $null, '+<', '/dev/null' or die;
	open my $err, '>', "$p->{dir}/stderr" or die;
	my $pid = start_process(cmd => ["$BUILD/spawnscan-inspect", '--engine', '-c', $p->{conf},
	    '-o', "log=file:$p->{dir}/engine-log", '-o', "engine_socket=$p->{dir}/socket", '-o', "engine_pid_file=$p->{dir}/pid"],
	    fds => [$null, $null, $err], env => $env);
	my $log = sub { join '', map { read_file("$p->{dir}/$_") // '' } qw(engine-log stderr syslog) };
	my $status;
	my $ready = wait_for(sub {
		return 1 if $log->() =~ /ready with/;
		my $ended = waitpid $pid, POSIX::WNOHANG();
		$status = $? if $ended == $pid;
		return defined $status;
	}, 60) && !defined $status;
	my $r = { sid => [$pid], complaints => [], ready => $ready };
	for my $mail ($clean, $infected, $infected) {
		last unless $ready;
		my $front = one_shot($p, { mail => $mail, args => ['-o', 'engine=require', '-o', "engine_socket=$p->{dir}/socket"] }, {});
		push @{$r->{sid}}, $front->{sid};
		push @{$r->{fronts}}, $front;
	}
	kill 'TERM', $pid unless defined $status;
	$status //= reap($pid, 30);
	$r->{timed_out} = !defined $status || grep { $_->{timed_out} } @{$r->{fronts}};
	kill 'KILL', $pid, session_members($pid) unless defined $status;
	$status //= reap($pid, 30);
	$r->{end} = $status & 127 ? 'signal ' . ($status & 127) : $status >> 8;
	$r->{left} = join ' ', grep { -e "$p->{dir}/$_" } qw(socket pid);
	$r->{log} = $log->() . all_log($p);
	$r->{failed} = $r->{end} ne '0' || grep { $_->{failed} } @{$r->{fronts}};
	$r->{raw} = join '', map { $_->{raw} } @{$r->{fronts}};
	return $r;
}

sub judge_served {
	my ($s, $r, $call) = @_;
	my @fronts = @{$r->{fronts} // []};
	my @c;
	for my $k (0 .. $#fronts) {
		local $s->{expected} = $s->{expected}{fronts}[$k];
		local $s->{keeps} = $k ? $s->{keeps} : [];
		push @c, map { 'mail ' . ($k + 1) . ": $_" } judge_one_shot($s, { %{$fronts[$k]}, kept => $r->{kept} }, 'none');
	}
	push @c, 'it did not begin, and ended with 0' if !$r->{ready} && $r->{end} eq '0';
	push @c, "ended with $r->{end}" if $r->{end} =~ /signal/;
	# One call fails, so one mail at most has to come again, unless it ended over it.
	push @c, 'more than one mail failed' if $r->{end} eq '0' && 1 < grep { $_->{failed} } @fronts;
	push @c, "left behind: $r->{left}" if length $r->{left} && $call !~ /\A(?:unlink|fopen)\z/;
	return @c;
}

# What must be in the quarantine, of a message that is done with.
sub judge_kept {
	my ($s, $r, $call) = @_;
	my @c;
	for my $m (@{$s->{keeps} // []}) {
		my ($id) = header_of($m, 'Message-ID');
		my $done = exists $r->{told} ? grep { /\A250 / } @{$r->{told}{$id} // []} : $r->{end} eq '0';
		my @kept = grep { $_->{bytes} eq $m } @{$r->{kept}};
		push @c, "$id: done with, and its original isn't kept" if $done && !@kept;
		push @c, "$id: done with, although its original may not be on the disk" if $done && $call eq 'fsync';
		push @c, "$id: kept without what is to be told about it" if grep { $_->{meta} !~ /^SHA-256: /m } @kept;
	}
	return @c;
}

sub kept {
	my ($p) = @_;
	my $q = "$p->{dir}/quarantine";
	return map { { bytes => read_file("$q/$_"), meta => read_file("$q/$_.meta") // '' } }
	    grep { !/\.meta\z|\.tmp\z/ } files_below($q);
}

# The run of a scenario, and what is wrong with it. %t: stream, number, how.
sub torture_run {
	my ($s, %t) = @_;
	my $p = place(%{$s->{set} // {}});
	my $sids = sub { my ($r) = @_; return map { session_members($_) } ref $r->{sid} ? @{$r->{sid}} : $r->{sid} };
	my $file = torture_file("$p->{dir}/torture", %t);
	my $env = {torture_env($s->{program}, $file, $p->{dir}), %{$s->{env} // {}}};
	my $r = $s->{run}->($p, $s, $t{plain} ? {TORTURE_SYSLOG => "$p->{dir}/syslog", LD_PRELOAD => $library} : $env);
	my $t = torture_result($file, $t{number} ? @t{qw(stream number)} : ());
	$r->{torture} = $t;
	$r->{kept} = [kept($p)];
	my @left = files_below("$p->{dir}/quarantine");
	my $call = $t{number} && $t->{call} ? $call_names[$t->{call} - 1] : '';
	my $way = $t{number} && $t->{call} ? $call_ways[$t->{call} - 1][$t{how}] // '' : '';
	my @c = @{$r->{complaints} // []};
	push @c, 'it took too long' if $r->{timed_out};
	unless ($t{plain}) {
		push @c, $s->{judge}->($s, $r, $call);
		push @c, "failed although a call was only interrupted" if $r->{failed} && !$s->{rough}
		    && $way =~ /\A(?:EINTR|SHORT)\z/ && $t{stream} % 2 == 0;
		my %usual = map { $_ => 1 } @{$s->{expected}{lines}};
		push @c, 'no reason is told' if $r->{failed} && !grep {
			!$usual{$_} && (!/\Aevent=message / || / reason=/) } log_lines($r->{log});
	}
	# Ended processes are gone once their parent's end has been seen; its
	# children may take a moment.
	unless (wait_for(sub { !$sids->($r) }, 30)) {
		push @c, 'processes are left';
		kill 'KILL', $sids->($r);
	}
	push @c, 'temporary files in the quarantine: ' . join ' ', grep { /\.tmp\z/ } @left
	    if $call ne 'unlinkat' && grep { /\.tmp\z/ } @left;
	push @c, "kept although the client keeps it: @left" if $r->{failed} && @left > 2 * @{$s->{keeps} // []}
	    && $call ne 'unlinkat';
	if (my @scratch = names_in($p->{scratch})) {
		# What can't be removed is left to the next one.
		run(cmd => [spawnscan_cmd('-c', $p->{conf}, '-o', 'engine=off', '-o', 'quarantine=off')], in => $clean);
		my @still = names_in($p->{scratch});
		push @c, "a private directory is left for good: @still" if @still;
	}
	if ($ENV{TORTURE_TALK} && $t{number}) {
		diag("end: $r->{end}\n" . ($r->{received} // $r->{raw} // '') . "log:\n" . $r->{log});
	}
	$r->{wrong} = \@c;
	$r->{call} = $call;
	$r->{way} = $way;
	end_place($p);
	return $r;
}

# -- all runs of a scenario -----------------------------------------------------------

# Each call; or one per place and way, and of these a sample: first what no
# scenario before has tried.
my %tried;
sub choose {
	my ($s, $counted) = @_;
	my (@chosen, %seen);
	for my $stream (@{$s->{streams}}) {
		my @calls = @{$counted->{calls}[$stream]};
		for my $number (1 .. @calls / 2) {
			my ($call, $caller) = @calls[2 * $number - 2, 2 * $number - 1];
			for my $how (0 .. $#{$call_ways[$call - 1]}) {
				my $place = join ' ', $s->{program}, $call, $caller || "$stream:$number", $how;
				next if !$all && $seen{$place}++;
				push @chosen, [$stream, $number, $how, $place];
			}
		}
	}
	if (defined $number_only) {
		return grep { $_->[0] == $stream_only && $_->[1] >= $number_only && $_->[1] <= $ENV{TORTURE_TO}
		    && (!defined $how_only || $_->[2] == $how_only) } @chosen;
	}
	return @chosen if $all;
	my $most = $ENV{TORTURE_SAMPLE} // $s->{sample};
	my @sample = spread($most, grep { !$tried{$_->[3]} } @chosen);
	push @sample, spread($most - @sample, grep { $tried{$_->[3]} } @chosen);
	$tried{$_->[3]} = 1 for @sample;
	return @sample;
}

# At most n of a list, evenly.
sub spread {
	my ($n, @list) = @_;
	return @list if @list <= $n;
	return map { $list[int $_ * @list / $n] } 0 .. $n - 1;
}

# In worker processes; a list of complaints, and how many runs there were.
sub torture_all {
	my ($s, @chosen) = @_;
	my @workers;
	for my $w (0 .. $jobs - 1) {
		my $path = tmpdir() . "/worker.$w";
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
			srand;
			$worker = 1 + $w;
			open my $out, '>', $path or die;
			for my $i (0 .. $#chosen) {
				next if $i % $jobs != $w;
				my ($stream, $number, $how) = @{$chosen[$i]};
				my $r = eval { torture_run($s, stream => $stream, number => $number, how => $how) }
				    // { wrong => ["the test fails: $@"], torture => {}, end => '' };
				my $t = $r->{torture};
				my $what = $t->{fired} ? name_call($s->{program}, $stream, $number, @$t{qw(call caller)}, $r->{way})
				    : "$stream:$number:$how";
				print $out join("\t", $t->{fired} ? 1 : 0, $r->{failed} ? 1 : 0, $r->{end}, "$stream:$number:$how", $what,
				    join '; ', map { s/[\n\t]/ /gr } @{$r->{wrong}}), "\n";
			}
			close $out;
			POSIX::_exit(0);
		}
		push @workers, [$pid, $path];
	}
	my (@wrong, %count);
	for (@workers) {
		my ($pid, $path) = @$_;
		waitpid $pid, 0;
		push @wrong, "a worker ended with $?" if $?;
		for (lines_of($path)) {
			my ($fired, $failed, $end, $at, $what, $complaint) = split /\t/;
			$count{runs}++;
			$count{fired} += $fired;
			diag("not fired: $at") if !$fired && $ENV{TORTURE_DEBUG};
			$count{failed} += $failed;
			$count{ends}{$end}++;
			push @wrong, "$what: $complaint (TORTURE_ONLY='$s->{name}' TORTURE_AT=$at)" if length $complaint;
		}
	}
	return (\@wrong, \%count);
}

sub torture_scenario {
	my ($s) = @_;
	return if $ENV{TORTURE_ONLY} && $s->{name} !~ /$ENV{TORTURE_ONLY}/;
	my $begin = now();
	$s->{begin}->($s) if $s->{begin};
	my $plain = torture_run($s, plain => 1);
	$s->{expected} = { %$plain, lines => [log_lines($plain->{log})] };
	is_deeply($plain->{wrong}, [], "$s->{name}: untortured") or diag($plain->{log});
	ok(!$plain->{failed}, "$s->{name}: and it succeeds") or diag($plain->{log});
