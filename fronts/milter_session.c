/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter_session - the events of a milter's connection, and what the server is told
 *
 * Header fields and body are put together as the message was (RFC 5322: field,
 * CRLF, empty line, body), judged by a worker process (milter_worker.c), and what
 * changed is asked of the server: fields that differ are replaced, deleted or
 * inserted (milter_headers.c), and the body is replaced if a byte of it differs. So
 * a message in which nothing was found gets its two marks, and every other byte
 * stays the server's own.
 *
 * The server has the message and the client all the time. Whatever fails here is a
 * temporary failure. Once the server was told its verdict the message is its affair;
 * what becomes of it there we don't hear.
 *
 * Leading whitespace of a field's value is the server's to tell
 * (SMFIP_HDR_LEADSPC, Sendmail 8.14, Postfix 2.6); one that does not gets a blank
 * in its place.
 *
 * Ownership: the connection's struct belongs to libmilter's context, from connect
 * or negotiate until close. Threads log nothing; workers do.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "milter_headers.h"
#include "milter_session.h"
#include "milter_worker.h"

#define PROGRESS_SECONDS 20

enum fault { FAULT_NONE, FAULT_SPOOL, FAULT_TOO_BIG, FAULT_RECIPIENTS };

struct connection {
	bool leading_space; /* values come with it */
	char *name, *address, *helo; /* of the client; NULL = unknown */

	struct message message;
	bool begun, in_body;
	int64_t since; /* clock_ms */
	char *sender;
	char **recipients;
	size_t n_recipients;
	enum fault fault; /* the first */
};

/* Whom header changes are asked of. */
struct asked {
	SMFICTX *ctx;
	bool leading_space;
};

/* libmilter's callbacks get nothing of ours at the start. */
static const struct conf *conf;
static int spawner = -1;

static sfsistat on_negotiate(SMFICTX *, unsigned long, unsigned long, unsigned long, unsigned long,
    unsigned long *, unsigned long *, unsigned long *, unsigned long *);
static sfsistat on_connect(SMFICTX *, char *, _SOCK_ADDR *);
static sfsistat on_helo(SMFICTX *, char *);
static sfsistat on_sender(SMFICTX *, char **);
static sfsistat on_recipient(SMFICTX *, char **);
static sfsistat on_data(SMFICTX *);
static sfsistat on_header(SMFICTX *, char *, char *);
static sfsistat on_end_of_header(SMFICTX *);
static sfsistat on_body(SMFICTX *, unsigned char *, size_t);
static sfsistat on_end(SMFICTX *);
static sfsistat on_abort(SMFICTX *);
static sfsistat on_close(SMFICTX *);
static struct connection *connection_of(SMFICTX *);
static void message_reset(struct connection *);
static void append(struct connection *, const char *, size_t);
static char *without_brackets(const char *);
static sfsistat refuse(SMFICTX *, enum fault);
static sfsistat judge(SMFICTX *, struct connection *);
static sfsistat act(SMFICTX *, struct connection *, struct milter_verdict *);
static bool change(SMFICTX *, const struct connection *, const struct message *);
static header_change_fn change_header;
static void keep_waiting(void *);
static char *loose(const char *);

bool
milter_session_register(const struct conf *settings)
{
	struct smfiDesc filter = { .xxfi_name = loose("spawnscan"),
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_sender,
		.xxfi_envrcpt = on_recipient,
		.xxfi_data = on_data,
		.xxfi_header = on_header,
		.xxfi_eoh = on_end_of_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_end,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate };

	conf = settings;
	return smfi_register(filter) == MI_SUCCESS;
}

void
milter_session_start(int fd)
{
	spawner = fd;
}

/*
 * The connection and its transactions.
 */

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2, unsigned long f3,
    unsigned long *pf0, unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
	const unsigned long needed = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY;
	struct connection *c = connection_of(ctx);

	(void)f2;
	(void)f3;
	if (c == NULL || (f0 & needed) != needed)
		return SMFIS_REJECT;
	c->leading_space = (f1 & SMFIP_HDR_LEADSPC) != 0;
	*pf0 = needed;
	*pf1 = f1 & (SMFIP_HDR_LEADSPC | SMFIP_NOUNKNOWN);
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

/* connection_of - made at the first call; NULL: no memory */
static struct connection *
connection_of(SMFICTX *ctx)
{
	struct connection *c = smfi_getpriv(ctx);

	if (c != NULL || (c = calloc(1, sizeof(*c))) == NULL)
		return c;
	c->message.fd = -1;
	if (smfi_setpriv(ctx, c) == MI_SUCCESS)
		return c;
	free(c);
	return NULL;
}

static sfsistat
on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *from)
{
	struct connection *c = connection_of(ctx);
	char text[INET6_ADDRSTRLEN] = "";

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	if (from != NULL && from->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(void *)from)->sin_addr, text,
		    sizeof(text));
	else if (from != NULL && from->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(void *)from)->sin6_addr, text,
		    sizeof(text));
	/* "[192.0.2.1]" where the server could not verify a name. */
	if (name != NULL && name[0] != '[')
		c->name = strdup(name);
	c->address = strdup(text);
	return SMFIS_CONTINUE;
}

