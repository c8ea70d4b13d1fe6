# make demo    a small data set, features, two trained networks, their scores and pictures
# make test    all quick tests (make test-long: the slow ones too)
# make mutants    what the quick tests do not notice of changes to metrics/, annotations, targets and batches: the
#                 mutants that survive, in under half an hour (docs/CODE.md; MUTANTS='metrics.sed.*': some of them)
# make reproduce DATASET=data FORMAT=foa METHOD=released   from the downloaded data to the published table
#                 (docs/REPRODUCE.md; FOLD=1: one fold of it)
# make api    pages of all functions and classes, from their docstrings: api/index.html
# make networks   docs/network_METHOD.png: the layers of each method's network
# make pictures   the demo, and its pictures as those of README and docs/
# All install what they need into .venv first. PYTHON=python3.12 make ... chooses the interpreter.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: api demo mutants networks pictures reproduce reproduce-features test test-long clean

demo: .venv/installed
	$(BIN)/python misc_files/synthesize_dataset.py demo/data
	for task in demo demo_accdoa; do \
	    $(BIN)/python batch_feature_extraction.py $$task && \
	    $(BIN)/python seld.py $$task demo --split 1 --resume && \
	    $(BIN)/python misc_files/visualize_SELD_output.py --task $$task --output demo/pictures/$$task \
	        demo/results/$${task}_foa_dev/split1_ir0_ov2_3.csv || exit 1; \
	done
	$(BIN)/python calculate_SELD_metrics.py --task demo_accdoa --allow-missing
	$(BIN)/python calculate_SELD_metrics.py --task demo --task demo_accdoa --allow-missing
	@echo "Look at demo/pictures/demo/ and demo/pictures/demo_accdoa/: the azimuths of accdoa lie on those of the"
	@echo "reference, those of the network of 2019 wander. What the scores mean: docs/SCORES.md."

pictures: demo
	cp demo/pictures/demo_accdoa/split1_ir0_ov2_3.png docs/recording.png
	cp demo/models/demo_accdoa_demo_foa_dev_split1.png docs/curves.png

api: .venv/installed
	$(BIN)/python docs/api_pages.py api

networks: .venv/installed
	for method in released paper accdoa; do \
	    $(BIN)/python misc_files/draw_network.py --model_variant $$method \
	        --output docs/network_$$method.png || exit 1; \
	done

DATASET ?= data
FORMAT ?= foa
METHOD ?= released
OUT ?= reproduce
WHAT = --dataset $(FORMAT) --model_variant $(METHOD) --dataset_dir "$(DATASET)"
RESULTS = "$(OUT)/$(METHOD)/results"

reproduce: .venv/installed $(if $(FOLD),,reproduce-features)
	$(BIN)/python seld.py 4 reproduce --resume --quick_test False $(if $(FOLD),--split $(FOLD)) $(WHAT) \
	    --feat_label_dir "$(OUT)/features" --model_dir "$(OUT)/$(METHOD)/models" --dcase_dir $(RESULTS) $(SETTINGS)
	$(BIN)/python misc_files/report_reproduction.py --task 4 $(WHAT) --dcase_dir $(RESULTS) \
	    --output "$(OUT)/$(METHOD)/report_$(FORMAT).md"

reproduce-features: .venv/installed
	$(BIN)/python batch_feature_extraction.py 4 $(WHAT) --feat_label_dir "$(OUT)/features"

test: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -n 2

test-long: .venv/installed
	$(BIN)/python -m pytest -n 2 -m ''

# Anew each time: mutmut would keep what it found before the tests were changed. Of the methods neither `build` nor
# `losses`, whose tests need Keras.
MUTANTS = metrics.* seldnet.annotations.* seldnet.training.batches.* seldnet.methods.*.x_[!bl]*

mutants: .venv/installed
	$(BIN)/python -m pip install -q -r tests/requirements-mutants.txt -c constraints.txt
	rm -rf mutants
	set -f; $(BIN)/mutmut run $(MUTANTS)
	@$(BIN)/mutmut results | grep -v ': not checked' || echo 'No mutant survives.'

.venv/installed: requirements.txt tests/requirements.txt constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else \
	    f"Python {sys.version.split()[0]} found, 3.11 to 3.13 expected: PYTHON=python3.12 make ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -r requirements.txt -r tests/requirements.txt -c constraints.txt
	touch $@

clean:
	rm -rf api demo mutants .pytest_cache .ruff_cache .hypothesis
