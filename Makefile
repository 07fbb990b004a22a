# make run: everything from nothing, on the embedded collection. make help: the rest.
ARGS ?= --lang yo --regime cs
TESTS ?=
PYTHON_IN_VENV = .venv/bin/python
# Another project's paths have no place in .venv.
unexport PYTHONPATH PYTHONHOME

.PHONY: run test quick reproduce data lint docs install lock clean help

run: install ## Install into .venv, then run the experiment (ARGS="--lang sw --regime bitext" for another)
	@$(PYTHON_IN_VENV) -m optical_repro.run $(ARGS)

test: install ## Install into .venv, Ray too, then run the tests (TESTS=tests/evaluation for some of them)
	@$(PYTHON_IN_VENV) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.ray.lock
	@$(PYTHON_IN_VENV) -m pytest $(TESTS)

quick: install ## The inner loop: style, types, and the tests that train nothing (under 90 seconds)
	@$(PYTHON_IN_VENV) -m ruff check .
	@$(PYTHON_IN_VENV) -m pytest -m quick $(TESTS)

reproduce: data install ## Make the tables of the sample and of AfriQA (Hausa; needs OPTICAL_DATA=DIR, see REPRODUCE.md) again
	@$(PYTHON_IN_VENV) -m optical_repro.reproduce --table 1
	@$(PYTHON_IN_VENV) -m optical_repro.reproduce --table 2 --row ha

data:
	@test -n "$$OPTICAL_DATA" || { echo 'reproduce: needs a folder of data, which REPRODUCE.md describes; name yours: make reproduce OPTICAL_DATA=DIR' >&2; exit 2; }

lint: install ## Check style and types
	@$(PYTHON_IN_VENV) -m ruff check .
	@$(PYTHON_IN_VENV) -m mypy optical_repro benchmarks

docs: install ## Build the site into site/ (the first time, installs MkDocs into .venv)
	@$(PYTHON_IN_VENV) -c 'import material, mkdocstrings' 2>/dev/null || $(PYTHON_IN_VENV) -m pip install --quiet --no-build-isolation --constraint requirements.lock --editable '.[docs]'
	@$(PYTHON_IN_VENV) -m mkdocs build --strict --quiet
	@echo 'Built: site/index.html'

install: ## Make .venv and install the versions of requirements.lock; run again, it goes on
	@sh ./install.sh

lock: ## Choose the versions anew from setup.cfg (needs uv)
	@uv --version >/dev/null || { echo 'lock: needs uv (pip install uv)' >&2; exit 1; }
	@echo 'torch==2.13.0' | uv pip compile --quiet --universal --python-version 3.11 --extra dev --no-header --no-annotate setup.cfg - \
	  | grep -v -E "^(cuda|nvidia)-|^triton=|sys_platform == '(win32|emscripten)'" > requirements.lock.part
	@{ sed -n '/^#/p' requirements.lock; cat requirements.lock.part; } > requirements.lock.new && rm requirements.lock.part && mv requirements.lock.new requirements.lock

clean: ## Remove .venv and what building and testing left (results and caches stay)
	@rm -rf .venv build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache
	@find optical_repro tests -name __pycache__ -prune -exec rm -rf {} +

help: ## Show this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile
