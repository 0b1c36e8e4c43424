#!/usr/bin/perl
# What hides behind broken MIME is found, or what it hides in is taken out: a
# sample of our own tricks (all of them by make evasion), and the corpus's.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;

# Not a divisor of the variants that the tricks come in.
my $r = run(cmd => ["$FindBin::Bin/evasion", $BUILD, '-s', sanitized() ? 67 : 13], timeout => 900);
is($r->{code}, 0, 'nothing is missed') or diag($r->{out}, $r->{err});
like($r->{out}, qr/^missed:\n  none$/m, 'and that is said');
my ($n) = $r->{out} =~ /^all\s+(\d+)/m;
cmp_ok($n // 0, '>=', 40, 'tricks that were tried');

# -- names -----------------------------------------------------------------------

my $corpus = ($ENV{SPAWNSCAN_CORPUS} // "$SRC/../shared/corpus") . '/mime-is-broken';
SKIP: {
	loud_skip("no corpus at $corpus", 4) unless -d $corpus;
	my ($all) = $r->{out} =~ /^mime-is-broken.*?^all\s+(\d+)/ms;
	is($all, 60, 'the mails that hide a content');
	my @names = glob "$corpus/hide-filename*";
	is(scalar @names, 13, 'the mails that hide a name');
	my (@missed, @changed);
	for my $file (@names) {
		my $in = read_file($file);
		my $of = sub {
			my $out = spawnscan(in => $in, conf => conf_file(quarantine => 'off', deny_names => $_[0]), timeout => 120);
			return (header_of($out->{out}, 'X-Spawnscan-Result'))[0] // '';
		};
		push @missed, $file if $of->('*.zip') !~ /\bblocked action=defang part=2 reason="name matches \*\.zip"/;
		push @changed, $file if $of->('*.xyz') !~ /^clean/;
	}
	is_deeply(\@missed, [], 'the name .zip is seen in each');
	is_deeply(\@changed, [], 'and they are left alone if that is allowed');
}

done_testing;
