.PHONY: run test check lint venv bench bench-smoke bench-vs clean

PY := .venv/bin/python
LIST := requirements/server.txt requirements/dev.txt pyproject.toml scripts/venv

run: .venv/.installed-server            ## a development network: server, PLC directory, mailbox
	.venv/bin/roost serve --dev

test: lint                              ## from nothing: lint, types, every test
	$(PY) -m pytest -n 2

check: lint                             ## what must hold before a commit, in under a minute
	$(PY) -m pytest -q -n 2 -m "not slow"

lint: .venv/.installed-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

venv: .venv/.installed-server           ## only install

bench: .venv/.installed-dev             ## load the server and print what it does
	$(PY) -m bench

bench-smoke: .venv/.installed-dev       ## whether an operation has become much dearer, in under a minute
	$(PY) -m bench.smoke

bench-vs: .venv/.installed-dev          ## the same loads on it and on the reference server, in turns; needs node and npm
	$(PY) -m bench.versus

.venv/.installed-server: $(LIST)
	scripts/venv server

.venv/.installed-dev: $(LIST)
	scripts/venv dev
	touch .venv/.installed-server

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
