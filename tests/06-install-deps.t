#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# tools/install-deps starts no service, and afterwards the policy about that is what it
# was: also if two run at the same time, and after one that was killed.
#
# In a file system of its own, with an apt-get that installs nothing.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;

SKIP: {
	loud_skip('needs root, for a mount namespace', 1) if $>;
	loud_skip('no mount namespace', 1) if system('unshare --mount true 2>/dev/null') != 0;
	my $dir = subdir(undef, 0755);
	my ($sbin, $bin) = map { subdir(undef, 0755) } 1, 2;
	my $policy = "$sbin/policy-rc.d";
	my $theirs = "#!/bin/sh\n# the administrator's\nexit 104\n";

	# gcc is missing. What apt-get sees of the policy goes into a file, at its begin and
	# its end; it waits while there is a file "wait".
	write_file("$bin/dpkg-query", qq{#!/bin/sh\nfor last; do :; done\n[ "\$last" = gcc ] || echo 'install ok installed'\n}, 0755);
	write_file("$bin/apt-get", <<~"END", 0755);
		#!/bin/sh
		case "\$*" in *' install '*) ;; *) exit 0 ;; esac
		seen() { /usr/sbin/policy-rc.d; echo "\$1 \$?" >>$dir/seen; }
		seen begin
		while [ -e $dir/wait ]; do sleep 0.1; done
		[ ! -e $dir/daemon ] || { setsid sleep 600 >/dev/null 2>&1 & echo \$! >$dir/daemon; }
		seen end
		END
	my @install = ('unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /usr/sbin && PATH=$1:$PATH && shift && exec "$@"',
	    $sbin, $bin, "$SRC/tools/install-deps", 'build');
	my $seen = sub { my $text = read_file("$dir/seen") // ''; unlink "$dir/seen"; return $text };
	my $begin = sub {
		my ($n) = @_;
		open my $null, '+<', '/dev/null' or die;
		open my $said, '>', "$dir/said.$n" or die;
		return start_process(cmd => \@install, fds => [$null, $said, $said]);
	};

	for my $before (undef, $theirs) {
		my $name = defined $before ? "an administrator's policy" : 'no policy';
		my $restored = sub {
			my ($when) = @_;
			is(read_file($policy), $before, "$name, $when: as it was");
			is_deeply([map { s{.*/}{}r } glob "$sbin/*"], defined $before ? ['policy-rc.d'] : [], 'and nothing beside it');
		};
		unlink $policy;
		write_file($policy, $before, 0755) if defined $before;
		my $r = run(cmd => \@install);
		is($r->{code}, 0, "$name: installed") or diag($r->{err});
		is($seen->(), "begin 101\nend 101\n", 'no service starts');
		$restored->('one run');

		write_file("$dir/wait", '');
		my $first = $begin->(1);
		ok(wait_for(sub { -s "$dir/seen" }, 60), "$name: one begins");
		my $second = $begin->(2);
		ok(wait_for(sub { (read_file("$dir/said.2") // '') =~ /waiting/ }, 60), 'a second one waits, and says so');
		unlink "$dir/wait";
		is(reap($_, 60), 0, 'well done') for $first, $second;
		is($seen->(), "begin 101\nend 101\n" x 2, 'no service starts, one after the other');
		$restored->('two runs');

		write_file("$dir/wait", '');
		my $killed = $begin->(3);
		ok(wait_for(sub { -s "$dir/seen" }, 60), "$name: one begins");
		kill 'KILL', $killed, Harness::session_members($killed);
		reap($killed, 60);
		unlink "$dir/wait";
		write_file("$dir/daemon", '');
		is(run(cmd => \@install)->{code}, 0, 'one after one that was killed');
		$restored->('a killed run');
		# What was started there does not keep others out.
		my $daemon = read_file("$dir/daemon");
		unlink "$dir/daemon";
		$r = run(cmd => \@install);
		is($r->{code}, 0, 'installed');
		unlike($r->{err}, qr/waiting/, 'at once');
		ok(kill('TERM', $daemon), 'although something runs that apt-get has started');
		$seen->();
	}
}

done_testing;
