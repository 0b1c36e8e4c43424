#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Mails that are broken or packed on purpose, through the whole program: what
# hides in them is found, and what is left is sound.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Tricks ();

# -- line ends ------------------------------------------------------------------

# A CRLF mail on a pipe whose last boundary line has no line end: the line end in
# front of that is a CRLF all the same.
{
	my $in = crlf(mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('a.bin', marker())]));
	$in =~ s/\r\n\z// or die;
	my $r = spawnscan(in => $in);
	is($r->{code}, 0, 'CRLF without a last line end: exit code');
	unlike($r->{out}, qr/(?<!\r)\n/, 'no bare LF in what comes out');
	unlike($r->{out}, qr/\r(?!\n)/, 'no bare CR in what comes out');
	like($r->{out}, qr/\r\n--frontier-42--\z/, 'the last boundary line is there');
	unlike($r->{out}, qr/\Q@{[substr b64(marker()), 0, 40]}\E/, 'the attachment is gone');
}

# -- sloppy, and no more than that ------------------------------------------------

# Base64 in lines whose length is no multiple of four is allowed, and some reports
# come so; what readers make of it that go line by line is looked at, and that is
# all. The same for sound uuencode in a part that says so.
{
	my $zip = zip_of(['letter.txt', 'x' x 500]);
	my $odd = (b64($zip) =~ s/\n//gr) =~ s/(.{1,78})/$1\n/gr;
	my %in = ('base64 in odd lines' => mail(parts => [part("Content-Type: application/zip\nContent-Transfer-Encoding: base64", $odd)]),
	    'uuencode' => mail(parts => [part("Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: x-uuencode",
	        "begin 644 a.zip\n" . pack('u', $zip) . "`\nend\n")]));
	for my $name (sort keys %in) {
		my $r = spawnscan(in => $in{$name});
		is(last_record($r->{log})->{verdict}, 'clean', "$name: clean");
		same_bytes((split_marks($r->{out}))[0], $in{$name}, "$name: as it was");
	}
}

# -- what is packed, but not encrypted -----------------------------------------------

# A leaf with this content, and what is said of it.
sub packed {
	my ($name, $content, $verdict, %a) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $body = $a{text} ? part('Content-Type: text/plain', $content) : attachment('packed.bin', $content);
	my $r = spawnscan(in => mail(parts => [part('Content-Type: text/plain', "text\n"), $body]), conf => conf_file(%{$a{conf} // {}}));
	is($r->{code}, 0, "$name: exit code") or diag($r->{err}, $r->{log});
	my $record = last_record($r->{log});
	is($record->{verdict}, $verdict, "$name: $verdict");
	like($record->{findings}, $a{finding}, "$name: the finding") if $a{finding};
	my ($rest) = split_marks($r->{out});
	$body =~ s/\n\z//;
	my $there = index($rest // '', $body) >= 0;
	ok(!$a{stays} && ($verdict eq 'infected' || $verdict eq 'limit' || $verdict eq 'blocked') ? !$there : $there,
	    "$name: the content is " . ($there ? 'as it was' : 'gone'));
	return $r;
}

my $mail = mail(parts => [attachment('a.bin', marker())]);
my $harmless = mail(parts => [attachment('a.bin', 'harmless')]);
packed('S/MIME, signed', Tricks::cms_signed($mail), 'infected');
packed('S/MIME, compressed', Tricks::cms_compressed($mail), 'infected');
packed('S/MIME, compressed, harmless', Tricks::cms_compressed($harmless), 'clean');
packed('S/MIME, compressed, a blocked name', Tricks::cms_compressed(mail(parts => [attachment('a.exe', 'x')])), 'blocked');
packed('S/MIME, compressed, cut off', substr(Tricks::cms_compressed($harmless), 0, 60), 'encrypted');
packed('S/MIME, enveloped', Tricks::cms_compressed($harmless) =~ s/\x09\x10\x01\x09/\x09\x10\x01\x17/r, 'encrypted');
packed('S/MIME, another compression', Tricks::cms_compressed($harmless) =~ s/\x09\x10\x03\x08/\x09\x10\x03\x09/r, 'encrypted');
packed('OpenPGP, literal', Tricks::pgp(marker()), 'infected', text => 1);
packed('OpenPGP, compressed', Tricks::pgp(marker(), how => ['zip']), 'infected', text => 1);
packed('OpenPGP, harmless', Tricks::pgp('harmless', how => ['zlib', 'signed']), 'clean', text => 1);
packed('OpenPGP, a blocked name', Tricks::pgp('harmless', name => 'a.exe'), 'blocked', text => 1, finding => qr/\.exe/);
packed('OpenPGP, encrypted', Tricks::pgp('', before => Tricks::pgp_packet(18, "\1" . noise(200))), 'encrypted', text => 1);
packed('OpenPGP, bzip2', Tricks::pgp('harmless', how => ['bzip2']), 'encrypted', text => 1);
packed('OpenPGP, one byte broken', Tricks::pgp('harmless' x 20, how => ['zip']) =~ s/^(\n.{40})./$1!/mr, 'encrypted', text => 1);
packed('OpenPGP, only the words', "-----BEGIN PGP MESSAGE-----\n\nyes\n-----END PGP MESSAGE-----\n", 'encrypted', text => 1);
# The same as a file of packets.
for my $form (qw(new old open partial)) {
	packed("OpenPGP file, $form lengths, $_->[0]", Tricks::pgp(marker(), bare => 1, form => $form, how => $_->[1]), 'infected')
	    for ['literal', []], ['not compressed', ['none']], ['zip', ['zip']], ['zlib', ['zlib']], ['twice', ['zip', 'zlib']], $form eq 'open' ? () : (['signed', ['signed', 'zip']]);
}
packed('OpenPGP file, signed only', Tricks::pgp(marker(), bare => 1, how => ['signed']), 'infected');
packed('OpenPGP file, a marker in front', Tricks::pgp(marker(), bare => 1, how => ['zip'], before => Tricks::pgp_packet(10, 'PGP')), 'infected');
packed('OpenPGP file, harmless', Tricks::pgp('harmless', bare => 1, how => ['zlib', 'signed']), 'clean');
packed('OpenPGP file, a blocked name', Tricks::pgp('harmless', bare => 1, how => ['zip'], name => 'a.exe'), 'blocked', finding => qr/\.exe/);
packed('OpenPGP file, bzip2', Tricks::pgp('harmless', bare => 1, how => ['bzip2']), 'encrypted');
packed('OpenPGP file, to a key', Tricks::pgp_packet(1, "\3" . 'k' x 8 . "\1" . noise(256)) . Tricks::pgp_packet(18, "\1" . noise(200)), 'encrypted');
packed('OpenPGP file, to 20 keys', Tricks::pgp_packet(1, "\3" . 'k' x 8 . "\1" . noise(256)) x 20 . Tricks::pgp_packet(18, "\1" . noise(2000), 'partial'), 'encrypted');
packed('OpenPGP file, a password', Tricks::pgp_packet(3, "\4\7\3\10" . noise(8) . "\xff") . Tricks::pgp_packet(18, "\1" . noise(200)), 'encrypted');
# What is none: a key, a signature, noise that begins like one, a packet that does not fit.
packed("no OpenPGP file, $_->[0]", $_->[1], 'clean')
    for ['a key', Tricks::pgp_packet(6, "\4" . noise(200)) . Tricks::pgp_packet(13, 'a@example.com')], ['a signature', Tricks::pgp_packet(2, "\4\0\1\10" . noise(60))],
    (map { [sprintf('noise behind %02x', $_), chr($_) . noise(3000)] } 0x84, 0x85, 0x8c, 0xa3, 0xc1, 0xc3, 0xc8, 0xcb, 0xac), ['noise behind a length that fits', "\xa1\x0b\xb8" . noise(3000)],
    ['noise in a literal packet', Tricks::pgp_packet(11, "\0" . noise(300))];
packed('OpenPGP in itself in S/MIME', Tricks::cms_compressed(mail(body => Tricks::pgp(Tricks::pgp(marker()), how => ['zip']))), 'infected');

# It unpacks to too much: of one, of all together, too deep. Never clean, and never just encrypted.
my %low = (scan_file_limit => '256K', scan_size_limit => '1M');
my $large = "\0" x 300_000;
packed('S/MIME, 300 KB of 256', Tricks::cms_compressed("Subject: x\n\n$large"), 'limit', conf => \%low, finding => qr/unpacks to too much/);
packed('OpenPGP, 300 KB of 256', Tricks::pgp($large, how => ['zip']), 'limit', conf => \%low, text => 1, finding => qr/unpacks to too much/);
packed('OpenPGP, 300 KB of 400', Tricks::pgp($large, how => ['zip']), 'clean', conf => { %low, scan_file_limit => '400K' }, text => 1);
packed('OpenPGP, six of 200 KB', Tricks::pgp("\0" x 200_000, how => ['zip']) x 6, 'limit', conf => \%low, text => 1, finding => qr/unpacks to too much/);
packed('OpenPGP, four of 200 KB', Tricks::pgp("\0" x 200_000, how => ['zip']) x 4, 'clean', conf => \%low, text => 1);
packed('OpenPGP, 15 times packed', Tricks::pgp(marker(), how => [('zip') x 15]), 'infected', text => 1);
packed('OpenPGP, 20 times packed', Tricks::pgp(marker(), how => [('zip') x 20]), 'limit', text => 1, finding => qr/unpacks to too much/);
# Two fields may be undone one after the other.
for (['base64', b64(b64(marker() x 3))], ['quoted-printable', join("=\n", unpack '(a70)*', (join '', map { sprintf '=3D%02X', ord } split //, marker())) . "\n"]) {
	my ($word, $body) = @$_;
	my $field = "Content-Transfer-Encoding: $word\n";
	my $r = spawnscan(in => mail(parts => [part("Content-Type: application/octet-stream; name=a.dat\n$field" . $field =~ s/\n//r, $body)]));
	is(last_record($r->{log})->{verdict}, 'infected', "$word in $word: infected");
	unlike($r->{out}, qr/\Q@{[substr $body, 0, 40]}\E/, "$word in $word: gone");
}

# Nobody can scan what is put together, or fetched, by the reader only.
for ('message/partial; id="a@b"; number=1; total=2', 'message/external-body; access-type=URL; URL="http://www.example.com/a.exe"') {
	my ($type) = /^([^;]+)/;
	my $part = part("Content-Type: $_", "Content-Type: text/plain\n\nharmless\n");
	my $r = spawnscan(in => mail(parts => [part('Content-Type: text/plain', "text\n"), $part]));
	like((header_of($r->{out}, 'X-Spawnscan-Result'))[0], qr{blocked action=remove part=2\S* reason="\Q$type\E"}, "$type: removed");
	unlike($r->{out}, qr/\Q$type\E;/, "$type: gone");
	$r = spawnscan(in => mail(parts => [$part]), conf => conf_file(partial => 'pass'));
	like($r->{out}, qr/\Q$type\E;/, "$type: it stays if that is asked for");
}

# libclamav makes a file of each uuencoded one in a mail, and has no limit for it.
sub uuencoded { return join '', map { "begin 644 $_.bin\n#86%A\n`\nend\n" } 1 .. $_[0] }
packed('40 uuencoded files of 50', uuencoded(40), 'clean', text => 1, conf => { scan_files_limit => 50 });
packed('60 uuencoded files of 50', uuencoded(60), 'limit', text => 1, stays => 1, conf => { scan_files_limit => 50 }, finding => qr/Limits\.Exceeded\.MaxFiles/);
packed('60 uuencoded files of 50, in a mail in an archive', zip_of(['a.eml' => mail(body => uuencoded(60))]), 'limit',
    conf => { scan_files_limit => 50 }, finding => qr/Limits\.Exceeded\.MaxFiles/);
{
	my $text = marker();
	$text = Tricks::pgp($text) for 1 .. 6;
	packed('OpenPGP, six times armoured', $text, 'infected', text => 1);
	packed('OpenPGP, six times armoured, four allowed', $text, 'limit', text => 1, conf => { mime_depth_limit => 4 });
}

# -- nothing that GMime makes a message of ------------------------------------------------

# A header that a line in it breaks, and that is one for who is less strict: looked into once, and
# not as a message in itself for ever.
{
	my $broken = "From: a\@b\nAo\xc8\xdfc\@d\nSubject: x\nMIME-V\xe1From: a\@bersion: 1.0FUZZ\r\nTo: c\@d\r\nSubject: x\r\nMIME-Version: 1.0\r\n1Con1";
	for my $case (['alone', sub { $_[0] }], ['attached', sub { mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('packed.bin', $_[0])]) }]) {
		my ($name, $made) = @$case;
		my $r = spawnscan(in => $made->($broken));
		is(last_record($r->{log})->{verdict}, 'clean', "a broken header, $name: clean");
		$r = spawnscan(in => $made->("$broken\n\n" . marker()));
		is(last_record($r->{log})->{verdict}, 'infected', "a broken header, $name: what is behind it is found");
	}
}

done_testing;
