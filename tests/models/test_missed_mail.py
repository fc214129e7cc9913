"""Letters about what somebody has missed: who gets one, when, and what it is about."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest

from models import clock, missed_mail
from models.account import Account
from models.conversation import Conversation, Message, Participant
from models.missed_mail import HORIZON, KEPT, LEASE, MOST_TRIES, PAUSE, Missed, MissedMail
from tests.models.test_notification import at, circle
from tests.people import Pair, pair, person

DELAY = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


@contextmanager
def later(*steps: timedelta) -> Iterator[None]:
    with ExitStack() as stack:
        for step in steps:
            stack.enter_context(clock.moved(step))
        yield


async def say(two: Pair, *bodies: str) -> None:
    for body in bodies:
        await two.conversation.send(body, by=two.mentor, client_id=f"{body[-60:]}")


async def claimed(account: Account) -> MissedMail | None:
    """The account's letter, where it is due one; who is looked for and who is claimed are the same."""
    due = account.id in await MissedMail.due(DELAY)
    found = await MissedMail.claim(account.id, DELAY)
    assert due is (found is not None)
    return found[0] if found else None


async def letter(account: Account) -> list[Missed]:
    """What a letter tells the account now, sent at once; nothing where there is none."""
    mail = await claimed(account)
    if mail is None:
        return []
    await mail.settle(sent=True)
    return await mail.contents()


async def test_what_was_not_read_for_a_while_is_told_once(database: str) -> None:
    two = await pair()
    await say(two, "one", "two")
    assert await letter(two.mentee) == []
    with later(DELAY):
        assert await letter(two.mentee) == [Missed(two.conversation.id, "", 2, ("Mara",), False)]
        assert await letter(two.mentor) == []
    for further in (DELAY * 2, PAUSE * 2, HORIZON - MINUTE):
        with later(further):
            assert await letter(two.mentee) == []


async def test_what_was_read_meanwhile_is_not_told(database: str) -> None:
    two = await pair()
    await say(two, "one", "two", "three")
    await two.conversation.mark_read(2, by=two.mentee)
    with later(DELAY):
        mail = await claimed(two.mentee)
        assert mail is not None
        assert [one.messages for one in await mail.contents()] == [1]
        # Between the claim and the letter, too.
        await two.conversation.mark_read(3, by=two.mentee)
        assert await mail.contents() == []


async def test_further_messages_make_a_further_letter_after_an_hour(database: str) -> None:
    two = await pair()
    await say(two, "one")
    with later(DELAY):
        assert len(await letter(two.mentee)) == 1
        await say(two, "two", "three")
        with later(PAUSE - MINUTE):
            assert await letter(two.mentee) == []
        with later(PAUSE):
            assert [one.messages for one in await letter(two.mentee)] == [2]


async def test_one_letter_tells_of_all_conversations(database: str) -> None:
    two = await pair()
    other = await pair(await person("Olga", capacity=1), two.mentee)
    books = await circle(two.mentor, two.mentee, other.mentor)
    await say(two, "one")
    await say(other, "two")
    for who, body in ((two.mentor, "a"), (other.mentor, "b"), (other.mentor, "c")):
        await books.send(body, by=who, client_id=body)
    with later(DELAY):
        found = {one.conversation_id: one for one in await letter(two.mentee)}
    assert found == {
        two.conversation.id: Missed(two.conversation.id, "", 1, ("Mara",), False),
        other.conversation.id: Missed(other.conversation.id, "", 1, ("Olga",), False),
        books.id: Missed(books.id, "Books", 3, ("Olga", "Mara"), False),
    }


async def test_one_s_own_and_deleted_messages_are_not_missed(database: str) -> None:
    two = await pair()
    await two.conversation.send("mine", by=two.mentee, client_id="k")
    await say(two, "gone")
    await Message.filter(body="gone").update(deleted_at=clock.now(), body="")
    with later(DELAY):
        assert await letter(two.mentee) == []


async def test_a_muted_conversation_is_told_of_where_somebody_is_mentioned(database: str) -> None:
    two = await pair()
    mine = Participant.filter(conversation_id=two.conversation.id, profile_id=two.mentee.id)
    await mine.update(muted_until=clock.now() + timedelta(days=9))
    await say(two, "one")
    with later(DELAY):
        assert await letter(two.mentee) == []
        await say(two, at(two.mentee), "three")
        with later(DELAY):
            assert await letter(two.mentee) == [Missed(two.conversation.id, "", 1, ("Mara",), True)]


