#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# @obsidize/tar-browserify 6.3.2: of a path that ustar keeps in two fields, fileName is the
# second one, so that files of two folders have the same name; the same path in a pax header
# is whole. POSIX.1-2017, pax, "ustar Interchange Format": the path is the prefix, a slash
# and the name, if there is a prefix.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact @obsidize/tar-browserify@6.3.2 >/dev/null
cat >show.mjs <<'JS'
import { Archive } from '@obsidize/tar-browserify';
const header = (type, name, prefix, size) => {
	const block = Buffer.alloc(512);
	const octal = (value, width) => value.toString(8).padStart(width, '0') + '\0';
	for (const [offset, text] of [[0, name], [100, octal(0o644, 7)], [108, octal(0, 7)], [116, octal(0, 7)], [124, octal(size, 11)],
		[136, octal(0, 11)], [148, ' '.repeat(8)], [156, type], [257, 'ustar\0' + '00'], [345, prefix]])
		block.write(text, offset, 'latin1');
	block.write(octal(block.reduce((sum, byte) => sum + byte), 6), 148, 'latin1');
	return block;
};
const data = text => Buffer.from(text.padEnd(512, '\0'));
const record = '27 path=january/report.csv\n';
for (const [kind, parts] of [
	['ustar', [header('0', 'report.csv', 'january', 3), data('one'), header('0', 'report.csv', 'february', 3), data('two')]],
	['pax', [header('x', 'PaxHeaders/1', '', record.length), data(record), header('0', 'report.csv', '', 3), data('one')]]]) {
	const archive = await Archive.extract(new Uint8Array(Buffer.concat([...parts, Buffer.alloc(1024)])));
	for (const { fileName, content } of archive.entries)
		console.log(kind, fileName, Buffer.from(content).toString());
}
JS
cat >expected <<'TEXT'
ustar report.csv one
ustar report.csv two
pax january/report.csv one
TEXT
node show.mjs >seen
cat seen
diff expected seen >&2 || { echo "npm-tar-browserify-prefix: this has changed" >&2; exit 1; }
