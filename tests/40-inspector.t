#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The wall: whatever the inspector does, the front keeps the mail, says what
# happened, applies the "error" action and goes on with the next message.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use Compress::Zlib ();
use MIME::Base64 ();

my $mail = mail(parts => [part('Content-Type: text/plain; charset=utf-8', "a text with \xe4\xf6\xfc and NUL \0\n"),
    attachment('a.bin', noise(5000))]);
my $wire = crlf($mail);
my $next = crlf(mail(id => 'next'));

my $plan = tmpdir() . '/plan';
$ENV{EVIL_PLAN} = $plan;
$ENV{EVIL_REAL} = "$BUILD/spawnscan-inspect";
my $evil = "$SRC/tests/evil-inspector";

sub evil { my ($mode, $bytes) = @_; unlink $plan; write_file($plan, "$mode " . length $bytes) }
sub nobody_is_left { my ($sid) = @_; return wait_for(sub { !session_members($sid) }, 10) }

# mode => what the log must say. inspect_timeout is short for the last ones only.
my $unsound = qr/report is not sound/;
my %modes = (
	'exit-at-once' => qr/ended with code 1|hung up/,
	'killed-at-once' => qr/killed by signal 9/,
	'exit' => qr/ended with code 1/,
	'silent' => qr/ended with code 0|hung up/,
	'kill' => qr/killed by signal 9/,
	'segv' => qr/killed by signal 11/,
	'abort' => qr/killed by signal 6/,
	'hang-up' => qr/hung up/,
	'endless' => $unsound,
	'length-ffffffff' => qr/too long/,
	'length-too-big' => qr/too long/,
	'length-zero' => $unsound,
	'half-a-length' => qr/before it had reported/,
	'cut-off' => qr/before it had reported/,
	'garbage' => qr/$unsound|too long/,
	'smtp' => qr/too long|$unsound/,
	'magic' => qr/another version of the protocol/,
	'magic-none' => qr/$unsound.*begin/,
	'tail' => qr/$unsound.*follow/,
	'size-more' => qr/$unsound.*size/,
	'size-less' => qr/$unsound.*size/,
	'size-zero' => qr/$unsound.*size/,
	'not-scanned' => qr/$unsound.*scanned/,
	'litter' => qr/killed by signal 9/,
	(map { $_ => qr/$unsound.*action/ } qw(discard-nothing reject-nothing wrap-nothing remove-nothing discard-infected reject-encrypted pass-infected
	    tag-blocked pass-and-empty pass-and-rewrite pass-and-shorten pass-and-insert pass-and-mark pass-and-mark-twice pass-and-mark-late
	    tag-and-empty)),
	'pass-unmarked' => qr/$unsound.*without a mark/,
	map { $_ => $unsound } qw(no-such-fault no-such-action no-such-class weaker-action findings-ffffffff edits-ffffffff notes-ffffffff
	    edits-short string-unprintable string-too-long explanation-unprintable explanation-8-bit explanation-too-long edits-overlap edits-unordered edit-behind-the-end
	    edit-over-the-end edit-overflow edit-overflow-length text-8-bit text-nul text-bare-cr text-escape
	    text-bare-lf text-smuggle),
);
my %slow = map { $_ => qr/took too long|did not take/ } qw(hang hang-at-once hang-deaf stopped trickle cut-off-and-hang);
# How long these may take where a sound inspector has to do with the same setting: ten
# times what it has just taken, for this machine may be slow and busy.
sub patience { return int(10 * spawnscan(in => $mail, conf => {inspector => $evil})->{ms} / 1000) + 2 . 's' }
# A bare LF is right in a mail with LF, so that mode is evil in SMTP only.
my %smtp_only = map { $_ => 1 } qw(text-bare-lf text-smuggle);

# The message inside a mail that the front made by itself.
sub unwrapped {
	my ($out) = @_;
	my ($name) = $out =~ /\n(?:[^\n]*\n)*?Content-Disposition: attachment; filename="message\.eml\.defanged"/ or return undef;
	my ($body) = $out =~ /filename="message\.eml\.defanged"\r?\n(?:[^\r\n]+\r?\n)*\r?\n([A-Za-z0-9+\/=\r\n]*?)(?<=\n)--/ or return undef;
	return MIME::Base64::decode_base64($body);
}

