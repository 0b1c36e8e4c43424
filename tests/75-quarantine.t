#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# spawnscan-quarantine: what is held by a real Postfix is found, shown, released bit
# for bit and not caught again. What strangers may have written into it is the business of
# tests/75-quarantine-hostile.t; what 10,000 messages cost, of bench/quarantine.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use Dkim;

plan skip_all => 'SKIPPED: needs root' if $>;
BEGIN {
	unless (grep { -x "$_/postfix" } split /:/, $ENV{PATH}) {
		diag('SKIPPED: Postfix is not installed');
		plan skip_all => 'SKIPPED: Postfix is not installed';
	}
}
use PrivatePostfix;

my $sink = Downstream->start(ehlo => ['PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8'],
    on => {RCPT => sub { my ($s, $line) = @_; return $line =~ /refused/ ? "550 5.1.1 no such user\r\n" : undef }});
my $p = PrivatePostfix->start(sink => $sink->port);

sub desk { my @words = @_; return run(cmd => ["$p->{dir}/bin/spawnscan-quarantine", '-c', $p->{conf}, @words], timeout => 60) }

# One JSON value of a line; no more grammar than these lines have.
sub value { my ($line, $key) = @_; return $line =~ /"\Q$key\E":(?:"((?:[^"\\]|\\.)*)"|([^,}\]]+))/ ? $1 // $2 : undef }

