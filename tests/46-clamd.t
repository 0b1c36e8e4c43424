#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# clamd as the scanner: a real one must find what libclamav finds, and whatever
# a false one answers, nothing is clean that it did not call so.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use POSIX ();
use Socket;

my $inspect = "$BUILD/spawnscan-inspect";
my $clean = mail(parts => [part('Content-Type: text/plain', "hello\n"), attachment('a.bin', noise(3000))]);
my $infected = mail(parts => [part('Content-Type: text/plain', "hello\n"), attachment('a.bin', eicar())]);

sub scanned {
	my ($mail, $scanner, %set) = @_;
	my $r = spawnscan(in => $mail, conf => {scanner => $scanner, quarantine => 'off', %set});
	$r->{verdict} = last_record($r->{log})->{verdict} // 'none';
	return $r;
}

# -- false ones -------------------------------------------------------------------

my $n = 0;
my $honest_version = "1: ClamAV 1.4.6/27400/Thu Nov 20 09:33:11 2025\0";

# Serves scripted answers on a Unix socket, or on TCP. answer: code that gets
# the peer, the number of the command and its name, after the command has been
# read to its end (not for INSTREAM with early => 1); undef: an honest "OK".
sub false_clamd {
	my (%a) = @_;
	my ($s, $address);
	if ($a{tcp}) {
		socket $s, PF_INET, SOCK_STREAM, 0 or die;
		bind $s, pack_sockaddr_in(0, INADDR_LOOPBACK) or die;
		$address = '127.0.0.1:' . (unpack_sockaddr_in getsockname $s)[0];
	} else {
		$address = tmpdir() . '/false.' . ++$n;
		socket $s, PF_UNIX, SOCK_STREAM, 0 or die;
		bind $s, pack_sockaddr_un($address) or die;
	}
	listen $s, 20 or die;
	my $pid = fork // die;
	if ($pid == 0) {
		POSIX::setsid();
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
		$SIG{CHLD} = 'IGNORE';
		while (1) {
			accept my $peer, $s or next;
			my $child = fork // die;
			if ($child == 0) {
				eval { false_session($peer, %a) };
				POSIX::_exit(0);
			}
			close $peer;
		}
	}
	Harness::adopt($pid);
	close $s;
	return { pid => $pid, scanner => "clamd:$address" };
}

sub false_session {
	my ($peer, %a) = @_;
	my $take = sub {
		my ($bytes) = @_;
		my $got = '';
		while (length $got < $bytes) { sysread($peer, $got, $bytes - length $got, length $got) or die "eof\n" }
		return $got;
	};
	my $word = sub { my $w = ''; while ((my $c = $take->(1)) ne "\0") { $w .= $c } return $w };
	my $number = 0;
	for (;;) {
		my $command = $word->();
		next if $command eq 'zIDSESSION';
		$number++;
		if ($command eq 'zFILDES') { $take->(1) }
		elsif ($command eq 'zINSTREAM' && !($a{early} && $number > 1)) {
			while (my $length = unpack 'N', $take->(4)) { $take->($length) }
		}
		my $object = $command eq 'zINSTREAM' ? 'stream' : 'fd[10]';
		my $honest = $command eq 'zVERSION' ? $honest_version : "$number: $object: OK\0";
		# The first FILDES is the question whether it takes descriptors.
		my $first = $command eq 'zVERSION' || ($command eq 'zFILDES' && $number == 2);
		my $answer = $a{version} && $command eq 'zVERSION' ? $a{version}
		    : $a{probe} && $command eq 'zFILDES' && $number == 2 ? $a{probe}
		    : $first ? undef : $a{answer};
		$answer = $answer->($peer, $number, $object) if ref $answer;
		syswrite $peer, $answer // $honest;
	}
}

