#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vobject 0.9.6.1 (Debian 0.9.6.1-2): a card that is read and written again has lost all
# nicknames but the first, and the separator of its position is escaped, so that the
# position is one text. RFC 2426 3.1.3: NICKNAME is a list of texts; 3.4.2: GEO is two
# numbers with a semicolon between them.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download python3-vobject=0.9.6.1-2 python3-dateutil=2.8.2-2 python3-six=1.16.0-4 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
cat >show.py <<'PY'
import vobject
card = vobject.readOne('BEGIN:VCARD\r\nVERSION:3.0\r\nFN:John Doe\r\nN:Doe;John;;;\r\nCATEGORIES:work,mail\r\n'
                       'NICKNAME:Johnny,Jack,Joe\r\nGEO:37.386013;-122.082932\r\nEND:VCARD\r\n')
for line in card.serialize().splitlines():
    if line.startswith(('CATEGORIES', 'NICKNAME', 'GEO')):
        print(line)
PY
PYTHONPATH=usr/lib/python3/dist-packages python3 -B show.py >seen
cat seen
cat >expected <<'TEXT'
CATEGORIES:work,mail
GEO:37.386013\;-122.082932
NICKNAME:Johnny
TEXT
diff expected seen >&2 || { echo 'debian-vobject-write: this has changed' >&2; exit 1; }
