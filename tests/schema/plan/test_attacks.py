"""Attempts at SQL injection, through every argument that a query has: refused, or answered with nothing."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from graphql import get_named_type
from graphql.language.print_string import print_string

from tests.schema.plan.both import both
from tests.schema.plan.community import ORDERS, Community
from tests.schema.plan.paths import Place, arguments
from tests.schema.tables import rows

CANARY = "canary7"
KEY = "01890000-0000-7000-8000-000000000000"

ATTACKS = [
    f"{CANARY}' OR '1'='1",
    f"'; DROP TABLE profile; -- {CANARY}",
    f'" OR 1=1 -- {CANARY}',
    f"\\'; SELECT pg_sleep(9) -- {CANARY}",
    f"x') UNION SELECT password_hash FROM account -- {CANARY}",  # noqa: S608 - it is an attack
    f"%{CANARY}_",
    f"$1 ? ?1 :a %s {{viewer}} {{id}} {CANARY}",
    f"\x1a{CANARY}\x1a",
    f"{CANARY}\x00'",
    f"\ud800{CANARY}'",
    f"\uff07 OR 1=1 -- {CANARY}",
]


def aimed(place: Place, name: str) -> Iterator[str]:
    """Attacks on an argument, alone and inside of what it takes."""
    yield from ATTACKS
    if name == "id":
        yield from (f"Profile:{KEY}{attack}" for attack in ATTACKS)
        yield from (f"{attack}:{KEY}" for attack in ATTACKS)
        yield f"Goal:{KEY}"
    if name in ("after", "before"):
        own = ORDERS[place.name][0].name if place.name in ORDERS else "suggestions"
        for attack in ATTACKS:
            yield from (f"{own}:{KEY}:{attack}", f"{own}:{KEY}{attack}:1", f"{attack}:{KEY}:1", f"{own}:{attack}")
        # Two lists of one order take each other's cursors.
        yield from (f"@cursor:{other}:0" for other in ORDERS if ORDERS[other][0].name != own)
        yield from (f"{own}:{KEY}:", f"{own}:{KEY}", own, "")


def holds_rows(place: Place, data: Any) -> bool:
    """Is there anything in the field's answer?"""
    if isinstance(data, list):
        return any(holds_rows(place, item) for item in data)
    if not isinstance(data, dict):
        return False
    if place.name in data:
        found = data[place.name]
        return bool(found["edges"]) if isinstance(found, dict) and "edges" in found else found is not None
    return any(holds_rows(place, item) for item in data.values())


def selection(place: Place) -> str:
    """What is asked of the field: of a page its rows."""
    fields = getattr(get_named_type(place.field.type), "fields", {})
    return "edges { cursor }" if "edges" in fields else "__typename"


@pytest.mark.one_path
async def test_no_text_is_an_attack(loud: None, populated: Community, statements: list[str]) -> None:
    asking, before = populated.viewers["the mentor"], await rows()
    for place, name, argument in arguments():
        kind = get_named_type(argument.type).name
        for attack in aimed(place, name) if kind in ("String", "ID") else ATTACKS:
            _, given = populated.fill("", {"v": attack})
            queries = [(place.query(f"($v: {argument.type})", f"{name}: $v", selection(place)), given)]
            if kind in ("String", "ID") and "\ud800" not in attack:
                queries.append((place.query("", f"{name}: {print_string(given['v'])}", selection(place)), {}))
            for query, variables in queries:
                source, _ = populated.fill(query, {})
                statements.clear()
                planned, plainly = await both(source, variables, asking)
                assert planned == plainly, (source, variables)
                assert not [text for text in statements if CANARY in text], source
                check(place, name, planned, given["v"])
    assert await rows() == before


def check(place: Place, name: str, answer: dict[str, Any], given: str) -> None:
    """A clear error, or nothing; a cursor may by its form be one of the list, and rows may lie behind it."""
    refused = answer["errors"]
    assert all(code == "BAD_INPUT" for code, _ in refused), (place, given, refused)
    if refused:
        return
    own = ORDERS[place.name][0].name if place.name in ORDERS else "suggestions"
    if name in ("after", "before") and (given == f"{own}:{KEY}" or given.startswith(f"{own}:{KEY}:")):
        return
    assert name not in ("after", "before"), (place, given)
    assert not holds_rows(place, orjson.loads(answer["data"])), (place, given, answer)
