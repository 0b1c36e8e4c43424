#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A text is put in front of what a recipient reads first, or behind it: in the right
# charset and transfer encoding, into each form of the text, and into nothing else.
#
# tests/banner_of.c does that alone; behind that, the sentences that the filter puts
# there itself.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Encode ();
use MIME::Base64 ();
use MIME::QuotedPrint ();
use Test::More;
use Harness;
use Situation;
binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;

# One banner_of does them all, for its start takes longer than any of them.
my $dir = subdir('banner');
pipe my $orders_r, my $orders or die;
pipe my $answers, my $answers_w or die;
open my $stderr, '>&', \*STDERR or die;
my $banner_of = start_process(cmd => ["$BUILD/tests/banner_of"], fds => [$orders_r, $answers_w, $stderr]);
close $_ for $orders_r, $answers_w;
$orders->autoflush(1);
sub banner {
	my ($where, $text, $mail) = @_;
	write_file("$dir/text", Encode::encode('UTF-8', $text));
	write_file("$dir/in", $mail);
	unlink "$dir/out";
	print $orders "$where $dir/text $dir/in $dir/out\n";
	my ($lines, $why) = (<$answers> // '') =~ /^(\d+) (.*)$/;
	return ($why // 'no answer', read_file("$dir/out") // '', $lines);
}

my $head = "From: a\@example.org\nTo: b\@example.net\nSubject: banner\nMIME-Version: 1.0\n";
sub mail { my ($type, $cte, $raw) = @_; return "${head}Content-Type: $type\nContent-Transfer-Encoding: $cte\n\n$raw" }

# What a mail program shows of a message of one part.
sub shown {
	my ($mail) = @_;
	my ($h, $body) = split /\r?\n\r?\n/, $mail, 2;
	my ($charset) = $h =~ /charset="?([\w-]+)/i;
	my ($cte) = $h =~ /^Content-Transfer-Encoding:\s*(\S+)/mi;
	$cte //= '7bit';
	return undef if $cte eq '7bit' && $body =~ /[\x80-\xff]/;
	$body = MIME::Base64::decode_base64($body) if lc $cte eq 'base64';
	$body = MIME::QuotedPrint::decode_qp($body) if lc $cte eq 'quoted-printable';
	my $text = Encode::decode($charset // 'us-ascii', $body, Encode::FB_CROAK | Encode::LEAVE_SRC);
	$text =~ s/\A\x{feff}//;
	return $text =~ s/\r\n/\n/gr;
}

sub coded {
	my ($cte, $bytes) = @_;
	return MIME::Base64::encode_base64($bytes, "\n") if $cte eq 'base64';
	return MIME::QuotedPrint::encode_qp($bytes, "\n", $bytes =~ /\0/ ? 1 : 0) if $cte eq 'quoted-printable';
	return $bytes;
}

# -- charsets and encodings ---------------------------------------------------------

my $latin = "Gr\x{fc}\x{df}e an alle.\nZweite Zeile = 2.\n";
my $japanese = "\x{65e5}\x{672c}\x{8a9e} <b> \x{30c6}\x{30b9}\x{30c8}\n\x{30e1}\x{30fc}\x{30eb}\n";
my @texts = (
	['us-ascii', "Plain words.\nSecond line = 2.\n"],
	['utf-8', $latin], ['utf-8', $japanese], ['iso-8859-1', $latin], ['windows-1252', $latin], ['iso-8859-15', $latin],
	['iso-2022-jp', $japanese], ['shift_jis', $japanese], ['euc-jp', $japanese], ['gb2312', "\x{4f60}\x{597d}\n"], ['big5', "\x{4f60}\x{597d}\n"],
	['koi8-r', "\x{43f}\x{440}\x{438}\x{432}\x{435}\x{442}\n"], ['UTF-16', $latin], ['utf-16le', $latin], ['utf-16be', $japanese],
);
my $cells = 0;
my @said = (['ASCII', "Note: one, two.\nThree.\n"], ['letters', "Achtung: \x{e4}\x{f6}\x{fc} \x{20ac} \x{2013} Ende.\n"]);
for my $t (@texts) {
	my ($charset, $text) = @$t;
	for my $cte ('7bit', '8bit', 'quoted-printable', 'base64') {
		my $bytes = Encode::encode($charset, $text, Encode::FB_CROAK | Encode::LEAVE_SRC);
		next if $cte eq '7bit' && $bytes =~ /[\x80-\xff]/;
		next if $bytes =~ /\0/ && $cte =~ /bit/;
		for my $crlf (0, 1) {
			for my $type ('plain', 'html') {
				for my $where ('top', 'end') {
					for my $s (@said) {
						my ($name, $words) = @$s;
						# Every other cell, so that each value of each meets each of the others.
						next if unpack('%32b*', pack('N', $cells++)) % 2;
						my $inner = $type eq 'html' ? $text =~ s/<b>//r : $text;
						$inner = "<html><head><title><body></title></head><body class=\"a>b\">$inner</body></html>\n" if $type eq 'html';
						$inner =~ s/\n/\r\n/g if $crlf && $cte eq 'base64';
						my $raw = coded($cte, Encode::encode($charset, $inner, Encode::FB_CROAK | Encode::LEAVE_SRC));
						my $in = mail("text/$type; charset=$charset", $cte, $raw);
						$in =~ s/(?<!\r)\n/\r\n/g if $crlf;
						my ($why, $out) = banner($where, $words, $in);
						my $cell = "$charset $cte text/$type $where $name" . ($crlf ? ' CRLF' : '');
						my $before = shown($in);
						my $after = eval { shown($out) };
						my ($want, $got);
						if ($type eq 'plain') {
							($want, $got) = ($where eq 'top' ? "$words\n$before" : "$before\n$words", ($after // '') =~ s/\A {0,2}//r);
							$got =~ s/^ {1,2}(?=\n)//mg;
						} else {
							my $entities = join '<br>', map { s/([^\x20-\x7e])/'&#' . ord($1) . ';'/ger } split /\n/, $words;
							$got = ($after // '') =~ s/\s+/ /gr;
							my $flat = $before =~ s/\s+/ /gr;
							my ($b, $e) = $flat =~ m{\A(.*<body class="a>b">)(.*?)(?:</body></html> ?)\z}s;
							my $re = $where eq 'top' ? qr{\A\Q$b\E ?<div style="[^"]*">\s*(.*?)\s*</div>\s*\Q$e\E ?</body></html> ?\z}s : qr{\A\Q$b\E\Q$e\E ?<div style="[^"]*">\s*(.*?)\s*</div> ?</body></html> ?\z}s;
							my $inside = $got =~ $re ? $1 =~ s/<br> /<br>/gr : "nothing: $got";
							($want, $got) = ($entities, $inside);
						}
						if ($why ne 'done' || $got ne $want) {
							is("$why: $got", "done: $want", $cell) or diag($out);
							next;
						}
						# What stood there stands there, byte for byte and in lines no longer than RFC 5322 wants.
						my @missing = do {
							my %count;
							$count{$_}++ for split /\r?\n/, $out;
							grep { !$count{$_}-- } split /\r?\n/, $in;
						};
						my $anew = $type eq 'plain' && $name eq 'letters' && ($cte =~ /bit/ || $charset !~ /^utf/i);
						my $same = $anew || @missing <= 2;
						ok($same && ($crlf ? $out =~ s/\r\n//gr !~ /[\r\n]/ : 1), $cell) or diag("missing:\n" . join("\n", @missing) . "\n$out");
					}
				}
			}
		}
	}
}

# -- which parts -----------------------------------------------------------------------

my $text = "Content-Type: text/plain; charset=utf-8\n\nthe text\n";
my $html = "Content-Type: text/html; charset=utf-8\n\n<p>the text</p>\n";
my $n = 0;
sub multi { my ($type, @p) = @_; my $b = 'b' . ++$n; return "Content-Type: multipart/$type; boundary=$b\n\n" . join('', map { "--$b\n$_\n" } @p) . "--$b--\n" }
my $pdf = "Content-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n\n%PDF\n";
my $named = "Content-Type: text/plain; name=notes.txt\nContent-Disposition: attachment; filename=notes.txt\n\nnotes\n";
my $message = "Content-Type: message/rfc822\n\nSubject: inner\n\nthe inner text\n";
my $calendar = "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n";
my $signature = "Content-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----\n";
for ([ 'alternative', multi('alternative', $text, $html), 2 ],
    [ 'mixed', multi('mixed', $text, $pdf), 1 ],
    [ 'an attachment first', multi('mixed', $pdf, $named, $text), 1 ],
    [ 'alternative in mixed', multi('mixed', multi('alternative', $text, $html), $pdf), 2 ],
    [ 'as Apple has it', multi('alternative', $text, multi('related', $html, $pdf)), 2 ],
    [ 'as Outlook has it', multi('related', multi('alternative', $text, $html), $pdf), 2 ],
    [ 'a root that is not the first', multi('related; start="<r@x>"', $pdf, "Content-ID: <r\@x>\n$html"), 1 ],
    [ 'an invitation', multi('alternative', $text, $html, $calendar), 2 ],
    [ 'two texts', multi('mixed', $text, $pdf, $text), 1 ],
    [ 'a message beside', multi('mixed', $text, $message), 1 ],
    [ 'no type', "\nthe text\n", 1 ],
    [ 'signed', multi('signed; protocol="application/pgp-signature"', $text, $signature), 0 ],
    [ 'signed in mixed', multi('mixed', multi('signed', $text, $signature), $text), 0 ],
    [ 'encrypted', multi('encrypted', "Content-Type: application/pgp-encrypted\n\nVersion: 1\n", $text), 0 ],
    [ 'a report', multi('report', $text, $message), 0 ],
    [ 'attachments only', multi('mixed', $pdf, $named), 0 ],
    [ 'a message only', $message, 0 ],
    [ 'a digest', multi('digest', $message, $message), 0 ],
    [ 'signed in the text', "\n-----BEGIN PGP SIGNED MESSAGE-----\n\nthe text\n", 0 ],
    [ 'two types', "Content-Type: text/plain\nContent-Type: text/html\n\nthe text\n", 0 ],
    [ 'no encoding that we know', "Content-Type: text/plain\nContent-Transfer-Encoding: x-uue\n\nthe text\n", 0 ],
    [ 'base64 that is none', "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\ndGhl*IHRleHQ=\n", 0 ],
    [ 'with a checksum', "Content-Type: text/plain\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\n\nthe text\n", 0 ],
    [ 'UTF-16 without an order', mail('text/plain; charset=utf-16', 'base64', MIME::Base64::encode_base64(Encode::encode('UTF-16LE', "the text\n"))) =~ s/\A.*?(?=Content-Type)//sr, 0 ]) {
	my ($name, $part, $times) = @$_;
	for my $where ('top', 'end') {
		my ($why, $out) = banner($where, "BANNER.\n", $head . $part);
		my $got = () = $out =~ /BANNER\./g;
		is($got, $times, "$name, $where") or diag($why, $out);
		is($out, $head . $part, "$name, $where: else unchanged") unless $times;
		isnt($why, 'done', "$name, $where: says why") unless $times;
		like($out, qr/\A\Q$head\E/, "$name, $where: the header stays") if $times;
	}
}

# Flowed text: what follows is no part of ours, nor ours of it.
my (undef, $flowed) = banner('top', ("word " x 40) . "end\n> no quote\n", mail('text/plain; format=flowed', '7bit', "a line \nflows on\n"));
like($flowed, qr/\n\n(?:(?:word )+\n)+(?:word )*end\n > no quote\n\na line \nflows on\n\z/, 'flowed');
my (undef, $folded) = banner('top', ("word " x 40) . "end\n", mail('text/plain', '7bit', "text\n"));
is((grep { length > 78 } split /\n/, $folded), 0, 'lines are folded');
my (undef, $soft) = banner('end', "BANNER.\n", mail('text/plain', 'quoted-printable', "the text=\n"));
is(shown($soft), "the text\n\nBANNER.\n", 'a soft line break at the end');
my (undef, $cut) = banner('end', "BANNER.\n", mail('text/plain', '7bit', 'the text'));
is(shown($cut), "the text\n\nBANNER.", 'no line ending at the end');

# -- what the filter says itself ------------------------------------------------------

my $database = situation_database();
my %engine = by_engine($database);
my %by = map { $_->{name} => $_->{bytes} } situations();
sub filtered { my ($in, @settings) = @_; return spawnscan(in => $in, conf => {%engine}, args => [map { ('-o', $_) } @settings])->{out} }
my $sentence = qr/^An attachment of this message \(report\.pdf\) was removed by the content filter\nbecause it contains a virus\. The notice further down says more\.\n\nOKTEXT/m;
like(filtered($by{'file-in-a-long-message'}), $sentence, 'in front of a long text');
unlike(filtered($by{'file-in-a-long-message'}, 'notice_line=never'), qr/further down/, 'never');
unlike(filtered($by{file}), qr/further down/, 'a short text needs none');
like(filtered($by{file}, 'notice_line=always'), $sentence, 'always');
my $both = filtered($by{'file-beside-html'}, 'notice_line=always');
is(() = ($both =~ s/\s+/ /gr) =~ /removed by the content filter because it contains a virus\. The notice/g, 2, 'in text and HTML') or diag($both);
like(filtered($by{'signed-file'}, 'notice_line=always'), $sentence, 'in what is no longer signed');
like(filtered($by{'whole-text'}, 'notice_line=always'), qr/^The text of this message was removed by the content filter\nbecause/m, 'nothing but a notice');
unlike(filtered($by{'alternative-text'}, 'notice_line=always'), qr/further down/, 'a notice that comes first needs none');
like(filtered($by{'related-picture'}, 'notice_line=always'), qr/A picture in this message \(logo\.png\) was removed[^<]*further down/, 'a picture');
unlike(filtered($by{dsn}, 'notice_line=always'), qr/further down/, 'not in a report');

my $renamed = qr/^The attachment evil\.js was renamed to evil\.js\.defanged by the content filter\nbecause files of this type are not accepted here\. If you need it, ask Ann\.\n\nOKTEXT/m;
like(filtered($by{renamed}, 'notice_renamed=yes', 'contact=Ann'), $renamed, 'of what was renamed');
unlike(filtered($by{renamed}, 'notice_line=always'), qr/was renamed/, 'only if it is to be');
unlike(filtered($by{'signature-renamed'}, 'notice_renamed=yes'), qr/was renamed/, 'not in what is signed');
my $many = multi('mixed', $text, map { "Content-Type: text/javascript; name=f$_.js\nContent-Disposition: attachment; filename=f$_.js\n\n// $_\n" } 1 .. 9);
my $told = filtered($head . $many, 'notice_renamed=yes');
is(() = $told =~ /The attachment f/g, 5, 'five sentences') or diag($told);
like($told, qr/^More was removed or renamed; see further down\.$/m, 'and that there is more');
# A name is the work of strangers.
my $evil = filtered($head . multi('mixed', $text, $html, "Content-Type: text/javascript; name*=utf-8''%3Cscript%3E%0A%0A--b1--%1B%5B2J%E2%80%AEx.js\n\n// x\n"), 'notice_renamed=yes');
like($evil, qr/^The attachment _script_?.*x\.js was renamed|^The attachment <script>_*\s*_*--b1--.*x\.js was renamed/m, 'a hostile name') or diag($evil);
unlike($evil, qr/\x1b|\xe2\x80\xae|^--b1--\w/m, 'shows no controls');
my $htmlonly = filtered($head . multi('mixed', $html, "Content-Type: text/javascript; name*=utf-8''%3Cscript%3Ex.js\n\n// x\n"), 'notice_renamed=yes');
unlike($htmlonly =~ s{\A.*?\n\n}{}sr, qr/<script>/, 'nor markup') or diag($htmlonly);

# Of the many messages before none has harmed it.
close $orders;
is(reap($banner_of, 20), 0, 'banner_of ends as it should');
done_testing;
