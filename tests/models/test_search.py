"""Messages are found by their words, each person's own."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tortoise.connection import get_connection

from models import clock
from models.account import Account
from models.attachment import Attachment
from models.conversation import Message
from models.conversation.search import search
from models.database import connect, dialect
from models.database.migrate import migrate
from models.files import AttachmentKind
from models.refusal import RefusalCode, Refused
from models.sought import LONGEST_SEARCH, MOST_TERMS
from tests.models.expect import refused
from tests.models.migrating import ALTERATION, Further, a_database_of_then
from tests.people import Pair, pair, person


async def say(two: Pair, *bodies: str) -> None:
    for body in bodies:
        await two.conversation.send(body, by=two.mentor, client_id=uuid4().hex)


async def found(by: Account, text: str, **more: object) -> list[str]:
    return [message.body for message in await search(by, text, **more).order_by("number")]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ("cafe", ["A Café au lait", "the CAFÉ, then"]),
        ("CAFÉ lait", ["A Café au lait"]),
        ('"au lait"', ["A Café au lait"]),
        ('"lait au"', []),
        ('cafe -"au lait"', ["the CAFÉ, then"]),
        ("cafe -then", ["A Café au lait"]),
        ("then?!", ["the CAFÉ, then"]),
        ('"unfinished', ["An unfinished quote"]),
        ("don't", ["I don't know"]),
        ("caf", []),
        ("AND", ["this AND that OR NOT"]),
        ("that OR", ["this AND that OR NOT"]),
        ("NOT NEAR", []),
        ("body:that", []),
        ("Привет", ["привет, мир"]),
        ("\uff11\uff12", ["room 12"]),
    ],
)
async def test_a_message_is_found_by_every_word_and_phrase(database: str, text: str, bodies: list[str]) -> None:
    two = await pair()
    await say(
        two, "A Café au lait", "the CAFÉ, then", "An unfinished quote", "I don't know", "this AND that OR NOT",
        "привет, мир", "room 12",
    )  # fmt: skip
    assert await found(two.mentee, text) == bodies


async def test_nobody_finds_the_messages_of_others(database: str) -> None:
    two, others, alone = await pair(), await pair(), await person("Alone")
    await say(two, "our secret")
    await say(others, "their secret")
    assert await found(two.mentee, "secret") == ["our secret"]
    assert await found(others.mentee, "secret") == ["their secret"]
    assert await found(alone, "secret") == []
    assert await found(two.mentee, "secret", conversation_id=others.conversation.id) == []
    key = f"c{str(others.conversation.id).replace('-', '')}"
    assert await found(two.mentee, key) == []


async def test_a_search_is_narrowed_by_conversation_author_and_time(database: str) -> None:
    first = await pair()
    second = await pair(first.mentor)
    await say(first, "hello once")
    await second.conversation.send("hello twice", by=second.mentee, client_id="k")
    later = clock.now() + timedelta(days=1)
    with clock.moved(timedelta(days=2)):
        await say(first, "hello later")
    by = first.mentor
    assert await search(by, "hello").count() == 3
    assert await found(by, "hello", conversation_id=second.conversation.id) == ["hello twice"]
    assert await found(by, "hello", author_id=second.mentee.id) == ["hello twice"]
    assert await found(by, "hello", created_at__gte=later) == ["hello later"]
    assert await search(by, "hello", created_at__lt=later).count() == 2


async def test_a_search_may_be_for_messages_with_a_file(database: str) -> None:
    two = await pair()
    await say(two, "a word alone")
    file = await Attachment.create(
        author_id=two.mentor.id, name="x", media_type="x/y", kind=AttachmentKind.DOCUMENT, bytes=1, sha256=""
    )
    message = await two.conversation.send("a word with it", by=two.mentor, client_id="k", attachment_ids=[file.id])
    assert await found(two.mentee, "word") == ["a word alone", "a word with it"]
    assert await found(two.mentee, "word", has_attachment=True) == ["a word with it"]
    await Attachment.take_from(message)
    assert await found(two.mentee, "word", has_attachment=True) == []


async def test_what_a_message_says_now_is_found_and_what_it_said_is_not(database: str) -> None:
    two = await pair()
    await say(two, "the old words", "another")
    await Message.filter(body="the old words").update(body="the new words")
    assert await found(two.mentee, "old") == []
    assert await found(two.mentee, "new") == ["the new words"]
    await Message.filter(body="the new words").delete()
    assert await found(two.mentee, "new") == []
    assert await found(two.mentee, "another") == ["another"]


async def test_a_deleted_message_is_not_found(database: str) -> None:
    two = await pair()
    await say(two, "gone soon")
    await Message.all().update(deleted_at=clock.now())
    assert await found(two.mentee, "gone") == []


@pytest.mark.parametrize("text", ["", "  ", "!?", '""', "-word", '-"two words"', "\x00"])
async def test_a_search_needs_a_word_that_must_be_there(database: str, text: str) -> None:
    with refused(RefusalCode.INVALID, "text"):
        search(await person(), text)


@pytest.mark.parametrize("text", ["x" * (LONGEST_SEARCH + 1), "a " * (MOST_TERMS + 1)], ids=["long", "many"])
async def test_a_search_has_its_bounds(database: str, text: str) -> None:
    with refused(RefusalCode.INVALID, "text"):
        search(await person(), text)


TEXTS = st.text(st.sampled_from("ab\"-*:()^+{}\\' \x00\ud800ANDORNT&|!<>,.éß你"), max_size=30)


async def test_no_text_is_an_error_of_syntax(database: str) -> None:
    two = await pair()
    await say(two, "a b AND OR NOT")

    # Drawn first: the event loop is running already.
    drawn: list[str] = []

    @settings(max_examples=150, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(TEXTS)
    def draw(text: str) -> None:
        drawn.append(text)

    await asyncio.to_thread(draw)
    for text in drawn:
        with suppress(Refused):
            await search(two.mentee, text)


async def test_messages_of_before_there_was_a_search_are_found(empty_url: str) -> None:
    await migrate(empty_url, to="0004_keys_of_calls")
    await a_database_of_then(empty_url, "0002_starts_of_calls")
    await migrate(empty_url)
    async with connect(empty_url):
        mentor = await Account.get(id=(await Message.get(number=1)).author_id)
        assert await found(mentor, "message 1") == ["message 1"]


async def test_messages_are_found_after_a_migration_has_made_their_table_anew(
    database_url: str, further: Further
) -> None:
    further.migration('ops.AlterField("Message", "number", fields.IntField()),' + ALTERATION)
    async with connect(database_url):
        two = await pair()
        await say(two, "before")
    await migrate(database_url)
    async with connect(database_url) as context:
        # Its models are of the code, and the migration has taken a column from them.
        await context.db().execute_query("UPDATE message SET body = 'after'")
        assert await search(two.mentee, "after").count() == 1
        assert await search(two.mentee, "before").count() == 0


async def test_a_search_costs_what_the_searcher_has_and_not_what_there_is(unused: None, database: str) -> None:
    """However common the word is among others, the index leads to one's own."""
    two = await pair()
    await say(two, "common word")
    other = await pair()
    for number in range(300):
        await other.conversation.send("common word", by=other.mentor, client_id=str(number))
    db = get_connection(dialect())
    if dialect() == "postgres":
        await db.execute_script("ANALYZE message; SET enable_seqscan = off")
        looked_for = search(two.mentee, "common")
        looked_for._make_query()
        text, values = looked_for.query.get_parameterized_sql()
        plan = str(await db.execute_query_dict(f"EXPLAIN {text}", values))
        assert "message_words" in plan, plan
    assert await found(two.mentee, "common") == ["common word"]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_an_index_that_is_wrong_shows_nobody_what_is_not_theirs(database: str) -> None:
    two, others = await pair(), await pair()
    await say(others, "their secret")
    mine = f"c{str(two.conversation.id).replace('-', '')}"
    await get_connection(dialect()).execute_query(f"UPDATE message_words SET keys = '{mine}'")  # noqa: S608
    assert await found(two.mentee, "secret") == []
