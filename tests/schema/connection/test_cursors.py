"""Cursors that are forged, or of another list."""

import pytest

from models.refusal import RefusalCode, Refused
from models.skill import Skill
from schema.connection import page
from tests.people import person
from tests.schema.asking import ask, code, signed_in
from tests.schema.connection.lists import BY_NAME, SKILLS, conversation_of, skills

KEY = "01890000-0000-7000-8000-000000000000"
MOMENT = "2026-01-01T00:00:00+00:00"

# Cursors that nobody was given.
BROKEN = ["", ":", "::", ":::::", "%%%", "é", "\x00", "\ud800", "' OR 1=1 --", "x" * 10_000, KEY, "null", "[]"]


def forged(name: str, key: str) -> list[str]:
    """Cursors of this list with each part in turn replaced by what cannot be it, or by what no database can hold."""
    strange = [
        "",
        " ",
        "null",
        "1",
        "1.5",
        "-1",
        "NaN",
        "inf",
        "1e308",
        str(2**63),
        "9" * 5_000,
        "1_0",
        "\u0661",
        "a:b:c",
    ]
    strange += ["' OR '1'='1", "'; DROP TABLE account; --", "\x00", "a\x00", "\ud800", "\ufffe" * 100, "$1", "?", "%"]
    strange += ["2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
    strange += ["0001-01-01", "9999-12-31", "20260101", "2026-W01-1", "-infinity", "4713-01-01 BC"]
    strange += [KEY[:-1], KEY + "0", "{" + KEY + "}", f"urn:uuid:{KEY}", KEY.replace("-", ""), "\u0661" * 32]
    cursors = [name, f"{name}:{KEY}", f"other:{KEY}:{key}", f"{name.upper()}:{KEY}:{key}", f"{name}:{key}:{KEY}"]
    for bad in strange:
        cursors += [f"{name}:{KEY}:{bad}", f"{name}:{bad}:{key}", f"{bad}:{KEY}:{key}", bad]
    return cursors


@pytest.mark.parametrize(
    ("path", "name", "key"),
    [
        ("skills", "skills", "a"),
        ("mentors", "profiles", "a"),
        ("mentorships", "mentorships", MOMENT),
        ("mentorshipRequests", "requests", MOMENT),
        ("conversations", "conversations", MOMENT),
        ("programmes", "programmes", "2026-01-01"),
        ("suggestions", "suggestions", "0.5"),
        ("viewer sessions", "sessions", MOMENT),
        ("conversation messages", "messages", "1"),
        ("mentorship goals", "goals", MOMENT),
        ("mentorship meetings", "meetings", MOMENT),
    ],
)
async def test_no_forged_cursor_is_a_failure_of_ours(database: str, path: str, name: str, key: str) -> None:
    made, session, conversation = await conversation_of(1)
    parents = {
        "viewer": "viewer",
        "conversation": f'node(id: "{conversation}") {{ ... on Conversation',
        "mentorship": f'mentorship(id: "Mentorship:{made.mentorship.id}")',
    }
    *parent, field = path.split()
    document = "".join(f"{parents[one]} {{ " for one in parent) + f"{field}(after: $after) {{ edges {{ cursor }} }}"
    document = f"query($after: String) {{ {document}" + "}" * document.count("{")
    document = document[: len(document) - (document.count("}") - document.count("{"))]
    # A genuine one is taken, so what is wrong below is the forging.
    assert "errors" not in await ask(document, session, after=f"{name}:{KEY}:{key}")
    failures = {}
    for cursor in BROKEN + forged(name, key):
        answer = await ask(document, session, after=cursor)
        # A forged cursor may by chance be one of this list; else it is bad input, and never an error of ours.
        if "errors" in answer and (code(answer) != "BAD_INPUT" or "cursor" not in answer["errors"][0]["message"]):
            failures[cursor[:60]] = answer["errors"][0]["extensions"]["code"]
    assert failures == {}


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("cursor", BROKEN, ids=lambda cursor: repr(cursor[:20]))
async def test_what_is_no_cursor_is_refused(database: str, cursor: str) -> None:
    with pytest.raises(Refused) as refused:
        page(Skill.all(), BY_NAME, after=cursor)
    assert (refused.value.code, refused.value.field) == (RefusalCode.INVALID, "after")


async def test_a_cursor_of_another_list_is_refused(database: str) -> None:
    await skills("a", "b")
    session = await signed_in(await person("Mara", capacity=1))
    viewer = await signed_in(await person())
    skill = (await ask(SKILLS, session, first=1))["data"]["skills"]["pageInfo"]["endCursor"]
    answer = await ask("query($after: String) { mentors(after: $after) { edges { cursor } } }", viewer, after=skill)
    assert code(answer) == "BAD_INPUT"
    assert answer["errors"][0]["extensions"]["field"] == "after"
