#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Whose fault is it? What defers every message is told in the reply itself, where
# mailq shows it, in a few words for each class of faults; and rights that are wrong
# are seen at the first message, whatever is in it.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use File::Spec;

# File systems of our own, which are gone when we are.
BEGIN {
	if (!$> && !$ENV{SPAWNSCAN_OWN_MOUNTS} && system('unshare --mount true 2>/dev/null') == 0) {
		$ENV{SPAWNSCAN_OWN_MOUNTS} = 1;
		exec 'unshare', '--mount', $^X, File::Spec->rel2abs($0);
	}
}
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;

my $clean = crlf(mail(id => 'clean'));
my $infected = crlf(mail(id => 'infected', parts => [attachment('eicar.txt', eicar())]));
my $root = !$>;

# What the client is told of a message, and what the log says.
sub told {
	my ($mail, %conf) = @_;
	my $d = Downstream->start;
	my $c = SmtpClient->filter(to => $d->address, conf => conf_file(%conf));
	$c->hello;
	my $reply = $c->deliver(mail => $mail);
	$c->quit;
	my $n = () = $d->messages;
	$d->stop;
	return ($reply, $c->log, $n);
}

sub cause_is {
	my ($name, $cause, $log, $mail, %conf) = @_;
	my ($reply, $said, $n) = told($mail, %conf);
	is($reply, "451 4.3.0 Message deferred by the content filter: $cause\r\n", "$name: the reply tells");
	like($said, $log, "$name: the log tells more");
	is($n, 0, "$name: nothing is delivered");
}

# -- each class ---------------------------------------------------------------------

my $empty = subdir(undef, 0755);
cause_is('no database', 'no signatures loaded', qr{/nonexistent: }, $clean, database => '/nonexistent');
cause_is('an empty database', 'no signatures loaded', qr/\Q$empty\E: /, $clean, database => $empty);
cause_is('a broken database', 'no signatures loaded', qr/broken\.ndb: /, $clean,
    database => write_file(subdir() . '/broken.ndb', "Half-Of-It:0:*\n"));
cause_is('no engine', 'no engine', qr/no engine at \S+: No such file/, $clean, engine => 'require', engine_socket => tmpdir() . '/none');
cause_is('no inspector', 'inspector does not start', qr/inspector could not be started/, $clean, inspector => '/nonexistent');
cause_is('no scratch directory', 'scratch_dir not writable', qr{/proc/none: }, $clean, scratch_dir => '/proc/none');

# -- the quarantine's rights, before there is anything for it -----------------------------

for (['clean', $clean], ['infected', $infected]) {
	my ($what, $mail) = @$_;
	cause_is("no quarantine can be made, $what", 'quarantine not writable', qr/quarantine-failed [^\n]*\/proc\/none: No such file/, $mail, quarantine_dir => '/proc/none');
	my $file = write_file(subdir() . '/file', '');
	cause_is("the quarantine is a file, $what", 'quarantine not writable', qr/quarantine-failed [^\n]*: Not a directory/, $mail, quarantine_dir => $file);
	my $open = subdir(undef, 0777);
	cause_is("the quarantine is open to all, $what", 'quarantine not writable', qr/quarantine-failed [^\n]*others may write/, $mail, quarantine_dir => $open);
	my $dangling = subdir() . '/link';
	symlink '/proc/none', $dangling or die;
	cause_is("the quarantine is a link to nothing, $what", 'quarantine not writable', qr/quarantine-failed [^\n]*: No such file/, $mail, quarantine_dir => $dangling);
}
is((told($clean, quarantine_dir => '/proc/none', quarantine => 'off'))[2], 1, 'without a quarantine its rights are no matter');
{
	my $new = subdir(undef, 0755) . '/new';
	is((told($clean, quarantine_dir => $new))[2], 1, 'one that can be made is no fault');
	is_deeply([glob "$new/*"], [], 'and nothing is in it yet');
	is((told($infected, quarantine_dir => $new))[2], 1, 'an original is kept there');
	is(scalar(my @kept = grep { !/\.meta\z/ } glob "$new/*/*"), 1, 'which is there');
}
SKIP: {
	loud_skip('needs root for directories of others', 1) unless $root;
	my @as = ('setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups');
	my $try = sub {
		my ($name, $log, $make) = @_;
		my $base = subdir(undef, 0755);
		my $dir = "$base/quarantine";
		$make->($dir);
		my $conf = conf_file(quarantine_dir => $dir, scratch_dir => subdir(undef, 01777), log => 'stderr');
		chmod 0755, $conf =~ m{\A(.*)/};
		chmod 0644, $conf;
		my $r = run(cmd => [@as, "$BUILD/spawnscan", '-c', $conf], in => lf($clean));
		is($r->{code}, 75, "$name: a clean message waits") or diag($r->{err});
		like($r->{err}, $log, "$name: the log tells why");
	};
	loud_skip('the build is closed to others', 1) if run(cmd => [@as, 'test', '-x', "$BUILD/spawnscan"])->{code};
	$try->('the quarantine of somebody else', qr/quarantine-failed [^\n]*: Permission denied/, sub { mkdir $_[0], 0700 });
	$try->('one that may be read only', qr/quarantine-failed [^\n]*: Permission denied/, sub { mkdir $_[0], 0755 });
	$try->("today's folder is root's", qr/quarantine-failed [^\n]*: Permission denied/, sub {
		mkdir $_[0], 0700;
		# whatever day it is by now
		for my $day (time, time + 86400) { my @t = localtime $day; mkdir sprintf('%s/%02d%02d', $_[0], $t[4] + 1, $t[3]), 0700 }
		chown +(getpwnam 'nobody')[2, 3], $_[0];
	});
}

