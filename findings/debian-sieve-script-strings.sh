#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Net::Sieve::Script 0.09 (Debian 0.09-2): read and written again, a script has other strings:
# blanks in a row become one, brackets get blanks, a brace cuts the string off and with a
# hash the whole rule is gone. parsing_ok says that the first two are no change.
# RFC 5228 2.4.2: all but backslash and quote stands for itself within quotes.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download libnet-sieve-script-perl=0.09-2 libclass-accessor-perl=0.51-2 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
cat >show.pl <<'PL'
use Net::Sieve::Script;
local $SIG{__WARN__} = sub { };
for my $string ('one two', 'one  two', 'one (two)', 'one #two', 'one {two}') {
	my $script = Net::Sieve::Script->new("require \"fileinto\";\nif header :is \"Subject\" \"a\" { fileinto \"$string\"; }\n");
	my ($written) = ($script->write_script // '') =~ /fileinto ("[^;]*)/;
	printf "\"%s\" -> %s, parsing_ok %d\n", $string, $written // 'nothing', $script->parsing_ok // 0;
}
PL
PERL5LIB=usr/share/perl5 perl show.pl >seen
cat seen
cat >expected <<'TEXT'
"one two" -> "one two", parsing_ok 1
"one  two" -> "one two", parsing_ok 1
"one (two)" -> "one ( two ) ", parsing_ok 1
"one #two" -> nothing, parsing_ok 0
"one {two}" -> "one {two, parsing_ok 0
TEXT
diff expected seen >&2 || { echo 'debian-sieve-script-strings: this has changed' >&2; exit 1; }
