"""`python -m tests.journeys.nemesis.mutant_server NAME serve` is `alongside serve`, with a mutant let in.

`gate` instead of a name lets in no mutant, but the gate at which a schedule can hold a feed; with a name both are.
"""

import sys

from tests.journeys.nemesis.mutants import MUTANTS, gate
from tests.journeys.server import Server


class GatedServer(Server):
    """The real server, with the gate."""

    command = ["-m", "tests.journeys.nemesis.mutant_server", "gate", "serve"]


def mutant_server(name: str) -> type[Server]:
    """A server with this mutant, and the gate."""

    class MutantServer(Server):
        command = ["-m", "tests.journeys.nemesis.mutant_server", name, "serve"]

    return MutantServer


if __name__ == "__main__":
    from api.command import main

    if sys.argv[1] != "gate":
        MUTANTS[sys.argv[1]]()
    gate()
    main(sys.argv[2:])
