# Needs Go, make, git and bash; the tools are built from tools/go.mod.

SHELL := bash
export GOWORK := $(CURDIR)/go.work

# In a workspace this pattern stands for every package of every module.
ALL := github.com/corskit/corskit/...
FUZZTIME ?= 10s
# What bench runs, how often and for how long: all of it takes about five minutes.
BENCH ?=
ROUNDS ?= 10
BENCHTIME ?= 20ms
# The race detector needs a C compiler, without which Go turns cgo off.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

install := GOWORK=off go build -C tools -o ../bin/
# Shows and counts tests from the JSON that comes in.
report := bin/gotestsum --format pkgname --format-hide-empty-pkg --jsonfile .cache/test.json \
	--post-run-command 'tools/tally .cache/tally' --raw-command -- cat
# The engines that test-browser needs: all of them, or a list such as chromium,firefox.
BROWSERS ?=

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: demo
demo: ## one policy on every framework: a decision matrix and a page (DEMO_ONCE=1: the matrix only)
	@go build -o bin/demo ./examples/demo
	@bin/demo

.PHONY: build
build: ## build every package, and bin/corskit
	go build $(ALL)
	go build -o bin/corskit ./conformance/cmd/corskit

.PHONY: test
test: .cache ## test every module, in the workspace and outside
	@$(install) gotest.tools/gotestsum ./outside
	@$(if $(RACE),,echo "no C compiler: testing without the race detector")
	@set -o pipefail; { \
		go test -json $(RACE) $(ALL) || failed=1; \
		bin/outside || failed=1; \
		exit $${failed:-0}; } | $(report)

.PHONY: outside
outside: .cache ## test every module as those who require it see it, and with the oldest Go release
	@$(install) gotest.tools/gotestsum ./outside
	@set -o pipefail; bin/outside | $(report)

.PHONY: browsers
browsers: ## install the browsers of test-browser, where there is apt
	@tools/browsers

.PHONY: test-browser
test-browser: .cache ## have real browsers judge (BROWSERS=chromium,firefox,webkit: all of them)
	@$(install) gotest.tools/gotestsum
	@set -o pipefail; BROWSERS=$(or $(BROWSERS),all) go test -tags browser -json -count=1 -timeout 20m ./conformance/browser/... | $(report)

.PHONY: scoreboard
scoreboard: ## run corskit test on a server of every peer, and write SCOREBOARD.md (CHECK=1: compare with it)
	@tools/scoreboard
	@go build -o bin/ ./conformance/scoreboard ./conformance/scoreboard/peers ./examples/server ./conformance/cmd/corskit
	@bin/scoreboard $(if $(CHECK),-check)
	@go test -tags peers -count=1 ./conformance/scoreboard/... ./examples/internal/tutorialtest

.PHONY: lint
lint: ## check formatting, likely mistakes and the workflows (make outside checks go.mod)
	@$(install) honnef.co/go/tools/cmd/staticcheck github.com/rhysd/actionlint/cmd/actionlint
	@unformatted=$$(gofmt -l .); \
		[ -z "$$unformatted" ] || { echo "run gofmt -w on:" $$unformatted; exit 1; }
	go vet -tags browser,peers $(ALL)
	bin/staticcheck -tags browser,peers -checks inherit,-ST1013 $(ALL) # 204 and 403 read better in tables than their names
	bin/actionlint -shellcheck= -pyflakes=

# The value of BENCH is not expanded: a dollar is the regexp's.
.PHONY: bench
bench: ## measure beside the peers, and write BENCHMARKS.md (BENCH=regexp: a part, and only print it; ROUNDS=10; MORE=1: pool with the last runs)
	@$(install) ./bench
	@bin/bench -rounds $(ROUNDS) $(if $(MORE),-more) -benchtime $(BENCHTIME) -bench '$(value BENCH)'

.PHONY: bench-diff
bench-diff: ## compare the benchmarks with those of the core's last tag, or of AGAINST: is anything slower?
	@$(install) ./regressions golang.org/x/perf/cmd/benchstat
	@ROUNDS=$(ROUNDS) tools/bench-diff $(AGAINST)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME each (10s), or those in FUZZ
	@tools/fuzz $(FUZZTIME) $(FUZZ)

.PHONY: corpus
corpus: ## keep the inputs that fuzzing has found as seeds of the tests
	@tools/corpus

.PHONY: mutation
mutation: ## break core and adapters in one place at a time: do the tests notice? (an hour)
	@$(install) ./mutation github.com/go-gremlins/gremlins/cmd/gremlins
	@bin/mutation

.PHONY: figures
figures: ## write into SECURITY.md what fuzz (FUZZTIME=10m at least) and mutation have found
	@$(install) ./figures
	@tools/targets | bin/figures

.PHONY: tidy
tidy: ## tidy go.mod and go.sum of every module
	@tools/tidy

.cache:
	@mkdir -p .cache
