"""The people of a programme as a frozen market: what a run is made of, and can be made of again."""

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from tortoise.expressions import Subquery

from matching.fit import Person
from matching.programme import Contradiction
from matching.programme.frozen import Frozen, frozen_person, market_of
from matching.text import TextSpace
from models.block import Block
from models.matching.options import RunOptions
from models.mentorship import Mentorship, MentorshipStatus
from models.organisation import (
    Cohort,
    PairRule,
    PairRuleKind,
    Participation,
    Programme,
    ProgrammeMode,
    ProgrammeSide,
    rules_over,
)
from models.profile import Profile
from models.refusal import RefusalCode, Refused, not_found
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
    # Whom drafts have asked for, and who wait for an answer.
    asked: list[Pair]
    apart: set[Pair]
    rules: list[PairRule] = field(default_factory=list)

    @property
    def settled(self) -> list[Pair]:
        """The pairs that stay: their mentees look for nobody else, and the places are taken."""
        return [*self.asked, *self.under_way]

    def said(self, kind: PairRuleKind) -> list[Pair]:
        """The pairs of whom the organisers have said that."""
        return [_pair((rule.mentee_id, rule.mentor_id)) for rule in self.rules if rule.kind is kind]


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
    if found.settled and not frozen["mentees"]:
        message = "All who look for a mentor here have one in this programme already, or wait for an answer."
        raise Refused(RefusalCode.WRONG_STATE, message, "programmeId")
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
    ours = set(await Mentorship.under_way_in(programme.id).values_list("mentee_id", "mentor_id"))
    active = set(await pairs.values_list("mentee_id", "mentor_id"))
    blocks = await Block.filter(blocker_id__in=people).values_list("blocker_id", "blocked_id")
    return _Gathered(
        # Without those whose account was deleted meanwhile.
        [one for one in participations if one.profile_id in profiles],
        profiles,
        under_way=sorted(map(_pair, ours)),
        asked=sorted(await asked_in(programme.id)),
        apart={_pair(pair) for pair in active - ours} | {_pair(pair) for one in blocks for pair in (one, one[::-1])},
        rules=await PairRule.filter(programme_id=programme.id).order_by("id"),
    )


def places_of(participation: Participation, profile: Profile, begun: int, asked: int, bound: int) -> int:
    """How many mentees somebody may have in a run in all, `bound` of whom stay theirs.

    They have `begun` with so many in the programme, also some who are in no run any more, and are `asked` for so many.
    What the person says in their profile holds for all programmes together.
    """
    free: int = profile.capacity - profile.mentees - asked
    if participation.capacity is not None:
        free = min(free, participation.capacity - begun - asked)
    return bound + max(0, free)


def _market(programme: Programme, options: RunOptions, ties: Ties, found: _Gathered) -> Frozen:
    sides = _sides(found)
    bound, mentors, must = sides.bound, sides.mentors, sides.must(found)
    barred = {*found.said(PairRuleKind.NEVER)} | found.apart
    capacity = _capacity(mentors, found, bound)
    locked = [pair for pair in ties.locked if pair[0] in sides.mentees and pair not in barred]
    kept = _kept(locked, capacity, {*bound.items(), *must})

    def both(pairs: Collection[Pair]) -> list[list[str]]:
        return sorted([mentee, mentor] for mentee, mentor in pairs if mentee in sides.mentees and mentor in mentors)

    return {
        "people": [frozen_person(person_in(one, found.profiles[one.profile_id])) for one in found.participations],
        "mentees": [*sides.mentees],
        "capacity": capacity,
        "weights": programme.weights,
        "participation": programme.participation_weight,
        "rules": list(rules_over(programme, found.participations, found.profiles, options.relax)),
        "must": [list(pair) for pair in must],
        "never": both(barred | set(ties.forbidden)),
        "locked": both({*bound.items(), *kept}),
        "previous": both(ties.previous),
        "stickiness": options.stickiness,
        "fairness": options.fairness,
        "min_load_reward": options.first_mentee_reward,
        "under_way": both({*bound.items()} & {*found.under_way}),
    }


