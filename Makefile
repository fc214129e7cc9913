# Python 3.11+ and make are all that `make run` needs. PYTHON=python3.12 chooses another interpreter.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: run install ide test test-clients nemesis bench bench-peers check format migrations sdl constraints clean

run: .venv/ready ide ## serve the demo community on http://127.0.0.1:8000
	$(BIN)/alongside serve --migrate --demo

install: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --constraint constraints.txt --editable . --group dev
	touch .venv/ready

ide: ide/node_modules/altair-static/package.json

ide/node_modules/altair-static/package.json: ide/package.json ide/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix ide --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error \
	|| echo "npm could not fetch the GraphQL IDE: run make ide again later; everything else works."; \
	else echo "npm is missing: the GraphQL IDE will say how to get it; everything else works."; fi

test: .venv/ready ## the whole suite, on SQLite and PostgreSQL
	$(BIN)/python -m pytest

test-clients: .venv/ready ## clients and audits that others wrote, from npm, against a real server
	npm ci --prefix tests/clients --ignore-scripts --no-audit --no-fund --loglevel=error
	$(BIN)/python -m pytest -n 0 -s tests/clients/node.py

nemesis: .venv/ready ## crashes, cuts and pauses against real servers; SEED=7 SECONDS=120 by default
	$(BIN)/python -m tests.journeys.nemesis --seed $(or $(SEED),7) --seconds $(or $(SECONDS),120)

bench: .venv/ready ## measure reads, sends, deliveries, sockets and matching, on SQLite and PostgreSQL (three quarters of an hour)
	$(BIN)/python -m benches.read_path
	$(BIN)/python -m benches.sqlite_reads
	$(BIN)/python -m benches.sends
	$(BIN)/python -m benches.history
	$(BIN)/python -m benches.sockets
	$(BIN)/python -m benches.delivery
	$(BIN)/python -m benches.messages
	$(BIN)/python -m benches.matching
	$(BIN)/python -m benches.suggestions

bench-peers: .venv/ready ## the same beside other GraphQL servers and solvers, installed into benches/peers/
	npm ci --prefix benches/peers --ignore-scripts --no-audit --no-fund --loglevel=error
	$(BIN)/python -m benches.read_path --peers
	$(BIN)/python -m benches.delivery --peers
	$(BIN)/python -m benches.messages
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --group peers
	$(BIN)/uv pip install --quiet --python $(BIN)/python --target benches/peers/python "matching==1.4.3"
	$(BIN)/python -m benches.matching --peers

check: .venv/ready ## lint, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

migrations: .venv/ready ## write the migration for what changed in models/
	$(BIN)/tortoise makemigrations

sdl: .venv/ready ## refresh the snapshot of the GraphQL schema
	$(BIN)/alongside sdl > .venv/schema.graphql
	mv .venv/schema.graphql schema/schema.graphql

constraints: .venv/ready ## pin again after a change of dependencies
	$(BIN)/uv pip compile --universal --python-version 3.11 --group dev --group peers --all-extras pyproject.toml -c constraints.txt \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file constraints.txt

clean:
	rm -rf .venv ide/node_modules var
