# SPDX-License-Identifier: GPL-2.0-or-later
package Situation;

# Situation.pm - messages of which one part is removed, in the layouts that mail
# programs send, and what their recipients are to see afterwards.
#
# situations() gives a list of
#   name     what it is
#   bytes    the message; what is to go holds the marker, which only the signature
#            of situation_database() matches
#   args     options of spawnscan, if it takes any
#   tree     what the result is made of, as situation_tree() tells it
#   shown    what must be shown to everyone, a list of patterns
#   html     what must be shown where HTML is
#   notice   what the notice must say; undef = there is none
#   listed   the name of the notice; undef = it has none, being the message itself
#   lacks    what must not be said
#   calendar the invitation must still be answerable
# None of them is anybody's: all are made here.

use v5.32;
use warnings;
use Exporter 'import';
use MIME::Base64 ();
use Harness;

our @EXPORT = qw(situations situation_tree situation_database situation_marker);

my $MARKER = 'RECIPIENTS-TEST-MARKER-REMOVE-ME-0001';
sub situation_marker { return $MARKER }

# A directory with the one signature.
sub situation_database {
	my $dir = subdir('recipients-database');
	write_file("$dir/recipients.ndb", 'Recipients-Test-Marker:0:*:' . unpack('H*', $MARKER) . "\n");
	return $dir;
}

# -- parts ------------------------------------------------------------------------

my $HEAD = "From: Anna Sender <anna\@example.org>\nTo: Ben Reader <ben\@example.net>\n"
    . "Date: Mon, 30 Nov 2026 13:50:42 +0000\nMIME-Version: 1.0\n";

sub b64 { return MIME::Base64::encode_base64($_[0], "\n") }
sub message { my ($subject, $part) = @_; return "${HEAD}Subject: $subject\nMessage-ID: <$subject\@example.org>\n$part" }

my $n = 0;
sub multi {
	my ($type, @parts) = @_;
	my $b = 'bound' . ++$n;
	return "Content-Type: multipart/$type; boundary=\"$b\"\n\n" . join('', map { "--$b\n$_\n" } @parts) . "--$b--\n";
}
# A multipart within another: its last line ending is that of the delimiter behind it.
sub within { return multi(@_) }

