"""When everything happened in the demo community: the deeds of all pairs in one order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Final

from api.demo.community import Community, Hope, Pair
from api.demo.deeds import Accept, Aim, Ask, AskInTurn, Complete, Decline, Deed, End, Meet, Read, Say, Withdraw
from api.demo.stories import Line, told
from matching.fit import Side
from models.meeting import MeetingKind
from models.mentorship import Cadence

OPENED: Final = timedelta(days=98)
"""How long ago everybody signed up."""

FIRST_AGENDA: Final = "Get to know each other. What would be a good end to this?"

# How long the pairs have been silent, in minutes.
_SILENT: Final = (9, 26, 70, 150, 300, 540, 1_200, 1_800, 2_600, 3_700, 4_600, 5_800, 7_200, 9_400)
_DAY: Final = 24 * 60
_ENDED: Final = (80 * _DAY, 24 * _DAY)
_PENDING: Final = (200, 1_150, 3_200, 7_300, 12_900)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the two people of this number did so long ago."""

    ago: timedelta
    pair: int
    deed: Deed


@dataclass(frozen=True, slots=True)
class _Span:
    """From the acceptance of a request to the last message, in minutes ago."""

    began: float
    last: float


Steps = Iterator[tuple[float, Deed]]


def timeline(community: Community, random: Random) -> list[Moment]:
    """All deeds, the earliest first. The pairs are numbered as they come, then the requests that made none."""
    silent = iter(random.sample(_SILENT, len(_SILENT)))
    pending = iter(random.sample(_PENDING, len(_PENDING)))
    lives = [
        *(_life(pair, next(silent) if pair.story.farewell is None else None, random) for pair in community.pairs),
        *(_hope(hope, pending, random) for hope in community.hopes),
    ]
    moments = [Moment(timedelta(minutes=ago), number, deed) for number, life in enumerate(lives) for ago, deed in life]
    return sorted(moments, key=lambda moment: -moment.ago)


def _life(pair: Pair, silent: int | None, random: Random) -> Steps:
    """A mentorship from its request on. One that has been `silent` for so many minutes goes on; else it has ended."""
    story = pair.story
    # Who has said more has known each other for longer.
    days = random.uniform(13, 19) + 4.5 * sum(line.later for line in story.talk)
    span = _Span(*_ENDED) if silent is None else _Span(days * _DAY, silent)
    message = told(story.ask, pair.mentor, pair.mentee)
    yield span.began + random.uniform(0.5, 4) * _DAY, Ask(message, story.months, story.cadence)
    yield span.began, Accept()
    yield from _talk(pair, span, random)
    yield from _goals(pair, span, random)
    yield from _meetings(pair, span, random)
    if story.farewell is not None:
        yield span.last - 2 * _DAY, End(told(story.farewell, pair.mentor, pair.mentee))


def _talk(pair: Pair, span: _Span, random: Random) -> Steps:
    """The messages. Who answers after some days has read what was said before; some of the last messages are unread."""
    talk = pair.story.talk
    for number, (line, ago) in enumerate(zip(talk, _said(talk, span, random), strict=True), 1):
        # A quick answer moves the marker by itself.
        if line.later:
            yield ago + 1, Read(line.by, number - 1)
        yield ago, Say(line.by, number, told(line.body, pair.mentor, pair.mentee))
    # Half of the pairs: those who were silent for long, as people do read in the end.
    if span.last > sorted(_SILENT)[len(_SILENT) // 2 - 1]:
        reader = Side.MENTOR if talk[-1].by is Side.MENTEE else Side.MENTEE
        yield span.last * random.uniform(0.6, 0.9), Read(reader, len(talk))


def _said(talk: tuple[Line, ...], span: _Span, random: Random) -> Iterator[float]:
    """How many minutes ago each message was sent. Quick answers take minutes; the other pauses share the rest."""
    pauses: list[tuple[float, float]] = [(0, 0.3)]
    for before, line in pairwise(talk):
        quick = random.uniform(1.5, 4) if before.by is line.by else random.uniform(3, 40)
        pauses.append((0, random.uniform(0.5, 1.5)) if line.later else (quick, 0))
    rest = span.began - span.last - sum(quick for quick, _ in pauses)
    shares = sum(share for _, share in pauses)
    ago = span.began
    for quick, share in pauses:
        ago -= quick + rest * share / shares
        yield ago


def _goals(pair: Pair, span: _Span, random: Random) -> Steps:
    """Each goal is set in its turn; its done steps are spread from there to the last message."""
    length = span.began - span.last
    goals = pair.story.goals
    for index, goal in enumerate(goals):
        start = span.began - length * (index + random.uniform(0.1, 0.2)) / len(goals)
        end = span.began - length * (index + 1) / len(goals)
        due_in = timedelta(days=random.randint(60, 150))
        yield start, Aim(goal.title, goal.why, goal.steps, due_in)
        for step in range(1, goal.done + 1):
            yield start - (start - end) * (step - random.uniform(0.1, 0.5)) / goal.done, Complete(index, step)


def _meetings(pair: Pair, span: _Span, random: Random) -> Steps:
    """One or two meetings that were, and for most pairs one to come."""
    yield span.began - 0.5 * _DAY, _meeting(pair, random.randint(2, 4), FIRST_AGENDA, random)
    if span.began > 40 * _DAY:
        yield span.began / 2 + 10 * _DAY, _meeting(pair, random.randint(3, 6), pair.story.agenda, random)
    if pair.story.farewell is None and random.random() < 0.75:
        yield random.uniform(0.1, 1.5) * _DAY, _meeting(pair, random.randint(3, 10), pair.story.agenda, random)


def _meeting(pair: Pair, in_days: int, agenda: str, random: Random) -> Meet:
    near = pair.mentor.city == pair.mentee.city
    kind = MeetingKind.IN_PERSON if near else MeetingKind.PHONE if random.random() < 0.2 else MeetingKind.VIDEO
    return Meet(in_days, kind, random.choice((30, 45, 60)), agenda)


def _hope(hope: Hope, pending: Iterator[int], random: Random) -> Steps:
    """A request that waits for its answer, was declined, or was withdrawn."""
    approach = hope.approach
    waits = approach.reason is None and not approach.withdrawn
    asked = next(pending) if waits else random.uniform(20, 60) * _DAY
    messages = [told(approach.message, one, hope.mentee, hope.skill) for one in (hope.mentor, *hope.further)]
    months, cadence = random.choice((3, 6, 9)), random.choice(list(Cadence))
    if hope.further:
        yield asked, AskInTurn(tuple(messages), months, cadence)
    else:
        yield asked, Ask(messages[0], months, cadence)
    if approach.reason is not None:
        yield asked - random.uniform(1, 6) * _DAY, Decline(told(approach.reason, hope.mentor, hope.mentee))
    elif approach.withdrawn:
        yield asked - random.uniform(1, 6) * _DAY, Withdraw()
