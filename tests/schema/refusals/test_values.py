"""Bad input: every mutation says what is wrong and in which field, and nothing is half-written."""

import time
from typing import Any
from uuid import uuid4

import pytest

from schema.root import schema
from tests.schema.refusals.attempts import actor, do, failures
from tests.schema.refusals.bad_values import FIELDS, IDS, LISTS_OF_IDS, LONG, TICKETS
from tests.schema.refusals.good_inputs import GOOD
from tests.schema.refusals.world import World
from tests.schema.tables import rows


def test_every_mutation_is_tried() -> None:
    mutation = schema._schema.mutation_type
    assert mutation is not None
    assert GOOD.keys() == mutation.fields.keys()
    tried = {(name, at) for name, at, _ in FIELDS} | {(name, at) for name, at, _ in IDS}
    tried |= {(name, "ticket") for name in TICKETS} | {(name, at) for name, at, _ in LISTS_OF_IDS}
    every = {(name, at) for name, member in mutation.fields.items() for at in member.args["input"].type.of_type.fields}
    # GraphQL itself checks enums, dates and booleans; sign-in has tests of its own.
    checked_by_type = {"kind", "cadence", "status", "dueOn", "takeOver", "type", "away", "typing", "pinned", "starred"}
    checked_by_type |= {"role", "contact", "presence", "readReceipts", "missedMail", "muted", "pinned", "archived"}
    checked_by_type |= {"startsOn", "endsOn", "mode", "publishAs", "side", "relax", "locked"}
    checked_by_type |= {"differentTeam", "noLineManager", "sharedLanguage", "sameSite"}
    checked_by_type |= {"reason", "andOlder", "andLater", "format", "formats", "looksFor", "seeking", "visibility"}
    # What is wrong within a filter is in tests/schema/test_discovery.py.
    tried.add(("saveSearch", "filter"))
    assert {(name, at) for name, at in every - tried if at not in checked_by_type and name != "signIn"} == set()


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("name", GOOD)
async def test_the_good_input_is_taken(world: World, name: str) -> None:
    answer = await do(actor(world, name), name, GOOD[name](world))
    assert answer["__typename"] == name[0].upper() + name[1:] + "Payload", answer


@pytest.mark.parametrize(("name", "at", "bad"), FIELDS, ids=[f"{name}-{at}" for name, at, _ in FIELDS])
async def test_a_bad_value_is_refused_in_its_field_and_nothing_is_written(
    untouched: World, name: str, at: str, bad: dict[str, Any]
) -> None:
    assert await failures(untouched, name, at, bad, "INVALID") == {}


UNKNOWN = "01890000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(("name", "at", "kind"), IDS, ids=[f"{name}-{at}" for name, at, _ in IDS])
async def test_an_id_that_is_none_of_its_kind_is_refused(untouched: World, name: str, at: str, kind: str) -> None:
    assert await failures(untouched, name, at, malformed(kind), "INVALID") == {}
    assert await failures(untouched, name, at, {"unknown": f"{kind}:{UNKNOWN}"}, "NOT_FOUND") == {}


@pytest.mark.parametrize(("name", "at", "kind"), LISTS_OF_IDS, ids=[f"{name}-{at}" for name, at, _ in LISTS_OF_IDS])
async def test_one_id_in_a_list_that_is_none_of_its_kind_is_refused(
    untouched: World, name: str, at: str, kind: str
) -> None:
    good = GOOD[name](untouched)[at]
    bad = {case: [*good, value] for case, value in malformed(kind).items()}
    assert await failures(untouched, name, at, bad, "INVALID") == {}
    assert await failures(untouched, name, at, {"unknown": [*good, f"{kind}:{UNKNOWN}"]}, "NOT_FOUND") == {}
    many = [f"{kind}:{uuid4()}" for _ in range(201)]
    assert await failures(untouched, name, at, {"too many": many}, "LIMIT_REACHED") == {}


def malformed(kind: str) -> dict[str, str]:
    """What is no id of this kind."""
    other = "Goal" if kind != "Goal" else "Meeting"
    return {
        "empty": "",
        "no id": "x",
        "no key": f"{kind}:",
        "another kind": f"{other}:{UNKNOWN}",
        "a bare key": UNKNOWN,
        "no such kind": f"Thing:{UNKNOWN}",
        "lower case": f"{kind.lower()}:{UNKNOWN}",
        "upper case key": f"{kind}:{UNKNOWN.upper().replace('0', 'A')}",
        "braces": f"{kind}:{{{UNKNOWN}}}",
        "no dashes": f"{kind}:{UNKNOWN.replace('-', '')}",
        "more": f"{kind}:{UNKNOWN}:more",
        "NUL": f"{kind}:{UNKNOWN[:-1]}\x00",
        "SQL": f"{kind}:' OR 1=1 --",
        "surrogate": "\ud800",
        "other digits": f"{kind}:" + UNKNOWN.replace("0", "\u0660"),
        "long": LONG,
    }


@pytest.mark.parametrize("name", TICKETS)
async def test_a_ticket_of_nobody_does_not_exist(untouched: World, name: str) -> None:
    bad = {"empty": "", "unknown": "x" * 43, "NUL": "\x00", "surrogate": "\ud800", "long": LONG, "SQL": "' OR 1=1 --"}
    assert await failures(untouched, name, "ticket", bad, "NOT_FOUND") == {}


GOOD_CANDIDATE = "candidate:1 1 udp 1 192.0.2.1 9 typ host"


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("candidate", "at"),
    [
        ({"candidate": "hello"}, "sdpMid"),
        ({"candidate": "hello", "sdpMid": "0"}, "candidate"),
        ({"candidate": GOOD_CANDIDATE + "\x00", "sdpMid": "0"}, "candidate"),
        ({"candidate": GOOD_CANDIDATE + "\r\na=x", "sdpMid": "0"}, "candidate"),
        ({"candidate": GOOD_CANDIDATE, "sdpMid": "0\n"}, "sdpMid"),
        ({"candidate": GOOD_CANDIDATE, "sdpMLineIndex": -1}, "sdpMLineIndex"),
        ({"candidate": GOOD_CANDIDATE, "sdpMLineIndex": 2**31 - 1}, "sdpMLineIndex"),
    ],
)
async def test_a_bad_candidate_is_refused_in_its_own_field(
    untouched: World, candidate: dict[str, Any], at: str
) -> None:
    before = await rows()
    answer = await do(
        untouched.mentee, "sendIceCandidates", GOOD["sendIceCandidates"](untouched) | {"candidates": [candidate]}
    )
    assert (answer["code"], answer["field"]) == ("INVALID", at)
    assert await rows() == before


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_nobody_sends_signals_to_themselves(untouched: World) -> None:
    for name in ("sendSessionDescription", "sendIceCandidates"):
        bad = {"oneself": untouched.ids["participant"]}
        assert await failures(untouched, name, "to", bad, "NOT_FOUND") == {}


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(("name", "at"), [("sendMessage", "body"), ("addGoal", "title")])
async def test_a_text_of_many_accents_is_refused_before_it_is_put_in_order(
    untouched: World, name: str, at: str
) -> None:
    # Normalisation takes time that grows with the square of a run of combining marks: the server stands still.
    started = time.process_time()
    accents = "a" + "\u0301\u0316" * 20_000
    assert await failures(untouched, name, at, {"accents": accents}, "INVALID") == {}
    assert time.process_time() - started < 1
