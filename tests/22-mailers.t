#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What mailers and services send arrives byte for byte, whatever it looks like: reports,
# certified mail, signatures and keys, invitations, old encodings, patches.

use v5.32;
use warnings;
no feature 'unicode_strings';
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Arrival;
use Formats;
use Compress::Zlib ();
use Encode ();

my $text = part('Content-Type: text/plain; charset=utf-8', "A text.\n");

sub of { my ($type, @parts) = @_; return mail(multipart => $type, parts => \@parts) }
sub file { my ($name, $type, $bytes) = @_; return attachment($name, $bytes, type => qq{$type; name="$name"}) }

my $pdf = "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\ntrailer\n<</Size 3/Root 1 0 R>>\n%%EOF\n";
my $png = do {
	my $chunk = sub { my ($type, $data) = @_; pack('N', length $data) . $type . $data . pack('N', Compress::Zlib::crc32($type . $data)) };
	"\x89PNG\r\n\x1a\n" . $chunk->('IHDR', pack 'NNCCCCC', 4, 4, 8, 0, 0, 0, 0) . $chunk->('IDAT', Compress::Zlib::compress("\0abcd" x 4)) . $chunk->('IEND', '');
};
my $plain = mail();
my $rich = mail(subject => 'an invoice', boundary => 'rich', parts => [part('Content-Type: multipart/alternative; boundary=alt', multipart('alt', $text,
    part("Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", "<p>Gr=C3=BC=C3=9Fe =3D</p>\n"))), file('Invoice.pdf', 'application/pdf', $pdf)]);
my ($head) = split_mail($plain);

# -- reports -------------------------------------------------------------------------------

my $status = "Reporting-MTA: dns; mail.example.org\n\nFinal-Recipient: rfc822; bob\@example.net\nAction: failed\nStatus: 5.1.1\n";
my $report = 'multipart/report; report-type=delivery-status';
arrives('a DSN with a message', of($report, $text, part("Content-Description: Delivery report\nContent-Type: message/delivery-status", $status), part("Content-Description: Undelivered Message\nContent-Type: message/rfc822", $rich)));
arrives('a DSN with a part of a message', of($report, $text, part('Content-Type: message/delivery-status', $status), part('Content-Type: message/rfc822', substr $rich, 0, length($rich) - 200)));
arrives('a DSN with a header', of($report, $text, part('Content-Type: message/delivery-status', $status), part('Content-Type: text/rfc822-headers', $head)));
arrives('a DSN in UTF-8 (RFC 6533)', of($report, $text, part("Content-Type: message/global-delivery-status\nContent-Transfer-Encoding: 8bit", $status),
    part("Content-Type: message/global\nContent-Transfer-Encoding: 8bit", mail(subject => "Gr\xc3\xbc\xc3\x9fe", type => 'text/plain; charset=utf-8', encoding => '8bit', body => "Gr\xc3\xbc\xc3\x9fe\n"))));
arrives('a bounce without MIME', "$head\nHi. Your message could not be delivered.\n\n<bob\@example.net>:\nNo mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <alice\@example.org>\n$rich");
arrives('a bounce without MIME, cut', "$head\n------ This is a copy of the message, including all the headers. ------\n\n" . substr $rich, 0, length($rich) - 100);
arrives('an MDN', of('multipart/report; report-type=disposition-notification', $text, part("Content-Type: message/disposition-notification; name=\"MDNPart2.txt\"\nContent-Disposition: inline",
    "Final-Recipient: rfc822;bob\@example.net\nDisposition: manual-action/MDN-sent-manually; displayed\n"), part("Content-Type: text/rfc822-headers; name=\"MDNPart3.txt\"\nContent-Disposition: inline", $head)));
