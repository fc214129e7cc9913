"""Discovery by GraphQL: what each filter finds, in which order, how it is counted, and what cannot be asked."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from models.account import Account
from models.mentorship import MeetingKind
from models.profile import Profile
from models.session import Session
from schema.context import Context
from schema.execution import planner, prepare, run
from tests.people import person
from tests.templates import Template, Templates

FIND = """query($filter: MentorFilterInput, $order: ProfileOrder, $first: Int, $after: String) {
    mentors(filter: $filter, orderBy: $order, first: $first, after: $after) {
        totalCount edges { cursor node { name } } pageInfo { hasNextPage endCursor } } }"""

MONDAY = [{"weekday": 0, "start": 480, "end": 1020}]


async def people() -> Account:
    """Who looks; there are three mentors, somebody who offers what they know to nobody, and one who looks too."""
    await person(
        "Mara", capacity=3, skills_offered=["Python", "SQL"], languages=["pt-BR", "en"], industry="Banking",
        years_of_experience=12, formats=[MeetingKind.VIDEO], availability=MONDAY,
        experience="I ran Kubernetes clusters.",
    )  # fmt: skip
    nia = await person(
        "Nia", capacity=1, skills_offered=["SQL"], languages=["en"], industry="Health", years_of_experience=4,
        formats=[MeetingKind.PHONE, MeetingKind.VIDEO], time_zone="Asia/Tokyo", availability=MONDAY,
        headline="Kubernetes and beyond",
    )  # fmt: skip
    await Profile.filter(id=nia.id).update(mentees=1)
    await person("Kube Kubernetes", capacity=2, skills_offered=["Go"], goals="Café")
    await person("Zoe", skills_offered=["SQL"])
    await person("Yan", seeking=True, skills_wanted=["SQL"], languages=["en"])
    return await person("Theo", availability=MONDAY)


@pytest.fixture
def filled(engine: str, templates: Templates) -> tuple[Template, str]:
    return templates.of(engine, people), templates.untouched(engine, people)


@pytest.fixture
async def theo(filled: tuple[Template, str]) -> AsyncIterator[Account]:
    """Who looks, in the one database of all these tests: they only read."""
    template, url = filled
    async with template.opened(url) as what:
        yield what


async def ask(by: Account, source: str, **variables: Any) -> Any:
    """The answer, which must have been planned, or an error."""
    session = await Session.filter(account_id=by.id).select_related("account").first()
    before = planner.answered
    answer = orjson.loads(await run(prepare(source, variables, None), Context(session=session)))
    assert "errors" in answer or planner.answered == before + 1
    return answer


async def names(by: Account, order: str | None = None, **filter: Any) -> list[str]:
    """Whom a filter finds."""
    found = (await ask(by, FIND, filter=filter, order=order))["data"]["mentors"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"]["name"] for edge in found["edges"]]


async def test_each_filter_finds_those_of_whom_it_holds(theo: Account) -> None:
    assert await names(theo) == ["Kube Kubernetes", "Mara", "Nia"]
    assert await names(theo, skillsAny=["sql", "go"]) == ["Kube Kubernetes", "Mara", "Nia"]
    assert await names(theo, skillsAny=["SQL "]) == ["Mara", "Nia"]
    assert await names(theo, skillsAll=["sql", "PYTHON", "python"]) == ["Mara"]
    assert await names(theo, languages=["pt"]) == ["Mara"]
    assert await names(theo, languages=["EN", "pt-br"]) == ["Mara", "Nia"]
    assert await names(theo, languages=["p", "%", "e_"]) == []
    assert await names(theo, industries=["Banking", "Health"]) == ["Mara", "Nia"]
    assert await names(theo, formats=["VIDEO"]) == ["Mara", "Nia"]
    assert await names(theo, yearsAtLeast=4, yearsAtMost=11) == ["Nia"]
    assert await names(theo, placesFree=True) == ["Kube Kubernetes", "Mara"]
    assert await names(theo, placesFree=False) == ["Nia"]
    # Monday from eight to five in Tokyo is UTC's from eleven on Sunday to eight on Monday.
    assert await names(theo, overlapHours=9) == ["Mara"]
    assert await names(theo, overlapHours=0) == ["Kube Kubernetes", "Mara", "Nia"]
    assert await names(theo, skillsAny=[], text=None) == ["Kube Kubernetes", "Mara", "Nia"]
    assert await names(theo, text="cafe") == ["Kube Kubernetes"]
    assert await names(theo, text="python -banking") == []


async def test_a_text_is_looked_for_in_names_first_then_in_headlines_then_elsewhere(theo: Account) -> None:
    assert await names(theo, text="kubernetes") == ["Kube Kubernetes", "Nia", "Mara"]
    assert await names(theo, "NAME", text="kubernetes") == ["Kube Kubernetes", "Mara", "Nia"]
    assert await names(theo, "EXPERIENCE") == ["Mara", "Nia", "Kube Kubernetes"]
    assert await names(theo, "PLACES_FREE") == ["Mara", "Kube Kubernetes", "Nia"]
    assert await names(theo, "NEWEST") == ["Kube Kubernetes", "Nia", "Mara"]


@pytest.mark.parametrize("order", ["RELEVANCE", "NAME", "NEWEST", "EXPERIENCE", "PLACES_FREE"])
async def test_every_order_is_read_page_by_page(theo: Account, order: str) -> None:
    whole = await names(theo, order, text="kubernetes")
    after, read = None, []
    for _ in whole:
        page = (await ask(theo, FIND, filter={"text": "kubernetes"}, order=order, first=1, after=after))["data"][
            "mentors"
        ]
        read += [edge["node"]["name"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert read == whole
    assert not page["pageInfo"]["hasNextPage"]


async def test_facets_count_those_whom_the_same_filter_finds(theo: Account) -> None:
    facets = " ".join(f"{name} {{ name count }}" for name in ("skills", "languages", "industries", "formats", "years"))
    source = f"query($filter: MentorFilterInput) {{ mentorFacets(filter: $filter) {{ {facets} }} }}"

    async def counted(**filter: Any) -> dict[str, dict[str, int]]:
        found = (await ask(theo, source, filter=filter))["data"]["mentorFacets"]
        return {name: {one["name"]: one["count"] for one in values} for name, values in found.items()}

    assert await counted(skillsAny=["SQL"]) == {
        "skills": {"SQL": 2, "Python": 1},
        "languages": {"en": 2, "pt-BR": 1},
        "industries": {"Banking": 1, "Health": 1},
        "formats": {"VIDEO": 2, "PHONE": 1},
        "years": {"11-20": 1, "3-5": 1},
    }
    assert (await counted(text="nobody"))["skills"] == {}
    assert (await ask(theo, "{ menteeFacets { skills { name count } } }"))["data"]["menteeFacets"] == {
        "skills": [{"name": "SQL", "count": 1}]
    }


async def test_mentees_are_those_who_say_that_they_look_for_a_mentor(theo: Account) -> None:
    source = 'query($s: [String!]) { mentees(filter: {skillsAny: $s, languages: ["en"]}) { edges { node { name } } } }'
    assert (await ask(theo, source, s=["sql"]))["data"]["mentees"]["edges"] == [{"node": {"name": "Yan"}}]


@pytest.mark.parametrize(
    ("filter", "order", "field"),
    [
        ({"skillsAll": ["Pyton"]}, None, "filter.skillsAll"),
        ({"skillsAny": ["SQL", "Pyton"]}, None, "filter.skillsAny"),
        ({"yearsAtLeast": 81}, None, "filter.yearsAtLeast"),
        ({"overlapHours": -1}, None, "filter.overlapHours"),
        ({"languages": ["x"] * 31}, None, "filter.languages"),
        ({"text": "-no"}, None, "filter.text"),
        ({"text": "x" * 201}, None, "filter.text"),
        ({}, "RELEVANCE", "orderBy"),
    ],
)
async def test_what_cannot_be_is_refused_and_named(
    theo: Account, filter: dict[str, Any], order: str | None, field: str
) -> None:
    (error,) = (await ask(theo, FIND, filter=filter, order=order))["errors"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert error["extensions"]["field"] == field
    if "skill" in field:
        assert "Python" in error["message"]


@pytest.mark.one_path
async def test_searches_of_one_shape_share_a_plan(theo: Account) -> None:
    await names(theo, skillsAny=["sql"], languages=["en"], text="mara")
    kept = len(planner._plans)
    assert await names(theo, skillsAny=["go", "python"], languages=["pt", "de"], text="banking") == ["Mara"]
    assert len(planner._plans) == kept
