# Jiesu 接诉. `make` lists what there is. Everything is safe to run twice, and quick the second time.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: help setup setup-dev run train test test-rasa check format test-slow test-page test-faults fuzz bench bench-places bench-incidents bench-worker bench-wechat bench-streams eval compare lock clean

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)
UV := $(CURDIR)/.tools/bin/uv
PY := .venv/bin/python
export UV_PYTHON_PREFERENCE ?= system
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PYTHONDONTWRITEBYTECODE =

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: .venv/.ready bot/.venv/.ready  ## prepare both environments (the application's and Rasa's)

run: setup  ## set up, train what has changed, start everything on http://127.0.0.1:8000
	@.venv/bin/jiesu train
	@.venv/bin/jiesu up

train: setup  ## train Rasa's model and the classifier where their content has changed
	@.venv/bin/jiesu train

test: setup-dev  ## lint, types, import contracts and every test that needs no server (some five minutes on two cores)
	@$(MAKE) --no-print-directory check
	@echo "== tests, and beside them those inside Rasa's environment"
	@said=$$(mktemp); rasas=; trap 'kill $$rasas 2>/dev/null || true; rm -f "$$said"' EXIT; \
	$(RASAS_TESTS) >"$$said" 2>&1 & rasas=$$!; \
	ours=0; $(PY) -m pytest tests -n $(WORKERS) -m "not conversation and not browser and not servers and not faults" || ours=$$?; \
	theirs=0; wait $$rasas || theirs=$$?; rasas=; \
	echo "== tests inside Rasa's environment"; cat "$$said"; exit $$(( ours || theirs ))
RASAS_TESTS := (cd bot && exec .venv/bin/python -m pytest -q -p no:cacheprovider -c /dev/null --rootdir .. --confcutdir ../tests/bot ../tests/bot)
# A third of a test is waiting for another process, so there is one process more than cores.
WORKERS = $$($(PY) -c 'import os; print((os.cpu_count() or 1) + 1)')

test-rasa: setup  ## the tests inside Rasa's environment alone
	@$(RASAS_TESTS)

check: setup-dev  ## lint, types and import contracts only
	@echo "== ruff" && .venv/bin/ruff check -q . && .venv/bin/ruff format -q --check .
	@echo "== mypy" && .venv/bin/mypy
	@echo "== import contracts" && .venv/bin/lint-imports --no-logo 2>/dev/null | grep -E "kept|KEPT|BROKEN" || .venv/bin/lint-imports

format: setup-dev  ## put the code into its form
	@.venv/bin/ruff check -q --fix . && .venv/bin/ruff format -q .

test-faults: setup-dev  ## the fault matrix on SQLite: workers killed, sockets cut, disk full; what went in and came out
	@$(PY) -m pytest tests/faults -m "not servers"

test-slow: setup-dev train  ## conversations with a real Rasa, walks in a browser, PostgreSQL and Redis servers
	@$(PY) -m pytest tests -m "(conversation or browser or servers) and not page"

test-page: setup-dev  ## the page alone in a browser: every state, attacks, screen readers, bad lines (needs Chromium)
	@$(PY) -m pytest tests/browser -m page -n 2

fuzz: setup-dev train  ## 20,000 random and mutated messages through the chat API: nothing breaks, sticks or leaks (an hour or two)
	@JIESU_FUZZ=$${JIESU_FUZZ:-20000} $(PY) -m pytest tests/conversations/test_fuzz.py

bench: setup-dev train  ## this bot beside stock Rasa: turns a second, waiting, breaking, memory, start, in one run
	@$(PY) -m tests.bench

bench-places: setup-dev  ## reading places in the demo city, in one ten times as large, and with a million places
	@$(PY) -m tests.bench.places

bench-incidents: setup-dev  ## finding open incidents again among up to a million, on SQLite and PostgreSQL
	@$(PY) -m tests.bench.incidents

