#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Archive::Ar 2.02 (Debian 2.02-4): of several long names in an archive only the last is read as it
# is: each in front of it gets a slash, and a line end with the names behind the next one. The
# package wrote the archive itself, as GNU ar does. ar(5) of FreeBSD, "SVR4/GNU": a long name is at
# its offset in the member "//", and ends with a slash and a line end.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download libarchive-ar-perl=2.02-4 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
cat >show.pl <<'PL'
use Archive::Ar;
for my $names (['short.txt', 'other.txt'], ['a-name-of-some-length.txt'], ['a-name-of-some-length.txt', 'b-name-of-some-length.txt'],
	['a-name-of-some-length.txt', 'b-name-of-some-length.txt', 'c-name-of-some-length.txt']) {
	my $written = Archive::Ar->new;
	$written->set_opt(type => Archive::Ar::GNU());
	$written->add_data($_, "text\n") for @$names;
	my $read = Archive::Ar->new;
	$read->read_memory($written->write);
	print join(' ', map { s/\n/\\n/gr } $read->list_files), "\n";
}
PL
PERL5LIB=usr/share/perl5 perl show.pl >seen
cat seen
cat >expected <<'TEXT'
short.txt other.txt
a-name-of-some-length.txt
a-name-of-some-length.txt/ b-name-of-some-length.txt
a-name-of-some-length.txt/\nc-name-of-some-length.txt/ b-name-of-some-length.txt/ c-name-of-some-length.txt
TEXT
diff expected seen >&2 || { echo 'debian-archive-ar-names: this has changed' >&2; exit 1; }
