# `make demo` and `make test` are all that most people need. Both set everything up first.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test bench lint clean

help:
	@echo "make demo    train an agent on Space Invaders and show it (about five minutes)"
	@echo "make test    run every test"
	@echo "make bench   measure emulator, environment, replay and learner; fails if any became slower"
	@echo "make lint    check style and types"
	@echo "make setup   install what is missing; the others do this first"
	@echo "make clean   remove .venv, caches and built packages; runs stay"

setup:
	@$(PYTHON) scripts/setup.py

demo: setup
	$(BIN)/quarterup demo

test: setup
	$(BIN)/pytest

bench: setup
	$(BIN)/quarterup bench emulator
	$(BIN)/quarterup bench replay
	$(BIN)/quarterup bench learner
	$(BIN)/python benchmarks/guard.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks standins scripts -name __pycache__ -type d -prune -exec rm -rf {} +
