#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What a content is, whatever it is called: block_types; how long it is:
# attachment_size_limit; and that nothing passes but what is on a list: default = block.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;

my @by = by_engine();
sub result {
	my ($mail, %conf) = @_;
	my $r = spawnscan(in => $mail, conf => conf_file(@by, %conf), timeout => 60);
	my ($result) = header_of($r->{out}, 'X-Spawnscan-Result');
	return ($result // "code $r->{code} $r->{err}$r->{log}") =~ s/\s+/ /gr;
}
sub found { my ($name, $content, @more) = @_; return result(mail(parts => [part('Content-Type: text/plain', "text\n"), attachment($name, $content)]), @more) }

my %file = (
	'image/png' => "\x89PNG\r\n\x1a\n" . pack('N', 13) . 'IHDR' . pack('N N C5', 16, 16, 8, 2, 0, 0, 0) . "\0" x 40,
	'audio/midi' => 'MThd' . pack('N n n n', 6, 1, 1, 96) . "\0" x 40,
	'application/pdf' => "%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n",
	'application/zip' => zip_of(['a.txt' => "harmless\n"]),
	'text/x-shellscript' => "#!/bin/sh\necho hello\n",
);
for (['own inspector', engine => 'off', sandbox => 'require'], ['engine']) {
	my ($who, @set) = @$_;
	for my $type (sort keys %file) {
		is(found('report.dat', $file{$type}, block_types => "video/* $type", unopened => 'pass', @set), qq{blocked action=defang part=2 reason="type $type" file="report.dat"}, "$who: $type");
		is(found('report.dat', $file{$type}, block_types => 'video/* application/x-other', unopened => 'pass', @set), 'clean', "$who: $type is not listed");
	}
}
like(found('a.dat', $file{'audio/midi'}, block_types => 'AUDIO/*'), qr/^blocked .*"type audio\/midi"/, 'a pattern in another case');
like(found('a.zip', zip_of(['a.txt' => "harmless\n", 'song.dat' => $file{'audio/midi'}]), block_types => 'audio/*'), qr/^blocked action=defang part=2 reason="inside: type audio\/midi" file="song\.dat"/, 'in an archive');
is(found('a.zip', zip_of(['song.dat' => $file{'audio/midi'}]), block_types => 'audio/*', archive_names => 'no'), 'clean', 'archive_names = no');
is(result(mail(type => 'audio/midi; name=a.mid', encoding => 'base64', body => b64("harmless\n")), block_types => 'audio/*'), 'clean', 'it only says that it is one');
like(found('a.dat', $file{'audio/midi'}, block_types => 'audio/*', blocked => 'remove'), qr/^blocked action=remove/, 'the action of the class');
like(found('a.dat', $file{'audio/midi'}, block_types => 'audio/*', exempt => 'yes'), qr/^blocked action=tag/, 'exempt');
like(found('a.dat', 'x', block_types => 'pdf'), qr/^code 78 .*expected patterns of MIME types/, 'a word without a slash is refused');

# -- length ---------------------------------------------------------------------

is(found('a.dat', noise(3000), attachment_size_limit => '3000'), 'clean', 'as long as the limit');
is(found('a.dat', noise(3001), attachment_size_limit => '3000'), 'blocked action=defang part=2 reason="longer than attachment_size_limit" file="a.dat"', 'a byte longer');
like(found('a.zip', zip_of(['a.dat' => 'x' x 5000]), attachment_size_limit => '3000'), qr/^blocked /, 'an archive');
is(result(mail(body => "a long text\n" x 1000), attachment_size_limit => '3000'), 'clean', 'a text is no attachment');

# -- only what is listed ----------------------------------------------------------

my @only = (default => 'block', unopened => 'pass');
my $unlisted = qr/^blocked action=defang part=2 reason="on no list of what is allowed" file="/;
like(found('a.dat', 'harmless', @only), qr/$unlisted/, 'no list: nothing passes');
is(found('a.dat', 'harmless', @only, allow_names => '*.dat *.txt'), 'clean', 'its name is listed');
is(found('A.DAT. ', 'harmless', @only, allow_names => '*.dat'), 'clean', 'in another case');
like(found('a.dat', 'harmless', @only, allow_names => '*.pdf'), qr/$unlisted/, 'another is');
is(found('a.bin', $file{'application/pdf'}, @only, allow_types => 'application/pdf image/*'), 'clean', 'its type is listed');
like(found('a.pdf', "\x01\x02harmless", @only, allow_types => 'application/pdf image/*'), qr/$unlisted/, 'it is called so, and is no such thing');
is(found('a.pdf', "\x01\x02harmless", @only, allow_types => 'application/pdf', allow_names => '*.pdf'), 'clean', 'one list is enough');
like(found('a.pdf', $file{'application/pdf'}, @only, allow_types => 'application/pdf', block_types => '*/pdf'), qr/"type application\/pdf"/, 'what is blocked is blocked');
like(found('a.exe', 'x', @only, allow_types => '*/*'), qr/"extension \.exe"/, 'a name too');
is(found('a.zip', zip_of(['b.dat' => 'harmless']), @only, allow_names => '*.zip'), 'clean', 'an archive with what is in it');
like(found('a.zip', zip_of(['b.exe' => 'harmless']), @only, allow_names => '*.zip'), qr/"inside: extension \.exe"/, 'unless that is blocked');
is(result(mail(), @only), 'clean', 'a message of text');
is(result(mail(multipart => 'multipart/alternative', parts => [part('Content-Type: text/plain', "text\n"), part('Content-Type: text/html', "<p>text</p>\n")]), @only), 'clean', 'and of HTML');
like(result(mail(parts => [part('Content-Type: text/plain', "text\n"), part(qq{Content-Type: application/x-a; name="a.txt"\nContent-Disposition: attachment; filename="a.dat"}, 'harmless')]), @only, allow_names => $_), qr/$unlisted/, "one of two names, $_") for '*.txt', '*.dat';
like(result(mail(parts => [part('Content-Type: text/plain', "text\n"), rfc822(mail(parts => [attachment('b.dat', 'harmless')]))]), @only), qr/"on no list of what is allowed"/, 'in a message that is attached');
is(result(mail(parts => [part('Content-Type: text/plain', "text\n"), rfc822(mail())]), @only), 'clean', 'a message that is attached');
done_testing;
