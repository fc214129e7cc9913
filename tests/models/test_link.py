"""Links to files: of one file, for one sign-in, for ten minutes."""

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from models import clock, link
from models.session import Session
from tests.people import person

MINUTE = timedelta(minutes=1)


async def sign_in(name: str = "Ana") -> Session:
    session, _ = await Session.open(await person(name))
    return session


def query(subject: str, session: Session) -> dict[str, str]:
    return dict(parse_qsl(link.query_of(subject, session)))


async def test_a_link_is_its_sign_ins_for_five_to_ten_minutes(database: str) -> None:
    session = await sign_in()
    given = query("file", session)
    for after, good in ((0, True), (4.9, True), (10.1, False), (-0.1, True), (-60, False)):
        with clock.moved(after * MINUTE):
            found = await link.session_of("file", given)
            assert (found is not None) is good, after
            if found:
                assert found.account.id == session.account_id


async def test_links_of_one_moment_are_the_same_and_those_of_another_sign_in_are_not(database: str) -> None:
    ana, bo = await sign_in(), await sign_in("Bo")
    assert query("file", ana) == query("file", ana)
    assert query("file", ana)["signature"] != query("file", bo)["signature"]
    with clock.moved(5 * MINUTE):
        later = query("file", ana)
    assert later != query("file", ana)


async def test_an_altered_link_is_none(database: str) -> None:
    session, other = await sign_in(), await sign_in("Bo")
    given = query("file", session)
    assert await link.session_of("another file", given) is None
    later = str(int(given["until"]) + 60)
    for name, value in (
        ("until", later), ("until", ""), ("until", "-1"), ("until", "9" * 400), ("until", "\u0664"), ("until", "1e3"),
        ("session", str(other.id)), ("session", ""), ("session", "\x00"), ("session", "x" * 36),
        ("signature", ""), ("signature", given["signature"][:-1]), ("signature", "é"), ("signature", "0" * 64),
    ):  # fmt: skip
        assert await link.session_of("file", {**given, name: value}) is None, (name, value)
        assert await link.session_of("file", {key: text for key, text in given.items() if key != name}) is None


async def test_a_link_that_one_signs_for_oneself_lasts_no_longer(database: str) -> None:
    """The token's holder can compute the key; the time is bounded all the same."""
    session = await sign_in()
    until = int(clock.now().timestamp()) + 3_600
    forged = {"session": str(session.id), "until": str(until), "signature": session.signature(f"file f until {until}")}
    assert await link.session_of("f", forged) is None


@pytest.mark.parametrize("end", ["revoke", "expire"])
async def test_a_link_ends_with_its_sign_in(database: str, end: str) -> None:
    session = await sign_in()
    given = query("file", session)
    if end == "revoke":
        await session.revoke()
    else:
        await Session.filter(id=session.id).update(expires_at=clock.now() - MINUTE)
    assert await link.session_of("file", given) is None
