#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What libclamav alerts on beside plain signatures: possibly unwanted applications and
# heuristics, by clamd's names; and that no switch hides what was not seen to its end.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;

my $dir = subdir('sigs', 0755);
my $pua = 'a harmless text that a signature of unwanted tools finds';
my $phish = 'a harmless text that a signature of phishing finds';
write_file("$dir/tests.ndb", eicar_signature() . marker_signature() . 'HTML.Phishing.Test:0:*:' . unpack('H*', $phish) . "\n", 0644);
write_file("$dir/tests.ndu", 'PUA.Tool.Test:0:*:' . unpack('H*', $pua) . "\n", 0644);
write_file("$dir/tests.pdb", "H:bank.example\n", 0644);
write_file("$dir/tests.wdb", "M:www.partner.example:www.bank.example\n", 0644);
my %by = by_engine($dir);

sub found {
	my ($name, $content, %conf) = @_;
	my $r = spawnscan(in => mail(parts => [part('Content-Type: text/plain', "text\n"), attachment($name, $content)]), conf => conf_file(database => $dir, %conf), timeout => 60);
	my ($result) = header_of($r->{out}, 'X-Spawnscan-Result');
	return ($result // "code $r->{code} $r->{err}") =~ s/\s+/ /gr;
}

# -- which signatures are loaded ---------------------------------------------

my $tool = noise(100) . $pua;
is(found('a.dat', $tool), 'clean', 'detect_pua = no, the default');
like(found('a.dat', $tool, detect_pua => 'yes'), qr/^infected action=remove part=2 reason="PUA\.Tool\.Test/, 'detect_pua = yes');
like(found('a.dat', noise(100) . $phish), qr/^infected .*HTML\.Phishing\.Test/, 'phishing_signatures = yes');
is(found('a.dat', noise(100) . $phish, phishing_signatures => 'no'), 'clean', 'phishing_signatures = no');

# -- heuristics -----------------------------------------------------------------

# A section of a program that stands outside the file.
my $pe = 'MZ' . ("\0" x 58) . pack('V', 64) . "PE\0\0" . pack('v v V V V v v', 0x14c, 1, 0, 0, 0, 224, 0x102)
    . pack('v C C V V V V V V V V V v6 V V V V v v', 0x10b, 6, 0, 0x1000, 0, 0, 0x1000, 0x1000, 0x2000, 0x400000, 0x1000, 0x200, 4, 0, 0, 0, 4, 0, 0, 0x3000, 0x200, 0, 2, 0)
    . ("\0" x (224 - 72)) . pack('a8 V V V V V V v v V', '.text', 0x1000, 0x1000, 0x1000, 0x900000, 0, 0, 0, 0, 0x60000020) . ("\0" x 1024);
# Two partitions that share sectors.
my $disk = ("\0" x 446) . pack('C8 V V', 0x80, 1, 1, 0, 0x83, 1, 1, 0, 1, 20) . pack('C8 V V', 0, 1, 1, 0, 0x83, 1, 1, 0, 5, 20) . ("\0" x 32) . "\x55\xaa" . ("\0" x (512 * 64));
my $link = sub { my ($href, $text) = @_; return "<html><body><a href=\"$href\">$text</a></body></html>\n" };
my %heuristic = (
	alert_broken_executables => ['a.dat', $pe, 'Heuristics\.Broken\.Executable'],
	alert_broken_media => ['a.gif', 'GIF89a' . ("\xff" x 40), 'Heuristics\.Broken\.Media'],
	alert_phishing_ssl_mismatch => ['', mail(type => 'text/html', body => $link->('http://www.other.example/', 'https://www.shop.example/')), 'Heuristics\.Phishing\.Email\.S'],
	alert_phishing_cloak => ['', mail(type => 'text/html', body => $link->("http://www.shop.example%00\@other.example/", 'http://www.shop.example/')), 'Heuristics\.Phishing\.Email'],
	alert_partition_intersection => ['a.img', $disk, 'Heuristics\.(?:MBR|Partition\w*)'],
);
sub alert_of {
	my ($name, $content, %conf) = @_;
	return found($name, $content, block_executables => 'no', block_extensions => '', unopened => 'pass', %by, %conf) if $name ne '';
	my $r = spawnscan(in => $content, conf => conf_file(database => $dir, scan => 'thorough', %by, %conf), timeout => 60);
	return ((header_of($r->{out}, 'X-Spawnscan-Result'))[0] // "code $r->{code} $r->{err}") =~ s/\s+/ /gr;
}
for (sort keys %heuristic) {
	my ($name, $content, $hit) = @{$heuristic{$_}};
	unlike(alert_of($name, $content), qr/$hit/, "$_ = no, the default");
	like(alert_of($name, $content, $_ => 'yes'), qr/$hit/, "$_ = yes");
	# A large object is another process's to scan, by the same settings.
	next if $name eq '' || length $content > 32768;
	unlike(alert_of($name, $content . "\0" x 70000), qr/$hit/, "$_ = no, a large one");
	like(alert_of($name, $content . "\0" x 70000, $_ => 'yes'), qr/$hit/, "$_ = yes, a large one");
	unlike(alert_of($name, $content . "\0" x 70000), qr/$hit/, 'and it is not remembered otherwise');
}
my $spoof = mail(type => 'text/html', body => $link->('http://www.other.example/', 'http://www.bank.example/'));
like(alert_of('', $spoof), qr/^infected .*Heuristics\.Phishing\.Email\.SpoofedDomain/, 'phishing_scan_urls = yes, the default');
is(alert_of('', $spoof, engine => 'off', phishing_scan_urls => 'no'), 'clean', 'phishing_scan_urls = no');

# The same with the default way of scanning, wherever a mail program shows HTML.
my $phishing = qr/^infected .*Heuristics\.Phishing\.Email\.SpoofedDomain/;
my $trap = $link->('http://www.other.example/', 'http://www.bank.example/');
my $qp_html = "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable";
my $letter = mail(type => 'multipart/alternative', parts => [part('Content-Type: text/plain', "hello\n"), part($qp_html, qp($trap))]);
my %shown = (
	'the message' => [mail(type => 'text/html', body => $trap), 1],
	'quoted-printable' => [mail(type => 'text/html', encoding => 'quoted-printable', body => qp($trap)), 1],
	'an alternative' => [$letter, 2],
	'in CRLF' => [crlf($letter), 2],
	'one line of base64' => [mail(type => 'text/html', encoding => 'base64', body => b64('<p>' . 'text ' x 197 . $trap)), 1],
	'90 KB of it' => [mail(type => 'text/html', encoding => 'base64', body => b64("<p>text</p>\n" x 7500 . $trap)), 1],
	'the second of two' => [mail(parts => [part($qp_html, qp("<p>hello</p>\n")), part($qp_html, qp($trap))]), 2],
	'a message in it' => [mail(parts => [part('Content-Type: text/plain', "hello\n"), rfc822($letter)]), '2.2'],
	'what says to be plain' => [mail(type => 'text/plain', body => "hello\n$trap"), 1],
	'the same, encoded' => [mail(parts => [part('Content-Type: text/plain', "hello\n"), part("Content-Type: text/plain\nContent-Transfer-Encoding: base64", b64($trap))]), 2],
);
sub links_of {
	my ($mail, %conf) = @_;
	my $r = spawnscan(in => $mail, conf => conf_file(database => $dir, %by, %conf), timeout => 60);
	return ((header_of($r->{out}, 'X-Spawnscan-Result'))[0] // "code $r->{code} $r->{err}") =~ s/\s+/ /gr;
}
for (sort keys %shown) {
	my ($mail, $part) = @{$shown{$_}};
	like(links_of($mail), $phishing, "a link that shows another address: $_");
	like(links_of($mail), qr/ part=\Q$part\E /, "$_: its part");
}
is(links_of($letter, engine => 'off', phishing_scan_urls => 'no'), 'clean', 'and with phishing_scan_urls = no nothing');
is(links_of($letter =~ s/other/partner/r), 'clean', 'nor if a list allows it (.wdb)');
is(links_of($letter =~ s/bank/shop/r), 'clean', 'nor of a domain that is on no list');
my $unlike = $letter =~ s/bank/shop/r =~ s/http:(?=[^:]*shop)/https:/r;
is(links_of($unlike), 'clean', 'alert_phishing_ssl_mismatch = no, the default');
like(links_of($unlike, alert_phishing_ssl_mismatch => 'yes'), qr/^infected .*Heuristics\.Phishing\.Email\.S/, 'alert_phishing_ssl_mismatch = yes');

# -- what no switch hides -----------------------------------------------------------

my @all_off = (phishing_signatures => 'no', phishing_scan_urls => 'no', engine => 'off');
like(found('a.dat', noise(30000), @all_off, scan_size_limit => '2K'), qr/\blimit action=defang/, 'a limit');
like(found('a.dat', noise(300000), @all_off, scan_file_limit => '70K'), qr/\blimit action=defang/, 'a file that is too long');
like(found('a.zip', zip_of(['a.txt' => 'secret' x 30], encrypted => 1), @all_off), qr/\bencrypted action=tag/, 'an encrypted archive');
like(found('a.zip', zip_of(['a.txt' => marker()]), @all_off), qr/^infected action=remove/, 'a signature');
done_testing;
