# SPDX-License-Identifier: GPL-2.0-or-later
package Dkim;

# Dkim.pm - DKIM signatures by python3-dkim (the Debian package, so the system's Python),
# with a key that lives as long as the test.
#
#	my $signed = dkim_sign($mail);	# $mail itself without python3-dkim
#	dkim_verifies($signed);

use v5.32;
use warnings;
use Exporter 'import';
use Harness;

our @EXPORT = qw(dkim_there dkim_sign dkim_verifies);

sub python { my ($code, $in, @args) = @_; return run(in => $in, cmd => ['/usr/bin/python3', '-c', $code, @args]) }

sub dkim_there {
	state $there = -x '/usr/bin/python3' && python('import dkim', '')->{code} == 0;
	return $there;
}

sub keys_dir {
	state $dir;
	return $dir if $dir;
	$dir = subdir('dkim');
	run(cmd => ['openssl', 'genrsa', '-out', "$dir/key.pem", '2048']);
	run(cmd => ['sh', '-c', "openssl rsa -in $dir/key.pem -pubout -outform DER | openssl base64 -A > $dir/public"]);
	return $dir;
}

sub dkim_sign {
	my ($mail) = @_;
	return $mail unless dkim_there();
	return python(<<'END', $mail, keys_dir() . '/key.pem')->{out};
import dkim, sys
m = sys.stdin.buffer.read()
s = dkim.sign(m, b"sel", b"example.org", open(sys.argv[1], "rb").read(), include_headers=[b"from", b"to", b"subject"])
sys.stdout.buffer.write(s + m)
END
}

sub dkim_verifies {
	my ($mail) = @_;
	return python(<<'END', $mail, keys_dir() . '/public')->{out} eq "True\n";
import dkim, sys
key = b"v=DKIM1; k=rsa; p=" + open(sys.argv[1], "rb").read().strip()
print(dkim.verify(sys.stdin.buffer.read(), dnsfunc=lambda name, timeout=5: key))
END
}

1;
