#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Rules: which match, what they set, which are refused, and the tables.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;

my $dir = subdir();
my $base = read_file(conf_file());
my $n_conf = 0;
# A configuration with rules behind it.
sub with { my ($rules, %set) = @_; return write_file($dir . '/c' . ++$n_conf . '.conf', (%set ? read_file(conf_file(%set)) : $base) . "\n$rules", 0644) }

# -- what is refused ------------------------------------------------------------

sub refused {
	my ($name, $says, $rules, @options) = @_;
	subtest "refused: $name" => sub {
		my $file = with($rules);
		my $r = spawnscan(in => mail(), conf => undef, args => ['-c', $file, @options]);
		is($r->{code}, 78, 'exit code 78');
		is($r->{out}, '', 'nothing on stdout');
		like($r->{err}, qr/\Aspawnscan: [^\n]+\n\z/, 'one sentence');
		like($r->{err}, $says, 'it says what');
		like($r->{err}, qr/\Aspawnscan: \Q$file\E:\d+: /, 'and where') unless @options;
	};
}
my $line = () = "$base\n" =~ /\n/g;
refused('an unknown key', qr/unknown key "frob" in a rule/, "[rule a]\nfrob = 1\n");
refused('a setting for all messages alike', qr/database is for all messages/, "[rule a]\ndatabase = /x\n");
refused('a list that is short for a rule', qr/exempt_senders is for all/, "[rule a]\nexempt_senders = x\n");
refused('a bad value', qr/bad value "often" for infected/, "[rule a]\ninfected = often\n");
refused('a bad condition', qr/bad value "10.1.2.3\/8" for client/, "[rule a]\nclient = 10.1.2.3/8\n");
refused('a table of another kind', qr/bad value "hash:\/x" for recipient/, "[rule a]\nrecipient = hash:/x\n");
refused('a list of nothing', qr/bad value "" for recipient/, "[rule a]\nrecipient =\n");
refused('a condition twice', qr/sender given twice in rule a/, "[rule a]\nsender = x\nsender = y\n");
refused('a setting twice', qr/infected given twice in rule a/, "[rule a]\ninfected = tag\ninfected = tag\n");
refused('a name twice', qr/rule a is there already, at \S+:\d+/, "[rule a]\nsender = x\ninfected = tag\n[rule a]\ninfected = tag\n");
refused('no name', qr/unknown section \[rule\]|expected a name/, "[rule ]\ninfected = tag\n");
refused('a bad name', qr/expected a name of/, "[rule a b]\ninfected = tag\n");
refused('a name too long', qr/expected a name of/, '[rule ' . 'x' x 40 . "]\ninfected = tag\n");
refused('nothing in it', qr/a rule with nothing in it/, "[rule a]\n\n[rule b]\ninfected = tag\n");
refused('nothing in the last one', qr/a rule with nothing in it/, "[rule a]\n");
refused('it sets nothing and continues', qr/rule a: it sets nothing/, "[rule a]\nsender = x\ncontinue = yes\n");
refused('behind one without conditions', qr/rule b: it is never reached: rule a/, "[rule a]\ninfected = tag\n[rule b]\nsender = x\ninfected = pass\n");
refused('behind one with the same conditions', qr/rule b: it is never reached/, "[rule a]\nsender = x\ninfected = tag\n[rule b]\nsender = X\nsize_over = 1K\ninfected = pass\n");
refused('behind one with more words', qr/rule b: it is never reached/, "[rule a]\nsender = x y z\ninfected = tag\n[rule b]\nsender = z x\ninfected = pass\n");
refused('a size that none has', qr/no message is larger/, "[rule a]\nsize_over = 2K\nsize_under = 1K\ninfected = tag\n");
refused('no mark of a virus', qr/rule a: .*nothing would tell of a virus/, "[rule a]\nheader = no\ninfected = tag\n");
refused('a missing table', qr/rule a: \/nonexistent\/t: No such file/, "[rule a]\nsender = file:/nonexistent/t\ninfected = tag\n");
refused('a language that is not there', qr/rule a: notice_language = xx: /, "[rule a]\nnotice_language = xx\n");
refused('a missing cdb', qr/rule a: \/nonexistent\/t\.cdb: No such file/, "[rule a]\nsender = cdb:/nonexistent/t\ninfected = tag\n");
refused('a cdb that is none', qr/rule a: \S+: .*cdb/, "[rule a]\nsender = cdb:" . write_file("$dir/bad.cdb", 'not a cdb file') . "\ninfected = tag\n");
refused('a lmdb that is none', qr/rule a: \S+: /, "[rule a]\nsender = lmdb:" . write_file("$dir/bad.lmdb", 'x' x 9000) . "\ninfected = tag\n");
refused('a directory for a file', qr/rule a: \S+: not a regular file/, "[rule a]\nsender = file:$dir\ninfected = tag\n");
refused('a large file in no order', qr/larger than 1 MiB: .*postmap/, "[rule a]\nsender = file:" . write_file("$dir/large", "a\@b.example\n" x 90000) . "\ninfected = tag\n");
refused('a rule that is named and not there', qr/rule = b: there is no such rule/, "[rule a]\nsender = x\ninfected = tag\n", '-o', 'rule=b');
refused('a rule that is not to be named', qr/rule = a: that rule \(\S+:\d+\) is not to be named/, "[rule a]\nsender = x\ninfected = tag\n", '-o', 'rule=a');
SKIP: {
	skip 'root reads everything', 1 if $> == 0;
	my $t = write_file("$dir/shut", "x\n");
	chmod 0, $t;
	refused('an unreadable file', qr/Permission denied/, "[rule a]\nsender = file:$t\ninfected = tag\n");
}
write_file("$dir/x.conf", "[rules]\ninclude = $dir/y.conf\n", 0644);
write_file("$dir/y.conf", "# one\n[rules]\ninclude = $dir/x.conf\n", 0644);
{
	my $r = spawnscan(in => mail(), conf => undef, args => ['-c', with("[rules]\ninclude = $dir/x.conf\n")]);
	is($r->{code}, 78, 'a circle of includes: 78');
	is($r->{err}, "spawnscan: $dir/y.conf:3: include = $dir/x.conf: a file can't include itself, nor one that includes it\n", 'says so, once');
}
refused('a file to include that is not there', qr/include = \/nonexistent: No such file/, "[rules]\ninclude = /nonexistent\n");
refused('a path that is none', qr/include = x: expected a path/, "[rules]\ninclude = x\n");
{
	my $inner = write_file("$dir/inner.conf", "[rule b]\nsender = y\ninfected = reject\n[rule c]\nsender = z\nfrob = 1\n", 0644);
	my $r = spawnscan(in => mail(), conf => undef, args => ['-c', with("[rules]\ninclude = $inner\n")]);
	is($r->{err}, "spawnscan: $inner:6: rule c: unknown key \"frob\" in a rule\n", 'a fault in a file that is included');
}

