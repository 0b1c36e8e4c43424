# SPDX-License-Identifier: GPL-2.0-or-later
package Arrival;

# Arrival.pm - messages that must arrive byte for byte, with LF and with CRLF.
#
#	arrives('a name', $message);			it is clean
#	arrives('a name', $message, 'encrypted');	of that class, and left alone
#	all_arrive();					at the end of the script

use v5.32;
use warnings;
use Exporter 'import';
use Harness;
use MailMaker;
use Test::More;

our @EXPORT = qw(arrives all_arrive);

my @cases;
sub arrives {
	my ($name, $in, $class) = @_;
	$class //= 'clean';
	for my $crlf (0, 1) {
		my $mail = $crlf ? crlf($in) : $in;
		push @cases, $name . ($crlf ? ', CRLF' : '') => sub {
			my $r = spawnscan(in => $mail, conf => {by_engine()}, timeout => 120);
			is($r->{code}, 0, 'exit code');
			my ($rest, undef, $result) = split_marks($r->{out});
			like($result // '', qr/\A[^:]*:\s*$class\b/, $class) or diag($result);
			same_bytes($rest // '', $mail, 'as it was');
		};
	}
}

# Side by side, by one engine.
sub all_arrive {
	by_engine();
	together(splice @cases);
}

1;
