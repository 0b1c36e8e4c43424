#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# By whatever way a message has come, its original can be released: to the next hop that the
# metadata name, or the tool says in one sentence what is to be given.

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

my $infected = crlf(mail(parts => [part('Content-Type: text/plain', "Text.\n"), attachment('a.bin', marker())]));
my @from = (from => 'alice@example.org', to => ['bob@example.net', 'carol@example.net']);
my $out = subdir('out', 0777);
my $sendmail = write_file("$out/sendmail", "#!/bin/sh\nprintf '%s\\n' \"\$@\" > $out/args\ncat > $out/mail\n", 0755);
my $conf;

sub desk { my @words = @_; return run(cmd => ["$BUILD/spawnscan-quarantine", '-c', $conf, @words], timeout => 60) }
sub settings { $conf = conf_file(sendmail_path => $sendmail, @_) }
sub quarantine { return read_file($conf) =~ /^quarantine_dir = (.*)$/m ? $1 : die }

# The one that is in quarantine: reference, next hop, mode.
sub held {
	my $json = '';
	wait_for(sub { $json = desk('list', '--json')->{out} }, 30) or diag(read_file($conf =~ s{[^/]+\z}{log}r));
	return map { $json =~ /"$_":"([^"]*)"/ ? $1 : undef } qw(reference next_hop mode);
}

sub session {
	my ($d, @how) = @_;
	my $c = SmtpClient->filter(to => $d->address, conf => $conf, @how);
	$c->hello;
	like($c->deliver(mail => $infected, @from), qr/\A250 /, 'delivered');
	$c->quit;
}

# Released to the next hop in the metadata, bit for bit and with its envelope.
sub released {
	my ($d, $hop, $mode) = @_;
	my ($ref, $next, $by) = held();
	is("$by: $next", "$mode: $hop", 'the metadata name the next hop');
	my $before = () = $d->messages;
	my $r = desk('release', $ref);
	is($r->{code}, 0, 'released') or diag($r->{err});
	my @m = $d->messages;
	is(scalar @m, $before + 1, 'one more') or return;
	same_bytes($m[-1]{data}, read_file(quarantine() . "/$ref"), 'bit for bit');
	like($m[-1]{mail}, qr/FROM:<alice\@example\.org>/, 'its sender');
	is(join(' ', map { /<(.*?)>/ } @{$m[-1]{rcpt}}), 'bob@example.net carol@example.net', 'its recipients');
}

