"""A messenger of two people in plain Python: what was said, what each is told, and what a device makes of that."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from models.account import Account
from models.block import Block
from models.conversation import Conversation, Message, MessageVersion, Participant, Reaction
from models.inbox import Cursor, Entry, Inbox, InboxEvent, Kind
from models.refusal import RefusalCode
from realtime import feed
from realtime.bells import Bells
from realtime.feed import Resync
from tests.people import Pair

# What may be told of, beside a message by its id: a person's marker, whether more may be said, and one's own block.
Key = UUID | tuple[str, UUID] | str

CLOSED, BLOCKED = "closed", "blocked"

# Days. A message that is so old can no longer be edited, or deleted; an event that is so old is pruned.
EDIT_DAYS, DELETE_DAYS, KEPT_DAYS = 1, 2, 3


@dataclass
class Said:
    """A message. Its number is its place among all."""

    id: UUID
    number: int
    author: UUID
    day: int
    # What was given with its key, and what it says now.
    given: str
    body: str
    versions: list[str] = field(default_factory=list)
    deleted: bool = False
    reactions: set[tuple[UUID, str]] = field(default_factory=set)


@dataclass
class Told:
    """An event as it should be in a log."""

    position: int
    kind: Kind
    subject_id: UUID
    day: int


@dataclass
class Log:
    """What one person should have been told; all, and how much of it has been pruned."""

    events: list[Told] = field(default_factory=list)
    pruned: int = 0
    # What has changed since they were last told of it: of that their devices know nothing.
    untold: set[Key] = field(default_factory=set)

    @property
    def kept(self) -> list[Told]:
        """What is still in it."""
        return self.events[self.pruned :]


@dataclass
class Messenger:
    """The model. Its verbs do what the verbs of the domain should, and answer what those should be refused with."""

    people: tuple[UUID, UUID]
    conversation: UUID
    mentorship: UUID
    day: int = 0
    said: list[Said] = field(default_factory=list)
    keys: dict[tuple[UUID, str], Said] = field(default_factory=dict)
    read: Counter[UUID] = field(default_factory=Counter)
    blockers: set[UUID] = field(default_factory=set)
    ended: bool = False
    logs: dict[UUID, Log] = field(default_factory=dict)

    @property
    def mute(self) -> RefusalCode | None:
        """Why nothing more may be said."""
        if self.ended:
            return RefusalCode.WRONG_STATE
        return RefusalCode.NOT_ALLOWED if self.blockers else None

    def unread(self, who: UUID) -> int:
        """How many messages somebody has not read."""
        return len(self.said) - self.read[who]

    def tell(
        self, kind: Kind, subject: UUID, people: Iterable[UUID], changed: Iterable[Key], day: int | None = None
    ) -> None:
        """Some are told of what has changed; the others know nothing of it."""
        told = set(people)
        for who, log in self.logs.items():
            if who in told:
                log.events.append(Told(len(log.events) + 1, kind, subject, self.day if day is None else day))
                log.untold -= {subject} if kind in OF_MESSAGES else self._of_conversation()
            else:
                log.untold |= set(changed)

    def _of_conversation(self) -> set[Key]:
        return {("marker", self.people[0]), ("marker", self.people[1]), CLOSED, BLOCKED}

    def _hearing(self, by: UUID) -> Iterable[UUID]:
        return self.people if self.mute is None else [by]

    def refusal_of_send(self, by: UUID, key: str, body: str) -> RefusalCode | None:
        """The key is looked up first, then it is asked what is allowed."""
        if before := self.keys.get((by, key)):
            return None if before.given == body else RefusalCode.CLIENT_ID_REUSED
        return self.mute

    def send(self, id: UUID, by: UUID, key: str, body: str, day: int) -> Said:
        """The message of this key; the first, for a retry."""
        if before := self.keys.get((by, key)):
            return before
        message = self.keys[by, key] = Said(id, len(self.said) + 1, by, day, body, body)
        self.said.append(message)
        self.read[by] = message.number
        self.tell(Kind.MESSAGE_CREATED, id, self.people, (), day)
        return message

    def edit(self, message: Said, body: str, by: UUID) -> RefusalCode | None:
        """Say it differently."""
        if message.author != by:
            return RefusalCode.NOT_ALLOWED
        if message.deleted:
            return RefusalCode.WRONG_STATE
        if message.body == body:
            return None
        if self.mute is not None:
            return self.mute
        if message.day + EDIT_DAYS <= self.day:
            return RefusalCode.EXPIRED
        message.versions.append(message.body)
        message.body = body
        self.tell(Kind.MESSAGE_UPDATED, message.id, self.people, ())
        return None

    def delete(self, message: Said, by: UUID) -> RefusalCode | None:
        """Take it back."""
        if message.author != by:
            return RefusalCode.NOT_ALLOWED
        if message.deleted:
            return None
        if message.day + DELETE_DAYS <= self.day:
            return RefusalCode.EXPIRED
        message.body, message.deleted = "", True
        message.versions.clear()
        message.reactions.clear()
        self.tell(Kind.MESSAGE_UPDATED, message.id, self._hearing(by), [message.id])
        return None

    def react(self, message: Said, emoji: str, by: UUID) -> RefusalCode | None:
        """Put an emoji under it."""
        if (by, emoji) in message.reactions:
            return None
        if message.deleted:
            return RefusalCode.WRONG_STATE
        if self.mute is not None:
            return self.mute
        message.reactions.add((by, emoji))
        self.tell(Kind.REACTION_CHANGED, message.id, self.people, ())
        return None

    def unreact(self, message: Said, emoji: str, by: UUID) -> RefusalCode | None:
        """Take it from there."""
        if (by, emoji) in message.reactions:
            message.reactions.remove((by, emoji))
            self.tell(Kind.REACTION_CHANGED, message.id, self._hearing(by), [message.id])
        return None

    def mark_read(self, number: int, by: UUID) -> RefusalCode | None:
        """Read up to there."""
        if not 0 <= number <= len(self.said):
            return RefusalCode.INVALID
        if number > self.read[by]:
            self.read[by] = number
            self.tell(Kind.READ_MARKER_MOVED, self.conversation, self._hearing(by), [("marker", by)])
        return None

    def end(self) -> None:
        """No more is said."""
        if not self.ended:
            self.ended = True
            self.tell(Kind.MENTORSHIP_CHANGED, self.mentorship, self.people, ())

    def block(self, by: UUID, *, lift: bool) -> None:
        """Hear no more of the other; or again."""
        if (by in self.blockers) is lift:
            self.blockers ^= {by}
            # Nor does the other hear that the marker of `by` is hidden, or is shown again.
            self.tell(Kind.CONVERSATION_CHANGED, self.conversation, [by], [("marker", by)])

    def prune(self) -> None:
        """Each log loses its beginning, up to the first event that is young."""
        for log in self.logs.values():
            while log.kept and log.kept[0].day + KEPT_DAYS <= self.day:
                log.pruned += 1


OF_MESSAGES = {Kind.MESSAGE_CREATED, Kind.MESSAGE_UPDATED, Kind.REACTION_CHANGED}


@dataclass
class State:
    """What a client shows: the messages, and of the conversation the markers, whether it is closed, one's block."""

    known: dict[Key, Any] = field(default_factory=dict)

    @classmethod
    async def fresh(cls, viewer: Account, conversation_id: UUID) -> "State":
        """As it is read, through what the viewer may see."""
        state = cls()
        messages = await Message.visible_to(viewer).filter(conversation_id=conversation_id)
        await state.show_messages(viewer, messages)
        await state.show_conversation(viewer, conversation_id)
        return state

    async def fold(self, event: Any, viewer: Account, conversation_id: UUID) -> None:
        """What a client does with an event: it shows the event's subject as that is now."""
        if event.kind in OF_MESSAGES:
            message = await Message.visible_to(viewer).get(id=event.subject_id)
            await self.show_messages(viewer, [message])
            if event.kind is Kind.MESSAGE_CREATED:
                # Whoever writes has read so far.
                mine: Key = ("marker", message.author_id)
                self.known[mine] = max(self.known.get(mine, 0), message.number)
        else:
            await self.show_conversation(viewer, conversation_id)

    async def show_messages(self, viewer: Account, messages: Sequence[Message]) -> None:
        """Show them as they are."""
        reactions: dict[UUID, set[tuple[UUID, str]]] = {one.id: set() for one in messages}
        for reaction in await Reaction.visible_to(viewer).filter(message_id__in=list(reactions)):
            reactions[reaction.message_id].add((reaction.profile_id, reaction.emoji))
        for one in messages:
            deleted = one.deleted_at is not None
            self.known[one.id] = (one.number, one.author_id, one.body, deleted, reactions[one.id])

    async def show_conversation(self, viewer: Account, conversation_id: UUID) -> None:
        """Show the markers and whether more can be said."""
        conversation = await Conversation.visible_to(viewer).get(id=conversation_id)
        self.known[CLOSED] = conversation.closed_at is not None
        self.known[BLOCKED] = await Block.visible_to(viewer).exists()
        for key in [key for key in self.known if isinstance(key, tuple)]:
            del self.known[key]
        # Across a block, the other's is not shown.
        for part in await Participant.showing(viewer).filter(conversation_id=conversation_id):
            self.known["marker", part.profile_id] = part.read_number


