"""Runs over a programme and their drafts, as rows; and the reads of them."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Any

import strawberry

import models.matching
import models.organisation
import models.profile
import models.request
import realtime.progress
from models.matching import LeftOverSide, MatchingStatus
from models.organisation import HardRule
from models.request import RequestStatus
from schema.connection import Connection, Order, children, page
from schema.context import Info, viewer
from schema.mentorship import Mentorship
from schema.node import Node, as_node, find, global_id_of, id_of, lookup, node, related
from schema.organisation import Programme
from schema.organisation.organisation import ComponentWeight
from schema.plan.read import METADATA, Expression
from schema.profile import Profile
from schema.request import MentorshipRequest
from schema.suggestion import ScoreComponent

LATEST_FIRST = Order("matchings", "-number")
BEST_FIRST = Order("pairs", "-score")
BY_MAKING = Order("leftOver", "created_at")

ASKED = '(SELECT "status" FROM "mentorship_request" AS "asked" WHERE "asked"."id" = {request_id})'

strawberry.enum(MatchingStatus, description="Where a run stands. A draft can be changed, compared and published.")
strawberry.enum(LeftOverSide, description="As what somebody is left over.")
strawberry.enum(HardRule, description="A hard rule of a programme.")


@node(models.matching.MatchedPair, "Two people whom a draft brings together.")
class MatchedPair(Node):
    """Two people."""

    mentee: Profile = related()
    mentor: Profile = related()
    reasons: list[str] = strawberry.field(description="Why the two suit each other, told to the mentee.")
    fixed: bool = strawberry.field(description="It is locked: it stays in the drafts that follow.")
    under_way: bool = strawberry.field(description="The two have a mentorship of this programme already.")
    request: MentorshipRequest | None = related("What came of it, for its two people.")
    mentorship: Mentorship | None = related("What came of it, for its two people.")
    refusal: str | None = strawberry.field(description="Why nothing came of it when it was published.")
    published_at: datetime | None

    @strawberry.field(
        description="Where the request stands that it has become, without what the two say there. An earlier draft may "
        "have made it: such a pair stays while it is pending, and publishing asks nobody anew.",
        metadata={METADATA: Expression(ASKED)},
    )
    async def request_status(root: models.matching.MatchedPair) -> RequestStatus | None:
        """Where its request stands."""
        asked = await models.request.MentorshipRequest.get_or_none(id=root.request_id)
        return None if asked is None else asked.status

    @strawberry.field(description="0 to 1.", metadata={METADATA: Expression("{score} / 1000000.0")})
    def score(root: models.matching.MatchedPair, info: Info) -> float:
        """The score."""
        return root.score / models.matching.MILLION

    @strawberry.field(description="What the score is made of.")
    def components(root: models.matching.MatchedPair) -> list[ScoreComponent]:
        """The parts of the score."""
        return [
            ScoreComponent(name=name, side=side, weight=weight, value=value, contribution=contribution)
            for name, side, weight, value, contribution in root.components
        ]


@strawberry.type(description="How many mentors with places a rule excludes for somebody, and how many no other does.")
class RuleExclusion:
    """What a rule does to somebody."""

    rule: str
    mentors: int
    alone: int


@strawberry.type(description="So many mentees share only so few places: somebody goes without, whoever is chosen.")
class PlaceShortage:
    """A Hall set, of which the first 100 are named."""

    number: int = strawberry.field(description="The same for all who are in the same shortage.")
    mentees: int
    mentors: int
    places: int
    mentee_ids: list[strawberry.ID]
    mentor_ids: list[strawberry.ID]


@node(models.matching.LeftOver, "Somebody whom a draft brings together with nobody.")
class LeftOver(Node):
    """Somebody left over."""

    profile: Profile = related()
    side: LeftOverSide

    @strawberry.field(description="Why, in sentences for an organiser; empty for a mentor whom nobody was given.")
    def reasons(root: models.matching.LeftOver) -> list[str]:
        """Why they are left over."""
        return list(root.reason.get("why", ()))

    @strawberry.field(description="An organiser has parted them from whom they had.")
    def parted(root: models.matching.LeftOver) -> bool:
        """Was a pair of theirs forbidden?"""
        return bool(root.reason.get("forbidden"))

    @strawberry.field(description="How many mentors with places a mentee might have at all.")
    def mentors(root: models.matching.LeftOver) -> int | None:
        """The mentors within the rules."""
        return _known(root.reason.get("mentors"))

    @strawberry.field(description="What each rule excludes.")
    def exclusions(root: models.matching.LeftOver) -> list[RuleExclusion]:
        """The rules that exclude anybody."""
        found = root.reason.get("exclusions", ())
        return [RuleExclusion(rule=rule, mentors=mentors, alone=alone) for rule, mentors, alone in found]

    @strawberry.field(description="Null where a place could be had, but others would lose more by it.")
    def shortage(root: models.matching.LeftOver) -> PlaceShortage | None:
        """The Hall set that they are in."""
        found = root.reason.get("shortage")
        if found is None:
            return None
        counts = {name: found[name] for name in ("number", "mentees", "mentors", "places")}
        return PlaceShortage(
            **counts, mentee_ids=_profiles(found["named_mentees"]), mentor_ids=_profiles(found["named_mentors"])
        )


@strawberry.type(description="How well a draft does, and how evenly. Scores are null where there is no pair.")
class MatchingFigures:
    """Figures of a draft as it was made."""

    pairs: int
    idle_mentors: int = strawberry.field(description="Mentors with places who have nobody.")
    least_score: float | None
    median_score: float | None
    mean_score: float | None
    gini_of_loads: float = strawberry.field(description="0: all mentors have as many mentees; near 1: few have all.")


@node(models.matching.Matching, "A run over a programme, and its draft.")
class Matching(Node):
    """A run over a programme."""

    number: int = strawberry.field(description="Counted from 1 within the programme.")
    status: MatchingStatus
    programme: Programme = related()
    follows: "Matching | None" = related("The draft that it follows.")
    replays: "Matching | None" = related("The run that it makes again.")
    stage: str = strawberry.field(description="While it runs: scoring, solving, proving or explaining.")
    percent: int = strawberry.field(description="How much of its stage, or of its publishing, is done.")
    error: str = strawberry.field(description="Why there is no draft.")
    algorithm: str
    participation_weight: float
    input_digest: str = strawberry.field(description="Stands for all that the run was made of, and the algorithm.")
    result_digest: str | None = strawberry.field(description="Stands for its pairs as they were solved.")
    value: float | None = strawberry.field(description="What its pairs are worth.")
    bound: float | None = strawberry.field(description="What any pairs could be worth at most.")
    gap: float | None = strawberry.field(description="How much better another draft could be at most: .01 is 1 %.")
    created_at: datetime
    ended_at: datetime | None
    pairs: Connection[MatchedPair] = children(BEST_FIRST, "The best first.")
    left_over: Connection[LeftOver] = children(BY_MAKING)

    @strawberry.field(description="Of the draft as it was made, before anything was changed in it.")
    def figures(root: models.matching.Matching) -> MatchingFigures | None:
        """The figures of the draft."""
        return MatchingFigures(**root.figures) if root.figures else None

    @strawberry.field(description="How the programme weighed things then; empty: the usual weights.")
    def weights(root: models.matching.Matching) -> list[ComponentWeight]:
        """How much each component counted."""
        return [ComponentWeight(name=name, weight=weight) for name, weight in (root.weights or {}).items()]


@strawberry.type(description="What another draft means for one mentee.")
class DraftChange:
    """A mentee's mentor before and after."""

    mentee: Profile
    before: Profile | None
    after: Profile | None
    gain: float = strawberry.field(description="By how much the score rises; having nobody counts as 0.")


