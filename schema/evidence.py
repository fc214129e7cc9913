"""Evidence: messages that a pair keeps with a goal or a meeting."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import models.conversation
import models.evidence
from models.goal import Goal as GoalRow
from models.meeting import Meeting as MeetingRow
from models.refusal import invalid
from schema.connection import Order
from schema.context import Info, viewer
from schema.conversation import Message
from schema.node import Node, as_node, find, node, related
from schema.profile import Profile
from schema.refusal import mutation

if TYPE_CHECKING:
    from schema.goal import Goal
    from schema.meeting import Meeting

BY_AGE = Order("evidence", "created_at")


@node(models.evidence.Evidence, "A copy of a message, kept with a goal or a meeting.")
class Evidence(Node):
    """A copy of a message, kept with a goal or a meeting."""

    body: str = strawberry.field(description="What the message said when it was forwarded.")
    writer: Profile = related("Who wrote the message.")
    written_at: datetime
    author: Profile = related("Who forwarded it.")
    created_at: datetime
    message: Message | None = related("The message, where you see it yourself.")


@strawberry.input
class ForwardMessageInput:
    """A message, and either a goal or a meeting to keep a copy with."""

    message_id: strawberry.ID
    goal_id: strawberry.ID | None = None
    meeting_id: strawberry.ID | None = None
    client_id: strawberry.ID | None = None


@strawberry.input
class RemoveEvidenceInput:
    """The copy that goes."""

    evidence_id: strawberry.ID


@strawberry.type
class ForwardMessagePayload:
    """The copy."""

    evidence: Evidence


@strawberry.type
class RemoveEvidencePayload:
    """What it was kept with: one of the two."""

    goal: Annotated["Goal", strawberry.lazy("schema.goal")] | None = None
    meeting: Annotated["Meeting", strawberry.lazy("schema.meeting")] | None = None


async def _place(input: ForwardMessageInput, info: Info) -> GoalRow | MeetingRow:
    if input.goal_id is not None and input.meeting_id is None:
        return await find(GoalRow, input.goal_id, "goalId", info)
    if input.meeting_id is not None and input.goal_id is None:
        return await find(MeetingRow, input.meeting_id, "meetingId", info)
    raise invalid("Give a goal or a meeting, and not both.", "goalId" if input.goal_id is None else "meetingId")


@strawberry.type
class EvidenceMutation:
    """Changes of evidence. Either side of the mentorship may make them."""

    @mutation(
        "Keep a copy of a message with a goal or a meeting: of one that you wrote, or of one of that mentorship's "
        "conversation."
    )
    async def forward_message(self, info: Info, input: ForwardMessageInput) -> ForwardMessagePayload:
        """Keep a copy of a message."""
        place = await _place(input, info)
        message = await find(models.conversation.Message, input.message_id, "messageId", info)
        kept = await models.evidence.Evidence.forward(message, place, by=viewer(info), client_id=input.client_id)
        return ForwardMessagePayload(evidence=as_node(kept))

    @mutation("Take a copy of a message away from its goal or meeting.")
    async def remove_evidence(self, info: Info, input: RemoveEvidenceInput) -> RemoveEvidencePayload:
        """Take a copy away."""
        evidence = await find(models.evidence.Evidence, input.evidence_id, "evidenceId", info)
        place = await evidence.remove(by=viewer(info))
        if isinstance(place, GoalRow):
            return RemoveEvidencePayload(goal=as_node(place))
        return RemoveEvidencePayload(meeting=as_node(place))
