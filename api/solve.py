"""A process that solves one frozen market: it reads it from stdin, tells on stdout how far it is, then the result.

First comes a line with the length of the market in bytes, then the market; each line of the answer is JSON. It ends
when its parent does: stdin stays open until then.
"""

import os
import sys
import threading
import time

import orjson

from matching.programme import Contradiction
from matching.programme.frozen import solved

# So often it tells how far it is.
TELLS_SECONDS = 0.2

# Others on the machine answer people, who wait.
NICENESS = 10


def main() -> None:
    """Solve one."""
    os.nice(NICENESS)
    length = int(sys.stdin.buffer.readline())
    frozen = orjson.loads(sys.stdin.buffer.read(length))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    told = 0.0

    def progress(stage: str, share: float) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= TELLS_SECONDS:
            told = now
            _tell({"stage": stage, "share": share})

    try:
        _tell({"result": solved(frozen, progress)})
    except Contradiction as error:
        _tell({"error": str(error)})


def _tell(what: dict[str, object]) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")
    sys.stdout.buffer.flush()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()
