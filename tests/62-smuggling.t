#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# SMTP smuggling: a message that holds what some server might take for its end,
# and behind it the envelope of another. It must never be two messages. Every
# such end that is known, in one write and in writes of one byte, through
# spawnscan to real Postfixes that take line ends laxly and strictly, and with
# Postfix in front of it. What counts is what is delivered at the far end.

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

# -- the ends that are none ---------------------------------------------------

my %eol = (CRLF => "\r\n", LF => "\n", CR => "\r", LFCR => "\n\r", CRCRLF => "\r\r\n");
my @variants;
for my $before (sort keys %eol) {
	for my $behind (sort keys %eol) {
		my $bytes = "$eol{$before}.$eol{$behind}";
		push @variants, ["$before . $behind", $bytes] unless $bytes =~ /\r\n\.\r\n/;
	}
}
push @variants, (
	['CRLF .. CRLF', "\r\n..\r\n"], ['LF .. CRLF', "\n..\r\n"], ['CRLF .. LF', "\r\n..\n"],
	['LF .. LF', "\n..\n"], ['CR .. CR', "\r..\r"], ['CRLF ... CRLF', "\r\n...\r\n"],
	['CRLF . blank CRLF', "\r\n. \r\n"], ['CRLF blank . CRLF', "\r\n .\r\n"], ['CRLF . tab CRLF', "\r\n.\t\r\n"],
	['LF . blank LF', "\n. \n"],
	['CRLF NUL . CRLF', "\r\n\0.\r\n"], ['CRLF . NUL CRLF', "\r\n.\0\r\n"], ['CRLF NUL CRLF', "\r\n\0\r\n"],
	['CR NUL LF . CRLF', "\r\0\n.\r\n"], ['CRLF . CR NUL LF', "\r\n.\r\0\n"], ['LF NUL . CRLF', "\n\0.\r\n"],
	['CRLF . CR', "\r\n.\r"], ['CRLF .', "\r\n."], ['CRLF . CR blank LF', "\r\n.\r \n"],
	['CRLF . VT', "\r\n.\x0b"], ['VT . VT', "\x0b.\x0b"], ['FF . FF', "\x0c.\x0c"], ['CRLF . ^Z CRLF', "\r\n.\x1a\r\n"],
	['CRLF . BS CRLF', "\r\n.\x08\r\n"], ['CRLF . DEL CRLF', "\r\n.\x7f\r\n"],
	['NEL . NEL', "\x85.\x85"], ['LS . LS', "\xe2\x80\xa8.\xe2\x80\xa8"], ['NEL . NEL in UTF-8', "\xc2\x85.\xc2\x85"],
	['eighth bit set', "\x8d\x8a.\x8d\x8a"], ['dot with the eighth bit', "\r\n\xae\r\n"],
	['wide dot', "\r\n\xef\xbc\x8e\r\n"], ['overlong dot', "\r\n\xc0\xae\r\n"],
	['encoded dot', "\r\n=2E\r\n"], ['encoded line ends', '=0D=0A.=0D=0A'],
	['LF LF . LF LF', "\n\n.\n\n"], ['CR CR . CR CR', "\r\r.\r\r"],
);
cmp_ok(scalar @variants, '>=', 50, scalar(@variants) . ' ends that are none');

# Our content around the bytes, and the message that they might set free.
my $n = 0;
sub smuggler {
	my ($end) = @_;
	my $id = sprintf 's%05d', ++$n;
	my $outer = crlf(mail(id => "outer-$id", subject => "outer $id", body => "The outer message.\n")) =~ s/\r\n\z//r;
	my $inner = "MAIL FROM:<smuggled\@evil.example>\r\nRCPT TO:<victim\@example.net>\r\nDATA\r\n"
	    . "From: Smuggled <smuggled\@evil.example>\r\nSubject: smuggled\r\nMessage-ID: <inner-$id\@evil.example>\r\n\r\nThe inner message.\r\n";
	return { id => $id, wire => "$outer$end$inner.\r\n" };
}

# What a strict reader of RFC 5321 sees in it: lines end with CRLF, a dot behind
# one is taken off; then a LF alone is made a CRLF, and a CR alone a space.
sub strict {
	my ($wire) = @_;
	$wire =~ s/\.\r\n\z// or die;
	$wire =~ s/(\A|\r\n)\./$1/g;
	return $wire =~ s/\r(?!\n)/ /gr =~ s/(?<!\r)\n/\r\n/gr;
}

sub ids { my ($kind, $sink) = @_; return map { $_->{data} =~ /^Message-ID: <\Q$kind\E-(s\d+)@/m ? $1 : () } $sink->messages }