# -- which match ------------------------------------------------------------------

# The rules that match, in order; the words behind them.
sub matching {
	my ($conf, $from, $to, $client, @options) = @_;
	my $r = run(cmd => ["$BUILD/spawnscan", '-c', $conf, @options, '--explain', '--rule-for', $from, $to, $client]);
	is($r->{code}, 0, '--rule-for: 0') or diag $r->{err};
	return ($r->{out}, join ' ', $r->{out} =~ /^rule (\S+) \(\S+\): matches/mg);
}
{
	my $inner = write_file("$dir/inner.conf", "[rule b]\nsender = b.example\ninfected = reject\n", 0644);
	my $conf = with("[rule a]\nrecipient = a\@x.example .sub.example\ncontinue = yes\nsubject_tag = [A]\ndeny_names = one\n two\n"
	    . "[rules]\ninclude = $inner\n[rule c]\nclient = 192.0.2.0/24 *.friends.example .net.example\nblocked = tag\n"
	    . "[rule d]\nnamed = yes\nblocked = reject\n[rule e]\nsender = <>\nblocked = pass\n");
	my @cases = (
		['x@b.example', 'a@x.example', '', 'a b'],
		['x@b.example', 'A@X.Example', '192.0.2.9', 'a b'],
		['x@c.example', 'b@x.example', '192.0.2.9', 'c'],
		['x@c.example', 'b@deep.sub.example', 'h[192.0.3.9]', 'a'],
		['x@c.example', 'b@sub.example', 'm.friends.example[192.0.3.9]', 'c'],
		['x@c.example', 'b@sub.example', 'friends.example[192.0.3.9]', ''],
		['x@c.example', 'b@sub.example', 'h.net.example[2001:db8::1]', 'c'],
		['x@c.example', 'b@sub.example', 'unknown[192.0.3.9]', ''],
		['', 'b@x.example', '', 'e'],
		['<>', 'b@x.example', '', 'e'],
		['"x"@b.example', 'b@x.example', '', ''],
	);
	for (@cases) {
		my ($from, $to, $client, $want) = @$_;
		my ($out, $got) = matching($conf, $from, $to, $client);
		is($got, $want, "from $from to $to client $client") or diag $out;
	}
	my ($out) = matching($conf, 'x@b.example', 'a@x.example', '');
	like($out, qr/^rule a \(\S+:\d+\): matches: a\@x\.example$/m, 'why it matches');
	like($out, qr/^rule c \(\S+:\d+\): not looked at, rule b was the last$/m, 'why it is not looked at');
	like($out, qr/^infected = reject$/m, 'what b sets');
	like($out, qr/^subject_tag = \[A\]$/m, 'and what a has set');
	like($out, qr/^deny_names = one two$/m, 'in several lines');
	($out, my $got) = matching($conf, 'x@c.example', 'b@x.example', '', '-o', 'rule=d');
	is($got, 'd', 'the one that is named');
	is((matching($conf, 'x@c.example', 'b@x.example', ''))[0] =~ /No setting differs/, 1, 'no rule');
	my $r = spawnscan(conf => $conf, args => ['--print-config']);
	like($r->{out}, qr/^\[rule a\]\nrecipient = a\@x\.example \.sub\.example\ncontinue = yes\nsubject_tag = \[A\]\ndeny_names = one\n    two\n\n\[rule b\]$/m, '--print-config');
	my $again = write_file("$dir/again.conf", $r->{out} =~ s/^.{199,}\n//mgr);
	is(spawnscan(conf => $again, args => ['--print-config'])->{code}, 0, 'and it can be read again');
}

# -- tables --------------------------------------------------------------------------

my @entries = ('a@one.example', 'two.example', '.three.example', '192.0.2.7', 'host.example', '@four.example');
my %kind = (
	"file:" . write_file("$dir/t.txt", "# remark\n" . join('', map { uc . "\tOK\r\n" } @entries) . 'no.newline@x.example', 0644) => 'file',
	"sorted:" . write_file("$dir/t.sorted", join('', map { "$_ OK\n" } sort @entries, 'no.newline@x.example'), 0644) => 'sorted');
write_file("$dir/t", join('', map { "$_ OK\n" } @entries, 'no.newline@x.example'), 0644);
for my $type (qw(cdb lmdb)) {
	my $etc = subdir(undef, 0755);
	write_file("$etc/main.cf", "compatibility_level = 3.6\nlmdb_map_size = 200000000\n", 0644);
	my $r = run(cmd => ['postmap', '-c', $etc, "$type:$dir/t"]);
SKIP: {
		loud_skip("postmap $type: $r->{err}", 2) if $r->{code};
		$kind{"$type:$dir/t"} = $type;
		$kind{"$type:$dir/t.$type"} = "$type by its file";
	}
}
for my $table (sort keys %kind) {
	subtest "table $kind{$table}" => sub {
		my $conf = with("[rule to]\nrecipient = $table\ninfected = reject\n[rule by]\nclient = $table\ninfected = tag\n");
		for (['a@one.example', 1], ['A@One.Example', 1], ['b@one.example', 0], ['x@two.example', 1], ['x@sub.two.example', 0], ['x@three.example', 0],
		    ['x@sub.three.example', 1], ['x@deep.sub.three.example', 1], ['x@four.example', 1], ['no.newline@x.example', 1], ['"a"@two.example', 0], ['z@zz', 0], ['#@x.example', 0]) {
			is((matching($conf, 's@s', $_->[0], ''))[1], $_->[1] ? 'to' : '', "to $_->[0]");
		}
		for (['192.0.2.7', 1], ['x[192.0.2.7]', 1], ['192.0.2.8', 0], ['host.example[192.0.2.8]', 1], ['sub.three.example[192.0.2.8]', 1], ['unknown[192.0.2.8]', 0]) {
			is((matching($conf, 's@s', 'z@z', $_->[0]))[1], $_->[1] ? 'by' : '', "client $_->[0]");
		}
	};
}
{
	my $t = write_file("$dir/unsorted", join('', map { "user$_\@x.example\n" } reverse 1000 .. 1999), 0644);
	my $r = run(cmd => ["$BUILD/spawnscan", '-c', with("[rule a]\nsender = file:$t sorted:$t\ninfected = tag\n"), '--explain', '--rule-for', 'x@y', 'x@y', '']);
	is($r->{code}, 78, 'in no order: refused at the start');
	like($r->{err}, qr/\Q$t\E: not sorted: use LC_ALL=C sort/, 'says so');
}

# -- a message ------------------------------------------------------------------------

my $d = Downstream->start;
my $named = crlf(mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('a.exe', noise(99))]));
my $n = 0;
sub through {
	my ($conf, %a) = @_;
	my $c = SmtpClient->filter(to => $d->address, conf => $conf, args => $a{args});
	$c->hello;
	$c->cmd("XFORWARD $a{xforward}") if $a{xforward};
	my $reply = $c->deliver(mail => $a{mail} // $named, map { $_ => $a{$_} } grep { defined $a{$_} } qw(from to));
	$c->quit;
	my @m = $reply =~ /\A250/ ? ($d->wait_messages(++$n)) : ();
	return ($reply, last_record(read_file($a{log}) // ''), @m ? $m[$n - 1]{data} // '' : '');
}
sub sets {
	my ($rules, %set) = @_;
	my $log = subdir(undef, 0777) . '/log';
	return (with($rules, log => "file:$log", %set), log => $log);
}
subtest 'a rule sets the action' => sub {
	my ($conf, @log) = sets("[rule r]\nrecipient = strict\@x.example\nblocked = reject\n[rule l]\nrecipient = lab\@x.example\nblocked = pass\n");
	my ($reply, $r) = through($conf, @log, to => ['strict@x.example']);
	like($reply, qr/\A550 /, 'rejected');
	is("$r->{action} $r->{rules}", 'reject r', 'log');
	($reply, $r) = through($conf, @log, to => ['lab@x.example']);
	is("$r->{action} $r->{rules}", 'pass l', 'let through');
	($reply, $r) = through($conf, @log, to => ['bob@x.example']);
	is($r->{action}, 'defang', 'as all others');
	is($r->{rules}, undef, 'no rule');
};
subtest 'a rule sets names, texts, marks and the quarantine' => sub {
	my $other = subdir('other', 0700);
	my ($conf, @log) = sets("[rule n]\nsender = n\@x.example\nblock_extensions = txt\nblock_executables = no\nblocked = remove\nnotice = Gone {file}\\nReference {reference}\n"
	    . "subject_tag = [N]\nquarantine_dir = $other\n[rule off]\nsender = off\@x.example\nquarantine = off\nheader = no\n");
	my ($reply, $r, $data) = through($conf, @log, from => 'n@x.example');
	is($r->{verdict}, 'clean', 'other names');
	($reply, $r, $data) = through($conf, @log, from => 'n@x.example', mail => $named =~ s/a\.exe/a.txt/gr);
	like($data, qr/Gone a\.txt/, 'its own notice');
	like($data, qr/^Subject: \[N\]/m, 'its own tag');
	ok($r->{quarantine} && -e "$other/$r->{quarantine}", 'its own quarantine');
	($reply, $r, $data) = through($conf, @log, from => 'off@x.example');
	is($r->{quarantine}, undef, 'none');
	unlike($data, qr/^X-Spawnscan-Result/m, 'no mark');
};
subtest 'by what is found' => sub {
	my ($conf, @log) = sets("[rule c]\nclass = infected encrypted\nblocked = reject\nquarantine = all\n");
	my ($reply, $r) = through($conf, @log);
	is($r->{action}, 'defang', 'not found: not matched');
	is($r->{rules}, undef, 'no rule');
	($reply, $r) = through($conf, @log, mail => crlf(mail(parts => [attachment('a.exe', noise(99)), attachment('b.txt', eicar())])));
	is("$r->{action} $r->{rules}", 'reject c', 'found: the other finding as the rule says');
};
subtest 'by what XFORWARD tells' => sub {
	my ($conf, @log) = sets("[rule out]\ndirection = out\nblocked = reject\n[rule in]\ndirection = in\nblocked = remove\n");
	is((through($conf, @log, xforward => 'SOURCE=LOCAL'))[1]{rules}, 'out', 'local');
	is((through($conf, @log, xforward => 'SOURCE=REMOTE'))[1]{rules}, 'in', 'remote');
	is((through($conf, @log, xforward => 'SOURCE=REMOTE PROTO=ESMTPSA'))[1]{rules}, 'out', 'logged in');
	is((through($conf, @log))[1]{rules}, undef, 'not known');
	is((through($conf, @log, xforward => 'SOURCE=REMOTE', args => ['-o', 'direction=out']))[1]{rules}, 'out', '-o direction');
	($conf, @log) = sets("[rule a]\nauthenticated = yes\nblocked = reject\n[rule n]\nauthenticated = no\nblocked = remove\n");
	is((through($conf, @log, xforward => 'PROTO=ESMTPA'))[1]{rules}, 'a', 'authenticated');
	is((through($conf, @log, xforward => 'PROTO=ESMTP'))[1]{rules}, undef, 'not known');
};
subtest 'by size' => sub {
	my ($conf, @log) = sets("[rule big]\nsize_over = 3K\nblocked = reject\n[rule small]\nsize_under = 700\nblocked = remove\n");
	is((through($conf, @log))[1]{rules}, 'small', 'small');
	is((through($conf, @log, mail => $named . "x\r\n" x 1400))[1]{rules}, 'big', 'large');
	is((through($conf, @log, mail => $named . "x\r\n" x 400))[1]{rules}, undef, 'between');
};
subtest 'a table that is gone later' => sub {
	my $t = write_file("$dir/later", "s\@x.example\n", 0644);
	my ($conf, @log) = sets("[rule t]\nsender = file:$t\nblocked = tag\n");
	my $c = SmtpClient->filter(to => $d->address, conf => $conf);
	$c->hello;
	like($c->deliver(mail => $named, from => 's@x.example'), qr/\A250 /, 'there');
	$n++;
	write_file("$dir/later.new", "t\@x.example\n", 0644);
	rename "$dir/later.new", $t;
	like($c->deliver(mail => $named, from => 't@x.example'), qr/\A250 /, 'another');
	$n++;
	is(last_record(read_file($log[1]))->{rules}, 't', 'is looked up in at once');
	unlink $t;
	like($c->deliver(mail => $named, from => 's@x.example'), qr/\A451 .*lookup table/, 'gone: deferred');
	like(read_file($log[1]), qr/event=rules-failed reason="\Q$t\E: No such file/, 'log');
	$c->quit;
};
$d->stop;

# -- copies -----------------------------------------------------------------------------

my $two = "[rule strict]\nrecipient = strict.example\nblocked = remove\n[rule lab]\nrecipient = lab.example\nblocked = pass\nheader = no\n"
    . "[rule no]\nrecipient = no.example\nblocked = reject\n[rule drop]\nrecipient = drop.example\nblocked = discard\n";
my @three = ('a@lab.example', 'b@strict.example', 'c@lab.example');
# A message through a session: the replies to its final dot, and what arrived where.
sub copies {
	my ($name, $code, %a) = @_;
	my ($in, $out) = ($a{in} // 'smtp', $a{out} // 'smtp');
	subtest "copies, $in to $out: $name" => sub {
		my $d = Downstream->start(lmtp => $out eq 'lmtp', on => $a{on} // {});
		my $log = subdir(undef, 0777) . '/log';
		my $c = SmtpClient->filter(to => $d->address, conf => with($two, log => "file:$log"));
		$c->reply;
		$c->cmd($in eq 'lmtp' ? 'LHLO me.example' : 'EHLO me.example');
		$c->cmd('XFORWARD NAME=mail.example ADDR=192.0.2.1');
		$c->cmd('XFORWARD IDENT=Q1');
		$c->cmd('MAIL FROM:<alice@example.org> SIZE=999 RET=HDRS');
		my @to = @{$a{to} // \@three};
		$c->cmd("RCPT TO:<$_> NOTIFY=FAILURE ORCPT=rfc822;$_") for @to;
		$c->cmd('DATA');
		$c->send(SmtpClient::stuffed($named));
		my @replies = map { $c->reply } 1 .. ($in eq 'lmtp' ? @to : 1);
		my %got = map { my $m = $_; map { /<([^>]*)>/ ? ($1 => $m) : () } @{$m->{rcpt}} } $d->messages;
		$code->(\@replies, \%got, $c, $d, $log);
		unless ($a{closes}) {
			is($c->cmd('NOOP'), "250 2.0.0 Ok\r\n", 'no reply too many');
			like($c->deliver(mail => crlf(mail()), to => ['x@other.example']) // '', $in eq 'lmtp' || $out eq 'lmtp' ? qr/./ : qr/\A250 /, 'and the next message') unless $a{on};
		}
		stop_process($c->{pid});
		$d->stop;
		is_deeply([scratch_left()], [], 'no scratch directory is left');
	};
}
sub each_its_own {
	my ($got) = @_;
	like($got->{'a@lab.example'}{data} // '', qr/name="a\.exe"/, 'the lab gets it as it was');
	is($got->{'c@lab.example'}{data}, $got->{'a@lab.example'}{data}, 'all of it');
	like($got->{'b@strict.example'}{data} // '', qr/was removed/, 'the other a notice');
}
for my $way (['smtp', 'smtp'], ['smtp', 'lmtp'], ['lmtp', 'smtp'], ['lmtp', 'lmtp']) {
	my ($in, $out) = @$way;
	copies('all is well', sub {
		my ($replies, $got, $c, $d, $log) = @_;
		like($_, qr/\A250 /, 'accepted') for @$replies;
		each_its_own($got);
		my $m = $got->{'b@strict.example'};
		is($m->{mail}, 'MAIL FROM:<alice@example.org> SIZE=999 RET=HDRS', 'MAIL as it came');
		is_deeply($m->{rcpt}, ['RCPT TO:<b@strict.example> NOTIFY=FAILURE ORCPT=rfc822;b@strict.example'], 'RCPT as it came');
		is_deeply($m->{xforward}, ['XFORWARD NAME=mail.example ADDR=192.0.2.1', 'XFORWARD IDENT=Q1'], 'XFORWARD as it came');
		my @r = grep { $_->{verdict} } log_records(read_file($log));
		is_deeply([map { "$_->{rules} $_->{action} $_->{outcome} $_->{to}" } @r],
		    ['lab pass delivered a@lab.example,c@lab.example', 'strict remove delivered b@strict.example'], 'a record of each');
	}, in => $in, out => $out);
}
copies('one to be rejected, and one reply', sub {
	my ($replies, $got, undef, undef, $log) = @_;
	like($replies->[0], qr/\A550 /, 'rejected');
	is_deeply([keys %$got], [], 'nobody gets it');
	like(read_file($log), qr/the strictest holds/, 'log');
}, to => ['a@lab.example', 'x@no.example']);
copies('one to be rejected, and a reply each', sub {
	my ($replies, $got) = @_;
	like($replies->[0], qr/\A550 /, 'rejected');
	like($replies->[1], qr/\A250 /, 'accepted');
	is_deeply([keys %$got], ['a@lab.example'], 'who gets it');
}, in => 'lmtp', to => ['x@no.example', 'a@lab.example']);
copies('one is dropped', sub {
	my ($replies, $got) = @_;
	like($replies->[0], qr/\A250 .*queued as/, 'accepted');
	is_deeply([keys %$got], ['a@lab.example'], 'who gets it');
}, to => ['a@lab.example', 'x@drop.example']);
copies('the first is not taken: the second is not sent', sub {
	my ($replies, $got) = @_;
	like($replies->[0], qr/\A451 4.9.9/, 'deferred');
	is_deeply([sort keys %$got], ['a@lab.example', 'c@lab.example'], 'one came as far as its dot');
}, on => {DOT => "451 4.9.9 not now\r\n"});
copies('the second is refused at RCPT', sub {
	my ($replies, $got, undef, undef, $log) = @_;
	like($replies->[0], qr/\A450 4.9.8/, 'deferred: nothing is lost');
	is_deeply([sort keys %$got], ['a@lab.example', 'c@lab.example'], 'the first was taken');
	is_deeply([map { $_->{outcome} } grep { $_->{verdict} } log_records(read_file($log))], ['delivered', 'deferred'], 'log');
}, on => {RCPT => sub { return $_[1] =~ /strict/ && $_[0]{k} ? "450 4.9.8 not any more\r\n" : undef }});
copies('the second is refused at RCPT, and a reply each', sub {
	my ($replies) = @_;
	like($replies->[0], qr/\A250 /, 'taken');
	like($replies->[1], qr/\A450 4.9.8/, 'not taken');
	like($replies->[2], qr/\A250 /, 'taken');
}, in => 'lmtp', on => {RCPT => sub { return $_[1] =~ /strict/ && $_[0]{k} ? "450 4.9.8 not any more\r\n" : undef }});
copies('the server is lost in the second', sub {
	my ($replies, $got) = @_;
	like($replies->[0], qr/\A250 /, 'taken');
	like($replies->[1], qr/\A4\d\d /, 'to be tried again');
	like($replies->[2], qr/\A250 /, 'taken');
}, in => 'lmtp', closes => 1, on => {DATA => sub { $_[0]->close if $_[0]{k}; return undef }});
copies('the server is lost in the second, and one reply', sub {
	my ($replies) = @_;
	like($replies->[0], qr/\A4\d\d /, 'to be tried again');
}, closes => 1, on => {DATA => sub { $_[0]->close if $_[0]{k}; return undef }});
subtest 'where there can be but one: the strictest' => sub {
	my $log = subdir(undef, 0777) . '/log';
	my $bin = subdir(undef, 0755);
	my $sendmail = write_file("$bin/sendmail", "#!/bin/sh\ncat > $bin/out\necho \"\$@\" > $bin/args\n", 0755);
	my $r = spawnscan(in => $named, conf => with($two, log => "file:$log", sendmail_path => $sendmail), args => ['--sendmail', '-f', 'alice@example.org', '--', @three]);
	is($r->{code}, 0, 'exit code');
	like(read_file("$bin/out"), qr/was removed/, 'nobody gets it as it was');
	like(read_file("$bin/args"), qr/\Q@three\E/, 'all get it');
	my $record = last_record(read_file($log));
	is("$record->{rules} $record->{strictest_of} $record->{action}", 'strict 2 remove', 'log');
};
subtest 'XFORWARD without end' => sub {
	my $here = Downstream->start;
	my $c = SmtpClient->filter(to => $here->address, conf => with(''));
	$c->hello;
	like($c->cmd('XFORWARD NAME=a.example'), qr/\A250/, 'one of many') or last for 1 .. 100;
	like($c->cmd('XFORWARD NAME=a.example'), qr/\A501 /, 'is one too many') or diag($c->received);
	$c->quit;
	$here->stop;
};

done_testing;
