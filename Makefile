# `make run` and `make test` are all a newcomer needs. Paths are relative and quoted, so that the
# checkout may stand anywhere.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python
VENV := sh bin/venv.sh
NAME ?= replay
export PYTHONUNBUFFERED := 1

.PHONY: help run install install-dev test check lint types contracts deploy-check messages lock bench faults clean

help: ## what can be typed
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: install ## start everything, print the address; Ctrl-C stops it (HOST, PORT, PUBLIC_URL, VIGIE_HOME)
	@exec $(PY) -m config.supervisor

install: ## make .venv with what running needs
	@$(VENV) requirements.lock

install-dev: ## the same with what testing needs
	@$(VENV) requirements-dev.lock

test: check ## everything checked and tested, in a browser too
	@$(VENV) browser
	$(PY) -m pytest -q

check: install-dev lint types contracts deploy-check ## what can be told without running the tests

lint:
	$(PY) -m ruff check .
	$(PY) -m ruff format --check -q .
	$(PY) -m djlint templates --lint --quiet

types:
	$(PY) -m mypy .

contracts:
	.venv/bin/python -c 'from importlinter.cli import lint_imports_command as c; c()'
	$(PY) -m config.translations --check

deploy-check:
	$(PY) manage.py makemigrations --check --dry-run
	env VIGIE_MODE=production PUBLIC_URL=https://vigie.example SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	  $(PY) manage.py check --deploy --fail-level WARNING

messages: install-dev ## gather what is to be translated and compile the catalogues
	$(PY) -m config.translations

bench: install-dev ## measure: make bench NAME=replay
	@$(PY) -m benchmarks.$(NAME)

faults: install-dev ## kill things, for long
	env VIGIE_FAULTS=long $(PY) -m pytest -q -m faults

lock: ## resolve the dependencies of pyproject.toml anew
	@$(VENV) lock

clean: ## remove .venv and what tools left; .vigie, with the data, stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
