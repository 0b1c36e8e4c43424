#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The SMTP session: spawnscan between a scripted client and a scripted
# downstream, over one socket (as spawn(8) does it) and over two pipes.

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
my $renamed = crlf(mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('a.exe', noise(99))]));

# Most of them wait for something, so all cases run at the end, side by side.
my @cases;

# A session with its downstream, that must end well. Those that say by what way the filter
# is started have inspectors of its own; the others are about the session, and an engine
# inspects for them.
my %engine = by_engine();
sub session {
	my ($name, @how) = @_;
	push @cases, $name => sub { session_now(@how) };
}

sub session_now {
	my (%a) = @_;
	my $code = delete $a{do};
	$a{conf} = {%engine, %{$a{conf} // {}}} unless $a{via};
	my $d = Downstream->start(%{delete $a{downstream} // {}});
	my $c = SmtpClient->filter(to => $d->address, %a);
	$code->($c, $d);
	ok($c->only_replies, 'nothing but SMTP replies came out') or diag(Harness::printable(substr $c->received, 0, 2000))
	    unless $a{raw_replies};
	is($c->stderr, '', 'nothing on stderr') if defined $c->stderr && !$a{noisy};
	is_deeply([scratch_left()], [], 'no scratch directory is left') if $a{via};
	stop_process($c->{pid});
	$d->stop;
}

sub reply_is {
	my ($reply, $re, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like($reply // '(no reply)', $re, $name);
}

sub delivered_is {
	my ($d, $n, $mail, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @m = $d->wait_messages($n);
	is(scalar @m, $n, "$name: $n message(s) downstream");
	my ($rest, $antivirus, $result) = split_marks(($m[$n - 1] // {})->{data} // '');
	same_bytes($rest, $mail, "$name: as it was, but for the marks") if defined $mail;
	return $m[$n - 1];
}

# Both ways of being started must do all of this.
for my $via ('socket', 'pipes') {
	session("$via: a plain session", via => $via, do => sub {
		my ($c, $d) = @_;
		is($c->reply, "220 downstream.example ESMTP ready\r\n", 'the banner is the downstream\'s');
		my $ehlo = $c->cmd('EHLO client.example');
		reply_is($ehlo, qr/\A250-downstream\.example\r\n/, 'EHLO');
		reply_is($c->deliver(mail => $plain), qr/\A250 2\.0\.0 Ok: queued as Q001001\r\n\z/, 'the downstream\'s final reply verbatim');
		my $m = delivered_is($d, 1, $plain, 'clean');
		is_deeply($m->{commands}, ['MAIL FROM:<alice@example.org>', 'RCPT TO:<bob@example.net>'], 'the envelope');
		is($c->quit, 0, 'QUIT: exit code 0');
		is($c->{quit_reply}, "221 2.0.0 Bye\r\n", 'QUIT: the downstream\'s reply');
		is($d->ended, 'quit', 'QUIT is relayed');
		my $r = last_record($c->log);
		is($r->{verdict}, 'clean', 'log: clean');
		like($r->{''}, qr/Q001001/, 'log: the downstream\'s queue id');
	});
	session("$via: HELO", via => $via, do => sub {
		my ($c, $d) = @_;
		is($c->hello('HELO'), "250 downstream.example\r\n", 'HELO is answered');
		reply_is($c->deliver(mail => $plain), qr/\A250 /, 'a message after HELO');
		like($d->raw, qr/\AHELO client\.example\r\n/, 'HELO is relayed');
		is($c->quit, 0, 'QUIT');
	});
	session("$via: one byte at a time", via => $via, downstream => {dribble => 1}, do => sub {
		my ($c, $d) = @_;
		$c->reply;
		my $mail = crlf(mail(body => ".\n..\n...\n\n.\nx\n"));
		my $all = "EHLO a\r\n" . "MAIL FROM:<a\@b>\r\nRCPT TO:<c\@d>\r\nDATA\r\n"
		    . SmtpClient::stuffed($mail) . "RSET\r\nNOOP\r\nQUIT\r\n";
		ok($c->dribble($all), 'all of it is taken');
		reply_is($c->reply, $_, "$_") for qr/\A250-/, qr/\A250 2\.1\.0/, qr/\A250 2\.1\.5/, qr/\A354 /,
		    qr/\A250 2\.0\.0 Ok: queued as Q001001/, qr/\A250 /, qr/\A250 /, qr/\A221 /;
		delivered_is($d, 1, $mail, 'dribbled');
		$c->at_end;
		is($c->exit_code, 0, 'exit code');
	});
	session("$via: several messages per connection", via => $via, do => sub {
		my ($c, $d) = @_;
		$c->hello;
		for my $n (1 .. 5) {
			my $mail = crlf(mail(id => "number$n", body => "." x $n . "\n"));
			my $way = $n % 2 ? 'deliver' : 'deliver_pipelined';
			reply_is($c->$way(mail => $mail), qr/queued as Q00100$n/, "message $n, $way");
			delivered_is($d, $n, $mail, "message $n");
			reply_is($c->cmd('RSET'), qr/\A250 /, 'RSET between') if $n == 2;
			reply_is($c->cmd('NOOP'), qr/\A250 /, 'NOOP between') if $n == 3;
		}
		is($d->connections, 1, 'one connection downstream');
		is($c->quit, 0, 'QUIT');
		my @r = grep { $_->{verdict} } log_records($c->log);
		is(scalar @r, 5, 'five log records');
	});
	session("$via: infected, renamed and clean in turn", via => $via, do => sub {
		my ($c, $d) = @_;
		$c->hello;
		reply_is($c->deliver(mail => $infected), qr/queued as Q001001/, 'infected');
		reply_is($c->deliver(mail => $renamed), qr/queued as Q001002/, 'renamed');
		reply_is($c->deliver(mail => $plain), qr/queued as Q001003/, 'clean');
		my @m = $d->wait_messages(3);
		unlike($m[0]{data}, qr/EICAR-STANDARD|@{[substr b64(eicar()), 0, 40]}/, 'EICAR is gone');
		like($m[0]{data}, qr/Eicar-Test-Signature/, 'a notice instead');
		like($m[1]{data}, qr/filename="?a\.exe\.defanged/, 'renamed');
		same_bytes((split_marks($m[2]{data}))[0], $plain, 'the clean one is untouched');
		unlike($_->{data}, qr/(?<!\r)\n|\r(?!\n)/, 'only CRLF line ends') for @m;
		my @kept = $c->quarantined;
		is(scalar @kept, 2, 'two originals kept');
		my %kept = map { read_file($_) => 1 } @kept;
		ok($kept{$infected} && $kept{$renamed}, 'exactly as they came');
		is($c->quit, 0, 'QUIT');
		my @meta = map { read_file("$_.meta") // '' } @kept;
		like(join('', @meta), qr/$_/, "metadata tells $_") for 'alice@example\.org', 'bob@example\.net', 'Q001001', 'Q001002';
	});
}

# -- EHLO ---------------------------------------------------------------------

session('EHLO: the allow-list', do => sub {
	my ($c, $d) = @_;
	my $ehlo = $c->hello;
	my @words = map { /\A250[- ](.*)\r\n\z/ ? $1 : "?$_" } split /^/, $ehlo;
	shift @words;
	is_deeply([sort @words], [sort 'PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8',
	    'XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT'], 'what may be announced, with its parameters');
	like($ehlo, qr/\A(?:250-[^\n]*\r\n)+250 [^\n]*\r\n\z/, 'a sound multi-line reply');
	for my $line ('STARTTLS', 'AUTH PLAIN AGEAYg==', 'BDAT 10 LAST', 'XCLIENT NAME=x', 'ETRN example.com', 'VRFY bob',
	    'EXPN list', 'X-STRANGE', 'FOO BAR', 'TURN') {
		my $seen = length $d->raw;
		reply_is($c->cmd($line), qr/\A5\d\d /, "$line is refused");
		is(length $d->raw, $seen, "$line is not relayed");
	}
	reply_is($c->cmd(''), qr/\A5\d\d /, 'an empty line is refused');
	reply_is($c->cmd('HELP me'), qr/\A(?:214|502) /, 'HELP gets an answer');
	reply_is($c->deliver(mail => $plain), qr/\A250 /, 'and the session goes on');
	$c->quit;
});
session('EHLO: a downstream with nothing to offer', downstream => {ehlo => []}, do => sub {
	my ($c, $d) = @_;
	my $ehlo = $c->hello;
	unlike($ehlo, qr/SIZE|8BITMIME|SMTPUTF8|DSN|XFORWARD|ENHANCED/, 'nothing is made up');
	like($ehlo, qr/\A(?:250-[^\n]*\r\n)*250 [^\n]*\r\n\z/, 'a sound reply');
	reply_is($c->deliver_pipelined(mail => $plain), qr/\A250 /, 'pipelined commands are taken all the same');
	$c->quit;
});
session('EHLO in lower case words', downstream => {ehlo => ['size 1000', '8bitmime', 'starttls', 'Pipelining']}, do => sub {
	my ($c) = @_;
	my $ehlo = $c->hello('ehlo');
	like($ehlo, qr/size 1000/i, 'size');
	like($ehlo, qr/8bitmime/i, '8bitmime');
	unlike($ehlo, qr/starttls/i, 'no starttls');
	$c->quit;
});
session('EHLO refused', downstream => {on => {EHLO => "502 5.5.1 no EHLO here\r\n"}}, do => sub {
	my ($c, $d) = @_;
	is($c->hello, "502 5.5.1 no EHLO here\r\n", 'the refusal comes back');
	is($c->cmd('HELO me'), "250 downstream.example\r\n", 'HELO does it');
	reply_is($c->deliver(mail => $plain), qr/\A250 /, 'and a message');
	$c->quit;
});
session('EHLO a second time', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	$c->cmd('MAIL FROM:<a@b>');
	reply_is($c->cmd('EHLO again.example'), qr/\A250-/, 'EHLO again');
	reply_is($c->cmd('DATA'), qr/\A5\d\d /, 'the transaction is gone');
	reply_is($c->deliver(mail => $plain), qr/\A250 /, 'a fresh one');
	is(scalar(() = $d->raw =~ /^EHLO again\.example\r\n/mg), 1, 'relayed');
	$c->quit;
});

# -- the envelope ---------------------------------------------------------------

session('parameters go through byte-identically', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	my @lines = (
		'XFORWARD NAME=spike.example ADDR=168.100.189.2 PROTO=ESMTP',
		'XFORWARD HELO=spike+20x.example SOURCE=REMOTE IDENT=12+3D',
		"mail from:<\xc3\xbcser\@ex\xc3\xa4mple.org>  SIZE=12345 BODY=8BITMIME smtputf8 RET=HDRS ENVID=QQ+2B314159",
		'RCPT TO:<bob@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob+40example.net',
		"rcpt to:<\"quoted b\\\"ob\"\@example.net> NOTIFY=NEVER",
		'RCPT TO:<@relay.example:c@d>',
	);
	reply_is($c->cmd($_), qr/\A250 /, "accepted: " . Harness::printable($_)) for @lines;
	reply_is($c->cmd('DATA'), qr/\A354 /, 'DATA');
	$c->send(SmtpClient::stuffed($plain));
	reply_is($c->reply, qr/\A250 /, 'the message');
	like($d->raw, qr/^\Q$_\E\r\n/m, 'byte-identical: ' . Harness::printable($_)) for @lines;
	$c->quit;
	my ($r) = grep { $_->{verdict} } log_records($c->log);
	like($r->{''}, qr/\A[\x20-\x7e]*\z/, 'the log line is printable');
});
session('the null sender, and a long envelope', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	reply_is($c->deliver(from => '', to => [map { "user$_\@example.net" } 1 .. 500], mail => $plain), qr/\A250 /, '500 recipients');
	my $m = delivered_is($d, 1, $plain, 'null sender');
	is(scalar @{$m->{rcpt}}, 500, 'all of them');
	$c->quit;
	is((grep { $_->{verdict} } log_records($c->log))[0]{count}, 500, 'log: count of recipients') or diag($c->log);
});
session('refusals are per recipient', downstream => {on => {
	RCPT => sub { my ($s, $line) = @_; return $line =~ /bad/ ? "550 5.1.1 <bad> unknown\r\n" : $line =~ /busy/ ? "450-4.2.1 come\r\n450 4.2.1 later\r\n" : undef },
    }}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	for my $way ('deliver', 'deliver_pipelined') {
		if ($way eq 'deliver') {
			reply_is($c->deliver(to => ['a@b', 'bad@b', 'busy@b', 'c@b'], mail => $plain), qr/\A250 /, $way);
			is_deeply($c->{rcpt_replies}, ["250 2.1.5 Ok\r\n", "550 5.1.1 <bad> unknown\r\n",
			    "450-4.2.1 come\r\n450 4.2.1 later\r\n", "250 2.1.5 Ok\r\n"], 'each reply as it was');
			my $m = delivered_is($d, 1, $plain, $way);
			is_deeply($m->{rcpt}, ['RCPT TO:<a@b>', 'RCPT TO:<c@b>'], 'who was accepted');
		} else {
			$c->send("MAIL FROM:<x\@y>\r\nRCPT TO:<bad1\@b>\r\nRCPT TO:<bad2\@b>\r\nDATA\r\n");
			my @r = map { $c->reply } 1 .. 4;
			like($r[1], qr/\A550/, 'pipelined: refused');
			like($r[2], qr/\A550/, 'pipelined: refused as well');
			like($r[3], qr/\A5\d\d /, 'pipelined: no DATA without a recipient');
			reply_is($c->deliver_pipelined(mail => $plain), qr/\A250 /, 'the next one goes through');
		}
	}
	$c->quit;
});
session('MAIL refused', downstream => {on => {MAIL => "452 4.3.1 full\r\n"}}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	is($c->cmd('MAIL FROM:<a@b>'), "452 4.3.1 full\r\n", 'as it was');
	reply_is($c->cmd('DATA'), qr/\A5\d\d /, 'no DATA');
	is($c->quit, 0, 'QUIT');
});
session('out of order', do => sub {
	my ($c, $d) = @_;
	$c->reply;
	for ('DATA', 'RCPT TO:<a@b>') { reply_is($c->cmd($_), qr/\A[25]\d\d /, "$_ before EHLO gets an answer") }
	$c->cmd('EHLO x');
	reply_is($c->cmd('DATA'), qr/\A5\d\d /, 'DATA without MAIL');
	reply_is($c->cmd('MAIL FROM:<a@b>'), qr/\A250 /, 'MAIL');
	reply_is($c->cmd('DATA'), qr/\A5\d\d /, 'DATA without a recipient');
	reply_is($c->cmd('RSET'), qr/\A250 /, 'RSET');
	reply_is($c->cmd('RCPT TO:<a@b>'), qr/\A[25]\d\d /, 'RCPT after RSET gets an answer');
	unlike($d->raw, qr/^DATA\r\n/m, 'no DATA went downstream');
	reply_is($c->cmd('RSET'), qr/\A250 /, 'RSET');
	reply_is($c->deliver(mail => $plain), qr/\A250 /, 'a proper message');
	$c->quit;
});
# The table of commands, row by row: what is in order where (RFC 5321 4.1.4).
{
	my %at = (
		'before a greeting' => [],
		'no transaction' => ['EHLO me'],
		'after MAIL' => ['EHLO me', 'MAIL FROM:<a@b>'],
		'after RCPT' => ['EHLO me', 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>'],
	);
	my @order = ('before a greeting', 'no transaction', 'after MAIL', 'after RCPT');
	my @rows = (
		# command, and its reply in each of these states
		['NOOP', (qr/\A250 /) x 4],
		['NOOP with a word', (qr/\A250 /) x 4],
		['HELP', (qr/\A214 /) x 4],
		['RSET', (qr/\A250 /) x 4],
		['RSET now', (qr/\A501 5\.5\.4 /) x 4],
		['QUIT', (qr/\A221 /) x 4],
		['QUIT now', (qr/\A501 5\.5\.4 /) x 4],
		['EHLO again', (qr/\A250-/) x 4],
		['EHLO', (qr/\A501 5\.5\.4 /) x 4],
		['HELO', (qr/\A501 5\.5\.4 /) x 4],
		['LHLO me', qr/\A250-/, (qr/\A500 5\.5\.2 /) x 3],
		['XFORWARD NAME=a', qr/\A503 5\.5\.1 /, qr/\A250 /, (qr/\A503 5\.5\.1 /) x 2],
		['XFORWARD', qr/\A503 5\.5\.1 /, qr/\A501 /, (qr/\A503 5\.5\.1 /) x 2],
		['MAIL FROM:<a@b>', qr/\A503 5\.5\.1 /, qr/\A250 /, (qr/\A503 5\.5\.1 /) x 2],
		['MAIL', qr/\A503 5\.5\.1 /, qr/\A501 5\.5\.4 /, (qr/\A503 5\.5\.1 /) x 2],
		['MAIL <a@b>', qr/\A503 /, qr/\A501 5\.5\.4 /, (qr/\A503 /) x 2],
		['MAIL FROM:', qr/\A503 /, qr/\A501 5\.5\.4 /, (qr/\A503 /) x 2],
		['MAIL FROM:<a@b> SIZE=', qr/\A503 /, qr/\A501 5\.5\.4 /, (qr/\A503 /) x 2],
		['MAIL FROM:<a@b> SIZE=1x', qr/\A503 /, qr/\A501 5\.5\.4 /, (qr/\A503 /) x 2],
		['MAIL FROM:<a@b> SIZE=' . '9' x 20, qr/\A503 /, qr/\A552 5\.3\.4 /, (qr/\A503 /) x 2],
		['MAIL FROM:<a@b> SIZE=' . '0' x 21, qr/\A503 /, qr/\A501 5\.5\.4 /, (qr/\A503 /) x 2],
		['MAIL FROM:<a@b> BODY=BINARYMIME', qr/\A503 /, qr/\A555 5\.5\.4 /, (qr/\A503 /) x 2],
		['MAIL FROM: <a@b>', qr/\A503 /, qr/\A250 /, (qr/\A503 /) x 2],
		['RCPT TO:<c@d>', (qr/\A503 5\.5\.1 /) x 2, (qr/\A250 /) x 2],
		['RCPT', (qr/\A503 5\.5\.1 /) x 2, (qr/\A501 5\.5\.4 /) x 2],
		['RCPT TO <c@d>', (qr/\A503 5\.5\.1 /) x 2, (qr/\A501 5\.5\.4 /) x 2],
		['DATA', (qr/\A503 5\.5\.1 /) x 3, qr/\A354 /],
		['DATA now', (qr/\A503 5\.5\.1 /) x 2, (qr/\A501 5\.5\.4 /) x 2],
		['BDAT 0 LAST', (qr/\A502 /) x 4],
		['STARTTLS', (qr/\A502 /) x 4],
		['VRFY a', (qr/\A502 /) x 4],
		['NONSENSE', (qr/\A500 5\.5\.2 /) x 4],
	);
	for my $row (@rows) {
		my ($command, @expected) = @$row;
		session("in order or not: " . substr($command, 0, 60), do => sub {
			my ($c, $d) = @_;
			for my $i (0 .. $#order) {
				my $other = $i == 0 ? $c : SmtpClient->filter(to => $d->address);
				$other->reply;
				reply_is($other->cmd($_), qr/\A250/, $_) for @{$at{$order[$i]}};
				my $seen = length $d->raw($i + 1);
				reply_is($other->cmd($command), $expected[$i], $order[$i]);
				is(length $d->raw($i + 1), $seen, 'and not relayed') if "$expected[$i]" =~ /A5/ && $command ne 'LHLO me';
				next if $command =~ /\A(?:QUIT|DATA)\z/;
				reply_is($other->cmd('NOOP'), qr/\A250 /, 'the session goes on');
				stop_process($other->{pid}) if $i > 0;
			}
		});
	}
}
session('XFORWARD: log and metadata have it, for one transaction', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	reply_is($c->cmd($_), qr/\A250 /, $_) for 'XFORWARD NAME=mail.example ADDR=192.0.2.1 PORT=25 PROTO=ESMTP',
	    'XFORWARD HELO=he+20lo+2B+0+ IDENT=4AbC+3D SOURCE=REMOTE WHAT=ever';
	reply_is($c->deliver(mail => $infected), qr/\A250 /, 'a message');
	reply_is($c->deliver(mail => $infected), qr/\A250 /, 'another one');
	reply_is($c->cmd('XFORWARD NAME=other.example'), qr/\A250 /, 'XFORWARD again');
	reply_is($c->cmd('RSET'), qr/\A250 /, 'RSET');
	reply_is($c->deliver(mail => $infected), qr/\A250 /, 'a third');
	reply_is($c->cmd('XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.2 HELO=[TEMPUNAVAIL]'), qr/\A250 /, 'unavailable ones');
	reply_is($c->deliver(mail => $infected), qr/\A250 /, 'a fourth');
	$c->quit;
	my @r = grep { $_->{verdict} } log_records($c->log);
	is($r[0]{client}, 'mail.example[192.0.2.1] he lo++0+', 'client');
	is($r[0]{protocol}, 'ESMTP', 'protocol');
	is($r[0]{source}, 'REMOTE', 'source');
	is($r[0]{orig_queue_id}, '4AbC=', 'the queue id before');
	ok(!grep(defined, @{$r[$_]}{qw(client protocol source orig_queue_id)}), "nothing of it with message $_") for 1, 2;
	is($r[3]{client}, 'unknown[192.0.2.2]', 'what is unavailable is not made up');
	my ($meta) = grep { /he lo/ } map { read_file("$_.meta") } $c->quarantined;
	like($meta, qr/^\Q$_\E$/m, "metadata: $_") for 'Client: mail.example[192.0.2.1] he lo++0+', 'Protocol: ESMTP',
	    'Source: REMOTE', 'Ident: 4AbC=';
});
session('QUIT in the midst of a transaction', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<a@b>');
	is($c->quit, 0, 'QUIT');
	is(scalar $d->messages, 0, 'no message');
});

# -- pipelining -----------------------------------------------------------------

session('pipelining: everything at once', do => sub {
	my ($c, $d) = @_;
	$c->reply;
	my @mails = map { crlf(mail(id => "p$_")) } 1 .. 3;
	$c->send("EHLO x\r\n" . join('', map { "MAIL FROM:<a\@b>\r\nRCPT TO:<c\@d>\r\nDATA\r\n" . SmtpClient::stuffed($_) } @mails)
	    . "RSET\r\nQUIT\r\n");
	reply_is($c->reply, qr/\A250-/, 'EHLO');
	for my $n (1 .. 3) {
		reply_is($c->reply, $_, "message $n: $_") for qr/\A250 2\.1\.0/, qr/\A250 2\.1\.5/, qr/\A354/, qr/queued as Q00100$n/;
	}
	reply_is($c->reply, qr/\A250/, 'RSET');
	reply_is($c->reply, qr/\A221/, 'QUIT');
	# It does not wait for us, so all may have come before we look.
	my @m = $d->wait_messages(3);
	is(scalar @m, 3, 'three messages downstream');
	same_bytes((split_marks($m[$_ - 1]{data} // ''))[0], $mails[$_ - 1], "message $_: as it was, but for the marks") for 1 .. 3;
	ok($c->at_end, 'the end');
	is($c->exit_code, 0, 'exit code');
});
session('pipelining: a hundred recipients in one write', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	reply_is($c->deliver_pipelined(to => [map { "u$_\@b" } 1 .. 100], mail => $plain), qr/\A250/, 'all accepted');
	my $m = delivered_is($d, 1, $plain, 'pipelined');
	is_deeply([map { /u(\d+)/ } @{$m->{rcpt}}], [1 .. 100], 'in order');
	$c->quit;
});
session('pipelining: the client sends on without reading', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	ok($c->send("NOOP\r\n" x 5000), '5000 commands are taken');
	my $n = 0;
	while (defined(my $r = $c->reply)) { $n++; last if $n == 5000 }
	is($n, 5000, '5000 replies');
	$c->quit;
});

# -- never 250 before the downstream's --------------------------------------------

session('the final reply waits for the downstream', downstream => {on => {DOT => sub { $_[0]->gate('dot') }}}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<a@b>');
	$c->cmd('DATA');
	$c->send(SmtpClient::stuffed($plain));
	ok($d->at_gate('dot'), 'the downstream has the whole message');
	ok($c->nothing_received, 'and the client has no reply');
	$d->open_gate('dot');
	reply_is($c->reply, qr/\A250 2\.0\.0 Ok: queued/, 'only now');
	$c->quit;
});
session('DATA goes downstream only after the inspection', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<a@b>');
	reply_is($c->cmd('DATA'), qr/\A354 /, '354 is our own');
	$c->send($plain);
	ok($c->drained, 'the data is taken');
	unlike($d->raw, qr/^DATA\r\n/m, 'the downstream has seen no DATA');
	$c->send(".\r\n");
	reply_is($c->reply, qr/\A250 /, 'then it goes');
	$c->quit;
});
for (['450', "450 4.7.1 greylisted\r\n"], ['multi-line', "550-5.7.1 first line\r\n550 5.7.1 second line\r\n"],
    ['odd text', "250 \tOk  <odd>; \"text\" \\ with blanks  \r\n"], ['no text', "250 \r\n"]) {
	my ($name, $reply) = @$_;
	session("the downstream's final reply verbatim: $name", downstream => {on => {DOT => $reply}}, raw_replies => 1, do => sub {
		my ($c, $d) = @_;
		$c->hello;
		is($c->deliver(mail => $plain), $reply, 'verbatim');
		my @r = grep { $_->{verdict} } log_records($c->log);
		is(scalar @r, 1, 'one log record');
		is($c->quit, 0, 'and the session goes on');
	});
}

# -- dots and line ends -------------------------------------------------------------

my @bodies = (
	['dots', ".\r\n..\r\n...\r\n.a\r\na.\r\n\r\n.\r\n"],
	['a line of dots', '.' x 10000 . "\r\n"],
	['empty lines only', "\r\n\r\n\r\n"],
	['NULs', "a\0b\r\n\0\r\n\0.\r\n"],
	['8-bit', join('', map chr, grep { $_ != 10 && $_ != 13 } 1 .. 255) . "\r\n"],
	['long lines', 'x' x 100000 . "\r\n" . 'y' x 998 . "\r\n"],
	['a long line of dots and CRLF', ("." x 4095 . "\r\n") x 40],
);
session('bodies go through as they are', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	my $n = 0;
	for (@bodies) {
		my ($name, $body) = @$_;
		my $mail = "From: a\@b\r\nSubject: $name\r\n\r\n$body";
		reply_is($c->deliver(mail => $mail, mail_args => ' BODY=8BITMIME'), qr/\A250 /, $name);
		delivered_is($d, ++$n, $mail, $name);
	}
	reply_is($c->deliver(mail => ''), qr/\A250 /, 'an empty message');
	delivered_is($d, ++$n, '', 'an empty message');
	reply_is($c->deliver(mail => "\r\n"), qr/\A250 /, 'an empty line');
	delivered_is($d, ++$n, "\r\n", 'an empty line');
	$c->quit;
});

# What does not end a message. Each is sent in front of a MAIL command that
# would be taken for one if it did (SMTP smuggling).
my @no_ends = (['LF.LF', "\n.\n"], ['CR.CR', "\r.\r"], ['CRLF.LF', "\r\n.\n"], ['LF.CRLF', "\n.\r\n"], ['CRLF.CR', "\r\n.\r"],
    ['CR.CRLF', "\r.\r\n"], ['CRLF.NUL.CRLF', "\r\n.\0\r\n"], ['CRLF.CRCRLF', "\r\n.\r\r\n"], ['NUL.CRLF', "\0.\r\n"],
    ['LF.CR', "\n.\r"], ['CRLF.blank.CRLF', "\r\n. \r\n"]);
for my $newline ('normalise', 'reject') {
	for (@no_ends) {
		my ($name, $end) = @$_;
		session("bare_newline=$newline: $name does not end a message", conf => {bare_newline => $newline}, do => sub {
			my ($c, $d) = @_;
			$c->hello;
			$c->cmd('MAIL FROM:<a@b>');
			$c->cmd('RCPT TO:<a@b>');
			$c->cmd('DATA');
			my $head = "Subject: one\r\n\r\nfirst";
			my $smuggled = "MAIL FROM:<evil\@evil>\r\nRCPT TO:<victim\@b>\r\nDATA\r\nSubject: two\r\n\r\nsmuggled\r\n";
			$c->send("$head$end$smuggled.\r\n");
			my $r = $c->reply;
			my $bare_cr = $end =~ /\r(?!\n)/;
			my $bare_lf = $end =~ /(?<!\r)\n/;
			my $refused = ($bare_cr || $bare_lf) && $newline eq 'reject';
			reply_is($r, $refused ? qr/\A55\d 5/ : qr/\A250 /, $refused ? 'refused' : 'one message');
			reply_is($c->cmd('NOOP'), qr/\A250 2\.0\.0 Ok\r\n\z/, 'and exactly one reply');
			my @m = $d->messages;
			is(scalar @m, $refused ? 0 : 1, 'messages downstream');
			unlike($d->raw, qr/^MAIL FROM:<evil[^\n]*\n(?!.*^\.\r\n)/ms, 'no command was smuggled') if !$refused;
			unlike($d->raw, qr/evil/, 'nothing of it went downstream') if $refused;
			if (!$refused) {
				unlike($m[0]{data}, qr/(?<!\r)\n|\r(?!\n)/, 'no bare line end left us');
				like($m[0]{data}, qr/smuggled/, 'it is all one message');
				unlike($m[0]{data}, qr/\n\.\n/, 'no LF.LF left us');
			}
			is($c->quit, 0, 'QUIT');
		});
	}
}
session('a bare CR in text becomes a space', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<a@b>');
	$c->cmd('DATA');
	$c->send("Subject: a\rX-Smuggled: b\r\n\r\none\rtwo\r\rthree\r\r\n.\rfour\r\n\r\r\n.\r\n");
	reply_is($c->reply, qr/\A250 /, 'accepted');
	my ($m) = $d->wait_messages(1);
	my ($rest) = split_marks($m->{data});
	# A dot at the beginning of a line is one that the client has doubled.
	same_bytes($rest, "Subject: a X-Smuggled: b\r\n\r\none two  three \r\n four\r\n  \r\n" =~ s/  \r\n\z/ \r\n/r, 'the text');
	$c->quit;
});
session('bare LF in text becomes CRLF', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<a@b>');
	$c->cmd('DATA');
	$c->send("Subject: a\nFrom: b\n\none\ntwo\r\nthree\n.\n..\n.four\n\r\n.\r\n");
	reply_is($c->reply, qr/\A250 /, 'accepted');
	my ($m) = $d->wait_messages(1);
	my ($rest) = split_marks($m->{data});
	unlike($rest, qr/(?<!\r)\n/, 'no bare LF');
	like($rest, qr/\ASubject: a\r\nFrom: b\r\n\r\none\r\ntwo\r\nthree\r\n/, 'the text');
	$c->quit;
});
session('an infected mail in bare LF is found', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<a@b>');
	$c->cmd('DATA');
	$c->send(lf($infected) . "\r\n.\r\n");
	reply_is($c->reply, qr/\A250 /, 'accepted');
	like(($d->wait_messages(1))[0]{data}, qr/Eicar-Test-Signature/, 'and neutralised');
	$c->quit;
});
session('commands that end in a bare LF', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	$c->send("NOOP\n");
	reply_is($c->reply, qr/\A(?:250|500|502|421) /, 'get one answer');
});
session('commands that end in a bare LF, with bare_newline=reject', conf => {bare_newline => 'reject'}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	$c->send("NOOP\n");
	reply_is($c->reply, qr/\A500 5\.5\.2 /, 'are refused');
	reply_is($c->cmd('NOOP'), qr/\A250 /, 'others are not');
});
session('NUL and CR in commands', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	for ("NOOP\0x", "MAIL FROM:<a\@b>\rRCPT TO:<c\@d>", "RCPT TO:<a\0b\@c>") {
		my $seen = length $d->raw;
		reply_is($c->cmd($_), qr/\A5\d\d /, Harness::printable($_) . ' is refused');
		is(length $d->raw, $seen, 'and not relayed');
	}
	reply_is($c->deliver(mail => $plain), qr/\A250 /, 'the session goes on');
	$c->quit;
});