# -- a disk that is full ----------------------------------------------------------------------

SKIP: {
	loud_skip('needs root to mount a small file system', 1) unless $root && $ENV{SPAWNSCAN_OWN_MOUNTS};
	my $n = 0;
	my $disk = sub {
		my ($options) = @_;
		my $where = subdir('disk' . ++$n, 0755);
		system('mount', '-t', 'tmpfs', '-o', "mode=0700,$options", 'tmpfs', $where) == 0 or die 'mount';
		return $where;
	};
	my $fill = sub { my ($where) = @_; open my $fh, '>', "$where/filler" or die; 1 while syswrite $fh, 'x' x 4096; return $where };
	cause_is('a full quarantine', 'disk full', qr/quarantine-failed [^\n]*: No space left/, $infected, quarantine_dir => $fill->($disk->('size=1m')));
	is((told($clean, quarantine_dir => $fill->($disk->('size=1m'))))[2], 1, 'is no matter for what is not kept');
	cause_is('a full scratch directory', 'disk full', qr/No space left/, $clean, scratch_dir => $fill->($disk->('size=4m')));
	cause_is('without room for a directory', 'disk full', qr/No space left/, $clean, scratch_dir => $disk->('size=4m,nr_inodes=1'));
	cause_is('room to begin, not to scan', 'disk full', qr/No space left/, crlf(mail(parts => [attachment('a.bin', noise(3 << 20))])), scratch_dir => $disk->('size=3m'));
	my $ro = $disk->('size=1m');
	system('mount', '-o', 'remount,ro', $ro) == 0 or die;
	cause_is('a quarantine that is read-only', 'quarantine not writable', qr/quarantine-failed [^\n]*: Read-only file system/, $clean, quarantine_dir => $ro);
	system 'umount', '--lazy', tmpdir() . "/disk$_" for 1 .. $n;
}

# -- a server is told when it begins -----------------------------------------------------------

open my $null, '+<', '/dev/null' or die;
for my $front ('proxy', 'milter') {
	my $port = free_port();
	my $conf = conf_file(quarantine_dir => '/proc/none', proxy_user => '');
	my $log = (read_file($conf) =~ /^log = file:(.*)$/m)[0];
	my $pid = start_process(cmd => ["$BUILD/spawnscan", '-c', $conf, "--$front", "127.0.0.1:$port", $front eq 'proxy' ? '127.0.0.1:1' : ()],
	    fds => [$null, $null, $null]);
	ok(wait_for(sub { (read_file($log) // '') =~ m{quarantine directory /proc/none: No such file or directory; all messages are deferred} }),
	    "$front: the log tells at the start");
	stop_process($pid);
}

done_testing;
