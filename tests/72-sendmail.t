#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# --sendmail: one mail from stdin, filtered, to sendmail(1), with the exit codes
# that pipe(8) of Postfix goes by. First with a stand-in for sendmail that does
# what it is told, then from a real pipe(8) to the real sendmail.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;

my $clean = mail(body => "a plain mail\n.\n..\nwith dots, and \xe4\xf6\xfc\nFrom here on\n");
my $text = part('Content-Type: text/plain', "text\n");
my $infected = mail(parts => [$text, attachment('eicar.txt', eicar())]);
my $named = mail(parts => [$text, attachment('a.exe', noise(99))]);

# -- the stand-in ---------------------------------------------------------------

# A sendmail that notes what it gets in its own directory, then does as the
# file "do" there says.
my $STANDIN = <<'END';
#!/usr/bin/perl
use strict;
my ($dir) = $0 =~ m{(.*)/};
my $do = do { open my $f, '<', "$dir/do" or die; local $/; <$f> };
open my $out, '>', "$dir/called" or die;
print $out join("\0", @ARGV), "\n";
opendir my $d, '/proc/self/fd' or die;
print $out join(' ', sort grep { /^\d+$/ && $_ <= 300 && -e "/proc/self/fd/$_" && $_ != fileno $d && $_ != fileno $out } readdir $d), "\n";
open my $s, '<', '/proc/self/status' or die;
print $out join(' ', grep { /^(?:SigBlk|SigIgn|Umask):/ } map { chomp; $_ } <$s>), "\n";
close $out;
if ($do =~ /early (.*)/) { eval $1; die $@ }
my $mail = do { local $/; <STDIN> };
open my $m, '>', "$dir/mail" or die;
print $m $mail;
close $m;
eval $do;
die $@;
END

my $n = 0;
sub standin {
	my ($do) = @_;
	my $dir = subdir('sendmail.' . ++$n);
	write_file("$dir/do", $do);
	# Named only when it is written: nothing may see it busy.
	write_file("$dir/sendmail", $STANDIN, 0755);
	return $dir;
}

