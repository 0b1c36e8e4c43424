#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever strangers wrote into metadata, and whatever lies in a quarantine: no verb of
# spawnscan-quarantine lets it reach a terminal, another file, a shell, a command line or a
# header; and each of them ends by itself.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA ();
use MIME::Base64 ();
use Test::More;
use Harness;
use MailMaker;
use Downstream;

my $sink = Downstream->start(ehlo => ['PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'SMTPUTF8']);
my $out = subdir('out', 0777);
my $sendmail = write_file("$out/sendmail", "#!/bin/sh\nprintf '%s\\n' \"\$@\" > $out/args\ncat > $out/mail\n", 0755);
my $conf = conf_file(sendmail_path => $sendmail);
my $now = time;
my $old = $now - 100 * 86400;
my ($n, $dir) = (0);

sub desk { my @words = @_; return run(cmd => ["$BUILD/spawnscan-quarantine", '-c', $conf, '-o', "quarantine_dir=$dir", @words], timeout => 60) }

# A quarantine of its own with one original, 100 days old; the reference.
my $evil = "\e[2J\e]0;owned\a\x9b31m\r\nX-Injected: yes\r\n.\r\nRCPT TO:<evil\@example.net>";
my $body = "Subject: $evil\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
    . "Content-Disposition: attachment; filename*=utf-8''-o%1B%5B2J%0D%0AX-Injected%3A%20yes\r\n\r\nhere\r\n--b--\r\n";
sub entry {
	my ($meta) = @_;
	$dir = subdir('q' . ++$n, 0700);
	my $ref = "1130/$old.1.1";
	mkdir "$dir/1130", 0700;
	write_file("$dir/$ref", $body);
	write_file("$dir/$ref.meta", "Reference: $ref\nDate: x\nSize: " . length($body) . "\nSHA-256: " . Digest::SHA::sha256_hex($body)
	    . "\nVerdict: blocked\nAction: defang\n$meta");
	return $ref;
}

# Every verb, each with what it may be asked for; the last one may remove.
sub verbs {
	my ($ref) = @_;
	my $hop = $sink->address;
	return (['list'], ['list', '--json'], ['list', '--from', '*', '--to', '*', '--name', '*', '--class', 'blocked'],
	    ['show', $ref], ['show', '--brief', $ref], ['show', '--json', $ref], ['cat', $ref], ['cat', '--part', '2', $ref],
	    ['verify'], ['release', $ref], ['release', '--again', '--via', $hop, $ref], ['release', '--again', '--via', 'sendmail', $ref],
	    ['release', '--part', '2', '--via', $hop, '--to', 'h@example.net', $ref], ['forward', '--via', $hop, $ref],
	    ['forward', '--via', $hop, '--to', 'h@example.net', $ref], ['expire', '-n', '--older-than', '30d']);
}

# -- metadata ------------------------------------------------------------------------------

my $esc = $evil =~ s/([^ -~]|\\)/sprintf '\\%03o', ord $1/ger;
my %meta = (
	'escapes' => "Mode: $esc\nIdent: $esc\nSender: $esc\nRecipient: $esc\nClient: $esc\nFinding: blocked defang \"1$esc\" \"$esc\" \"$esc\"\nFailure: $esc\nReply: $esc\nNext-Hop: $esc\nReleased: $esc\n",
	'raw bytes' => "Sender: \e[31m\x9b\n\e[2J\nRecipient: \xff\xfe\e\nForwarded: \e[2J\x9b\n",
	'NUL' => "Sender: a\\000b\nRecipient: c\0d\n",
	'long names' => 'Sender: ' . ('a' x 100_000) . "\nRecipient: " . ('\\033' x 100_000) . "\nFinding: blocked defang \"1\" \"x\" \"" . ('n' x 100_000)
	    . "\"\nNext-Hop: " . ('h' x 100_000) . "\nClient: " . ('\\n' x 100_000) . "\n",
	'options' => "Sender: -oQ/tmp\nRecipient: -bs\nRecipient: --to\nRecipient: |touch\${IFS}$out/owned\nRecipient: \$(touch\${IFS}$out/owned)\nNext-Hop: sendmail\nFinding: blocked defang \"1\" \"-x\" \"-y\"\n",
	'next hop is an option' => "Sender: a\nRecipient: b\nNext-Hop: --again\n",
	'next hop is a program' => "Sender: a\nRecipient: b\nNext-Hop: qmail:/bin/touch\n",
	'another reference' => "Reference: 0000/../../../etc/passwd\nSender: x\nRecipient: y\n",
	'broken escapes' => "Sender: \\\nRecipient: \\7\nFinding: \\ \" \\\nFinding:  \nFinding: a b \"\\\n",
	'many' => join('', map { "Recipient: r$_\@example.net\n" } 1 .. 5000),
	'parameters' => "Sender: a\@example.org\nRecipient: b\@example.net> ORCPT=rfc822;evil\@example.net\n",
	'sender' => "Sender: a\@example.org> RET=FULL ENVID=evil\nRecipient: b\@example.net\n",
	'injection' => "Sender: a\@example.org>\\015\\012RCPT TO:<evil\@example.net\nRecipient: b> ORCPT=x <c\n",
	'settings' => "Sender: a\nRecipient: b\nSetting: sendmail_path=/bin/touch\nNext-Hop: sendmail\n",
);
for my $name (sort keys %meta) {
	subtest $name => sub {
		my $ref = entry($meta{$name});
		for my $words (verbs($ref), ['delete', $ref]) {
			unlink "$out/args";
			my $r = desk(@$words);
			my $what = join ' ', grep { $_ ne $ref } @$words;
			ok(defined $r->{code} && $r->{code} < 79 && !$r->{timed_out}, "$what ends well") or diag($r->{signal});
			if ($words->[0] eq 'cat') {
				same_bytes($r->{out}, @$words == 2 ? $body : 'here', "$what: the bytes") if $r->{code} == 0;
				is($r->{code}, 0, "$what: works") or diag($r->{err});
				$r->{out} = '';
			}
			my $text = grep({ $_ eq '--json' } @$words) ? qr/[\0-\x09\x0b-\x1f\x7f]/ : qr/[^\n\x20-\x7e]/;
			unlike("$r->{out}$r->{err}", $text, "$what: nothing for a terminal to obey");
			like(read_file("$out/args") // '', qr/\A-G\n-i\n-f\n-oQ\/tmp\n--\n-bs\n--to\n/, "$what: what looks like an option is none")
			    if $name eq 'options' && $what eq 'release';
			like($r->{err}, qr/can't be said/, "$what: such an address is not said")
			    if $name =~ /injection|parameters|sender/ && $what =~ /release --again/;
		}
		ok(!-e "$dir/$ref" && !-e "$dir/$ref.meta", 'deleted');
		ok(!-e "$out/owned", 'no shell');
		$ref = entry($meta{$name});
		my $r = desk('expire', '--older-than', '30d');
		is("$r->{code} $r->{out}", "0 1 removed, 0 kept\n", 'expired') or diag($r->{err});
		ok(!-e "$dir/$ref" && !-e "$dir/$ref.meta", 'and gone');
	};
}
my @got = $sink->messages;
cmp_ok(scalar @got, '>', 10, 'some were sent');
unlike(join("\n", map { ($_->{mail} // '', @{$_->{rcpt} // []}) } @got), qr/evil/, 'no command of theirs');
for my $new (grep { $_->{data} =~ /^Auto-Submitted: /m } @got) {
	my ($header) = $new->{data} =~ /\A(.*?\r\n)\r\n/s;
	unlike($header, qr/^X-Injected|[^\r\n\x20-\x7e]/m, 'no field of theirs in the header of a new message');
	unlike($new->{data}, qr/^X-Injected/m, 'nor of a part');
}

# -- links, and names of files -----------------------------------------------------------------

# A file outside, which could pass for an original and for metadata; nothing of it comes out,
# and nothing is written to it.
my $secret = "Subject: secret\r\n\r\nsecret\r\n";
my %links = (
	'the original is a link' => sub { my ($ref, $away) = @_; unlink "$dir/$ref"; symlink "$away/mail", "$dir/$ref" or die },
	'the metadata are a link' => sub { my ($ref, $away) = @_; unlink "$dir/$ref.meta"; symlink "$away/meta", "$dir/$ref.meta" or die },
	'both are links' => sub { my ($ref, $away) = @_; for (['', 'mail'], ['.meta', 'meta']) { unlink "$dir/$ref$_->[0]"; symlink "$away/$_->[1]", "$dir/$ref$_->[0]" or die } },
	'the day is a link' => sub { my ($ref, $away) = @_; rename "$dir/1130", "$away/1130" or die; symlink "$away/1130", "$dir/1130" or die },
	'the original is a pipe' => sub { my ($ref) = @_; unlink "$dir/$ref"; POSIX::mkfifo("$dir/$ref", 0600) or die },
	'the metadata are a folder' => sub { my ($ref) = @_; unlink "$dir/$ref.meta"; mkdir "$dir/$ref.meta" or die },
);
for my $name (sort keys %links) {
	for my $last ('delete', 'expire') {
		subtest "$name: $last" => sub {
			my $away = subdir("away$n", 0700);
			my $ref = entry("Sender: a\nRecipient: b\@example.net\n");
			write_file("$away/mail", $secret);
			write_file("$away/meta", "Reference: $ref\nDate: x\nSize: " . length($secret) . "\nSHA-256: " . Digest::SHA::sha256_hex($secret) . "\nSender: secret\nRecipient: r\@example.net\n");
			$links{$name}->($ref, $away);
			my %before = map { $_ => read_file($_) } grep { -f } glob "$away/* $away/1130/*";
			my $sent = () = $sink->messages;
			for my $words (verbs($ref), $last eq 'delete' ? ['delete', $ref] : ['expire', '--older-than', '30d']) {
				my $r = desk(@$words);
				my $what = join ' ', grep { $_ ne $ref } @$words;
				ok(defined $r->{code} && $r->{code} < 79 && !$r->{timed_out}, "$what ends well") or diag($r->{signal});
				unlike("$r->{out}$r->{err}", qr/secret/, "$what: nothing of what it leads to");
				isnt($r->{code}, 0, "$what: refused") if $words->[0] =~ /\A(?:show|cat|release|forward|verify)\z/;
			}
			is(scalar(() = $sink->messages), $sent, 'nothing was sent');
			is_deeply({ map { $_ => read_file($_) } keys %before }, \%before, 'what is outside is as it was');
		};
	}
}

subtest 'names of files' => sub {
	my $ref = entry("Sender: a\nRecipient: b\@example.net\n");
	my @names = ('-rf', '--to', "a\nb", "\e[2J", "\x9b31m", '1.2 3.meta', "$old.1.1.meta.meta", "$old.1;touch owned", '..meta', ".\e[2J.tmp", 'n' x 250);
	write_file("$dir/1130/$_", 'x') for @names;
	write_file("$dir/" . ($_ =~ s/\A\.//r), 'x') for @names;
	mkdir "$dir/1130/$old.7.7" or die;
	for my $words (verbs($ref), ['delete', $ref], ['expire', '--older-than', '30d']) {
		my $r = desk(@$words);
		my $what = join ' ', grep { $_ ne $ref } @$words;
		ok(defined $r->{code} && $r->{code} < 79, "$what ends well");
		$r->{out} = '' if $words->[0] eq 'cat';
		unlike("$r->{out}$r->{err}", qr/[^\n\x20-\x7e]/, "$what: nothing but text") unless grep { $_ eq '--json' } @$words;
		like($r->{err}, qr/1130\/\\033\[2J: does not belong here/, 'verify tells them') if $what eq 'verify';
	}
	is(scalar(grep { -e "$dir/1130/$_" } grep { !/tmp\z/ } @names), 10, 'none of them is taken for one of ours');
	ok(!-e "$dir/$ref", 'but the one that is');
	my @strange = map { ["1130/$_"] } grep { !/\A\Q$old\E/ } @names;
	for my $verb (['show'], ['cat'], ['release', '--via', $sink->address], ['forward', '--to', 'h@example.net'], ['delete']) {
		for my $words (@strange, ['-rf'], ['--', '-rf'], ["\e[2J"], ["$dir/1130/../../x"]) {
			my $r = desk(@$verb, @$words);
			is($r->{code}, 64, "$verb->[0]: refused") or diag(explain $words);
			unlike($r->{err}, qr/[^\n\x20-\x7e]/, 'in plain text');
		}
	}
};
done_testing;
