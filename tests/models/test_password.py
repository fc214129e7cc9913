"""Passwords: what is taken, how it is hashed, and what a flood of guesses may cost."""

import asyncio
import threading
from typing import Any

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from models import password
from models.refusal import RateLimited, RefusalCode
from tests.models.expect import refused


class Spy:
    """The real hasher, which notes what it verifies, and in which thread."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self.hasher = hasher
        self.hashes: list[str] = []
        self.threads: set[str] = set()
        self.two_are_here = threading.Barrier(2, timeout=30)
        self.waits = False

    def verify(self, hash: str, secret: bytes) -> bool:
        self.hashes.append(hash)
        self.threads.add(threading.current_thread().name)
        if self.waits:
            self.two_are_here.wait()
        return self.hasher.verify(hash, secret)


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    found = Spy(password._hasher)
    monkeypatch.setattr(password, "_hasher", found)
    return found


def costs(stored: str) -> tuple[Any, ...]:
    found = extract_parameters(stored)
    return found.type, found.memory_cost, found.time_cost, found.parallelism


async def test_a_password_is_hashed_with_argon2id_in_19_mebibytes_two_passes_and_one_lane() -> None:
    stored = await password.hashed("correct horse battery")
    assert costs(stored) == (Type.ID, 19 * 1024, 2, 1)
    assert extract_parameters(stored).hash_len >= 16
    assert extract_parameters(stored).salt_len >= 16


async def test_a_hash_matches_its_password_only_and_is_salted() -> None:
    stored, other = await password.hashed("correct horse battery"), await password.hashed("correct horse battery")
    assert stored != other
    assert await password.matches("correct horse battery", stored)
    assert not await password.matches("Correct horse battery", stored)
    assert not await password.matches("", stored)


async def test_an_unknown_account_costs_one_hash_of_the_same_parameters(spy: Spy) -> None:
    assert not await password.matches("correct horse battery", None)
    assert [costs(stored) for stored in spy.hashes] == [(Type.ID, 19 * 1024, 2, 1)]


async def test_not_even_the_password_of_nobody_opens_an_unknown_account(spy: Spy) -> None:
    assert not await password.matches("nobody has this password", None)
    assert spy.hasher.verify(spy.hashes[0], "nobody has this password")


async def test_however_many_come_at_once_two_threads_work_and_none_is_the_event_loops(spy: Spy) -> None:
    spy.waits = True
    # None ends before a second one has come, so a pool of more threads would have used them.
    answers = await asyncio.gather(*(password.matches("correct horse battery", None) for _ in range(6)))
    assert answers == [False] * 6
    assert spy.threads == {"argon2_0", "argon2_1"}


async def test_so_many_wait_for_the_threads_and_the_next_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(password, "_verify", lambda *_: goes_on.wait(30))
    waiting = [asyncio.create_task(password.matches("", None)) for _ in range(password.THREADS + password.MOST_WAITING)]
    await asyncio.sleep(0)
    for refused_work in (password.matches("", None), password.hashed("")):
        with pytest.raises(RateLimited) as limit:
            await refused_work
        assert limit.value.retry_after == 1
    # Who gives up leaves a place.
    waiting.pop().cancel()
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(password.matches("", None)))
    await asyncio.sleep(0)
    goes_on.set()
    assert await asyncio.gather(*waiting) == [True] * (password.THREADS + password.MOST_WAITING)
    assert await password.matches("", None)


async def test_a_password_with_a_lone_surrogate_can_be_hashed_and_matched() -> None:
    stored = await password.hashed("ten letters \ud800")
    assert await password.matches("ten letters \ud800", stored)
    assert not await password.matches("ten letters \ud801", stored)


@pytest.mark.parametrize("hash", ["", "plain text", "$argon2id$v=19$m=1", "$2b$12$abc"])
async def test_a_broken_hash_matches_nothing(hash: str) -> None:
    assert not await password.matches("plain text", hash)


@pytest.mark.parametrize("secret", ["", "123456789", "x" * 257, "ANA@example.org"])
def test_a_password_too_short_too_long_or_the_address_itself_is_refused(secret: str) -> None:
    with refused(RefusalCode.INVALID, "password"):
        password.check(secret, "ana@example.org")


@pytest.mark.parametrize("secret", ["1234567890", "x" * 256, "ana@example.org!", "пароль пароль"])
def test_ten_to_256_characters_of_any_kind_are_taken(secret: str) -> None:
    password.check(secret, "ana@example.org")
