# `make help` lists the targets with the text after ##.

# A Python of at least 3.11 that makes .local/venv; the rest runs inside it.
PYTHON ?= python3
PY := .local/venv/bin/python
ARCH ?= x86_64
STAGE ?= dev

export PATH := $(CURDIR)/.local/venv/bin:$(CURDIR)/.local/cargo/bin:$(PATH)
export PORT CLOUD_PORT OIDC_PORT WEB_PORT TEST_PORT TEST_CLOUD_PORT TEST_OIDC_PORT TEST_WEB_PORT BASE_URL
export SAM_CLI_TELEMETRY ?= 0

.DEFAULT_GOAL := help
.PHONY: help run start stop reset demo seed logs test unit api test-clock fuzz fuzz-images fuzz-targets fuzz-recurrence lint audit fmt build package doctor cdk-synth deploy deploy-web redrive operate rehearse-restore costs bench guard bench-images watch invoke contract admin install tools python

help: ## shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: install ## runs the whole system locally, or updates what changed in it; Ctrl-C stops it. PORT=3000 WEB_PORT=8080 CLOUD_PORT=4566 OIDC_PORT=4580
	@exec $(PY) -m infra.local run

start: install ## like make run, in the background
	@exec $(PY) -m infra.local start

stop: ## stops the local system; users, tasks and mails are kept
	@if test -x $(PY); then exec $(PY) -m infra.local stop; else echo "Nothing is running."; fi

reset: ## stops the local system and removes its users, tasks, mails and logs
	@if test -x $(PY); then exec $(PY) -m infra.local reset; else echo "Nothing is running, and there is no state to remove."; fi

demo: ## registers a user, creates a task and a reminder, waits for the mail (needs make run). PORT=3000 or BASE_URL=https://…
	@exec $(PYTHON) infra/local/demo.py

seed: tools ## creates a demo account with 200 tasks, a year of reminders and pictures, and prints its sign-in (needs make run)
	@exec $(PY) -m infra.local.seed

logs: ## shows and follows the functions' logs. FUNCTION=tasks-create shows one function
	@test -x $(PY) || { echo "There are no logs yet: run 'make run' first."; exit 1; }
	@exec $(PY) -m infra.local logs $(FUNCTION)

test: tools ## runs every check and every test; the API tests use a separate local cloud
	@exec $(PY) -m infra.local test

unit: tools ## runs the tests below HTTP (unit and store tests) with cargo-nextest. TEST=part-of-a-name
	@exec $(PY) -m infra.local unit $(TEST)

api: install ## runs the API tests (needs make run). TEST=part-of-a-name
	@exec $(PY) -m infra.local api $(TEST)

test-clock: tools ## runs the tests below HTTP at about fifty instants: every hour of a day, leap day, New Year, daylight-saving changes
	@exec $(PY) -m infra.local test-clock

fuzz: tools ## fuzzes every API operation, on a separate local cloud. EXAMPLES=200 SEED=
	@SEED=$(SEED) $(PY) -m infra.local fuzz $(or $(EXAMPLES),200)

lint: tools ## checks formatting, clippy, licences, spelling, unused dependencies, Python and the template
	@exec $(PY) -m infra.local lint

audit: tools ## checks all locked crates, npm and Python packages for known vulnerabilities (needs the network)
	@exec $(PY) -m infra.local audit

fmt: tools ## formats the Rust and the Python code
	cargo fmt --all
	ruff format --config infra/local/ruff.toml infra tests/clients

build: tools ## builds the release binaries for AWS, into target/lambda. ARCH=x86_64 or arm64
	@exec $(PY) -m infra.local build $(ARCH)

package: tools ## creates a bundle from the output of make build: packages, template, checksums, list of crates
	@exec $(PY) -m infra.deploy package

doctor: install ## checks a stage's AWS account for missing or wrong settings. STAGE=dev, staging or production
	@exec $(PY) -m infra.deploy doctor $(STAGE)

cdk-synth: tools ## synthesizes production's stacks with the CDK, and compares them with SAM's
	@exec $(PY) -m infra.deploy cdk-synth

