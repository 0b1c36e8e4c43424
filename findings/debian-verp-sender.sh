#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Mail::Verp 0.06 (Debian 0.06+dfsg-4): if the sender has a hyphen, as list-bounces has, a part of it
# becomes part of the recipient when the address is decoded: the bounce is that of another address.
# RFC 5321 4.1.2 and RFC 5322 3.2.3: a local part may have hyphens (atext). Those of the recipient
# are encoded, so that the last hyphen of the local part is the separator.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download libmail-verp-perl=0.06+dfsg-4 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
cat >show.pl <<'PL'
use Mail::Verp;
for my $sender ('list@example.org', 'list-bounces@example.org') {
	for my $recipient ('bob@example.com', 'bob-smith@example.com') {
		my $address = Mail::Verp->encode($sender, $recipient);
		print "$sender $recipient -> $address -> @{[Mail::Verp->decode($address)]}\n";
	}
}
PL
PERL5LIB=usr/share/perl5 perl show.pl >seen
cat seen
cat >expected <<'TEXT'
list@example.org bob@example.com -> list-bob=example.com@example.org -> list@example.org bob@example.com
list@example.org bob-smith@example.com -> list-bob+2Dsmith=example.com@example.org -> list@example.org bob-smith@example.com
list-bounces@example.org bob@example.com -> list-bounces-bob=example.com@example.org -> list@example.org bounces-bob@example.com
list-bounces@example.org bob-smith@example.com -> list-bounces-bob+2Dsmith=example.com@example.org -> list@example.org bounces-bob-smith@example.com
TEXT
diff expected seen >&2 || { echo 'debian-verp-sender: this has changed' >&2; exit 1; }
