# Everything that a person or CI runs; `make help` lists it.
# VENV=DIR uses another environment than tools/venv; PYTHON is what makes it.
SHELL := /bin/bash
VENV ?= tools/venv
PYTHON ?= python3
BIN := $(VENV)/bin
# Where commands below start other shells, they find the interpreter through this file.
ACTIVATE := tools/activate_python.sh
JOBS ?= auto
SHELL_FILES := $(shell git ls-files '*.sh' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help install check test test-fast test-slow demo bench clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 20

install:  ## Install the toolkit into VENV (default tools/venv)
	@$(MAKE) --no-print-directory -C tools install VENV="$(abspath $(VENV))" PYTHON="$(PYTHON)"

.PHONY: install-test
install-test:
	@$(MAKE) --no-print-directory -C tools install VENV="$(abspath $(VENV))" PYTHON="$(PYTHON)" EXTRAS=demo,test,dev

check: install-test  ## Ruff, mypy, shellcheck and the architecture test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/shellcheck -x -S warning $(SHELL_FILES)
	$(BIN)/python -m pytest -q test/test_architecture.py

test: install-test  ## All tests, the slow ones included
	. $(ACTIVATE) && OMP_NUM_THREADS=1 python -m pytest -n $(JOBS) --dist loadfile -q test

test-fast: install-test  ## The tests that take under 2 s each
	. $(ACTIVATE) && OMP_NUM_THREADS=1 python -m pytest -n $(JOBS) --dist loadfile -q -m "not slow" test

test-slow: install-test  ## Only the slow tests
	. $(ACTIVATE) && OMP_NUM_THREADS=1 python -m pytest -n $(JOBS) --dist loadfile -q -m slow test

demo: install  ## Install, train and score egs2/mini_an4, and tell how to go on
	@tools/demo.sh

bench: install-test  ## Speed of this machine: start-up, training, decoding, synthesis
	. $(ACTIVATE) && python tools/bench.py

clean:  ## Remove the environment
	rm -rf tools/venv tools/activate_python.sh tools/.installed-*