# Send, and wait until it is in quarantine with the next hop's reply; its reference.
my $sent = 0;
sub hold {
	my ($mail, %a) = @_;
	my $c = $p->client;
	like($c->deliver(mail => $mail, %a) // '', qr/\A250 /, 'Postfix takes it');
	$c->cmd('QUIT');
	my $line;
	$sent++;
	wait_for(sub { my @l = split /\n/, desk('list', '--json')->{out}; ($line) = grep { /"replies":\["/ } $l[0] // ''; $line && @l == $sent }, 60)
	    or diag($p->maillog, $p->filter_log_text);
	return value($line, 'reference');
}

# Messages at the sink, whose number grows to n.
sub at_sink { my ($n) = @_; wait_for(sub { (() = $sink->messages) >= $n }, 60); return $sink->messages }

# What the sink got, without the Received fields that Postfix puts on top.
sub without_received { my ($mail) = @_; $mail =~ s/\AReceived: [^\n]*\n(?:[ \t][^\n]*\n)*// or return; return $mail }

# -- hold, list, show, release ------------------------------------------------------

my $text = part('Content-Type: text/plain; charset=us-ascii', "A text before it.\n");
my $mail = dkim_sign(crlf(mail(id => 'held', subject => 'An invoice', parts => [$text, attachment('v.txt', eicar()), attachment('a.bin', noise(3000))])));
my $ref;

subtest 'held' => sub {
	$ref = hold($mail, from => 'alice@example.org', to => ['bob@example.net', 'carol@example.net']);
	like($ref // '', qr{\A\d{4}/\d+\.}, 'it has a reference');
	my $r = desk('list');
	is($r->{code}, 0, 'list') or diag($r->{err});
	like($r->{out}, qr/^REFERENCE .*\n\Q$ref\E +\d{4}-\d\d-\d\d \d\d:\d\d infected .*alice\@example\.org +bob\@example\.net \+1 .*Eicar-Test-Signature/, 'the table');
	my $j = desk('list', '--json')->{out};
	is(value($j, 'from'), 'alice@example.org', 'JSON: from');
	is(value($j, 'size'), length read_file("$p->{quarantine}/$ref"), 'size');
	is(value($j, 'next_hop'), "127.0.0.1:$p->{back_port}", 'the next hop');
	like($j, qr/"to":\["bob\@example\.net","carol\@example\.net"\]/, 'recipients');
	for my $yes (['--from', 'alice'], ['--from', '*@EXAMPLE.org'], ['--to', 'carol@'], ['--class', 'infected'], ['--name', 'v.txt'],
	    ['--name', 'eicar'], ['--since', '1h'], ['--since', '2020-01-01'], ['--limit', 1]) {
		like(desk('list', @$yes)->{out}, qr/\Q$ref\E/, "list @$yes");
	}
	for my $no (['--from', 'bob'], ['--from', 'alice*m'], ['--to', 'dave'], ['--class', 'blocked'], ['--name', 'w.txt'], ['--since', '2036-01-01']) {
		is(desk('list', @$no)->{out}, '', "not list @$no");
	}
};

subtest 'by somebody who may not' => sub {
	my $r = run(cmd => ['setpriv', '--reuid=daemon', '--clear-groups', "$p->{dir}/bin/spawnscan-quarantine", '-c', $p->{conf}, 'list']);
	is($r->{code}, 77, 'an empty list would be a lie');
	like($r->{err}, qr/\Aspawnscan-quarantine: \d{4}: Permission denied\n\z/, 'which is said');
};

subtest 'shown' => sub {
	my $r = desk('show', $ref);
	is($r->{code}, 0, 'show') or diag($r->{err});
	like($r->{out}, qr/^Sender: +alice\@example\.org\nRecipient: +bob\@example\.net\nRecipient: +carol\@/m, 'envelope');
	like($r->{out}, qr/^Finding: +part 2: infected, Eicar-Test-Signature\S* -> remove, name v\.txt$/m, 'finding');
	like($r->{out}, qr/^  Subject: An invoice$/m, 'header');
	like($r->{out}, qr/^    2  application\/octet-stream /m, 'tree of parts');
	unlike(desk('show', '--brief', $ref)->{out}, qr/Inspected/, 'or not');
	same_bytes(desk('cat', $ref)->{out}, read_file("$p->{quarantine}/$ref"), 'cat: byte for byte');
	same_bytes(without_received(desk('cat', $ref)->{out}), $mail, 'which is what was sent');
	is(desk('cat', '--part', 2, $ref)->{out}, eicar(), 'cat --part: one attachment, decoded');
	is(desk('cat', '--part', 3, $ref)->{out}, noise(3000), 'another one');
	$r = desk('cat', '--part', 9, $ref);
	is("$r->{code} $r->{out}", '65 ', 'no such part');
};

subtest 'released' => sub {
	my $before = () = $sink->messages;
	my $log = length $p->filter_log_text;
	my $r = desk('release', $ref);
	is($r->{code}, 0, 'release') or diag($r->{err}, $p->maillog);
	like($r->{out}, qr/\A\Q$ref\E: released to 2 recipients: 250 2\.0\.0 Ok: queued as \w+\n\z/, 'says so');
	my @m = at_sink($before + 1);
	my $m = $m[-1];
	same_bytes(without_received($m->{data}), read_file("$p->{quarantine}/$ref"), 'delivered bit for bit');
	like($m->{mail} // '', qr/FROM:<alice\@example\.org>/, 'its own sender');
	is(join(' ', sort map { /<(.*?)>/ } @{$m->{rcpt} // []}), 'bob@example.net carol@example.net', 'its own recipients');
	SKIP: {
		loud_skip('python3-dkim is not installed', 2) unless dkim_there();
		ok(dkim_verifies($m->{data}), 'its DKIM signature verifies');
		ok(!dkim_verifies($m->{data} =~ s/text before/test before/r), 'which can fail');
	}
	is(scalar(split /\n/, desk('list', '--json')->{out}), $sent, 'it was not caught again');
	my $new = substr $p->filter_log_text, $log;
	like($new, qr/event=release quarantine=\Q$ref\E by=root via=127\.0\.0\.1:\d+ to=bob\@example\.net,carol\@example\.net count=2 outcome=delivered reply="250 /, 'the log has who, where and the reply');
	unlike($new, qr/event=message/, 'and no filter saw it');
	my $meta = read_file("$p->{quarantine}/$ref.meta");
	like($meta, qr/^Release-Begun: \S+ by root via .*\nReleased: \d{4}-\S+Z by root via 127\S+ to <bob\@example\.net> <carol\@example\.net>: 250 2\.0\.0 Ok: queued as \w+$/m, 'so have the metadata');
};

subtest 'not twice by accident' => sub {
	my $before = () = $sink->messages;
	my $r = desk('release', $ref);
	is($r->{code}, 69, 'refused');
	like($r->{err}, qr/was released before; --again/, 'and says why');
	like(desk('list')->{out}, qr/\[released\]/, 'list marks it');
	# A release that was cut off in the middle.
	my $other = hold(crlf(mail(id => 'cut', parts => [$text, attachment('w.txt', eicar())])));
	at_sink($before += 1);
	open my $fh, '>>', "$p->{quarantine}/$other.meta" or die;
	print $fh "Release-Begun: 2026-01-01T00:00:00Z by root via x to <y>\n";
	close $fh;
	$r = desk('release', $other);
	is($r->{code}, 69, 'nor when nobody knows what became of the first');
	like($r->{err}, qr/nobody knows/, 'which it says');
	is(scalar(() = $sink->messages), $before, 'nothing was sent');
	is(desk('release', '--again', '--to', 'dave@example.net', $other)->{code}, 0, '--again');
	my @m = at_sink($before + 1);
	is(join(' ', map { /<(.*?)>/ } @{$m[-1]{rcpt} // []}), 'dave@example.net', '--to');
};

subtest 'a next hop that does not take it' => sub {
	my $r1 = hold(crlf(mail(id => 'down', parts => [$text, attachment('w.txt', eicar())])));
	my $before = () = $sink->messages;
	my $r = desk('release', '--via', '127.0.0.1:1', $r1);
	is($r->{code}, 75, 'not there: 75');
	like($r->{err}, qr/can't be reached/, 'says so');
	like(read_file("$p->{quarantine}/$r1.meta"), qr/^Release-Failed: .*reached/m, 'in the metadata too');
	my $deaf = Downstream->start(on => {RCPT => "550 5.1.1 no\r\n"});
	$r = desk('release', '--via', $deaf->address, $r1);
	is($r->{code}, 69, 'refused: 69') or diag($r->{err});
	like($r->{err}, qr/550 5\.1\.1 no/, 'with its words');
	is(scalar(() = $deaf->messages), 0, 'nobody got it');
	my $silent = Downstream->start(on => {DOT => sub { $_[0]->close; return '' }});
	$r = desk('release', '--via', $silent->address, $r1);
	is($r->{code}, 75, 'lost at the end: 75');
	like($r->{err}, qr/nobody knows/, 'it may have been taken');
	is(desk('release', $r1)->{code}, 69, 'so it is not sent again by itself');
	is(desk('release', '--again', $r1)->{code}, 0, 'a refusal is no release, --again is one');
	my $lmtp = Downstream->start(lmtp => 1);
	$r = desk('release', '--again', '--via', $lmtp->address, $r1);
	is($r->{code}, 0, 'by LMTP') or diag($r->{err});
	is(scalar(() = $lmtp->messages), 1, 'taken');
	$lmtp = Downstream->start(lmtp => 1, on => {DOT => sub { $_[1] =~ /carol/ ? "550 5.2.1 full\r\n" : undef }});
	$r = desk('release', '--again', '--via', $lmtp->address, '--to', 'bob@example.net', '--to', 'carol@example.net', $r1);
	is($r->{code}, 75, 'by LMTP, not for all');
	like($r->{err}, qr/refused for 1 of 2 recipients: 550 5\.2\.1 full/, 'which is said');
	my $out = subdir('sendmail', 0777);
	my $program = write_file("$out/sendmail", "#!/bin/sh\nprintf '%s\\n' \"\$@\" > $out/args\ncat > $out/mail\n", 0755);
	$r = desk('release', '-o', "sendmail_path=$program", '--again', '--via', 'sendmail', $r1);
	is($r->{code}, 0, 'by sendmail') or diag($r->{err});
	is(read_file("$out/args"), "-G\n-i\n-f\nalice\@example.org\n--\nbob\@example.net\n", 'its arguments');
	same_bytes(read_file("$out/mail"), desk('cat', $r1)->{out}, 'and all of the message');
};

subtest 'forwarded' => sub {
	my $before = () = $sink->messages;
	my $r = desk('forward', '--to', 'help@example.net', $ref);
	is($r->{code}, 0, 'forward') or diag($r->{err});
	my @m = at_sink($before + 1);
	my $m = $m[-1];
	like($m->{mail}, qr/FROM:<>/, 'from the null sender');
	like($m->{data}, qr/^Auto-Submitted: auto-generated\r$/m, 'marked as such');
	my ($body) = $m->{data} =~ /filename="message\.eml\.defanged"\r\nContent-Transfer-Encoding: base64\r\n\r\n(.*?)\r\n--=_/s;
	same_bytes(MIME::Base64::decode_base64($body // ''), read_file("$p->{quarantine}/$ref"), 'with the original in an inert attachment');
	$r = desk('release', '--part', 3, '--to', 'help@example.net', $ref);
	is($r->{code}, 0, 'release --part') or diag($r->{err});
	@m = at_sink($before + 2);
	($body) = $m[-1]{data} =~ /filename="a\.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n(.*?)\r\n--=_/s;
	same_bytes(MIME::Base64::decode_base64($body // ''), noise(3000), 'the attachment alone, under its name');
	is(desk('forward', $ref)->{code}, 64, 'forward wants to know whom to');
};

# -- order -----------------------------------------------------------------------------

subtest 'verify' => sub {
	my $r = desk('verify');
	is("$r->{code} $r->{err}", '0 ', 'all is in order') or diag($r->{out});
	my ($day) = $ref =~ m{\A(\d{4})/};
	my $victim = hold(crlf(mail(id => 'verify', parts => [$text, attachment('w.txt', eicar())])));
	my $path = "$p->{quarantine}/$victim";
	my $bytes = read_file($path);
	substr $bytes, -20, 1, '#';
	write_file($path, $bytes);
	write_file("$p->{quarantine}/$day/.1.2.tmp", 'x');
	write_file("$p->{quarantine}/$day/3.4", 'half');
	write_file("$p->{quarantine}/$day/5.6.meta", 'half');
	write_file("$p->{quarantine}/$day/what is this", '');
	symlink '/etc/passwd', "$p->{quarantine}/$day/7.8" or die;
	symlink '/etc', "$p->{quarantine}/0101" or die;
	system('chown', '-hR', $p->{user}, "$p->{quarantine}/$day");
	$r = desk('verify');
	is($r->{code}, 65, '65 if not');
	like($r->{err}, $_, "told: $_") for qr{\Q$victim\E: is not what was kept}, qr{/\.1\.2\.tmp: temporary}, qr{/3\.4: has no metadata},
	    qr{/5\.6\.meta: metadata without}, qr{/what is this: does not belong}, qr{/7\.8: does not belong}, qr{^spawnscan-quarantine: 0101: does not belong}m;
	is(() = $r->{err} =~ /^/mg, 7, 'and nothing else') or diag($r->{err});
	is(desk('release', $victim)->{code}, 65, 'a mangled one is not released');
	$r = desk('cat', "$day/7.8");
	is("$r->{code} $r->{out}", '66 ', 'a link is not followed');
	my $secret = write_file(subdir('secret', 0755) . '/file', "secret\n", 0644);
	unlink "$p->{quarantine}/$day/7.8";
	symlink $secret, "$p->{quarantine}/$day/7.8" or die;
	write_file("$p->{quarantine}/$day/7.8.meta", "Reference: $day/7.8\nSize: 7\nSHA-256: " . (run(cmd => ['sha256sum', $secret])->{out} =~ s/ .*//sr) . "\nSender: a\nRecipient: b\n");
	for (['cat'], ['show', '--brief'], ['release', '--via', "127.0.0.1:$p->{back_port}"]) {
		$r = desk(@$_, "$day/7.8");
		ok($r->{code} != 0 && $r->{out} eq '', "nor with metadata beside it that fit: $_->[0]");
	}
	is(desk('delete', "$day/7.8")->{code}, 0, 'it can be deleted');
	ok(-e $secret, 'alone');
	is(desk('delete', $victim)->{code}, 0, 'delete');
	ok(!-e $path && !-e "$path.meta", 'both are gone');
	is(desk('delete', $victim)->{code}, 66, 'once');
	like($p->filter_log_text, qr/event=quarantine-deleted quarantine=\Q$victim\E by=root/, 'in the log');
	is(desk('expire', '--older-than', '3650d')->{code}, 0, 'expire');
	ok(!-e "$p->{quarantine}/$day/$_", "$_ went with it") for '.1.2.tmp', '3.4', '5.6.meta';
	ok(-e "$p->{quarantine}/$day/what is this", 'what is not ours is left');
	unlink "$p->{quarantine}/$day/what is this", "$p->{quarantine}/0101";
	$r = desk('verify');
	is("$r->{code} $r->{err}", '0 ', 'all is in order again');
};

# -- options and names ---------------------------------------------------------------------

subtest 'words that make no sense' => sub {
	for (['64', 'release'], ['64', 'list', $ref], ['64', 'expire'], ['64', 'nonsense'], ['64'], ['64', '--nonsense', 'list'],
	    ['64', 'list', '--via', 'sendmail'], ['64', 'release', '--via', 'not a hop', $ref], ['64', 'list', '--since', 'yesterday'],
	    ['64', 'expire', '--older-than', '2026-01-01'], ['64', 'list', '--limit', 'x'],
	    ['64', 'show', '../../etc/passwd'], ['64', 'show', '/etc/passwd'], ['64', 'cat', '1130/../x'], ['64', 'cat', '1130/..'], ['64', 'cat', ''],
	    ['64', 'delete', '1130/.x.tmp'], ['64', 'cat', '1130/1.2.meta'], ['64', 'delete', '--', '-rf'], ['64', 'show', "1130/1.2\n"],
	    ['64', 'show', '1130/' . ('1' x 100_000)], ['66', 'show', '1130/1.2']) {
		my ($code, @words) = @$_;
		my $r = desk(@words);
		is($r->{code}, $code, substr "@words: $code", 0, 70);
		like($r->{err}, qr/\A[\x20-\x7e]+\n\z/, 'one sentence');
		is($r->{out}, '', 'nothing else');
	}
	is(desk('show', '--brief', "$p->{quarantine}/$ref")->{code}, 0, 'a path will do');
};

# -- ten thousand ---------------------------------------------------------------------------

subtest 'ten thousand messages' => sub {
	my $dir = subdir('many', 0700);
	my $now = time;
	for my $i (1 .. 10_000) {
		my $when = $now - ($i > 5000 ? 40 * 86400 : 10 * 86400) - $i;
		my $day = sprintf '%04d', 101 + $i % 5;
		mkdir "$dir/$day", 0700;
		write_file("$dir/$day/$when.$i", "Subject: $i\n\nx\n");
		write_file("$dir/$day/$when.$i.meta", "Reference: $day/$when.$i\nDate: x\nMode: smtp\nSender: s$i\@example.org\nRecipient: r$i\@example.net\nSize: 12\nVerdict: infected\nAction: remove\nFinding: infected remove \"2\" \"Some-Signature\" \"name$i.exe\"\nReply: 250 2.0.0 Ok: queued as X$i\n");
	}
	my @o = ('-o', "quarantine_dir=$dir");
	my $r = desk(@o, 'list');
	is(scalar(split /\n/, $r->{out}), 10_001, 'list has all');
	my ($first) = $r->{out} =~ /\n(\S+)/;
	like($first, qr{/@{[$now - 10 * 86400 - 1]}\.1$}, 'newest first');
	# A filter at work beside it.
	my $conf = conf_file(quarantine_dir => $dir, quarantine => 'all');
	my $pid = fork // die;
	if ($pid == 0) {
		Harness::become_child();
		for (1 .. 30) { run(in => "Subject: new\n\nx\n", cmd => [spawnscan_cmd('-c', $conf)]) }
		POSIX::_exit(0);
	}
	$r = desk(@o, 'expire', '-n', '--older-than', '30d');
	like($r->{out}, qr/^would be 5000 removed, /m, 'a dry run');
	is(scalar(() = glob("$dir/010?/*.meta")), 10_000, 'which removes nothing');
	$r = desk(@o, 'expire', '--older-than', '30d');
	is($r->{code}, 0, 'expire') or diag($r->{err});
	like($r->{out}, qr/\A5000 removed, /, 'the old ones');
	waitpid $pid, 0;
	my @left = map { s/.* //r } grep { /^Reference: / } map { lines_of($_) } glob "$dir/*/*.meta";
	my @old = grep { m{/(\d+)} && $1 < $now - 30 * 86400 } @left;
	is(scalar @old, 0, 'none of them is left');
	is(scalar(grep { m{/(\d+)} && $1 < $now - 86400 } @left), 5000, 'no younger one is gone');
	is(scalar(grep { m{/(\d+)} && $1 >= $now - 86400 } @left), 30, 'nor one of the filter');
	$r = desk(@o, 'expire', '--max-size', '100K');
	is($r->{code}, 0, 'expire --max-size') or diag($r->{err});
	my $size = 0;
	$size += -s for glob "$dir/*/*";
	cmp_ok($size, '<=', 100 << 10, "$size bytes are left");
	cmp_ok($size, '>', 95 << 10, 'as many as may be');
	is(scalar(grep { m{/(\d+)} && $1 >= $now - 86400 } map { s/.* //r } grep { /^Reference: / } map { lines_of($_) } glob "$dir/*/*.meta"), 30, 'the newest');
};
done_testing;
