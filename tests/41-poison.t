#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A message whose inspection fails again and again does not wait for ever; one
# that fails for reasons of our own does.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Digest::SHA ();

$ENV{EVIL_REAL} = "$BUILD/spawnscan-inspect";
my $evil = "$SRC/tests/evil-inspector";
my $n = 0;
sub mail_of { return mail(id => 'poison' . $n++, parts => [part('Content-Type: text/plain', "hello\n"), attachment('a.bin', noise(3000))]) }

# One try of a message, whose inspection does that, or goes well.
sub try_it {
	my ($mail, $mode, %conf) = @_;
	my $plan = $ENV{EVIL_PLAN} = tmpdir() . "/plan.$$";
	unlink $plan;
	write_file($plan, "$mode " . length $mail) if $mode ne '';
	return spawnscan(in => $mail, conf => {inspector => $evil, %conf});
}
sub kept { my ($dir) = @_; return grep { !/\.meta\z/ } glob "$dir/*/*" }
sub store { return { quarantine_dir => subdir(), @_ } }

# Each has a store, a plan and messages of its own, so they run side by side.
my @cases;
sub a_case { push @cases, @_ }

# -- the default: wrapped at the third try ------------------------------------------

for my $mode (qw(segv exit hang-up garbage tail size-more cut-off error)) {
	a_case $mode => sub {
		my ($mail, $other, $q) = (mail_of(), mail_of(), store());
		is(try_it($mail, $mode, %$q)->{code}, 75, "$mode: deferred at first");
		is(try_it($other, $mode, %$q)->{code}, 75, "$mode: another message is another count");
		is(try_it($mail, $mode, %$q)->{code}, 75, "$mode: deferred again");
		is_deeply([kept($q->{quarantine_dir})], [], "$mode: nothing is kept of what comes again");
		my $r = try_it($mail, $mode, %$q);
		is($r->{code}, 0, "$mode: delivered at the third try") or diag($r->{log});
		like($r->{out}, qr/^Content-Disposition: attachment; filename="message\.eml\.defanged"/m, "$mode: wrapped");
		like($r->{log}, qr/event=poison tries=3 seconds=\d+ sha256=\Q@{[Digest::SHA::sha256_hex($mail)]}\E action=wrap reason=/, "$mode: the log is loud");
		my @kept = kept($q->{quarantine_dir});
		is(scalar @kept, 1, "$mode: the original is kept");
		same_bytes(read_file($kept[0]) // '', $mail, "$mode: as it came");
		is(try_it($other, $mode, %$q)->{code}, 75, "$mode: the other has its tries left");
	};
}
a_case 'one that hangs' => sub {
	my ($mail, $q) = (mail_of(), store(inspect_timeout => '5s', quarantine => 'off'));
	# What has not begun by then is not the message's fault.
	my @codes = map { try_it($mail, 'hang', %$q)->{code} } 1 .. 3;
	is("@codes", '75 75 0', 'one that hangs');
	is(scalar(my @k = kept($q->{quarantine_dir})), 1, 'its original is kept whatever the quarantine is for');
};

a_case 'an error beside an infection' => sub {
	# What is infected as well is handed to nobody.
	my ($mail, $q) = (mail_of(), store());
	is(join(' ', map { try_it($mail, 'error-infected', %$q)->{code} } 1, 2), '75 75', 'an error beside an infection: deferred');
	my $r = try_it($mail, 'error-infected', %$q);
	is("$r->{code} $r->{out}", '0 ', 'then dropped');
	is(scalar(my @k = kept($q->{quarantine_dir})), 1, 'and kept');
};

# -- what else may be done ---------------------------------------------------------------

for (['quarantine', 0, 1], ['reject', 69, 1], ['tempfail', 75, 0]) {
	my ($action, $code, $kept) = @$_;
	a_case "poison=$action" => sub {
		my ($mail, $q) = (mail_of(), store(poison => $action, poison_tries => 2));
		is(try_it($mail, 'segv', %$q)->{code}, 75, "poison=$action: deferred at first");
		my $r = try_it($mail, 'segv', %$q);
		is($r->{code}, $code, "poison=$action: then $code");
		is($r->{out}, '', "poison=$action: and no message");
		is(scalar(my @k = kept($q->{quarantine_dir})), $kept, "poison=$action: the original");
	};
}
a_case 'poison_tries=0' => sub {
	my ($mail, $q) = (mail_of(), store(poison_tries => 0, poison_time => '1s'));
	is(try_it($mail, 'segv', %$q)->{code}, 75, 'poison_tries=0: never') for 1 .. 4;
};
a_case 'poison_time' => sub {
	# The second try must come before the time is over, so a slow machine gets more.
	my $reached;
	for my $seconds (2, 10, 40) {
		my ($mail, $q) = (mail_of(), store(poison_tries => 100, poison_time => "${seconds}s"));
		my $begin = now();
		is(try_it($mail, 'segv', %$q)->{code}, 75, 'poison_time: not yet');
		my $code = try_it($mail, 'segv', %$q)->{code};
		next if now() - $begin > $seconds - 1; # it is counted in whole seconds
		$reached = 1;
		is($code, 75, 'nor at the second try');
		select undef, undef, undef, $seconds + 1;
		is(try_it($mail, 'segv', %$q)->{code}, 0, 'poison_time: now');
		last;
	}
	ok($reached, 'and that was tried');
};

# -- reasons of our own ---------------------------------------------------------------------

for (['no inspector', inspector => '/nonexistent'], ['an inspector that does not begin', inspector => '/bin/false'],
    ['no engine', engine => 'require', engine_socket => tmpdir() . '/none'], ['no signatures', database => '/nonexistent'],
    ['no room for scratch', scratch_dir => '/proc/none'], ['it does not begin in time', '!' => 'hang-at-once', inspect_timeout => '1s']) {
	my ($name, %conf) = @$_;
	a_case $name => sub {
		my ($mail, $q) = (mail_of(), store());
		my $mode = delete $conf{'!'} // '';
		is(try_it($mail, $mode, %$q, poison_tries => 1, %conf)->{code}, 75, "$name: waits") for 1 .. 3;
		ok(!-e "$q->{quarantine_dir}/.poison", "$name: and is not counted");
	};
}
a_case 'every inspector crashes' => sub {
	# Any message fails: that is not this one's doing.
	local $ENV{EVIL_STAYS} = 1;
	my ($mail, $q) = (mail_of(), store(poison_tries => 1));
	for (1 .. 3) {
		my $r = try_it($mail, 'segv', %$q);
		is($r->{code}, 75, 'every inspector crashes: it waits');
		like($r->{log}, qr/no message can be inspected/, 'and the log says why');
	}
	# Counted is it all the same: as soon as others go through, it is done.
	delete $ENV{EVIL_STAYS};
	is(try_it($mail, 'segv', %$q)->{code}, 0, 'until others go through');
};

# -- the store ---------------------------------------------------------------------------------

sub tries_of {
	my ($q, $mail) = @_;
	my $bytes = read_file("$q->{quarantine_dir}/.poison") // '';
	my $at = index $bytes, Digest::SHA::sha256($mail);
	return $at < 0 ? 0 : unpack 'L', substr $bytes, $at + 48, 4;
}
a_case 'sixteen at the same time' => sub {
	local $ENV{EVIL_STAYS} = 1;
	my ($mail, $q) = (mail_of(), store(poison_tries => 1000));
	write_file($ENV{EVIL_PLAN} = tmpdir() . "/plan.$$", 'segv ' . length $mail);
	my @pids = map {
		my $pid = fork // die;
		if (!$pid) { spawnscan(in => $mail, conf => {inspector => $evil, %$q}); require POSIX; POSIX::_exit(0) }
		$pid;
	} 1 .. 16;
	reap($_, 120) for @pids;
	is(tries_of($q, $mail), 16, 'of sixteen at the same time each counts');
	cmp_ok(-s "$q->{quarantine_dir}/.poison", '<=', 512 * 8 * 56, 'it is bounded');
	is((stat _)[2] & 07777, 0600, 'and private');
};
a_case 'garbage in the store' => sub {
	my ($mail, $q) = (mail_of(), store(poison_tries => 2));
	write_file("$q->{quarantine_dir}/.poison", join '', map { chr int rand 256 } 1 .. 512 * 8 * 56);
	is(join(' ', map { try_it($mail, 'segv', %$q)->{code} } 1, 2), '75 0', 'garbage in it counts for nothing');
};
a_case 'a link in the place of the store' => sub {
	my ($mail, $q) = (mail_of(), store(poison_tries => 1));
	my $there = write_file(tmpdir() . '/there', '');
	symlink $there, "$q->{quarantine_dir}/.poison" or die;
	my $r = try_it($mail, 'segv', %$q);
	is($r->{code}, 75, 'a link in its place: deferred');
	like($r->{log}, qr/failures are not counted: /, 'the log says so');
	is(-s $there, 0, 'and nothing was written there');
};

together(@cases);
done_testing;
