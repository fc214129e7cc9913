"""The rounds: who has missed something gets one letter, whatever races, fails or dies."""

import asyncio
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

import pytest

from api.mail import Files, Rounds, Sender, Undelivered, mailing
from models import clock
from models.account import Account
from models.missed_mail import LEASE, MOST_TRIES, PAUSE, MissedMail
from tests.people import pair

DELAY = timedelta(minutes=15)
SENDER = Sender(Address("Alongside", addr_spec="no-reply@a.org"), "https://a.org", "https://a.org")


class Postbag:
    """Keeps letters; `trouble` is raised instead, where there is one."""

    def __init__(self, trouble: BaseException | None = None, *, first: bool = True) -> None:
        self.letters: list[EmailMessage] = []
        self.trouble = trouble
        # Does the trouble come before the letter has left?
        self.first = first

    async def send(self, letter: EmailMessage) -> None:
        await asyncio.sleep(0)
        if self.trouble and self.first:
            raise self.trouble
        self.letters.append(letter)
        if self.trouble:
            raise self.trouble

    def to(self) -> list[str]:
        return [letter["To"].addresses[0].addr_spec for letter in self.letters]


def rounds(post: Postbag | Files) -> Rounds:
    return Rounds(post, SENDER, DELAY)


def texts(folder: Path) -> list[str]:
    return [file.read_text() for file in folder.iterdir()]


async def test_a_round_mails_each_person_once(database: str) -> None:
    post, one, other = Postbag(), await pair(), await pair()
    for two in (one, other):
        await two.conversation.send("the body is private", by=two.mentor, client_id="k")
    assert await rounds(post).go() == 0
    with clock.moved(DELAY):
        assert [await rounds(post).go() for _ in range(2)] == [2, 0]
    assert sorted(post.to()) == sorted([one.mentee.email, other.mentee.email])
    assert post.letters[0]["Subject"] == "1 unread message from Mara"
    assert "private" not in str(post.letters)


class Choosy(Postbag):
    """Falls over the first letter that it is given."""

    async def send(self, letter: EmailMessage) -> None:
        if not self.trouble:
            self.trouble = RuntimeError("unheard of")
            raise self.trouble
        self.letters.append(letter)


async def test_a_letter_that_falls_over_does_not_keep_the_others_back(database: str) -> None:
    post, pairs = Choosy(), [await pair() for _ in range(3)]
    for two in pairs:
        await two.conversation.send("Hello", by=two.mentor, client_id="k")
    with clock.moved(DELAY):
        assert await rounds(post).go() == 2
    with clock.moved(DELAY + LEASE):
        assert await rounds(post).go() == 1
    assert sorted(post.to()) == sorted(two.mentee.email for two in pairs)


async def test_rounds_of_several_processes_send_one_letter(database: str) -> None:
    post, two = Postbag(), await pair()
    await two.conversation.send("Hello", by=two.mentor, client_id="k")
    with clock.moved(DELAY):
        assert sum(await asyncio.gather(*(rounds(post).go() for _ in range(4)))) == 1
    assert post.to() == [two.mentee.email]


async def test_a_letter_of_a_process_that_died_before_sending_is_sent_by_another(database: str) -> None:
    died, post, two = Postbag(asyncio.CancelledError()), Postbag(), await pair()
    await two.conversation.send("Hello", by=two.mentor, client_id="k")
    with clock.moved(DELAY):
        with pytest.raises(asyncio.CancelledError):
            await rounds(died).go()
        assert await rounds(post).go() == 0
        with clock.moved(LEASE):
            assert [await rounds(post).go() for _ in range(2)] == [1, 0]
    assert (died.to(), post.to()) == ([], [two.mentee.email])


async def test_a_letter_of_a_process_that_died_after_sending_comes_again_under_the_same_id(database: str) -> None:
    died, post, two = Postbag(asyncio.CancelledError(), first=False), Postbag(), await pair()
    await two.conversation.send("Hello", by=two.mentor, client_id="k")
    with clock.moved(DELAY):
        with pytest.raises(asyncio.CancelledError):
            await rounds(died).go()
        with clock.moved(LEASE):
            assert await rounds(post).go() == 1
    assert post.letters[0]["Message-ID"] == died.letters[0]["Message-ID"]


async def test_what_was_read_before_the_next_try_is_not_mailed(database: str) -> None:
    post, two = Postbag(Undelivered("busy")), await pair()
    await two.conversation.send("Hello", by=two.mentor, client_id="k")
    with clock.moved(DELAY):
        assert await rounds(post).go() == 0
        await two.conversation.mark_read(1, by=two.mentee)
        post.trouble = None
        for _ in range(MOST_TRIES):
            with clock.moved(LEASE * 9):
                assert await rounds(post).go() == 0
    assert await MissedMail.filter(due_at=None, sent_at=None).count() == 1


async def test_a_server_that_is_busy_is_tried_again_and_one_that_refuses_is_not(database: str) -> None:
    for trouble, again in ((Undelivered("busy"), 1), (Undelivered("nobody", for_good=True), 0)):
        post, two = Postbag(trouble), await pair()
        await two.conversation.send("Hello", by=two.mentor, client_id="k")
        with clock.moved(DELAY):
            assert await rounds(post).go() == 0
            post.trouble = None
            with clock.moved(PAUSE / 2):
                assert await rounds(post).go() == again
        await two.conversation.mark_read(1, by=two.mentee)


async def test_a_name_in_any_letters_is_mailed_to(database: str, tmp_path: Path) -> None:
    two = await pair()
    await Account.filter(id=two.mentee.id).update(email="théo@bücher.example")
    await two.conversation.send("Hello", by=two.mentor, client_id="k")
    with clock.moved(DELAY):
        assert await rounds(Files(tmp_path / "mail")).go() == 1
    (letter,) = texts(tmp_path / "mail")
    assert "théo@xn--bcher-kva.example" in letter


async def test_rounds_go_on_after_one_that_failed() -> None:
    gone, done = 0, asyncio.Event()

    class Failing(Rounds):
        async def go(self) -> int:
            nonlocal gone
            gone += 1
            if gone == 3:
                done.set()
            raise RuntimeError("the database is away")

    others = asyncio.all_tasks()
    async with mailing(Failing(Postbag(), SENDER, DELAY), 0.001):
        await asyncio.wait_for(done.wait(), 10)
    # Nobody is left to go another round.
    assert asyncio.all_tasks() <= others
