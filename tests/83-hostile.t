#!/usr/bin/perl
# Mails that are broken or packed on purpose, through the whole program: what
# hides in them is found, and what is left is sound.

use v5.32;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Harness;
use MailMaker;

# -- line ends ------------------------------------------------------------------

# A CRLF mail on a pipe whose last boundary line has no line end: the line end in
# front of that is a CRLF all the same.
{
	my $in = crlf(mail(parts => [part('Content-Type: text/plain', "text\n"), attachment('a.bin', eicar())]));
	$in =~ s/\r\n\z// or die;
	my $r = spawnscan(in => $in);
	is($r->{code}, 0, 'CRLF without a last line end: exit code');
	unlike($r->{out}, qr/(?<!\r)\n/, 'no bare LF in what comes out');
	unlike($r->{out}, qr/\r(?!\n)/, 'no bare CR in what comes out');
	like($r->{out}, qr/\r\n--frontier-42--\z/, 'the last boundary line is there');
	unlike($r->{out}, qr/\Q@{[substr b64(eicar()), 0, 40]}\E/, 'the attachment is gone');
}

done_testing;