# -- limits -------------------------------------------------------------------------

session('a command line that is too long', do => sub {
	my ($c, $d) = @_;
	$c->hello;
	reply_is($c->cmd('NOOP ' . 'x' x 10000), qr/\A500 5\.5\.2 /, '500 5.5.2');
	reply_is($c->cmd('NOOP ' . 'x' x 300000), qr/\A500 5\.5\.2 /, 'one that is longer than any buffer');
	reply_is($c->deliver(mail => $plain), qr/\A250 /, 'one reply for each, and the session goes on');
	reply_is($c->cmd('RCPT TO:<' . 'x' x 1500 . '@b>'), qr/\A[25]\d\d /, 'a long one within the limit gets an answer');
	$c->quit;
});
session('line_limit', conf => {line_limit => 512}, do => sub {
	my ($c) = @_;
	$c->hello;
	reply_is($c->cmd('NOOP ' . 'x' x (512 - 7)), qr/\A250 /, '512 bytes with the CRLF');
	reply_is($c->cmd('NOOP ' . 'x' x (512 - 6)), qr/\A500 5\.5\.2 /, '513 bytes');
	$c->quit;
});
session('recipient_limit', conf => {recipient_limit => 3}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	reply_is($c->deliver(to => [map { "u$_\@b" } 1 .. 5], mail => $plain), qr/\A250 /, 'the message goes');
	like($c->{rcpt_replies}[$_], $_ < 3 ? qr/\A250 / : qr/\A452 4\.5\.3 /, "recipient $_") for 0 .. 4;
	my $m = delivered_is($d, 1, $plain, 'limit');
	is(scalar @{$m->{rcpt}}, 3, 'to three');
	reply_is($c->deliver(to => [map { "u$_\@b" } 1 .. 3], mail => $plain), qr/\A250 /, 'the next message has its own count');
	is(scalar(grep { /\A250/ } @{$c->{rcpt_replies}}), 3, 'all accepted');
	$c->quit;
});
session('message_size_limit', conf => {message_size_limit => '8K'}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	reply_is($c->deliver(mail => crlf(mail(body => "x\n" x 8000))), qr/\A552 5\.3\.4 /, 'too big: 552 5.3.4');
	is(scalar $d->messages, 0, 'nothing downstream');
	reply_is($c->deliver(mail => $plain), qr/\A250 /, 'a small one goes on the same connection');
	reply_is($c->cmd('MAIL FROM:<a@b> SIZE=9000'), qr/\A(?:552 5\.3\.4|250) /, 'SIZE= gets an answer');
	is($c->quit, 0, 'QUIT');
});
session('error_limit', conf => {error_limit => 5}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	my @r = map { $c->cmd("FOO$_") } 1 .. 6;
	like($_, qr/\A5/, 'refused') for @r[0 .. 3];
	ok((grep { defined && /\A421 / } @r), '421 in the end') or diag(explain(\@r));
	ok($c->at_end, 'and the connection is closed');
	ok(defined $d->ended, 'downstream as well');
});
session('error_limit begins anew with each message that is taken', conf => {error_limit => 5}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	for my $n (1 .. 3) {
		reply_is($c->cmd("FOO$_"), qr/\A500 /, 'refused') for 1 .. 5;
		reply_is($c->deliver(mail => $plain), qr/\A250 /, "message $n is delivered");
	}
	my @r = map { $c->cmd("FOO$_") } 1 .. 6;
	like($r[-1] // '', qr/\A421 4\.7\.0 /, '421 in the end');
});
session('session_timeout', conf => {session_timeout => '3s', command_timeout => '60s'}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	my $r;
	# Busy all the time.
	1 while ($r = $c->cmd('NOOP')) && $r =~ /\A250 / && select(undef, undef, undef, 0.05) == 0;
	# It may have come while we were not asking.
	reply_is($r // $c->reply, qr/\A421 4\.4\.2 Error: session time limit/, 'a client that does not come to an end: 421 4.4.2');
	ok($c->at_end, 'and the connection is closed');
	like($c->log, qr/session time limit exceeded/, 'log');
});
session('session_timeout of a client that says nothing', conf => {session_timeout => '3s', command_timeout => '600s'}, do => sub {
	my ($c, $d) = @_;
	# The banner, and whatever of it comes in time.
	my $r = $c->hello;
	$r = $c->reply(60) if defined $r && $r =~ /\A250/;
	reply_is($r, qr/\A421 4\.4\.2 Error: session time limit/, '421 4.4.2');
	ok($c->at_end, 'and the connection is closed');
});
session('session_timeout in a message', conf => {session_timeout => '3s', data_timeout => '600s'}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	# A slow machine may not get as far as DATA.
	my $r;
	for ('MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA') { $r = $c->cmd($_); last if !defined $r || $r =~ /\A421/ }
	if (defined $r && $r =~ /\A354/) {
		$c->send("Subject: a\r\n\r\nhalf a mes");
		$r = $c->reply(60);
	}
	reply_is($r // $c->reply, qr/\A421 4\.4\.2 Error: session time limit/, '421 4.4.2');
	is(scalar $d->messages, 0, 'nothing was delivered');
});
# The message must be there before the time is over, so a slow machine gets more.
push @cases, 'session_timeout does not touch what is being delivered' => sub {
	my $reached;
	for my $limit (3, 15, 40) {
		last if $reached;
		my $over = now() + $limit + 0.5;
		session_now(conf => {session_timeout => "${limit}s"}, downstream => {on => {DOT => sub { $_[0]->gate('dot') }}}, do => sub {
			my ($c, $d) = @_;
			$c->hello;
			for ('MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA') { return unless ($c->cmd($_) // '') =~ /\A[23]/ }
			$c->send(SmtpClient::stuffed($plain));
			$d->at_gate('dot') or return;
			$reached = 1;
			wait_for(sub { now() > $over }, 120);
			$d->open_gate('dot');
			reply_is($c->reply, qr/\A250 2\.0\.0 Ok: queued/, 'the downstream\'s reply');
			reply_is($c->reply, qr/\A421 4\.4\.2 /, 'then the end');
		});
	}
	ok($reached, 'and that was tried');
};
session('command_timeout', conf => {command_timeout => '3s'}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	reply_is($c->reply, qr/\A421 4\.4\.2 /, 'a client that says nothing: 421 4.4.2');
	ok($c->at_end, 'and the connection is closed');
	ok(defined $d->ended, 'downstream as well');
	isnt($c->exit_code, undef, 'spawnscan ends');
});
session('command_timeout is for the whole command', conf => {command_timeout => '3s'}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	my $begin = now();
	my $sent = 0;
	until (length $c->received > $c->{taken} || $c->{eof} || now() - $begin > secs(60)) {
		last unless $c->send('x');
		$c->turn(undef, now() + 0.2);
	}
	cmp_ok(now() - $begin, '<', secs(40), 'a byte now and then does not keep it alive');
	reply_is($c->reply, qr/\A421 /, 'a 421');
});
session('data_timeout', conf => {data_timeout => '1s'}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<a@b>');
	$c->cmd('DATA');
	$c->send("Subject: a\r\n\r\nhalf a mes");
	reply_is($c->reply, qr/\A421 4\.4\.2 /, 'half a message and then nothing: 421 4.4.2');
	ok($c->at_end, 'and the connection is closed');
	is(scalar $d->messages, 0, 'nothing was delivered');
	ok(defined $d->ended, 'downstream is closed as well');
});

