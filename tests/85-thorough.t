#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# 85-thorough.t - scan = auto against scan = thorough: what is saved by scanning
# each byte once costs no detection.
#
# Every file of clamav-testfiles, wrapped in mails in each way, and every mail
# of others where they are: infected for one is infected for the other.

use v5.32;
use warnings;
use Digest::MD5 ();
use FindBin;
use lib "$FindBin::Bin/lib";
use Harness;
use MailMaker;
use Test::More;

my $testfiles = '/usr/share/clamav-testfiles';
my $signatures = subdir('signatures');
write_file("$signatures/eicar.ndb", eicar_signature());
my $program = read_file("$testfiles/clam.exe");
write_file("$signatures/clam.hdb", Digest::MD5::md5_hex($program) . ':' . length($program) .
    ":Clam-Test-File\n") if defined $program;

sub infected {
	my ($mail, $scan) = @_;
	my $r = spawnscan(args => ['-d', $signatures, '-o', "scan=$scan", '-o', 'engine=off',
	    '-o', 'quarantine=off', map({ ('-o', "$_=tag") }
	    qw(infected blocked encrypted unopened limit ambiguous partial))], in => $mail);
	return "code " . ($r->{code} // 'none') if ($r->{code} // -1) != 0;
	return $r->{out} =~ /^X-Spawnscan-Result:(?:[^\n]*\n[ \t])*[^\n]*\binfected action/m ? 1 : 0;
}

sub uuencode {
	my ($bytes) = @_;
	return "begin 644 file\n" . pack('u', $bytes) . "`\nend\n";
}

my %wraps = (
	base64 => sub { mail(parts => [part('', 'text'), attachment('a.bin', $_[0])]) },
	qp => sub { mail(parts => [part("Content-Type: application/octet-stream\n" .
	    'Content-Transfer-Encoding: quoted-printable', qp_lines($_[0]))]) },
	single => sub { mail(type => 'application/octet-stream', encoding => 'base64',
	    body => b64($_[0])) },
	uuencode => sub { mail(body => "text\n\n" . uuencode($_[0])) },
	nested => sub { mail(parts => [rfc822(mail(parts => [attachment('a.bin', $_[0])]))]) },
	'nested, encoded' => sub { mail(parts => [rfc822(mail(parts =>
	    [attachment('a.bin', $_[0])]), encoding => 'base64')]) },
);

# Every byte escaped, in lines of 20.
sub qp_lines {
	return join "=\n", map { $_ } unpack '(a60)*', join '', map { sprintf '=%02X', ord } split //, $_[0];
}

SKIP: {
	my @files = sort grep { -f } glob "$testfiles/*";
	loud_skip("clamav-testfiles is not installed", 1) unless @files;
	my $found = 0;
	for my $wrap (sort keys %wraps) {
		my (@lost, $n);
		for my $file (@files) {
			my $bytes = read_file($file);
			next if length $bytes > 300_000;
			my $mail = $wraps{$wrap}->($bytes);
			my ($auto, $thorough) = map { infected($mail, $_) } qw(auto thorough);
			push @lost, "$file: $auto against $thorough" if $auto ne $thorough;
			$found++ if $thorough eq '1';
			$n++;
		}
		is_deeply(\@lost, [], "$wrap: nothing is lost in $n files");
	}
	cmp_ok($found, '>', 150, "and thorough found $found");
}

my $corpus = $ENV{SPAWNSCAN_CORPUS} // "$SRC/../shared/corpus";
my @others = sort glob "$corpus/*/*.eml";
SKIP: {
	loud_skip("no corpus at $corpus", 2) unless @others;
	my @lost;
	my $found = 0;
	my @some = sampled(@others);
	for my $file (@some) {
		my $mail = read_file($file);
		my ($auto, $thorough) = map { infected($mail, $_) } qw(auto thorough);
		push @lost, "$file: $auto against $thorough" if $auto ne $thorough;
		$found++ if $thorough eq '1';
	}
	is_deeply(\@lost, [], 'nothing is lost in ' . @some . ' mails of others');
	loud_skip("$found infected ones in a sample of " . @some, 1) if @some < @others;
	cmp_ok($found, '>=', 3, "and thorough found $found");
}
done_testing();
