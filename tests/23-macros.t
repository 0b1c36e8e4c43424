#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# block_macros: any, and those that run by themselves; what can't be read counts as such.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Compress::Zlib ();
use Test::More;
use Harness;
use MailMaker;
use Formats;
use Downstream;
use SmtpClient;

sub findings {
	my ($content, $macros, %a) = @_;
	my $mail = $a{mail} // mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('a.dat', $content)]);
	my $r = spawnscan(in => $mail, conf => conf_file(by_engine(), block_macros => $macros, %{$a{conf} // {}}), timeout => 120);
	my ($result) = header_of($r->{out}, 'X-Spawnscan-Result');
	return ($result // "exit code $r->{code} $r->{err}") =~ s/\s+/ /gr;
}
my $by_itself = qr/^blocked action=defang part=2 reason="(?:inside: )?macros that run by themselves"/;

# -- VBA ([MS-OVBA]) --------------------------------------------------------------------

# 2.4.1.3.6 Compressing, with the first match of three and more.
sub chunk_of {
	my ($s) = @_;
	my ($out, $at) = ('', 0);
	while ($at < length $s) {
		my ($flags, $tokens) = (0, '');
		for my $bit (0 .. 7) {
			last if $at >= length $s;
			my ($bits, $back, $n) = (4, 0, 0);
			$bits++ while 1 << $bits < $at;
			my $most = (0xffff >> $bits) + 3;
			$most = length($s) - $at if $most > length($s) - $at;
			# The longest that was there before: what is longer was not, if it was not.
			for (my $try = 3; $at > 0 && $try <= $most; $try++) {
				my $where = rindex $s, substr($s, $at, $try), $at - 1;
				last if $where < 0;
				($n, $back) = ($try, $at - $where);
			}
			if ($back) {
				$flags |= 1 << $bit;
				$tokens .= pack 'v', $back - 1 << 16 - $bits | $n - 3;
				$at += $n;
			} else {
				$tokens .= substr $s, $at++, 1;
			}
		}
		$out .= chr($flags) . $tokens;
	}
	return pack('v', 0xb000 | length($out) - 1) . $out;
}
sub compressed { return "\1" . join '', map { chunk_of($_) } unpack '(a4096)*', $_[0] }
sub dir_of {
	my ($offset, @modules) = @_;
	my $record = sub { return pack 'v V/a*', @_ };
	my $both = sub { my ($id, $wide_id, $text) = @_; return $record->($id, $text) . $record->($wide_id, wide($text)) };
	return join '', map({ $record->(@$_) } [0x01, pack 'V', 3], [0x02, pack 'V', 0x409], [0x14, pack 'V', 0x409], [0x03, pack 'v', 1252], [0x04, 'Project']),
	    $both->(0x05, 0x40, ''), $record->(0x06, ''), $record->(0x3d, ''), $record->(0x07, "\0" x 4), $record->(0x08, "\0" x 4), pack('v V V v', 0x09, 4, 1, 2),
	    $both->(0x0c, 0x3c, ''), $record->(0x0f, pack 'v', scalar @modules), $record->(0x13, "\xff\xff"),
	    map({ ($both->(0x19, 0x47, $_), $both->(0x1a, 0x32, $_), $both->(0x1c, 0x48, ''), $record->(0x31, pack 'V', $offset), $record->(0x1e, "\0" x 4),
		$record->(0x2c, "\xff\xff"), $record->(0x21, ''), $record->(0x2b, '')) } @modules), $record->(0x10, '');
}
my $preamble = 'Attribute VB_Name = "Module1"' . "\r\nOption Explicit\r\n";
# A project with one module; options: dir, module, names (what _VBA_PROJECT has), more.
sub project {
	my ($source, %a) = @_;
	return { VBA => { _VBA_PROJECT => "\xcc\x61\xff\xff\0\0" . ($a{names} // ''), dir => $a{dir} // compressed(dir_of(20, 'Module1')),
	    Module1 => $a{module} // 'p-code' x 3 . '..' . compressed($preamble . $source), %{$a{more} // {}} }, PROJECT => "ID=\"{}\"\r\nModule=Module1\r\n" };
}
my %word = (WordDocument => pack('v v x8 x500', 0xa5ec, 0), '1Table' => 'x' x 99);
sub doc { return cfb_of({ %word, Macros => project(@_) }) }
sub docm { return zip_of(['[Content_Types].xml' => '<Types/>', 'word/document.xml' => '<w:document/>', 'word/vbaProject.bin' => cfb_of(project(@_))]) }
sub procedure { return "Private Sub $_[0]()\r\n    MsgBox \"" . 'harmless ' x 20 . "\"\r\nEnd Sub\r\n" }

for my $name (qw(AutoExec AutoNew AutoOpen AutoClose AutoExit Auto_Open Auto_Close Document_Open Document_Close Document_New Workbook_Open
    Workbook_Activate Workbook_BeforeClose Worksheet_Calculate InkPicture1_Painted TextBox1_GotFocus WebBrowser1_BeforeNavigate2 autoopen WORKBOOK_OPEN)) {
	like(findings(doc(procedure($name)), 'autorun'), $by_itself, "$name runs by itself");
}
for my $name (qw(Report CommandButton1_Click MyAutoOpen AutoOpenReport ThisDocument_Name Button_Changing)) {
	is(findings(doc(procedure($name)), 'autorun'), 'clean', "$name has to be called");
}
my %place = (doc => \&doc, docm => \&docm, 'docm in a zip' => sub { zip_of(['a.docm' => docm(@_)]) }, 'a doc in a docx' => sub { zip_of(['word/embeddings/a.doc' => doc(@_)]) });
for (sort keys %place) {
	like(findings($place{$_}->(procedure('AutoOpen')), 'autorun'), $by_itself, "$_: runs by itself");
	is(findings($place{$_}->(procedure('Report')), 'autorun'), 'clean', "$_: to be called");
	like(findings($place{$_}->(procedure('Report')), 'any'), qr/^blocked [^;]*"(?:inside: )?(?:Heuristics\.OLE2\.ContainsMacros\.VBA|macros)"/, "$_: any");
	like(findings($place{$_}->(procedure('Report')), 'yes'), qr/^blocked /, "$_: yes is any");
	is(findings($place{$_}->(procedure('AutoOpen')), 'no'), 'clean', "$_: no");
}
like(findings(doc("' " . 'abc ' x 5000 . "\r\n" . procedure('AutoOpen')), 'autorun'), $by_itself, 'in a later chunk');
like(findings(doc('AutoXOpen Auto Open ' . procedure('AutoOpen')), 'autorun'), $by_itself, 'put together by copies');
{
	my $s = "\1" . pack('v a4096', 0x3fff, $preamble . procedure('AutoOpen') . ' ' x 4096);
	like(findings(doc('', module => 'x' x 20 . $s), 'autorun'), $by_itself, 'a chunk that is not compressed');
}
like(findings(doc(procedure('Report'), names => "\0\x08AutoOpen\xa3"), 'autorun'), $by_itself, 'the source does not have what was compiled');
is(findings(doc(procedure('Report'), names => "\0\x06Report\xa3"), 'autorun'), 'clean', 'the source has what was compiled');

for (sort keys %place) {
	like(findings($place{$_}->(procedure('AutoOpen') x 200), 'autorun', conf => {by_engine(), engine_cache_min => 1}), $by_itself, "$_: by an engine, runs by itself");
	is(findings($place{$_}->(procedure('Report') x 200), 'autorun', conf => {by_engine(), engine_cache_min => 1}), 'clean', "$_: by an engine, to be called");
}

# -- what can't be read ------------------------------------------------------------------

my %broken = (
	'no dir' => { dir => '' },
	'a dir that is none' => { dir => noise(200) },
	'a dir that ends early' => { dir => compressed(substr dir_of(20, 'Module1'), 0, 40) },
	'a dir without modules' => { dir => compressed(dir_of(20)) },
	'a module that is not there' => { dir => compressed(dir_of(20, 'Module1', 'Module2')) },
	'a stream of two modules' => { dir => compressed(dir_of(20, 'Module1', 'Module1')) },
	'an offset behind the end' => { dir => compressed(dir_of(1 << 20, 'Module1')) },
	'no container' => { module => 'x' x 200 },
	'a chunk that is none' => { module => 'x' x 20 . "\1\0\0abc" },
	'a copy of what is not there' => { module => 'x' x 20 . "\1" . pack('v C v', 0xb002, 1, 0xffff) },
	'a chunk that is too long' => { module => 'x' x 20 . "\1" . pack('v C a v v', 0xb005, 6, 'x', 0x0fff, 0x0fff) },
	'very much of it' => { module => 'x' x 20 . "\1" . pack('v C a v', 0xb003, 2, 'x', 0x0ffc) x 2_000 },
);
for (sort keys %broken) {
	like(findings(doc(procedure('Report'), %{$broken{$_}}), 'autorun'), $by_itself, "not to be read: $_");
	like(findings(doc(procedure('Report'), %{$broken{$_}}), 'any'), qr/^blocked /, "$_: any");
	is(findings(doc(procedure('Report'), %{$broken{$_}}), 'no'), 'clean', "$_: no");
}
like(findings(cfb_of({ Workbook => pack('v v x16', 0x809, 16), _VBA_PROJECT => { Module1 => 'x' x 99 } }), 'autorun'), $by_itself, 'a project of Excel 95');
# What only the scanner takes for a project, beside one that is read too.
my $elsewhere = cfb_of({ %word, Macros => { Elsewhere => { %{project(procedure('Report'))->{VBA}}{qw(dir Module1)} } } });
like(findings($elsewhere, 'autorun'), qr/^blocked .*ContainsMacros\.VBA/, 'not to be read: a project only the scanner knows');
like(findings(zip_of(['a.docm' => docm(procedure('Report')), 'b.doc' => $elsewhere]), 'autorun'), qr/^blocked .*ContainsMacros\.VBA/, 'beside one that is read');
is(findings(cfb_of({ %word, Pages => { dir => 'x' } }), 'autorun'), 'clean', 'a document without macros');

# Word's XML of 2003, what lies in it and beside HTML, and a package in one file.
my $project = cfb_of(project(procedure('Report')));
my $mso = "ActiveMime\0\0\1\xf0" . "\0" x 32 . pack('V', length $project) . Compress::Zlib::compress($project);
my %wrapped = (
	'XML of 2003' => "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Word.Document\"?>\n<w:wordDocument w:macrosPresent=\"yes\"><w:docSuppData><w:binData w:name=\"editdata.mso\">" . b64($mso) . '</w:binData></w:docSuppData></w:wordDocument>',
	'ActiveMime' => $mso,
	'a package in one file' => '<?xml version="1.0"?><pkg:package><pkg:part pkg:name="/word/vbaProject.bin" pkg:contentType="application/vnd.ms-office.vbaProject"><pkg:binaryData>' . b64($project) . '</pkg:binaryData></pkg:part></pkg:package>',
);
for (sort keys %wrapped) {
	for my $kind (qw(autorun any)) {
		like(findings($wrapped{$_}, $kind), qr/^blocked .*"macros that are not read"/, "not to be read: $_, $kind");
		like(findings(zip_of(['a' => $wrapped{$_}]), $kind), qr/^blocked .*"inside: macros that are not read"/, "$_ in a zip, $kind");
	}
	is(findings($wrapped{$_}, 'no'), 'clean', "$_: no");
}

# -- other kinds, and other ways ---------------------------------------------------------------

my $xml = '<?xml version="1.0" encoding="UTF-8"?>';
my $ribbon = "$xml<customUI xmlns=\"http://schemas.microsoft.com/office/2006/01/customui\" %s><ribbon/></customUI>";
my @files = ('word/vbaProject.bin' => cfb_of(project(procedure('Report'))));
like(findings(zip_of([@files, 'customUI/customUI.xml' => sprintf $ribbon, 'onLoad="Report"']), 'autorun'), $by_itself, 'a ribbon that calls a macro when it is loaded');
is(findings(zip_of([@files, 'customUI/customUI.xml' => sprintf $ribbon, '']), 'autorun'), 'clean', 'a ribbon that does not');
my $module = "$xml<script:module xmlns:script=\"http://openoffice.org/2000/script\">Sub Main End Sub</script:module>";
my $event = "$xml<office:document-content><script:event-listener script:event-name=\"dom:load\" xlink:href=\"vnd.sun.star.script:a.b\"/></office:document-content>";
my @odt = (mimetype => 'application/vnd.oasis.opendocument.text', 'Basic/Standard/Module1.xml' => $module);
is(findings(zip_of([@odt]), 'autorun'), 'clean', 'OpenDocument: to be called');
like(findings(zip_of([@odt]), 'any'), qr/^blocked .*macros"/, 'OpenDocument: any');
like(findings(zip_of([@odt, 'content.xml' => $event]), 'autorun'), $by_itself, 'OpenDocument: an event');
like(findings("ID;P\nO;E\nE\n", 'autorun'), qr/^blocked .*"a sheet of macros"/, 'Excel 4 macros all count');
like(findings('{\\rtf1{\\*\\template https://example.org/a.dotm}text}', 'autorun'), qr/^blocked .*"a template from elsewhere"/, 'a template from elsewhere');

my $inner = mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('a.docm', docm(procedure('Report')))]);
is(findings($inner, 'autorun'), 'clean', 'in a message that is attached: to be called');
# One that reads in several ways: the raw message shows the same macros, which is no news.
my $odd = mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('a.docm', docm(procedure('Report')))]) =~ s/\nContent-Transfer-Encoding: base64/\nContent-Transfer-Encoding: base64\nContent-Transfer-Encoding: base64/r;
unlike(findings('', 'autorun', mail => $odd, conf => { ambiguous => 'tag' }), qr/macros/i, 'ambiguous: no news about macros');
{
	my $conf = read_file(conf_file(block_macros => 'autorun')) . "\n[rule r]\nrecipient = strict\@x.example\nblock_macros = any\n";
	my $mail = mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('a.doc', doc(procedure('Report')))]);
	my $file = write_file(subdir() . '/c', $conf, 0644);
	my ($d, $n) = (Downstream->start, 0);
	for (['strict@x.example', qr/^blocked /], ['other@x.example', qr/^clean/]) {
		my $c = SmtpClient->filter(to => $d->address, conf => $file);
		$c->hello;
		like($c->deliver(mail => crlf($mail), to => [$_->[0]]), qr/\A250 /, "to $_->[0]");
		$c->quit;
		my @m = $d->wait_messages(++$n);
		like((header_of($m[$n - 1]{data}, 'X-Spawnscan-Result'))[0], $_->[1], "by rule: $_->[0]");
	}
}

done_testing;
