#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# --milter: the same filter behind the milter protocol; every event of it broken
# off in each way; and a real Postfix in front.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use MilterClient;

my $clean = crlf(mail(parts => [attachment('a.txt', 'harmless')]));
my $infected = crlf(mail(parts => [part('Content-Type: text/plain', "Text.\n"), attachment('a.bin', marker())]));
my $named = crlf(mail(parts => [attachment('a.exe', 'text')]));

sub milter {
	my (%o) = @_;
	my $port = free_port();
	my $at = $o{listen} // "127.0.0.1:$port";
	my $conf = conf_file(%{$o{conf} // {}});
	write_file($conf, read_file($conf) . "\n$o{rules}", 0644) if $o{rules};
	my $log = $conf =~ s{[^/]+\z}{log}r;
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(fds => [$null, $null, $null], cmd => [spawnscan_cmd('-c', $conf, '--milter', $at)]);
	ok(wait_for(sub { (read_file($log) // '') =~ /milter: listening/ }, 60), "it listens at $at")
	    or diag(read_file($log) // 'no log');
	return {pid => $pid, log => $log, port => $port, conf => $conf, path => $at =~ s/\Aunix://r};
}
sub client { my ($m, %o) = @_; return wait_for(sub { MilterClient->connect(port => $m->{port}, %o) }, 30) }
# libmilter looks every five seconds whether it was told to end: all of them are
# told when their test is over, and waited for together.
my @ending;
sub end { my ($m) = @_; kill 'TERM', $m->{pid}; push @ending, $m }
sub records { return grep { exists $_->{verdict} } log_records(read_file($_[0]{log}) // '') }
sub deliver { my ($m, $mail, %o) = @_; my $c = client($m); my $r = $c->deliver(mail => $mail, %o); $c->close; return $r }

my $m = milter(conf => { deny_names => 'secret*' });
my $asked = client($m);
is($asked->{steps} & 0x3ff, 0x100, 'it wants to hear of, and answers, each command but unknown ones: Postfix never waits for an acknowledgement');
$asked->close;

subtest 'verdicts' => sub {
	my $r = deliver($m, $clean);
	is($r->{verdict}, 'a', 'clean: accepted');
	my ($rest, undef, $result) = split_marks($r->{mail});
	like($result // '', qr/^X-Spawnscan-Result: clean/, 'with the marks on top');
	same_bytes($rest, $clean, 'and nothing else changed');
	is($r->{changed}, 'ii', 'two fields are all that was asked for');

	$r = deliver($m, $infected);
	is($r->{verdict}, 'a', 'infected: accepted');
	unlike($r->{mail}, qr/HARMLESS-MARKER|QS1IQVJNTEVT/, 'without the attachment');
	like($r->{mail}, qr/Harmless-Test-Marker/, 'a notice instead');
	like($r->{mail}, qr/^Text\.\r$/m, 'the text is still there');

	# The same edits as those of the one-shot filter, byte for byte.
	for (['infected', $infected], ['a name', $named], ['signed', crlf(mail(parts => [attachment('a.bin', marker())], header => "Received: by one\nReceived: by two"))],
	    ['one part', crlf("Subject: x\nContent-Type: application/x; name=a.exe\nX-Spawnscan-Result: clean\nTo: y\n\ntext\n")],
	    ['stray CR', crlf(mail(header => "X-Odd: a\rb\r", parts => [part('Content-Type: text/plain', "One.\rTwo.\r\r\n\r\n"), part("Content-Type: application/x;\r name=a.exe\nX-Part: a\rb", "te\rxt")]))],
	    ['an infected subject', crlf('Subject: ' . marker() . "\nTo: y\n\ntext\n")]) {
		my ($name, $mail) = @$_;
		my $one = spawnscan(in => $mail, conf => { deny_names => 'secret*' })->{out};
		my $got = deliver($m, $mail)->{mail};
		same_bytes(timeless($got), timeless($one), "$name: as the one-shot filter has it");
	}
};
# The notice tells time and reference, which differ.
sub timeless { return $_[0] =~ s/^(Date|Reference|Original): +.*?(?=\r?$)/$1/mgr =~ s{\d{4}/\d{10}\.\S+(?=\.\r?$)}{REFERENCE}mgr }

subtest 'the log and the rules know the envelope' => sub {
	my ($record) = (grep { $_->{verdict} eq 'infected' } records($m))[0];
	is($record->{from}, 'alice@example.org', 'sender');
	is($record->{to}, 'bob@example.net', 'recipient');
	is($record->{client}, 'mail.example[192.0.2.1] client.example', 'client');
	is($record->{orig_queue_id}, 'QUEUEID1', 'queue id, from the macro i');
	is($record->{outcome}, 'delivered', 'outcome');
	ok($record->{quarantine}, 'the original is kept');
	my $rules = milter(rules => "[rule in]\nauthenticated = yes\nblocked = pass\n[rule out]\nauthenticated = no\nblocked = reject\n");
	for (['', 'not known', 'defang', undef], ["{mail_addr}\0a\0", 'not logged in', 'reject', 'out'], ["{mail_addr}\0a\0{auth_authen}\0me\0", 'logged in', 'pass', 'in']) {
		my ($macros, $name, $action, $rule) = @$_;
		my $before = () = records($rules);
		deliver($rules, $named, macros => $macros);
		# The record is written when the reply is on its way.
		ok(wait_for(sub { (() = records($rules)) > $before }, 30), "$name: a record");
		my $r = (records($rules))[-1];
		is($r->{action}, $action, "$name: action");
		is($r->{rules}, $rule, 'and rule');
	}
	my $two = milter(rules => "[rule lab]\nrecipient = lab.example\nblocked = pass\n[rule strict]\nrecipient = strict.example\nblocked = remove\n");
	like(deliver($two, $named, to => ['a@lab.example', 'b@strict.example'])->{mail}, qr/was removed by the content filter/, 'recipients of two kinds: the strictest');
	ok(wait_for(sub { (() = records($two)) > 0 }, 30), 'a record');
	is(join(' ', map { $_ // '' } @{(records($two))[-1]}{qw(rules strictest_of)}), 'strict 2', 'which says so');
	end($two);
	my $x = milter(conf => { exempt_clients => '192.0.2.7', infected => 'reject', ambiguous => 'pass' });
	like(deliver($x, $named, address => '192.0.2.7')->{mail}, qr/name="?a\.exe"?/, 'an exempt client');
	like(deliver($x, $named, address => '192.0.2.8')->{mail}, qr/a\.exe\.defanged/, 'and another one');
	my $r = deliver($x, $infected);
	is($r->{verdict}, 'y', 'reject: with a reply');
	like($r->{text}, qr/\A550 5\.7\.1 /, 'which is 550 5.7.1');
	end($x);
	$x = milter(conf => { infected => 'discard' });
	is(deliver($x, $infected)->{verdict}, 'd', 'discard');
	end($x);
	$x = milter(conf => { infected => 'tempfail', message_size_limit => '64K', recipient_limit => 2 });
	like(deliver($x, $infected)->{text}, qr/\A451 4\.3\.0 /, 'tempfail');
	like(deliver($x, crlf(mail(parts => [attachment('a.txt', 'x' x 100_000)])))->{text}, qr/\A552 5\.3\.4 /, 'too large');
	like(deliver($x, $clean, to => ['a@x', 'b@x', 'c@x'])->{text}, qr/\A452 4\.5\.3 /, 'too many recipients');
	is(deliver($x, $clean)->{verdict}, 'a', 'and the next message is accepted');
	end($x);
	$x = milter(conf => { inspector => '/nonexistent' });
	like(deliver($x, $clean)->{text}, qr/\A451 4\.3\.0 /, 'no inspector: deferred');
	end($x);
	$x = milter(conf => { inspector => '/nonexistent', error => 'wrap' });
	my $w = deliver($x, $clean);
	is($w->{verdict}, 'a', 'error = wrap: accepted');
	like($w->{mail}, qr/message\.eml\.defanged/, 'the original as an attachment');
	end($x);
};

subtest 'messages of one connection' => sub {
	my $c = client($m);
	for my $i (1 .. 3) {
		is($c->deliver(mail => $i == 2 ? $infected : $clean)->{verdict}, 'a', "message $i");
	}
	$c->send_event('Q');
	ok(!defined $c->answer, 'it closes at QUIT');
};

subtest 'values with and without leading space' => sub {
	my $mail = crlf("Subject:none\nX-Odd:  two\nTo:\tx\nX-Folded: a\n b\n\tc\n\nbody\n");
	my ($rest) = split_marks(deliver($m, $mail)->{mail});
	same_bytes($rest, $mail, 'as it came');
	my $c = client($m, protocol => 0);
	my $r = $c->deliver(mail => $mail =~ s/:[ \t]+/:/gr);
	is($r->{verdict}, 'a', 'a server that does not tell of it: accepted');
	like($r->{mail}, qr/^X-Spawnscan-Result:clean/m, 'it puts a space in front itself');
};

# Abort, close, silence and garbage at each event: nothing is kept, no worker and no
# file is left, and the next message is accepted.
subtest 'broken off' => sub {
	my $q = subdir('milter-q');
	my $x = milter(conf => { quarantine_dir => $q, quarantine => 'all', data_timeout => '2s' });
	my @events = MilterClient::events(mail => $infected);
	for my $how (qw(abort close garbage)) {
		for my $i (0 .. $#events) {
			my $c = client($x);
			$c->event(@{$events[$_]}) for 0 .. $i - 1;
			if ($how eq 'abort') {
				$c->send_event('A');
				$c->send_event('Q');
				ok(!defined $c->answer, "abort before event $i");
			} elsif ($how eq 'close') {
				$c->send_event(@{$events[$i]});
				$c->close;
			} else {
				$c->send_raw(pack('N', 0xfffffff0) . 'xyz');
				ok(!defined $c->answer, "garbage in place of event $i: closed");
			}
		}
	}
	my $c = client($x);
	$c->event(@{$events[0]});
	my $r = deliver($x, $clean);
	is($r->{verdict}, 'a', 'beside a silent server a message is accepted');
	$c->close;
	my @kept = grep { !/\.meta\z/ } glob "$q/*/*";
	is(scalar(grep { read_file($_) ne $clean } @kept), scalar(grep { $_->{outcome} eq 'delivered' && $_->{verdict} eq 'infected' } records($x)),
	    'of what was broken off nothing is kept, unless the verdict was out');
	end($x);
};

subtest 'many at the same time' => sub {
	my @c = map { client($m) } 1 .. 8;
	my @e = MilterClient::events(mail => $infected);
	for my $e (@e[0 .. $#e - 1]) { for my $c (@c) { $c->event(@$e) } }
	$_->send_event(@{$e[-1]}) for @c;
	is(scalar(grep { $_->end(mail => $infected)->{verdict} eq 'a' } @c), 8, 'eight messages');
};

subtest 'workers and the spawner killed' => sub {
	my $x = milter(conf => { inspector => write_file(tmpdir() . '/slow', "#!/bin/sh\nsleep 30\n", 0755) });
	my $c = client($x);
	my @e = MilterClient::events(mail => $clean);
	$c->event(@$_) for @e[0 .. $#e - 1];
	$c->send_event(@{$e[-1]});
	my ($spawner) = wait_for(sub { (children($x->{pid}))[0] }, 30);
	my $worker = wait_for(sub { (children($spawner))[0] }, 30);
	kill 'KILL', $worker;
	like($c->end(mail => $clean)->{text} // '', qr/\A451 4\.3\.0 /, 'a worker was killed: deferred');
	kill 'KILL', $spawner;
	like(deliver($x, $clean)->{text} // '', qr/\A451 4\.3\.0 /, 'the spawner was killed: deferred');
	end($x);
};
sub children {
	my ($parent) = @_;
	return grep { (read_file("/proc/$_/stat") // '') =~ /\A\d+ \(.*\) \S \Q$parent\E / } map { m{(\d+)\z} } glob '/proc/[0-9]*';
}

subtest 'a Unix socket, and the end' => sub {
	my $path = tmpdir() . '/milter.sock';
	my $x = milter(listen => "unix:$path", conf => { proxy_socket_mode => '0600' });
	is((stat $path)[2] & 0777, 0600, 'its mode');
	is(MilterClient->connect(path => $path)->deliver(mail => $clean)->{verdict}, 'a', 'a message through it');
	kill 'TERM', $x->{pid};
	ok(wait_for(sub { waitpid($x->{pid}, POSIX::WNOHANG()) == $x->{pid} }, 60), 'SIGTERM ends it');
	is($? >> 8, 0, 'with 0');
	for (['lmtp:127.0.0.1:25', 64], ['nonsense', 64], ['unix:/nonexistent/x', 69]) {
		my $r = run(cmd => [spawnscan_cmd('-c', conf_file(log => 'stderr'), '--milter', $_->[0])], timeout => 30);
		is($r->{code}, $_->[1], "--milter $_->[0]: code $_->[1]");
		like($r->{err}, qr/\A[^\n]+\n\z/, 'and one sentence');
	}
};
end($m);
for my $x (@ending) {
	is(reap($x->{pid}, 60), 0, 'SIGTERM ends it with 0');
	ok(wait_for(sub { !session_members($x->{pid}) }, 30), 'and no process is left') or diag(join ' ', session_members($x->{pid}));
}

SKIP: {
	loud_skip('needs root', 1) if $>;
	loud_skip('Postfix is not installed', 1) unless grep { -x "$_/postfix" } split /:/, $ENV{PATH};
	require PrivatePostfix;
	require Downstream;
	subtest 'a real Postfix' => \&with_postfix;
}

sub with_postfix {
	my $sink = Downstream->start(ehlo => ['PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME']);
	my $x = milter(conf => { quarantine => 'all' });
	my ($lines) = read_file("$SRC/master.cf.example") =~ /^# === E\. .*?^# +smtpd_milters/ms ? 1 : 0;
	ok($lines, 'master.cf.example has a section for it');
	my @main = map { s/inet:127\.0\.0\.1:10029/inet:127.0.0.1:$x->{port}/r }
	    read_file("$SRC/master.cf.example") =~ /^#\s+((?:smtpd_milters|non_smtpd_milters|milter_\w+) = .*)$/mg;
	my $p = PrivatePostfix->start(section => '', sink => $sink->port, main => \@main);
	my $n = 0;
	my %mails = (
		clean => mail(parts => [attachment('a.txt', 'harmless')]),
		long => mail(header => "References: " . join("\n ", map { "<$_-" . 'x' x 60 . '@example.org>' } 1 .. 40), parts => [part('Content-Type: text/plain', 'x' x 990 . "\n")]),
		named => mail(parts => [attachment('a.exe', 'text')]),
		infected => mail(parts => [part('Content-Type: text/plain', "Text.\n"), attachment('a.bin', marker())]),
		forged => "X-Spawnscan-Result: clean\nSubject: x\nX-Spawnscan-Result: clean\n\n.\n..\ntext \n",
	);
	for my $name (sort keys %mails) {
		my $id = 'milter-' . ++$n;
		my $mail = crlf("X-Case: $id\n$mails{$name}");
		my $c = $p->client;
		like($c->deliver(mail => $mail) // 'nothing', qr/\A250 2\.0\.0 Ok/, "$name: accepted");
		$c->cmd('QUIT');
		my $got = wait_for(sub { (grep { $_->{data} =~ /^X-Case: \Q$id\E/m } $sink->messages)[0] }, 60);
		my $one = spawnscan(in => $mail, conf => {})->{out};
		my @want = fields_and_body($one);
		my @have = fields_and_body(($got // {})->{data} // '');
		is_deeply($have[0], $want[0], "$name: the fields, as the one-shot filter has them");
		same_bytes(timeless($have[1]), timeless($want[1]), "$name: the body");
	}
	# A stray CR: what cleanup(8) makes of it, in front of all milters, or leaves of it,
	# is what arrives, in a message that is changed as well.
	for my $replaced (grep { run(cmd => ['postconf', '-d', 'cleanup_replace_stray_cr_lf'])->{err} eq '' } 'yes', 'no') {
		my $q = PrivatePostfix->start(section => '', sink => $sink->port, main => [@main, "cleanup_replace_stray_cr_lf = $replaced"]);
		for my $name ('clean', 'named') {
			my $id = "stray-$replaced-$name";
			my $mail = crlf("X-Case: $id\nX-Odd: a\rb\n" . mail(parts => [part('Content-Type: text/plain', "One.\rTwo.\r\rThree.\r\r\n\rFour.\n"), attachment($name eq 'clean' ? 'a.txt' : 'a.exe', 'text')]));
			my $c = $q->client;
			like($c->deliver(mail => $mail) // 'nothing', qr/\A250 2\.0\.0 Ok/, "$id: accepted");
			$c->cmd('QUIT');
			my $got = wait_for(sub { (grep { $_->{data} =~ /^X-Case: \Q$id\E/m } $sink->messages)[0] }, 60);
			$mail =~ s/\r+(?=\r\n)//g; # smtpd(8)
			$mail =~ s/\r(?!\n)/ /g if $replaced eq 'yes';
			my @want = fields_and_body(spawnscan(in => $mail, conf => {})->{out});
			my @have = fields_and_body(($got // {})->{data} // '');
			is_deeply($have[0], $want[0], "$id: the fields, as the one-shot filter has them");
			same_bytes(timeless($have[1]), timeless($want[1]), "$id: the body");
		}
		unlike($q->maillog, qr/fatal:|panic:/, "$replaced: Postfix has no complaint");
		$q->stop;
	}
	stop_process($x->{pid});
	my $c = $p->client;
	like($c->deliver(mail => crlf($mails{clean})) // 'nothing', qr/\A4\d\d /, 'the milter is down: deferred');
	unlike($p->maillog, qr/fatal:|panic:/, 'Postfix has no complaint');
	$p->stop;
	$sink->stop;
}

# Fields, sorted, without what Postfix adds; and the body.
sub fields_and_body {
	my ($head, $body) = $_[0] =~ /\A(.*?\r\n)\r\n(.*)\z/s;
	my @fields = grep { !/^(?:Received|Message-Id|Date|From|X-Antivirus):/i } ($head // '') =~ /([^\r\n][^\n]*\n(?:[ \t][^\n]*\n)*)/g;
	return ([sort @fields], $body // '');
}
done_testing;
