#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What is in an archive is judged as if it came alone, by name and by content, and
# it is the attachment that gets the new name.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Tricks ();

my $text = part('Content-Type: text/plain', "text\n");
my $MZ = WINDOWS_EXECUTABLE;

sub through {
	my ($name, $content, %conf) = @_;
	my $r = spawnscan(in => mail(parts => [$text, attachment($name, $content)]), conf => conf_file(by_engine(), %conf));
	is($r->{code}, 0, 'exit code') or diag($r->{err}, $r->{log});
	($r->{result}) = header_of($r->{out}, 'X-Spawnscan-Result');
	return $r;
}

sub blocked {
	my ($name, $reason, $content, %a) = @_;
	subtest $name => sub {
		my $file = $a{file} // 'docs.dat';
		my $r = through($file, $content, %{$a{conf} // {}});
		like($r->{result}, qr/^blocked action=defang part=2 reason="\Q$reason\E"/, 'the finding');
		like($r->{result}, qr/file="\Q$a{member}\E"/, 'the file inside is told') if $a{member};
		like($r->{out}, qr/name="\Q$file\E\.defanged"/, 'the attachment has its own name with a new end');
	};
}

sub left_alone {
	my ($name, $content, %conf) = @_;
	subtest $name => sub {
		my $r = through('docs.dat', $content, %conf);
		like($r->{result}, qr/^clean/, 'clean');
	};
}

# -- names and contents of members -----------------------------------------------

my $exe = zip_of(['a.exe' => 'harmless ' x 9]);
blocked('a name', 'inside: extension .exe', $exe, member => 'a.exe');
blocked('the second of two', 'inside: extension .exe', zip_of(['a.txt' => 'x', 'b.exe' => 'y']), member => 'b.exe');
blocked('in a folder', 'inside: extension .exe', zip_of(['a/b.exe' => 'y']), member => 'a/b.exe');
blocked('an archive in an archive', 'inside: extension .exe', zip_of(['inner.zip' => $exe]), member => 'a.exe');
blocked('a program under another name', 'inside: executable content', zip_of(['a.txt' => $MZ]));
blocked('a name on the list', 'inside: name matches *.secret', zip_of(['a.secret' => 'x']), member => 'a.secret', conf => { deny_names => '*.secret' });
blocked('encrypted, but with its name in the open', 'inside: extension .exe',
    zip_of(['a.exe' => noise(300)], encrypted => 1), member => 'a.exe', conf => { encrypted => 'pass' });

left_alone('harmless', zip_of(['a.txt' => 'x', 'b.pdf' => 'y']));
left_alone('names are not judged', zip_of(['a.exe' => 'x']), archive_names => 'no');
left_alone('a name that is allowed', $exe, allow_names => 'a.exe');
left_alone('programs are not judged', zip_of(['a.txt' => $MZ]), block_executables => 'no');

# -- TNEF ([MS-OXTNEF]) --------------------------------------------------------------

sub tnef {
	my ($name, $content) = @_;
	my $attribute = sub {
		my ($level, $id, $data) = @_;
		return pack('C V V', $level, $id, length $data) . $data . pack('v', unpack '%16C*', $data);
	};
	return pack('V v', 0x223e9f78, 1) . $attribute->(1, 0x89006, pack 'V', 0x10000)
	    . $attribute->(2, 0x69002, pack 'v V v V2', 1, 0xffffffff, 0, 0, 0)
	    . $attribute->(2, 0x18010, "$name\0") . $attribute->(2, 0x6800f, $content);
}
blocked('TNEF, a name', 'inside: extension .exe', tnef('a.exe', 'harmless ' x 9), member => 'a.exe');
left_alone('TNEF, harmless', tnef('a.txt', 'harmless ' x 9));
left_alone('TNEF, names are not judged', tnef('a.exe', 'harmless ' x 9), archive_names => 'no');

# -- macros ------------------------------------------------------------------------

# A compound file ([MS-CFB]) with one stream: header, one sector of allocations,
# one of the directory, the stream.
sub compound {
	my ($name, $stream) = @_;
	$stream .= "\0" x (4096 - length $stream) if length $stream < 4096;
	$stream .= "\0" x (-length($stream) % 512);
	my $entry = sub {
		my ($name, $type, $child, $start, $size) = @_;
		my $wide = join '', map { "$_\0" } split(//, $name), "\0";
		return pack 'a64 v C C l< l< l< x36 V V V', $wide, length $wide, $type, 1, -1, -1, $child, $start, $size, 0;
	};
	my @allocated = (0xfffffffd, 0xfffffffe, (map { $_ + 2 } 1 .. length($stream) / 512 - 1), 0xfffffffe);
	return pack('H16 x16 v5 x6 V10', 'd0cf11e0a1b11ae1', 0x3e, 3, 0xfffe, 9, 6, 0, 1, 1, 0, 4096, 0xfffffffe, 0, 0xfffffffe, 0, 0)
	    . pack('V*', (0xffffffff) x 108)
	    . pack('V128', @allocated, (0xffffffff) x (128 - @allocated))
	    . pack('a512', $entry->('Root Entry', 5, 1, 0xfffffffe, 0) . $entry->($name, 2, -1, 2, length $stream)) . $stream;
}

# A workbook ([MS-XLS]) with one sheet: 0 = of numbers, 1 = of macros.
sub workbook {
	my ($kind) = @_;
	my $record = sub { pack 'v v/a*', @_ };
	return compound('Workbook', $record->(0x809, pack('v4 V2', 0x600, 5, 0xdbb, 0x7cc, 0, 6))
	    . $record->(0x85, pack('V C C C/a*', 100, 0, $kind, "\0Sheet1")) . $record->(0x0a, ''));
}
my @on = (conf => { block_macros => 'yes' });
blocked('macros', 'Heuristics.OLE2.ContainsMacros.XLM', workbook(1), @on);
blocked('macros in an archive', 'Heuristics.OLE2.ContainsMacros.XLM', zip_of(['a.xls' => workbook(1)]), @on);
left_alone('no macros', workbook(0), block_macros => 'yes');
left_alone('macros are not judged', workbook(1));

# -- an archive behind something else -----------------------------------------------

my $pdf = "%PDF-1.4\n1 0 obj\n<<>>\nendobj\n";
my %behind = ('a PDF' => $pdf . $exe, 'an archive' => zip_of(['a.txt' => 'harmless']) . $exe,
    'a PDF, with a comment' => $pdf . substr($exe, 0, -2) . pack('v', 60_000) . 'c' x 60_000,
    'a PDF, offsets of the whole' => Tricks::shifted_zip($pdf, $exe),
    'a PDF, offsets of the whole, a wrong size' => Tricks::shifted_zip($pdf, $exe) =~ s/(?<=PK\x05\x06.{8})..../\x00\x00\x00\x00/sr);
for my $what (sort keys %behind) {
	subtest "behind $what" => sub {
		my $r = through('docs.pdf', $behind{$what});
		like($r->{result}, qr/^blocked action=defang part=2\b.* reason="inside: extension \.exe"/, 'the finding');
		like($r->{out}, qr/name="docs\.pdf\.defanged"/, 'the new name');
		$r = through('docs.pdf', $behind{$what} =~ s/a\.exe/a.txt/gr);
		like($r->{result}, qr/^clean/, 'harmless: clean');
	};
}
# Records that lie: nothing is found there, and nothing breaks.
for my $lie (0, 1, 45, 0x7fffffff, 0xffffffff) {
	my $at = length($exe) - 10;
	for my $field (0, 4) {
		my $bytes = $pdf . $exe;
		substr($bytes, length($pdf) + $at + $field, 4) = pack 'V', $lie;
		my $r = spawnscan(in => mail(parts => [$text, attachment('docs.pdf', $bytes)]));
		is($r->{code}, 0, "a record that lies, $lie at $field");
	}
}

done_testing;
