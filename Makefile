# make help lists the targets. Sources are found by folder: a new file needs no line here.

CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
MARCH ?= native
OPTIMISE ?= -O3
BUILD ?= build
BIN ?= bin
SANITIZE ?=
DATA ?= mnist
FROM ?=
MODEL ?=

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Werror
# No -ffast-math: values must not depend on the lane or the compiler. The two -fno- flags change no value.
CFLAGS := -std=c11 -D_GNU_SOURCE $(OPTIMISE) -g -march=$(MARCH) -ffp-contract=off -fno-math-errno \
          -fno-trapping-math $(WARNINGS) $(SANITIZE) $(EXTRA_CFLAGS)

# What the machine has. `make deps` installs or names what is missing.
compiles = $(shell printf '%b' '$(1)' | $(CC) $(2) -x c - -o /dev/null $(3) >/dev/null 2>&1 && echo yes)
HAVE_OPENMP := $(call compiles,int main(void){return 0;},-fopenmp)
ifeq ($(ONEDNN),no)
HAVE_ONEDNN :=
else
HAVE_ONEDNN := $(call compiles,\043include <dnnl.h>\nint main(void){return 0;},,-ldnnl)
endif
HAVE_OPENBLAS := $(call compiles,\043include <cblas.h>\nint main(void){return 0;},,-lopenblas)
IS_CLANG := $(findstring clang,$(shell $(CC) --version 2>/dev/null))
CAN_PREFER_512 := $(call compiles,int main(void){return 0;},-march=$(MARCH) -mprefer-vector-width=512)

CPPFLAGS := -Ilib -Ichapters
LDLIBS := -lgsl -lcjson -lpng -lz -lm
ifeq ($(HAVE_OPENMP),yes)
CFLAGS += -fopenmp
else
CFLAGS += -fopenmp-simd -Wno-unknown-pragmas
endif
ifneq ($(IS_CLANG),)
# clang warns of a "simd" that it can't obey (the maximum of a row, where NaN's order counts): slower, not wrong.
CFLAGS += -Wno-pass-failed
endif
ifeq ($(CAN_PREFER_512),yes)
CFLAGS += -mprefer-vector-width=512
endif
ifeq ($(HAVE_OPENBLAS),yes)
CPPFLAGS += -DHAVE_OPENBLAS
LDLIBS := -lopenblas $(LDLIBS)
else
LDLIBS := -lgslcblas $(LDLIBS)
endif
ifeq ($(HAVE_ONEDNN),yes)
CPPFLAGS += -DHAVE_ONEDNN
LDLIBS := -ldnnl $(LDLIBS)
endif

LIB_SOURCES := $(wildcard lib/*/*.c)
CHAPTER_SOURCES := $(filter-out %/main.c,$(wildcard chapters/*/*.c))
MAINS := $(wildcard chapters/*/main.c)
ifneq ($(HAVE_ONEDNN),yes)
LIB_SOURCES := $(filter-out %/kernels_onednn.c %/kernels_onednn_conv.c,$(LIB_SOURCES))
endif
# chapters/02-vae/main.c becomes bin/vae
program = $(BIN)/$(shell echo $(1) | sed 's|chapters/[0-9]*-\(.*\)/main.c|\1|')
PROGRAMS := $(foreach m,$(MAINS),$(call program,$(m)))

OBJECTS_F32 := $(patsubst %.c,$(BUILD)/f32/%.o,$(LIB_SOURCES) $(CHAPTER_SOURCES))
OBJECTS_F64 := $(patsubst %.c,$(BUILD)/f64/%.o,$(LIB_SOURCES) $(CHAPTER_SOURCES))
LAB_F32 := $(BUILD)/liblab32.a
LAB_F64 := $(BUILD)/liblab64.a

TEST_SOURCES := $(wildcard tests/*/test_*.c)
TEST_SCRIPTS := $(wildcard tests/*/test_*.sh)
HARNESS := $(patsubst %.c,$(BUILD)/f32/%.o,$(wildcard tests/harness/*.c))
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(TEST_SOURCES))
# Leaks count in the test program itself (tests/run.sh), not in children that exit in the middle of their work.
VALGRIND := valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite \
            --errors-for-leak-kinds=none --child-silent-after-fork=yes --suppressions=tests/setup/valgrind.supp
FORMATTED := $(wildcard lib/*/*.[ch] chapters/*/*.[ch] tests/*/*.[ch])

.PHONY: all help deps demo data test run-tests asan valgrind run-valgrind bench format format-check clean tests
.SECONDARY:

all: $(PROGRAMS)

