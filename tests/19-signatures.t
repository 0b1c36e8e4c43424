#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Signatures that spawnscan leaves are still good: gpg --verify and openssl cms -verify say so,
# of messages that were renamed in, filtered beside, or have words in front and behind.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use MIME::Base64 ();
use Test::More;
use Harness;
use MailMaker;

my $signed = "Content-Type: multipart/mixed; boundary=in\n\n--in\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    . "Gr\xc3\xbc\xc3\x9fe, and a space at the end \n\n--in\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"
    . MIME::Base64::encode_base64("%PDF-1.4\nharmless\n", "\n") . "--in--";
my $bad = "Content-Type: application/octet-stream; name=bad.bin\nContent-Transfer-Encoding: base64\n\n" . MIME::Base64::encode_base64(marker(), "\n");
my $head = "From: Anna <anna\@example.org>\nTo: ben\@example.net\nSubject: signed\nMIME-Version: 1.0\n";
my $dir = subdir('signed', 0700);
my @banner = map { ('-o', $_) } 'banner=Outside: be careful.', 'disclaimer=Example Ltd.', 'notice_renamed=yes';

sub has { my ($program) = @_; return scalar grep { -x "$_/$program" } split /:/, $ENV{PATH} }
sub filtered { my ($mail, @args) = @_; my $r = spawnscan(in => $mail, args => \@args); is($r->{code}, 0, 'filtered') or diag($r->{err}); return $r->{out} }

# A multipart/signed of our text and this signature.
sub around { my ($type, $signature) = @_; return "Content-Type: multipart/signed; boundary=out; $type\n\n--out\n$signed\n--out\n$signature--out--\n" }
sub mixed { my (@parts) = @_; return "Content-Type: multipart/mixed; boundary=far\n\n" . join('', map { "--far\n$_\n" } @parts) . "--far--\n" }
# What is between the delimiters, in the form that is signed; and the signature.
sub two_parts { my ($mail) = @_; my (undef, $one, $two) = split /(?:^|\r?\n)--out(?:--)?(?=\r?\n|\z)/, $mail; return map { s/\A\r?\n//r =~ s/\r?\n/\r\n/gr } $one // '', $two // '' }

SKIP: {
	loud_skip('gpg is not installed', 1) unless has('gpg');
	subtest 'OpenPGP' => sub {
		local $ENV{GNUPGHOME} = $dir;
		my @gpg = ('gpg', '--batch', '--no-tty', '--no-options', '--trust-model', 'always', '--pinentry-mode', 'loopback', '--passphrase', '');
		my $made = run(cmd => [@gpg, '--quick-generate-key', 'anna@example.org', 'ed25519', 'sign', '1d'], timeout => 60);
		is($made->{code}, 0, 'a key') or return diag($made->{err});
		write_file("$dir/text", $signed =~ s/\n/\r\n/gr);
		is(run(cmd => [@gpg, '--armor', '--detach-sign', '-o', "$dir/text.asc", "$dir/text"])->{code}, 0, 'a signature') or return;
		my $verifies = sub {
			my ($one, $two) = two_parts($_[0]);
			write_file("$dir/got", $one);
			write_file("$dir/got.asc", $two =~ s/\A.*?\r\n\r\n//sr);
			return run(cmd => [@gpg, '--verify', "$dir/got.asc", "$dir/got"])->{code} == 0;
		};
		for my $name ('signature.asc', 'signature.js') {
			my $whole = around('protocol="application/pgp-signature"; micalg=pgp-sha512', "Content-Type: application/pgp-signature; name=\"$name\"\n"
			    . "Content-Disposition: attachment; filename=\"$name\"\n\n" . read_file("$dir/text.asc"));
			for my $mail ("$head$whole", $head . mixed($whole, $bad)) {
				for my $eol ("\n", "\r\n") {
					my $out = filtered($mail =~ s/\n/$eol/gr, @banner);
					ok($verifies->($out), "$name: verifies") or diag($out);
					like($out, qr/filename="signature\.js\.defanged"/, 'renamed') if $name =~ /js/;
					unlike($out, qr/is no longer valid/, 'and nobody says otherwise');
					like($out, qr/removed by the content filter/, 'what stands beside it is removed') if $mail =~ /bad\.bin/;
				}
			}
			ok(!$verifies->("$head$whole" =~ s/space at/Space at/r), 'which can fail');
		}
		run(cmd => ['gpgconf', '--kill', 'all']);
	};
}
SKIP: {
	loud_skip('openssl is not installed', 1) unless has('openssl');
	subtest 'S/MIME' => sub {
		write_file("$dir/in", $signed);
		my $made = run(cmd => ['sh', '-c', "cd '$dir' && openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -subj /CN=Anna -days 1 -addext extendedKeyUsage=emailProtection && "
		    . 'openssl cms -sign -in in -signer cert -inkey key -out detached -outform DER && openssl cms -sign -nodetach -in in -signer cert -inkey key -out opaque -outform SMIME']);
		is($made->{code}, 0, 'signatures') or return diag($made->{err});
		my $verifies = sub { write_file("$dir/got", $_[0]); my $r = run(cmd => ['openssl', 'cms', '-verify', '-in', "$dir/got", '-CAfile', "$dir/cert", '-out', '/dev/null']); return $r->{code} == 0 };
		for my $name ('smime.p7s', 'smime.js') {
			my $whole = $head . around('protocol="application/pkcs7-signature"; micalg=sha-256', "Content-Type: application/pkcs7-signature; name=\"$name\"\nContent-Transfer-Encoding: base64\n"
			    . "Content-Disposition: attachment; filename=\"$name\"\n\n" . MIME::Base64::encode_base64(read_file("$dir/detached"), "\n"));
			for my $eol ("\n", "\r\n") {
				my $out = filtered($whole =~ s/\n/$eol/gr, @banner);
				ok($verifies->($out), "$name: verifies") or diag($out);
				like($out, qr/filename="smime\.js\.defanged"/, 'renamed') if $name =~ /js/;
			}
			ok(!$verifies->($whole =~ s/space at/Space at/r), 'which can fail');
		}
		my $opaque = "From: anna\@example.org\nTo: ben\@example.net\nSubject: opaque\n" . read_file("$dir/opaque") =~ s/\r\n/\n/gr;
		for my $in ($opaque, $opaque =~ s/\n/\r\n/gr) {
			my $out = filtered($in, @banner);
			ok($verifies->($out), 'opaque: verifies') or diag($out);
		}
		# Under its type a program would open it whatever its name, and what is within: a file now.
		my $out = filtered($opaque =~ s/smime\.p7m/smime.js/gr, @banner);
		like($out, qr/^Content-Type: application\/octet-stream; .*name="smime\.js\.defanged"/m, 'opaque, and renamed: a file');
		write_file("$dir/file", MIME::Base64::decode_base64($out =~ s/\A.*?\n\n//sr));
		is(run(cmd => ['openssl', 'cms', '-verify', '-inform', 'DER', '-in', "$dir/file", '-CAfile', "$dir/cert", '-out', '/dev/null'])->{code}, 0, 'which verifies');
	};
}
done_testing;
