#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A signature that matches the name of an attachment: the message is delivered, and nothing
# that spawnscan writes into it holds that name.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;

my $conf = conf_file(by_engine());
my $bad = marker();
my $text = part('Content-Type: text/plain', "hello\n");
sub named {
	my ($parameters, $content) = @_;
	return part("Content-Type: application/octet-stream\nContent-Disposition: attachment; $parameters\nContent-Transfer-Encoding: base64", b64($content // 'stuff ' x 30));
}

my $percent = join '', map { sprintf '%%%02X', ord } split //, "$bad.exe";
my ($front, $end) = (substr($bad, 0, 30), substr $bad, 30);
my %how = (
	'as it is' => named("filename=\"$bad.exe\""),
	'in RFC 2231' => named("filename*=utf-8''$percent"),
	'in pieces' => named("filename*0=\"$front\"; filename*1=\"$end.exe\""),
	'in an encoded word' => named('filename="=?utf-8?B?' . b64("$bad.exe") =~ s/\s//gr . '?="'),
	'in a zip archive' => named('filename="a.zip"', zip_of(["$bad.exe" => 'stuff'])),
	'of the zip archive around it' => named("filename*=utf-8''" . $percent =~ s/%65%78%65/zip/ir, zip_of(['a.exe' => 'stuff'])),
	'in a forwarded message' => rfc822(mail(parts => [$text, named("filename*=utf-8''$percent")], boundary => 'inner')),
	'behind many others' => join("\n--frontier-42\n", (map { named("filename=\"$_.exe\"") } 1 .. 60), named("filename*=utf-8''$percent")),
);
for my $name (sort keys %how) {
	for my $subject ('a mail', "all about $bad and more") {
		my $what = "$name" . ($subject eq 'a mail' ? '' : ', and in the subject');
		my $r = spawnscan(in => mail(subject => $subject, parts => [$text, $how{$name}]), conf => $conf);
		is($r->{code}, 0, "$what: delivered") or diag($r->{log}), next;
		like($r->{out}, qr/^hello$/m, "$what: with its text");
		like((header_of($r->{out}, 'X-Spawnscan-Result'))[0] // '', qr/blocked action=defang part=/, "$what: the finding is told");
		is(index($r->{out} =~ s/\s//gr, $bad), -1, "$what: the name is not");
		unlike($r->{out}, qr/name\S*=.*\.exe"?$/mi, "$what: and nothing has a dangerous one");
		my $again = spawnscan(in => $r->{out}, conf => $conf);
		unlike((header_of($again->{out}, 'X-Spawnscan-Result'))[0] // 'infected', qr/infected/, "$what: another look finds it nowhere") or diag($again->{out});
	}
}

# Whoever has another name in the message keeps it, unless a bad one is there as well.
my $r = spawnscan(in => mail(subject => "all about $bad", parts => [$text, named('filename="a.exe"')]), conf => $conf);
like((header_of($r->{out}, 'X-Spawnscan-Result'))[0] // '', qr/file="a\.exe"/, 'a name that no signature matches is told');
like($r->{out}, qr/filename="a\.exe\.defanged"/, 'and stays in front of the new ending');
done_testing;
