#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The house: which file may include which, and where a public name is found.
#
# Two towers on one ground. The front never sees the inspector's files nor the
# other way round, whatever path somebody tries; within a tower includes point
# down; no circle of calls runs through two files; a public name begins with the
# name of its file; a header shows what others need; a long file says why it is long.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;

# Floors from the top. What stands on one floor may include what is below it.
my %floors = (
	front => ['spawnscan.c desk/', 'fronts/', 'smtp_relay.', 'smtp/', 'transaction/', 'quarantine.', 'store/', 'common/'],
	inspector => ['inspector/', 'examine/', 'ambiguity/', 'defang.', 'defang/', 'mime_walk.', 'mime/ scan/', 'common/'],
);
my (%tower, %floor, %room);
for my $tower (keys %floors) {
	for my $f (0 .. $#{$floors{$tower}}) {
		for my $room (split ' ', $floors{$tower}[$f]) {
			for my $path (glob $room =~ m{/\z} ? "$SRC/$room*.[ch]" : "$SRC/" . ($room =~ s/\.\z/.[ch]/r)) {
				my $file = $path =~ s{\A\Q$SRC\E/}{}r;
				$tower{$file}{$tower} = 1;
				$floor{$tower}{$file} = $f;
				$room{$file} = $room;
			}
		}
	}
}
my @tracked = grep { m{\A(?:[^/]+|(?!tests|fuzz|bench)[^/]+/[^/]+)\.[ch]\z} }
    tree_files();
is_deeply([grep { !$tower{$_} } @tracked], [], 'each file stands on a floor');

# -- includes -------------------------------------------------------------------

