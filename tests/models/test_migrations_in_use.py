"""What certain migrations did to databases that were in use then, and the indexes between profiles and skills."""

from importlib import import_module
from uuid import UUID, uuid4

import pytest

from models.account import Account
from models.base import content_hash
from models.conversation import Conversation, ConversationKind, Message
from models.database import connect
from models.database import migrate as module
from models.database.migrate import migrate
from models.meeting import Meeting
from models.mentorship import MeetingKind, Mentorship
from models.organisation import ContactRule, Membership, OrganisationRole, Participation, ProgrammeSide
from models.refusal import RefusalCode
from models.request import MentorshipRequest
from models.video import VideoSession
from tests.models.expect import refused
from tests.models.migrating import Further, a_database_of_then, a_lived_in_database, indexes, rows

SKILLS_OF = {("profile_skill_offered", "plain", "skill_id"), ("profile_skill_wanted", "plain", "skill_id")}


async def test_a_lived_in_database_gets_the_indexes_from_the_side_of_the_skills_and_keeps_its_rows(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # As the code was then: it did not miss them.
        patch.setattr(module, "joins", lambda _: [])
        await migrate(empty_url, to="0002_starts_of_calls")
    await a_database_of_then(empty_url, "0002_starts_of_calls")
    before = await rows(empty_url)
    assert not SKILLS_OF & await indexes(empty_url)
    assert await migrate(empty_url, to="0003_indexes") == ["0003_indexes"]
    assert await indexes(empty_url) >= SKILLS_OF
    assert await rows(empty_url) == before


async def test_who_has_a_skill_is_found_by_an_index(unused: None, database_url: str) -> None:
    async with connect(database_url) as context:
        db = context.db()
        if db.capabilities.dialect == "postgres":
            # An empty table is scanned in any case, unless that is forbidden.
            await db.execute_script("SET enable_seqscan = off; SET enable_bitmapscan = off")
        plan = "EXPLAIN" if db.capabilities.dialect == "postgres" else "EXPLAIN QUERY PLAN"
        for table in ("profile_skill_offered", "profile_skill_wanted"):
            query = f"SELECT profile_id FROM {table} WHERE skill_id = '{uuid4()}'"  # noqa: S608
            steps = str(await db.execute_query_dict(f"{plan} {query}"))
            assert f"idx_{table}_skill_id" in steps, steps


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_table_between_two_models_that_is_made_anew_gets_its_indexes_back(
    database_url: str, further: Further
) -> None:
    await a_lived_in_database(database_url)
    before = await indexes(database_url)
    anew = [
        "CREATE TABLE anew AS SELECT * FROM profile_skill_wanted",
        "DROP TABLE profile_skill_wanted",
        "ALTER TABLE anew RENAME TO profile_skill_wanted",
    ]
    further.migration(f"ops.RunSQL({anew})")
    await migrate(database_url)
    assert await indexes(database_url) == before


async def test_the_keys_that_calls_were_started_under_still_find_them(empty_url: str) -> None:
    await migrate(empty_url, to="0001_initial")
    await a_database_of_then(empty_url, "0001_initial")
    async with connect(empty_url) as context:
        (call,) = await context.db().execute_query_dict("SELECT id, mentorship_id, meeting_id FROM video_session")
        keyed = {name: UUID(str(call[name])) for name in ("mentorship_id", "meeting_id")}
        # As `make` stored it in the call's own row then.
        kept = content_hash(keyed)
        await context.db().execute_query(f"UPDATE video_session SET client_id = 'v', content_hash = '{kept}'")  # noqa: S608
    await migrate(empty_url)
    async with connect(empty_url):
        call = await VideoSession.get(id=call["id"])
        mentorship = await Mentorship.get(id=call.mentorship_id)
        mentor, mentee = [await Account.get(id=one) for one in mentorship.people]
        await call.end(by=mentee)
        meeting = await Meeting.get(id=call.meeting_id)
        again = await VideoSession.start(mentorship, by=mentor, meeting=meeting, client_id="v")
        assert again.id == call.id
        with refused(RefusalCode.CLIENT_ID_REUSED):
            await VideoSession.start(mentorship, by=mentor, client_id="v")


async def test_messages_of_before_the_messenger_are_all_there_and_their_keys_still_find_them(empty_url: str) -> None:
    await migrate(empty_url, to="0004_keys_of_calls")
    await a_database_of_then(empty_url, "0002_starts_of_calls")
    before = await rows(empty_url)
    await migrate(empty_url)
    after = await rows(empty_url)
    assert {name: after[name] for name in before} == before
    async with connect(empty_url):
        conversation = await Conversation.get()
        assert (conversation.kind, conversation.last_number) == (ConversationKind.MENTORSHIP, 3)
        messages = await Message.all().order_by("number")
        mentor = await Account.get(id=messages[0].author_id)
        again = await conversation.send("message 1", by=mentor, client_id="m1")
        assert (again.id, again.number) == (messages[1].id, 2)
        assert (await conversation.send("message 3", by=mentor, client_id="m3")).number == 4
        assert (mentor.contact, mentor.read_receipts) == (ContactRule.SAME_PROGRAMME, True)


async def test_requests_of_before_there_were_queues_are_as_they_were(empty_url: str) -> None:
    await migrate(empty_url, to="0004_keys_of_calls")
    await a_database_of_then(empty_url, "0002_starts_of_calls")
    await migrate(empty_url, to="0012_notices")
    before, kept = await rows(empty_url), await indexes(empty_url)
    await migrate(empty_url)
    after = await rows(empty_url)
    assert {name: after[name] for name in before} == before
    assert kept <= await indexes(empty_url)
    async with connect(empty_url):
        request, mentorship = await MentorshipRequest.get(), await Mentorship.get()
        assert (request.format, request.place, request.programme_id) == (MeetingKind.VIDEO, None, None)
        assert (request.is_offer, mentorship.request_id, mentorship.format) == (False, request.id, MeetingKind.VIDEO)
        for person_id in mentorship.people:
            assert await MentorshipRequest.visible_to(await Account.get(id=person_id)).count() == 1


async def test_messages_that_were_sent_before_get_their_html_page_by_page(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty_url, to="0002_starts_of_calls")
    await a_database_of_then(empty_url, "0002_starts_of_calls")
    monkeypatch.setattr(import_module("migrations.0012_notices"), "PAGE", 2)
    await migrate(empty_url)
    async with connect(empty_url):
        bodies = [(message.body, message.html) for message in await Message.all().order_by("number")]
    assert bodies == [(f"message {number}", f"<p>message {number}</p>\n") for number in range(3)]


async def test_who_took_part_in_a_programme_belongs_to_its_organisation(empty_url: str) -> None:
    await migrate(empty_url, to="0004_keys_of_calls")
    await a_database_of_then(empty_url, "0002_starts_of_calls")
    await migrate(empty_url, to="0013_requests")
    organisation, day = uuid4(), "'2026-01-01'"
    async with connect(empty_url) as context:
        db = context.db()
        (person, *_) = await db.execute_query_dict("SELECT id FROM profile ORDER BY id")
        await db.execute_query(f"INSERT INTO organisation (id, created_at, name) VALUES ('{organisation}', {day}, 'G')")  # noqa: S608
        # In two programmes of one organisation.
        for run in (uuid4(), uuid4()):
            named = "id, created_at, organisation_id, name, purpose, starts_on, ends_on"
            values = f"'{run}', {day}, '{organisation}', 'R', '', {day}, {day}"
            await db.execute_query(f"INSERT INTO programme ({named}) VALUES ({values})")  # noqa: S608
            taking_part = f"'{uuid4()}', {day}, '{run}', '{person['id']}'"
            await db.execute_query(
                f"INSERT INTO participation (id, created_at, programme_id, profile_id) VALUES ({taking_part})"  # noqa: S608
            )
    await migrate(empty_url)
    async with connect(empty_url):
        member = await Membership.get()
        assert (str(member.organisation_id), str(member.profile_id)) == (str(organisation), str(person["id"]))
        assert member.role is OrganisationRole.PARTICIPANT
        assert member.joined_at is not None
        assert {one.side for one in await Participation.all()} == {ProgrammeSide.BOTH}