@dataclass
class Device:
    """A client of one person: it reads the state once, and folds into it what it hears from then on."""

    account: Account
    conversation_id: UUID
    state: State
    cursor: Cursor
    # The position from which on it has heard, what it has heard from there, and how often it was told to resync.
    since: int
    heard: list[Entry] = field(default_factory=list)
    resyncs: int = 0

    @classmethod
    async def new(cls, account: Account, conversation_id: UUID) -> "Device":
        """One that has read the state; the cursor first, so that what happens in between is heard."""
        cursor = (await Inbox.get(id=account.id)).cursor()
        return cls(account, conversation_id, await State.fresh(account, conversation_id), cursor, cursor.position)

    async def listen(self, bells: Bells) -> None:
        """Hear on from its cursor until cancelled; told to resync, it reads the state anew."""
        async with aclosing(feed.inbox(bells, self.account, self.cursor, 3600.0)) as items:
            async for item in items:
                self.cursor = Cursor.parse(item.cursor)
                if isinstance(item, Resync):
                    self.state = await State.fresh(self.account, self.conversation_id)
                    self.since, self.heard, self.resyncs = self.cursor.position, [], self.resyncs + 1
                else:
                    await self.state.fold(item.event, self.account, self.conversation_id)
                    self.heard.append(item.event)


