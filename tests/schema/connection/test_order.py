"""Pages follow one another in the order of their list."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.goal import Goal
from models.meeting import Meeting, MeetingKind
from models.organisation import Organisation, Programme
from models.profile import Profile
from models.request import MentorshipRequest
from models.session import Session
from models.skill import Skill
from schema.connection import Order, page
from tests.people import enrolled, person
from tests.schema.asking import ask, signed_in
from tests.schema.connection.lists import BY_NAME, MESSAGES, conversation_of, skills

NEWEST_FIRST = Order("sessions", "-created_at")


async def through(order: Order, many: int, *, back: bool = False) -> list[UUID]:
    """The ids of the whole list, walked page by page; each page is checked on the way."""
    found: list[UUID] = []
    cursor = None
    while True:
        if back:
            here = await page(Skill.all(), order, last=many, before=cursor)
        else:
            here = await page(Skill.all(), order, first=many, after=cursor)
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
        await enrolled(programme, mentee)
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
