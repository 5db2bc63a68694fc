# make demo and make test set up what they lack.
PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.ready
export PATH := $(BIN):$(PATH)

.PHONY: setup demo real question test lint style types format docs reference clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "XSTILTs needs Python 3.11 or newer; say which with: make PYTHON=python3.11 …"; exit 1; }
	@echo "Setting up $(VENV): $$(grep -c == requirements.lock) packages, some minutes and gigabytes. This happens once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: setup
	snakemake || { echo "The demo failed; results/demo/logs says why."; exit 1; }
	xstilts show --study results/demo/study.json

# Downloads a small multilingual encoder and its data from the Hugging Face Hub.
REAL := workflow/studies/real_small.yaml
real: setup
	snakemake prefetch --configfile $(REAL)
	snakemake --configfile $(REAL) || { echo "The study failed; results/real_small/logs says why."; exit 1; }
	xstilts show --study results/real_small/study.json

# The synthetic twin of a question's study, whose effect is planted, and its null twin; WORLD=twin or WORLD=null runs one.
Q ?= 1
question: setup
	python scripts/question.py $(Q) $(WORLD)

# Two workers per processor, since tests of whole studies often wait for processes; the tests of one file share fixtures.
WORKERS = $(shell $(PYTHON) -c 'import os; print(2 * os.cpu_count())')
test: setup
	pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: style types

style: setup
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint

types: setup
	mypy

format: setup
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow

docs: setup
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict

reference: setup
	python -m xstilts.cli.reference

clean:
	rm -rf $(VENV) .snakemake site
