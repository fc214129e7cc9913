"""A sign-in that does not match, and addresses in every spelling."""

import pytest

from models.throttle import SIGN_UPS_PER_ADDRESS
from tests.people import PASSWORD
from tests.schema.asking import ask, code
from tests.schema.refusals.attempts import do
from tests.schema.refusals.bad_values import LONG
from tests.schema.refusals.good_inputs import GOOD
from tests.schema.refusals.world import World
from tests.schema.tables import rows


@pytest.mark.parametrize(
    "given",
    [
        {"email": ""},
        {"email": "nobody@example.org"},
        {"email": "a\x00b@example.org"},
        {"email": "\ud800@example.org"},
        {"email": "x" * 300 + "@example.org"},
        {"email": "' OR 1=1 --"},
        {"password": ""},
        {"password": "not the password"},
        {"password": PASSWORD + " "},
        {"password": "\x00"},
        {"password": "\ud800"},
        {"password": LONG},
    ],
    ids=lambda given: repr(given)[:40],
)
async def test_a_sign_in_that_does_not_match_gets_one_answer(world: World, given: dict[str, str]) -> None:
    before = await rows()
    answer = await do(None, "signIn", GOOD["signIn"](world) | given)
    assert (answer["code"], answer["field"]) == ("BAD_CREDENTIALS", None)
    assert answer["message"] == "The address or the password is wrong."
    assert await rows() == before


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    "email",
    [
        "ana@example.org",
        "Ana@Example.ORG",
        " ana@example.org ",
        "ana@bücher.example",
        "ana@xn--bcher-kva.example",
        "ana@bu\u0308cher.example",
        "ana@\uff25xample.org",
    ],
)
async def test_who_has_signed_up_can_sign_in_with_the_same_words(database: str, email: str) -> None:
    given = {"email": email, "password": PASSWORD}
    assert (await do(None, "signUp", {**given, "name": "Ana"}))["__typename"] == "SignUpPayload"
    assert (await do(None, "signIn", given))["__typename"] == "SignInPayload"


async def test_an_address_has_one_account_however_it_is_spelt(world: World) -> None:
    before = await rows()
    for email in (world.pair.mentee.email, world.pair.mentee.email.upper(), f" {world.pair.mentee.email}"):
        answer = await do(None, "signUp", GOOD["signUp"](world) | {"email": email})
        assert (answer["code"], answer["field"]) == ("ALREADY_EXISTS", "email")
    assert await rows() == before


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_sign_ups_are_limited_by_the_address_that_they_come_from(database: str) -> None:
    given = {"email": "new@example.org", "password": "short", "name": "New"}
    document = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }"
    for _ in range(SIGN_UPS_PER_ADDRESS):
        assert "errors" not in await ask(document, input=given)
    assert code(await ask(document, input=given)) == "RATE_LIMITED"
    assert "errors" not in await ask(document, input=given, address="192.0.2.2")
