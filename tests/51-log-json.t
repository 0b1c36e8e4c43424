#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# log_format = json: each line is one object that any reader takes, with the same facts
# as key=value has them, whatever strangers wrote; log_attachments.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA ();
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;

eval { require JSON::PP; 1 } or plan skip_all => 'SKIPPED: the package perl is not installed';

my $text = part('Content-Type: text/plain; charset=us-ascii', "A text.\n");
my $d = Downstream->start;

# A session; the log's lines, each as the object that it must be.
sub session {
	my ($set, %message) = @_;
	my $conf = conf_file(log_format => 'json', %$set);
	my $c = SmtpClient->filter(to => $d->address, conf => $conf);
	$c->hello;
	$c->deliver(%message);
	$c->quit;
	my @lines = split /\n/, $c->log;
	my @objects;
	for my $line (@lines) {
		like($line, qr/\A[\x20-\x7e]{1,4400}\z/, 'a line of text');
		my ($json) = $line =~ /\A.*?\]: (\{.*\})\z/ or fail("no object: $line") or next;
		my $o = eval { JSON::PP->new->ascii->decode($json) };
		ok(ref $o eq 'HASH' && length $o->{event}, 'is an object') or diag($line);
		push @objects, $o if ref $o eq 'HASH';
	}
	return @objects;
}

my $mail = crlf(mail(parts => [$text, attachment('v.txt', eicar()), attachment('a.bin', noise(500), type => 'application/x-thing')]));
subtest 'a message' => sub {
	my ($o) = grep { $_->{event} eq 'message' } session({log_attachments => 'yes'}, mail => $mail, to => ['bob@example.net', 'carol@example.net']);
	is($o->{from}, 'alice@example.org', 'from');
	is_deeply($o->{to}, ['bob@example.net', 'carol@example.net'], 'to');
	cmp_ok($o->{size}, '==', length $mail, 'size');
	is("$o->{verdict} $o->{action} $o->{outcome}", 'infected remove delivered', 'verdict, action, outcome');
	is(scalar @{$o->{findings}}, 1, 'a finding');
	is_deeply([@{$o->{findings}[0]}{qw(part class action name)}], ['2', 'infected', 'remove', 'v.txt'], 'what it says');
	like($o->{findings}[0]{reason}, qr/\AEicar-Test-Signature/, 'reason');
	like($o->{quarantine}, qr{\A\d{4}/}, 'quarantine');
	like($o->{$_}, qr/\A\d+\z/, $_) for qw(receive_ms inspect_ms send_ms);
	is_deeply([map { [@$_{qw(part type size name sha256)}] } @{$o->{attachments}}],
	    [['2', 'application/octet-stream', length eicar(), 'v.txt', Digest::SHA::sha256_hex(eicar())],
	    ['3', 'application/x-thing', 500, 'a.bin', Digest::SHA::sha256_hex(noise(500))]], 'attachments');
	($o) = grep { $_->{event} eq 'message' } session({}, mail => $mail);
	ok(!exists $o->{attachments}, 'only if they are wanted');
};

subtest 'as key=value' => sub {
	my $r = spawnscan(conf => {log_attachments => 'yes'}, in => lf($mail));
	my @l = lines_of($r->{conf} =~ s{[^/]+\z}{log}r);
	is(scalar(grep { /event=attachment part=\d type=\S+ sha256=[0-9a-f]{64} size=\d+ name=\S+$/ } @l), 2, 'attachments have records of their own') or diag(@l);
};

subtest 'hostile' => sub {
	for my $evil ("\e[2J\x7f\x9b", "\xff\xfe\xc0\x80", "\"},{\"event\":\"forged\"}", "\\u0000\\", "\xe2\x80\xae\xf0\x9f\x98\x80", 'x' x 300) {
		my $address = "\"$evil\"\@example.org" =~ s/(?<=.)(["\\])(?=.*"@)/\\$1/gr;
		my $name = $evil =~ s/([^a-zA-Z0-9])/sprintf '%%%02X', ord $1/ger;
		my @o = session({log_attachments => 'yes'}, from => $address, mail => crlf(mail(parts => [$text,
		    attachment('x', eicar(), disposition => "attachment;\n filename*=iso-8859-1''$name.exe")])));
		is(scalar(grep { $_->{event} eq 'forged' } @o), 0, 'nothing is forged');
	}
	my @o = session({log_attachments => 'yes'}, mail => crlf(mail(parts => [$text, map { attachment('n' x 150 . "$_.exe", "x$_") } 1 .. 60])), to => [map { "recipient$_\@example.net" } 1 .. 200]);
	my ($m) = grep { $_->{event} eq 'message' } @o;
	ok($m->{truncated}, 'one that is too long says so');
	is("$m->{verdict} $m->{outcome}", 'blocked delivered', 'and keeps what is short');
};

subtest 'other sentences' => sub {
	my $r = spawnscan(conf => {log_format => 'json', engine => 'off'}, in => lf($mail), args => ['-o', 'inspector=/nonexistent']);
	my @l = lines_of($r->{conf} =~ s{[^/]+\z}{log}r);
	ok(@l > 0, 'a log');
	ok(eval { JSON::PP->new->decode(/(\{.*)/ ? $1 : '') }, 'an object') or diag($_) for @l;
	my $c = SmtpClient->filter(to => '127.0.0.1:' . free_port(), conf => conf_file(log_format => 'json'));
	$c->reply;
	like($c->log, qr/\]: \{"event":"text","text":"[^"]*can't be reached[^"]*"\}$|\]: \{"event":"text","text":"[^"]+"\}$/m, 'a sentence') or diag($c->log);
};
done_testing;
