"""What is looked for in a list."""

import pytest

from models.profile import Profile
from tests.people import person
from tests.schema.asking import ask, code, signed_in
from tests.schema.connection.lists import SKILLS
from tests.schema.tables import rows

SQL = ["' OR '1'='1", "'; DROP TABLE account; --", '" OR ""="', "%", "_", "\\", "%' ESCAPE '", "$1", "?", "{0}", "%s"]


@pytest.mark.parametrize(
    "text", [*SQL, "\x00", "a\x00b", "\ud800", "\U0010ffff", "x" * 300, "ΐ" * 100], ids=lambda text: repr(text[:20])
)
async def test_no_text_that_is_looked_for_is_a_failure_of_ours(database: str, text: str) -> None:
    await (await Profile.get(id=(mentor := await person("Mara")).id)).change(
        by=mentor, capacity=1, skills_offered=["Welding"]
    )
    session = await signed_in(await person())
    before = await rows()
    found = await ask(SKILLS, session, startingWith=text)
    if "errors" in found:
        assert code(found) == "BAD_INPUT"
    else:
        assert found["data"]["skills"]["edges"] == []
    offering = "query($skill: String) { mentors(skill: $skill) { totalCount edges { cursor } } }"
    found = await ask(offering, session, skill=text)
    if "errors" in found:
        assert code(found) == "BAD_INPUT"
    else:
        assert found["data"]["mentors"] == {"totalCount": 0, "edges": []}
    assert await rows() == before


async def test_skills_are_found_by_how_they_begin_in_any_case(database: str) -> None:
    await (await Profile.get(id=(mentor := await person("Mara")).id)).change(
        by=mentor, skills_offered=["Welding", "Web design", "Straße", "Law"]
    )
    session = await signed_in(mentor)
    everything = ["Law", "Straße", "Web design", "Welding"]
    for text, names in {"we": ["Web design", "Welding"], "STRASSE": ["Straße"], "aw": [], "": everything}.items():
        edges = (await ask(SKILLS, session, startingWith=text))["data"]["skills"]["edges"]
        assert [edge["node"]["name"] for edge in edges] == names
