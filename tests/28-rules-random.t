#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Which rules match: random sets of rules against a naive oracle.
#
# 10,000 sets of ten rules (with SPAWNSCAN_SAMPLE every Nth), each held against a message;
# the oracle has its own idea of every condition. RULES_SEED gives another run.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;

my $sets = int(10_000 / ($ENV{SPAWNSCAN_SAMPLE} || 1));
my $seed = $ENV{RULES_SEED} // 20261130;
srand $seed;
my $dir = subdir();
sub one { $_[rand @_] }

# Few of each, so that things meet.
my @domains = qw(a.example b.a.example c.b.a.example xa.example example);
my @locals = qw(u v u.v);
my @hosts = ('', 'unknown', 'm.a.example', 'a.example', 'n.m.a.example', 'xa.example');
my @ips = ('', '192.0.2.1', '192.0.2.129', '198.51.100.1', '2001:db8::1', '2001:db8:1::1');
sub case { my ($s) = @_; return rand() < 0.2 ? uc $s : $s }

# A word, and what it means: a function of the address in small letters.
sub address_word {
	my $d = one(@domains);
	my $a = one(@locals) . "\@$d";
	return one(
		[$a, sub { $_[0] eq $a }],
		[$d, sub { $_[0] =~ /\@\Q$d\E\z/ }],
		["\@$d", sub { $_[0] =~ /\@\Q$d\E\z/ }],
		[".$d", sub { $_[0] =~ /\@.+\.\Q$d\E\z/ }],
		["*\@$d", sub { $_[0] =~ /\@\Q$d\E\z/ }],
		["u*", sub { $_[0] =~ /\Au/ }],
		['<>', sub { $_[0] eq '' }]);
}
# Of name, address.
sub client_word {
	my $h = one(grep { /\./ } @hosts);
	my $i = one(grep { length } @ips);
	return one(
		[$h, sub { lc $_[0] eq $h }],
		[".$h", sub { $_[0] =~ /.\.\Q$h\E\z/i }],
		["*.$h", sub { $_[0] =~ /\.\Q$h\E\z/i }],
		[$i, sub { $_[1] eq $i }],
		['192.0.2.0/25', sub { $_[1] =~ /\A192\.0\.2\.(\d+)\z/ && $1 < 128 }],
		['2001:db8::/48', sub { $_[1] eq '2001:db8::1' }],
		['0.0.0.0/0', sub { $_[1] =~ /\A[\d.]+\z/ }]);
}
sub list_of { my ($make) = @_; return map { $make->() } 0 .. rand 2.5 }

my ($wrong, $held, $matched) = (0, 0, 0);
for my $set (1 .. $sets) {
	my (@rules, $text);
	for my $name (1 .. 10) {
		my %r = (name => "r$name", continue => rand() < 0.4);
		$text .= "[rule r$name]\n";
		for my $what (qw(sender recipient client)) {
			next if rand() < 0.5;
			$r{$what} = [list_of($what eq 'client' ? \&client_word : \&address_word)];
			$text .= "$what = " . join(one(' ', ', '), map { case($_->[0]) } @{$r{$what}}) . "\n";
		}
		# Without one it would match all, and the next would never be reached.
		$r{client} = [client_word()], $text .= "client = $r{client}[0][0]\n" unless grep { $r{$_} } qw(sender recipient client);
		if (rand() < 0.2) { $r{direction} = one(qw(in out)); $text .= "direction = $r{direction}\n" }
		if (rand() < 0.2) { $r{named} = 1; $text .= "named = yes\n" }
		$text .= "continue = yes\n" if $r{continue};
		$text .= "subject_tag = r$name\n";
		push @rules, \%r;
	}
	my $conf = write_file("$dir/c", $text, 0644);
	{
		my $from = rand() < 0.2 ? '' : case(one(@locals) . '@' . one(@domains));
		my $to = case(one(@locals) . '@' . one(@domains));
		my ($host, $ip) = (case(one(@hosts)), one(@ips));
		my $direction = one('auto', 'in', 'out');
		my @named = grep { $_->{named} && rand() < 0.5 } @rules;
		my $r = run(cmd => ["$BUILD/spawnscan", '-c', $conf, '-o', "direction=$direction", '-o', 'rule=' . join(' ', map { $_->{name} } @named),
		    '--explain', '--rule-for', $from, $to, "$host\[$ip]"]);
		# Two of them may shut out a third by chance: that is another test's.
		next if $r->{err} =~ /it is never reached/;
		my @got = $r->{out} =~ /^rule (\S+) \([^)]*\): matches/mg;
		my $known = $host eq '' || lc $host eq 'unknown' ? '' : $host;
		my (@want, $last);
		for my $rule (@rules) {
			next if $last;
			next if $rule->{sender} && !grep { $_->[1](lc $from) } @{$rule->{sender}};
			next if $rule->{recipient} && !grep { $_->[1](lc $to) } @{$rule->{recipient}};
			next if $rule->{client} && !grep { $_->[1]($known, $ip) } @{$rule->{client}};
			next if $rule->{direction} && $rule->{direction} ne $direction;
			next if $rule->{named} && !grep { $_ == $rule } @named;
			push @want, $rule;
			$last = !$rule->{continue};
		}
		my ($tag) = $r->{out} =~ /^subject_tag = (\S+)$/m;
		$held++;
		$matched += @want;
		my $want = join(' ', map { $_->{name} } @want) . ' tag ' . (@want ? $want[-1]{name} : '');
		my $got = join(' ', @got) . ' tag ' . ($tag // '');
		next if $got eq $want && $r->{code} == 0;
		diag "from <$from> to <$to> client $host\[$ip] direction $direction named @{[map { $_->{name} } @named]}\n$text"
		    . "want $want\ngot  $got\n$r->{err}" if $wrong++ < 3;
	}
}
is($wrong, 0, "messages that were held against rules: $held (seed $seed)");
cmp_ok($held, '>', $sets / 2, 'not few');
cmp_ok($matched, '>', $sets / 2, "rules that matched: $matched");
done_testing;
