# SPDX-License-Identifier: GPL-2.0-or-later
package Containers;

# Containers.pm - archives, compressed files and images, made by the packers that
# Debian has, and by hand where it has none.
#
# A row of the table: a name, the program that makes it (or none), and a function
# that gets a directory with files in it and gives the container's bytes.
#   inert      nobody opens it: it must be "unopened"
#   one        holds one file without a name of its own
#   named      is known by its name alone
#   password   the same with a password
#   fragile    damage does not show: there is no check sum, or the end is not needed

use v5.32;
use warnings;
use Exporter 'import';
use Compress::Zlib ();
use Harness;
use Formats;
use MailMaker;

our @EXPORT = qw(containers pack_files have_program);

# libarchive may be built without an XML parser.
sub writes_xar { state $yes = (run(cmd => ['bsdtar', '-cf', '-', '--format=xar', '/dev/null'])->{code} // 1) == 0; return $yes }

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

sub rpm {
	my ($d) = @_;
	my $spec = write_file("$d/../a.spec", "Name: a\nVersion: 1\nRelease: 1\nSummary: a\nLicense: none\nBuildArch: noarch\n%description\na\n%install\nmkdir -p %{buildroot}/opt\ncp $d/* %{buildroot}/opt\n%files\n/opt/*\n");
	run(cmd => ['rpmbuild', '-bb', '--quiet', '--define', "_topdir $d/../rpm", '--define', '__os_install_post %{nil}', '--define', '_rpmformat 4', $spec], timeout => 120);
	return read_file((glob "$d/../rpm/RPMS/noarch/*.rpm")[0] // die "no package\n");
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
		{ name => 'xar', program => writes_xar() ? 'bsdtar' : 'a bsdtar that writes xar', make => bsdtar('--format=xar') },
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
		{ name => 'RPM', program => 'rpmbuild', make => \&rpm },
		{ name => 'gzip', one => 'gz', program => 'gzip', make => filter('gzip', '-nc') },
		{ name => 'bzip2', one => 'bz2', program => 'bzip2', make => filter('bzip2', '-c') },
		{ name => 'xz', one => 'xz', program => 'xz', make => filter('xz', '-c') },
		{ name => 'lzma', one => 'lzma', program => 'xz', make => filter('xz', '--format=lzma', '-c') },
		{ name => 'lzip', one => 'lz', program => 'lzip', make => filter('lzip', '-c') },
		{ name => 'lz4', one => 'lz4', program => 'lz4', make => filter('lz4', '-qc') },
		{ name => 'zstd', one => 'zst', program => 'zstd', make => filter('zstd', '-qc') },
		{ name => 'Brotli', one => 'br', named => 1, program => 'brotli', make => filter('brotli', '-c') },
		{ name => 'compress', one => 'Z', program => 'compress', make => filter('compress', '-fc'), fragile => 1 },
		{ name => 'lzop', inert => 1, one => 'lzo', program => 'lzop', make => filter('lzop', '-c') },
		{ name => 'ARJ', inert => 1, program => 'arj', make => sub { my ($d) = @_; made($d, '../out.arj', 'arj', 'a', '-y', '../out.arj', files_in($d)) } },
		{ name => 'squashfs', inert => 1, program => 'mksquashfs', make => sub { my ($d) = @_; made($d, '../out.sq', 'mksquashfs', '.', '../out.sq', '-quiet', '-no-progress') } },
		{ name => 'WIM', inert => 1, program => 'wimlib-imagex', make => sub { my ($d) = @_; made($d, '../out.wim', 'wimlib-imagex', 'capture', '.', '../out.wim') } },
		{ name => 'FAT', inert => 1, program => 'mkfs.fat', make => \&fat },
		{ name => 'NTFS', inert => 1, program => 'mkntfs', make => sub { my ($d) = @_; write_file("$d/../ntfs.img", "\0" x (2 << 20)); run(cmd => ['mkntfs', '-F', '-Q', '-q', "$d/../ntfs.img"]); read_file("$d/../ntfs.img") } },
		(map { { name => "disk image, $_", inert => 1, program => 'qemu-img', make => image($_) } } qw(vpc vhdx vmdk qcow2 vdi)),
		{ name => 'UDF', inert => 1, program => 'mkudffs', make => sub { my ($d) = @_; write_file("$d/../udf.img", "\0" x (2 << 20)); run(cmd => ['mkudffs', '-b', '2048', "$d/../udf.img"]); read_file("$d/../udf.img") } },
		{ name => 'UDF, marks alone', inert => 1, fragile => 1, make => sub { ("\0" x 32768) . join('', map { "\0$_\1" . ("\0" x 2041) } qw(BEA01 NSR02 TEA01)) . ("\0" x 4096) } },
		{ name => 'HFS+', inert => 1, make => sub { ("\0" x 1024) . "H+\0\4" . ("\0" x 4) . '10.0' . ("\0" x 8192) } },
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

1;
