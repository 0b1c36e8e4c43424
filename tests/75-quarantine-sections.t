#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What is held by a real Postfix set up as sections B, C, D and E of master.cf.example is
# listed and released: delivered bit for bit, with its envelope, its DKIM signature
# verifies, and no filter sees it again. Section A has tests/75-quarantine.t.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;
use Dkim;

plan skip_all => 'SKIPPED: needs root' if $>;
BEGIN {
	unless (grep { -x "$_/postfix" } split /:/, $ENV{PATH}) {
		diag('SKIPPED: Postfix is not installed');
		plan skip_all => 'SKIPPED: Postfix is not installed';
	}
}
use PrivatePostfix;

my ($sink, $p);
my $text = part('Content-Type: text/plain; charset=utf-8', "Gr\xc3\xbc\xc3\x9fe.\n.\n..\nFrom here on, " . 'x' x 980 . "\n", 'Content-Transfer-Encoding: 8bit');
my %section = (
	B => sub { PrivatePostfix->start(section => 'B', sink => $sink->port) },
	C => sub { PrivatePostfix->start(section => 'C', sink => $sink->port) },
	D => \&by_pipe,
	E => \&by_milter,
);

sub desk { my @words = @_; return run(cmd => ["$p->{dir}/bin/spawnscan-quarantine", '-c', $p->{conf}, @words], timeout => 60) }
sub at_sink { my ($id) = @_; return grep { $_->{data} =~ /^Message-ID: <\Q$id\E\@/m } $sink->messages }
sub without_received { my ($mail) = @_; $mail =~ s/\A(?:Received: [^\n]*\n(?:[ \t][^\n]*\n)*)+//; return $mail }
sub tail { my @l = split /^/, $p->maillog; return join '', (@l > 30 ? @l[-30 .. -1] : @l), $p->filter_log_text }

# sendmail(1) finds the private configuration by $MAIL_CONFIG, which postdrop(1) believes
# only if it is not set-gid: a copy is not.
sub by_pipe {
	my $bin = subdir('postfix-commands', 0755);
	symlink $_, $bin . '/' . s{.*/}{}r for grep { !m{/postdrop\z} } glob '/usr/sbin/post*';
	write_file("$bin/postdrop", read_file('/usr/sbin/postdrop'), 0755);
	my ($options) = read_file("$SRC/master.cf.example") =~ /^(#    -o content_filter=scanpipe:.*\n(?:#    -o .*\n)+)/m or die 'no options for smtpd';
	$options =~ s/^#//mg;
	my $p = PrivatePostfix->start(sink => $sink->port, section => 'D', no_wait => 1,
	    main => ["command_directory = $bin", 'export_environment = TZ MAIL_CONFIG LANG'],
	    edit => sub {
		s/^(127\.0\.0\.1:\d+ inet .* smtpd\n)/$1$options/m or die 'no smtpd';
		s/^(pickup    unix  n - n )60/${1}1/m or die 'no pickup';
	    });
	wait_for(sub { $p->listens($p->{port}) && -d "$p->{dir}/queue/maildrop" }, 60) or die $p->maillog;
	chmod 01733, "$p->{dir}/queue/maildrop";
	chmod 0711, "$p->{dir}/queue/public";
	return $p;
}

# The milter as the user of the filter; and the way in for what is released.
my $way_in;
sub by_milter {
	$way_in = free_port();
	my ($port, $example) = (free_port(), read_file("$SRC/master.cf.example"));
	my @main = map { s/inet:127\.0\.0\.1:10029/inet:127.0.0.1:$port/r } $example =~ /^#\s+((?:smtpd_milters|non_smtpd_milters|milter_\w+) = .*)$/mg;
	my ($service) = $example =~ /^(#   127\.0\.0\.1:10030 inet .*\n(?:#       -o .*\n?)+)/m or die 'no way in';
	$service =~ s/^#   //mg;
	$service =~ s/10030/$way_in/;
	my $p = PrivatePostfix->start(section => '', sink => $sink->port, main => \@main, edit => sub { $_ .= "$service\n" });
	open my $null, '+<', '/dev/null' or die;
	start_process(fds => [$null, $null, $null], cmd => ['setpriv', "--reuid=$p->{user}", '--clear-groups', "$p->{dir}/bin/spawnscan",
	    '-c', $p->{conf}, '-q', '--milter', "127.0.0.1:$port"]);
	wait_for(sub { $p->listens($port) && $p->listens($way_in) }, 60) or die $p->maillog;
	return $p;
}

for my $s (sort keys %section) {
	subtest "section $s" => sub {
		$sink = Downstream->start(ehlo => ['PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8']);
		$p = $section{$s}->();
		local $ENV{MAIL_CONFIG} = "$p->{dir}/etc";
		my $mail = dkim_sign(crlf(mail(id => "held-$s", parts => [$text, attachment('v.txt', eicar()), attachment('a.bin', noise(3000))])));
		my $c = $p->client;
		like($c->deliver(mail => $mail, from => 'alice@example.org', to => ['bob@example.net', 'carol@example.net']) // '', qr/\A250 /, 'Postfix takes it');
		$c->cmd('QUIT');
		ok(wait_for(sub { at_sink("held-$s") }, 60), 'it arrives') or return diag(tail());
		my $line = wait_for(sub { desk('list', '--json')->{out} =~ /\A(\{.*\})\n\z/ ? $1 : undef }, 60) // '';
		my ($ref) = $line =~ /"reference":"([^"]*)"/ or return fail('it is listed');
		like(desk('list')->{out}, qr/^\Q$ref\E .* alice\@example\.org +bob\@example\.net \+1 .*Eicar/m, 'it is listed');
		my ($messages, $filtered) = (scalar(() = $sink->messages), scalar(() = $p->filter_log_text =~ /event=message/g));
		my @via = $s eq 'E' ? ('--via', "127.0.0.1:$way_in") : ();
		my $r = desk('release', @via, $ref);
		is($r->{code}, 0, 'released') or return diag($r->{err}, tail());
		ok(wait_for(sub { (() = $sink->messages) > $messages }, 60), 'which arrives') or diag(tail());
		my $m = ($sink->messages)[-1];
		same_bytes(without_received($m->{data}), $mail, 'as it was sent, bit for bit');
		my ($kept, $arrived) = map { s/\r\n/\n/gr } read_file("$p->{quarantine}/$ref"), $m->{data};
		# A milter is not shown the Received field that its Postfix adds.
		ok(substr($arrived, -length $kept) eq $kept, 'and as it was kept');
		is($m->{mail} =~ /FROM:(<.*?>)/ ? $1 : '', '<alice@example.org>', 'its sender');
		is(join(' ', sort map { /<(.*?)>/ } @{$m->{rcpt}}), 'bob@example.net carol@example.net', 'its recipients');
		SKIP: {
			loud_skip('python3-dkim is not installed', 2) unless dkim_there();
			ok(dkim_verifies($m->{data}), 'its DKIM signature verifies');
			ok(!dkim_verifies($m->{data} =~ s/From here/From Here/r), 'which can fail');
		}
		is(scalar(() = $p->filter_log_text =~ /event=message/g), $filtered, 'no filter saw it');
		is(scalar(split /\n/, desk('list', '--json')->{out}), 1, 'it was not caught again');
		like($p->filter_log_text, qr/event=release quarantine=\Q$ref\E by=root .*outcome=delivered/, 'the log has it');
		is(desk('release', @via, $ref)->{code}, 69, 'not twice by accident');
		ok($p->empty_queue(60), 'the queue is empty');
		is(scalar(() = $sink->messages), $messages + 1, 'nothing else came');
		unlike($p->maillog, qr/unused parameter|bad command|fatal:|panic:/, 'Postfix has no complaint');
		$p->stop;
		$sink->stop;
	};
}
done_testing;
