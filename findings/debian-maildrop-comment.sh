#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# reformime of maildrop 2.9.3 (Debian 2.9.3-2.1): a comment in front of a parameter takes
# the parameter with it. RFC 2045 5.1 and RFC 822 3.4.3: a comment may stand between any
# two words of the field, and is the same as a space.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download maildrop=2.9.3-2.1 libcourier-unicode4=2.1.2-2+b2 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
LD_LIBRARY_PATH=$(dirname "$(find usr/lib -name 'libcourier-unicode.so.4' | head -n 1)")
export LD_LIBRARY_PATH
for type in 'text/csv; charset=iso-8859-1; name=a.csv' 'text/csv; charset=iso-8859-1 (Latin); name=a.csv' \
    'text/csv; (Latin) charset=iso-8859-1; name=a.csv' 'text/csv; charset=iso-8859-1; (file) name=a.csv'; do
	echo "$type"
	printf '%s\n' 'From: a@example.org' 'MIME-Version: 1.0' "Content-Type: $type" '' 'one' |
	    usr/bin/reformime -i | grep -E '^(charset|content-name):'
done >seen
cat seen
cat >expected <<'TEXT'
text/csv; charset=iso-8859-1; name=a.csv
content-name: a.csv
charset: iso-8859-1
text/csv; charset=iso-8859-1 (Latin); name=a.csv
content-name: a.csv
charset: iso-8859-1
text/csv; (Latin) charset=iso-8859-1; name=a.csv
content-name: a.csv
charset: UTF-8
text/csv; charset=iso-8859-1; (file) name=a.csv
charset: iso-8859-1
TEXT
diff expected seen >&2 || { echo 'debian-maildrop-comment: this has changed' >&2; exit 1; }
