# ctr: build, check, test, demo, bench. `make help` lists the targets.
#
#   MODE=release|debug|asan|cov   how to build (default release)      V=1  show the commands
#   WERROR=1                      warnings are errors                 PREFIX=/usr/local SYSCONFDIR=/etc DESTDIR=
MODE    ?= release
PREFIX  ?= /usr/local
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
CC      ?= gcc
CC_INIT ?= musl-gcc
VERSION := 0.1.0
B := build
O := $(B)/$(MODE)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
        -Wcast-qual -Wwrite-strings -Wswitch-enum -Wnull-dereference $(if $(WERROR),-Werror)
CPPFLAGS_ALL := -D_GNU_SOURCE -I. -I$(B) -DCTR_VERSION='"$(VERSION)"' -DCTR_PREFIX='"$(PREFIX)"' $(CPPFLAGS)
HARDEN := -fstack-protector-strong -fPIE
# Small, since what a start costs is system calls and pages: -O2 is no faster. No tables for exceptions, of which
# there are none; a debugger has its own.
FLAGS_release := -Os -D_FORTIFY_SOURCE=2 $(HARDEN) -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables
FLAGS_debug   := -O0 $(HARDEN)
FLAGS_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -fPIE
FLAGS_cov     := -O0 --coverage -fPIE
CFLAGS_ALL := -std=gnu17 -g $(FLAGS_$(MODE)) $(WARN) $(CFLAGS)
# The program is static: an ordinary start must not pay for the dynamic linker (see README, Design). Its own
# relocations are packed: 100 KiB that a start need not read.
LINK_release := -static-pie -Wl,-z,pack-relative-relocs,--gc-sections
LINK_debug   := -static-pie
LINK_asan    := -pie -fsanitize=address,undefined
LINK_cov     := -pie --coverage
RELRO := -Wl,-z,relro,-z,now,-z,noexecstack
LIBS := -lyajl_s -lseccomp -lcap -lcrypto -lm
LIBS_DYN := -lyajl -lseccomp -lcap -lcrypto -lm
LIBS_asan := $(LIBS_DYN)
LIBS_MODE := $(or $(LIBS_$(MODE)),$(LIBS))
LIBS_EXT := $(LIBS_DYN) -lsystemd
LIBS_IMAGE := $(LIBS_DYN) -lcurl -lz
LIBS_UNPACK := -l:libarchive.a -l:libzstd.a -l:libcrypto.a -lisal

