# `make help` lists the targets. All of them work in VENV, which is made from requirements.lock on
# first use; `make VENV=<folder>` takes an existing environment as it is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
# Not by $(abspath), which takes a path with spaces for several. The shell reads it from its
# environment, so that no character of a path has a meaning.
export BIN := $(if $(filter /%,$(firstword $(VENV))),$(VENV),$(CURDIR)/$(VENV))/bin
export PATH := $(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export MLFLOW_DISABLE_TELEMETRY := true

ifeq ($(origin VENV),file)
ENV := $(VENV)/.complete
DEV := $(VENV)/.complete-dev
else
ENV :=
DEV :=
ifeq ($(shell test -x "$(VENV)/bin/python" && echo there),)
$(error VENV=$(VENV) has no bin/python. Name an environment that is there, or leave VENV out)
endif
endif

.PHONY: help env dev repro remote resolve verify verify-remote add push pull test soak soak-long bench check-llamacpp check audit doctor ui track preset deps \
  show experiments generate serve release-check release publish docs docs-serve

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Imported once by two processes, so that they are compiled: where PYTHONDONTWRITEBYTECODE is set, as
# in many containers, each stage would do so again, for eight seconds. To compile all that is
# installed takes longer than to install it. The fingerprint has the loops over weights compiled.
FOR_STAGES := import logging; logging.disable(); import kiwipiepy, numba, peft, rouge_score.rouge_scorer, trl.trainer.sft_trainer, transformers.models.gpt_oss.modeling_gpt_oss
FOR_DVC := import dvc.cli, dvc.commands.repro, dvc.dvcfile, dvc.repo.reproduce, dvc.stage.cache, mlflow.store.tracking.sqlalchemy_store, mlflow.tracking
COMPILED := env -u PYTHONDONTWRITEBYTECODE

# The marker is written last, so that an interrupted install is never taken for a whole one.
$(VENV)/.complete: requirements.lock requirements-torch.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "malssi needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv "$(VENV)"
	"$$BIN/python" -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes --requirement requirements.lock
	"$$BIN/python" -m pip install --quiet --disable-pip-version-check --no-compile --requirement requirements-torch.lock
	$(COMPILED) "$$BIN/python" -c '$(FOR_STAGES)' & $(COMPILED) "$$BIN/python" -c '$(FOR_DVC)' && \
	  "$$BIN/python" -m stages.commands.fingerprint > /dev/null && wait $$!
	touch "$@"

# What tests, the linter and the documentation need on top.
$(VENV)/.complete-dev: requirements-dev.lock $(VENV)/.complete
	"$$BIN/python" -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes --requirement requirements-dev.lock
	touch "$@"

env: $(ENV) ## the environment alone

dev: $(DEV) ## the environment with what tests, linter and documentation need

repro: $(ENV) ## rebuild what changed
	python -m stages.commands.repro

remote: $(ENV) ## set up the remote at URL that all share (NAME=personal: the one for unmasked text)
	python -m stages.commands.remote --url "$$URL" --name "$${NAME:-storage}" --endpoint "$$ENDPOINT"

verify: $(ENV) ## read every output that is here, and compare it with dvc.lock
	python -m stages.commands.verify

verify-remote: $(ENV) ## look on the remotes for all that dvc.lock needs
	python -m stages.commands.verify_remote

resolve: $(ENV) ## dvc.lock and metrics in a merge that stopped at conflicts
	python -m stages.commands.resolve

add: $(ENV) ## version the raw file FILE, for those only who may see unmasked text
	python -m stages.commands.add "$$FILE"

push: $(ENV) ## send data and models to the remotes; nothing unmasked to the one that all share
	python -m stages.commands.push

pull: $(ENV) ## bring what others made; unmasked text only to those who may see it
	python -m stages.commands.pull

# worksteal: what shares a model or a server stays together in one process.
PYTEST := python -m pytest -n 2 --dist worksteal --durations=10

test: $(DEV) ## lint, types and tests (at most 12 minutes on 2 cores)
	ruff format --check .
	ruff check .
	python -m pyright
	$(PYTEST) -m "not soak and not soak_long"

soak: $(DEV) ## the longer tests that belong to every change (40 minutes on 2 cores)
	$(PYTEST) -m soak

soak-long: $(DEV) ## tests that take hours; write down what they showed in docs/soak.md
	python -m pytest -m soak_long

bench: $(DEV) ## speed and quality beside other tools, in one run
	pip install --quiet --disable-pip-version-check --constraint <(pip freeze --exclude malssi) '.[bench]'
	python -m benchmarks.pii
	python -m benchmarks.rows
	python -m benchmarks.duplicates
	python -m benchmarks.packing
	python -m benchmarks.mxfp4
	python -m benchmarks.weights
	python -m benchmarks.pipeline

# A folder of its own for llama.cpp, which sees what VENV has: VENV stays as its lock says.
LLAMACPP ?= .venv-llamacpp

$(LLAMACPP)/.complete: | $(ENV)
	"$$BIN/python" -m venv "$(LLAMACPP)"
	"$$BIN/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$("$(LLAMACPP)/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
	CMAKE_BUILD_PARALLEL_LEVEL=$$(nproc) "$(LLAMACPP)/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps llama-cpp-python==0.3.36
	touch "$@"

check-llamacpp: $(ENV) $(LLAMACPP)/.complete ## llama.cpp and transformers on the same model (builds llama.cpp, 10 minutes)
	"$(LLAMACPP)/bin/python" -m benchmarks.llamacpp

check: $(DEV) ## lint, types and the fast tests
	ruff format --check .
	ruff check .
	python -m pyright
	python -m pytest -m "not soak and not soak_long and not pipeline"

# A folder of its own: what audits an environment is not a part of it.
AUDIT ?= .venv-audit

$(AUDIT)/.complete:
	$(PYTHON) -m venv "$(AUDIT)"
	"$(AUDIT)/bin/python" -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	touch "$@"

audit: $(ENV) $(AUDIT)/.complete ## known vulnerabilities of the locked packages, by PyPI's database
	python -m stages.commands.audit "$(AUDIT)/bin/pip-audit"

doctor: $(ENV) ## what this machine and environment are
	python -m stages.commands.doctor

ui: $(ENV) ## MLflow's pages on the project's store, http://127.0.0.1:5000
	python -m stages.commands.ui

track: $(ENV) ## send the numbers in metrics/ that the tracker lacks
	python -m stages.commands.track

preset: $(ENV) ## put the values of presets/NAME.yaml into params.yaml
	python -m stages.commands.preset "$$NAME"

deps: $(ENV) ## the code dependencies in dvc.yaml, from the imports
	python -m stages.commands.deps

ROWS ?= 3

show: $(ENV) ## the first ROWS of the training split as they are encoded, what is trained in colour
	python -m stages.commands.show "$$ROWS"

COMMITS ?= 1

experiments: $(ENV) ## the last COMMITS commits and their experiments: figures and values that differ
	@python -m stages.commands.experiments "$$COMMITS"

VARIANT ?= merged-bf16
PORT ?= 8000
DTYPE ?= auto
# What the user writes reaches a command by the environment, and is never a part of its text. (Below
# all defaults: `export` makes a name that has none yet an empty one, which `?=` leaves empty.)
export NAME ROWS COMMITS VARIANT PORT DTYPE REPO FILE URL ENDPOINT VERSION

generate: $(ENV) ## talk to VARIANT in the terminal (base, adapter, merged-bf16, mxfp4)
	python -m stages.commands.generate --variant "$$VARIANT"

serve: $(ENV) ## VARIANT behind an OpenAI-compatible server, http://127.0.0.1:8000/v1 (or PORT)
	python -m stages.commands.serve --variant "$$VARIANT" --port "$$PORT" --dtype "$$DTYPE"

release-check: $(ENV) ## the verdict, and whether it is of what lies here
	python -m stages.commands.release_check

release: $(ENV) ## release what the gate passed as VERSION, with its tags, objects and changelog entry
	python -m stages.commands.release "$$VERSION"

publish: $(ENV) ## upload VARIANT and its card to REPO of the hub, privately (PUBLIC=1: for all)
	python -m stages.commands.publish --variant "$$VARIANT" --repo "$$REPO" $(if $(filter 1,$(PUBLIC)),--public)

docs: $(DEV) ## this project's pages, with every link checked, into site/
	NO_MKDOCS_2_WARNING=1 python -m mkdocs build

docs-serve: $(DEV) ## the pages while they are written, http://127.0.0.1:8001
	NO_MKDOCS_2_WARNING=1 python -m mkdocs serve --dev-addr 127.0.0.1:8001
