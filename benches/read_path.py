"""The read path: three queries, ours against hand-written endpoints and other GraphQL servers.

`make bench`, or `python -m benches.read_path --help`. Every subject is a process of its own on the loopback; they take
turns, and each figure is the median of the rounds.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benches import peers
from benches.answers import same_data
from benches.data import Key, fill, token
from benches.load import generator, load
from benches.queries import Case, cases
from benches.results import Samples, save, show
from benches.servers import Asked, Postgres, Server, ours, spent, subject
from tests.postgres import create_database, drop_database
from tests.postgres_server import postgres_server

GROWTH = 10
WARM_SECONDS = 2.0
# Ordinary execution takes so long that of sixteen requests at once few would end within a round.
SLOW_SECONDS, SLOW_CONNECTIONS = 5.0, 2
OURS, BARE, PLAIN, ROWS, AGGREGATES = (
    "ours, served", "ours, bare", "ours, planner off (2 conn.)", "rows by hand", "JSON in SQL by hand"
)  # fmt: skip
BY_HAND = {"Q1 mentors": "/mentors", "Q2 inbox": "/inbox", "Q3 dashboard": "/dashboard"}
TITLES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


class Subject:
    """A server, and how it is asked for each case."""

    def __init__(self, name: str, command: list[str], url: str, key: Key) -> None:
        self.name = name
        self.server = Server(command, DATABASE_URL=url, VIEWER=str(key.viewer))

    def asked(self, case: Case) -> Asked:
        """The request of a case."""
        if self.name in (ROWS, AGGREGATES):
            return Asked(BY_HAND[case.name], json.dumps(case.parameters).encode())
        body = json.dumps({"query": case.document, "variables": case.parameters}).encode()
        return Asked("/graphql", body, (("authorization", f"Bearer {token(0)}"),) if self.name == OURS else ())


class Peer(Subject):
    """A server of benches/peers."""

    def __init__(self, name: str, url: str, key: Key) -> None:
        super().__init__(name, peers.command(name), url, key)
        self._key = key

    def asked(self, case: Case) -> Asked:
        """The request of a case, in the words of the peer's schema."""
        return Asked("/graphql", json.dumps(peers.request(self.name, case, self._key)).encode())


def subjects(url: str, key: Key, *, with_peers: bool) -> list[Subject]:
    """What is measured on a database."""
    found = [
        Subject(OURS, ours(), url, key),
        Subject(BARE, subject("bare"), url, key),
        Subject(ROWS, subject("rows"), url, key),
        Subject(AGGREGATES, subject("aggregates"), url, key),
        Subject(PLAIN, subject("plain"), url, key),
    ]
    return found + ([Peer(name, url, key) for name in peers.NAMES] if with_peers else [])


