# Everything starts here: `make train` and `make test` need Python 3.11, git and a compiler, and set up the rest.
PYTHON ?= python3.11
HARDWARE ?= $(if $(shell command -v nvidia-smi 2>/dev/null),gpu,cpu)
CONFIG ?= configs/quickstart.yaml
SETTINGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready-$(HARDWARE)
UV := $(VENV)/bin/uv
PEER := .venv-trl/.ready

.PHONY: setup train test check bench clean

setup: $(STAMP)

# One pinned closure; `--no-deps` because it is complete. uv is only brought along if the machine has none.
$(STAMP): requirements/$(HARDWARE).txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	@test -x $(UV) || { command -v uv >/dev/null && ln -sf "$$(command -v uv)" $(UV); } || \
	  { $(BIN)/python -m ensurepip >/dev/null && $(BIN)/python -m pip install -q uv; }
	$(UV) pip install --python $(BIN)/python --no-deps --compile-bytecode -q -r requirements/$(HARDWARE).txt
	$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation -q -e .
	@rm -f $(VENV)/.ready-*; touch $@

train: $(STAMP)
	$(BIN)/affectree train $(CONFIG) $(SETTINGS)

test: $(STAMP)
	$(BIN)/python -m pytest -q

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.import_rules

# The trainer that benchmarks/step.py compares with, in an environment of its own.
$(PEER): requirements/trl.txt $(STAMP)
	@test -x .venv-trl/bin/python || $(BIN)/python -m venv --without-pip .venv-trl
	$(UV) pip install --python .venv-trl/bin/python --no-deps --compile-bytecode -q -r requirements/trl.txt
	@touch $@

bench: $(STAMP) $(PEER)
	@for file in benchmarks/[a-z]*.py; do $(BIN)/python -m benchmarks.$$(basename $$file .py) || exit 1; done

clean:
	rm -rf $(VENV) .venv-trl runs data build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
