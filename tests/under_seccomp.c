/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * under_seccomp.c - a container's system call filter, of any kind, around a command:
 *
 *	under_seccomp ERROR CALL... -- COMMAND...
 *
 * Each CALL fails with ERROR (EPERM or ENOSYS), and all others are allowed. A CALL may
 * be a number too, for what this libseccomp does not know; "prctl:N" is prctl with N
 * as its first argument. CALLs that are not of this architecture are passed over.
 */
#include <err.h>
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
deny(scmp_filter_ctx filter, uint32_t action, const char *call)
{
	int number;

	if (strncmp(call, "prctl:", 6) == 0)
		return seccomp_rule_add(filter, action, SCMP_SYS(prctl), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)strtoul(call + 6, NULL, 10)));
	number = call[0] >= '0' && call[0] <= '9' ? atoi(call) : seccomp_syscall_resolve_name(call);
	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(filter, action, number, 0);
}

int
main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	uint32_t action;
	int i = 2, code;

	if (argc < 4 || filter == NULL)
		errx(64, "usage: under_seccomp EPERM|ENOSYS CALL... -- COMMAND...");
	action = SCMP_ACT_ERRNO(strcmp(argv[1], "ENOSYS") == 0 ? ENOSYS : EPERM);
	for (; i < argc && strcmp(argv[i], "--") != 0; i++)
		if ((code = deny(filter, action, argv[i])) != 0)
			errx(71, "%s: %s", argv[i], strerror(-code));
	if (i + 1 >= argc)
		errx(64, "no command");
	if ((code = seccomp_load(filter)) != 0)
		errx(71, "seccomp: %s", strerror(-code));
	seccomp_release(filter);
	execvp(argv[i + 1], argv + i + 1);
	err(71, "%s", argv[i + 1]);
}
