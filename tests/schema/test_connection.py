from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tortoise.transactions import in_transaction

from models.base import uuid7
from models.goal import Goal
from models.meeting import Meeting, MeetingKind
from models.organisation import Organisation, Programme
from models.profile import Profile
from models.refusal import RefusalCode, Refused
from models.request import MentorshipRequest
from models.session import Session
from models.skill import Skill
from schema.connection import DEFAULT_PAGE, LARGEST_PAGE, Order, page, size
from tests.people import Pair, pair, person
from tests.schema.asking import ask, code, signed_in
from tests.schema.tables import rows

BY_NAME = Order("skills", "name")
NEWEST_FIRST = Order("sessions", "-created_at")

SKILLS = """query($first: Int, $after: String, $startingWith: String! = "") {
    skills(first: $first, after: $after, startingWith: $startingWith) {
        totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id name } }
} }"""
MESSAGES = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { node(id: $id) {
    ... on Conversation { messages(first: $first, after: $after, last: $last, before: $before) {
        totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { number } }
} } } }"""


async def skills(*names: str) -> list[Skill]:
    """Skills of these names, which may be the same: their ids decide then."""
    async with in_transaction():
        made = [await Skill.create(name=name, key=uuid7().hex) for name in names]
    return sorted(made, key=lambda skill: (skill.name, str(skill.id)))


async def through(order: Order, many: int, *, back: bool = False, **filters: Any) -> list[UUID]:
    """The ids of the whole list, walked page by page; each page is checked on the way."""
    found: list[UUID] = []
    cursor = None
    while True:
        wanted = Skill.filter(**filters)
        if back:
            here = await page(wanted, order, last=many, before=cursor)
        else:
            here = await page(wanted, order, first=many, after=cursor)
        ids = [edge.node.id for edge in here.edges]
        assert len(ids) <= many
        found = ids + found if back else found + ids
        assert here.page_info.start_cursor == (here.edges[0].cursor if ids else None)
        assert here.page_info.end_cursor == (here.edges[-1].cursor if ids else None)
        if not (here.page_info.has_previous_page if back else here.page_info.has_next_page):
            return found
        assert len(ids) == many
        cursor = here.page_info.start_cursor if back else here.page_info.end_cursor


@pytest.mark.parametrize("names", ["", "a", "abc", "aaaaa", "aabbbcc", "cbaabc"], ids=repr)
@pytest.mark.parametrize("order", [BY_NAME, Order("skills", "-name")], ids=lambda order: order.column)
async def test_pages_forward_and_back_are_the_whole_list_in_its_order(database: str, names: str, order: Order) -> None:
    await skills(*names)
    whole = [skill.id for skill in await Skill.all().order_by(*order.columns())]
    for many in range(1, len(names) + 2):
        assert await through(order, many) == whole
        assert await through(order, many, back=True) == whole


@pytest.mark.parametrize("names", [["Zoë", "zoe", "Zoe", "Ärger", "arger", "é", "e", "f", "日本", "_", "-"]])
async def test_the_order_of_letters_is_the_same_on_every_page(database: str, names: list[str]) -> None:
    # The database compares the cursor's name by the same rule by which it sorts.
    await skills(*names)
    whole = [skill.id for skill in await Skill.all().order_by("name", "id")]
    assert await through(BY_NAME, 1) == await through(BY_NAME, 3) == await through(BY_NAME, 2, back=True) == whole


async def test_moments_that_differ_by_a_microsecond_or_not_at_all_keep_their_order(database: str) -> None:
    account = await person()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for offset in (0, 1, 1, 999_999, 1_000_000, 1_000_000, 0, -1):
        session = await signed_in(account)
        session.created_at = start + timedelta(microseconds=offset)
        await session.save()
    rows_of = Session.filter(account_id=account.id)
    whole = [session.id for session in await rows_of.order_by("-created_at", "-id")]
    found, cursor = [], None
    for _ in range(len(whole)):
        here = await page(rows_of, NEWEST_FIRST, first=1, after=cursor)
        found += [edge.node.id for edge in here.edges]
        cursor = here.page_info.end_cursor
    assert found == whole
    assert not here.page_info.has_next_page


async def test_rows_that_come_and_go_between_pages_neither_repeat_nor_skip_others(database: str) -> None:
    made = await skills("b", "d", "f", "h", "j")
    first = await page(Skill.all(), BY_NAME, first=2)
    # The row of the cursor goes, one comes before it and one behind it.
    await made[1].delete()
    await skills("a", "e")
    second = await page(Skill.all(), BY_NAME, first=2, after=first.page_info.end_cursor)
    assert [edge.node.name for edge in second.edges] == ["e", "f"]
    await made[3].delete()
    third = await page(Skill.all(), BY_NAME, first=2, after=second.page_info.end_cursor)
    assert [edge.node.name for edge in third.edges] == ["j"]
    assert not third.page_info.has_next_page


async def test_a_window_between_two_cursors_holds_what_lies_between(database: str) -> None:
    await skills(*"abcdef")
    whole = (await page(Skill.all(), BY_NAME)).edges
    between = await page(Skill.all(), BY_NAME, first=10, after=whole[0].cursor, before=whole[4].cursor)
    assert [edge.node.name for edge in between.edges] == ["b", "c", "d"]
    end = await page(Skill.all(), BY_NAME, last=2, after=whole[0].cursor, before=whole[5].cursor)
    assert [edge.node.name for edge in end.edges] == ["d", "e"]
    assert end.page_info.has_previous_page


async def test_the_count_is_of_the_whole_list_and_not_of_the_page(database: str) -> None:
    await skills(*"abcde")
    session = await signed_in(await person())
    first = (await ask(SKILLS, session, first=2))["data"]["skills"]
    assert (first["totalCount"], len(first["edges"])) == (5, 2)
    second = (await ask(SKILLS, session, first=2, after=first["pageInfo"]["endCursor"]))["data"]["skills"]
    assert (second["totalCount"], len(second["edges"])) == (5, 2)
    assert second["pageInfo"]["hasPreviousPage"] is True


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_page_has_twenty_rows_where_nobody_says_how_many(database: str) -> None:
    await skills(*(f"{number:03}" for number in range(LARGEST_PAGE + 1)))
    session = await signed_in(await person())
    assert len((await ask(SKILLS, session))["data"]["skills"]["edges"]) == DEFAULT_PAGE
    largest = (await ask(SKILLS, session, first=LARGEST_PAGE))["data"]["skills"]
    assert len(largest["edges"]) == LARGEST_PAGE
    assert largest["pageInfo"]["hasNextPage"] is True


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("name", ["first", "last"])
@pytest.mark.parametrize("asked", [-(2**31), -1, 0, LARGEST_PAGE + 1, 2**31 - 1])
async def test_a_page_has_1_to_100_rows_in_the_guard_and_in_the_resolver(database: str, name: str, asked: int) -> None:
    made = await pair()
    window: dict[str, Any] = {name: asked}
    answer = await ask(MESSAGES, await signed_in(made.mentor), id=f"Conversation:{made.conversation.id}", **window)
    assert code(answer) == "BAD_INPUT"
    with pytest.raises(Refused) as refused:
        page(Skill.all(), BY_NAME, **window)
    assert (refused.value.code, refused.value.field) == (RefusalCode.INVALID, name)
    with pytest.raises(Refused):
        size(asked, name)


async def conversation_of(messages: int) -> tuple[Pair, Session, str]:
    made = await pair()
    for number in range(messages):
        await made.conversation.send(f"Message {number}", by=made.mentor, client_id=str(number))
    return made, await signed_in(made.mentee), f"Conversation:{made.conversation.id}"


async def test_the_last_messages_come_first_and_the_way_back_reaches_the_beginning(database: str) -> None:
    _, session, conversation = await conversation_of(7)
    pages, before = [], None
    while True:
        here = (await ask(MESSAGES, session, id=conversation, last=3, before=before))["data"]["node"]["messages"]
        pages.append([edge["node"]["number"] for edge in here["edges"]])
        before = here["pageInfo"]["startCursor"]
        if not here["pageInfo"]["hasPreviousPage"]:
            break
    assert pages == [[5, 6, 7], [2, 3, 4], [1]]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_first_and_last_together_are_refused(database: str) -> None:
    _, session, conversation = await conversation_of(1)
    answer = await ask(MESSAGES, session, id=conversation, first=1, last=1)
    assert code(answer) == "BAD_INPUT"
    assert answer["errors"][0]["extensions"]["field"] == "last"


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
    for text, names in {"we": ["Web design", "Welding"], "STRASSE": ["Straße"], "aw": [], "": 4}.items():
        edges = (await ask(SKILLS, session, startingWith=text))["data"]["skills"]["edges"]
        assert names in ([edge["node"]["name"] for edge in edges], len(edges))


async def test_every_list_of_the_schema_goes_on_after_its_own_cursors(database: str) -> None:
    """Each list has three rows and is read by ones: all of them come, each once."""
    made, session, conversation = await conversation_of(3)
    mentee = made.mentee
    await (await Profile.get(id=mentee.id)).change(by=mentee, skills_offered=["Law", "Art", "Tax"])
    for number in range(3):
        other = await person(f"Mentor {number}", capacity=1)
        if number < 2:
            await (
                await MentorshipRequest.ask(
                    other.id, by=mentee, message="Will you?", months=1, cadence=made.mentorship.cadence
                )
            ).accept(by=other)
        await Goal.add(made.mentorship, by=mentee, title=f"Goal {number}")
        await Meeting.schedule(
            made.mentorship, by=mentee, kind=MeetingKind.PHONE, local_start=f"2027-06-0{number + 1}T12:00",
            time_zone="UTC", minutes=30,
        )  # fmt: skip
        organisation = await Organisation.create(name="Guild")
        # Two start on one day.
        day = date(2027, 1, 1 + number // 2)
        programme = await Programme.create(organisation_id=organisation.id, name="Run", starts_on=day, ends_on=day)
        await programme.enrol(await Profile.get(id=mentee.id))
        await signed_in(mentee)
    ids = {"m": f"Mentorship:{made.mentorship.id}", "c": conversation}
    lists = {
        "skills": ("skills(first: 1, after: $after)", 3),
        "mentors": ("mentors(first: 1, after: $after)", 4),
        "suggestions": ("suggestions(first: 1, after: $after)", 1),
        "programmes": ("programmes(first: 1, after: $after)", 3),
        "mentorshipRequests": ("mentorshipRequests(first: 1, after: $after)", 3),
        "mentorships": ("mentorships(first: 1, after: $after)", 3),
        "conversations": ("conversations(first: 1, after: $after)", 3),
        "sessions": ("viewer { sessions(first: 1, after: $after)", 5),
        "messages": (f'node(id: "{ids["c"]}") {{ ... on Conversation {{ messages(first: 1, after: $after)', 3),
        "goals": (f'mentorship(id: "{ids["m"]}") {{ goals(first: 1, after: $after)', 3),
        "meetings": (f'mentorship(id: "{ids["m"]}") {{ meetings(first: 1, after: $after)', 3),
    }
    for name, (path, many) in lists.items():
        closing = "}" * path.count("{")
        asked = f"query($after: String) {{ {path} {{ pageInfo {{ hasNextPage }} edges {{ cursor node {{ id }} }} }} }}"
        found: list[str] = []
        cursor = None
        more = True
        while more:
            answer = await ask(asked + closing, session, after=cursor)
            assert "errors" not in answer, (name, answer["errors"], cursor)
            here: Any = answer["data"]
            while "edges" not in here:
                (here,) = here.values()
            found += [edge["node"]["id"] for edge in here["edges"]]
            more, cursor = here["pageInfo"]["hasNextPage"], here["edges"][-1]["cursor"] if here["edges"] else None
            assert len(found) <= many, name
        assert len(set(found)) == len(found) == many, name