# Run with it. do: Perl for the stand-in; conf, in, args, sender, to.
sub through {
	my (%a) = @_;
	my $dir = standin($a{do} // 'exit 0');
	my $r = spawnscan(in => $a{in} // $clean, timeout => 120, %{$a{run} // {}},
	    conf => {sendmail_path => "$dir/sendmail", %{$a{conf} // {}}},
	    args => $a{args} // ['--sendmail', @{$a{options} // []}, '-f', $a{sender} // 'alice@example.org', '--', @{$a{to} // ['bob@example.net']}]);
	my @called = split /\n/, read_file("$dir/called") // '';
	$r->{argv} = [split /\0/, $called[0] // '', -1];
	@$r{qw(fds signals)} = @called[1, 2];
	$r->{called} = @called > 0;
	$r->{mail} = read_file("$dir/mail");
	$r->{record} = last_record($r->{log});
	$r->{kept} = [grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*"];
	$r->{path} = "$dir/sendmail";
	return $r;
}

sub unmarked { return (split_marks($_[0] // ''))[0] }

subtest 'clean' => sub {
	my $r = through();
	is($r->{code}, 0, 'exit code') or diag($r->{out}, $r->{err}, $r->{log});
	same_bytes(unmarked($r->{mail}), $clean, 'sendmail gets it as it was, but for the marks');
	is_deeply($r->{argv}, ['-G', '-i', '-f', 'alice@example.org', '--', 'bob@example.net'], 'sendmail\'s arguments');
	is($r->{fds}, '0 1 2', 'sendmail\'s descriptors');
	# Ignored is what was so when the test was started, but not SIGPIPE and SIGXFSZ.
	no warnings 'portable';
	my ($ignored) = read_file('/proc/self/status') =~ /^SigIgn:\s*(\S+)/m;
	is($r->{signals}, sprintf("Umask:\t0022 SigBlk:\t%016x SigIgn:\t%016x", 0, hex($ignored) & ~0x1001000), 'umask and signals');
	is($r->{out} . $r->{err}, '', 'nothing is said');
	is("$r->{record}{outcome} $r->{record}{from} $r->{record}{to}", 'delivered alice@example.org bob@example.net', 'log');
	is(scalar @{$r->{kept}}, 0, 'nothing is kept');
};
for (['an envelope ID', 'QQ314159', 1], ['one of odd characters', '-x =+"\'<>', 1], ['one of 100 bytes', 'x' x 100, 1], ['none', '', 0],
    ['a longer one', 'x' x 101, 0], ['one with a line end', "a\nb", 0], ['one that is not ASCII', "\xc3\xa4", 0]) {
	my ($name, $id, $taken) = @$_;
	my $r = through(in => $clean, options => ['--envid', $id]);
	is($r->{code}, 0, "$name: exit code");
	is_deeply($r->{argv}, ['-G', '-i', '-f', 'alice@example.org', ($taken ? ('-V', $id) : ()), '--', 'bob@example.net'], "$name: " . ($taken ? '' : 'not ') . 'handed on');
}
subtest 'infected, and a dangerous name' => sub {
	my $r = through(in => $infected, to => ['bob@example.net', 'carol@example.net'], options => ['--client', 'mail.example[192.0.2.1] helo.example']);
	is($r->{code}, 0, 'exit code');
	unlike($r->{mail}, qr/\Q@{[substr b64(eicar()), 0, 40]}\E/, 'the payload is gone');
	like($r->{mail}, qr/Eicar-Test-Signature/, 'a notice instead');
	is_deeply([@{$r->{argv}}[4 .. 6]], ['--', 'bob@example.net', 'carol@example.net'], 'both recipients');
	same_bytes(read_file($r->{kept}[0] // ''), $infected, 'the original is kept');
	my $meta = read_file("$r->{kept}[0].meta") // '';
	like($meta, qr/^$_$/m, $_) for 'Mode: sendmail', 'Client: mail.example\[192\.0\.2\.1\] helo\.example',
	    'Sender: alice@example.org', 'Recipient: bob@example.net', 'Recipient: carol@example.net';
	is($r->{record}{client}, 'mail.example[192.0.2.1] helo.example', 'log: the client');
	is($r->{record}{count}, 2, 'log: count');
	like(through(in => $named)->{mail}, qr/filename="a\.exe\.defanged"/, 'renamed');
};
subtest 'senders' => sub {
	for (['' => ''], ['<>' => ''], ['MAILER-DAEMON' => ''], ['-odd@example.org'] , ['"a b"@example.org'], ['mailer-daemon@example.org'],
	    ["j\xc3\xb6rg\@example.org"], ['$(reboot)`reboot`;&|@example.org'], ['x' x 5000 . '@example.org']) {
		my ($given, $expected) = @$_;
		my $r = through(sender => $given);
		is($r->{code}, 0, Harness::printable(substr $given, 0, 40) . ': exit code') or diag($r->{out}, $r->{log});
		is_deeply($r->{argv}, ['-G', '-i', '-f', $expected // $given, '--', 'bob@example.net'], 'and handed on');
	}
};
subtest 'recipients' => sub {
	my @to = ('-bob@example.net', '--sendmail', '-f', '"b o b"@example.net', '', '*', '$HOME', "b\xc3\xb6b\@example.net", '<bob@example.net>');
	my $r = through(to => \@to);
	is($r->{code}, 0, 'odd ones: exit code');
	is_deeply($r->{argv}, ['-G', '-i', '-f', 'alice@example.org', '--', @to], 'handed on as they are');
	my @many = map { "user$_\@example.net" } 1 .. 1000;
	$r = through(to => \@many);
	is_deeply([@{$r->{argv}}[5 .. 1004]], \@many, 'a thousand');
	is($r->{record}{count}, 1000, 'log: count');
};
subtest 'line ends and sizes' => sub {
	my $big = mail(parts => [$text, attachment('big.bin', noise(4 << 20))]);
	for (['CRLF', crlf($clean)], ['no line end at the end', $clean =~ s/\n\z//r], ['From line', "From alice\@example.org Thu Jan  1 00:00:00 2026\n$clean"],
	    ['empty', ''], ['6 MB', $big], ['NUL and bare CR', "Subject: x\n\na\0b\rc\n"]) {
		my ($name, $mail) = @$_;
		my $r = through(in => $mail);
		is($r->{code}, 0, "$name: exit code") or diag($r->{out}, $r->{log});
		same_bytes(unmarked($r->{mail}), $mail, "$name: as it was, but for the marks");
	}
};

# -- exit codes -----------------------------------------------------------------

for my $code (0 .. 2, 63 .. 79, 100, 111, 126, 127, 128, 255) {
	my $own = $code == 0 || ($code >= 64 && $code <= 78);
	my $expected = $own ? $code : 75;
	my $outcome = $code == 0 ? 'delivered' : $expected == 75 || $expected == 71 ? 'deferred' : 'rejected';
	subtest "sendmail exits with $code" => sub {
		my $r = through(in => $named, do => "print STDERR qq(sendmail: it is so\\n) if $code; exit $code");
		is($r->{code}, $expected, "exit code $expected");
		is($r->{record}{outcome}, $outcome, "log: $outcome");
		is(scalar @{$r->{kept}}, $outcome eq 'deferred' ? 0 : 1, 'the original is kept unless the client keeps it');
		like($r->{out}, qr/\Asendmail: it is so\n/, 'what sendmail says is handed on') if $code;
		like($r->{out}, qr/^4\.3\.0 Content filter: \S+: exit code $code\n\z/m, 'and we say what it was') unless $own;
		like($r->{record}{reason}, qr/exit code $code/, 'log: the code') if $code;
	};
}
sub tempfail {
	my ($name, $why, %a) = @_;
	subtest $name => sub {
		my $r = through(%a);
		is($r->{code}, 75, 'exit code') or diag($r->{log});
		like($r->{out}, qr/\A4\.3\.\d Content filter: .*$why.*\n\z/, 'one line with an enhanced status code') unless $a{quiet};
		# Who was killed in the middle may have taken it: the original of what was changed stays.
		is($r->{record}{outcome}, $a{unknown} ? 'unknown' : 'deferred', 'log') unless $a{no_record};
		is(scalar @{$r->{kept}}, $a{unknown} && $a{in} ? 1 : 0, 'what is kept');
		is(defined $r->{mail} ? 'called' : 'not called', $a{handed} ? 'called' : 'not called', 'sendmail');
		is(scalar session_members($r->{sid}), 0, 'no process is left');
	};
}
tempfail('sendmail is killed before it reads', 'killed by signal 9', unknown => 1, do => 'early kill KILL => $$', in => $infected);
tempfail('sendmail is killed after it has read', 'killed by signal 15', unknown => 1, do => 'kill TERM => $$', handed => 1);
tempfail('sendmail crashes', 'killed by signal 11', unknown => 1, do => 'early kill SEGV => $$');
tempfail('no sendmail', 'could not be started: No such file', conf => {sendmail_path => '/nonexistent/sendmail'});
tempfail('sendmail is a directory', 'could not be started: Permission denied', conf => {sendmail_path => '/etc'});
tempfail('sendmail is no program', 'could not be started', conf => {sendmail_path => write_file(tmpdir() . '/text', "text\n", 0755)});
tempfail('sendmail takes too long', 'took too long', unknown => 1, do => 'early sleep 1000', conf => {final_timeout => '1s'}, in => $infected);
tempfail('no inspector', '.', conf => {inspector => '/bin/false'});
tempfail('no signatures', '.', conf => {database => '/nonexistent'});
tempfail('no scratch directory', '.', conf => {scratch_dir => '/nonexistent'});
tempfail('the quarantine cannot be written', 'quarantine', in => $infected, conf => {quarantine_dir => '/proc/none'});
tempfail('tempfail by policy', 'infected: Eicar', in => $infected, conf => {infected => 'tempfail'});
subtest 'sendmail does not read all of it' => sub {
	my $r = through(in => mail(parts => [attachment('big.bin', noise(3 << 20))]), do => 'early exit 0');
	is($r->{code}, 0, 'what sendmail answers for is sendmail\'s');
};
subtest 'reject' => sub {
	my $r = through(in => $infected, conf => {infected => 'reject'});
	is($r->{code}, 69, 'exit code');
	like($r->{out}, qr/\A5\.7\.1 Message rejected by the content filter: infected: Eicar-Test-Signature\S*\n\z/, 'one line for the bounce');
	ok(!$r->{called}, 'sendmail is not called');
	is($r->{record}{outcome}, 'rejected', 'log');
	is(scalar @{$r->{kept}}, 1, 'the original is kept');
};
subtest 'too large' => sub {
	my $r = through(in => 'x' x 2000, conf => {message_size_limit => '1K'});
	is($r->{code}, 69, 'exit code');
	like($r->{out}, qr/\A5\.3\.4 [^\n]*message_size_limit\n\z/, 'one line for the bounce');
	ok(!$r->{called}, 'sendmail is not called');
};
subtest 'discard' => sub {
	my $r = through(in => $infected, conf => {infected => 'discard', quarantine => 'off'});
	is($r->{code}, 0, 'exit code');
	is($r->{out}, '', 'nothing is said');
	ok(!$r->{called}, 'sendmail is not called');
	same_bytes(read_file($r->{kept}[0] // ''), $infected, 'the original is kept');
	is($r->{record}{outcome}, 'discarded', 'log');
};
subtest 'wrap' => sub {
	my $r = through(conf => {inspector => '/bin/false', error => 'wrap'});
	is($r->{code}, 0, 'exit code');
	like($r->{mail}, qr/message\.eml\.defanged/, 'the original in an attachment');
};
subtest 'the mail does not end' => sub {
	my $dir = standin('exit 0');
	my $conf = conf_file(sendmail_path => "$dir/sendmail", data_timeout => '1s');
	pipe my $r, my $w or die;
	my $out = subdir() . '/out';
	open my $o, '>', $out or die;
	my $pid = start_process(cmd => [spawnscan_cmd('-c', $conf, '--sendmail', '-f', 'a@b', '--', 'c@d')], fds => [$r, $o, $o]);
	close $r;
	syswrite $w, substr $clean, 0, 100;
	is((reap($pid, 60) // -1) >> 8, 75, 'exit code');
	like(read_file($out), qr/\A4\.3\.0 Content filter: reading the message: timeout\n\z/, 'and a line');
	ok(!-e "$dir/called", 'sendmail is not called');
};
subtest 'killed while sendmail runs' => sub {
	my $dir = standin('early open my $f, ">", "$dir/pid.new"; print $f $$; close $f; rename "$dir/pid.new", "$dir/pid"; sleep 1000');
	my $conf = conf_file(sendmail_path => "$dir/sendmail");
	my $file = write_file(subdir() . '/mail', $clean);
	open my $in, '<', $file or die;
	open my $null, '>', '/dev/null' or die;
	my $pid = start_process(cmd => [spawnscan_cmd('-c', $conf, '--sendmail', '-f', 'a@b', '--', 'c@d')], fds => [$in, $null, $null]);
	ok(wait_for(sub { -e "$dir/pid" }, 60), 'sendmail runs');
	SKIP: {
		skip 'the process is the wrapper', 1 if $ENV{SPAWNSCAN_WRAP};
		kill 'KILL', $pid;
		reap($pid);
		ok(wait_for(sub { !session_members($pid) }), 'it ends with us');
	}
};

# -- the command line -------------------------------------------------------------

# Nothing that a mailer waits for may come back as a bounce.
sub wrong {
	my ($name, $why, @args) = @_;
	my $r = through(args => \@args);
	is($r->{code}, 75, "$name: exit code");
	like($r->{out}, qr/\A4\.3\.5 Content filter: .*$why.*\n\z/, "$name: one line on stdout");
	like($r->{err}, qr/\Aspawnscan: .*$why.*\n\z/, "$name: and on stderr");
	ok(!$r->{called}, "$name: sendmail is not called");
}
wrong('no sender', '-f SENDER', '--sendmail', '--', 'bob@example.net');
wrong('no recipient', 'recipients', '--sendmail', '-f', 'a@b', '--');
wrong('unknown option', '--frobnicate', '--frobnicate', '--sendmail', '-f', 'a@b', '--', 'c@d');
wrong('-f without an argument', '-f', '--sendmail', '-f');
wrong('a bad setting', 'infected', '-o', 'infected=maybe', '--sendmail', '-f', 'a@b', '--', 'c@d');
wrong('no such configuration', 'nonexistent', '-c', '/nonexistent', '--sendmail', '-f', 'a@b', '--', 'c@d');
wrong('with --explain', '--explain', '--sendmail', '--explain', '-', '-f', 'a@b', '--', 'c@d');
for (['-f alone', 64, '-f', 'a@b'], ['--envid alone', 64, '--envid', 'x'], ['--client alone', 64, '--client', 'x[y]']) {
	my ($name, $code, @args) = @$_;
	is(through(args => \@args)->{code}, $code, "$name: exit code");
}
{
	my $r = through(in => $named, options => ['--client', 'build.example[192.0.2.9]'], conf => {exempt_clients => '192.0.2.8/29'});
	is($r->{record}{exempt}, 'client', 'exempt client');
	$r = through(in => $named, options => ['--client', $_], conf => {exempt_clients => '* 0.0.0.0/0'}), is($r->{record}{exempt}, undef, "client $_: not exempt")
	    for '[]', 'nonsense', 'unknown[unknown]', 'build.example[192.0.2.9';
	is(through(in => $named, conf => {exempt_senders => 'alice@*'})->{record}{exempt}, 'sender', 'exempt sender');
	is(through(in => $named, sender => 'MAILER-DAEMON', conf => {exempt_senders => '<>'})->{record}{exempt}, 'sender', 'exempt null sender');
	is(through(in => $named, to => ['a@x', 'b@x'], conf => {exempt_recipients => '*@x'})->{record}{exempt}, 'recipients', 'exempt recipients');
	is(through(in => $named, to => ['a@x', 'b@y'], conf => {exempt_recipients => '*@x'})->{record}{exempt}, undef, 'one of them is not');
}
is_deeply([scratch_left()], [], 'no scratch directory is left');

# -- a real pipe(8), and the real sendmail ----------------------------------------

SKIP: {
	loud_skip('needs root', 1) if $>;
	loud_skip('Postfix is not installed', 1) unless grep { -x "$_/postfix" } split /:/, $ENV{PATH};
	subtest 'Postfix' => \&with_postfix;
}

# Section D of master.cf.example. sendmail(1) finds the private configuration
# by $MAIL_CONFIG, which pipe(8) hands on; postdrop(1) believes that only if it is
# not set-gid, so it is a copy, and the maildrop is open to the filter's user.
sub with_postfix {
	require PrivatePostfix;
	my $sink = Downstream->start(ehlo => ['PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8']);
	# As the section says: pipe(8) knows the macro from Postfix 3.9 on. Before, a fixed one shows the rest of the way.
	my ($version) = run(cmd => ['postconf', '-hd', 'mail_version'])->{out} =~ /\A(\d+\.\d+)/;
	my $knows_envid = $version =~ /\A3\.[0-8]\z/ ? 0 : 1;
	my ($envid_words) = (read_file("$SRC/master.cf.example") // '') =~ /^ +# +(--envid \$\{envid\})$/m or die 'no envid';
	$envid_words = '--envid QQ=314159' if !$knows_envid;
	my $bin = subdir('postfix-commands', 0755);
	symlink $_, $bin . '/' . s{.*/}{}r for grep { !m{/postdrop\z} } glob '/usr/sbin/post*';
	write_file("$bin/postdrop", read_file('/usr/sbin/postdrop'), 0755);
	my ($options) = (read_file("$SRC/master.cf.example") // '') =~ /^(#    -o content_filter=scanpipe:.*\n(?:#    -o .*\n)+)/m or die 'no options for smtpd';
	$options =~ s/^#//mg;
	my $standin = standin('exit 0');
	my $p = PrivatePostfix->start(sink => $sink->port, section => 'D', no_wait => 1,
	    main => ["command_directory = $bin", 'export_environment = TZ MAIL_CONFIG LANG'],
	    edit => sub {
		s/^(127\.0\.0\.1:\d+ inet .* smtpd\n)/$1$options/m or die 'no smtpd';
		s/^(pickup    unix  n - n )60/${1}1/m or die 'no pickup';
		s/^( +)--client /$1$envid_words\n$1--client /m or die 'no --client';
	    });
	ok(wait_for(sub { $p->listens($p->{port}) && -d "$p->{dir}/queue/maildrop" }, 60), 'Postfix listens') or return diag($p->maillog);
	chmod 01733, "$p->{dir}/queue/maildrop";
	chmod 0711, "$p->{dir}/queue/public";
	my $set = sub {
		my ($text) = @_;
		state $old = read_file($p->{conf});
		write_file("$p->{conf}.new", $old . $text, 0644);
		rename "$p->{conf}.new", $p->{conf} or die;
	};
	my $count = 0;
	my $send = sub {
		my (%a) = @_;
		my $id = 'pipe' . ++$count;
		my $mail = crlf(mail(id => $id, %a));
		my $c = SmtpClient->connect('127.0.0.1', $p->{port});
		$c->hello;
		like($c->deliver(mail => $mail, map { $_ => $a{$_ . '_'} } grep { defined $a{$_ . '_'} } qw(from to mail_args)), qr/\A250 /, 'Postfix takes it');
		$c->cmd('QUIT');
		return ($id, $mail);
	};
	my $arrived = sub {
		my ($like) = @_;
		my $m;
		wait_for(sub { ($m) = grep { $_->{data} =~ $like } $sink->messages; $m }, 90);
		ok($m, 'it arrives') or diag($p->maillog =~ /((?:.*\n){1,40})\z/, $p->filter_log_text);
		return $m // {data => '', mail => '', rcpt => []};
	};
	# Without the Received fields of smtpd and pickup, and the marks between them.
	my $unmarked = sub {
		my ($m) = @_;
		my $received = qr/Received: [^\n]*\n(?:[ \t][^\n]*\n)*/;
		my ($rest, undef, $result) = split_marks($m->{data} =~ s/\A$received//r);
		return (($rest // '') =~ s/\A$received//r, $result // '');
	};
	my $log_has = sub {
		my ($re, $name) = @_;
		ok(wait_for(sub { $p->maillog =~ $re }, 60), $name) or diag($p->maillog =~ /((?:.*\n){1,30})\z/);
	};

	subtest 'clean' => sub {
		my ($id, $mail) = $send->(body => ".\n..\nFrom here\n\xe4\n", to_ => ['bob@example.net', '"b o b"@example.net', 'carol@example.net'], mail_args_ => ' BODY=8BITMIME ENVID=QQ+3D314159');
		my $m = $arrived->(qr/^Message-ID: <$id\@/m);
		same_bytes(($unmarked->($m))[0], $mail, 'as it was, but for Received and the marks');
		is($m->{mail} =~ /(<.*?>)/ ? $1 : '', '<alice@example.org>', 'the sender');
		like($m->{mail}, qr/ ENVID=QQ\+3D314159(?: |\r|\z)/, 'the envelope ID, as xtext');
		is_deeply([sort map { /(<.*?>)/ } @{$m->{rcpt}}], ['<"b o b"@example.net>', '<bob@example.net>', '<carol@example.net>'], 'the recipients');
		# The mail may be there before we have written of it.
		my $r = {};
		wait_for(sub { ($r = last_record($p->filter_log_text))->{outcome} }, 60);
		is("$r->{from} $r->{count} $r->{client}", 'alice@example.org 3 unknown[127.0.0.1]', 'our log: envelope and client');
		$log_has->(qr/: to=<bob\@example\.net>, relay=scanpipe, .* status=sent \(delivered via scanpipe service\)/, 'Postfix\'s log');
	};
	subtest 'infected, from the null sender' => sub {
		my ($id, $mail) = $send->(parts => [$text, attachment('eicar.txt', eicar())], from_ => '');
		my $m = $arrived->(qr/^Message-ID: <$id\@/m);
		like($m->{data}, qr/Eicar-Test-Signature/, 'a notice');
		like($m->{mail}, qr/<>/, 'the null sender');
		is(scalar(grep { !/\.meta\z/ } glob "$p->{quarantine}/*/*"), 1, 'the original is kept');
	};
	subtest 'refused' => sub {
		$set->("\n[actions]\ninfected = reject\n");
		$send->(parts => [$text, attachment('eicar.txt', eicar())]);
		my $m = $arrived->(qr/Message rejected by the content filter: infected:/);
		like($m->{data}, qr/^Status: 5\.7\.1\r$/m, 'a bounce with 5.7.1');
		$log_has->(qr/dsn=5\.7\.1, status=bounced \(Message rejected by the content filter: infected: Eicar-Test-Signature/, 'Postfix\'s log');
		$set->('');
	};
	subtest 'sendmail refuses' => sub {
		write_file("$standin/do", 'print STDERR "sendmail: no such user\n"; exit 67');
		$set->("\n[sendmail]\nsendmail_path = $standin/sendmail\n");
		chmod 0777, $standin;
		$send->(to_ => ['nobody@example.net']);
		my $m = $arrived->(qr/sendmail: no such user/);
		like($m->{data}, qr/^Status: 5\.1\.1\r$/m, 'a bounce with 5.1.1');
		$set->('');
	};
	# What is wrong, and what the log of Postfix says of it. The mail waits.
	for (["\n[scan]\ninspector = /bin/false\n", qr/dsn=4\.3\.0, status=deferred \(Content filter: the inspector/, 'no inspector'],
	    ["\n[sendmail]\nsendmail_path = /nonexistent\n", qr/dsn=4\.3\.0, status=deferred \(Content filter: \/nonexistent: could not be started/, 'no sendmail'],
	    ["\n[scan]\nfrobnicate = yes\n", qr/dsn=4\.3\.5, status=deferred \(Content filter: .*unknown key/, 'a fault in the configuration']) {
		my ($setting, $log, $name) = @$_;
		subtest "$name: deferred" => sub {
			$set->($setting);
			my ($id, $mail) = $send->(subject => $name);
			$log_has->($log, 'Postfix\'s log');
			$set->('');
			$p->flush;
			same_bytes(($unmarked->($arrived->(qr/^Message-ID: <$id\@/m)))[0], $mail, 'later it arrives, as it was');
		};
	}
	subtest 'recipients of two kinds' => sub {
		$set->("\n[rule lab]\nrecipient = lab.example\nblocked = pass\n[rule strict]\nrecipient = strict.example\nblocked = remove\n");
		my @parts = (parts => [$text, attachment('a.exe', 'harmless')], to_ => ['a@lab.example', 'b@strict.example']);
		my ($id) = $send->(@parts);
		my $m = $arrived->(qr/^Message-ID: <$id\@/m);
		is(scalar @{$m->{rcpt}}, 2, 'one message for both');
		like($m->{data}, qr/was removed by the content filter/, 'as the strictest has it');
		ok(wait_for(sub { $p->filter_log_text =~ /\bstrictest_of=2\b/ }, 60), 'the log says so');
		# As the section says.
		my ($limit) = (read_file("$SRC/master.cf.example") // '') =~ /^#   (scanpipe_destination_recipient_limit = 1)$/m or die 'no limit';
		write_file("$p->{dir}/etc/main.cf", read_file("$p->{dir}/etc/main.cf") . "$limit\n", 0644);
		ok($p->reload, 'reload');
		($id) = $send->(@parts);
		like($arrived->(qr/^Message-ID: <$id\@.*name="a\.exe"/ms)->{rcpt}[0], qr/a\@lab\.example/, 'one at a time: as it was');
		like($arrived->(qr/^Message-ID: <$id\@.*was removed by/ms)->{rcpt}[0], qr/b\@strict\.example/, 'and without the attachment');
		$set->('');
	};
	subtest '5 MB' => sub {
		my ($id, $mail) = $send->(parts => [$text, attachment('big.bin', noise(4 << 20))]);
		same_bytes(($unmarked->($arrived->(qr/^Message-ID: <$id\@/m)))[0], $mail, 'as it was');
	};
	ok($p->empty_queue(60), 'the queue is empty');
	is(scalar(() = glob "$p->{dir}/scratch/*"), 0, 'no scratch directory is left');
	unlike($p->maillog, qr/unused parameter|bad command|panic:|pipe\[\d+\]: (?:fatal|warning):/, 'Postfix has no complaint');
	$p->stop;
	$sink->stop;
}
done_testing;
