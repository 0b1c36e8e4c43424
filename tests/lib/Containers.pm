# SPDX-License-Identifier: GPL-2.0-or-later
package Containers;

# Containers.pm - archives, compressed files and images, made by the packers that
# Debian has, and by hand where it has none.
#
# A row of the table: a name, the program that makes it (or none), and a function
# that gets a directory with files in it and gives the container's bytes.
#   inert      nobody opens it: it must be "unopened"
#   one        holds one file without a name of its own
#   password   the same with a password
#   fragile    damage does not show: there is no check sum, or the end is not needed

use v5.32;
use warnings;
use Exporter 'import';
use Compress::Zlib ();
use Harness;
use MailMaker;

our @EXPORT = qw(cfb_of native_of tnef_of wide containers pack_files rar4_of rar5_of lha_of tar_of have_program);

sub have_program { my ($p) = @_; return grep { -x "$_/$p" } split /:/, $ENV{PATH} }

# Run a packer in a directory; out is the file that it makes, or its output.
sub made {
	my ($dir, $out, @cmd) = @_;
	my $r = run(cmd => \@cmd, cwd => $dir, timeout => 120);
	my $bytes = $out eq '-' ? $r->{out} : read_file("$dir/$out");
	unlink "$dir/$out" if $out ne '-';
	return defined $bytes && length $bytes ? $bytes : die "@cmd: " . ($r->{code} // 'killed') . ' ' . $r->{err} . $r->{out} . "\n";
}

# The files of a directory, in order.
sub files_in { my ($dir) = @_; return sort map { s{\A\Q$dir\E/}{}r } glob "$dir/*" }

sub seven { my (@o) = @_; return sub { my ($d) = @_; made($d, '../out.7z', '7z', 'a', '-bd', '-y', @o, '../out.7z', files_in($d)) } }
sub zip7 { my (@o) = @_; return sub { my ($d) = @_; made($d, '../out.zip', '7z', 'a', '-bd', '-y', '-tzip', @o, '../out.zip', files_in($d)) } }
sub bsdtar { my (@o) = @_; return sub { my ($d) = @_; made($d, '../out.tar', 'bsdtar', '-cf', '../out.tar', @o, files_in($d)) } }
sub filter { my (@cmd) = @_; return sub { my ($d) = @_; my ($f) = files_in($d); made($d, '-', @cmd, $f) } }
sub image { my ($format) = @_; return sub { my ($d) = @_; my $raw = fat($d); write_file("$d/../raw.img", $raw); made($d, '../out.img', 'qemu-img', 'convert', '-f', 'raw', '-O', $format, '../raw.img', '../out.img') } }

sub fat {
	my ($d) = @_;
	write_file("$d/../fat.img", "\0" x (1 << 20));
	run(cmd => ['mkfs.fat', "$d/../fat.img"]);
	run(cmd => ['mcopy', '-i', "$d/../fat.img", (map { "$d/$_" } files_in($d)), '::/']);
	return read_file("$d/../fat.img");
}

sub containers {
	return (
		(map { { name => "7z, $_->[0]", program => '7z', make => seven(@{$_->[1]}), password => seven(@{$_->[1]}, '-psecret') } }
		    ['LZMA2', ['-m0=LZMA2']], ['LZMA', ['-m0=LZMA']], ['PPMd', ['-m0=PPMd']], ['bzip2', ['-m0=BZip2']], ['deflate', ['-m0=Deflate']], ['stored', ['-mx=0']]),
		{ name => '7z, header encrypted', program => '7z', make => seven('-psecret', '-mhe=on'), sealed => 1 },
		(map { { name => "zip, $_->[0]", program => '7z', make => zip7(@{$_->[1]}), password => zip7(@{$_->[1]}, '-psecret') } }
		    ['deflate', ['-mm=Deflate']], ['deflate64', ['-mm=Deflate64']], ['bzip2', ['-mm=BZip2']], ['LZMA', ['-mm=LZMA']], ['PPMd', ['-mm=PPMd']], ['stored', ['-mm=Copy']]),
		{ name => 'zip, AES', program => '7z', make => zip7('-mem=AES256', '-psecret'), sealed => 1 },
		{ name => 'zip, zip64', program => 'zip', make => sub { my ($d) = @_; made($d, '../out.zip', 'zip', '-q', '-fz', '../out.zip', files_in($d)) } },
		{ name => 'zip, through a pipe', program => 'zip', make => sub { my ($d) = @_; made($d, '-', 'zip', '-q', '-', files_in($d)) } },
		(map { { name => "tar, $_", program => 'bsdtar', make => bsdtar("--format=$_") } } qw(ustar pax gnutar v7)),
		(map { { name => "tar.$_->[0]", program => 'bsdtar', make => bsdtar(@{$_->[1]}) } }
		    ['gz', ['-z']], ['bz2', ['-j']], ['xz', ['-J']], ['lzma', ['--lzma']], ['lz', ['--lzip']], ['lz4', ['--lz4']], ['zst', ['--zstd']], ['Z', ['-Z']]),
		(map { { name => "cpio, $_", program => 'bsdtar', make => bsdtar("--format=$_"), fragile => 1 } } qw(newc odc bin)),
		{ name => 'ar', program => 'bsdtar', make => bsdtar('--format=argnu'), fragile => 1 },
		{ name => 'ar, BSD', program => 'bsdtar', make => bsdtar('--format=arbsd'), fragile => 1 },
		{ name => 'xar', program => 'bsdtar', make => bsdtar('--format=xar') },
		{ name => 'WARC', program => 'bsdtar', make => bsdtar('--format=warc') },
		{ name => 'ISO 9660', program => 'bsdtar', make => bsdtar('--format=iso9660'), fragile => 1 },
		{ name => 'ISO, Rock Ridge only', program => 'xorriso', fragile => 1, make => sub { my ($d) = @_; made($d, '../out.iso', 'xorriso', '-as', 'mkisofs', '-quiet', '-R', '-o', '../out.iso', '.') } },
		{ name => 'ISO, Joliet only', program => 'xorriso', fragile => 1, make => sub { my ($d) = @_; made($d, '../out.iso', 'xorriso', '-as', 'mkisofs', '-quiet', '--norock', '-J', '-o', '../out.iso', '.') } },
		{ name => 'cabinet', program => 'gcab', make => sub { my ($d) = @_; made($d, '../out.cab', 'gcab', '-c', '-z', '../out.cab', files_in($d)) } },
		{ name => 'LHA', make => sub { lha_of(contents($_[0])) }, fragile => 1 },
		{ name => 'RAR 4', make => sub { rar4_of([contents($_[0])]) }, password => sub { rar4_of([contents($_[0])], encrypted => 1) } },
		{ name => 'RAR 5', make => sub { rar5_of([contents($_[0])]) }, password => sub { rar5_of([contents($_[0])], encrypted => 1) } },
		{ name => 'deb', program => 'ar', make => sub { my ($d) = @_; my $data = made($d, '-', 'bsdtar', '-cJf', '-', files_in($d)); write_file("$d/../data.tar.xz", $data); write_file("$d/../debian-binary", "2.0\n");
			my $deb = made("$d/..", 'out.deb', 'ar', 'rc', 'out.deb', 'debian-binary', 'data.tar.xz'); unlink "$d/../data.tar.xz", "$d/../debian-binary"; $deb } },
		{ name => 'gzip', one => 'gz', program => 'gzip', make => filter('gzip', '-nc') },
		{ name => 'bzip2', one => 'bz2', program => 'bzip2', make => filter('bzip2', '-c') },
		{ name => 'xz', one => 'xz', program => 'xz', make => filter('xz', '-c') },
		{ name => 'lzma', one => 'lzma', program => 'xz', make => filter('xz', '--format=lzma', '-c') },
		{ name => 'lzip', one => 'lz', program => 'lzip', make => filter('lzip', '-c') },
		{ name => 'lz4', one => 'lz4', program => 'lz4', make => filter('lz4', '-qc') },
		{ name => 'zstd', one => 'zst', program => 'zstd', make => filter('zstd', '-qc') },
		{ name => 'compress', one => 'Z', program => 'compress', make => filter('compress', '-fc'), fragile => 1 },
		{ name => 'lzop', inert => 1, one => 'lzo', program => 'lzop', make => filter('lzop', '-c') },
		{ name => 'ARJ', inert => 1, program => 'arj', make => sub { my ($d) = @_; made($d, '../out.arj', 'arj', 'a', '-y', '../out.arj', files_in($d)) } },
		{ name => 'squashfs', inert => 1, program => 'mksquashfs', make => sub { my ($d) = @_; made($d, '../out.sq', 'mksquashfs', '.', '../out.sq', '-quiet', '-no-progress') } },
		{ name => 'WIM', inert => 1, program => 'wimlib-imagex', make => sub { my ($d) = @_; made($d, '../out.wim', 'wimlib-imagex', 'capture', '.', '../out.wim') } },
		{ name => 'FAT', inert => 1, program => 'mkfs.fat', make => \&fat },
		{ name => 'NTFS', inert => 1, program => 'mkntfs', make => sub { my ($d) = @_; write_file("$d/../ntfs.img", "\0" x (2 << 20)); run(cmd => ['mkntfs', '-F', '-Q', '-q', "$d/../ntfs.img"]); read_file("$d/../ntfs.img") } },
		(map { { name => "disk image, $_", inert => 1, program => 'qemu-img', make => image($_) } } qw(vpc vhdx vmdk qcow2 vdi)),
		{ name => 'UDF', inert => 1, make => sub { ("\0" x 32768) . join('', map { "\0$_\1" . ("\0" x 2041) } qw(BEA01 NSR02 TEA01)) . ("\0" x 4096) } },
		{ name => 'HFS+', inert => 1, make => sub { ("\0" x 1024) . "H+\0\4" . ("\0" x 8192) } },
	);
}

# Name and content of each file, as pack_files takes them.
sub contents { my ($d) = @_; return map { ($_ => read_file("$d/$_")) } files_in($d) }

# Make one of the rows of files (name => content); undef, and why in $@, if it can't be.
sub pack_files {
	my ($make, @files) = @_;
	my $dir = subdir(undef) . '/in';
	mkdir $dir or die "$dir: $!";
	while (my ($name, $content) = splice @files, 0, 2) {
		write_file("$dir/$name", $content);
	}
	return eval { $make->($dir) };
}

# -- by hand: formats that no packer of Debian makes -----------------------------------

# RAR 4, stored: technote.txt of unrar. Encrypted: the flag alone.
sub rar4_of {
	my ($files, %a) = @_;
	my $block = sub {
		my ($type, $flags, $fields, $data) = @_;
		my $head = pack('C v v', $type, $flags, 7 + length $fields) . $fields;
		return pack('v', MailMaker::crc32($head) & 0xffff) . $head . $data;
	};
	my $out = "Rar!\x1a\x07\0" . $block->(0x73, 0, "\0" x 6, '');
	my @files = @$files;
	while (my ($name, $content) = splice @files, 0, 2) {
		$out .= $block->(0x74, 0x8000 | ($a{encrypted} ? 4 : 0), pack('V V C V V C C v V', length $content, length $content, 2,
		    MailMaker::crc32($content), 0x5c215c21, 29, 0x30, length $name, 0x20) . $name, $content);
	}
	return $out . $block->(0x7b, 0x4000, '', '');
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
	my $out = "Rar!\x1a\x07\1\0" . $block->($vint->(1) . $vint->(0) . $vint->(0), '');
	my @files = @$files;
	while (my ($name, $content) = splice @files, 0, 2) {
		my $extra = $a{encrypted} ? $vint->(1) . $vint->(0) . $vint->(0) . "\x0f" . ('s' x 16) . ('i' x 16) : '';
		$extra = $vint->(length $extra) . $extra if length $extra;
		$out .= $block->($vint->(2) . $vint->(2 | (length $extra ? 1 : 0)) . (length $extra ? $vint->(length $extra) : '') . $vint->(length $content) . $vint->(4) . $vint->(length $content) . $vint->(0x20)
		    . pack('V', MailMaker::crc32($content)) . $vint->(0) . $vint->(0) . $vint->(length $name) . $name . $extra, $content);
	}
	return $out . $block->($vint->(5) . $vint->(0) . $vint->(0), '');
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
