#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# spawnscan --check: a whole installation is well, with a real Postfix and through
# it; and for each thing that can be wrong, that it is said.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use Downstream;

plan skip_all => 'SKIPPED: needs root' if $>;
BEGIN {
	unless (grep { -x "$_/postfix" } split /:/, $ENV{PATH}) {
		diag('SKIPPED: Postfix is not installed');
		plan skip_all => 'SKIPPED: Postfix is not installed';
	}
}
use PrivatePostfix;

my $sink = Downstream->start(ehlo => ['PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8']);
my $p = PrivatePostfix->start(sink => $sink->port);
chmod 0700, $p->{quarantine} or die;
sub check { my @words = @_; return run(cmd => ["$p->{dir}/bin/spawnscan", '--check', '-c', $p->{conf}, '--postfix', "$p->{dir}/etc", @words], timeout => 200) }

subtest 'what it tries is no mail' => sub {
	my $prom = "$p->{dir}/filter-log/m.prom";
	my @set = ("metrics_file=$prom", 'quarantine=changed', 'notify_to=postmaster@example.com', 'notify_via=' . $sink->address);
	check(map { ('-o', $_) } @set);
	ok(!-e $prom, 'it is not counted');
	unlike($p->filter_log_text, qr/event=/, 'nor logged');
	is_deeply([grep { -f } glob "$p->{quarantine}/*/*"], [], 'nor kept');
	ok(!wait_for(sub { () = $sink->messages }, 2), 'nor told of');
};

