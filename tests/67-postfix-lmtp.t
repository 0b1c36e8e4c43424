#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Between a real Postfix's lmtp(8) and an LMTP server: each recipient's fate is
# its own, all the way. (tests/60 has lmtp(8) with an smtpd behind the filter.)

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

my $infected = crlf(mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('eicar.txt', eicar())]));

# One takes the mail, one is full at first, and one does not exist.
my $dir = subdir();
my $lmtp = Downstream->start(lmtp => 1, on => {DOT => sub {
	my ($s, $line) = @_;
	return "550 5.1.1 no such user\r\n" if $line =~ /cat/;
	return undef if $line !~ /bob/ || -e "$dir/not.full";
	write_file("$dir/was.full", '');
	return "450 4.2.2 full\r\n";
}});
my $bounces = Downstream->start;
my $p = PrivatePostfix->start(section => 'C', sink => $bounces->port, edit => sub {
	s/^(\s+user=.* argv=.* )127\.0\.0\.1:\d+$/$1@{[$lmtp->address]}/m or die 'no argv';
});

my $c = $p->client;
like($c->deliver(mail => $infected, to => [map { "$_\@example.net" } qw(ann bob cat)]) // '(no reply)', qr/\A250 /, 'Postfix takes it')
    or diag($p->maillog);
$c->cmd('QUIT');
ok(wait_for(sub { -e "$dir/was.full" }, 60), 'one is full') or diag($p->maillog, $p->filter_log_text);
write_file("$dir/not.full", '');
$p->flush;
ok($p->empty_queue(120), 'in the end the queue is empty') or diag($p->maillog);

# postlogd writes when it gets to it.
ok(wait_for(sub { my $l = $p->maillog; $l =~ /to=<bob.*status=sent/ && $l =~ /to=<ann.*status=/ && $l =~ /to=<cat.*status=/ }, 60), 'all is in the log');

my ($maillog, $log, %said, %logged) = ($p->maillog, $p->filter_log_text);
for (split /\n/, $maillog) { push @{$said{$1}}, $2 if m{/lmtp\[\d+\]: \w+: to=<(\w+)\@example\.net>.* status=(\w+)} }
is_deeply($said{ann}, ['sent'], 'the first was delivered once') or diag($maillog);
is($said{bob}[0], 'deferred', 'the second had to wait');
is($said{bob}[-1], 'sent', 'and got it');
is_deeply($said{cat}, ['bounced'], 'the third was returned');
ok(wait_for(sub { grep { $_->{data} =~ /no such user/ } $bounces->messages }, 60), 'and the sender was told');

$logged{$_->{to} =~ s/@.*//r . " $_->{outcome}"}++ for grep { ($_->{event} // '') eq 'recipient' } log_records($log);
is($logged{'ann delivered'}, 1, 'log: the first');
is($logged{'cat rejected'}, 1, 'log: the third');
is($logged{'bob delivered'}, 1, 'log: the second, at last');
my @mixed = grep { ($_->{outcome} // '') eq 'mixed' } log_records($log);
is(scalar @mixed, 1, 'log: the first attempt was mixed');
my $meta = read_file("$p->{quarantine}/" . ($mixed[0]{quarantine} // 'none') . '.meta') // '';
like($meta, qr/^Reply: <$_/m, "metadata: $_") for 'ann@example.net> 250 ', 'bob@example.net> 450 ', 'cat@example.net> 550 ';

$p->stop;
$_->stop for $bounces, $lmtp;
done_testing;
