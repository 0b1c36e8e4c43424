#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Signatures of one's own beside ClamAV's: each kind of file that the manual shows.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::MD5 ();
use Digest::SHA qw(sha256_hex);
use Test::More;
use Harness;
use MailMaker;

my $content = noise(200) . marker() . noise(200);
# What is found in it with these files in the directory of the database, beside tests.ndb.
my $n = 0;
sub found {
	my ($what, $name, %files) = @_;
	my $dir = subdir('sigs' . ++$n, 0755);
	write_file("$dir/tests.ndb", eicar_signature() . ($files{without_marker} ? '' : marker_signature()), 0644);
	delete $files{without_marker};
	write_file("$dir/$_", $files{$_}, 0644) for keys %files;
	my $r = spawnscan(in => mail(parts => [part('Content-Type: text/plain', "text\n"), attachment($name, $what)]), conf => conf_file(database => $dir, encrypted => 'pass'), timeout => 60);
	my ($result) = header_of($r->{out}, 'X-Spawnscan-Result');
	return ($result // "code $r->{code} $r->{log}") =~ s/\s+/ /gr;
}
my $size = length $content;
my $hash = sha256_hex($content);
my %none = (without_marker => 1);

like(found($content, 'a.dat'), qr/^infected .*reason="Harmless-Test-Marker\.UNOFFICIAL"/, '.ndb: bytes');
is(found($content, 'a.dat', %none), 'clean', 'without it nothing is found');
like(found($content, 'a.dat', %none, 'own.hsb' => "$hash:$size:Own.Hash\n"), qr/^infected .*reason="Own\.Hash\.UNOFFICIAL"/, '.hsb: a SHA-256 and a size');
like(found($content, 'a.dat', %none, 'own.hsb' => "$hash:*:Own.Hash:73\n"), qr/^infected .*reason="Own\.Hash\.UNOFFICIAL"/, '.hsb: of any size');
is(found("$content.", 'a.dat', %none, 'own.hsb' => "$hash:*:Own.Hash:73\n"), 'clean', '.hsb: not another content');
like(found(zip_of(['a.dat' => $content]), 'a.zip', %none, 'own.hsb' => "$hash:$size:Own.Hash\n"), qr/^infected .*reason="Own\.Hash/, '.hsb: in an archive');
like(found($content, 'a.dat', %none, 'own.yar' => "rule own_rule { strings: \$a = \"" . substr(marker(), 0, 40) . "\" condition: \$a }\n"), qr/^infected .*reason="YARA\.own_rule\.UNOFFICIAL"/, '.yar: a rule of YARA');
is(found($content, 'a.dat', 'own.ign2' => "Harmless-Test-Marker\n"), 'clean', '.ign2: a signature is ignored');
like(found($content . eicar(), 'a.dat', 'own.ign2' => "Harmless-Test-Marker\n"), qr/^infected .*reason="Eicar-Test-Signature/, '.ign2: not another one');
is(found($content, 'a.dat', 'own.fp' => Digest::MD5::md5_hex($content) . ":$size:false positive\n"), 'clean', '.fp: a content by MD5');
is(found($content, 'a.dat', 'own.sfp' => "$hash:$size:false positive\n"), 'clean', '.sfp: a content by SHA-256');
like(found("$content.", 'a.dat', 'own.sfp' => "$hash:$size:false positive\n"), qr/^infected /, '.sfp: not another content');

SKIP: {
	loud_skip('7z is not installed', 2) unless grep { -x "$_/7z" } split /:/, $ENV{PATH};
	my $work = subdir('work');
	write_file("$work/a.dat", $content);
	is(system("cd $work && 7z a -bd -y -tzip -mem=ZipCrypto -psesame out.zip a.dat >/dev/null"), 0, 'a zip archive with a password');
	my $zip = read_file("$work/out.zip");
	unlike(found($zip, 'a.zip'), qr/infected/, 'nothing is found in it');
	unlike(found($zip, 'a.zip', 'own.pwdb' => "sesame;Engine:81-255;0;sesame\n"), qr/infected/, '.pwdb: not tried where encryption is told, as the manual says');
}

# The manual shows each of them.
my $manual = read_file("$SRC/man/spawnscan.8");
ok($manual =~ /^\.It Pa \*\Q$_\E$/m, "spawnscan(8): $_") for '.ndb', '.hsb', '.yar', '.ign2', '.fp', '.sfp', '.pwdb';
done_testing;
