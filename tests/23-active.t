#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Documents that do something when they are opened: HTML that builds a file, templates from
# elsewhere, actions and attachments of PDF files.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Encode ();
use MIME::Base64 ();
use Test::More;
use Harness;
use MailMaker;

sub findings {
	my ($name, $content, %conf) = @_;
	my $r = spawnscan(in => mail(parts => [part('Content-Type: text/plain', "text\n"), attachment($name, $content)]), conf => conf_file(by_engine(), %conf), timeout => 120);
	my ($result) = header_of($r->{out}, 'X-Spawnscan-Result');
	return $result =~ s/\s+/ /gr;
}

# -- HTML smuggling ---------------------------------------------------------------------

my $data = MIME::Base64::encode_base64(noise(600), '');
my %page = (
	'a Blob' => '<html><script>a.href = URL.createObjectURL(new Blob([x]))</script></html>',
	'upper case' => '<HTML><SCRIPT>NAVIGATOR.MSSAVEBLOB(X)</SCRIPT></HTML>',
	'base64 in a script' => "<html><body onload=f()><p id=x>$data</p><script>f = () => atob(x.innerText)</script></html>",
	'a data: URI that is downloaded' => '<html><a download="a.iso" href="data:application/octet-stream;base64,AAAA">x</a></html>',
	'SVG' => '<svg xmlns="http://www.w3.org/2000/svg"><script>new Blob([1])</script></svg>',
);
for (sort keys %page) {
	like(findings('page.dat', $page{$_}), qr/^blocked action=tag part=2 reason="HTML /, $_);
	like(findings('page.zip', zip_of(['page.html' => $page{$_}])), qr/^blocked action=tag part=2 reason="inside: HTML /, "$_, in an archive");
	like(findings('page.dat', Encode::encode('UTF-16', $page{$_})), qr/^blocked action=tag/, "$_, in UTF-16");
	like(findings('page.dat', $page{$_}, block_html_smuggling => 'remove'), qr/^blocked action=remove/, "$_, removed");
	is(findings('page.dat', $page{$_}, block_html_smuggling => 'pass'), 'clean', "$_, passed");
}
is(findings('page.html', $_->[1]), 'clean', "harmless: $_->[0]") for
    ['a script', '<html><script>alert(1)</script></html>'],
    ['a picture in it', "<html><img src=\"data:image/png;base64,$data\"><script>atob(x)</script></html>"],
    ['words', '<html><p>a Blob is made by new Blob() and createObjectURL</p></html>'],
    ['a link to download', '<html><a download href="https://example.org/a.pdf">a</a></html>'],
    ['a text about it', 'new Blob() in a script'];

# -- templates ----------------------------------------------------------------------------

sub rels {
	my ($type, $mode) = @_;
	return zip_of(['word/_rels/settings.xml.rels' => '<?xml version="1.0"?><Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
	    . $type . '" Target="https://example.org/x"' . ($mode // ' TargetMode="External"') . '/></Relationships>']);
}
my @on = (block_macros => 'yes');
for (qw(attachedTemplate oleObject frame subDocument)) {
	like(findings('a.docx', rels($_), @on), qr/^blocked action=defang part=2 reason="inside: a template or an object from elsewhere"/, $_);
	is(findings('a.docx', rels($_)), 'clean', "$_: not judged");
	is(findings('a.docx', rels($_, ''), @on), 'clean', "$_: in the document itself");
}
is(findings('a.docx', rels($_), @on), 'clean', "harmless: $_") for qw(hyperlink image);
like(findings('a.rtf', '{\\rtf1{\\*\\template https://example.org/a.dotm}text}', @on), qr/^blocked action=defang part=2 reason="a template from elsewhere"/, 'RTF');
is(findings('a.rtf', '{\\rtf1{\\*\\template C:\\\\a.dot}text}', @on), 'clean', 'RTF: a template of this computer');

# -- macros that libclamav does not tell of ------------------------------------------------------

sub odt { return zip_of([mimetype => 'application/vnd.oasis.opendocument.text', @_, 'META-INF/manifest.xml' => '<manifest:manifest/>']) }
my $xml = '<?xml version="1.0" encoding="UTF-8"?>';
my $module = $xml . '<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">Sub Main End Sub</script:module>';
my $flat = "$xml<office:document office:mimetype=\"application/vnd.oasis.opendocument.text\">%s</office:document>";
sub types { return zip_of(['[Content_Types].xml' => "$xml<Types><Override PartName=\"/xl/a\" ContentType=\"application/vnd.ms-excel.$_[0]\"/></Types>", 'xl/a' => 'x' x 90]) }
my %macros = (
	'Basic in OpenDocument' => odt('Basic/Standard/Module1.xml' => $module),
	'Basic in a flat OpenDocument' => sprintf($flat, '<office:scripts><office:script script:language="ooo:Basic"><ooo:libraries><ooo:library-embedded><ooo:module><ooo:source-code>Sub Main End Sub</ooo:source-code></ooo:module></ooo:library-embedded></ooo:libraries></office:script></office:scripts>'),
	'an event of OpenDocument' => odt('content.xml' => "$xml<office:document-content><office:scripts><office:event-listeners><script:event-listener script:event-name=\"dom:load\" xlink:href=\"vnd.sun.star.script:a.b?language=Python&amp;location=share\"/></office:event-listeners></office:scripts></office:document-content>"),
	(map { ("XLM: $_" => types($_)) } 'macrosheet+xml', 'intlmacrosheet+xml', 'macrosheet', 'intlmacrosheet'),
	'XLM by a relationship' => zip_of(['xl/_rels/workbook.xml.rels' => "$xml<Relationships><Relationship Id=\"r1\" Type=\"http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet\" Target=\"a.xml\"/></Relationships>"]),
	'XLM, a sheet of version 4' => pack('v5', 0x409, 6, 0, 0x40, 0) . pack('v2', 0x0a, 0),
	'XLM in SYLK' => "ID;P\nO;E\nNN;NAuto_open;ER101C1;KOut Flnk;F\nE\n",
);
for (sort keys %macros) {
	like(findings('a.dat', $macros{$_}, @on), qr/^blocked action=defang part=2 reason="(?:inside: )?(?:a sheet of )?macros(?: that run by themselves)?"/, $_);
	is(findings('a.dat', $macros{$_}), 'clean', "$_: not judged");
	like(findings('a.zip', zip_of(['a.dat' => $macros{$_}]), @on), qr/^blocked /, "$_, in a zip");
}
is(findings('a.dat', $_->[1], @on), 'clean', "no macros: $_->[0]") for
    ['OpenDocument', odt('content.xml' => "$xml<office:document-content><office:scripts/><text:p>script:module</text:p></office:document-content>")],
    ['flat OpenDocument', sprintf $flat, '<office:scripts><office:script script:language="ooo:Basic"><ooo:libraries/></office:script></office:scripts>'],
    ['a workbook', types('worksheet+xml')], ['a sheet of version 4', pack('v5', 0x409, 6, 0, 0x10, 0)], ['SYLK', "ID;PWXL;N;E\nP;PGeneral\nC;Y1;X1;K\"a\"\nE\n"];

# -- PDF --------------------------------------------------------------------------------------

my $pdf = sub {
	my ($what, @options) = @_;
	my $dir = subdir(undef);
	write_file("$dir/evil.js", 'harmless ' x 20);
	write_file("$dir/note.txt", 'xxxx' . marker());
	my $r = run(cmd => ['qpdf', '--empty', @options, '--add-attachment', $what, '--', "$dir/out.pdf"], cwd => $dir);
	return read_file("$dir/out.pdf") // die "qpdf: $r->{err}";
};
SKIP: {
	loud_skip('no qpdf here', 1), last unless grep { -x "$_/qpdf" } split /:/, $ENV{PATH};
	for (['plain'], ['objects in streams', '--object-streams=generate'], ['streams not compressed', '--stream-data=uncompress'],
		['an empty user password', '--object-streams=generate', '--encrypt', '', 'secret', '256', '--']) {
		my ($name, @options) = @$_;
		like(findings('a.pdf', $pdf->('evil.js', @options)), qr/\bblocked action=defang part=2 reason="inside: extension \.js"/, "PDF, $name: the name of an attachment");
		like(findings('a.pdf', $pdf->('note.txt', @options)), qr/\binfected action=remove part=2 /, "PDF, $name: the content of an attachment");
	}
	like(findings('a.pdf', $pdf->('evil.js', '--encrypt', 'a', 'b', '256', '--')), qr/^encrypted /, 'PDF with a user password');
	like(findings('a.pdf', substr $pdf->('evil.js'), 0, 300), qr/\b(?:unopened|blocked) action=/, 'PDF, cut');
	like(findings('a.zip', zip_of(['a.pdf' => $pdf->('evil.js')])), qr/\bblocked /, 'PDF in an archive');
}
# Without a table of its objects; with a page, since libqpdf 12 finds no document without one.
sub pdf_of {
	my ($catalog, @more) = @_;
	return "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R $catalog>>endobj\n2 0 obj<</Type/Pages/Kids[5 0 R]/Count 1>>endobj\n"
	    . join('', @more)
	    . "5 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R/Size 9>>\nstartxref\n0\n%%EOF\n";
}
my @active = (block_active_pdf => 'yes');
my %action = (
	'a script' => pdf_of('/OpenAction<</S/JavaScript/JS(app.beep)>>'),
	'a script, by a reference' => pdf_of('/OpenAction 3 0 R', "3 0 obj<</JS 4 0 R/S/JavaScript>>endobj\n4 0 obj(app.beep)endobj\n"),
	'a script, its name escaped' => pdf_of('/OpenAction<</S/Java#53cript/#4aS(app.beep)>>'),
	'a launch action' => pdf_of('/AA 3 0 R', "3 0 obj<</WC<</F(a.txt)/S/Launch>>/O<</S/Launch/F(a.txt)>>>>endobj\n"),
);
for (sort keys %action) {
	like(findings('a.pdf', $action{$_}, @active), qr/^blocked action=defang part=2 reason="PDF /, "PDF: $_");
	is(findings('a.pdf', $action{$_}), 'clean', "PDF: $_: not judged");
}
is(findings('a.pdf', $_, @active), 'clean', 'PDF without an action') for pdf_of('/Names 3 0 R', "3 0 obj<<>>endobj\n"), pdf_of('', "3 0 obj(/S/JavaScript)endobj\n");

done_testing;
