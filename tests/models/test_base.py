"""What every model shares."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from uuid import RFC_4122, UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tortoise import Tortoise

from models import base
from models.base import Base, uuid7
from models.conversation import Message
from models.database import transaction
from models.goal import Goal, Milestone
from models.inbox import Inbox
from models.mentorship import Mentorship
from models.profile import Profile
from models.refusal import RefusalCode
from models.video import VideoSessionStart
from tests.models.expect import refused
from tests.people import pair, person

milliseconds = st.integers(0, 2**48 - 1)


def made_at(time_ns: int) -> UUID:
    """A UUID made when the machine's clock showed so many nanoseconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "time", SimpleNamespace(time_ns=lambda: time_ns))
        return uuid7()


@given(milliseconds, st.integers(0, 999_999))
def test_an_id_is_a_uuid_of_version_7_that_carries_its_millisecond(millisecond: int, rest: int) -> None:
    made = made_at(millisecond * 1_000_000 + rest)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == millisecond


@given(milliseconds, milliseconds)
def test_ids_of_a_later_millisecond_sort_later_as_values_and_as_text(one: int, other: int) -> None:
    earlier, later = sorted([one, other])
    if earlier < later:
        first, second = made_at(earlier * 1_000_000), made_at(later * 1_000_000)
        assert first < second
        assert str(first) < str(second)


def test_ids_of_one_millisecond_differ_in_74_bits() -> None:
    ids = [made_at(1_700_000_000_000_000_000) for _ in range(2_000)]
    assert len(set(ids)) == len(ids)
    ever, always = 0, -1
    for made in ids:
        ever, always = ever | made.int, always & made.int
    assert (ever ^ always).bit_count() == 74


def test_every_model_says_who_sees_it() -> None:
    def all_below(kind: type[Base]) -> list[type[Base]]:
        return [kind, *(model for below in kind.__subclasses__() for model in all_below(below))]

    ruling = {"visible_to", "visible_through"}
    rules = {kind.__name__ for kind in all_below(Base) if kind is not Base and ruling & vars(kind).keys()}
    kinds = {kind.__name__ for kind in all_below(Base) if not kind._meta.abstract}
    # An inbox is read by its owner's feed alone, and the key of a start, an opening or a founding by its author's
    # retry; letters that were sent, the mark of the files' store, and what was known of who has left, are the server's
    # own. They are shown to nobody.
    nobodys = {"MissedMail", "MissedConversation", "Depot", "Departure"}
    assert kinds - rules == {"Inbox", VideoSessionStart.__name__, "ConversationOpening", "Founding", *nobodys}


async def test_who_sees_a_row_sees_what_is_visible_through_it_and_nobody_else_does(database: str) -> None:
    two, eve = await pair(), await person("Eve")
    goal = await Goal.add(two.mentorship, by=two.mentor, title="One", milestones=["a", "b"])
    for viewer, seen in ((two.mentor, 2), (two.mentee, 2), (eve, 0)):
        assert await Milestone.visible_to(viewer).count() == seen
    # Under a row that is seen already, only what is visible through it is not asked about once more.
    assert await Milestone.under(two.mentor, "goal_id", goal.id).count() == 2
    assert await Milestone.under(eve, "author_id", two.mentor.id).count() == 0


def test_without_a_rule_nobody_sees_anything() -> None:
    with pytest.raises(NotImplementedError, match="Inbox has no rule of visibility"):
        Inbox.visible_to(None)  # type: ignore[arg-type]


async def test_no_method_hides_what_the_orm_keeps_of_a_relation(database: str) -> None:
    """The rows of a relation `people`, once fetched, are kept under `_people`: a method of that name breaks both."""
    apps = Tortoise.apps
    assert apps is not None
    hidden = {
        f"{model.__name__}._{name}"
        for model in apps["models"].values()
        for name in model._meta.fetch_fields
        if hasattr(model, f"_{name}")
    }
    assert hidden == set()


