"""Reports."""

from datetime import datetime

import strawberry

import models.conversation
import models.profile
import models.report
from models.report import ReportReason
from schema.connection import Connection, Order, page
from schema.context import Info, viewer
from schema.node import Node, as_node, find, id_of, members, node, related
from schema.profile import Profile
from schema.refusal import mutation

NEWEST_FIRST = Order("reports", "-created_at")

strawberry.enum(ReportReason, description="What is wrong.")


@node(models.report.ReportedMessage, "A copy of a message, as it was when it was reported.")
class ReportedMessage(Node):
    """A copy of a message."""

    number: int = strawberry.field(description="Of the message, in its conversation.")
    body: str
    sent_at: datetime
    edited_at: datetime | None


@node(models.report.Report, "Your report about somebody, with copies of the messages that you chose.")
class Report(Node):
    """A report of the viewer's."""

    profile: Profile = related("The person whom you reported.")
    reason: ReportReason
    text: str
    created_at: datetime
    closed_at: datetime | None = strawberry.field(description="When it had been dealt with.")
    reported_messages: list[ReportedMessage] = members("position", description="In their order; at most 50.")


@strawberry.input
class ReportProfileInput:
    """Whom you report, for what, and the messages that show it: at least one is theirs."""

    conversation_id: strawberry.ID
    profile_id: strawberry.ID
    message_ids: list[strawberry.ID]
    reason: ReportReason
    client_id: strawberry.ID
    text: str = ""


@strawberry.type
class ReportProfilePayload:
    """The report, filed."""

    report: Report


@strawberry.type
class ReportQuery:
    """Reads of reports."""

    @strawberry.field(description="Your reports, the newest first.")
    def reports(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Report]:
        """The viewer's reports."""
        return page(models.report.Report.visible_to(viewer(info)), NEWEST_FIRST, first=first, after=after)


@strawberry.type
class ReportMutation:
    """Reporting."""

    @mutation(
        "Report somebody to the people who run this. They read the messages that you choose, as they are now, and "
        "no others. Nobody else hears of it."
    )
    async def report_profile(self, info: Info, input: ReportProfileInput) -> ReportProfilePayload:
        """Report somebody."""
        conversation = await find(models.conversation.Conversation, input.conversation_id, "conversationId", info)
        report = await models.report.Report.file(
            conversation,
            id_of(models.profile.Profile, input.profile_id, "profileId"),
            [id_of(models.conversation.Message, one, "messageIds") for one in input.message_ids],
            by=viewer(info),
            reason=input.reason,
            text=input.text,
            client_id=input.client_id,
        )
        return ReportProfilePayload(report=as_node(report))
