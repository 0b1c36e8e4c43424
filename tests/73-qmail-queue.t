#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# --qmail-queue: in the place of qmail-queue(8). Message on descriptor 0,
# envelope on descriptor 1, both handed on to the original in the same way, and
# the exit codes that qmail-smtpd and qmail-inject go by. The original is a
# stand-in of ours, written after the manual page of netqmail.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use IO::Select;
use MailMaker;

my $clean = mail(body => "a plain mail\n.\n..\nand \xe4\xf6\xfc\nFrom here on\n");
my $text = part('Content-Type: text/plain', "text\n");
my $infected = mail(parts => [$text, attachment('eicar.txt', eicar())]);
my $named = mail(parts => [$text, attachment('a.exe', noise(99))]);
my $envelope = "Falice\@example.org\0Tbob\@example.net\0Tcarol\@example.net\0\0";

# Reads the message to its end, then the envelope to its last NUL, as the
# original does; notes both, then does as the file "do" says.
my $STANDIN = <<'END';
#!/usr/bin/perl
use strict;
my ($dir) = $0 =~ m{(.*)/};
my $do = do { open my $f, '<', "$dir/do" or die; local $/; <$f> };
open my $out, '>', "$dir/called" or die;
opendir my $d, '/proc/self/fd' or die;
print $out join(' ', sort grep { /^\d+$/ && $_ <= 300 && -e "/proc/self/fd/$_" && $_ != fileno $d && $_ != fileno $out } readdir $d), "\n";
print $out scalar(@ARGV), "\n";
close $out;
if ($do =~ /early (.*)/) { eval $1; die $@ }
my $message = do { local $/; <STDIN> };
open my $e, '<&=', 1 or exit 54;
my $envelope = '';
until ($envelope =~ /\AF[^\0]*\0(?:T[^\0]*\0)*\0\z/) {
	exit 91 if $envelope =~ /\A[^F]/ || $envelope =~ /\AF[^\0]*\0(?:T[^\0]*\0)*[^T\0]/;
	sysread $e, $envelope, 1, length $envelope or exit 54;
}
exit 11 if grep { length > 1004 } split /\0/, $envelope;
for (['message', $message], ['envelope', $envelope]) {
	open my $f, '>', "$dir/$_->[0]" or exit 53;
	print $f $_->[1];
	close $f or exit 53;
}
eval $do;
die $@;
END

my $n = 0;
sub standin {
	my ($do) = @_;
	my $dir = subdir('qmail.' . ++$n);
	write_file("$dir/do", $do);
	write_file("$dir/qmail-queue", $STANDIN, 0755);
	return $dir;
}

