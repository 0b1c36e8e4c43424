#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# spawnscan-postfix(8): into a Postfix, and out of it again without a trace.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use PrivatePostfix;

sub skip_everything { diag("SKIPPED: $_[0]"); plan skip_all => "SKIPPED: $_[0]" }
skip_everything('this needs root') if $>;
skip_everything('Postfix is not installed') unless grep { -x "$_/postfix" } split /:/, $ENV{PATH};

# -- installed, with ports and a configuration of our own --------------------------

my $sink = Downstream->start;
my $p = PrivatePostfix->start(sink => $sink->port, section => '');
my $at = subdir('installed', 0755);
my $r = run(cmd => ['make', '-C', $SRC, 'install', "BUILD=$BUILD", "PREFIX=$at", "SYSCONFDIR=$at/etc"], timeout => 120);
is($r->{code}, 0, 'make install') or diag($r->{out}, $r->{err});
my $program = "$at/sbin/spawnscan-postfix";
my $template = "$at/share/spawnscan/master.cf";
my %port = map { $_ => free_port() } 10025 .. 10028;
my $text = read_file($template);
$text =~ s/\b(1002[5-8])\b/$port{$1}/g;
$text =~ s/\buser=spawnscan\b/user=$p->{user}/g;
$text =~ s{(argv=\Q$at\E/sbin/spawnscan) }{$1 -c $p->{conf} }g or die 'no argv';
write_file($template, $text);

sub command {
	my ($dir, @words) = @_;
	return run(cmd => [$program, '-c', $dir, @words], timeout => 60);
}

