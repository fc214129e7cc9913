"""The checker notices each broken promise: histories that are wrong in one place, by hand."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.journeys.nemesis.checker import PROMISES, violations
from tests.journeys.nemesis.history import Attempt, Device, Event, History, Log, Stored

ANA, BEN, CLEO = "Profile:a", "Profile:b", "Profile:c"
TALK, OTHER = "Conversation:1", "Conversation:2"
PAIR = "Mentorship:1"
CLOSED = "2026-01-01T00:00:00Z"


def message(id: str, number: int, author: str) -> dict[str, Any]:
    place = {"id": OTHER if author == CLEO else TALK}
    return {"id": id, "conversation": place, "number": number, "body": f"{id} says hello", "author": {"id": author}}


def attempt(id: str, number: int, author: str, at: float, conversation: str = TALK) -> Attempt:
    answer = {"id": id, "number": number, "body": f"{id} says hello"}
    said = {"conversationId": conversation, "body": f"{id} says hello"}
    return Attempt(author, "sendMessage", f"key of {id}", conversation, said, at, at + 1, answer, later=[answer])


def stored(id: str, number: int, author: str, conversation: str = TALK) -> Stored:
    return Stored(id, conversation, number, author, f"key of {id}", f"{id} says hello")


def created(position: int, id: str, number: int, author: str) -> Event:
    return Event(position, "e", "MessageCreated", id, {"message": message(id, number, author)})


def conversation(last: int, read: int, messages: list[dict[str, Any]], closed: str | None) -> dict[str, Any]:
    found = {one["id"]: one for one in messages}
    return {
        "lastNumber": last,
        "readNumber": read,
        "unreadCount": last - read,
        "closedAt": closed,
        "messages": found,
    }


def ended(position: int) -> Event:
    seen = {"id": PAIR, "status": "ENDED", "conversation": {"id": TALK, "closedAt": CLOSED}}
    return Event(position, "e", "MentorshipChanged", PAIR, {"mentorship": seen})


def marked(position: int, read: int) -> Event:
    seen = {"id": TALK, "lastNumber": 3, "readNumber": read, "closedAt": None}
    return Event(position, "e", "ReadMarkerMoved", TALK, {"conversation": seen})


def good() -> History:
    """Ana, Ben, Ana say something; Ben reads it; Ana ends it. Cleo, who mentors Ben too, has said a word to him."""
    says = [("Message:1", 1, ANA), ("Message:2", 2, BEN), ("Message:3", 3, ANA)]
    aside = ("Message:9", 1, CLEO)
    history = History(7, {TALK: [ANA, BEN], OTHER: [BEN, CLEO]}, {PAIR: TALK})
    history.attempts = [attempt(*one, at=10.0 * one[1]) for one in says]
    history.attempts.append(attempt(*aside, at=5, conversation=OTHER))
    history.attempts.append(Attempt(BEN, "markRead", "", TALK, {"number": 3}, 40, 41, {}))
    history.attempts.append(Attempt(ANA, "endMentorship", "", TALK, {"mentorshipId": PAIR}, 50, 51, {}))
    history.attempts.append(Attempt(BEN, "sendMessage", "late", TALK, {"body": "Late"}, 60, 61, {}, "WRONG_STATE"))
    history.stored = [*(stored(*one) for one in says), stored(*aside, conversation=OTHER)]
    events = {
        ANA: [*(created(4 + one[1], *one) for one in says), marked(8, read=3), ended(9)],
        BEN: [created(2, *aside), *(created(2 + one[1], *one) for one in says), marked(6, read=3), ended(7)],
        CLEO: [created(1, *aside)],
    }
    spoken = [message(*one) for one in says]
    aside_spoken = [message(*aside)]
    before, after = {}, {}
    for who, heard in events.items():
        start = heard[0].position - 1
        history.logs[who] = Log("e", start, start + len(heard), [Event(*_bare(one)) for one in heard])
        history.devices.append(Device(who, f"{who}'s phone", heard))
        before[who] = {"conversations": {}, "mentorships": {}}
        after[who] = {"conversations": {}, "mentorships": {}}
        if who in (ANA, BEN):
            before[who]["conversations"][TALK] = conversation(0, 0, [], None)
            before[who]["mentorships"][PAIR] = {"status": "ACTIVE", "conversation": TALK}
            after[who]["conversations"][TALK] = conversation(3, 3, spoken, CLOSED)
            after[who]["mentorships"][PAIR] = {"status": "ENDED", "conversation": TALK}
        if who in (BEN, CLEO):
            before[who]["conversations"][OTHER] = conversation(0, 0, [], None)
            after[who]["conversations"][OTHER] = conversation(1, int(who == CLEO), aside_spoken, None)
    history.before, history.after = before, after
    return deepcopy(history)


def _bare(event: Event) -> tuple[int, str, str, str]:
    return event.position, event.epoch, event.kind, event.subject


def test_a_good_history_breaks_no_promise() -> None:
    assert violations(good()) == []


def lost(history: History) -> None:
    history.stored.pop(2)


def renumbered(history: History) -> None:
    history.attempts[0].answer["number"] = 2  # type: ignore[index]


def acknowledged_twice(history: History) -> None:
    history.attempts[0].later.append({"id": "Message:2", "number": 2})


def refused_to_a_retry(history: History) -> None:
    history.attempts[0].later.append({"refused": "WRONG_STATE"})


def stored_all_the_same(history: History) -> None:
    history.stored.append(Stored("Message:4", TALK, 4, BEN, "late", "Late"))


def doubled_under_its_key(history: History) -> None:
    double = deepcopy(history.stored[0])
    double.id, double.number, double.body = "Message:4", 4, "Something else"
    history.stored.append(double)


def doubled_without_a_key(history: History) -> None:
    double = deepcopy(history.stored[0])
    double.id, double.number, double.client_id = "Message:4", 4, None
    history.stored.append(double)


def garbled(history: History) -> None:
    history.stored[0].body = "Message:1 says hallo"


def misplaced(history: History) -> None:
    history.stored[0].conversation = OTHER


def made_up(history: History) -> None:
    history.stored.append(Stored("Message:4", TALK, 4, BEN, "never used", "Never said"))


def heard_garbled(history: History) -> None:
    history.devices[0].heard[0].seen["message"]["body"] = "Message:1 says hallo"


def deleted_and_there(history: History) -> None:
    history.attempts.append(Attempt(ANA, "deleteMessage", "", TALK, {"messageId": "Message:1"}, 45, 46, {}))


def edited_by_nobody(history: History) -> None:
    history.attempts.append(
        Attempt(ANA, "editMessage", "", TALK, {"messageId": "Message:3", "body": "New"}, 45, 46, {})
    )
    history.stored[0].body = "New"


def a_number_is_missing(history: History) -> None:
    history.stored[2].number = 4


def a_number_is_given_twice(history: History) -> None:
    history.stored[1].number = 1


def a_position_is_missing(history: History) -> None:
    history.logs[ANA].events.pop(1)


def the_log_is_behind_its_account(history: History) -> None:
    history.logs[CLEO].end += 1


def a_gap(history: History) -> None:
    history.devices[0].heard.pop(1)


def twice(history: History) -> None:
    history.devices[0].heard.insert(1, history.devices[0].heard[0])


def out_of_order(history: History) -> None:
    heard = history.devices[0].heard
    heard[0], heard[1] = heard[1], heard[0]


def told_to_resync(history: History) -> None:
    history.devices[0].heard.append(Event(9, "e", "ResyncRequired", ""))


def told_that_it_failed(history: History) -> None:
    history.devices[0].heard.append(Event(9, "", "Failed", "INTERNAL"))


def of_another_epoch(history: History) -> None:
    history.devices[0].heard[2].epoch = "f"


def silent_at_the_end(history: History) -> None:
    history.devices[0].heard.pop()


def silent_from_the_beginning(history: History) -> None:
    history.devices[0].heard.clear()


def something_else(history: History) -> None:
    history.devices[0].heard[0] = created(5, "Message:2", 2, BEN)


def heard_by_a_stranger(history: History) -> None:
    history.devices[2].heard.append(created(2, "Message:3", 3, ANA))


def logged_for_a_stranger(history: History) -> None:
    history.logs[CLEO].events.append(Event(2, "e", "ReadMarkerMoved", TALK))


def told_to_one_alone(history: History) -> None:
    history.logs[BEN].events.pop(1)


def told_in_another_order(history: History) -> None:
    events = history.logs[BEN].events
    events[1].subject, events[2].subject = events[2].subject, events[1].subject


def overtaken_in_its_conversation(history: History) -> None:
    history.stored[0].number, history.stored[1].number = 2, 1


def overtaken_in_a_log(history: History) -> None:
    history.attempts[3].tried, history.attempts[3].answered = 15, 16


def sent_after_the_end(history: History) -> None:
    history.attempts[2].tried, history.attempts[2].answered = 52, 53


def delivered_after_the_end(history: History) -> None:
    events = history.logs[BEN].events
    events[-1], events[-3] = events[-3], events[-1]


def a_marker_told_to_the_other_after_the_end(history: History) -> None:
    history.logs[ANA].events.append(Event(10, "e", "ReadMarkerMoved", TALK))


def blocked(history: History) -> None:
    """Ben blocks Cleo, and then hears of her all the same."""
    history.attempts.append(Attempt(BEN, "blockProfile", "", OTHER, {"profileId": CLEO}, 3, 4, {}))
    log = history.logs[BEN]
    log.events.insert(0, Event(1, "e", "ConversationChanged", OTHER))


def a_message_that_no_event_told(history: History) -> None:
    history.after[BEN]["conversations"][TALK]["messages"]["Message:4"] = message("Message:4", 4, ANA)


def a_marker_that_no_event_moved(history: History) -> None:
    history.after[BEN]["conversations"][TALK]["readNumber"] = 2


def an_end_that_no_event_told(history: History) -> None:
    history.after[CLEO]["mentorships"]["Mentorship:2"] = {"status": "ENDED", "conversation": OTHER}


BROKEN: dict[Callable[[History], None], str] = {
    lost: "acknowledged is stored",
    renumbered: "acknowledged is stored",
    stored_all_the_same: "refused is not stored",
    doubled_under_its_key: "no doubles",
    doubled_without_a_key: "no doubles",
    acknowledged_twice: "no doubles",
    refused_to_a_retry: "no doubles",
    garbled: "content",
    misplaced: "content",
    made_up: "content",
    heard_garbled: "content",
    edited_by_nobody: "content",
    deleted_and_there: "deleted stays deleted",
    a_number_is_missing: "dense numbers",
    a_number_is_given_twice: "dense numbers",
    a_position_is_missing: "dense log",
    the_log_is_behind_its_account: "dense log",
    a_gap: "contiguous cursors",
    twice: "contiguous cursors",
    out_of_order: "contiguous cursors",
    told_to_resync: "contiguous cursors",
    told_that_it_failed: "contiguous cursors",
    of_another_epoch: "contiguous cursors",
    silent_at_the_end: "catches up",
    silent_from_the_beginning: "catches up",
    something_else: "heard is logged",
    heard_by_a_stranger: "nothing foreign",
    logged_for_a_stranger: "nothing foreign",
    told_to_one_alone: "all is told",
    told_in_another_order: "all is told",
    overtaken_in_its_conversation: "real time",
    overtaken_in_a_log: "real time",
    sent_after_the_end: "nothing after the end",
    delivered_after_the_end: "nothing after the end",
    blocked: "nothing after the end",
    a_marker_told_to_the_other_after_the_end: "nothing after the end",
    a_message_that_no_event_told: "state and events are fresh state",
    a_marker_that_no_event_moved: "state and events are fresh state",
    an_end_that_no_event_told: "state and events are fresh state",
}


@pytest.mark.parametrize("wrong", BROKEN, ids=lambda wrong: wrong.__name__)
def test_a_broken_promise_is_noticed(wrong: Callable[[History], None]) -> None:
    history = good()
    wrong(history)
    assert BROKEN[wrong] in {violation.promise for violation in violations(history)}


def test_every_promise_is_broken_by_some_history() -> None:
    assert set(BROKEN.values()) == set(PROMISES)


def test_a_deed_without_an_answer_may_have_happened_or_not() -> None:
    history = good()
    for one in history.attempts[:3]:
        one.answered, one.answer, one.later = None, None, []
    history.attempts.append(Attempt(ANA, "sendMessage", "lost", TALK, {"body": "Lost"}, 20))
    assert violations(history) == []


def test_what_its_author_has_made_of_a_message_is_its_content_too() -> None:
    history = good()
    edit, delete = {"messageId": "Message:1", "body": "New"}, {"messageId": "Message:3"}
    history.attempts.append(Attempt(ANA, "editMessage", "", TALK, edit, 35, 36, {}))
    history.attempts.append(Attempt(ANA, "deleteMessage", "", TALK, delete, 36, 37, {}))
    history.stored[0].body, history.stored[2].body = "New", ""
    for device in history.devices[:2]:
        for event in device.heard:
            if event.subject in ("Message:1", "Message:3") and event.kind == "MessageCreated":
                event.seen["message"]["body"] = {"Message:1": "New", "Message:3": ""}[event.subject]
    for who in (ANA, BEN):
        messages = history.after[who]["conversations"][TALK]["messages"]
        messages["Message:1"]["body"], messages["Message:3"]["body"] = "New", ""
    assert violations(history) == []


def test_what_is_deleted_when_two_have_parted_is_not_told_to_the_other() -> None:
    history = good()
    history.attempts.append(Attempt(ANA, "deleteMessage", "", TALK, {"messageId": "Message:1"}, 70, 71, {}))
    history.stored[0].body = ""
    event = Event(10, "e", "MessageUpdated", "Message:1", {"message": {**message("Message:1", 1, ANA), "body": ""}})
    history.logs[ANA].events.append(Event(*_bare(event)))
    history.logs[ANA].end += 1
    history.devices[0].heard.append(event)
    for who in (ANA, BEN):
        history.after[who]["conversations"][TALK]["messages"]["Message:1"]["body"] = ""
    assert violations(history) == []


def test_a_history_is_kept_in_a_file(tmp_path: Any) -> None:
    path = tmp_path / "history.json"
    good().write(path)
    assert "Message:1 says hello" in path.read_text()
