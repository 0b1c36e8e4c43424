#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# mblaze 1.1 (Debian 1.1-1): a quoted-pair ends a file name, and a delimiter with a space
# behind it is no delimiter. RFC 822 3.3: within quotes a backslash quotes the next
# byte; RFC 2046 5.1.1: "transport-padding" behind a boundary is to be ignored.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download mblaze=1.1-1 >/dev/null 2>&1
dpkg-deb -x mblaze_*.deb .
message()
{
	printf '%s\n' 'From: a@example.org' 'MIME-Version: 1.0' 'Content-Type: multipart/mixed; boundary=frontier' '' \
		'--frontier' 'Content-Type: text/plain' '' 'one' \
		"--frontier$1" 'Content-Type: text/csv' "Content-Disposition: attachment; filename=\"$2\"" '' 'two' '--frontier--'
}
message '' 'a b.csv' >plain
message '' 'a \"b\".csv' >quoted
message ' ' 'a b.csv' >padded
for m in plain quoted padded; do usr/bin/mshow -t "./$m"; done >seen 2>&1
cat seen
cat >expected <<'TEXT'
./plain
  1: multipart/mixed size=145
    2: text/plain size=3
    3: text/csv size=3 name="a b.csv"
./quoted
  1: multipart/mixed size=149
    2: text/plain size=3
    3: text/csv size=3 name="a \"
./padded
  1: multipart/mixed size=146
    2: text/plain size=95
TEXT
diff expected seen >&2 || { echo 'debian-mblaze-quoted-pair: this has changed' >&2; exit 1; }
