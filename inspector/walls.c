/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walls.c - the file system shut off by Landlock: of all files only the
 * signatures, what libraries read while they run, and the private directory; no
 * TCP, no abstract sockets, no signals to others where the kernel can do that.
 *
 * Landlock does not guard stat(2), chmod(2) and the like (syscalls.c does), nor
 * what is open already.
 *
 * EPERM from its system calls is a container's answer (systemd-nspawn, Docker of
 * some years ago): there is no Landlock for us.
 */
#include "walls.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asan.h"
#include "fault.h"

/*
 * Landlock's rights and attributes as of ABI 6. Spelled out, since Debian 12's
 * headers stop at ABI 2 and the kernel that we run on has a different one.
 */
struct ruleset {
	uint64_t fs; /* ABI 1 */
	uint64_t net; /* ABI 4 */
	uint64_t scoped; /* ABI 6 */
};

#define FS_ABI1 ((1ULL << 13) - 1)
#define FS_REFER (1ULL << 13) /* ABI 2 */
#define FS_TRUNCATE (1ULL << 14) /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define NET_BIND_CONNECT_TCP 3ULL
#define SCOPE_ABSTRACT_UNIX_SIGNAL 3ULL

#define READ_ONLY (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define READ_WRITE \
	(READ_ONLY | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | FS_REFER | FS_TRUNCATE)
/* The rights that a rule on a file may have. */
#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)

static int make_ruleset(int, struct ruleset *);
static bool add_rules(int, uint64_t, const struct conf *, const char *, char *, size_t);
static bool allow_path(int, uint64_t, const char *, uint64_t);
static bool allow_certificates(int, uint64_t, const struct conf *);
static enum walls_state failure(char *, size_t);

/* What libraries read while they run; what isn't there is passed over. */
static const char *const library_paths[] = {
	/* iconv modules (GMime, libclamav's UTF-16), locales, libclamunrar */
	"/usr/lib",
	"/usr/lib64",
	"/usr/local/lib",
	"/lib",
	"/lib64",
	"/etc/ld.so.cache",
	/* time zone: libclamav calls localtime */
	"/etc/localtime",
	"/usr/share/zoneinfo",
	/* libcrypto's configuration; not all of /etc/ssl, where private keys may lie */
	"/etc/ssl/openssl.cnf",
	"/etc/pki/tls/openssl.cnf",
	"/etc/crypto-policies",
	/* libclamav 1.5: certificates that signed databases are checked with */
	"/etc/clamav/certs",
	"/usr/local/etc/certs",
	"/dev/null",
	"/dev/urandom",
#ifdef WITH_ASAN
	"/proc",
#endif
};

int
walls_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

int
walls_build(const struct conf *conf, const char *scratch, enum walls_state *state, char *err,
    size_t errsize)
{
	struct ruleset rules;
	int fd = make_ruleset(walls_abi(), &rules);

	if (fd == -1) {
		*state = failure(err, errsize);
	} else if (!add_rules(fd, rules.fs, conf, scratch, err, errsize)) {
		*state = WALLS_FAILED;
		close(fd);
		fd = -1;
	} else {
		*state = WALLS_UP;
	}
	return fd;
}

enum walls_state
walls_close(int walls, char *err, size_t errsize)
{
	if (syscall(SYS_landlock_restrict_self, walls, 0) == -1)
		return failure(err, errsize);
	return WALLS_UP;
}

/* Of a system call; errno says which. */
static enum walls_state
failure(char *err, size_t errsize)
{
	bool missing = errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM;

	fault_tell(err, errsize, "Landlock: %s", strerror(errno));
	return missing ? WALLS_MISSING : WALLS_FAILED;
}

/* All that this kernel's Landlock can deny. A descriptor, or -1 with errno. */
static int
make_ruleset(int abi, struct ruleset *rules)
{
	size_t size = sizeof(*rules);

	memset(rules, 0, sizeof(*rules));
	rules->fs = FS_ABI1;
	if (abi >= 2)
		rules->fs |= FS_REFER;
	if (abi >= 3)
		rules->fs |= FS_TRUNCATE;
	if (abi >= 4)
		rules->net = NET_BIND_CONNECT_TCP;
	if (abi >= 5)
		rules->fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		rules->scoped = SCOPE_ABSTRACT_UNIX_SIGNAL;

	if (abi < 4)
		size = offsetof(struct ruleset, net);
	else if (abi < 6)
		size = offsetof(struct ruleset, scoped);
	return (int)syscall(SYS_landlock_create_ruleset, rules, size, 0);
}

static bool
add_rules(int fd, uint64_t handled, const struct conf *conf, const char *scratch, char *err,
    size_t errsize)
{
	if (!allow_path(fd, handled, scratch, READ_WRITE))
		return fault_tell(err, errsize, "Landlock: %s: %s", scratch, strerror(errno));
	/* No database: scan_open will say so. */
	if (!allow_path(fd, handled, conf->database, READ_ONLY) && errno != ENOENT)
		return fault_tell(err, errsize, "Landlock: %s: %s", conf->database,
		    strerror(errno));
	if (!allow_certificates(fd, handled, conf))
		return fault_tell(err, errsize, "Landlock: %s: %s", conf->cvd_certs_dir,
		    strerror(errno));
	for (size_t i = 0; i < sizeof(library_paths) / sizeof(library_paths[0]); i++)
		if (!allow_path(fd, handled, library_paths[i], READ_ONLY) && errno != ENOENT)
			return fault_tell(err, errsize, "Landlock: %s: %s", library_paths[i],
			    strerror(errno));
	return true;
}

/* Of signed databases (libclamav 1.5): where we say, and where the environment does. */
static bool
allow_certificates(int fd, uint64_t handled, const struct conf *conf)
{
	const char *paths[] = { conf->cvd_certs_dir, getenv("CVD_CERTS_DIR") };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (paths[i] != NULL && paths[i][0] != '\0' &&
		    !allow_path(fd, handled, paths[i], READ_ONLY) && errno != ENOENT)
			return false;
	return true;
}

static bool
allow_path(int fd, uint64_t handled, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr beneath;
	struct stat st;
	int saved;

	memset(&beneath, 0, sizeof(beneath));
	beneath.allowed_access = rights & handled;
	if ((beneath.parent_fd = open(path, O_PATH | O_CLOEXEC)) == -1)
		return false;
	saved = fstat(beneath.parent_fd, &st) == -1 ? errno : 0;
	if (saved == 0 && !S_ISDIR(st.st_mode))
		beneath.allowed_access &= FILE_RIGHTS;
	if (saved == 0 &&
	    syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == -1)
		saved = errno;
	close(beneath.parent_fd);
	errno = saved;
	return saved == 0;
}
