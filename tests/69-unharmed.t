#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Byte for byte through a whole Postfix: a message that went through sections A to D
# of master.cf.example is, behind the Received fields and the marks, what the same
# Postfix delivers without a filter; and that is what was sent, but for what
# cleanup(8) does to every message.

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

diag(run(cmd => ['postconf', '-d', 'mail_version'])->{out});

# -- messages -----------------------------------------------------------------------

my @messages;

# What it is, header and body, as bytes on the wire (CRLF added where there is only LF).
# bare: sent as it is.
sub message {
	my ($name, $header, $body, %a) = @_;
	my $n = @messages;
	my $wire = crlf($header) =~ s/ID\@/id$n\@/r . "\r\n" . ($a{bare} ? $body : crlf($body));
	push @messages, {name => $name, n => $n, wire => $wire, %a};
}

my $usual = "From: Alice <alice\@remote.example>\nTo: Bob <bob\@example.net>\nSubject: a message\nDate: Thu, 1 Jan 2026 00:00:00 +0000\nMessage-ID: <ID\@remote.example>\n";
message("a line of $_ bytes", $usual, "before\n" . ('x' x $_) . "\nafter\n") for 998, 999, 1000, 1400, 2048, 2049, 4096, 100_000;
message("a line of $_ bytes of HTML, dots at every place", $usual . "MIME-Version: 1.0\nContent-Type: text/html\n", "<p>" . ('a.' x ($_ / 2)) . "</p>\n") for 1400, 100_000;
message('a line of 2,000 bytes that is the last one', $usual, 'x' x 2000 . "\n");
message('long lines of base64', $usual . "MIME-Version: 1.0\nContent-Type: application/octet-stream; name=a.bin\nContent-Transfer-Encoding: base64\n", b64(noise(6000)) =~ s/\n//gr . "\n");
message('long folded References', $usual . "References:" . join('', map { "\n <message-number-$_-of-a-long-thread\@remote.example>" } 1 .. 400) . "\n", "text\n");
message('References in one line of 9,000 bytes', $usual . "References:" . join('', map { " <message-number-$_-of-a-thread\@remote.example>" } 1 .. 200) . "\n", "text\n");
message('a header field of 60 KB', $usual . "X-Report: " . ('word ' x 12_000) . "\n", "text\n");
message('trailing whitespace and empty folds in fields', $usual . "X-Blank: value  \t\nX-Fold: a\n \n\tb   \nX-Empty:\nX-Empty-Blank: \n", "text\n");
message('8-bit header fields', $usual =~ s/a message/Gr\xfc\xdfe \xe2\x82\xac/r . "X-Bytes: " . join('', map chr, 128 .. 255) . "\n", "text\n");
message('8-bit text without a declaration', $usual, join('', map chr, 128 .. 255) . "\n");
message('8-bit text that is declared 7-bit', $usual . "MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 7bit\n", "Gr\xfc\xdfe\n");
message('8-bit text, declared', $usual . "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n", "Gr\xc3\xbc\xc3\x9fe\n", mail_args => ' BODY=8BITMIME');
message('8-bit parts of a multipart', $usual . "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n", "pre\xe4mble\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGr\xc3\xbc\xc3\x9fe\n--b\nContent-Type: message/rfc822\n\nSubject: \xfc\n\nGr\xfc\xdfe\n--b--\nepil\xf6gue\n", mail_args => ' BODY=8BITMIME');
message('trailing blanks', $usual, "a  \nb\t\n \n\t\n   \n-- \nsignature \n\n\n\n");
message('no body', $usual, '');
message('an empty line only', $usual, "\n");
message('control characters', $usual, join('', map { chr } grep { $_ != 0 && $_ != 10 && $_ != 13 } 0 .. 31) . "\x7f\n");
message('NUL', $usual, "a\0b\n\0\n");
message('leading dots', $usual, ".\n..\n...\n.a\n..a\n. \n \.\nx.\n.\n");
message('From_ lines in the text', $usual, "From here on\n>From there\nFrom alice\@remote.example Thu Jan  1 00:00:00 2026\n\nFrom \n");
message('no Date and no Message-ID', "From: alice\@remote.example\nSubject: none of ID\@\n", "text\n");
message('no From', "Subject: nobody ID\@\n", "text\n");
message('no header at all', '', "a text\n");
message('addresses without a domain', "From: alice (Alice)\nTo: bob, carol,\n\t\"x y\" <dave>\nCc: undisclosed-recipients:;\nMessage-ID: <ID\@remote.example>\n", "text\n");
message('Bcc, Return-Path, Content-Length', $usual . "Bcc: eve\@example.net\nReturn-Path: <x\@remote.example>\nContent-Length: 5\nX-Original-To: bob\@example.net\nDelivered-To: bob\@elsewhere.example\n", "text\n");
message('many Received fields', join('', map { "Received: from a$_.example by b$_.example with SMTP id $_;\n\tThu, 1 Jan 2026 00:00:00 +0000\n" } 1 .. 20) . $usual, "text\n");
message('a DKIM signature and odd spacing', "DKIM-Signature: v=1; a=rsa-sha256; d=remote.example; s=s;\n\th=from:to :  subject ;\n  bh=" . ('A' x 43) . "=;\n b=" . ('B' x 200) . "\n" . $usual =~ s/Subject: /SUBJECT:\t/r, "text\n");
message('a From_ line in front', "From alice\@remote.example Thu Jan  1 00:00:00 2026\n$usual", "text\n");
message('>From in front', ">From alice\@remote.example Thu Jan  1 00:00:00 2026\n$usual", "text\n");
message('a field name with a blank', $usual . "X-Odd : value\n", "text\n");
message('a header that ends without an empty line', $usual . "no field at all\n", "text\n");
message('a multipart without its end', $usual . "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n", "--b\nContent-Type: text/plain\n\ntext");
message('stray CR', $usual, "a\rb\r\n\rc\r\nd\r\r\ne\r\n", bare => 1, stray => 1);
message('stray LF', $usual, "a\nb\r\n\nc\r\nd\n\ne\r\n", bare => 1, stray => 1);

# -- the way through each ----------------------------------------------------------------

my @ehlo = ('PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8');

# The last transport, which is this site's own and not ours, sends long lines as they
# are; Postfix's own defence, which refuses stray line ends, is of another test.
my @main = ('smtpd_authorized_xclient_hosts = 127.0.0.1', 'mynetworks = 127.0.0.0/8, 192.0.2.0/24', 'smtp_line_length_limit = 0',
    'smtpd_forbid_bare_newline = no', 'smtpd_client_connection_count_limit = 0', 'notify_classes =');

sub postfix_of {
	my ($section) = @_;
	my $sink = Downstream->start(ehlo => \@ehlo);
	my ($bin, $options) = (subdir(undef, 0755), '');
	if ($section eq 'D') {
		# postdrop(1) believes $MAIL_CONFIG only if it is not set-gid: a copy.
		symlink $_, $bin . '/' . s{.*/}{}r for grep { !m{/postdrop\z} } glob '/usr/sbin/post*';
		write_file("$bin/postdrop", read_file('/usr/sbin/postdrop'), 0755);
		($options) = PrivatePostfix::section('D') =~ /^(#    -o content_filter=scanpipe:.*\n(?:#    -o .*\n)+)/m or die 'no options for smtpd';
		$options =~ s/^#//mg;
	}
	my $p = PrivatePostfix->start(section => $section, sink => $sink->port,
	    main => [@main, $section eq 'D' ? ("command_directory = $bin", 'export_environment = TZ MAIL_CONFIG LANG') : ()],
	    edit => sub {
		my ($self) = @_;
		s/^ +-o smtpd_forbid_bare_newline=yes\n/    -o smtpd_forbid_bare_newline=no\n/mg;
		# The client is from elsewhere: nothing in its messages is rewritten.
		s/^127\.0\.0\.1:$self->{port} .*\n/$&    -o local_header_rewrite_clients=\n$options/m or die 'no smtpd';
		s/^(pickup    unix  n - n )60/${1}1/m or die 'no pickup';
	    }, $section eq 'D' ? (no_wait => 1) : ());
	if ($section eq 'D') {
		wait_for(sub { $p->listens($p->{port}) && -d "$p->{dir}/queue/maildrop" }, 60) or die 'Postfix does not listen';
		chmod 01733, "$p->{dir}/queue/maildrop";
		chmod 0711, "$p->{dir}/queue/public";
	}
	return ($p, $sink);
}

# All messages through one, in as many connections; what arrived, by number.
sub through {
	my ($section) = @_;
	my ($p, $sink) = postfix_of($section);
	my (%arrived, %reply);
	for my $m (@messages) {
		my $c = $p->client;
		$c->cmd('XCLIENT NAME=mail.remote.example ADDR=192.0.2.7');
		$c->cmd('EHLO remote.example');
		$c->cmd("MAIL FROM:<m$m->{n}\@remote.example>" . ($m->{mail_args} // ''));
		$c->cmd('RCPT TO:<bob@example.net>');
		$c->cmd('DATA');
		my $wire = $m->{wire} =~ s/(\A|\r\n)\./$1../gr;
		$c->send($wire =~ /\r\n\z/ ? "$wire.\r\n" : "$wire\r\n.\r\n");
		$reply{$m->{n}} = $c->reply(60) // 'nothing';
		$c->cmd('QUIT');
	}
	my $sent = grep { /\A250/ } values %reply;
	wait_for(sub {
		%arrived = map { ($_->{mail} // '') =~ /<m(\d+)\@/ ? ($1 => $_->{data}) : () } $sink->messages;
		return keys %arrived >= $sent;
	}, 180);
	unlike($p->maillog, qr/unused parameter|bad command|fatal:|panic:/, "$section: Postfix has no complaint about the entries");
	ok($p->empty_queue, "$section: the queue is empty") or diag($p->queued, substr $p->maillog, -3000);
	$p->stop;
	$sink->stop;
	return (\%arrived, \%reply);
}

# Received fields of this Postfix.
my $received = qr/(?:Received: (?:from|by) [^\r]*\r\n(?:[ \t][^\r]*\r\n)*?\tby mx\.example\.com \(Postfix[^\r]*\r\n(?:[ \t][^\r]*\r\n)*|Received: by mx\.example\.com \(Postfix[^\r]*\r\n(?:[ \t][^\r]*\r\n)*)/;

my ($plain, $plain_reply) = through('');
for my $m (@messages) {
	my $got = $plain->{$m->{n}};
	$m->{plain} = defined $got ? $got =~ s/\A$received+//r : undef;
	ok(defined $m->{plain}, "without a filter: $m->{name}: arrives") or diag($plain_reply->{$m->{n}});
}
for my $m (grep { $_->{name} =~ /\A(?:a line of|long|References|8-bit|trailing|NUL|leading|From_ lines)/ } @messages) {
	same_bytes($m->{plain}, $m->{wire}, "without a filter: $m->{name}: as it was sent");
}

for my $section ('A' .. 'D') {
	my ($got, $reply) = through($section);
	for my $m (@messages) {
		my $name = "$section: $m->{name}";
		my $mail = $got->{$m->{n}};
		ok(defined $mail, "$name: arrives") or diag($reply->{$m->{n}}), next;
		$mail =~ s/\A$received//;
		my ($rest, undef, $result) = split_marks($mail);
		like($result // '', qr/clean/, "$name: clean") or diag(substr $mail, 0, 500), next;
		same_bytes($rest =~ s/\A$received*//r, $m->{plain}, "$name: as without a filter");
	}
}
done_testing;
