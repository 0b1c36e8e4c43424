#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing hides in a container: what is in it is found, what it is called is judged,
# and what could not be opened to its end is told.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use IO::Compress::Bzip2 ();
use Harness;
use MailMaker;
use Containers;
use Formats;

my $text = part('Content-Type: text/plain', "text\n");

# What becomes of a part: class, reason and file of each finding.
sub findings {
	my ($part, %conf) = @_;
	my $r = spawnscan(in => mail(parts => [$text, $part]), conf => conf_file(by_engine(), %conf), timeout => 120);
	return "exit code " . ($r->{code} // "signal $r->{signal}") . ": $r->{log}" if ($r->{code} // -1) != 0;
	my ($result) = header_of($r->{out}, 'X-Spawnscan-Result');
	return $result =~ s/\s+/ /gr;
}
sub found { my ($name, $content, %conf) = @_; return findings(attachment($name, $content), %conf) }

sub infected { my ($what, $content, $name) = @_; like(found($name // 'docs.dat', $content), qr/\binfected action=remove part=2 /, "$what: the content is found") }
sub blocked {
	my ($what, $content, $ext, %a) = @_;
	like(found($a{name} // 'docs.dat', $content, %{$a{conf} // {}}), qr/\bblocked action=defang part=2 reason="inside: extension \.$ext"/, "$what: the name is judged");
}
sub told { my ($what, $class, $content, $name) = @_; like(found($name // 'docs.dat', $content), qr/\b$class action=/, "$what: $class") }
sub clean { my ($what, $content, $name, %conf) = @_; like(found($name // 'docs.dat', $content, %conf), qr/^clean/, "$what: clean") }

# -- every format: contents, names, passwords, damage ------------------------------------

my $more = noise(20000);
for my $c (containers()) {
	SKIP: {
		if ($c->{program} && !have_program($c->{program})) {
			loud_skip("$c->{name}: no $c->{program} here", 1);
			next;
		}
		my $pack = sub {
			my ($make, @files) = @_;
			my $bytes = pack_files($make, @files);
			ok(defined $bytes, "$c->{name}: made") or diag($@);
			return $bytes // '';
		};
		my $hidden = $pack->($c->{make}, 'note.txt' => 'xxxx' . marker());
		if ($c->{inert} || $c->{sealed}) {
			told($c->{name}, $c->{inert} ? 'unopened' : 'encrypted', $hidden);
			next;
		}
		my $dat = $c->{named} ? "docs.txt.$c->{one}" : 'docs.dat';
		infected($c->{name}, $hidden, $dat);
		if ($c->{one}) {
			blocked($c->{name}, $pack->($c->{make}, 'a.js' => 'harmless'), 'js', name => "a.js.$c->{one}");
			clean($c->{name}, $pack->($c->{make}, 'a.txt' => 'harmless'), "a.txt.$c->{one}");
		} else {
			blocked($c->{name}, $pack->($c->{make}, 'a.txt' => 'harmless', 'evil.js' => 'harmless'), 'js');
			clean($c->{name}, $pack->($c->{make}, 'a.txt' => 'harmless', 'b.pdf' => 'harmless'));
		}
		told("$c->{name} with a password", 'encrypted', $pack->($c->{password}, 'a.txt' => 'harmless' x 30)) if $c->{password};
		my $large = $pack->($c->{make}, 'a.txt' => $more);
		if (!$c->{fragile}) {
			told("$c->{name}, the second half is missing", '(?:unopened|limit)', substr($large, 0, length($large) / 2), $dat);
		}
		# Whatever is broken, it is delivered, and never an error.
		unlike(found('docs.dat', substr($large, 0, int(length($large) * $_))), qr/^exit/, "$c->{name}, cut at $_") for 0.01, 0.9;
	}
}

# -- every byte: behind, in front, between -----------------------------------------------

# A row's container with a name that is blocked, and one that is harmless.
my %of = map { $_->{name} => $_ } containers();
my @pair = map { my $row = $of{$_}; my $evil = pack_files($row->{make}, 'evil.js' => 'harmless', 'a.txt' => noise(300)); my $good = pack_files($row->{make}, 'a.txt' => noise(300), 'b.txt' => 'harmless');
	defined $evil && defined $good ? [$_, $evil, $good] : () } ('tar, pax', 'tar.gz', 'tar.bz2', 'tar.zst', 'tar.lz4', 'tar.lz', '7z, LZMA2', 'zip, deflate', 'cpio, newc', 'RAR 4', 'RAR 5', 'LHA', 'xar');
for my $n (0 .. $#pair) {
	my ($name, $evil, $good) = @{$pair[$n]};
	my ($other, undef, $first) = @{$pair[($n * 5 + 3) % @pair]};
	like(found('docs.dat', "$first$_->[1]$evil"), qr/\b(?:blocked|unopened) action=/, "$name behind $other and $_->[0]") for ['nothing', ''], ['zero bytes', "\0" x 700], ['a text', "what is in between, and it is longer than a few bytes\n"];
	like(found('docs.dat', "$_->[1]$evil"), qr/\bblocked action=/, "$name behind $_->[0]") for ['a text', "Dear all,\n"], ['noise', noise(700)];
	clean("a text in front of $name", "Dear all,\n$good");
	# zstd(1) itself calls that an error.
	clean("zero bytes behind $name", $good . "\0" x 700) if $name ne 'tar.zst';
}
for my $pack ([gzip => \&Compress::Zlib::memGzip], ['RAR 5' => sub { rar5_of(['a.txt' => $_[0]]) }], (map { my $row = $of{$_}; [$_ => sub { pack_files($row->{make}, 'a.txt' => $_[0]) }] } grep { !$of{$_}{program} || have_program($of{$_}{program}) } 'xz', '7z, LZMA')) {
	my ($name, $make) = @$pack;
	my @many = map { $make->("number $_ " . noise(50)) } 1 .. 70;
	clean("a tar of 70 files of $name", tar_of(map { ['0', "f$_", $many[$_ - 1]] } 1 .. 70));
}
infected('gzip: behind another, and zero bytes between', Compress::Zlib::memGzip('x' x 90) . "\0" x 512 . Compress::Zlib::memGzip('xxxx' . marker()));
infected('gzip: behind another, and something between', Compress::Zlib::memGzip('x' x 90) . 'in between' x 9 . Compress::Zlib::memGzip('xxxx' . marker()));
infected('zip: an archive between two members', do { my $zip = zip_of(['a.txt' => 'x' x 50, 'b.txt' => 'y' x 50]); my $at = index $zip, "PK\3\4", 4; substr $zip, $at, 0, Compress::Zlib::memGzip('xxxx' . marker()); $zip });
infected('zip: an archive in its comment', do { my $gz = Compress::Zlib::memGzip('xxxx' . marker()); my $zip = zip_of(['a.txt' => 'x' x 50]); substr($zip, -2) = pack 'v', length $gz; $zip . $gz });
# Broken ones there.
for my $broken (['RAR 5', substr(rar5_of(['a.txt' => noise(3000)]), 0, 1500)], [zip => substr(zip_of(['a.txt' => noise(3000)]), 0, 1500)], [gzip => substr(Compress::Zlib::memGzip(noise(200_000)), 0, 150_000)]) {
	my ($name, $bytes) = @$broken;
	told("$name, broken, behind noise", 'unopened', noise(700, 3) . $bytes);
	told("$name, broken, behind a gzip", 'unopened', Compress::Zlib::memGzip('x') . $bytes);
	told("$name, broken, in front of a zip", 'unopened', $bytes . zip_of(['b.txt' => 'x']));
	told("$name, broken, in the comment of a zip", 'unopened', do { my $zip = zip_of(['b.txt' => 'x']); substr($zip, -2) = pack 'v', length($bytes) % 65536; $zip . $bytes });
}
clean("what a program that writes $_->[0] has in itself", noise(700) . $_->[1] . noise(9000, 5)) for ['zip', "PK\3\4\x14\0\0\0\x08\0" . "\0" x 20], ['zip, otherwise', "PK\3\4error: not a zip archive: %s\0" . 'text ' x 20], ['gzip', "\x1f\x8b\x08\0\0\0\0\0\0\3"], ['bzip2', 'BZh91AY&SY'];
# Sound ones in the middle of something long are opened, and no more.
for my $behind ('', 'x' x 100, 'text ' x 20_000) {
	my $n = length $behind;
	like(findings(attachment('a.bin', noise(3000) . zip_of(['b.txt' => noise(50_000), $_->[0] => noise(2000)]) . $behind)), $_->[1], "a zip with $_->[0] between noise and $n bytes")
	    for ['a.txt', qr/^clean/], ['a.js', qr/^blocked/];
}
told("$_->[0] behind something", 'unopened', "Dear all,\n" . 'x' x 3000 . $_->[1]) for grep { defined $_->[1] } map { my $row = $of{$_}; [$_, $row->{program} && !have_program($row->{program}) ? undef : pack_files($row->{make}, 'a.txt' => 'harmless')] } grep { $of{$_}{inert} } sort keys %of;
told('a payload of RPM 6, without names', 'unopened', sprintf('07070X%08x', 0) . "harmless\n" . noise(200));
clean('a text about it', "07070X is how a payload of RPM 6 begins.\n" x 4);
# Formats whose first words a text may have as well (22-harmless).
told("by its first bytes: $_->[0]", 'unopened', $_->[1])
    for ['StuffIt 5', "StuffIt (c)1997-2002 Aladdin Systems, Inc., http://www.aladdinsys.com/StuffIt/\r\n\x1a\0\5" . noise(400)],
    ['ACE', pack('vvCv', 0x1234, 49, 0, 0x9000) . '**ACE**' . noise(300)],
    ['VMDK, its description', "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 20480 FLAT \"a-flat.vmdk\" 0\n"],
    ['VMDK, in lines of Windows', "# Disk DescriptorFile\r\nversion=1\r\nCID=fffffffe\r\n"],
    ['WARC, cut off', "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 1000\r\n\r\nHTTP"];
told("two things at a time: $_->[0]", 'unopened', $_->[1]) for ['ISO 9660 and UDF', do { my $iso = pack_files($of{'ISO 9660'}{make}, 'a.txt' => 'harmless') // ''; substr($iso, 32768 + 2048 * 5, 6) = "\0NSR02"; $iso }];

# -- pieces of archives that were split -----------------------------------------------------

# The packers' own way: what they make of 150 KB, piece by piece.
sub pieces {
	my ($glob, @cmd) = @_;
	SKIP: { have_program($cmd[0]) or loud_skip("pieces: no $cmd[0] here", 1) }
	return () unless have_program($cmd[0]);
	my $dir = subdir(undef);
	write_file("$dir/a.txt", noise(150_000));
	run(cmd => [@cmd, 'a.txt'], cwd => $dir, timeout => 120);
	my @pieces = sort glob "$dir/$glob";
	cmp_ok(@pieces, '>', 2, "pieces: @cmd");
	return map { [s{.*/}{}r, read_file($_)] } @pieces;
}
my @pieces = map { pieces(@$_) }
    ['split.z*', qw(zip -q -s 64k split.zip)], ['split.7z*', qw(7z a -bd -y -mx=0 -v64k split.7z)], ['split.zip.*', qw(7z a -bd -y -tzip -mx=0 -v64k split.zip)], ['split.tar.*', qw(7z a -bd -y -ttar -v64k split.tar)];
told("a piece of a split archive: $_->[0]", 'unopened', $_->[1], $_->[0]) for @pieces;
told("a piece without a name of its own: $_->[0]", 'unopened', $_->[1]) for grep { $_->[0] =~ /z01\z|\.zip\z|001\z/ } @pieces;
told("a piece called $_", 'unopened', noise(900), $_) for 'a.r00', 'A.R17', 'a.z02', 'a.rar.003', 'a.iso.002', 'a.tar.gz.002', 'a.7z.0012', 'setup.exe.002';
clean("no piece: $_", noise(900), $_) for 'a.002', 'invoice 2026.11.002', 'a.r1', 'a.z', 'a.r', 'az.002', 'v7z.002', 'a.7z.002.dat';
for my $make ([4, \&rar4_of], [5, \&rar5_of]) {
	my ($n, $of) = @$make;
	told("RAR $n, the $_ of several volumes", 'unopened', $of->(['a.txt' => 'x' x 900], volume => $_)) for qw(first last);
	infected("RAR $n, a volume", $of->(['b.txt' => 'xxxx' . marker()], volume => 'first'));
}
my ($z) = grep { defined } map { $_->{name} eq 'compress' && have_program('compress') ? pack_files($_->{make}, 'a.txt' => 'harmless ' x 90 . marker()) : undef } containers();
infected(".Z behind $_->[0]", "$_->[1]$z") for $z ? (['a text', "Dear all,\n"], ['noise', noise(9000)], ['zero bytes', "\0" x 600]) : ();

# Coders that libarchive may lack.
for my $coder (have_program('7z') ? ('Deflate64', 'Delta', 'SWAP2', 'BCJ2', 'ARM64', 'RISCV', 'Copy') : ()) {
	my $bytes = pack_files(Containers::seven("-m0=$coder", ($coder =~ /^(?:Delta|SWAP|BCJ|ARM|RISC)/ ? '-m1=LZMA2' : ())), 'a.dat' => 'xxxx' . marker() . noise(900));
	defined $bytes ? told("7z, $coder: opened or told", '(?:infected|unopened)', $bytes) : pass("7z, $coder: this packer has none");
}

# -- names as other readers see them -----------------------------------------------------

# In each place where a zip names a member.
sub zip_named {
	my (%n) = @_;
	my ($local, $central) = ($n{local} // 'a.txt', $n{central} // $n{local} // 'a.txt');
	my $unicode = sub { my ($u, $name) = @_; defined $u ? pack('v v C V', 0x7075, 5 + length $u, 1, MailMaker::crc32($name)) . $u : '' };
	my ($le, $ce) = ($unicode->($n{local_unicode}, $local), $unicode->($n{central_unicode}, $central));
	my $c = 'harmless';
	my $fixed = sub { pack 'v5 V3 v v', 20, $n{flags} // 0, 0, 0, 0x5c21, MailMaker::crc32($c), length $c, length $c, length $_[0], length $_[1] };
	my $first = "PK\3\4" . $fixed->($local, $le) . $local . $le . $c;
	my $dir = "PK\1\2" . pack('v', 20) . $fixed->($central, $ce) . pack('v v v V V', 0, 0, 0, 0, 0) . $central . $ce;
	return $first . $dir . "PK\5\6" . pack('v4 V V v', 0, 0, 1, 1, length $dir, length $first, 0);
}
blocked("zip: the $_ name", zip_named($_ => 'evil.js'), 'js') for qw(local central local_unicode central_unicode);
blocked("zip: a path of $_ bytes", zip_named(local => 'd/' x (($_ - 7) / 2) . 'evil.js'), 'js') for 101, 255, 257, 511, 1025, 4097;
blocked('zip: a folder that is a program', zip_named(local => "Evil.$_/Contents/x.txt"), $_) for qw(app);
clean('zip: a folder named after a host', zip_named(local => 'example.com/index.txt'));
clean('zip: a folder of another kind', zip_named(local => 'My.app.old/x.txt'));

sub tar_names {
	my ($name) = @_;
	my $pax = sub { my ($k, $v) = @_; my $l = length("$k=$v\n") + 3; $l = length("$l $k=$v\n") for 1 .. 3; "$l $k=$v\n" };
	return (
		'GNU long name' => tar_of(['L', '././@LongLink', "$name\0", magic => "ustar  \0"], ['0', substr($name, 0, 100), 'x', magic => "ustar  \0"]),
		'pax path' => tar_of(['x', 'PaxHeaders/a', $pax->('path', $name)], ['0', 'a.txt', 'x']),
		'prefix and name' => tar_of(['0', substr($name, -7), 'x', prefix => substr $name, 0, -8]),
		'base-256 size' => tar_of(['0', substr($name, -7), 'x', size => "\x80" . ("\0" x 10) . "\1"]),
		'a name that pax denies' => tar_of(['x', 'PaxHeaders/a', $pax->('path', 'a.txt')], ['0', substr($name, -7), 'x']),
	);
}
for my $length (9, 99, 100, 101, 150, 260) {
	my %tar = tar_names('d' x ($length - 8) . '/evil.js');
	for (sort keys %tar) {
		next if $_ eq 'prefix and name' && $length > 160;
		blocked("tar: $_, $length bytes", $tar{$_}, 'js');
	}
}
infected('tar: size in pax only', tar_of(['x', 'PaxHeaders/a', "13 size=" . 72 . "\n"], ['0', 'a.txt', 'xxxx' . marker(), size => "00000000000\0"]));
infected('tar: behind its end', tar_of(['0', 'a.txt', 'x']) . tar_of(['0', 'b.txt', 'xxxx' . marker()]));

for my $name ("\x{5f00}evil.js", "evil\x{100}.js", "\x{1f600}.js", "\x{4e00}.\x{200b}js") {
	utf8::encode(my $bytes = $name);
	SKIP: {
		loud_skip('no 7z here', 1), next unless have_program('7z');
		local $ENV{LC_ALL} = 'C.UTF-8';
		my $archive = pack_files((grep { $_->{name} eq '7z, stored' } containers())[0]{make}, $bytes => 'harmless');
		blocked('7z: a name of ' . join(' ', map { sprintf 'U+%04X', ord } split //, $name), $archive // '', 'js');
	}
}

sub gzip_named {
	my ($name, $content) = @_;
	my $deflated = Compress::Zlib::memGzip($content);
	substr($deflated, 3, 1) = "\x08";
	substr($deflated, 10, 0) = "$name\0";
	return $deflated;
}
blocked('gzip: FNAME', gzip_named('evil.js', 'harmless'), 'js');
blocked('gzip: FNAME says one thing, the attachment another', gzip_named('evil.js', 'harmless'), 'js', name => 'a.txt.gz');
clean('gzip: FNAME is harmless', gzip_named('a.txt', 'harmless'), 'a.txt.gz');
blocked("a packed file, $_", gzip_named('a', 'harmless'), 'js', name => $_) for 'evil.js.gz', 'EVIL.JS.GZ', 'evil.js.gz ', 'evil.js.gz.';
SKIP: {
	loud_skip('no xz here', 1) unless have_program('xz');
	blocked('packed twice', Compress::Zlib::memGzip(pack_files((grep { $_->{name} eq 'xz' } containers())[0]{make}, 'a' => 'harmless')), 'scr', name => 'evil.scr.xz.gz');
}

# -- padding --------------------------------------------------------------------------------

for my $name ('tar, ustar', 'cpio, newc', 'ar', 'WARC', 'zip, deflate', 'gzip') {
	SKIP: {
		my ($c) = grep { $_->{name} eq $name } containers();
		loud_skip("no $c->{program} here", 1), next unless have_program($c->{program});
		clean("$name, behind it nothing but zero bytes", pack_files($c->{make}, 'a.txt' => 'harmless') . "\0" x 5000);
	}
}

# -- one in another, one behind another ------------------------------------------------------

my $rar = rar5_of(['note.txt' => 'xxxx' . marker()]);
my $rar_js = rar5_of(['evil.js' => 'harmless']);
infected('RAR in zip', zip_of(['a.rar' => $rar]));
infected('RAR in tar in zip', zip_of(['a.tar' => tar_of(['0', 'a.rar', $rar])]));
infected('RAR in gzip in RAR 4', rar4_of(['a.gz' => Compress::Zlib::memGzip($rar)]));
blocked('RAR in LHA, a name', lha_of('a.rar' => $rar_js), 'js');
infected("$_->[0] behind something", ('GIF89a' . noise(3000)) . $_->[1]) for ['RAR 5', $rar], ['RAR 4', rar4_of(['note.txt' => 'xxxx' . marker()])];
infected('RAR behind a zip', zip_of(['a.txt' => 'x']) . $rar);
infected('RAR behind a gzip', Compress::Zlib::memGzip('harmless') . $rar);
blocked('RAR behind two others', Compress::Zlib::memGzip('harmless') . rar4_of(['a.txt' => 'x']) . $rar_js, 'js');
blocked('a message in an archive', rar4_of(['a.eml' => mail(parts => [$text, attachment('evil.js', 'harmless')])]), 'js');
infected('a message in an archive', rar4_of(['a.eml' => mail(parts => [$text, attachment('a.txt', 'xxxx' . marker())])]));
clean('the first bytes of an archive, in a picture', 'GIF89a' . noise(3000) . "Rar!\x1a\x07\1\0" . noise(300, 7) . "7z\xbc\xaf\x27\x1c" . noise(300, 9));

# -- bounds -------------------------------------------------------------------------------

like(found('a.rar', rar5_of(['a.txt' => 'x' x 300000]), scan_file_limit => '100K'), qr/\blimit action=/, 'a member over scan_file_limit');
like(found('a.rar', rar5_of([map { ("$_.txt" => 'x') } 1 .. 30]), scan_files_limit => 20), qr/\blimit action=/, 'members over scan_files_limit');
like(found('a.rar', rar5_of([map { ("$_.txt" => 'x' x 30000) } 1 .. 30]), scan_size_limit => '500K'), qr/\blimit action=/, 'members over scan_size_limit');
SKIP: {
	loud_skip('no brotli here', 4), last unless have_program('brotli');
	my $br = pack_files($of{Brotli}{make}, 'a.txt' => 'x' x 400_000);
	my %bounds = (scan_file_limit => '450K', scan_size_limit => '500K');
	like(found('a.txt.br', $br . noise($_) . $rar_js, %bounds), qr/\blimit action=/, "Brotli: $_ bytes behind it, over scan_size_limit") for 113_000, 200_000;
	like(found('a.txt.br', $br . noise($_) . $rar_js, %bounds), qr/\bblocked action=/, "Brotli: $_ bytes behind it, and an archive") for 0, 9_000;
}
my $nested = rar5_of(['a.txt' => 'x']);
$nested = rar5_of(['a.rar' => $nested]) for 1 .. 30;
like(found('a.rar', $nested, mime_depth_limit => 20), qr/\blimit action=/, 'archives in archives over mime_depth_limit');

# -- calendars and cards -----------------------------------------------------------------------

sub calendar {
	my ($property, %a) = @_;
	my $eol = $a{eol} // "\n";
	my $text = join $eol, $a{card} ? ('BEGIN:VCARD', 'VERSION:3.0', 'FN:A', $property, 'END:VCARD') : ('BEGIN:VCALENDAR', 'BEGIN:VEVENT', $property, 'END:VEVENT', 'END:VCALENDAR');
	return part('Content-Type: ' . ($a{card} ? 'text/vcard' : 'text/calendar'), "$text$eol");
}
my $value = MIME::Base64::encode_base64('harmless' x 9, '');
my $marked = MIME::Base64::encode_base64('xxxx' . marker(), '');
sub folded { my ($line, $width) = @_; $line =~ s/(.{$width})(?=.)/$1\n /g; return $line }
for my $p ("ATTACH;VALUE=BINARY;ENCODING=BASE64;FILENAME=agenda.js:$value", "ATTACH;FILENAME=\"agenda.js\";FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:$value",
    "ATTACH;X-FILENAME=agenda.js;FMTTYPE=application/octet-stream;ENCODING=BASE64;VALUE=BINARY:$value", "ATTACH;FILENAME=agenda.js:data:text/plain;base64,$value",
    'ATTACH;X-LONG=' . ('x' x 5000) . ";ENCODING=BASE64;VALUE=BINARY;FILENAME=agenda.js;X-TOO=" . ('y' x 5000) . ":$value") {
	my $what = substr $p, 0, 40;
	like(findings(calendar($p)), qr/^blocked .* file="agenda\.js"/, "calendar: $what");
	like(findings(calendar(folded($p, $_))), qr/^blocked .* file="agenda\.js"/, "calendar: $what, folded at $_") for 3, 7, 50, 74;
	like(findings(calendar(folded($p, 9) =~ s/\n /\n\t/gr, eol => "\r\n")), qr/^blocked/, "calendar: $what, folded with tabs");
	like(findings(attachment('a.zip', zip_of(['a.ics' => (split_mail(calendar(folded($p, 9))))[1]]))), qr/^blocked/, "calendar in a zip: $what");
}
like(findings(calendar("ATTACH;ENCODING=BASE64;FILENAME=a.txt:" . folded($marked, $_))), qr/^infected/, "calendar: the content, folded at $_") for 1, 10, 70;
like(findings(calendar("X-FILE;ENCODING=B;NAME=agenda.js:$value", card => 1)), qr/^blocked/, 'card: a file');
like(findings(calendar(folded("X-FILE;BASE64;FILENAME=agenda.js:$value", 5), card => 1)), qr/^blocked/, 'card of version 2.1: a file, folded');
for my $p ('data:image/jpeg;base64,', 'data:image/jpeg;base64\,', 'data:image/jpeg\;base64\,', 'data:;base64\,') {
	like(findings(calendar("ATTACH:$p$marked")), qr/^infected/, "calendar: $p");
	like(findings(calendar(folded("PHOTO:$p$marked", 11), card => 1)), qr/^infected/, "card: $p, folded");
}
like(findings(calendar("ATTACH;ENCODING=BASE64;FILENAME=agenda.txt:$value")), qr/^clean/, 'calendar: a harmless file');
like(findings(calendar('DESCRIPTION;ALTREP="a.js":see agenda.js')), qr/^clean/, 'calendar: words are no file');
like(findings(calendar("ATTACH;ENCODING=BASE64;FILENAME=a.txt:$value\nATTACH;ENCODING=BASE64;FILENAME=agenda.js:$value")), qr/^blocked/, 'calendar: the same content under a second name');

# -- names of last resort, and names that are none ---------------------------------------------------

sub named {
	my ($header, $body) = @_;
	return part("$header\nContent-Transfer-Encoding: base64", b64($body // 'harmless'));
}
my $octets = 'Content-Type: application/octet-stream';
my $attached = 'Content-Disposition: attachment';
for my $h ("$octets\nContent-Description: doc.js\n$attached", "$octets\nContent-Description: =?utf-8?q?doc=2Ejs?=\n$attached", "$octets\nContent-Description: a long\n doc.js",
    "$octets\nContent-Location: doc.js", "$octets\nContent-Location: http://example.com/a/doc.js?x=1", "Content-Type: application/hta\n$attached", 'Content-Type: application/x-msdownload',
    "Content-Type: APPLICATION/X-MSDownload; charset=binary", 'Content-Type: application/x-ms-shortcut', 'Content-Type: application/java-archive') {
	like(findings(named($h)), qr/^blocked action=defang part=2 /, 'last resort: ' . $h =~ s/\n/ | /gr);
}
like(findings(named("$octets; name=a.txt\nContent-Description: doc.js")), qr/^clean/, 'a description does not matter beside a name');
like(findings(named("Content-Type: $_->[0]\nContent-Description: $_->[1]")), $_->[2], "$_->[0]: $_->[1]")
    for ['text/plain', 'Notification from mx.example.com', qr/^clean/], ['application/pgp-signature', 'OpenPGP signature of a@example.com', qr/^clean/],
    ['application/pdf', 'Notes on example.com', qr/^clean/], ['text/plain', 'example.com', qr/^blocked/], ['text/plain', 'notes on example.js', qr/^blocked/],
    ['application/octet-stream', 'Notes on example.com', qr/^blocked/];
like(findings(named($_)), qr/^clean/, 'no name: ' . $_ =~ s/\n/ | /gr) for "$octets\nContent-Description: A picture of Anna", "Content-Type: text/plain\nContent-Description: Notification",
    "Content-Type: application/pdf\nContent-Location: http://example.com/", 'Content-Type: application/pdf';
like(findings(part("$octets\n$attached\nContent-Transfer-Encoding: $_", "begin 644 invoice.js\n" . pack('u', 'harmless') . "`\nend\n")), qr/^blocked action=\w+ part=2\S* .*js"/, "the begin line under $_") for qw(x-uuencode uuencode x-uue);
my $forwarded = "From: a\@example.org\nSubject: x\n\nHello.\n";
for my $name ('Your order at example.com', 'Re: your order at example.com', 'allegro.pl', 'news@sub.example.app', 'see example.com.') {
	like(findings(part("Content-Type: message/rfc822; name=\"$name\"", $forwarded)), qr/^clean/, "a message called $name");
	like(findings(named("Content-Type: image/png; name=\"$name\"\nContent-ID: <$name>", "\x89PNG\r\n\x1a\n" . noise(50))), qr/^clean/, "a picture called $name");
	like(findings(named("Content-Type: application/octet-stream; name=\"$name\"")), qr/^blocked/, "a file called $name");
}
like(findings(part('Content-Type: message/rfc822; name="evil.js"', $forwarded)), qr/^blocked/, 'a message called evil.js');
# A subject that ends in ".js": no script begins like a message of which that can be told.
for my $first ('Return-Path: <a@example.org>', 'X-A: 1', 'Received: from mx.example.org by a', 'From: Alice Example <a@example.org>') {
	like(findings(part('Content-Type: message/rfc822; name="Moving to Node.js"', "$first\nSubject: x\n\nHello.\n")), qr/^clean/, "a message called Moving to Node.js: $first");
	like(findings(named('Content-Type: message/rfc822; name="Moving to Node.js"', "$first\nSubject: x\n\nHello.\n")), qr/^clean/, "the same in base64: $first");
	like(findings(part('Content-Type: message/rfc822; name="Node.js"', "$first\n\nHello.\n")), qr/^blocked/, "one word is a name of a file: $first");
}
for my $first ('From: a@example.org', 'X:/*', 'Received: from in /x/', 'Received: from (x)', 'From: alert (1)', 'From: Alert', 'From: Alice (1)', 'From: Alice, Bob', 'X:1-1', 'A_B-C: x') {
	like(findings(part('Content-Type: message/rfc822; name="Moving to Node.js"', "$first\nSubject: x\n\nHello.\n")), qr/^blocked/, "it may be a script: $first");
}
{
	my $key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: GnuPG v2\n\n" . b64(noise(300)) . "=aB3d\n-----END PGP PUBLIC KEY BLOCK-----\n";
	like(findings(named('Content-Type: application/pgp-keys; name="alice@example.com"', $key)), qr/^clean/, 'a key called alice@example.com');
	like(findings(named('Content-Type: application/pgp-keys; name="example.com"', $key)), qr/^blocked/, 'a key called example.com');
	like(findings(named('Content-Type: application/pgp-keys; name="alice@example.com"', $_)), qr/^blocked/, 'no key, called alice@example.com')
	    for substr($key, 1), "$key;", $key . "\0", $key =~ s/Version: /Comment: \$(x) /r, 'harmless';
}
like(findings(named('Content-Type: image/png; name="logo@example.com"', WINDOWS_EXECUTABLE)), qr/^blocked/, 'a program called logo@example.com');
like(found("a.$_", 'harmless'), qr/^blocked .*extension \.$_"/, "a.$_") for qw(rdp appinstaller iqy oqy dqy rqy slk one onepkg wsb udl htc mjs diagcfg diagpkg ex_ ppa ppam xla xlam pkg command action terminal tool workflow scpt sh desktop kext elf dex macho uif themepack);
like(found("a.$_", 'harmless'), qr/^clean/, "a.$_") for qw(docx xlsm pdf zip ics txt mht csv p7m);

# -- messages as files -------------------------------------------------------------------------------

for my $file ("filename*0=\"evil\"; filename*1=\".js\"", "filename=\"evil.js \"", "filename=\"evil.js.\"", "filename=\"=?utf-8?q?evil=2Ejs?=\"", "filename*=utf-8''evil%2Ejs") {
	my $mail = mail(parts => [$text, part("Content-Type: application/octet-stream\nContent-Disposition: attachment; $file\nContent-Transfer-Encoding: base64", b64('harmless'))]);
	like(found('a.eml', $mail), qr/^blocked/, "in an .eml: $file");
	like(found('a', $mail), qr/^blocked/, "in a file without a name of mail: $file");
	like(found('a.zip', zip_of(['b.eml' => $mail])), qr/^blocked/, "in an .eml in a zip: $file");
}

# -- documents ---------------------------------------------------------------------------------------

my $hidden = 'xxxx' . marker() . 'x' x 5000;
sub docx { return zip_of(['[Content_Types].xml' => '<Types/>', 'word/document.xml' => '<w:document/>', @_]) }
sub rtf {
	my ($object, %a) = @_;
	my $ole1 = pack('V V V', 0x501, 2, 8) . "Package\0" . pack('V V V', 0, 0, length($object) - 4) . substr($object, 4);
	$ole1 = $object if $a{raw};
	my $hex = unpack 'H*', $ole1;
	$hex =~ s/(.{60})/$1$a{between}/g if defined $a{between};
	return "{\\rtf1\\ansi text{\\object\\objemb{\\*\\objclass Package}{\\*\\objdata $hex}}}";
}
my %holders = (
	'a document' => sub { cfb_of({ WordDocument => pack('v v x8 x500', 0xa5ec, 0), ObjectPool => { _1 => { "\1Ole10Native" => $_[0] } } }) },
	'a workbook' => sub { cfb_of({ Workbook => pack('v v x16', 0x809, 16), MBD0001 => { "\1Ole10Native" => $_[0] } }) },
	'a docx' => sub { docx('word/embeddings/oleObject1.bin' => cfb_of({ "\1Ole10Native" => $_[0] })) },
	'an xlsx' => sub { zip_of(['xl/workbook.xml' => '<x/>', 'xl/embeddings/oleObject1.bin' => cfb_of({ "\1Ole10Native" => $_[0] })]) },
	'a docx in a zip' => sub { zip_of(['a.docx' => docx('word/embeddings/oleObject1.bin' => cfb_of({ "\1Ole10Native" => $_[0] }))]) },
	RTF => sub { rtf($_[0]) },
	'RTF, broken up' => sub { rtf($_[0], between => "\r\n ") },
	'RTF, with groups' => sub { rtf($_[0], between => '{\\*\\x}\\par ') },
	'RTF, a compound file' => sub { my $c = cfb_of({ "\1Ole10Native" => $_[0] }); rtf(pack('V V V', 0x501, 2, 8) . "Package\0" . pack('V V V', 0, 0, length $c) . $c, raw => 1) },
);
for (sort keys %holders) {
	infected("a package in $_", $holders{$_}->(native_of('a.txt', $hidden)));
	infected("a small package in $_", $holders{$_}->(native_of('a.txt', 'xxxx' . marker())));
	blocked("a package in $_", $holders{$_}->(native_of('evil.js', 'harmless')), 'js');
	blocked("a package in $_, its other name", $holders{$_}->(native_of('a.txt', 'harmless', wide => 'evil.js')), 'js');
	blocked("a package in $_, its path", $holders{$_}->(native_of('a.txt', 'harmless', path => 'C:\\evil.js')), 'js');
	clean("a package in $_", $holders{$_}->(native_of('a.txt', 'harmless')));
}
sub msg {
	my (@files) = @_;
	my ($n, %m) = (0);
	for (@files) {
		my ($name, $content) = @$_;
		$m{sprintf '__attach_version1.0_#%08X', $n++} = {
			'__substg1.0_3707001F' => wide($name), '__substg1.0_3704001E' => substr($name, 0, 8),
			ref $content ? ('__substg1.0_3701000D' => $content) : ('__substg1.0_37010102' => $content),
		};
	}
	return { '__properties_version1.0' => "\0" x 32, '__substg1.0_0037001F' => wide('subject'), '__recip_version1.0_#00000000' => { '__substg1.0_3001001F' => wide('bob@example.com') }, %m };
}
blocked('.msg: a name', cfb_of(msg(['evil.js', 'harmless'])), 'js');
blocked('.msg: the second of two', cfb_of(msg(['a.txt', 'harmless'], ['evil.js', 'harmless'])), 'js');
blocked('.msg: in a message that is attached', cfb_of(msg(['a message', msg(['evil.js', 'harmless'])])), 'js');
infected('.msg: the content', cfb_of(msg(['a.txt', $hidden])));
infected('.msg: in a message that is attached', cfb_of(msg(['a message', msg(['a.txt', 'xxxx' . marker()])])));
blocked('.msg in a zip', zip_of(['a.msg' => cfb_of(msg(['evil.js', 'harmless']))]), 'js');
blocked('.msg in winmail.dat', tnef_of(['a.msg', cfb_of(msg(['evil.js', 'harmless']))]), 'js');
clean('.msg', cfb_of(msg(['a.txt', 'harmless'], ['b.pdf', 'harmless'])));
told("an OLE document, $_", 'unopened', substr cfb_of({ "\1Ole10Native" => native_of('a.txt', noise(30000)) }), 0, $_) for 600, 5000, 20000;

blocked('winmail.dat: a long name', tnef_of(['a.txt', 'harmless', 'evil.js']), 'js');
blocked('winmail.dat: a message that is attached', tnef_of([undef, undef, 'a message', tnef_of(['evil.js', 'harmless'])]), 'js');
infected('winmail.dat: a message that is attached', tnef_of([undef, undef, 'a message', tnef_of(['a.txt', $hidden])]));
blocked('winmail.dat: three deep', tnef_of([undef, undef, 'a', tnef_of([undef, undef, 'b', tnef_of([undef, undef, 'c', tnef_of(['evil.js', 'harmless'])])])]), 'js');
blocked('winmail.dat in a zip', zip_of(['winmail.dat' => tnef_of(['evil.js', 'harmless'])]), 'js');
blocked('winmail.dat: an archive', tnef_of(['a.rar', $rar_js]), 'js');
clean('winmail.dat', tnef_of(['a.txt', 'harmless', 'a long name.txt'], ['b.pdf', 'harmless']));

sub onenote {
	my ($name, $content) = @_;
	my $string = wide($name);
	return pack('H*', 'e4525c7b8cd8a74daeb15378d02996d3') . ("\0" x 1000) . pack('V', length $string) . $string . ("\0" x 20)
	    . pack('H*', 'e716e3bd65261145a4c48d4d0b7a9eac') . pack('V V x12', length $content, 0) . $content . pack('H*', '22a7fb7179940b4abb13899256426b24') . ("\0" x 100);
}
blocked('OneNote: a name', onenote('evil.hta', 'harmless'), 'hta');
infected('OneNote: the content', onenote('a.txt', $hidden));
blocked('OneNote: an archive', onenote('a.txt', $rar_js), 'js');
blocked('OneNote in a zip', zip_of(['notes' => onenote('evil.hta', 'harmless')]), 'hta');
clean('OneNote', onenote('a.txt', 'harmless'));

# -- compound files: every sector ------------------------------------------------------------

# Streams that are deleted: their sectors are free, and what was in them is still there.
sub deleted {
	my ($doc, @names) = @_;
	for (@names) {
		my $at = index $doc, wide($_) . "\0\0";
		substr($doc, $at + 66, 1) = "\0";
	}
	return $doc;
}
my %word = (WordDocument => pack('v4 v v', 0xa5ec, 0xc1, 0, 0, 0, 0x0200) . "\0" x 5000);
# In two runs, with something between: bzip2 stops there, where deflate goes on with whatever comes.
sub bzip2 { my ($in) = @_; IO::Compress::Bzip2::bzip2(\$in, \my $out); return $out }
sub parted { my ($bytes, $at, $between) = @_; return deleted(cfb_of({ %word, Gap1 => substr($bytes, 0, $at), Gap1M => 'x' x $between, Gap2 => substr($bytes, $at) }), 'Gap1', 'Gap2') }
infected('OLE: in two runs of free sectors', parted(bzip2(unpack('H*', noise(9000)) . marker()), 4608, 5000));
infected('OLE: in two runs of free small sectors', parted(bzip2('xxxx' . marker()), 64, 640));
my $word = cfb_of({%word});
like(found('a.doc', $word . WINDOWS_EXECUTABLE . noise(900)), qr/\bblocked action=defang part=2 reason="inside: executable content"/, 'OLE: a program behind it');
like(found('a.doc', $word . "\0" x 700 . mail(parts => [attachment('a.js', 'harmless')])), qr/\bblocked /, 'OLE: a message behind it');
clean("OLE: $_->[0]", $_->[1], 'a.doc') for ['zero bytes behind it', $word . "\0" x 5000], ['noise behind it', $word . noise(5000)], ['deleted text', deleted(cfb_of({ %word, Gap => "what was here before\r" x 300 }), 'Gap')];
told('OLE: a stream without an end', 'unopened', do {
	my $doc = cfb_of({ Alpha => 'x' x 5000 });
	my $entry = index $doc, wide('Alpha') . "\0\0";
	my ($first) = unpack 'V', substr $doc, $entry + 116, 4;
	substr($doc, $entry + 120, 4) = pack 'V', 0x7fffffff;
	substr($doc, 512 * (1 + unpack 'V', substr $doc, 76, 4) + 4 * ($first + 9), 4) = pack 'V', $first;
	$doc;
});

# A stream in pieces that is an archive, large or small, is opened as a whole.
for my $at (sort qw(zip RAR tar)) {
	my $make = { zip => sub { zip_of([@_]) }, RAR => sub { rar5_of([@_]) }, tar => sub { tar_of(['0', @_]) } }->{$at};
	for my $n (900, 30_000) {
		my $doc = sub { in_pieces(cfb_of({ %word, ObjectPool => { Package => $_[0] } })) };
		infected("OLE, in pieces: $at of $n bytes", $doc->($make->('a.txt', 'xxxx' . marker() . noise($n))));
		blocked("OLE, in pieces: $at of $n bytes, a name", $doc->($make->('evil.js', noise($n))), 'js');
		my $broken = $make->('a.txt', noise($n));
		$broken = $at ne 'zip' ? substr $broken, 0, 800 : $broken =~ s/\A.{500}\K.{9}/broken ../sr;
		told("OLE, in pieces: $at of $n bytes, broken", 'unopened', $doc->($broken));
	}
}

for my $c (grep { $_->{name} =~ /\A(?:7z, LZMA2|cabinet)\z/ && have_program($_->{program}) } containers()) {
	my $doc = in_pieces(cfb_of({ %word, ObjectPool => { Package => pack_files($c->{make}, 'a.txt' => noise(20_000)) // die $@ } }));
	clean("OLE, in pieces: $c->{name}", $doc, 'a.doc');
}

# Names in a message of Outlook, in either kind of property, whatever the case.
my $props = { '__properties_version1.0' => "\0" x 32 };
sub msg_with { my ($attachment, $storage) = @_; return cfb_of({ %$props, '__substg1.0_1000001F' => wide('text'), ($storage // '__attach_version1.0_#00000000') => $attachment }) }
blocked("msg: $_->[0]", msg_with({ '__substg1.0_37010102' => 'harmless', @{$_->[1]} }, $_->[2]), 'js') for
    ['8 bit', ['__substg1.0_3707001E' => "r\xe9sum\xe9.js"]],
    ['UTF-16', ['__substg1.0_3707001F' => pack('v*', 0x5831, 0x544a, 0x2e, 0x6a, 0x73)]],
    ['UTF-16, above the first plane', ['__substg1.0_3707001F' => pack('v*', 0xd83d, 0xde00, 0x2e, 0x6a, 0x73)]],
    ['a mark that turns around', ['__substg1.0_3707001F' => pack('v*', 0x202e, map { ord } split //, 'txt.js')]],
    ['short name alone', ['__substg1.0_3704001E' => 'EVIL~1.JS']],
    ['display name alone', ['__substg1.0_3001001F' => wide('evil.js')]],
    ['extension alone', ['__substg1.0_3703001F' => wide('.js')]],
    ['letters of the other case', ['__substg1.0_3707001f' => wide('evil.js')], '__ATTACH_VERSION1.0_#00000000'];
told('msg: more names than there are properties', 'unopened', msg_with({ '__substg1.0_37010102' => 'harmless', map { (sprintf('__substg1.0_3707%04X', $_) => "a$_.txt") } 1 .. 9 }));

# -- files of a Macintosh ------------------------------------------------------------------------

# Entries of AppleSingle or AppleDouble: [number, bytes].
sub apple_of {
	my ($magic, @entries) = @_;
	my ($at, $head, $data) = (26 + 12 * @entries, '', '');
	for (@entries) {
		$head .= pack 'N3', $_->[0], $at + length $data, length $_->[1];
		$data .= $_->[1];
	}
	return pack('N N x16 n', $magic, 0x20000, scalar @entries) . $head . $data;
}
sub macbinary_of {
	my ($name, $content) = @_;
	return pack('x C a63 a4 a4 x2 n3 x2 N N x37', length $name, $name, 'TEXT', 'ttxt', 0, 0, 0, length $content, 0) . $content . "\0" x (-length($content) % 128);
}
my @apple = (['AppleSingle', sub { apple_of(0x51600, [3, $_[0]], [9, 'x' x 32], [1, $_[1]]) }], ['AppleSingle, data first', sub { apple_of(0x51600, [1, $_[1]], [3, $_[0]]) }], ['MacBinary', \&macbinary_of]);
for (@apple) {
	my ($name, $of) = @$_;
	blocked($name, $of->('evil.js', 'harmless' x 9), 'js');
	blocked("$name in a zip", zip_of(['a.dat' => $of->('evil.js', 'harmless' x 9)]), 'js');
	infected("$name: an archive in it", $of->('a.txt', Compress::Zlib::memGzip('xxxx' . marker())));
	clean($name, $of->('a.txt', 'harmless' x 9));
}
blocked('AppleDouble', apple_of(0x51607, [3, 'evil.js'], [9, 'x' x 32]), 'js', name => '._evil');
clean('AppleDouble', apple_of(0x51607, [3, 'a.txt'], [9, 'x' x 32]), '._a');
clean('AppleDouble without a name', apple_of(0x51607, [9, 'x' x 32], [2, 'x' x 300]), '._a');

# -- a message in an archive reads as it does elsewhere ---------------------------------------------

my $two = "From: a\@example.org\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\nContent-Type: text/plain\n\nx\n--b\nContent-Type: application/octet-stream; name=evil.js\n\nx\n--b--\n--a--\n";
my $from = "From a\@example.org Mon Nov 30 10:00:00 2026\n";
for my $end (qw(eml mht mbox dat)) {
	my $mail = ($end eq 'mbox' ? $from : '') . $two;
	told("$_->[0] of two readings", '(?:blocked|ambiguous)', $_->[1], $_->[2]) for ["a .$end", $mail, "a.$end"], ["a .$end in a zip", zip_of(["a.$end" => $mail]), 'a.zip'], ["a .$end in a tar", tar_of(['0', "a.$end", $mail]), 'a.tar'], ["a .$end.gz", Compress::Zlib::memGzip($mail), "a.$end.gz"];
}

# And its parts have the names that they have elsewhere.
my $page = "From: <Saved by x>\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\nContent-Location: http://x.example/a.html\n\n<p>\n--b\nContent-Type: application/octet-stream\nContent-Location: http://x.example/evil.hta\nContent-Transfer-Encoding: base64\n\neHh4\n--b--\n";
like(found($_->[1], $_->[2]), qr/\bblocked action=defang [^,]*extension \.hta/, "a page with an .hta by its location: $_->[0]")
    for ['alone', 'a.mht', $page], ['in a zip', 'a.zip', zip_of(['a.mht' => $page])], ['in a tar in a zip', 'a.zip', zip_of(['a.tar' => tar_of(['0', 'a.mht', $page])])];

my %secret = (
	'agile or standard' => cfb_of({ EncryptionInfo => pack('v v V', 4, 4, 0x40) . 'x' x 500, EncryptedPackage => noise(5000) }),
	'a Word document' => cfb_of({ WordDocument => pack('v4 v v', 0xa5ec, 0xc1, 0, 0, 0, 0x0100) . "\0" x 5000 }),
	'a workbook' => cfb_of({ Workbook => pack('v v x16', 0x809, 16) . pack('v v', 0x2f, 54) . 'x' x 54 . noise(5000) }),
	'an old workbook' => cfb_of({ Book => pack('v v x8', 0x809, 8) . pack('v v', 0x86, 0) . pack('v v', 0x2f, 4) . 'xxxx' . noise(5000) }),
	'a presentation' => cfb_of({ 'Current User' => pack('V V V V', 0, 0x14, 0x14, 0xf3d1c4df), 'PowerPoint Document' => noise(5000) }),
	'rights management' => cfb_of({ "\tDRMContent" => noise(5000) }),
	OpenDocument => zip_of([mimetype => 'application/vnd.oasis.opendocument.text', 'content.xml' => noise(100), 'META-INF/manifest.xml' => '<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>']),
	PDF => "%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R/Encrypt 9 0 R>>\nstartxref\n0\n%%EOF\n",
	'PDF, in place' => "%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer\n<< /Size 5 /Encrypt\r\n << /Filter /Standard >> /Root 1 0 R >>\nstartxref\n0\n%%EOF\n",
);
for (sort keys %secret) {
	told("a password: $_", 'encrypted', $secret{$_});
	told("a password, in a zip: $_", 'encrypted', zip_of(['a' => $secret{$_}])) unless $_ eq 'OpenDocument';
}
clean('a Word document', cfb_of({ WordDocument => pack('v4 v v', 0xa5ec, 0xc1, 0, 0, 0, 0x0200) . "\0" x 5000 }));
clean('a workbook', cfb_of({ Workbook => pack('v v x16', 0x809, 16) . pack('v v', 0x42, 2) . 'xx' . pack('v v', 0x0a, 0) . pack('v v', 0x2f, 4) . 'x' x 5000 }));
clean('a presentation', cfb_of({ 'Current User' => pack('V V V V', 0, 0x14, 0x14, 0xe391c05f) }));
clean('OpenDocument', zip_of([mimetype => 'application/vnd.oasis.opendocument.text', 'META-INF/manifest.xml' => '<manifest:manifest/>']));
clean('PDF', "%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n");

# -- what may not be said of texts and pictures ----------------------------------------------

clean("a text that begins with $_", "$_ is how it begins.\n", 'a.txt') for 'PK', 'BZh', 'Rar!', '7z', 'MSCF', '!<arch>', '070707', 'LZIP', 'SIT!', 'WARC', '-lh5-', ']';
done_testing;
