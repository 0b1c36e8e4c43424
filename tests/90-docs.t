#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What is written about the program is in step with it: the table of files, the
# options, the manual pages, the licence.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;

my $readme = read_file("$SRC/README.md") // '';

# -- the table of files ---------------------------------------------------------

my (%told, @strays);
my $tower = '';
my %folders = (front => qr{(?:desk|fronts|smtp|transaction|store)/|(?:spawnscan|smtp_relay|quarantine)\.},
    inspector => qr{(?:inspector|examine|ambiguity|defang|mime|scan)/|(?:defang|mime_walk)\.}, both => qr{common/});
for ($readme =~ /^\| (\S+) \|/mg) {
	$tower = $1 if /^\*\*(\w+)\*\*$/;
	next unless /\.c$/;
	$told{$_}++;
	push @strays, "$_ under $tower" unless $_ =~ /\A$folders{$tower}/;
}
my %there = map { s{\A\Q$SRC\E/}{}r => 1 } grep { !m{/(?:tests|fuzz|bench)/[^/]*\z} } glob "$SRC/*.c $SRC/*/*.c";
is_deeply(\%told, \%there, 'README.md tells of each file, and of no other, once');
is_deeply(\@strays, [], 'each in its tower');
ok(-d "$SRC/$_", "$_/ is there") for $readme =~ m{`(\w+)/`}g;
my $make = (read_file("$SRC/Makefile") // '') =~ s/\\\n//gr;

# What is in contrib is installed, the programs of units from where they are.
my ($install) = $make =~ /^install:.*?\n(.*?)^\n/ms;
$install .= "\tinstall $_\n" for $make =~ /^(?:SCRIPTS|UNITS) += (.*)$/mg;
for my $path (glob "$SRC/contrib/*") {
	my ($name) = $path =~ m{([^/]+)\z};
	like($install, qr{^\t(?:install|sed) [^\n]*contrib/\Q$name\E}m, "contrib/$name is installed");
	like(read_file($path), qr{^ExecStart=(?:/usr/local/sbin/\S+ (?:\w+ )?--|/usr/bin/systemctl )}m, "$name starts what is installed") if $name =~ /service/;
}

# What the program is built with is the same for the Debian package.
my ($deps) = (read_file("$SRC/tools/install-deps") // '') =~ /^build='(.*?)'/ms;
my $control = read_file("$SRC/debian/control") // '';
like($control, qr/^ \Q$_\E\b/m, "debian/control: $_") for grep { !/\A(?:gcc|libc6-dev|make)\z/ } split ' ', $deps // '';

# -- options -------------------------------------------------------------------------

for (['spawnscan', 'spawnscan.8'], ['spawnscan-inspect', 'spawnscan-inspect.8'],
    ['spawnscan-quarantine', 'spawnscan-quarantine.8'],
    ['spawnscan-check', 'spawnscan-check.8'], ['spawnscan-report', 'spawnscan-report.8']) {
	my ($program, $page) = @$_;
	my $help = run(cmd => ["$BUILD/$program", '-h'])->{out};
	my $man = read_file("$SRC/man/$page") // '';
	my %in_help = map { $_ => 1 } $help =~ /(?<![\w-])(--?[a-zA-Z][\w-]*)/g;
	delete $in_help{'--' . $program =~ s/\Aspawnscan-//r}; # as spawnscan calls it
	my %in_man;
	for my $line ($man =~ /^\.It (Fl .*)$/mg) {
		$in_man{"--$1"} = 1 while $line =~ s/Fl Fl ([\w-]+)//;
		$in_man{"-$1"} = 1 while $line =~ s/Fl (\w)//;
	}
	my @missing = grep { !$in_man{$_} } sort keys %in_help;
	cmp_ok(scalar keys %in_help, '>', 4, "$program -h tells of options");
	is_deeply(\@missing, [], "$page tells of each of them");
}

# -- manual pages -----------------------------------------------------------------------

SKIP: {
	(grep { -x "$_/mandoc" } split /:/, $ENV{PATH}) or loud_skip('mandoc is not installed', 4);
	for my $page (map { m{([^/]+)\z} } glob "$SRC/man/*.[58]") {
		my $r = run(cmd => ['mandoc', '-Tlint', '-Wwarning', "$SRC/man/$page"]);
		is($r->{out} . $r->{err}, '', "$page is sound mdoc");
	}
}

# The codes of --json are an interface: the page has each as the program has it.
my %doubt = (read_file("$SRC/ambiguity/doubt.h") // '') =~ /^\tD\(\w+, "([^"]+)",[\s\\]*"([^"]+)"\)/mg;
cmp_ok(scalar keys %doubt, '>', 40, 'codes of irregular messages');
my ($list) = (read_file("$SRC/man/spawnscan.8") // '') =~ /^The codes of\n\.Li irregular_code\n(.*?)^\.El/ms;
is_deeply({ ($list // '') =~ /^\.It Li (\S+)\n([^\n]+)\n/mg }, \%doubt, 'spawnscan.8 lists them');

# Defaults that are told are those in effect.
my %default;
for (split /\n/, run(cmd => ["$BUILD/spawnscan", '-c', write_file(tmpdir() . '/empty', ''), '--print-config'])->{out}) {
	$default{$1} = $2 if /^(\w+) = ?(.*)$/;
}
my $man = read_file("$SRC/man/spawnscan.conf.5") // '';
my %factor = (K => 1024, M => 1 << 20, G => 1 << 30, s => 1, m => 60, h => 3600, d => 86400);
sub number { my ($v) = @_; return $v =~ /^(\d+)([KMGsmhd]?)$/ ? $1 * ($factor{$2} // 1) : $v }
while ($man =~ /^\.It Ic (\w+)\n(.*?)(?=^\.It Ic|^\.El)/msg) {
	my ($key, $text) = ($1, $2);
	next unless $text =~ /^Default:(?:\n\.Pa)? (\S+?)(?: ?[.,](?: .*)?)?$/m;
	my $told = $1;
	is($told eq 'empty' ? '' : number($told), number($default{$key} // '(no such key)'), "spawnscan.conf.5: default of $key");
}
while ($readme =~ /^\| (infected|blocked|encrypted|unopened|limit|ambiguous|error) \| .* \| (\w+) \|$/mg) {
	is($2, $default{$1}, "README.md: default of $1");
}

# -- the rest ---------------------------------------------------------------------------------

like(read_file("$SRC/LICENSE") // '', qr/GNU GENERAL PUBLIC LICENSE\s+Version 2, June 1991/, 'LICENSE is the GPL, version 2');
my @files = grep { -f "$SRC/$_" && !-l "$SRC/$_" } tree_files();
my @without = grep {
	!m{(?:\.md|\.tsv|\.json|\.dict|/README|\ALICENSE|\A\.gitignore)\z|\Adebian/(?:changelog|control|copyright|source/|po/|[\w.]*templates\z)}
	    && (read_file("$SRC/$_") // '') !~ m{\A(?:#!.*\n)?(?:<\?php\n)?(?:#|/\*|//|;;|\.\\") SPDX-License-Identifier: GPL-2\.0-or-later}
} @files;
is_deeply(\@without, [], 'each file names the licence');
# No scanner may take the tree for infected.
my $payload = eicar();
my @with = grep { (read_file("$SRC/$_") // '') =~ /\Q$payload\E/ } @files;
is_deeply(\@with, [], 'EICAR is stored nowhere');
done_testing;