# Run as qmail-smtpd does: message first, then the envelope. do: Perl for the
# stand-in; conf; message, envelope (bytes; undef for a closed descriptor);
# step: bytes at a time; hold: leave the envelope's pipe open; cut: close the
# message's pipe late and nothing more.
sub through {
	my (%a) = @_;
	my $dir = standin($a{do} // 'exit 0');
	my $conf = conf_file(%{$a{conf} // {}});
	write_file($conf, read_file($conf) . "\n$a{rules}", 0644) if $a{rules};
	my ($base) = $conf =~ m{(.*)/};
	pipe my $m_r, my $m_w or die;
	pipe my $e_r, my $e_w or die;
	my $errfile = "$dir/stderr";
	open my $err, '>', $errfile or die;
	my $message = exists $a{message} ? $a{message} : $clean;
	my $bytes = exists $a{envelope} ? $a{envelope} : $envelope;
	my @cmd = spawnscan_cmd('-c', $conf, @{$a{args} // ['--qmail-queue', "$dir/qmail-queue"]});
	if (!defined $message || !defined $bytes) {
		my $closing = (defined $message ? '' : ' 0<&-') . (defined $bytes ? '' : ' 1>&-');
		@cmd = ('sh', '-c', 'exec "$@"' . $closing, 'sh', @cmd);
	}
	my $pid = start_process(cmd => \@cmd, fds => [$m_r, $e_r, $err], env => $a{env} // {});
	close $_ for $m_r, $e_r, $err;
	my $end = now() + secs(120);
	for (grep { defined $_->[1] } [$m_w, $message], [$e_w, $bytes]) {
		my ($fh, $left) = @$_;
		$fh->blocking(0);
		my $writers = IO::Select->new($fh);
		while (length $left && now() < $end) {
			$writers->can_write(1) or next;
			my $got = syswrite $fh, $left, $a{step} // 65536;
			last unless defined $got || $!{EAGAIN};
			substr $left, 0, $got, '' if defined $got;
		}
		close $fh unless $fh == $e_w && $a{hold};
	}
	my $status = reap($pid, 120);
	ok(defined $status, 'it ends') or do { stop_process($pid); $status = -1 };
	my @called = split /\n/, read_file("$dir/called") // '';
	my $log = read_file("$base/log") // '';
	return {
		code => $status & 127 ? "signal $status" : $status >> 8, called => @called > 0, fds => $called[0], sid => $pid,
		message => read_file("$dir/message"), envelope => read_file("$dir/envelope"),
		err => read_file($errfile), log => $log, record => last_record($log),
		kept => [grep { !/\.meta\z/ } glob "$base/quarantine/*/*"],
	};
}

sub unmarked { return (split_marks($_[0] // ''))[0] }

subtest 'clean' => sub {
	my $r = through();
	is($r->{code}, 0, 'exit code') or diag($r->{err}, $r->{log});
	same_bytes(unmarked($r->{message}), $clean, 'the original gets it as it was, but for the marks');
	same_bytes($r->{envelope}, $envelope, 'and the envelope as it was');
	is($r->{fds}, '0 1 2', 'descriptors of the original');
	is($r->{err}, '', 'nothing is said');
	is("$r->{record}{outcome} $r->{record}{from} $r->{record}{to}", 'delivered alice@example.org bob@example.net,carol@example.net', 'log');
	is($r->{record}{client}, undef, 'log: no client');
	is(scalar @{$r->{kept}}, 0, 'nothing is kept');
};
subtest 'recipients of two kinds: the strictest' => sub {
	my $r = through(message => $named, rules => "[rule lab]\nrecipient = bob\@example.net\nblocked = pass\n[rule strict]\nrecipient = carol\@example.net\nblocked = remove\n");
	is($r->{code}, 0, 'exit code') or diag($r->{err}, $r->{log});
	like($r->{message}, qr/was removed by the content filter/, 'nobody gets it as it was');
	same_bytes($r->{envelope}, $envelope, 'all get it');
	is("$r->{record}{rules} $r->{record}{strictest_of}", 'strict 2', 'log');
};
subtest 'infected, with a client' => sub {
	my $r = through(message => $infected, env => {TCPREMOTEIP => '192.0.2.1', TCPREMOTEHOST => 'mail.example'});
	is($r->{code}, 0, 'exit code');
	unlike($r->{message}, qr/\Q@{[substr b64(eicar()), 0, 40]}\E/, 'the payload is gone');
	like($r->{message}, qr/Eicar-Test-Signature/, 'a notice instead');
	same_bytes($r->{envelope}, $envelope, 'the envelope as it was');
	same_bytes(read_file($r->{kept}[0] // ''), $infected, 'the original is kept');
	my $meta = read_file("$r->{kept}[0].meta") // '';
	like($meta, qr/^$_$/m, $_) for 'Mode: qmail-queue', 'Client: mail\.example\[192\.0\.2\.1\]', 'Sender: alice@example.org',
	    'Recipient: bob@example.net', 'Recipient: carol@example.net';
	is($r->{record}{client}, 'mail.example[192.0.2.1]', 'log: the client');
};
subtest 'one byte at a time' => sub {
	my $r = through(message => $named, step => 1);
	is($r->{code}, 0, 'exit code');
	like($r->{message}, qr/filename="a\.exe\.defanged"/, 'renamed');
	same_bytes($r->{envelope}, $envelope, 'the envelope as it was');
};
for (['null sender', "F\0Tbob\@example.net\0\0"], ['VERP', "Flist-\@example.org-\@[]\0Ta\@b\0\0"], ['no recipients', "Falice\@example.org\0\0"],
    ['an empty recipient', "Fa\@b\0T\0Tc\@d\0\0"], ['odd bytes', "F\xff\n\"a b\"\@x\0T-f\r\n\0T\$(reboot)\0\0"],
    ['1000 recipients', "Fa\@b\0" . join('', map { "Tuser$_\@example.net\0" } 1 .. 1000) . "\0"],
    ['a long address', 'F' . 'x' x 1003 . "\0T" . 'y' x 1003 . "\0\0"]) {
	my ($name, $bytes) = @$_;
	subtest "envelope: $name" => sub {
		my $r = through(envelope => $bytes);
		is($r->{code}, 0, 'exit code') or diag($r->{log});
		same_bytes($r->{envelope}, $bytes, 'handed on as it was');
		like($r->{log}, qr/\A[\x20-\x7e\n]*\z/, 'the log is printable');
		is($r->{record}{count}, ($bytes =~ tr/\0//) - 2, 'log: count');
	};
}
subtest 'the envelope ends at its last NUL' => sub {
	my $r = through(hold => 1);
	is($r->{code}, 0, 'the pipe stays open: exit code');
	same_bytes($r->{envelope}, $envelope, 'handed on as it was');
	$r = through(envelope => $envelope . 'Tevil@example.com' . "\0\0");
	is($r->{code}, 0, 'more comes behind: exit code');
	same_bytes($r->{envelope}, $envelope, 'what is behind is not handed on');
};
for (['empty', ''], ['CRLF', crlf($clean)], ['no line end at the end', $clean =~ s/\n\z//r], ['NUL and bare CR', "Subject: x\n\na\0b\rc\n"],
    ['6 MB', mail(parts => [$text, attachment('big.bin', noise(4 << 20))])]) {
	my ($name, $mail) = @$_;
	subtest "message: $name" => sub {
		my $r = through(message => $mail);
		is($r->{code}, 0, 'exit code') or diag($r->{log});
		same_bytes(unmarked($r->{message}), $mail, 'as it was, but for the marks');
	};
}

# -- envelopes that are none -----------------------------------------------------

sub refused {
	my ($name, $code, $why, %a) = @_;
	subtest "$name: $code" => sub {
		my $r = through(%a);
		is($r->{code}, $code, 'exit code') or diag($r->{log}, $r->{err});
		ok(!$r->{called}, 'the original is not called');
		is($r->{record}{outcome}, $code > 10 && $code < 41 ? 'rejected' : 'deferred', 'log') unless $a{no_record};
		like($r->{log} . $r->{err}, $why, 'and why');
		is(scalar session_members($r->{sid}), 0, 'no process is left');
	};
}
for my $len (0 .. length($envelope) - 1) {
	my $r = through(envelope => substr $envelope, 0, $len) if $len % 7 == 0 || $len > length($envelope) - 3;
	next unless $r;
	is($r->{code}, 54, "envelope cut after $len bytes: 54");
	ok(!$r->{called}, 'the original is not called');
}
refused('a closed pipe for an envelope', 54, qr/cut off/, envelope => '');
refused('garbage', 91, qr/not an envelope/, envelope => join '', map { chr(255 - $_) } 0 .. 255);
refused('sender without F', 91, qr/not an envelope/, envelope => "alice\@example.org\0Tb\@c\0\0");
refused('recipient without T', 91, qr/not an envelope/, envelope => "Fa\@b\0Tc\@d\0e\@f\0\0");
refused('a second sender', 91, qr/not an envelope/, envelope => "Fa\@b\0Fc\@d\0\0");
refused('a message for an envelope', 91, qr/not an envelope/, envelope => $clean);
refused('an endless address', 11, qr/line_limit/, envelope => 'F' . 'x' x (4 << 20));
refused('an endless recipient', 11, qr/line_limit/, envelope => "Fa\@b\0T" . 'x' x 100_000 . "\0\0");
refused('a huge envelope', 31, qr/recipient_limit/, envelope => "Fa\@b\0" . "Tbob\@example.net\0" x 200_000 . "\0");
refused('one recipient too many', 31, qr/recipient_limit/, envelope => "Fa\@b\0Tc\@d\0Te\@f\0Tg\@h\0\0", conf => {recipient_limit => 2});
is(through(envelope => "Fa\@b\0Tc\@d\0Te\@f\0\0", conf => {recipient_limit => 2})->{code}, 0, 'as many recipients as there may be');
is(through(envelope => 'F' . 'x' x 600 . "\0Tb\@c\0\0", conf => {line_limit => 600})->{code}, 0, 'as long as an address may be');
refused('an address one byte longer', 11, qr/line_limit/, envelope => 'F' . 'x' x 601 . "\0Tb\@c\0\0", conf => {line_limit => 600});

# -- messages, policy, faults ------------------------------------------------------

refused('too large', 31, qr/message_size_limit/, message => 'x' x 2000, conf => {message_size_limit => '1K'});
refused('reject', 31, qr/verdict=infected/, message => $infected, conf => {infected => 'reject'});
refused('tempfail', 71, qr/verdict=infected/, message => $infected, conf => {infected => 'tempfail'});
refused('no inspector', 71, qr/verdict=error/, conf => {inspector => '/bin/false'});
refused('no signatures', 71, qr/verdict=error/, conf => {database => '/nonexistent'});
refused('the quarantine cannot be written', 71, qr/quarantine-failed/, message => $infected, conf => {quarantine_dir => '/proc/none'});
refused('the envelope does not end', 52, qr/reading the \w+: timeout/, envelope => "Fa\@b\0", hold => 1, conf => {data_timeout => '1s'});
refused('standard input is closed', 54, qr/closed/, message => undef, no_record => 1);
refused('standard output is closed', 54, qr/closed/, envelope => undef, no_record => 1);
refused('no such original', 120, qr/could not be started: No such file/, args => ['--qmail-queue', '/nonexistent/qmail-queue']);
refused('the original is no program', 120, qr/could not be started/, args => ['--qmail-queue', '/etc']);
refused('a bad setting', 55, qr/infected/, args => ['-o', 'infected=maybe', '--qmail-queue', '/bin/true'], no_record => 1);
refused('an unknown option', 55, qr/frobnicate/, args => ['--frobnicate', '--qmail-queue', '/bin/true'], no_record => 1);
refused('an address as well', 55, qr/takes no address/, args => ['--qmail-queue', '/bin/true', '127.0.0.1:25'], no_record => 1);
refused('without its argument', 55, qr/needs an argument/, args => ['--qmail-queue'], no_record => 1);
SKIP: {
	loud_skip('needs root to mount a small file system', 1) if $>;
	my $disk = subdir('disk');
	loud_skip('may not mount', 1) if system("mount -t tmpfs -o size=8k,mode=0777 none $disk 2>/dev/null");
	refused('the quarantine is full', 53, qr/quarantine-failed.*No space left/, conf => {quarantine_dir => "$disk/q"},
	    message => mail(parts => [attachment('a.exe', noise(60_000))]));
	system 'umount', $disk;
}
subtest 'a message that does not end' => sub {
	my $dir = standin('exit 0');
	my $conf = conf_file(data_timeout => '1s');
	pipe my $r, my $w or die;
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(cmd => [spawnscan_cmd('-c', $conf, '--qmail-queue', "$dir/qmail-queue")], fds => [$r, $null, $null]);
	close $r;
	syswrite $w, substr $clean, 0, 100;
	is((reap($pid, 60) // -1) >> 8, 52, 'exit code');
	ok(!-e "$dir/called", 'the original is not called');
};
subtest 'discard' => sub {
	my $r = through(message => $infected, conf => {infected => 'discard', quarantine => 'off'});
	is($r->{code}, 0, 'exit code');
	ok(!$r->{called}, 'the original is not called');
	same_bytes(read_file($r->{kept}[0] // ''), $infected, 'the original mail is kept');
	is($r->{record}{outcome}, 'discarded', 'log');
};

# -- the original's answer -----------------------------------------------------------

for my $code (1, 10, 11, 31, 40, 41, 51 .. 56, 61 .. 66, 71 .. 74, 81, 91, 100, 111, 120, 255) {
	my $good = $code >= 11 && $code <= 40;
	my $r = through(message => $named, do => "exit $code");
	is($r->{code}, $code, "the original's $code is ours");
	is($r->{record}{outcome}, $good ? 'rejected' : 'deferred', "$code: log");
	is(scalar @{$r->{kept}}, $good ? 1 : 0, "$code: the mail is kept unless the client keeps it");
}
for (['killed', 'early kill KILL => $$', 81, qr/killed by signal 9/], ['killed after reading', 'kill TERM => $$', 81, qr/killed by signal 15/],
    ['slow', 'early sleep 1000', 52, qr/took too long/]) {
	my ($name, $do, $code, $why) = @$_;
	subtest "the original is $name" => sub {
		my $r = through(message => $infected, do => $do, conf => {final_timeout => $name eq 'slow' ? '1s' : '600s'});
		is($r->{code}, $code, 'exit code');
		like($r->{record}{reason}, $why, 'log: why');
		is($r->{record}{outcome}, 'unknown', 'log: nobody knows');
		is(scalar @{$r->{kept}}, 1, 'the original is kept');
		is(scalar session_members($r->{sid}), 0, 'no process is left');
	};
}
{
	my %at = (message => $named, env => {TCPREMOTEIP => '192.0.2.9', TCPREMOTEHOST => 'build.example'});
	is(through(%at, conf => {exempt_clients => '192.0.2.8/29'})->{record}{exempt}, 'client', 'exempt client, by address');
	is(through(%at, conf => {exempt_clients => 'build.*'})->{record}{exempt}, 'client', 'exempt client, by name');
	is(through(%at, conf => {exempt_senders => 'alice@*'})->{record}{exempt}, 'sender', 'exempt sender');
	is(through(%at, conf => {exempt_recipients => 'bob@* carol@*'})->{record}{exempt}, 'recipients', 'exempt recipients');
	is(through(%at, conf => {exempt_recipients => 'bob@*'})->{record}{exempt}, undef, 'one of them is not');
}
is_deeply([scratch_left()], [], 'no scratch directory is left');
done_testing;
