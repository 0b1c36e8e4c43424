#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# munpack of mpack 1.6 (Debian 1.6-18+b1): a name as RFC 2231 3 and 4 write it, extended or
# in sections, is no name; the file is called after the number of its part.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download mpack=1.6-18+b1 >/dev/null 2>&1
dpkg-deb -x mpack_*.deb .
unpack()
{
	rm -rf files
	mkdir files
	printf '%s\n' 'From: a@example.org' 'MIME-Version: 1.0' 'Content-Type: multipart/mixed; boundary=frontier' '' \
		'--frontier' 'Content-Type: text/csv' "Content-Disposition: attachment; $1" '' 'one' '--frontier--' >message
	(cd files && ../usr/bin/munpack -t -q ../message >/dev/null && ls)
}
{
	unpack 'filename="report.csv"'
	unpack "filename*=us-ascii''report.csv"
	unpack 'filename*0="rep"; filename*1="ort.csv"'
} >seen
cat seen
cat >expected <<'TEXT'
report.csv
part1
part1
TEXT
diff expected seen >&2 || { echo 'debian-mpack-rfc2231: this has changed' >&2; exit 1; }
