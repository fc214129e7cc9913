"""What organisers do with runs and drafts."""

from dataclasses import replace

import strawberry

import models.matching
import models.organisation
from models.matching import RunOptions
from models.organisation import HardRule
from schema.context import Info, viewer
from schema.matching.matching import MatchedPair, Matching
from schema.node import as_node, find, global_id, id_if_given, id_of
from schema.refusal import mutation


@strawberry.input
class RunOptionsInput:
    """What is chosen for one run."""

    cohort_id: strawberry.ID | None = strawberry.field(default=None, description="One cohort; else all.")
    relax: list[HardRule] = strawberry.field(default_factory=list, description="Rules that are not asked for.")
    fairness: float = strawberry.field(default=0, description="0: scores count as they are; 1: low ones far more.")
    first_mentee_reward: float = strawberry.field(
        default=0, description="What a mentor's first mentee counts beside the score, so that nobody waits."
    )
    client_id: strawberry.ID | None = None

    def options(self) -> RunOptions:
        """The same, with the key of the cohort."""
        return RunOptions(
            cohort_id=id_if_given(models.organisation.Cohort, self.cohort_id, "cohortId"),
            relax=tuple(dict.fromkeys(self.relax)),
            fairness=self.fairness,
            first_mentee_reward=self.first_mentee_reward,
        )


@strawberry.input
class RunMatchingInput(RunOptionsInput):
    """A run over a programme."""

    programme_id: strawberry.ID


@strawberry.input
class ResolveMatchingInput(RunOptionsInput):
    """A run that follows a draft, over the programme as it is now."""

    matching_id: strawberry.ID
    stickiness: float = strawberry.field(
        default=0.02, description="By how much score another pair must be better before one of the draft is parted."
    )

    def options(self) -> RunOptions:
        """The same, with what keeps pairs together."""
        return replace(super().options(), stickiness=self.stickiness)


@strawberry.input
class ReplayMatchingInput:
    """The run that is made again, of what it was made of."""

    matching_id: strawberry.ID
    client_id: strawberry.ID | None = None


@strawberry.input
class CancelMatchingInput:
    """The run that is broken off."""

    matching_id: strawberry.ID


@strawberry.input
class PublishMatchingInput:
    """The draft whose pairs become requests or mentorships."""

    matching_id: strawberry.ID


@strawberry.input
class LockPairInput:
    """The pair that stays whatever follows, or no more."""

    pair_id: strawberry.ID
    locked: bool = True


@strawberry.input
class ForbidPairInput:
    """The pair that may not be."""

    pair_id: strawberry.ID


@strawberry.input
class SwapPairsInput:
    """Two pairs of a draft, which exchange their mentors."""

    pair_id: strawberry.ID
    with_pair_id: strawberry.ID


@strawberry.type
class RunMatchingPayload:
    """The run, which has been asked for. `matchingProgress` tells how far it is."""

    matching: Matching


@strawberry.type
class ResolveMatchingPayload:
    """The run that follows."""

    matching: Matching


@strawberry.type
class ReplayMatchingPayload:
    """The run that makes it again: its `resultDigest` is the same."""

    matching: Matching


@strawberry.type
class CancelMatchingPayload:
    """The run, broken off."""

    matching: Matching


@strawberry.type
class PublishMatchingPayload:
    """The draft, which is being published."""

    matching: Matching


@strawberry.type
class LockPairPayload:
    """The pair, locked or no more."""

    pair: MatchedPair


@strawberry.type
class ForbidPairPayload:
    """The pair that is no more."""

    pair_id: strawberry.ID


@strawberry.type
class SwapPairsPayload:
    """The two pairs with the mentors exchanged."""

    pair: MatchedPair
    other: MatchedPair


@strawberry.type
class MatchingMutation:
    """What organisers do with runs and drafts."""

    @mutation("Match a programme as it is now. It is worked off in the background, and leaves a draft.")
    async def run_matching(self, info: Info, input: RunMatchingInput) -> RunMatchingPayload:
        """Ask for a run."""
        programme = await find(models.organisation.Programme, input.programme_id, "programmeId", info)
        run = await models.matching.Matching.run(programme, input.options(), by=viewer(info), client_id=input.client_id)
        return RunMatchingPayload(matching=as_node(run))

    @mutation("Match again what a draft was of: locked pairs stay, forbidden ones do not come again, few others move.")
    async def resolve_matching(self, info: Info, input: ResolveMatchingInput) -> ResolveMatchingPayload:
        """Ask for a run that follows a draft."""
        draft = await find(models.matching.Matching, input.matching_id, "matchingId", info)
        run = await draft.follow(input.options(), by=viewer(info), client_id=input.client_id)
        return ResolveMatchingPayload(matching=as_node(run))

    @mutation("Make a run again, of exactly what it was made of.")
    async def replay_matching(self, info: Info, input: ReplayMatchingInput) -> ReplayMatchingPayload:
        """Ask for the same run again."""
        draft = await find(models.matching.Matching, input.matching_id, "matchingId", info)
        run = await draft.replay(by=viewer(info), client_id=input.client_id)
        return ReplayMatchingPayload(matching=as_node(run))

    @mutation("Break a run off. It leaves no draft.")
    async def cancel_matching(self, info: Info, input: CancelMatchingInput) -> CancelMatchingPayload:
        """Break a run off."""
        run = await find(models.matching.Matching, input.matching_id, "matchingId", info)
        return CancelMatchingPayload(matching=as_node(await run.cancel(by=viewer(info))))

    @mutation(
        "Publish a draft: each pair becomes a request or a mentorship, as the programme says, or tells why it cannot."
    )
    async def publish_matching(self, info: Info, input: PublishMatchingInput) -> PublishMatchingPayload:
        """Publish a draft."""
        draft = await find(models.matching.Matching, input.matching_id, "matchingId", info)
        return PublishMatchingPayload(matching=as_node(await models.matching.publish(draft, by=viewer(info))))

    @mutation("Lock a pair of a draft, or unlock it.")
    async def lock_pair(self, info: Info, input: LockPairInput) -> LockPairPayload:
        """Lock a pair."""
        pair = await find(models.matching.MatchedPair, input.pair_id, "pairId", info)
        return LockPairPayload(pair=as_node(await pair.lock(input.locked, by=viewer(info))))

    @mutation("Take a pair out of a draft, and keep it out of those that follow.")
    async def forbid_pair(self, info: Info, input: ForbidPairInput) -> ForbidPairPayload:
        """Forbid a pair."""
        pair = await find(models.matching.MatchedPair, input.pair_id, "pairId", info)
        await pair.forbid(by=viewer(info))
        return ForbidPairPayload(pair_id=global_id(pair))

    @mutation("Exchange the mentors of two pairs of a draft, where the rules allow it.")
    async def swap_pairs(self, info: Info, input: SwapPairsInput) -> SwapPairsPayload:
        """Exchange mentors."""
        pair = await find(models.matching.MatchedPair, input.pair_id, "pairId", info)
        other = id_of(models.matching.MatchedPair, input.with_pair_id, "withPairId")
        mine, theirs = await pair.swap(other, by=viewer(info))
        return SwapPairsPayload(pair=as_node(mine), other=as_node(theirs))