async def test_what_one_has_put_away_and_what_has_ended_is_not_told(database: str) -> None:
    away, ended, blocked = await pair(), await pair(), await pair()
    for two in (away, ended, blocked):
        await say(two, "one")
    await Participant.filter(conversation_id=away.conversation.id).update(archived_at=clock.now())
    await ended.mentorship.end(by=ended.mentor)
    await Conversation.filter(id=blocked.conversation.id).update(blocks=1)
    with later(DELAY):
        assert await MissedMail.due(DELAY) == []
        for two in (away, ended, blocked):
            assert await letter(two.mentee) == []


async def test_who_wants_no_mail_and_who_has_left_gets_none(database: str) -> None:
    two, left = await pair(), await pair()
    await say(two, "one")
    await say(left, "one")
    await Account.filter(id=two.mentee.id).update(missed_mail=False)
    await Participant.filter(conversation_id=left.conversation.id, profile_id=left.mentee.id).delete()
    with later(DELAY):
        assert await MissedMail.due(DELAY) == []


async def test_what_is_a_day_old_is_not_told_any_more(database: str) -> None:
    two = await pair()
    await say(two, "one")
    with later(HORIZON - MINUTE):
        assert two.mentee.id in await MissedMail.due(DELAY)
    with later(HORIZON + MINUTE):
        assert await letter(two.mentee) == []
        await say(two, "two")
        with later(DELAY):
            assert [one.messages for one in await letter(two.mentee)] == [1]


async def test_of_several_processes_one_claims_the_letter(database: str) -> None:
    two = await pair()
    await say(two, "one")
    with later(DELAY):
        found = await asyncio.gather(*(MissedMail.claim(two.mentee.id, DELAY) for _ in range(5)))
    assert len([one for one in found if one]) == 1
    assert await MissedMail.all().count() == 1


async def test_a_letter_whose_process_has_died_is_taken_up_by_one_after_its_lease(database: str) -> None:
    two = await pair()
    await say(two, "one")
    with later(DELAY):
        mail = await claimed(two.mentee)
        assert mail is not None
        assert await MissedMail.left_over() == []
        with later(LEASE):
            (again,) = await MissedMail.left_over()
            assert again.id == mail.id
            tokens = await asyncio.gather(*(again.take_up() for _ in range(4)))
            assert len([token for token in tokens if token]) == 1
            assert [one.messages for one in await again.contents()] == [1]
            assert await MissedMail.left_over() == []
            await again.settle(sent=True)
        with later(LEASE * 9):
            assert await MissedMail.left_over() == []


async def test_a_letter_that_could_not_be_sent_is_tried_again_ever_later_and_then_no_more(database: str) -> None:
    two = await pair()
    await say(two, "one")
    with ExitStack() as stack:
        stack.enter_context(clock.moved(DELAY))
        mail = await claimed(two.mentee)
        assert mail is not None
        waits = []
        while await mail.postpone():
            wait = timedelta()
            while not await MissedMail.left_over():
                stack.enter_context(clock.moved(LEASE))
                wait += LEASE
            waits.append(wait)
            assert await mail.take_up()
        assert len(waits) == MOST_TRIES - 1
        assert waits == sorted(set(waits))
        stack.enter_context(clock.moved(timedelta(days=1)))
        assert await MissedMail.left_over() == []


async def test_the_link_in_a_letter_ends_such_letters(database: str) -> None:
    two = await pair()
    await say(two, "one")
    with later(DELAY):
        found = await MissedMail.claim(two.mentee.id, DELAY)
        assert found is not None
        assert not await MissedMail.unsubscribe(found[1][::-1])
        assert (await Account.get(id=two.mentee.id)).missed_mail
        for _ in range(2):
            assert await MissedMail.unsubscribe(found[1])
        assert not (await Account.get(id=two.mentee.id)).missed_mail
        assert (await Account.get(id=two.mentor.id)).missed_mail
        # And the one that is on its way is not needed any more.
        assert await found[0].contents() == []
        assert found[1] not in str(await MissedMail.all().values())


async def test_old_letters_are_forgotten_some_at_a_time(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missed_mail, "MOST_FORGOTTEN", 1)
    for two in (await pair(), await pair()):
        await say(two, "one")
        with later(DELAY):
            await claimed(two.mentee)
    with later(KEPT):
        assert await MissedMail.forget() == 0
    with later(KEPT, DELAY * 2):
        assert [await MissedMail.forget() for _ in range(3)] == [1, 1, 0]
