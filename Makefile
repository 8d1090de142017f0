# Each target does its own set-up. PYTHON may name another interpreter, 3.11 to 3.13.
PYTHON ?= python3
LIGHT = .venv
FULL = .venv-full
# A screen of its own where there is none.
SCREEN = $(if $(or $(DISPLAY),$(WAYLAND_DISPLAY)),,xvfb-run -a -s '-screen 0 1400x900x24')
# Environments of foreign models: nnU-Net for `make test` (2 to 3 minutes), TotalSegmentator (3 GB) for `make test-long`.
export RADONCAI_ENVIRONMENTS ?= $(CURDIR)/.venv-runners
PIP = -m pip --disable-pip-version-check install -q -c constraints.txt

.PHONY: demo pictures preview screenshots test test-fast test-long lint tools peers runners clean

demo: $(LIGHT)/.done
	$(LIGHT)/bin/radoncai demo -o demo-output

pictures: demo
	$(LIGHT)/bin/python Testing/benchmarks/pictures.py demo-output

# The panels without Slicer: a window on the sample patient, or pictures of every panel with results.
preview: $(FULL)/.done tools
	$(SCREEN) $(FULL)/bin/python Testing/preview.py $(ARGS)

screenshots: $(FULL)/.done tools
	$(FULL)/bin/python Testing/preview.py --pictures docs/pictures/panels $(ARGS)

test: $(LIGHT)/.done-test $(FULL)/.done tools peers runners lint
	@echo "== the light install alone: tests of extras skip with their reason"
	$(LIGHT)/bin/python -m pytest -q Testing/unit
	@echo "== everything"
	$(FULL)/bin/python -m pytest -q

test-fast: $(LIGHT)/.done-test
	$(LIGHT)/bin/python -m pytest -q -m "not slow" Testing/unit

test-long: RUNNERS = nnunet totalsegmentator
test-long: $(FULL)/.done tools runners
	RADONCAI_LONG=1 $(FULL)/bin/python -m pytest -q

lint: $(FULL)/.done
	$(FULL)/bin/ruff check .

tools:
	@sh Testing/system/install_tools.sh

peers:
	@PYTHON=$(PYTHON) sh Testing/system/install_peers.sh

RUNNERS = nnunet
runners: $(FULL)/.done
	@PYTHON=$(CURDIR)/$(FULL)/bin/python sh Testing/system/install_runners.sh "$(RUNNERS)"

$(LIGHT)/.done: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/python $(PIP) -e .
	@touch $@

$(LIGHT)/.done-test: $(LIGHT)/.done
	$(LIGHT)/bin/python $(PIP) pytest cmake
	@touch $@

$(FULL)/.done: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(FULL)
	$(FULL)/bin/python $(PIP) torch==2.13.0
	$(FULL)/bin/python $(PIP) -e ".[train,test,panels,monai]"
	@touch $@

clean:
	rm -rf $(LIGHT) $(FULL) .venv-peers .venv-runners demo-output preview-output
