"""Queues: a mentee names several mentors, who are asked one after the other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Unpack
from uuid import UUID, uuid4

from models.database import transaction
from models.organisation import Programme
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid, not_found
from models.request.asking import Asking
from models.request.request import MentorshipRequest
from models.request.standing import RequestStatus
from models.request.telling import tell
from models.request.terms import Terms, content_of, programme_of
from models.text import prose

if TYPE_CHECKING:
    from models.account import Account

MOST_CHOICES = 5


class Choice(NamedTuple):
    """A mentor, and what they will be asked."""

    mentor_id: UUID
    message: str


class Queue:
    """A mentee's choices in a programme, or outside of all, in their order.

    At most one of them is pending. When it comes to nothing, whether it was declined, has expired or was withdrawn,
    the next is asked in the same unit; when it is accepted, the others are not needed. All of it happens under the
    lock of the mentee's profile. It has no row of its own: it is there as long as one of its choices is open.
    """

    def __init__(self, mentee_id: UUID, programme_id: UUID | None) -> None:
        self.mentee_id = mentee_id
        self.programme_id = programme_id

    @property
    def key(self) -> str:
        """What stands for it in the unique column of its pending choice."""
        return f"{self.mentee_id}:{self.programme_id or ''}"

    @classmethod
    @transaction
    async def add(
        cls, choices: Sequence[Choice], *, by: "Account", client_id: str | None = None, **terms: Unpack[Terms]
    ) -> list[MentorshipRequest]:
        """Put these choices behind those that wait already; where none is pending, the first of them is asked now.

        Returns their requests in order. A retry with the same key returns the first ones.
        """
        if not 1 <= len(choices) <= MOST_CHOICES:
            raise invalid(f"Choose one to {MOST_CHOICES} mentors.", "choices")
        choices = [Choice(each.mentor_id, prose(each.message, "choices")) for each in choices]
        if len({each.mentor_id for each in choices}) < len(choices):
            raise invalid("Choose each mentor once.", "choices")
        content = {"choices": [tuple(each) for each in choices], **content_of(terms)}
        await Profile.locked(by.id)
        if first := await MentorshipRequest.made_before(by, client_id, **content):
            return await MentorshipRequest.filter(mentee_id=by.id, given_with=first.id).order_by("place", "id")
        programme = await programme_of(terms, by)
        queue = cls(by.id, terms.get("programme_id"))
        before = await queue._open()
        await queue._must_be_possible(choices, before, programme, by)
        given_with = uuid4()
        made = [
            await MentorshipRequest.make(
                by,
                client_id if number == 0 else None,
                content,
                id=given_with if number == 0 else uuid4(),
                mentor_id=choice.mentor_id,
                mentee_id=by.id,
                message=choice.message,
                status=RequestStatus.QUEUED,
                place=(before[-1].place if before else 0) + 1 + number,
                given_with=given_with,
                **terms,
            )
            for number, choice in enumerate(choices)
        ]
        changed = [] if _is_asking(before) else await queue.ask_next()
        await tell(list({each.id: each for each in (*made, *changed)}.values()))
        return [next((asked for asked in changed if asked.id == each.id), each) for each in made]

    async def _must_be_possible(
        self, choices: Sequence[Choice], before: Sequence[MentorshipRequest], programme: Programme | None, by: "Account"
    ) -> None:
        if len(before) + len(choices) > MOST_CHOICES:
            most = f"At most {MOST_CHOICES} choices can be open; withdraw one first."
            raise Refused(RefusalCode.LIMIT_REACHED, most, "choices")
        me, waiting = await Profile.get(id=by.id), {each.mentor_id for each in before}
        for number, choice in enumerate(choices):
            mentor = await Profile.seen_by(by, choice.mentor_id, "choices")
            if mentor.id in waiting:
                raise Refused(RefusalCode.ALREADY_EXISTS, f"{mentor.name} is among your choices already.", "choices")
            # Behind others it does not matter who has no place at present: they may have one when their turn comes.
            now = number == 0 and not before
            await Asking(mentor, me, False, programme, "choices").must_be_possible(now=now)
        if not _is_asking(before):
            await MentorshipRequest.must_have_room(by)

    @classmethod
    @transaction
    async def reorder(cls, request_ids: Sequence[UUID], *, by: "Account") -> list[MentorshipRequest]:
        """Put the choices that wait in this order; all of one queue are named. Returns them so."""
        await Profile.locked(by.id)
        first = await MentorshipRequest.get_or_none(id=request_ids[0], mentee_id=by.id) if request_ids else None
        if first is None:
            raise not_found("mentorship request", "requestIds")
        waiting = {each.id: each for each in await first.queue.waiting()}
        if sorted(waiting) != sorted(request_ids):
            raise invalid("Name each choice that waits for its turn, each once, in the new order.", "requestIds")
        places = sorted(each.place or 0 for each in waiting.values())
        ordered = [waiting[request_id] for request_id in request_ids]
        for choice, place in zip(ordered, places, strict=True):
            choice.place = place
            await choice.store("place")
        await tell(ordered)
        return ordered

    async def waiting(self) -> list[MentorshipRequest]:
        """The choices whose turn has not come, in order."""
        mine = MentorshipRequest.filter(mentee_id=self.mentee_id, programme_id=self.programme_id)
        return await mine.filter(status=RequestStatus.QUEUED).order_by("place", "id")

    async def behind(self, choice: MentorshipRequest) -> list[MentorshipRequest]:
        """The choices that wait behind this one; none, where it is no choice of this queue."""
        place = choice.place
        return [] if place is None else [each for each in await self.waiting() if (each.place or 0) > place]

    async def _open(self) -> list[MentorshipRequest]:
        pending = await MentorshipRequest.filter(pending_queue=self.key)
        return [*pending, *await self.waiting()]

    async def ask_next(self) -> list[MentorshipRequest]:
        """Ask the next choice that can be asked, and pass over those before it that cannot. Returns what has changed.

        Within a unit that holds the mentee's profile.
        """
        changed = []
        for choice in await self.waiting():
            changed.append(choice)
            programme = None if choice.programme_id is None else await Programme.get(id=choice.programme_id)
            mentor, mentee = await Profile.get(id=choice.mentor_id), await Profile.get(id=self.mentee_id)
            try:
                await Asking(mentor, mentee, False, programme, "choices").must_be_possible()
            except Refused as refused:
                await choice.close(RequestStatus.PASSED_OVER, refused.message)
            else:
                await choice.put(programme)
                break
        return changed

    async def end(self) -> list[MentorshipRequest]:
        """Nobody else need be asked. Returns what has changed. Within a unit that holds the mentee's profile.

        In a programme, where a mentee has one mentor, those who were asked beside the queue need not answer either.
        """
        mine = MentorshipRequest.filter(mentee_id=self.mentee_id, programme_id=self.programme_id)
        asked = [] if self.programme_id is None else [RequestStatus.PENDING]
        changed = await mine.filter(status__in=[RequestStatus.QUEUED, *asked]).order_by("place", "id")
        for request in changed:
            await request.close(RequestStatus.SUPERSEDED)
        return changed


def _is_asking(choices: Sequence[MentorshipRequest]) -> bool:
    return any(choice.status is RequestStatus.PENDING for choice in choices)
