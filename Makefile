# Every target runs on the Node.js that npm installs into node_modules, whatever the machine has.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help install build image up down test unit cluster conformance test-faults sim mutants fuzz bench bench-api bench-cluster lint fix clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

install: node_modules/.package-lock.json ## Install the dependencies (Node.js 24 among them)

# Compiled again only when a source changed.
SOURCES := $(shell find shared services proto -name node_modules -prune -o \( -name '*.ts' -o -name '*.proto' -o -name '*.json' \) -not -path '*/gen/*' -print)
dist/.built: node_modules/.package-lock.json package.json tsconfig.json tsconfig.build.json $(SOURCES)
	npm run --silent build
	@touch $@

build: dist/.built ## Compile to dist/

# Laid out first: Node.js and ip (which labs cut networks with), with the libraries they are linked to, the
# command, and what it needs to run.
IMAGE ?= quorate:dev
image: build ## A container image of the command, from local files only (needs docker)
	@rm -rf dist/image && mkdir -p dist/image/usr/bin dist/image/quorate/dist dist/image/tmp dist/image/etc
	@cp node_modules/node/bin/node dist/image/usr/bin/node
	@cp -L $$(PATH=$$PATH:/usr/sbin:/sbin command -v ip) dist/image/usr/bin/ip
	@ldd dist/image/usr/bin/* | awk '/\// && /\(0x/ { print $$(NF-1) }' | sort -u | xargs cp --parents -L -t dist/image
	@cp -r proto package.json dist/image/quorate && cp -r dist/bin dist/image/quorate/dist
	@npm ls --all --loglevel=error --parseable --omit=dev --omit=peer | tail -n +2 | sed 's,^$(CURDIR)/,,' | xargs cp -r --parents -t dist/image/quorate
	@docker build --quiet --tag $(IMAGE) --file Dockerfile dist/image
	@rm -rf dist/image

up: build ## Install, build, start 3 masters and 2 workers on loopback
	@quorate up
	@printf '\nFor "quorate" instead of "npx quorate":\n  export PATH="%s/node_modules/.bin:$$PATH"\n' '$(CURDIR)'

down: build ## Stop that cluster; its data stays
	@quorate down

test: lint unit cluster conformance ## Install, build, lint, and run every test that needs no container engine

unit: build ## Unit and scenario tests
	vitest run --project unit

cluster: build ## Tests on real processes
	vitest run --project cluster --project kubernetes

conformance: build ## The etcd contract, on a real etcd and on ours; Kubernetes' over a real etcd (needs etcd-server, etcd-client)
	@command -v etcd >/dev/null && command -v etcdctl >/dev/null || { \
	  echo 'The conformance suite needs etcd and etcdctl: apt-get install etcd-server etcd-client'; exit 1; }
	CONFORMANCE_TARGET=etcd vitest run --project conformance
	CONFORMANCE_TARGET=quorate vitest run --project conformance
	CONFORMANCE_STORE=etcd vitest run --project kubernetes

fuzz: build ## The unit tests, with a fresh seed for everything random
	@SEED=$$(date +%s) && echo "SEED=$$SEED" && SEED=$$SEED vitest run --project unit

test-faults: build ## Everything broken on purpose, histories checked (about 5 minutes)
	vitest run --project faults

BENCH := node --conditions=quorate-source cluster-tests/bench
bench: build ## Our store beside a real etcd (BENCH_ARGS="--runs 5 --only put"; needs etcd-server, nghttp2-client)
	@$(BENCH)/main.ts $(BENCH_ARGS)

bench-api: build ## The Kubernetes API with 5,000 nodes and 50,000 pods (BENCH_ARGS="--pods 1000 --only get")
	@$(BENCH)/api.ts $(BENCH_ARGS)

bench-cluster: build ## A whole cluster: start, memory, outages, nothing lost
	@$(BENCH)/cluster.ts $(BENCH_ARGS)

SIMULATOR := node --conditions=quorate-source services/simulator/main.ts
sim: build ## Simulated clusters under fresh seeds (SIM_ARGS="--minutes 60", SEED=7 for one)
	@$(SIMULATOR) --corpus cluster-tests/simulation/corpus $(if $(SEED),--seed $(SEED),--seeds 1000000) $(SIM_ARGS)

mutants: build ## Known bugs, one by one: which checker finds each, by its kept plan or under which seed
	@node --conditions=quorate-source cluster-tests/simulation/mutants.ts $(MUTANTS_ARGS)

lint: build ## Types, format, lint, layers, dead code
	npm run --silent types
	npm run --silent lint

fix: install ## Format, and mend what the linter can
	npm run --silent fix

clean: ## Remove what was built
	rm -rf dist shared/rpc/gen coverage
