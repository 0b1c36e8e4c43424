#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Ordinary mails of others are left alone: none of a thousand is changed because
# it might be read in two ways, and one that reads the same to everyone costs no
# look beyond its skeleton and its parts.
#
# Ordinary is each mail of the corpus that is not in data/not-ordinary.tsv (path,
# TAB, reason): attacks, what a fuzzer made, and a few with content that is broken
# beyond what any program would send.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use File::Find ();
use JSON::PP ();

my $corpus = $ENV{SPAWNSCAN_CORPUS} // "$SRC/../shared/corpus";
unless (-d $corpus) {
	diag("SKIPPED: no corpus at $corpus (set SPAWNSCAN_CORPUS)");
	plan skip_all => "SKIPPED: no corpus at $corpus";
}

my @all;
File::Find::find({no_chdir => 1, wanted => sub { push @all, s/\A\Q$corpus\E\/*//r if -f && !/INDEX\.tsv\z/ }}, $corpus);
my %not = map { (split /\t/)[0, 1] } grep { !/^#/ } lines_of("$FindBin::Bin/data/not-ordinary.tsv");
my %there = map { $_ => 1 } @all;
is_deeply([grep { !$there{$_} } sort keys %not], [], 'each mail that is said not to be ordinary is there');
is_deeply([grep { ($not{$_} // '') eq '' } sort keys %not], [], 'and has a reason');
my @ordinary = grep { !exists $not{$_} } sort @all;
cmp_ok(scalar @ordinary, '>=', 800, @ordinary . ' of ' . @all . ' mails are ordinary');

@ordinary = sampled(@ordinary);

# Whatever signatures would find is another matter.
my %conf = (database => write_file(tmpdir() . '/nothing.ndb', 'Nothing-At-All:0:*:' . unpack('H*', 'spawnscan ' x 10 . 'nothing') . "\n"),
    engine => 'off', log => 'stderr');
my $conf = conf_file(%conf);

my (@broken, @ambiguous, @beyond, @slow);
my ($regular, $views, $began) = (0, 0, now());
for my $path (@ordinary) {
	my $start = now();
	my $r = run(cmd => ["$BUILD/spawnscan", '-c', $conf, '--json', '--explain', "$corpus/$path"], timeout => 300);
	my $e = eval { JSON::PP::decode_json($r->{out}) };
	push @slow, [now() - $start, $path];
	if (($r->{code} // -1) != 0 || !$e || grep { $_->{class} eq 'error' } @{$e->{findings}}) {
		push @broken, $path . ': ' . ($r->{code} // 'signal') . " $r->{err}";
		next;
	}
	my @doubts = grep { $_->{class} eq 'ambiguous' || ($_->{class} eq 'limit' && $_->{reason} eq 'too many readings') } @{$e->{findings}};
	push @ambiguous, "$path: " . join ', ', map { $_->{reason} } @doubts if @doubts;
	if (defined $e->{irregular}) {
		$views += @{$e->{views}};
		next;
	}
	$regular++;
	# Each scan is the skeleton or a part, and each part is scanned once. A part
	# whose infection could hide in the skeleton is looked at after it only if
	# that one had something in it.
	my %times;
	$times{$_->{object} . ($_->{part} // '')}++ for @{$e->{scans}};
	# What is in a file has the path of the file, and may be scanned too.
	my %leaves;
	$leaves{"part$_->{path}"}++ for grep { $_->{leaf} } @{$e->{parts}};
	my $leaves = grep { $_->{leaf} } @{$e->{parts}};
	my $parts = grep { $_->{object} eq 'part' } @{$e->{scans}};
	push @beyond, "$path: " . join ' ', map { "$_ x $times{$_}" } sort keys %times
	    if @{$e->{views}} || ($times{skeleton} // 0) != 1 || $parts > $leaves || (grep { !/^(?:part|skeleton)/ } keys %times)
	    || grep { $times{$_} > ($leaves{$_} // 1) } keys %times;
}
is_deeply(\@broken, [], 'each is examined to the end');
cmp_ok(@ambiguous * 1000, '<=', scalar @ordinary, @ambiguous . ' of ' . @ordinary . ' are changed because they might be read in two ways')
    or diag(join "\n", @ambiguous);
cmp_ok($regular, '>', 0.7 * @ordinary, "$regular of them read the same to everyone");
# What only programs that guess would take for an attachment is scanned with the texts.
my @guessed = grep { / view/ } @beyond;
is_deeply([grep { !/ view/ } @beyond], [], 'and of those nothing but skeleton and parts is scanned, each once');
cmp_ok(@guessed * 200, '<=', $regular, 'but for ' . @guessed . ' in which a program that guesses might find more') or diag(join "\n", @guessed);
my ($slowest) = sort { $b->[0] <=> $a->[0] } @slow;
diag(sprintf '%d mails in %.0f s, the slowest %.1f s (%s); %d views of the other %d', scalar @ordinary, now() - $began, @$slowest, $views, @ordinary - $regular);
done_testing;