# -- writing --------------------------------------------------------------------

# Write each client its bytes, all at once or one by one; then the next byte
# only when every one was taken by the other side.
sub write_all {
	my ($step, @c) = @_;
	my $longest = (sort { $b <=> $a } map { length $_->{todo} } @c)[0];
	return (grep { !$_->send($_->{todo}) } @c) == 0 if !$step;
	for (my $at = 0; $at < $longest; $at++) {
		my @busy = grep { $at < length $_->{todo} } @c;
		$_->send(substr $_->{todo}, $at, 1) or return 0 for @busy;
		for my $c (@busy) {
			my $end = now() + secs(60);
			until (taken($c)) {
				return 0 if now() > $end;
				select undef, undef, undef, 0.0003;
			}
		}
	}
	return 1;
}

# SIOCOUTQ: nothing is unread on the other side.
sub taken { my ($c) = @_; my $left = pack 'i', 0; ioctl($c->{out}, 0x5411, $left) or return 1; return !unpack 'i', $left }

# -- spawnscan in front of Postfix -------------------------------------------------

my @ehlo = ('PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8');
my %postfix;
for (['lax', 'no'], ['strict', 'reject']) {
	my ($name, $forbid) = @$_;
	my $sink = Downstream->start(ehlo => \@ehlo);
	my $p = PrivatePostfix->start(section => '', sink => $sink->port, main => ["smtpd_forbid_bare_newline = $forbid",
	    # Postfix 3.9 takes no second message in one write, however lax about line endings.
	    'smtpd_forbid_unauth_pipelining = no',
	    'smtpd_forbid_bare_newline_exclusions =', 'smtpd_client_connection_count_limit = 0', 'smtpd_hard_error_limit = 1000', 'smtpd_error_sleep_time = 0']);
	$postfix{$name} = {p => $p, sink => $sink};
}

# Wait until all that was taken is delivered; then nothing more can come.
sub settled {
	my ($x, $expected) = @_;
	wait_for(sub { (() = $x->{sink}->messages) >= $expected }, 60);
	ok($x->{p}->empty_queue(60), 'the queue is empty') or diag($x->{p}->queued);
}

