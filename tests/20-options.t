#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Options, addresses, configuration files and databases: the good ones work,
# each bad one gives a code of <sysexits.h> and one clear sentence on stderr.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;
use Downstream;
use SmtpClient;

my $mail = mail();
my $infected = mail(parts => [part('Content-Type: text/plain', "x\n"), attachment('eicar.txt', eicar())]);
my $conf = conf_file();
my $dir = subdir();

# -- one clear sentence -------------------------------------------------------

sub refused {
	my ($name, $code, $says, %a) = @_;
	subtest $name => sub {
		my $r = spawnscan(in => $mail, conf => undef, %a);
		is($r->{code}, $code, "exit code $code");
		is($r->{out}, '', 'nothing on stdout');
		like($r->{err}, qr/\Aspawnscan: [^\n]+\n\z/, 'one line on stderr, with our name in front') or return;
		like($r->{err}, $says, 'it says what is wrong');
		like($r->{err}, qr/\A[\x20-\x7e\n]*\z/, 'printable');
		cmp_ok(length $r->{err}, '<', 1100, 'and not too long');
	};
}

# -- options --------------------------------------------------------------------

refused('unknown short option', 64, qr/-z/, args => ['-z']);
refused('unknown long option', 64, qr/--frobnicate/, args => ['--frobnicate']);
refused("option without its argument: $_", 64, qr/$_\b/, args => ['-c', $conf, $_]) for '-o', '-d';
refused('option without its argument: -c', 64, qr/-c\b/, args => ['-c']);
refused('long option with an argument it does not take', 64, qr/--backup/, args => ['--backup=yes']);
refused('two addresses', 64, qr/127\.0\.0\.1:26/, args => ['-c', $conf, '127.0.0.1:25', '127.0.0.1:26']);

# -- addresses --------------------------------------------------------------------

for my $address ('', ':', '127.0.0.1', '127.0.0.1:', ':25', '127.0.0.1:0', '127.0.0.1:65536', '127.0.0.1:99999999999999999999',
    '127.0.0.1:-1', '127.0.0.1: 25', '::1:25', '[::1]', '[::1]:', '[::1:25', '::1]:25', '[]:25', '[::1]25',
    'inet:', 'inet:127.0.0.1', 'inet:127.0.0.1:', 'unix:', 'unix:relative/path', 'unix:/' . 'x' x 200, 'smtp:127.0.0.1:25',
    'x' x 5000, "a\nb:25", "127.0.0.1:25\n", "h\xc3\xb6st\x1b[2J:25", 'a b:25') {
	refused('bad address: ' . substr(Harness::printable($address), 0, 60), 64, qr/./, args => ['-c', $conf, $address]);
}

# -- settings -----------------------------------------------------------------------

