# SPDX-License-Identifier: GPL-2.0-or-later
package Formats;

# Formats.pm - archives and documents made byte by byte, for tests and for seeds of the
# fuzz targets.

use v5.32;
use warnings;
use Digest::SHA ();
use Exporter 'import';
use IPC::Open2 ();
use MailMaker;

our @EXPORT = qw(cfb_of in_pieces office_of native_of tnef_of wide rar4_of rar5_of lha_of tar_of);

# -- by hand: formats that no packer of Debian makes -----------------------------------

# RAR 4, stored: technote.txt of unrar. Encrypted: the flag alone. Volume: 'first' or 'last',
# whose files have their other half elsewhere.
sub rar4_of {
	my ($files, %a) = @_;
	my $block = sub {
		my ($type, $flags, $fields, $data) = @_;
		my $head = pack('C v v', $type, $flags, 7 + length $fields) . $fields;
		return pack('v', MailMaker::crc32($head) & 0xffff) . $head . $data;
	};
	my $volume = $a{volume} // '';
	my $out = "Rar!\x1a\x07\0" . $block->(0x73, $volume ? 0x11 | ($volume eq 'first' ? 0x100 : 0) : 0, "\0" x 6, '');
	my @files = @$files;
	while (my ($name, $content) = splice @files, 0, 2) {
		$out .= $block->(0x74, 0x8000 | ($a{encrypted} ? 4 : 0) | ($volume eq 'first' ? 2 : $volume eq 'last' ? 1 : 0), pack('V V C V V C C v V', length $content, length($content) * ($volume ? 2 : 1), 2,
		    MailMaker::crc32($content), 0x5c215c21, 29, 0x30, length $name, 0x20) . $name, $content);
	}
	return $out . $block->(0x7b, 0x4000 | ($volume eq 'first' ? 1 : 0), '', '');
}

# RAR 5, stored: "RAR 5.0 archive format" of rarlab.com.
sub rar5_of {
	my ($files, %a) = @_;
	my $vint = sub { my ($n) = @_; my $s = ''; do { $s .= chr($n & 0x7f | ($n > 0x7f ? 0x80 : 0)); $n >>= 7 } while $n; return $s };
	my $block = sub {
		my ($head, $data) = @_;
		my $sized = $vint->(length $head) . $head;
		return pack('V', MailMaker::crc32($sized)) . $sized . $data;
	};
	my $volume = $a{volume} // '';
	my $out = "Rar!\x1a\x07\1\0" . $block->($vint->(1) . $vint->(0) . ($volume eq 'last' ? $vint->(3) . $vint->(1) : $vint->($volume ? 1 : 0)), '');
	my @files = @$files;
	while (my ($name, $content) = splice @files, 0, 2) {
		my $extra = $a{encrypted} ? $vint->(1) . $vint->(0) . $vint->(0) . "\x0f" . ('s' x 16) . ('i' x 16) : '';
		$extra = $vint->(length $extra) . $extra if length $extra;
		$out .= $block->($vint->(2) . $vint->(2 | (length $extra ? 1 : 0) | ($volume eq 'first' ? 0x10 : $volume eq 'last' ? 8 : 0)) . (length $extra ? $vint->(length $extra) : '') . $vint->(length $content) . $vint->(4) . $vint->(length($content) * ($volume ? 2 : 1)) . $vint->(0x20)
		    . pack('V', MailMaker::crc32($content)) . $vint->(0) . $vint->(0) . $vint->(length $name) . $name . $extra, $content);
	}
	return $out . $block->($vint->(5) . $vint->(0) . $vint->($volume eq 'first' ? 1 : 0), '');
}

# LHA, stored, headers of level 0.
sub lha_of {
	my (@files) = @_;
	my $out = '';
	while (my ($name, $content) = splice @files, 0, 2) {
		my $head = '-lh0-' . pack('V V V C C C', length $content, length $content, 0x5c215c21, 0x20, 0, length $name) . $name . pack('v', crc16($content));
		$out .= pack('C C', length $head, unpack('%8C*', $head)) . $head . $content;
	}
	return "$out\0";
}

