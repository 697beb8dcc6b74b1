# Everything starts here: `make train` and `make test` need Linux, Python 3.11 or 3.12, git and a compiler, and set up the rest.
#
#   PYTHON    the Python of .venv; without it python3.11, python3.12 or python3, whichever fits first
#   HARDWARE  cpu or gpu: which build of vLLM; without it the one that .venv has, and cpu for a new one
CONFIG ?= configs/quickstart.yaml
SETTINGS ?=

BIN := .venv/bin
UV := $(BIN)/uv
PEERS := .venv-trl/.ready .venv-swift/.ready

.PHONY: setup train unit test smoke test-fresh check bench bench-check wheel clean

setup:
	@HARDWARE="$(HARDWARE)" PYTHON="$(PYTHON)" sh requirements/set-up.sh

train: setup
	$(BIN)/affectree train $(CONFIG) $(SETTINGS)

UNIT := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile tests/unit

# The inner loop: less than a minute on two processors.
unit: setup
	$(UNIT) -m "not slow"

test: setup
	$(UNIT) tests/golden
	$(BIN)/python -m pytest -q tests/integration

# The main job in small, interrupted and gone on with; and the commands of docs/your-first-scorer.md.
smoke: setup
	$(BIN)/python -m tests.smoke
	$(BIN)/python -m pytest -q tests/commands

# What needs a machine without affectree: the wheel and `make setup`, in environments of their own (these need the package
# index), and Ray where it has never run. Best under .ci/fresh.
test-fresh: setup
	$(BIN)/python -m pytest -q tests/fresh

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

# The trainers that benchmarks compare with, each in an environment of its own.
$(PEERS): .venv-%/.ready: requirements/%.txt | setup
	@rm -rf .venv-$*
	$(UV) venv -q --python $(BIN)/python .venv-$*
	$(UV) pip sync -q --python .venv-$*/bin/python --compile-bytecode requirements/$*.txt
	@touch $@

BENCHMARKS := $(filter-out check __init__,$(basename $(notdir $(wildcard benchmarks/*.py))))

bench: setup $(PEERS)
	@for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name || exit 1; done

# The quick ones, compared with what is recorded: fails if something has become slower, and says what.
bench-check: setup
	$(BIN)/python -m benchmarks.check

# `build` holds what earlier wheels were made of, files that are gone included.
wheel: setup
	@rm -rf build dist
	$(UV) build -q --wheel --no-build-isolation --python $(BIN)/python --out-dir dist .

clean:
	rm -rf .venv .venv-trl .venv-swift runs data build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