# Asked for what is missing; then released with that.
sub asked {
	my ($mode, $sentence, @missing) = @_;
	my ($ref, $next, $by) = held();
	is("$by: " . ($next // ''), "$mode: ", 'no next hop is known');
	my $r = desk('release', $ref);
	is($r->{code}, 64, 'release asks');
	is($r->{err}, "spawnscan-quarantine: $ref: its metadata name no $sentence\n", 'in one sentence');
	my $d = Downstream->start;
	$r = desk('release', '--via', $d->address, @missing, $ref);
	is($r->{code}, 0, 'and with that it is released') or diag($r->{err});
	same_bytes(($d->messages)[0]{data} =~ s/\r\n/\n/gr, read_file(quarantine() . "/$ref") =~ s/\r\n/\n/gr, 'the original');
}
my $via = '--via HOST:PORT (or lmtp:HOST:PORT, or sendmail)';

for my $how ('pipes', 'socket') {
	subtest "spawn(8), $how" => sub {
		my $d = Downstream->start;
		settings();
		session($d, via => $how);
		released($d, $d->address, 'smtp');
	};
}
subtest 'an LMTP next hop' => sub {
	my $d = Downstream->start(lmtp => 1);
	settings();
	my $c = SmtpClient->filter(to => 'lmtp:' . ($d->address =~ s/\Almtp://r), conf => $conf);
	$c->hello;
	like($c->deliver(mail => $infected, @from), qr/\A250 /, 'delivered');
	$c->quit;
	released($d, 'lmtp:' . ($d->address =~ s/\Almtp://r), 'smtp');
};
subtest 'a Unix socket' => sub {
	my $d = Downstream->start(unix => subdir('socket') . '/s');
	settings();
	session($d);
	released($d, $d->address, 'smtp');
};
subtest '--proxy' => sub {
	my $d = Downstream->start;
	settings();
	my $port = free_port();
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(fds => [$null, $null, $null], cmd => [spawnscan_cmd('-c', $conf, '--proxy', "127.0.0.1:$port", $d->address)]);
	my $c = wait_for(sub { eval { SmtpClient->connect('127.0.0.1', $port) } }, 30) or return fail('it listens');
	$c->hello;
	like($c->deliver(mail => $infected, @from), qr/\A250 /, 'delivered');
	$c->quit;
	released($d, $d->address, 'smtp');
	stop_process($pid);
};
subtest '--sendmail' => sub {
	settings();
	my $r = run(in => lf($infected), cmd => [spawnscan_cmd('-c', $conf, '--sendmail', '-f', 'alice@example.org', '--', 'bob@example.net', 'carol@example.net')]);
	is($r->{code}, 0, 'delivered') or diag($r->{err});
	my ($ref, $next) = held();
	is($next, 'sendmail', 'the metadata name the way');
	unlink "$out/args", "$out/mail";
	is(desk('release', $ref)->{code}, 0, 'released');
	is(read_file("$out/args"), "-G\n-i\n-f\nalice\@example.org\n--\nbob\@example.net\ncarol\@example.net\n", 'with its envelope');
	same_bytes(read_file("$out/mail"), lf($infected), 'bit for bit');
};
subtest '--qmail-queue' => sub {
	settings();
	my $queue = write_file("$out/qmail-queue", "#!/bin/sh\ncat >/dev/null\nexit 0\n", 0755);
	write_file("$out/m", lf($infected));
	write_file("$out/e", "Falice\@example.org\0Tbob\@example.net\0\0");
	my $r = run(cmd => ['sh', '-c', 'm=$1 e=$2; shift 2; exec "$@" <"$m" 1<"$e"', 'sh', "$out/m", "$out/e", spawnscan_cmd('-c', $conf, '--qmail-queue', $queue)]);
	is($r->{code}, 0, 'delivered') or diag($r->{err});
	asked('qmail-queue', "next hop (it came by qmail-queue); say $via");
};
# qmail's sendmail knows no -G and ends with its usage and 100; and the mailer of a filter
# that stands in $QMAILQUEUE must not start that filter once more.
subtest 'a sendmail that knows no -G' => sub {
	my $queue = write_file("$out/qmail-queue", "#!/bin/sh\ncat >/dev/null\nexit 0\n", 0755);
	for my $code (100, 64) {
		my $program = write_file("$out/no-g.$code", "#!/bin/sh\ncase \$1 in -G) echo \"sendmail: usage: sendmail [ -t ]\" >&2; exit $code;; esac\n"
		    . "printf '%s\\n' \"queue=\$QMAILQUEUE\" \"\$@\" >$out/args.new\ncat >$out/mail\nmv $out/args.new $out/args\n", 0755);
		unlink "$out/args", "$out/mail";
		settings(sendmail_path => $program, notify_to => 'postmaster@example.net');
		local $ENV{QMAILQUEUE} = "$out/filter";
		write_file("$out/m", lf($infected));
		write_file("$out/e", "Falice\@example.org\0Tbob\@example.net\0\0");
		my $r = run(cmd => ['sh', '-c', 'm=$1 e=$2; shift 2; exec "$@" <"$m" 1<"$e"', 'sh', "$out/m", "$out/e", spawnscan_cmd('-c', $conf, '--qmail-queue', $queue)]);
		is($r->{code}, 0, "$code: delivered") or diag($r->{err});
		ok(wait_for(sub { -e "$out/args" }, 30), "$code: the postmaster is told") or diag(read_file($conf =~ s{[^/]+\z}{log}r));
		is(read_file("$out/args"), "queue=\n-i\n-f\n\n--\npostmaster\@example.net\n", 'without -G, and past the filter');
		my ($ref) = held();
		unlink "$out/args", "$out/mail";
		$r = desk('release', '--via', 'sendmail', $ref);
		is($r->{code}, 0, "$code: released") or diag($r->{err});
		like($r->{out}, qr/: sendmail: exit code 0\n\z/, 'what a first try said is not told');
		is(read_file("$out/args"), "queue=\n-i\n-f\nalice\@example.org\n--\nbob\@example.net\n", 'with its envelope');
		same_bytes(read_file("$out/mail"), lf($infected), 'bit for bit');
	}
	my $never = write_file("$out/never", "#!/bin/sh\necho \"\$# words: no\" >&2\nexit 64\n", 0755);
	my $r = desk('release', '--again', '-o', "sendmail_path=$never", '--via', 'sendmail', (held())[0]);
	is($r->{code}, 75, 'one that refuses both') or diag($r->{out});
	like($r->{err}, qr/not sent: \S+: exit code 64: 5 words: no\n/, 'is told of once');
};
subtest '--milter' => sub {
	settings();
	my $port = free_port();
	my $log = $conf =~ s{[^/]+\z}{log}r;
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(fds => [$null, $null, $null], cmd => [spawnscan_cmd('-c', $conf, '--milter', "127.0.0.1:$port")]);
	wait_for(sub { (read_file($log) // '') =~ /milter: listening/ }, 60);
	my $c = wait_for(sub { MilterClient->connect(port => $port) }, 30) or return fail('it listens');
	$c->deliver(mail => $infected);
	$c->close;
	asked('milter', "next hop (it came by milter); say $via");
	kill 'TERM', $pid;
	reap($pid, 60);
};
subtest 'one-shot' => sub {
	settings();
	is(run(in => lf($infected), cmd => [spawnscan_cmd('-c', $conf)])->{code}, 0, 'delivered');
	asked('filter', "recipient and no next hop (it came by filter); say --to ADDRESS and $via", '--to', 'bob@example.net');
};
done_testing;
