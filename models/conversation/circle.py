"""Circles: conversations of many, with roles."""

from collections.abc import Collection, Iterable
from typing import Self
from uuid import UUID

from models.account import Account
from models.conversation.contact import in_touch, reachable
from models.conversation.conversation import Conversation, ConversationKind
from models.conversation.opening import ConversationOpening
from models.conversation.participant import Participant, Role
from models.database import transaction
from models.inbox import Inbox, Kind
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid, not_found
from models.text import line

MOST_PEOPLE = 200

# The greatest first.
RANKS = (Role.OWNER, Role.MODERATOR, Role.MEMBER)


class Circle:
    """A conversation of many. Owners and moderators lead it; only owners give roles.

    Who takes part is decided under the conversation's lock, as is what is sent: whoever is out gets nothing more.
    """

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.people: dict[UUID, Participant] = {}

    @classmethod
    @transaction
    async def open(
        cls, title: str, profile_ids: Collection[UUID], *, by: Account, client_id: str | None = None
    ) -> Conversation:
        """A new circle, which `by` owns and these people are members of.

        A retry with the key finds the first, as long as `by` is in it: who has left sees no more of it.
        """
        title = line(title, "title")
        invited = set(profile_ids) - {by.id}
        content = {"title": title, "profile_ids": sorted(invited)}
        # Whoever opens several at once is counted one after the other.
        await Profile.locked(by.id)
        if first := await ConversationOpening.made_before(by, client_id, **content):
            return await Conversation.seen_by(by, first.conversation_id, "clientId")
        circle = cls(Conversation(kind=ConversationKind.CIRCLE, title=title))
        await circle._must_take(invited, by)
        await ConversationOpening.must_not_be_many(by)
        await circle.conversation.save(force_create=True)
        await ConversationOpening.make(by, client_id, content, conversation_id=circle.conversation.id)
        await circle._join([by.id], Role.OWNER)
        await circle._join([one for one in dict.fromkeys(profile_ids) if one in invited])
        await circle._announce()
        return circle.conversation

    @transaction
    async def rename(self, title: str, *, by: Account) -> Conversation:
        """Give it another title."""
        title = line(title, "title")
        circle = await self._held(by)
        circle._must_lead(by)
        if circle.conversation.title != title:
            circle.conversation.title = title
            await circle.conversation.store("title")
            await circle._announce()
        return circle.conversation

    @transaction
    async def add(self, profile_ids: Collection[UUID], *, by: Account) -> Conversation:
        """Let these people in; who is in stays as they are. They see what was said before; none of it is unread."""
        circle = await self._held(by)
        circle._must_lead(by)
        if invited := set(profile_ids) - circle.people.keys():
            await circle._must_take(invited, by)
            await circle._join([one for one in dict.fromkeys(profile_ids) if one in invited])
            await circle._announce()
        return circle.conversation

    @transaction
    async def remove(self, profile_id: UUID, *, by: Account) -> Conversation:
        """Put somebody out. They hear that they have left, and nothing after it."""
        circle = await self._held(by)
        circle._must_lead(by)
        part = circle._part_of(profile_id)
        if profile_id == by.id:
            raise invalid("Leave the conversation, if you want to be out of it.", "profileId")
        if part.role is not Role.MEMBER and circle.people[by.id].role is not Role.OWNER:
            raise Refused(RefusalCode.NOT_ALLOWED, "Only an owner may put out those who lead the circle.", "profileId")
        await circle._part_with(part)
        return circle.conversation

    @transaction
    async def leave(self, *, by: Account) -> None:
        """Be out of it, always. Where nobody else owns it, the one who has led, or been in it, for the longest does.

        Once the last has left, nobody sees it any more, and it is closed.
        """
        circle = await self._held(by)
        part = circle.people[by.id]
        staying = [one for one in circle.people.values() if one is not part]
        if staying and circle._is_last_owner(part):
            heir = min(staying, key=lambda one: (RANKS.index(one.role), one.created_at, one.id))
            heir.role = Role.OWNER
            await heir.store("role")
        if not staying:
            await circle.conversation.close()
        await circle._part_with(part)

    @transaction
    async def set_role(self, profile_id: UUID, role: Role, *, by: Account) -> Conversation:
        """Give somebody a role. A circle keeps at least one owner."""
        circle = await self._held(by)
        if circle.people[by.id].role is not Role.OWNER:
            raise Refused(RefusalCode.NOT_ALLOWED, "Only an owner of the circle may give roles.")
        part = circle._part_of(profile_id)
        if part.role is role:
            return circle.conversation
        if circle._is_last_owner(part):
            raise Refused(RefusalCode.WRONG_STATE, "Make somebody else an owner first.", "role")
        part.role = role
        await part.store("role")
        await circle._announce()
        return circle.conversation

    async def _held(self, by: Account) -> Self:
        """The circle as it is now, under its conversation's lock. Raises `Refused` unless `by` is in it."""
        circle = type(self)(await Conversation.locked(self.conversation.id))
        circle.people = {one.profile_id: one for one in await Participant.filter(conversation_id=self.conversation.id)}
        if by.id not in circle.people:
            raise not_found("conversation", "conversationId")
        if circle.conversation.kind is not ConversationKind.CIRCLE:
            raise Refused(RefusalCode.NOT_ALLOWED, "This is the conversation of two, and no circle.", "conversationId")
        return circle

    def _must_lead(self, by: Account) -> None:
        if self.people[by.id].role is Role.MEMBER:
            raise Refused(RefusalCode.NOT_ALLOWED, "Only an owner or a moderator of the circle may do this.")

    async def _must_take(self, invited: set[UUID], by: Account) -> None:
        """Raise `Refused` where these people cannot be let in by this one."""
        # Whoever opens a circle will be in it.
        if len(self.people.keys() | {by.id}) + len(invited) > MOST_PEOPLE:
            raise Refused(RefusalCode.LIMIT_REACHED, f"A circle has at most {MOST_PEOPLE} people.", "profileIds")
        named = dict(await Profile.visible_to(by).filter(id__in=invited).values_list("id", "name"))
        if len(named) < len(invited):
            raise not_found("profile", "profileIds")
        refusing = invited - await reachable(by, invited)
        if refusing:
            refusing -= await in_touch(by, refusing)
        if refusing:
            name = min(named[one] for one in refusing)
            raise Refused(RefusalCode.NOT_ALLOWED, f"You cannot write to {name} now.", "profileIds")

    def _part_of(self, profile_id: UUID) -> Participant:
        if profile_id not in self.people:
            raise not_found("person in this circle", "profileId")
        return self.people[profile_id]

    def _is_last_owner(self, part: Participant) -> bool:
        return [one for one in self.people.values() if one.role is Role.OWNER] == [part]

    async def _join(self, people: Iterable[UUID], role: Role = Role.MEMBER) -> None:
        # What was said before is there for whoever comes, and is nothing that waits to be read.
        read = self.conversation.last_number
        joining = [
            Participant(
                conversation_id=self.conversation.id,
                profile_id=one,
                role=role,
                read_number=read,
                delivered_number=read,
            )
            for one in people
        ]
        await Participant.bulk_create(joining)
        self.people |= {part.profile_id: part for part in joining}

    async def _part_with(self, part: Participant) -> None:
        await part.delete()
        await Inbox.hold(self.people)
        del self.people[part.profile_id]
        await Inbox.record(Kind.CONVERSATION_LEFT, self.conversation, [part.profile_id])
        await self._announce()

    async def _announce(self) -> None:
        await Inbox.record(Kind.CONVERSATION_CHANGED, self.conversation, self.people)
