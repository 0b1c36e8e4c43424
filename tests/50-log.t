#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The log: one key=value line per message, to syslog, a file or stderr, that no
# sender and no file name can forge.

use v5.32;
use warnings;
BEGIN { $ENV{TMPDIR} = '/tmp' }	# another /dev is mounted below
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use Socket;

my $plain = crlf(mail());
my $infected = crlf(mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('eicar.txt', eicar())]));

# A record by its strict grammar: hash of keys, or undef with a reason.
sub strict {
	my ($line) = @_;
	my (%r, $rest);
	return undef unless $line =~ /\A[\x20-\x7e]*\z/;
	($rest = $line) =~ s/\A.*?(?=event=)// or return undef;
	while ($rest =~ s/\A([a-z_]+)=(?:"((?:[^"\\]|\\["\\]|\\[0-7]{3})*)"|([^\s"\\]+))(?: (?=[a-z_]+=)|\z)//) {
		return undef if exists $r{$1};
		$r{$1} = $2 // $3;
	}
	return length $rest ? undef : \%r;
}

sub messages_in { return grep { /event=message/ } split /\n/, $_[0] }

my $d = Downstream->start;

# -- what stands in it -----------------------------------------------------------

subtest 'a clean message' => sub {
	my $c = SmtpClient->filter(to => $d->address);
	$c->hello;
	$c->deliver(to => ['bob@example.net', 'carol@example.net'], mail => $plain);
	$c->quit;
	my @l = messages_in($c->log);
	is(scalar @l, 1, 'one line');
	my $r = strict($l[0]) // {};
	like($r->{queue_id} // '', qr/\AQ001001\z/, 'queue_id');
	is($r->{from}, 'alice@example.org', 'from');
	is($r->{to}, 'bob@example.net,carol@example.net', 'to');
	is($r->{count}, 2, 'count');
	is($r->{size}, length $plain, 'size');
	is($r->{verdict}, 'clean', 'verdict');
	is($r->{action}, 'pass', 'action');
	is($r->{outcome}, 'delivered', 'outcome');
	like($r->{$_} // '', qr/\A\d+\z/, $_) for qw(receive_ms inspect_ms send_ms);
	ok(!exists $r->{findings} && !exists $r->{quarantine}, 'no findings, no quarantine');
};
subtest 'an infected message' => sub {
	my $c = SmtpClient->filter(to => $d->address);
	$c->hello;
	$c->deliver(mail => $infected);
	$c->quit;
	my @l = messages_in($c->log);
	is(scalar @l, 1, 'one line');
	my $r = strict($l[0]) // {};
	is($r->{verdict}, 'infected', 'verdict');
	is($r->{action}, 'remove', 'action');
	like($r->{findings} // '', qr/2.*infected.*Eicar-Test-Signature.*remove/, 'findings: part, class, signature, action');
	my ($kept) = $c->quarantined;
	is($r->{quarantine}, $kept =~ m{([^/]+/[^/]+)\z} ? $1 : '?', 'quarantine reference');
};
subtest 'refused, deferred, discarded' => sub {
	for (['reject', 'rejected'], ['tempfail', 'deferred'], ['discard', 'discarded']) {
		my ($action, $outcome) = @$_;
		my $c = SmtpClient->filter(to => $d->address, conf => {infected => $action});
		$c->hello;
		$c->deliver(mail => $infected);
		$c->quit;
		my @l = messages_in($c->log);
		is(scalar @l, 1, "$action: one line");
		my $r = strict($l[0]) // {};
		is($r->{action}, $action, "$action: action");
		is($r->{outcome}, $outcome, "$action: outcome");
		ok(!exists $r->{queue_id}, "$action: no queue id");
	}
};
subtest 'a client that leaves in the data' => sub {
	my $c = SmtpClient->filter(to => $d->address);
	$c->hello;
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<a@b>');
	$c->cmd('DATA');
	$c->send("Subject: half\r\n");
	$c->hang_up;
	$c->exit_code;
	unlike($c->log, qr/outcome=delivered|verdict=clean/, 'is not said to be clean or delivered');
};

# -- hostile strings ---------------------------------------------------------------

my @hostile = ('x" verdict=clean action=pass y="', "a\\", "a\xff\xfe\x80b", "\x1b[2Jboo", "a\tb", 'a b', "%s%n%x", '"' x 50, '\\"' x 20, 'x' x 900);
for my $h (@hostile) {
	my $name = substr Harness::printable($h), 0, 40;
	subtest "hostile: $name" => sub {
		my $c = SmtpClient->filter(to => $d->address, conf => {infected => 'reject'});
		$c->hello;
		# As sender and recipient, with whatever the downstream makes of it.
		my $r = $c->cmd("MAIL FROM:<$h\@evil>");
		$c->cmd("RCPT TO:<$h\@evil>") if ($r // '') =~ /\A2/;
		if (($r // '') =~ /\A2/) {
			$c->cmd('DATA');
			$c->send(SmtpClient::stuffed($plain));
			$c->reply;
		}
		# As a file name, in more than one encoding.
		my $quoted = $h =~ s/(["\\])/\\$1/gr;
		my $percent = join '', map { sprintf '%%%02X', ord } split //, $h;
		for my $field (qq{filename="$quoted.exe"}, "filename*=utf-8''$percent.exe") {
			$c->deliver(mail => crlf(mail(parts => [part("Content-Type: application/octet-stream\nContent-Disposition: attachment; $field",
			    "x\n"), attachment('eicar.txt', eicar())])));
		}
		$c->quit;
		my @l = split /\n/, $c->log;
		cmp_ok(scalar @l, '>=', 2, 'there are records');
		for my $line (@l) {
			my $s = strict($line);
			ok($s, 'a record by the grammar, each key once') or diag($line);
			cmp_ok(length $line, '<', 4600, 'of bounded length');
		}
		my @r = grep { $_ } map { strict($_) } messages_in($c->log);
		is(scalar(grep { $_->{verdict} eq 'infected' } @r), 2, 'the two infected ones are called so');
	};
}
subtest 'a file name with line ends' => sub {
	my $name = join '', map { sprintf '%%%02X', ord } split //, "a\r\nNov 21 00:00:00 vm spawnscan[1]: event=message verdict=clean\n\0.exe";
	my $c = SmtpClient->filter(to => $d->address);
	$c->hello;
	$c->deliver(mail => crlf(mail(parts => [part("Content-Type: text/plain\nContent-Disposition: attachment; filename*=utf-8''$name", "x\n")])));
	$c->quit;
	my @l = split /\n/, $c->log;
	is(scalar(grep { /event=message/ } @l), 1, 'one record of a message');
	ok(strict($_), 'a record by the grammar') for @l;
	is((strict((messages_in($c->log))[0]) // {})->{verdict}, 'blocked', 'it is blocked');
};
subtest 'very many recipients and findings' => sub {
	my $c = SmtpClient->filter(to => $d->address, conf => {recipient_limit => 1000});
	$c->hello;
	$c->deliver_pipelined(to => [map { "a-rather-long-recipient-name-$_\@example.net" } 1 .. 900],
	    mail => crlf(mail(parts => [map { attachment("attachment-$_.exe", "x$_") } 1 .. 200])));
	$c->quit;
	my @l = messages_in($c->log);
	is(scalar @l, 1, 'one line');
	my $r = strict($l[0]);
	ok($r, 'by the grammar') or diag($l[0]);
	is($r->{count}, 900, 'the count is right');
	is($r->{verdict}, 'blocked', 'the verdict is there');
	ok(exists $r->{$_}, "$_ is there") for qw(outcome quarantine queue_id send_ms size);
};

# -- levels ----------------------------------------------------------------------------

for (['err', 0, 0, undef], ['warning', 0, 0, 1], ['notice', 0, 1, 1], ['info', 1, 1, 1], ['debug', 1, 1, 1]) {
	my ($level, $clean, $found, $failed) = @$_;
	my $r = spawnscan(in => $plain, conf => {log_level => $level});
	is(scalar(messages_in($r->{log})), $clean, "log_level=$level: clean mail");
	$r = spawnscan(in => $infected, conf => {log_level => $level});
	is(scalar(messages_in($r->{log})), $found, "log_level=$level: infected mail");
	$r = spawnscan(in => $plain, conf => {log_level => $level, database => '/nonexistent'});
	is($r->{log} =~ m{nonexistent} ? 1 : 0, $failed, "log_level=$level: a failure") if defined $failed;
}

# -- files -----------------------------------------------------------------------------

{
	my $file = tmpdir() . '/own.log';
	for my $n (1 .. 3) {
		my $r = spawnscan(in => $plain, conf => {log => "file:$file"});
		is($r->{err}, '', 'nothing on stderr');
		is(scalar(messages_in(read_file($file))), $n, "appended: $n");
	}
	like((lines_of($file))[0], qr/\A\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ spawnscan\[\d+\]: event=message /, 'as syslog writes it');
	is((stat $file)[2] & 0007, 0, 'not for everyone');
	my $r = spawnscan(in => $plain, conf => {log => 'file:/nonexistent/log'});
	is($r->{code}, 78, 'a log file that cannot be opened: 78');
	is($r->{out}, '', 'nothing on stdout');
	like($r->{err}, qr{\Aspawnscan: [^\n]*/nonexistent/log[^\n]*\n\z}, 'one sentence');
	$r = spawnscan(in => $plain, conf => {log => 'file:/dev/full'});
	is($r->{code}, 0, 'a log file on a full disk does not hold up mail');
	# Many at once: whole lines only.
	my $conf = conf_file(log => "file:$file");
	open my $null, '+<', '/dev/null' or die;
	my $in = write_file(tmpdir() . '/in', $plain);
	my @pid = map {
		open my $fh, '<', $in or die;
		start_process(cmd => [spawnscan_cmd('-c', $conf)], fds => [$fh, $null, $null])
	} 1 .. 8;
	reap($_, 60) for @pid;
	my @l = grep { /event=message/ } lines_of($file);
	is(scalar @l, 11, 'eight more');
	is(scalar(grep { strict($_) } @l), 11, 'all of them whole');
	$r = spawnscan(in => $plain, conf => {log => 'stderr'});
	like($r->{err}, qr/\Aspawnscan: event=message [^\n]*\n\z/, 'log=stderr');
}

# -- syslog ------------------------------------------------------------------------------

SKIP: {
	# A /dev of our own, in a mount namespace of our own, with our socket as log.
	my $socket = tmpdir() . '/syslog.sock';
	my $dev = subdir('dev');
	my $script = write_file(tmpdir() . '/with-syslog', <<'END', 0755);
#!/bin/sh
set -e
dev=$1 socket=$2
shift 2
mount -t tmpfs none "$dev"
for f in null zero full random urandom; do
	: > "$dev/$f"
	mount --bind "/dev/$f" "$dev/$f"
done
mkdir "$dev/shm"
ln -s "$socket" "$dev/log"
mount --rbind "$dev" /dev
exec "$@"
END
	my @in = ('unshare', '--mount', $script, $dev, $socket);
	run(cmd => [@in, 'test', '-c', '/dev/null'])->{code} == 0
	    or loud_skip('no mount namespace of our own to be had: syslog is not tested', 1);
	socket my $log, PF_UNIX, SOCK_DGRAM, 0 or die;
	bind $log, pack_sockaddr_un($socket) or die "bind: $!";
	chmod 0666, $socket;
	$log->blocking(0);
	my $records = sub {
		my @got;
		while (defined recv $log, my $buf, 65536, 0) { push @got, $buf; last if @got > 1000 }
		return @got;
	};
	my $with = sub {
		my ($in, %set) = @_;
		my $conf = conf_file(log => 'syslog', %set);
		my $r = run(cmd => [@in, spawnscan_cmd('-c', $conf)], in => $in);
		return ($r, $records->());
	};
	my ($r, @got) = $with->($plain);
	is($r->{code}, 0, 'syslog: the mail goes through') or diag($r->{err});
	is($r->{err}, '', 'syslog: nothing on stderr');
	my @m = grep { /event=message/ } @got;
	is(scalar @m, 1, 'syslog: one record');
	like($m[0] // '', qr/\A<22>\w{3} [ \d]\d [\d:]{8} spawnscan\[\d+\]: event=message [\x20-\x7e]*\z/, 'mail.info, with name and pid');
	($r, @got) = $with->($infected, syslog_facility => 'local3', syslog_name => 'mx1/spawnscan');
	@m = grep { /event=message/ } @got;
	like($m[0] // '', qr{\A<157>\w{3} [ \d]\d [\d:]{8} mx1/spawnscan\[\d+\]: }, 'local3.notice, with the name as set');
	($r, @got) = $with->($plain, database => '/nonexistent', syslog_facility => 'daemon');
	ok((grep { /\A<2[78]>/ && /nonexistent/ } @got), 'a failure: daemon.warning at least');
	# A file that is the target gets it, and syslog does not.
	my $conf = conf_file();
	$r = run(cmd => [@in, spawnscan_cmd('-c', $conf)], in => $plain);
	is(scalar(my @none = $records->()), 0, 'log=file: nothing to syslog');
	# log=stderr, but stderr is the session: syslog it is.
	my $c = SmtpClient->filter(to => $d->address, conf => {log => 'stderr'});
	$c->hello;
	$c->deliver(mail => $plain);
	$c->quit;
	ok($c->only_replies, 'log=stderr on a session: not a word in it');
	# A bad configuration is told to syslog.
	$r = run(cmd => [@in, spawnscan_cmd('-c', '/nonexistent.conf')]);
	ok((grep { m{nonexistent\.conf} } $records->()), 'a bad configuration is told to syslog as well');
	close $log;
	unlink $socket;
	# Nobody listens: no harm.
	my $r2 = run(cmd => [@in, spawnscan_cmd('-c', conf_file(log => 'syslog'))], in => $plain);
	is($r2->{code}, 0, 'no syslog daemon: the mail goes through all the same');
	is($r2->{err}, '', 'and nothing on stderr');
}

$d->stop;
is_deeply([scratch_left()], [], 'no scratch directory is left');
done_testing;
