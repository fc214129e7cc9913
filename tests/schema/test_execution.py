import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
import pytest
from structlog.testing import capture_logs
from tortoise.connection import get_connection
from tortoise.exceptions import DBConnectionError

from models import clock, password, throttle
from models.account import Account
from models.database import dialect
from models.database.sqlite import Client
from models.session import LIFETIME, Session
from realtime import feed
from realtime.bells import Bells
from schema.context import Context
from schema.execution import Operation, RequestError, Unavailable, prepare, run, stream
from schema.limits import DEFAULT_LIMITS, Limits
from tests.people import PASSWORD, pair, person

REFUSAL = "... on Refusal { __typename code message field }"
SIGN_IN = f"""mutation($input: SignInInput!) {{ signIn(input: $input) {{
    ... on SignInPayload {{ __typename token }} {REFUSAL}
}} }}"""
UPDATE = f"""mutation($input: UpdateProfileInput!) {{ updateProfile(input: $input) {{
    ... on UpdateProfilePayload {{ profile {{ name }} }} {REFUSAL}
}} }}"""
MENTORS = "query($skill: String, $first: Int) { mentors(skill: $skill, first: $first) { edges { node { name } } } }"
INBOX = "subscription($after: String) { inbox(after: $after) { __typename ... on InboxEvent { cursor } } }"
SIGNALS = "subscription($ticket: String!) { videoSignals(ticket: $ticket) { __typename } }"


async def signed_in(account: Account, device: str = "test") -> Session:
    """A new sign-in of the account."""
    return (await Session.open(account, device=device))[0]


async def ask(
    document: str,
    by: Session | None = None,
    *,
    address: str = "192.0.2.1",
    limits: Limits = DEFAULT_LIMITS,
    **given: Any,
) -> dict[str, Any]:
    """The answer of a query or mutation; further arguments are its variables."""
    try:
        operation = prepare(document, given, None, limits)
    except RequestError as error:
        return {"errors": error.errors}
    try:
        return dict(orjson.loads(await run(operation, Context(session=by, address=address))))
    except RequestError as error:
        # As the endpoints answer it: without data.
        return {"errors": error.errors}


async def answers(
    document: str,
    by: Session | None = None,
    *,
    bells: Bells | None = None,
    limits: Limits = DEFAULT_LIMITS,
    **given: Any,
) -> AsyncGenerator[dict[str, Any], None]:
    """The answers of a subscription; one of errors alone where it cannot begin."""
    try:
        context = Context(session=by, bells=bells or Bells())
        async with aclosing(stream(prepare(document, given, None, limits), context)) as found:
            async for answer in found:
                yield orjson.loads(answer)
    except RequestError as error:
        yield {"errors": error.errors}


async def rows() -> dict[str, list[str]]:
    """Every row of every table, as text: what was written shows as a difference."""
    connection = get_connection(dialect())
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgres": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    }[dialect()]
    dump = {}
    for table in await connection.execute_query_dict(names):
        found = await connection.execute_query_dict(f'SELECT * FROM "{table["name"]}"')  # noqa: S608 - our own tables
        dump[str(table["name"])] = sorted(str(tuple(row.values())) for row in found)
    return dump


def code(answer: dict[str, Any]) -> str:
    """The code of the one error of an answer."""
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


@pytest.fixture(autouse=True)
def nobody_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "sign_in", throttle.Throttle())


@pytest.fixture
def engine() -> str:
    """The shapes of errors do not depend on the database."""
    return "sqlite"


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


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "{ viewer { id }",
        "{ nothing }",
        "{ viewer { passwordHash } }",
        "{ viewer }",
        '{ mentors(first: "1") { edges { cursor } } }',
        "{ mentors(first: " + "9" * 5000 + ") { edges { cursor } } }",
        "query($first: Text) { mentors(first: $first) { edges { cursor } } }",
        "{ ...F } fragment F on Query { ...F }",
        "fragment F on Query { viewer { id } }",
        "query A { viewer { id } } query B { viewer { id } }",
        "subscription { inbox { __typename } again: inbox { __typename } }",
        "{ viewer { id } } \x00",
    ],
)
async def test_a_malformed_or_invalid_document_does_not_run(document: str) -> None:
    with pytest.raises(RequestError) as refused:
        prepare(document, None, None)
    for error in refused.value.errors:
        assert error["extensions"]["code"] == "BAD_INPUT"
        assert error["message"]


async def test_an_unknown_field_gets_no_suggestion(database: str) -> None:
    answer = await ask("{ viewer { emal } }")
    assert code(answer) == "BAD_INPUT"
    assert "email" not in str(answer)


@pytest.mark.parametrize("name", ["B", "", "a", "\ud800"])
def test_an_operation_that_the_document_does_not_hold_cannot_run(name: str) -> None:
    with pytest.raises(RequestError) as refused:
        prepare("query A { viewer { id } }", None, name)
    assert refused.value.errors[0]["extensions"] == {"code": "BAD_INPUT"}


async def test_the_operation_that_is_named_runs() -> None:
    document = "query A { viewer { id } } query B { b: viewer { id } }"
    assert orjson.loads(await run(prepare(document, None, "B"), Context())) == {"data": {"b": None}}


