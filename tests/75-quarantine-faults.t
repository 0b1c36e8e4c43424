#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Releases that go wrong in the middle: killed, two at a time, beside an expire, on a full
# disk, with a next hop that refuses one of two. What is sent is sent once, and what is
# not known is not sent again by itself.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA ();
use Test::More;
use Harness;
use MailMaker;
use Downstream;

my $conf = conf_file();
my ($n, $now) = (0, time);
my $body = crlf(mail(parts => [part('Content-Type: text/plain', "Text.\n"), attachment('a.bin', marker())]));
my $dir;

sub words { my @words = @_; return ["$BUILD/spawnscan-quarantine", '-c', $conf, '-o', "quarantine_dir=$dir", @words] }
sub desk { return run(cmd => words(@_), timeout => 60) }

# A quarantine with one original, so many days old, for two recipients.
sub entry {
	my ($days, $more) = @_;
	$dir = subdir('q' . ++$n, 0700);
	my $ref = '1130/' . ($now - $days * 86400) . '.1.1';
	mkdir "$dir/1130", 0700;
	write_file("$dir/$ref", $body);
	write_file("$dir/$ref.meta", "Reference: $ref\nDate: x\nMode: smtp\nSize: " . length($body) . "\nSHA-256: " . Digest::SHA::sha256_hex($body)
	    . "\nSender: alice\@example.org\nRecipient: bob\@example.net\nRecipient: carol\@example.net\nVerdict: infected\nAction: remove\n" . ($more // ''));
	return $ref;
}

# A server that waits with its answer to a message until the gate is open.
sub slow {
	my $gate = subdir('gate' . ++$n, 0777);
	my $d = Downstream->start(on => {DOT => sub {
		write_file("$gate/at", '');
		for (1 .. 1200) { last if -e "$gate/open"; select undef, undef, undef, 0.05 }
		return undef;
	}});
	return ($d, $gate);
}
sub begin { open my $null, '+<', '/dev/null' or die; return start_process(fds => [$null, $null, $null], cmd => words(@_)) }

subtest 'killed between the message and the answer' => sub {
	my $ref = entry(1);
	my ($d, $gate) = slow();
	my $pid = begin('release', '--via', $d->address, $ref);
	ok(wait_for(sub { -e "$gate/at" }, 30), 'the message is there');
	kill 'KILL', $pid;
	reap($pid, 30);
	write_file("$gate/open", '');
	ok(wait_for(sub { () = $d->messages }, 30), 'and taken');
	my $r = desk('release', '--via', $d->address, $ref);
	is($r->{code}, 69, 'a second release is refused');
	like($r->{err}, qr/a release was begun, and nobody knows what became of it/, 'and says why');
	like(desk('list')->{out}, qr/\[release unfinished\]/, 'list tells it');
	is(scalar(() = $d->messages), 1, 'sent once');
	is(desk('release', '--again', '--via', $d->address, $ref)->{code}, 0, '--again');
};

subtest 'two at a time, and an expire beside them' => sub {
	my $ref = entry(40);
	my ($d, $gate) = slow();
	my $pid = begin('release', '--via', $d->address, $ref);
	ok(wait_for(sub { -e "$gate/at" }, 30), 'one is at work');
	for (['release', '--via', $d->address, $ref], ['release', '--again', '--via', $d->address, $ref], ['forward', '--via', $d->address, '--to', 'x@example.net', $ref], ['delete', $ref]) {
		my $r = desk(@$_);
		is("$r->{code} $r->{err}", "75 spawnscan-quarantine: $ref: somebody else is at work on it\n", "$_->[0]: later");
	}
	my $r = desk('expire', '--older-than', '30d');
	is("$r->{code} $r->{out}", "75 0 removed, 1 kept\n", 'expire leaves it');
	write_file("$gate/open", '');
	is(reap($pid, 30), 0, 'the first comes to its end');
	is(scalar(() = $d->messages), 1, 'sent once');
	is(desk('release', '--via', $d->address, $ref)->{code}, 69, 'and not again');
	is(desk('expire', '--older-than', '30d')->{out}, "1 removed, 0 kept\n", 'then it goes');
};

subtest 'a next hop that takes one of two' => sub {
	my $ref = entry(1);
	my $d = Downstream->start(on => {RCPT => sub { return $_[1] =~ /carol/ ? "550 5.1.1 no such user\r\n" : undef }});
	my $r = desk('release', '--via', $d->address, $ref);
	is($r->{code}, 69, 'refused');
	like($r->{err}, qr/not sent: <carol\@example\.net>: 550 5\.1\.1 no such user\n/, 'for whom, and why');
	is(scalar(() = $d->messages), 0, 'neither got it');
	is(desk('release', '--via', $d->address, '--to', 'bob@example.net', $ref)->{code}, 0, 'to the other it goes, without --again');
};

# A file of 8 KB at most, 9 bytes short of it: of the next line these are written.
subtest 'no room for the record' => sub {
	my $ref = entry(1);
	my $meta = "$dir/$ref.meta";
	my $text = read_file($meta);
	write_file($meta, $text .= 'Padding: ' . ('x' x (8192 - 9 - 10 - length $text)) . "\n");
	my $d = Downstream->start;
	my $r = run(cmd => ['bash', '-c', 'ulimit -f 8; trap "" XFSZ; exec "$@"', 'bash', @{words('-o', 'log=file:/dev/null', 'release', '--via', $d->address, $ref)}]);
	is($r->{code}, 74, 'not released') or diag($r->{err}, $r->{out});
	like($r->{err}, qr/its metadata can't be written: No space left on device/, 'and why');
	is(scalar(() = $d->messages), 0, 'nothing was sent');
	same_bytes(read_file($meta), $text, 'no piece of a line is left');
	# As a crash might leave it.
	write_file($meta, "${text}Release-B");
	is(desk('release', '--via', $d->address, $ref)->{code}, 0, 'a piece of a line does no harm');
	like(read_file($meta), qr/^Release-B\nRelease-Begun: .*\nReleased: .*\n\z/m, 'to those behind it');
	is(desk('release', '--via', $d->address, $ref)->{code}, 69, 'it was released');
};

subtest 'nothing there, and a clock that was set back' => sub {
	entry(1);
	$dir = subdir('empty', 0700);
	for (['list', ''], ['list --json', ''], ['verify', "0 messages, 0 not in order\n"], ['expire --older-than 1d', "0 removed, 0 kept\n"], ['expire --max-size 0', "0 removed, 0 kept\n"]) {
		my $r = desk(split ' ', $_->[0]);
		is("$r->{code}$r->{out}$r->{err}", "0$_->[1]", "empty: $_->[0]");
	}
	my $ref = entry(-400);
	like(desk('list', '--since', '1h')->{out}, qr/^\Q$ref\E /m, 'of the future: it is listed');
	is(desk('expire', '--older-than', '1s')->{out}, "0 removed, 1 kept\n", 'and not old');
	is(desk('expire', '--max-size', '0')->{out}, "1 removed, 0 kept\n", 'but not safe from a limit of size');
};
done_testing;