sub crc16 {
	my ($s) = @_;
	my $crc = 0;
	for (unpack 'C*', $s) {
		$crc ^= $_;
		$crc = $crc & 1 ? $crc >> 1 ^ 0xa001 : $crc >> 1 for 1 .. 8;
	}
	return $crc;
}

# tar: members as [type, name, content, fields that differ].
sub tar_of {
	my (@members) = @_;
	my $out = '';
	for (@members) {
		my ($type, $name, $content, %f) = @$_;
		my $head = pack 'a100 a8 a8 a8 a12 a12 A8 a1 a100 a8 a32 a32 a8 a8 a155 x12', $name, "0000644\0", "0000000\0", "0000000\0",
		    $f{size} // sprintf('%011o', length $content) . "\0", "00000000000\0", '', $type, '', $f{magic} // "ustar\00000", '', '', '', '', $f{prefix} // '';
		substr($head, 148, 8) = sprintf "%06o\0 ", unpack '%32C*', $head;
		$out .= $head . $content . "\0" x (-length($content) % 512);
	}
	return $out . "\0" x 1024;
}

sub wide { my ($s) = @_; return join '', map { pack 'v', ord } split //, $s }

# A compound file ([MS-CFB]) of a tree: name => content, or name => { a tree }.
sub cfb_of {
	my ($tree) = @_;
	my @entries = (['Root Entry', 5, undef, {}]);
	my $add;
	$add = sub {
		my ($parent, $t) = @_;
		my $last;
		for my $name (sort keys %$t) {
			my $n = @entries;
			push @entries, [$name, ref $t->{$name} ? 1 : 2, ref $t->{$name} ? undef : $t->{$name}, {}];
			if (defined $last) { $entries[$last][3]{right} = $n } else { $entries[$parent][3]{child} = $n }
			$last = $n;
			$add->($n, $t->{$name}) if ref $t->{$name};
		}
	};
	$add->(0, $tree);
	my ($sectors, $mini, @fat, @mini) = ('', '');
	my $put = sub {
		my ($bytes) = @_;
		return 0xfffffffe unless length $bytes;
		my $first = @fat;
		my $n = int((length($bytes) + 511) / 512);
		push @fat, map { $_ == $n - 1 ? 0xfffffffe : $first + $_ + 1 } 0 .. $n - 1;
		$sectors .= $bytes . "\0" x (-length($bytes) % 512);
		return $first;
	};
	for (@entries) {
		my ($content, $e) = @$_[2, 3];
		next unless defined $content;
		$e->{size} = length $content;
		if (length $content >= 4096) { $e->{start} = $put->($content); next }
		my $n = int((length($content) + 63) / 64);
		$e->{start} = $n ? @mini : 0xfffffffe;
		push @mini, map { $_ == $n - 1 ? 0xfffffffe : @mini + $_ + 1 } 0 .. $n - 1;
		$mini .= $content . "\0" x (-length($content) % 64);
	}
	$entries[0][3]{start} = $put->($mini);
	$entries[0][3]{size} = length $mini;
	my $mini_fat = $put->(pack 'V*', @mini, (0xffffffff) x (-@mini % 128));
	my $directory = '';
	for (@entries) {
		my ($name, $type, undef, $e) = @$_;
		$directory .= pack('a64 v C C V V V x16 V x16 V V V', wide($name), 2 * length($name) + 2, $type, 1, 0xffffffff, $e->{right} // 0xffffffff,
		    $e->{child} // 0xffffffff, 0, $e->{start} // 0, $e->{size} // 0, 0);
	}
	$directory .= "\0" x (-length($directory) % 512);
	my $dir = $put->($directory);
	my $at = @fat;
	my $n_fat = 1;
	$n_fat++ while $n_fat * 128 < @fat + $n_fat;
	push @fat, (0xfffffffd) x $n_fat;
	$sectors .= pack 'V*', @fat, (0xffffffff) x ($n_fat * 128 - @fat);
	return "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" . ("\0" x 16) . pack('v v v v v x6 V V V V V V V V V V', 0x3e, 3, 0xfffe, 9, 6, 0, $n_fat, $dir, 0, 4096,
	    length $mini ? $mini_fat : 0xfffffffe, length $mini ? 1 : 0, 0xfffffffe, 0, $at) . pack('V*', map { $_ < $n_fat ? $at + $_ : 0xffffffff } 1 .. 108) . $sectors;
}

# The same compound file with each stream in pieces: all sectors of even number come first.
sub in_pieces {
	my ($file) = @_;
	my @sectors = unpack '(a512)*', substr $file, 512;
	my @fat_at = grep { $_ != 0xffffffff } unpack 'V109', substr $file, 76, 436;
	my @fat = unpack 'V*', join '', @sectors[@fat_at];
	my @slots = grep { $fat[$_] != 0xfffffffd } 0 .. $#sectors;
	my @order = ((grep { $_ % 2 == 0 } @slots), grep { $_ % 2 } @slots);
	my %to = map { $order[$_] => $slots[$_] } 0 .. $#slots;
	my (@moved, @chain);
	my $dir = unpack 'V', substr $file, 48, 4;
	for (my $at = $dir; $at < 0xfffffff0; $at = $fat[$at]) {
		for my $entry (map { $_ * 128 } 0 .. 3) {
			my ($type, $start, $size) = (unpack('C', substr $sectors[$at], $entry + 66, 1), unpack 'V V', substr $sectors[$at], $entry + 116, 8);
			substr $sectors[$at], $entry + 116, 4, pack 'V', $to{$start} if $start < 0xfffffff0 && ($type == 5 || ($type == 2 && $size >= 4096));
		}
	}
	$moved[$to{$_} // $_] = $sectors[$_] for 0 .. $#sectors;
	$chain[$to{$_} // $_] = $fat[$_] < 0xfffffff0 ? $to{$fat[$_]} : $fat[$_] for 0 .. $#fat;
	@moved[@fat_at] = unpack '(a512)*', pack 'V*', @chain;
	for my $field (48, 60) {
		my $start = unpack 'V', substr $file, $field, 4;
		substr $file, $field, 4, pack 'V', $to{$start} if $start < 0xfffffff0;
	}
	return substr($file, 0, 512) . join '', @moved;
}

# A document that is encrypted by a password ([MS-OFFCRYPTO] 2.3.4). aes: bits. Agile, with hash (1,
# 256, 384, 512) and spin; or standard => 1. Openssl is the cipher.
sub office_of {
	my ($password, $package, %a) = @_;
	my ($bits, $hash, $spin) = ($a{aes} // 256, $a{standard} ? 1 : $a{hash} // 512, $a{standard} ? 50_000 : $a{spin} // 100_000);
	my $sum = Digest::SHA->can("sha$hash");
	my $aes = sub {
		my ($key, $iv, $bytes) = @_;
		my $pid = IPC::Open2::open2(my $out, my $in, 'openssl', 'enc', "-aes-$bits-" . (defined $iv ? 'cbc' : 'ecb'), '-nopad', '-K', unpack('H*', $key), defined $iv ? ('-iv', unpack 'H*', $iv) : ());
		binmode $_ for $in, $out;
		print $in $bytes . "\0" x (-length($bytes) % 16);
		close $in;
		local $/;
		my $sealed = <$out>;
		waitpid $pid, 0;
		return $? ? die "openssl: $?\n" : $sealed;
	};
	my ($salt, $data_salt, $input, $key) = map { substr Digest::SHA::sha512("$_$password"), 0, $_ eq 'key' ? $bits / 8 : 16 } qw(salt data input key);
	my $spun = $sum->($salt . wide($password));
	$spun = $sum->(pack('V', $_) . $spun) for 0 .. $spin - 1;
	my ($info, $sealed);
	if ($a{standard}) {
		my $last = $sum->($spun . pack 'V', 0);
		$key = substr $sum->(($last . "\0" x 44) ^. "\x36" x 64) . $sum->(($last . "\0" x 44) ^. "\x5c" x 64), 0, $bits / 8;
		my $header = pack('V8', 0x24, 0, 0x660e + ($bits - 128) / 64, 0x8004, $bits, 0x18, 0, 0) . wide("Microsoft Enhanced RSA and AES Cryptographic Provider\0");
		$info = pack('v v V V', 4, 2, 0x24, length $header) . $header . pack('V', 16) . $salt . $aes->($key, undef, $input) . pack('V', 20) . $aes->($key, undef, $sum->($input));
		$sealed = $aes->($key, undef, $package);
	} else {
		my $with = sub { return substr $sum->($spun . $_[0]) . "\x36" x 64, 0, $bits / 8 };
		my ($in, $value, $of_key) = map { b64($aes->($with->(pack 'H*', $_->[0]), $salt, $_->[1])) =~ s/\s//gr } [fea7d2763b4b9e79 => $input], [d7aa0f6d3061344e => $sum->($input)], ['146e0be7abacd0d6' => $key];
		my $how = qq{saltSize="16" blockSize="16" keyBits="$bits" hashSize="} . length($sum->('')) . qq{" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="SHA$hash"};
		my ($s, $d) = map { b64($_) =~ s/\s//gr } $salt, $data_salt;
		$info = pack('v v V', 4, 4, 0x40) . qq{<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<encryption xmlns="http://schemas.microsoft.com/office/2006/encryption" xmlns:p="http://schemas.microsoft.com/office/2006/keyEncryptor/password"><keyData $how saltValue="$d"/>}
		    . qq{<keyEncryptors><keyEncryptor uri="http://schemas.microsoft.com/office/2006/keyEncryptor/password"><p:encryptedKey spinCount="$spin" $how saltValue="$s" encryptedVerifierHashInput="$in" encryptedVerifierHashValue="$value" encryptedKeyValue="$of_key"/></keyEncryptor></keyEncryptors></encryption>};
		my $n = 0;
		$sealed = join '', map { $aes->($key, substr($sum->($data_salt . pack 'V', $n++), 0, 16), $_) } unpack '(a4096)*', $package;
	}
	$info = $a{info}->($info) if $a{info};
	return cfb_of({ EncryptionInfo => $info, EncryptedPackage => pack('V V', $a{length} // length $package, 0) . $sealed, %{$a{more} // {}} });
}

# An Ole10Native stream: three names and the content, and the names once more as Office has them.
sub native_of {
	my ($name, $content, %a) = @_;
	my $s = pack('v', 2) . ($a{label} // $name) . "\0" . ($a{path} // "C:\\$name") . "\0" . pack('v v', 0, 3) . pack('V', length("C:\\T\\x") + 1) . "C:\\T\\x\0"
	    . pack('V', length $content) . $content;
	$s .= join '', map { pack('V', length) . wide($_) } 'C:\\T\\x', $a{wide} // $name, $a{wide} // $name;
	return pack('V', length $s) . $s;
}

# TNEF: attachments as [short name, content, long name, a stream that is attached].
sub tnef_of {
	my (@files) = @_;
	my $attribute = sub {
		my ($level, $id, $data) = @_;
		return pack('C V V', $level, $id, length $data) . $data . pack('v', unpack '%16C*', $data);
	};
	my $out = pack('V v', 0x223e9f78, 1) . $attribute->(1, 0x89006, pack 'V', 0x10000);
	for (@files) {
		my ($name, $content, $long, $stream) = @$_;
		$out .= $attribute->(2, 0x69002, pack 'v V v V2', 1, 0xffffffff, 0, 0, 0);
		$out .= $attribute->(2, 0x18010, "$name\0") if defined $name;
		$out .= $attribute->(2, 0x6800f, $content) if defined $content;
		my @properties;
		push @properties, pack('V V V', 0x3707001f, 1, 2 * length($long) + 2) . wide("$long\0") . "\0" x (-(2 * length($long) + 2) % 4) if defined $long;
		push @properties, pack('V V V', 0x3701000d, 1, 16 + length $stream) . "\7\3\2\0" . ("\0" x 4) . "\xc0\0\0\0\0\0\0\x46" . $stream . "\0" x (-length($stream) % 4) if defined $stream;
		$out .= $attribute->(2, 0x69005, pack('V', scalar @properties) . join '', @properties) if @properties;
	}
	return $out;
}

1;