deploy: tools ## deploys a bundle; an earlier bundle rolls back, with AT_ONCE=1. STAGE=dev, staging, production or local; BUNDLE=.local/bundles/….tar
	@test -n "$(BUNDLE)" || { echo "Set BUNDLE=path: 'make build package' writes a bundle into .local/bundles."; exit 1; }
	@exec $(PY) -m infra.deploy deploy $(STAGE) "$(BUNDLE)" $(if $(AT_ONCE),--at-once)

deploy-web: tools ## deploys the web app to AWS: bucket, CloudFront, files. STAGE=staging or production, after make deploy
	@exec $(PY) -m infra.local deploy-web $(STAGE)

redrive: install ## moves dead-letter messages back to their source queue. STAGE=local QUEUE=mail, reminder, digest, …, or all
	@exec $(PY) -m infra.operate --stage $(if $(filter command line,$(origin STAGE)),$(STAGE),local) redrive $(or $(QUEUE),all)

operate: install ## runs an operator command. STAGE=local ARGS="parked", "digest USER --dry-run", "fire USER REMINDER", "end-sessions USER", "copy-rows TABLE"
	@exec $(PY) -m infra.operate --stage $(if $(filter command line,$(origin STAGE)),$(STAGE),local) $(ARGS)

rehearse-restore: tools ## restores users' rows on a separate local cloud, and checks that nothing is sent twice or lost
	@exec $(PY) -m infra.local rehearse-restore

watch: tools ## serves every function with hot reload on port 9000 (needs make run)
	@exec $(PY) -m infra.local watch

invoke: tools ## invokes a function with its sample event for a new user (needs make run). FUNCTION=tasks-create
	@exec $(PY) -m infra.local invoke $(FUNCTION)

contract: python ## writes docs/openapi.json, docs/api.html, docs/facts.json and the client's types from the code
	@cargo run --locked --quiet --package contract
	@exec $(PY) -m infra.local client

fuzz-images: python ## compares random pictures with Pillow and a reference compositor. CASES=3000 SEED=
	@exec $(PY) -m infra.bench.images.differences $(or $(CASES),3000) $(SEED)

fuzz-targets: ## fuzzes the parsers of files, forms, cookies, tokens and cursors, ten minutes each. MINUTES=10 TARGETS=pictures
	@FUZZ_SECONDS=$$((60 * $(or $(MINUTES),10))) exec cargo test --locked --workspace --exclude api-tests --test inputs -- --nocapture --test-threads=1 $(TARGETS)

fuzz-recurrence: tools ## compares random recurrence rules with python-dateutil. CASES=10000 SEED=
	@exec $(PY) -m infra.local.recurrence $(or $(CASES),10000) $(SEED)

bench: tools ## measures what each function's process costs (needs make run and make build). COMPARE=folder WRITE=1 INSTRUCTIONS=1 GROWTH=1 ONLY=name
	@exec $(PY) -m infra.bench.functions $(if $(COMPARE),--compare $(COMPARE)) $(if $(WRITE),--write) $(if $(INSTRUCTIONS),--instructions) $(if $(GROWTH),--growth) --only "$(ONLY)"

guard: install ## counts instructions of the functions, and fails if one has grown by 5 % (needs make run and valgrind). WRITE=1
	@exec $(PY) -m infra.bench.functions.guard $(if $(WRITE),--write)

bench-images: python ## compares our optimizer with sharp on the same pictures: CPU, memory, bytes, quality
	@exec $(PY) -m infra.bench.images

admin: ## runs the admin CLI on the table: recount, migrate, import. ARGS="--table spacedly-dev migrate status"
	@cargo run --locked --quiet --package admin -- $(ARGS)

costs: install ## writes docs/cost.md: the monthly costs of a stage, by route, service and alarm
	@exec $(PY) -m infra.costs

install: python
	@$(PYTHON) infra/local/install.py

tools: python
	@$(PYTHON) infra/local/install.py --tools

python:
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) was not found: install Python 3.11 or newer, or set PYTHON=/path/to/python."; exit 1; }
