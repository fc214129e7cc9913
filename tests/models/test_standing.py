"""Every state of a request has a name, somebody whose move it is, and a next step."""

from itertools import product

from models.request import STANDINGS, RequestOwner, RequestStatus


def test_every_state_says_whose_move_it_is_and_what_comes_next() -> None:
    assert STANDINGS.keys() == set(product(RequestStatus, (False, True)))
    for standing in STANDINGS.values():
        for sentence in (standing.waiting_for, standing.next_step):
            assert sentence.endswith(".")
            # They stand in SQL as they are.
            assert not set("'{}") & set(sentence)


def test_only_a_pending_request_waits_for_somebody_and_for_who_was_asked() -> None:
    owned = {key: standing.owner for key, standing in STANDINGS.items() if standing.owner is not RequestOwner.NOBODY}
    assert owned == {
        (RequestStatus.PENDING, False): RequestOwner.MENTOR,
        (RequestStatus.PENDING, True): RequestOwner.MENTEE,
    }
    assert STANDINGS[RequestStatus.PENDING, False].waiting_for == "Waiting for the mentor."