async def test_no_docstring_becomes_a_comment_of_a_table(database: str) -> None:
    apps = Tortoise.apps
    assert apps is not None
    assert {model._meta.table_description for model in apps["models"].values()} == {""}


async def test_what_may_not_be_seen_is_answered_like_what_is_not_there(database: str) -> None:
    two, stranger = await pair(), await person("Eve")
    for viewer, wanted in ((stranger, two.mentorship.id), (two.mentor, uuid4())):
        with refused(RefusalCode.NOT_FOUND, "mentorshipId"):
            await Mentorship.seen_by(viewer, wanted, "mentorshipId")
    assert (await Mentorship.seen_by(two.mentee, two.mentorship.id, "x")).id == two.mentorship.id


async def test_storing_a_field_keeps_another_ones_change(database: str) -> None:
    ana = await person("Ana")
    one, other = await Profile.get(id=ana.id), await Profile.get(id=ana.id)
    one.headline, other.industry = "Ask me", "health"
    await one.store("headline")
    await other.store("industry")
    stored = await Profile.get(id=ana.id)
    assert (stored.headline, stored.industry) == ("Ask me", "health")


async def test_who_wants_a_locked_row_waits_and_reads_what_was_stored(database: str) -> None:
    ana = await person("Ana")
    held = asyncio.Event()

    @transaction
    async def first() -> None:
        profile = await Profile.locked(ana.id)
        held.set()
        profile.years_of_experience += 1
        # Others have every chance to read the old number.
        for _ in range(50):
            await asyncio.sleep(0)
        await profile.store("years_of_experience")

    @transaction
    async def second() -> None:
        profile = await Profile.locked(ana.id)
        profile.years_of_experience += 1
        await profile.store("years_of_experience")

    async def second_later() -> None:
        await held.wait()
        await second()

    await asyncio.gather(first(), second_later())
    assert (await Profile.get(id=ana.id)).years_of_experience == 2


async def test_a_key_finds_the_row_that_it_made(database: str) -> None:
    two = await pair()
    goal = await Goal.add(two.mentorship, by=two.mentee, title="Ship it", milestones=["Plan"], client_id="key")
    again = await Goal.add(two.mentorship, by=two.mentee, title="Ship it", milestones=["Plan"], client_id="key")
    assert again.id == goal.id
    assert await Goal.all().count() == 1


async def test_a_key_belongs_to_one_author_and_one_kind_of_row(database: str) -> None:
    two = await pair()
    await Goal.add(two.mentorship, by=two.mentee, title="Ship it", client_id="key")
    assert await Goal.made_before(two.mentor, "key", title="Ship it") is None
    assert await Message.made_before(two.mentee, "key", body="Ship it") is None
    assert await Goal.made_before(two.mentee, None, title="Ship it") is None
    assert await Goal.made_before(two.mentee, "KEY", title="Ship it") is None


async def test_a_key_that_was_used_for_something_else_is_refused(database: str) -> None:
    two = await pair()
    await Goal.add(two.mentorship, by=two.mentee, title="Ship it", client_id="key")
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await Goal.made_before(two.mentee, "key", title="Sell it")


@pytest.mark.parametrize("key", ["", "k" * 65, "ключ", "a\nb", "a\0b", "\ud800"])
async def test_a_key_is_1_to_64_printable_ascii_characters(database: str, key: str) -> None:
    two = await pair()
    with refused(RefusalCode.INVALID, "clientId"):
        await Goal.made_before(two.mentee, key, title="Ship it")


@pytest.mark.parametrize("key", ["k", "k" * 64, "018f3a52-7e2c-7000-8000-000000000000", "a b~!"])
async def test_any_printable_key_is_taken(database: str, key: str) -> None:
    two = await pair()
    first = await two.conversation.send("Hello", by=two.mentor, client_id=key)
    again = await two.conversation.send("Hello", by=two.mentor, client_id=key)
    assert again.id == first.id


async def test_a_birthday_is_an_aware_moment(database: str) -> None:
    ana = await person("Ana")
    created = (await Profile.get(id=ana.id)).created_at
    assert created.utcoffset() == timedelta()
