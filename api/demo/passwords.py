"""Passwords that people can read from a terminal and type."""

import secrets
from typing import Final

from api.demo.people import SOURCE

WORDS: Final[list[str]] = SOURCE["words"].split()


def readable() -> str:
    """A random password of three words and four digits, such as `maple-lantern-otter-4821`: about 37 bits.

    Enough against guessing at the sign-in, which is throttled. A demo has nothing to lose to more than that.
    """
    words = [secrets.choice(WORDS) for _ in range(3)]
    return "-".join([*words, f"{secrets.randbelow(10_000):04}"])
