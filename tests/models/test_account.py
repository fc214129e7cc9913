"""Signing up, and signing in."""

import asyncio
import unicodedata

import pytest

from models import clock, password
from models.account import Account, normalised
from models.inbox import Inbox
from models.profile import Profile
from models.refusal import RateLimited, RefusalCode, Refused
from models.session import Session
from models.throttle import PER_ACCOUNT, PER_ADDRESS, SIGN_UPS_PER_ADDRESS, WINDOW
from tests.models.expect import refused
from tests.people import PASSWORD, person


async def test_signing_up_opens_an_account_with_profile_and_inbox_and_signs_it_in(database: str) -> None:
    session, token = await Account.sign_up(
        "ana@example.org", PASSWORD, "Ana", time_zone="Europe/Lisbon", device="her phone"
    )
    account = await Account.get(email="ana@example.org")
    profile = await Profile.get(id=account.id)
    assert (profile.name, profile.time_zone) == ("Ana", "Europe/Lisbon")
    assert (await Inbox.get(id=account.id)).position == 0
    found = await Session.of_token(token)
    assert found is not None
    assert (found.id, found.account.id, found.device) == (session.id, account.id, "her phone")


async def test_the_password_is_stored_as_a_hash_only(database: str) -> None:
    await Account.sign_up("ana@example.org", PASSWORD, "Ana")
    account = await Account.get(email="ana@example.org")
    assert account.password_hash.startswith("$argon2id$")
    assert PASSWORD not in str(await Account.all().values())


async def test_an_address_is_stored_trimmed_and_in_lower_case(database: str) -> None:
    session, _ = await Account.sign_up("  Ana.Reis@Example.ORG ", PASSWORD, "Ana")
    assert session.account.email == "ana.reis@example.org"


async def test_an_address_has_one_account_in_whatever_case(database: str) -> None:
    await Account.sign_up("ana@example.org", PASSWORD, "Ana")
    with refused(RefusalCode.ALREADY_EXISTS, "email"):
        await Account.sign_up("ANA@example.org", PASSWORD, "Another Ana")
    assert (await Account.all().count(), await Profile.all().count(), await Session.all().count()) == (1, 1, 1)


async def test_four_sign_ups_at_once_with_one_address_open_one_account(database: str) -> None:
    tries = await asyncio.gather(
        *(Account._open("ana@example.org", "a hash", f"Ana {number}", "UTC", "") for number in range(4)),
        return_exceptions=True,
    )
    refusals = [answer.code for answer in tries if isinstance(answer, Refused)]
    assert refusals == [RefusalCode.ALREADY_EXISTS] * 3
    assert (await Account.all().count(), await Profile.all().count(), await Inbox.all().count()) == (1, 1, 1)


@pytest.mark.parametrize(("name", "zone", "field"), [("", "UTC", "name"), ("Ana", "Mars/Olympus", "timeZone")])
async def test_a_refused_sign_up_leaves_nothing(database: str, name: str, zone: str, field: str) -> None:
    with refused(RefusalCode.INVALID, field):
        await Account.sign_up("ana@example.org", PASSWORD, name, time_zone=zone)
    assert (await Account.all().count(), await Profile.all().count(), await Inbox.all().count()) == (0, 0, 0)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "ana@",
        "@example.org",
        "a na@example.org",
        "ana@example.org\nBcc: all@example.org",
        "ana@exa\x00mple.org",
        "ana�@example.org",
        "ana\u202e@example.org",
        "ana@example",
        f"{'a' * 250}@example.org",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with refused(RefusalCode.INVALID, "email"):
        normalised(address)


@pytest.mark.parametrize("secret", ["too short", "x" * 257, "Someone@Example.org"])
async def test_a_weak_password_opens_no_account(database: str, secret: str) -> None:
    with refused(RefusalCode.INVALID, "password"):
        await Account.sign_up("someone@example.org", secret, "Someone")
    assert not await Account.exists(email="someone@example.org")


async def test_signing_in_takes_the_right_password_and_the_address_in_any_case(database: str) -> None:
    ana = await person("Ana")
    session, token = await Account.sign_in(f" {ana.email.upper()} ", PASSWORD, device="a laptop")
    found = await Session.of_token(token)
    assert found is not None
    assert (found.id, found.account.id, found.device) == (session.id, ana.id, "a laptop")


async def test_an_unknown_address_is_answered_like_a_wrong_password(database: str) -> None:
    ana = await person("Ana")
    answers = []
    for address in (ana.email, "nobody@example.org"):
        with pytest.raises(Refused) as refusal:
            await Account.sign_in(address, "a wrong password")
        answers.append((refusal.value.code, refusal.value.message, refusal.value.field))
    assert answers[0] == answers[1]
    assert answers[0][0] is RefusalCode.BAD_CREDENTIALS


async def test_each_sign_in_verifies_one_hash_whether_the_account_exists_or_not(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str | None] = []
    verify = password._verify

    def noted(secret: bytes, stored: str | None) -> bool:
        verified.append(stored)
        return verify(secret, stored)

    monkeypatch.setattr(password, "_verify", noted)
    ana = await person("Ana")
    for address, secret in ((ana.email, "a wrong password"), ("nobody@example.org", "x" * 20), (ana.email, "y" * 300)):
        with refused(RefusalCode.BAD_CREDENTIALS):
            await Account.sign_in(address, secret)
    assert verified == [ana.password_hash, None, None]


