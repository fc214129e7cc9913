"""What one participant passes to another, and what never gets through."""

import pytest
from graphql import GraphQLError

from models.refusal import RateLimited, RefusalCode
from models.video import SignalKind, VideoParticipant, VideoSession, VideoSignal
from realtime import sdp
from realtime.signalling import MOST_CANDIDATES, MOST_NEGOTIATION, Candidate, describe, trickle
from schema.errors import formatted
from tests.models.expect import refused
from tests.people import pair
from tests.realtime.sdp.browsers import CHROME, HOST, answer

HERE = Candidate(HOST, "0", 0, "uMoc")
END = Candidate("", "0", 0, None)


async def two_in_a_call() -> tuple[VideoParticipant, VideoParticipant]:
    """The one who joined first, and the other."""
    two = await pair()
    call = await VideoSession.start(two.mentorship, by=two.mentor)
    _first, ticket, _ = await call.join(by=two.mentor, device_id="phone")
    second, _, _ = await call.join(by=two.mentee, device_id="laptop")
    # As a request has it: found by its ticket.
    return await VideoParticipant.of_ticket(ticket, by=two.mentor), second


async def heard(participant: VideoParticipant) -> list[VideoSignal]:
    return await VideoSignal.filter(receiver_id=participant.id).order_by("number")


async def test_an_offer_and_its_answer_pass_unchanged_from_who_the_tickets_say(database: str) -> None:
    first, second = await two_in_a_call()
    await describe(first, to=second.id, negotiation=1, kind="offer", description=CHROME)
    await describe(second, to=first.id, negotiation=1, kind="answer", description=answer(CHROME))
    (offer,), (_, reply) = await heard(second), await heard(first)
    assert (offer.kind, offer.sender_id) == (SignalKind.DESCRIPTION, first.id)
    assert offer.content == {"negotiation": 1, "type": "offer", "sdp": CHROME}
    assert reply.sender_id == second.id
    assert reply.content == {"negotiation": 1, "type": "answer", "sdp": answer(CHROME)}


@pytest.mark.parametrize(
    ("kind", "description"),
    [("offer", ""), ("offer", "v=0\r\n"), ("offer", answer(CHROME)), ("answer", CHROME), ("offer", CHROME + "\0")],
)
async def test_a_description_that_does_not_pass_the_guard_reaches_nobody(
    database: str, kind: str, description: str
) -> None:
    first, second = await two_in_a_call()
    with refused(RefusalCode.INVALID, "sdp"):
        await describe(first, to=second.id, negotiation=1, kind=kind, description=description)  # type: ignore[arg-type]
    assert await heard(second) == []


async def test_candidates_pass_together_in_their_order_with_the_end_of_candidates(database: str) -> None:
    first, second = await two_in_a_call()
    await trickle(first, to=second.id, negotiation=0, candidates=[HERE, Candidate(HOST, None, 1, None), END])
    (signal,) = await heard(second)
    assert (signal.kind, signal.sender_id) == (SignalKind.CANDIDATES, first.id)
    assert signal.content == {
        "negotiation": 0,
        "candidates": [
            {"candidate": HOST, "sdp_mid": "0", "sdp_m_line_index": 0, "username_fragment": "uMoc"},
            {"candidate": HOST, "sdp_mid": None, "sdp_m_line_index": 1, "username_fragment": None},
            {"candidate": "", "sdp_mid": "0", "sdp_m_line_index": 0, "username_fragment": None},
        ],
    }


BAD: dict[str, tuple[Candidate, str]] = {
    "no candidate": (Candidate("hello", "0", 0, None), "candidate"),
    "a host name": (Candidate(HOST.replace("192.168.1.20", "intra.example"), "0", 0, None), "candidate"),
    "a line end": (Candidate(HOST + "\r\na=evil", "0", 0, None), "candidate"),
    "no section": (Candidate(HOST, None, None, None), "sdpMid"),
    "a bad mid": (Candidate(HOST, "a b", None, None), "sdpMid"),
    "a section too far": (Candidate(HOST, None, 16, None), "sdpMLineIndex"),
    "a negative section": (Candidate(HOST, None, -1, None), "sdpMLineIndex"),
    "a short fragment": (Candidate(HOST, "0", 0, "abc"), "candidates"),
    "a long fragment": (Candidate(HOST, "0", 0, "a" * 257), "candidates"),
    "a fragment with a line end": (Candidate(HOST, "0", 0, "uMoc\n"), "candidates"),
}


@pytest.mark.parametrize("what", BAD)
async def test_one_bad_candidate_keeps_all_of_them_back(database: str, what: str) -> None:
    first, second = await two_in_a_call()
    candidate, field = BAD[what]
    with refused(RefusalCode.INVALID, field):
        await trickle(first, to=second.id, negotiation=1, candidates=[HERE, candidate, END])
    assert await heard(second) == []


async def test_one_to_sixteen_candidates_come_at_a_time(database: str) -> None:
    first, second = await two_in_a_call()
    for count in (0, MOST_CANDIDATES + 1):
        with refused(RefusalCode.INVALID, "candidates"):
            await trickle(first, to=second.id, negotiation=1, candidates=[HERE] * count)
    assert await heard(second) == []
    await trickle(first, to=second.id, negotiation=1, candidates=[HERE] * 16)
    assert len((await heard(second))[0].content["candidates"]) == 16


@pytest.mark.parametrize("negotiation", [-1, MOST_NEGOTIATION + 1])
async def test_a_negotiation_is_counted_from_nought(database: str, negotiation: int) -> None:
    first, second = await two_in_a_call()
    with refused(RefusalCode.INVALID, "negotiation"):
        await describe(first, to=second.id, negotiation=negotiation, kind="offer", description=CHROME)
    with refused(RefusalCode.INVALID, "negotiation"):
        await trickle(first, to=second.id, negotiation=negotiation, candidates=[HERE])
    assert await heard(second) == []


async def test_nothing_passes_to_another_call_or_from_who_has_left(database: str) -> None:
    first, second = await two_in_a_call()
    stranger, _ = await two_in_a_call()
    with refused(RefusalCode.NOT_FOUND, "to"):
        await trickle(first, to=stranger.id, negotiation=1, candidates=[HERE])
    await first.leave()
    gone = await VideoParticipant.get(id=first.id)
    with refused(RefusalCode.WRONG_STATE, "ticket"):
        await describe(gone, to=second.id, negotiation=1, kind="offer", description=CHROME)
    assert [signal.kind for signal in await heard(second)] == [SignalKind.LEFT]


async def test_while_too_many_descriptions_wait_the_sender_is_told_what_there_is_too_much_of(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: str) -> None:
        raise sdp.Busy("sdp", "x")

    monkeypatch.setattr(sdp, "check_description", busy)
    first, second = await two_in_a_call()
    with pytest.raises(RateLimited, match="Too many descriptions are being checked") as limit:
        await describe(first, to=second.id, negotiation=1, kind="offer", description=CHROME)
    # What the client reads is made of it.
    told = formatted(GraphQLError("", original_error=limit.value))
    assert told["message"] == "Too many descriptions are being checked just now; try again in 2 seconds."
    assert told["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 2}
    assert await heard(second) == []
