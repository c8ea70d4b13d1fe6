# make demo    a small data set, features, a trained SELDnet, its scores and pictures: about ten minutes
# make test    all quick tests (make test-long: the slow ones too)
# Both install what they need into .venv first. PYTHON=python3.12 make ... chooses the interpreter.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-long clean

demo: .venv/installed
	$(BIN)/python misc_files/synthesize_dataset.py demo/data
	$(BIN)/python batch_feature_extraction.py demo
	$(BIN)/python seld.py demo demo --split 1 --resume
	$(BIN)/python calculate_SELD_metrics.py --task demo --allow-missing
	$(BIN)/python misc_files/visualize_SELD_output.py --task demo --output demo/pictures \
	    demo/results/demo_foa_dev/split1_ir0_ov2_3.csv

test: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/python -m pytest

test-long: .venv/installed
	$(BIN)/python -m pytest -m ''

.venv/installed: requirements.txt tests/requirements.txt constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else \
	    f"Python {sys.version.split()[0]} found, 3.11 to 3.13 expected: PYTHON=python3.12 make ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -r requirements.txt -r tests/requirements.txt -c constraints.txt
	touch $@

clean:
	rm -rf demo .pytest_cache .ruff_cache .hypothesis
