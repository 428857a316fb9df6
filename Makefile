# Everything is installed into .venv and .cache of this checkout; nothing outside it is touched.
# PYTHON chooses the interpreter that .venv is made with (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
COLLECTIONS := .cache/collections
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(COLLECTIONS)
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
# For localhost, too, Ansible lays modules into a "remote" folder, which otherwise is in the user's home.
export ANSIBLE_REMOTE_TMP := $(CURDIR)/.cache/ansible/tmp
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
# Other collections on the machine must not shadow what is tested here.
export ANSIBLE_COLLECTIONS_SCAN_SYS_PATH := false
# Compiled tests are kept: to compile them takes each worker ten seconds.
unexport PYTHONDONTWRITEBYTECODE
# One worker more than there are processors: much of what tests do is waiting.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + $(MORE))')
MORE := 1
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist worksteal
# What fails ends no other; two at a time in all, also where one of them again has several to make.
TWO_AT_A_TIME = --no-print-directory --keep-going $(if $(findstring --jobserver,$(MAKEFLAGS)),,--jobs 2)
# The output of each in one piece, where this make can do so.
IN_ONE_PIECE = $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
BEGAN := $(shell date +%s)
TELL_TIME = @echo "make $@ took $$(( $$(date +%s) - $(BEGAN) )) seconds."

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.cache/python.stamp: tests/requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.x")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement tests/requirements.txt
	@mkdir -p .cache && touch $@

.cache/collections.stamp: .cache/python.stamp tests/install_collections.py
	$(BIN)/python tests/install_collections.py $(COLLECTIONS)
	@touch $@

# The releases of amazon.aws that are tested beside the installed one.
.cache/amazon-aws.stamp: .cache/python.stamp tests/install_collections.py
	$(BIN)/python tests/install_collections.py --releases .cache/amazon-aws
	@touch $@

# What people usually print runs with.
.cache/callbacks.stamp: .cache/python.stamp tests/install_collections.py
	$(BIN)/python tests/install_collections.py --callbacks .cache/callbacks
	@touch $@

# Event-Driven Ansible, which runs on Java 17.
.cache/rulebook.stamp: tests/requirements-rulebook.txt
	$(PYTHON) -m venv .cache/rulebook
	.cache/rulebook/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement tests/requirements-rulebook.txt
	@touch $@

.cache/check.stamp: tests/requirements-check.txt
	$(PYTHON) -m venv .cache/check/tools
	.cache/check/tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement tests/requirements-check.txt
	@touch $@

.PHONY: install
install: .cache/collections.stamp ## Install what demo and tests need into the checkout

.PHONY: demo
demo: install ## Onboard two workspaces in the sandbox, twice, and show what exists then
	$(BIN)/python -m tests.demo

.PHONY: sandbox
sandbox: install ## Open a shell with the sandbox running and its variables exported
	$(BIN)/python -m tests.sandbox shell

.PHONY: sandbox-test
sandbox-test: install ## Run the sandbox's own tests, also what is slow
	$(PYTEST) tests/sandbox/tests

# The sandbox's own tests are left out where nothing has changed since they last passed.
.PHONY: test
test: lint ## Run the checks and the tests
	left_out=$$($(BIN)/python -m tests.changed) && $(PYTEST) -m "not slow" $$left_out
	@$(BIN)/python -m tests.changed passed
	$(TELL_TIME)

.PHONY: test-full
test-full: install ## Run everything, also what is slow
	@$(MAKE) $(TWO_AT_A_TIME) check all-tests
	$(TELL_TIME)

# Beside it, `check` makes one thing after the other, which leaves no processor idle.
.PHONY: all-tests
all-tests: MORE := 2
all-tests: install .cache/amazon-aws.stamp .cache/callbacks.stamp .cache/rulebook.stamp
	ALL_EXAMPLES=1 COLD_PLAYS=first $(PYTEST)

.PHONY: test-release
test-release: install .cache/amazon-aws.stamp ## Run the tests with RELEASE=10.1, 11.4 or 12.0 of amazon.aws and the oldest boto3 it takes
	TESTED_COLLECTIONS="$(CURDIR)/.cache/amazon-aws/$(RELEASE)" PYTHONPATH="$(CURDIR)/.cache/amazon-aws/$(RELEASE)/oldest_boto3" \
	    $(PYTEST) -m "not slow" $(TESTS)

# An environment of its own, with all packages of tests/requirements.txt but ansible-core.
ELSEWHERE = .cache/pythons/$(notdir $(PYTHON))-$(CORE)
.PHONY: test-python
test-python: install .cache/amazon-aws.stamp ## Run the tests on PYTHON=python3.13 with CORE=2.22.0rc1, and RELEASE=12.0 of amazon.aws
	$(PYTHON) -m venv $(ELSEWHERE)
	awk '/^[^ ]/ { left_out = /^ansible-core==/ } !left_out' tests/requirements.txt > $(ELSEWHERE)/requirements.txt
	$(ELSEWHERE)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(ELSEWHERE)/requirements.txt
	$(ELSEWHERE)/bin/python -m pip install --quiet --disable-pip-version-check ansible-core==$(CORE)
	TESTED_COLLECTIONS="$(CURDIR)/.cache/amazon-aws/$(or $(RELEASE),12.0)" \
	    $(ELSEWHERE)/bin/pytest -n $(WORKERS) --dist worksteal -m "not slow" $(TESTS)

