"""Suggestions: who would suit the viewer, with the reasons; and whom they do not want to see again."""

from datetime import datetime
from uuid import UUID

import strawberry

import models.matching
import models.organisation
import models.profile
import models.suggestion
from matching.fit import Fit
from matching.ranking import Suggestion as Ranked
from models.suggestion import MatchRole
from schema.connection import Connection, Order, PageInfo, foreign_cursor, page, page_info, size
from schema.context import Info, viewer
from schema.node import Node, as_node, id_if_given, id_of, node, related
from schema.plan.executor import Records
from schema.profile import Profile
from schema.refusal import mutation

NEWEST_FIRST = Order("dismissals", "-created_at")

strawberry.enum(MatchRole, description="As what you look for others: as a mentee for mentors, as a mentor for mentees.")


@strawberry.type(description="A part of a score: value times weight, and what it adds to the whole.")
class ScoreComponent:
    """A part of a score."""

    name: str
    side: str = strawberry.field(description="Whose wish it is about: mentee or mentor.")
    weight: float
    value: float = strawberry.field(description="0 to 1.")
    contribution: float = strawberry.field(description="The contributions of a score add up to it.")


@strawberry.type(description="Somebody who would suit you.")
class SuggestionEdge:
    """Somebody who would suit the viewer."""

    node: Profile
    cursor: str
    score: float = strawberry.field(description="0 to 1: the harmonic mean of how well each suits the other.")
    reasons: list[str]
    components: list[ScoreComponent]


@strawberry.type(description="A page of suggestions.")
class SuggestionConnection:
    """A page of suggestions."""

    edges: list[SuggestionEdge]
    page_info: PageInfo


@strawberry.type(description="Why two people would suit each other, and why not.")
class MatchExplanation:
    """Why two people would suit each other, and why not."""

    score: float = strawberry.field(description="0 to 1: the harmonic mean of how well each suits the other.")
    components: list[ScoreComponent]
    reasons: list[str]
    weaknesses: list[str] = strawberry.field(description="What lowers the score, the weightiest first.")
    obstacles: list[str] = strawberry.field(
        description="Why the other is not suggested to you, or the two cannot be paired in the programme; else empty."
    )


@node(models.suggestion.Dismissal, "Somebody who is not suggested to you any more. They are not told.")
class Dismissal(Node):
    """A dismissal of the viewer's."""

    profile: Profile = related()
    role: MatchRole
    created_at: datetime


@strawberry.input
class DismissSuggestionInput:
    """Who is not to be suggested, and as what you look for others."""

    profile_id: strawberry.ID
    role: MatchRole = MatchRole.MENTEE


@strawberry.input
class RestoreSuggestionInput:
    """Who may be suggested again, and as what you look for others."""

    profile_id: strawberry.ID
    role: MatchRole = MatchRole.MENTEE


@strawberry.type
class DismissSuggestionPayload:
    """The dismissal."""

    dismissal: Dismissal


@strawberry.type
class RestoreSuggestionPayload:
    """The person who may be suggested again."""

    profile: Profile


@strawberry.type
class SuggestionQuery:
    """Suggestions."""

    @strawberry.field(
        description="Whom you might ask, the best first, with the reasons: mentors with a free place, or mentees for "
        "whom you have one. They are ranked by the score; of mentors who suit about as well, those who are asked less "
        "come first. A change shows in the next page: the cursor is a place in the ranking."
    )
    async def suggestions(
        self, info: Info, role: MatchRole = MatchRole.MENTEE, first: int | None = None, after: str | None = None
    ) -> SuggestionConnection:
        """The best mentors or mentees for the viewer."""
        wanted = size(first, "first")
        place = None if after is None else _place(after)
        # One more than asked for tells whether there is another page.
        found = await models.suggestion.suggest(viewer(info), role=role, limit=wanted + 1, after=place)
        edges = [_edge(profile, suggestion) for profile, suggestion in found[:wanted]]
        return SuggestionConnection(
            edges=edges,
            page_info=page_info([edge.cursor for edge in edges], more=len(found) > wanted, less=after is not None),
        )

    @strawberry.field(
        description="Why you and another would suit each other as mentor and mentee, and why not; null where there is "
        "no such person whom you may see, or you are not one of the two. With a programme: why any two of its people "
        "would, by its weights and rules, in the words that the mentee would read; null unless you help to run it and "
        "both take part."
    )
    async def explain_match(
        self, info: Info, mentor_id: strawberry.ID, mentee_id: strawberry.ID, programme_id: strawberry.ID | None = None
    ) -> MatchExplanation | None:
        """The fit of the viewer and another, or of two people of a programme."""
        mentor = id_of(models.profile.Profile, mentor_id, "mentorId")
        mentee = id_of(models.profile.Profile, mentee_id, "menteeId")
        programme = id_if_given(models.organisation.Programme, programme_id, "programmeId")
        if programme is None:
            found = await models.suggestion.explain_match(viewer(info), mentor, mentee)
        else:
            found = await models.matching.explain_in(programme, mentor, mentee, viewer=viewer(info))
        if found is None:
            return None
        return MatchExplanation(
            score=found.fit.score,
            components=_components(found.fit),
            reasons=list(found.reasons),
            weaknesses=list(found.weaknesses),
            obstacles=list(found.obstacles),
        )

    @strawberry.field(description="Whom you have dismissed, the newest first.")
    def dismissed_suggestions(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Dismissal]:
        """The viewer's dismissals."""
        return page(models.suggestion.Dismissal.visible_to(viewer(info)), NEWEST_FIRST, first=first, after=after)


@strawberry.type
class SuggestionMutation:
    """Changes of what is suggested."""

    @mutation("Suggest somebody no more. They are not told. `restoreSuggestion` undoes it.")
    async def dismiss_suggestion(self, info: Info, input: DismissSuggestionInput) -> DismissSuggestionPayload:
        """Dismiss a suggestion."""
        key = id_of(models.profile.Profile, input.profile_id, "profileId")
        put = await models.suggestion.Dismissal.put(key, input.role, by=viewer(info))
        return DismissSuggestionPayload(dismissal=as_node(put))

    @mutation("Suggest somebody again, where they suit.")
    async def restore_suggestion(self, info: Info, input: RestoreSuggestionInput) -> RestoreSuggestionPayload:
        """Take a dismissal back."""
        by, key = viewer(info), id_of(models.profile.Profile, input.profile_id, "profileId")
        profile = await models.profile.Profile.seen_by(by, key, "profileId")
        await models.suggestion.Dismissal.lift(key, input.role, by=by)
        return RestoreSuggestionPayload(profile=as_node(profile))


def _edge(profile: models.profile.Profile, suggestion: Ranked) -> SuggestionEdge:
    return SuggestionEdge(
        node=as_node(profile),
        cursor=f"suggestions:{profile.id}:{suggestion.rank!r}",
        score=suggestion.fit.score,
        reasons=list(suggestion.reasons),
        components=_components(suggestion.fit),
    )


def _components(fit: Fit) -> list[ScoreComponent]:
    return Records(
        ScoreComponent(
            name=str(part.name),
            side=str(part.side),
            weight=part.weight,
            value=part.value,
            contribution=part.contribution,
        )
        for part in fit.components
    )


def _place(cursor: str) -> tuple[float, UUID]:
    name, key, rank = [*cursor.split(":"), "", ""][:3]
    try:
        # A price may take it below 0.
        if name != "suggestions" or not -1 <= float(rank) <= 1:
            raise ValueError(cursor)
        return float(rank), UUID(key)
    except ValueError:
        raise foreign_cursor("after") from None