class Bench:
    """One run on one database."""

    def __init__(self, title: str, url: str, chosen: argparse.Namespace) -> None:
        self.title = title
        self.url = url
        self.rounds: int = chosen.rounds
        self.seconds: float = chosen.seconds
        self.samples = Samples()
        self._database = None if url.startswith("sqlite") else asyncio.run(Postgres.of(url))

    def compare(self, key: Key, *, with_peers: bool) -> None:
        """Measure every subject on every case, after a look that their answers are equal."""
        with ExitStack() as stack:
            running = subjects(self.url, key, with_peers=with_peers)
            for each in running:
                stack.enter_context(each.server)
            asked = cases(key)
            self._check(running, asked)
            self._warm(running, asked)
            for turn in range(self.rounds):
                for case in asked:
                    # Each round begins with another subject, so that none is always the first.
                    for index in range(len(running)):
                        self._measure(running[(index + turn) % len(running)], case)

    def _check(self, running: list[Subject], asked: list[Case]) -> None:
        for case in asked:
            first, *others = [(each.name, each.server.ask(each.asked(case))) for each in running]
            for name, answer in others:
                if not same_data(first[1], answer, exactly=name not in peers.NAMES):
                    raise AssertionError(f"{case.name}: {name} answers\n{answer!r}\nand not\n{first[1]!r}")

    def _warm(self, running: list[Subject], asked: list[Case]) -> None:
        """Let every server compile what it compiles while it runs: Node is several times slower before that."""
        for each in running:
            for case in asked:
                if each.name != PLAIN:
                    load(each.server.port, each.asked(case), WARM_SECONDS)

    def _measure(self, each: Subject, case: Case) -> None:
        asked = each.asked(case)
        before, database = each.server.cpu(), self._database.cpu() if self._database else {}
        if each.name == PLAIN:
            made = load(each.server.port, asked, max(self.seconds, SLOW_SECONDS), SLOW_CONNECTIONS)
        else:
            made = load(each.server.port, asked, self.seconds)
        after, later = each.server.cpu(), self._database.cpu() if self._database else {}
        if made.failed or not made.requests:
            raise AssertionError(f"{each.name}, {case.name}: {made}")
        name = f"{case.name}, {self.title}"
        self.samples.add(name, each.name, "requests/s", made.requests / made.seconds)
        self.samples.add(name, each.name, "server CPU ms", 1000 * spent(before, after) / made.requests)
        if later:
            self.samples.add(name, each.name, "database CPU ms", 1000 * spent(database, later) / made.requests)

    def grow(self, key: Key, url: str, grown: Key) -> None:
        """Measure ours on a database and on a larger one: the milliseconds of a request, one after the other."""
        sizes = {"1x": Subject(BARE, subject("bare"), self.url, key), "10x": Subject(BARE, subject("bare"), url, grown)}
        asked = {"1x": cases(key), "10x": cases(grown)}
        with ExitStack() as stack:
            for each in sizes.values():
                stack.enter_context(each.server)
            for _ in range(self.rounds):
                for index, case in enumerate(asked["1x"]):
                    took = {}
                    for size, each in sizes.items():
                        made = load(each.server.port, each.asked(asked[size][index]), self.seconds, connections=1)
                        took[size] = 1000 * made.seconds / made.requests
                        self.samples.add(f"{case.name}, {self.title}, growth", BARE, f"ms at {size}", took[size])
                    ratio = took["10x"] / took["1x"]
                    self.samples.add(f"{case.name}, {self.title}, growth", BARE, "10x / 1x", ratio)


@contextmanager
def databases(kind: str, called: Sequence[str] = ("one", "ten")) -> Iterator[list[str]]:
    """The URLs of empty databases; two, as a rule."""
    with ExitStack() as stack:
        if kind == "sqlite":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield [f"sqlite://{folder / f'{name}.sqlite3'}" for name in called]
            return
        given = os.environ.get("TEST_POSTGRES_URL")
        server = given or stack.enter_context(postgres_server())
        names = [f"bench_{os.getpid()}_{size}" for size in called]
        for name in names:
            stack.callback(lambda name=name: asyncio.run(drop_database(server, name)))  # type: ignore[misc]
        yield [asyncio.run(create_database(server, name)) for name in names]


def run(kind: str, chosen: argparse.Namespace) -> Samples:
    """Measure on one kind of database."""
    with databases(kind) as (one, ten):
        key = asyncio.run(fill(one))
        with_peers = chosen.peers and kind == "postgres"
        if with_peers:
            asyncio.run(peers.prepare(one))
        bench = Bench(TITLES[kind], one, chosen)
        bench.compare(key, with_peers=with_peers)
        if not chosen.no_growth:
            bench.grow(key, ten, asyncio.run(fill(ten, GROWTH)))
        return bench.samples


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description="Measure the read path.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each subject and case, in each round")
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--peers", action="store_true", help="also the servers of benches/peers, on PostgreSQL")
    parser.add_argument("--no-growth", action="store_true", help="leave out the database of ten times the size")
    parser.add_argument("--no-save", action="store_true", help="print only")
    chosen = parser.parse_args()
    rows = [row for kind in chosen.databases.split(",") for row in run(kind, chosen).rows()]
    show(rows)
    if not chosen.no_save:
        method = f"medians of {chosen.rounds} rounds of {chosen.seconds:g} s"
        print("\nSaved:", save("read_path", rows, load=generator(), method=method, sqlite=sqlite3.sqlite_version).name)


if __name__ == "__main__":
    main()
