"""Blocks: from now on nothing passes between two people, until whoever blocked lifts it."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from models.base import Base
from models.conversation import Conversation, ConversationKind, Participant
from models.database import transaction
from models.inbox import Inbox, Kind
from models.mentorship import Mentorship
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid
from models.request import MentorshipRequest
from models.video import VideoSession

if TYPE_CHECKING:
    from models.account import Account

MOST_BLOCKED = 1_000


class Block(Base):
    """Somebody wants to hear nothing of somebody else. The other is not told.

    It holds in what the two have to themselves: no message is sent there, nothing of it is delivered, no call begins,
    no request is made. Their mentorship stays until one of them ends it; in a circle both go on.
    """

    blocker: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="blocks", on_delete=fields.CASCADE
    )
    blocker_id: UUID
    blocked: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    blocked_id: UUID

    class Meta:
        table = "block"
        unique_together = (("blocker", "blocked"),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(blocker_id=viewer.id)

    @classmethod
    def between(cls, one: UUID, other: UUID) -> QuerySet[Self]:
        """The blocks between two people, whoever put them: none, one or two."""
        return cls.filter(Q(blocker_id=one, blocked_id=other) | Q(blocker_id=other, blocked_id=one))

    @classmethod
    @transaction
    async def put(cls, profile_id: UUID, *, by: "Account") -> Self:
        """Block somebody; once, however often it is said. Calls between the two end, open requests are answered."""
        if profile_id == by.id:
            raise invalid("You cannot block yourself.", "profileId")
        await Profile.seen_by(by, profile_id, "profileId")
        conversations = await _held(by.id, profile_id)
        if there := await cls.get_or_none(blocker_id=by.id, blocked_id=profile_id):
            return there
        if await cls.filter(blocker_id=by.id).count() >= MOST_BLOCKED:
            raise Refused(RefusalCode.LIMIT_REACHED, f"At most {MOST_BLOCKED:,} people can be blocked.", "profileId")
        block = await cls.create(blocker_id=by.id, blocked_id=profile_id)
        mentorships = [each.mentorship_id for each in conversations if each.mentorship_id is not None]
        # Before any inbox: a request that is answered may tell a third person, whose turn it is then.
        await VideoSession.hold_all_of(mentorships)
        await MentorshipRequest.answer_all_between(by, profile_id)
        for mentorship_id in mentorships:
            await VideoSession.end_all_of(await Mentorship.get(id=mentorship_id))
        for conversation in conversations:
            conversation.blocks += 1
            await conversation.store("blocks")
            await Inbox.record(Kind.CONVERSATION_CHANGED, conversation, [by.id])
        return block

    @classmethod
    @transaction
    async def lift(cls, profile_id: UUID, *, by: "Account") -> None:
        """Hear of somebody again. A block that they have put stays."""
        conversations = await _held(by.id, profile_id)
        if await cls.filter(blocker_id=by.id, blocked_id=profile_id).delete():
            for conversation in conversations:
                conversation.blocks -= 1
                await conversation.store("blocks")
                await Inbox.record(Kind.CONVERSATION_CHANGED, conversation, [by.id])


async def must_be_none_between(one: UUID, other: UUID, message: str, field: str | None) -> None:
    """Raise `Refused` with this message where a block stands between the two: it does not say whose."""
    if await Block.between(one, other).exists():
        raise Refused(RefusalCode.NOT_ALLOWED, message, field)


async def _held(one: UUID, other: UUID) -> list[Conversation]:
    """The conversations that two people have to themselves, locked in the order of their ids.

    Then their mentorships: whoever starts a call asks for blocks under that lock. Then their profiles: whoever opens a
    conversation holds its opener's. So what was opened meanwhile is found by looking once more.
    """
    held: dict[UUID, Conversation] = {}

    async def hold() -> None:
        shared = Conversation.exclude(kind=ConversationKind.CIRCLE)
        for person in (one, other):
            shared = shared.filter(id__in=Subquery(Participant.filter(profile_id=person).values("conversation_id")))
        new = [await Conversation.locked(found.id) for found in await shared.order_by("id") if found.id not in held]
        for mentorship_id in sorted(each.mentorship_id for each in new if each.mentorship_id is not None):
            await Mentorship.locked(mentorship_id)
        held.update((each.id, each) for each in new)

    await hold()
    await Profile.hold((one, other))
    await hold()
    return list(held.values())
