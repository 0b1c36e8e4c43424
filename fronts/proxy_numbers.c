/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy_numbers.c - what the proxy has done and how it is, in numbers for Prometheus.
 *
 * proxy_metrics_file is written in the text format (version 0.0.4) when something has
 * changed, at most once a second. What becomes of messages the sessions count themselves,
 * in metrics_file (transaction/metrics.c). Counters begin at 0 with the proxy.
 *
 * Diagnostics: LOG_WARNING once if it can't be written.
 */
#include "proxy_numbers.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include "clock.h"
#include "fresh_file.h"
#include "log.h"

#define WRITE_MS 1000

struct told {
	const struct proxy_numbers *numbers;
	const struct conf *conf;
};

static void put(FILE *, const void *);
static void put_one(FILE *, const char *, const char *, const char *, uint64_t);

int64_t
proxy_numbers_write(struct proxy_numbers *n, const struct conf *conf)
{
	int64_t now = clock_ms();

	if (*conf->proxy_metrics_file == '\0' || !n->due)
		return -1;
	if (n->written != 0 && now - n->written < WRITE_MS)
		return WRITE_MS - (now - n->written);
	n->written = now;
	n->due = false;
	if (fresh_file_write(conf->proxy_metrics_file, put, &(const struct told){ n, conf })) {
		n->complained = false;
	} else if (!n->complained) {
		log_write(LOG_WARNING, "proxy: %s: %s", conf->proxy_metrics_file, strerror(errno));
		n->complained = true;
	}
	return -1;
}

static void
put(FILE *f, const void *ctx)
{
	const struct told *told = ctx;
	const struct proxy_numbers *n = told->numbers;

	put_one(f, "spawnscan_proxy_sessions", "gauge", "Connections that are served.",
	    n->sessions);
	put_one(f, "spawnscan_proxy_sessions_limit", "gauge", "Setting proxy_processes.",
	    told->conf->proxy_processes);
	put_one(f, "spawnscan_proxy_start_timestamp_seconds", "gauge", "When the proxy began.",
	    (uint64_t)n->started);
	put_one(f, "spawnscan_proxy_connections_total", "counter",
	    "Connections that a session was begun for.", n->begun);
	put_one(f, "spawnscan_proxy_killed_total", "counter",
	    "Sessions that were ended by a signal.", n->killed);
	put_one(f, "spawnscan_proxy_denied_total", "counter",
	    "Clients that are not among proxy_clients.", n->denied);
	put_one(f, "spawnscan_proxy_failed_total", "counter",
	    "Clients that no process could be started for.", n->failed);
	put_one(f, "spawnscan_proxy_reloads_total", "counter", "New settings that were read.",
	    n->reloads);
	put_one(f, "spawnscan_proxy_failed_reloads_total", "counter",
	    "New settings that were wrong.", n->failed_reloads);
}

static void
put_one(FILE *f, const char *name, const char *type, const char *help, uint64_t value)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", name, help, name, type, name,
	    value);
}
