#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# rfc2047 4.0.1: an encoded word with a language is not decoded. RFC 2231 5 lets the name
# of a charset be followed by "*" and a language tag.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact rfc2047@4.0.1 >/dev/null
cat >show.js <<'JS'
const { decode } = require('rfc2047');
for (const word of ['=?utf-8?q?gr=C3=BCn?=', '=?utf-8*de?q?gr=C3=BCn?='])
	console.log(decode(word));
JS
cat >expected <<'TEXT'
grün
=?utf-8*de?q?gr=C3=BCn?=
TEXT
node show.js >seen
cat seen
diff expected seen >&2 || { echo "npm-rfc2047-language: this has changed" >&2; exit 1; }
