# SPDX-License-Identifier: GPL-2.0-or-later
# spawnscan - see README.md
VERSION  = 0.2.0
PREFIX   = /usr/local
SBINDIR  = $(PREFIX)/sbin
MANDIR   = $(PREFIX)/share/man
DOCDIR   = $(PREFIX)/share/doc/spawnscan
DATADIR  = $(PREFIX)/share/spawnscan
SYSCONFDIR = /etc/spawnscan
UNITDIR  = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
TMPFILESDIR = $(PREFIX)/lib/tmpfiles.d

CC       = cc
BUILD    = build/plain
OPT      = -O2 -g1
SAN      =
WARN     = -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow \
           -Wpointer-arith -Wcast-qual -Wsign-compare -Wformat=2 -Wvla $(WERROR)
# For developers: "make check" sets -Werror. A newer compiler may warn of more,
# and that is no reason for a user not to have the program.
WERROR   =
HARDEN   = -fstack-protector-strong -fstack-clash-protection $(HARDEN_CPU) $(FORTIFY) -fPIE
# What a distribution sets in its flags goes first.
FORTIFY  = $(if $(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
HARDEN_CPU = $(if $(filter x86_64-% i386-% i486-% i586-% i686-%,$(MACHINE)),-fcf-protection)\
             $(if $(filter aarch64-%,$(MACHINE)),-mbranch-protection=standard)
LDHARDEN = -pie -Wl,-z,relro,-z,now,-z,noexecstack

# Two towers on one ground (README, "How it is made"). What stands at top level is
# a door between floors; a tower's own folders and common/ are all that it sees.
FRONT_DIRS     = fronts smtp transaction store
DESK_DIRS      = desk
INSPECTOR_DIRS = inspector examine ambiguity defang mime scan
FRONT     = spawnscan smtp_relay quarantine $(call objects,$(FRONT_DIRS))
INSPECTOR = defang mime_walk $(call objects,$(INSPECTOR_DIRS))
DESK      = $(call objects,$(DESK_DIRS))
COMMON    = $(call objects,common)
objects   = $(basename $(sort $(wildcard $(1:%=%/*.c))))

FRONT_PKGS     = libbsd-overlay libmd inih jansson libcdb lmdb
# One process per connection: not looking for three small libraries at each
# start saves a third of the time until main.
FRONT_LIBS     = -Wl,-Bstatic -linih -ljansson -lcdb -llmdb -lbsd -lmd -lmilter -Wl,-Bdynamic -pthread
DESK_PKGS      = $(FRONT_PKGS)
INSPECTOR_PKGS = libmd libbsd-overlay inih jansson gmime-3.0 libclamav libarchive libbrotlidec libqpdf nettle libmagic libseccomp zlib
FRONT_FLAGS     = -DTOWER_FRONT $(FRONT_DIRS:%=-I%) $(DESK_DIRS:%=-I%) -I.
INSPECTOR_FLAGS = -DTOWER_INSPECTOR $(INSPECTOR_DIRS:%=-I%) -I.

DEFINES  = -D_GNU_SOURCE -DSPAWNSCAN_VERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' \
           -DDATADIR='"$(DATADIR)"' -Icommon
ALLFLAGS = -std=c11 $(OPT) $(WARN) $(HARDEN) $(SAN) $(DEFINES) $(CPPFLAGS) $(CFLAGS)

# Beside the programs, that are started by spawnscan itself.
DESK_SCRIPTS = desk/spawnscan-check desk/spawnscan-report

all: $(BUILD)/spawnscan $(BUILD)/spawnscan-quarantine $(BUILD)/spawnscan-inspect $(DESK_SCRIPTS:desk/%=$(BUILD)/%)

$(DESK_SCRIPTS:desk/%=$(BUILD)/%): $(BUILD)/%: desk/%
	@mkdir -p $(@D)
	@install -m 755 $< $@

$(BUILD)/spawnscan: $(FRONT:%=$(BUILD)/front/%.o) $(BUILD)/common.a
	@echo "  LD $@"
	@$(CC) $(LDHARDEN) $(SAN) $(LDFLAGS) -o $@ $^ $(FRONT_LIBS)

# The postmaster's desk: a main of its own in the front's tower.
$(BUILD)/spawnscan-quarantine: $(DESK:%=$(BUILD)/front/%.o) \
    $(patsubst %,$(BUILD)/front/%.o,$(filter-out spawnscan fronts/milter%,$(FRONT))) $(BUILD)/common.a
	@echo "  LD $@"
	@$(CC) $(LDHARDEN) $(SAN) $(LDFLAGS) -o $@ $^ $$(pkg-config --libs $(DESK_PKGS))

$(BUILD)/spawnscan-inspect: $(INSPECTOR:%=$(BUILD)/inspector/%.o) $(BUILD)/common.a
	@echo "  LD $@"
	@$(CC) $(LDHARDEN) $(SAN) $(LDFLAGS) -o $@ $^ $$(pkg-config --libs $(INSPECTOR_PKGS))

$(BUILD)/common.a: $(COMMON:%=$(BUILD)/common/%.o)

%.a:
	@echo "  AR $@"
	@rm -f $@
	@$(AR) rcs $@ $^

# The wall. A file of one tower that reaches a file of the other, by whatever
# path, is no object: its dependencies say what it included.
wall = if grep -oE '[^ ]*(^|[ /.])($(subst $(space),|,$(strip $(1))))[/.][^ ]*' $(@:.o=.d) >&2; then \
	echo '$<: error: this is behind the wall' >&2; rm -f $@; exit 1; fi
space := $() $()

$(BUILD)/front/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(ALLFLAGS) $(FRONT_FLAGS) $$(tools/cflags $(FRONT_PKGS)) -MMD -MP -c -o $@ $<
	@$(call wall,$(INSPECTOR_DIRS) mime_walk)

$(BUILD)/inspector/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(ALLFLAGS) $(INSPECTOR_FLAGS) $$(tools/cflags $(INSPECTOR_PKGS)) -MMD -MP -c -o $@ $<
	@$(call wall,$(FRONT_DIRS) $(DESK_DIRS) smtp_relay quarantine)

$(BUILD)/common/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(ALLFLAGS) $$(tools/cflags $(FRONT_PKGS)) -MMD -MP -c -o $@ $<
	@$(call wall,$(FRONT_DIRS) $(DESK_DIRS) $(INSPECTOR_DIRS) smtp_relay quarantine mime_walk)

# Test programs. A unit test has all objects of its half but main's.
FRONT_UNITS     = unit_milter_headers unit_io unit_dot unit_conf unit_log unit_quarantine unit_wrap unit_report unit_transaction
INSPECTOR_UNITS = unit_objects unit_scan unit_sandbox unit_scratch unit_header unit_mime
PROGRAMS        = parts_of lint_of evasion_of decoded_of banner_of under_seccomp
TESTS = $(FRONT_UNITS:%=$(BUILD)/tests/%) $(INSPECTOR_UNITS:%=$(BUILD)/tests/%)

# unit_transaction brings an inspection of its own.
UNIT_OBJS = $(patsubst %,$(BUILD)/front/%.o,$(filter-out spawnscan transaction/inspection fronts/explainer fronts/version,$(FRONT)))

$(filter-out %/unit_transaction,$(FRONT_UNITS:%=$(BUILD)/tests/%)): $(BUILD)/front/transaction/inspection.o

$(FRONT_UNITS:%=$(BUILD)/tests/%): $(BUILD)/tests/%: $(BUILD)/front/tests/%.o $(UNIT_OBJS) $(BUILD)/common.a
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDHARDEN) $(SAN) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
	    $$(pkg-config --libs $(FRONT_PKGS) cmocka) -lmilter -pthread

$(INSPECTOR_UNITS:%=$(BUILD)/tests/%) $(PROGRAMS:%=$(BUILD)/tests/%): $(BUILD)/tests/%: \
    $(BUILD)/inspector/tests/%.o \
    $(patsubst %,$(BUILD)/inspector/%.o,$(filter-out inspector/spawnscan_inspect,$(INSPECTOR))) $(BUILD)/common.a
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDHARDEN) $(SAN) $(LDFLAGS) -o $@ $^ $$(pkg-config --libs $(INSPECTOR_PKGS) cmocka)

# For LD_PRELOAD; see tests/95-torture.t.
$(BUILD)/tests/torture.so: tests/torture.c tests/torture_calls.h
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -std=c11 $(OPT) $(WARN) -D_GNU_SOURCE -U_FORTIFY_SOURCE -fPIC -fno-builtin -shared -o $@ $<

tests: all $(TESTS) $(PROGRAMS:%=$(BUILD)/tests/%) $(BUILD)/tests/torture.so $(BUILD)/bench/sink

# Each call of each scenario; tests/95-torture.t alone takes a sample.
torture:
	tools/install-deps build check
	$(MAKE) tests
	TORTURE=all TORTURE_JOBS=$$(nproc) SPAWNSCAN_BUILD=$(CURDIR)/$(BUILD) prove -v tests/95-torture.t

# 200,000 messages, or LOAD=MESSAGES, while processes are killed; see tests/load.
LOAD = 200000
load:
	tools/install-deps build check
	$(MAKE) tests
	SPAWNSCAN_BUILD=$(CURDIR)/$(BUILD) tests/load $(LOAD)

# What needs neither a Postfix nor a sanitizer, and is quick. Left out: 15, 8
# look at messages by the hundred; 16, 18-containers at several hundred that they make;
# 24-passwords has real packers encrypt, and tries words by the thousand; 31, 38 do for
# LMTP what 30, 33 do for SMTP; 39-lifetime waits for timeouts, 40 for hostile inspectors,
# 42-many-changes for messages of 80,000 names, 45 for an engine that loads signatures
# dozens of times, 46 for a clamd that does not answer; 43-walls starts all there is in
# containers of a dozen kinds; 6, 70, 72, 74, 75, 77 have a Postfix in them; 95 lets each
# call fail; unit_sandbox probes every system call. What takes longest begins.
SLOW  = tests/15% tests/16% tests/18-containers.t tests/24-passwords.t tests/31% tests/38% tests/39-lifetime.t \
        tests/40% tests/42-many-changes.t tests/43-walls.t tests/45% tests/46% tests/6% tests/70% tests/72% \
        tests/74% tests/75% tests/77% tests/8% tests/95%
LONG  = tests/10-oneshot.t tests/30-smtp.t tests/37-proxy.t $(BUILD)/tests/unit_scan tests/05-house.t tests/41-poison.t
QUICK = $(filter-out $(SLOW),$(wildcard tests/*.t)) $(filter-out %/unit_sandbox,$(TESTS))
quick: tests
	TEST_JOBS=$$((2 * $$(nproc))) SPAWNSCAN_CELLS=8 SPAWNSCAN_SAMPLE=16 tests/run $(CURDIR)/$(BUILD) $(LONG) $(filter-out $(LONG),$(QUICK))

# Each test as built, on a part of the corpus.
check:
	tools/install-deps build check
	$(MAKE) lint
	tools/as-owner $(MAKE) WERROR=-Werror tests
	TEST_JOBS=$$((2 * $$(nproc))) SPAWNSCAN_SAMPLE=8 $(MAKE) WERROR=-Werror check-plain

# Everything: the whole corpus, the sanitizers, valgrind, a run of each fuzz target.
check-all:
	tools/install-deps build check fuzz
	$(MAKE) lint
	tools/as-owner $(MAKE) WERROR=-Werror tests
	tools/as-owner $(MAKE) WERROR=-Werror asan
	tools/as-owner $(MAKE) $(FUZZ) fuzz-targets
	$(MAKE) check-fuzz
	$(MAKE) WERROR=-Werror check-plain
	$(MAKE) WERROR=-Werror check-asan
	$(MAKE) WERROR=-Werror check-valgrind

check-plain: tests
	tests/run $(CURDIR)/$(BUILD) tests/*.t $(TESTS)

ASAN = BUILD=build/asan OPT='-O1 -g -fno-omit-frame-pointer' \
       SAN='-fsanitize=address,undefined -fno-sanitize-recover=all' HARDEN=-fPIE

asan:
	$(MAKE) $(ASAN) tests

check-asan:
	$(MAKE) $(ASAN) check-plain

# The same scripts with every process of both halves under valgrind would take
# hours; these cover each file's code.
check-valgrind: tests
	tests/run $(CURDIR)/$(BUILD) tests/valgrind

# Fuzzing: see fuzz/README. Each target takes from its half what it needs, and
# has stubs for the rest.
FUZZ_FRONT     = fuzz_report fuzz_conf fuzz_smtp
FUZZ_INSPECTOR = fuzz_examine fuzz_names fuzz_containers
FUZZ_TARGETS   = $(FUZZ_FRONT) $(FUZZ_INSPECTOR)
FUZZ_STUBBED   = spawnscan fronts/explainer fronts/version transaction/inspection quarantine inspector/% \
                 scan/scan scan/scan_libclamav scan/scan_clamd
# The clock, and what a run could owe to chance (fuzz.c); the world around smtp_relay.
FUZZ_WRAP      = -Wl,--wrap=clock_gettime,--wrap=time,--wrap=arc4random,--wrap=getpid
FUZZ_WRAP_SMTP = -Wl,--wrap=poll,--wrap=connect
FUZZ = BUILD=build/fuzz CC=clang OPT='-O1 -g -fno-omit-frame-pointer' HARDEN=-fPIE \
       SAN='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'

$(FUZZ_FRONT:%=$(BUILD)/%): $(BUILD)/%: $(BUILD)/front/fuzz/%.o $(BUILD)/front/fuzz/fuzz.o \
    $(BUILD)/front/all.a $(BUILD)/common.a
	@echo "  LD $@"
	@$(CC) $(SAN) -fsanitize=fuzzer $(LDFLAGS) $(FUZZ_WRAP) $(if $(filter %_smtp,$@),$(FUZZ_WRAP_SMTP)) -o $@ \
	    $^ $$(pkg-config --libs $(FRONT_PKGS))

$(FUZZ_INSPECTOR:%=$(BUILD)/%): $(BUILD)/%: $(BUILD)/inspector/fuzz/%.o \
    $(BUILD)/inspector/fuzz/fuzz.o $(BUILD)/inspector/fuzz/scan_stub.o $(BUILD)/inspector/all.a $(BUILD)/common.a
	@echo "  LD $@"
	@$(CC) $(SAN) -fsanitize=fuzzer $(LDFLAGS) $(FUZZ_WRAP) -o $@ $^ \
	    $$(pkg-config --libs $(INSPECTOR_PKGS))

$(BUILD)/front/all.a: $(patsubst %,$(BUILD)/front/%.o,$(filter-out $(FUZZ_STUBBED),$(FRONT)))
$(BUILD)/inspector/all.a: $(patsubst %,$(BUILD)/inspector/%.o,$(filter-out $(FUZZ_STUBBED),$(INSPECTOR)))

fuzz-targets: $(FUZZ_TARGETS:%=$(BUILD)/%)

# FUZZ_SECONDS for each target, one after the other; half an hour by default. By
# chance, and from what the runs before it have found.
fuzz:
	tools/install-deps build fuzz
	$(MAKE) $(FUZZ) fuzz-targets
	fuzz/run build/fuzz $${FUZZ_SECONDS:-1800} $(FUZZ_TARGETS)

# From the seeds, and the same run each time: what fails here fails for everyone.
check-fuzz:
	tools/install-deps build fuzz
	$(MAKE) $(FUZZ) fuzz-targets
	fuzz/run build/fuzz same $(FUZZ_TARGETS)

# Tests end with a message where memory or a file is missing, or by a signal; of
# that, and of what cmocka's macros do, versions of cppcheck think differently.
CPPCHECK = cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
           --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --error-exitcode=1 -D_GNU_SOURCE \
           -DSPAWNSCAN_VERSION='"lint"' -DSYSCONFDIR='"/etc"' -DDATADIR='"/usr/share"' $(FRONT_DIRS:%=-I%) $(DESK_DIRS:%=-I%) \
           $(INSPECTOR_DIRS:%=-I%) -Icommon -I.
LINT_TESTS = nullPointerOutOfMemory nullPointerOutOfResources ctunullpointerOutOfMemory \
             deallocuse uninitvar

lint:
	@echo '  CPPCHECK'
	@$(CPPCHECK) *.c $(FRONT_DIRS) $(DESK_DIRS) $(INSPECTOR_DIRS) common
	@$(CPPCHECK) $(LINT_TESTS:%=--suppress=%) tests/*.c
	mandoc -T lint -W warning man/*.[0-9]
	tools/format check

# All C files in the form of .clang-format.
format:
	tools/format

# On a bare system of SUITE: demo, README.md's commands, packages, check.
SUITE = trixie
check-debian:
	tools/install-deps debian
	tools/check-debian $(SUITE)

# Built for arm64 on another machine, and its unit tests run by qemu: in a bare system,
# or where "tools/install-deps arm64" may do as it likes. (What qemu does not have is the
# sandbox, so its test is left out.)
ARM64 = BUILD=build/arm64 CC=aarch64-linux-gnu-gcc AR=aarch64-linux-gnu-ar
arm64:
	tools/install-deps debian
	tools/check-debian -t arm64 $(SUITE)

check-arm64:
	PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig $(MAKE) $(ARM64) tests
	CMOCKA_MESSAGE_OUTPUT=TAP prove --exec qemu-aarch64 \
	    $(patsubst $(BUILD)/%,build/arm64/%,$(filter-out %/unit_sandbox,$(TESTS)))

# The Containerfile's images; BASE= an image, or a tar file, of a Debian to build them on.
check-image: tests
	SPAWNSCAN_BUILD=$(CURDIR)/$(BUILD) tests/image $(BASE)

# What root builds belongs to the owner of the sources (tools/as-owner). Optimizing takes
# more than half of the time of a build, so the demonstration does without, unless the
# programs are there already.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$$(nproc))
DEMO = $(if $(wildcard $(BUILD)/spawnscan-inspect),BUILD=$(BUILD),BUILD=build/demo OPT=-O0 FORTIFY=)
demo:
	@tools/quietly 'Installing packages' tools/install-deps build demo
	@tools/quietly 'Building' tools/as-owner $(MAKE) $(JOBS) $(DEMO) all
	@demo/run $(DETAILS) $(patsubst BUILD=%,%,$(firstword $(DEMO)))

demo-details:
	@$(MAKE) DETAILS=-v demo

# Beside real peers, all of them private and on loopback; see bench/run, and bench/real. What a
# change cost is told by bench/compare, of two build directories.
BENCH = loadgen sink relay dbgen

$(BENCH:%=$(BUILD)/bench/%): $(BUILD)/bench/%: bench/%.c
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(ALLFLAGS) $(LDHARDEN) -pthread -o $@ $<

bench-tools: all $(BENCH:%=$(BUILD)/bench/%)

bench:
	tools/install-deps build bench
	$(MAKE) bench-tools
	bench/run $(BUILD)
	[ -n "$$BENCH_QUICK" ] || bench/real $(BUILD)
	bench/repeat $(BUILD)
	[ -n "$$BENCH_QUICK" ] || bench/abuse $(BUILD)
	[ -n "$$BENCH_QUICK" ] || bench/milter $(BUILD)

# What do attachments cost that have been seen before? See bench/repeat.
repeat: bench-tools
	bench/repeat $(BUILD) $(DATABASE)

# What do messages cost that are made to cost much? See bench/abuse.
abuse: bench-tools
	bench/abuse $(BUILD) $(DATABASE)

# What do a full quarantine, and notices, cost? See bench/quarantine and bench/notify.
day-two: bench-tools
	bench/quarantine $(BUILD)
	bench/notify $(BUILD)

# What is seen of each kind of container; see tests/containers.
containers: all
	tests/containers $(CURDIR)/$(BUILD)

# MUTATIONS messages that were mutated, from number MUTATION on; see tests/mutations.
MUTATIONS = 10000
MUTATION = 1
.PHONY: mutations
mutations: all
	tests/mutations $(CURDIR)/$(BUILD) -n $(MUTATIONS) -s $(MUTATION) -k $(CURDIR)/build/mutations

# What hides from whom; see tests/evasion.
evasion: all $(BUILD)/tests/evasion_of
	tests/evasion $(CURDIR)/$(BUILD)

# What real mail programs get out of messages that were filtered; see tests/readers/run.
# N messages by chance beside a sample of the systematic ones, or N=all.
N = 200
SEED = 1
readers: all
	tools/install-deps build readers
	tests/readers/prepare $(CURDIR)/build/readers
	tests/readers/run $(CURDIR)/$(BUILD) -n $(N) -s $(SEED)

# What recipients see of filtered messages, in real mail programs. MAIL_PROGRAMS= some of
# them; RECIPIENTS_KEEP=DIR keeps the pictures.
MAIL_PROGRAMS =
recipients: all
	tools/install-deps build recipients
	tests/recipients/run $(CURDIR)/$(BUILD) $(MAIL_PROGRAMS)

# Disclaimers put in by spawnscan and by alterMIME; CORPUS= messages, or directories of them.
CORPUS = $(SPAWNSCAN_CORPUS)
disclaimers: all
	tools/install-deps build disclaimers
	tests/disclaimers $(CURDIR)/$(BUILD) $(CORPUS)

# The programs' place goes into what starts them.
SCRIPTS  = contrib/spawnscan-postfix $(DESK_SCRIPTS)
UNITS    = contrib/spawnscan-engine.service contrib/spawnscan-engine.socket \
           contrib/spawnscan-proxy.service contrib/spawnscan-proxy.socket \
           contrib/spawnscan-milter.service contrib/spawnscan-signatures.path contrib/spawnscan-signatures.service \
           contrib/spawnscan-expire.service contrib/spawnscan-expire.timer \
           contrib/spawnscan-report.service contrib/spawnscan-report.timer
PAGES5   = man/spawnscan.conf.5
PAGES8   = man/spawnscan.8 man/spawnscan-inspect.8 man/spawnscan-postfix.8 man/spawnscan-quarantine.8 \
           man/spawnscan-check.8 man/spawnscan-report.8
PLACED   = sed 's,/usr/local/sbin/,$(SBINDIR)/,g; s,/usr/local/share/spawnscan,$(DATADIR),g'

install:
	@tools/as-owner $(MAKE) all
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 \
	    $(DESTDIR)$(DOCDIR) $(DESTDIR)$(DATADIR) $(DESTDIR)$(SYSCONFDIR) \
	    $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(TMPFILESDIR)
	install -m 755 $(BUILD)/spawnscan $(BUILD)/spawnscan-quarantine $(BUILD)/spawnscan-inspect \
	    $(DESTDIR)$(SBINDIR)
	for f in $(SCRIPTS); do \
	    $(PLACED) $$f > $(DESTDIR)$(SBINDIR)/$${f##*/} && chmod 755 $(DESTDIR)$(SBINDIR)/$${f##*/} || exit 1; done
	$(PLACED) master.cf.example > $(DESTDIR)$(DATADIR)/master.cf
	install -d $(DESTDIR)$(DATADIR)/languages
	install -m 644 languages/*.json $(DESTDIR)$(DATADIR)/languages
	for f in $(PAGES8); do $(PLACED) $$f > $(DESTDIR)$(MANDIR)/man8/$${f##*/} || exit 1; done
	for f in $(PAGES5); do $(PLACED) $$f > $(DESTDIR)$(MANDIR)/man5/$${f##*/} || exit 1; done
	install -m 644 README.md LICENSE $(DESTDIR)$(DOCDIR)
	for f in master.cf.example spawnscan.conf.example; do $(PLACED) $$f > $(DESTDIR)$(DOCDIR)/$$f || exit 1; done
	for f in $(UNITS); do \
	    $(PLACED) $$f > $(DESTDIR)$(UNITDIR)/$${f##*/} && chmod 644 $(DESTDIR)$(UNITDIR)/$${f##*/} || exit 1; done
	install -m 644 contrib/spawnscan.sysusers $(DESTDIR)$(SYSUSERSDIR)/spawnscan.conf
	install -m 644 contrib/spawnscan.tmpfiles $(DESTDIR)$(TMPFILESDIR)/spawnscan.conf

# Settings, quarantine and user stay. Take the filter out of Postfix first.
uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/spawnscan $(DESTDIR)$(SBINDIR)/spawnscan-quarantine \
	    $(DESTDIR)$(SBINDIR)/spawnscan-inspect
	for f in $(SCRIPTS); do rm -f $(DESTDIR)$(SBINDIR)/$${f##*/}; done
	for f in $(PAGES8); do rm -f $(DESTDIR)$(MANDIR)/man8/$${f##*/}; done
	for f in $(PAGES5); do rm -f $(DESTDIR)$(MANDIR)/man5/$${f##*/}; done
	for f in $(UNITS); do rm -f $(DESTDIR)$(UNITDIR)/$${f##*/}; done
	rm -f $(DESTDIR)$(SYSUSERSDIR)/spawnscan.conf $(DESTDIR)$(TMPFILESDIR)/spawnscan.conf
	rm -rf $(DESTDIR)$(DOCDIR) $(DESTDIR)$(DATADIR)

clean:
	rm -rf build

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)

.PHONY: all tests quick arm64 check-arm64 check-image check check-all check-plain check-asan check-valgrind check-debian asan fuzz-targets fuzz check-fuzz lint format demo demo-details bench bench-tools repeat abuse day-two evasion containers readers recipients disclaimers install uninstall clean
