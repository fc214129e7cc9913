"""What certain migrations did to databases that were in use then, and the indexes between profiles and skills."""

from importlib import import_module
from uuid import UUID, uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from models.account import Account
from models.base import content_hash
from models.conversation import Conversation, ConversationKind, Message, Notification, NotificationKind
from models.database import connect
from models.database import migrate as module
from models.database.migrate import migrate
from models.discovery import Criteria, found
from models.matching import Matching
from models.meeting import Meeting
from models.mentorship import MeetingKind, Mentorship
from models.organisation import ContactRule, Membership, OrganisationRole, Participation, ProgrammeSide, PublishAs
from models.profile import Profile
from models.refusal import RefusalCode
from models.request import MentorshipRequest
from models.saved_search import SearchFor
from models.video import VideoSession
from tests.models.expect import refused
from tests.models.migrating import Further, a_database_of_then, a_lived_in_database, indexes, rows

DAY = "2026-01-01"

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


async def put(db: BaseDBAsyncClient, table: str, **values: object) -> UUID:
    """A row of a table as it was then. Returns its id."""
    row = {"id": uuid4(), "created_at": DAY, **values}
    texts = ("NULL" if value is None else f"'{value}'" for value in row.values())
    await db.execute_query(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(texts)})")  # noqa: S608
    return row["id"]  # type: ignore[return-value]


async def a_programme_of_then(db: BaseDBAsyncClient, organisation: UUID) -> UUID:
    return await put(db, "programme", organisation_id=organisation, name="R", purpose="", starts_on=DAY, ends_on=DAY)


async def test_who_took_part_in_a_programme_belongs_to_its_organisation(empty_url: str) -> None:
    await migrate(empty_url, to="0004_keys_of_calls")
    await a_database_of_then(empty_url, "0002_starts_of_calls")
    await migrate(empty_url, to="0013_requests")
    async with connect(empty_url) as context:
        db = context.db()
        (person, *_) = await db.execute_query_dict("SELECT id FROM profile ORDER BY id")
        organisation = await put(db, "organisation", name="G")
        # In two programmes of one organisation.
        for _ in range(2):
            programme = await a_programme_of_then(db, organisation)
            await put(db, "participation", programme_id=programme, profile_id=person["id"])
    await migrate(empty_url)
    async with connect(empty_url):
        member = await Membership.get()
        assert (str(member.organisation_id), str(member.profile_id)) == (str(organisation), str(person["id"]))
        assert member.role is OrganisationRole.PARTICIPANT
        assert (member.joined_at is not None, member.invited_by_id) == (True, None)
        who = await Account.get(id=member.profile_id)
        assert await Membership.visible_to(who).count() == 1
        assert {one.side for one in await Participation.all()} == {ProgrammeSide.BOTH}


async def test_people_of_before_can_be_found_by_the_names_of_their_skills(empty_url: str) -> None:
    await migrate(empty_url, to="0004_keys_of_calls")
    await a_database_of_then(empty_url, "0002_starts_of_calls")
    await migrate(empty_url)
    async with connect(empty_url):
        people = {one.name: one for one in await Profile.all()}
        viewer = await Account.get(id=people["Theo"].id)
        assert [people[name].skill_names for name in ("Mara", "Theo")] == ["Python\nSQL", "SQL"]
        by_words = found(SearchFor.MENTORS, Criteria(text="python"), viewer)
        assert [one.name for one in await by_words] == ["Mara"]


async def test_mentorships_that_came_of_a_programme_say_so(empty_url: str) -> None:
    await migrate(empty_url, to="0004_keys_of_calls")
    await a_database_of_then(empty_url, "0002_starts_of_calls")
    await migrate(empty_url, to="0017_suggestions")
    async with connect(empty_url) as context:
        db = context.db()
        (asked,) = await db.execute_query_dict("SELECT id, request_id, mentor_id, mentee_id FROM mentorship")
        people = {"mentor_id": asked["mentor_id"], "mentee_id": asked["mentee_id"]}
        organisation = await put(db, "organisation", name="G", contact="EVERYONE")
        of_request, of_draft = [await a_programme_of_then(db, organisation) for _ in range(2)]
        await db.execute_query(
            f"UPDATE mentorship_request SET programme_id = '{of_request}' WHERE id = '{asked['request_id']}'"  # noqa: S608
        )
        ended = {**people, "status": "ENDED", "cadence": "WEEKLY", "ends_on": DAY, "end_reason": ""}
        published, outside = [await put(db, "mentorship", **ended) for _ in range(2)]
        run = {"programme_id": of_draft, "author_id": people["mentor_id"], "options": "{}", "participation_weight": 1}
        run |= {"algorithm": "1", "input_digest": "", "stage": "", "percent": 100, "error": ""}
        draft = await put(db, "matching", **run, number=1, status="PUBLISHED")
        await put(db, "matching", **run, number=2, status="DRAFT")
        pair = {"score": 1, "components": "[]", "reasons": "[]", "fixed": "0", "under_way": "0"}
        await put(db, "matched_pair", matching_id=draft, mentorship_id=published, **people, **pair)
    before, kept = await rows(empty_url), await indexes(empty_url)
    await migrate(empty_url)
    after = await rows(empty_url)
    assert {name: after[name] for name in before} == before
    assert await indexes(empty_url) >= kept | {("mentorship", "plain", "programme_id")}
    async with connect(empty_url):
        assert [one.publish_as for one in await Matching.all().order_by("number")] == [PublishAs.REQUESTS, None]
        of = {str(one.id): one.programme_id for one in await Mentorship.all()}
    assert of == {str(asked["id"]): of_request, str(published): of_draft, str(outside): None}


async def test_notifications_of_before_there_were_any_of_invitations_are_as_they_were(empty_url: str) -> None:
    await migrate(empty_url, to="0004_keys_of_calls")
    await a_database_of_then(empty_url, "0002_starts_of_calls")
    await migrate(empty_url, to="0018_pairs_of_programmes")
    async with connect(empty_url) as context:
        db = context.db()
        (message, *_) = await db.execute_query_dict("SELECT id, author_id FROM message ORDER BY number")
        about = {"kind": "REPLY", "message_id": message["id"], "read_at": DAY}
        kept = await put(db, "notification", account_id=message["author_id"], **about)
    before, indexed = await rows(empty_url), await indexes(empty_url)
    await migrate(empty_url)
    after = await rows(empty_url)
    assert {name: after[name] for name in before} == before
    assert await indexes(empty_url) >= indexed | {("notification", "plain", "membership_id")}
    async with connect(empty_url):
        one = await Notification.get()
        assert (one.id, one.kind, one.membership_id) == (kept, NotificationKind.REPLY, None)
        assert one.read_at is not None
