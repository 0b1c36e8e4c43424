# SPDX-License-Identifier: GPL-2.0-or-later
package MilterClient;

# MilterClient.pm - the mail server's side of the milter protocol, version 6, as
# Postfix speaks it: one event at a time, so that a test can do whatever it likes
# between two of them. The changes that the filter asks for are carried out on the
# message as a server does.

use v5.32;
use warnings;
use Harness;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;

my $LEADSPC = 0x100000;

# Options: port or path; protocol (offered steps).
sub connect {
	my ($class, %a) = @_;
	my $s = $a{path} ? IO::Socket::UNIX->new(Peer => $a{path})
	    : IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $a{port});
	return undef unless $s;
	binmode $s;
	$s->autoflush(1);
	my $self = bless { s => $s, %a }, $class;
	my $r = $self->event('O', pack('NNN', 6, 0x1ff, $a{protocol} // 0x1fffff)) // return undef;
	return undef unless $r->[0] eq 'O';
	$self->{steps} = (unpack 'NNN', $r->[1])[2];
	return $self;
}

sub send_raw { my ($self, $bytes) = @_; return syswrite($self->{s}, $bytes) }
sub packet { my ($cmd, $data) = @_; return pack('N', 1 + length $data) . $cmd . $data }
sub send_event { my ($self, $cmd, $data) = @_; return $self->send_raw(packet($cmd, $data // '')) }
sub close { my ($self) = @_; return close $self->{s} }

# The next answer as [command, data]; undef at the end or after 60 s.
sub answer {
	my ($self) = @_;
	my $head = $self->bytes(4) // return undef;
	my $packet = $self->bytes(unpack 'N', $head) // return undef;
	return [substr($packet, 0, 1), substr $packet, 1];
}

sub bytes {
	my ($self, $n) = @_;
	my $deadline = now() + secs(60);
	while (length($self->{in} //= '') < $n) {
		return undef unless IO::Select->new($self->{s})->can_read($deadline - now());
		sysread $self->{s}, $self->{in}, 65536, length $self->{in} or return undef;
	}
	return substr $self->{in}, 0, $n, '';
}

sub event { my ($self, $cmd, $data) = @_; $self->send_event($cmd, $data) or return undef; return $self->answer }

# The events of a transaction, in order, each [command, data].
sub events {
	my (%a) = @_;
	my ($head, $body) = $a{mail} =~ /\A(.*?)\r\n\r\n(.*)\z/s ? ("$1\r\n", $2) : ($a{mail}, '');
	my @fields = $head =~ /([^\r\n][^\n]*\n(?:[ \t][^\n]*\n)*)/g;
	my @headers = map { /\A([^:]*):(.*)\z/s ? ['L', "$1\0" . ($2 =~ s/\r\n/\n/gr =~ s/\n\z//r) . "\0"] : () } @fields;
	return (['C', ($a{name} // 'mail.example') . "\0" . '4' . pack('n', 25) . ($a{address} // '192.0.2.1') . "\0"],
	    ['H', "client.example\0"], ['M', '<' . ($a{from} // 'alice@example.org') . ">\0"],
	    (map { ['R', "<$_>\0"] } @{$a{to} // ['bob@example.net']}), ['T', ''], @headers, ['N', ''],
	    (map { ['B', $_] } unpack '(a65535)*', $body), ['E', '']);
}

# A whole transaction. Returns a hash: verdict (the letter, "y" for a reply code),
# text, mail (with the changes carried out), changed (commands of the changes).
sub deliver {
	my ($self, %a) = @_;
	my @e = events(%a);
	shift @e, shift @e if $self->{greeted}++;
	my $last;
	for my $e (@e) {
		next if $e->[0] eq 'T' && $self->{steps} & 0x200;
		$self->send_event('D', "Ei\0QUEUEID1\0") if $e->[0] eq 'E';
		$self->send_event('D', "M$a{macros}") if $e->[0] eq 'M' && $a{macros};
		if ($e->[0] ne 'E') {
			$last = $self->event(@$e) // return { verdict => 'closed' };
			return verdict($last, %a, mail => $a{mail}) if $last->[0] ne 'c';
			next;
		}
		$self->send_event(@$e) or return { verdict => 'closed' };
	}
	return $self->end(%a);
}

sub verdict { my ($r, %a) = @_; return { verdict => $r->[0], text => $r->[1] =~ s/\0\z//r, mail => $a{mail}, changed => $a{changed} // '' } }

# What comes to the end of a message, up to the verdict.
sub end {
	my ($self, %a) = @_;
	my ($head, $body) = $a{mail} =~ /\A(.*?\r\n)?\r\n(.*)\z/s ? ($1 // '', $2) : ($a{mail}, '');
	my @fields = map { s/\r\n\z//r } $head =~ /([^\r\n][^\n]*\n(?:[ \t][^\n]*\n)*)/g;
	my ($new, $changed) = (undef, '');
	while (my $r = $self->answer) {
		my ($cmd, $data) = @$r;
		$changed .= $cmd if $cmd =~ /[himb]/;
		if ($cmd eq 'p') { next }
		elsif ($cmd eq 'b') { $new .= $data }
		elsif ($cmd eq 'i') {
			my ($at, $name, $value) = unpack 'N Z* Z*', $data;
			splice @fields, $at, 0, "$name:" . $value =~ s/\n/\r\n/gr;
		} elsif ($cmd eq 'm') {
			my ($nth, $name, $value) = unpack 'N Z* Z*', $data;
			my ($i) = (grep { $fields[$_] =~ /\A\Q$name\E:/i } 0 .. $#fields)[$nth - 1];
			return { verdict => "no field $name $nth" } unless defined $i;
			if ($value eq '') { splice @fields, $i, 1 }
			else { $fields[$i] = ($fields[$i] =~ /\A([^:]*)/)[0] . ':' . $value =~ s/\n/\r\n/gr }
		} else {
			return verdict($r, mail => join('', map { "$_\r\n" } @fields) . "\r\n" . ($new // $body), changed => $changed);
		}
	}
	return { verdict => 'closed' };
}

1;
