#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Notices to the postmaster: who is told what, how often, and that no mail is
# delayed or lost by it.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use MilterClient;
use Downstream;
use SmtpClient;

my $text = part('Content-Type: text/plain; charset=us-ascii', "A text before it.\n");
sub infected { my ($name) = @_; return crlf(mail(parts => [$text, attachment($name // 'v.txt', eicar())])) }
my $exe = crlf(mail(parts => [$text, attachment('setup.exe', 'nothing')]));

# A filter's session with these settings; messages that it delivers. Returns the log.
my $conf;
sub session {
	my ($d, @mails) = @_;
	my $c = SmtpClient->filter(to => $d->address, conf => $conf);
	$c->hello;
	my @replies = map { $c->deliver(%{ref $_ ? $_ : {mail => $_}}) } @mails;
	$c->quit;
	return @replies;
}
sub settings { $conf = conf_file(@_) }
sub log_text { return read_file(($conf =~ s{[^/]+\z}{log}r)) // '' }
sub notices { my ($d) = @_; return grep { $_->{data} =~ /^X-Spawnscan-Notice: /m } $d->messages }
sub wait_notices { my ($d, $n) = @_; wait_for(sub { (() = notices($d)) >= $n }, 20); return notices($d) }
sub dir { return read_file($conf) =~ /^quarantine_dir = (.*)$/m ? $1 : die }

# Each has settings and servers of its own; they wait for notices side by side.
my @cases;
push @cases, 'one notice' => sub {
	my $d = Downstream->start;
	settings(notify_to => 'postmaster@example.com');
	my ($reply) = session($d, {mail => infected(), from => 'alice@example.org', to => ['bob@example.net']});
	like($reply, qr/\A250 /, 'the message is delivered');
	my @n = wait_notices($d, 1);
	is(scalar @n, 1, 'a notice') or return diag(log_text());
	my $n = $n[0];
	like($n->{mail}, qr/FROM:<>/, 'from the null sender');
	is_deeply($n->{rcpt}, ['RCPT TO:<postmaster@example.com>'], 'to notify_to');
	like($n->{data}, qr/^Auto-Submitted: auto-generated\r$/m, 'marked: not to be answered');
	like($n->{data}, qr/^Subject: Content filter: infected\r$/m, 'subject');
	like($n->{data}, qr/^  part 2: infected, Eicar-Test-Signature\S* -> remove, name v\.txt\r$/m, 'finding');
	like($n->{data}, qr/^Sender: +<alice\@example\.org>\r\nRecipient: +<bob\@example\.net>\r$/m, 'envelope');
	my ($ref) = $n->{data} =~ m{release (\d{4}/\S+)\r$}m;
	ok($ref && -f dir() . "/$ref", 'the command that releases it');
	like($n->{data}, qr/^Action: +remove, delivered\r$/m, 'what became of it');
	ok(wait_for(sub { log_text() =~ /event=notice to=postmaster\@example\.com class=infected quarantine=\S+ outcome=sent/ }), 'in the log');
	session($d, $exe, crlf(mail()));
	session($d, crlf(mail(subject => 'clean')));
	is(scalar(() = notices($d)), 1, 'none for other classes or clean mail');
};

push @cases, 'the rest is summed up' => sub {
	my $d = Downstream->start;
	settings(notify_to => 'postmaster@example.com', notify_interval => '1h', notify_classes => 'infected blocked');
	session($d, infected('one.txt'));
	wait_notices($d, 1);
	session($d, infected('two.txt'), infected('three.txt')) for 1 .. 3;
	my $state = dir() . '/.notify-infected';
	ok(wait_for(sub { (read_file($state) // '') =~ /\A\d+ 6\n(?:\d{4}\/.*\n){6}\z/ }), 'six are counted') or diag(read_file($state));
	is(scalar(() = notices($d)), 1, 'and none is sent');
	session($d, $exe);
	is(scalar(() = wait_notices($d, 2)), 2, 'another class has a notice of its own');
	my $old = read_file($state);
	write_file($state, $old =~ s/\A\d+/time - 3601/er);
	session($d, infected('four.txt'));
	my @n = wait_notices($d, 3);
	is(scalar @n, 3, 'when the time is over') or return;
	my ($sum) = grep { $_->{data} =~ /four\.txt/ } @n;
	like($sum->{data}, qr/there were 6 more of this class:/, 'it sums up');
	like($sum->{data}, qr/^  \d{4}\/\S+  from <alice\@example\.org> to .* two\.txt\r$/m, 'and lists them');
	ok(wait_for(sub { read_file($state) =~ /\A\d+ 0\n\z/ }), 'nothing is left to tell');
	like(read_file($state) =~ /\A(\d+)/ ? time - $1 : 'none', qr/\A\d{1,2}\z/, 'from now on');
	write_file($state, 2 * time . " 0\n");
	session($d, infected('five.txt'));
	is(scalar(() = wait_notices($d, 4)), 4, 'a clock that was set back does not silence it');
	write_file($state, "\0\xff nonsense \e\n" x 1000);
	session($d, infected('six.txt'));
	is(scalar(() = wait_notices($d, 5)), 5, 'nor does a broken file');
};

push @cases, 'many at the same time' => sub {
	my $d = Downstream->start;
	settings(notify_to => 'postmaster@example.com');
		my @pids = map {
		my $pid = fork // die;
		if ($pid == 0) {
			Harness::become_child();
			session($d, map { infected("m$_.txt") } 1 .. 3);
			POSIX::_exit(0);
		}
		$pid;
	} 1 .. 5;
	waitpid $_, 0 for @pids;
	my $state = dir() . '/.notify-infected';
	ok(wait_for(sub { (read_file($state) // '') =~ /\A\d+ 14\n/ }), 'fifteen messages: fourteen counted') or diag(read_file($state));
	is(scalar(() = notices($d)), 1, 'and one notice');
};

push @cases, 'no notice of a notice' => sub {
	my $d = Downstream->start;
	settings(notify_to => 'postmaster@example.com', notify_interval => 0);
	session($d, {mail => infected(), from => '', to => ['Postmaster@example.com']});
	session($d, {mail => infected(), from => '', to => ['bob@example.net']});
	is(scalar(() = wait_notices($d, 1)), 1, 'none for mail from nobody to notify_to, one for other bounces');
	ok(!wait_for(sub { (() = notices($d)) > 1 }, 1), 'nor later');
};

push @cases, 'hostile names' => sub {
	my $d = Downstream->start;
	settings(notify_to => 'postmaster@example.com', notify_interval => 0);
	my $evil = "x\e[2J\r\n.\r\nX-Evil: 1" =~ s/([^a-z])/sprintf '%%%02X', ord $1/ger;
	session($d, crlf(mail(parts => [$text, attachment('x', eicar(), disposition => "attachment; filename*=utf-8''$evil" . ('y' x 3000) . '.txt')])));
	my @n = wait_notices($d, 1);
	is(scalar @n, 1, 'a notice') or return diag(log_text());
	unlike($n[0]{data}, qr/[^\r\n\x20-\x7e]/, 'nothing but text');
	unlike($n[0]{data}, qr/^X-Evil/m, 'no line of theirs');
	ok(!(grep { length > 998 } split /\r\n/, $n[0]{data}), 'no line too long');
};

push @cases, 'nobody waits' => sub {
	# The notice's own server never answers; the session and its end must not care. As long
	# as the notice has no record, it is not through.
	my $d = Downstream->start;
	my $slow = Downstream->start(on => {CONNECT => ''});
	my @slow = (notify_to => 'postmaster@example.com', notify_interval => 0, notify_via => $slow->address, reply_timeout => '600s');
	settings(@slow);
	my @r = session($d, infected(), infected());
	is(scalar(grep { /\A250 / } @r), 2, 'both are delivered');
	unlike(log_text(), qr/event=notice/, 'the session did not wait for the notices');
	settings(@slow);
	my $r = run(in => lf(infected()), cmd => [spawnscan_cmd('-c', $conf)]);
	is($r->{code}, 0, 'one-shot') or diag($r->{err});
	unlike(log_text(), qr/event=notice/, 'nor did whoever waits for the end of standard output');
	# A next hop that is not there, and a quarantine that can't be written.
	settings(notify_to => 'postmaster@example.com', notify_interval => 0, notify_via => '127.0.0.1:1');
	@r = session($d, infected());
	like($r[0], qr/\A250 /, 'delivered all the same');
	ok(wait_for(sub { log_text() =~ /event=notice .* outcome=failed reply=.*reached/ }), 'the log says that there was no notice');
	ok(wait_for(sub { (read_file(dir() . '/.notify-infected') // '') =~ /\A0 1\n/ }), 'it is told of in the next one') or diag(read_file(dir() . '/.notify-infected'));
};

push @cases, 'of what came by a milter' => sub {
	my $d = Downstream->start;
	my $port = free_port();
	settings(notify_to => 'postmaster@example.com', notify_via => $d->address);
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(fds => [$null, $null, $null], cmd => [spawnscan_cmd('-c', $conf, '--milter', "127.0.0.1:$port")]);
	ok(wait_for(sub { log_text() =~ /milter: listening/ }, 60), 'it listens');
	my $c = wait_for(sub { MilterClient->connect(port => $port) }, 30) or return;
	is($c->deliver(mail => infected())->{verdict}, 'a', 'accepted');
	$c->close;
	my ($n) = wait_notices($d, 1);
	like($n ? $n->{data} : '', qr{^To release it: +spawnscan-quarantine release --via HOST:PORT \d{4}/\S+\r$}m, 'a notice, which says that the way is to be told')
	    or diag(log_text());
	kill 'TERM', $pid;
	reap($pid, 60);
};

push @cases, 'quarantine_to' => sub {
	my $d = Downstream->start;
	settings(quarantine_to => 'virus@example.com');
	my $mail = infected();
	session($d, $mail);
	my @m;
	wait_for(sub { @m = grep { $_->{data} =~ /message\.eml\.defanged/ } $d->messages });
	is(scalar @m, 1, 'the original comes too') or return diag(log_text());
	is_deeply($m[0]{rcpt}, ['RCPT TO:<virus@example.com>'], 'to that address');
	my ($body) = $m[0]{data} =~ /filename="message\.eml\.defanged"\r\nContent-Transfer-Encoding: base64\r\n\r\n(.*?)\r\n--=_/s;
	same_bytes(MIME::Base64::decode_base64($body // ''), $mail, 'as an inert attachment');
	session($d, crlf(mail()));
	ok(!wait_for(sub { (grep { $_->{data} =~ /message\.eml\.defanged/ } $d->messages) > 1 }, 1), 'what is not kept is not sent');
};

push @cases, 'quarantine_to_only' => sub {
	my $mail = infected();
	my $originals = sub { my ($d) = @_; return grep { $_->{data} =~ /message\.eml\.defanged/ } $d->messages };
	my $left = sub { return grep { -f } glob dir() . '/*/*' };
	my $d = Downstream->start;
	settings(quarantine_to => 'virus@example.com', quarantine_to_only => 'yes', notify_to => 'postmaster@example.com');
	my ($reply) = session($d, {mail => $mail, from => 'alice@example.org', to => ['bob@example.net', 'carol@example.net']});
	like($reply, qr/\A250 /, 'delivered');
	my @o = $originals->($d);
	is(scalar @o, 1, 'the original was there when the client had its reply') or return diag(log_text());
	my ($body) = $o[0]{data} =~ /filename="message\.eml\.defanged"\r\nContent-Transfer-Encoding: base64\r\n\r\n(.*?)\r\n--=_/s;
	same_bytes(MIME::Base64::decode_base64($body // ''), $mail, 'all of it');
	like($o[0]{data}, qr/^Sender:    <alice\@example\.org>\r\nRecipient: <bob\@example\.net> and 1 more\r$/m, 'with the envelope');
	my ($ref) = log_text() =~ /event=message .*quarantine=(\S+)/;
	like($o[0]{data}, qr/^Original:  \Q$ref\E\r$/m, 'and the reference of the log') if $ref;
	is_deeply([$left->()], [], 'nothing stays in the directory');
	my ($n) = wait_notices($d, 1);
	like($n->{data}, qr/^The original was sent to virus\@example\.com and is kept there only\.\r$/m, 'the notice says so');
	unlike($n->{data}, qr/release/, 'and offers no release');
	is(scalar(() = $originals->($d)), 1, 'once');

	# The mailbox's server does not take it, or is not there, or says nothing.
	for ([refused => {RCPT => sub { $_[1] =~ /virus/ ? "550 5.1.1 no such user\r\n" : undef }}, qr/no such user/],
	    [deferred => {RCPT => sub { $_[1] =~ /virus/ ? "451 4.3.0 later\r\n" : undef }}, qr/later/]) {
		my ($name, $on, $why) = @$_;
		my $bad = Downstream->start(on => $on);
		settings(quarantine_to => 'virus@example.com', quarantine_to_only => 'yes');
		my ($r) = session($bad, $mail);
		like($r, qr/\A451 .*quarantine_to not reachable/, "$name: the client keeps the message");
		is(scalar(() = $bad->messages), 0, "$name: nothing was delivered");
		is_deeply([$left->()], [], "$name: nothing is left");
		like(log_text(), qr/event=quarantine-failed .*quarantine_to: the original was not taken.*$why/, "$name: the log says why");
	}
	settings(quarantine_to => 'virus@example.com', quarantine_to_only => 'yes', notify_via => '127.0.0.1:1');
	($reply) = session($d, $mail);
	like($reply, qr/\A451 /, 'nobody there: the client keeps the message');
	my $mute = Downstream->start(on => {CONNECT => ''});
	settings(quarantine_to => 'virus@example.com', quarantine_to_only => 'yes', notify_via => $mute->address, reply_timeout => '2s', connect_timeout => '90s');
	($reply) = session($d, $mail);
	like($reply, qr/\A451 /, 'a server that says nothing: the same');
	# Discarded and refused messages too: nobody else has them.
	for my $action ('discard', 'reject') {
		my $to = Downstream->start;
		settings(quarantine_to => 'virus@example.com', quarantine_to_only => 'yes', infected => $action);
		session($to, $mail);
		is(scalar(() = $originals->($to)), 1, "$action: the original is sent");
		is_deeply([$left->()], [], "$action: and not kept");
	}
	my $r = run(in => $mail, cmd => [spawnscan_cmd('-c', conf_file(quarantine_to_only => 'yes'))]);
	is($r->{code}, 78, 'without an address');
	like($r->{err}, qr/quarantine_to_only = yes without quarantine_to/, 'and it says so');
};

together(@cases);
done_testing;
