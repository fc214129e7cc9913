"""`python -m tests.journeys.nemesis`: a long run, with a seed and a duration; of a mutant, if one is named."""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path

from models.database.migrate import migrate
from tests.journeys.nemesis.history import History
from tests.journeys.nemesis.mutant_server import mutant_server
from tests.journeys.nemesis.mutants import MUTANTS
from tests.journeys.nemesis.run import LONG, Broken, judge, run
from tests.journeys.server import Server
from tests.postgres import create_database
from tests.postgres_server import postgres_server


async def main() -> None:
    """Run, say how it was, and exit with status 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.nemesis")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=120, help="of trouble")
    parser.add_argument("--mutant", choices=MUTANTS, help="let this one in, and see whether it is noticed")
    chosen = parser.parse_args()
    server = mutant_server(chosen.mutant) if chosen.mutant else Server
    # It stays: the servers' logs and, after a failure, the history are in it.
    folder = Path(tempfile.mkdtemp(prefix="nemesis-"))
    with postgres_server() as url:
        await migrate(await create_database(url, "template_of_nemesis"))
        history = await run(url, "template_of_nemesis", folder, chosen.seed, chosen.seconds, LONG, server)
    sys.stdout.write(summary(history))
    try:
        judge(history, folder, chosen.seconds)
    except Broken as broken:
        sys.exit(str(broken))
    sys.stdout.write(f"every promise was kept; the servers' logs are in {folder}\n")


def summary(history: History) -> str:
    """How much there was of what."""
    tries = [attempt for one in history.attempts for attempt in one.tries]
    unanswered = sum(not attempt.endswith(" answered") for attempt in tries)
    troubles = Counter(name.partition(" ")[0] for _, name in history.troubles)
    return (
        f"{len(history.attempts)} deeds in {len(tries)} tries, {unanswered} of which had no answer;"
        f" {len(history.stored)} messages; {sum(len(device.heard) for device in history.devices)} events heard"
        f" on {len(history.devices)} devices\n"
        f"{', '.join(f'{times} x {name}' for name, times in sorted(troubles.items()))}\n"
    )


if __name__ == "__main__":
    asyncio.run(main())