my %by_name = map { m{([^/]+)\z} ? ($1 => $_) : () } keys %tower;
is(scalar keys %by_name, scalar keys %tower, 'no two files have the same name');
my (%includes, @up, @beside);
for my $file (sort keys %tower) {
	for my $name ((read_file("$SRC/$file") // '') =~ /^#include "([^"]+)"/mg) {
		my $to = $by_name{$name};
		if (!$to) {
			push @up, "$file includes $name, which is none of ours";
			next;
		}
		push @{$includes{$file}}, $to;
		my @both = grep { $tower{$to}{$_} } keys %{$tower{$file}};
		push @up, "$file includes $to across the wall" unless @both;
		for my $t (@both) {
			push @up, "$file includes $to upwards" if $floor{$t}{$to} < $floor{$t}{$file};
			push @beside, "$file includes $to" if $floor{$t}{$to} == $floor{$t}{$file} && $room{$to} ne $room{$file};
		}
	}
}
is_deeply(\@up, [], 'includes point down');
is_deeply(\@beside, [], 'and not from room to room on one floor');

# -- the wall -------------------------------------------------------------------

# A copy of the tree, in which a file of each tower tries.
my $copy = subdir('copy');
system('cp', '-r', (map { "$SRC/$_" } 'Makefile', 'spawnscan.c', grep { -d "$SRC/$_" } map { m{\A(\w+)/} ? $1 : () } keys %{{ map { s{/.*}{/}r => 1 } @tracked }}), $copy) == 0 or die;
system('cp', (glob "$SRC/*.[ch]"), $copy) == 0 or die;
sub builds {
	my ($file, $object, $include) = @_;
	my $text = read_file("$SRC/$file");
	write_file("$copy/$file", "$include\n$text");
	# A file that was written in the same second is no newer to make.
	unlink "$copy/try/$object";
	my $r = run(cmd => ['make', '-s', '-C', $copy, 'BUILD=try', 'OPT=-O0', 'FORTIFY=', "try/$object"], timeout => 120);
	write_file("$copy/$file", $text);
	return -e "$copy/try/$object" ? 'built' : $r->{code} ? 'refused' : 'nothing';
}
for ([ 'smtp/xforward.c', 'front/smtp/xforward.o', 'mime/header.h', 'mime_walk.h', 'span.h' ],
    [ 'mime/header.c', 'inspector/mime/header.o', 'smtp/xforward.h', 'quarantine.h', 'conf.h' ],
    [ 'common/span.c', 'common/common/span.o', 'mime/header.h', 'quarantine.h', 'conf.h' ]) {
	my ($file, $object, $there, $door, $fine) = @$_;
	is(builds($file, $object, "#include \"$fine\""), 'built', "$file includes $fine");
	for my $try ($there =~ s{.*/}{}r, $there, "../$there", $door, "../$door") {
		is(builds($file, $object, "#include \"$try\""), 'refused', "$file does not get at $try");
	}
}

# -- length ---------------------------------------------------------------------

my @long = grep {
	my @l = lines_of("$SRC/$_");
	/\.c\z/ && @l > 500 && "@l[0 .. 59]" !~ /Over 500 lines because/
} sort keys %tower;
is_deeply(\@long, [], 'a file over 500 lines says why');

# -- what headers show -------------------------------------------------------------

# A struct that no other file names, nor reaches through a pointer, is its own file's.
my %text = map { $_ => read_file("$SRC/$_") // '' } sort(keys %tower), grep { m{\A(?:tests|fuzz)/[^/]+\.c\z} } tree_files();
my @shown;
for my $header (grep { /\.h\z/ } sort keys %tower) {
	my $own = $header =~ s/h\z/c/r;
	my $others = join '', map { $text{$_} } grep { $_ ne $header && $_ ne $own } sort keys %text;
	for my $struct ($text{$header} =~ /^struct (\w+) \{/mg) {
		my @as = $text{$header} =~ /^(?!struct $struct \{)[^\n]*\bstruct $struct\b ?(\**)(\w+)?/mg;
		next if $others =~ /\bstruct $struct\b/ || !@as;
		my @reached;
		while (my ($pointer, $name) = splice @as, 0, 2) {
			push @reached, $name // '' if $pointer ne '*' || defined $name && $others =~ /\b$name(?:->|\[)/;
		}
		push @shown, "$header: struct $struct" unless @reached;
	}
}
is_deeply(\@shown, [], 'headers show no struct that only their own file looks into');

# -- public names, and circles ----------------------------------------------------

# Prefixes that the folder says already may go.
my (%at, %wants, @strange);
my %object;
for my $file (grep { /\.c\z/ } keys %tower) {
	my $half = $file =~ m{\Acommon/} ? 'common' : (keys %{$tower{$file}})[0];
	$object{"$BUILD/$half/" . ($file =~ s/\.c\z/.o/r)} = $file;
}
my %symbols;
for (split /\n/, run(cmd => ['nm', '-A', sort keys %object])->{out}) {
	push @{$symbols{$object{$1}}}, $2 if /\A(.*\.o):(.*)\z/;
}
for my $file (grep { /\.c\z/ } sort keys %tower) {
	my ($stem) = $file =~ m{(\w+)\.c\z};
	my $short = $stem =~ s/\A(?:smtp|mime|scan)_//r;
	for (@{$symbols{$file} // []}) {
		if (/ [TDBRVW] (\w+)$/ && $1 !~ /\A__?(?:asan|odr|ubsan)/) {
			$at{$1} = $file;
			push @strange, "$1 in $file" unless $1 =~ /\A(?:main\z|\Q$stem\E(?:_|\z)|\Q$short\E(?:_|\z))/;
		} elsif (/ U (\w+)/) {
			$wants{$file}{$1} = 1;
		}
	}
}
cmp_ok(scalar keys %at, '>', 150, 'public names: ' . keys %at);
is_deeply(\@strange, [], 'each begins with the name of its file');

my (%state, @path, @circles);
sub follow {
	my ($file) = @_;
	$state{$file} = 'open';
	push @path, $file;
	my %next = map { $at{$_} && $at{$_} ne $file ? ($at{$_} => 1) : () } keys %{$wants{$file} // {}};
	for my $next (sort keys %next) {
		if (($state{$next} // '') eq 'open') {
			my ($from) = grep { $path[$_] eq $next } 0 .. $#path;
			push @circles, join ' > ', @path[$from .. $#path], $next;
		} elsif (!$state{$next}) {
			follow($next);
		}
	}
	pop @path;
	$state{$file} = 'done';
}
follow($_) for grep { !$state{$_} } sort keys %wants;
is_deeply(\@circles, [], 'no circle of calls between files');
done_testing;