# -- clients that leave ---------------------------------------------------------------

for (['at once', ''], ['after EHLO', "EHLO x\r\n"], ['in a transaction', "EHLO x\r\nMAIL FROM:<a\@b>\r\nRCPT TO:<c\@d>\r\n"],
    ['in a command', "EHLO x\r\nMAIL FRO"],
    ['in data', "EHLO x\r\nMAIL FROM:<a\@b>\r\nRCPT TO:<c\@d>\r\nDATA\r\nSubject: a\r\n\r\nhalf"],
    ['before the last byte of the final dot', "EHLO x\r\nMAIL FROM:<a\@b>\r\nRCPT TO:<c\@d>\r\nDATA\r\nSubject: a\r\n\r\nx\r\n.\r"]) {
	my ($name, $bytes) = @$_;
	for my $how ('shut', 'hang_up') {
		session("the client leaves $name ($how)", do => sub {
			my ($c, $d) = @_;
			$c->reply;
			$c->send($bytes);
			$c->drained if $how eq 'hang_up';
			$c->$how;
			$c->at_end if $how eq 'shut';
			isnt($c->exit_code, undef, 'spawnscan ends');
			ok(defined $d->ended, 'the downstream connection ends');
			is(scalar $d->messages, 0, 'no message was delivered');
			is_deeply([$c->quarantined], [], 'nothing is kept');
		});
	}
}
# One that got tired of waiting comes again with the message: it must not have
# been delivered behind its back. One that has only said all it had to say waits
# for the replies. TCP does not tell these two apart.
for (['socket', 'hang_up', '', 0], ['socket', 'hang_up', "QUIT\r\n", 0], ['socket', 'shut', '', 1], ['socket', 'shut', "QUIT\r\n", 1],
    ['tcp', 'hang_up', '', 0], ['tcp', 'shut', '', 0], ['tcp', 'shut', "QUIT\r\n", 0], ['pipes', 'hang_up', '', 0],
    ['pipes', 'shut', '', 1], ['pipes', 'shut', "QUIT\r\n", 1]) {
	my ($via, $how, $more, $delivered) = @$_;
	my $name = "the client leaves while it is inspected ($via, $how" . ($more && ', after QUIT') . ')';
	push @cases, $name => sub {
		my $gate = subdir() . '/gate';
		my $script = write_file("$gate.sh", "#!/bin/sh\n: > $gate.at\nwhile [ ! -e $gate ]; do sleep 0.02; done\nexec $BUILD/spawnscan-inspect \"\$@\"\n", 0755);
		my $d = Downstream->start;
		my $c = SmtpClient->filter(to => $d->address, via => $via, conf => {inspector => $script});
		$c->hello;
		$c->cmd($_) for 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA';
		$c->send(SmtpClient::stuffed($infected) . $more);
		ok(wait_for(sub { -e "$gate.at" }, 60), 'it is inspected');
		$c->$how;
		write_file($gate, '');
		$c->at_end if $how eq 'shut';
		isnt($c->exit_code(60), undef, 'spawnscan ends');
		ok(defined $d->ended, 'the downstream connection ends');
		is(scalar(() = $d->messages), $delivered, $delivered ? 'delivered' : 'not delivered');
		is(last_record($c->log)->{outcome}, $delivered ? 'delivered' : 'deferred', 'log: the outcome');
		is(scalar(() = $c->quarantined), $delivered, 'the original is kept if it was delivered');
		$d->stop;
	};
}

