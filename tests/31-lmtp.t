#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# LMTP (RFC 2033) on either side, in all four combinations: who gets which
# replies, and what log and quarantine say of it.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;

my $plain = crlf(mail());
my $infected = crlf(mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('eicar.txt', eicar())]));
my @to = map { "$_\@example.net" } qw(ann bob cat);

sub reply_is {
	my ($reply, $re, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like($reply // '(no reply)', $re, $name);
}

# A session with its downstream, that must end well. in, out: smtp or lmtp. They run at
# the end, side by side.
my @cases;
sub session {
	my ($name, %a) = @_;
	my ($code, $in, $out) = delete @a{qw(do in out)};
	push @cases, "$in to $out: $name" => sub {
		my $d = Downstream->start(lmtp => $out eq 'lmtp', %{delete $a{downstream} // {}});
		my $c = SmtpClient->filter(to => $d->address, %a);
		$c->{word} = $in eq 'lmtp' ? 'LHLO' : 'EHLO';
		$code->($c, $d);
		ok($c->only_replies, 'nothing but replies came out') or diag(Harness::printable(substr $c->received, 0, 2000));
		is_deeply([scratch_left()], [], 'no scratch directory is left');
		stop_process($c->{pid});
		$d->stop;
	};
}

# One message to @to; the n replies to its final dot.
sub replies {
	my ($c, $n, $mail, @recipients) = @_;
	@recipients = @to unless @recipients;
	reply_is($c->cmd('MAIL FROM:<alice@example.org>'), qr/\A250 /, 'MAIL');
	$c->cmd("RCPT TO:<$_>") for @recipients;
	reply_is($c->cmd('DATA'), qr/\A354 /, 'DATA');
	$c->send(SmtpClient::stuffed($mail // $plain));
	return map { $c->reply } 1 .. $n;
}

# No reply is left over.
sub in_step {
	my ($c) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is($c->cmd('NOOP'), "250 2.0.0 Ok\r\n", 'exactly these');
}

# What the log has of each recipient.
sub recipients_logged {
	my ($c) = @_;
	return map { "$_->{to} $_->{outcome} " . ($_->{reply} // '') } grep { ($_->{event} // '') eq 'recipient' } log_records($c->log);
}

# What a server says to each of three, by the recipient's name.
sub each_reply {
	my (%says) = @_;
	return {on => {DOT => sub {
		my ($s, $line) = @_;
		my ($name) = $line =~ /<(\w+)\@/;
		my $does = $says{$name};
		return ref $does ? $does->($s) : $does;
	}}};
}

# -- greetings ---------------------------------------------------------------------

for my $out ('smtp', 'lmtp') {
	my $extensions = qr/\A250-downstream\.example\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-ENHANCEDSTATUSCODES\r\n/;
	session('greetings', in => 'smtp', out => $out, do => sub {
		my ($c, $d) = @_;
		$c->reply;
		my $ehlo = $c->cmd('EHLO client.example');
		reply_is($ehlo, $extensions, 'EHLO');
		unlike($ehlo, qr/STARTTLS|AUTH|CHUNKING/, 'the allow-list');
		my $seen = length $d->raw;
		reply_is($c->cmd('LHLO client.example'), qr/\A500 5\.5\.2 /, 'no LHLO after EHLO');
		is(length $d->raw, $seen, 'and it is not relayed');
		is($c->cmd('HELO client.example'), "250 downstream.example\r\n", 'HELO gets one line');
		like($d->raw, $out eq 'lmtp' ? qr/\ALHLO client\.example\r\nLHLO client\.example\r\n\z/
		    : qr/\AEHLO client\.example\r\nHELO client\.example\r\n\z/, 'in the words of the downstream');
		is($c->quit, 0, 'QUIT');
	});
	session('greetings', in => 'lmtp', out => $out, do => sub {
		my ($c, $d) = @_;
		$c->reply;
		reply_is($c->cmd('MAIL FROM:<a@b>'), qr/\A503 5\.5\.1 /, 'nothing before LHLO');
		reply_is($c->cmd('LHLO'), qr/\A501 5\.5\.4 /, 'LHLO without a name');
		reply_is($c->cmd('lhlo client.example'), $extensions, 'LHLO');
		my $seen = length $d->raw;
		reply_is($c->cmd("$_ client.example"), qr/\A500 5\.5\.2 /, "no $_ after LHLO") for qw(HELO EHLO);
		is(length $d->raw, $seen, 'and they are not relayed');
		reply_is($c->cmd('LHLO again.example'), $extensions, 'LHLO again');
		like($d->raw, $out eq 'lmtp' ? qr/\Alhlo client\.example\r\nLHLO again\.example\r\n\z/
		    : qr/\AEHLO client\.example\r\nEHLO again\.example\r\n\z/, 'in the words of the downstream');
		is($c->quit, 0, 'QUIT');
	});
}
for my $case (['smtp', 'lmtp', 'EHLO'], ['lmtp', 'smtp', 'LHLO']) {
	my ($in, $out, $word) = @$case;
	# The address says one protocol and the server speaks the other.
	session('a downstream of the other kind', in => $in, out => $out,
	    downstream => {on => {($out eq 'lmtp' ? 'LHLO' : 'EHLO') => "500 5.5.1 what?\r\n"}}, do => sub {
		my ($c, $d) = @_;
		$c->reply;
		reply_is($c->cmd("$word client.example"), qr/\A421 4\.4\.2 /, 'is no reason to bounce mail');
		like($c->log, qr/rejects [EL]HLO/, 'log');
	});
}

# -- a message ----------------------------------------------------------------------

for my $in ('smtp', 'lmtp') {
	for my $out ('smtp', 'lmtp') {
		my $n = $in eq 'lmtp' ? 3 : 1;
		session('messages', in => $in, out => $out, do => sub {
			my ($c, $d) = @_;
			$c->hello($c->{word});
			for my $k (1 .. 3) {
				reply_is($_, qr/\A250 2\.0\.0 Ok: queued as Q00100$k\r\n\z/, "message $k: the downstream's reply")
				    for replies($c, $n, $k == 2 ? $infected : $plain);
				in_step($c);
			}
			is($c->quit, 0, 'QUIT');
			my @m = $d->wait_messages(3);
			is(scalar @m, 3, 'three messages downstream');
			same_bytes((split_marks($m[$_]{data}))[0], $plain, 'as it was') for 0, 2;
			like($m[1]{data}, qr/Eicar-Test-Signature/, 'the infection is gone');
			is_deeply($m[0]{rcpt}, [map { "RCPT TO:<$_>" } @to], 'to all of them');
			my @r = grep { ($_->{event} // '') eq 'message' } log_records($c->log);
			is(scalar @r, 3, 'one log record for each');
			is("$_->{outcome} $_->{count}", 'delivered 3', 'delivered') for @r;
			is_deeply([recipients_logged($c)], $out eq 'lmtp' ? [map { my $k = $_; map { "$_ delivered 250 2.0.0 Ok: queued as Q00100$k" } @to } 1 .. 3]
			    : [], 'log: recipients');
			my ($kept) = $c->quarantined;
			like(read_file("$kept.meta"), qr/^Mode: $in$/m, 'metadata: the protocol');
		});
		session('everything at once', in => $in, out => $out, do => sub {
			my ($c, $d) = @_;
			$c->reply;
			$c->send("$c->{word} x\r\n" . ("MAIL FROM:<a\@b>\r\n" . join('', map { "RCPT TO:<$_>\r\n" } @to) . "DATA\r\n"
			    . SmtpClient::stuffed($plain)) x 2 . "QUIT\r\n");
			reply_is($c->reply, qr/\A250-/, $c->{word});
			for (1 .. 2) {
				reply_is($c->reply, $_, "$_") for qr/\A250 2\.1\.0/, (qr/\A250 2\.1\.5/) x 3, qr/\A354 /, (qr/queued as Q00100$_/) x $n;
			}
			reply_is($c->reply, qr/\A221 /, 'QUIT');
			ok($c->at_end, 'the end');
			is($c->exit_code, 0, 'exit code');
		});
		session('one byte at a time', in => $in, out => $out, downstream => {dribble => 1}, do => sub {
			my ($c, $d) = @_;
			$c->reply;
			$c->dribble("$c->{word} x\r\nMAIL FROM:<a\@b>\r\n" . join('', map { "RCPT TO:<$_>\r\n" } @to) . "DATA\r\n"
			    . SmtpClient::stuffed($plain) . "QUIT\r\n");
			reply_is($c->reply, $_, "$_") for qr/\A250-/, qr/\A250 2\.1\.0/, (qr/\A250 2\.1\.5/) x 3, qr/\A354 /, (qr/queued as Q001001/) x $n,
			    qr/\A221 /;
			ok($c->at_end, 'the end');
		});
		# Who was refused at RCPT gets no reply, who was named twice gets two.
		session('recipients refused, and one named twice', in => $in, out => $out,
		    downstream => {on => {RCPT => sub { $_[1] =~ /bad/ ? "550 5.1.1 no\r\n" : undef }}}, do => sub {
			my ($c, $d) = @_;
			$c->hello($c->{word});
			reply_is($_, qr/\A250 /, 'a reply') for replies($c, $n, $plain, 'ann@x', 'bad@x', 'bob@x', 'bad2@x', 'ann@x');
			in_step($c);
			$c->cmd('MAIL FROM:<a@b>');
			reply_is($c->cmd('RCPT TO:<bad@x>'), qr/\A550 /, 'refused');
			reply_is($c->cmd('DATA'), $in eq 'lmtp' ? qr/\A503 5\.5\.1 / : qr/\A554 5\.5\.1 /, 'no recipient is left');
			$c->quit;
		});
		# Actions on the whole message, and refusals of our own.
		for (['reject', {infected => 'reject'}, $infected, qr/\A550 5\.7\.1 /, 'rejected'],
		    ['tempfail', {infected => 'tempfail'}, $infected, qr/\A451 4\.3\.0 /, 'deferred'],
		    ['discard', {infected => 'discard'}, $infected, qr/\A250 2\.0\.0 Ok: discarded/, 'discarded'],
		    ['too big', {message_size_limit => '8K'}, crlf(mail(body => "x\n" x 8000)), qr/\A552 5\.3\.4 /, 'rejected'],
		    ['a bare CR', {bare_newline => 'reject'}, "Subject: x\r\n\r\na\rb\r\n", qr/\A550 5\.5\.2 /, 'rejected'],
		    ['no quarantine', {quarantine_dir => '/proc/none'}, $infected, qr/\A451 4\.3\.0 /, 'deferred']) {
			my ($name, $conf, $mail, $re, $outcome) = @$_;
			session($name, in => $in, out => $out, conf => $conf, do => sub {
				my ($c, $d) = @_;
				$c->hello($c->{word});
				reply_is($_, $re, 'the reply') for replies($c, $n, $mail);
				in_step($c);
				is(scalar $d->messages, 0, 'nothing downstream');
				is(last_record($c->log)->{outcome}, $outcome, 'log: outcome');
				is_deeply([recipients_logged($c)], [], 'log: nothing of recipients');
				is(scalar(my @kept = $c->quarantined), $name =~ /reject|discard/ ? 1 : 0, 'quarantine');
				reply_is($_, $name eq 'no quarantine' ? $re : qr/queued as Q001001/, 'the next message') for replies($c, $n);
				in_step($c);
				is($c->quit, 0, 'QUIT');
			});
		}
		# The whole message refused by the downstream, before it had it.
		for (['DATA refused', {DATA => "451 4.3.1 full\r\n"}, "451 4.3.1 full\r\n"],
		    ['lost at DATA', {DATA => sub { $_[0]->close }}, qr/\A421 4\.4\.2 /],
		    ['lost in the message', {DATA => sub { $_[0]->say("354 go on\r\n"); $_[0]->close }}, qr/\A421 4\.4\.2 /]) {
			my ($name, $on, $re) = @$_;
			session($name, in => $in, out => $out, downstream => {on => $on}, do => sub {
				my ($c, $d) = @_;
				$c->hello($c->{word});
				reply_is($_, ref $re ? $re : qr/\A\Q$re\E\z/, 'the reply') for replies($c, $n, $infected);
				in_step($c) unless ref $re;
				# Once all of it was sent, nobody knows whether the next hop has it.
				my $outcome = last_record($c->log)->{outcome};
				like($outcome, $name eq 'lost in the message' ? qr/\A(?:deferred|unknown)\z/ : qr/\Adeferred\z/, 'log: outcome');
				is(scalar(my @kept = $c->quarantined), $outcome eq 'unknown' ? 1 : 0, 'kept if that is not known');
			});
		}
	}
}

# -- an SMTP server's one reply, for all ------------------------------------------------

for my $reply ("450-4.2.0 come\r\n450 4.2.0 later\r\n", "554 5.7.1 no\r\n", "250 2.0.0 a  b \r\n") {
	session('one reply for all: ' . Harness::printable($reply), in => 'lmtp', out => 'smtp', downstream => {on => {DOT => $reply}}, do => sub {
		my ($c, $d) = @_;
		$c->hello('LHLO');
		is_deeply([replies($c, 3)], [($reply) x 3], 'to each');
		in_step($c);
		$c->quit;
	});
}
session('the downstream is lost before its reply', in => 'lmtp', out => 'smtp', downstream => {on => {DOT => sub { $_[0]->close }}}, do => sub {
	my ($c, $d) = @_;
	$c->hello('LHLO');
	reply_is($_, qr/\A421 4\.4\.2 /, 'to each') for replies($c, 3);
	ok($c->at_end, 'and the end');
});

# -- an LMTP server's replies -------------------------------------------------------------

my ($ok, $later, $never) = ("250 2.1.5 saved\r\n", "450 4.2.2 full\r\n", "550 5.1.1 gone\r\n");
my $ok2 = "250-2.1.5 two\r\n250 2.1.5 lines\r\n";
my %word = ($ok => 'delivered', $ok2 => 'delivered', $later => 'deferred', $never => 'rejected');
for (
	# replies to the three, then the one that an SMTP client gets, the outcome, kept for LMTP and for SMTP
	[[$ok, $ok, $ok2], $ok2, 'delivered', 1, 1],
	[[$later, $later, $later], $later, 'deferred', 0, 0],
	[[$never, $never, $never], $never, 'rejected', 1, 1],
	[[$ok, $later, $ok2], $later, 'mixed', 1, 1],
	[[$later, $ok, $never], $later, 'mixed', 1, 1],
	[[$never, $ok, $later], $later, 'mixed', 1, 1],
	[[$never, $later, $never], $later, 'mixed', 1, 0],
	[[$ok, $never, $ok], $never, 'mixed', 1, 1],
	[[$never, $ok, "552 5.2.2 other\r\n"], $never, 'mixed', 1, 1],
	[["451 4.0.0 first\r\n", $later, $ok], "451 4.0.0 first\r\n", 'mixed', 1, 1],
) {
	my ($says, $one, $outcome, @kept) = @$_;
	my $name = join ' ', map { substr $_, 0, 3 } @$says;
	my %says;
	@says{qw(ann bob cat)} = @$says;
	my @logged = map { my ($last) = $says->[$_] =~ /([^\n]*)\r\n\z/; "$to[$_] " . ($word{$says->[$_]} // ($last =~ /\A4/ ? 'deferred' : 'rejected')) . " $last" } 0 .. 2;
	for my $in ('lmtp', 'smtp') {
		session("$name", in => $in, out => 'lmtp', downstream => each_reply(%says), do => sub {
			my ($c, $d) = @_;
			$c->hello($c->{word});
			is_deeply([replies($c, $in eq 'lmtp' ? 3 : 1, $infected)], $in eq 'lmtp' ? $says : [$one], 'what the client is told');
			in_step($c);
			is_deeply([recipients_logged($c)], \@logged, 'log: each recipient');
			my $r = last_record($c->log);
			is($r->{outcome}, $outcome, 'log: the message');
			is($r->{queue_id}, undef, 'log: no queue id is made up');
			my @files = $c->quarantined;
			is(scalar @files, $kept[$in eq 'lmtp' ? 0 : 1], 'quarantine');
			if (@files) {
				my $meta = read_file("$files[0].meta");
				like($meta, qr/^Reply: <\Q$to[$_]\E> \Q@{[$says->[$_] =~ m{([^\n]*)\r\n\z}]}\E$/m, "metadata: $to[$_]") for 0 .. 2;
			}
			reply_is($_, qr/\A\d/, 'the next message') for replies($c, $in eq 'lmtp' ? 3 : 1);
			in_step($c);
			is($c->quit, 0, 'QUIT');
		});
	}
}

# Lost between two replies: who has one keeps it.
my %lost = (
	'closed' => [sub { $_[0]->close }, qr/\A421 4\.4\.2 /],
	'reset' => [sub { $_[0]->reset }, qr/\A421 4\.4\.2 /],
	'silence' => [sub { $_[0]->gate('never') }, qr/\A421 4\.4\.2 /],
	'garbage' => [sub { "what?\r\n" }, qr/\A451 4\.3\.0 /],
	'354' => [sub { "354 go on\r\n" }, qr/\A451 4\.3\.0 /],
	'endless' => [sub { $_[0]->endless("250-x\r\n") }, qr/\A451 4\.3\.0 /],
	'421' => [sub { "421 4.3.2 closing\r\n" }, qr/\A421 4\.3\.2 closing\r\n\z/],
);
for my $how (sort keys %lost) {
	my ($does, $re) = @{$lost{$how}};
	for my $in ('lmtp', 'smtp') {
		for my $n ($how eq 'silence' ? 1 : (0 .. 2)) {
			my %says = map { $_ => $ok } qw(ann bob cat);
			$says{(qw(ann bob cat))[$n]} = $does;
			session("$how after $n replies", in => $in, out => 'lmtp', downstream => each_reply(%says),
			    conf => {final_timeout => $how eq 'silence' ? '5s' : '60s'}, do => sub {
				my ($c, $d) = @_;
				$c->hello($c->{word});
				my @r = replies($c, $in eq 'lmtp' ? 3 : 1, $infected);
				my $told = $in eq 'lmtp' ? $n : 0;
				is($r[$_], $ok, "recipient $_ has its reply") for 0 .. $told - 1;
				reply_is($r[$_], $re, "recipient $_ is to try again") for $told .. $#r;
				ok($c->at_end, 'and the end');
				isnt($c->exit_code, undef, 'spawnscan ends');
				my @logged = recipients_logged($c);
				is(scalar @logged, $n == 0 ? 0 : 3, 'log: recipients, if they are not all the same');
				# All but 421 leave it open whether the next hop has the message.
				my $outcome = $how eq '421' ? 'deferred' : 'unknown';
				like($logged[$_], $_ < $n ? qr/ delivered / : qr/ $outcome /, "log: recipient $_") for 0 .. $#logged;
				is(last_record($c->log)->{outcome}, $n == 0 ? $outcome : 'mixed', 'log: the message');
				is(scalar(my @kept = $c->quarantined), $n == 0 && $how eq '421' ? 0 : 1, 'quarantine');
			});
		}
	}
}
session('each reply is handed on as it comes', in => 'lmtp', out => 'lmtp', downstream => each_reply(ann => $ok,
    bob => sub { $_[0]->gate('bob'); $never }, cat => $ok), do => sub {
	my ($c, $d) = @_;
	$c->hello('LHLO');
	is((replies($c, 1))[0], $ok, 'the first, while the second is not there yet');
	ok($d->at_gate('bob'), 'the downstream has not said it');
	ok($c->nothing_received, 'nothing more');
	like($c->log, qr/event=recipient to=ann\S+ from=\S+ outcome=delivered/, 'it is on record');
	$d->open_gate('bob');
	is($c->reply, $_, 'then the others') for $never, $ok;
	$c->quit;
});
for my $in ('lmtp', 'smtp') {
	session('an early refusal of the whole message', in => $in, out => 'lmtp', downstream => {on => {DATA => sub {
	    $_[0]->say("354 go on\r\n552 5.3.4 too much\r\n"); $_[0]->close }}}, do => sub {
		my ($c, $d) = @_;
		$c->hello($c->{word});
		reply_is($_, qr/\A(?:552 5\.3\.4|421 4\.4\.2) /, 'the reply') for replies($c, $in eq 'lmtp' ? 3 : 1);
		ok($c->at_end, 'and the end');
		is(scalar $d->messages, 0, 'nothing downstream');
	});
	session('one reply too many', in => $in, out => 'lmtp', downstream => each_reply(ann => $ok, bob => $ok,
	    cat => "$ok$later"), do => sub {
		my ($c, $d) = @_;
		$c->hello($c->{word});
		is($_, $ok, 'a reply') for replies($c, $in eq 'lmtp' ? 3 : 1);
		# It would be taken for the answer to the next command.
		reply_is($c->cmd('NOOP'), qr/\A4\d\d /, 'is nobody\'s, and the end');
		ok($c->at_end, 'the end');
	});
}
# A client that goes away between two replies: the books are right nonetheless.
session('the client leaves between two replies', in => 'lmtp', out => 'lmtp', downstream => each_reply(ann => $ok,
    bob => sub { $_[0]->gate('bob'); $ok }, cat => $ok), do => sub {
	my ($c, $d) = @_;
	$c->hello('LHLO');
	is((replies($c, 1, $infected))[0], $ok, 'the first');
	$d->at_gate('bob');
	$c->hang_up;
	$d->open_gate('bob');
	isnt($c->exit_code, undef, 'spawnscan ends');
	is(scalar(grep { / delivered / } recipients_logged($c)), 3, 'log: all of them');
	is(last_record($c->log)->{outcome}, 'delivered', 'log: the message');
	is(scalar(my @kept = $c->quarantined), 1, 'quarantine');
	like($c->log, qr/client did not receive the reply/, 'log: and that the client does not know');
});
session('a thousand recipients', in => 'lmtp', out => 'lmtp', do => sub {
	my ($c, $d) = @_;
	$c->hello('LHLO');
	my @many = map { "u$_\@x" } 1 .. 1000;
	$c->send(join '', map { "$_\r\n" } 'MAIL FROM:<a@b>', (map { "RCPT TO:<$_>" } @many), 'DATA');
	$c->reply for 1 .. 1001;
	reply_is($c->reply, qr/\A354 /, 'DATA');
	$c->send(SmtpClient::stuffed($plain));
	is(scalar(grep { defined && /\A250 .*queued/ } map { $c->reply } @many), 1000, 'a thousand replies');
	in_step($c);
	is(scalar(my @l = recipients_logged($c)), 1000, 'a thousand records');
	$c->quit;
});

# -- addresses -----------------------------------------------------------------------------

{
	my $d = Downstream->start(lmtp => 1);
	my $u = Downstream->start(lmtp => 1, path => tmpdir() . '/lmtp.sock');
	for my $to ('lmtp:127.0.0.1:' . $d->port, 'lmtp:inet:localhost:' . $d->port, 'lmtp:unix:' . tmpdir() . '/lmtp.sock') {
		my $c = SmtpClient->filter(to => $to);
		$c->hello;
		reply_is($c->deliver(mail => $plain), qr/\A250 /, $to);
		is($c->quit, 0, "$to: QUIT");
	}
	$_->stop for $d, $u;
}

together(@cases);
done_testing;
