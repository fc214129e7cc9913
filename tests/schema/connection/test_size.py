"""How many rows a page has, and the list."""

from typing import Any

import pytest

from models.refusal import RefusalCode, Refused
from models.skill import Skill
from schema.connection import DEFAULT_PAGE, LARGEST_PAGE, page, size
from tests.people import pair, person
from tests.schema.asking import ask, code, signed_in
from tests.schema.connection.lists import BY_NAME, MESSAGES, SKILLS, conversation_of, skills


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


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_first_and_last_together_are_refused(database: str) -> None:
    _, session, conversation = await conversation_of(1)
    answer = await ask(MESSAGES, session, id=conversation, first=1, last=1)
    assert code(answer) == "BAD_INPUT"
    assert answer["errors"][0]["extensions"]["field"] == "last"