arrives('a report of abuse', of('multipart/report; report-type=feedback-report', $text, part('Content-Type: message/feedback-report', "Feedback-Type: abuse\nVersion: 1\n"), part("Content-Type: message/rfc822\nContent-Disposition: inline", $rich)));
my $xml = qq{<?xml version="1.0"?>\n<feedback>\n} . "<record><row><count>1</count></row></record>\n" x 50 . "</feedback>\n";
arrives('a DMARC report, zip', of('multipart/mixed', file('mail.example.com!example.net!1!2.zip', 'application/zip', zip_of(['mail.example.com!example.net!1!2.xml' => $xml]))));
arrives('a DMARC report, gz', of('multipart/mixed', $text, file('mail.example.com!example.net!1!2.xml.gz', 'application/gzip', Compress::Zlib::memGzip($xml))));
# As they are really called; a gzip file tells its name once more.
for my $report ('google.com!example.com!1700000000!1700086399.xml', 'protection.outlook.com!example.com!1700000000!1700086399.xml', 'emailsrvr.com!my-site.com!1700000000!1700086399!001.xml', 'mail.ru!example.pl!1!2.xml',
    'google.com!example.app!1700000000!1700086399', 'Yahoo! Inc.!example.com!1700000000!1700086399.xml', '/var/spool/dmarc/amazonses.com!example.sh!1700006400!1700092800.xml', '[192.0.2.1]!example.com!1!2.xml', 'google.com!example.com!1700000000!1700086399!001.json') {
	my ($gz, $name) = (Compress::Zlib::memGzip($xml), $report =~ s{.*/|\.\w+\z}{}gr);
	my $named = substr($gz, 0, 3) . "\x08" . substr($gz, 4, 6) . "$report\0" . substr($gz, 10);
	arrives("a report called $report", of('multipart/mixed', $text, file("$name.xml.gz", 'application/gzip', $named), file("$name.gz", 'application/octet-stream', $named),
	    file("$name.zip", 'application/zip', zip_of([$report => $xml])), file("$name.xml", 'text/xml', $xml)));
	arrives("a report called $report, alone", mail(type => "application/gzip; name=\"$name.xml.gz\"", encoding => 'base64', body => b64($named)));
}
arrives('a TLS report', of('multipart/report; report-type=tlsrpt', $text, file('mail.example.com!example.net!1!2.json.gz', 'application/tlsrpt+gzip', Compress::Zlib::memGzip('{"policies":[]}'))));

# -- signed, encrypted, certified -------------------------------------------------------------

