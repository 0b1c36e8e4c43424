#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A small run of tests/load in which processes are killed at random: as many
# messages come out as went in, none unscanned, none twice without a reason.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;

sub skip_everything { diag("SKIPPED: $_[0]"); plan skip_all => "SKIPPED: $_[0]" }
skip_everything('needs root') if $>;
skip_everything('Postfix is not installed') unless grep { -x "$_/smtp-source" } split /:/, $ENV{PATH};
skip_everything('load under the sanitizers, which are slow') if Harness::sanitized();

my $r = run(cmd => ["$SRC/tests/load", 500, 20], timeout => 600, env => { SPAWNSCAN_BUILD => $BUILD });
is($r->{code}, 0, 'all well') or diag($r->{out}, $r->{err});
like($r->{out}, qr/^in 500, out 500 /m, '500 in, 500 out');
like($r->{out}, qr/^killed: [1-9]\d* fronts, [1-9]\d* inspectors, [1-9]\d* engines/m, 'some of each kind were killed');
note($r->{out});

done_testing;
