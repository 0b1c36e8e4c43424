#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A label is there to be read, and decides nothing: an inspector whose ways of
# decoding are called otherwise does the same with every message.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;

# A copy of the tree and of its objects, in which one file is newer.
my $copy = subdir('copy');
my @dirs = grep { -d "$SRC/$_" } qw(common inspector examine ambiguity defang mime scan);
system('cp', '-rp', (map { "$SRC/$_" } 'Makefile', @dirs), (glob "$SRC/*.[ch]"), $copy) == 0 or die;
system('mkdir', '-p', "$copy/b") == 0 && system('cp', '-rp', "$BUILD/inspector", "$BUILD/common", "$BUILD/common.a", "$copy/b") == 0 or die;
my $source = read_file("$copy/mime/mime_decode.c");
my $n = $source =~ s/^(\t\[DECODE_\w+\] = \{ )"([^"]+)"/$1"otherwise: $2"/mg;
cmp_ok($n, '>', 10, 'labels: ' . ($n || 0));
write_file("$copy/mime/mime_decode.c", $source);
my @san = sanitized() ? ('SAN=-fsanitize=address,undefined -fno-sanitize-recover=all', 'HARDEN=-fPIE') : ();
my $made = run(cmd => ['make', '-s', '-C', $copy, 'BUILD=b', @san, 'b/spawnscan-inspect'], timeout => 300);
is($made->{code}, 0, 'an inspector with other labels') or diag($made->{err});

my $zip = zip_of(['a.txt' => 'harmless ' x 20]);
my $other = zip_of(['b.txt' => noise(400)]);
my $named = "Content-Type: application/zip; name=\"a.zip\"\nContent-Disposition: attachment; filename=\"a.zip\"";
my $text = part('Content-Type: text/plain; charset=us-ascii', "A text before it.\n");
my $inner = "Subject: inner\nContent-Type: application/zip; name=a.zip\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" . b64($zip);
my %mails = (
	# A base64 view of an attachment whose last bytes are in doubt is no news.
	'irregular base64' => mail(parts => [$text, part("$named\nContent-Transfer-Encoding: base64", b64($zip) . "!!!\n" . b64($other))]),
	# Sloppy decoders make another archive of lines of odd length; that is no doubt.
	'base64 lines of odd length' => mail(parts => [$text, part("$named\nContent-Transfer-Encoding: base64", b64($other . $zip) =~ s/\n//gr =~ s/(.{75})/$1\n/gr . "\n")]),
	# Of what a view shows a canonical form is made, but not of a text.
	'unknown encoding' => mail(parts => [$text, part("$named\nContent-Transfer-Encoding: base-64", b64($zip))]),
	'unknown encoding, as it is' => mail(parts => [$text, part("$named\nContent-Transfer-Encoding: x-unheard-of", $zip)]),
	# A message in a view is read once more, if it is no text that was read before.
	'a message in an unknown encoding' => mail(parts => [$text, part("Content-Type: application/x-thing\nContent-Transfer-Encoding: base-64", b64($inner))]),
	'an irregular message in a message' => mail(parts => [$text, part('Content-Type: message/rfc822', $inner)]),
	'two encodings' => mail(parts => [$text, part("$named\nContent-Transfer-Encoding: quoted-printable\nContent-Transfer-Encoding: base64", b64($zip))]),
);

for my $name (sort keys %mails) {
	my ($mail, %got) = $mails{$name};
	for my $which ('', "$copy/b/spawnscan-inspect") {
		my $conf = conf_file(quarantine => 'off', notice => 'removed: {file}', $which ? (inspector => $which) : ());
		my $file = write_file(subdir() . '/mail', $mail);
		my $r = spawnscan(conf => $conf, in => $mail, timeout => 60);
		is($r->{code}, 0, "$name: exit code");
		my $told = spawnscan(conf => $conf, args => ['--explain', $file, '--json'], timeout => 60)->{out};
		my @ways = $told =~ /"way": "([^"]*)"/g;
		ok(@ways && (@ways == grep { /\Aotherwise: / == !!$which } @ways), "$name: the labels are the " . ($which ? 'other' : 'usual') . ' ones');
		$told =~ s/"way": "\Kotherwise: //g;
		$got{$which ? 'other' : 'usual'} = [$r->{out}, $told];
	}
	same_bytes($got{other}[0], $got{usual}[0], "$name: the same result");
	same_bytes($got{other}[1], $got{usual}[1], "$name: the same explanation");
}
done_testing;
