"""What subscriptions are shown together is what ordinary execution shows each, and nothing of anybody else's."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import clock
from models.account import Account
from models.conversation import Participant
from models.inbox import Cursor, Entry, Inbox, InboxEvent, Kind
from models.session import Session
from realtime.bells import Bells
from realtime.logs import UNSEEN, UNSHOWN, Delivery
from schema import delivery, execution
from schema.context import Context
from schema.execution import encoded, prepare, showings
from schema.inbox import SUBJECTS, event_of
from tests.people import Pair, pair, person
from tests.schema.permissions.documents import COMPUTED, SCHEMA, everything
from tests.schema.plan.both import UNLIMITED
from tests.schema.plan.community import MODELS, community

# A link is of one sign-in, and which sign-ins live depends on the clock: such events are executed for each.
NEVER_SHARED = COMPUTED | {"Attachment.url", "Attachment.thumbnailUrl", "Account.sessions"}
EVERYTHING = everything(SCHEMA.type_map["InboxItem"], NEVER_SHARED)
ALL = f"subscription($after: String) {{ inbox(after: $after) {{ {EVERYTHING} }} }}"


MESSAGES = "subscription { inbox { ... on InboxEvent { cursor } ... on MessageCreated { message { FIELDS } } } }"


async def contexts(*accounts: Account) -> list[Context]:
    return [Context(session=(await Session.open(account))[0], bells=Bells()) for account in accounts]


async def log_of(account: Account) -> list[Delivery]:
    place = await Inbox.get(id=account.id)
    events = await InboxEvent.following(account, 0)
    return [
        Delivery(Entry(account.id, one.position, one.kind, one.subject_id), str(place.cursor(one.position)))
        for one in events
    ]


async def shown(source: str, deliveries: Sequence[Delivery], **given: Any) -> list[bytes]:
    """What those who subscribe with this document are shown, of all these events at once."""
    operation = prepare(source, given, None, UNLIMITED)
    found = showings.of(source, operation.document, operation.node, given)
    assert found is not None
    showing, _ = found
    for one in deliveries:
        one.shown = UNSHOWN
    await showing(deliveries)
    return [one.shown for one in deliveries]


async def plainly(source: str, delivery: Delivery, asking: Context, **given: Any) -> bytes:
    """What ordinary execution shows."""
    event = await event_of(delivery, asking.viewer)
    if event is None:
        return UNSEEN
    operation = prepare(source, given, None, UNLIMITED)
    kind = execution.schema.execution_context_class
    return encoded(await execution._executed(operation, asking, kind, event))


async def one_conversation() -> tuple[Pair, Account, list[Delivery]]:
    """Three people in a conversation with a message of each, and the events of all of their logs."""
    two, third = await pair(), await person("Uma")
    await Participant.create(conversation_id=two.conversation.id, profile_id=third.id)
    for index, who in enumerate((two.mentor, two.mentee, third)):
        await two.conversation.send(f"number {index}", by=who, client_id=f"secret of {who.id}")
    await two.conversation.mark_read(3, by=two.mentee)
    deliveries = [one for who in (two.mentor, two.mentee, third) for one in await log_of(who)]
    return two, third, deliveries


@pytest.mark.parametrize("fields", ["id body", "id body clientId author { id name }"], ids=["shared", "each its own"])
async def test_a_message_is_shown_to_each_as_they_may_see_it(database: str, fields: str) -> None:
    two, third, deliveries = await one_conversation()
    source = MESSAGES.replace("FIELDS", fields)
    people = {who.id: context for who, context in zip((two.mentor, two.mentee, third), await contexts(
        two.mentor, two.mentee, third), strict=True)}  # fmt: skip
    for one, text in zip(deliveries, await shown(source, deliveries), strict=True):
        assert text == await plainly(source, one, people[one.event.account_id])
        others = [f"secret of {key}" for key in people if key != one.event.account_id]
        assert not [secret for secret in others if secret.encode() in text]


async def test_markers_counts_and_counterparts_are_the_viewers_own(database: str) -> None:
    two, _, deliveries = await one_conversation()
    source = """subscription { inbox { ... on InboxEvent { cursor }
        ... on ReadMarkerMoved { conversation {
            unreadCount readNumber counterpart { name } lastMessage { clientId } } } } }"""
    moved = [one for one in deliveries if one.event.kind is Kind.READ_MARKER_MOVED]
    found = {
        one.event.account_id: orjson.loads(text)["data"]["inbox"]["conversation"]
        for one, text in zip(moved, await shown(source, moved), strict=True)
    }
    assert {key: (each["readNumber"], each["unreadCount"]) for key, each in found.items()}[two.mentee.id] == (3, 0)
    assert {key: (each["readNumber"], each["unreadCount"]) for key, each in found.items()}[two.mentor.id] == (1, 2)
    assert found[two.mentee.id]["lastMessage"] == {"clientId": None}


@pytest.mark.parametrize("fields", ["body", "body clientId"], ids=["shared", "each its own"])
async def test_who_has_left_is_shown_nothing_of_what_the_others_are_shown(database: str, fields: str) -> None:
    _, third, deliveries = await one_conversation()
    await Participant.filter(profile_id=third.id).delete()
    source = MESSAGES.replace("FIELDS", fields)
    # Theirs come first: what is written once for all must not be written for them.
    messages = [one for one in reversed(deliveries) if one.event.kind is Kind.MESSAGE_CREATED]
    assert messages[0].event.account_id == third.id
    for one, text in zip(messages, await shown(source, messages), strict=True):
        assert (text is UNSEEN) == (one.event.account_id == third.id)


async def test_a_forged_event_of_another_accounts_subject_is_not_seen(database: str) -> None:
    two, _, _ = await one_conversation()
    stranger = await person("Nosy")
    kinds: dict[Kind, Delivery] = {one.event.kind: one for one in await log_of(two.mentor)}
    forged = [
        Delivery(Entry(stranger.id, position, kind, one.event.subject_id), "cursor")
        for position, (kind, one) in enumerate(kinds.items(), 1)
    ]
    assert await shown(ALL, forged) == [UNSEEN] * len(forged)


async def test_each_account_has_its_own_cursors(database: str) -> None:
    _, _, deliveries = await one_conversation()
    source = (
        "subscription { inbox { ... on InboxEvent { again: cursor } ...Any } } fragment Any on InboxEvent { cursor }"
    )
    for one, text in zip(deliveries, await shown(source, deliveries), strict=True):
        assert orjson.loads(text)["data"]["inbox"] == {"again": one.cursor, "cursor": one.cursor}


async def test_values_that_choose_what_is_shown_are_not_shared(database: str) -> None:
    two, _, deliveries = await one_conversation()
    source = """subscription($a: Boolean!, $after: String, $n: Int) { inbox(after: $after) { __typename
        ... on MessageCreated { message { body @include(if: $a) number @skip(if: $a) } }
        ... on ReadMarkerMoved { conversation { messages(first: $n) { edges { node { number } } } } } } }"""
    operation = prepare(source, {"a": True, "n": 1}, None, UNLIMITED)

    def of(**given: Any) -> Any:
        return showings.of(source, operation.document, operation.node, given)[0]  # type: ignore[index]

    cursor = str((await Inbox.get(id=two.mentor.id)).cursor())
    same = of(a=True, n=1)
    assert of(a=True, n=1, after=cursor) is same
    assert of(a=False, n=1) is not same
    assert of(a=True, n=2) is not same
    message = next(one for one in deliveries if one.event.kind is Kind.MESSAGE_CREATED)
    for flag, name in ((True, "body"), (False, "number")):
        (text,) = await shown(source, [message], a=flag, n=1)
        assert list(orjson.loads(text)["data"]["inbox"]["message"]) == [name]


async def test_what_an_operation_selects_by_is_looked_for_once_and_kept_for_each_operation_of_a_document(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "{ ... on ReadMarkerMoved { conversation { messages(first: SOME) { edges { node { id } } } } } }"
    first, second = page.replace("SOME", "$n"), page.replace("SOME", "2")
    source = f"""subscription First($n: Int) {{ inbox {first} }}
        subscription Second($after: String) {{ inbox(after: $after) {second} }}"""
    looks = 0

    def counted(*of: Any) -> frozenset[str]:
        nonlocal looks
        looks += 1
        return _used(*of)

    _used, showings = delivery._used, delivery.Showings(execution.planner)
    monkeypatch.setattr(delivery, "_used", counted)

    def of(name: str, **given: Any) -> Any:
        operation = prepare(source, given, name, UNLIMITED)
        return showings.of(source, operation.document, operation.node, given)[0]  # type: ignore[index]

    other, one = of("Second"), of("First", n=1)
    assert of("First", n=1) is one
    assert of("First", n=2) is not one
    assert of("Second") is other is not one
    assert looks == 2


async def test_no_more_documents_are_kept_than_plans(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PLANS_KEPT", 3)
    kept = delivery.Showings(execution.planner)
    sources = {number: f"subscription {{ inbox {{ a{number}: __typename }} }}" for number in range(1, 6)}
    for number in (1, 2, 3, 1, 4, 5):
        source = sources[number]
        operation = prepare(source, None, None, UNLIMITED)
        assert kept.of(source, operation.document, operation.node, {}) is not None
    assert [source for source, _ in kept._used] == [sources[1], sources[4], sources[5]]


async def test_every_kind_of_event_is_shown_from_a_plan(database: str) -> None:
    """A new kind whose event has other fields than a cursor and its subject would be executed for each subscription."""
    two = await pair()
    for kind, (model, _, _) in SUBJECTS.items():
        missing = Delivery(Entry(two.mentor.id, 1, kind, two.mentor.id), "cursor")
        assert await shown(ALL, [missing]) == [UNSEEN], f"{kind} of {model.__name__} is not planned"


@pytest.mark.parametrize(
    "source",
    [
        MESSAGES.replace("FIELDS", "author { availability { weekday } }"),
        MESSAGES.replace("FIELDS", "number attachments { id url }"),
        "subscription { inbox { ... on MessageCreated { message { body } more: message { number } } } }",
    ],
    ids=["computed in Python", "a link", "its subject twice"],
)
async def test_what_no_plan_can_show_is_executed(database: str, source: str) -> None:
    two, _, _ = await one_conversation()
    (asking,) = await contexts(two.mentor)
    after = str(Cursor((await Inbox.get(id=two.mentor.id)).epoch, 0))
    log = [one for one in await log_of(two.mentor) if one.event.kind is Kind.MESSAGE_CREATED]
    document = source.replace("inbox {", f'inbox(after: "{after}") {{')
    answers = execution.stream(prepare(document, None, None, UNLIMITED), asking)
    told = [answer async for answer in _until(answers, 6)]
    for one in log:
        expected = await plainly(source, one, asking)
        assert orjson.loads(expected) in [orjson.loads(answer) for answer in told]


async def _until(source: Any, most: int) -> AsyncIterator[bytes]:
    count = 0
    async for answer in source:
        yield answer
        count += 1
        if count == most:
            break
    await source.aclose()


async def test_a_subscription_ends_with_its_sign_in(database: str) -> None:
    two = await pair()
    (asking,) = await contexts(two.mentor)
    after = str(Cursor((await Inbox.get(id=two.mentor.id)).epoch, 0))
    answers = execution.stream(prepare(ALL, {"after": after}, None, UNLIMITED), asking)
    assert b"data" in await anext(answers)
    with clock.moved(timedelta(days=31)):
        last = orjson.loads(await anext(answers))
    assert last["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    with pytest.raises(StopAsyncIteration):
        await anext(answers)


PARTS = {
    kind: [
        f"... on {event.__name__} {{ {part} }}"
        for part in (
            f"{name} {{ id }}", f"cursor more: {name} {{ __typename id }}", "__typename",
            f"{name} {{ {everything(SCHEMA.type_map[model.__name__], NEVER_SHARED, 4)} }}",
            f"... @include(if: $yes) {{ {name} {{ id }} }} last: cursor",
        )
    ]
    for kind, (model, event, name) in SUBJECTS.items()
}  # fmt: skip


class Source(str):
    """A document. Hypothesis would write it out, however long it is."""

    def __repr__(self) -> str:
        return f"{self[:200]!r}…"


@st.composite
def subscriptions(draw: st.DrawFn) -> str:
    """What may be selected on the inbox, in any order, in fragments and not."""
    parts = ["__typename", "... on InboxEvent { cursor }", "... on InboxEvent @skip(if: $yes) { skipped: cursor }"]
    parts += [draw(st.sampled_from(of)) for of in PARTS.values()]
    chosen = draw(st.lists(st.sampled_from(parts), min_size=1, max_size=8, unique=True))
    body, named = " ".join(chosen), draw(st.booleans())
    alias = draw(st.sampled_from(["", "events: "]))
    body += " uses: __typename @skip(if: $yes)"
    if named:
        fragment = f"fragment All on InboxItem {{ {body} }}"
        return Source(f"subscription($yes: Boolean!) {{ {alias}inbox {{ ...All }} }} {fragment}")
    return Source(f"subscription($yes: Boolean!) {{ {alias}inbox {{ {body} }} }}")


@pytest.fixture
async def logs(database: str) -> tuple[list[Delivery], dict[Any, Context]]:
    """All events of everybody who may ask in a community of awkward rows."""
    asking = {context.viewer.id: context for context in (await community()).viewers.values() if context.session}
    assert MODELS
    return [one for context in asking.values() for one in await log_of(context.viewer)], asking


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(source=subscriptions(), yes=st.booleans(), seed=st.integers(0, 1000))
async def test_a_generated_selection_is_shown_as_ordinary_execution_shows_it(
    logs: tuple[list[Delivery], dict[Any, Context]], source: str, yes: bool, seed: int
) -> None:
    deliveries, asking = logs
    some = Random(seed).sample(deliveries, 25)
    for one, text in zip(some, await shown(source, some, yes=yes), strict=True):
        if text is not UNSHOWN:
            expected = await plainly(source, one, asking[one.event.account_id], yes=yes)
            # Written again, as only the white space may differ: PostgreSQL has its own in JSON that it keeps.
            assert orjson.dumps(orjson.loads(text)) == orjson.dumps(orjson.loads(expected)), source
