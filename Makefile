# `make bench` and `make test` are all a newcomer needs; each does the set-up it depends on. GNU make 3.81 or newer.
#
#   PYTHON=python3.12     the interpreter that .venv is made of (3.11 or newer; default python3)
#   TORCH_INDEX=URL       one more package index for pip, e.g. PyTorch's CPU builds:
#                         https://download.pytorch.org/whl/cpu
#   QUICK=1               make bench: one round of the operators instead of five

PYTHON ?= python3
TORCH_INDEX ?=
QUICK ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# Two jobs at once would measure each other.
.NOTPARALLEL:
.PHONY: help install bench test check

help:
	@echo "make bench     time operators and small networks on this CPU; tables and plots land in results/"
	@echo "make test      run the tests"
	@echo "make check     ruff, mypy --strict, import-linter, actionlint"
	@echo "make install   only the set-up: .venv with the pinned packages"
	@echo "Settings: PYTHON, TORCH_INDEX, QUICK; the top of the Makefile explains them."

install: $(INSTALLED)
	@:

python_version = $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
python_is_new = $(shell $(PYTHON) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null)
python_wanted = expected Python 3.11 or newer, got $(or $(python_version),none) ($(PYTHON)); \
install one and name it: make install PYTHON=python3.11

# The stamp is written last, so a set-up that was cut short starts again. A .venv without pip is one that Debian's
# python3 left half made for want of python3-venv; making it again mends it.
# pip compiles what it installs, half a minute: workers write no bytecode, and each would compile torch for itself.
$(INSTALLED): pyproject.toml constraints.txt
	$(if $(filter True,$(python_is_new)),,$(error $(python_wanted)))
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV): some minutes the first time."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -e '.[dev]'
	@touch $@

quick := $(if $(filter-out 0,$(QUICK)),--quick)

# Operators by the full protocol, then the smallest networks once. A run in which some units failed (exit 3) still has
# results worth naming; a run that never began has none.
bench: install
	@touch $(VENV)/.bench-began; status=0; \
	$(BIN)/bench ops $(quick) || status=$$?; \
	if [ $$status -eq 0 ] || [ $$status -eq 3 ]; then \
		$(BIN)/bench models --quick || status=$$?; \
	fi; \
	echo "Results:"; find results -type f -newer $(VENV)/.bench-began \
		\( -name '*.csv' -o -name '*.md' -o -name '*.png' -o -name '*.html' \) 2>/dev/null | sort; \
	exit $$status

# A process for each CPU; a file stays in one, which sets up what its tests share once. In the order of the names, as one
# that has few tests may be long and is not to come last.
side_by_side := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: install
	@$(BIN)/python -m pytest --quiet $(side_by_side)

check: install
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python scripts/lint_workflows.py
