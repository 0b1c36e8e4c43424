# SPDX-License-Identifier: GPL-2.0-or-later
package Downstream;

# Downstream.pm - a scriptable SMTP server that records every byte.
#
#	my $d = Downstream->start(
#	    ehlo => ['PIPELINING', 'SIZE 1000000'],
#	    on => { RCPT => sub { my ($s, $line) = @_; return "550 no\r\n" }, ... });
#
# A hook is a string (the reply, raw) or code that gets the session and the
# line and returns the raw reply, undef for the usual one or '' for none. Hook
# names are the command words, CONNECT, UNKNOWN, and DOT for the end of a
# message; "" as a hook value means silence. In a hook: $s->close, $s->reset,
# $s->gate(NAME) (wait until the test opens it), $s->note(TEXT).
#
# With lmtp => 1 it serves LHLO only, and DOT is called once for each accepted
# recipient, with its RCPT line.
#
# Two more hooks are for code only: BODY is called before each read of a
# message's content and gets the number of bytes that are there, and what it
# returns is said at once; END is called when the message is there, and if it
# returns anything that is the reply, and the message counts as not taken.
#
# One process for the server, one per connection. Records lie in a directory:
# N.raw (what connection N received), N.K.msg (its K-th whole message, dots
# undone), N.K.env (the commands of that transaction), N.said (each hook's name
# and what was then said to the end), N.end (how it ended).

use v5.32;
use warnings;
use Harness;
use IO::Handle;
use POSIX ();
use Socket;
use Time::HiRes ();

my @EHLO = ('PIPELINING', 'SIZE 104857600', 'ETRN', 'STARTTLS', 'AUTH PLAIN LOGIN',
    'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8', 'CHUNKING', 'VRFY',
    'XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT', 'XCLIENT NAME ADDR', 'X-STRANGE thing');

