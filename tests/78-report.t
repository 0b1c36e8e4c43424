#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# spawnscan --report: what stands in logs of every kind and in the quarantine is
# counted once, in text and in one HTML file that needs nothing else; and nothing that
# strangers wrote gets out of its place.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use POSIX ();

eval { require JSON::PP; 1 } or plan skip_all => 'SKIPPED: the package perl is not installed';

my $text = part('Content-Type: text/plain; charset=us-ascii', "A text.\n");
my $conf = conf_file();
my ($dir) = $conf =~ m{(.*)/};
my $log = "$dir/log";
sub filter { my ($mail, @o) = @_; return run(in => lf($mail), cmd => [spawnscan_cmd('-c', $conf, @o)]) }
sub report { my @words = @_; return run(cmd => [spawnscan_cmd('--report', '-c', $conf, @words)], timeout => 120) }
sub row { my ($r, $name) = @_; return $r->{out} =~ /^  \Q$name\E +(.*)$/m ? $1 : '(none)' }

# Real lines of the real filter.
filter(mail(id => "clean$_")) for 1 .. 5;
filter(mail(parts => [$text, attachment("v$_.txt", eicar())])) for 1 .. 3;
filter(mail(parts => [$text, attachment('setup.exe', 'nothing')]));
filter(mail(), '-o', 'inspector=/nonexistent');

subtest 'counted' => sub {
	my $r = report('--no-check');
	is($r->{code}, 0, 'exit code 0') or diag($r->{err});
	is($r->{err}, '', 'nothing on standard error');
	is(row($r, 'messages'), '10', 'messages');
	like(row($r, 'clean'), qr/\A5 \(50\.0 %\)/, 'clean');
	is(row($r, 'infected'), '3', 'infected');
	is(row($r, 'deferred'), '1', 'deferred');
	like(row($r, 'in quarantine'), qr/\A4, /, 'in quarantine');
	like($r->{out}, qr/^Signatures\n  Eicar-Test-Signature\S* +3$/m, 'signatures');
	like($r->{out}, qr/^  blocked: extension \.exe +1$/m, 'rules');
	like($r->{out}, qr/^  setup\.exe +1$/m, 'names');
	like($r->{out}, qr/^Waits in quarantine\n(?:  \d{4}\/\S+ .*\n){4}/m, 'what waits');
	like($r->{out}, qr/^Failures\n  inspection-failed: the inspector could not be/m, 'failures') or diag($r->{out});
	like($r->{out}, qr/^  inspecting +\d+ +\d+ +\d+ +\d+$/m, 'times');
	unlike($r->{out}, qr/[^\n\x20-\x7e]/, 'nothing but text');
	is(row(report('--no-check', '--since', '2019-01-01', '--until', '2020-01-01'), 'messages'), '0', 'none of another year');
};

