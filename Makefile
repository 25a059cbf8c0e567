# The commands of a developer; docs/contributing.md says more. `make` lists them.
PYTHON := .venv/bin/python

help:
	@echo 'make run     the app, as a user starts it'
	@echo 'make check   style, direction of imports, words in both languages (ten seconds)'
	@echo 'make test    the whole suite (16 minutes on 2 idle cores)'
	@echo 'make quick   the suite without browser, PostgreSQL, trainers and slow tests (a minute on 2 idle cores)'
	@echo 'make lint    ruff and mypy'
	@echo 'make bench   every benchmark, one after the other'

.venv/bin/python:
	python3 -m venv .venv
	.venv/bin/pip install -q -e ".[test,train]"

run: $(PYTHON)
	$(PYTHON) app.py

test: $(PYTHON)
	$(PYTHON) -m pytest

quick: $(PYTHON)
	$(PYTHON) -m pytest -m "not browser and not postgres and not train"

check: $(PYTHON)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(PYTHON) -m pytest -q tests/test_architecture.py tests/test_words.py -k 'not gradio'

lint: $(PYTHON)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: $(PYTHON)
	for name in start page decode store vote turns export moments answers forecast; do $(PYTHON) -m benchmarks.$$name || exit 1; done

.PHONY: help run check test quick lint bench
