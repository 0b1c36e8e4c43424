#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What recipients read, in their own language: which one is taken, that nothing in
# a file of a language can be more than text, and what is said of a bad one.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Encode;
use File::Temp;
use JSON::PP;
use MIME::QuotedPrint;
use POSIX qw(mkfifo);
use Test::More;
use Harness;

my $shipped = "$FindBin::Bin/../languages";
my $dir = File::Temp->newdir;
my %language = map { $_ => decode_json(slurp("$shipped/$_.json")) } qw(en de es fr is ja);

sub slurp { my ($path) = @_; open my $fh, '<:raw', $path or die "$path: $!"; local $/; return scalar <$fh> }
sub put { my ($name, $bytes) = @_; open my $fh, '>:raw', "$dir/$name.json" or die $!; print $fh $bytes; close $fh }

# The message has a program in it, which is removed.
sub mail {
	my ($fields) = @_;
	return ($fields // '') . "From: a\@example.org\nSubject: s\nMIME-Version: 1.0\n"
	    . "Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\nContent-Type: application/octet-stream\n"
	    . "Content-Disposition: attachment; filename=a.exe\n\nx\n--b--\n";
}
sub filtered {
	my ($in, @settings) = @_;
	return spawnscan(in => $in, conf => {by_engine()}, args => [map { ('-o', $_) } 'blocked=remove', "language_dir=$shipped", @settings]);
}
# The notice as it is read.
sub notice {
	my ($r) = @_;
	$r->{out} =~ s/\r\n/\n/g;
	my ($header, $body) = $r->{out} =~ /(Content-Type: text\/plain; charset=(?:utf-8|us-ascii);?\n(?:[^\n]+\n)+)\n(.*?)\n--b/s
	    or return "no notice: $r->{err}";
	$body = decode_qp($body) if $header =~ /quoted-printable/;
	return decode('UTF-8', $body, Encode::FB_CROAK);
}
sub says {
	my ($r, $tag, $name) = @_;
	my ($text, $l) = (notice($r), $language{$tag});
	return subtest $name => sub {
		ok(index($text, $l->{what_attachment}) >= 0, 'what') or diag(encode('UTF-8', $text));
		ok(index($text, $l->{why_blocked}) >= 0, 'why');
		my ($line) = $l->{notice}[-2] =~ /\A([^{]+)/;
		ok(index($text, $line) >= 0, 'whom to ask');
		like($text, qr/a\.exe/, 'which');
		unlike($text, qr/\{/, 'each word is filled in');
	};
}

subtest "$_.json" => sub {
	my $l = $language{$_};
	is_deeply([sort keys %$l], [sort keys %{$language{en}}], 'every sentence');
	for my $key (sort keys %$l) {
		my $words = sub { [sort map { /\{(\w+)\}/g } ref $_[0] ? @{$_[0]} : $_[0]] };
		is_deeply($words->($l->{$key}), $words->($language{en}{$key}), "$key: the same words to fill in");
	}
} for sort keys %language;

says(filtered(mail(), "notice_language=$_"), $_, "told in $_") for sort keys %language;
says(filtered(mail() =~ s/\n/\r\n/gr, 'notice_language=ja'), 'ja', 'CRLF');
says(filtered(mail()), 'en', 'by default');
put('xx', slurp("$shipped/en.json"));
sub timeless { return $_[0] =~ s/^Date:.*//mr =~ s/[\d.]+\/[\d.]+/N/gr }
is(timeless(notice(filtered(mail(), "language_dir=$dir", 'notice_language=xx'))), timeless(notice(filtered(mail()))), 'en.json is what the program says itself');

my @cases = (
	['de', 'auto', 'de'], ['de-AT', 'auto', 'de'], ['de-DE-1996', 'auto', 'de'], ['DE', 'auto', 'de'],
	['xx, fr', 'auto', 'fr'], ['nl', 'auto', 'en'], ['nl', 'auto, is', 'is'], ['', 'auto is', 'is'],
	['', 'auto', 'en'], ['fr, de', 'auto', 'fr'], ['de', 'es auto', 'es'], ['en-GB', 'auto is', 'en'],
	['../languages/de', 'auto', 'en'], ['/etc/passwd', 'auto', 'en'], ['auto', 'auto', 'en'], ['-', 'auto', 'en'],
	['d' x 3000, 'auto', 'en'], [join(', ', ('x') x 500), 'auto', 'en'], ["de\x00\x01", 'auto', 'en'], ["=?utf-8?Q?de?=", 'auto', 'de'],
);
says(filtered(mail("Content-Language: $_->[0]\n"), "notice_language=$_->[1]"), $_->[2],
	substr($_->[0], 0, 20) =~ s/[^ -~]/?/gr . " with $_->[1]") for @cases;

# The administrator's own text is his, with the words of the language.
like(notice(filtered(mail(), 'notice_language=de', 'notice=weg: {what} ({why})')), qr/^weg: Ein Anhang dieser Nachricht \(Dateien dieser Art/, 'a text of our own');
put('part', '{"why_blocked": "so nicht"}');
like(notice(filtered(mail(), "language_dir=$dir", 'notice_language=part')), qr/^An attachment of this message was removed.*\nbecause so nicht \(/, 'what a language does not say stays English');

# Wrapped messages.
for my $tag (qw(de ja)) {
	my $r = spawnscan(in => "Subject: Gr=?utf-8?Q?=C3=BC?=\n\nx\n", args => [map { ('-o', $_) } 'error=wrap', 'inspector=/nonexistent', "language_dir=$shipped", "notice_language=$tag"]);
	is($r->{code}, 0, "wrapped in $tag") or diag($r->{err});
	my ($subject) = $r->{out} =~ /^(Subject: .*\n(?: .*\n)*)/m;
	ok(index(decode('MIME-Header', $subject), $language{$tag}{wrap_mark}) >= 0, 'subject') or diag($subject);
	my ($body) = $r->{out} =~ /quoted-printable\n\n(.*?)\n--=_/s;
	ok(index(decode('UTF-8', decode_qp($body)), $language{$tag}{wrap}[1]) >= 0, 'text') or diag($r->{out});
	unlike($r->{out}, qr/[^\x00-\x7f]/, 'as 7-bit');
}

# What is wrong with a language is said, and nothing is done.
my %bad = (
	absent => [undef, qr/absent\.json: No such file/],
	empty => ['', qr/empty\.json: line 1:/],
	syntax => ["{\n\"removed\": \"x\",\n}", qr/syntax\.json: line 3:/],
	unknown => ['{"why_blokked": "x"}', qr/unknown\.json: unknown key "why_blokked"/],
	twice => ['{"removed": "x", "removed": "y"}', qr/twice\.json: line 1:/],
	field => ['{"wrap_mark": "x\r\nBcc: a@example.org"}', qr/wrap_mark: expected one line/],
	nul => ['{"removed": "a\u0000b"}', qr/nul\.json/],
	byte => ["{\"removed\": \"a\x00b\"}", qr/a NUL byte/],
	latin => ["{\"removed\": \"\xe4\"}", qr/latin\.json: line 1:/],
	escape => ['{"removed": "\u001b[2J"}', qr/removed: expected/],
	long => ['{"removed": "' . 'x' x 301 . '"}', qr/removed: expected/],
	large => ['{"removed": "' . 'x' x 70_000 . '"}', qr/more than 65536 bytes/],
	type => ['{"removed": 5}', qr/removed: expected/],
	lines => ['{"notice": "one line"}', qr/notice: expected an array/],
	many => ['{"notice": [' . join(',', ('"' . 'x' x 290 . '"') x 40) . ']}', qr/notice: expected an array/],
	list => ['["x"]', qr/list\.json: not an object/],
	blank => ['{"removed": ""}', qr/removed: expected/],
);
for my $name (sort keys %bad) {
	my ($bytes, $says) = @{$bad{$name}};
	put($name, $bytes) if defined $bytes;
	my $r = filtered(mail(), "language_dir=$dir", "notice_language=$name");
	is($r->{code}, 78, "$name: exit code");
	like($r->{err}, qr/\Aspawnscan: notice_language = $name: [^\n]*\n\z/, "$name: one line");
	like($r->{err}, $says, "$name: which says what is wrong");
	is($r->{out}, '', "$name: nothing is delivered");
	next unless defined $bytes;
	# A message that asks for it still comes, in English.
	$r = filtered(mail("Content-Language: $name\n"), "language_dir=$dir", 'notice_language=auto');
	like(notice($r), qr/^An attachment of this message was removed/, "$name: asked for by a message");
	like($r->{log}, qr/notice_language: .*$name\.json: /, "$name: a warning");
}
mkfifo("$dir/fifo.json", 0600) or die $!;
is(filtered(mail(), "language_dir=$dir", 'notice_language=fifo')->{code}, 78, 'a FIFO');
mkdir "$dir/folder.json" or die $!;
is(filtered(mail(), "language_dir=$dir", 'notice_language=folder')->{code}, 78, 'a directory');

done_testing();