sub forever { select undef, undef, undef, 1000 while 1 }
sub drops { my ($text, $pause) = @_; return sub { for my $c (split //, $text) { syswrite $_[0], $c; select undef, undef, undef, $pause } '' } }
sub says { my ($text) = @_; return sub { my (undef, $n, $o) = @_; return $text =~ s/%n/$n/gr =~ s/%o/$o/gr } }

{
	my %sound = (
		'OK' => [says("%n: %o: OK\0"), 'clean'],
		'FOUND' => [says("%n: %o: Some.Virus FOUND\0"), 'infected'],
		'FOUND, with hash and size' => [says("%n: %o: Some.Virus(44d88612fea8a8f36de82e1278abb02f:68) FOUND\0"), 'infected'],
		'an encrypted archive' => [says("%n: %o: Heuristics.Encrypted.Zip FOUND\0"), 'encrypted'],
		'a limit' => [says("%n: %o: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0"), 'limit'],
		'called OK FOUND' => [says("%n: %o: OK FOUND\0"), 'infected'],
	);
	for my $tcp (0, 1) {
		my $over = $tcp ? 'TCP' : 'Unix';
		for my $name (sort keys %sound) {
			my $f = false_clamd(tcp => $tcp, answer => $sound{$name}[0]);
			my $r = scanned($clean, $f->{scanner}, infected => 'tag');
			is($r->{code}, 0, "$over, $name: delivered") or diag($r->{log});
			is($r->{verdict}, $sound{$name}[1], "$over, $name: $sound{$name}[1]");
			like($r->{out}, qr/^X-Antivirus: [^\n]*ClamAV 1\.4\.6\/27400\b/m, "$over, $name: with its version");
			stop_process($f->{pid});
		}
	}
	my $f = false_clamd(version => drops($honest_version, 0.001));
	is(scanned($clean, $f->{scanner})->{verdict}, 'clean', 'a version in drops');
	stop_process($f->{pid});
	$f = false_clamd(version => "1: ClamAV 1.4.6\0");
	like(scanned($clean, $f->{scanner})->{out}, qr/^X-Antivirus: [^\n]*ClamAV 1\.4\.6\)/m, 'a version without signatures of ClamAV');
	stop_process($f->{pid});
	# One that takes no descriptors gets the bytes.
	for my $refusal ("2: fd[10]: Access denied ERROR\0", "2: No file descriptor received. ERROR\0", sub { die }) {
		my @seen;
		$f = false_clamd(probe => $refusal, answer => says("%n: %o: Seen.On.%o FOUND\0"));
		my $r = scanned($clean, $f->{scanner});
		is($r->{verdict}, 'infected', 'no descriptors: the bytes are sent');
		like($r->{log}, qr/Seen\.On\.stream/, 'as a stream');
		stop_process($f->{pid});
	}
}

my %evil = (
	'garbage' => join('', map { chr(1 + $_ * 7 % 255) } 1 .. 300) . "\0",
	'an empty answer' => "\0",
	'a number only' => says("%n: \0"),
	'no number' => says("%o: OK\0"),
	'number of another' => "99: fd[10]: OK\0",
	'number of the one before' => "2: fd[10]: OK\0",
	'number and more' => says("%n0: %o: OK\0"),
	'no object' => says("%n: OK\0"),
	'another object' => sub { my (undef, $n, $o) = @_; return "$n: " . ($o eq 'stream' ? 'fd[10]' : 'stream') . ": OK\0" },
	'ok' => says("%n: %o: ok\0"),
	'OK and a blank' => says("%n: %o: OK \0"),
	'OKAY' => says("%n: %o: OKAY\0"),
	'NOT OK' => says("%n: %o: NOT OK\0"),
	'OK with a line end' => says("%n: %o: OK\n\0"),
	'FOUND without a name' => says("%n: %o: FOUND\0"),
	'FOUND with a blank for a name' => says("%n: %o:  FOUND\0"),
	'FOUND in lower case' => says("%n: %o: Some.Virus found\0"),
	'an error' => says("%n: %o: Can't allocate memory ERROR\0"),
	'an error of its own' => says("%n: Error processing command. ERROR\0"),
	'busy' => says("%n: Too many connections ERROR\0"),
	'two answers' => says("%n: %o: OK\0%n: %o: Some.Virus FOUND\0"),
	'an answer and a bit' => says("%n: %o: OK\0x"),
	'half an answer' => sub { my ($p, $n, $o) = @_; syswrite $p, "$n: $o: OK"; die },
	'nothing' => sub { die },
	'a version' => $honest_version,
	'endless' => sub { my ($p) = @_; 1 while syswrite $p, 'OK ' x 1000; die },
	'an answer of 2000 bytes' => says('%n: %o: ' . 'x' x 2000 . " FOUND\0"),
);
my %slow = (
	'silence' => sub { forever() },
	'slower than can be' => drops("3: fd[10]: OK\0" . 'x' x 1000, 0.5),
);
for my $tcp (0, 1) {
	my $over = $tcp ? 'TCP' : 'Unix';
	for my $name (sort(keys %evil), sort keys %slow) {
		my $f = false_clamd(tcp => $tcp, answer => $evil{$name} // $slow{$name});
		my $begin = now();
		my $r = scanned($clean, $f->{scanner}, $slow{$name} ? (inspect_timeout => '2s') : ());
		is($r->{code}, 75, "$over, $name: the sender is to try again");
		is($r->{out}, '', "$over, $name: nothing comes out");
		is($r->{verdict}, 'error', "$over, $name: error");
		like($r->{log}, qr/clamd at|took too long/, "$over, $name: the log says who") or diag($r->{log});
		cmp_ok(now() - $begin, '<', secs(10), "$over, $name: in good time");
		stop_process($f->{pid});
	}
}
{
	# It has heard nothing to the end, so it has no verdict.
	my $large = mail(parts => [attachment('a.bin', noise(6_000_000))]);
	for my $answer ("2: stream: OK\0", "2: INSTREAM size limit exceeded. ERROR\0") {
		my $f = false_clamd(tcp => 1, early => 1, answer => sub { my ($p) = @_; syswrite $p, $answer; forever() });
		my $r = scanned($large, $f->{scanner}, inspect_timeout => '20s');
		is($r->{verdict}, 'error', 'an answer before its time: error');
		like($r->{log}, $answer =~ /limit/ ? qr/size limit exceeded/ : qr/before its turn|unexpected/, 'the log says why') or diag($r->{log});
		stop_process($f->{pid});
	}
	# Once out of step, there is no way back.
	my $f = false_clamd(answer => sub { my (undef, $n) = @_; return $n == 3 ? "4: fd[10]: OK\0" : undef });
	is(scanned($infected, $f->{scanner})->{verdict}, 'error', 'out of step for once: error');
	stop_process($f->{pid});
}
my %no_session = (
	'garbage' => "%&/()\0", 'an empty answer' => "\0", 'PONG' => "1: PONG\0", 'no number' => "ClamAV 1.4.6/1/x\0",
	'number of another' => "2: ClamAV 1.4.6/1/x\0", 'an error' => "1: ClamAV is busy ERROR\0",
	'half' => sub { my ($p) = @_; syswrite $p, '1: ClamAV 1.4.6'; die }, 'nothing' => sub { die },
	'silence' => sub { forever() }, 'endless' => sub { my ($p) = @_; 1 while syswrite $p, 'ClamAV ' x 1000; die },
);
for my $name (sort keys %no_session) {
	my $f = false_clamd(version => $no_session{$name});
	# Half of it is for the beginning.
	my $r = scanned($clean, $f->{scanner}, inspect_timeout => '12s');
	is($r->{verdict}, 'error', "at the beginning, $name: error");
	like($r->{log}, qr/\Q$f->{scanner}\E: /, 'the log says who');
	my $good = false_clamd();
	is(scanned($clean, "$f->{scanner} $good->{scanner}", inspect_timeout => '12s')->{verdict}, 'clean', 'the next server does it');
	stop_process($_->{pid}) for $f, $good;
}

# -- failover -----------------------------------------------------------------------

{
	my $dead = 'clamd:' . tmpdir() . '/nobody';
	my $refused = 'clamd:127.0.0.1:' . free_port();
	my $r = scanned($clean, "$dead $refused");
	is($r->{verdict}, 'error', 'all down: error');
	is($r->{code}, 75, 'the sender is to try again');
	like($r->{log}, qr/\Q$dead\E: No such file or directory; \Q$refused\E: Connection refused/, 'each is named');
	my $good = false_clamd(answer => says("%n: %o: From.Good FOUND\0"));
	my $other = false_clamd(answer => says("%n: %o: From.Other FOUND\0"));
	like(scanned($clean, "$dead, $refused, $good->{scanner} $other->{scanner}")->{log}, qr/From\.Good/, 'the first that answers');
	like(scanned($clean, "$other->{scanner} $good->{scanner}")->{log}, qr/From\.Other/, 'in the order given');

	my $d = Downstream->start;
	my $c = SmtpClient->filter(to => $d->address, conf => {scanner => $dead});
	$c->hello;
	like($c->deliver(mail => crlf($clean)) // '', qr/\A451 4\.3\.0 /, 'SMTP, down: 451');
	is($c->quit, 0, 'QUIT');
	$d->stop;
	stop_process($_->{pid}) for $good, $other;
	like(run(cmd => [$inspect, '--version', '-c', '/dev/null', '-o', "scanner=$dead"])->{err}, qr/No such file/, '--version with a dead one');
	my $deaf = false_clamd();
	my $v = run(cmd => [$inspect, '--version', '-c', '/dev/null', '-o', "scanner=$deaf->{scanner}"]);
	is($v->{code}, 69, '--version with one that finds nothing: 69');
	like($v->{err}, qr/does not find the EICAR test string/, 'it says so');
	stop_process($deaf->{pid});
}
for ('clamd', 'clamd:', 'clamd:host', 'clamd::3310', 'clamd:host:0', 'clamd:host:65536', 'clamd:host:x', 'clamd:::1:3310',
    'clamd:[]:3310', 'clamd:relative/path', 'libclamav clamd:/path', 'clamd:/path libclamav', 'other', '') {
	my $r = spawnscan(in => $clean, conf => undef, args => ['-c', '/dev/null', '-o', "scanner=$_"]);
	is($r->{code}, 78, "scanner=$_: refused");
	like($r->{err}, qr/scanner: expected libclamav/, 'it says what was expected');
}
is(run(cmd => [$inspect, '--engine', '-c', '/dev/null', '-o', 'scanner=clamd:/x', '-o', 'log=stderr'])->{code}, 78,
    'an engine has nothing to do for clamd');

# -- the real one -----------------------------------------------------------------------

my $clamd = (grep { -x } '/usr/sbin/clamd', '/usr/local/sbin/clamd')[0];
my $c;
sub start_clamd {
	my (%set) = @_;
	my $dir = subdir('clamd.' . ++$n, 0755);
	$c = { dir => $dir, socket => "$dir/socket", port => free_port(), log => "$dir/log" };
	my %all = (Foreground => 'yes', LocalSocket => $c->{socket}, LocalSocketMode => 666, TCPSocket => $c->{port},
	    TCPAddr => '127.0.0.1', DatabaseDirectory => signature_dir(), LogFile => $c->{log}, TemporaryDirectory => $dir,
	    AlertExceedsMax => 'yes', AlertEncrypted => 'yes', %set);
	write_file("$dir/conf", join('', map { "$_ $all{$_}\n" } sort keys %all), 0644);
	my @cmd = ($clamd, '-c', "$dir/conf");
	if ($> == 0) {
		my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
		chown $uid, $gid, $dir;
		@cmd = ('/usr/bin/setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', @cmd);
	}
	open my $null, '+<', '/dev/null' or die;
	$c->{pid} = start_process(cmd => \@cmd, fds => [$null, $null, $null]);
	wait_for(sub { -S $c->{socket} && (read_file($c->{log}) // '') =~ /Self checking|Listening daemon|Unix socket file/ }, 60)
	    or diag('clamd did not start: ' . (read_file($c->{log}) // ''));
	$c->{local} = "clamd:$c->{socket}";
	$c->{tcp} = "clamd:127.0.0.1:$c->{port}";
}

SKIP: {
	loud_skip('clamd is not installed (package clamav-daemon)', 1) unless $clamd;
	start_clamd();
	my %mails = (
		clean => $clean, infected => $infected,
		blocked => mail(parts => [attachment('run.exe', WINDOWS_EXECUTABLE)]),
		encrypted => mail(parts => [attachment('z.zip', zip_of(['a.txt', 'secret' x 100], encrypted => 1))]),
		'infected zip' => mail(parts => [attachment('z.zip', zip_of(['a.txt', eicar()]))]),
		'encrypted and infected' => mail(parts => [attachment('z.zip', zip_of(['b.zip',
		    zip_of(['a.txt', 'secret' x 100], encrypted => 1), 'a.txt', eicar()]))]),
		nested => mail(parts => [rfc822($infected, encoding => 'base64')]),
		large => mail(parts => [attachment('c.bin', noise(3_000_000)), attachment('a.bin', eicar())]),
		empty => '',
	);
	for my $name (sort keys %mails) {
		for my $scan ('auto', 'thorough') {
			my %got;
			for my $way ('libclamav', $c->{local}, $c->{tcp}) {
				my $r = scanned($mails{$name}, $way, scan => $scan);
				my $out = $r->{out} =~ s/^(Date: +).*$/$1/mgr =~ s/ClamAV 1[^)]*/ClamAV/r;
				$got{$way} = [$r->{code}, $out, $r->{verdict}];
			}
			for my $way ($c->{local}, $c->{tcp}) {
				is($got{$way}[2], $got{libclamav}[2], "$name, $scan: the same verdict");
				# It tells the first hit only.
				next if $name eq 'encrypted and infected';
				same_bytes($got{$way}[1], $got{libclamav}[1], "$name, $scan: the same bytes");
			}
		}
	}
	# libclamav has to be told that this is a mail.
	my $odd = "X-Odd: first\n" . $infected;
	is(scanned($odd, $_, scan => 'thorough')->{verdict}, 'infected', 'a mail that begins oddly') for $c->{local}, $c->{tcp};
	my $log = read_file($c->{log});
	like($log, qr{memfd:message.*Eicar-Test-Signature\S* FOUND}, 'it got descriptors over its socket');
	like($log, qr{instream\(127\.0\.0\.1.*Eicar-Test-Signature\S* FOUND}, 'and a stream over TCP');
	unlike($log, qr/ERROR|WARNING.*command/i, 'it has nothing to complain of');
	is_deeply([scratch_left()], [], 'no scratch directory is left');

	my $v = run(cmd => [$inspect, '--version', '-c', '/dev/null', '-o', "scanner=$c->{local}"]);
	is($v->{code}, 0, '--version');
	like($v->{out}, qr/^ClamAV 1\.\d+\.\d+.*\nscanner \Q$c->{local}\E$/m, 'tells which');
	is(scanned($infected, $c->{local}, engine => 'require')->{verdict}, 'infected', 'an engine is not asked for');

	my $d = Downstream->start;
	my $s = SmtpClient->filter(to => $d->address, conf => {scanner => "$c->{local} $c->{tcp}"});
	$s->hello;
	like($s->deliver(mail => crlf($_)) // '', qr/\A250 /, 'SMTP') for $clean, $infected;
	stop_process($c->{pid});
	like($s->deliver(mail => crlf($clean)) // '', qr/\A451 4\.3\.0 /, 'it has gone: 451');
	is($s->quit, 0, 'QUIT');
	my @m = $d->messages;
	same_bytes((split_marks($m[0]{data}))[0], crlf($clean), 'the clean one as it came');
	unlike($m[1]{data}, qr/filename="?a\.bin"?\s/, 'the infected one without its part');
	$d->stop;

	start_clamd(StreamMaxLength => '1M', MaxFileSize => '1M', MaxScanSize => '2M');
	my $r = scanned($mails{large}, $c->{local});
	like($r->{verdict}, qr/limit|infected/, 'larger than its limits, by descriptor: never clean');
	like($r->{log}, qr/Limits\.Exceeded/, 'as a limit');
	$r = scanned(mail(parts => [attachment('c.bin', noise(3_000_000))]), $c->{tcp});
	is($r->{verdict}, 'error', 'by stream: error');
	like($r->{log}, qr/size limit exceeded|sending|reading/, 'the log says why');
	stop_process($c->{pid});
}

done_testing;