bench-worker: setup-dev  ## what one worker files, sends, hears and tells in a second, on SQLite and PostgreSQL
	@$(PY) -m tests.bench.worker

bench-wechat: setup-dev train  ## fifty pushes of WeChat a second for a minute, two gateways, on SQLite and PostgreSQL
	@$(PY) -m tests.bench.wechat

bench-streams: setup-dev train  ## two hundred open streams and twenty messages a second at one gateway, on SQLite and PostgreSQL
	@$(PY) -m tests.bench.streams

eval: setup-dev train  ## accuracy on the blind sets of tests/blind
	@$(PY) -m tests.evaluate
	@$(PY) -m tests.evaluate_places
	@$(PY) -m tests.evaluate_answers
	@$(PY) -m tests.evaluate_matching
	@$(PY) -m tests.evaluate_intents

compare: setup-dev train  ## ways of hearing intents side by side on blind text: features, learning, DIET (an hour or more)
	@$(PY) -m tests.compare_understanding
	@$(PY) -m tests.evaluate_intents --others tests/nlu_pipelines

lock: .tools/.ready  ## resolve the locked requirement files anew from the two pyproject.toml
	@cd bot && $(UV) pip compile $(LOCK) --python-version 3.10 --extra test pyproject.toml -o requirements.txt
	@$(UV) pip compile $(LOCK) --python-version 3.11 --extra build pyproject.toml -o requirements.txt
	@$(UV) pip compile $(LOCK) --python-version 3.11 --extra build --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@cd tests/peers && $(UV) pip compile $(LOCK) --python-version 3.11 requirements.in -o requirements.txt
LOCK := -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url

clean:  ## remove the environments; what is kept in var/ stays
	rm -rf .venv bot/.venv .tools .peers

# -- how the environments are made ---------------------------------------------------------------------------

.tools/.ready: requirements-tools.txt
	@test -n "$(PYTHON)" || { echo "Jiesu needs Python 3.11, 3.12 or 3.13; none was found on the PATH." >&2; exit 1; }
	@echo "== preparing the installer (uv)"
	@$(PYTHON) -m venv --clear .tools || { echo "Python's venv module is missing (Debian: apt install python3-venv)." >&2; exit 1; }
	@.tools/bin/python -m pip install -q --require-hashes -r requirements-tools.txt 2> >(grep -v 'is ignored' >&2)
	@touch $@

.venv/.ready: requirements.txt pyproject.toml | .tools/.ready
	@echo "== preparing the application's environment (.venv)"
	@test -x $(PY) || $(UV) venv -q --python "$$(command -v $(PYTHON))" .venv
	@$(UV) pip install --require-hashes --python $(PY) -r requirements.txt
	@$(UV) pip install -q --no-deps --no-build-isolation --no-index --python $(PY) -e .
	@touch $@

.venv/.ready-dev: requirements-dev.txt .venv/.ready
	@echo "== preparing the tools for tests"
	@$(UV) pip install --require-hashes --python $(PY) -r requirements-dev.txt
	@touch $@

setup-dev: setup .venv/.ready-dev .peers/.ready

.peers/.ready: tests/peers/requirements.txt .venv/.ready
	@echo "== preparing the independent WeChat library that tests talk to (.peers)"
	@$(PY) -m tests.peers
	@touch $@

bot/.venv/.ready: bot/requirements.txt bot/.python-version | .tools/.ready
	@echo "== preparing Rasa's environment (bot/.venv, Python 3.10; the largest part, some 2.5 GB on disk)"
	@cd bot && { test -x .venv/bin/python || $(UV) venv -q --python 3.10 .venv; } || { \
		echo "Rasa 3.6 needs Python 3.10 beside the application's Python; none was found and none could be fetched." >&2; \
		echo "Install it (python3.10 on the PATH is enough) and run the same command again." >&2; exit 1; }
	@cd bot && $(UV) pip sync --require-hashes --python .venv/bin/python requirements.txt
	@touch $@
