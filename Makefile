# spawnscan - see README.md
VERSION  = 0.1.0
PREFIX   = /usr/local
SBINDIR  = $(PREFIX)/sbin
MANDIR   = $(PREFIX)/share/man
DOCDIR   = $(PREFIX)/share/doc/spawnscan
SYSCONFDIR = /etc/spawnscan

CC       = cc
BUILD    = build/plain
OPT      = -O2 -g
SAN      =
WARN     = -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow \
           -Wpointer-arith -Wcast-qual -Wsign-compare -Wformat=2 -Wvla -Werror
HARDEN   = -fstack-protector-strong -fstack-clash-protection -fcf-protection \
           -D_FORTIFY_SOURCE=2 -fPIE
LDHARDEN = -pie -Wl,-z,relro,-z,now,-z,noexecstack

FRONT = spawnscan smtp_relay smtp_data line_io filter transaction wrap quarantine \
        inspector_client scratch message report request verdict conf log
INSPECTOR = inspector mime_walk header scan_libclamav policy defang sandbox \
        scratch message report request verdict conf

FRONT_PKGS     = libbsd-overlay libmd inih
INSPECTOR_PKGS = libbsd-overlay inih gmime-3.0 libclamav libseccomp

CPPFLAGS = -D_GNU_SOURCE -DSPAWNSCAN_VERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' -I.
ALLFLAGS = -std=c11 $(OPT) $(WARN) $(HARDEN) $(SAN) $(CPPFLAGS) $(CFLAGS)

all: $(BUILD)/spawnscan $(BUILD)/spawnscan-inspect

$(BUILD)/spawnscan: $(FRONT:%=$(BUILD)/front/%.o)
	@echo "  LD $@"
	@$(CC) $(LDHARDEN) $(SAN) $(LDFLAGS) -o $@ $^ $$(pkg-config --libs $(FRONT_PKGS))

$(BUILD)/spawnscan-inspect: $(INSPECTOR:%=$(BUILD)/inspector/%.o)
	@echo "  LD $@"
	@$(CC) $(LDHARDEN) $(SAN) $(LDFLAGS) -o $@ $^ $$(pkg-config --libs $(INSPECTOR_PKGS))

# Two halves, two sets of libraries: the front must not even see GMime's headers.
$(BUILD)/front/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(ALLFLAGS) $$(pkg-config --cflags $(FRONT_PKGS)) -MMD -MP -c -o $@ $<

$(BUILD)/inspector/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(ALLFLAGS) $$(pkg-config --cflags $(INSPECTOR_PKGS)) -MMD -MP -c -o $@ $<

# Test programs: tests/NAME.c with the objects of the half that it tests.
PARTS_OF = mime_walk header defang policy message report request verdict conf

$(BUILD)/tests/parts_of: $(BUILD)/inspector/tests/parts_of.o $(PARTS_OF:%=$(BUILD)/inspector/%.o)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDHARDEN) $(SAN) $(LDFLAGS) -o $@ $^ $$(pkg-config --libs $(INSPECTOR_PKGS))

clean:
	rm -rf build

-include $(wildcard build/*/*/*.d build/*/*/*/*.d)

.PHONY: all clean