async def test_what_a_password_begins_with_does_not_sign_in(database: str) -> None:
    longest = "p" * password.LONGEST
    await Account.sign_up("ana@example.org", longest, "Ana")
    with refused(RefusalCode.BAD_CREDENTIALS):
        await Account.sign_in("ana@example.org", longest + "p")
    assert await Account.sign_in("ana@example.org", longest)


@pytest.mark.parametrize(
    "address",
    [unicodedata.normalize("NFD", "ångström@example.org"), "ana@xn--bcher-kva.example", "ana@BÜCHER.example"],
    ids=["decomposed", "punycode", "upper case"],
)
async def test_who_signs_up_with_an_address_signs_in_with_it(database: str, address: str) -> None:
    await Account.sign_up(address, PASSWORD, "Ana")
    assert await Account.sign_in(address, PASSWORD)


@pytest.mark.parametrize(
    "address",
    ["", "ana", "ana\0@example.org", "ana\ud800@example.org", "a" * 300 + "@example.org"],
    ids=["empty", "no domain", "NUL", "surrogate", "too long"],
)
async def test_an_address_that_cannot_be_stored_is_an_unknown_one(database: str, address: str) -> None:
    with refused(RefusalCode.BAD_CREDENTIALS):
        await Account.sign_in(address, PASSWORD)


async def test_after_too_many_failures_even_the_right_password_waits(database: str) -> None:
    ana, theo = await person("Ana"), await person("Theo")
    for _ in range(PER_ACCOUNT):
        with refused(RefusalCode.BAD_CREDENTIALS):
            await Account.sign_in(ana.email, "a wrong password")
    with pytest.raises(RateLimited) as limit:
        # Another spelling of the address is the same account.
        await Account.sign_in(ana.email.upper(), PASSWORD)
    assert 0 < limit.value.retry_after <= WINDOW.total_seconds()
    assert await Account.sign_in(theo.email, PASSWORD)
    with clock.moved(WINDOW):
        assert await Account.sign_in(ana.email, PASSWORD)


async def test_guesses_that_come_all_at_once_are_counted_too(database: str) -> None:
    ana = await person("Ana")
    guesses = await asyncio.gather(
        *(Account.sign_in(ana.email, f"wrong password {number}") for number in range(3 * PER_ACCOUNT)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Refused) for answer in guesses) == PER_ACCOUNT
    assert sum(isinstance(answer, RateLimited) for answer in guesses) == 2 * PER_ACCOUNT


async def test_right_passwords_that_come_all_at_once_all_sign_in(database: str) -> None:
    ana = await person("Ana")
    tokens = await asyncio.gather(*(Account.sign_in(ana.email, PASSWORD) for _ in range(2 * PER_ACCOUNT)))
    assert len({token for _, token in tokens}) == 2 * PER_ACCOUNT


async def test_typing_errors_of_different_people_are_not_counted_together(database: str) -> None:
    for number in range(2 * PER_ACCOUNT):
        with refused(RefusalCode.BAD_CREDENTIALS):
            await Account.sign_in("ana@", PASSWORD, address=f"192.0.2.{number}")


async def test_what_is_no_address_is_guessed_as_often_as_one_address_may(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password, "_verify", lambda *_: False)
    for number in range(PER_ADDRESS):
        with refused(RefusalCode.BAD_CREDENTIALS):
            await Account.sign_in(f"ana {number}", PASSWORD, address="192.0.2.1")
    with pytest.raises(RateLimited):
        await Account.sign_in("ana", PASSWORD, address="192.0.2.1")


async def test_a_guess_that_got_no_answer_is_no_failure(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await person("Ana")

    def away(*_: object) -> bool:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(password, "_verify", away)
        for _ in range(PER_ACCOUNT):
            with pytest.raises(ConnectionResetError):
                await Account.sign_in(ana.email, PASSWORD, address="192.0.2.1")
    assert await Account.sign_in(ana.email, PASSWORD, address="192.0.2.1")


async def test_one_address_signs_up_so_many_times_whatever_becomes_of_them(database: str) -> None:
    for number in range(SIGN_UPS_PER_ADDRESS):
        with refused(RefusalCode.INVALID, "password"):
            await Account.sign_up(f"{number}@example.org", "short", "Ana", address="192.0.2.1")
    with pytest.raises(RateLimited) as limit:
        await Account.sign_up("ana@example.org", PASSWORD, "Ana", address="192.0.2.1")
    assert 0 < limit.value.retry_after <= WINDOW.total_seconds()
    # Others may, and so may who comes without an address: the demo.
    for number, address in enumerate(("192.0.2.2", "")):
        assert await Account.sign_up(f"ana{number}@example.org", PASSWORD, "Ana", address=address)
    with clock.moved(WINDOW):
        assert await Account.sign_up("ana@example.org", PASSWORD, "Ana", address="192.0.2.1")


async def test_an_account_sees_itself_only(database: str) -> None:
    ana, _ = await person("Ana"), await person("Theo")
    assert [account.id for account in await Account.visible_to(ana)] == [ana.id]