sub text { return "Content-Type: text/plain; charset=utf-8\n\n" . ($_[0] // "OKTEXT: Dear Ben, here is the report. Lunch on Thursday?\n\nAnna") }
sub html { return "Content-Type: text/html; charset=utf-8\n\n<html><body>" . ($_[0] // '<p>OKHTML: Dear Ben, here is the <b>report</b>. Lunch on Thursday?</p>') . '</body></html>' }
sub bad_text { return text("Dear Ben, $MARKER") }
sub bad_html { return html("<p>$MARKER</p>") }
sub file {
	my ($name, $bytes, %a) = @_;
	return 'Content-Type: ' . ($a{type} // 'application/pdf') . "; name=\"$name\"\nContent-Transfer-Encoding: base64\n"
	    . "Content-Disposition: attachment; filename=\"$name\"\n" . ($a{header} // '') . "\n" . (b64($bytes) =~ s/\n\z//r);
}
sub pdf { return file($_[0] // 'agenda.pdf', "%PDF-1.4\nharmless\n") }
sub bad_pdf { return file($_[0] // 'report.pdf', "%PDF-1.4\n$MARKER\n") }

# One light grey point, as PNG; $bad puts the marker behind it, where no viewer looks.
my $POINT = MIME::Base64::decode_base64('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGO4DAAA0gDR3wQ2CwAAAABJRU5ErkJggg==');
sub picture {
	my ($id, $bad) = @_;
	return "Content-Type: image/png; name=\"$id.png\"\nContent-Transfer-Encoding: base64\nContent-ID: <$id\@example.org>\n"
	    . "Content-Disposition: inline; filename=\"$id.png\"\n\n" . (b64($POINT . ($bad ? $MARKER : '')) =~ s/\n\z//r);
}
sub html_with { return html('<p>OKHTML: Dear Ben, our new logo:</p>' . join('', map { "<img src=\"cid:$_\@example.org\" alt=\"$_\">" } @_)) }

sub calendar {
	my ($bad) = @_;
	return "Content-Type: text/calendar; charset=utf-8; method=REQUEST\n\n" . join "\n", 'BEGIN:VCALENDAR', 'VERSION:2.0',
	    'PRODID:-//example//recipients//EN', 'METHOD:REQUEST', 'BEGIN:VEVENT', 'UID:lunch-1@example.org',
	    'DTSTAMP:20261130T100000Z', 'DTSTART:20261210T120000Z', 'DTEND:20261210T130000Z', 'SUMMARY:OKCAL Lunch on Thursday',
	    'ORGANIZER;CN=Anna:mailto:anna@example.org',
	    'ATTENDEE;CN=Ben;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;ROLE=REQ-PARTICIPANT:mailto:ben@example.net',
	    ($bad ? "DESCRIPTION:$MARKER" : ()), 'SEQUENCE:0', 'STATUS:CONFIRMED', 'END:VEVENT', 'END:VCALENDAR';
}
sub signature { return "Content-Type: application/pgp-signature; name=\"signature.asc\"\n\n-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n-----END PGP SIGNATURE-----" }
sub signed { return multi('signed; protocol="application/pgp-signature"; micalg=pgp-sha256', @_, signature()) }
sub opaque {
	my ($inner) = @_;
	my $dir = subdir('opaque');
	write_file("$dir/in", $inner);
	my $made = run(cmd => ['sh', '-c', "cd '$dir' && openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -subj /CN=Anna -days 1 && "
	    . 'openssl cms -sign -nodetach -binary -in in -signer cert -inkey key -outform DER -out out']);
	return undef if $made->{code};
	return "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"\nContent-Transfer-Encoding: base64\n"
	    . "Content-Disposition: attachment; filename=\"smime.p7m\"\n\n" . b64(read_file("$dir/out"));
}
sub sealed {
	my ($inner) = @_;
	my $dir = subdir('sealed');
	write_file("$dir/in", $inner);
	my $made = run(cmd => ['sh', '-c', "cd '$dir' && openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -subj /CN=Ben -days 1 && "
	    . 'openssl cms -encrypt -binary -aes256 -in in -outform DER -out out cert']);
	return undef if $made->{code};
	return "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"\nContent-Transfer-Encoding: base64\n"
	    . "Content-Disposition: attachment; filename=\"smime.p7m\"\n\n" . b64(read_file("$dir/out"));
}
sub rfc822 { return "Content-Type: message/rfc822\n\n$_[0]" =~ s/\n\z//r }

# -- situations --------------------------------------------------------------------

my $OK = qr/OKTEXT: Dear Ben/;
my $OKHTML = qr/OKHTML: Dear Ben/;
my $VIRUS = qr/because it contains a virus/;

sub situations {
	my @s;
	my $add = sub { my ($name, $part, %a) = @_; push @s, { name => $name, bytes => message($name, $part), html => [], shown => [], %a } };
	my $said = sub { my ($what) = @_; return qr/\Q$what\E was removed by the content filter\s+because it contains a virus/ };

	# A part of an alternative.
	$add->('alternative-html', multi('alternative', text(), bad_html()), tree => 'mixed(text notice)', shown => [$OK],
	    notice => $said->('The formatted text (HTML) of this message'), listed => 'message.html.removed.txt');
	$add->('alternative-text', multi('alternative', bad_text(), html()), tree => 'mixed(notice html)', shown => [$OKHTML],
	    notice => $said->('The plain text of this message'), listed => 'message.txt.removed.txt');
	$add->('alternative-both', multi('alternative', bad_text(), bad_html()), tree => 'mixed(notice notice)',
	    notice => $said->('The text of this message'), listed => 'message.txt.removed.txt');
	$add->('alternative-one-of-three', multi('alternative', text(), html(), "Content-Type: text/enriched\n\n<bold>$MARKER</bold>"),
	    tree => 'mixed(alternative(text html) notice)', shown => [qr/OK(?:TEXT|HTML): Dear Ben/],
	    notice => $said->('One form of the text of this message'), listed => 'message.txt.removed.txt');
	$add->('alternative-beside-a-file', multi('mixed', within('alternative', text(), bad_html()), pdf()),
	    tree => 'mixed(mixed(text notice) application/pdf)', shown => [$OK], notice => $VIRUS, listed => 'message.html.removed.txt');
	$add->('alternative-in-a-message', multi('mixed', text(), rfc822(message('inner', multi('alternative', text("OKTEXT: Dear Ben, inside\n"), bad_html())))),
	    tree => 'mixed(text message(mixed(text notice)))', shown => [$OK], notice => $VIRUS, listed => 'message.html.removed.txt');

	# Invitations.
	$add->('invitation-html', multi('alternative', text(), bad_html(), calendar()), tree => 'mixed(alternative(text calendar) notice)',
	    shown => [qr/OKTEXT: Dear Ben|OKCAL/], notice => $VIRUS, listed => 'message.html.removed.txt', calendar => 1);
	$add->('invitation-text', multi('alternative', bad_text(), html(), calendar()), tree => 'mixed(alternative(html calendar) notice)',
	    shown => [qr/OKHTML: Dear Ben|OKCAL/], notice => $VIRUS, listed => 'message.txt.removed.txt', calendar => 1);
	$add->('invitation-all-but-calendar', multi('alternative', bad_text(), bad_html(), calendar()),
	    tree => 'mixed(alternative(calendar) notice notice)', notice => $VIRUS, listed => 'message.txt.removed.txt', calendar => 1);
	$add->('invitation-calendar', multi('alternative', text(), html(), calendar(1)), tree => 'mixed(alternative(text html) notice)',
	    shown => [qr/OK(?:TEXT|HTML): Dear Ben/], notice => $said->('The invitation in this message'), listed => 'invitation.ics.removed.txt');
	$add->('invitation-calendar-text', multi('alternative', text(), calendar(1)), tree => 'mixed(text notice)', shown => [$OK],
	    notice => $said->('The invitation in this message'), listed => 'invitation.ics.removed.txt');
	$add->('invitation-alone', calendar(1) . "\n", tree => 'notice', notice => $said->('The invitation in this message'));
	$add->('invitation-with-file', multi('mixed', within('alternative', text(), bad_html(), calendar()), file('invite.ics', "BEGIN:VCALENDAR\nEND:VCALENDAR\n", type => 'application/ics')),
	    tree => 'mixed(mixed(alternative(text calendar) notice) application/ics)', shown => [qr/OKTEXT: Dear Ben|OKCAL/],
	    notice => $VIRUS, listed => 'message.html.removed.txt', calendar => 1);

	# Pictures in the text.
	$add->('related-picture', multi('related; type="text/html"', html_with('logo'), picture('logo', 1)), tree => 'mixed(related(html grey) notice)',
	    shown => [$OKHTML], notice => $said->('A picture in this message'), listed => 'logo.png.removed.txt');
	$add->('related-one-of-two', multi('related; type="text/html"', html_with('logo', 'photo'), picture('logo', 1), picture('photo')),
	    tree => 'mixed(related(html grey image/png) notice)', shown => [$OKHTML], notice => $VIRUS, listed => 'logo.png.removed.txt');
	$add->('related-root', multi('related; type="text/html"', bad_html(), picture('logo')), tree => 'mixed(notice image/png)',
	    notice => $said->('The text of this message'), listed => 'message.html.removed.txt');
	$add->('related-file', multi('related; type="text/html"', html_with('logo'), picture('logo'), bad_pdf()), tree => 'mixed(related(html image/png) notice)',
	    shown => [$OKHTML], notice => $said->('An attachment of this message'), listed => 'report.pdf.removed.txt');
	$add->('apple-picture', multi('alternative', text(), within('related; type="text/html"', html_with('logo'), picture('logo', 1))),
	    tree => 'mixed(alternative(text related(html grey)) notice)', shown => [qr/OK(?:TEXT|HTML): Dear Ben/], notice => $VIRUS, listed => 'logo.png.removed.txt');
	$add->('apple-html', multi('alternative', text(), within('related; type="text/html"', bad_html(), picture('logo'))),
	    tree => 'mixed(text mixed(notice image/png))', shown => [$OK], notice => $said->('The formatted text (HTML) of this message'), listed => 'message.html.removed.txt');
	$add->('apple-file', multi('alternative', text(), within('mixed', html(), bad_pdf(), html('<p>OKEND</p>'))),
	    tree => 'mixed(alternative(text mixed(html html)) notice)', shown => [qr/OK(?:TEXT|HTML): Dear Ben/], notice => $said->('An attachment of this message'), listed => 'report.pdf.removed.txt');
	$add->('apple-text', multi('alternative', bad_text(), within('related; type="text/html"', html_with('logo'), picture('logo'))),
	    tree => 'mixed(notice related(html image/png))', shown => [$OKHTML], notice => $VIRUS, listed => 'message.txt.removed.txt');
	$add->('outlook-html', multi('related; type="multipart/alternative"', within('alternative', text(), bad_html()), picture('logo')),
	    tree => 'mixed(related(alternative(text) image/png) notice)', shown => [$OK], notice => $VIRUS, listed => 'message.html.removed.txt');
	$add->('outlook-picture', multi('related; type="multipart/alternative"', within('alternative', text(), html_with('logo')), picture('logo', 1)),
	    tree => 'mixed(related(alternative(text html) grey) notice)', shown => [qr/OK(?:TEXT|HTML): Dear Ben/], notice => $VIRUS, listed => 'logo.png.removed.txt');
	$add->('outlook-picture-and-file', multi('mixed', within('related; type="multipart/alternative"', within('alternative', text(), html_with('logo')), picture('logo', 1)), pdf()),
	    tree => 'mixed(mixed(related(alternative(text html) grey) notice) application/pdf)', shown => [qr/OK(?:TEXT|HTML): Dear Ben/], notice => $VIRUS, listed => 'logo.png.removed.txt');

	# Attachments.
	$add->('file', multi('mixed', text(), bad_pdf()), tree => 'mixed(text notice)', shown => [$OK], notice => $said->('An attachment of this message'), listed => 'report.pdf.removed.txt');
	$add->('file-beside-html', multi('mixed', within('alternative', text(), html()), bad_pdf(), pdf()), tree => 'mixed(alternative(text html) notice application/pdf)',
	    shown => [qr/OK(?:TEXT|HTML): Dear Ben/], notice => $said->('An attachment of this message'), listed => 'report.pdf.removed.txt');
	$add->('file-of-a-language', multi('mixed', text(), file('x', "%PDF-1.4\n$MARKER\n") =~ s/; (file|)name="x"/; $1name*=utf-8''%E8%AF%B7%E6%B1%82.pdf/gr),
	    tree => 'mixed(text notice)', shown => [$OK], notice => qr/Name:\s+(?:\xe8\xaf\xb7\xe6\xb1\x82|\x{8bf7}\x{6c42})\.pdf/, listed => "\xe8\xaf\xb7\xe6\xb1\x82.pdf.removed.txt");
	$add->('file-in-a-long-message', multi('mixed', text(join '', "OKTEXT: Dear Ben\n", map { "> line $_ of what was quoted\n" } 1 .. 500), bad_pdf()),
	    tree => 'mixed(text notice)', shown => [$OK], notice => $VIRUS, listed => 'report.pdf.removed.txt', long => 1);
	$add->('forks', multi('mixed', text(), within('appledouble', file('report.pdf', "\0\5\26\7forks", type => 'application/applefile'), bad_pdf())),
	    tree => 'mixed(text notice)', shown => [$OK], notice => $said->('An attachment of this message'), listed => 'report.pdf.removed.txt');
	$add->('forks-of-a-bad-one', multi('mixed', text(), within('appledouble', file('._report.pdf', "\0\5\26\7$MARKER", type => 'application/applefile'), pdf('report.pdf'))),
	    tree => 'mixed(text notice)', shown => [$OK], notice => $said->('An attachment of this message'), listed => 'report.pdf.removed.txt');
	$add->('forks-alone', multi('appledouble', file('._report.pdf', "\0\5\26\7forks", type => 'application/applefile'), bad_pdf()),
	    tree => 'notice', notice => $said->('An attachment of this message'));
	$add->('forks-of-more', multi('mixed', text(), within('appledouble', file('._report.pdf', "\0\5\26\7forks", type => 'application/applefile'), bad_pdf(), pdf())),
	    tree => 'mixed(text appledouble(application/applefile notice application/pdf))', shown => [$OK], notice => $said->('An attachment of this message'), listed => 'report.pdf.removed.txt');
	# A long text in two forms: the sentence in front of each.
	$add->('file-in-a-long-alternative', multi('mixed', within('alternative', text(join '', "OKTEXT: Dear Ben\n", map { "line $_\n" } 1 .. 60), html(join '', "\n<p>OKHTML: Dear Ben</p>\n", map { "<p>line $_</p>\n" } 1 .. 60)), bad_pdf()),
	    tree => 'mixed(alternative(text html) notice)', shown => [qr/OK(?:TEXT|HTML): Dear Ben/], notice => $VIRUS, listed => 'report.pdf.removed.txt', long => 1);
	$add->('renamed-and-told', multi('mixed', within('alternative', text(), html("\n<p>OKHTML: Dear Ben</p>\n")), file('evil.js', '// harmless', type => 'text/javascript')), args => ['-o', 'notice_renamed=yes'],
	    tree => 'mixed(alternative(text html) application/octet-stream)', shown => [qr/OK(?:TEXT|HTML): Dear Ben/, qr/evil\.js was renamed to\s+evil\.js\.defanged/], renamed => 'evil.js.defanged');

	# As Exchange, Apple Mail and Gmail nest them.
	$add->('exchange-file', multi('mixed', within('related; type="multipart/alternative"', within('alternative', text(), html_with('logo')), picture('logo')), bad_pdf()),
	    tree => 'mixed(related(alternative(text html) image/png) notice)', shown => [qr/OK(?:TEXT|HTML): Dear Ben/], notice => $VIRUS, listed => 'report.pdf.removed.txt');
	$add->('apple-picture-between', multi('alternative', text(), within('mixed', html(), picture('photo', 1), html('<p>OKEND</p>'))),
	    tree => 'mixed(alternative(text mixed(html html)) notice)', shown => [qr/OK(?:TEXT|HTML): Dear Ben/], notice => $said->('A picture in this message'), listed => 'photo.png.removed.txt');
	$add->('apple-picture-in-text', multi('mixed', text(), picture('photo', 1), text('OKEND')), tree => 'mixed(text notice text)', shown => [$OK, qr/OKEND/],
	    notice => $said->('A picture in this message'), listed => 'photo.png.removed.txt');
	$add->('related-root-last', multi('related; type="text/html"; start="<root@example.org>"', picture('logo', 1), "Content-ID: <root\@example.org>\n" . html_with('logo')),
	    tree => 'mixed(related(grey html) notice)', shown => [$OKHTML], notice => $said->('A picture in this message'), listed => 'logo.png.removed.txt');
	$add->('invitation-picture', multi('alternative', text(), within('related; type="text/html"', html_with('logo'), picture('logo', 1)), calendar()),
	    tree => 'mixed(alternative(text related(html grey) calendar) notice)', shown => [qr/OK(?:TEXT|HTML): Dear Ben|OKCAL/], notice => $VIRUS, listed => 'logo.png.removed.txt', calendar => 1);
	$add->('invitation-bad-file', multi('mixed', within('alternative', text(), html(), calendar()), file('invite.ics', "BEGIN:VCALENDAR\nX-X:$MARKER\nEND:VCALENDAR\n", type => 'application/ics')),
	    tree => 'mixed(alternative(text html calendar) notice)', shown => [qr/OK(?:TEXT|HTML): Dear Ben|OKCAL/], notice => $VIRUS, listed => 'invite.ics.removed.txt', calendar => 1);
	$add->('alternative-amp', multi('alternative', text(), "Content-Type: text/x-amp-html; charset=utf-8\n\n<html amp4email>$MARKER</html>", html()),
	    tree => 'mixed(alternative(text html) notice)', shown => [qr/OK(?:TEXT|HTML): Dear Ben/], notice => $said->('One form of the text of this message'), listed => 'message.html.removed.txt');
	$add->('text-of-two', multi('mixed', text(), pdf(), bad_text()), tree => 'mixed(text application/pdf notice)', shown => [$OK],
	    notice => $said->('A part of the text of this message'), listed => 'message.txt.removed.txt');
	$add->('related-emptied', multi('related; type="text/html"', html_with('logo'), within('mixed', bad_pdf(), within('mixed', bad_pdf('b.pdf'))), picture('logo')),
	    tree => 'mixed(related(html image/png) notice notice)', shown => [$OKHTML], notice => $said->('An attachment of this message'), listed => 'b.pdf.removed.txt');
	$add->('related-style', multi('related; type="text/html"', html_with('logo'), "Content-Type: text/css\n\np { color: red } /* $MARKER */", picture('logo')),
	    tree => 'mixed(related(html image/png) notice)', shown => [$OKHTML], notice => $said->('An attachment of this message'), listed => 'attachment.removed.txt');
	$add->('related-picture-without-a-type', multi('related; type="text/html"', html_with('logo'), picture('logo', 1) =~ s/image\/png/application\/octet-stream/r),
	    tree => 'mixed(related(html grey) notice)', shown => [$OKHTML], notice => $said->('A picture in this message'), listed => 'logo.png.removed.txt');
	$add->('several', multi('mixed', text(), bad_pdf('a.pdf'), pdf(), bad_pdf('b.pdf')), tree => 'mixed(text notice application/pdf notice)', shown => [$OK], notice => $VIRUS, listed => 'b.pdf.removed.txt');
	$add->('list-footer', multi('mixed', signed(text()), bad_pdf(), text('OKFOOT')), tree => 'mixed(signed(text application/pgp-signature) notice text)', shown => [$OK, qr/OKFOOT/],
	    notice => $said->('An attachment of this message'), listed => 'report.pdf.removed.txt');
	$add->('forwarded-text', multi('mixed', text(), rfc822(message('inner', bad_text() . "\n")), pdf()), tree => 'mixed(text message(notice) application/pdf)', shown => [$OK],
	    notice => $said->('The text of this message'));

	# Deeper, several at a time, and other languages.
	$add->('nested-alternative', multi('mixed', within('related; type="multipart/alternative"', within('alternative', text(), bad_html()), picture('logo')), pdf()),
	    tree => 'mixed(mixed(related(alternative(text) image/png) notice) application/pdf)', shown => [$OK], notice => $said->('The formatted text (HTML) of this message'), listed => 'message.html.removed.txt');
	$add->('alternative-two-removed', multi('alternative', text(), "Content-Type: text/enriched\n\n$MARKER", bad_html()), tree => 'mixed(text notice notice)', shown => [$OK], notice => $VIRUS, listed => 'message.html.removed.txt');
	$add->('pictures-all-removed', multi('related; type="text/html"', html_with('logo', 'map', 'sign'), picture('logo', 1), picture('map', 1), picture('sign', 1)),
	    tree => 'mixed(related(html grey grey grey) notice notice notice)', shown => [$OKHTML], notice => $VIRUS, listed => 'map.png.removed.txt');
	$add->('picture-in-forks', multi('related; type="text/html"', html_with('logo'), within('appledouble', file('._logo.png', "\0\5\26\7forks", type => 'application/applefile'), picture('logo', 1))),
	    tree => 'mixed(related(html grey) notice)', shown => [$OKHTML], notice => $VIRUS, listed => 'logo.png.removed.txt');
	$add->('picture-forwarded', multi('mixed', text(), rfc822(message('inner', multi('related; type="text/html"', html_with('logo'), picture('logo', 1))))),
	    tree => 'mixed(text message(mixed(related(html grey) notice)))', shown => [$OK], notice => $said->('A picture in this message'), listed => 'logo.png.removed.txt');
	$add->('text-twice', multi('mixed', text(), text("OKAGAIN\n"), bad_text()), tree => 'mixed(text text notice)', shown => [$OK, qr/OKAGAIN/], notice => $VIRUS, listed => 'message.txt.removed.txt');
	$add->('apple-alternating', multi('mixed', text(), picture('one', 1), text('OKMIDDLE'), picture('two', 1), text('OKEND')), tree => 'mixed(text notice text notice text)', shown => [$OK, qr/OKMIDDLE/, qr/OKEND/],
	    notice => $VIRUS, listed => 'two.png.removed.txt');
	$add->('digest', multi('digest', map({ "\n" . message("d$_", text("OKDIGEST$_\n")) =~ s/\n\z//r } 1, 2), "\n" . message('d3', bad_text())), tree => 'digest(message(text) message(text) message(notice))', shown => [qr/OKDIGEST1/, qr/OKDIGEST2/], notice => $VIRUS);
	$add->('digest-file', multi('digest', map({ "\n" . message("d$_", text("OKDIGEST$_\n")) =~ s/\n\z//r } 1, 2), bad_pdf()), tree => 'digest(message(text) message(text) notice)', shown => [qr/OKDIGEST1/, qr/OKDIGEST2/], notice => $VIRUS, listed => 'report.pdf.removed.txt');
	$add->('mdn-returned', multi('report; report-type=disposition-notification', text(), "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; ben\@example.net\nDisposition: manual-action/MDN-sent-manually; displayed\n", rfc822(message('returned', multi('mixed', text(), bad_pdf())))),
	    tree => 'report(text message/disposition-notification message(mixed(text notice)))', shown => [$OK], notice => $VIRUS, listed => 'report.pdf.removed.txt');
	$add->('vcard', multi('mixed', text(), file('anna.vcf', "BEGIN:VCARD\nVERSION:3.0\nFN:Anna\nNOTE:$MARKER\nEND:VCARD\n", type => 'text/vcard')), tree => 'mixed(text notice)', shown => [$OK], notice => $VIRUS, listed => 'anna.vcf.removed.txt');
	$add->('winmail', multi('mixed', text(), file('winmail.dat', "\x78\x9f\x3e\x22$MARKER", type => 'application/ms-tnef')), tree => 'mixed(text notice)', shown => [$OK], notice => $VIRUS, listed => 'winmail.dat.removed.txt');
	$add->('flowed', multi('mixed', "Content-Type: text/plain; charset=us-ascii; format=flowed; delsp=yes\n\nOKTEXT: Dear Ben, this \nflows. \n-- \nAnna", bad_pdf()), tree => 'mixed(text notice)', shown => [$OK], notice => $VIRUS, listed => 'report.pdf.removed.txt');
	$add->('hebrew', multi('mixed', text("OKTEXT: Dear Ben \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"), file('x', "%PDF-1.4\n$MARKER\n") =~ s/; (file|)name="x"/; $1name*=utf-8''%D7%A9%D7%9C%D7%95%D7%9D.pdf/gr),
	    tree => 'mixed(text notice)', shown => [$OK], notice => $VIRUS, listed => "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.pdf.removed.txt");
	$add->('japanese', multi('mixed', "Content-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: 7bit\n\nOKTEXT: Dear Ben \e\$B\@A5a\e(B", bad_pdf()), tree => 'mixed(text notice)', shown => [$OK], notice => $VIRUS, listed => 'report.pdf.removed.txt');
	$add->('inline-file', multi('mixed', text(), bad_pdf() =~ s/attachment;/inline;/r), tree => 'mixed(text notice)', shown => [$OK], notice => $VIRUS, listed => 'report.pdf.removed.txt');
	$add->('html-alone-in-mixed', multi('mixed', bad_html()), tree => 'mixed(notice)', notice => $said->('The text of this message'), listed => 'message.html.removed.txt');
	$add->('parallel', multi('parallel', text(), bad_pdf()), tree => 'parallel(text notice)', shown => [$OK], notice => $VIRUS, listed => 'report.pdf.removed.txt');
	$add->('related-within-alternative-text-bad', multi('alternative', bad_text(), within('related; type="text/html"', html_with('logo'), picture('logo'))), tree => 'mixed(notice related(html image/png))', shown => [$OKHTML], notice => $said->('The plain text of this message'), listed => 'message.txt.removed.txt');
	$add->('related-pdf-in-alternative', multi('alternative', text(), within('related; type="text/html"', html_with('logo'), picture('logo'), bad_pdf())), tree => 'mixed(alternative(text related(html image/png)) notice)', shown => [qr/OK(?:TEXT|HTML): Dear Ben/], notice => $VIRUS, listed => 'report.pdf.removed.txt');
	$add->('forwarded-twice', multi('mixed', text(), rfc822(message('outer', multi('mixed', text('OKOUTER'), rfc822(message('inner', multi('alternative', text('OKINNER'), bad_html()))))))), tree => 'mixed(text message(mixed(text message(mixed(text notice)))))', shown => [$OK],
	    notice => $said->('The formatted text (HTML) of this message'), listed => 'message.html.removed.txt');
	$add->('forwarded-alone', rfc822(message('inner', bad_pdf())) . "\n", tree => 'message(notice)', notice => $VIRUS);
	$add->('external-body', multi('mixed', text(), "Content-Type: message/external-body; access-type=URL; URL=\"http://example.org/\"\n\nContent-Type: text/plain\n\n$MARKER"), tree => 'mixed(text notice)', shown => [$OK], notice => $VIRUS, listed => 'attachment.removed.txt');
	$add->('partial', multi('mixed', text(), "Content-Type: message/partial; id=\"a\@b\"; number=1; total=2\n\n$MARKER"), tree => 'mixed(text notice)', shown => [$OK], notice => $VIRUS, listed => 'attachment.removed.txt');

	# What mail programs read in different ways, and is harmless: shown as before.
	my $twice = "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: quoted-printable\n\n";
	$add->('ambiguous-html', multi('mixed', text(), "Content-Type: text/html; name=\"mail.html\"\n$twice" . (b64('<p>OKHTML: Dear Ben</p>') =~ s/\n\z//r)), tree => 'mixed(text html)', shown => [$OK], html => []);
	$add->('ambiguous-calendar', multi('mixed', text(), "Content-Type: text/calendar; name=\"invite.ics\"\n$twice" . (b64("BEGIN:VCALENDAR\nEND:VCALENDAR\n") =~ s/\n\z//r)), tree => 'mixed(text calendar)', shown => [$OK]);

	$add->('renamed', multi('mixed', text(), file('evil.js', '// harmless', type => 'text/javascript')), tree => 'mixed(text application/octet-stream)',
	    shown => [$OK], renamed => 'evil.js.defanged');

	# Signed and sealed.
	my $broken = qr/This message was digitally signed; the signature is no longer valid\./;
	$add->('signed-file', signed(within('mixed', text(), bad_pdf())), tree => 'mixed(mixed(text notice) application/pgp-signature)', shown => [$OK], notice => $broken, listed => 'report.pdf.removed.txt');
	$add->('signed-html', signed(within('alternative', text(), bad_html())), tree => 'mixed(mixed(text notice) application/pgp-signature)', shown => [$OK], notice => $broken, listed => 'message.html.removed.txt');
	$add->('signed-forwarded', multi('mixed', text(), rfc822(message('inner', signed(within('mixed', text("OKTEXT: Dear Ben, inside\n"), bad_pdf()))))),
	    tree => 'mixed(text message(mixed(mixed(text notice) application/pgp-signature)))', shown => [$OK], notice => $broken, listed => 'report.pdf.removed.txt');
	$add->('signature-renamed', signed(text()) =~ s/signature\.asc/signature.js/r, tree => 'signed(text application/pgp-signature)', shown => [$OK], renamed => 'signature.js.defanged');
	$add->('signature-removed', signed(text()) =~ s/iQEz/$MARKER\niQEz/r, tree => 'mixed(text notice)', shown => [$OK],
	    notice => $said->('The digital signature of this message'), listed => 'signature.asc.removed.txt', lacks => qr/no longer valid/);
	# Opaque S/MIME, signed by a key that exists for this moment only.
	if (defined(my $opaque = opaque(multi('mixed', text(), bad_pdf())))) {
		$add->('opaque', $opaque, tree => 'notice', notice => $said->('The whole signed message'), lacks => qr/the signature is no longer valid/);
		$add->('opaque-forwarded', multi('mixed', text(), rfc822(message('inner', $opaque))), tree => 'mixed(text message(notice))', shown => [$OK], notice => $said->('The whole signed message'));
	}
	if (defined(my $sealed = sealed(text()))) {
		$add->('sealed', $sealed, args => ['-o', 'encrypted=remove'], tree => 'notice', notice => qr/The whole encrypted message was removed by the content filter\s+because it is encrypted/, lacks => qr/signed/);
	}
	$add->('clear-text-pgp', multi('mixed', text("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n$MARKER\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----"), pdf()),
	    tree => 'mixed(notice application/pdf)', notice => $said->('The text of this message'), listed => 'message.txt.removed.txt');
	$add->('encrypted', multi('encrypted; protocol="application/pgp-encrypted"', "Content-Type: application/pgp-encrypted\n\nVersion: 1",
	    "Content-Type: application/octet-stream; name=\"encrypted.asc\"\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA0000000000000000000\n-----END PGP MESSAGE-----"),
	    args => ['-o', 'encrypted=remove'], tree => 'mixed(application/pgp-encrypted notice)', notice => qr/The whole encrypted message was removed by the content filter\s+because it is encrypted and could not be checked/, listed => 'encrypted.asc.removed.txt');

	# Reports.
	my $status = "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; ben\@example.net\nAction: failed\nStatus: 5.1.1\n";
	$add->('dsn', multi('report; report-type=delivery-status', text("OKTEXT: Dear Ben could not be reached.\n"), $status, rfc822(message('returned', multi('mixed', text(), bad_pdf())))),
	    tree => 'report(text message/delivery-status message(mixed(text notice)))', shown => [$OK], notice => $VIRUS, listed => 'report.pdf.removed.txt');
	$add->('dsn-headers', multi('report; report-type=delivery-status', text("OKTEXT: Dear Ben could not be reached.\n"), $status, "Content-Type: text/rfc822-headers\n\nSubject: $MARKER"),
	    tree => 'report(text message/delivery-status notice)', shown => [$OK], notice => $said->('An attachment of this message'), listed => 'attachment.removed.txt');
	$add->('mdn', multi('report; report-type=disposition-notification', bad_text(), "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; ben\@example.net\nDisposition: manual-action/MDN-sent-manually; displayed\n"),
	    tree => 'report(notice message/disposition-notification)', notice => $said->('The text of this message'), listed => 'message.txt.removed.txt');

	# The message itself.
	$add->('whole-text', bad_text() . "\n", tree => 'notice', notice => $said->('The text of this message'));
	$add->('whole-html', bad_html() . "\n", tree => 'notice', notice => $said->('The text of this message'));
	$add->('whole-file', bad_pdf() . "\n", tree => 'notice', notice => $said->('An attachment of this message'));
	return @s;
}

# -- what a message is made of -------------------------------------------------------

# "mixed(text notice)": a reader of its own, for results that are regular. Dies of what is not.
sub situation_tree {
	my ($bytes) = @_;
	return tree_of($bytes =~ s/\r\n/\n/gr);
}

sub tree_of {
	my ($part, $in_digest) = @_;
	my ($head, $body) = $part =~ /\A\n(.*)\z/s ? ('', $1) : $part =~ /\A(.*?\n)\n(.*)\z/s ? ($1, $2) : die "a part without an empty line:\n$part\n";
	$head =~ s/\n[ \t]+/ /g;
	my @types = $head =~ /^Content-Type:\s*([^;\s]+)/mgi;
	die "more than one Content-Type:\n$head" if @types > 1;
	my $type = lc($types[0] // ($in_digest ? 'message/rfc822' : 'text/plain'));
	if (my ($kind) = $type =~ m{^multipart/(.*)}) {
		my ($b) = $head =~ /^Content-Type:[^\n]*boundary="([^"]+)"/mi or die "no boundary in:\n$head";
		$body =~ s/^--\Q$b\E--(?:\n.*|)\z//ms or die "no end of $b:\n$body";
		my (undef, @pieces) = split /^--\Q$b\E\n/m, $body;
		return "$kind(" . join(' ', map { tree_of($_ =~ s/\n\z//r, $kind eq 'digest') } @pieces) . ')';
	}
	return 'message(' . tree_of($body) . ')' if $type eq 'message/rfc822';
	return 'notice' if $type eq 'text/plain' && $body =~ /removed by the content filter/ && $body !~ /notice\s+further\s+down/;
	return 'grey' if $type eq 'image/gif' && $body =~ /\AR0lGOD/;
	return $1 if $type =~ m{^text/(html|calendar)$};
	return $type eq 'text/plain' ? 'text' : $type;
}

1;
