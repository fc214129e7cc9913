"""The people of a programme as a frozen market: what a run is made of, and can be made of again."""

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from tortoise.expressions import Q, Subquery

from matching.fit import Person
from matching.programme import Contradiction
from matching.programme.frozen import Frozen, frozen_person, market_of
from models.block import Block
from models.matching.options import HardRule, RunOptions
from models.mentorship import Mentorship, MentorshipStatus
from models.organisation import Cohort, PairRule, PairRuleKind, Participation, Programme, ProgrammeMode, ProgrammeSide
from models.profile import Profile
from models.refusal import RefusalCode, Refused, not_found
from models.request import MentorshipRequest
from models.suggestion.reading import person_of

MOST_PEOPLE = 100_000

# So many profiles are read at once: others are served in between.
AT_ONCE = 500

Pair = tuple[str, str]

# The fields of a market that an organiser has set under another name.
FIELDS = {"weights": "programmeId", "fairness": "fairness", "stickiness": "stickiness"}


@dataclass(frozen=True, slots=True)
class Ties:
    """What a draft hands on to the one that follows it: pairs that stay, pairs that may not be, and all its pairs."""

    locked: Collection[Pair] = ()
    forbidden: Collection[Pair] = ()
    previous: Collection[Pair] = ()


@dataclass
class _Gathered:
    participations: list[Participation]
    profiles: dict[UUID, Profile]
    under_way: list[Pair]
    apart: set[Pair]
    rules: list[PairRule] = field(default_factory=list)


async def freeze(programme: Programme, options: RunOptions, ties: Ties) -> Frozen:
    """The market of a programme as it is now. Raises `Refused` where it cannot be solved, saying what to mend."""
    options.must_be_possible()
    if programme.mode is ProgrammeMode.SELF:
        message = "In this programme people find each other themselves; make its mode HYBRID first."
        raise Refused(RefusalCode.WRONG_STATE, message, "programmeId")
    if options.cohort_id and not await Cohort.exists(id=options.cohort_id, programme_id=programme.id):
        raise not_found("cohort of this programme", "cohortId")
    found = await _gather(programme, options)
    frozen = _market(programme, options, ties, found)
    try:
        # Thousands of people take a moment to be looked through; others are served meanwhile.
        await asyncio.to_thread(market_of, frozen)
    except Contradiction as error:
        names = {str(one.id): one.name for one in found.profiles.values()}
        message = UUID_TEXT.sub(lambda key: names.get(key[0], key[0]), str(error))
        raise Refused(RefusalCode.WRONG_STATE, message, FIELDS.get(error.field, "programmeId")) from None
    return frozen


UUID_TEXT = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def _gather(programme: Programme, options: RunOptions) -> _Gathered:
    taking_part = Participation.filter(programme_id=programme.id)
    if options.cohort_id is not None:
        taking_part = taking_part.filter(cohort_id=options.cohort_id)
    participations = await taking_part.order_by("id").limit(MOST_PEOPLE + 1)
    if len(participations) > MOST_PEOPLE:
        raise Refused(RefusalCode.LIMIT_REACHED, f"At most {MOST_PEOPLE:,} people are matched at once.", "programmeId")
    profiles: dict[UUID, Profile] = {}
    keys = [one.profile_id for one in participations]
    for start in range(0, len(keys), AT_ONCE):
        some = Profile.filter(id__in=keys[start : start + AT_ONCE])
        profiles |= {one.id: one for one in await some.prefetch_related("skills_offered", "skills_wanted")}
    people = Subquery(taking_part.values("profile_id"))
    pairs = Mentorship.filter(status=MentorshipStatus.ACTIVE, mentee_id__in=people)
    ours = set(await under_way(programme).values_list("mentee_id", "mentor_id"))
    active = set(await pairs.values_list("mentee_id", "mentor_id"))
    blocks = await Block.filter(blocker_id__in=people).values_list("blocker_id", "blocked_id")
    return _Gathered(
        participations,
        profiles,
        under_way=sorted(map(_pair, ours)),
        apart={_pair(pair) for pair in active - ours} | {_pair(pair) for one in blocks for pair in (one, one[::-1])},
        rules=await PairRule.filter(programme_id=programme.id).order_by("id"),
    )


