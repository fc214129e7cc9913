"""The checker: a history in, the violations of the messenger's promises out. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise

from tests.journeys.nemesis.fold import folded
from tests.journeys.nemesis.history import Attempt, Event, History, Stored

# What ends what passes between two people, and the event that says so.
TOLD_AT_THE_END = {"endMentorship": "MentorshipChanged", "blockProfile": "ConversationChanged"}

# What one may do in a conversation that has closed, and the events that it makes: for whoever does it alone.
ALLOWED_AFTER_THE_END = {"markRead", "deleteMessage", "removeReaction"}
TOLD_TO_ITS_DOER = {"ReadMarkerMoved", "MessageUpdated", "ReactionChanged"}


@dataclass(frozen=True)
class Violation:
    """A promise that was broken, by its name in `PROMISES`, and where."""

    promise: str
    detail: str


def violations(history: History) -> list[Violation]:
    """Every promise that the history breaks, with every place."""
    return [Violation(promise, detail) for promise, check in PROMISES.items() for detail in check(history)]


def acknowledged_is_stored(history: History) -> Iterator[str]:
    """A message that was acknowledged is in the database as it was answered, and as often as it was asked."""
    stored = {one.id: one for one in history.stored}
    for attempt in _sends(history):
        for sent in [attempt.answer, *attempt.later]:
            if sent is None or "id" not in sent:
                continue
            found = stored.get(sent["id"])
            if found is None:
                yield f"{attempt.key} was acknowledged as {sent['id']}, which is not stored"
            elif (found.number, found.conversation) != (sent["number"], attempt.conversation):
                yield f"{attempt.key} was acknowledged with {sent}, and is stored as {found}"


def refused_is_not_stored(history: History) -> Iterator[str]:
    """Nothing is left of a message that was refused."""
    stored = {(one.author, one.client_id) for one in history.stored}
    for attempt in _sends(history):
        if attempt.refused is not None and (attempt.who, attempt.key) in stored:
            yield f"{attempt.key} was refused ({attempt.refused}), and is stored"


def no_doubles(history: History) -> Iterator[str]:
    """A key makes one message, and every answer to it is that message."""
    for (author, key), found in _by_key(history.stored).items():
        if len(found) > 1:
            yield f"{key} of {author} is stored {len(found)} times: {[one.number for one in found]}"
    for (author, body), times in Counter((one.author, one.body) for one in history.stored if one.body).items():
        if times > 1:
            yield f"{author} said {body!r} once, and it is stored {times} times"
    for attempt in _sends(history):
        for answer in attempt.later:
            if answer.get("id") != (attempt.answer or {}).get("id"):
                yield f"{attempt.key} was answered with {attempt.answer}, then with {answer}"


def content(history: History) -> Iterator[str]:
    """What is stored, and what is heard, is what its author said, or has made of it since; nobody else said a word."""
    said = {(one.who, one.key): one for one in _sends(history)}
    stored = {one.id: one for one in history.stored}
    bodies = _bodies(history)
    for one in history.stored:
        attempt = said.get((one.author, one.client_id or ""))
        if attempt is None:
            yield f"nobody said {one}"
        elif attempt.conversation != one.conversation or one.body not in {attempt.said["body"], *bodies[one.id]}:
            yield f"{one} is not what was said: {attempt.said}"
    for device in history.devices:
        for event in device.heard:
            heard, known = event.seen.get("message"), stored.get(event.subject)
            if heard is None or known is None:
                continue
            attempt = said.get((known.author, known.client_id or ""))
            allowed = {known.body, *bodies[known.id], *([attempt.said["body"]] if attempt else [])}
            if (heard["number"], heard["author"]["id"]) != (known.number, known.author) or heard["body"] not in allowed:
                yield f"{device.name} heard {heard}, but it is {known}"


def deleted_stays_deleted(history: History) -> Iterator[str]:
    """Once it was acknowledged that a message is deleted, nothing of what it said is left."""
    stored = {one.id: one for one in history.stored}
    for attempt in history.attempts_at("deleteMessage"):
        found = stored.get(attempt.said["messageId"])
        if attempt.acknowledged and (found is None or found.body):
            yield f"{attempt.said['messageId']} was deleted, and is {found}"


def dense_numbers(history: History) -> Iterator[str]:
    """The messages of a conversation are numbered from 1, without a gap."""
    for conversation, found in _by_conversation(history.stored).items():
        numbers = sorted(one.number for one in found)
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{conversation} has the numbers {_odd(numbers, 1)}"


def dense_log(history: History) -> Iterator[str]:
    """The positions of a log have no gap, and reach its end."""
    for who, log in history.logs.items():
        positions = [event.position for event in log.events]
        if positions != list(range(log.start + 1, log.end + 1)):
            yield f"the log of {who} from {log.start} to {log.end}: {_odd(positions, log.start + 1)}"


def contiguous_cursors(history: History) -> Iterator[str]:
    """A device hears each event once, in order, without a gap, from its first cursor on."""
    for device in history.devices:
        log = history.logs[device.who]
        last = log.start
        for event in device.heard:
            if event.kind == "ResyncRequired":
                yield f"{device.name} was told to resync after {last}, and nothing was pruned"
            elif event.kind == "Failed":
                yield f"{device.name} was told {event.subject} after {last}, and not what had happened"
            elif event.epoch != log.epoch:
                yield f"{device.name} heard {event.position} of another epoch: {event.epoch}"
            elif event.position != last + 1:
                yield f"{device.name} heard {event.position} ({event.kind}) after {last}"
            last = event.position


def catches_up(history: History) -> Iterator[str]:
    """When it is calm, each device hears all that there is, in time."""
    for device in history.devices:
        end = history.logs[device.who].end
        last = device.heard[-1].position if device.heard else history.logs[device.who].start
        if last != end:
            yield f"{device.name} stopped at {last} of {end}"


def heard_is_logged(history: History) -> Iterator[str]:
    """What a device hears is what stands in the log at that position."""
    for device in history.devices:
        log = {event.position: event for event in history.logs[device.who].events}
        for event in device.heard:
            there = log.get(event.position)
            if there is None or (there.kind, there.subject) != (event.kind, event.subject):
                yield f"{device.name} heard {event.kind} of {event.subject} at {event.position}, where is {there}"


def nothing_foreign(history: History) -> Iterator[str]:
    """Nobody hears of a conversation that they are not in."""
    places = _places(history)
    for who, events in _hearings(history):
        for event in events:
            place = places.get(event.subject)
            if place is not None and who not in history.conversations[place]:
                yield f"{who} heard {event.kind} of {event.subject}, which is of {place}"


def all_is_told(history: History) -> Iterator[str]:
    """Each message is in the logs of all the people of its conversation, once, in the order of its number."""
    numbers = {one.id: one.number for one in history.stored}
    places = _places(history)
    for who, log in history.logs.items():
        told: dict[str, list[int]] = defaultdict(list)
        for event in log.events:
            if event.kind == "MessageCreated" and event.subject in numbers:
                told[places[event.subject]].append(numbers[event.subject])
        for conversation, people in history.conversations.items():
            expected = sorted(one.number for one in history.stored if one.conversation == conversation)
            if who in people and told[conversation] != expected:
                yield f"{who} was told {told[conversation]} of {conversation}, which has {expected}"


def real_time(history: History) -> Iterator[str]:
    """What was acknowledged before another was first tried comes before it: in a conversation, and in every log."""
    sends = {one.answer["id"]: one for one in _sends(history) if one.acknowledged and one.answer}
    for conversation, found in _by_conversation(history.stored).items():
        ordered = sorted(found, key=lambda one: one.number)
        yield from _overtaken((sends[one.id] for one in ordered if one.id in sends), conversation)
    for who, log in history.logs.items():
        created = [event.subject for event in log.events if event.kind == "MessageCreated"]
        yield from _overtaken((sends[one] for one in created if one in sends), f"the log of {who}")


def nothing_after_the_end(history: History) -> Iterator[str]:
    """After a mentorship has ended, or one has blocked the other, nothing is sent or delivered between the two.

    What one may still do oneself tells nobody else. The log of who was blocked does not say when that was.
    """
    places = _places(history)
    for end in (end for deed in TOLD_AT_THE_END for end in history.attempts_at(deed)):
        if not end.acknowledged:
            continue
        assert end.answered is not None
        for attempt in _sends(history):
            late = attempt.conversation == end.conversation and attempt.tried > end.answered
            if late and attempt.acknowledged:
                yield f"{attempt.key} was taken after {end.conversation} had closed"
        for who in history.conversations[end.conversation]:
            mine = _still_allowed(history, who, end)
            for event in _behind_the_end(history.logs[who].events, end):
                if places.get(event.subject) != end.conversation:
                    continue
                if event.kind in TOLD_TO_ITS_DOER and mine > 0:
                    mine -= 1
                    continue
                yield f"{who} was told {event.kind} of {event.subject} at {event.position}, after the end"


def state_and_events_are_fresh_state(history: History) -> Iterator[str]:
    """What a device showed at first, with what it heard folded in, is what a fresh query finds.

    Where two have parted, what the one still does to a message of theirs is not told to the other, who finds it.
    """
    for device in history.devices:
        shown = folded(history.before[device.who], device.heard, device.who)
        fresh = deepcopy(history.after[device.who])
        for conversation, message in _untold(history, device.who):
            for state in (shown, fresh):
                state["conversations"].get(conversation, {"messages": {}})["messages"].pop(message, None)
        for part in fresh:
            for key in {**fresh[part], **shown[part]}:
                mine, theirs = shown[part].get(key), fresh[part].get(key)
                if mine != theirs:
                    yield f"{device.name} shows {key} as {_short(mine)}; it is {_short(theirs)}"


PROMISES: dict[str, Callable[[History], Iterable[str]]] = {
    check.__name__.replace("_", " "): check
    for check in (
        acknowledged_is_stored,
        refused_is_not_stored,
        no_doubles,
        content,
        deleted_stays_deleted,
        dense_numbers,
        dense_log,
        contiguous_cursors,
        catches_up,
        heard_is_logged,
        nothing_foreign,
        all_is_told,
        real_time,
        nothing_after_the_end,
        state_and_events_are_fresh_state,
    )
}


def _sends(history: History) -> list[Attempt]:
    return history.attempts_at("sendMessage")


def _by_key(stored: Iterable[Stored]) -> dict[tuple[str, str | None], list[Stored]]:
    found: dict[tuple[str, str | None], list[Stored]] = defaultdict(list)
    for one in stored:
        if one.client_id is not None:
            found[one.author, one.client_id].append(one)
    return found


def _by_conversation(stored: Iterable[Stored]) -> dict[str, list[Stored]]:
    found: dict[str, list[Stored]] = defaultdict(list)
    for one in stored:
        found[one.conversation].append(one)
    return found


def _places(history: History) -> dict[str, str]:
    """The conversation that a message, a mentorship or a conversation is of."""
    messages = {one.id: one.conversation for one in history.stored}
    return {**messages, **history.mentorships, **{one: one for one in history.conversations}}


def _hearings(history: History) -> Iterator[tuple[str, list[Event]]]:
    for who, log in history.logs.items():
        yield who, log.events
    for device in history.devices:
        yield device.who, device.heard


def _overtaken(order: Iterable[Attempt], where: str) -> Iterator[str]:
    latest: Attempt | None = None
    for one in order:
        if latest and one.answered is not None and one.answered < latest.tried:
            yield f"in {where} {one.key} stands behind {latest.key}, which was tried after its answer"
        if latest is None or one.tried > latest.tried:
            latest = one


def _behind_the_end(events: list[Event], end: Attempt) -> list[Event]:
    told = TOLD_AT_THE_END[end.deed], end.said.get("mentorshipId", end.conversation)
    ends = [place for place, event in enumerate(events) if (event.kind, event.subject) == told]
    return events[ends[-1] + 1 :] if ends else []


def _still_allowed(history: History, who: str, end: Attempt) -> int:
    """How often the person did something here that is allowed after the end, and may have come after it."""
    done = (one for one in history.attempts if (one.who, one.conversation) == (who, end.conversation))
    late = (one for one in done if one.deed in ALLOWED_AFTER_THE_END)
    return sum(one.answered is None or one.answered > end.tried for one in late)


def _untold(history: History, who: str) -> Iterator[tuple[str, str]]:
    """The messages to which somebody else did something when two had parted, with their conversations."""
    for end in (end for deed in TOLD_AT_THE_END for end in history.attempts_at(deed)):
        for one in history.attempts:
            late = one.answered is None or one.answered > end.tried
            if late and one.who != who and one.conversation == end.conversation and one.deed in ALLOWED_AFTER_THE_END:
                yield one.conversation, one.said.get("messageId", "")


def _bodies(history: History) -> dict[str, set[str]]:
    """What a message may say besides what was sent: what was tried to make of it."""
    found: dict[str, set[str]] = defaultdict(set)
    for attempt in history.attempts_at("editMessage"):
        found[attempt.said["messageId"]].add(attempt.said["body"])
    for attempt in history.attempts_at("deleteMessage"):
        found[attempt.said["messageId"]].add("")
    return found


def _odd(numbers: list[int], first: int) -> str:
    """Where a row of numbers is not dense."""
    if numbers and numbers[0] != first:
        return f"{numbers[0]} where {first} should be"
    odd = [f"{other} after {one}" for one, other in pairwise(numbers) if other != one + 1]
    return ", ".join(odd) or f"{len(numbers)} in all"


def _short(shown: object) -> str:
    text = repr(shown)
    return text if len(text) < 400 else f"{text[:200]} ... {text[-200:]}"
