"""A list of records is told at once, as ordinary execution would tell it field by field."""

import orjson
import pytest

import schema.suggestion
from schema.execution import prepare, run
from tests.people import person
from tests.schema.plan.test_planner import context

SELECTIONS = [
    "name side weight value contribution",
    "__typename n: name name value ... on ScoreComponent { value weight @include(if: false) }",
    "...Part kind: __typename side @skip(if: $no) contribution @include(if: $no)",
    "side @skip(if: true)",
]


@pytest.mark.one_path
@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("selection", SELECTIONS)
async def test_it_is_what_is_told_field_by_field(
    database: str, selection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await person("Mara", capacity=1, languages=["en"])
    asking = await context(await person("Theo", languages=["en"]))
    part = "fragment Part on ScoreComponent { name weight }" if "Part" in selection else ""
    head = "query($no: Boolean = false)" if "$no" in selection else "query"
    document = f"{head} {{ suggestions {{ edges {{ components {{ {selection} }} }} }} }} {part}"
    at_once = orjson.loads(await run(prepare(document, {}, None), asking))
    assert len(at_once["data"]["suggestions"]["edges"][0]["components"]) == 14
    monkeypatch.setattr(schema.suggestion, "Records", list)
    by_field = orjson.loads(await run(prepare(document, {}, None), asking))
    assert orjson.dumps(at_once) == orjson.dumps(by_field)
