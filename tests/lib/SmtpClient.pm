# SPDX-License-Identifier: GPL-2.0-or-later
package SmtpClient;

# SmtpClient.pm - a scriptable SMTP client, and spawnscan on the other end of
# its wire: over one socket that is stdin, stdout and stderr, as spawn(8) does
# it, or over two pipes, as a script does it, or over TCP, which can be reset.
# Or a plain client of some server, for Postfix.
#
#	my $c = SmtpClient->filter(via => 'socket', to => '127.0.0.1:2525');
#	$c->reply;  $c->cmd('EHLO me');  $c->send("MAIL FROM:<a\@b>\r\n");

use v5.32;
use warnings;
use Harness;
use File::Basename ();
use IO::Handle;
use Socket;

# Options: via ('socket', 'pipes', 'tcp'), to (the downstream), conf (hash or
# file), args, env, before (words in front of the command). Starts spawnscan.
sub filter {
	my ($class, %a) = @_;
	my $conf = $a{conf} // {};
	$conf = conf_file(%$conf) if ref $conf;
	my $self = bless { %a, conf => $conf, dir => File::Basename::dirname($conf),
	    received => '', taken => 0 }, $class;
	my @cmd = (@{$a{before} // []}, spawnscan_cmd('-c', $conf, @{$a{args} // []}, defined $a{to} ? $a{to} : ()));
	my @env = (env => $a{env}, only_env => $a{only_env});
	if (($a{via} // 'socket') ne 'pipes') {
		my ($ours, $theirs) = ($a{via} // '') eq 'tcp' ? tcp_pair() : unix_pair();
		$self->{pid} = start_process(cmd => \@cmd, fds => [$theirs, $theirs, $theirs], @env);
		close $theirs;
		$self->{in} = $self->{out} = $ours;
	} else {
		pipe my $r1, my $w1 or die;
		pipe my $r2, my $w2 or die;
		$self->{errfile} = subdir() . '/stderr';
		open my $err, '>', $self->{errfile} or die;
		$self->{pid} = start_process(cmd => \@cmd, fds => [$r1, $w2, $err], @env);
		close $_ for $r1, $w2, $err;
		@$self{qw(in out)} = ($r2, $w1);
	}
	$_->blocking(0) for $self->{in}, $self->{out};
	return $self;
}

sub unix_pair {
	socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!";
	return ($ours, $theirs);
}

sub tcp_pair {
	socket my $listener, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
	bind $listener, pack_sockaddr_in(0, INADDR_LOOPBACK) or die "bind: $!";
	listen $listener, 1 or die "listen: $!";
	socket my $ours, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
	CORE::connect($ours, getsockname $listener) or die "connect: $!";
	setsockopt $ours, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;
	accept my $theirs, $listener or die "accept: $!";
	return ($ours, $theirs);
}

# A client of some server at host and port.
sub connect {
	my ($class, $host, $port) = @_;
	socket my $s, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
	CORE::connect($s, pack_sockaddr_in($port, inet_aton($host))) or die "connect $host:$port: $!\n";
	setsockopt $s, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;
	$s->blocking(0);
	return bless { in => $s, out => $s, received => '', taken => 0 }, $class;
}

# -- bytes --------------------------------------------------------------------

# Wait for one round; write what can be written of $$bytes, read what there is.
sub turn {
	my ($self, $bytes, $end) = @_;
	my ($rin, $win) = ('', '');
	vec($rin, fileno $self->{in}, 1) = 1 unless $self->{eof};
	vec($win, fileno $self->{out}, 1) = 1 if $bytes && length $$bytes;
	my $left = $end - now();
	return 0 if $left <= 0;
	select(my $r = $rin, my $w = $win, undef, $left) > 0 or return 0;
	if ($bytes && length $$bytes && vec $w, fileno $self->{out}, 1) {
		my $n = syswrite $self->{out}, $$bytes, 65536;
		if (defined $n) { substr $$bytes, 0, $n, '' }
		elsif (!$!{EAGAIN}) { $self->{broken} = "write: $!"; return 0 }
	}
	if (!$self->{eof} && vec $r, fileno $self->{in}, 1) {
		my $n = sysread $self->{in}, my $piece, 65536;
		if ($n) { $self->{received} .= $piece }
		elsif (!defined $n && $!{EAGAIN}) {}
		else { $self->{eof} = 1 }
	}
	return 1;
}

# True if all of it could be written.
sub send {
	my ($self, $bytes, $seconds) = @_;
	my $end = now() + secs($seconds // 60);
	while (length $bytes) { $self->turn(\$bytes, $end) or return 0 }
	return 1;
}

# Each byte in a write of its own. A socket keeps no such borders, so wait
# until the other side has taken it where that can be seen.
sub dribble {
	my ($self, $bytes) = @_;
	for my $byte (split //, $bytes) {
		$self->send($byte) or return 0;
		$self->drained or return 0;
	}
	return 1;
}

# Waits until the other side has read all that was sent (SIOCOUTQ on a Unix
# socket; on a pipe FIONREAD of our own end tells as much).
sub drained {
	my ($self) = @_;
	my $request = -S $self->{out} ? 0x5411 : 0x541b;
	return wait_for(sub {
		my $n = pack 'i', 0;
		ioctl($self->{out}, $request, $n) or return 1;
		return unpack('i', $n) == 0;
	}, 20);
}

# -- replies ------------------------------------------------------------------

# The next whole reply, raw with all its lines; undef at the end or deadline.
sub reply {
	my ($self, $seconds) = @_;
	my $end = now() + secs($seconds // 30);
	for (;;) {
		my $rest = substr $self->{received}, $self->{taken};
		# A whole reply, or a line that is none.
		if ($rest =~ /\A((?:\d\d\d-[^\n]*\n)*\d\d\d(?: [^\n]*)?\r?\n)/
		    || $rest =~ /\A(?!\d\d\d-)([^\n]*\n)/) {
			$self->{taken} += length $1;
			return $1;
		}
		return undef if $self->{eof};
		$self->turn(undef, $end) or return undef;
	}
}

# True if nothing more comes within a moment that another, later event ends:
# pass code that makes it certain that a reply would have come.
sub nothing_received {
	my ($self) = @_;
	1 while $self->turn(undef, now() + 0.001) && !$self->{eof};
	return length $self->{received} == $self->{taken};
}

sub cmd {
	my ($self, $line, $seconds) = @_;
	$self->send("$line\r\n", $seconds) or return undef;
	return $self->reply($seconds);
}

# Wait for the other side to close; true if it did.
sub at_end {
	my ($self, $seconds) = @_;
	my $end = now() + secs($seconds // 30);
	until ($self->{eof}) { $self->turn(undef, $end) or last }
	return $self->{eof} && length $self->{received} == $self->{taken};
}

# Everything that ever came.
sub received { $_[0]{received} }

# -- whole steps --------------------------------------------------------------

# The banner and EHLO; returns the EHLO reply.
sub hello {
	my ($self, $word) = @_;
	my $banner = $self->reply // return undef;
	return $self->cmd(($word // 'EHLO') . ' client.example');
}

sub stuffed {
	my ($mail) = @_;
	$mail =~ s/(\A|\r\n)\./$1../g;
	$mail .= "\r\n" if length $mail && $mail !~ /\r\n\z/;
	return "$mail.\r\n";
}

# One message from MAIL to the final reply, step by step. Returns the final
# reply, or the first one that was negative. to: list; mail: CRLF, unstuffed.
sub deliver {
	my ($self, %a) = @_;
	my $r = $self->cmd('MAIL FROM:<' . ($a{from} // 'alice@example.org') . '>' . ($a{mail_args} // ''));
	return $r unless defined $r && $r =~ /\A2/;
	my @replies;
	for my $to (@{$a{to} // ['bob@example.net']}) {
		push @replies, $r = $self->cmd("RCPT TO:<$to>" . ($a{rcpt_args} // ''));
		return $r unless defined $r;
	}
	$self->{rcpt_replies} = \@replies;
	return $replies[-1] unless grep { /\A2/ } @replies;
	$r = $self->cmd('DATA');
	return $r unless defined $r && $r =~ /\A3/;
	$self->send(stuffed($a{mail}), $a{seconds}) or return undef;
	return $self->reply($a{seconds} // 60);
}

# The same with as few writes as can be: MAIL, RCPT, DATA together.
sub deliver_pipelined {
	my ($self, %a) = @_;
	my @to = @{$a{to} // ['bob@example.net']};
	$self->send(join '', map { "$_\r\n" } 'MAIL FROM:<' . ($a{from} // 'alice@example.org') . '>',
	    (map { "RCPT TO:<$_>" } @to), 'DATA');
	my @r = map { $self->reply } 0 .. $#to + 2;
	return $r[-1] unless defined $r[-1] && $r[-1] =~ /\A3/;
	$self->send(stuffed($a{mail}));
	return $self->reply;
}

# No more input from us, as when a client goes away politely.
sub shut {
	my ($self) = @_;
	return shutdown $self->{out}, 1 if -S $self->{out};
	return close $self->{out};
}

# Go away; reset: as a host that has forgotten us (tcp only).
sub hang_up { my ($self) = @_; close $self->{out}; close $self->{in} }
sub reset {
	my ($self) = @_;
	setsockopt $self->{out}, SOL_SOCKET, Socket::SO_LINGER(), pack 'ii', 1, 0 or die "SO_LINGER: $!";
	$self->hang_up;
}

# Wait for spawnscan's end: its exit code, "signal N", or undef if it goes on.
sub exit_code {
	my ($self, $seconds) = @_;
	my $status = reap($self->{pid}, $seconds // 30);
	return undef unless defined $status;
	return $status & 127 ? 'signal ' . ($status & 127) : $status >> 8;
}

# QUIT, and see that everything ends well: exit code.
sub quit {
	my ($self) = @_;
	$self->{quit_reply} = $self->cmd('QUIT');
	$self->at_end;
	return $self->{pid} ? $self->exit_code : 0;
}

sub stderr { my ($self) = @_; return $self->{errfile} ? read_file($self->{errfile}) : undef }
sub log { my ($self) = @_; return read_file("$self->{dir}/log") // '' }
sub quarantine { my ($self) = @_; return "$self->{dir}/quarantine" }
sub quarantined {
	my ($self) = @_;
	return grep { !/\.meta\z/ } glob "$self->{dir}/quarantine/*/*";
}

# Every line that came is a sound SMTP reply line.
sub only_replies {
	my ($self) = @_;
	return $self->{received} =~ /\A(?:[2345]\d\d[ -][\x20-\x7e]{0,506}\r\n)*\z/;
}

1;
