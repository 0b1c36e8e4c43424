#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# 81-parts.t - each part of each mail, one after the other, forced to be removed
# and to be renamed: all bytes around it stay, and all other parts.
#
# tests/parts_of.c does the work and says so in TAP; here it gets its mails: our
# own always, those of others where they are.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Harness;
use MailMaker;
use Test::More;

my %own = (
	plain => mail(),
	parts => mail(parts => [part('', 'text'), attachment('a.txt', 'x' x 200),
	    attachment('b.exe', "MZ\0")], prologue => "before\n", epilogue => "after\n"),
	nested => mail(parts => [rfc822(mail(parts => [attachment('a.txt', 'one'),
	    attachment('b.txt', 'two')])), attachment('c.txt', 'three')]),
	encoded => mail(parts => [rfc822(mail(parts => [attachment('a.txt', 'one')]),
	    encoding => 'base64')]),
	unfinished => mail(parts => [attachment('a.txt', 'one')]) =~ s/--frontier-42--\n//r,
	headerless => "no header here\n\nand a body\n",
	empty => '',
);
my $dir = subdir('mails');
my @own;
for my $name (sort keys %own) {
	for my $form ([lf => $own{$name}], [crlf => crlf($own{$name})]) {
		push @own, "$dir/$name.$form->[0]";
		write_file($own[-1], $form->[1]);
	}
}

sub all_parts {
	my ($what, @files) = @_;
	my $r = run(cmd => ["$BUILD/tests/parts_of", @files], timeout => 600);
	is($r->{code}, 0, "$what: every part of every mail") or
	    diag(grep { /^not ok/ } map { "$_\n" } split /\n/, $r->{out});
	is(scalar(grep { /^ok/ } split /\n/, $r->{out}), scalar(@files), "$what: " . @files . ' mails');
}

all_parts('our own', @own);
my $corpus = $ENV{SPAWNSCAN_CORPUS} // "$SRC/../shared/corpus";
my @others = sort glob "$corpus/*/*.eml";
SKIP: {
	loud_skip("no corpus at $corpus", 2) unless @others;
	all_parts('those of others', @others);
}
done_testing();