# -- control: the stand-in speaks the language ------------------------------------

# Without marks of our own a forged one does not stay either.
{
	my $r = spawnscan(in => "x-spawnscan-result: clean\n$mail", conf => {header => 'no'});
	same_bytes($r->{out}, $mail, 'header=no: a forged result is struck');
	$r = spawnscan(in => $mail, conf => {header => 'no'});
	same_bytes($r->{out}, $mail, 'header=no: and nothing else changes');
}
# A forged result may go, and whatever else there is may go with a part.
{
	my $forged = "X-Spawnscan-Result: clean\n" . $mail;
	evil('tag', $forged);
	my $r = spawnscan(in => $forged, conf => {inspector => $evil});
	is($r->{code}, 0, 'tag: accepted') or diag($r->{log});
	evil('remove', $mail);
	$r = spawnscan(in => $mail, conf => {inspector => $evil});
	same_bytes($r->{out}, "X-Evil: yes\n$mail", 'remove: any edit is made');
	is(scalar(my @kept = grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*"), 1, 'and the original is kept');
}
# Words of the administrator's may be put in; to take something out is more than that.
{
	my %conf = (inspector => $evil, disclaimer => 'words');
	evil('pass-and-insert', $mail);
	is(spawnscan(in => $mail, conf => {%conf})->{code}, 0, 'disclaimer: something is put in');
	for my $mode (qw(pass-and-empty pass-and-shorten tag-and-empty pass-and-mark pass-and-mark-twice pass-and-stamp-much)) {
		evil($mode, $mail);
		my $r = spawnscan(in => $mail, conf => {%conf});
		is($r->{code}, 75, "disclaimer, $mode: deferred");
		like($r->{log}, qr/report is not sound/, "disclaimer, $mode: said");
	}
}
for my $mode ('sound', 'sound-and-hang', 'sound-in-drops') {
	evil($mode, $wire);
	my $r = spawnscan(in => $wire, conf => {inspector => $evil});
	is($r->{code}, 0, "$mode: accepted") or diag($r->{log});
	same_bytes($r->{out}, "X-Spawnscan-Result: clean\nX-Antivirus: Scanned by spawnscan 9 (ClamAV 1.4.6/1)\n$wire", "$mode: its edit is made");
	ok(nobody_is_left($r->{sid}), "$mode: no process is left");
	is_deeply([scratch_left()], [], "$mode: no scratch directory");
}
{
	my $r = spawnscan(in => $mail, conf => {inspector => $evil});
	is($r->{code}, 0, 'without a plan the real inspector works');
	same_bytes((split_marks($r->{out}))[0], $mail, 'and works well');
}

# -- one-shot ------------------------------------------------------------------------

for my $mode (sort(keys %modes), sort keys %slow) {
	next if $smtp_only{$mode};
	subtest "one-shot: $mode" => sub {
		evil($mode, $mail);
		my $begin = now();
		my $r = spawnscan(in => $mail, conf => {inspector => $evil, $slow{$mode} ? (inspect_timeout => '1s') : ()});
		is($r->{code}, 75, 'exit code 75');
		is($r->{out}, '', 'nothing on stdout');
		like($r->{log}, $modes{$mode} // $slow{$mode}, 'the log says what happened');
		my $rec = last_record($r->{log});
		is($rec->{verdict}, 'error', 'verdict: error');
		ok(!-e $plan, 'the stand-in ran') if $mode !~ /hang-at-once/;
		cmp_ok(now() - $begin, '<', secs(15), 'in good time');
		ok(nobody_is_left($r->{sid}), 'no process is left');
		is_deeply([scratch_left()], [], 'no scratch directory is left');
		is_deeply([grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*"], [], 'nothing is kept of what comes again');
	};
}

# -- SMTP ---------------------------------------------------------------------------

my $d = Downstream->start;
sub smtp_case {
	my ($mode, %a) = @_;
	my $c = SmtpClient->filter(to => $d->address, conf => {inspector => $evil,
	    $slow{$mode} ? (inspect_timeout => patience()) : (), error => $a{error} // 'tempfail'});
	$c->hello;
	evil($mode, $wire);
	my $before = () = $d->messages;
	my $r = $c->deliver(mail => $wire);
	if (($a{error} // 'tempfail') eq 'tempfail') {
		like($r // '', qr/\A451 4\.3\.0 [^\n]*\r\n\z/, '451 4.3.0');
	} elsif ($a{error} eq 'reject') {
		like($r // '', qr/\A5\d\d 5\.\d\.\d [^\n]*\r\n\z/, 'refused');
	} else {
		like($r // '', qr/\A250 2\.0\.0 Ok: queued/, 'delivered');
	}
	my @now = $d->messages;
	is(scalar @now, $before + ($a{error} && $a{error} eq 'wrap' ? 1 : 0), 'messages downstream');
	if (($a{error} // '') eq 'wrap') {
		my $out = $now[-1]{data};
		same_bytes(unwrapped($out), $wire, 'the attachment is the original');
		unlike($out, qr/(?<!\r)\n|\r(?!\n)|[^\r\n\t\x20-\x7e]/, 'the wrapping is 7-bit CRLF text');
		unlike($out, qr/^Subject: a mail/m, 'nothing of the original in the open');
	}
	my @kept = $c->quarantined;
	is(scalar @kept, $a{error} && $a{error} ne 'tempfail' ? 1 : 0, 'in quarantine');
	same_bytes(read_file($kept[0]), $wire, 'exactly') if @kept;
	like($c->log, $modes{$mode} // $slow{$mode}, 'the log says what happened') or diag($c->log);
	$r = $c->deliver(mail => $next);
	like($r // '', qr/\A250 /, 'the next message on the same connection goes');
	@now = $d->messages;
	same_bytes((split_marks($now[-1]{data}))[0], $next, 'as it was');
	is($c->quit, 0, 'QUIT');
	ok($c->only_replies, 'nothing but replies');
	ok(nobody_is_left($c->{pid}), 'no process is left');
	is_deeply([scratch_left()], [], 'no scratch directory is left');
}
for my $mode (sort(keys %modes), sort keys %slow) {
	subtest "SMTP: $mode" => sub { smtp_case($mode) };
}
for my $mode ('kill', 'hang', 'garbage', 'edits-overlap', 'exit-at-once') {
	subtest "SMTP, error=$_: $mode" => sub { smtp_case($mode, error => $_) } for 'reject', 'wrap';
}

# -- one-shot, error=reject and error=wrap ---------------------------------------------

for my $mode ('segv', 'hang', 'magic') {
	# It must have begun by then.
	my %conf = (inspector => $evil, inspect_timeout => '3s');
	evil($mode, $mail);
	my $r = spawnscan(in => $mail, conf => {%conf, error => 'reject'});
	is($r->{code}, 69, "$mode, error=reject: 69");
	is($r->{out}, '', "$mode, error=reject: nothing on stdout");
	for (['LF', $mail], ['CRLF', $wire], ['mbox', "From alice\@example.org Thu Jan  1 00:00:00 2026\n$mail"], ['empty', ''],
	    ['no final line end', $mail . 'x'], ['every byte', join('', map chr, 0 .. 255)]) {
		my ($name, $in) = @$_;
		evil($mode, $in);
		$r = spawnscan(in => $in, conf => {%conf, error => 'wrap'});
		is($r->{code}, 0, "$mode, error=wrap, $name: delivered");
		like($r->{out}, qr/^X-Spawnscan-Result: error action=wrap part=0 reason="[^"\r\n]+"\r?$/m, "$mode, error=wrap, $name: the result header");
		my ($inner) = unwrapped($r->{out});
		same_bytes($inner, $in, "$mode, error=wrap, $name: the attachment is the original");
		like($r->{out}, qr/\AFrom alice[^\n]*\nX-Spawnscan-Result: error action=wrap part=0 reason="[ -~]+"\nReceived: from here\.example [^\n]*\nFrom: /, "$mode, error=wrap: the mbox line is in front") if $name eq 'mbox';
		my @kept = grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*";
		is(scalar @kept, 1, "$mode, error=wrap, $name: in quarantine");
		same_bytes(read_file($kept[0]), $in, "$mode, error=wrap, $name: exactly") if @kept;
		if ($name eq 'CRLF') { unlike($r->{out}, qr/(?<!\r)\n/, "$mode, error=wrap: CRLF throughout") }
		elsif ($name eq 'LF') { unlike($r->{out}, qr/\r/, "$mode, error=wrap: LF throughout") }
	}
}

# -- an inspector that isn't one, and a real one that can't work -------------------------

write_file(tmpdir() . '/not-executable', "#!/bin/sh\n", 0644);
write_file(tmpdir() . '/not-a-program', "\x7fELF nonsense", 0755);
mkdir tmpdir() . '/empty';
mkdir tmpdir() . '/broken';
write_file(tmpdir() . '/broken/x.ndb', "this is no signature\n");
mkdir tmpdir() . '/half';
write_file(tmpdir() . '/half/a.ndb', eicar_signature());
write_file(tmpdir() . '/half/b.cvd', "ClamAV-VDB: broken\n" . "\0" x 600);
my @cases = (
	['inspector does not exist', {inspector => tmpdir() . '/none'}, qr/could not be started/],
	['inspector is not executable', {inspector => tmpdir() . '/not-executable'}, qr/could not be started/],
	['inspector is not a program', {inspector => tmpdir() . '/not-a-program'}, qr/could not be started/],
	['inspector is a directory', {inspector => tmpdir()}, qr/could not be started/],
	['inspector is /bin/true', {inspector => '/bin/true'}, qr/ended with code 0|hung up|did not take/],
	['inspector is /bin/cat', {inspector => '/bin/cat', inspect_timeout => '2s'}, qr/inspector/],
	['database does not exist', {database => tmpdir() . '/none'}, qr{/none}],
	['database is empty', {database => tmpdir() . '/empty'}, qr{/empty}],
	['database is broken', {database => tmpdir() . '/broken'}, qr{/broken}],
	['one database of two is broken', {database => tmpdir() . '/half'}, qr{/half}],
	['scratch directory does not exist', {scratch_dir => tmpdir() . '/none'}, qr{/none}],
	['scratch directory cannot be written', {scratch_dir => '/proc'}, qr{/proc}],
	['too little memory', {memory_limit => '16M'}, qr/inspector|memory/],
);
for (@cases) {
	my ($name, $conf, $log) = @$_;
	SKIP: {
		loud_skip("$name: this build needs memory_limit=0", 1)
		    if $conf->{memory_limit} && ($ENV{SPAWNSCAN_NO_MEMORY_LIMIT} || Harness::sanitized());
		subtest $name => sub {
			my $r = spawnscan(in => $mail, conf => $conf);
			is($r->{code}, 75, 'one-shot: 75');
			is($r->{out}, '', 'nothing on stdout');
			like($r->{log}, $log, 'the log says why') or diag($r->{log});
			is(last_record($r->{log})->{verdict}, 'error', 'verdict: error');
			is_deeply([scratch_left()], [], 'no scratch directory is left');
			ok(nobody_is_left($r->{sid}), 'no process is left');
			my $c = SmtpClient->filter(to => $d->address, conf => $conf);
			$c->hello;
			for (1, 2) {
				like($c->deliver(mail => $wire) // '', qr/\A451 4\.3\.0 /, "SMTP, message $_: 451 4.3.0");
			}
			is($c->quit, 0, 'QUIT');
		};
	}
}

# -- the front dies -------------------------------------------------------------------------

{
	my $c = SmtpClient->filter(to => $d->address, conf => {inspector => $evil, inspect_timeout => '60s'});
	$c->hello;
	evil('hang-deaf', $wire);
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<a@b>');
	$c->cmd('DATA');
	$c->send(SmtpClient::stuffed($wire));
	ok(wait_for(sub { !-e $plan && session_members($c->{pid}) > 1 }), 'an inspector hangs');
	kill 'KILL', $c->{pid};
	is($c->exit_code, 'signal 9', 'the front is killed');
	ok(nobody_is_left($c->{pid}), 'its inspector goes with it');
	my @left = scratch_left();
	is(scalar @left, 1, 'the private directory is left');
	my $r = spawnscan(in => $mail);
	is($r->{code}, 0, 'the next message');
	is_deeply([scratch_left()], [], 'sweeps it away');
}
{
	# A client that goes away doesn't leave an inspector either.
	my $c = SmtpClient->filter(to => $d->address, conf => {inspector => $evil, inspect_timeout => '3s'});
	$c->hello;
	evil('hang', $wire);
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<a@b>');
	$c->cmd('DATA');
	$c->send(SmtpClient::stuffed($wire));
	ok(wait_for(sub { !-e $plan }), 'an inspector hangs');
	$c->hang_up;
	ok(defined $c->exit_code, 'the front ends after the deadline');
	ok(nobody_is_left($c->{pid}), 'no process is left');
	is_deeply([scratch_left()], [], 'no scratch directory is left');
}

# -- what the scanner complains about -----------------------------------------------------------

# It is a finding about the attachment it is in, not a failure that comes back for ever.
{
	my $xz = "\xfd7zXZ\0\0\4\xe6\xd6\xb4\x46" . "\2\0\x21\1\x16\0\0\0\x74\x2f\xe5\xa3" . "\xff" x 200;
	for (['six bytes of an .xz', substr $xz, 0, 6], ['a stream header', substr $xz, 0, 12], ['a broken .xz', $xz],
	    ['EGGA', "EGGAs are on the menu today, and more of them.\x01\n"], ['ZWS', "ZWS, our club, meets on Monday\x01\n"]) {
		my ($name, $bytes) = @$_;
		my $odd = mail(parts => [part('Content-Type: text/plain', "hello\n"), attachment('a.bin', $bytes)]);
		my $r = spawnscan(in => $odd);
		is($r->{code}, 0, "$name: delivered") or diag($r->{log});
		is(last_record($r->{log})->{verdict}, 'unopened', "$name: class unopened");
		like($r->{out}, qr/^X-Spawnscan-Result: (?:.*\n\s+)*?unopened action=\w+ part=2 reason="not opened to its end: /m, "$name: of its part");
	}
	my $r = spawnscan(in => mail(parts => [attachment('a.xz', $xz), attachment('b.bin', eicar())]));
	is(last_record($r->{log})->{verdict}, 'infected', 'beside one that is infected');
	like($r->{log}, qr/1:unopened:[^;"]*;? ?2:infected/, 'both are found');
}

# -- more files than an inspection can need ------------------------------------------------------

{
	evil('hoard', $mail);
	my $begin = now();
	my $r = spawnscan(in => $mail, conf => {inspector => $evil, scan_size_limit => '1M', message_size_limit => '18M'});
	is($r->{code}, 75, 'many files in the private directory: 75');
	like($r->{log}, qr/has filled its scratch directory/, 'the log says why');
	cmp_ok(now() - $begin, '<', secs(20), 'in good time');
	ok(nobody_is_left($r->{sid}), 'no process is left');
	is_deeply([scratch_left()], [], 'no scratch directory is left');
}

# -- time that runs out ---------------------------------------------------------------------------

# Before the front gives up there is a verdict, so that it does not come back for ever.
{
	my $packed = Compress::Zlib::memGzip("\0" x 95_000_000);
	my $r = spawnscan(in => mail(parts => [map { attachment("$_.gz", $packed . $_) } 1 .. 40]), conf => {inspect_timeout => '16s'});
	is($r->{code}, 0, 'more to unpack than there is time for: delivered') or diag($r->{log});
	is(last_record($r->{log})->{verdict}, 'limit', 'class limit');
	cmp_ok(last_record($r->{log})->{inspect_ms} // 99999, '<', 16_000, 'in time');
}

$d->stop;
done_testing;