@dataclass(frozen=True, slots=True)
class _Sides:
    """Who is what in a run, by their places in it. `bound`: the mentor of each mentee who has one there already."""

    mentees: dict[str, None]
    mentors: dict[str, Participation]
    bound: dict[str, str]

    def must(self, found: _Gathered) -> list[Pair]:
        """The pairs that must be, of people who are to be paired in the run.

        What stands between two people is not told: a rule of theirs that cannot be kept is as if it were not there.
        So is one of somebody who has a mentor, for as long as they do.
        """
        return [
            pair
            for pair in found.said(PairRuleKind.MUST)
            if pair not in found.apart
            and pair[0] in self.mentees
            and pair[1] in self.mentors
            and self.bound.get(pair[0], pair[1]) == pair[1]
        ]


def _sides(found: _Gathered) -> _Sides:
    mentees = [str(one.profile_id) for one in found.participations if one.side is not ProgrammeSide.MENTOR]
    mentors = {str(one.profile_id): one for one in found.participations if one.side is not ProgrammeSide.MENTEE}
    there = [pair for pair in found.settled if pair[0] in {*mentees} and pair[1] in mentors]
    # Whoever has several mentors already is bound to one of them in the run; to whom they must be, if they have them.
    bound = dict([*there, *({*there} & {*found.said(PairRuleKind.MUST)})])
    # A mentee has one mentor in a programme: whose mentor is not in this run is not looking for any in it.
    has_mentor = {mentee for mentee, _ in found.settled}
    return _Sides({one: None for one in mentees if one in bound or one not in has_mentor}, mentors, bound)


def _kept(locked: Collection[Pair], capacity: dict[str, int], others: set[Pair]) -> list[Pair]:
    """Of what was locked, that stays which can still be beside `others`; the first where places have become few."""
    left = Counter(capacity)
    left.subtract(mentor for _, mentor in others)
    bound, kept = dict(others), []
    for mentee, mentor in locked:
        if (mentee, mentor) in others or (mentee not in bound and left[mentor] > 0):
            kept.append((mentee, mentor))
            left[mentor] -= (mentee, mentor) not in others
    return kept


def _capacity(mentors: dict[str, Participation], found: _Gathered, bound: dict[str, str]) -> dict[str, int]:
    pairs = found.under_way, found.asked, bound.items()
    begun, asked, stays = (Counter(mentor for _, mentor in some) for some in pairs)
    return {
        key: places_of(one, found.profiles[one.profile_id], begun[key], asked[key], stays[key])
        for key, one in mentors.items()
    }


def person_in(participation: Participation, profile: Profile) -> Person:
    """Somebody with what they answered for this programme, which counts as what they want."""
    known = person_of(profile)
    return replace(known, id=str(profile.id), goals=_wanted(known.goals, participation.answers))


def _wanted(goals: str, answers: Sequence[Sequence[str]] | None) -> str:
    return "\n".join(filter(None, (goals, "\n".join(text for _, text in answers or ()))))


async def space_in(programme_id: UUID) -> TextSpace:
    """How rare the grams of texts are among all who take part, as a run over the programme as it is now learns it."""
    # In the order of the unique index: by another one all would be sorted anew for each page.
    people = Participation.filter(programme_id=programme_id).order_by("profile_id").limit(AT_ONCE)
    columns = ("profile_id", "answers", "profile__goals", "profile__headline", "profile__experience")
    texts: list[str] = []
    rows = await people.values_list(*columns)
    while rows:
        for _, answers, goals, *about in rows:
            texts += [_wanted(goals, answers), "\n".join(filter(None, about))]
        rows = await people.filter(profile_id__gt=rows[-1][0]).values_list(*columns)
    return await asyncio.to_thread(TextSpace, texts)


async def asked_in(programme_id: UUID) -> dict[Pair, UUID]:
    """The pairs whom drafts have asked for in a programme, and who wait for an answer; with their requests."""
    from models.matching.draft import MatchedPair

    found = await MatchedPair.asked_in(programme_id).values_list("id", "mentee_id", "mentor_id")
    return {_pair((mentee, mentor)): key for key, mentee, mentor in found}


def _pair(people: tuple[UUID, UUID]) -> Pair:
    mentee, mentor = people
    return str(mentee), str(mentor)
