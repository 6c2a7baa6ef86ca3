# Each target says after ## what it does: `make help`.

# A Python of at least 3.11 that makes .local/venv; the rest runs inside it.
PYTHON ?= python3
PY := .local/venv/bin/python
ARCH ?= x86_64
STAGE ?= dev

export PATH := $(CURDIR)/.local/venv/bin:$(CURDIR)/.local/cargo/bin:$(PATH)
export PORT CLOUD_PORT OIDC_PORT TEST_PORT TEST_CLOUD_PORT TEST_OIDC_PORT BASE_URL
export SAM_CLI_TELEMETRY ?= 0

.DEFAULT_GOAL := help
.PHONY: help run start stop reset demo logs test test-clock fuzz lint fmt build deploy redrive operate bench-images watch invoke contract admin install tools python

help: ## shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: install ## runs the whole system here (again: only what changed); Ctrl-C ends it. PORT=3000 CLOUD_PORT=4566 OIDC_PORT=4580
	@exec $(PY) -m infra.local run

start: install ## the same in the background
	@exec $(PY) -m infra.local start

stop: ## ends all that make run or make start began; users, tasks and mails are kept
	@if test -x $(PY); then exec $(PY) -m infra.local stop; else echo "Nothing is running."; fi

reset: ## ends it and forgets users, tasks, mails and logs
	@if test -x $(PY); then exec $(PY) -m infra.local reset; else echo "Nothing is running, and there is no state to forget."; fi

demo: ## registers, creates a task and a reminder, waits for the mail (needs make run). PORT=3000 or BASE_URL=https://…
	@exec $(PYTHON) infra/local/demo.py

logs: ## shows and follows what the functions print. FUNCTION=tasks-create for one of them
	@test -x $(PY) || { echo "There are no logs yet: say make run first."; exit 1; }
	@exec $(PY) -m infra.local logs $(FUNCTION)

test: tools ## checks and tests everything, on a local cloud of its own
	@exec $(PY) -m infra.local test

test-clock: tools ## run the tests below HTTP at about fifty instants: each hour of a day, leap day, New Year, changes of daylight saving
	@exec $(PY) -m infra.local test-clock

fuzz: tools ## tries every operation of the contract with many made-up requests, on a local cloud of its own. EXAMPLES=200 SEED=
	@SEED=$(SEED) $(PY) -m infra.local fuzz $(or $(EXAMPLES),200)

lint: tools ## format, clippy, licences, spelling, unused dependencies, Python, template
	@exec $(PY) -m infra.local lint

fmt: tools ## formats the Rust and the Python code
	cargo fmt --all
	ruff format --config infra/local/ruff.toml infra/local

build: tools ## builds what is deployed to AWS, into target/lambda. ARCH=x86_64 or arm64
	@case "$(ARCH)" in x86_64|arm64) ;; *) echo "ARCH=$(ARCH) is neither x86_64 nor arm64."; exit 1;; esac
	rm -rf target/lambda
	cargo lambda build --release --locked --bins --workspace --exclude api-tests --exclude admin $(if $(filter arm64,$(ARCH)),--arm64,--x86-64)

deploy: build ## builds and deploys to AWS with SAM. STAGE=dev, staging or production; ARCH as for build
	@exec $(PY) -m infra.local deploy $(STAGE) $(ARCH)

redrive: install ## gives what was parked back to its queue. STAGE=local QUEUE=mail, reminder, digest, …, or all
	@exec $(PY) -m infra.operate --stage $(if $(filter command line,$(origin STAGE)),$(STAGE),local) redrive $(or $(QUEUE),all)

operate: install ## an operator's command: ARGS="digest USER --dry-run", "fire USER REMINDER", "parked". STAGE=local
	@exec $(PY) -m infra.operate --stage $(if $(filter command line,$(origin STAGE)),$(STAGE),local) $(ARGS)

watch: tools ## serves the functions with hot reload on port 9000, against the running local cloud
	@test -f .env.local || { echo "There is no local cloud to work against: say make run first."; exit 1; }
	cargo build --bins
	cargo lambda watch --invoke-address 127.0.0.1 --env-file .env.local

invoke: tools ## sends its sample event to a function that make watch serves. FUNCTION=tasks-create
	@test -f "events/$(FUNCTION).json" || { echo "Say FUNCTION=<one of these>:"; ls events | sed 's/[.]json$$//'; exit 1; }
	cargo lambda invoke --invoke-address 127.0.0.1 $(FUNCTION) --data-file events/$(FUNCTION).json

contract: python ## writes the published contract, docs/openapi.json, docs/api.html and the client's types, from the code
	@cargo run --locked --quiet --package contract
	@exec $(PY) -m infra.local client

bench-images: python ## compares our optimizer with sharp on the same pictures: CPU, memory, bytes, quality
	@exec $(PY) -m infra.bench.images

admin: ## counts again, migrates, imports: the operators' command line. ARGS="--table spacedly-dev migrate status"
	@cargo run --locked --quiet --package admin -- $(ARGS)

install: python
	@$(PYTHON) infra/local/install.py

tools: python
	@$(PYTHON) infra/local/install.py --tools

python:
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer, or say PYTHON=/path/to/it."; exit 1; }
