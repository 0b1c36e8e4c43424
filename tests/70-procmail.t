#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# One-shot through a real procmail, with the recipe of README.md word for word
# (only paths replaced).

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;

my ($procmail) = grep { -x } map { "$_/procmail" } split /:/, $ENV{PATH};
unless ($procmail) {
	diag('SKIPPED: procmail is not installed');
	plan skip_all => 'SKIPPED: procmail is not installed';
}

my ($recipe) = (read_file("$SRC/README.md") // '') =~ /^(?:```|~~~)\s*procmail\n(.*?)^(?:```|~~~)$/ms;
my (undef, $discard) = (read_file("$SRC/README.md") // '') =~ /^```procmail\n(.*?)^```$/msg;
ok($discard, 'and what to add for discard');
ok($recipe, 'README.md has a recipe') or BAIL_OUT('no recipe between ```procmail and ``` in README.md');

# Deliver one mail; what is in the mailbox afterwards, procmail's code, its log.
sub deliver {
	my ($mail, %conf) = @_;
	my $dir = subdir();
	my $conf = conf_file(%conf);
	my $text = $recipe . (($conf{infected} // '') eq 'discard' ? "\n$discard" : '');
	my $n = $text =~ s{(?:/usr/local/sbin/)?spawnscan\b(?=[^/.]*$)}{join ' ', spawnscan_cmd('-c', $conf)}me;
	die 'no call of spawnscan in the recipe' unless $n;
	write_file("$dir/rc", "MAILDIR=$dir\nDEFAULT=$dir/mbox\nLOGFILE=$dir/log\nSHELL=/bin/sh\nPATH=$ENV{PATH}\nLOCKTIMEOUT=20\n\n$text\n");
	my $r = run(cmd => [$procmail, '-m', "$dir/rc"], in => $mail, cwd => $dir);
	return {mbox => read_file("$dir/mbox") // '', code => $r->{code}, log => read_file("$dir/log") // '',
	    files => [map { s{.*/}{}r } glob "$dir/*"], conf => $conf, filter_log => read_file($conf =~ s{[^/]+\z}{log}r) // ''};
}

# A mbox holds an empty line behind the mail, and a "From " line in front.
sub unboxed { my ($t) = @_; $t =~ s/\AFrom [^\n]*\n//; $t =~ s/\n\n\z/\n/; return $t }

my $from = "From alice\@example.org Thu Jan  1 00:00:00 2026\n";
my $clean = mail(body => "a plain mail with \xe4\xf6\xfc\n");
my $text = part('Content-Type: text/plain', "text\n");
my $infected = mail(parts => [$text, attachment('eicar.txt', eicar())]);

my $r = deliver($from . $clean);
is($r->{code}, 0, 'clean: procmail ends well') or diag($r->{log});
like($r->{mbox}, qr/\AFrom alice\@example\.org /, 'clean: the From line is carried through');
same_bytes((split_marks(unboxed($r->{mbox})))[0], $clean, 'clean: as it was, but for the marks') or diag($r->{log});
is(scalar(() = $r->{mbox} =~ /^From /mg), 1, 'clean: one mail');
is_deeply([grep { /lock/ } @{$r->{files}}], [], 'no lockfile is left');

$r = deliver($from . $infected);
is($r->{code}, 0, 'infected: procmail ends well');
unlike($r->{mbox}, qr/\Q@{[substr b64(eicar()), 0, 40]}\E/, 'infected: the payload is gone');
like($r->{mbox}, qr/Eicar-Test-Signature/, 'infected: a notice instead');

$r = deliver($from . mail(parts => [$text, attachment('invoice.exe', noise(100))]));
like($r->{mbox}, qr/filename="invoice\.exe\.defanged"/, 'dangerous name: renamed');

# The filter fails: procmail keeps the mail, and tells the MTA to try again.
for ({database => '/nonexistent'}, {inspector => '/bin/false'}, {scratch_dir => '/nonexistent'}) {
	my ($what) = keys %$_;
	$r = deliver($from . $clean, %$_);
	is($r->{code}, 75, "$what is broken: procmail ends with 75, try again") or diag($r->{log});
	is($r->{mbox}, '', "$what is broken: nothing is delivered unscanned");
	like($r->{filter_log}, qr/verdict=error/, "$what is broken: the log says so");
}
# Refused: the sender is told.
$r = deliver($from . $infected, infected => 'reject');
isnt($r->{code}, 0, 'refused: not delivered');
is($r->{code}, 69, 'refused: EX_UNAVAILABLE is handed on to the MTA') or diag($r->{log});
is($r->{mbox}, '', 'refused: nothing in the mailbox');
unlike($r->{mbox}, qr/EICAR/, 'refused: least of all the virus');

# Discarded: nobody gets an empty mail.
$r = deliver($from . $infected, infected => 'discard');
is($r->{code}, 0, 'discarded: procmail ends well') or diag($r->{log});
is($r->{mbox}, '', 'discarded: nothing in the mailbox');
like($r->{filter_log}, qr/outcome=discarded/, 'discarded: the log says so');

# Large ones, and many.
my $big = mail(parts => [$text, attachment('big.bin', noise(5 << 20))]);
$r = deliver($from . $big);
same_bytes((split_marks(unboxed($r->{mbox})))[0], $big, '7 MB: as it was');

is_deeply([scratch_left()], [], 'no scratch directory is left');
done_testing;
