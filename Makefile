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
.PHONY: help run start stop reset demo seed logs test test-clock fuzz fuzz-images lint fmt build deploy deploy-web redrive operate bench-images watch invoke contract admin install tools python

help: ## shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: install ## runs the whole system locally, or updates what changed in it; Ctrl-C stops it. PORT=3000 WEB_PORT=8080 CLOUD_PORT=4566 OIDC_PORT=4580
	@exec $(PY) -m infra.local run

start: install ## does the same in the background
	@exec $(PY) -m infra.local start

stop: ## stops the local system; users, tasks and mails are kept
	@if test -x $(PY); then exec $(PY) -m infra.local stop; else echo "Nothing is running."; fi

reset: ## stops it and removes users, tasks, mails and logs
	@if test -x $(PY); then exec $(PY) -m infra.local reset; else echo "Nothing is running, and there is no state to forget."; fi

demo: ## registers, creates a task and a reminder, waits for the mail (needs make run). PORT=3000 or BASE_URL=https://…
	@exec $(PYTHON) infra/local/demo.py

seed: tools ## makes a demo account with 200 tasks, a year of reminders and pictures, and prints its sign-in (needs make run)
	@exec $(PY) -m infra.local.seed

logs: ## shows and follows the functions' logs. FUNCTION=tasks-create for one of them
	@test -x $(PY) || { echo "There are no logs yet: run 'make run' first."; exit 1; }
	@exec $(PY) -m infra.local logs $(FUNCTION)

test: tools ## runs every check and test, the API tests on a local cloud of their own
	@exec $(PY) -m infra.local test

test-clock: tools ## runs the tests below HTTP at about fifty instants: every hour of a day, leap day, New Year, daylight-saving changes
	@exec $(PY) -m infra.local test-clock

fuzz: tools ## sends every operation of the contract many generated requests, on a local cloud of its own. EXAMPLES=200 SEED=
	@SEED=$(SEED) $(PY) -m infra.local fuzz $(or $(EXAMPLES),200)

lint: tools ## checks formatting, clippy, licences, spelling, unused dependencies, Python, template
	@exec $(PY) -m infra.local lint

fmt: tools ## formats the Rust and the Python code
	cargo fmt --all
	ruff format --config infra/local/ruff.toml infra

build: tools ## builds the release binaries for AWS, into target/lambda. ARCH=x86_64 or arm64
	@exec $(PY) -m infra.local build $(ARCH)

deploy: build ## builds and deploys to AWS with SAM. STAGE=dev, staging or production; ARCH as for build
	@exec $(PY) -m infra.local deploy $(STAGE) $(ARCH)

deploy-web: tools ## deploys the web app to AWS: bucket, CloudFront, files. STAGE=staging or production, after make deploy
	@exec $(PY) -m infra.local deploy-web $(STAGE)

redrive: install ## moves messages from a dead-letter queue back to their queue. STAGE=local QUEUE=mail, reminder, digest, …, or all
	@exec $(PY) -m infra.operate --stage $(if $(filter command line,$(origin STAGE)),$(STAGE),local) redrive $(or $(QUEUE),all)

operate: install ## runs an operator's command. STAGE=local ARGS="parked", "digest USER --dry-run", "fire USER REMINDER", "copy-rows TABLE"
	@exec $(PY) -m infra.operate --stage $(if $(filter command line,$(origin STAGE)),$(STAGE),local) $(ARGS)

watch: tools ## serves every function with hot reload on port 9000, against the running local cloud
	@exec $(PY) -m infra.local watch

invoke: tools ## sends its sample event to a function of make watch. FUNCTION=tasks-create
	@exec $(PY) -m infra.local invoke $(FUNCTION)

contract: python ## writes docs/openapi.json, docs/api.html, docs/facts.json and the client's types from the code
	@cargo run --locked --quiet --package contract
	@exec $(PY) -m infra.local client

fuzz-images: python ## compares random pictures with Pillow and a reference compositor. CASES=3000 SEED=
	@exec $(PY) -m infra.bench.images.differences $(or $(CASES),3000) $(SEED)

bench-images: python ## compares our optimizer with sharp on the same pictures: CPU, memory, bytes, quality
	@exec $(PY) -m infra.bench.images

admin: ## runs the operators' table tool: replay, migrations, import. ARGS="--table spacedly-dev migrate status"
	@cargo run --locked --quiet --package admin -- $(ARGS)

install: python
	@$(PYTHON) infra/local/install.py

tools: python
	@$(PYTHON) infra/local/install.py --tools

python:
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer, or set PYTHON=/path/to/it."; exit 1; }
