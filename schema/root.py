"""The schema: every concept's queries, mutations and subscriptions under one root."""

import strawberry
from graphql import print_schema
from strawberry.schema.config import StrawberryConfig

from schema.account import AccountMutation, AccountQuery
from schema.block import BlockMutation, BlockQuery
from schema.circle import CircleMutation
from schema.context import Info, viewer
from schema.conversation import (
    ConversationMutation,
    ConversationQuery,
    MessageMutation,
    ScheduledMessageMutation,
    ScheduledMessageQuery,
)
from schema.discovery import DiscoveryMutation, DiscoveryQuery
from schema.evidence import EvidenceMutation
from schema.goal import GoalMutation
from schema.inbox import InboxSubscription
from schema.keeping import KeepingMutation
from schema.matching import MatchingMutation, MatchingQuery, MatchingSubscription
from schema.meeting import MeetingMutation
from schema.mentorship import MentorshipMutation, MentorshipQuery
from schema.node import Node, as_node, parse
from schema.notification import NotificationMutation, NotificationQuery
from schema.organisation import OrganisationMutation, OrganisationQuery, ProgrammeMutation
from schema.presence import PresenceMutation, PresenceSubscription
from schema.profile import ProfileMutation, ProfileQuery
from schema.refusal import Refusals
from schema.report import ReportMutation, ReportQuery
from schema.request import RequestMutation, RequestQuery
from schema.search import SearchQuery
from schema.signal import VideoSubscription
from schema.skill import SkillQuery
from schema.suggestion import SuggestionMutation, SuggestionQuery
from schema.video import VideoMutation, VideoQuery


@strawberry.type
class Query(
    AccountQuery,
    ProfileQuery,
    DiscoveryQuery,
    SkillQuery,
    SuggestionQuery,
    OrganisationQuery,
    MatchingQuery,
    RequestQuery,
    MentorshipQuery,
    ConversationQuery,
    SearchQuery,
    BlockQuery,
    ReportQuery,
    ScheduledMessageQuery,
    NotificationQuery,
    VideoQuery,
):
    """All reads."""

    @strawberry.field(description="Anything with an id; null where there is nothing that you may see.")
    def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Whatever has this global id."""
        found = parse(id)
        if found is None:
            return None
        model, key = found
        return as_node(model.visible_to(viewer(info)).get_or_none(id=key))


@strawberry.type
class Mutation(
    AccountMutation,
    ProfileMutation,
    OrganisationMutation,
    ProgrammeMutation,
    MatchingMutation,
    DiscoveryMutation,
    RequestMutation,
    MentorshipMutation,
    GoalMutation,
    MeetingMutation,
    ConversationMutation,
    MessageMutation,
    BlockMutation,
    ReportMutation,
    SuggestionMutation,
    PresenceMutation,
    ScheduledMessageMutation,
    EvidenceMutation,
    CircleMutation,
    KeepingMutation,
    NotificationMutation,
    VideoMutation,
):
    """All changes. Each answers its payload, or a `Refusal` that says what to mend."""


@strawberry.type
class Subscription(InboxSubscription, PresenceSubscription, MatchingSubscription, VideoSubscription):
    """What is live."""


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    exception_handlers=[Refusals()],
    config=StrawberryConfig(disable_field_suggestions=True, batching_config=None),
)


def sdl() -> str:
    """The schema in GraphQL's own language, as it is kept in `schema/schema.graphql`."""
    return print_schema(schema._schema) + "\n"
