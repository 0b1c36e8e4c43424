# SPDX-License-Identifier: GPL-2.0-or-later
package Mix;

# Mix.pm - messages as a mail server sees them, in realistic shares, made by rule: the
# same ones each time. None has the same contents as another.
#
# Mix::messages() gives 100 of { name, bytes }. Mix::large() is one that programs may
# read in different ways, with an attachment of 5 MB.

use v5.32;
use warnings;
use Digest::MD5 ();
use MailMaker;

my @words = split ' ', 'the meeting will be on Monday and figures are in our attached report please send me your answer until then with kind regards from us all for next week';
my $seed = 1;
sub chance { my ($n) = @_; $seed = ($seed * 1103515245 + 12345) & 0x7fffffff; return ($seed >> 8) % $n }
sub words { my ($n) = @_; return join(' ', map { $words[chance(scalar @words)] . (chance(9) ? '' : ' ' . chance(10000)) } 1 .. $n) =~ s/(.{1,72}) /$1\n/gr . "\n" }
sub html { my ($n) = @_; return "<html><head><style>p { margin: 0 }</style></head>\n<body>\n" . join('', map { '<p style="color:#333"><a href="https://example.org/' . chance(1e6) . '">' . words(12) . "</a></p>\n" } 1 .. $n) . "</body></html>\n" }
sub bytes_of { my ($magic, $n) = @_; return $magic . noise($n, chance(1e9)) }

sub text_part { return part('Content-Type: text/plain; charset=utf-8', words(chance(300) + 20)) }
sub qp_part { my ($type, $text) = @_; return part("Content-Type: $type; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", qp($text) =~ s/^(.{1,70})(?=.)/$1=\n/gmr) }
sub alternative { my ($b) = @_; return part("Content-Type: multipart/alternative; boundary=$b", multipart($b, qp_part('text/plain', words(100)), qp_part('text/html', html(20 + chance(40))))) }
sub png { my ($cid) = @_; return part("Content-Type: image/png; name=image$cid.png\nContent-ID: <image$cid\@example.org>\nContent-Transfer-Encoding: base64", b64(bytes_of("\x89PNG\r\n\x1a\n", 3000 + chance(40000)))) }
sub pdf { return attachment('report-' . chance(1000) . '.pdf', bytes_of("%PDF-1.4\n", 20000 + chance(300_000)), type => 'application/pdf') }
sub zip { return attachment('files.zip', zip_of([map { ("$_.txt", bytes_of('', 2000 + chance(50_000))) } 1 .. 3]), type => 'application/zip') }
sub whole { return mail(id => chance(1e9), parts => [text_part(), chance(2) ? pdf() : png(1)]) }
sub report_of {
	my ($last) = @_;
	return mail(multipart => 'multipart/report; report-type=delivery-status', boundary => 'report', parts => [text_part(),
	    part('Content-Type: message/delivery-status', "Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; bob\@example.net\nAction: failed\nStatus: 5.1.1\n"), $last]);
}

# How many of a hundred, and how they are made.
my @shares = (
	[18, 'text', sub { mail(body => words(200 + chance(400))) }],
	[24, 'alternative', sub { mail(parts => [alternative('alt')], multipart => 'multipart/mixed') }],
	[8, 'html', sub { mail(type => 'text/html; charset=utf-8', encoding => 'quoted-printable', body => qp(html(50)) =~ s/^(.{1,70})(?=.)/$1=\n/gmr) }],
	[12, 'images', sub { mail(multipart => 'multipart/related', parts => [alternative('alt'), map { png($_) } 1 .. 1 + chance(4)]) }],
	[12, 'pdf', sub { mail(parts => [chance(2) ? text_part() : alternative('alt'), pdf()]) }],
	[4, 'zip', sub { mail(parts => [text_part(), zip()]) }],
	[3, 'bounce', sub { report_of(rfc822(whole())) }],
	[3, 'bounce of a header', sub { report_of(part('Content-Type: text/rfc822-headers', (split /\n\n/, whole())[0] . "\n")) }],
	[4, 'bounce in text', sub { mail(body => words(30) . "\n   ----- The message -----\n\n" . whole()) }],
	[3, 'digest', sub { mail(multipart => 'multipart/digest', parts => [map { "\n" . mail(id => chance(1e9), body => words(100)) } 1 .. 5]) }],
	[4, 'signed', sub { mail(multipart => 'multipart/signed; micalg=pgp-sha256; protocol="application/pgp-signature"', parts => [text_part(), part('Content-Type: application/pgp-signature; name=signature.asc', "-----BEGIN PGP SIGNATURE-----\n\n" . b64(noise(400, chance(1e9))) . "-----END PGP SIGNATURE-----\n")]) }],
	[2, 'list', sub { mail(parts => [text_part(), pdf()], epilogue => "_______________________________________________\nA list\nhttps://lists.example.org/a\n") }],
	[3, 'forwarded', sub { mail(parts => [text_part(), rfc822(whole())]) }],
);

sub messages {
	return map { my ($n, $name, $make) = @$_; map { {name => $name =~ tr/ /-/r . "-$_", bytes => $make->()} } 1 .. $n } @shares;
}

# One line of the base64 begins like the boundary.
sub large {
	my @line = split /^/, b64(bytes_of("%PDF-1.4\n", 5 << 20));
	substr $line[@line / 2], 0, 8, 'frontier';
	return mail(boundary => 'frontier', parts => [text_part(), part("Content-Type: application/pdf; name=large.pdf\nContent-Transfer-Encoding: base64", join '', @line)]);
}

1;