@strawberry.type(description="Two drafts beside each other.")
class DraftComparison:
    """From one draft to another."""

    same: int
    moved: int = strawberry.field(description="Mentees with another mentor.")
    joined: int = strawberry.field(description="Mentees with a mentor in the second draft alone.")
    dropped: int = strawberry.field(description="Mentees with a mentor in the first draft alone.")
    gaining: int
    losing: int
    changes: list[DraftChange] = strawberry.field(description="The greatest, at most 100.")


@strawberry.type
class MatchingQuery:
    """Reads of runs and drafts."""

    @strawberry.field(description="The runs over a programme, the latest first; for those who run the organisation.")
    def matchings(
        self, info: Info, programme_id: strawberry.ID, first: int | None = None, after: str | None = None
    ) -> Connection[Matching]:
        """The runs of a programme."""
        key = id_of(models.organisation.Programme, programme_id, "programmeId")
        found = models.matching.Matching.visible_to(viewer(info)).filter(programme_id=key)
        return page(found, LATEST_FIRST, first=first, after=after)

    @strawberry.field(description="A run; null where there is none that you may see.")
    def matching(self, info: Info, id: strawberry.ID) -> Matching | None:
        """A run by its global id."""
        return lookup(models.matching.Matching, id, info)

    @strawberry.field(
        description="What another draft of a programme, `withId`, means for the mentees of the first; null where there "
        "is one of them that you may not see."
    )
    async def compare_matchings(
        self, info: Info, matching_id: strawberry.ID, with_id: strawberry.ID
    ) -> DraftComparison | None:
        """Two drafts beside each other."""
        by = viewer(info)
        told = await models.matching.compare(
            id_of(models.matching.Matching, matching_id, "matchingId"),
            id_of(models.matching.Matching, with_id, "withId"),
            by=by,
        )
        if told is None:
            return None
        people = {change.mentee_id for change in told.changes}
        people |= {place[0] for change in told.changes for place in (change.before, change.after) if place}
        rows = {one.id: one for one in await models.profile.Profile.pointed_to(by).filter(id__in=people)}
        counts = {name: getattr(told, name) for name in ("same", "moved", "joined", "dropped", "gaining", "losing")}
        changes = [_change(change, rows) for change in told.changes if change.mentee_id in rows]
        return DraftComparison(**counts, changes=changes)


@strawberry.type
class MatchingSubscription:
    """How runs go on."""

    @strawberry.subscription(
        description="A run as it is, then whenever it has come further, until it, or its publishing, has ended."
    )
    async def matching_progress(self, info: Info, matching_id: strawberry.ID) -> AsyncGenerator[Matching, None]:
        """How far a run is."""
        matching = await find(models.matching.Matching, matching_id, "matchingId", info)
        async with aclosing(realtime.progress.progress(info.context.bells, viewer(info), matching)) as runs:
            async for run in runs:
                yield as_node(run)


def _change(change: models.matching.Change, rows: dict[Any, Any]) -> DraftChange:
    before, after = (as_node(rows.get(place[0])) if place else None for place in (change.before, change.after))
    return DraftChange(mentee=as_node(rows[change.mentee_id]), before=before, after=after, gain=change.gain)


def _profiles(keys: list[Any]) -> list[strawberry.ID]:
    return [global_id_of(models.profile.Profile, key) for key in keys]


def _known(value: Any) -> int | None:
    return None if value is None else int(value)
