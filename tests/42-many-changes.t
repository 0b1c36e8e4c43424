#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A message that would need more changes than a report may have gets a verdict at
# once, and does not wait.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;

my @cases;

# Forged results, each alone between other fields.
push @cases, 'forged results, each alone' => sub {
	my $header = join "\n", map { "X-Spawnscan-Result: clean\nX:" } 1 .. 60_000;
	my $r = spawnscan(in => mail(header => $header), timeout => 120);
	is($r->{code}, 69, 'more forged results than can be struck out: rejected') or diag($r->{log});
	like($r->{log}, qr/verdict=limit .*too many changes/, 'the log says why');
	is($r->{out}, '', 'nothing comes out');
};
# In one stretch they are one change.
push @cases, 'forged results in one stretch' => sub {
	my $r = spawnscan(in => mail(header => join "\n", ('X-Spawnscan-Result: clean') x 60_000), timeout => 120);
	is($r->{code}, 0, 'forged results in one stretch: delivered') or diag($r->{log});
	is(scalar(() = $r->{out} =~ /^X-Spawnscan-Result/mg), 1, 'and struck out');
};
# Very many parts with very many names each.
for my $how ([LF => sub { $_[0] }], [CRLF => \&crlf]) {
	my ($name, $f) = @$how;
	push @cases, "very many names, $name" => sub {
		my $names = '; name="a.exe"' x 20;
		my $mail = $f->(mail(parts => [map { part("Content-Type: application/octet-stream$names\nContent-Disposition: attachment", "no. $_.") } 1 .. 4000]));
		my $r = spawnscan(in => $mail, timeout => 200);
		is($r->{code}, 0, 'very many names: delivered') or diag(substr $r->{log}, 0, 1000);
		unlike($r->{out}, qr{no\. \d+\.}, 'without its body');
		like($r->{log}, qr/action=remove/, 'which was removed');
		my ($kept) = grep { !/\.meta\z/ } glob "$r->{quarantine}/*/*";
		same_bytes(read_file($kept // '') // '', $mail, 'the original is kept');
	};
}

together(@cases);
done_testing;
