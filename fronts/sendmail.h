/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sendmail.h - the front for Postfix's pipe(8): mail in on a descriptor, the
 * result out through sendmail(1).
 */
#ifndef SENDMAIL_H
#define SENDMAIL_H

#include <stddef.h>

#include "conf.h"

struct sendmail_call {
	const char *sender; /* "", "<>" and "MAILER-DAEMON": the null sender */
	char *const *recipients; /* n of them, NULL behind the last */
	size_t n_recipients;
	const char *envid; /* the sender's, RFC 3461 4.4, decoded; NULL or "" = none */
	const char *client; /* "name[address] more"; NULL = not told */
};

/*
 * Filter the message on rfd. Returns a code of <sysexits.h>: sendmail's own if it
 * is one, EX_UNAVAILABLE for a message that is refused, EX_OK for one that is
 * discarded, EX_TEMPFAIL for whatever goes wrong. What is not EX_OK comes with
 * a line on wfd that begins with an enhanced status code (RFC 3463), for
 * pipe(8), unless sendmail has said something itself there.
 */
int sendmail_run(const struct conf *, const struct sendmail_call *, int rfd, int wfd);

#endif