def under_way(programme: Programme) -> Any:
    """The active mentorships that came of this programme, by a draft or by a request in it."""
    from models.matching.draft import MatchedPair
    from models.matching.matching import Matching

    drafts = Matching.filter(programme_id=programme.id).values("id")
    made = MatchedPair.filter(matching_id__in=Subquery(drafts), mentorship_id__isnull=False).values("mentorship_id")
    asked = MentorshipRequest.filter(programme_id=programme.id).values("id")
    of_it = Q(id__in=Subquery(made)) | Q(request_id__in=Subquery(asked))
    return Mentorship.filter(of_it, status=MentorshipStatus.ACTIVE)


def places_of(participation: Participation, profile: Profile, taken: int) -> int:
    """How many mentees somebody may have in a programme in all, `taken` of whom they have already.

    What the person says in their profile holds for all programmes together.
    """
    free: int = taken + max(0, profile.capacity - profile.mentees)
    wished: int | None = participation.capacity
    return free if wished is None else min(wished, free)


def _market(programme: Programme, options: RunOptions, ties: Ties, found: _Gathered) -> Frozen:
    people = [
        frozen_person(_person(one, found.profiles[one.profile_id]))
        for one in found.participations
        if one.profile_id in found.profiles
    ]
    there = {data[0] for data in people}
    taken = Counter(mentor for _, mentor in found.under_way)
    mentees = [str(one.profile_id) for one in found.participations if one.side is not ProgrammeSide.MENTOR]
    capacity = {
        str(one.profile_id): places_of(one, found.profiles[one.profile_id], taken[str(one.profile_id)])
        for one in found.participations
        if one.side is not ProgrammeSide.MENTEE
    }
    must = [_pair((rule.mentee_id, rule.mentor_id)) for rule in found.rules if rule.kind is PairRuleKind.MUST]
    never = {_pair((rule.mentee_id, rule.mentor_id)) for rule in found.rules if rule.kind is PairRuleKind.NEVER}

    def both(pairs: Collection[Pair]) -> list[list[str]]:
        return sorted([mentee, mentor] for mentee, mentor in pairs if mentee in there and mentor in capacity)

    bound = {mentee for mentee, _ in found.under_way}
    # Of what was locked, that stays which can still be.
    kept = [pair for pair in ties.locked if pair[0] not in bound and pair not in never]
    return {
        "people": people,
        "mentees": mentees,
        "capacity": capacity,
        "weights": programme.weights,
        "participation": programme.participation_weight,
        "rules": list(_rules(programme, options, found)),
        "must": [list(pair) for pair in must if options.cohort_id is None or {*pair} <= there],
        "never": both(never | found.apart | set(ties.forbidden)),
        "locked": both({*found.under_way, *kept}),
        "previous": both(ties.previous),
        "stickiness": options.stickiness,
        "fairness": options.fairness,
        "min_load_reward": options.first_mentee_reward,
        "under_way": both(found.under_way),
    }


def _rules(programme: Programme, options: RunOptions, found: _Gathered) -> Iterator[dict[str, Any]]:
    asked = [rule for rule in HardRule if getattr(programme, rule.setting) and rule not in options.relax]

    def by(values: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        return {key: value for key, value in values if value}

    def of(name: str) -> dict[str, Any]:
        return by([(str(one.profile_id), getattr(one, name).casefold()) for one in found.participations])

    for rule in asked:
        match rule:
            case HardRule.DIFFERENT_TEAM:
                yield _rule("differ", rule.words, of("team"), of("team"))
            case HardRule.NO_LINE_MANAGER:
                yield _rule("differ", rule.words, of("manager"), of("staff_key"))
                yield _rule("differ", "not whom one manages", of("staff_key"), of("manager"))
                yield _rule("differ", "not the same line manager", of("manager"), of("manager"))
            case HardRule.SHARED_LANGUAGE:
                spoken = by(
                    [
                        (str(one.id), sorted({tag.partition("-")[0].lower() for tag in one.languages}))
                        for one in found.profiles.values()
                    ]
                )
                yield _rule("share", rule.words, spoken, spoken)
            case HardRule.SAME_SITE:
                sites = {key: [site] for key, site in of("site").items()}
                yield _rule("share", rule.words, sites, sites)


def _rule(kind: str, name: str, mentees: dict[str, Any], mentors: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "name": name, "mentees": mentees, "mentors": mentors}


def _person(participation: Participation, profile: Profile) -> Person:
    """Somebody with what they answered for this programme, which counts as what they want."""
    known = person_of(profile)
    answers = "\n".join(text for _, text in participation.answers or ())
    return replace(known, id=str(profile.id), goals="\n".join(filter(None, (known.goals, answers))))


def _pair(people: tuple[UUID, UUID]) -> Pair:
    mentee, mentor = people
    return str(mentee), str(mentor)