def check_device(model: Messenger, device: Device) -> None:
    """It has heard what its account was told from where it began to where it is, once and in order."""
    heard = [(each.position, each.kind, each.subject_id) for each in device.heard]
    told = model.logs[device.account.id].events[device.since : device.cursor.position]
    assert heard == [(each.position, each.kind, each.subject_id) for each in told], "a device heard something else"


async def check_states(model: Messenger, account: Account, devices: Sequence[Device]) -> None:
    """What those that have heard all have made of it is what a new one reads, as far as their account was told."""
    if not devices:
        return
    fresh = (await State.fresh(account, model.conversation)).known
    for device in devices:
        known = device.state.known
        differing = {key for key in {*known, *fresh} if known.get(key) != fresh.get(key)}
        assert differing <= model.logs[account.id].untold, "events lead to another state"


async def check_rows(model: Messenger, two: Pair) -> None:
    """What is stored is what the model has: each message once, in one order, and what hangs on it."""
    messages = await Message.filter(conversation_id=two.conversation.id).order_by("number")
    assert [message.number for message in messages] == list(range(1, len(messages) + 1)), "the numbers are not dense"
    ids = [message.id for message in messages]
    versions: dict[UUID, list[str]] = {each: [] for each in ids}
    reactions: dict[UUID, set[tuple[UUID, str]]] = {each: set() for each in ids}
    for version in await MessageVersion.filter(message_id__in=ids).order_by("number"):
        versions[version.message_id].append(version.body)
    for reaction in await Reaction.filter(message_id__in=ids):
        reactions[reaction.message_id].add((reaction.profile_id, reaction.emoji))
    found = [
        (one.id, one.author_id, one.body, one.deleted_at is not None, versions[one.id], reactions[one.id])
        for one in messages
    ]
    assert found == [(one.id, one.author, one.body, one.deleted, one.versions, one.reactions) for one in model.said]


async def check_logs(model: Messenger, two: Pair) -> None:
    """Each log is what its account should have been told, from where it was pruned; and the unread are counted."""
    last = (await Conversation.get(id=two.conversation.id)).last_number
    for account in (two.mentor, two.mentee):
        log, end = model.logs[account.id], (await Inbox.get(id=account.id)).position
        found = [(each.position, each.kind, each.subject_id) for each in await InboxEvent.following(account, 0)]
        assert found == [(each.position, each.kind, each.subject_id) for each in log.kept], (
            "a log is not as it should be"
        )
        assert end == len(log.events)
        mine = await Participant.get(conversation_id=two.conversation.id, profile_id=account.id)
        assert last - mine.read_number == model.unread(account.id)
