#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# authres 1.2.0 (Debian 1.2.0-3): a property whose value is a quoted-string is left out without
# a word, in what is read and in what is written again, unless it is the last of its method.
# header.b, which needs its quotes for "/" and "=", stands in front of others in most mail.
# An identifier in quotes is an error. RFC 8601 2.2: a pvalue and an authserv-id are "value"
# of RFC 2045 5.1, which may be a quoted-string.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download python3-authres=1.2.0-3 >/dev/null 2>&1
dpkg-deb -x python3-authres_*.deb .
cat >show.py <<'PY'
import authres
for text in ['mx.example; dkim=pass header.d=e.example header.b="a/b="',
             'mx.example; dkim=pass header.b="a/b=" header.d=e.example',
             'mx.example; dkim=pass header.d="e.example" header.b=abc',
             '"mx.example"; dkim=pass header.d=e.example']:
    try:
        seen = str(authres.AuthenticationResultsHeader.parse('Authentication-Results: ' + text)).split(': ', 1)[1]
    except authres.core.SyntaxError:
        seen = 'syntax error'
    print(text, '|', seen)
PY
cat >expected <<'TEXT'
mx.example; dkim=pass header.d=e.example header.b="a/b=" | mx.example; dkim=pass header.d=e.example header.b="a/b="
mx.example; dkim=pass header.b="a/b=" header.d=e.example | mx.example; dkim=pass header.d=e.example
mx.example; dkim=pass header.d="e.example" header.b=abc | mx.example; dkim=pass header.b=abc
"mx.example"; dkim=pass header.d=e.example | syntax error
TEXT
PYTHONPATH=usr/lib/python3/dist-packages python3 -B show.py >seen
cat seen
diff expected seen >&2 || { echo 'debian-authres-quoted: this has changed' >&2; exit 1; }
