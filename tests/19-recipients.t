#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What recipients see: a removed part does not hide the rest, nor the rest the
# notice. Here by what the result is made of; "make recipients" asks real mail
# programs about the same messages.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use Situation;

my $database = situation_database();
my $conf = conf_file(by_engine($database), quarantine => 'off');

# Without what a mail program undoes: quoted-printable.
sub unquoted { return $_[0] =~ s/=\r?\n//gr =~ s/=([0-9A-F]{2})/chr hex $1/ger }

for my $s (situations()) {
	for my $crlf (0, 1) {
		my $in = $crlf ? $s->{bytes} =~ s/\n/\r\n/gr : $s->{bytes};
		my $r = spawnscan(in => $in, conf => $conf, args => $s->{args});
		subtest $s->{name} . ($crlf ? ', CRLF' : '') => sub {
			is($r->{code}, 0, 'exit code') or diag($r->{err}) or return;
			unlike($r->{out}, qr/\Q${\ situation_marker()}\E/, 'what was to go is gone');
			is(eval { situation_tree($r->{out}) } // $@, $s->{tree}, 'what it is made of') or diag($r->{out});
			$crlf ? unlike($r->{out} =~ s/\r\n//gr, qr/[\r\n]/, 'line endings') : unlike($r->{out}, qr/\r/, 'line endings');
			my $text = unquoted($r->{out} =~ s/\r\n/\n/gr);
			like($text, $_, 'the rest is there') for @{$s->{shown}}, @{$s->{html}};
			like($text, $s->{notice}, 'the notice') if $s->{notice};
			unlike($text, $s->{lacks}, 'and nothing that is not so') if $s->{lacks};
			unlike($text, qr/removed by the content filter/, 'no notice') unless $s->{notice};
			my $name = ($s->{listed} // '') =~ s/([^A-Za-z0-9_.-])/sprintf '%%%02X', ord $1/ger;
			my $named = $name =~ /%/ ? qr/filename\*=utf-8''\Q$name\E$/m : qr/^Content-Disposition: inline;\n\tfilename="\Q$name\E"$/m;
			like($r->{out} =~ s/\r\n/\n/gr, $named, 'has a name') if $s->{listed};
			unlike($text, qr/removed\.txt/, 'has none') if $s->{notice} && !$s->{listed};
			like($text, qr/name="\Q$s->{renamed}\E"/, 'renamed') if $s->{renamed};
			like($text, qr/^Content-Type: text\/calendar; charset=utf-8; method=REQUEST$/m, 'the invitation') if $s->{calendar};
			# Every line that came is there, but for those of what went and of what is around it.
			my %out = map { $_ => 1 } split /\n/, $r->{out} =~ s/\r\n/\n/gr;
			my @lost = grep { !$out{$_} && !/^(?:Content-|--|BEGIN|END|\s)|multipart|\Q${\ situation_marker()}\E|^[\w+\/=]+\z/ } split /\n/, $s->{bytes};
			is_deeply(\@lost, [], 'nothing else is lost') unless $s->{calendar} || $s->{tree} =~ /^notice$/ || $s->{name} =~ /calendar|html|encrypted|text$|root|both|three|opaque|pgp/;
		};
	}
}
# A word in front of the subject of what was changed, and of nothing else.
{
	my %by = map { $_->{name} => $_ } situations();
	my $tagged = sub { my ($in, $tag) = @_; return spawnscan(in => $in, conf => $conf, args => ['-o', "subject_tag=$tag"])->{out} };
	my $tag = '[attachment removed]';
	like($tagged->($by{file}{bytes}, $tag), qr/^Subject: \Q$tag\E file$/m, 'a subject');
	like($tagged->($by{renamed}{bytes}, $tag), qr/^Subject: \Q$tag\E renamed$/m, 'of a message with a renamed attachment');
	like($tagged->($by{file}{bytes} =~ s/^Subject: file/Subject:file/mr, $tag), qr/^Subject: \Q$tag\E file$/m, 'without a space');
	like($tagged->($by{file}{bytes} =~ s/^Subject: file/Subject:\n folded/mr, $tag), qr/^Subject: \Q$tag\E\n folded$/m, 'folded');
	like($tagged->($by{file}{bytes} =~ s/^Subject: file\n//mr, $tag), qr/^Subject: \Q$tag\E$/m, 'none');
	like($tagged->($by{file}{bytes}, "entfernt \xc3\xa4"), qr/^Subject: =\?utf-8\?B\?ZW50ZmVybnQgw6Q=\?= file$/m, 'in another language');
	like($tagged->($by{file}{bytes} =~ s/\n/\r\n/gr, $tag), qr/^Subject: \Q$tag\E file\r$/m, 'CRLF');
	my $clean = $by{file}{bytes} =~ s/^JVBE.*$/aGFybWxlc3M=/mgr;
	like($tagged->($clean, $tag), qr/^Subject: file$/m, 'a clean message');
}

# --explain says which multipart changes around a part, and why.
{
	my %by = map { $_->{name} => $_ } situations();
	my $explained = sub {
		my $file = write_file(subdir('explain') . '/mail', $by{$_[0]}{bytes});
		return run(cmd => [spawnscan_cmd('-c', conf_file()), '-o', "database=$database", '--explain', $file, @_[1 .. $#_]])->{out};
	};
	like($explained->('alternative-html'), qr/^What changes around what is removed\n  part 0: one form of the text is left at most/m, 'an alternative');
	like($explained->('apple-picture'), qr/^  part 0: the notice stands beside it/m, 'a picture');
	like($explained->('signed-file'), qr/^  part 0: it is no longer what it says/m, 'a signed message');
	like($explained->('apple-html'), qr/^  part 2: the text is gone that the rest belongs to/m, 'pictures without their text');
	like($explained->('forks'), qr/^  part 2: both forks of a file go together/m, 'forks');
	like($explained->('alternative-html', '--json'), qr/"around": \[\s*\{"path": "0", "reason": "one form/, 'in JSON');
	unlike($explained->('file'), qr/^What changes around/m, 'nothing around');
}
done_testing;
