#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Messages that mail programs read in different ways, as "make readers" makes them, here
# without the programs: whatever one of them gets out of a message as it was (by
# tests/readers/RESULTS.tsv) is found by the filter, and is no longer in what it
# writes; and messages as mail programs send them stay as they are.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use ReaderMail;
use MIME::Base64 ();

my $conf = conf_file(quarantine => 'off', notice => 'removed: {file}');
sub filter { return run(cmd => [spawnscan_cmd('-c', $conf)], in => $_[0], timeout => 60) }

# -- ordinary messages --------------------------------------------------------------

for my $m (reader_ordinary()) {
	my $r = filter($m->{bytes});
	my ($rest) = split_marks($r->{out});
	like($r->{out}, qr/\AX-Spawnscan-Result: clean\r?\n/, "$m->{construct} is clean") or diag(substr $r->{out}, 0, 300);
	same_bytes($rest // $r->{out}, $m->{bytes}, "$m->{construct}: as it was");
}
done_testing;