SKIP: {
	my ($dir, $n) = (subdir(), 0);
	my $made = run(cmd => [qw(openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=Alice), '-keyout', "$dir/k", '-out', "$dir/c"]);
	loud_skip('openssl is not installed') if ($made->{code} // 1) != 0;
	my $smime = sub {
		my ($in, @how) = @_;
		my $r = run(cmd => ['openssl', 'smime', '-in', write_file("$dir/in" . $n++, crlf($in)), @how]);
		return $head . lf($r->{out});
	};
	my @sign = ('-sign', '-signer', "$dir/c", '-inkey', "$dir/k");
	my $mixed = "Content-Type: multipart/mixed; boundary=m\n\n" . multipart('m', $text, file('a.pdf', 'application/pdf', $pdf));
	arrives('S/MIME, clear', $smime->($mixed, @sign));
	arrives('S/MIME, opaque', $smime->($mixed, @sign, '-nodetach'));
	arrives('S/MIME, encrypted', $smime->($mixed, '-encrypt', '-aes256', "$dir/c"), 'encrypted');
	for my $encoding ('', "\nContent-Transfer-Encoding: base64") {
		arrives('certified mail' . $encoding =~ s/.*:/,/sr, $smime->("Content-Type: multipart/mixed; boundary=pec\n\nThis is a multi-part message.\n\n" . multipart('pec', $text,
		    part("Content-Type: message/rfc822; name=\"postacert.eml\"\nContent-Disposition: inline; filename=\"postacert.eml\"$encoding", $encoding ? b64($rich) : $rich),
		    file('daticert.xml', 'application/xml', '<?xml version="1.0"?><postacert/>')), @sign));
	}
}
# They look like keys; only their form matters.
sub armour { my ($what) = @_; return "-----BEGIN PGP $what-----\n\n" . b64(noise(700, length $what)) . "=aB3d\n-----END PGP $what-----\n" }
my $key = armour('PUBLIC KEY BLOCK');
arrives('PGP/MIME', of('multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"', $text, part("Content-Type: application/pgp-signature; name=\"signature.asc\"", armour('SIGNATURE'))));
arrives("keys named by $_", of('multipart/mixed', $text, part("Content-Type: application/pgp-keys; name=\"$_\"\nContent-Disposition: attachment; filename=\"$_\"", $key), file($_, 'application/octet-stream', $key)))
    for 'alice@example.com', 'key-alice@example.pl', 'alice@example.com.asc';
arrives('a key in a text', "$head\nMy key:\n\n$key\n");
arrives('a text signed inline', "$head\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nText\n- -- \ndashes\n" . armour('SIGNATURE'));

# -- forwarded, in digests -----------------------------------------------------------------------

my $deep = $rich;
$deep = mail(subject => "Fwd: $_", id => $_, boundary => "----b$_", parts => [$text, part("Content-Type: message/rfc822; name=\"Fwd.eml\"\nContent-Disposition: attachment; filename=\"Fwd.eml\"", $deep)]) for 1 .. 12;
arrives('forwarded twelve times', $deep);
arrives("forwarded: $_", of('multipart/mixed', $text, part("Content-Type: message/rfc822; name=\"$_\"\nContent-Disposition: attachment; filename=\"$_\"", $plain), part("Content-Type: message/rfc822\nContent-Description: $_", $plain)))
    for 'Moving to Node.js', 'Re: Vue.js', 'Invoice from example.com', 'Fix main.js (#12)';
arrives('a digest of RFC 1153', $head . "\nToday's Topics:\n\n   1. A\n\n" . '-' x 70 . "\n\n" . join("\n" . '-' x 30 . "\n\n", map { "Date: Mon, 30 Nov 2026 10:00:00 +0000\nFrom: Alice <alice\@example.org>\nSubject: topic $_\n"
    . "Content-Type: text/plain; charset=utf-8\n\nText $_.\n-------------- next part --------------\nA non-text attachment was scrubbed...\nName: setup.exe\nType: application/octet-stream\n" } 1 .. 9) . "\n" . '*' x 30 . "\n");

# -- calendars, documents, data ------------------------------------------------------------------------

for my $method (qw(REQUEST REPLY CANCEL)) {
	my $ics = "BEGIN:VCALENDAR\nMETHOD:$method\nVERSION:2.0\nBEGIN:VEVENT\nATTENDEE;PARTSTAT=NEEDS-ACTION;CN=bob\@example.net\n :mailto:bob\@example.net\nUID:1\nSUMMARY:Meeting\nX-ALT-DESC;FMTTYPE=text/html:<html><body>x</body></html>\nEND:VEVENT\nEND:VCALENDAR\n";
	arrives("an invitation, $method", of('multipart/mixed', part('Content-Type: multipart/alternative; boundary=cal', multipart('cal', $text, part("Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64", b64('<p>x</p>')),
	    part("Content-Type: text/calendar; charset=utf-8; method=$method\nContent-Transfer-Encoding: base64", b64(crlf($ics))))), file('invite.ics', 'application/ics', crlf($ics))));
}
arrives('pictures and documents between texts', of('multipart/alternative', $text, part('Content-Type: multipart/mixed; boundary=in', multipart('in', part('Content-Type: text/html', "<p>a</p>\n"),
    part("Content-Disposition: inline;\n\tfilename=\"U\xcc\x88bersicht.pdf\"\nContent-Type: application/pdf;\n\tx-unix-mode=0644;\n\tname=\"=?utf-8?Q?U=CC=88bersicht=2Epdf?=\"\nContent-Transfer-Encoding: base64", b64($pdf)),
    part('Content-Type: multipart/related; type="text/html"; boundary=rel', multipart('rel', part('Content-Type: text/html', "<img src=\"cid:x\@example.com\">\n"),
	part("Content-Type: image/png; name=\"x\@example.com\"\nContent-ID: <x\@example.com>\nContent-Transfer-Encoding: base64", b64($png)))), part('Content-Type: text/html', "<br>\n")))));
arrives('winmail.dat', of('multipart/mixed', $text, file('winmail.dat', 'application/ms-tnef', tnef_of(['A.PDF', $pdf, 'a long name.pdf']))));
arrives('tables and logs', of('multipart/mixed', $text, part("Content-Type: text/csv; name=a.csv\nContent-Disposition: attachment; filename=a.csv\nContent-Transfer-Encoding: 8bit", "a;=SUM(A1:A9);M\xfcller\n" x 9), file('b.csv', 'application/vnd.ms-excel', "a;b\n" x 9),
    file('c.csv', 'text/csv', Encode::encode('UTF-16LE', "\x{feff}a;b\r\n")), file('d.json', 'application/json', '{"a":["MZ"]}'), file('e.xml', 'text/xml', $xml),
    part('Content-Type: text/plain; name=mail.log', "Nov 30 10:00:00 mx filter[1]: name=\"a.exe\" Content-Type: application/x-msdownload\n" x 5), file('mail.log.1', 'application/octet-stream', "Nov 30 \xff\n" x 40), file('f.vcf', 'text/vcard', "BEGIN:VCARD\nURL:http://example.com\nEND:VCARD\n")));

# -- encodings ----------------------------------------------------------------------------------------

my $footer = "_______________________________________________\nlist\@lists.example.org\nhttps://lists.example.org/mailman/listinfo/list\n";
arrives('base64 and a footer of a list', mail(type => 'text/plain; charset=utf-8', encoding => 'base64', body => b64("A text of a list.\n" x 5) . $footer));
arrives('base64 and a footer encoded alone', mail(type => 'text/plain; charset=utf-8', encoding => 'base64', body => b64("Hello, a text.\n") . b64($footer)));
arrives('base64 with empty lines', of('multipart/mixed', $text, part("Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64", "\n\n" . b64($png) =~ s/\n/\n\n/gr . " \n")));
arrives('base64 that is a text', mail(type => 'text/plain', encoding => 'base64', body => "This is no base64 at all, but a text.\n"));
arrives('base64, cut', substr of('multipart/mixed', $text, file('a.png', 'image/png', $png . noise(3000))), 0, 1501);
arrives("encoding $_", of('multipart/mixed', part("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: $_", "Gr\xc3\xbc\xc3\x9fe\n"), part("Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: $_", "<p>x</p>\n")))
    for 'utf-8', '8-bit', 'none', '%%encoding%%', '7bit;', 'x-unknown', '';
arrives('charsets', of('multipart/mixed', part('Content-Type: text/plain; charset=iso-2022-jp', Encode::encode('iso-2022-jp', "\x{65e5}\x{672c}\x{8a9e}\n") x 30), part("Content-Type: text/html; charset=gb18030\nContent-Transfer-Encoding: 8bit", Encode::encode('gbk', "\x{4e2d}\x{6587}") x 30),
    part('Content-Type: text/plain; charset=utf-7', "Gr+APwA3w-e +- more\n"), part("Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64", b64(Encode::encode('UTF-16', "Gr\x{fc}\x{df}e\n" x 9)))));
arrives('8-bit fields and names', mail(subject => "Gr\xfc\xdfe", parts => [$text, file("\xdcbersicht.pdf", 'application/pdf', $pdf)]));
arrives('uuencode', "$head\nA picture:\n\nbegin 644 a.png\n" . pack('u', $png) . "`\nend\n");
arrives('yEnc', "$head\n=ybegin line=128 size=4 name=a.png\n" . join('', map { chr 42 + ord } split //, 'text') . "\n=yend size=4\n");

# -- words ------------------------------------------------------------------------------------------------

arrives('words about EICAR', "$head\nThe test file begins with X5O!P% and ends in H+H*. Save it as eicar.com.\n");
arrives('words that begin', "$head\nbegin  forwarded message:\n\nText\n\nbegin 100 tests of example.com\nend\n");
arrives('a script', "$head\n#!/bin/sh\nset -e\nfor i in *; do echo \"\$i\"; done\n");
arrives('a patch', "$head\n---\n install.sh | 2 +-\n\ndiff --git a/install.sh b/install.sh\nnew file mode 100755\n--- /dev/null\n+++ b/install.sh\n\@\@ -0,0 +1,2 \@\@\n+#!/bin/sh\n-\"begin 644 a.exe\\n\"\n-- \n2.39.5\n");
arrives('enriched, AMP', of('multipart/alternative', $text, part('Content-Type: text/enriched', "<bold>A</bold> <<x>>\n"), part("Content-Type: text/x-amp-html; charset=utf-8", "<!doctype html><html \xe2\x9a\xa14email><body>x</body></html>\n"), part('Content-Type: text/html', "<p>x</p>\n")));
all_arrive();
done_testing;