# Options: ehlo, on, lmtp, listen (port; default a free one), path (a Unix socket
# instead), ipv6, dribble (replies leave one byte at a time), linger (seconds a
# connection may be quiet).
sub start {
	my ($class, %a) = @_;
	my $self = bless { ehlo => \@EHLO, on => {}, %a,
	    dir => subdir(undef, 0755) }, $class;
	$self->{dir} =~ s{/*$}{};
	my $listener = $self->listen;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		POSIX::setsid();
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
		$SIG{CHLD} = 'IGNORE';
		eval { $self->serve($listener); 1 } or warn $@;
		POSIX::_exit(0);
	}
	$self->{pid} = $pid;
	Harness::adopt($pid);
	close $listener;
	return $self;
}

sub listen {
	my ($self) = @_;
	my ($s, $where);
	if (defined $self->{path}) {
		socket $s, PF_UNIX, SOCK_STREAM, 0 or die "socket: $!";
		$where = pack_sockaddr_un($self->{path});
	} elsif ($self->{ipv6}) {
		socket $s, PF_INET6, SOCK_STREAM, 0 or die "socket: $!";
		$where = pack_sockaddr_in6(0, Socket::IN6ADDR_LOOPBACK);
	} else {
		socket $s, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
		setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
		$where = pack_sockaddr_in($self->{listen} // 0, INADDR_LOOPBACK);
	}
	bind $s, $where or die "bind: $!";
	CORE::listen($s, 128) or die "listen: $!";
	my $lmtp = $self->{lmtp} ? 'lmtp:' : '';
	if (defined $self->{path}) {
		$self->{address} = "${lmtp}unix:$self->{path}";
	} else {
		($self->{port}) = $self->{ipv6} ? unpack_sockaddr_in6(getsockname $s)
		    : unpack_sockaddr_in(getsockname $s);
		$self->{address} = $lmtp . ($self->{ipv6} ? '[::1]' : '127.0.0.1') . ":$self->{port}";
	}
	return $s;
}

sub address { $_[0]{address} }
sub port { $_[0]{port} }
sub stop { my ($self) = @_; stop_process($self->{pid}) if $self->{pid}; delete $self->{pid}; }

# -- what the test asks ------------------------------------------------------

sub open_gate { my ($self, $name) = @_; write_file("$self->{dir}/gate.$name", '') }
sub at_gate { my ($self, $name) = @_; return wait_for(sub { -e "$self->{dir}/at.$name" }, 60) }
sub notes { my ($self) = @_; return lines_of("$self->{dir}/notes") }

# Connections so far.
sub connections { my ($self) = @_; my @c = glob "$self->{dir}/*.raw"; return scalar @c }

# Everything that connection n (from 1) sent to us.
sub raw { my ($self, $n) = @_; return read_file("$self->{dir}/" . ($n // 1) . '.raw') // '' }

# What we said on connection n, whole: a list of [hook, reply].
sub said {
	my ($self, $n) = @_;
	my $text = read_file("$self->{dir}/" . ($n // 1) . '.said') // '';
	return map { my ($hook, $hex) = split / /; [$hook, pack 'H*', $hex // ''] } split /\n/, $text;
}

# How connection n ended: "quit", "eof", "closed", undef while it lasts.
sub ended {
	my ($self, $n, $seconds) = @_;
	return wait_for(sub { read_file("$self->{dir}/" . ($n // 1) . '.end') }, $seconds // 10);
}

# Whole messages in order of connection: hashes with data, mail, rcpt,
# xforward, commands, accepted (recipients).
sub messages {
	my ($self) = @_;
	my @m;
	for my $env (glob "$self->{dir}/*.env") {
		my ($c, $k) = $env =~ m{/(\d+)\.(\d+)\.env\z} or next;
		my @lines = map { s/\r\z//r } lines_of($env);
		push @m, { connection => $c, number => $k,
		    data => read_file("$self->{dir}/$c.$k.msg"),
		    mail => (grep { /\AMAIL/i } @lines)[0],
		    rcpt => [grep { /\ARCPT/i } @lines],
		    xforward => [grep { /\AXFORWARD/i } @lines],
		    commands => \@lines };
	}
	@m = sort { $a->{connection} <=> $b->{connection} || $a->{number} <=> $b->{number} } @m;
	return @m;
}

# Waits until n messages have come in and returns them all.
sub wait_messages {
	my ($self, $n, $seconds) = @_;
	wait_for(sub { my @m = $self->messages; @m >= $n }, $seconds // 30);
	return $self->messages;
}

# -- the server ---------------------------------------------------------------

sub serve {
	my ($self, $listener) = @_;
	for (my $n = 1;; $n++) {
		my $peer;
		until (accept $peer, $listener) { die "accept: $!" unless $!{EINTR} }
		write_file("$self->{dir}/$n.raw", '');
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			close $listener;
			my $session = bless { server => $self, dir => $self->{dir}, n => $n, peer => $peer,
			    buffer => '', k => 0, log => [], accepted => 0 }, 'Downstream::Session';
			my $end = eval { $session->talk } // $@;
			write_file("$self->{dir}/$n.end", $end || 'eof');
			POSIX::_exit(0);
		}
		close $peer;
	}
}

package Downstream::Session;

use v5.32;
use warnings;
use Harness;
use IO::Poll qw(POLLERR POLLHUP);
use Socket;

sub talk {
	my ($s) = @_;
	setsockopt $s->{peer}, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;
	open $s->{raw}, '>>:raw', "$s->{dir}/$s->{n}.raw" or die "raw: $!";
	$s->{raw}->autoflush(1);
	$s->answer('CONNECT', '', "220 downstream.example ESMTP ready\r\n");
	while (defined(my $line = $s->line)) {
		my ($word) = $line =~ /\A([A-Za-z]*)/;
		$word = uc $word;
		$s->command($word, $line);
		return 'quit' if $word eq 'QUIT' && !$s->{no_quit};
	}
	return 'eof';
}

sub command {
	my ($s, $word, $line) = @_;
	my $ok = "250 2.0.0 Ok\r\n";
	if ($word =~ /\A(?:[EL]HLO|HELO)\z/ && ($word eq 'LHLO') != !!$s->{server}{lmtp}) {
		$s->say("500 5.5.1 not spoken here\r\n");
	} elsif ($word eq 'EHLO' || $word eq 'LHLO') {
		my @l = ('downstream.example', @{$s->{server}{ehlo}});
		my $text = join '', map { "250-$_\r\n" } @l;
		$text =~ s/250-([^\n]*\n)\z/250 $1/;
		$s->forget;
		$s->answer($word, $line, $text);
	} elsif ($word eq 'HELO') {
		$s->forget;
		$s->answer($word, $line, "250 downstream.example\r\n");
	} elsif ($word eq 'XFORWARD') {
		push @{$s->{log}}, $line;
		$s->answer($word, $line, $ok);
	} elsif ($word eq 'MAIL') {
		push @{$s->{log}}, $line;
		$s->answer($word, $line, "250 2.1.0 Ok\r\n");
	} elsif ($word eq 'RCPT') {
		my $reply = $s->answer($word, $line, "250 2.1.5 Ok\r\n");
		push @{$s->{log}}, $line if $reply =~ /\A2/;
		$s->{accepted}++ if $reply =~ /\A2/;
	} elsif ($word eq 'DATA') {
		my $reply = $s->answer($word, $line, $s->{accepted} ? "354 go on\r\n"
		    : "554 5.5.1 no valid recipients\r\n");
		$s->data if $reply =~ /\A3/;
	} elsif ($word eq 'RSET') {
		$s->forget;
		$s->answer($word, $line, $ok);
	} elsif ($word eq 'QUIT') {
		$s->answer($word, $line, "221 2.0.0 Bye\r\n");
	} elsif ($word eq 'NOOP') {
		$s->answer($word, $line, $ok);
	} else {
		$s->answer('UNKNOWN', $line, "502 5.5.2 unknown command\r\n");
	}
}

sub forget { my ($s) = @_; $s->{log} = []; $s->{accepted} = 0 }

sub data {
	my ($s) = @_;
	my $data = '';
	my $seen = 0;
	for (;;) {
		# Strictly CRLF.CRLF, in big steps, each looked at once.
		if ($s->{buffer} =~ /\A\.\r\n/) { substr $s->{buffer}, 0, 3, ''; last }
		my $at = index $s->{buffer}, "\r\n.\r\n", $seen;
		$seen = length($s->{buffer}) > 4 ? length($s->{buffer}) - 4 : 0;
		if ($at >= 0) {
			$data = substr $s->{buffer}, 0, $at + 2, '';
			substr $s->{buffer}, 0, 3, '';
			last;
		}
		if (my $h = $s->{server}{on}{BODY}) {
			my $early = $h->($s, length $s->{buffer});
			$s->tell('BODY', $early) if defined $early;
		}
		unless ($s->fill(65536)) {
			write_file("$s->{dir}/$s->{n}.cut", $s->{buffer});
			die "eof in data\n";
		}
	}
	if (my $h = $s->{server}{on}{END}) {
		my $instead = $h->($s);
		if (defined $instead) {
			$s->forget;
			return $s->tell('END', $instead);
		}
	}
	$data =~ s/(\A|\r\n)\./$1/g;
	my $k = ++$s->{k};
	my $base = "$s->{dir}/$s->{n}.$k";
	write_file("$base.msg", $data);
	write_file("$base.tmp", join '', map { "$_\n" } @{$s->{log}});
	rename "$base.tmp", "$base.env" or die "rename: $!";
	my @rcpt = grep { /\ARCPT/i } @{$s->{log}};
	$s->forget;
	$s->answer('DOT', $_, sprintf "250 2.0.0 Ok: queued as Q%03d%03d\r\n", $s->{n}, $k) for $s->{server}{lmtp} ? @rcpt : '';
}

sub answer {
	my ($s, $hook, $line, $usual) = @_;
	my $h = $s->{server}{on}{$hook};
	my $reply = ref $h ? $h->($s, $line) : $h;
	$reply //= $usual;
	$s->tell($hook, $reply);
	return $reply;
}

# Say it, and put it on record once it is out.
sub tell {
	my ($s, $hook, $reply) = @_;
	$s->say($reply);
	open my $fh, '>>', "$s->{dir}/$s->{n}.said" or die "said: $!";
	syswrite $fh, "$hook " . unpack('H*', $reply) . "\n";
}

sub say {
	my ($s, $bytes) = @_;
	my $step = $s->{server}{dribble} ? 1 : 65536;
	while (length $bytes) {
		my $piece = substr $bytes, 0, $step, '';
		while (length $piece) {
			my $n = syswrite $s->{peer}, $piece;
			die "write: $!\n" unless defined $n;
			substr $piece, 0, $n, '';
		}
	}
}

sub fill {
	my ($s, $most) = @_;
	my $rin = '';
	vec($rin, fileno $s->{peer}, 1) = 1;
	select(my $r = $rin, undef, undef, secs($s->{server}{linger} // 60)) or die "quiet for too long\n";
	my $n = sysread $s->{peer}, my $piece, $most // 262144;
	return 0 unless $n;
	syswrite $s->{raw}, $piece;
	$s->{buffer} .= $piece;
	return 1;
}

# The next line without its CRLF (or LF), undef at the end.
sub line {
	my ($s) = @_;
	my $at;
	while (($at = index $s->{buffer}, "\n") < 0) {
		return undef unless $s->fill;
	}
	return substr($s->{buffer}, 0, $at + 1, '') =~ s/\r?\n\z//r;
}

# For hooks: end the connection politely, with a RST, or say that nothing more
# will be said and hear the other side out; or the latter without a word.
sub close { my ($s) = @_; die "closed\n" }
sub shut {
	my ($s) = @_;
	shutdown $s->{peer}, 1;
	return $s->listen_on;
}
sub listen_on {
	my ($s) = @_;
	1 while $s->fill;
	die "heard out\n";
}
sub reset {
	my ($s) = @_;
	setsockopt $s->{peer}, SOL_SOCKET, Socket::SO_LINGER(), pack 'ii', 1, 0;
	CORE::close $s->{peer};
	die "reset\n";
}

# For hooks: neither read nor say anything until the other side has hung up.
sub freeze {
	my ($s) = @_;
	my $poll = IO::Poll->new;
	$poll->mask($s->{peer} => POLLERR | POLLHUP);
	$poll->poll(secs(60)) > 0 or die "frozen for too long\n";
	die "frozen\n";
}

# Wait until the test opens the gate; tells the test that we are there.
sub gate {
	my ($s, $name) = @_;
	write_file("$s->{dir}/at.$name", '');
	wait_for(sub { -e "$s->{dir}/gate.$name" }, 60) or die "gate $name stayed shut\n";
	return undef;
}

sub note {
	my ($s, $text) = @_;
	open my $fh, '>>', "$s->{dir}/notes" or die;
	syswrite $fh, "$text\n";
}

# Talk until the other side leaves: "250-a" over and over.
sub endless {
	my ($s, $piece) = @_;
	$s->say($piece x 1000) while 1;
}

1;