@pytest.mark.parametrize(
    "given",
    [
        {"first": "ten"},
        {"first": 1.5},
        {"first": 2**31},
        {"first": 1e300},
        {"first": True},
        {"first": [1]},
        {"skill": {}},
    ],
)
async def test_variables_of_a_wrong_type_are_bad_input(database: str, given: dict[str, Any]) -> None:
    answer = await ask(MENTORS, await signed_in(await person()), **given)
    assert code(answer) == "BAD_INPUT"


@pytest.mark.parametrize("given", [{}, {"input": None}, {"input": {}}, {"input": {"email": "a", "password": 1}}])
async def test_a_request_that_cannot_begin_has_no_data(database: str, given: dict[str, Any]) -> None:
    # https://spec.graphql.org/draft/#sec-Data: "If an error was raised before execution begins, the response
    # must be a request error result which will result in no response data."
    answer = await ask(SIGN_IN, **given)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_INPUT"}
    assert "data" not in answer


@pytest.mark.parametrize(
    ("document", "limit"),
    [
        ("{ viewer " * 11 + "{ id" + "}" * 12, "depth"),
        ("{ " + " ".join(f"a{n}: viewer {{ id }}" for n in range(31)) + " }", "aliases"),
        ("{ " + "viewer { id } " * 600 + "}", "tokens"),
        ("# " + "x" * 20_000 + "\n{ viewer { id } }", "source_bytes"),
        ("mutation { a: signOut(input: {}) { __typename } b: signOut(input: {}) { __typename } }", "root_mutations"),
    ],
)
def test_a_document_that_asks_for_too_much_says_which_limit_it_passes(document: str, limit: str) -> None:
    with pytest.raises(RequestError) as refused:
        prepare(document, None, None)
    (error,) = refused.value.errors
    assert error["extensions"]["code"] == "TOO_COMPLEX"
    assert error["extensions"]["limit"] == limit


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
@pytest.mark.parametrize(
    "path",
    [
        "mentorships edges node conversation messages edges node author skillsOffered name",
        "mentorshipRequests edges node mentorship conversation lastMessage author skillsOffered name",
        "mentorshipRequests edges node mentorship goals edges node milestones title",
        "conversations edges node messages edges node author skillsOffered name",
    ],
)
async def test_the_deepest_document_that_is_allowed_is_answered(database: str, path: str) -> None:
    made = await pair()
    await made.conversation.send("Hello", by=made.mentor, client_id="1")
    fields = path.split()
    assert len(fields) <= DEFAULT_LIMITS.depth
    document = " { ".join(["", *fields]).replace(" { edges", "(first: 1) { edges") + " }" * len(fields)
    answer = await ask(document, await signed_in(made.mentor))
    assert "errors" not in answer
    assert answer["data"][fields[0]]["edges"]


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
    guessed = [answer for answer in found if "errors" not in answer]
    assert len(guessed) <= throttle.PER_ACCOUNT


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
    assert await ask(SIGN_IN, input=known) == await ask(SIGN_IN, input=unknown)


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception, about: str = "") -> None:
    """From now on the database answers statements that hold this text with nothing but the error."""

    def broken(way: Any) -> Any:
        async def answer(client: Client, text: str, *values: Any) -> Any:
            if about in text:
                raise error
            return await way(client, text, *values)

        return answer

    for name in ("execute_query", "read_rows"):
        monkeypatch.setattr(Client, name, broken(getattr(Client, name)))