subtest 'logs of every kind' => sub {
	my @lines = lines_of($log);
	my $d = subdir('logs');
	my $iso = sub { my ($zone) = @_; map { my $t = POSIX::strftime('%Y-%m-%dT%H:%M:%S', $zone eq '' ? localtime : gmtime(time + ($zone =~ /^\+02/ ? 7200 : 0))); s/\A\w{3} +\d+ [\d:]+ /$t$zone /r } @lines };
	my $write = sub { my ($name, @l) = @_; write_file("$d/$name", join '', map { "$_\n" } @l) };
	my %kind = ('iso.log' => [$iso->('+02:00')], 'utc.log' => [$iso->('Z')], 'fine.log' => [$iso->('.123456+00:00')], 'short-iso.log' => [$iso->('+0000')], 'local.log' => [$iso->('')]);
	for my $name (sort keys %kind) {
		$write->($name, @{$kind{$name}});
		is(row(report('--no-check', '--log', "$d/$name"), 'messages'), '10', $name);
	}
	$write->('mail.log', @lines[0 .. 2], 'Nov 30 10:00:00 mx postfix/smtpd[1]: connect from spawnscan[1]: event=nothing', 'garbage', '', "\0\xff");
	$write->('mail.log.1', @lines[3 .. 5]);
	$write->('mail.log.2', @lines[6 .. 7]);
	$write->('mail.log-20260101', @lines[8 .. $#lines]);
	for (['mail.log.2', 'gzip', 'gz'], ['mail.log-20260101', 'xz', 'xz']) {
		my ($name, $program, $ext) = @$_;
		(grep { -x "$_/$program" } split /:/, $ENV{PATH}) or next;
		run(cmd => [$program, "$d/$name"]);
		ok(-e "$d/$name.$ext", "$name.$ext");
	}
	is(row(report('--no-check', '--log', "$d/mail.log"), 'messages'), (() = grep { /event=message/ } @lines[0 .. 2]) . '', 'one file');
	is(row(report('--no-check', '--rotated', '--log', "$d/mail.log"), 'messages'), '10', 'and those rotated from it');
	write_file("$d/broken.gz", 'no gzip');
	like(report('--no-check', '--log', "$d/mail.log", '--log', "$d/broken.gz")->{out}, qr/UNREAD +log .*broken\.gz/, 'one that cannot be read is told of');
	like(report('--no-check', '--log', "$d/none")->{out}, qr/UNREAD +log .*No such file/, 'and one that is not there');
};

subtest 'JSON' => sub {
	my $d = subdir('json');
	my $now = POSIX::strftime('%b %e %H:%M:%S', localtime);
	write_file("$d/log", join '', map { "$now mx spawnscan[1]: $_\n" }
	    '{"event":"message","from":"a@b","to":["c@d"],"size":100,"verdict":"infected","action":"remove","findings":[{"part":"2","class":"infected","reason":"Sig, with: comma","action":"remove"}],"outcome":"delivered","receive_ms":1,"inspect_ms":20,"send_ms":3}',
	    '{"event":"message"', '{"event":"message","size":{"a":1},"verdict":["x"],"findings":"x"}');
	my $r = report('--no-check', '--log', "$d/log");
	is($r->{code}, 0, 'read') or diag($r->{err});
	like($r->{out}, qr/^  Sig, with: comma +1$/m, 'a signature');
	is(row($r, 'messages'), '2', 'what has the wrong types does no harm');
	is(row($r, 'log lines that cannot be read'), '1', 'what is no JSON is counted');
};

subtest 'HTML' => sub {
	my $file = "$dir/report.html";
	my $r = report('--no-check', '--html', $file);
	is("$r->{code}$r->{out}$r->{err}", '0', 'written') or return;
	my $html = read_file($file);
	like($html, qr/\A<!DOCTYPE html>\n<html lang="en">/, 'a page');
	is(scalar(() = $html =~ /<svg viewBox="0 0 780/g), 2, 'with plots');
	is(scalar(() = $html =~ /<rect class="v-infected"/g), 1, 'the infected ones among them');
	unlike($html, qr/<script|<link|<img|<iframe|\bon\w+=|\bsrc=|\bhref=|url\(|\@import|https?:/i, 'no script, nothing from elsewhere');
	like($html, qr/prefers-color-scheme:dark/, 'dark mode');
	like($html, qr/\@media print/, 'paper');
	my %depth;
	my $ok = 1;
	my @stack;
	while ($html =~ m{<(/?)(\w+)[^>]*?(/?)>}g) {
		my ($close, $tag, $self) = ($1, $2, $3);
		next if $self || $tag =~ /\A(?:meta|br)\z/i;
		if ($close) { $ok = 0 unless @stack && pop(@stack) eq $tag } else { push @stack, $tag }
	}
	ok($ok && !@stack, 'each element is closed where it should be') or diag("@stack");
	like(report('--no-check', '--html', '/nonexistent/x')->{err}, qr/No such file/, 'a file that cannot be written');
};

subtest 'hostile' => sub {
	my $d = subdir('hostile');
	my $now = POSIX::strftime('%b %e %H:%M:%S', localtime);
	my @evil = ('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onload='x", '\\033[2J\\"', '&lt;b&gt;');
	write_file("$d/log", join '', map { my $e = $_ =~ s/(?<!\\)(["])/\\$1/gr; "$now mx spawnscan[1]: event=message from=\"$e\" to=x count=1 client=\"$e\" size=1 verdict=infected action=remove findings=\"2:infected:$e:remove\" outcome=\"$e\" receive_ms=0 inspect_ms=1 send_ms=0\n" } @evil);
	write_file("$d/x; touch owned.gz", '');
	my $r = report('--no-check', '--log', "$d/log", '--log', "$d/x; touch owned.gz", '--html', '-');
	is($r->{code}, 0, 'no harm') or diag($r->{err});
	unlike($r->{out}, qr/<script|<img|onerror=["']?alert\(1\)>/, 'nothing gets out of its place in HTML');
	unlike($r->{out} =~ s/<[^<>]*>//gr, qr/[<>]/, 'no bracket is left over');
	$r = report('--no-check', '--log', "$d/log");
	unlike($r->{out}, qr/[^\n\x20-\x7e]/, 'nor in text');
	is(row($r, 'messages'), '5', 'all are counted');
	ok(!-e "$d/owned", 'no shell');
};

subtest 'sent' => sub {
	my $d = subdir('sent', 0777);
	my $program = write_file("$d/sendmail", "#!/bin/sh\nprintf '%s\\n' \"\$@\" > $d/args\ncat > $d/mail\n", 0755);
	my $r = report('--no-check', '-o', "sendmail_path=$program", '--to', 'postmaster@example.com');
	is($r->{code}, 0, '--to') or diag($r->{err});
	is(read_file("$d/args"), "-i\n-f\n\n--\npostmaster\@example.com\n", 'from the null sender');
	like(read_file("$d/mail"), qr/\AFrom: .*\nTo: postmaster\@example\.com\nSubject: spawnscan on .*\nAuto-Submitted: auto-generated\n.*\n.*\n\nspawnscan on /, 'the text');
	for (['--to', '-bs'], ['--to', "a\@b\nBcc: c"], ['--since', 'x'], ['--since', '1h', '--until', '2h'], ['--top', 0], ['--top', -1], ['--top', 5000], ['--nonsense'], ['x']) {
		is(report(@$_)->{code}, 64, "refused: @$_");
	}
};

SKIP: {
	loud_skip('needs root', 1) if $>;
	like(report()->{out}, qr/^To see to\n(?:.*\n)*?  OK +signatures /m, 'with what --check says');
}
done_testing;
