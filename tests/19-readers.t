#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Messages that mail programs read in different ways, as "make readers" makes them, here
# without the programs: each of the kinds below, of which some program gets the marker
# or a file named evil.exe (tests/readers/RESULTS.tsv says which), is found by the
# filter, and neither is left in what it writes; and messages as mail programs send
# them stay as they are.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use ReaderMail;
use MIME::Base64 ();

my $conf = conf_file(by_engine(), quarantine => 'off', notice => 'removed: {file}');
sub filter { return run(cmd => [spawnscan_cmd('-c', $conf)], in => $_[0], timeout => 60) }

# -- ordinary messages --------------------------------------------------------------

for my $m (reader_ordinary()) {
	my $r = filter($m->{bytes});
	my ($rest) = split_marks($r->{out});
	like($r->{out}, qr/\AX-Spawnscan-Result: clean\r?\n/, "$m->{construct} is clean") or diag(substr $r->{out}, 0, 300);
	same_bytes($rest // $r->{out}, $m->{bytes}, "$m->{construct}: as it was");
}
# -- what somebody reads ------------------------------------------------------------

# Without the result and the notices, which may tell a name.
sub left_of {
	my ($out) = @_;
	$out =~ s/^X-Spawnscan-Result:.*\n(?:[ \t].*\n)*//gm;
	# Names of last resort, which count for nothing beside the one that is there now.
	$out =~ s/^Content-(?:Description|Location):.*\n//gm;
	return $out =~ s/^removed: .*\n?//gmr;
}

# The marker as it stands, or in base64 from one of its first bytes on.
my @traces = (marker(), map { substr MIME::Base64::encode_base64(substr(marker(), $_, 30), ''), 0, 38 } 0 .. 2);

# Constructs that stay clean: which only programs read that go by no header and no mark,
# or none (tests/readers/RESULTS.tsv).
my %nobody = map { $_ => 1 } grep { !/^#/ } lines_of("$FindBin::Bin/data/readers-nobody.txt");
# With one odd byte, a sample of each kind of reading; all the others are one of a kind.
my %sample = map { $_ => 1 } qw(
    disposition/line/VT disposition/line/close disposition/line/comment disposition/line/NUL disposition/colon/VT disposition/colon/CR
    disposition/colon/FOLD disposition/colon/comment disposition/colon/NUL disposition/parameter/VT disposition/parameter/NBSP disposition/parameter/comma
    disposition/equals/VT disposition/equals/close disposition/equals/twoquotes disposition/type-end/comma disposition/type-end/slash
    disposition/behind/question disposition/middle/CR disposition/middle/NUL disposition-atom/end/slash disposition-atom/end/question
    disposition-atom/end/equals disposition-atom/end/BEL disposition-atom/end/open disposition-atom/late/quote disposition-2231/equals/semicolon
    disposition-2231/equals/high type-name/colon/CRSP type-name/colon/FOLD type-name/line/VT type-name/parameter/VT type-name/behind/quote
    type-name-atom/parameter2/xA0 boundary/parameter/VT boundary/type-end/comment delimiter/line/VT delimiter/line/NEL delimiter/line/LS
    delimiter/behind/VT message/begin/CR encoding/line/comment encoding/line/close encoding/colon/NUL encoding/end/VT
    header-end/line/VT header-end/line/word disposition/field/comment disposition/end/comment encoding/field/comment);
my (@clean, @left, $n);
for my $m (reader_mail('all')) {
	next if $nobody{$m->{construct}} || $m->{construct} =~ m{\A(?:base64(?!/equals-)|qp)/|/(?:cr-only|crcrlf|message-octets)\z} || ($m->{construct} =~ tr{/}{} > 1 && !$sample{$m->{construct}});
	my $r = filter($m->{bytes});
	$n++;
	if ($r->{out} !~ /\AX-Spawnscan-Result: (?:infected|blocked|ambiguous|unopened)/) {
		push @clean, $m->{construct};
		next;
	}
	# What was a container is a file with text in it, to all that go by headers.
	my $left = left_of($r->{out});
	$left =~ s/\n\r?\n.*//s if $r->{out} =~ /action=defang part=0/;
	push @left, $m->{construct} if $left =~ /evil\.exe(?!\.defanged|\.removed|_)/i || grep { index($left, $_) >= 0 } @traces;
}
diag("clean: @clean") if @clean;
diag("left: @left") if @left;
is_deeply(\@clean, [], 'none of what somebody reads is clean');
is_deeply(\@left, [], 'and nothing of it is left');
cmp_ok($n, '>', 250, "$n messages");
done_testing;
