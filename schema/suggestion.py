"""Suggestions: who would suit the viewer, with the reasons."""

from uuid import UUID

import strawberry

import models.suggestion
from matching.ranking import Suggestion as Ranked
from models.profile import Profile as ProfileRow
from schema.connection import PageInfo, foreign_cursor, page_info, size
from schema.context import Info, viewer
from schema.node import as_node
from schema.profile import Profile


@strawberry.type(description="A part of a score: value times weight, and what it adds to the whole.")
class ScoreComponent:
    """A part of a score."""

    name: str
    side: str = strawberry.field(description="Whose wish it is about: mentee or mentor.")
    weight: float
    value: float = strawberry.field(description="0 to 1.")
    contribution: float = strawberry.field(description="The contributions of a score add up to it.")


@strawberry.type(description="A mentor who would suit you.")
class SuggestionEdge:
    """A mentor who would suit the viewer."""

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


@strawberry.type
class SuggestionQuery:
    """Suggestions."""

    @strawberry.field(description="The mentors with a free place who suit you best, the best first, with the reasons.")
    async def suggestions(self, info: Info, first: int | None = None, after: str | None = None) -> SuggestionConnection:
        """The best mentors for the viewer."""
        wanted = size(first, "first")
        place = None if after is None else _place(after)
        # One more than asked for tells whether there is another page.
        found = await models.suggestion.suggest(viewer(info), limit=wanted + 1, after=place)
        edges = [_edge(profile, suggestion) for profile, suggestion in found[:wanted]]
        return SuggestionConnection(
            edges=edges,
            page_info=page_info([edge.cursor for edge in edges], more=len(found) > wanted, less=after is not None),
        )


def _edge(profile: ProfileRow, suggestion: Ranked) -> SuggestionEdge:
    return SuggestionEdge(
        node=as_node(profile),
        cursor=f"suggestions:{profile.id}:{suggestion.fit.score!r}",
        score=suggestion.fit.score,
        reasons=list(suggestion.reasons),
        components=[
            ScoreComponent(
                name=str(part.name),
                side=str(part.side),
                weight=part.weight,
                value=part.value,
                contribution=part.contribution,
            )
            for part in suggestion.fit.components
        ],
    )


def _place(cursor: str) -> tuple[float, UUID]:
    name, key, score = [*cursor.split(":"), "", ""][:3]
    try:
        if name != "suggestions" or not 0 <= float(score) <= 1:
            raise ValueError(cursor)
        return float(score), UUID(key)
    except ValueError:
        raise foreign_cursor("after") from None