help:
	@echo 'make             build the programs into bin/'
	@echo 'make demo        install what is missing, build, train a small VAE, draw its pictures'
	@echo 'make test        install what is missing, build, run all tests'
	@echo 'make deps        install the packages (Debian, Ubuntu), or print their names elsewhere'
	@echo 'make data        fetch mnist, shakespeare, names or bible: DATA=mnist [FROM=folder that holds the files]'
	@echo 'make bench       steps per second beside PyTorch: [MODEL=vae]'
	@echo 'make asan        run the tests under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make valgrind    run support, tensor, checkpoint and reader tests under valgrind'
	@echo 'make format      lay out the sources by .clang-format; make format-check only looks'
	@echo 'make clean       remove build/ and bin/'
	@echo 'Variables: CC=clang  MARCH=x86-64-v3  ONEDNN=no  BUILD=folder  BIN=folder'

define program_rule
$(call program,$(1)): $(BUILD)/f32/$(1:.c=.o) $(LAB_F32)
	@mkdir -p $$(@D)
	@echo "  LINK $$@"
	@$$(CC) $$(CFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach m,$(MAINS),$(eval $(call program_rule,$(m))))

# The flags are a file that every object depends on: a build with other flags starts afresh.
FLAGS_NOW := $(CC) $(CFLAGS) $(CPPFLAGS) $(LDLIBS)
$(BUILD)/flags: force
	@mkdir -p $(BUILD)
	@echo '$(FLAGS_NOW)' | cmp -s - $@ || echo '$(FLAGS_NOW)' > $@
.PHONY: force

$(BUILD)/f32/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CFLAGS) $(CPPFLAGS) -Itests -MMD -MP -c -o $@ $<

$(BUILD)/f64/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC $< (double)"
	@$(CC) $(CFLAGS) $(CPPFLAGS) -Itests -DREAL_IS_DOUBLE -MMD -MP -c -o $@ $<

$(LAB_F32): $(OBJECTS_F32)
	@rm -f $@
	@ar rcs $@ $^

$(LAB_F64): $(OBJECTS_F64)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/tests/%_f64: $(BUILD)/f64/tests/%_f64.o $(HARNESS) $(LAB_F64)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -o $@ $^ -lcunit $(LDLIBS)

# Ours and PyTorch's in turn. The spin count is what the programs set for themselves (lib/train/app.c).
bench: $(BUILD)/tests/bench/bench
	GOMP_SPINCOUNT=$${GOMP_SPINCOUNT:-10000} $(BUILD)/tests/bench/bench $(MODEL)

$(BUILD)/tests/bench/bench: $(patsubst %.c,$(BUILD)/f32/%.o,$(wildcard tests/bench/*.c)) $(LAB_F32)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/%: $(BUILD)/f32/tests/%.o $(HARNESS) $(LAB_F32)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -o $@ $^ -lcunit $(LDLIBS)

tests: $(TESTS)

deps:
	@CC='$(CC)' ONEDNN='$(ONEDNN)' sh tests/setup/deps.sh

# demo and test make themselves again after deps: what the machine has is looked up when a Makefile is read.
demo: deps
	@$(MAKE) --no-print-directory all
	@sh tests/setup/demo.sh $(BIN)

test: deps
	@$(MAKE) --no-print-directory run-tests

run-tests: all tests
	@BIN=$(BIN) sh tests/run.sh $(sort $(TEST_SCRIPTS) $(TESTS))

data:
	@sh datasets/fetch.sh '$(DATA)' $(if $(FROM),'$(FROM)')

asan: deps
	@UBSAN_OPTIONS=print_stacktrace=1 \
	    $(MAKE) --no-print-directory run-tests BUILD=$(BUILD)/asan BIN=$(BUILD)/asan/bin OPTIMISE=-O2 \
	    SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'

# valgrind 3.19 knows neither AVX-512 nor all of DWARF 5.
valgrind: deps
	@command -v valgrind >/dev/null || { echo 'error: valgrind: not found. Install the package valgrind'; exit 1; }
	@$(MAKE) --no-print-directory run-valgrind BUILD=$(BUILD)/valgrind BIN=$(BUILD)/valgrind/bin \
	    MARCH=x86-64-v3 OPTIMISE=-O2 EXTRA_CFLAGS=-gdwarf-4

VALGRIND_TESTS := $(filter $(addprefix $(BUILD)/tests/,support/% tensor/% data/test_idx data/test_user data/test_tokens data/test_text \
                  train/test_checkpoint% train/test_safetensors%),$(TESTS))
run-valgrind: $(VALGRIND_TESTS)
	@UNDER='$(VALGRIND)' OMP_NUM_THREADS=1 sh tests/run.sh $(sort $(VALGRIND_TESTS))

format:
	@clang-format -i $(FORMATTED)

format-check:
	@clang-format --dry-run --Werror $(FORMATTED)

clean:
	rm -rf $(BUILD) $(BIN)

-include $(OBJECTS_F32:.o=.d) $(OBJECTS_F64:.o=.d) $(MAINS:%.c=$(BUILD)/f32/%.d)
-include $(TEST_SOURCES:%.c=$(BUILD)/f32/%.d) $(TEST_SOURCES:%.c=$(BUILD)/f64/%.d)
-include $(patsubst %.c,$(BUILD)/f32/%.d,$(wildcard tests/bench/*.c tests/harness/*.c))
