#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Words of the administrator's: a banner in front of the text of a message, a
# disclaimer behind it. How they are written into each charset and encoding is in
# 19-banner.t; here that the filter does it where it should, and nowhere else.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Encode ();
use MIME::Base64;
use MIME::QuotedPrint;
use Test::More;
use Downstream;
use Harness;
use SmtpClient;
binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;

my $disclaimer = 'This message is for its addressee only.';
my $banner = 'This message came from outside.';
my @both = ("disclaimer=$disclaimer", "banner=$banner");

sub filtered { my ($in, @settings) = @_; return spawnscan(in => $in, conf => {by_engine()}, args => [map { ('-o', Encode::encode('UTF-8', $_)) } @settings]) }
sub message { my ($type, $body, $more) = @_; return "From: a\@example.org\nSubject: s\nMIME-Version: 1.0\n" . ($type ? "Content-Type: $type\n" : '') . ($more // '') . "\n$body" }
sub of { my ($type, $boundary, @parts) = @_; return message("$type; boundary=$boundary", join('', map { "--$boundary\n$_\n" } @parts) . "--$boundary--\n") }
sub body { my ($r) = @_; return $r->{out} =~ /\n\r?\n(.*)\z/s ? $1 : '' }
sub count { my ($text, $word) = @_; return scalar(() = $text =~ /\Q$word\E/g) }

my $html = "<html><body><p>Hello</p></body></html>";
my $text_part = "Content-Type: text/plain\n\nHello";
my $html_part = "Content-Type: text/html\n\n$html";
my $file_part = "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nHello";

# -- where it goes ---------------------------------------------------------------

my $r = filtered(message('', "Hello\n"), @both);
is(body($r), "$banner\n\nHello\n\n$disclaimer\n", 'in front and behind');
like($r->{out}, qr/\AX-Spawnscan-Result: clean\n/, 'the message is clean');
is($r->{code}, 0, 'and delivered');
is(scalar(grep { -f } glob "$r->{quarantine}/*/*"), 0, 'nothing is kept');
is(body(filtered(message('', "Hello\n"))), "Hello\n", 'by default there is neither');
is(body(filtered(message('', "Hello\n") =~ s/\n/\r\n/gr, @both)), "$banner\r\n\r\nHello\r\n\r\n$disclaimer\r\n", 'CRLF');

for ([1, 'multipart/mixed', $text_part, $file_part], [2, 'multipart/alternative', $text_part, $html_part],
    [1, 'multipart/related', $html_part, "Content-Type: image/png\nContent-ID: <a>\n\nx"]) {
	my ($n, $type, @parts) = @$_;
	$r = filtered(of($type, 'b', @parts), @both);
	is(count($r->{out}, $disclaimer), $n, "$type: disclaimer in $n");
	is(count($r->{out}, $banner), $n, "$type: banner in $n");
	is($r->{out} =~ s/.*\n\n--b\n/--b\n/sr =~ s/\Q$disclaimer\E|\Q$banner\E|<[^>]*>|\s+//gsr, of($type, 'b', @parts) =~ s/.*\n\n--b\n/--b\n/sr =~ s/<[^>]*>|\s+//gsr, "$type: and nothing else");
}
# A charset that lacks a character: once, with both texts in it.
my $umlaut = "Gr\x{fc}\x{df}e, vertraulich \x{2013} = 1";
for my $case ([[$banner, $umlaut], 'behind'], [[$umlaut, $disclaimer], 'in front'], [[$umlaut, $umlaut], 'both']) {
	my ($front, $behind) = @{$case->[0]};
	$r = filtered(message('text/plain; charset=us-ascii', "Hello = x\n"), "banner=$front", "disclaimer=$behind");
	like($r->{out}, qr/^Content-Type: text\/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n/m, "rewritten, $case->[1]");
	is(Encode::decode('UTF-8', decode_qp(body($r))), "$front\n\nHello = x\n\n$behind\n", "both are there, $case->[1]");
}
my $coded = encode_base64("Hello\n");
$r = filtered(message('text/plain; charset=utf-8', $coded, "Content-Transfer-Encoding: base64\n"), "banner=$umlaut", "disclaimer=$umlaut");
is(Encode::decode('UTF-8', decode_base64(body($r))) =~ s/^ +//mgr =~ s/ *\r?\n/\n/gr, "$umlaut\n\nHello\n\n$umlaut\n", 'base64');
# Unencoded: what is not ASCII does not go into it as it is.
for my $case (['utf-8', '8bit', "Gr\x{fc}\x{df}e"], ['iso-8859-1', '8bit', "Gr\x{fc}\x{df}e"], ['iso-2022-jp', '7bit', "\x{8acb}\x{6c42}"], ['utf-8', 'binary', 'Hello']) {
	my ($charset, $cte, $text) = @$case;
	for my $words ($umlaut, "\x{8acb}\x{6c42}\x{66f8}") {
		$r = filtered(message("text/plain; charset=$charset", Encode::encode($charset, "$text\n"), "Content-Transfer-Encoding: $cte\n"), "disclaimer=$words");
		is(Encode::decode('UTF-8', decode_qp(body($r))), "$text\n\n$words\n", "$charset, $cte") or diag($r->{log});
	}
	$r = filtered(message("text/plain; charset=$charset", Encode::encode($charset, "$text\n"), "Content-Transfer-Encoding: $cte\n"), "disclaimer=$disclaimer");
	is(body($r), Encode::encode($charset, "$text\n\n$disclaimer\n"), "$charset, $cte: ASCII as it is");
}
# Without a header there is no charset to be told.
for my $front ('', "From a\@example.org Mon Nov 30 13:50:42 2026\n") {
	$r = filtered("$front\nHello\n", "disclaimer=$umlaut");
	is($r->{code}, 0, 'no header') or diag($r->{log});
	like($r->{out}, qr/\n\nHello\n\z/, 'as it came');
	like($r->{log}, qr/left out: the message has no header/, 'said in the log');
}
# A charset that programs don't know is shown in another one.
for my $case (["Hall\xe1\n", 0], ["Hello\n", 1]) {
	my ($text, $n) = @$case;
	my $in = message('text/plain; charset=ansi_x3.110-1983', $text, "Content-Transfer-Encoding: 8bit\n");
	$r = filtered($in, "disclaimer=$umlaut");
	is(count(decode_qp(body($r)), 'vertraulich'), $n, 'an odd charset') or diag($r->{log});
	is(body($r), $text, 'as it came') unless $n;
}
# HTML of one's own.
$r = filtered(message('text/html', $html), @both, "disclaimer_html=<p class=legal>$umlaut</p>");
like($r->{out}, qr/Hello<\/p>\n?<p class=legal>Gr&#252;&#223;e, vertraulich &#8211; = 1<\/p>\n<\/body>/, 'HTML as it is given');
like($r->{out}, qr/<body>\n?<div style=.*\Q$banner\E.*<\/div>\n<p>Hello/s, 'and made of the text');

# -- once in a thread -------------------------------------------------------------

my $long = "This message and what is attached to it is for its addressee only; if it is not for you, tell us (\"please\") & delete it.";
my $set = "disclaimer=$long";
my $first = filtered(message('', "Hello\n"), $set)->{out};
is(count($first, 'addressee'), 1, 'it is there once');
is(count(filtered($first =~ s/\A.*?^From:/From:/msr, $set)->{out}, 'addressee'), 1, 'and once when it comes again');
my $quoted = body({ out => $first }) =~ s/^/> /mgr;
is(count(filtered(message('', "Thanks.\n\n$quoted"), $set)->{out}, 'addressee'), 1, 'quoted');
is(count(filtered(message('', "Thanks.\n\n" . $quoted =~ s/^/> /mgr =~ s/ (its|for|delete) /\n> > $1 /gr), $set)->{out}, 'addressee'), 1, 'quoted again, in other lines');
is(count(filtered(message('text/plain', encode_qp($quoted), "Content-Transfer-Encoding: quoted-printable\n"), $set)->{out}, 'addressee'), 1, 'quoted, quoted-printable');
my $reply = "<html><body>Thanks<blockquote type=cite>" . $long =~ s/&/&amp;/gr =~ s/"/&quot;/gr =~ s/ for / <b>for<\/b>\n/gr . "</blockquote></body></html>";
is(count(filtered(message('text/html', $reply), $set)->{out}, 'addressee'), 1, 'quoted in HTML');
is(count(filtered(message('text/html', $reply =~ s/addressee/addr&#101;ss&#x65;e/r), $set)->{out}, 'addressee'), 0, 'quoted in HTML, characters by number');
is(count(filtered(of('multipart/alternative', 'b', "Content-Type: text/plain\n\n$quoted", $html_part), $set)->{out}, 'addressee'), 2, 'a form that does not quote gets it');
is(count(filtered(message('', "Thanks.\n\n" . $quoted =~ s/tell us//r), $set)->{out}, 'addressee'), 2, 'what is not the same does not count');
is(count(filtered(message('', "Thanks.\n\n" . $quoted), $set, "banner=$banner")->{out}, $banner), 1, 'beside a banner');
is(count(filtered(message('', "> $banner\n$banner\n"), "banner=$banner")->{out}, $banner), 3, 'a banner is there whatever a stranger writes');

# -- where it does not go -----------------------------------------------------------

my $pgp = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello\n-----BEGIN PGP SIGNATURE-----\n\nxx\n-----END PGP SIGNATURE-----\n";
my %not = (
	'multipart/signed' => of('multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha256', 'b', $text_part, "Content-Type: application/pgp-signature\n\nx"),
	'signed within mixed' => of('multipart/mixed', 'b', "Content-Type: multipart/signed; boundary=c\n\n--c\n$text_part\n--c\nContent-Type: application/pgp-signature\n\nx\n--c--"),
	'PGP in the text' => message('', $pgp),
	'encrypted' => of('multipart/encrypted; protocol="application/pgp-encrypted"', 'b', "Content-Type: application/pgp-encrypted\n\nVersion: 1", "Content-Type: application/octet-stream\n\nx"),
	'S/MIME' => message('application/pkcs7-mime; smime-type=enveloped-data', encode_base64('x' x 50), "Content-Transfer-Encoding: base64\n"),
	'a calendar' => message('text/calendar; method=REQUEST', "BEGIN:VCALENDAR\nEND:VCALENDAR\n"),
	'a report' => of('multipart/report; report-type=delivery-status', 'b', $text_part, "Content-Type: message/delivery-status\n\nReporting-MTA: dns; a"),
	'an attached message' => of('multipart/mixed', 'b', "Content-Type: message/rfc822\n\nSubject: x\n\nHello"),
	'an attachment' => of('multipart/mixed', 'b', $file_part),
	'nothing' => message('', ''),
	'two encodings' => message('text/plain', "Hello\n", "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 8bit\n"),
);
for my $name (sort keys %not) {
	$r = filtered($not{$name}, @both);
	my $out = $r->{out} =~ s/\AX-Spawnscan.*?\n(?=From:)//sr;
	is($out, $not{$name}, "$name: as it came") or next;
	like($r->{log}, qr/banner or disclaimer left out: /, "$name: said in the log");
}
is(count(filtered($not{'two encodings'})->{log}, 'left out'), 0, 'where none is wanted nothing is said');

# -- with other changes, and by rule -------------------------------------------------

my $program = "Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=a.exe\n\nx";
$r = filtered(of('multipart/mixed', 'b', $text_part, $program), @both, 'blocked=remove', 'notice_line=always');
like(body($r), qr/\A--b\nContent-Type: text\/plain\n\n\Q$banner\E\n\n.*a\.exe.*removed.*\n\nHello\n\n\Q$disclaimer\E\n--b\n/s, 'beside a notice') or diag($r->{out});
$r = filtered(of('multipart/mixed', 'b', $program), @both, 'blocked=remove');
is(count($r->{out}, $disclaimer), 0, 'not into a notice');

# What a client hears, and the next hop gets.
my $down = Downstream->start;
$r = run(cmd => [spawnscan_cmd('-c', conf_file(disclaimer => $disclaimer), $down->address)],
    in => join('', map { "$_\r\n" } 'EHLO a.example', 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA') . message('', "Hello\n..\n") =~ s/\n/\r\n/gr . ".\r\nQUIT\r\n");
my ($got) = map { $_->{data} } $down->wait_messages(1);
$down->stop;
like($got // '', qr/\r\n\r\nHello\r\n\.\r\n\r\n\Q$disclaimer\E\r\n\z/, 'over SMTP') or diag($r->{out});

# By rule: who has one, and who has not.
my $rules = conf_file();
write_file("$rules.rules", read_file($rules) . "\n[rule outside]\nrecipient = example.net\ndisclaimer = $disclaimer\n", 0644);
for my $to ('b@example.net', 'c@example.org') {
	$down = Downstream->start;
	run(cmd => [spawnscan_cmd('-c', "$rules.rules", $down->address)],
	    in => join('', map { "$_\r\n" } 'EHLO a.example', 'MAIL FROM:<a@example.org>', "RCPT TO:<$to>", 'DATA') . message('', "Hello\n") =~ s/\n/\r\n/gr . ".\r\nQUIT\r\n");
	my ($copy) = map { $_->{data} } $down->wait_messages(1);
	$down->stop;
	is(count($copy // '', $disclaimer), $to =~ /net/ ? 1 : 0, "by rule: to $to");
}

is(filtered(message('', 'x'), 'disclaimer_html=<p>x</p>')->{code}, 78, 'HTML alone is a contradiction');

done_testing();
