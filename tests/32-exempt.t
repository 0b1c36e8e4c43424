#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# exempt_clients, exempt_senders, exempt_recipients: who may send programs. What
# the facts of a session (XFORWARD, MAIL, RCPT) make of the rules on names and
# types, and that nothing else is let through.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;

my $text = part('Content-Type: text/plain', "text\n");
sub holding { return crlf(mail(parts => [$text, @_])) }
my $named = holding(attachment('a.exe', noise(99)));
my $d = Downstream->start(on => {XFORWARD => sub {
	return $_[1] =~ /REFUSED/ ? "550 5.7.1 You are not authorized\r\n" : undef;
}});

# One message through a session: the result header, what came out, the record.
my $n = 0;
sub through {
	my (%a) = @_;
	my $c = SmtpClient->filter(to => $d->address, conf => $a{conf});
	$c->hello;
	like($c->cmd("XFORWARD $a{xforward}"), $a{xforward} =~ /REFUSED/ ? qr/\A550 / : qr/\A250 /, 'XFORWARD') if $a{xforward};
	like($c->deliver(mail => $a{mail} // $named, map { $_ => $a{$_} } grep { defined $a{$_} } qw(from to)), qr/\A250 /, 'delivered');
	is($c->quit, 0, 'QUIT');
	$n++;
	my $m = ($d->wait_messages($n))[$n - 1] // {};
	my ($rest, undef, $result) = split_marks($m->{data} // '');
	return ($result // '', $rest // '', last_record($c->log), $c);
}

sub exempt_is {
	my ($name, $list, %a) = @_;
	subtest "$name: exempt" => sub {
		my ($result, $rest, $r, $c) = through(%a);
		same_bytes($rest, $a{mail} // $named, 'as it was');
		like($result =~ s/\r\n\t//gr, qr/\AX-Spawnscan-Result: blocked action=tag part=2 reason="[^"]+" exempt=$list\b/, 'the result header says so');
		is("$r->{verdict} $r->{action} $r->{exempt}", "blocked tag $list", 'the log as well');
		is(scalar $c->quarantined, 0, 'nothing is kept');
	};
}

sub subject_is {
	my ($name, %a) = @_;
	subtest "$name: not exempt" => sub {
		my ($result, $rest, $r) = through(%a);
		like($result, qr/blocked action=defang/, 'the result header says so');
		like($rest, qr/\.defanged"/, 'renamed');
		unlike($rest, qr/exempt/, 'not exempt');
		is("$r->{verdict} $r->{action}", 'blocked defang', 'the log as well');
		is($r->{exempt}, undef, 'and of no exemption');
	};
}

my %client = (exempt_clients => '192.0.2.16/28 203.0.113.7 2001:db8:7::/48 *.friends.example');
exempt_is('an address', 'client', conf => \%client, xforward => 'NAME=x.example ADDR=203.0.113.7');
exempt_is('an address in a network', 'client', conf => \%client, xforward => 'ADDR=192.0.2.31');
exempt_is('an IPv6 address in a network', 'client', conf => \%client, xforward => 'ADDR=IPv6:2001:db8:7:ffff::1');
exempt_is('IPv4 as IPv6', 'client', conf => \%client, xforward => 'ADDR=IPV6:::ffff:192.0.2.17');
exempt_is('a name', 'client', conf => \%client, xforward => 'NAME=Mail.Friends.EXAMPLE ADDR=198.51.100.1');
exempt_is('everybody', 'client', conf => {exempt_clients => '*'}, xforward => 'NAME=x.example ADDR=198.51.100.1');
subject_is('no XFORWARD', conf => \%client);
subject_is('no XFORWARD, and everybody would be', conf => {exempt_clients => '* 0.0.0.0/0 ::/0'});
subject_is('unavailable', conf => {exempt_clients => '* 0.0.0.0/0 ::/0'}, xforward => 'NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] HELO=[UNAVAILABLE]');
subject_is('temporarily unavailable', conf => {exempt_clients => '* 0.0.0.0/0 ::/0'}, xforward => 'NAME=[TEMPUNAVAIL]');
subject_is('refused by the server, so forged', conf => \%client, xforward => 'ADDR=203.0.113.7 IDENT=REFUSED');
subject_is('the next address', conf => \%client, xforward => 'ADDR=203.0.113.8');
subject_is('an address beside the network', conf => \%client, xforward => 'ADDR=192.0.2.32');
subject_is('an IPv6 address beside the network', conf => \%client, xforward => 'ADDR=IPV6:2001:db8:8::1');
subject_is('a name that ends otherwise', conf => \%client, xforward => 'NAME=friends.example.evil.example ADDR=198.51.100.1');
subject_is('a name in HELO', conf => \%client, xforward => 'NAME=x.example ADDR=198.51.100.1 HELO=mail.friends.example');
subject_is('an address for a name', conf => \%client, xforward => 'NAME=203.0.113.7 ADDR=198.51.100.1');
subject_is('a name that nobody verified', conf => {exempt_clients => '*n'}, xforward => 'NAME=unknown ADDR=198.51.100.1');
subject_is('an address that is none', conf => {exempt_clients => '0.0.0.0/0 ::/0'}, xforward => 'NAME=x ADDR=203.0.113.7.1');

my %sender = (exempt_senders => 'build@example.org *@Tools.example');
exempt_is('a sender', 'sender', conf => \%sender, from => 'Build@EXAMPLE.org');
exempt_is('a sender of a domain', 'sender', conf => \%sender, from => 'anyone@tools.example');
exempt_is('the null sender', 'sender', conf => {exempt_senders => '<>'}, from => '');
subject_is('another sender', conf => \%sender, from => 'rebuild@example.org');
subject_is('a sender of a domain behind it', conf => \%sender, from => 'a@tools.example.evil.example');
subject_is('the null sender, not named', conf => \%sender, from => '');
subject_is('a sender of brackets', conf => {exempt_senders => '<>'}, from => 'a@example.org');
subject_is('a sender in the From field only', conf => \%sender, from => 'x@evil.example',
    mail => crlf(mail(from => 'build@example.org', parts => [$text, attachment('a.exe', noise(99))])));

my %to = (exempt_recipients => 'lab@example.net *@malware.example');
exempt_is('a recipient', 'recipients', conf => \%to, to => ['LAB@example.net']);
exempt_is('all of three', 'recipients', conf => \%to, to => ['lab@example.net', 'a@malware.example', 'b@malware.example']);
subject_is('another recipient', conf => \%to, to => ['bob@example.net']);
subtest 'one of three is another: a copy of its own' => sub {
	my $c = SmtpClient->filter(to => $d->address, conf => \%to);
	$c->hello;
	like($c->deliver(mail => $named, to => ['lab@example.net', 'bob@example.net', 'a@malware.example']), qr/\A250 /, 'delivered');
	$c->quit;
	my @m = ($d->wait_messages($n += 2))[-2, -1];
	is_deeply([map { @{$_->{rcpt}} } $m[0]], ['RCPT TO:<lab@example.net>', 'RCPT TO:<a@malware.example>'], 'those who are exempt');
	like($m[0]{data}, qr/name="a\.exe"/, 'get it as it was');
	is_deeply($m[1]{rcpt}, ['RCPT TO:<bob@example.net>'], 'and the one who is not');
	like($m[1]{data}, qr/name="a\.exe\.defanged"/, 'does not');
};
# One address to us, and perhaps another one to whoever delivers: no address for this.
subject_is("no plain address: $_", conf => {exempt_recipients => '*@malware.example *'}, to => [$_])
    for '"bob"@malware.example', 'bob(x)@malware.example', '"evil@example.net"@malware.example', 'bob@malware.example.', '@relay.example:bob@malware.example',
    '.bob@malware.example', 'b..ob@malware.example', 'bob@malware..example', 'bob', 'bob@[192.0.2.1]', 'bob@example.net@malware.example', 'bob%example.net @malware.example';
subject_is("no plain sender: $_", conf => {exempt_senders => '*@tools.example *'}, from => $_) for '"a"@tools.example', 'a(b)@tools.example';
{
	my @many = map { $_ . 'x' x 1400 . '@malware.example' } 1 .. 400;
	exempt_is('many recipients', 'recipients', conf => \%to, to => [@many[0 .. 99]]);
	exempt_is('very many recipients', 'recipients', conf => \%to, to => \@many);
}

# Which rules are passed over, and that it is these and no others.
my %all = (exempt_senders => '*');
exempt_is('deny_names', 'sender', conf => {%all, deny_names => '*.txt'}, mail => holding(attachment('a.txt', noise(99))));
exempt_is('executables', 'sender', conf => \%all, mail => holding(attachment('a.bin', "MZ\x90\0\3\0\0\0" . noise(400))));
exempt_is('names in an archive', 'sender', conf => \%all, mail => holding(attachment('a.zip', zip_of(['a.exe', noise(99)]), type => 'application/zip')));
my @kept = (
	infected => 'remove', holding(attachment('eicar.exe', eicar())),
	encrypted => 'reject', holding(attachment('a.zip', zip_of(['secret.txt' => noise(300)], encrypted => 1), type => 'application/zip')),
	limit => 'remove', crlf(mail(parts => [part('Content-Type: multipart/mixed; boundary=i1', "--i1\n"
	    . part('Content-Type: multipart/mixed; boundary=i2', "--i2\n" . attachment('a.bin', noise(99)) . "\n--i2--\n") . "\n--i1--\n")])),
	blocked => 'remove', crlf(mail(parts => [$text, part('Content-Type: message/partial; id=a; number=1; total=2', "x\n")])),
);
while (my ($class, $action, $mail) = splice @kept, 0, 3) {
	subtest "$class: not passed over" => sub {
		my %conf = (%all, mime_depth_limit => 2, $class eq 'blocked' ? () : ($class => $action));
		my $c = SmtpClient->filter(to => $d->address, conf => \%conf);
		$c->hello;
		like($c->deliver(mail => $mail), $action eq 'reject' ? qr/\A550 / : qr/\A250 /, 'reply');
		$n++ unless $action eq 'reject';
		$c->quit;
		my $r = last_record($c->log);
		is("$r->{verdict} $r->{action}", "$class $action", 'log');
	};
}
$d->wait_messages($n);
subtest 'the inspection failed: not passed over' => sub {
	my $c = SmtpClient->filter(to => $d->address, conf => {%all, database => '/nonexistent'});
	$c->hello;
	like($c->deliver(mail => $named), qr/\A451 /, 'reply');
	$c->quit;
	is(last_record($c->log)->{verdict}, 'error', 'log');
};
subtest 'what is let through anyway' => sub {
	my ($result, $rest, $r) = through(conf => {%all, blocked => 'pass'});
	unlike($rest, qr/defanged/, 'as it was');
	is("$r->{verdict} $r->{action}", 'blocked pass', 'log');
	is($r->{exempt}, undef, 'no rule was passed over');
	($result, $rest, $r) = through(conf => \%all, mail => holding(attachment('a.pdf', noise(99))));
	is("$r->{verdict} $r->{action}", 'clean pass', 'log of a clean one');
	is($r->{exempt}, undef, 'no rule was passed over');
};
subtest 'one mail by hand has no envelope' => sub {
	for my $conf ({exempt_senders => '* <>'}, {exempt_recipients => '*'}, {exempt_clients => '* 0.0.0.0/0 ::/0'}) {
		my $r = spawnscan(in => $named, conf => $conf);
		is(last_record($r->{log})->{action}, 'defang', join ' ', %$conf);
	}
};

$d->stop;
is_deeply([scratch_left()], [], 'no scratch directory is left');
done_testing;
