"""The inbox: the one stream of what changes for the viewer."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import strawberry

from models.account import Account as AccountRow
from models.base import Base
from models.conversation import Conversation as ConversationRow
from models.conversation import Message as MessageRow
from models.conversation import Notification as NotificationRow
from models.conversation import ScheduledMessage as ScheduledMessageRow
from models.goal import Goal as GoalRow
from models.inbox import Cursor, Kind
from models.meeting import Meeting as MeetingRow
from models.mentorship import Mentorship as MentorshipRow
from models.request import MentorshipRequest as RequestRow
from models.video import VideoSession as VideoSessionRow
from realtime import feed
from realtime.logs import Delivery
from schema.context import Info, viewer
from schema.conversation import Conversation, Message, ScheduledMessage
from schema.goal import Goal
from schema.meeting import Meeting
from schema.mentorship import Mentorship
from schema.node import as_node, global_id_of
from schema.notification import Notification
from schema.request import MentorshipRequest
from schema.video import VideoSession

CURSOR = "Resume with `inbox(after:)` from here."


@strawberry.interface(description="Something happened.")
class InboxEvent:
    """Something happened."""

    cursor: str = strawberry.field(description=CURSOR)


@strawberry.type(description="A message was sent, by somebody else or from another device of yours.")
class MessageCreated(InboxEvent):
    """A message was sent."""

    message: Message


@strawberry.type(description="A message was edited, deleted, pinned, or has changed in another way.")
class MessageUpdated(InboxEvent):
    """A message has changed."""

    message: Message


@strawberry.type(description="Somebody has put a reaction under a message, or taken one back.")
class ReactionChanged(InboxEvent):
    """The reactions to a message have changed."""

    message: Message


@strawberry.type(description="A message that you wrote for later was scheduled, sent, cancelled, or could not be sent.")
class ScheduledMessageChanged(InboxEvent):
    """A scheduled message has changed."""

    scheduled: ScheduledMessage


@strawberry.type(description="A conversation was opened or has changed: its people, its title, or how you keep it.")
class ConversationChanged(InboxEvent):
    """A conversation has changed."""

    conversation: Conversation


@strawberry.type(description="You have left a conversation, or were put out of it: forget it. It has no node any more.")
class ConversationLeft(InboxEvent):
    """The viewer is out of a conversation."""

    conversation_id: strawberry.ID


@strawberry.type(description="Somebody has read further in a conversation, or got more of it.")
class ReadMarkerMoved(InboxEvent):
    """Somebody has read further."""

    conversation: Conversation


@strawberry.type(description="A request was made, has its turn, was answered, withdrawn, or has expired.")
class RequestChanged(InboxEvent):
    """A request has changed."""

    request: MentorshipRequest


@strawberry.type(description="A mentorship has begun or ended.")
class MentorshipChanged(InboxEvent):
    """A mentorship has changed."""

    mentorship: Mentorship


@strawberry.type(description="A goal or one of its milestones was added or changed.")
class GoalChanged(InboxEvent):
    """A goal has changed."""

    goal: Goal


@strawberry.type(description="A meeting was agreed on or called off.")
class MeetingChanged(InboxEvent):
    """A meeting has changed."""

    meeting: Meeting


@strawberry.type(description="A call has begun, come alive, or ended.")
class VideoSessionChanged(InboxEvent):
    """A call has changed."""

    session: VideoSession


@strawberry.type(description="There is something that you should not overlook.")
class NotificationCreated(InboxEvent):
    """A notification was made."""

    notification: Notification


@strawberry.type(
    description="Some of your notifications were read, here or on another device: this one, and perhaps older ones. "
    "`viewer { unreadNotifications }` counts those that are left."
)
class NotificationsRead(InboxEvent):
    """Notifications were read."""

    notification: Notification


@strawberry.type(
    description="Your cursor is too old, or of another inbox: read what you show anew, and go on from here."
)
class ResyncRequired(InboxEvent):
    """Read anew."""


Event = Annotated[
    MessageCreated
    | MessageUpdated
    | ReactionChanged
    | ScheduledMessageChanged
    | ConversationChanged
    | ConversationLeft
    | ReadMarkerMoved
    | RequestChanged
    | MentorshipChanged
    | GoalChanged
    | MeetingChanged
    | VideoSessionChanged
    | NotificationCreated
    | NotificationsRead
    | ResyncRequired,
    strawberry.union("InboxItem", description="One entry of the inbox."),
]

# For each kind of event but CONVERSATION_LEFT, whose subject is seen no more: the model of its subject, and the type
# and field under which a client sees it.
SUBJECTS: dict[Kind, tuple[type[Base], Any, str]] = {
    Kind.MESSAGE_CREATED: (MessageRow, MessageCreated, "message"),
    Kind.MESSAGE_UPDATED: (MessageRow, MessageUpdated, "message"),
    Kind.REACTION_CHANGED: (MessageRow, ReactionChanged, "message"),
    Kind.SCHEDULED_MESSAGE_CHANGED: (ScheduledMessageRow, ScheduledMessageChanged, "scheduled"),
    Kind.CONVERSATION_CHANGED: (ConversationRow, ConversationChanged, "conversation"),
    Kind.READ_MARKER_MOVED: (ConversationRow, ReadMarkerMoved, "conversation"),
    Kind.REQUEST_CHANGED: (RequestRow, RequestChanged, "request"),
    Kind.MENTORSHIP_CHANGED: (MentorshipRow, MentorshipChanged, "mentorship"),
    Kind.GOAL_CHANGED: (GoalRow, GoalChanged, "goal"),
    Kind.MEETING_CHANGED: (MeetingRow, MeetingChanged, "meeting"),
    Kind.VIDEO_SESSION_CHANGED: (VideoSessionRow, VideoSessionChanged, "session"),
    Kind.NOTIFICATION_CREATED: (NotificationRow, NotificationCreated, "notification"),
    Kind.NOTIFICATIONS_READ: (NotificationRow, NotificationsRead, "notification"),
}


@strawberry.type
class InboxSubscription:
    """The inbox."""

    @strawberry.subscription(
        description="What happened after a cursor, then what happens: each event once, in order, without a gap. "
        "Without a cursor, from now on. Take the first cursor from `viewer { inboxCursor }`."
    )
    async def inbox(self, info: Info, after: str | None = None) -> AsyncGenerator[Event, None]:
        """The viewer's events."""
        by = viewer(info)
        cursor = None if after is None else Cursor.parse(after)
        async with aclosing(feed.inbox(info.context.bells, by, cursor)) as items:
            async for item in items:
                event = await event_of(item, by)
                if event is not None:
                    yield event


async def event_of(item: Delivery | feed.Resync, by: AccountRow) -> Any:
    """The event as its subscriber sees it; None where they may not see its subject any more."""
    if isinstance(item, feed.Resync):
        return ResyncRequired(cursor=item.cursor)
    if item.event.kind is Kind.CONVERSATION_LEFT:
        left = global_id_of(ConversationRow, item.event.subject_id)
        return ConversationLeft(cursor=item.cursor, conversation_id=left)
    model, event, name = SUBJECTS[item.event.kind]
    # What the viewer may no longer see is passed over: the next event's cursor lies behind it.
    subject = await model.visible_to(by).get_or_none(id=item.event.subject_id)
    return None if subject is None else event(cursor=item.cursor, **{name: as_node(subject)})