my %bad = (
	scanner => ['', 'other', 'clamd', 'clamd:', 'clamd:relative/path', 'clamd:host', 'clamd:host:0', 'clamd:::1:3310',
	    'libclamav clamd:/path', 'clamd:/' . 'x' x 200],
	database => [''],
	inspector => ["a\tb"],
	cvd_certs_dir => ["a\tb", 'x' x 5000],
	max_signature_age => ['-1', 'x', '366d'],
	engine_reload => ['', 'yes', 'later'],
	engine_cache => ['-1', 'x', '99999999999'],
	engine_cache_min => ['0', 'x', '2G'],
	sandbox => ['yes', 'on', ''],
	scratch_dir => ['', 'x' x 5000],
	inspect_timeout => ['0', '-1', 'x', '', '1.5', '5x', '99999999999999999999999', '10 s', '2d'],
	inspect_cpu => ['-1', 'x', '', '1.5', '5x', '99999999999999999999999', '10 s', '2d'],
	memory_limit => ['-1', 'much', '1X'],
	scan_size_limit => ['0', 'x'],
	scan_file_limit => ['0', '3G', 'x'],
	scan_depth_limit => ['0', '101', '1K'],
	scan_files_limit => ['0', 'x'],
	(map { $_ => ['', 'maybe'] } qw(detect_pua phishing_signatures phishing_scan_urls alert_broken_executables alert_broken_media alert_phishing_ssl_mismatch alert_phishing_cloak alert_partition_intersection)),
	try_passwords => ['maybe', ''],
	passwords => ["a\x01b", 'x' x 20000],
	(map { $_ => ['', 'delete', 'wrap', 'remove,reject', 'yes'] } qw(infected blocked encrypted unopened limit ambiguous partial)),
	verdicts => ['relative', "/a\tb", '/' . 'x' x 5000],
	error => ['', 'pass', 'tag', 'remove', 'defang', 'discard'],
	block_extensions => ['*.exe', 'a/b', 'exe?'],
	deny_names => ["a\x01b"],
	allow_names => ["a\x7fb"],
	(map { $_ => ['pdf', 'application/pdf zip'] } qw(block_types allow_types)),
	attachment_size_limit => ['x', '-1'],
	default => ['', 'allow', 'reject'],
	block_executables => ['maybe', '2', ''],
	archive_names => ['maybe', ''],
	block_macros => ['maybe', '', 'autoopen'],
	block_active_pdf => ['maybe', ''],
	block_html_smuggling => ['maybe', '', 'yes', 'wrap'],
	exempt_clients => ['10.1.2.3/8', '10.0.0.0/33', '10.0.0', '10.1.*', '2001:db8::1/32', '::/129', 'a.example/8', '10.0.0.0/', "a\x01b"],
	exempt_senders => ["a\x01b", 'hash:/etc/x', 'cdb:x', 'a@<b>', 'file:'],
	exempt_recipients => ["a\x01b", 'pcre:/etc/x', '10.0.0.0/8'],
	exempt => ['', 'maybe', 'senders'],
	rule => ["a\x01b"],
	direction => ['', 'inwards', 'both'],
	message_size_limit => ['0', '-5', 'x'],
	mime_depth_limit => ['0', '1001'],
	mime_parts_limit => ['0', '10001'],
	header_size_limit => ['0', '65M'],
	header => ['perhaps', ''],
	notice => ["h\xe4", "h\xc3", "h\xc0\xa4", 'a\\tb', 'x' x 1000],
	notice_language => ['', 'de_DE', '../de', '-de', 'DE', "d\xe4", 'x' x 40],
	language_dir => ['', 'relative'],
	notice_line => ['sometimes', ''],
	notice_renamed => ['perhaps'],
	quarantine_to_only => ['perhaps'],
	(map { $_ => ["h\xe4", "a\tb", 'x' x 1000] } qw(banner banner_html disclaimer disclaimer_html)),
	subject_tag => ["h\xe4", 'x' x 200],
	contact => ['', "h\xe4", 'x' x 300],
	quarantine => ['', 'some', 'yes'],
	quarantine_min_free => ['x', '-1', '1T', ''],
	poison => ['', 'defang', 'yes'], poison_tries => ['-1', '1001', ''], poison_time => ['x', '31d'],
	quarantine_dir => ['', 'x' x 5000],
	(map { $_ => ['nobody', '@example.com', 'x@', '-x@example.com', 'a b@example.com', '<a@example.com>', 'a@b,c@d', "h\xe4\@example.com"] } qw(quarantine_to notify_to)),
	notify_classes => ['virus', 'infected clean'],
	notify_interval => ['-1', 'x', '31d'],
	notify_via => ['nowhere', '127.0.0.1', 'unix:relative', '/usr/sbin/sendmail'],
	log => ['', 'file', 'file:', 'file:relative', 'somewhere', 'stdout'],
	syslog_facility => ['', 'kern', 'local8'],
	syslog_name => ['', 'a b', "a\tb", 'x' x 100],
	log_format => ['', 'xml', 'key=value'],
	log_attachments => ['', 'maybe'],
	engine_metrics_file => ['engine.prom'],
	metrics_file => ['metrics.prom', './metrics.prom'],
	log_level => ['', 'loud', '7'],
	bare_newline => ['', 'pass'],
	(map { $_ => ['0', 'x', '2d', ''] } qw(connect_timeout command_timeout data_timeout reply_timeout send_timeout final_timeout session_timeout)),
	line_limit => ['511', '65537', 'x'],
	recipient_limit => ['0', 'x'],
	error_limit => ['0', 'x'],
	proxy_clients => ['mail.example', '10.0.0.0/33', '*', '10.1.2.3/8'],
	proxy_xforward_clients => ['mail.example', '10.1.2.3/8'],
	proxy_processes => ['0', '10001', 'x'],
	proxy_user => ['x' x 40, "a\tb"],
	proxy_socket_mode => ['', '0777', '660'],
	proxy_drain => ['-1', 'x', '2d'],
	proxy_metrics_file => ['proxy.prom'],
	sendmail_path => ['', 'sendmail', './sendmail'],
	scan => ['', 'full'],
	view_limit => ['0', 'x'],
	view_size_limit => ['0', 'x'],
	engine => ['', 'yes', 'on'],
	engine_socket => ['', '/' . 'x' x 200],
	engine_socket_mode => ['', '0777', '660', 'rw'],
	engine_user => ['x' x 40, "a\tb"],
	engine_users => ["a\x01b"],
	engine_inspectors => ['0', 'x'],
	reload_check => ['-1', 'x'],
	engine_pid_file => ["a\tb"],
);
delete @bad{grep { /engine|reload_check|scan\z|view/ && !$SECTION{$_} } keys %bad};
is_deeply([sort keys %bad], [sort keys %SECTION], 'every key is tried');
for my $key (sort keys %bad) {
	for my $value (@{$bad{$key}}) {
		refused("-o $key=" . substr(Harness::printable($value), 0, 40), 78, qr/\b$key\b/, args => ['-c', $conf, '-o', "$key=$value"]);
	}
}
refused('a virus without a mark', 78, qr/infected = tag and header = no/, args => ['-c', $conf, '-o', 'infected=tag', '-o', 'header=no']);
refused('-o of an unknown key', 78, qr/unknown key "frobnicate"/, args => ['-c', $conf, '-o', 'frobnicate=yes']);
refused('-o without =', 78, qr/header/, args => ['-c', $conf, '-o', 'header']);
refused('-o in a wrong section', 78, qr/\[marks\]/, args => ['-c', $conf, '-o', 'scan.header=yes']);
refused('-o of nothing', 78, qr/./, args => ['-c', $conf, '-o', '']);
refused('-o key with control characters', 78, qr/./, args => ['-c', $conf, '-o', "a\nb=\e[2J"]);

