#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# In front of the queue of a real Postfix: smtpd_proxy_filter with the entries
# of master.cf.example, with and without speed_adjust. The client is told what
# the filter says, and of a transaction that came to nothing nothing remains.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;

plan skip_all => 'SKIPPED: needs root' if $>;
BEGIN {
	unless (grep { -x "$_/postfix" } split /:/, $ENV{PATH}) {
		diag('SKIPPED: Postfix is not installed');
		plan skip_all => 'SKIPPED: Postfix is not installed';
	}
}
use PrivatePostfix;

my ($sink, $p, $n);
my $text = part('Content-Type: text/plain; charset=us-ascii', "A text before it.\n");
my $infected = [parts => [$text, attachment('eicar.txt', eicar())]];

sub mail_of { return crlf(mail(id => 'm' . ++$n . "-$$", @_)) }
sub id_of { return (header_of($_[0], 'Message-ID'))[0] }
sub at_sink { my $id = id_of($_[0]); return grep { ((header_of($_->{data}, 'Message-ID'))[0] // '') eq $id } $sink->messages }
sub arrives { my ($mail) = @_; return (wait_for(sub { (at_sink($mail))[0] }, 60)) }
sub records { return grep { exists $_->{verdict} } log_records($p->filter_log_text) }
sub quarantined { return grep { !/\.meta\z/ } glob "$p->{quarantine}/*/*" }

# A clean mail gets through, and so nothing is stuck.
sub goes_through {
	my ($name) = @_;
	my $mail = mail_of();
	my $c = $p->client;
	like($c->deliver(mail => $mail) // 'nothing', qr/\A250 2\.0\.0 Ok: queued as/, "$name: the next mail is taken");
	$c->cmd('QUIT');
	ok(arrives($mail), "$name: and arrives") or diag(tail());
}

# Nothing of this mail is anywhere: not queued, not sent, no bounce, no process.
sub nothing_left {
	my ($mail, $name, $sent) = @_;
	ok(wait_for(sub { !$p->filters }, 60), "$name: no filter process is left");
	ok($p->empty_queue, "$name: the queue is empty") or diag($p->queued);
	goes_through($name);
	is(scalar(() = at_sink($mail)), 0, "$name: it did not arrive");
	is(scalar(() = $sink->messages), $sent + 1, "$name: nor did a bounce or anything else");
	my $id = id_of($mail);
	unlike($p->maillog, qr/message-id=\Q$id\E/, "$name: it never was in the queue");
	ok(wait_for(sub { my @left = glob "$p->{dir}/scratch/*"; !@left }, 30), "$name: no scratch directory is left");
}

sub tail { my @l = split /^/, $p->maillog; return join '', (@l > 30 ? @l[-30 .. -1] : @l), $p->filter_log_text }

for my $mode ('with speed_adjust', 'without speed_adjust') {
	my $adjust = $mode =~ /\Awith /;
	$sink = Downstream->start(ehlo => ['PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8']);
	my $refuse = tmpdir() . '/refuse.first';
	write_file($refuse, "/nobody/ 550 5.1.1 user unknown at the first\n");
	$p = PrivatePostfix->start(section => 'B', sink => $sink->port,
	    # Postfix would tell its postmaster of a filter that was lost.
	    main => ["smtpd_recipient_restrictions = check_recipient_access regexp:$refuse", 'notify_classes ='],
	    edit => sub { $adjust || s/^ +-o smtpd_proxy_options=speed_adjust\n//m || die 'no speed_adjust' });
	subtest $mode => \&all, $adjust;
	unlike($p->maillog, qr/unused parameter|bad command|fatal:|panic:/, "$mode: Postfix has no complaint about the entries");
	$p->stop;
	$sink->stop;
}
done_testing;

sub all {
	my ($adjust) = @_;
	subtest 'clean' => sub {
		my $mail = mail_of(parts => [$text, attachment('some.bin', noise(300_000))]);
		my $c = $p->client;
		my $r = $c->deliver(mail => $mail, to => ['bob@example.net', 'carol@example.net']);
		like($r // '', qr/\A250 2\.0\.0 Ok: queued as (\w+)\r/, 'the client has the reply of the second smtpd');
		my ($id) = ($r // '') =~ /queued as (\w+)/;
		$c->cmd('QUIT');
		my $m = arrives($mail);
		my ($rest, $result) = $p->unmarked($m ? $m->{data} : '');
		same_bytes($rest, $mail, 'as it was, but for Received and the marks');
		like($result // '', qr/clean/, 'X-Spawnscan-Result: clean');
		is(scalar @{$m->{rcpt} // []}, 2, 'both recipients');
		my $record = wait_for(sub { (records())[0] }) // {};
		is($record->{queue_id}, $id, 'log: the queue id');
		is($record->{client}, 'unknown[127.0.0.1] client.example', 'log: the client, by XFORWARD');
		is($record->{from}, 'alice@example.org', 'log: the sender');
		like($p->maillog, qr/: \Q$id\E: client=unknown\[127\.0\.0\.1\]/, 'the second smtpd knows the client');
	};
	subtest 'extensions' => sub {
		my $c = $p->client;
		unlike($c->received, qr/CHUNKING/, 'CHUNKING is not announced');
		like($c->received, qr/^250[- ]$_\b/m, "$_ is") for qw(SIZE 8BITMIME SMTPUTF8 DSN);
		my $mail = mail_of(subject => "Gr\xc3\xbc\xc3\x9fe", type => 'text/plain; charset=utf-8', encoding => '8bit', body => "Gr\xc3\xbc\xc3\x9fe\n.\n..\n");
		like($c->deliver(mail => $mail, from => "j\xc3\xb6rg\@example.org", to => ["b\xc3\xb6b\@example.net"],
		    mail_args => ' BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ314159', rcpt_args => ' NOTIFY=FAILURE ORCPT=rfc822;Bob@orig.example')
		    // '', qr/\A250 /, 'the client is told yes');
		$c->cmd('QUIT');
		my $m = arrives($mail);
		same_bytes(($p->unmarked($m ? $m->{data} : ''))[0], $mail, 'as it was');
		like($m->{mail} // '', qr/BODY=8BITMIME.*SMTPUTF8|SMTPUTF8.*BODY=8BITMIME/, 'BODY and SMTPUTF8 at the far end');
		like($m->{mail} // '', qr/RET=HDRS.*ENVID=QQ314159|ENVID=QQ314159.*RET=HDRS/, 'RET and ENVID');
		like($m->{rcpt}[0] // '', qr/NOTIFY=FAILURE/, 'NOTIFY');
	};
	subtest 'several in one session' => sub {
		my $c = $p->client;
		my @mails = map { mail_of(body => "$_\n" x 100) } 1 .. 3;
		like($c->deliver(mail => $_) // '', qr/\A250 /, 'taken') for @mails;
		$c->cmd('QUIT');
		for my $mail (@mails) {
			my $m = arrives($mail);
			same_bytes(($p->unmarked($m ? $m->{data} : ''))[0], $mail, 'as it was');
		}
	};
	subtest 'refused by policy' => sub {
		$p->settings(infected => 'reject');
		my $sent = () = $sink->messages;
		my $kept = () = quarantined();
		my $mail = mail_of(@$infected);
		my $c = $p->client;
		is($c->deliver(mail => $mail) // '', "550 5.7.1 Message rejected by the content filter\r\n", 'the client is told so');
		# The session goes on, and so do its messages.
		my $clean = mail_of();
		like($c->deliver(mail => $clean) // '', qr/\A250 /, 'the next message of the session is taken');
		$c->cmd('QUIT');
		ok(arrives($clean), 'and arrives');
		my ($r) = wait_for(sub { (grep { $_->{verdict} eq 'infected' } records())[-1] });
		is($r->{outcome}, 'rejected', 'log: rejected') or diag(tail());
		is(scalar(() = quarantined()), $kept + 1, 'the original is kept');
		nothing_left($mail, 'refused', $sent + 1);
		$p->settings;
	};
	subtest 'made harmless' => sub {
		my $mail = mail_of(@$infected);
		my $c = $p->client;
		like($c->deliver(mail => $mail) // '', qr/\A250 /, 'the client is told yes');
		$c->cmd('QUIT');
		my $m = arrives($mail);
		like($m->{data} // '', qr/Eicar-Test-Signature/, 'a notice arrives');
		unlike($m->{data} // '', qr/\Q@{[substr b64(eicar()), 0, 40]}\E/, 'the payload is gone');
	};
	for (['policy', 'policy', infected => 'tempfail'], ['the inspector is broken', 'inspector does not start', inspector => '/bin/false']) {
		my ($name, $cause, @set) = @$_;
		subtest "not now: $name" => sub {
			my $sent = () = $sink->messages;
			$p->settings(@set);
			my $mail = mail_of(@$infected);
			my $c = $p->client;
			is($c->deliver(mail => $mail) // '', "451 4.3.0 Message deferred by the content filter: $cause\r\n", 'the client is told so');
			$c->cmd('QUIT');
			$p->settings;
			nothing_left($mail, 'not now', $sent);
			# The client comes back.
			$c = $p->client;
			like($c->deliver(mail => $mail) // '', qr/\A250 /, 'later it is taken');
			$c->cmd('QUIT');
			ok(arrives($mail), 'and arrives');
		};
	}
	subtest 'the way back is shut' => sub {
		my $sent = () = $sink->messages;
		ok($p->shut_back, 'shut');
		my $mail = mail_of();
		my $c = $p->client;
		like($c->deliver(mail => $mail) // '', qr/\A4\d\d /, 'the client is told to come back');
		$c->cmd('QUIT');
		ok($p->open_back, 'open again');
		nothing_left($mail, 'shut', $sent);
	};
	subtest 'one recipient is refused by the first smtpd' => sub {
		my $mail = mail_of();
		my $c = $p->client;
		like($c->deliver(mail => $mail, to => [map { "$_\@example.net" } qw(bob nobody carol)]) // '', qr/\A250 /, 'taken');
		is(join(' ', map { substr $_, 0, 3 } @{$c->{rcpt_replies}}), '250 550 250', 'one reply for each recipient');
		$c->cmd('QUIT');
		my $m = arrives($mail);
		is(join(' ', map { /<(\w+)@/ } @{$m->{rcpt} // []}), 'bob carol', 'to the others');
	};
	subtest 'one recipient is refused behind the filter' => sub {
		my $map = write_file("$p->{dir}/etc/refuse", "/nothere/ 550 5.1.1 user unknown behind\n");
		my $sent = () = $sink->messages;
		$p->change_master(sub { s/^( +-o smtpd_recipient_restrictions=)(?=permit_mynetworks,reject)/$1check_recipient_access,regexp:$map,/m or die });
		my $mail = mail_of();
		my $c = $p->client;
		my $r = $c->deliver(mail => $mail, to => [map { "$_\@example.net" } qw(bob nothere carol)]) // '';
		my $replies = join(' ', map { substr $_, 0, 3 } @{$c->{rcpt_replies}});
		$c->cmd('QUIT');
		if ($adjust) {
			# The recipients were accepted before anybody asked.
			is($replies, '250 250 250', 'all accepted at first');
			like($r, qr/\A550 5\.1\.1 .*behind/, 'then all refused, with the reply of the one');
			nothing_left($mail, 'refused', $sent);
		} else {
			is($replies, '250 550 250', 'one reply for each recipient');
			like($r, qr/\A250 /, 'taken for the others');
			my $m = arrives($mail);
			is(join(' ', map { /<(\w+)@/ } @{$m->{rcpt} // []}), 'bob carol', 'and delivered to them');
		}
		$p->change_master(sub { s/check_recipient_access,regexp:\Q$map\E,//m or die });
	};
	subtest 'the client is cut off in the middle' => sub {
		for my $how ('close', 'reset') {
			my $sent = () = $sink->messages;
			my $kept = () = quarantined();
			my $mail = mail_of(@$infected, header => "X-Filler: x");
			my $c = $p->client;
			like($c->cmd($_), qr/\A[23]/, $_) for 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA';
			# So much that it is on its way to a filter that gets it live.
			$c->send($mail . ("filler\r\n" x 30000));
			$adjust or ok(wait_for(sub { scalar $p->filters }), 'a filter is at it');
			setsockopt $c->{out}, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack 'ii', 1, 0 if $how eq 'reset';
			$c->hang_up;
			nothing_left($mail, $how, $sent);
			is(scalar(() = quarantined()), $kept, "$how: nothing was kept");
		}
	};
	subtest 'the filter is killed' => sub {
		for my $when ($adjust ? () : 'in the middle of the message', 'while it is inspected') {
			my $sent = () = $sink->messages;
			my $kept = () = quarantined();
			ok(wait_for(sub { !$p->filters }, 60), 'no filter is there before');
			my $gate = $p->gate;
			my $mail = mail_of();
			my $c = $p->client;
			like($c->cmd($_), qr/\A[23]/, $_) for 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA';
			my $wire = SmtpClient::stuffed($mail . ("filler\r\n" x 30000));
			my ($first, $rest) = $when =~ /inspected/ ? ($wire, '') : (substr($wire, 0, 100_000), substr $wire, 100_000);
			$c->send($first);
			if ($rest eq '') { ok($p->at_gate($gate), 'it is inspected') }
			ok(wait_for(sub { scalar $p->filters }), 'a filter is at it');
			is(kill('KILL', $p->filters), 1, 'one, and it is killed');
			$c->send($rest);
			like($c->reply(120) // 'nothing', qr/\A4\d\d /, "$when: the client is told to come back");
			$c->cmd('QUIT');
			$p->open_gate($gate);
			nothing_left($mail, $when, $sent);
			is(scalar(() = quarantined()), $kept, "$when: nothing was kept");
		}
	};
	subtest 'a slow inspection' => sub {
		my $gate = $p->gate;
		my $mail = mail_of();
		my $c = $p->client;
		like($c->cmd($_), qr/\A[23]/, $_) for 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA';
		$c->send(SmtpClient::stuffed($mail));
		ok($p->at_gate($gate), 'it is inspected');
		ok($c->nothing_received, 'the client waits');
		is(scalar(() = at_sink($mail)), 0, 'nothing has arrived');
		$p->open_gate($gate);
		like($c->reply(60) // 'nothing', qr/\A250 /, 'then it is told yes');
		$c->cmd('QUIT');
		ok(arrives($mail), 'and the mail arrives');
	};
}