subtest 'all is well' => sub {
	my $r = check('--live', 'bob@example.net');
	is($r->{code}, 0, 'exit code 0') or diag($r->{out}, $r->{err}, $p->maillog);
	is($r->{err}, '', 'nothing on standard error');
	like($r->{out}, qr/^OK +\Q$_\E: /m, $_) for 'configuration', 'signatures', 'engine', 'inspector', 'sandbox', 'next hop', 'quarantine', 'log', 'scratch directory', 'clean message', 'EICAR message', 'postfix', 'live';
	like($r->{out}, qr/^OK +live: found, kept as \S+, and through in \d+ s: 250 2\.0\.0 Ok: queued as/m, 'through Postfix and back');
	unlike($r->{out}, qr/^(?!OK )/m, 'and nothing else');
	ok(wait_for(sub { () = $sink->messages }), 'the notice was delivered');
	like(run(cmd => ["$p->{dir}/bin/spawnscan-quarantine", '-c', $p->{conf}, 'verify'])->{out}, qr/^1 messages, 0 not/m, 'nothing was left behind but that message');
	my $j = check('--json');
	is(scalar(grep { !/\A\{"status":"(?:OK|WARNING)","name":"[^"]+","text":"(?:[^"\\]|\\["\\])*"\}\z/ } split /\n/, $j->{out}), 0, '--json: an object a line');
};

# What is wrong, what is said, the exit code; settings, or an edit of master.cf.
for (
	['no configuration', 'CRITICAL  configuration: .*nosuch', 2, ['-o', 'nosuch=1']],
	['no signatures', 'CRITICAL  signatures: there are none', 2, ['-d', subdir('empty')]],
	['signatures that cannot be loaded', 'CRITICAL  clean message: exit code 75', 2, ['-d', (write_file(subdir('broken') . '/x.ndb', "nonsense\n") =~ s{/x.ndb}{}r)]],
	['old signatures', 'WARNING   signatures: .*3 days old; max_signature_age is 1d', 1, ['-d', old()], ['-o', 'max_signature_age=1d']],
	['signatures without EICAR', 'WARNING   EICAR message: not found', 1, ['-d', (write_file(subdir('other') . '/x.ndb', 'X:0:*:' . unpack('H*', 'some harmless marker') . "\n") =~ s{/x.ndb}{}r)]],
	['no engine', 'CRITICAL  engine: .*No such file', 2, ['-o', 'engine=require'], ['-o', 'engine_socket=/nonexistent/e']],
	['an engine that is not needed', 'WARNING   engine: .*loaded for each message', 1, ['-o', 'engine=auto'], ['-o', 'engine_socket=/nonexistent/e']],
	['no next hop', 'CRITICAL  next hop: 127\.0\.0\.1:\d+: Connection refused', 2, ['--next-hop', '127.0.0.1:' . free_port()]],
	['a next hop that refuses', 'CRITICAL  next hop: .*554 go away', 2, ['--next-hop', Downstream->start(on => {CONNECT => "554 go away\r\n"})->address]],
	['a next hop without XFORWARD', 'WARNING   next hop: .*does not announce XFORWARD', 1, ['--next-hop', Downstream->start(ehlo => ['PIPELINING', '8BITMIME'])->address]],
	['no quarantine', 'CRITICAL  quarantine: /nonexistent', 2, ['-o', 'quarantine_dir=/nonexistent']],
	["somebody else's quarantine", 'CRITICAL  quarantine: .*Permission denied, for user nobody', 2, ['-o', 'quarantine_dir=' . subdir('other-quarantine', 0700)]],
	['a quarantine that others may write to', 'CRITICAL  quarantine: .*mode 0777', 2, ['-o', 'quarantine_dir=' . subdir('open-quarantine', 0777)]],
	['a quarantine that others may read', 'WARNING   quarantine: .*mode 0755', 1, ['-o', 'quarantine_dir=' . open_quarantine()]],
	['no scratch directory', 'CRITICAL  scratch directory: ', 2, ['-o', 'scratch_dir=/nonexistent']],
	['a log that cannot be written', 'CRITICAL  log: .*nonexistent', 2, ['-o', 'log=file:/nonexistent/log']],
	['no inspector', 'CRITICAL  inspector: ', 2, ['-o', 'inspector=/nonexistent']],
	['a message size limit that is too small', 'CRITICAL  postfix size: message_size_limit of Postfix', 2, ['-o', 'message_size_limit=1M']],
	['an inspection that takes longer than Postfix waits', 'CRITICAL  postfix time: .*smtp_data_done_timeout', 2, ['-o', 'inspect_timeout=1300s']],
	['a loop', 'CRITICAL  postfix loop: \S+ lacks -o content_filter=', 2, sub { s/^    -o content_filter=\n//m or die }],
	['milters twice', 'WARNING   postfix override: \S+ lacks -o receive_override_options=no_milters', 1, sub { s/^    -o (?:receive_override_options|smtpd_milters)=.*\n//mg; s/^    -o content_filter=\n/$&    -o smtpd_milters=inet:127.0.0.1:1\n/m or die }],
	['header checks twice', 'WARNING   postfix override: \S+ lacks no_header_body_checks', 1, sub { s/^    -o receive_override_options=.*\n//m; s/^    -o content_filter=\n/$&    -o header_checks=regexp:\/dev\/null\n/m or die }],
	['the wrong user', 'CRITICAL  postfix user: \S+ runs as postfix', 2, sub { s/user=nobody argv/user=postfix argv/ or die }],
	['more connections than filters', 'WARNING   postfix processes: scan opens up to 10', 1, sub { s/^(127\.0\.0\.1:$p->{filter_port}.*)10( +spawn)/${1}5$2/m or die }],
	['a short life', 'WARNING   postfix time: .*command_time_limit \(100 s\)', 1, sub { s/command_time_limit=7200s/command_time_limit=100s/ or die }],
	['conversion', 'WARNING   postfix conversion: ', 1, sub { s/^    -o disable_mime_output_conversion=yes\n//m or die }],
	['long lines', 'WARNING   postfix lines: .*longer lines than 998', 1, sub { s/^    -o smtp_line_length_limit=0\n//m or die }],
	['a filter that nobody uses', 'WARNING   postfix: nothing sends mail to', 1, 'content_filter'],
) {
	my ($name, $say, $code, @how) = @$_;
	my ($master, $main) = map { read_file("$p->{dir}/etc/$_") } 'master.cf', 'main.cf';
	if (ref $how[0] eq 'CODE') { local $_ = $master; $how[0]->(); write_file("$p->{dir}/etc/master.cf", $_) }
	write_file("$p->{dir}/etc/main.cf", $main =~ s/^content_filter.*\n//mr) if !ref $how[0];
	my $r = check(map { ref eq 'ARRAY' ? @$_ : () } @how);
	write_file("$p->{dir}/etc/master.cf", $master);
	write_file("$p->{dir}/etc/main.cf", $main);
	like($r->{out}, qr/^$say/m, "$name: said") or diag($r->{out}, $r->{err});
	is($r->{code}, $code, "$name: exit code $code");
	my @order = map { {CRITICAL => 0, WARNING => 1, UNKNOWN => 2, OK => 3}->{$_} } $r->{out} =~ /^(\w+)/mg;
	is("@order", join(' ', sort @order), "$name: worst first");
}
sub open_quarantine { my $d = subdir("seen-quarantine", 0755); chown +(getpwnam "nobody")[2, 3], $d; return $d }
# An engine that has not loaded what is there, and then has.
{
	my $at = subdir('engine', 0755);
	my $db = subdir('engine-db', 0755);
	write_file("$db/x.ndb", eicar_signature());
	utime time - 86400, time - 86400, "$db/x.ndb";
	my @settings = ("engine_socket=$at/socket", 'engine_socket_mode=0666', 'engine_users=nobody', 'reload_check=0', "engine_metrics_file=$at/engine.prom", "database=$db", "log=file:$at/log");
	open my $null, '+<', '/dev/null' or die;
	my $pid = start_process(cmd => ["$BUILD/spawnscan-inspect", '--engine', '-c', $p->{conf}, map { ('-o', $_) } @settings], fds => [$null, $null, $null]);
	ok(wait_for(sub { -s "$at/engine.prom" }, 60), 'an engine') or diag(read_file("$at/log"));
	my @o = map { ('-o', $_) } 'engine=auto', @settings[0, 3 .. 5];
	my $r = check(@o);
	like($r->{out}, qr/^OK        engine reload: it has the signatures that are there$/m, 'it has all') or diag($r->{out}, $r->{err});
	utime time - 1000, time - 1000, "$db/x.ndb";
	$r = check(@o);
	like($r->{out}, qr/^WARNING   engine reload: there are newer signatures since 16 minutes, which it has not loaded$/m, 'it has not') or diag($r->{out});
	is($r->{code}, 1, 'exit code 1');
	stop_process($pid);
}
sub old { my $d = subdir('old'); write_file("$d/x.ndb", eicar_signature()); utime time - 3 * 86400 - 60, time - 3 * 86400 - 60, "$d/x.ndb"; return $d }
is(check('--nonsense')->{code}, 3, 'wrong options: unknown');
like(run(cmd => [spawnscan_cmd('--check', '-h')])->{out}, qr/^usage: spawnscan --check/, '-h');
done_testing;
