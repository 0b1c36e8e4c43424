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

# Objects [number, body, generation, not in the table].
sub pdf {
	my ($objects, %a) = @_;
	my ($out, $table, $last) = ("%PDF-1.5\n", "xref\n0 1\n0000000000 65535 f \n", 0);
	for ([1, $a{catalog} // '<</Type/Catalog/Pages 2 0 R>>'], [2, '<</Type/Pages/Kids[]/Count 0>>'], @$objects) {
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
	like(found($places{$place}->(@{$file{$_}})), $_ eq 'harmless' ? qr/^clean/ : $js, "PDF, a file $place: $_") for sort keys %file;
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

done_testing;
