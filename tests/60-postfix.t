#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# End to end through a real Postfix of our own, with the entries of
# master.cf.example: smtpd -> queue -> spawn -> spawnscan -> smtpd -> queue -> sink;
# by SMTP, and in the end by LMTP.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;

plan skip_all => 'SKIPPED: needs root' if $>;
BEGIN {
	unless (grep { -x "$_/postfix" } split /:/, $ENV{PATH}) {
		diag('SKIPPED: Postfix is not installed');
		plan skip_all => 'SKIPPED: Postfix is not installed';
	}
}
use PrivatePostfix;

my $sink = Downstream->start(ehlo => ['PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8'],
    on => {RCPT => sub { my ($s, $line) = @_; return $line =~ /refused/ ? "550 5.1.1 no such user\r\n" : undef }});
# One that knows no DSN, so that Postfix itself must tell of success.
my $plain = Downstream->start(ehlo => ['PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME']);
# A client may pretend to be another, as if it came from outside.
my $p = PrivatePostfix->start(sink => $sink->port, main => ['smtpd_authorized_xclient_hosts = 127.0.0.1',
    'mynetworks = 127.0.0.0/8, 192.0.2.0/24', "transport_maps = inline:{plain.example=smtp:[127.0.0.1]:@{[$plain->port]}}"]);
my $n = 0;

# Lines that Postfix puts in front on the way: its own Received fields.
sub without_received {
	my ($mail) = @_;
	my $count = 0;
	$count++ while $mail =~ s/\AReceived: (?:[^\n]*\n)(?:[ \t][^\n]*\n)*//;
	return ($mail, $count);
}