# ---- what is built from what ---------------------------------------------------------------------
LAYERS := cmd image runtime cgroups namespaces net runtime/config runtime/base
src = $(filter-out %/gen.c,$(wildcard $(1)/*.c))
obj = $(patsubst %.c,$(O)/%.o,$(call src,$(1)))
lib = $(O)/lib$(subst /,-,$(1)).a
ARCHIVES := $(foreach l,$(LAYERS),$(call lib,$(l)))
# The schemas of a layer become structs and field tables.
GEN_runtime/config := config
GEN_runtime := state usage tenant
GEN_image := oci
GEN_net := network wire
gen_obj = $(GEN_$(1):%=$(O)/gen/%.o)
GENERATED := $(foreach l,$(LAYERS),$(GEN_$(l):%=$(B)/gen/%.h))
# Compiled a second time for ctr-ext, which may use the libraries that ctr goes without.
EXT_OBJ := $(O)/cmd/main.ext.o $(O)/cgroups/systemd.ext.o
# A third time: ctr-image, with the libraries that only fetching, sending and packing images need.
IMAGE_OBJ := $(O)/cmd/main.image.o
# The jailed program that reads layers. It is started for each of them, so it has few libraries to find.
UNPACK_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard image/unpack/*.c)) $(O)/image/digest.o
INIT_SRC := $(wildcard runtime/init/*.c)
UNIT_SRC := $(wildcard tests/unit/*.c) tests/lib/test.c
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all check test demo bench fault-full fuzz golden-update format layers house install clean help deps
all: $(B)/ctr $(B)/ctr-ext $(B)/ctr-image $(B)/ctr-unpack
.DELETE_ON_ERROR:
.SECONDARY:

$(B)/ctr $(B)/ctr-ext $(B)/ctr-image $(B)/ctr-unpack: $(B)/%: $(O)/% $(B)/.mode-$(MODE)
	$(Q)ln -sf $(MODE)/$* $@
$(B)/.mode-$(MODE):
	$(Q)mkdir -p $(B) && rm -f $(B)/.mode-* && touch $@

define archive
$(call lib,$(1)): $(call obj,$(1)) $(call gen_obj,$(1))
	$$(Q)mkdir -p $$(@D) && rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call archive,$(l))))

$(O)/ctr: $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) $(LINK_$(MODE)) $(RELRO) -o $@ $(O)/cmd/main.o $(ARCHIVES) $(LIBS_MODE) $(LDFLAGS)
$(O)/ctr-ext: $(EXT_OBJ) $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(filter --coverage -fsanitize=%,$(FLAGS_$(MODE))) $(RELRO) -o $@ $(EXT_OBJ) $(ARCHIVES) $(LIBS_EXT) $(LDFLAGS)
$(O)/ctr-image: $(IMAGE_OBJ) $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(filter --coverage -fsanitize=%,$(FLAGS_$(MODE))) $(RELRO) -o $@ $(IMAGE_OBJ) $(ARCHIVES) $(LIBS_IMAGE) $(LDFLAGS)
$(O)/ctr-unpack: $(UNPACK_OBJ) $(call lib,runtime/base)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(filter --coverage -fsanitize=%,$(FLAGS_$(MODE))) $(RELRO) -o $@ $(UNPACK_OBJ) $(call lib,runtime/base) $(LIBS_UNPACK) $(LDFLAGS)

$(O)/%.o: %.c Makefile | $(GENERATED)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
# Every byte of an image goes through these.
$(O)/image/unpack/%.o: CFLAGS_ALL += $(if $(filter release,$(MODE)),-O2)
$(O)/%.ext.o: %.c Makefile | $(GENERATED)
	$(call say,CC,"$< (ext)")
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) -DCTR_EXT $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
$(O)/%.image.o: %.c Makefile | $(GENERATED)
	$(call say,CC,"$< (image)")
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) -DCTR_IMAGE $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
$(O)/gen/%.o: $(B)/gen/%.h
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $(B)/gen/$*.c

# config.schema.json, and the schemas of ctr's own records and of image documents.
$(B)/gen/gen: runtime/config/gen.c
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE -I. -std=gnu17 -O1 -g $(WARN) -o $@ $< -lyajl
$(B)/gen/config.h: config.schema.json $(B)/gen/gen
	$(Q)$(B)/gen/gen $< config $@ $(@:.h=.c)
$(B)/gen/state.h: runtime/state.schema.json $(B)/gen/gen $(B)/gen/config.h
	$(Q)$(B)/gen/gen $< state $@ $(@:.h=.c)
$(B)/gen/usage.h $(B)/gen/tenant.h: $(B)/gen/%.h: runtime/%.schema.json $(B)/gen/gen
	$(Q)$(B)/gen/gen $< $* $@ $(@:.h=.c)
$(B)/gen/oci.h: image/oci.schema.json $(B)/gen/gen
	$(Q)$(B)/gen/gen $< oci $@ $(@:.h=.c)
$(B)/gen/network.h $(B)/gen/wire.h: $(B)/gen/%.h: net/%.schema.json $(B)/gen/gen
	$(Q)$(B)/gen/gen $< $* $@ $(@:.h=.c)

# The executor: static musl, embedded in ctr as bytes.
$(B)/ctr-init: $(INIT_SRC) $(wildcard runtime/init/*.h) runtime/base/op.h runtime/base/monitor.h runtime/base/sys.h Makefile
	$(call say,MUSL,$@)
	$(Q)mkdir -p $(B) && $(CC_INIT) -std=gnu17 -D_GNU_SOURCE -I. -Os -g $(WARN) -fno-stack-protector \
	  -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -idirafter /usr/include -idirafter /usr/include/$(shell $(CC) -dumpmachine) \
	  -static -Wl,--gc-sections,-z,noseparate-code,--build-id=none -s -o $@ $(INIT_SRC)
$(O)/runtime/embed.o: $(B)/ctr-init
-include $(patsubst %.o,%.d,$(foreach l,$(LAYERS),$(call obj,$(l))) $(EXT_OBJ) $(IMAGE_OBJ) $(UNPACK_OBJ))

# ---- tests ---------------------------------------------------------------------------------------
$(O)/unit: $(UNIT_SRC:%.c=$(O)/%.o) $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(filter --coverage -fsanitize=%,$(FLAGS_$(MODE))) -o $@ $(UNIT_SRC:%.c=$(O)/%.o) $(ARCHIVES) $(LIBS_IMAGE)
$(B)/unit: $(O)/unit $(B)/.mode-$(MODE)
	$(Q)ln -sf $(MODE)/unit $@
-include $(UNIT_SRC:%.c=$(O)/%.d)
$(B)/tests/%: tests/bats/helpers/%.c $(wildcard tests/bats/helpers/*.h)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) -std=gnu17 -D_GNU_SOURCE -O1 -g $(WARN) -static -o $@ $<
HELPERS := $(patsubst tests/bats/helpers/%.c,$(B)/tests/%,$(wildcard tests/bats/helpers/*.c))

# Fuzz targets without a fuzzer: they replay the seeds.
LEAVES := $(filter-out %libcmd.a,$(ARCHIVES))
$(B)/replay/%: tests/fuzz/%.c tests/lib/replay.c $(LEAVES)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -pie -o $@ $< tests/lib/replay.c $(LEAVES) $(LIBS_IMAGE)
$(B)/tests/schema-verdict: tests/schema/verdict.c $(LEAVES)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -pie -o $@ $< $(LEAVES) $(LIBS_IMAGE)

test: all $(B)/unit $(HELPERS) $(B)/tests/schema-verdict $(FUZZERS:%=$(B)/replay/%)
	$(Q)tests/lib/run-tests
fault-full: all $(HELPERS)
	$(Q)FAULT_STRIDE=1 tests/fault/run $(FAULT_CASES)
golden-update: all
	$(Q)tests/lib/golden --update
demo:
	$(Q)tests/lib/deps build && $(MAKE) --no-print-directory -s all && tests/lib/demo $(B)/ctr
bench: all
	$(Q)tests/bench/run $(BENCH_ARGS)

FUZZ_TIME ?= 600
$(B)/fuzz/%: tests/fuzz/%.c $(B)/ctr-init $(GENERATED) $(foreach l,$(filter-out cmd,$(LAYERS)),$(call src,$(l)))
	$(call say,CLANG,$@)
	$(Q)mkdir -p $(@D) && clang -std=gnu17 $(CPPFLAGS_ALL) -g -O1 -fsanitize=fuzzer,address,undefined \
	  -fno-sanitize-recover=undefined -o $@ $< $(GENERATED:.h=.c) \
	  $(foreach l,$(filter-out cmd,$(LAYERS)),$(call src,$(l))) $(LIBS_IMAGE)
fuzz: $(FUZZERS:%=$(B)/fuzz/%)
	$(Q)tests/fuzz/run $(FUZZ_TIME) $(FUZZERS)

# ---- checks --------------------------------------------------------------------------------------
C_FILES = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h')
check: layers house $(GENERATED)
	$(Q)tests/lib/check $(C_FILES)
layers:
	$(Q)tests/lib/layers
house:
	$(Q)tests/lib/house
format:
	$(Q)clang-format -i $(C_FILES)

# ---- the rest ------------------------------------------------------------------------------------
deps:
	$(Q)tests/lib/deps build test callers check bench
# How callers are told of ctr: where they read a directory, by a file there; elsewhere by a piece to merge.
DROPINS := $(shell cd cmd/dropins && find etc share -type f)
define dropin
install -d $(dir $(2))
	sed 's|@BINDIR@|$(PREFIX)/bin|' cmd/dropins/$(1) >$(2)
	
endef
# systemd looks there for what makes units, in /usr and in /usr/local.
define generator
install -d $(1)
	ln -sf ../../../bin/ctr $(1)/$(2)
	
endef
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/ctr $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(O)/ctr $(DESTDIR)$(PREFIX)/bin/ctr
	ln -sf ctr $(DESTDIR)$(PREFIX)/bin/ctr-runc
	$(foreach u,system user,$(call generator,$(DESTDIR)$(PREFIX)/lib/systemd/$(u)-generators,ctr-$(u)-generator))
	install -m 755 $(O)/ctr-ext $(O)/ctr-image $(O)/ctr-unpack $(DESTDIR)$(PREFIX)/libexec/ctr/
	$(if $(wildcard cmd/man/*.1),install -m 644 cmd/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/)
	$(foreach f,$(filter etc/%,$(DROPINS)),$(call dropin,$(f),$(DESTDIR)$(f:etc/%=$(SYSCONFDIR)/%)))
	$(foreach f,$(filter share/%,$(DROPINS)),$(call dropin,$(f),$(DESTDIR)$(f:share/%=$(PREFIX)/share/ctr/%)))
clean:
	rm -rf $(B)
help:
	@echo "all check test demo bench fault-full fuzz golden-update format layers house install clean deps"
	@sed -n 's/^#   //p' Makefile
