# SPDX-License-Identifier: GPL-2.0-or-later
package Signatures;

# Signatures.pm - the databases of the benchmark: a few of our own, and as many as
# ClamAV's own database has. Both have the test file of clamav-testfiles.

use v5.32;
use warnings;
use Digest::MD5 ();
use File::Path ();
use FindBin;
use World;

my $cache = $ENV{BENCH_CACHE} || '/var/tmp/spawnscan-bench';
our $EXE = '/usr/share/clamav-testfiles/clam.exe';

# The inner file of clamav-testfiles, as ClamAV's own tests know it: by its MD5.
sub clam_signature {
	my $bytes = read_file($EXE) // fail("$EXE is not there: tools/install-deps bench");
	return Digest::MD5::md5_hex($bytes) . ':' . length($bytes) . ":Clamav.Test.File-6\n";
}

sub small {
	my $dir = "$cache/small";
	File::Path::make_path($dir);
	write_file("$dir/few.hdb", clam_signature(), 0644);
	write_file("$dir/few.ndb", join('', map {
	    "Bench.Small-$_:0:*:" . unpack('H*', "no message of ours has this in it, number $_") . "\n"
	    } 1 .. 3), 0644);
	return $dir;
}

# Made anew only if the generator has changed.
sub big {
	my ($bin) = @_;
	my $version = substr Digest::MD5::md5_hex(read_file("$FindBin::Bin/dbgen.c")), 0, 8;
	my $dir = "$cache/big-$version";
	unless (-e "$dir/done") {
		say STDERR 'generating 8.75 million signatures ...';
		File::Path::make_path($dir);
		run_command(300, "$bin/dbgen", $dir, 1000);
		write_file("$dir/done", '');
	}
	write_file("$dir/few.hdb", clam_signature(), 0644);
	return $dir;
}

1;
