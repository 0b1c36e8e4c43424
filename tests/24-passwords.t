#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# try_passwords: what a password of the message's own text opens is judged like any
# other, and what none opens stays encrypted.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Containers;
use Formats;

my @on = (try_passwords => 'yes');

# Two packers of Debian, and both ways in which zip archives are encrypted.
my %packer = (
	(have_program('zip') ? ('zip, ZipCrypto' => sub { my ($pw) = @_; packer('../out.zip', 'zip', '-q', '-P', $pw, '../out.zip') }) : ()),
	(have_program('7z') ? map { my $m = $_; ("7z, $m" => sub { my ($pw) = @_; packer('../out.zip', '7z', 'a', '-bd', '-y', '-tzip', "-mem=$m", "-p$pw", '../out.zip') }) } qw(ZipCrypto AES128 AES256) : ()),
);
loud_skip('no zip and no 7z here', 1) unless %packer;

sub packer {
	my ($out, @cmd) = @_;
	return sub {
		my ($dir) = @_;
		my $r = run(cmd => [@cmd, sort map { s{.*/}{}r } glob "$dir/*"], cwd => $dir, timeout => 120);
		my $bytes = read_file("$dir/$out") // die "@cmd: $r->{err}$r->{out}\n";
		unlink "$dir/$out";
		return $bytes;
	};
}
sub packed { my ($with, $password, @files) = @_; return pack_files($packer{$with}->($password), @files) // die $@ }

sub verdict {
	my ($mail, %conf) = @_;
	my $r = spawnscan(in => $mail, conf => conf_file(by_engine(), %conf), timeout => 120);
	return "exit code " . ($r->{code} // "signal $r->{signal}") . ": $r->{log}" if ($r->{code} // -1) != 0;
	my ($result) = header_of($r->{out}, 'X-Spawnscan-Result');
	return $result =~ s/\s+/ /gr;
}
sub text { return part('Content-Type: text/plain; charset=utf-8', "$_[0]\n") }
sub found { my ($words, $content, %conf) = @_; return verdict(mail(parts => [text($words), attachment('docs.dat', $content)]), @on, %conf) }

my $PW = 'Secret-2026';
my @clean = ('a.txt' => 'harmless ' x 30, 'b.txt' => noise(300));
my @hidden = ('a.txt' => 'harmless ' x 30, 'b.txt' => 'xxxx' . marker());

for my $with (sort keys %packer) {
	my $zip = packed($with, $PW, @clean);
	my $evil = packed($with, $PW, @hidden);
	like(found("The password is $PW", $zip, try_passwords => 'no'), qr/^encrypted /, "$with: not tried");
	like(found("The password is $PW", $zip), qr/^clean/, "$with: opened, and nothing in it");
	like(found("The password is $PW", $evil), qr/^infected action=remove part=2 (?!.*\bencrypted)/, "$with: a content");
	like(found("The password is $PW", packed($with, $PW, 'a.txt' => 'MZ' . substr WINDOWS_EXECUTABLE, 2)), qr/^blocked (?!.*\bencrypted).*executable content/, "$with: a program");
	like(found("The password is $PW", packed($with, $PW, 'a.js' => 'harmless')), qr/^blocked (?!.*\bencrypted).*extension \.js/, "$with: a name");
	like(found("The password is $PW", packed($with, $PW, 'a.zip' => zip_of(['b.txt' => 'xxxx' . marker()]))), qr/^infected /, "$with: an archive in it");
	like(found('No password here.', $evil), qr/^encrypted /, "$with: none opens it");
	like(found('none', $evil, passwords => "other $PW"), qr/^infected /, "$with: the administrator's list");
}

my ($with) = sort keys %packer;
my ($aes) = grep { /AES256/ } keys %packer;
if ($with) {
	my $evil = packed($with, $PW, @hidden);
	# -- where it stands -----------------------------------------------------------
	like(found($_, $evil), qr/^infected /, "in a text: $_")
	    for "Password:$PW", "password=$PW", "($PW)", "\"$PW\".", "\x{e2}\x{80}\x{9e}$PW\x{e2}\x{80}\x{9c}!", "pass:\n\t$PW\n", "pw:\x{c2}\x{a0}$PW";
	like(verdict(mail(parts => [part('Content-Type: text/html', "<html><style>p { color: red }</style><p>Password: <b>$_->[0]</b></p></html>"), attachment('docs.dat', packed($with, $_->[1], @hidden))]), @on),
	    qr/^infected /, "in HTML: $_->[0]") for [$PW, $PW], ['a&amp;b&#33;', 'a&b!'];
	like(verdict(mail(parts => [part("Content-Type: text/plain\nContent-Transfer-Encoding: base64", b64("It is $PW\n")), attachment('docs.dat', $evil)]), @on), qr/^infected /, 'in an encoded text');
	like(verdict(mail(parts => [attachment('docs.dat', $evil), text("It is $PW")]), @on), qr/^infected /, 'behind the archive');
	like(verdict(mail(header => "Subject: the password is $PW", parts => [text('see above'), attachment('docs.dat', $evil)]) , @on), qr/^infected /, 'in the subject');
	like(found("It is $PW", packed($with, $PW, @clean), scan => 'thorough'), qr/^clean/, 'scanned as a whole, too');
	like(verdict(mail(parts => [text('forwarded'), rfc822(mail(parts => [text("It is $PW"), attachment('docs.dat', $evil)]))]), @on), qr/^infected /, 'in an attached message');
	like(verdict(mail(parts => [text('forwarded'), attachment('a.eml', mail(parts => [text("It is $PW"), attachment('docs.dat', $evil)]))]), @on), qr/^infected /, 'in an encoded message');

	# -- in each other ---------------------------------------------------------------
	my $clean = packed($with, $PW, @clean);
	my $other = packed($with, 'not-told', @clean);
	like(found("It is $PW", packed($with, $PW, 'in.zip' => $_->[1])), $_->[2], "encrypted in encrypted: $_->[0]")
	    for ['clean', $clean, qr/^clean/], ['infected', $evil, qr/^infected/], ['another password', $other, qr/^encrypted/];
	my @outer = (['zip' => sub { zip_of(['in.dat' => $_[0], @_ > 1 ? ('more.dat' => $_[1]) : ()]) }], ['tar' => sub { tar_of(map { ['0', "f$_", $_[$_]] } 0 .. $#_) }]);
	push @outer, ['7z' => sub { my $n = 0; pack_files((grep { $_->{name} eq '7z, LZMA2' } containers())[0]{make}, map { ('f' . $n++ => $_) } @_) }] if have_program('7z');
	for (@outer) {
		my ($name, $make) = @$_;
		like(found("It is $PW", $make->($clean)), qr/^clean/, "in a $name: clean");
		like(found("It is $PW", $make->($evil)), qr/^infected (?!.*\bencrypted)/, "in a $name: infected");
		like(found("It is $PW", $make->($other)), qr/^encrypted/, "in a $name: not opened");
		like(found("It is $PW", $make->($clean, $other)), qr/^encrypted/, "in a $name: one of two is not opened");
		like(found("It is $PW", $make->($make->($clean))), qr/^clean/, "in a $name in another: clean");
		like(found("It is $PW", $make->($make->($clean), $make->($other))), qr/^encrypted/, "in a $name in another: one of two is not opened");
		like(found("It is $PW", $make->($clean, 'MZ' . noise(900) . $other . noise(70000))), qr/\b(?:encrypted|unopened)\b/, "in a $name: one of two is behind something");
	}
	like(found("It is $PW", $clean . $other), qr/\b(?:encrypted|unopened|ambiguous) /, 'another one behind it');
	like(found("It is $PW", $other . $clean), qr/\b(?:encrypted|unopened|ambiguous) /, 'another one in front of it');

	# -- hostile ----------------------------------------------------------------------
	my $begun = now();
	my $many = join ' ', map { "word$_" } 1 .. 100_000;
	like(found("$many $PW", $evil), qr/^encrypted /, 'a text of 100,000 words');
	like(found($_ x 100_000 . " $PW", $evil), qr/^infected /, "a word of 100,000 times '$_', and the password") for ':', 'a:', '.';
	like(found(join(' ', $PW, map { "word$_" } 1 .. 20_000), $evil), qr/^infected /, 'the password is the first of many words');
	like(found(join("\n", map { "word$_" } 1 .. 900) . "\n$PW", $evil), qr/^infected /, 'a word that passes the check alone is none');
	my @members = map { (sprintf('f%04d.txt', $_) => "number $_") } 1 .. 1000;
	like(found("It is $PW", packed($with, $PW, @members)), qr/^clean/, '1,000 members');
	like(found($many, packed($with, 'not-told', @members)), qr/^encrypted /, '1,000 members that none opens');
	SKIP: {
		skip 'no 7z here', 3 unless $aes;
		like(found("$many", packed($aes, $PW, @hidden)), qr/^encrypted /, 'AES: a text of 100,000 words');
		like(found("It is $PW", packed($aes, $PW, @members)), qr/^clean/, 'AES: 1,000 members');
		like(found(join("\n", map { "word$_" } 1 .. 900), zip_of([map { ("$_.zip" => packed($aes, "not-told$_", @clean)) } 1 .. 40])), qr/^encrypted /, 'AES: 40 archives that none opens');
	}
	cmp_ok(now() - $begun, '<', secs(60), 'and that took ' . int(now() - $begun) . ' s');
	like(found("It is $PW", substr($evil, 0, length($evil) / 2)), qr/\b(?:encrypted|unopened) /, 'the second half is missing');
	my $two = packed($with, $PW, @clean) ;
	substr($two, index($two, 'b.txt') + 30, 8) ^.= "\xff" x 8;
	unlike(found("It is $PW", $two), qr/^(?:clean|exit)/, 'a member is broken');

	# -- what libarchive has no key for ------------------------------------------------
	for my $c (grep { $_->{password} && /^(?:7z|RAR)/ } containers()) {
		next if $c->{program} && !have_program($c->{program});
		like(found('It is secret', pack_files($c->{password}, 'a.txt' => 'harmless' x 30)), qr/^encrypted /, "$c->{name} stays encrypted");
	}
}

# -- PDF ---------------------------------------------------------------------------------

# A PDF with a file in it, encrypted by qpdf(1) with a user's and an owner's password. (Without
# a page qpdf 12 repairs nothing.)
sub pdf {
	my ($user, $bits, $name, $content) = @_;
	my @objects = ("<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a) 3 0 R]>>>>>>", '<</Type/Pages/Kids[<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>]/Count 1>>', "<</Type/Filespec/F($name)/EF<</F 4 0 R>>>>",
		"<</Type/EmbeddedFile/Length " . length($content) . ">>\nstream\n$content\nendstream");
	my $dir = subdir(undef);
	write_file("$dir/a.pdf", "%PDF-1.5\n" . join('', map { "$_ 0 obj\n$objects[$_ - 1]\nendobj\n" } 1 .. 4) . "trailer <</Size 5/Root 1 0 R>>\n%%EOF\n");
	my $r = run(cmd => ['qpdf', '--allow-weak-crypto', '--encrypt', $user, 'Owner-77', $bits, '--', 'a.pdf', 'b.pdf'], cwd => $dir, timeout => 60);
	return read_file("$dir/b.pdf") // die "$r->{err}$r->{out}";
}
SKIP: {
	loud_skip('no qpdf here', 1), last unless have_program('qpdf');
	for my $bits (40, 128, 256) {
		my $evil = pdf($PW, $bits, 'a.txt', 'xxxx' . marker());
		like(found("The password is $PW", $evil, try_passwords => 'no'), qr/^encrypted /, "PDF, $bits bits: not tried");
		like(found('No password here.', $evil), qr/^encrypted /, "PDF, $bits bits: none opens it");
		like(found("The password is $PW", pdf($PW, $bits, 'a.txt', 'harmless')), qr/^clean/, "PDF, $bits bits: opened, and nothing in it");
		like(found("The password is $_", $evil), qr/^infected (?!.*\bencrypted)/, "PDF, $bits bits: $_ opens it") for $PW, 'Owner-77';
		like(found("The password is $PW", pdf($PW, $bits, 'evil.js', 'harmless')), qr/^blocked (?!.*\bencrypted).*extension \.js/, "PDF, $bits bits: a name");
		like(found("The password is $PW", zip_of(['a.pdf' => $evil])), qr/^infected (?!.*\bencrypted)/, "PDF, $bits bits: in a zip");
		like(found('none', pdf('', $bits, 'a.txt', $_->[0])), $_->[1], "PDF, $bits bits: for the owner alone") for ['harmless', qr/^clean/], ['xxxx' . marker(), qr/^infected/];
	}
	my $evil = pdf($PW, 256, 'a.txt', 'xxxx' . marker());
	my $begun = now();
	like(found(join(' ', map { "word$_" } 1 .. 100_000), $evil), qr/^encrypted /, 'PDF: a text of 100,000 words');
	cmp_ok(now() - $begun, '<', secs(30), 'and that took ' . int(now() - $begun) . ' s');
	unlike(found("It is $PW", substr $evil, 0, length($evil) / 2), qr/^exit/, 'PDF: the second half is missing');
}
# -- Office --------------------------------------------------------------------------------

SKIP: {
	loud_skip('no openssl here', 1), last unless have_program('openssl');
	sub docx { return zip_of(['[Content_Types].xml' => '<Types/>', 'word/document.xml' => '<w:document/>' . noise(9000), @_]) }
	my ($clean, $evil) = (docx(), docx('word/media/a.bin' => 'xxxx' . marker()));
	my %way = ('agile, AES-256, SHA-512' => [], 'agile, AES-128, SHA-1' => [aes => 128, hash => 1], 'agile, AES-192, SHA-384' => [aes => 192, hash => 384, spin => 5000], 'agile, AES-256, SHA-256' => [hash => 256, spin => 1000],
	    'standard, AES-128' => [standard => 1, aes => 128], 'standard, AES-256' => [standard => 1]);
	for my $way (sort keys %way) {
		my $sealed = office_of($PW, $evil, @{$way{$way}});
		like(found("The password is $PW", $sealed, try_passwords => 'no'), qr/^encrypted /, "$way: not tried");
		like(found('No password here.', $sealed), qr/^encrypted /, "$way: none opens it");
		like(found("The password is $PW", $sealed), qr/^infected action=remove part=2 (?!.*\bencrypted)/, "$way: a content");
		like(found("The password is $PW", office_of($PW, $clean, @{$way{$way}})), qr/^clean/, "$way: opened, and nothing in it");
	}
	my @fast = (spin => 1000);
	like(found("It is $PW", office_of($PW, docx('evil.js' => 'harmless'), @fast)), qr/^blocked (?!.*\bencrypted).*extension \.js/, 'Office: a name');
	like(found("It is $PW", zip_of(['a.docx' => office_of($PW, $evil, @fast)])), qr/^infected (?!.*\bencrypted)/, 'Office: in a zip');
	like(found("It is $PW", zip_of(['a.docx' => office_of($PW, $clean, @fast), 'b.docx' => office_of('not-told', $clean, @fast)])), qr/^encrypted /, 'Office: one of two is not opened');
	like(found("It is $PW", in_pieces(office_of($PW, docx('a.bin' => noise(40_000) . marker()), @fast))), qr/^infected /, 'Office: in pieces');
	like(found('none', office_of('VelvetSweatshop', $evil, @fast)), qr/^infected /, 'Office: the password that Excel tries by itself');
	like(found("Es ist Gr\xc3\xbc\xc3\x9fe-1", office_of("Gr\xfc\xdfe-1", $evil, @fast)), qr/^infected /, 'Office: a password that is not ASCII');

	# What could be read in another way, or is more than may be, stays encrypted.
	my $again = sub { my ($s, $from, $to) = @_; $s =~ s/$from/$to/ or die $from; return $s };
	my %odd = (
		'a comment' => [info => sub { $again->($_[0], '<keyEncryptors>', '<!-- --><keyEncryptors>') }],
		'an entity' => [info => sub { $again->($_[0], 'spinCount="1', 'spinCount="&#49;') }],
		'another charset' => [info => sub { $again->($_[0], 'UTF-8', 'UTF-7') }],
		'a key twice' => [info => sub { $_[0] =~ s{(<keyData [^>]*>)}{$1$1}r }],
		'a key by its word twice' => [info => sub { $_[0] =~ s{(<p:encryptedKey [^>]*>)}{$1$1}r }],
		'an attribute twice' => [info => sub { $again->($_[0], '<keyData', '<keyData keyBits="128"') }],
		'another cipher' => [info => sub { $again->($_[0], '"AES"', '"RC2"') }],
		'another mode' => [info => sub { $again->($_[0], 'ModeCBC', 'ModeCFB') }],
		'a digest that is not known' => [info => sub { $again->($_[0], '"SHA512"', '"MD5"') }],
		'ten million digests' => [info => sub { $again->($_[0], 'spinCount="1000"', 'spinCount="10000000"') }],
		'a salt of no length' => [info => sub { $_[0] =~ s/saltValue="[^"]*"/saltValue=""/r }],
		'a key that is cut' => [info => sub { $_[0] =~ s/(encryptedKeyValue="....)[^"]*/$1/r }],
		'half of it' => [info => sub { substr $_[0], 0, 600 }],
		'a second package' => [more => { Other => { EncryptedPackage => noise(5000) } }],
		'a second information' => [more => { Other => { EncryptionInfo => noise(5000) } }],
		'a length that is too large' => [length => 1 << 20],
		'a length that leaves much' => [length => 100],
	);
	like(found("It is $PW", office_of($PW, $evil, @fast, @{$odd{$_}})), qr/^encrypted /, "Office, $_: stays encrypted") for sort keys %odd;
	like(found("It is $PW", office_of($PW, 'no document, ' . marker(), @fast)), qr/^encrypted /, 'Office: no zip archive in it');
	like(found("It is $PW", office_of($PW, $clean, @fast, more => { "\tDRMContent" => noise(5000) })), qr/^encrypted /, 'Office: rights management beside it');
	like(found("It is $PW", office_of($PW, $clean, @fast, more => { Package => zip_of(['evil.js' => 'harmless']) })), qr/^blocked /, 'Office: an archive beside it');
	my $begun = now();
	like(found(join(' ', map { "word$_" } 1 .. 100_000), office_of($PW, $evil, spin => 1_000_000), inspect_timeout => 20), qr/^encrypted /, 'Office: a text of 100,000 words');
	cmp_ok(now() - $begun, '<', secs(60), 'and that took ' . int(now() - $begun) . ' s');
}
done_testing;
