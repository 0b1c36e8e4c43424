#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Mail::AuthenticationResults 2.20230112 (Debian 2.20230112-1): the value of a property whose
# local part is quoted becomes two properties, and with one more property behind it the whole
# field is an error. RFC 8601 2.2: a value may be an address, with the local part of RFC 5321.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download libmail-authenticationresults-perl=2.20230112-1 libjson-perl=4.10000-1 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
cat >show.pl <<'PL'
use Mail::AuthenticationResults::Parser;
for my $value ('john.doe@example.net smtp.helo=example.net', '"john doe"@example.net', '"john doe"@example.net smtp.helo=example.net') {
	print "$value
";
	my $header = eval { Mail::AuthenticationResults::Parser->new->parse("mx.example.com; spf=pass smtp.mailfrom=$value") };
	print '    ', $header ? join(', ', map { $_->key . ' is ' . $_->value } @{ $header->children->[0]->children }) : 'error', "
";
}
PL
PERL5LIB=usr/share/perl5 perl show.pl >seen
cat seen
cat >expected <<'TEXT'
john.doe@example.net smtp.helo=example.net
    smtp.mailfrom is john.doe@example.net, smtp.helo is example.net
"john doe"@example.net
    smtp.mailfrom is john doe, @example.net is 
"john doe"@example.net smtp.helo=example.net
    error
TEXT
diff expected seen >&2 || { echo 'debian-authentication-results-value: this has changed' >&2; exit 1; }