subtest 'the traps are set' => sub {
	my $x = $postfix{lax};
	$x->{traps} = 2;
	# Without a filter, and past it with the real end: two messages each.
	my ($direct, $real) = (smuggler("\n.\r\n"), smuggler("\r\n.\r\n"));
	my $c = $x->{p}->client;
	like($c->cmd($_), qr/\A[23]/, $_) for 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA';
	$c->send($direct->{wire});
	like($c->reply // '', qr/\A250 /, 'the lax Postfix takes a message that ends with LF . CRLF');
	like($c->reply // '', qr/\A$_/, "and another: $_") for '250 ', '250 ', '354 ', '250 ';
	$c->cmd('QUIT');
	my $f = SmtpClient->filter(to => "127.0.0.1:$x->{p}{port}");
	$f->hello;
	like($f->cmd($_), qr/\A[23]/, $_) for 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA';
	$f->send($real->{wire});
	like($f->reply // '', qr/$_/, "spawnscan: $_") for '\A250 ', '\A250 ', '\A250 ', '\A354 ', '\A250 ';
	is($f->quit, 0, 'spawnscan ends well');
	settled($x, 4);
	for my $s ($direct, $real) {
		is(scalar(grep { $_ eq $s->{id} } ids('outer', $x->{sink})), 1, 'the outer message arrives');
		is(scalar(grep { $_ eq $s->{id} } ids('inner', $x->{sink})), 1, 'and the inner one, and is seen');
	}
};

for my $newline ('normalise', 'reject') {
	my $conf = conf_file(bare_newline => $newline);
	for my $to ('lax', 'strict') {
		# The border of a write can matter with any of them; without borders once.
		for my $step ($newline eq 'normalise' && $to eq 'lax' ? (0, 1) : 1) {
			my $how = $step ? 'byte by byte' : 'in one write';
			subtest "bare_newline=$newline, to the $to Postfix, $how" => sub { through_us($newline, $conf, $postfix{$to}, $step) };
		}
	}
}

sub through_us {
	my ($newline, $conf, $x, $step) = @_;
	my $before = () = $x->{sink}->messages;
	my (%taken, @todo);
	push @todo, {name => $_->[0], end => $_->[1], %{smuggler($_->[1])}} for @variants;
	my @all = @todo;
	while (my @batch = splice @todo, 0, 16) {
		for my $v (@batch) {
			my $c = $v->{c} = SmtpClient->filter(conf => $conf, to => "127.0.0.1:$x->{p}{port}");
			$c->hello;
			$c->cmd($_) for 'MAIL FROM:<alice@example.org>', 'RCPT TO:<bob@example.net>';
			like($c->cmd('DATA') // '', qr/\A354 /, "$v->{name}: DATA");
			$c->{todo} = $v->{wire};
		}
		ok(write_all($step, map { $_->{c} } @batch), 'written');
		for my $v (@batch) {
			my ($c, $name) = @$v{qw(c name)};
			my $bare_lf = $v->{end} =~ /(?<!\r)\n/;
			my $bare_cr = $v->{end} =~ /\r(?!\n)/;
			my $want = ($bare_cr || $bare_lf) && $newline eq 'reject' ? 550 : 250;
			my $reply = $c->reply(60) // 'nothing';
			like($reply, qr/\A$want /, "$name: $want");
			$taken{$v->{id}} = $v if $reply =~ /\A2/;
			# One reply to one message: the next one is QUIT's.
			is($c->quit, 0, "$name: it ends well");
			like($c->{quit_reply} // '', qr/\A221 /, "$name: nothing else was answered");
		}
	}
	cmp_ok(scalar keys %taken, '>', 0, 'some were taken');
	settled($x, $before + keys %taken);
	my %ours = map { $_->{id} => 1 } @all;
	my @outer = grep { $ours{$_} } ids('outer', $x->{sink});
	is_deeply([sort @outer], [sort keys %taken], 'each that was taken has arrived once');
	is(scalar(() = $x->{sink}->messages), $before + keys %taken, 'and nothing else');
	is(scalar(grep { ($_->{mail} // '') =~ /evil/ } $x->{sink}->messages), $x->{traps} // 0, 'none has the smuggled sender');
	for my $m ($x->{sink}->messages) {
		my ($id) = $m->{data} =~ /^Message-ID: <outer-(s\d+)@/m or next;
		my $v = $taken{$id} // next;
		same_bytes($m->{data} =~ s/\A.*?(?=^Received: from here\.example)//msr, strict($v->{wire}), "$v->{name}: all of it is content");
	}
}

# -- Postfix in front of spawnscan ----------------------------------------------------

# As smtpd_proxy_filter. Where Postfix itself, if it is told to be lax, takes
# something for an end, it is Postfix's doing: two messages come to the filter.
# The filter must not see more of them than Postfix does.
for my $lax (0, 1) {
	subtest 'behind a ' . ($lax ? 'lax' : 'strict') . ' Postfix' => sub {
		my $sink = Downstream->start(ehlo => \@ehlo);
		my $p = PrivatePostfix->start(section => 'B', sink => $sink->port,
		    # The client is in $mynetworks, which Postfix excludes by default; the section does not.
		    main => ['mynetworks = 127.0.0.0/8', 'smtpd_forbid_unauth_pipelining = no', 'notify_classes =', 'smtpd_hard_error_limit = 1000',
			'smtpd_error_sleep_time = 0'],
		    edit => sub { s/^ +-o smtpd_forbid_bare_newline=yes\n/    -o smtpd_forbid_bare_newline=no\n/mg or die if $lax });
		my ($taken, %refused) = (0);
		for (@variants) {
			my ($name, $end) = @$_;
			my $s = smuggler($end);
			my $c = $p->client;
			$c->cmd($_) for 'MAIL FROM:<alice@example.org>', 'RCPT TO:<bob@example.net>';
			like($c->cmd('DATA') // '', qr/\A354 /, "$name: DATA");
			$c->send($s->{wire} . "QUIT\r\n");
			# All replies until the end; "queued as" is a message taken.
			1 while defined $c->reply(60);
			my $replies = substr $c->received, rindex($c->received, "354 ") < 0 ? 0 : index($c->received, '354 ');
			my $queued = () = $replies =~ /^250 2\.0\.0 Ok: queued as/mg;
			$taken += $queued;
			$lax or cmp_ok($queued, '<=', 1, "$name: at most one message");
		}
		wait_for(sub { (() = $sink->messages) >= $taken }, 60);
		ok($p->empty_queue(60), 'the queue is empty');
		my @m = $sink->messages;
		is(scalar @m, $taken, 'as many arrive as Postfix took');
		my $smuggled = grep { ($_->{mail} // '') =~ /evil/ } @m;
		if ($lax) { cmp_ok($smuggled, '>', 0, 'a lax Postfix lets some in by itself: the trap is set') }
		else { is($smuggled, 0, 'none has the smuggled sender') }
		$p->stop;
		$sink->stop;
	};
}

done_testing;
