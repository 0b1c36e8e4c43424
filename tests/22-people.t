#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What people and programs send every day arrives byte for byte, in the odd shapes that it
# really has.

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

sub of { my ($type, @parts) = @_; return mail(multipart => $type, parts => \@parts) }
sub raw { my ($name, $type, $bytes, %a) = @_; return part("Content-Type: $type;\n\tname=\"$name\"\nContent-Disposition: " . ($a{how} // 'attachment') . ";\n\tfilename=\"$name\"" . ($a{more} // '') . "\nContent-Transfer-Encoding: base64", b64($bytes)) }
sub html { my ($body) = @_; return part("Content-Type: text/html; charset=\"utf-8\"\nContent-Transfer-Encoding: quoted-printable", qp("<html><head><style>p{margin:0}</style></head><body>$body</body></html>\n")) }
sub inside { my ($type, $b, @parts) = @_; return part("Content-Type: $type;\n boundary=\"$b\"", multipart($b, @parts)) }

my $text = part("Content-Type: text/plain; charset=\"utf-8\"\nContent-Transfer-Encoding: 8bit", "Gr\xc3\xbc\xc3\x9fe, as discussed.\n\n-- \nAlice\n");
my $pdf = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>\nendobj\ntrailer\n<</Size 4/Root 1 0 R>>\n%%EOF\n";
my $jpeg = "\xff\xd8\xff\xe1" . pack('n', 40) . "Exif\0\0MM\0*\0\0\0\x08" . "\0" x 24 . "\xff\xdb\0C\0" . "\x10" x 64 . "\xff\xc0\0\x0b\x08\0\x10\0\x10\1\1\x11\0\xff\xda\0\x08\1\1\0\0?\0" . noise(900) =~ s/\xff/\xfe/gr . "\xff\xd9";
my $png = do {
	my $chunk = sub { my ($type, $data) = @_; pack('N', length $data) . $type . $data . pack('N', Compress::Zlib::crc32($type . $data)) };
	"\x89PNG\r\n\x1a\n" . $chunk->('IHDR', pack 'NNCCCCC', 4, 4, 8, 0, 0, 0, 0) . $chunk->('IDAT', Compress::Zlib::compress("\0abcd" x 4)) . $chunk->('IEND', '');
};
my $docx = zip_of(['[Content_Types].xml' => '<Types/>', '_rels/.rels' => '<Relationships/>', 'word/document.xml' => '<w:document>text</w:document>', 'docProps/core.xml' => '<x/>']);
my ($head) = split_mail(mail());
my $plain = mail();

# -- invoices, forms, scans ------------------------------------------------------------------

arrives('an invoice with its XML', of('multipart/mixed', inside('multipart/alternative', 'alt', $text, html('<p>Invoice 4711</p>')), raw('Rechnung Nr. 4711.pdf', 'application/pdf', $pdf), raw('xrechnung.xml', 'application/xml', '<?xml version="1.0"?><rsm:CrossIndustryInvoice/>')));
arrives('an invoice called by a customer\'s domain', of('multipart/mixed', $text, raw('2026-11-30_example.com_Invoice.pdf', 'application/pdf', $pdf), raw('Invoice example.com.pdf', 'application/octet-stream', $pdf)));
arrives('a scan to mail', of('multipart/mixed; charset="utf-8"', part('Content-Type: text/plain; charset=us-ascii', ''), raw('SKM_C25826113010150.pdf', 'application/pdf', $pdf, more => ";\n size=" . length $pdf)));
arrives('a fax', of('multipart/mixed', part('Content-Type: text/plain', "Fax from +49 30 1234\n"), raw('fax000123.tif', 'image/tiff', "II*\0\x08\0\0\0" . "\0" x 400)));
arrives('a voice message', of('multipart/voice-message', $text, raw('msg0001.WAV', 'audio/x-wav', 'RIFF' . pack('V', 836) . 'WAVEfmt ' . pack('VvvVVvv', 16, 1, 1, 8000, 8000, 1, 8) . 'data' . pack('V', 800) . "\x80" x 800)));
arrives('a shipping label', of('multipart/mixed', html('<p><a href="https://track.example.com/?id=1&amp;x=2">Track</a></p>'), raw('label.zpl', 'application/octet-stream', "^XA\n^FO50,50^A0N,50,50^FDexample.com^FS\n^XZ\n")));

# -- calendars, cards -----------------------------------------------------------------------------

my $ics = crlf("BEGIN:VCALENDAR\nPRODID:-//Google Inc//Google Calendar 70.9054//EN\nVERSION:2.0\nCALSCALE:GREGORIAN\nMETHOD:REPLY\nBEGIN:VEVENT\nDTSTART:20261201T090000Z\nORGANIZER;CN=Alice:mailto:alice\@example.org\nUID:abc\@google.com\n"
    . "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=bob\@exa\n mple.net;X-NUM-GUESTS=0:mailto:bob\@example.net\nDESCRIPTION:Join: https://meet.example.com/a-b-c\\nNotes: agenda.docx\nSUMMARY:Talk about Node.js\nEND:VEVENT\nEND:VCALENDAR\n");
arrives('an answer of a calendar', of('multipart/mixed', inside('multipart/alternative', 'cal', $text, html('<p>Accepted</p>'), part("Content-Type: text/calendar; charset=\"UTF-8\"; method=REPLY\nContent-Transfer-Encoding: 7bit", $ics)), raw('invite.ics', 'application/ics', $ics)));
arrives('an invitation and nothing else', mail(type => 'text/calendar; charset=utf-8; method=REQUEST; name="meeting.ics"', encoding => '8bit', body => $ics =~ s/\r//gr));
arrives('a card with a picture', of('multipart/mixed', $text, raw('alice.vcf', 'text/x-vcard', crlf("BEGIN:VCARD\nVERSION:2.1\nN:Doe;Alice\nEMAIL;INTERNET:alice\@example.com\nURL:www.example.com\nPHOTO;ENCODING=BASE64;JPEG:\n " . b64($jpeg) =~ s/\n(?=.)/\n /gr . "\nEND:VCARD\n"))));

# -- phones, pictures --------------------------------------------------------------------------------

arrives('photos of a phone', of('multipart/mixed', raw('IMG_0001.jpeg', 'image/jpeg', $jpeg, how => 'inline', more => "\nX-Apple-Content-Length: " . length $jpeg), part("Content-Type: text/plain;\n\tcharset=us-ascii\nContent-Transfer-Encoding: 7bit", "\n\nSent from my iPhone"), raw('IMG_0002.HEIC', 'image/heic', "\0\0\0\x18ftypheic\0\0\0\0mif1heic" . noise(900))));
arrives('a picture pasted into HTML', of('multipart/related; type="multipart/alternative"', inside('multipart/alternative', 'alt', $text, html('<img src="cid:image001.png@01DC1234.56789ABC">')), part("Content-Type: image/png; name=\"image001.png\"\nContent-Description: image001.png\nContent-Disposition: inline; filename=\"image001.png\"; size=100;\n\tcreation-date=\"Mon, 30 Nov 2026 10:00:00 GMT\"\nContent-ID: <image001.png\@01DC1234.56789ABC>\nContent-Transfer-Encoding: base64", b64($png))));
arrives('a picture of no name, by its Content-ID', of('multipart/related', html('<img src="cid:logo@example.com">'), part("Content-Type: image/png\nContent-ID: <logo\@example.com>\nContent-Location: logo\@example.com\nContent-Transfer-Encoding: base64", b64($png))));
arrives('a picture message of a phone company', mail(subject => '', multipart => 'multipart/related; start="<smil>"', parts => [part("Content-Type: application/smil; charset=utf-8; name=\"smil.xml\"\nContent-ID: <smil>", "<smil><head><layout/></head><body><par dur=\"5000ms\"><img src=\"a.jpg\"/></par></body></smil>\n"), raw('a.jpg', 'image/jpeg', $jpeg), part('Content-Type: text/plain; name="text_0.txt"', "hi\n")]));

# -- newsletters, notifications -----------------------------------------------------------------------

arrives('a newsletter', mail(header => ['List-Unsubscribe: <https://example.com/u?x=1>, <mailto:u@example.com>', 'List-Unsubscribe-Post: List-Unsubscribe=One-Click', 'Feedback-ID: 1:2:3:example'], multipart => 'multipart/alternative', boundary => '----=_Part_1_2.3',
    parts => [part("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", qp("Read it at https://example.com/news.js?x=1\n" . 'long ' x 60 . "\n")), html('<!--[if mso]><xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml><![endif]--><a href="https://example.com/download/setup.exe">Setup</a>' . '<td>&nbsp;</td>' x 300)]));
arrives('HTML with a form and no text', mail(type => 'text/html; charset=windows-1252', encoding => '8bit', body => "<!DOCTYPE html>\n<html><body><form action=\"https://example.com/\"><input name=a value='\x93x\x94'></form></body></html>\n"));
arrives('HTML in one line of 20,000 bytes', mail(type => 'text/html; charset=utf-8', body => '<html><body>' . '<p>x</p>' x 2500 . "</body></html>\n"));
arrives('a report of cron', mail(subject => 'Cron <root@mail> test -x /usr/sbin/x.sh', type => 'text/plain; charset=UTF-8', encoding => '8bit', body => "/etc/cron.daily/x.sh:\n\xe2\x80\x98a.exe\xe2\x80\x99 -> \xe2\x80\x98b.exe\xe2\x80\x99\nbegin 1 of 2\n"));
arrives('a notification with its source', of('multipart/alternative', part("Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 7bit", "\@bob pushed 1 commit.\n\n+#!/bin/sh\n+curl example.com | sh\n"), html('<p><code>main.js</code></p>')));

# -- lists, threads, patches ---------------------------------------------------------------------------

my $footer = "_______________________________________________\nlist mailing list -- list\@lists.example.org\n";
arrives('a list that adds a part', of('multipart/mixed', inside('multipart/signed; micalg=pgp-sha256; protocol="application/pgp-signature"', 'sig', $text, part("Content-Type: application/pgp-signature; name=\"OpenPGP_signature.asc\"\nContent-Description: OpenPGP digital signature\nContent-Disposition: attachment; filename=\"OpenPGP_signature.asc\"", "-----BEGIN PGP SIGNATURE-----\n\n" . b64(noise(228)) . "=aB3d\n-----END PGP SIGNATURE-----\n")),
    part("Content-Type: text/plain; charset=\"us-ascii\"\nMIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\nContent-Disposition: inline", $footer)));
arrives('quoted-printable and a footer', mail(type => 'text/plain; charset=utf-8', encoding => 'quoted-printable', body => "Gr=C3=BC=C3=9Fe =E2=80=94 a =\nlong line\n$footer" . "https://lists.example.org/?a=b&c=20=\n"));
arrives('a long thread', mail(type => 'text/plain; charset=utf-8', encoding => '8bit', body => join('', map { '> ' x $_ . "On Mon, 30 Nov 2026, Bob wrote:\n" . '> ' x $_ . "From: bob\@example.com\n" . '> ' x $_ . "Content-Type: text/plain\n" . '> ' x $_ . "\n" } 0 .. 40)));
arrives('forwarded in the text, with its header', mail(type => 'text/plain; charset=utf-8', body => "FYI\n\n-------- Forwarded Message --------\nSubject: \tRe: Invoice\nDate: \tMon, 30 Nov 2026 10:00:00 +0000\nFrom: \tBob <bob\@example.com>\nTo: \talice\@example.org\n\nHello\n"));
arrives('patches attached', of('multipart/mixed', $text, part("Content-Type: text/x-patch; charset=\"UTF-8\"; name=\"0001-Fix-build.patch\"\nContent-Disposition: attachment; filename=\"0001-Fix-build.patch\"", "From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\nFrom: Alice <alice\@example.org>\nDate: Mon, 30 Nov 2026 10:00:00 +0000\nSubject: [PATCH] Fix build\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n---\n a.sh | 2 +-\n-- \n2.47.3\n\n"),
    raw('0002-b.diff.gz', 'application/gzip', Compress::Zlib::memGzip("diff --git a/a.sh b/a.sh\n"))));
arrives('a patch with a binary in it', mail(type => 'text/plain', body => "---\ndiff --git a/a.png b/a.png\nGIT binary patch\nliteral 12\nTcmZ?wbhEHbRA5MWXJlYxU|?Wl00000\n\nliteral 0\nHcmV?d00001\n\n-- \n2.47.3\n"));
arrives('a digest in MIME with a table of contents', of('multipart/mixed', part("Content-Type: text/plain\nContent-Description: digest header", "list Digest, Vol 1, Issue 1\n"), part("Content-Type: text/plain\nContent-Description: Today's Topics (2 messages)", "   1. Node.js (Bob)\n   2. example.com (Eve)\n"), inside('multipart/digest', 'dig', map { "\n" . mail(subject => $_, body => "Text\n") } 'Node.js', 'example.com'), part("Content-Type: text/plain\nContent-Description: Digest Footer", $footer)));

# -- bounces --------------------------------------------------------------------------------------------

arrives('a bounce of Exchange', mail(subject => 'Undeliverable: Hello', multipart => 'multipart/report; report-type=delivery-status', parts => [inside('multipart/alternative; differences=Content-Type', 'alt', $text, html('<p>Your message to bob@example.com could not be delivered.</p>')),
    part('Content-Type: message/delivery-status', "Reporting-MTA: dns;A.eurprd01.prod.outlook.com\n\nFinal-Recipient: rfc822;bob\@example.com\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound\n"), part('Content-Type: message/rfc822', mail(boundary => 'in', parts => [$text, raw('a.pdf', 'application/pdf', $pdf)]))]));
arrives('a bounce whose header was cut', of('multipart/report; report-type=delivery-status', $text, part('Content-Type: message/delivery-status', "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; b\@example.com\nAction: failed\nStatus: 5.0.0\n"), part('Content-Type: text/rfc822-headers', "Received: from a by b\nSubject: x\nContent-Type: multipart/mixed; boundary=\"----=_Part\n")));
arrives('an answer of a holiday', mail(header => ['Auto-Submitted: auto-replied', 'X-Auto-Response-Suppress: All', 'Precedence: bulk'], type => 'text/plain; charset="iso-8859-1"', encoding => 'quoted-printable', body => "Ich bin bis 7=2E12=2E nicht im B=FCro=2E\n"));

# -- Office, files ----------------------------------------------------------------------------------------

arrives('winmail.dat with a text only', of('multipart/mixed', $text, raw('winmail.dat', 'application/ms-tnef', tnef_of(['A.TXT', 'text', 'a long name.txt']))));
arrives('names in every language', of('multipart/mixed', $text, part("Content-Type: application/vnd.openxmlformats-officedocument.wordprocessingml.document;\n name*=UTF-8''%D0%94%D0%BE%D0%B3%D0%BE%D0%B2%D0%BE%D1%80%20%E2%84%96%201.docx\nContent-Disposition: attachment;\n filename*0*=UTF-8''%D0%94%D0%BE%D0%B3%D0%BE;\n filename*1*=%D0%B2%D0%BE%D1%80%20%E2%84%96%201.docx\nContent-Transfer-Encoding: base64", b64($docx)),
    part("Content-Type: application/msword;\n name=\"=?ISO-2022-JP?B?" . b64(Encode::encode('iso-2022-jp', "\x{898b}\x{7a4d}\x{66f8}.docx")) =~ s/\s//gr . "?=\"\nContent-Disposition: attachment;\n filename=\"=?ISO-2022-JP?B?" . b64(Encode::encode('iso-2022-jp', "\x{898b}\x{7a4d}\x{66f8}.docx")) =~ s/\s//gr . "?=\"\nContent-Transfer-Encoding: base64", b64($docx))));
arrives('a table in HTML called xls', of('multipart/mixed', $text, raw('export.xls', 'application/vnd.ms-excel', "<html><body><table><tr><td>1</td></tr></table></body></html>\n")));
arrives('data of programs', of('multipart/mixed', $text, raw('track.gpx', 'application/gpx+xml', '<?xml version="1.0"?><gpx/>'), raw('backup.sql.gz', 'application/gzip', Compress::Zlib::memGzip("INSERT INTO a VALUES (1);\n" x 40)), raw('messages.1.gz', 'application/x-gzip', Compress::Zlib::memGzip("Nov 30 x: a\n" x 40)), raw('song.mp3', 'audio/mpeg', "ID3\3\0\0\0\0\0\x0aTIT2\0\0\0\1\0\0\0" . "\xff\xfb\x90\0" . "\0" x 413), raw('notes.md', 'text/markdown', "# Node.js\n\n```sh\nrm a.exe\n```\n"), raw('a.tar.gz', 'application/gzip', Compress::Zlib::memGzip(tar_of(['0', 'a/README', "text\n"], ['0', 'a/Makefile', "all:\n\t./a\n"])))));
arrives('parts without a type, and an empty attachment', of('multipart/mixed', "\nA text.\n", part("Content-Disposition: attachment; filename=\"empty.txt\"\nContent-Type: text/plain", ''), part("Content-Type: application/octet-stream; name=\"empty.bin\"\nContent-Transfer-Encoding: base64", "\n")));
arrives('an old mailer', "Return-Path: <alice\@example.org>\nFrom: alice\@example.org (Alice)\nTo: bob\@example.net\nSubject: list of files\nMime-Version: 1.0\nContent-Type: TEXT/PLAIN; CHARSET=ISO-8859-1; FORMAT=flowed\nContent-Transfer-Encoding: 8BIT\nX-Mailer: Mozilla 4.7 [de] (WinNT; I)\nStatus: RO\nX-Status: \nX-UID: 17\n\nsetup.exe  1234\nM\xfcller.com  17\n");
all_arrive();
done_testing;
