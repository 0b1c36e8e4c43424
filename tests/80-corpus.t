#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Byte-exactness on mails that others made: every file of the corpus, one-shot
# as it is and by SMTP in CRLF form, with actions that change nothing, must come
# out as it went in but for the two marks.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use File::Find ();

my $corpus = $ENV{SPAWNSCAN_CORPUS} // "$SRC/../shared/corpus";
unless (-d $corpus) {
	diag("SKIPPED: no corpus at $corpus (set SPAWNSCAN_CORPUS)");
	plan skip_all => "SKIPPED: no corpus at $corpus";
}

my @files;
File::Find::find({no_chdir => 1, wanted => sub { push @files, $_ if -f && !/INDEX\.tsv\z/ }}, $corpus);
@files = sampled(sort @files);
cmp_ok(scalar @files, '>', 0, scalar(@files) . ' files');

# Nothing is changed whatever is found, and there is little to find: the
# signature is of nothing that exists.
my %conf = (
	database => write_file(tmpdir() . '/nothing.ndb', 'Nothing-At-All:0:*:' . unpack('H*', 'spawnscan ' x 10 . 'nothing') . "\n"),
	(map { $_ => 'tag' } grep { $SECTION{$_} eq 'actions' && !/^(?:error|poison|verdicts)/ } keys %SECTION),
	log_level => 'debug', message_size_limit => '200M',
);

# Incoming marks are struck out, so a mail that has some can't come out as it was.
sub has_marks { my ($head) = split_mail($_[0] =~ s/\AFrom [^\n]*\n//r); return $head =~ /^X-Spawnscan-Result[ \t]*:/mi }

sub short { my ($path) = @_; return $path =~ s/\A\Q$corpus\E\/*//r }

# -- one-shot ------------------------------------------------------------------

my (@bad, $same, $smtp);
my $conf = conf_file(%conf);
my $empty_result = 0;
for my $path (@files) {
	my $in = read_file($path);
	next if has_marks($in);
	my $r = spawnscan(in => $in, conf => $conf);
	my ($rest) = ($r->{code} // -1) == 0 ? split_marks($r->{out}) : ();
	if (defined $rest && $rest eq $in) { $same++; next }
	push @bad, short($path);
	if (@bad <= 10) {
		diag(short($path) . ': exit code ' . ($r->{code} // "signal $r->{signal}") . ', ' . length($r->{out}) . ' bytes of ' . length $in);
		diag((split /\n/, $r->{log})[-1] // 'no log') if ($r->{code} // -1) != 0;
		same_bytes($rest // $r->{out}, $in, 'one-shot: ' . short($path)) if ($r->{code} // -1) == 0;
	}
}
is(scalar @bad, 0, "one-shot: $same files came out as they went in") or diag("not so: @bad[0 .. ($#bad > 30 ? 30 : $#bad)]");

# -- SMTP ------------------------------------------------------------------------

# One connection for many messages; a fresh one now and then.
my $d = Downstream->start;
my ($c, $on_this, $connection, $spaced) = (undef, 0, 0, 0);
@bad = ();
$same = 0;
for my $path (@files) {
	my $in = crlf(read_file($path));
	next if has_marks($in);
	$in .= "\r\n" if length $in && $in !~ /\r\n\z/;
	if (!$c || $on_this == 200) {
		is($c->quit, 0, "SMTP: connection $connection ends well") if $c;
		$c = SmtpClient->filter(to => $d->address, conf => $conf);
		$c->hello;
		$connection++;
		$on_this = $smtp = 0;
	}
	$on_this++;
	my $reply = $c->deliver(mail => $in, seconds => 60) // '(no reply)';
	# A CR alone becomes a space.
	$spaced++ if $in =~ s/\r(?!\n)/ /g;
	if ($reply !~ /\A250 /) {
		push @bad, short($path) . " ($reply)";
		$c = undef if $reply =~ /\A421|no reply/;
		next;
	}
	$smtp++;
	my $out = read_file("$d->{dir}/$connection.$smtp.msg") // '';
	my ($rest) = split_marks($out);
	if (defined $rest && $rest eq $in) { $same++; unlink "$d->{dir}/$connection.$smtp.msg"; next }
	push @bad, short($path);
	same_bytes($rest // $out, $in, 'SMTP: ' . short($path)) if @bad <= 10;
}
is($c->quit, 0, "SMTP: connection $connection ends well") if $c;
is(scalar @bad, 0, "SMTP: $same files came out as they went in, $spaced but for a bare CR") or diag(join "\n", 'not so:', @bad[0 .. ($#bad > 30 ? 30 : $#bad)]);
$d->stop;

is_deeply([scratch_left()], [], 'no scratch directory is left');
done_testing;
