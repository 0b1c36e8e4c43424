#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Documents that do something when they are opened: HTML that builds a file, templates from
# elsewhere.

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
	my $r = spawnscan(in => mail(parts => [part('Content-Type: text/plain', "text\n"), attachment($name, $content)]), conf => conf_file(%conf), timeout => 120);
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

done_testing;