.cache/coverage.stamp: .cache/python.stamp tests/requirements-coverage.txt
	rm -rf .cache/coverage
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --target .cache/coverage/packages \
	    --requirement tests/requirements-coverage.txt
	@echo "import coverage; coverage.process_startup()" > .cache/coverage/packages/sitecustomize.py
	@touch $@

.PHONY: coverage
coverage: export PYTHONPATH := $(CURDIR)/.cache/coverage/packages
coverage: export COVERAGE_PROCESS_START := $(CURDIR)/pyproject.toml
coverage: install .cache/coverage.stamp ## Measure which branches the unit tests take, or others: TESTS="tests/unit tests/integration"
	rm -f .cache/coverage/data*
	$(PYTEST) -m "not slow" $(or $(TESTS),tests/unit)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report
	$(TELL_TIME)

.PHONY: bench
bench: install ## Measure onboarding, rerun and verify, and append the figures to docs/performance.md
	$(BIN)/python -m tests.bench $(BENCH)

.PHONY: lint
lint: ## Check style, types, changelog, playbooks and documentation
	@$(MAKE) $(TWO_AT_A_TIME) $(IN_ONE_PIECE) lint-documents lint-python

.PHONY: lint-python
lint-python: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --package ansible_collections.onramp.braze_fivetran.plugins
	$(BIN)/mypy $(COLLECTIONS)/ansible_collections/onramp/braze_fivetran/extensions/eda/plugins/event_source
	$(BIN)/mypy tests/awx tests/sandbox tests/callbacks tests/bench tests/compat tests/*.py

.PHONY: lint-documents
lint-documents: install .cache/check.stamp
	$(BIN)/python -m tests.checks yamllint changelog ansible-lint docs pipelines licences

.PHONY: compat
compat: install ## Run the collection and its sandbox against other people's emulators, clients and judges
	$(BIN)/python -m tests.compat $(COMPAT)

.PHONY: ansible-test-integration
ansible-test-integration: install ## Run each module by ansible-test integration against the sandbox; TARGETS=... runs some
	$(BIN)/python -m tests.targets $(TARGETS)

# Those that take longest first.
CHECKS := $(addprefix check-,sanity-2.21 units sanity-2.19 sanity-2.18 audit galaxy-importer)
.PHONY: check
check: lint ## Also build the site, and check as Galaxy and ansible-test do, on three releases of ansible-core (slow)
	@$(MAKE) $(TWO_AT_A_TIME) $(IN_ONE_PIECE) $(CHECKS) ansible-test-integration compat docs

.PHONY: $(CHECKS)
$(CHECKS): check-%: install .cache/check.stamp
	$(BIN)/python -m tests.checks $*

.cache/docs.stamp: .cache/collections.stamp docs/requirements.txt
	$(BIN)/python -m venv .cache/docs/venv
	.cache/docs/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement docs/requirements.txt
	@touch $@

.PHONY: docs
docs: .cache/docs.stamp ## Build the documentation site into .cache/docs/html
	rm -rf .cache/docs/source .cache/docs/html
	cp -r docs .cache/docs/source
	mkdir .cache/docs/source/reference
	PATH="$(CURDIR)/.cache/docs/venv/bin:$$PATH" antsibull-docs collection --use-current --squash-hierarchy --fail-on-error \
	    --dest-dir .cache/docs/source/reference onramp.braze_fivetran
	.cache/docs/venv/bin/sphinx-build --fail-on-warning --keep-going --quiet .cache/docs/source .cache/docs/html
	@echo "Open .cache/docs/html/index.html."

LOCKED := tests/requirements tests/requirements-check tests/requirements-rulebook tests/requirements-coverage \
	docs/requirements
UV ?= uv==0.13.9

.PHONY: requirements
requirements: ## Renew versions and hashes of all packages below those that the .in files name
	$(PYTHON) -m venv .cache/uv
	.cache/uv/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
	for name in $(LOCKED); do .cache/uv/bin/uv --no-config pip compile --quiet --upgrade --universal --generate-hashes \
	    --python-version 3.11 --default-index https://pypi.org/simple --custom-compile-command "make requirements" \
	    --output-file $$name.txt $$name.in || exit 1; done

.PHONY: changelog
changelog: install .cache/check.stamp ## Turn the changelog fragments into the changelog of the version in galaxy.yml
	$(BIN)/python -m tests.checks release

.PHONY: clean
clean: ## Remove what was installed and cached
	rm -rf .venv .cache .mypy_cache .ruff_cache .hypothesis
