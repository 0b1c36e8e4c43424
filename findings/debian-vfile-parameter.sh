#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Text::vFile::asData 0.08 (Debian 0.08-2): the value of a parameter ends at the first equals sign in
# it, and is written again without its quotes: the line has another parameter or another value then.
# RFC 5545 3.1: a quoted-string has all characters but DQUOTE and controls; 3.2: one with a colon, a
# semicolon or a comma must be quoted.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download libtext-vfile-asdata-perl=0.08-2 libclass-accessor-chained-perl=0.01.1~debian-5 libclass-accessor-perl=0.51-2 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
cat >show.pl <<'PL'
use Text::vFile::asData;
for my $line ('SUMMARY;LANGUAGE=en:one', 'SUMMARY;ALTREP="http://example.com/?id=5":one', 'ATTENDEE;CN="Doe; John":mailto:john@example.com',
	'ATTENDEE;CN="Sales: John":mailto:john@example.com') {
	my $file = Text::vFile::asData->new;
	my ($written) = grep { /^(?:SUMMARY|ATTENDEE)/ } $file->generate_lines($file->parse_lines("BEGIN:VEVENT\r\n", "$line\r\n", "END:VEVENT\r\n"));
	print "$line -> $written\n";
}
PL
PERL5LIB=usr/share/perl5 perl show.pl >seen
cat seen
cat >expected <<'TEXT'
SUMMARY;LANGUAGE=en:one -> SUMMARY;LANGUAGE=en:one
SUMMARY;ALTREP="http://example.com/?id=5":one -> SUMMARY;ALTREP=http://example.com/?id:one
ATTENDEE;CN="Doe; John":mailto:john@example.com -> ATTENDEE;CN=Doe; John:mailto:john@example.com
ATTENDEE;CN="Sales: John":mailto:john@example.com -> ATTENDEE;CN=Sales: John:mailto:john@example.com
TEXT
diff expected seen >&2 || { echo 'debian-vfile-parameter: this has changed' >&2; exit 1; }
