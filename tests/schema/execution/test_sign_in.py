"""Who has signed in, and how often somebody may try."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models import clock, password, throttle
from models.session import LIFETIME
from tests.people import PASSWORD, person
from tests.schema.asking import ask, code, signed_in
from tests.schema.execution.documents import MENTORS, SIGN_IN, UPDATE


@pytest.mark.parametrize("document", [MENTORS, '{ node(id: "Skill:01890000-0000-7000-8000-000000000000") { id } }'])
async def test_a_stranger_is_told_to_sign_in(database: str, document: str) -> None:
    answer = await ask(document)
    assert code(answer) == "UNAUTHENTICATED"
    assert answer["errors"][0]["message"] == "Sign in first."


async def test_a_mutation_without_a_sign_in_is_an_error_and_no_refusal(database: str) -> None:
    answer = await ask(UPDATE, input={"name": "Eve"})
    assert code(answer) == "UNAUTHENTICATED"
    assert answer["data"] is None


async def test_a_sign_in_is_worth_nothing_once_it_has_expired_or_is_revoked(database: str) -> None:
    session = await signed_in(await person())
    assert "errors" not in await ask(MENTORS, session)
    with clock.moved(LIFETIME):
        assert code(await ask(MENTORS, session)) == "UNAUTHENTICATED"
        assert await ask("{ viewer { id } }", session) == {"data": {"viewer": None}}
    await session.revoke()
    assert code(await ask(MENTORS, session)) == "UNAUTHENTICATED"


async def test_too_many_failed_sign_ins_are_limited_until_the_window_has_passed(database: str) -> None:
    ana, ben = await person("Ana"), await person("Ben")
    wrong = {"email": ana.email, "password": "not the password"}
    right = {"email": ana.email, "password": PASSWORD}
    for _ in range(throttle.PER_ACCOUNT):
        assert (await ask(SIGN_IN, input=wrong))["data"]["signIn"]["code"] == "BAD_CREDENTIALS"
    limited = await ask(SIGN_IN, input=right)
    assert code(limited) == "RATE_LIMITED"
    assert 0 < limited["errors"][0]["extensions"]["retryAfter"] <= 900
    assert ana.email not in str(limited)
    # Another spelling is the same account, and another account is not.
    assert code(await ask(SIGN_IN, input=right | {"email": f" {ana.email.upper()}"})) == "RATE_LIMITED"
    other = await ask(SIGN_IN, input={"email": ben.email, "password": PASSWORD})
    assert other["data"]["signIn"]["__typename"] == "SignInPayload"
    with clock.moved(throttle.WINDOW - timedelta(seconds=60)):
        assert code(await ask(SIGN_IN, input=right)) == "RATE_LIMITED"
    with clock.moved(throttle.WINDOW):
        assert (await ask(SIGN_IN, input=right))["data"]["signIn"]["__typename"] == "SignInPayload"


@pytest.fixture
def every_password_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    async def matches(*_: Any) -> bool:
        # The real one waits for its thread: others run meanwhile.
        await asyncio.sleep(0)
        return False

    monkeypatch.setattr(password, "matches", matches)


@pytest.mark.usefixtures("every_password_is_wrong")
async def test_guesses_at_once_are_limited_like_guesses_one_by_one(database: str) -> None:
    guess = {"email": (await person()).email, "password": "not the password"}
    found = await asyncio.gather(*(ask(SIGN_IN, input=guess) for _ in range(5 * throttle.PER_ACCOUNT)))
    tried = [answer["data"]["signIn"]["code"] for answer in found if "errors" not in answer]
    assert tried == ["BAD_CREDENTIALS"] * throttle.PER_ACCOUNT
    assert {code(answer) for answer in found if "errors" in answer} == {"RATE_LIMITED"}


@pytest.mark.usefixtures("every_password_is_wrong")
async def test_one_address_may_not_try_many_accounts(database: str) -> None:
    for number in range(throttle.PER_ADDRESS):
        answer = await ask(SIGN_IN, input={"email": f"{number}@example.org", "password": "x"})
        assert answer["data"]["signIn"]["code"] == "BAD_CREDENTIALS"
    guess = {"email": "next@example.org", "password": "x"}
    assert code(await ask(SIGN_IN, input=guess)) == "RATE_LIMITED"
    assert (await ask(SIGN_IN, input=guess, address="192.0.2.2"))["data"]["signIn"]["code"] == "BAD_CREDENTIALS"


async def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(database: str) -> None:
    known = {"email": (await person()).email, "password": "not the password"}
    unknown = {"email": "nobody@example.org", "password": "not the password"}
    answer = await ask(SIGN_IN, input=known)
    assert answer["data"]["signIn"]["code"] == "BAD_CREDENTIALS"
    assert await ask(SIGN_IN, input=unknown) == answer
