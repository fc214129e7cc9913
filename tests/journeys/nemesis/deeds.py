"""Deeds: what people do at random. A new one is one more entry of `DEEDS`."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from tests.journeys import documents
from tests.journeys.nemesis import documents as ours

if TYPE_CHECKING:
    from tests.journeys.nemesis.people import Person

WORDS = ("yes", "no", "Grüße", "“quoted”", "a\nnew line", "🐝🐝", "<b>bold</b>", "\\n", "'; --", "%s {0}", "ﬁn")


EMOJI = ("👍", "🎉")


@dataclass(frozen=True)
class Known:
    """A message that somebody has heard of lately."""

    id: str
    conversation: str
    mine: bool


@dataclass(frozen=True)
class Plan:
    """One deed that somebody is about to do: where, and the input without its key."""

    conversation: str
    said: dict[str, Any]


@dataclass(frozen=True)
class Deed:
    """A mutation that people do, and its share among the deeds. `plan` returns None where there is nothing to do.

    `keyed` ones take a clientId; the others may be repeated as they are.
    """

    mutation: str
    document: str
    share: int
    plan: Callable[["Person", Random], Plan | None]
    keyed: bool = False


def _send(person: "Person", chance: Random) -> Plan:
    conversation = chance.choice(person.conversations)
    words = " ".join(chance.choice(WORDS) for _ in range(chance.randint(1, 12)))
    # What is said once can be told from what is stored twice.
    return Plan(conversation, {"conversationId": conversation, "body": f"{person.next_key()}: {words}"})


def _mark_read(person: "Person", chance: Random) -> Plan | None:
    conversation = chance.choice(person.conversations)
    last = person.last_numbers.get(conversation, 0)
    if not last:
        return None
    # Backwards too: the marker must stay.
    return Plan(conversation, {"conversationId": conversation, "number": chance.randint(max(1, last - 3), last)})


def _edit(person: "Person", chance: Random) -> Plan | None:
    found = [one for one in person.messages if one.mine]
    if not found:
        return None
    one = chance.choice(found)
    return Plan(one.conversation, {"messageId": one.id, "body": f"{person.next_key()}: {chance.choice(WORDS)}"})


def _delete(person: "Person", chance: Random) -> Plan | None:
    found = [one for one in person.messages if one.mine]
    if not found:
        return None
    one = chance.choice(found)
    return Plan(one.conversation, {"messageId": one.id})


def _react(person: "Person", chance: Random) -> Plan | None:
    if not person.messages:
        return None
    one = chance.choice(person.messages)
    return Plan(one.conversation, {"messageId": one.id, "emoji": chance.choice(EMOJI)})


def _end(person: "Person", chance: Random) -> Plan | None:
    if not person.endable:
        return None
    mentorship, conversation = person.endable.pop()
    return Plan(conversation, {"mentorshipId": mentorship, "reason": "We have come to the end."})


def _block(person: "Person", chance: Random) -> Plan | None:
    if not person.endable:
        return None
    _, conversation = person.endable.pop()
    return Plan(conversation, {"profileId": person.counterparts[conversation]})


SEND = Deed("sendMessage", documents.SEND, 30, _send, keyed=True)
MARK_READ = Deed("markRead", documents.MARK_READ, 8, _mark_read)
EDIT = Deed("editMessage", ours.EDIT, 4, _edit)
DELETE = Deed("deleteMessage", ours.DELETE, 2, _delete)
ADD_REACTION = Deed("addReaction", ours.ADD_REACTION, 4, _react)
REMOVE_REACTION = Deed("removeReaction", ours.REMOVE_REACTION, 2, _react)
# Never by chance: the run says when.
END = Deed("endMentorship", documents.END_MENTORSHIP, 0, _end)
BLOCK = Deed("blockProfile", ours.BLOCK_PROFILE, 0, _block)

DEEDS = [SEND, MARK_READ, EDIT, DELETE, ADD_REACTION, REMOVE_REACTION, END, BLOCK]
LAST_DEEDS = [END, BLOCK]
"""After one of these nothing passes between the two any more. In a run each happens, in turn."""