# Send through Postfix, wait for it at the sink; (what came out, transaction).
sub through {
	my ($mail, %a) = @_;
	my $c = $p->client;
	my $r = $c->deliver(mail => $mail, %a);
	like($r // '', qr/\A250 /, 'Postfix takes it') or diag($p->maillog);
	$c->cmd('QUIT');
	$n++;
	my ($id) = header_of($mail, 'Message-ID');
	my $m = arrived(sub { ((header_of($_[0]{data}, 'Message-ID'))[0] // '') eq $id }, $a{seconds});
	ok($m, 'it arrives') or diag(tail($p->maillog), $p->filter_log_text);
	return ($m ? $m->{data} : '', $m // {});
}

# The first message at the sink that the code likes; bounces may come between.
sub arrived {
	my ($like, $seconds) = @_;
	my $found;
	wait_for(sub { ($found) = grep { $like->($_) } $sink->messages; $found }, $seconds // 60);
	return $found;
}

sub tail { my @l = split /^/, $_[0]; return join '', @l > 40 ? @l[-40 .. -1] : @l }

sub unmarked { return $p->unmarked(@_) }
sub quarantined { return grep { !/\.meta\z/ } glob "$p->{quarantine}/*/*" }

# The last log record, when there are $n_records of them.
sub record {
	my @r;
	wait_for(sub { @r = grep { exists $_->{verdict} } log_records($p->filter_log_text); @r >= $n });
	return $r[-1] // {};
}

sub mail_of { return crlf(mail(id => 'm' . ($n + 1), @_)) }
my $text = part('Content-Type: text/plain; charset=us-ascii', "A text before it.\n");
my $zip = zip_of(['eicar.com' => eicar()]);

subtest 'clean' => sub {
	my $mail = mail_of();
	my ($out, $m) = through($mail);
	my ($rest, $result) = unmarked($out);
	same_bytes($rest, $mail, 'as it was, but for Received and the marks');
	like($result // '', qr/clean/, 'X-Spawnscan-Result: clean');
	is($m->{mail} =~ s/ .*//r . ' ' . ($m->{mail} =~ /(<.*?>)/)[0], 'MAIL <alice@example.org>', 'sender') if $m->{mail};
	my $r = record();
	is($r->{verdict}, 'clean', 'log: clean');
	# The queue id in our log is that of the second smtpd.
	my $id = $r->{''} =~ /queued as (\w+)/ ? $1 : 'none';
	like($p->maillog, qr/smtpd\[\d+\]: \Q$id\E: client=/, 'log: the queue id is Postfix\'s');
	like($p->maillog, qr/status=sent \(250 2\.0\.0 Ok: queued as \Q$id\E\)/, 'and the first Postfix has the reply');
	is(scalar(() = quarantined()), 0, 'nothing kept');
};

my @infected = (
	['EICAR, plain attachment', sub { part("Content-Type: text/plain\nContent-Disposition: attachment; filename=v.txt", eicar() . "\n") }],
	['EICAR, base64', sub { attachment('eicar.txt', eicar()) }],
	['EICAR in zip', sub { attachment('archive.zip', $zip, type => 'application/zip') }],
);
for (@infected) {
	my ($name, $make) = @$_;
	subtest $name => sub {
		my $after = attachment('after.bin', noise(500));
		my $mail = mail_of(parts => [$text, $make->(), $after], epilogue => "epilogue\n");
		my $kept = () = quarantined();
		my ($out) = through($mail);
		unlike($out, qr/EICAR-STANDARD|\Q@{[substr b64(eicar()), 0, 40]}\E|\Q@{[substr b64($zip), 0, 40]}\E/, 'the payload is gone');
		like($out, qr/Eicar-Test-Signature/, 'a notice instead');
		my $behind = crlf("\n--frontier-42\n$after\n--frontier-42--\nepilogue\n");
		same_bytes(substr($out, -length $behind), $behind, 'what is behind it is as it was');
		like($out, qr/\Q@{[crlf("--frontier-42\n$text\n--frontier-42\n")]}\E/, 'what is before it as well');
		my @all = quarantined();
		is(scalar @all, $kept + 1, 'the original is kept');
		ok((grep { (without_received(read_file($_)))[0] =~ /\Q$mail\E\z/ || index(read_file($_), $mail) >= 0 } @all), 'it is there as it was');
		is(record()->{verdict}, 'infected', 'log: infected');
	};
}
for my $encoding (undef, 'base64') {
	subtest 'EICAR in a nested message' . ($encoding ? ', encoded' : '') => sub {
		my $inner = mail(subject => 'inner', boundary => 'inner', parts => [$text, attachment('eicar.txt', eicar())]);
		my ($out) = through(mail_of(parts => [$text, rfc822($inner, encoding => $encoding)]));
		unlike($out, qr/EICAR-STANDARD|\Q@{[substr b64(eicar()), 0, 40]}\E/, 'the payload is gone');
		like($out, qr/Eicar-Test-Signature/, 'a notice instead');
		like($out, qr/^Subject: inner\r$/m, 'the rest of the inner message is there') unless $encoding;
	};
}
subtest 'renamed' => sub {
	my $part = attachment('invoice.exe', noise(3000));
	my $mail = mail_of(parts => [$text, $part]);
	my ($out) = through($mail);
	like($out, qr/filename="invoice\.exe\.defanged"/, 'renamed');
	like($out, qr{^Content-Type: application/octet-stream}m, 'type');
	my ($body) = $part =~ /\n\n(.*)\z/s;
	like($out, qr/\r\n\r\n\Q@{[crlf($body)]}\E\r\n--frontier-42--\r\n\z/, 'its content is as it was');
	is(record()->{verdict}, 'blocked', 'log: blocked');
};
subtest 'infected as a whole' => sub {
	my ($out) = through(mail_of(body => "see:\n" . eicar() . "\n"));
	unlike($out, qr/EICAR-STANDARD/, 'the payload is gone');
	like($out, qr/^Subject: a mail\r$/m, 'the header is there');
	like($out, qr/Eicar-Test-Signature/, 'a notice instead of the body');
	is(record()->{verdict}, 'infected', 'log: infected');
};
subtest '50 MB' => sub {
	my $mail = mail_of(parts => [$text, attachment('big.bin', noise(38 << 20))]);
	cmp_ok(length $mail, '>', 50 << 20, 'more than 50 MB');
	my ($out) = through($mail, seconds => 300);
	same_bytes((unmarked($out))[0], $mail, 'as it was');
};
subtest '8-bit' => sub {
	my $mail = mail_of(type => 'text/plain; charset=utf-8', encoding => '8bit',
	    body => "Gr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln\n.\n..\n" . join('', map chr, 128 .. 255) . "\n");
	my ($out, $m) = through($mail, mail_args => ' BODY=8BITMIME');
	same_bytes((unmarked($out))[0], $mail, 'as it was, not converted');
	like($m->{mail} // '', qr/BODY=8BITMIME/, 'BODY=8BITMIME at the far end');
};
subtest 'SMTPUTF8' => sub {
	my $mail = crlf("From: J\xc3\xb6rg <j\xc3\xb6rg\@ex\xc3\xa4mple.org>\nTo: b\xc3\xb6b\@example.net\nSubject: Gr\xc3\xbc\xc3\x9fe\nMessage-ID: <u\@x>\n"
	    . "Date: Thu, 1 Jan 2026 00:00:00 +0000\n\ntext\n");
	my ($out, $m) = through($mail, from => "j\xc3\xb6rg\@ex\xc3\xa4mple.org", to => ["b\xc3\xb6b\@example.net"], mail_args => ' SMTPUTF8');
	same_bytes((unmarked($out))[0], $mail, 'as it was');
	like($m->{mail} // '', qr/j\xc3\xb6rg\@ex\xc3\xa4mple\.org>.*SMTPUTF8/, 'SMTPUTF8 at the far end');
	like($m->{rcpt}[0] // '', qr/b\xc3\xb6b\@example\.net/, 'the recipient');
	like($p->filter_log_text, qr/\A[\x20-\x7e\n]*\z/, 'the log is printable');
};
subtest 'DSN' => sub {
	my ($out, $m) = through(mail_of(), mail_args => ' RET=HDRS ENVID=QQ314159', rcpt_args => ' NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob+40orig.example');
	like($m->{mail} // '', qr/RET=HDRS/, 'RET');
	like($m->{mail} // '', qr/ENVID=QQ314159/, 'ENVID');
	like($m->{rcpt}[0] // '', qr/NOTIFY=SUCCESS,FAILURE/, 'NOTIFY');
	like($m->{rcpt}[0] // '', qr/ORCPT=rfc822;Bob(?:\+40|@)orig\.example/, 'ORCPT');
};
subtest 'DSN of success' => sub {
	my $sent = () = $sink->messages;
	my $c = $p->client;
	my $mail = mail_of();
	like($c->deliver(mail => $mail, to => ['bob@plain.example', 'carol@plain.example'], mail_args => ' RET=HDRS ENVID=QQ271828',
	    rcpt_args => ' NOTIFY=SUCCESS ORCPT=rfc822;Bob@orig.example') // '', qr/\A250 /, 'Postfix takes it');
	$c->cmd('QUIT');
	$n++;
	my $dsn = arrived(sub { $_[0]{data} =~ /^Original-Envelope-Id: QQ271828\r$/m });
	ok($dsn, 'a notification comes back') or diag(tail($p->maillog));
	like($dsn->{mail} // '', qr/\AMAIL FROM:<>/, 'from nobody');
	is(join(' ', map { /<(.*?)>/ } @{$dsn->{rcpt} // []}), 'alice@example.org', 'to the sender');
	is(scalar(() = ($dsn->{data} // '') =~ /^Action: relayed\r$/mg), 2, 'relayed, for both recipients');
	# Of the last hop: the filter does not stand in its way.
	like($dsn->{data} // '', qr/delivery via\s+127\.0\.0\.1\S*:@{[$plain->port]}/, 'by the last Postfix');
	like($dsn->{data} // '', qr/^Original-Recipient: rfc822;Bob\@orig\.example\r$/mi, 'with the original recipient');
	like($dsn->{data} // '', qr/^Content-Type: text\/rfc822-headers/m, 'RET=HDRS: the header');
	unlike($dsn->{data} // '', qr/^a plain mail/m, 'and no more');
	ok($p->empty_queue, 'the queue is empty');
	# Of the first Postfix there is none: it handed the wish on.
	is(scalar(() = $sink->messages), $sent + 1, 'one notification');
	is(scalar(() = $plain->messages), 1, 'and one mail');
};
subtest 'who the client was' => sub {
	$p->settings(quarantine => 'all');
	my $before = length $p->maillog;
	my $c = $p->client;
	# What the first smtpd knows of the client shall get as far as the second.
	like($c->cmd('XCLIENT NAME=mail.remote.example ADDR=192.0.2.7') // '', qr/\A220 /, 'a client from elsewhere');
	like($c->cmd('EHLO helo.remote.example') // '', qr/\A250/, 'EHLO');
	my $mail = mail_of(parts => [$text, attachment('eicar.txt', eicar())]);
	like($c->deliver(mail => $mail, to => ['bob@example.net', 'carol@example.net']) // '', qr/\A250 /, 'Postfix takes it');
	$c->cmd('QUIT');
	$n++;
	my $r = record();
	is($r->{client}, 'mail.remote.example[192.0.2.7] helo.remote.example', 'our log tells the client');
	is($r->{from}, 'alice@example.org', 'the sender');
	is($r->{to} . ' ' . $r->{count}, 'bob@example.net,carol@example.net 2', 'and the recipients');
	my $new = substr $p->maillog, $before;
	my ($id) = $new =~ /smtpd\[\d+\]: (\w+): client=/;
	like($new, qr/smtpd\[\d+\]: \w+: client=\S+, orig_queue_id=\Q$id\E, orig_client=mail\.remote\.example\[192\.0\.2\.7\]/,
	    'the second smtpd knows the first queue id and the client');
	my %meta;
	/\A([\w-]+): (.*)\z/ and push @{$meta{$1}}, $2 for lines_of("$p->{quarantine}/" . ($r->{quarantine} // 'none') . '.meta');
	my %want = (Client => 'mail.remote.example[192.0.2.7] helo.remote.example', Sender => 'alice@example.org',
	    Recipient => 'bob@example.net carol@example.net', Verdict => 'infected', Action => 'remove', Mode => 'smtp');
	is(join(' ', @{$meta{$_} // ['nothing']}), $want{$_}, "quarantine metadata: $_") for sort keys %want;
	like($meta{Finding}[0] // '', qr/\Ainfected remove "2" "Eicar-Test-Signature/, 'quarantine metadata: the finding');
	like(join('|', map { @$_ } values %meta), qr/queued as \Q$r->{queue_id}\E/, 'quarantine metadata: the reply');
	$p->settings;
};
subtest 'kept connections' => sub {
	# What a busy transport does by itself if it may: several messages over one
	# connection. A refusal in between does not end it.
	$p->change_master(sub { s/^( +)-o smtp_connection_cache_on_demand=no$/$1-o smtp_connection_cache_destinations=static:all\n$1-o smtp_connection_cache_time_limit=100s/m or die });
	my $before = length $p->maillog;
	my $logged = length $p->filter_log_text;
	$p->settings(infected => 'reject');
	my @kinds = qw(clean infected clean blocked clean);
	my $done = 0;
	my %parts = (clean => attachment('a.bin', noise(2000)), infected => attachment('eicar.txt', eicar()), blocked => attachment('a.exe', noise(100)));
	for my $kind (@kinds) {
		my $mail = mail_of(parts => [$text, $parts{$kind}]);
		my $c = $p->client;
		like($c->deliver(mail => $mail) // '', qr/\A250 /, "Postfix takes the $kind one");
		$c->cmd('QUIT');
		$n++;
		# The next one when this one is done, so that it finds the connection.
		record();
		$done++;
		ok(wait_for(sub { $done <= (() = substr($p->maillog, $before) =~ /relay=127\.0\.0\.1\S*:$p->{filter_port},/g) }, 30), 'done');
	}
	wait_for(sub { (grep { exists $_->{verdict} } log_records(substr $p->filter_log_text, $logged)) >= @kinds });
	my @r = grep { exists $_->{verdict} } log_records(substr $p->filter_log_text, $logged);
	is(join(' ', map { $_->{verdict} } @r), "@kinds", 'each has its record');
	my %pids = map { $_->{''} =~ /spawnscan\[(\d+)\]/ ? ($1 => 1) : () } @r;
	is(scalar keys %pids, 1, 'all of one process') or diag(map { "$_->{''}\n" } @r);
	ok(wait_for(sub { substr($p->maillog, $before) =~ /relay=127\.0\.0\.1\S*:$p->{filter_port}, conn_use=@{[scalar @kinds]},/ }), 'and of one connection')
	    or diag(tail($p->maillog));
	$p->settings;
	$p->change_master(sub { s/^( +)-o smtp_connection_cache_destinations=static:all\n.*$/$1-o smtp_connection_cache_on_demand=no/m or die });
};
subtest 'a slow inspection' => sub {
	ok(wait_for(sub { !$p->filters }, 120), 'no filter is there');
	my $gate = $p->gate;
	my $mail = mail_of();
	my $c = $p->client;
	like($c->deliver(mail => $mail) // '', qr/\A250 /, 'Postfix takes it');
	$c->cmd('QUIT');
	ok($p->at_gate($gate), 'it is inspected');
	ok(wait_for(sub { $p->queued == 1 }), 'it is in the queue meanwhile');
	is(scalar(() = $p->filters), 1, 'one filter is at it');
	# Others don't wait for it.
	$p->settings;
	through(mail_of(subject => 'overtakes', id => 'overtakes'));
	ok(wait_for(sub { $p->queued == 1 }), 'it is in the queue still');
	$p->open_gate($gate);
	$n++;
	ok(arrived(sub { ((unmarked($_[0]{data}))[0] // '') eq $mail }), 'then it arrives, as it was') or diag(tail($p->maillog));
	ok($p->empty_queue, 'the queue is empty');
	is(scalar(grep { ((unmarked($_->{data}))[0] // '') eq $mail } $sink->messages), 1, 'once');
};
subtest 'the inspector is broken: mail waits in the queue' => sub {
	$p->settings(inspector => '/bin/false');
	my $before = length $p->maillog;
	my $mail = mail_of(id => 'broken');
	my $c = $p->client;
	like($c->deliver(mail => $mail) // '', qr/\A250 /, 'Postfix takes it');
	$c->cmd('QUIT');
	ok(wait_for(sub { substr($p->maillog, $before) =~ /status=deferred \(host \S+ said: 451 4\.3\.0 / }), 'deferred, with our reply') or diag(tail($p->maillog));
	is(scalar $p->queued, 1, 'it is in the queue');
	ok(!(grep { $_->{data} =~ /^Message-ID: <broken@/m } $sink->messages), 'it has not arrived');
	is((grep { exists $_->{verdict} } log_records($p->filter_log_text))[-1]{outcome}, 'deferred', 'log: deferred');
	$p->settings;
	$p->flush;
	ok(arrived(sub { ((unmarked($_[0]{data}))[0] // '') eq $mail }), 'when it is mended the mail arrives, as it was') or diag(tail($p->maillog));
	ok($p->empty_queue, 'and the queue is empty');
	my @r;
	ok(wait_for(sub { @r = grep { exists $_->{verdict} } log_records($p->filter_log_text); $r[-1]{outcome} eq 'delivered' }), 'log: delivered');
	$n = @r;
};
subtest 'many recipients, one refused' => sub {
	# The second smtpd refuses one of 50 (an access table that only it has).
	my $map = "$p->{dir}/etc/refuse";
	write_file($map, "/nobody/ 550 5.1.1 user unknown here\n");
	my $path = "$p->{dir}/etc/master.cf";
	my $old = read_file($path);
	(my $new = $old) =~ s/^(\s+-o smtpd_recipient_restrictions=)(?=permit_mynetworks,reject)/$1check_recipient_access,regexp:$map,/m or die;
	write_file($path, $new);
	$p->reload;
	my $mail = mail_of();
	my $before = length $p->maillog;
	my ($out, $m) = through($mail, to => [(map { "user$_\@example.net" } 1 .. 25), 'nobody@example.net', (map { "user$_\@example.net" } 26 .. 49)]);
	same_bytes((unmarked($out))[0], $mail, 'as it was');
	is(scalar @{$m->{rcpt}}, 49, 'to the other 49');
	wait_for(sub { substr($p->maillog, $before) =~ /status=bounced/ });
	my $log = substr $p->maillog, $before;
	is(scalar(() = $log =~ /to=<user\d+\@example\.net>, relay=127\.0\.0\.1\[127\.0\.0\.1\]:$p->{filter_port}, .* status=sent/g), 49, 'sent: 49');
	like($log, qr/to=<nobody\@example\.net>, .* status=bounced \(host 127\.0\.0\.1\[127\.0\.0\.1\] said: 550 5\.1\.1 .*user unknown here/, 'bounced: one, with the reply');
	# The bounce message comes through the sink as well.
	$n++;
	ok(arrived(sub { $_[0]{data} =~ /user unknown here/ }), 'the sender is told');
	write_file($path, $old);
	$p->reload;
};
subtest 'the way back is shut: mail waits in the queue' => sub {
	ok($p->shut_back, 'shut');
	my @mails = map { crlf(mail(id => "wait$_")) } 1 .. 3;
	my $c = $p->client;
	like($c->deliver(mail => $_), qr/\A250 /, 'Postfix takes it') for @mails;
	$c->cmd('QUIT');
	my $before = length $p->maillog;
	ok(wait_for(sub { (() = $p->maillog =~ /relay=127\.0\.0\.1\S*:$p->{filter_port}, .*status=deferred|status=deferred \(host 127/g) >= 3 }), 'deferred')
	    or diag($p->maillog);
	is(scalar $p->queued, 3, 'three in the queue');
	ok(!(grep { $_->{data} =~ /^Message-ID: <wait/m } $sink->messages), 'none has arrived');
	ok($p->open_back, 'open again');
	$p->flush;
	$n += 3;
	for my $mail (@mails) {
		ok(arrived(sub { ((unmarked($_[0]{data}))[0] // '') eq $mail }), 'it arrives, as it was') or diag(tail($p->maillog));
	}
	ok($p->empty_queue, 'and the queue is empty');
};
subtest 'a mail that grows over message_size_limit' => sub {
	# It is just below at the first smtpd, and above with Received and marks.
	my $main = read_file("$p->{dir}/etc/main.cf");
	write_file("$p->{dir}/etc/main.cf", $main =~ s/^message_size_limit = .*/message_size_limit = 20000/mr);
	$p->reload;
	my $line = 'x' x 70 . "\n";
	my $mail = mail_of(body => $line x 261);
	my ($out) = through($mail);
	same_bytes((unmarked($out))[0], $mail, 'as it was');
	my $c = $p->client;
	like($c->deliver(mail => crlf(mail(body => $line x 300))), qr/\A552 5\.3\.4 /, 'one that is larger is refused at the first smtpd');
	$c->cmd('QUIT');
	write_file("$p->{dir}/etc/main.cf", $main);
	$p->reload;
};
subtest 'a refusal goes back to the sender, the connection lives on' => sub {
	my $conf = read_file($p->{conf});
	write_file($p->{conf}, $conf . "\n[actions]\ninfected = reject\n");
	my $before = length $p->maillog;
	my $c = $p->client;
	my $mail = mail_of(parts => [$text, attachment('eicar.txt', eicar())]);
	like($c->deliver(mail => $mail), qr/\A250 /, 'Postfix takes it');
	$c->cmd('QUIT');
	$n++;
	my ($id) = header_of($mail, 'Message-ID');
	my $bounce = arrived(sub { $_[0]{data} =~ /said:\s+550.5\.7\.1/ && $_[0]{data} =~ /^Message-ID: \Q$id\E/m });
	ok($bounce, 'the sender is told') or diag(tail($p->maillog));
	like(substr($p->maillog, $before), qr/status=bounced \(host \S+ said: 550 5\.7\.1/, 'bounced with 550 5.7.1');
	write_file($p->{conf}, $conf);
};
subtest 'many at once' => sub {
	my @mails = map { crlf(mail(id => "many$_", body => "$_\n" x $_)) } 1 .. 30;
	my @c = map { $p->client } 1 .. 3;
	for my $i (0 .. $#mails) {
		like($c[$i % 3]->deliver(mail => $mails[$i]), qr/\A250 /, 'Postfix takes it');
	}
	$n += @mails;
	my $count = 0;
	wait_for(sub {
		my %got = map { ((unmarked($_->{data}))[0] // '') => 1 } $sink->messages;
		$count = grep { $got{$_} } @mails;
		return $count == 30;
	}, 120);
	is($count, 30, 'all arrive, as they were');
};

sub sound {
	my ($name, $least) = @_;
	my @records = grep { exists $_->{verdict} } log_records($p->filter_log_text);
	cmp_ok(scalar @records, '>=', $least, "$name: one log record per message");
	unlike($p->maillog, qr/spawn\[\d+\]: warning: command \S+ (?:exit status (?!69|75)|killed)/, "$name: no filter process ended badly");
	unlike($p->maillog, qr/unused parameter|bad command|fatal:|panic:/, "$name: Postfix has no complaint about the entries");
	my $scratch = "$p->{dir}/scratch";
	is_deeply([glob "$scratch/*"], [], "$name: no scratch directory is left");
}
sound('SMTP', 25);
$p->stop;

# -- by LMTP ------------------------------------------------------------------

$p = PrivatePostfix->start(section => 'C', sink => $sink->port, main => ['smtpd_authorized_xclient_hosts = 127.0.0.1',
    'mynetworks = 127.0.0.0/8, 192.0.2.0/24']);
$n = 0;
subtest 'LMTP: clean' => sub {
	my $mail = mail_of(id => 'lmtp1', type => 'text/plain; charset=utf-8', encoding => '8bit', body => "Gr\xc3\xbc\xc3\x9fe\n.\n..\n");
	my ($out, $m) = through($mail, to => ['bob@example.net', 'carol@example.net'], mail_args => ' BODY=8BITMIME RET=HDRS ENVID=QQ1', rcpt_args => ' NOTIFY=FAILURE');
	my ($rest, $result) = unmarked($out);
	same_bytes($rest, $mail, 'as it was, but for Received and the marks');
	like($result // '', qr/clean/, 'X-Spawnscan-Result: clean');
	like($m->{mail} // '', qr/BODY=8BITMIME/, 'BODY=8BITMIME at the far end');
	like($m->{mail} // '', qr/RET=HDRS.*ENVID=QQ1|ENVID=QQ1.*RET=HDRS/, 'RET and ENVID');
	is(scalar(grep { /NOTIFY=FAILURE/ } @{$m->{rcpt} // []}), 2, 'NOTIFY for both');
	my $r = record();
	is($r->{verdict}, 'clean', 'log: clean');
	is($r->{queue_id}, $p->maillog =~ /relay=mx\.example\.com\[private\/scan-filter\].*queued as (\w+)/ ? $1 : 'none', 'log: the queue id')
	    or diag(tail($p->maillog));
};
subtest 'LMTP: who the client was' => sub {
	my $c = $p->client;
	like($c->cmd('XCLIENT NAME=mail.remote.example ADDR=192.0.2.7') // '', qr/\A220 /, 'a client from elsewhere');
	like($c->cmd('EHLO helo.remote.example') // '', qr/\A250/, 'EHLO');
	my $mail = mail_of(id => 'lmtp2', parts => [$text, attachment('eicar.txt', eicar())]);
	like($c->deliver(mail => $mail) // '', qr/\A250 /, 'Postfix takes it');
	$c->cmd('QUIT');
	$n++;
	my $m = arrived(sub { $_[0]{data} =~ /^Message-ID: <lmtp2@/m });
	like($m->{data} // '', qr/Eicar-Test-Signature/, 'a notice arrives');
	unlike($m->{data} // '', qr/\Q@{[substr b64(eicar()), 0, 40]}\E/, 'the payload is gone');
	is(record()->{client}, 'mail.remote.example[192.0.2.7] helo.remote.example', 'our log tells the client');
};
subtest 'LMTP: refused, for each recipient' => sub {
	$p->settings(infected => 'reject');
	my $before = length $p->maillog;
	my $c = $p->client;
	my $mail = mail_of(id => 'lmtp3', parts => [$text, attachment('eicar.txt', eicar())]);
	like($c->deliver(mail => $mail, to => ['bob@example.net', 'carol@example.net']) // '', qr/\A250 /, 'Postfix takes it');
	$c->cmd('QUIT');
	$n++;
	my $bounce = arrived(sub { $_[0]{data} =~ /said:\s+550.5\.7\.1/ && $_[0]{data} =~ /^Message-ID: <lmtp3@/m });
	ok($bounce, 'the sender is told') or diag(tail($p->maillog));
	is(scalar(() = substr($p->maillog, $before) =~ /to=<(?:bob|carol)@\S+ .*status=bounced \(host \S+ said: 550 5\.7\.1/g), 2, 'both recipients bounced');
	$p->settings;
};
subtest 'LMTP: one recipient is refused' => sub {
	my $map = write_file("$p->{dir}/etc/refuse", "/nobody/ 550 5.1.1 user unknown here\n");
	$p->change_master(sub { s/^( +-o smtpd_recipient_restrictions=)(?=permit_mynetworks,reject)/$1check_recipient_access,regexp:$map,/m or die });
	my $mail = mail_of(id => 'lmtp4');
	my ($out, $m) = through($mail, to => ['bob@example.net', 'nobody@example.net', 'carol@example.net']);
	same_bytes((unmarked($out))[0], $mail, 'as it was');
	is(join(' ', map { /<(\w+)@/ } @{$m->{rcpt} // []}), 'bob carol', 'to the others');
	ok(arrived(sub { $_[0]{data} =~ /user unknown here/ && $_[0]{data} =~ /^Message-ID: <lmtp4@/m }), 'the sender is told');
	ok(wait_for(sub { (() = $p->maillog =~ /scan-filter.*status=sent \(250 2\.0\.0 Ok: queued as/g) >= 2 }), 'and the others are delivered');
};
subtest 'LMTP: the inspector is broken: mail waits in the queue' => sub {
	$p->settings(inspector => '/bin/false');
	my $before = length $p->maillog;
	my $mail = mail_of(id => 'lmtp5');
	my $c = $p->client;
	like($c->deliver(mail => $mail, to => ['bob@example.net', 'carol@example.net']) // '', qr/\A250 /, 'Postfix takes it');
	$c->cmd('QUIT');
	ok(wait_for(sub { (() = substr($p->maillog, $before) =~ /status=deferred \(host \S+ said: 451 4\.3\.0 /g) >= 2 }), 'deferred for both') or diag(tail($p->maillog));
	$p->settings;
	$p->flush;
	my $m = arrived(sub { ((unmarked($_[0]{data}))[0] // '') eq $mail });
	is(scalar @{$m->{rcpt} // []}, 2, 'when it is mended the mail arrives, as it was, for both') or diag(tail($p->maillog));
	ok($p->empty_queue, 'and the queue is empty');
	is(scalar(grep { ((unmarked($_->{data}))[0] // '') eq $mail } $sink->messages), 1, 'once');
};
sound('LMTP', 5);
$p->stop;
done_testing;
