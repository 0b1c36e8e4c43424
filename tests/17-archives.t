#!/usr/bin/perl
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
	my $r = spawnscan(in => mail(parts => [$text, attachment($name, $content)]), conf => conf_file(%conf));
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
