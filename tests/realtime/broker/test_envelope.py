"""Envelopes: what goes in comes out on the other side, and nothing else is believed."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.bells import Bells, Whisper
from realtime.broker.envelope import envelopes, opened
from realtime.broker.postgres import PostgresWire

MOST = PostgresWire.most_bytes

# What counts is bytes, so letters of several bytes and escaped ones are among them.
topics = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
whispers = st.builds(Whisper, topics, topics)


@given(st.sets(topics | whispers, max_size=400))
def test_envelopes_carry_everything_once_and_each_fits(items: set[str | Whisper]) -> None:
    carried: list[str | Whisper] = []
    for envelope in envelopes("me", items, MOST):
        assert len(envelope) <= MOST < 8_000
        sender, *some = orjson.loads(envelope)
        assert sender == "me"
        assert some
        carried += [item if isinstance(item, str) else Whisper(*item) for item in some]
    assert len(carried) == len(items)
    assert set(carried) == items


def test_topics_go_out_together() -> None:
    inboxes = [f"inbox {number:036}" for number in range(150)]
    assert len(list(envelopes("0" * 32, inboxes, MOST))) == 1
    assert len(list(envelopes("0" * 32, inboxes * 4, MOST))) == 4
    assert list(envelopes("me", [], MOST)) == []


@given(st.lists(topics | whispers, max_size=30))
def test_another_process_hears_what_was_sent_and_the_sender_does_not_hear_it_again(items: list[str | Whisper]) -> None:
    names = [item if isinstance(item, str) else item.topic for item in items] or ["nothing"]
    for reader, expected in (("other", items), ("me", [])):
        bells = Bells()
        rung = {topic: bells.hang(topic) for topic in names}
        with bells.overhear(*names) as ear:
            for envelope in envelopes("me", items, MOST):
                opened(envelope, reader, bells)
            assert {topic for topic in names if rung[topic].rung} == {one for one in expected if isinstance(one, str)}
            assert list(ear._heard) == [one for one in expected if isinstance(one, Whisper)]


FOREIGN = {
    "nothing": b"",
    "no JSON": b"hello",
    "no UTF-8": b'["somebody", "\xff"]',
    "a number": b"5",
    "a text": b'"hello"',
    "null": b"null",
    "an object": b'{"a": 1}',
    "an empty list": b"[]",
    "a list of lists": b'["somebody", ["topic"], ["topic", 1], ["topic", "a", "b"]]',
    "a topic that is an object": b'["somebody", {"topic": "topic"}]',
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_is_not_ours_rings_and_whispers_nothing(what: str) -> None:
    bells = Bells()
    with bells.listen("topic") as here, bells.overhear("topic") as ear:
        opened(FOREIGN[what], "me", bells)
        assert not here.rung
        assert not ear._heard


def test_what_is_ours_in_a_foreign_envelope_is_heard() -> None:
    bells = Bells()
    with bells.listen("topic") as here, bells.overhear("topic") as ear:
        opened('[[], 5, "topic", ["topic", "text"]]', "me", bells)
        assert here.rung
        assert list(ear._heard) == [("topic", "text")]
