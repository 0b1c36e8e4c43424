#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Where private directories are made with scratch_dir = auto: on a tmpfs with room
# enough. In mount namespaces of its own.

use v5.32;
use warnings;
BEGIN { $ENV{TMPDIR} = '/tmp' }	# another /dev/shm is mounted below
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;

plan skip_all => 'needs root and mount namespaces' if $> != 0 || system('unshare -m true 2>/dev/null') != 0;

my $inspect = "$BUILD/spawnscan-inspect";
my $signature = 'Scratch-Test:0:*:' . unpack('H*', marker());

# What the inspector says, with file systems mounted as a shell script says. All it needs
# is made there, or open: /tmp is another one.
sub told {
	my ($script, @options) = @_;
	my $r = run(cmd => ['unshare', '-m', '/bin/sh', '-ec', "exec 9<'$inspect'; $script" . '; mkdir -p /tmp/s; echo "$1" >/tmp/s/s.ndb; shift; exec "$@"',
	    'sh', $signature, '/proc/self/fd/9', '-V', '-d', '/tmp/s', '-o', 'memory_limit=0', @options], timeout => 60);
	my ($said) = $r->{out} =~ /^scratch directories (.*)$/m;
	return $said // "nothing: $r->{out}$r->{err}";
}
sub tmpfs { my ($at, $size) = @_; return "mount -t tmpfs -o size=$size,mode=1777 none $at" }

my $disk = (run(cmd => ['stat', '-fc', '%T', '/tmp'])->{out} // '') !~ /tmpfs/;
SKIP: {
	skip "/tmp is a tmpfs here", 7 unless $disk;
	like(told(tmpfs('/dev/shm', '4g')), qr{\A/dev/shm, a tmpfs with 409\d MB free\z}, '/dev/shm with room');
	like(told(tmpfs('/dev/shm', '64m')), qr{\A/tmp, since no tmpfs has the 1264 MB free that an inspection may need\z}, '/dev/shm of a container: /tmp');
	like(told(tmpfs('/dev/shm', '64m'), '-o', 'message_size_limit=1M', '-o', 'scan_size_limit=1M', '-o', 'scan_file_limit=1M'), qr{\A/tmp, since no tmpfs has the 70 MB}, 'what an inspection may need is by the limits');
	like(told(tmpfs('/dev/shm', '80m'), '-o', 'message_size_limit=1M', '-o', 'scan_size_limit=1M', '-o', 'scan_file_limit=1M'), qr{\A/dev/shm, }, 'and less is enough for less');
	like(told(tmpfs('/dev/shm', '2g') . '; head -c 1G /dev/zero >/dev/shm/full'), qr{\A/tmp, since}, 'one that is nearly full');
	like(told(tmpfs('/dev/shm', '2g') . '; mkdir -m 700 /dev/shm/spawnscan-4194303-abcdef; head -c 1G /dev/zero >/dev/shm/spawnscan-4194303-abcdef/full'), qr{\A/dev/shm, }, 'with what a dead process left: that goes first');
	like(told('mount -t ramfs none /dev/shm'), qr{\A/tmp, since}, 'a file system without a limit is none to choose');
}
like(told(tmpfs('/dev/shm', '4g') . '; ' . tmpfs('/tmp', '4g')), qr{\A/tmp, a tmpfs with 409\d MB free\z}, '/tmp, if it is one');
like(told(tmpfs('/dev/shm', '4g') . '; ' . tmpfs('/tmp', '1g')), qr{\A/dev/shm, }, 'and has no room: the other');
like(told(':', '-o', 'scratch_dir=/var/tmp'), qr{\A/var/tmp, which is no tmpfs\z}, 'a directory of the settings');

# It is the one that is used: a file system that is full shows which.
my $conf = conf_file(scratch_dir => 'auto', inspector => $inspect);
my $dir = subdir('mails', 0755);
my $mail = write_file("$dir/mail", mail(parts => [part('Content-Type: text/plain', "hello\n"), attachment('a.bin', marker())]));
my $r = run(cmd => ['unshare', '-m', '/bin/sh', '-ec', tmpfs('/dev/shm', '4g') . '; strace -f -qq -e trace=mkdir "$@" <"$0" 2>&1 >/dev/null | grep spawnscan- >&2', $mail, "$BUILD/spawnscan", '-c', $conf], timeout => 60);
SKIP: {
	loud_skip('no strace', 1) if system('command -v strace >/dev/null') != 0;
	skip '/tmp is a tmpfs here', 1 unless $disk;
	like($r->{err}, qr{mkdir\("/dev/shm/spawnscan-\d+-\w{6}", 0700\) = 0}, 'an inspection is there') or diag(explain($r));
}
done_testing;
