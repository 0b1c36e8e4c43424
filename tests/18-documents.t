#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing hides in a document: what stands in it where no table, no reference and no group
# of it leads is found as well.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Compress::Zlib ();
use Harness;
use MailMaker;
use Formats;

sub found {
	my ($content, %conf) = @_;
	my $r = spawnscan(in => mail(parts => [attachment('docs.dat', $content)]), conf => conf_file(by_engine(), %conf), timeout => 120);
	return "exit code " . ($r->{code} // "signal $r->{signal}") . ": $r->{log}" if ($r->{code} // -1) != 0;
	return (header_of($r->{out}, 'X-Spawnscan-Result'))[0] =~ s/\s+/ /gr;
}
my $js = qr/\bblocked action=defang .*reason="inside: extension \.js"/;
my $rar_js = rar5_of(['evil.js' => 'harmless']);
my $zip_js = zip_of(['evil.js' => 'harmless']);
my $gz = Compress::Zlib::memGzip('xxxx' . marker());

# -- PDF: the table, references, the end --------------------------------------------------

# Objects [number, body, generation, not in the table]. (Without a page libqpdf 12 repairs nothing.)
sub pdf {
	my ($objects, %a) = @_;
	my ($out, $table, $last) = ("%PDF-1.5\n", "xref\n0 1\n0000000000 65535 f \n", 0);
	for ([1, $a{catalog} // '<</Type/Catalog/Pages 2 0 R>>'], [2, '<</Type/Pages/Kids[<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>]/Count 1>>'], @$objects) {
		my ($n, $body, $generation, $untold) = (@$_, 0);
		$table .= sprintf "%d 1\n%010d %05d n \n", $n, length $out, $generation // 0 if !$untold;
		$out .= "$n " . ($generation // 0) . " obj\n$body\nendobj\n" . ($a{between} // '');
		$last = $n if $n > $last;
	}
	return $out . $table . 'trailer <</Size ' . ($a{size} // $last + 1) . "/Root 1 0 R>>\nstartxref\n" . length($out) . "\n%%EOF\n" . ($a{behind} // '');
}
sub stream { my ($dictionary, $bytes) = @_; return "<<$dictionary/Length " . length($bytes) . ">>\nstream\n$bytes\nendstream" }
sub spec { my ($name) = @_; return "<</Type/Filespec/F($name)/EF<</F 4 0 R>>>>" }
my $type = '/Type/EmbeddedFile';
my %file = ('a name' => [spec('evil.js'), stream($type, 'harmless')], 'a content' => [spec('a.txt'), stream("$type/Filter/FlateDecode", Compress::Zlib::compress($rar_js))], harmless => [spec('a.txt'), stream($type, 'harmless')]);
my %places = (
	'an object' => sub { pdf([[3, $_[0]], [4, $_[1]]]) },
	'in the catalog' => sub { pdf([[4, $_[1]]], catalog => "<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a) $_[0]]>>>>>>") },
	'in an array' => sub { pdf([[3, "[[(a) <</X $_[0]>>]]"], [4, $_[1]]]) },
	'of another generation' => sub { pdf([[3, $_[0], 1], [4, $_[1]]]) },
	'of a number past the size' => sub { pdf([[300, $_[0]], [4, $_[1]]], size => 5) },
	'not in the table' => sub { pdf([[3, $_[0], 0, 1], [4, $_[1], 0, 1]]) },
	'no table at all' => sub { pdf([[3, $_[0]], [4, $_[1]]]) =~ s/startxref//r },
	'a second file for another system' => sub { pdf([[3, $_[0] =~ s{/EF<<}{/EF<</UF 5 0 R}r], [4, $_[1] =~ s/\Q$type\E//r], [5, stream('', 'harmless')]]) },
);
for my $place (sort keys %places) {
	# libqpdf 12 does not see such an object: the document is not opened to its end.
	my $or = $place =~ /past the size/ ? qr/\bunopened action=/ : qr/(?!)/;
	like(found($places{$place}->(@{$file{$_}})), $_ eq 'harmless' ? qr/^clean|$or/ : qr/$js|$or/, "PDF, a file $place: $_") for sort keys %file;
}
like(found(pdf([[4, $file{'a content'}[1]]])), $js, 'PDF: a file to which nothing refers');
like(found(pdf([], behind => "3 0 obj\n$_->[0]\nendobj\n4 0 obj\n$_->[1]\nendobj\n")), qr/\b(?:blocked|unopened) action=/, 'PDF: a file behind its end') for @file{'a name', 'a content'};
like(found(pdf([[5, stream('/Type/ObjStm/N 1/First 4/Filter/FlateDecode', Compress::Zlib::compress('3 0 ' . $file{'a name'}[0]))], [4, $file{'a name'}[1]]])), qr/\bunopened action=/, 'PDF: a stream of objects that the table does not have');
my $script = '<</S/JavaScript/JS(app.alert)>>';
like(found($_->[1], block_active_pdf => 'yes'), qr/\bblocked .*"PDF with a script"/, "PDF, a script: $_->[0]") for ['among the names', pdf([], catalog => "<</Type/Catalog/Pages 2 0 R/Names<</JavaScript<</Names[(a) $script]>>>>>>")],
    ['in an annotation', pdf([[3, "<</Annots[<</Subtype/Link/A $script>>]>>"]])], ['behind another action', pdf([], catalog => "<</Type/Catalog/Pages 2 0 R/OpenAction<</S/GoTo/Next $script>>>>")];
for ([gzip => $gz, qr/\binfected /], [RAR => $rar_js, $js], [zip => $zip_js, $js]) {
	my ($what, $bytes, $finding) = @$_;
	like(found(pdf([], behind => $bytes)), $finding, "PDF: $what behind its end");
	like(found("$bytes\n" . pdf([])), $finding, "PDF: $what in front of it");
	like(found(pdf([], between => "\n$bytes\n")), $finding, "PDF: $what between objects");
	like(found(pdf([[3, stream('', $bytes)]])), $finding, "PDF: $what in a stream");
}

# -- RTF: digits wherever they stand, bytes among them --------------------------------------

my $native = native_of('evil.js', 'harmless');
my $object = pack('V V V', 0x501, 2, 8) . "Package\0" . pack('V V V', 0, 0, length($native) - 4) . substr $native, 4;
my $hex = unpack 'H*', $object;
my %rtf = (
	'in binary' => "{\\rtf1{\\object{\\*\\objdata\\bin" . length($object) . " $object}}}",
	'half in binary' => "{\\rtf1{\\object{\\*\\objdata " . substr($hex, 0, 40) . '\\bin' . (length($object) - 20) . ' ' . substr($object, 20) . '}}}',
	'in groups' => "{\\rtf1{\\object{\\*\\objdata {" . substr($hex, 0, 40) . '}{' . substr($hex, 40) . '}}}}',
	'behind the last brace' => "{\\rtf1 text}{\\object{\\*\\objdata $hex}}",
);
like(found($rtf{$_}), $js, "RTF: an object $_") for sort keys %rtf;
for my $word ('\\*\\themedata', '\\*\\datastore', '\\pict\\wmetafile8', '\\*\\objdata', '\\*\\whatever') {
	for ([plain => 'xxxx' . marker(), qr/\binfected /], [gzip => $gz, qr/\binfected /], [RAR => $rar_js, $js], [zip => $zip_js, $js], ['OLE' => cfb_of({ "\1Ole10Native" => $native }), $js]) {
		my ($what, $bytes, $finding) = @$_;
		my $digits = unpack 'H*', $bytes;
		like(found("{\\rtf1 text{$word $digits}}"), $finding, "RTF: $what in $word");
		like(found("{\\rtf1 text{$word\r\n" . $digits =~ s/(.{64})/\U$1\r\n/gr . '}}'), $finding, "RTF: $what in $word, in lines");
	}
}
for ([gzip => $gz, qr/\binfected /], [RAR => $rar_js, $js]) {
	like(found("{\\rtf1 text}$_->[1]"), $_->[2], "RTF: $_->[0] behind it");
	like(found("{\\rtf1 text{\\*\\x\\bin" . length($_->[1]) . " $_->[1]}}"), $_->[2], "RTF: $_->[0] in binary");
}
like(found("{\\rtf1 text{\\pict\\pngblip " . unpack('H*', "\x89PNG\r\n\x1a\n" . noise(3000)) . '}{\\*\\themedata ' . unpack('H*', zip_of(['theme.xml' => '<x/>'])) . '}}'), qr/^clean/, 'RTF: a picture and a theme');

# -- OneNote: behind it, between objects, in one ---------------------------------------------

sub onenote { my ($object, $between, $behind) = @_; return pack('H*', 'e4525c7b8cd8a74daeb15378d02996d3') . "\0" x 1000 . $between . "\0" x 20 . pack('H*', 'e716e3bd65261145a4c48d4d0b7a9eac') . pack('V x16', length $object) . $object . "\0" x 100 . $behind }
for ([gzip => $gz, qr/\binfected /], [RAR => $rar_js, $js], [zip => $zip_js, $js]) {
	my ($what, @at) = ($_->[0], ('harmless', '', ''));
	for my $place (0 .. 2) {
		my @with = @at;
		$with[$place] = $_->[1];
		like(found(onenote(@with)), $_->[2], "OneNote: $what " . ('in an object', 'between objects', 'behind it')[$place]);
	}
}

# -- more than a sound one has ------------------------------------------------------------------

sub apple { my ($at, @entries) = (26 + 12 * @_, @_); my ($head, $data) = ('', ''); for (@entries) { $head .= pack 'N3', $_->[0], $_->[2] // $at + length $data, length $_->[1]; $data .= $_->[1] } return pack('N N x16 n', 0x51600, 0x20000, scalar @entries) . $head . $data }
my $unopened = qr/\bunopened action=/;
like(found(apple(@{$_->[1]})), $unopened, "AppleSingle: $_->[0]") for ['two names', [[3, 'a.txt'], [3, 'b.txt'], [1, 'x' x 9]]], ['two forks of data', [[3, 'a.txt'], [1, 'x' x 90], [1, 'y' x 9]]],
    ['a name of 300 bytes', [[3, 'x' x 297 . '.js'], [1, 'x' x 9]]], ['a fork that is not there', [[3, 'a.txt'], [1, 'x' x 9, 90000]]];
like(found(apple([3, 'a.txt'], [9, 'x' x 32], [1, 'x' x 9])), qr/^clean/, 'AppleSingle: one of each');
my $data = MIME::Base64::encode_base64('harmless' x 9, '');
like(found("BEGIN:VCALENDAR\r\nATTACH;ENCODING=BASE64;VALUE=BINARY" . join('', map { ";X-FILENAME=a$_.txt" } 1 .. 16) . ";FILENAME=evil.js:$data\r\nEND:VCALENDAR\r\n"), $unopened, 'a calendar: more names than one file has');
like(found(cfb_of({ '__properties_version1.0' => "\0" x 32, '__attach_version1.0_#00000000' => { '__substg1.0_3707001F' => wide('x' x 5000 . '.js'), '__substg1.0_37010102' => 'harmless' } })), $unopened, 'a .msg: a name of 5000 characters');
{
	my $two = tnef_of(['a.txt', 'harmless']);
	my $at = index $two, pack 'V', 0x6800f;
	my $attribute = sub { pack('C V V', 2, $_[0], length $_[1]) . $_[1] . pack 'v', unpack '%16C*', $_[1] };
	substr $two, $at - 1, 0, $attribute->(0x6800f, cfb_of({ "\1Ole10Native" => $native }));
	like(found($two), $js, 'winmail.dat: two contents of one attachment');
	my $many = tnef_of(['a.txt', 'harmless']);
	substr $many, index($many, pack 'V', 0x6800f) - 1, 0, join '', map { $attribute->(0x18010, "a$_.txt\0") } 1 .. 16;
	like(found($many), $unopened, 'winmail.dat: more names than one attachment has');
}

done_testing;
