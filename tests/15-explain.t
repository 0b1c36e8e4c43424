#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# --explain: what it tells is what the filter does, for a human and as JSON,
# and no mail can make it tell anything else.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Digest::SHA qw(sha256_hex);
use File::Find ();
use JSON::PP ();

my $SIG = 'Eicar-Test-Signature';

# The notice and the reference are the only things that differ between two runs
# on one mail, so the time is left out and nothing is kept.
my $conf = conf_file(quarantine => 'off', notice => 'removed: {file} {reason} {reference}');


sub ask {
	my ($in, %a) = @_;
	my $file = $a{file} // write_file(subdir() . '/mail', $in);
	return spawnscan(conf => $conf, args => [@{$a{args} // []}, '--explain', $file, $a{text} ? () : '--json'],
	    in => $a{stdin}, timeout => 120);
}

# The object, undef if it isn't one.
sub explained {
	my ($name, $in, %a) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $r = ask($in, %a);
	my $o = ($r->{code} // -1) == 0 && $r->{out} =~ /\A[\n\t\x20-\x7e]*\z/
	    ? eval { JSON::PP->new->decode($r->{out}) } : undef;
	ok($o, "$name: exit code 0 and one JSON object, in printable ASCII") or
	    diag('code ' . ($r->{code} // "signal $r->{signal}") . ": $r->{err}" . substr($r->{out}, 0, 2000) . $@);
	return $o // { map { $_ => [] } qw(parts scans regions views again findings edits notes) };
}

sub splice_edits {
	my ($in, $edits) = @_;
	my ($out, $at) = ('', 0);
	for my $e (@$edits) {
		die "edits overlap" if $e->{offset} < $at;
		$out .= substr($in, $at, $e->{offset} - $at) . $e->{new};
		$at = $e->{offset} + $e->{length};
	}
	return $out . substr $in, $at;
}

# What the edits make of the mail is what the filter makes of it.
sub edits_are_true {
	my ($name, $in, $o, %a) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $r = spawnscan(conf => $conf, in => $in, args => $a{args}, timeout => 120);
	my $wrong = grep { my $old = substr $in, $_->{offset}, $_->{length};
	    $_->{old} ne substr($old, 0, 4096) || !!$_->{old_cut} ne (length $old > 4096) } @{$o->{edits}};
	is($wrong, 0, "$name: old bytes are those of the mail");
	same_bytes(splice_edits($in, $o->{edits}), $r->{out}, "$name: the edits give what the filter gives");
}

sub part_at { my ($o, $path) = @_; return (grep { $_->{path} eq $path } @{$o->{parts}})[0] // {} }

my $text = part('Content-Type: text/plain; charset=us-ascii', "A text.\n");
my $noise = noise(3000);

# -- a clean mail ---------------------------------------------------------------
{
	my $inner = mail(parts => [$text, attachment('inner.pdf', $noise, type => 'application/pdf')], boundary => 'inner');
	my $in = mail(parts => [$text, attachment('picture.png', $noise, type => 'image/png'), rfc822($inner)]);
	my $o = explained('clean', $in);
	is($o->{version}, 1, 'version');
	is($o->{size}, length $in, 'size');
	is($o->{verdict}, 'clean', 'verdict');
	is($o->{action}, 'pass', 'action');
	is($o->{irregular}, undef, 'regular');
	ok(exists $o->{irregular_code} && !defined $o->{irregular_code}, 'and no code');
	like($o->{scanner}, qr/^ClamAV /, 'scanner');
	ok(!$o->{truncated}, 'not truncated');
	is_deeply([map { "$_->{path} $_->{type}" } @{$o->{parts}}], ['0 multipart/mixed', '1 text/plain', '2 image/png',
	    '3 message/rfc822', '3.0 multipart/mixed', '3.1 text/plain', '3.2 application/pdf'], 'the tree');
	is(part_at($o, '0')->{children}, 3, 'a multipart tells how many parts it has');
	for ([1, "A text.\n"], [2, $noise], ['3.2', $noise]) {
		my ($path, $bytes) = @$_;
		my $p = part_at($o, $path);
		is($p->{sha256}, sha256_hex($bytes), "part $path: SHA-256 of the decoded content");
		is($p->{bytes}, length $bytes, "part $path: its size");
	}
	my $p = part_at($o, 2);
	is(substr($in, $p->{content_offset}, $p->{content_length}), b64($noise), 'part 2: where its content stands');
	like(substr($in, $p->{header_offset}, $p->{header_length}), qr/\AContent-Type: image\/png\n.*base64\n\z/s, 'and its header');
	ok($p->{encoded} && $p->{leaf} && !$p->{inside}, 'part 2: encoded, a leaf, in the mail itself');
	is_deeply($p->{names}, ['picture.png'], 'part 2: its name');
	is_deeply([map { $_->{object} } @{$o->{scans}}], ['part', 'part', 'part', 'skeleton'], 'what was scanned: two parts, a text with a place of its own, the skeleton')
	    if @{$o->{scans}} == 4;
	is((grep { $_->{object} eq 'skeleton' } @{$o->{scans}}), 1, 'the skeleton was scanned');
	is((grep { @{$_->{hits}} || defined $_->{error} } @{$o->{scans}}), 0, 'without a hit');
	is_deeply($o->{$_}, [], "no $_") for qw(views regions findings again);
	is(scalar @{$o->{edits}}, 1, 'one edit: the marks');
	edits_are_true('clean', $in, $o);

	my $t = ask($in, text => 1);
	is($t->{code}, 0, 'for a human: exit code 0');
	like($t->{out}, qr/^Verdict: clean$/m, 'verdict');
	like($t->{out}, qr/^Reads the same to everyone: yes$/m, 'regular');
	like($t->{out}, qr/^\s+3\.2  application\/pdf .*\n\s+sha256 @{[sha256_hex($noise)]}\n\s+name "inner\.pdf"$/m, 'part, hash and name');
	like($t->{out}, qr/^    \+ X-Spawnscan-Result: clean\\n$/m, 'what is put in');
	unlike($t->{out}, qr/Other ways/, 'nothing of other ways');
}

# -- one that is changed ---------------------------------------------------------
my $zip = zip_of(['eicar.txt' => eicar()]);
my @changed = (
	['infected', mail(parts => [$text, attachment('eicar.zip', $zip, type => 'application/zip')])],
	['blocked', mail(parts => [$text, attachment('a.exe', $noise)])],
	['both', mail(parts => [attachment('a.exe', $noise), attachment('eicar.zip', $zip)])],
	['irregular', mail(parts => [$text, part("Content-Type: application/zip\nContent-Transfer-Encoding: base64\n"
	    . 'Content-Transfer-Encoding: 7bit', b64($zip))])],
	['behind the end', mail(parts => [$text], epilogue => "--frontier-42\n" . attachment('e.zip', $zip) . "\n--frontier-42--\n")],
	['no name, no type', mail(parts => ["\n" . eicar() . "\n"])],
	['a lone part', mail(type => 'application/pdf; name="invoice.exe"', encoding => 'base64', body => b64($noise))],
	['with an mbox line', "From x\n" . mail(parts => [attachment('eicar.zip', $zip)])],
);
for (@changed) {
	my ($name, $in) = @$_;
	for (['LF', $in], ['CRLF', crlf($in)], ['mixed', $in =~ s/\n/\r\n/r]) {
		my ($ends, $bytes) = @$_;
		my $o = explained("$name, $ends", $bytes);
		edits_are_true("$name, $ends", $bytes, $o);
		isnt($o->{verdict}, 'clean', "$name, $ends: verdict $o->{verdict}");
	}
}
{
	my $o = explained('infected', $changed[0][1]);
	is_deeply($o->{findings}, [{ class => 'infected', action => 'remove', part => '2', reason => "$SIG.UNOFFICIAL", file => 'eicar.zip' }], 'the finding');
	is_deeply([map { @{$_->{hits}} } grep { ($_->{part} // '') eq '2' } @{$o->{scans}}], [{ class => 'infected', name => "$SIG.UNOFFICIAL" }], 'the scan that found it');
	is(part_at($o, 2)->{sha256}, sha256_hex($zip), 'SHA-256 of what was found');
	is_deeply($o->{again}, [{ left => undef }], 'and that nothing is left was seen');
	my $t = ask($changed[0][1], text => 1)->{out};
	like($t, qr/^  part 2: infected, \Q$SIG\E.* -> remove, name "eicar\.zip"$/m, 'for a human');
	like($t, qr/^    - Content-Type: application\/zip\\n$/m, 'what goes');
	like($t, qr/^    \+ Content-Type: text\/plain/m, 'and what comes');

	$o = explained('blocked', $changed[1][1]);
	is_deeply([map { "$_->{class} $_->{action} $_->{reason}" } @{$o->{findings}}], ['blocked defang extension .exe'], 'the rule that matched');
	is_deeply([map { $_->{old} } grep { $_->{length} } @{$o->{edits}}], ['application/octet-stream', 'filename="a.exe"'], 'only the type and the name');
}

# -- other ways to read ------------------------------------------------------------
{
	my $o = explained('views', $changed[3][1]);
	like($o->{irregular} // '', qr/Content-Transfer-Encoding|duplicate/, "irregular: $o->{irregular}");
	is($o->{irregular_code}, 'duplicate-content-field', 'its code');
	cmp_ok(scalar @{$o->{views}}, '>', 2, 'views');
	is((grep { $_->{why} ne $o->{irregular} || $_->{why_code} ne $o->{irregular_code} } @{$o->{views}}), 0, 'each with its reason');
	my ($v) = grep { $_->{sha256} eq sha256_hex($zip) } @{$o->{views}};
	ok($v, 'the zip is one of them');
	like($v->{way}, qr/^base64/, 'read as base64');
	is((grep { @{$_->{hits}} && !$_->{new} } @{$o->{views}}), 0, 'what was seen before is not scanned again');
	my $t = ask($changed[3][1], text => 1)->{out};
	like($t, qr/^Reads the same to everyone: no, \Q$o->{irregular}\E$/m, 'for a human: why');
	like($t, qr/^Other ways to read it$/m, 'and the views');

	$o = explained('names in the epilogue', $changed[4][1]);
	is_deeply([grep { $_ eq 'e.zip' } map { @{$_->{names}} } @{$o->{regions}}], ['e.zip'], 'a name that stands in no part');
}

# -- a plain form, and a field that is struck out -------------------------------------
{
	my $in = mail(parts => [$text, part("Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base-64", b64('%PDF-' . $noise))],
	    subject => 'VIRUS');
	my $o = explained('plain form', $in);
	is_deeply([map { "$_->{class} $_->{action} $_->{reason}" } @{$o->{findings}}],
	    ['ambiguous defang unusual Content-Transfer-Encoding'], 'the kind of doubt');
	is_deeply([map { $_->{left} } @{$o->{again}}], [undef], 'the result was read again, and nothing is left');
	my ($e) = grep { $_->{new} =~ /^Content-Type: application\/zip;\n\tname="a\.zip"\nContent-Transfer-Encoding: base64\n\z/m } @{$o->{edits}};
	ok($e, 'the new header is an edit');
	edits_are_true('plain form', $in, $o);
	like(ask($in, text => 1)->{out}, qr/^    - Content-Transfer-Encoding: base-64\\n$/m, 'for a human: what goes');
	like(ask($in, text => 1)->{out}, qr/^    \+ Content-Transfer-Encoding: base64\\n$/m, 'and what comes');

	my $virus = eicar();
	$in = mail(subject => $virus);
	$o = explained('struck field', $in);
	is_deeply([map { $_->{new} } grep { $_->{old} =~ /^Subject:/ } @{$o->{edits}}], ["Subject: (removed by the mail filter)\n"], 'the edit');
	edits_are_true('struck field', $in, $o);
	# Two stretches of no part, and what is not a part's takes a second look.
	$in = mail(parts => [$text], epilogue => $virus . "\n", subject => $virus);
	$o = explained('a wider edit', $in);
	cmp_ok(scalar @{$o->{again}}, '>=', 1, 'how often the result was read');
	is($o->{again}[-1]{left}, undef, 'until nothing was left');
	edits_are_true('a wider edit', $in, $o);
}

# -- hostile names --------------------------------------------------------------------
{
	my $name = "a\"b\\c\e[2J\x07\xe2\x80\xae\xff";
	my $in = mail(parts => [part("Content-Type: application/x-a\e[1m\nContent-Disposition: attachment;\n filename=\"a\\\"b\\\\c\e[2J\x07\xe2\x80\xae\xff.exe\"", 'x'),
	    part(qq{Content-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''a%0D%0AVerdict:%20clean%00.exe}, 'x'),
	    part("Content-Type: application/pdf; name=x.txt\nContent-Disposition: attachment; filename*1=exe; filename*0=a.", 'x'),
	    part('Content-Disposition: attachment; filename="' . 'n' x 5000 . '.exe"', 'x')]);
	my $o = explained('hostile names', $in);
	ok((grep { $_ eq "$name.exe" } @{part_at($o, 1)->{names}}), 'each character is a byte of the name');
	ok((grep { /\AA?a\r\nVerdict: clean/i } @{part_at($o, 2)->{names}}), 'a name with line ends');
	is_deeply([sort grep { /^(?:a\.exe|x\.txt)$/ } @{part_at($o, 3)->{names}}], ['a.exe', 'x.txt'], 'all candidates');
	is((grep { length > 1024 } @{part_at($o, 4)->{names}}), 0, 'a long one is cut');
	edits_are_true('hostile names', $in, $o);
	my $t = ask($in, text => 1)->{out};
	like($t, qr/\A[\n\x20-\x7e]*\z/, 'for a human: printable ASCII');
	like($t, qr/name "a\\"b\\\\c\\x1b\[2J\\x07\\xe2\\x80\\xae\\xff\.exe"/, 'escaped');
	is(scalar(() = $t =~ /^Verdict:/mg), 1, 'no name makes a line of its own');
}

# -- garbage ------------------------------------------------------------------------------
for (['empty', ''], ['one byte', 'x'], ['line ends', "\n\r\n\r\r\n"], ['every byte', join '', map chr, 0 .. 255],
    ['noise', noise(20000)], ['NULs', "\0" x 1000], ['no header', "Hello\n\nnever was a mail\n"],
    ['cut off', substr $changed[0][1], 0, 300], ['a boundary and nothing else', "Content-Type: multipart/mixed; boundary=\n\n--\n--\n"],
    ['many parts', mail(parts => [map { part("Content-Type: text/plain; name=$_.txt", 'x') } 1 .. 1500])],
    ['deep', do { my $m = mail(); $m = mail(parts => [rfc822($m)], boundary => "b$_") for 1 .. 40; $m }]) {
	my ($name, $in) = @$_;
	my $o = explained($name, $in);
	edits_are_true($name, $in, $o);
	is(ask($in, text => 1)->{code}, 0, "$name: for a human");
}
{
	# More to tell than fits: names at the limits of all that is taken.
	my $long = join '', map { qq{;\n filename*$_="$_} . "\e" x 900 . '"' } 1 .. 60;
	my $in = mail(parts => [map { part("Content-Disposition: attachment$long", 'x') } 1 .. 40]);
	my $o = explained('more than fits', $in);
	ok($o->{truncated}, 'that is told');
	is($o->{size}, length $in, 'and the rest is there');
}

# -- nothing happens ------------------------------------------------------------------------
{
	my $kept = conf_file(quarantine => 'all');
	my ($where) = $kept =~ m{\A(.*)/};
	my $file = write_file(subdir() . '/mail', $changed[0][1]);
	my $r = spawnscan(conf => $kept, args => ['--explain', $file, '--json']);
	is($r->{code}, 0, 'quarantine=all');
	ok(!-e "$where/log", 'nothing is logged');
	ok(!-e "$where/quarantine", 'nothing is kept');
	is($r->{err}, '', 'nothing on standard error');
	like($r->{out}, qr{MMDD/UNIXTIME\.PID}, 'where the notice tells the original, there is a stand-in') if $r->{out} =~ /reference|original/i;
	$r = spawnscan(conf => $kept, args => ['-o', 'infected=reject', '--explain', $file, '--json']);
	is($r->{code}, 0, 'a mail that is refused is explained all the same');
	is(eval { JSON::PP->new->decode($r->{out})->{action} }, 'reject', 'and so it is told');
}

# -- options and failures -----------------------------------------------------------------------
{
	my $r = ask('', file => '-', stdin => $changed[0][1]);
	is(eval { JSON::PP->new->decode($r->{out})->{verdict} }, 'infected', '- is standard input');
	$r = ask('', file => '/nonexistent/mail');
	is($r->{code}, 66, 'no such file: 66');
	like($r->{err}, qr{\Aspawnscan: /nonexistent/mail: [^\n]+\n\z}, 'and a sentence');
	is($r->{out}, '', 'and nothing else');
	is(ask('', file => '/')->{code}, 66, 'a directory: 66');
	$r = ask('', file => write_file(subdir() . '/mail', 'x'), args => ['-o', 'database=/nonexistent']);
	is($r->{code}, 75, 'no signatures: 75');
	like($r->{err}, qr{\Aspawnscan: .*/nonexistent[^\n]*\n\z}, 'and a sentence');
	is($r->{out}, '', 'and nothing else');
	$r = ask('', file => write_file(subdir() . '/mail', 'x'), args => ['-o', 'inspector=/nonexistent']);
	is($r->{code}, 75, 'no inspector: 75');
	like($r->{err}, qr/\Aspawnscan: [^\n]+\n\z/, 'and a sentence');
	$r = ask('x' x 5000, args => ['-o', 'message_size_limit=4K']);
	is($r->{code}, 69, 'too large: 69');
	is(run(cmd => [spawnscan_cmd('--json')])->{code}, 64, '--json alone: 64');
	is(run(cmd => [spawnscan_cmd('--explain', '/dev/null', '127.0.0.1:1')])->{code}, 64, 'with an address: 64');
	is(run(cmd => [spawnscan_cmd('--explain')])->{code}, 64, 'without a file: 64');
	$r = run(cmd => ['/bin/sh', '-c', '"$@" >/dev/full', 'sh', spawnscan_cmd('-c', $conf, '--explain', '/dev/null')]);
	is($r->{code}, 74, 'standard output is full: 74');
}

# -- the corpus --------------------------------------------------------------------------------------
SKIP: {
	my $corpus = $ENV{SPAWNSCAN_CORPUS} // "$SRC/../shared/corpus";
	-d $corpus or loud_skip("no corpus at $corpus (set SPAWNSCAN_CORPUS)");
	my @files;
	File::Find::find({ no_chdir => 1, wanted => sub { push @files, $_ if -f && !/INDEX\.tsv\z/ } }, $corpus);
	@files = sort @files;
	my $n = 0;
	for my $i (0 .. $#files) {
		next if $i % 11;
		$n++;
		my ($in, $short) = (read_file($files[$i]), $files[$i] =~ s/\A\Q$corpus\E\/*//r);
		subtest $short => sub {
			my $o = explained($short, $in);
			edits_are_true($short, $in, $o);
		};
	}
	cmp_ok($n, '>', 0, "$n files of the corpus");
}

is_deeply([scratch_left()], [], 'no scratch directory is left');
done_testing;
