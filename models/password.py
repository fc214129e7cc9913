"""Passwords: Argon2id by OWASP's parameters (19 MiB, 2 passes, 1 lane), in threads of its own.

The two threads bound how much memory and processor a flood of sign-ins can take; and the places where they are waited
for, how long somebody waits who is not part of it.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.refusal import RateLimited, invalid

SHORTEST, LONGEST = 10, 256

T = TypeVar("T")

THREADS = 2

# A hash takes some 50 milliseconds, so the last of them waits for less than a second.
MOST_WAITING = 32

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="argon2")
_places = threading.BoundedSemaphore(THREADS + MOST_WAITING)

# Compared with when there is no such account, so that an unknown address takes as long as a wrong password.
_nobody = _hasher.hash("nobody has this password")


def check(password: str, email: str) -> None:
    """Refuse a password that is too short, too long, or the address itself."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise invalid(f"A password has {SHORTEST} to {LONGEST} characters; a few words make a good one.", "password")
    if password.casefold() == email.casefold():
        raise invalid("The password must differ from the e-mail address.", "password")


async def hashed(password: str) -> str:
    """The hash to store. Raises `RateLimited` where too many wait."""
    return await _in_thread(_hash, _storable(password))


async def matches(password: str, hash: str | None) -> bool:
    """Does the password match the stored hash? `None`, for an unknown account, takes as long and says no.

    Raises `RateLimited` where too many wait.
    """
    return await _in_thread(_verify, _storable(password), hash)


async def _in_thread(work: Callable[..., T], *given: bytes | str | None) -> T:
    if not _places.acquire(blocking=False):
        raise RateLimited(1)
    done = _threads.submit(work, *given)
    done.add_done_callback(lambda _: _places.release())
    return await asyncio.wrap_future(done)


def _verify(password: bytes, hash: str | None) -> bool:
    try:
        _hasher.verify(hash or _nobody, password)
    except (VerificationError, InvalidHashError):
        return False
    return hash is not None


def _storable(password: str) -> bytes:
    # A lone surrogate has no UTF-8; it may stand in a password that we only hash.
    return password.encode("utf-8", "surrogatepass")


def _hash(password: bytes) -> str:
    return _hasher.hash(password)
