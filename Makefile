# Each target does its own set-up. PYTHON may name another interpreter, 3.11 to 3.13.
PYTHON ?= python3
LIGHT = .venv
FULL = .venv-full
PIP = -m pip --disable-pip-version-check install -q -c constraints.txt

.PHONY: demo pictures test test-fast test-long lint tools clean

demo: $(LIGHT)/.done
	$(LIGHT)/bin/radoncai demo -o demo-output

pictures: demo
	$(LIGHT)/bin/python Testing/benchmarks/pictures.py demo-output

test: $(LIGHT)/.done-test $(FULL)/.done tools lint
	@echo "== the light install alone: tests of extras skip with their reason"
	$(LIGHT)/bin/python -m pytest -q Testing/unit
	@echo "== everything"
	$(FULL)/bin/python -m pytest -q

test-fast: $(LIGHT)/.done-test
	$(LIGHT)/bin/python -m pytest -q -m "not slow" Testing/unit

test-long: $(FULL)/.done tools
	RADONCAI_LONG=1 $(FULL)/bin/python -m pytest -q

lint: $(FULL)/.done
	$(FULL)/bin/ruff check .

tools:
	@sh Testing/system/install_tools.sh

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
	$(FULL)/bin/python $(PIP) -e ".[train,test]"
	@touch $@

clean:
	rm -rf $(LIGHT) $(FULL) demo-output