async def test_our_own_failure_is_masked_and_the_log_has_its_cause(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await signed_in(await person())
    cause = RuntimeError("canary: SELECT * FROM account")
    failing(monkeypatch, cause)
    with capture_logs() as logged:
        answer = await ask(MENTORS, session)
    (error,) = answer["errors"]
    assert error["message"] == "Something went wrong on our side."
    assert error["extensions"].keys() == {"code", "reference"}
    assert error["extensions"]["code"] == "INTERNAL"
    assert "canary" not in str(answer)
    # The planner met it first, and left it to ordinary execution.
    first, entry = logged
    assert first["event"] == "the planner failed"
    assert entry["reference"] == error["extensions"]["reference"]
    assert entry["exc_info"] is cause
    assert entry["log_level"] == "error"


async def test_one_failed_field_leaves_the_others(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await signed_in(await person())
    document = '{ viewer { email } profile(id: "Profile:01890000-0000-7000-8000-000000000000") { name } }'
    failing(monkeypatch, KeyError("canary"), about='FROM "profile"')
    answer = await ask(document, session)
    assert code(answer) == "INTERNAL"
    assert answer["data"]["profile"] is None
    assert answer["data"]["viewer"]["email"]


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "refused"),
        TimeoutError(),
        DBConnectionError("away"),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.AdminShutdownError("stopping"),
        asyncpg.TooManyConnectionsError("too many"),
        asyncpg.InterfaceError("the pool is closed"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_database_that_is_away_makes_the_answer_unavailable(
    database: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    session = await signed_in(await person())
    failing(monkeypatch, error)
    with pytest.raises(Unavailable) as away:
        await ask(MENTORS, session)
    assert away.value.__cause__ is error


async def test_an_error_that_an_outage_caused_is_an_outage(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await signed_in(await person())
    error = ValueError("wrapped")
    error.__cause__ = ConnectionResetError()
    failing(monkeypatch, error)
    with pytest.raises(Unavailable):
        await ask(MENTORS, session)


@pytest.mark.parametrize(
    ("document", "given", "found"),
    [
        (INBOX, {}, {"code": "UNAUTHENTICATED"}),
        (SIGNALS, {"ticket": "x"}, {"code": "UNAUTHENTICATED"}),
    ],
)
async def test_a_stranger_can_subscribe_to_nothing(
    database: str, document: str, given: dict[str, Any], found: dict[str, str]
) -> None:
    (answer,) = [answer async for answer in answers(document, **given)]
    assert answer["errors"][0]["extensions"] == found
    assert not answer.get("data")


@pytest.mark.parametrize(
    ("document", "given", "refusal", "field"),
    [
        (INBOX, {"after": "nonsense"}, "INVALID", "after"),
        (INBOX, {"after": ""}, "INVALID", "after"),
        (INBOX, {"after": "\ud800"}, "INVALID", "after"),
        (INBOX, {"after": "YWJjLi0x"}, "INVALID", "after"),
        (INBOX, {"after": "YWJjLjk5OTk5OTk5OTk5OTk5OTk5OTk5OTk"}, "INVALID", "after"),
        (SIGNALS, {"ticket": ""}, "NOT_FOUND", "ticket"),
        (SIGNALS, {"ticket": "x\x00"}, "NOT_FOUND", "ticket"),
        (SIGNALS, {"ticket": "\ud800"}, "NOT_FOUND", "ticket"),
    ],
)
async def test_a_subscription_that_is_refused_says_why_and_ends(
    database: str, document: str, given: dict[str, Any], refusal: str, field: str
) -> None:
    session = await signed_in(await person())
    (answer,) = [answer async for answer in answers(document, session, **given)]
    assert answer["errors"][0]["extensions"] == {"code": "BAD_INPUT", "refusal": refusal, "field": field}


async def test_a_subscription_with_a_variable_of_a_wrong_type_cannot_begin(database: str) -> None:
    operation: Operation = prepare(INBOX, {"after": 5}, None)
    with pytest.raises(RequestError) as refused:
        await anext(stream(operation, Context()))
    assert refused.value.errors[0]["extensions"] == {"code": "BAD_INPUT"}


def inbox_of(monkeypatch: pytest.MonkeyPatch, *items: feed.Resync | Exception) -> asyncio.Event:
    """Let the inbox yield these, and raise what is an exception; the event tells when it was closed."""
    closed = asyncio.Event()

    async def inbox(*_: Any, **__: Any) -> AsyncIterator[feed.Resync]:
        try:
            for item in items:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            closed.set()

    monkeypatch.setattr(feed, "inbox", inbox)
    return closed


async def test_a_source_that_fails_mid_way_says_so_once_and_ends(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await signed_in(await person())
    cause = RuntimeError("canary")
    inbox_of(monkeypatch, feed.Resync("one"), cause, feed.Resync("never"))
    with capture_logs() as logged:
        first, last = [answer async for answer in answers(INBOX, session)]
    assert first == {"data": {"inbox": {"__typename": "ResyncRequired", "cursor": "one"}}}
    assert code(last) == "INTERNAL"
    assert "canary" not in str(last)
    (entry,) = logged
    assert entry["exc_info"] is cause
    assert entry["reference"] == last["errors"][0]["extensions"]["reference"]


@pytest.mark.parametrize("when", ["the source", "an event"])
async def test_an_outage_in_mid_way_makes_the_subscription_unavailable(
    database: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    session = await signed_in(await person())
    cause = ConnectionResetError()

    async def away() -> str:
        raise cause

    # A field that is read while its event is answered.
    unread: Any = away() if when == "an event" else None
    inbox_of(monkeypatch, feed.Resync("one"), cause if unread is None else feed.Resync(unread))
    results = answers(INBOX, session)
    assert (await anext(results))["data"]["inbox"]["cursor"] == "one"
    with pytest.raises(Unavailable):
        await anext(results)


async def test_an_event_that_cannot_be_shown_does_not_end_the_subscription(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await signed_in(await person())
    nothing: Any = None
    inbox_of(monkeypatch, feed.Resync(nothing), feed.Resync("two"))
    with capture_logs():
        broken, whole = [answer async for answer in answers(INBOX, session)]
    assert code(broken) == "INTERNAL"
    assert whole["data"]["inbox"]["cursor"] == "two"


async def test_leaving_a_subscription_closes_its_source(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await signed_in(await person())
    closed = inbox_of(monkeypatch, feed.Resync("one"), feed.Resync("two"))
    results = stream(prepare(INBOX, None, None), Context(session=session))
    assert inspect.isasyncgen(results)
    await anext(results)
    assert not closed.is_set()
    await results.aclose()
    async with asyncio.timeout(5):
        await closed.wait()