static sfsistat
on_helo(SMFICTX *ctx, char *helo)
{
	struct connection *c = connection_of(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	free(c->helo);
	c->helo = helo != NULL ? strdup(helo) : NULL;
	return SMFIS_CONTINUE;
}

static sfsistat
on_sender(SMFICTX *ctx, char **words)
{
	struct connection *c = connection_of(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	message_reset(c);
	c->since = clock_ms();
	c->sender = without_brackets(words[0]);
	if (c->sender == NULL ||
	    message_create(&c->message, conf->message_size_limit) != MESSAGE_OK)
		return refuse(ctx, FAULT_SPOOL);
	c->begun = true;
	return SMFIS_CONTINUE;
}

static sfsistat
on_recipient(SMFICTX *ctx, char **words)
{
	struct connection *c = connection_of(ctx);
	char **grown;

	if (c == NULL || !c->begun)
		return SMFIS_TEMPFAIL;
	if (c->n_recipients == conf->recipient_limit)
		return refuse(ctx, FAULT_RECIPIENTS);
	grown = reallocarray(c->recipients, c->n_recipients + 1, sizeof(*grown));
	if (grown == NULL)
		return refuse(ctx, FAULT_SPOOL);
	c->recipients = grown;
	if ((grown[c->n_recipients] = without_brackets(words[0])) == NULL)
		return refuse(ctx, FAULT_SPOOL);
	c->n_recipients++;
	return SMFIS_CONTINUE;
}

/* without_brackets - "<address>" as it stands between them; malloc'd */
static char *
without_brackets(const char *word)
{
	size_t len = word == NULL ? 0 : strlen(word);

	if (len >= 2 && word[0] == '<' && word[len - 1] == '>')
		return strndup(word + 1, len - 2);
	return strndup(word == NULL ? "" : word, len);
}

/*
 * Nothing is to be known here, but an answer that goes at once: else Postfix's macros for this
 * command wait for a delayed acknowledgement of TCP, and the header behind them.
 */
static sfsistat
on_data(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct connection *c = connection_of(ctx);
	const char *rest = value, *lf;

	if (c == NULL || !c->begun)
		return SMFIS_TEMPFAIL;
	append(c, name, strlen(name));
	append(c, ": ", c->leading_space ? 1 : 2);
	/* Folded lines come with LF alone, and from some with CRLF. */
	for (; (lf = strchr(rest, '\n')) != NULL; rest = lf + 1) {
		append(c, rest, (size_t)(lf - rest) - (lf > rest && lf[-1] == '\r'));
		append(c, "\r\n", 2);
	}
	append(c, rest, strlen(rest));
	append(c, "\r\n", 2);
	return SMFIS_CONTINUE;
}

static sfsistat
on_end_of_header(SMFICTX *ctx)
{
	struct connection *c = connection_of(ctx);

	if (c == NULL || !c->begun)
		return SMFIS_TEMPFAIL;
	append(c, "\r\n", 2);
	c->in_body = true;
	return SMFIS_CONTINUE;
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *bytes, size_t len)
{
	struct connection *c = connection_of(ctx);

	if (c == NULL || !c->begun)
		return SMFIS_TEMPFAIL;
	append(c, (const char *)bytes, len);
	return SMFIS_CONTINUE;
}

/* append - what no longer fits is a fault, told at the end */
static void
append(struct connection *c, const char *bytes, size_t len)
{
	if (c->fault != FAULT_NONE || len == 0)
		return;
	switch (message_append(&c->message, bytes, len)) {
	case MESSAGE_OK:
		break;
	case MESSAGE_TOO_BIG:
		c->fault = FAULT_TOO_BIG;
		break;
	case MESSAGE_IO:
		c->fault = FAULT_SPOOL;
		break;
	}
}

static sfsistat
on_end(SMFICTX *ctx)
{
	struct connection *c = connection_of(ctx);
	sfsistat status;

	if (c == NULL || !c->begun)
		return SMFIS_TEMPFAIL;
	if (!c->in_body)
		append(c, "\r\n", 2);
	if (c->fault == FAULT_NONE && message_seal(&c->message) != MESSAGE_OK)
		c->fault = FAULT_SPOOL;
	status = c->fault != FAULT_NONE ? refuse(ctx, c->fault) : judge(ctx, c);
	message_reset(c);
	return status;
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct connection *c = smfi_getpriv(ctx);

	if (c != NULL)
		message_reset(c);
	return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct connection *c = smfi_getpriv(ctx);

	if (c == NULL)
		return SMFIS_CONTINUE;
	message_reset(c);
	free(c->name);
	free(c->address);
	free(c->helo);
	free(c);
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

static void
message_reset(struct connection *c)
{
	message_close(&c->message);
	c->message.fd = -1;
	free(c->sender);
	while (c->n_recipients > 0)
		free(c->recipients[--c->n_recipients]);
	free(c->recipients);
	c->sender = NULL;
	c->recipients = NULL;
	c->begun = c->in_body = false;
	c->fault = FAULT_NONE;
}

/*
 * The verdict.
 */

static sfsistat
refuse(SMFICTX *ctx, enum fault fault)
{
	static const struct {
		const char *code, *status, *text;
		sfsistat answer;
	} faults[] = {
		[FAULT_NONE] = { "451", "4.3.0", "Internal error", SMFIS_TEMPFAIL },
		[FAULT_SPOOL] = { "452", "4.3.1", "Insufficient system storage", SMFIS_TEMPFAIL },
		[FAULT_TOO_BIG] = { "552", "5.3.4", "Message size exceeds fixed limit",
		    SMFIS_REJECT },
		[FAULT_RECIPIENTS] = { "452", "4.5.3", "Error: too many recipients",
		    SMFIS_TEMPFAIL },
	};

	smfi_setreply(ctx, loose(faults[fault].code), loose(faults[fault].status),
	    loose(faults[fault].text));
	return faults[fault].answer;
}

static sfsistat
judge(SMFICTX *ctx, struct connection *c)
{
	const char *queue_id = smfi_getsymval(ctx, loose("i"));
	const char *login = smfi_getsymval(ctx, loose("{auth_authen}"));
	/* Sent with MAIL, as that one is: without it nobody knows. */
	bool told = smfi_getsymval(ctx, loose("{mail_addr}")) != NULL;
	char client[1024] = "";
	struct envelope envelope = { .sender = c->sender,
		.recipients = c->recipients,
		.n_recipients = c->n_recipients,
		.client = client,
		.client_name = c->name != NULL ? c->name : "",
		.client_address = c->address != NULL ? c->address : "",
		.protocol = "",
		.source = "",
		.authenticated = login != NULL && *login != '\0' ? "yes"
		    : told					 ? "no"
								 : "",
		.ident = queue_id != NULL ? queue_id : "",
		.next_hop = "",
		.mode = "milter" };
	struct milter_verdict verdict;
	sfsistat status;

	if (c->address != NULL && c->address[0] != '\0')
		snprintf(client, sizeof(client), "%s[%s] %s", c->name != NULL ? c->name : "unknown",
		    c->address, c->helo != NULL ? c->helo : "");
	milter_worker_judge(spawner, &c->message, &envelope, clock_ms() - c->since, keep_waiting,
	    ctx, PROGRESS_SECONDS, &verdict);
	status = act(ctx, c, &verdict);
	milter_worker_end(&verdict, status != SMFIS_TEMPFAIL);
	return status;
}

static void
keep_waiting(void *ctx)
{
	smfi_progress(ctx);
}

static sfsistat
act(SMFICTX *ctx, struct connection *c, struct milter_verdict *v)
{
	switch (v->decision) {
	case DECISION_DELIVER:
		if (!v->changed || change(ctx, c, &v->output))
			return SMFIS_ACCEPT;
		return refuse(ctx, FAULT_SPOOL);
	case DECISION_DISCARD:
		return SMFIS_DISCARD;
	case DECISION_REJECT:
		smfi_setreply(ctx, loose("550"), loose("5.7.1"), v->text);
		return SMFIS_REJECT;
	case DECISION_TEMPFAIL:
		break;
	}
	smfi_setreply(ctx, loose("451"), loose("4.3.0"), v->text);
	return SMFIS_TEMPFAIL;
}

/* change - ask for what makes out of the message; false if the server can't be asked */
static bool
change(SMFICTX *ctx, const struct connection *c, const struct message *out)
{
	const struct message *in = &c->message;
	size_t in_body = milter_headers_body(in->bytes, in->size);
	size_t out_body = milter_headers_body(out->bytes, out->size);
	size_t len = out->size - out_body;
	struct asked asked = { ctx, c->leading_space };

	if (!milter_headers_diff(in->bytes, in->size, out->bytes, out->size, change_header, &asked))
		return false;
	if (in->size - in_body == len &&
	    memcmp(in->bytes + in_body, out->bytes + out_body, len) == 0)
		return true;
	return smfi_replacebody(ctx, (unsigned char *)loose(out->bytes + out_body), (int)len) ==
	    MI_SUCCESS;
}

static bool
change_header(void *context, enum header_change what, const char *name, int nth, int position,
    const char *value)
{
	const struct asked *asked = context;
	char *field = loose(name), *text = loose(value);

	if (!asked->leading_space && *text == ' ')
		text++;
	switch (what) {
	case HEADER_REPLACE:
		return smfi_chgheader(asked->ctx, field, nth, text) == MI_SUCCESS;
	case HEADER_DELETE:
		return smfi_chgheader(asked->ctx, field, nth, NULL) == MI_SUCCESS;
	case HEADER_INSERT:
		return smfi_insheader(asked->ctx, position, field, text) == MI_SUCCESS;
	}
	return false;
}

/* loose - libmilter's functions take text that they don't write to as if they did */
static char *
loose(const char *text)
{
	return (char *)(uintptr_t)text;
}
