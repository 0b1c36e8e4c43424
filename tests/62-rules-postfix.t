#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Rules through a real Postfix: each condition and each setting, as it comes from smtpd,
# the queue and master.cf; and copies of a message, of each the outcome.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;

plan skip_all => 'SKIPPED: needs root' if $>;
BEGIN {
	unless (grep { -x "$_/postfix" } split /:/, $ENV{PATH}) {
		diag('SKIPPED: Postfix is not installed');
		plan skip_all => 'SKIPPED: Postfix is not installed';
	}
}
use PrivatePostfix;

my $sink = Downstream->start(ehlo => ['PIPELINING', 'SIZE 104857600', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN']);
my $dir = subdir('tables', 0755);
my $etc = subdir(undef, 0755);
my $other = subdir('other-quarantine', 0700);
chown +(getpwnam 'nobody')[2, 3], $other;
my $languages = subdir('languages', 0755);
write_file("$languages/$_.json", read_file("$SRC/languages/$_.json"), 0644) for qw(de en fr);
write_file("$etc/main.cf", "compatibility_level = 3.6\nlmdb_map_size = 20000000\n", 0644);

# A table as Postfix makes them; false if it can't.
sub table {
	my ($type, @keys) = @_;
	write_file("$dir/$type", join('', map { "$_ OK\n" } @keys), 0644);
	my $r = run(cmd => ['postmap', '-c', $etc, "$type:$dir/$type"]);
	chmod 0644, glob "$dir/$type.*";
	return $r->{code} == 0;
}
my %made = map { $_ => table($_, 'nobody@nowhere.example') } qw(cdb lmdb);
write_file("$dir/text", "someone\@nowhere.example\n", 0644);
my $rules = <<"END";
[rule domain]
recipient = domain.example
blocked = tag
[rule sub]
recipient = .sub.example
blocked = remove
[rule from]
sender = boss\@from.example
blocked = pass
[rule client]
client = 192.0.2.0/28
blocked = remove
subject_tag = [CLIENT]
[rule name]
client = .trusted.example
blocked = pass
[rule in]
direction = in
recipient = in.example
subject_tag = [IN]
[rule login]
named = yes
blocked = remove
disclaimer = Sent by Example Ltd.
[rule out]
direction = out
sender = staff.example
subject_tag = [OUT]
[rule text]
recipient = file:$dir/text
blocked = remove
subject_tag = [TABLE]
[rule names]
recipient = names.example
block_extensions = txt
block_executables = no
[rule words]
recipient = words.example
blocked = remove
notice = {what}: gone, {why}.
  Ask the helpdesk of Example Ltd, {reference}.
[rule german]
recipient = de.example
blocked = remove
notice_language = de
[rule french]
recipient = fr.example
blocked = remove
notice_language = fr
[rule auto]
recipient = auto.example
blocked = remove
notice_language = auto
[rule keep]
recipient = keep.example
quarantine = all
quarantine_dir = $other
[rule off]
recipient = off.example
quarantine = off
[rule tell]
recipient = tell.example
notify_to = helpdesk\@tell.example
notify_classes = blocked
[rule banner]
recipient = banner.example
banner = This came from outside.
[rule macros]
recipient = macros.example
block_macros = any
[rule big]
recipient = size.example
size_over = 20K
blocked = remove
[rule infected]
recipient = lab.example
infected = tag
class = infected
[rule drop]
recipient = drop.example
blocked = discard
[rule no]
recipient = no.example
blocked = reject
END
$rules .= "[rule $_]\nrecipient = $_:$dir/$_\nblocked = remove\nsubject_tag = [TABLE]\n" for grep { $made{$_} } sort keys %made;

# A second filter under another port, as mail that is submitted has one.
my ($submission, $submission_filter) = (free_port(), free_port());
sub with_submission {
	my ($self) = @_;
	my ($filter) = /^(127\.0\.0\.1:\Q$self->{filter_port}\E .*?)(?=^\S)/ms or die 'no filter';
	$filter =~ s/^\S+/127.0.0.1:$submission_filter/;
	$filter =~ s/argv=\S+/$& -o rule=login -o direction=in/ or die 'no argv';
	$_ .= "\n127.0.0.1:$submission inet n - n - - smtpd\n    -o content_filter=scan:[127.0.0.1]:$submission_filter\n$filter";
}
my @main = ('smtpd_authorized_xclient_hosts = 127.0.0.1', 'mynetworks = 127.0.0.0/8, 192.0.2.0/24, 198.51.100.0/24');
my $p = PrivatePostfix->start(sink => $sink->port, main => \@main, edit => \&with_submission, conf => { quarantine => 'changed', language_dir => $languages });
write_file($p->{conf}, read_file($p->{conf}) . "\n$rules", 0644);
{
	# By its user: who makes the log is the one that may write it.
	my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
	my $r = run(cmd => ['setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', "$p->{dir}/bin/spawnscan", '-c', $p->{conf}, '-o', 'rule=login', '-V']);
	is($r->{code}, 0, 'the rules are good') or BAIL_OUT($r->{err});
}

my $n = 0;
my $text = part('Content-Type: text/plain; charset=us-ascii', "A text before it.\n");
sub message { my (%a) = @_; return crlf(mail(id => 'rules-' . ++$n, parts => [$text, attachment($a{name} // 'a.exe', $a{content} // 'harmless')], header => $a{header})) }
# Through Postfix; what arrives for each recipient.
sub through {
	my (%a) = @_;
	my $mail = $a{mail} // message(%a);
	my ($id) = header_of($mail, 'Message-ID');
	my $c = $p->client(port => $a{port});
	if ($a{client}) {
		like($c->cmd("XCLIENT $a{client}") // '', qr/\A220 /, "client $a{client}");
		$c->cmd('EHLO client.example');
	}
	my @to = @{$a{to}};
	my %before = map { $_ => scalar records_of($_) } @to;
	like($c->deliver(mail => $mail, to => \@to, from => $a{from} // 'alice@example.org') // '', qr/\A250 /, 'Postfix takes it') or diag($p->maillog);
	$c->cmd('QUIT');
	my %got;
	my %gone = map { $_ => 1 } @{$a{gone} // []};
	ok(wait_for(sub {
		%got = ();
		for my $m ($sink->messages) {
			next unless ((header_of($m->{data}, 'Message-ID'))[0] // '') eq $id;
			$got{$_} = $m->{data} for map { /<([^>]*)>/ } @{$m->{rcpt}};
		}
		return !grep { !$got{$_} && !$gone{$_} } @to;
	}, 20), 'it arrives') or diag(tail());
	# The filter writes its record when the next hop has answered.
	wait_for(sub { grep { records_of($_) > $before{$_} } @to }, 20);
	return \%got;
}
sub tail { my @l = split /\n/, $p->maillog; return join "\n", @l > 30 ? @l[-30 .. -1] : @l, $p->filter_log_text =~ s/\A.*(?=(?:[^\n]*\n){6}\z)//sr }
sub records_of { my ($to) = @_; return grep { ($_->{to} // '') =~ /\Q$to\E/ && $_->{verdict} } log_records($p->filter_log_text) }
sub record_of { return (records_of($_[0]))[-1] // {} }
# One recipient: what it got matches, and by which rule.
sub one {
	my ($name, $to, $rule, $like, %a) = @_;
	subtest $name => sub {
		my $got = through(%a, to => [$to]);
		like($got->{$to} // '', $like, 'what arrives');
		is(record_of($to)->{rules}, $rule, 'the rule');
	};
}
my $as_it_was = qr/name="a\.exe"/;
my $renamed = qr/name="a\.exe\.defanged"/;
my $removed = qr/was removed by the content filter/;

one('no rule', 'bob@example.net', undef, $renamed);
one('recipient domain', 'Bob@Domain.Example', 'domain', $as_it_was);
one('recipient subdomain', 'bob@deep.sub.example', 'sub', $removed);
one('not the domain above it', 'bob@sub.example', undef, $renamed);
one('sender', 'bob@example.net', 'from', $as_it_was, from => 'boss@from.example');
one('another sender', 'carol@example.net', undef, $renamed, from => 'clerk@from.example');
one('client network', 'dave@example.net', 'client', qr/^Subject: \[CLIENT\].*$removed/ms, client => 'NAME=[UNAVAILABLE] ADDR=192.0.2.7');
one('another network', 'erin@example.net', undef, $renamed, client => 'NAME=[UNAVAILABLE] ADDR=192.0.2.17');
one('client name', 'frank@example.net', 'name', $as_it_was, client => 'NAME=mx.trusted.example ADDR=198.51.100.7');
one('-o rule=login in master.cf', 'grace@example.net', 'login', qr/Sent by Example Ltd\..*$removed/s, port => $submission);
one('direction: out, from this host', 'heidi@example.net', 'out', qr/^Subject: \[OUT\]/m, from => 'ivan@staff.example');
one('direction: not out, by master.cf', 'judy@example.net', 'login', qr/^Subject: a mail/m, from => 'ivan@staff.example', port => $submission);
one('-o direction=in in master.cf', 'judy@in.example', 'in', qr/^Subject: \[IN\]/m, port => $submission);
for my $type ('text', grep { $made{$_} } sort keys %made) {
	one("$type: not in the table", "bob\@$type.table.example", undef, $renamed);
	if ($type eq 'text') {
		write_file("$dir/new", "bob\@text.table.example\n", 0644);
		rename "$dir/new", "$dir/text" or die;
	} else {
		table($type, "bob\@$type.table.example");
	}
	one("$type: it is now", "bob\@$type.table.example", $type, qr/^Subject: \[TABLE\].*$removed/ms);
}
loud_skip("postmap $_", 0) for grep { !$made{$_} } sort keys %made;
one('list of names', 'bob@names.example', 'names', $as_it_was);
one('list of names, blocked', 'carol@names.example', 'names', qr/name="a\.txt\.defanged"/, name => 'a.txt');
one('notice text', 'bob@words.example', 'words', qr/gone, [^\n]*\.\r\nAsk the helpdesk of Example Ltd, \d{4}/);
one('notice in German', 'bob@de.example', 'german', qr/wurde vom Inhaltsfilter entfernt/);
one('notice in French', 'bob@fr.example', 'french', qr/Le filtre de contenu a supprim=C3=A9 une/);
one('notice in the language of the message', 'bob@auto.example', 'auto', qr/wurde vom Inhaltsfilter entfernt/, header => 'Content-Language: de');
one('banner', 'bob@banner.example', 'banner', qr/This came from outside\.(?:\r\n)+A text before it/);
one('size, over', 'bob@size.example', 'big', $removed, content => noise(20_000));
one('size, under', 'carol@size.example', undef, $renamed);
my %document = (name => 'doc.fodt', content => '<?xml version="1.0"?><office:document><script:module script:name="One">Sub A</script:module></office:document>');
one('macros', 'bob@macros.example', 'macros', qr/name="doc\.fodt\.defanged"/, %document);
one('macros that no rule is about', 'dora@example.net', undef, qr/name="doc\.fodt"/, %document);
one('what was found', 'bob@lab.example', 'infected', qr/name="v\.txt"/, name => 'v.txt', content => eicar());
subtest 'quarantine' => sub {
	through(to => ['bob@keep.example'], name => 'clean.dat');
	my $r = record_of('bob@keep.example');
	is($r->{rules}, 'keep', 'the rule');
	ok($r->{quarantine} && -f "$other/$r->{quarantine}", 'all, in its own directory') or diag($r->{''});
	through(to => ['bob@off.example']);
	is(record_of('bob@off.example')->{quarantine}, undef, 'none');
	through(to => ['carol@example.net']);
	ok(-f "$p->{quarantine}/" . (record_of('carol@example.net')->{quarantine} // 'none'), 'of others where it was');
};
subtest 'notify' => sub {
	through(to => ['bob@tell.example']);
	my ($note) = wait_for(sub { grep { $_->{data} =~ /^X-Spawnscan-Notice: /m } $sink->messages }, 30) ? grep { $_->{data} =~ /^X-Spawnscan-Notice: /m } $sink->messages : ();
	ok($note, 'a notice') or return diag(tail());
	is_deeply([map { /<([^>]*)>/ } @{$note->{rcpt}}], ['helpdesk@tell.example'], 'to whom the rule says');
};

# -- copies ------------------------------------------------------------------------------

subtest 'two recipients, two copies' => sub {
	my @to = ('pat@domain.example', 'quinn@sub.example', 'rita@deep.sub.example');
	my $got = through(to => \@to);
	like($got->{$to[0]}, $as_it_was, 'one as it was');
	like($got->{$to[1]}, $renamed, 'one renamed');
	like($got->{$to[2]}, $removed, 'one removed');
	my ($first) = header_of($got->{$to[0]}, 'X-Spawnscan-Result');
	like($first // '', qr/^blocked action=tag/, 'each has its own mark');
	is(scalar(() = $p->maillog =~ /to=<(?:pat|quinn|rita)\@\S*>, relay=127\.0\.0\.1\S*:$p->{filter_port}\S*.* status=sent/g), 3, 'Postfix has heard of three');
	ok($p->empty_queue, 'and keeps none');
};
subtest 'one is dropped' => sub {
	my @to = ('sam@drop.example', 'tina@domain.example');
	my $got = through(to => \@to, gone => [$to[0]]);
	is_deeply([sort keys %$got], [$to[1]], 'the other gets it');
	is(record_of('sam@drop.example')->{outcome}, 'discarded', 'log');
};
subtest 'one is refused, by SMTP: one reply for all' => sub {
	my @to = ('uma@no.example', 'vera@domain.example');
	my $got = through(to => \@to, gone => \@to);
	ok($p->empty_queue, 'nothing is left') or diag(tail());
	is_deeply([keys %$got], [], 'nobody gets it');
	is(scalar(() = $p->maillog =~ /to=<(?:uma|vera)\@\S*>.* status=bounced/g), 2, 'and Postfix says so of each');
	like($p->filter_log_text, qr/the strictest holds/, 'log');
};
$p->stop;

# By LMTP each recipient has a reply, and so an outcome.
$p = PrivatePostfix->start(sink => $sink->port, section => 'C', main => \@main, conf => { language_dir => $languages });
write_file($p->{conf}, read_file($p->{conf}) . "\n$rules", 0644);
subtest 'one is refused, by LMTP: a reply each' => sub {
	my @to = ('wim@no.example', 'xena@domain.example', 'yves@deep.sub.example');
	my $got = through(to => \@to, gone => [$to[0]]);
	is_deeply([sort keys %$got], [@to[1, 2]], 'two get it');
	like($got->{$to[1]} // '', $as_it_was, 'one as it was');
	like($got->{$to[2]} // '', $removed, 'one without the attachment');
	ok($p->empty_queue, 'nothing is left') or diag(tail());
	like($p->maillog, qr/to=<wim\@no\.example>.* status=bounced/, 'Postfix bounces for the one');
	like($p->maillog, qr/to=<\Q$_\E>.* status=sent/, "and has sent to $_") for @to[1, 2];
	my ($bounce) = grep { $_->{mail} =~ /FROM:<>/ && $_->{data} =~ /wim\@no\.example/ } $sink->messages;
	ok($bounce, 'the sender hears of it');
	unlike($bounce->{data} // '', qr/^Final-Recipient:[^\n]*(?:xena|yves)/mi, 'and of no other');
};
# A milter is told who has logged in; XCLIENT says so here, in place of SASL.
subtest 'authenticated' => sub {
	my ($conf, $port) = (conf_file(), free_port());
	write_file($conf, read_file($conf) . "\n[rule known]\nauthenticated = yes\nblocked = remove\n", 0644);
	open my $null, '+<', '/dev/null' or die;
	my $milter = start_process(fds => [$null, $null, $null], cmd => [spawnscan_cmd('-c', $conf, '--milter', "127.0.0.1:$port")]);
	my $m = PrivatePostfix->start(sink => $sink->port, section => '', main => [@main, "smtpd_milters = inet:127.0.0.1:$port", 'milter_default_action = tempfail',
	    'smtpd_sasl_auth_enable = yes', 'smtpd_sasl_security_options = noanonymous']);
	for (['nobody', '', $renamed], ['alice', 'LOGIN=alice', $removed]) {
		my ($who, $login, $like) = @$_;
		my $mail = message();
		my ($id) = header_of($mail, 'Message-ID');
		my $c = $m->client;
		if ($login) {
			like($c->cmd("XCLIENT $login") // '', qr/\A220 /, "login of $who");
			$c->cmd('EHLO client.example');
		}
		my $told = wait_for(sub { ($c->deliver(mail => $mail, to => ['bob@example.net'], from => 'alice@example.org') // '') =~ /\A250 / }, 30);
		ok($told, 'Postfix takes it') or diag($m->maillog);
		$c->cmd('QUIT');
		my $got;
		wait_for(sub { ($got) = grep { ((header_of($_->{data}, 'Message-ID'))[0] // '') eq $id } $sink->messages }, 20);
		like($got ? $got->{data} : '', $like, "what arrives of $who");
	}
	$m->stop;
	kill 'TERM', $milter;
};

$p->stop;
$sink->stop;
done_testing;