# -- files ------------------------------------------------------------------------------

refused('no such file', 78, qr{/none}, args => ['-c', "$dir/none"]);
refused('a directory', 78, qr/\Q$dir\E/, args => ['-c', $dir]);
SKIP: {
	# Root may read everything; an unreadable file is one for another user.
	my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
	loud_skip('needs root to become nobody', 1) if $> || !defined $uid;
	loud_skip("$BUILD cannot be reached by nobody", 1)
	    unless run(cmd => ['setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', 'test', '-x', "$BUILD/spawnscan"])->{code} == 0;
	my $secret = write_file(tmpdir() . '/secret.conf', "[marks]\nheader = no\n", 0600);
	my $r = run(cmd => ['setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', spawnscan_cmd('-c', $secret)], in => $mail);
	is($r->{code}, 78, 'a file that may not be read: 78');
	like($r->{err}, qr/\Aspawnscan: [^\n]*secret\.conf[^\n]*\n\z/, 'one sentence');
}
my $n = 0;
for (
	['unknown key', "[scan]\n\nfrob = 1\n", 3, qr/unknown key "frob"/],
	['unknown section', "\n[frob]\nheader = no\n", 3, qr/frob/],
	['key in a wrong section', "[scan]\nheader = no\n", 2, qr/\[marks\]/],
	['bad value', "[marks]\n# a comment\nheader = perhaps\n", 3, qr/header.*yes or no/],
	['neither key nor section', "[marks]\nheader\n", 2, qr/./],
	['a section that is not closed', "[marks\nheader = no\n", 1, qr/./],
	['a key twice', "[marks]\nheader = no\nheader = yes\n", 3, qr/header/],
	['a NUL', "[marks]\nheader = n\0o\n", 2, qr/NUL/],
	['a very long line', "[marks]\nnotice = " . 'x' x 500 . "\n", 2, qr/line/],
	['not a configuration at all', join('', map chr, 1 .. 255), 1, qr/./],
) {
	my ($name, $text, $line, $says) = @$_;
	my $file = write_file("$dir/" . ++$n . '.conf', $text);
	refused("file: $name", 78, qr/\Q$file\E:$line: .*$says/s, args => ['-c', $file]);
}
{
	# Under spawn(8) the client must hear of it.
	my $d = Downstream->start;
	my $c = SmtpClient->filter(to => $d->address, conf => "$dir/1.conf");
	like($c->reply // '', qr/\A421 [^\n]*\r\n\z/, 'bad file, on a socket: 421');
	ok($c->at_end, 'and the end');
	is($c->exit_code, 78, 'exit code 78');
	ok($c->only_replies, 'no sentence in the session');
	is($d->connections, 0, 'the downstream was not troubled');
	$d->stop;
}

# -- options that work ------------------------------------------------------------------------

{
	my $r = spawnscan(in => $mail, conf => write_file("$dir/empty.conf", ''),
	    args => ['-d', signature_dir(), '-o', "scratch_dir=" . subdir('scratch', 01777), '-o', "log=file:$dir/log", '-o', 'quarantine_dir=' . subdir(),
	    Harness::sanitized() ? ('-o', 'memory_limit=0') : ()]);
	is($r->{code}, 0, 'an empty file and -d') or diag($r->{err});
	same_bytes((split_marks($r->{out}))[0], $mail, 'the defaults work');

	$r = spawnscan(in => $infected, conf => {database => '/nonexistent'}, args => ['-d', signature_dir()]);
	is($r->{code}, 0, '-d overrides the file');
	like($r->{out}, qr/Eicar-Test-Signature/, 'and its signatures are used');
	$r = spawnscan(in => $infected, conf => {database => '/nonexistent'}, args => ['-d', signature_dir() . '/tests.ndb']);
	is($r->{code}, 0, '-d takes a file as well');

	$r = spawnscan(in => $infected, conf => {infected => 'tag'}, args => ['-o', 'infected=reject']);
	is($r->{code}, 69, '-o overrides the file');
	$r = spawnscan(in => $infected, conf => {infected => 'tag'}, args => ['-o', 'actions.infected = reject']);
	is($r->{code}, 69, '-o with section and blanks');
	$r = spawnscan(in => $infected, args => ['-o', 'infected=tag', '-o', 'infected=reject']);
	is($r->{code}, 69, 'the last -o wins');
	$r = spawnscan(in => $infected, args => ['-o', 'infected=reject', '-o', 'infected=tag']);
	is($r->{code}, 0, 'either way');
	$r = spawnscan(in => $infected, args => ['-o', 'INFECTED=reject']);
	ok($r->{code} == 78 || $r->{code} == 69, 'an upper-case key is refused or obeyed, not ignored');

	$r = spawnscan(in => $mail, args => ['-v']);
	like($r->{err}, qr/\Aspawnscan: event=message .*verdict=clean[^\n]*\n\z/, '-v: the log record on stderr, one line');
	same_bytes((split_marks($r->{out}))[0], $mail, '-v: stdout is the mail');
	$r = spawnscan(in => $mail, args => ['-vv']);
	like($r->{err}, qr/event=message/, '-vv as well');
	$r = spawnscan(in => $mail, args => ['-bqv', '-o', 'header=no']);
	is($r->{code}, 0, 'short options together');
	$r = spawnscan(in => $mail, args => ['--backup', '--quarantine']);
	is($r->{code}, 0, 'long options');
	is(scalar(grep { !/\.meta/ } glob "$r->{quarantine}/*/*"), 0, 'the last of -b and -q wins');
	$r = spawnscan(in => $mail, args => ['--']);
	is($r->{code}, 0, '-- ends the options');
}

for my $h ('-h', '--help') {
	my $r = spawnscan(conf => undef, args => [$h]);
	is($r->{code}, 0, "$h: 0");
	is($r->{err}, '', "$h: nothing on stderr");
	like($r->{out}, qr/^usage: spawnscan/i, "$h: usage on stdout");
	like($r->{out}, qr/(?<!\w)\Q$_\E(?!\w)/, "$h tells of $_") for qw(-b --backup -q --quarantine -c -o -d -v -V --version -h --help);
}
for my $v ('-V', '--version') {
	my $r = spawnscan(args => [$v]);
	is($r->{code}, 0, "$v: 0") or diag($r->{err});
	is($r->{err}, '', "$v: nothing on stderr");
	my ($version) = (read_file("$SRC/Makefile") // '') =~ /^VERSION\s*=\s*(\S+)/m;
	like($r->{out}, qr/^spawnscan \Q$version\E\b/, "$v: our version");
	like($r->{out}, qr/ClamAV \d+\.\d+/, "$v: ClamAV's");
	like($r->{out}, qr/signatures 2\b/, "$v: number of signatures");
	like($r->{out}, qr/^sandbox resource limits, .*(?:Landlock|no Landlock).*seccomp/m, "$v: which walls stand");
	$r = spawnscan(conf => {database => '/nonexistent'}, args => [$v]);
	isnt($r->{code}, 0, "$v without signatures: not 0");
	like($r->{err}, qr{/nonexistent}, "$v without signatures: says so");
}

# As in a cron job, where both are one pipe, or one file: whatever is wrong is said.
{
	write_file("$dir/one.eml", $mail);
	my ($empty, $broken) = map { subdir(undef, 0755) } 1, 2;
	write_file("$broken/broken.ndb", "no signature\n", 0644);
	write_file("$dir/crashes", "#!/bin/sh\nkill -SEGV \$\$\n", 0755);
	write_file("$dir/unknown.conf", "[scan]\nno_such_key = 1\n", 0644);
	my %with = map { my ($key, $value) = split /=/; ("$key=$value" => ['-c', conf_file($key => $value)]) }
	    'database=/nonexistent', "database=$empty", "database=$broken", 'inspector=/nonexistent', 'inspector=/bin/false',
	    "inspector=$dir/crashes", 'scanner=clamd:/nonexistent', 'scratch_dir=/nonexistent';
	my @broken = map { [$with{$_}, [], qr/./] } sort keys %with;
	my @wrong = ([['-c', '/nonexistent'], [], qr{/nonexistent}], [['-c', "$dir/unknown.conf"], [], qr/no_such_key/],
	    [['-c', $conf, '-o', 'no_such_key=1'], [], qr/no_such_key/], [['-c', $conf, '-o', 'inspect_timeout=never'], [], qr/inspect_timeout/],
	    [['-c', $conf, '--no-such-option'], [], qr/--no-such-option/], [['-c', $conf], ['--no-such-option'], qr/--no-such-option/],
	    [['-c', $conf], ['-o'], qr/-o/], [['-c', $conf], ['127.0.0.1:25', 'again'], qr/./]);
	my @cases = ((map { [$_->[0], '-V', $_->[1], $_->[2]] } @broken, @wrong),
	    (map { [$_->[0], '--explain', ["$dir/one.eml", @{$_->[1]}], $_->[2]] } @broken, @wrong),
	    (map { [$_->[0], '--print-config', $_->[1], $_->[2]] } @wrong),
	    [['-c', $conf, '-o', 'engine=require', '-o', "engine_socket=$dir/none", '-o', 'inspect_timeout=2'], '--explain', ["$dir/one.eml"], qr/engine/],
	    [['-c', $conf, '-o', 'message_size_limit=100'], '--explain', ["$dir/one.eml"], qr/message_size_limit/],
	    (map { [['-c', $conf], '--explain', @$_] } [[], qr/--explain/], [["$dir/none.eml"], qr/none\.eml/], [[$dir], qr/\Q$dir\E/],
		[["$dir/one.eml", '127.0.0.1:25'], qr/./], [['--rule-for', 'alice@example.org'], qr/--rule-for/],
		[['--rule-for', 'alice@example.org', 'bob@example.net', 'x' x 5000], qr/client/]),
	    [['-c', $conf], '-V', ['--json'], qr/--json/], [['-c', $conf], '-V', ['--explain', "$dir/one.eml", '--sendmail'], qr/--sendmail/]);
	together(map {
		my ($first, $option, $last, $says) = @$_;
		my @args = (@$first, $option, @$last);
		my $name = Harness::printable(substr "@args", 0, 120);
		($name => sub {
			for my $to ('>"$0" 2>&1', '2>&1 | cat >"$0"') {
				my $out = "$dir/one.$$.out";
				my $r = run(cmd => ['bash', '-c', "set -o pipefail; \"\$@\" $to", $out, spawnscan_cmd(@args)]);
				isnt($r->{code}, 0, "$to: not 0");
				like(read_file($out), qr/^spawnscan(?:-inspect)?: .*$says/m, "$to: and why");
			}
		});
	} @cases);
	for (['--version', '--no-such-option'], ['--no-such-option', '--version'], ['--version', 'word'], ['--version', '-d', '/nonexistent']) {
		my $r = run(cmd => ['sh', '-c', 'out=$0; exec "$@" >"$out" 2>&1', "$dir/one.out", "$BUILD/spawnscan-inspect", @$_]);
		isnt($r->{code}, 0, "spawnscan-inspect @$_: not 0");
		like(read_file("$dir/one.out"), qr/^spawnscan-inspect: /m, 'and why');
	}
}

# -- --print-config -----------------------------------------------------------------------------

{
	my $r = spawnscan(args => ['--print-config', '-o', 'infected=reject', '-o', 'inspect_timeout=2m']);
	is($r->{code}, 0, '--print-config: 0');
	is($r->{err}, '', 'nothing on stderr');
	my ($section, %got);
	for (split /\n/, $r->{out}) {
		if (/^\[(\w+)\]$/) { $section = $1 }
		elsif (/^(\w+) = ?(.*)$/) { $got{$1} = [$section, $2] }
	}
	# The man page and the example tell of the same keys, in the same sections.
	for my $what ('spawnscan.conf.example', 'man/spawnscan.conf.5') {
		my ($in, %told);
		for (lines_of("$SRC/$what")) {
			if (/^\[(\w+)\]$/ || /^\.Ss \[?(\w+)\]?$/) { $in = $1 }
			elsif (/^#?(\w+) = ?/ || /^\.It Ic (\w+)/) { $told{$1} = $in }
		}
		is_deeply(\%told, {map { $_ => $got{$_}[0] } keys %got}, "$what tells of each key");
	}
	is($got{infected}[1], 'reject', 'with what -o says');
	is($got{inspect_timeout}[1], '2m', 'in units');
	is($got{database}[1], signature_dir(), 'and what the file says');
	is($got{blocked}[1], 'defang', 'and the defaults');

	# The defaults in the code are those of spawnscan.conf.example.
	$r = spawnscan(conf => write_file("$dir/empty.conf", ''), args => ['--print-config']);
	SKIP: {
		-e "$SRC/spawnscan.conf.example" or loud_skip('no spawnscan.conf.example yet', 2);
		my $e = spawnscan(conf => "$SRC/spawnscan.conf.example", args => ['--print-config']);
		is($e->{code}, 0, 'spawnscan.conf.example is accepted') or diag($e->{err});
		is($e->{out}, $r->{out}, 'and holds the defaults');
		# The same with each commented-out setting taken in.
		my $text = read_file("$SRC/spawnscan.conf.example") =~ s/^#(?=\w+ =|\t)//mgr;
		my $all = spawnscan(conf => write_file("$dir/all.conf", $text), args => ['--print-config']);
		is($all->{code}, 0, 'with every # taken away as well') or diag($all->{err});
		is($all->{out}, $r->{out}, 'still the defaults');
	}
	# What it prints can be read again, as far as lines go.
	my ($out) = $r->{out};
	ok($out !~ /^(?!\[|\w+ =|$)/m, 'nothing but sections and settings');
}

# -- the default file -------------------------------------------------------------------------------

# One that can't be reached is not "none": the defaults would let through what it forbids.
SKIP: {
	my $why = $> != 0 ? 'not root' : system('unshare --mount true 2>/dev/null') != 0 ? 'no mount namespace' : undef;
	loud_skip("the default file: $why", 12) if $why;
	my $etc = subdir('etc');
	chmod 0755, $etc, tmpdir();
	# An /etc of its own, with the program in it; then as nobody.
	my $script = 'd=$1; cp /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache "$d"; mount --bind "$d" /etc && '
	    . 'exec setpriv --reuid=65534 --regid=65534 --clear-groups /etc/program --print-config';
	system('cp', "$BUILD/spawnscan", "$etc/program") == 0 or die;
	my $look = sub {
		return run(cmd => ['unshare', '--mount', 'sh', '-c', $script, 'sh', $etc], timeout => 60);
	};
	is($look->()->{code}, 0, 'no directory: the defaults');
	mkdir "$etc/spawnscan", 0755;
	is($look->()->{code}, 0, 'no file: the defaults');
	write_file("$etc/spawnscan/spawnscan.conf", "[names]\ndeny_names = *.secret\n");
	chmod 0644, "$etc/spawnscan/spawnscan.conf";
	my $r = $look->();
	is($r->{code}, 0, 'a file: exit code');
	like($r->{out}, qr/^deny_names = \*\.secret$/m, 'it holds');
	my %unreachable = ('a directory that is shut' => sub { chmod 0700, "$etc/spawnscan" },
	    'a file that is shut' => sub { chmod 0755, "$etc/spawnscan"; chmod 0600, "$etc/spawnscan/spawnscan.conf" },
	    'a link to nothing' => sub { unlink "$etc/spawnscan/spawnscan.conf"; symlink '/nowhere', "$etc/spawnscan/spawnscan.conf" });
	for my $what ('a directory that is shut', 'a file that is shut', 'a link to nothing') {
		$unreachable{$what}->();
		$r = $look->();
		is($r->{code}, 78, "$what: 78");
		is($r->{out}, '', "$what: nothing is printed");
		like($r->{err}, qr{spawnscan\.conf: }, "$what: it is named");
	}
}

# -- spawnscan-inspect by hand --------------------------------------------------------------------

{
	my $r = run(cmd => ["$BUILD/spawnscan-inspect"], in => 'hello');
	isnt($r->{code}, 0, 'spawnscan-inspect without a socket: not 0');
	isnt($r->{code}, undef, 'and no crash');
	$r = run(cmd => ["$BUILD/spawnscan-inspect", '--frobnicate']);
	is($r->{code}, 64, 'spawnscan-inspect with an unknown option: 64');
	is($r->{out}, '', 'nothing on stdout');
}

is_deeply([scratch_left()], [], 'no scratch directory is left');
done_testing;
