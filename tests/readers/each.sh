# SPDX-License-Identifier: GPL-2.0-or-later
# each.sh - read by the adapters of programs that take one message at a time.
#
# An adapter is called with a directory and any number of messages. For MESSAGE it
# leaves what the program got out of it in OUT/MESSAGE.files/ (a file that is called
# N.content has no name of the program's), and further names in OUT/MESSAGE.names, a
# line each, percent-encoded. read_one MESSAGE NAMES runs in the former.
out=$1
shift
here=$(cd "${0%/*}" && pwd)
limit='timeout -k 1 5'
each()
{
	for message; do
		mkdir "$out/${message##*/}.files"
		(cd "$out/${message##*/}.files" && read_one "$message" "$out/${message##*/}.names") \
			</dev/null >/dev/null 2>&1
	done
}

# Names on standard input, a line each.
encode_names()
{
	perl -ne 'chomp; next unless length; s/([^\w.-])/sprintf "%%%02x", ord $1/ge; print "$_\n"'
}
