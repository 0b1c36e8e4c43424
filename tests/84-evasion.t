#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What hides behind broken MIME is found, or what it hides in is taken out: a
# sample of our own tricks (all of them by make evasion).

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

done_testing;