# -- downstreams that fail --------------------------------------------------------------

push @cases, 'downstreams that are not there' => sub {
	my $port = free_port();
	for my $via ('socket', 'pipes') {
		my $c = SmtpClient->filter(to => "127.0.0.1:$port", via => $via);
		reply_is($c->reply, qr/\A421 4\.\d\.\d [^\n]*\r\n\z/, "$via: nobody listens: 421");
		ok($c->at_end, "$via: and the end");
		my $code = $c->exit_code;
		ok(defined $code && $code =~ /\A(?:69|75)\z/, "$via: exit code " . ($code // 'none'));
		like($c->log, qr/127\.0\.0\.1:$port/, "$via: the log says who");
	}
	my $c = SmtpClient->filter(to => 'unix:' . tmpdir() . '/nobody');
	reply_is($c->reply, qr/\A421 /, 'no such Unix socket: 421');
	$c = SmtpClient->filter(to => 'no-such-host.invalid:25', conf => {connect_timeout => '10s'});
	reply_is($c->reply, qr/\A421 /, 'no such host: 421');
	# A port that takes no connection: the queue of its listener is full.
	socket my $s, Socket::PF_INET, Socket::SOCK_STREAM, 0 or die;
	bind $s, Socket::pack_sockaddr_in(0, Socket::INADDR_LOOPBACK) or die;
	listen $s, 0;
	my ($full) = Socket::unpack_sockaddr_in(getsockname $s);
	my @fill;
	for (1 .. 5) {
		socket my $f, Socket::PF_INET, Socket::SOCK_STREAM, 0 or die;
		$f->blocking(0);
		connect $f, Socket::pack_sockaddr_in($full, Socket::INADDR_LOOPBACK);
		push @fill, $f;
	}
	my $begin = now();
	$c = SmtpClient->filter(to => "127.0.0.1:$full", conf => {connect_timeout => '1s', reply_timeout => '1s'});
	reply_is($c->reply, qr/\A421 /, 'a connection that is never taken: 421');
	cmp_ok(now() - $begin, '<', secs(10), 'after the timeout');
};

# hook, what it does => what the client must get at that step (and never a 2xx for the message)
my $long = 'x' x 100000;
my @faults = (
	['CONNECT: 554', CONNECT => "554 5.3.2 go away\r\n", qr/\A(?:554|421) /],
	['CONNECT: 421', CONNECT => "421 4.3.2 later\r\n", qr/\A421 /],
	['CONNECT: garbage', CONNECT => "hello there\r\n", qr/\A421 /],
	['CONNECT: 250 instead of 220', CONNECT => "250 strange\r\n", qr/\A421 /],
	['CONNECT: closed', CONNECT => sub { $_[0]->close }, qr/\A421 /],
	['CONNECT: reset', CONNECT => sub { $_[0]->reset }, qr/\A421 /],
	['CONNECT: silence', CONNECT => '', qr/\A421 /],
	['CONNECT: over-long line', CONNECT => "220 $long\r\n", qr/\A421 /],
	['CONNECT: endless line', CONNECT => sub { $_[0]->endless('220 x') }, qr/\A421 /],
	['CONNECT: reply too long', CONNECT => sub { $_[0]->endless("220-x\r\n") }, qr/\A421 /],
	(map { my $word = $_; (
		["$word: closed", $word => sub { $_[0]->close }, qr/\A4\d\d /],
		["$word: reset", $word => sub { $_[0]->reset }, qr/\A4\d\d /],
		["$word: silence", $word => '', qr/\A4\d\d /],
		["$word: garbage", $word => "what?\r\n", qr/\A4\d\d /],
		["$word: no code", $word => "\r\n", qr/\A4\d\d /],
		["$word: code of two digits", $word => "25 Ok\r\n", qr/\A4\d\d /],
		["$word: code of four digits", $word => "2500 Ok\r\n", qr/\A4\d\d /],
		["$word: code 650", $word => "650 Ok\r\n", qr/\A4\d\d /],
		["$word: codes that differ", $word => "250-a\r\n550 b\r\n", qr/\A4\d\d /],
		["$word: over-long line", $word => "250 $long\r\n", qr/\A4\d\d /],
		["$word: endless line", $word => sub { $_[0]->endless('250 x') }, qr/\A4\d\d /],
		["$word: reply too long", $word => sub { $_[0]->endless("250-x\r\n") }, qr/\A4\d\d /],
		["$word: half a reply and closed", $word => sub { $_[0]->say('250 2.0'); $_[0]->close }, qr/\A4\d\d /],
		["$word: first line of a reply and closed", $word => sub { $_[0]->say("250-2.0\r\n"); $_[0]->close }, qr/\A4\d\d /],
		["$word: an unexpected 354", $word => "354 go on\r\n", qr/\A4\d\d /],
		["$word: an unusual 2xx", $word => "221 Bye\r\n", qr/\A[24]\d\d /],
	) } qw(MAIL RCPT DOT)),
	['DATA: 250', DATA => "250 Ok\r\n", qr/\A4\d\d /],
	['DATA: 554', DATA => "554 5.5.1 no\r\n", qr/\A(?:554|451) /],
	['DATA: 421', DATA => "421 4.3.2 bye\r\n", qr/\A4\d\d /],
	['DATA: garbage', DATA => "go on\r\n", qr/\A4\d\d /],
	['DATA: closed', DATA => sub { $_[0]->close }, qr/\A4\d\d /],
	['DATA: reset', DATA => sub { $_[0]->reset }, qr/\A4\d\d /],
	['DATA: silence', DATA => '', qr/\A4\d\d /],
	['DATA: 354 and closed', DATA => sub { $_[0]->say("354 go on\r\n"); $_[0]->close }, qr/\A4\d\d /],
	['DATA: 354 and reset', DATA => sub { $_[0]->say("354 go on\r\n"); $_[0]->reset }, qr/\A4\d\d /],
	['DATA: 354 and an early refusal', DATA => sub { $_[0]->say("354 go on\r\n552 5.3.4 too much\r\n"); $_[0]->close }, qr/\A[45]\d\d /],
);
for (@faults) {
	my ($name, $hook, $does, $expected) = @$_;
	# Short times only where one of them has to run out.
	my $time = !ref $does && $does eq '' ? '3s' : '60s';
	session("downstream fault: $name", noisy => 1, raw_replies => 1,
	    conf => {reply_timeout => $time, final_timeout => $time, connect_timeout => $time, send_timeout => $time},
	    downstream => {on => {$hook => $does}}, do => sub {
		my ($c, $d) = @_;
		my ($r, $step);
		for ([CONNECT => sub { $c->reply }], [EHLO => sub { $c->cmd('EHLO x') }], [MAIL => sub { $c->cmd('MAIL FROM:<a@b>') }],
		    [RCPT => sub { $c->cmd('RCPT TO:<a@b>') }], [DATA => sub { $c->cmd('DATA') }],
		    [DOT => sub { $c->send(SmtpClient::stuffed($plain)); $c->reply }]) {
			$step = $_->[0];
			$r = $_->[1]->();
			last if $step eq ($hook eq 'DATA' ? 'DOT' : $hook);
			last unless defined $r && $r =~ /\A[23]/;
		}
		reply_is($r, $expected, "the client gets its answer at $step");
		like($r // '', qr/\A(?:[2345]\d\d[ -][\x20-\x7e]{0,506}\r\n)+\z/, 'a sound reply');
		# The session is over or goes on; it never hangs, and never lies.
		my $last = $c->cmd('QUIT', 20);
		ok(!defined $last || $last =~ /\A(?:221|4\d\d) /, 'QUIT is answered or the connection closed');
		$c->hang_up;
		my $code = $c->exit_code(20);
		ok(defined $code && $code !~ /signal/, 'spawnscan ends: ' . ($code // 'no'));
		unless ($hook eq 'DOT') { is(scalar $d->messages, 0, 'no message downstream') }
	});
}
session('downstream lost between two messages', downstream => {on => {MAIL => sub {
	my ($s, $line) = @_; return $line =~ /second/ ? $s->close : undef }}}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	reply_is($c->deliver(mail => $plain), qr/\A250 /, 'the first goes');
	reply_is($c->cmd('MAIL FROM:<second@b>'), qr/\A421 4\.4\.2 /, 'the second: 421 4.4.2');
	$c->at_end;
});
session('reply text that is not printable', downstream => {on => {RCPT => "550 5.1.1 b\x00ad \xfftext\x1b[2J\r\n"}}, do => sub {
	my ($c) = @_;
	$c->hello;
	$c->cmd('MAIL FROM:<a@b>');
	my $r = $c->cmd('RCPT TO:<a@b>');
	like($r, qr/\A(?:550|4\d\d) [\x20-\x7e]*\r\n\z/, 'comes out printable');
	$c->quit;
});
session('a multi-line banner', downstream => {on => {CONNECT => "220-first\r\n220 second\r\n"}}, do => sub {
	my ($c) = @_;
	is($c->reply, "220-first\r\n220 second\r\n", 'is handed on');
	$c->quit;
});

# -- reject, discard, tempfail --------------------------------------------------------------

for (['reject', qr/\A550 5\.7\.1 [^\n]*\r\n\z/, 1], ['tempfail', qr/\A451 4\.[37]\.\d [^\n]*\r\n\z/, 0], ['discard', qr/\A250 2[^\n]*\r\n\z/, 1]) {
	my ($action, $re, $kept) = @$_;
	session("infected = $action", conf => {infected => $action}, do => sub {
		my ($c, $d) = @_;
		$c->hello;
		my $r = $c->deliver(mail => $infected);
		reply_is($r, $re, 'the reply');
		cmp_ok(length $r, '<=', 512, 'within 512 bytes');
		is(scalar $d->messages, 0, 'no message downstream');
		unlike($d->raw, qr/EICAR|^DATA\r\n.*^\.\r\n/ms, 'not even a piece of it');
		my @kept = $c->quarantined;
		is(scalar @kept, $kept, $kept ? 'the original is kept' : 'nothing is kept');
		same_bytes(read_file($kept[0]), $infected, 'exactly') if @kept;
		reply_is($c->deliver(mail => $plain), qr/queued as/, 'the next message goes on the same connection');
		delivered_is($d, 1, $plain, 'next');
		is($c->quit, 0, 'QUIT');
		my ($rec) = grep { $_->{verdict} } log_records($c->log);
		is($rec->{verdict}, 'infected', 'log: verdict');
		is($rec->{action}, $action, 'log: action');
	});
}
session('the quarantine cannot be written', conf => {quarantine_dir => '/proc/none'}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	reply_is($c->deliver(mail => $infected), qr/\A451 4\.3\.0 /, '451 4.3.0');
	is(scalar $d->messages, 0, 'nothing is delivered');
	reply_is($c->deliver(mail => $plain), qr/\A451 4\.3\.0 .*: quarantine not writable\r\n\z/, 'nor a clean message, lest it be noticed at the first virus only');
	$c->quit;
});
session('refused by the downstream at the end: the quarantine follows', downstream => {on => {DOT => "450 4.2.0 later\r\n"}}, do => sub {
	my ($c, $d) = @_;
	$c->hello;
	reply_is($c->deliver(mail => $infected), qr/\A450 /, 'verbatim');
	is_deeply([$c->quarantined], [], 'nothing is kept: the client keeps it and comes again');
	$c->quit;
});
session('a malicious file name does not reach the reply', conf => {blocked => 'reject'}, do => sub {
	my ($c) = @_;
	$c->hello;
	my $mail = crlf(mail(parts => [part("Content-Type: application/octet-stream\n"
	    . "Content-Disposition: attachment; filename*=utf-8''x%0D%0A250%20Ok%0D%0A%1B.exe", 'x')]));
	my $r = $c->deliver(mail => $mail);
	like($r, qr/\A550 5\.7\.1 [\x20-\x7e]{0,500}\r\n\z/, 'one printable line');
	reply_is($c->cmd('NOOP'), qr/\A250 2\.0\.0 Ok/, 'and nothing behind it');
	$c->quit;
});

# -- addresses -----------------------------------------------------------------------------

push @cases, 'addresses' => sub {
	my $d = Downstream->start;
	for my $to ('127.0.0.1:' . $d->port, 'localhost:' . $d->port, 'inet:127.0.0.1:' . $d->port) {
		my $c = SmtpClient->filter(to => $to);
		is($c->reply, "220 downstream.example ESMTP ready\r\n", $to);
		is($c->quit, 0, "$to: QUIT");
	}
	$d->stop;
	my $u = Downstream->start(path => tmpdir() . '/smtp.sock');
	my $c = SmtpClient->filter(to => $u->address);
	$c->hello;
	reply_is($c->deliver(mail => $plain), qr/\A250 /, 'a Unix socket');
	$c->quit;
	$u->stop;
	SKIP: {
		have_ipv6() or loud_skip('no IPv6 loopback here', 2);
		my $six = Downstream->start(ipv6 => 1);
		for my $to ('[::1]:' . $six->port, 'inet:[::1]:' . $six->port) {
			my $c = SmtpClient->filter(to => $to);
			$c->hello;
			reply_is($c->deliver(mail => $plain), qr/\A250 /, $to);
			$c->quit;
		}
		$six->stop;
	}
};

# -- size and speed ------------------------------------------------------------------------

for my $via ('socket', 'pipes') {
	session("$via: 20 MB", via => $via, do => sub {
		my ($c, $d) = @_;
		$c->hello;
		my $mail = crlf(mail(parts => [part('Content-Type: text/plain', ".\n..\n"), attachment('big.bin', noise(15 << 20))]));
		reply_is($c->deliver(mail => $mail, seconds => 120), qr/\A250 /, 'accepted');
		delivered_is($d, 1, $mail, '20 MB');
		is($c->quit, 0, 'QUIT');
	});
}

# -- as spawn(8) starts it: an empty environment, / as directory ------------------------------

push @cases, 'as spawn(8) starts it' => sub {
	my $d = Downstream->start;
	my $c = SmtpClient->filter(to => $d->address, only_env => {MAIL_CONFIG => '/etc/postfix', PATH => '/usr/bin:/bin'}, args => ['-v']);
	$c->hello;
	reply_is($c->deliver(mail => $infected), qr/\A250 /, 'with -v and stderr on the socket');
	ok($c->only_replies, 'not a word of the log on the socket');
	is($c->quit, 0, 'QUIT');
	$d->stop;
};

# -- by hand, as README.md has it ---------------------------------------------------------------

push @cases, 'by hand, as README.md has it' => sub {
	my ($recipe) = (read_file("$SRC/README.md") // '') =~ /^    (printf .*?\n    .*\| spawnscan .*)$/m;
	ok($recipe, 'README.md has a recipe for a pipe');
	my $d = Downstream->start;
	my $command = join ' ', spawnscan_cmd('-c', conf_file()), $d->address;
	$recipe =~ s/spawnscan -v \S+\z/$command/;
	my $r = run(cmd => ['/bin/sh', '-c', $recipe]);
	is($r->{code}, 0, 'it ends well') or diag($recipe, $r->{err});
	like($r->{out}, qr/\A220 .*^250[- ].*^354 .*^250 [^\n]*queued as Q001001\r\n221 [^\n]*\r\n\z/ms, 'all replies are there');
	my ($m) = $d->wait_messages(1);
	same_bytes((split_marks($m->{data} // ''))[0], "Subject: test\r\n\r\nHello.\r\n", 'and the message arrives');
	$d->stop;
};

together(@cases);
done_testing;