# What it says and how it ends; the text of both files.
sub ends { my ($code, $dir, @words) = @_; my $r = command($dir, @words); is($r->{code}, $code, "@words: $code") or diag($r->{out}, $r->{err}); return $r->{out} . $r->{err} }
sub files { my ($dir) = @_; return join "\0", map { read_file("$dir/$_") } qw(main.cf master.cf) }
sub postconf { my ($dir, @words) = @_; my $r = run(cmd => ['postconf', '-c', $dir, @words]); return $r->{out} =~ s/\n\z//r }

# -- the command line --------------------------------------------------------------------

for (['nonsense'], ['enable', '--nonsense'], ['disable', '--lmtp'], ['enable', 'more', 'words'], []) {
	my $r = command('/nonexistent', @$_);
	is($r->{code}, 64, "@$_: usage");
	like($r->{err}, qr/^usage: spawnscan-postfix/, 'which it tells');
}
like(ends(78, subdir('empty'), 'enable'), qr/has no .*main\.cf yet; "dpkg-reconfigure postfix" makes one/, 'no main.cf: what to do');
$r = run(cmd => ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', $program, 'status']);
is($r->{code}, 77, 'not root: 77');

# -- mail through it -----------------------------------------------------------------------

my $etc = "$p->{dir}/etc";
my $before = files($etc);
my $n = 0;
sub deliver {
	my $c = $p->client;
	my $reply = $c->deliver(mail => crlf(mail(id => 'm' . ++$n, @_ ? @_ : (body => "text\n"))));
	$c->cmd('QUIT');
	return $reply;
}
sub arrived { my ($id) = @_; return wait_for(sub { (grep { $_->{data} =~ /^Message-ID: <\Q$id\E@/m } $sink->messages)[0] }, 60) }

like(ends(1, $etc, 'status'), qr/is not in Postfix/, 'not yet');
like(ends(0, $etc, 'enable'), qr/is in Postfix now \(after-queue\)/, 'told');
is(postconf($etc, "content_filter"), "content_filter = scan:[127.0.0.1]:$port{10025}", "the setting");
wait_for(sub { $p->listens($port{10025}) && $p->listens($port{10026}) }, 60) or die 'the services do not listen';
like(deliver(parts => [attachment('a.bin', eicar())]), qr/\A250/, 'a message is taken');
my $m = arrived('m1');
like($m->{data} // '', qr/^X-Spawnscan-Result: infected/m, 'and has been through the filter');
unlike($m->{data} // '', qr/\Q@{[substr b64(eicar()), 0, 30]}\E/, 'which has removed the attachment');
like(ends(0, $etc, 'status'), qr/after-queue/, 'status');
like(ends(78, $etc, 'enable'), qr/already/, 'a second time');
wait_for(sub { !$p->queued }, 60);
like(ends(0, $etc, 'disable'), qr/what they were before/, 'out again');
same_bytes(files($etc), $before, 'main.cf and master.cf are what they were');
ok(!-e "$etc/spawnscan", 'nothing else is left');
like(deliver(), qr/\A250/, 'a message is taken');
$m = arrived('m2');
ok($m && $m->{data} !~ /^X-Spawnscan-Result/m, 'and has not been through the filter');

# -- what an administrator has changed meanwhile ----------------------------------------------

ends(0, $etc, 'enable');
postconf($etc, '-F', '-e', 'scan/unix/process_limit=3');
postconf($etc, '-P', '-e', 'scan/unix/smtp_helo_name=mx.example.org');
postconf($etc, '-e', 'receive_override_options = no_milters');
postconf($etc, '-e', 'soft_bounce = yes');
like(ends(2, $etc, 'status'), qr/receive_override_options was no_address_mappings and is no_milters/, 'status tells');
like(ends(0, $etc, 'disable'), qr/receive_override_options has been changed since and stays/, 'it is left alone, and told');
is(postconf($etc, '-n', 'soft_bounce'), 'soft_bounce = yes', 'so is what is none of ours');
is(postconf($etc, '-n', 'receive_override_options'), 'receive_override_options = no_milters', 'the setting');
is(postconf($etc, '-n', 'content_filter'), '', 'the filter is out');
is(postconf($etc, '-M', 'scan/unix'), '', 'its services as well');
ok(-e "$etc/spawnscan/main.cf", 'the copies are there still');
my ($main, $master) = split /\0/, $before;
same_bytes(read_file("$etc/spawnscan/master.cf"), $master, 'as it was before');
same_bytes(read_file("$etc/master.cf"), $master, 'master.cf is what it was');
write_file("$etc/main.cf", $main);

# An option of others stays an option.
postconf($etc, '-e', 'receive_override_options = no_milters');
ends(0, $etc, 'enable');
is(postconf($etc, '-h', 'receive_override_options'), 'no_milters, no_address_mappings', 'added to what is there');
ends(0, $etc, 'disable');
is(postconf($etc, '-h', 'receive_override_options'), 'no_milters', 'and taken away again');
write_file("$etc/main.cf", $main);

# -- a filter that is broken ------------------------------------------------------------------

ends(0, $etc, 'enable');
wait_for(sub { $p->listens($port{10025}) }, 60);
rename "$at/sbin/spawnscan", "$at/sbin/gone" or die;
like(deliver(), qr/\A250/, 'a message is taken');
ok(wait_for(sub { $p->maillog =~ /status=deferred/ }, 60), 'and waits: the filter is broken');
my $say = ends(75, $etc, 'disable');
like($say, qr/1 messages in the queue still do.*--unfiltered/s, 'disable says what waits, and what can be done');
is(postconf($etc, '-n', 'content_filter'), '', 'nothing new goes through it');
isnt(postconf($etc, '-M', 'scan/unix'), '', 'the services stay');
ends(0, $etc, 'disable', '--unfiltered');
$m = arrived('m3');
ok($m && $m->{data} !~ /^X-Spawnscan-Result/m, 'the message arrives without the filter');
same_bytes(files($etc), $before, 'main.cf and master.cf are what they were');
rename "$at/sbin/gone", "$at/sbin/spawnscan" or die;
$p->stop;

# -- the other ways in --------------------------------------------------------------------------

my $other = subdir('other', 0755);
my $services = "smtp inet n - y - - smtpd\n  -o smtpd_proxy_timeout=50s\nsubmission inet n - y - - smtpd\n" . $master;
sub fresh { write_file("$other/main.cf", $main . ($_[0] // '')); write_file("$other/master.cf", $services); return files($other) }

$before = fresh();
ends(0, $other, 'enable', '--before-queue');
is(postconf($other, '-Ph', 'smtp/inet/smtpd_proxy_filter'), "127.0.0.1:$port{10027}", 'before-queue: the smtpd that is there gets its options');
is(postconf($other, '-Ph', 'smtp/inet/smtpd_proxy_timeout'), '300s', 'over what it had');
is(postconf($other, '-Fh', 'smtp/inet/process_limit'), '20', 'and its number of processes');
like(postconf($other, '-M', "127.0.0.1:$port{10028}/inet"), qr/smtpd/, 'the way back');
is(postconf($other, '-n', 'content_filter'), '', 'no content_filter');
ends(0, $other, 'disable');
is(postconf($other, '-Mf'), postconf(do { my $d = subdir('plain', 0755); write_file("$d/main.cf", $main); write_file("$d/master.cf", $services); $d }, '-Mf'),
    'the services are what they were');

$before = fresh();
ends(0, $other, 'enable', '--lmtp');
is(postconf($other, '-h', 'content_filter'), 'scan-lmtp:unix:private/scan-filter', 'lmtp: the setting');
like(postconf($other, '-M', $_), qr/\S/, $_) for 'scan-lmtp/unix', 'scan-filter/unix', "127.0.0.1:$port{10026}/inet", 'cleanup-filtered/unix';
is(postconf($other, '-M', 'scan/unix'), '', 'and no other one');
ends(0, $other, 'disable');
same_bytes(files($other), $before, 'as before');

$before = fresh("message_size_limit = 5000000\n");
ends(0, $other, 'enable', '--pipe');
for (qw(smtp submission)) {
	is(postconf($other, '-Ph', "$_/inet/content_filter"), 'scanpipe:dummy', "pipe: $_");
	is(postconf($other, '-Ph', "$_/inet/message_size_limit"), '4760000', 'with a lower limit than sendmail(1) has');
}
ends(0, $other, 'disable');
is(postconf($other, '-M', 'scanpipe/unix'), '', 'no service is left');
is(postconf($other, '-P', 'submission/inet/*'), '', 'nor an option');

# -- what is in the way ---------------------------------------------------------------------------

$before = fresh("content_filter = smtp-amavis:[127.0.0.1]:10024\n");
like(ends(78, $other, 'enable'), qr/content_filter already: smtp-amavis/, 'another filter is in the way');
same_bytes(files($other), $before, 'nothing is changed');
fresh();
write_file("$other/master.cf", $services . "127.0.0.1:$port{10026} inet n - y - - smtpd\n");
$before = files($other);
like(ends(78, $other, 'enable'), qr/a service 127\.0\.0\.1:@{[$port{10026}]}\/inet.*already.*as before/s, 'a service is in the way');
same_bytes(files($other), $before, 'what was done before it is undone');
ok(!-e "$other/spawnscan", 'nothing else is left');
done_testing;
