# What a person does with this source tree. `make` alone prints the targets.

# These shape `make run`; an empty one means what the settings file says.
SETTINGS ?= settings.json
PORT ?=
STATE ?= run/state
WORKERS ?= 2
TLS ?=

# How many compilers run at once, how the program is linked, and what the tests may be narrowed to.
JOBS ?= 2
BUILD_FLAGS ?= --static-swift-stdlib --explicit-target-dependency-import-check error
TESTS ?= Tests/EndToEnd
# Which parts of the proof run (all), and how much of each (1: all of it; 0.05 takes about a minute).
PROOF ?=
SCALE ?= 1
export SCALE
PYTEST_FLAGS ?= -q
# How many test files run at once; they wait more than they work.
TEST_PROCESSES ?= 4
# Which parts of the bench run (all), and whether it is short.
BENCH ?=
SHORT ?=

PROOF_PARTS := power_cut kill ledger limits io_errors disk_full consistency upstream_faults reload slow soak neighbours
# How long each fuzz target runs, and which; all when empty.
FUZZ_SECONDS ?= 20
FUZZ_TARGETS ?=

BINARY := .build/release/chatgpt-api-server
UPSTREAM := .venv/installed
PYTEST := .venv-tests/installed

.DEFAULT_GOAL := help
.PHONY: help setup build run run-tls test unit-tests end-to-end-tests check lint layers tsan fuzz fuzz-check bench proof clean

help: ## Show this list
	@echo 'Targets:'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'Variables of run, as in "make run PORT=9000 WORKERS=4":'
	@echo '  SETTINGS  settings file               $(SETTINGS)'
	@echo '  PORT      port to listen on           $(or $(PORT),as in the settings file)'
	@echo '  STATE     directory of all state      $(STATE)'
	@echo '  WORKERS   worker processes            $(WORKERS)'
	@echo '  TLS       1: HTTPS, self-signed       $(or $(TLS),off)'
	@echo 'Variables of build and test:'
	@echo '  JOBS      compilers at once           $(JOBS)'
	@echo '  TESTS     end-to-end tests to run     $(TESTS)'
	@echo '  PROOF     parts of the proof          $(or $(PROOF),$(PROOF_PARTS))'
	@echo '  SCALE     how much of them            $(SCALE)'
	@echo '  FUZZ_SECONDS, FUZZ_TARGETS: how long and which, see fuzz/corpus'

setup: ## Install the Debian packages to build, run and test with
	@scripts/setup.sh

build: setup ## Build the program (release)
	swift build -c release --jobs $(JOBS) $(BUILD_FLAGS) --product chatgpt-api-server

run: build $(UPSTREAM) ## Run everything here, with a small language model as the upstream
	@SETTINGS='$(SETTINGS)' PORT='$(PORT)' STATE='$(STATE)' WORKERS='$(WORKERS)' TLS='$(TLS)' \
		BINARY='$(BINARY)' scripts/run.sh

run-tls: ## The same over HTTPS, with a self-signed certificate
	@$(MAKE) --no-print-directory run TLS=1

test: build unit-tests fuzz-check end-to-end-tests ## Run all tests

unit-tests: setup ## Run the Swift tests
	swift test --jobs $(JOBS)

end-to-end-tests: build $(PYTEST) $(UPSTREAM) ## Run the tests of program, nginx and upstream together
	.venv-tests/bin/python -m pytest $(PYTEST_FLAGS) Tests/Simulator/tests
	.venv-tests/bin/python -m pytest $(PYTEST_FLAGS) -n $(TEST_PROCESSES) --dist loadfile -m 'not alone' $(TESTS)
	.venv-tests/bin/python -m pytest $(PYTEST_FLAGS) -m alone $(TESTS)

check: lint layers test ## Format, layers, build, all tests: what a change must pass

lint: ## Check the format of the sources
	swift format lint --strict --recursive Sources Tests fuzz Package.swift

layers: ## Check which folder uses what
	@scripts/layers.sh

tsan: setup ## Run the Swift tests under the thread sanitizer
	swift build --build-tests --jobs $(JOBS) --sanitize=thread --scratch-path .build-tsan
	clang -shared -fPIC -O1 -Wall -Werror -o .build-tsan/mutex.so Tests/ThreadSanitizer/mutex.c -ldl
	LD_PRELOAD='$(CURDIR)/.build-tsan/mutex.so' TSAN_OPTIONS='halt_on_error=0 exitcode=66' \
		swift test --skip-build --sanitize=thread --scratch-path .build-tsan

fuzz-check: build
	@fuzz/build.sh check

fuzz: build ## Feed broken and random input to all readers, FUZZ_SECONDS each
	@fuzz/build.sh
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' fuzz/run.sh $(FUZZ_TARGETS)

bench: build ## Measure beside proxy_pass and C floors; BENCH="requests streams" for parts, SHORT=1 for a look
	@command -v wrk >/dev/null && command -v cc >/dev/null && command -v mkfs.ext4 >/dev/null \
		|| scripts/setup.sh wrk gcc libc6-dev e2fsprogs
	python3 bench/bench.py $(BENCH:%=--only %) $(if $(SHORT),--short)

proof: build $(PYTEST) ## Show that faults lose nothing; PROOF="kill reload" for parts, SCALE=0.05 for a minute
	@command -v cc >/dev/null && command -v mkfs.ext4 >/dev/null && command -v slowhttptest >/dev/null \
		&& command -v strace >/dev/null || scripts/setup.sh gcc libc6-dev e2fsprogs slowhttptest strace
	.venv-tests/bin/python -m pytest $(PYTEST_FLAGS) \
		$(or $(PROOF:%=Tests/Proof/test_%.py),$(PROOF_PARTS:%=Tests/Proof/test_%.py))

clean: ## Remove what was built and installed here; run/ with its state stays
	rm -rf .build .build-tsan .build-fuzz .venv .venv-tests .pytest_cache

$(UPSTREAM): scripts/upstream-requirements.txt | setup
	python3 -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

$(PYTEST): Tests/EndToEnd/requirements.txt | setup
	python3 -m venv .venv-tests
	.venv-tests/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
