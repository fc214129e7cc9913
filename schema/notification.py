"""Notifications: what the viewer should not overlook."""

from datetime import datetime

import strawberry

import models.conversation
from models.conversation import NotificationKind
from schema.account import Account
from schema.connection import Connection, Order, page
from schema.context import Info, viewer
from schema.conversation import Message, ScheduledMessage
from schema.node import Node, as_node, find, node, related
from schema.organisation import Membership
from schema.refusal import mutation

NEWEST_FIRST = Order("notifications", "-created_at")

strawberry.enum(NotificationKind, description="What a notification is about.")


@node(models.conversation.Notification, "What you should not overlook. Nobody else sees it.")
class Notification(Node):
    """What its account should not overlook."""

    kind: NotificationKind
    created_at: datetime
    read_at: datetime | None
    message: Message | None = related("The message that it is about, as long as you may see it.")
    scheduled_message: ScheduledMessage | None = related("Your message that could not be sent.")
    membership: Membership | None = related("The invitation that it is about; accept it, or end it.")


@strawberry.input
class MarkNotificationReadInput:
    """The notification that you have read, and perhaps all before it."""

    notification_id: strawberry.ID
    and_older: bool = strawberry.field(default=False, description="You have read all that came before it, too.")


@strawberry.type
class MarkNotificationReadPayload:
    """The notification, read; your account counts those that are not."""

    notification: Notification
    account: Account


@strawberry.type
class NotificationQuery:
    """Reads of notifications."""

    @strawberry.field(description="Your notifications, the newest first; with `unread`, those that you have not read.")
    def notifications(
        self, info: Info, first: int | None = None, after: str | None = None, unread: bool = False
    ) -> Connection[Notification]:
        """The viewer's notifications."""
        found = models.conversation.Notification.visible_to(viewer(info))
        if unread:
            found = found.filter(read_at__isnull=True)
        return page(found, NEWEST_FIRST, first=first, after=after)


@strawberry.type
class NotificationMutation:
    """Changes of notifications."""

    @mutation("Say that you have read a notification. Reading a conversation reads what is about its messages.")
    async def mark_notification_read(self, info: Info, input: MarkNotificationReadInput) -> MarkNotificationReadPayload:
        """Read a notification."""
        found = await find(models.conversation.Notification, input.notification_id, "notificationId", info)
        read = await found.mark_read(by=viewer(info), and_older=input.and_older)
        return MarkNotificationReadPayload(notification=as_node(read), account=as_node(viewer(info)))
