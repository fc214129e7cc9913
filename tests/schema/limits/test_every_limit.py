"""What each limit lets through, and how it refuses."""

import dataclasses

import pytest

from schema.limits import DEFAULT_LIMITS, TooComplex
from tests.schema.limits.counting import MEASURED, PARSED, UNLIMITED, guard
from tests.schema.limits.documents import HOLDING


@pytest.mark.parametrize("limit", PARSED + MEASURED)
def test_a_document_at_a_limit_passes_and_one_beyond_is_refused_by_name(limit: str) -> None:
    allowed = getattr(DEFAULT_LIMITS, limit)
    guard(HOLDING[limit](allowed))
    with pytest.raises(TooComplex) as refused:
        guard(HOLDING[limit](allowed + 1))
    assert refused.value.extensions == {
        "code": "TOO_COMPLEX",
        "limit": limit,
        "allowed": allowed,
        "found": allowed + 1,
    }
    assert str(allowed) in refused.value.message


@pytest.mark.parametrize("limit", PARSED + MEASURED)
def test_every_limit_can_be_set(limit: str) -> None:
    higher = 2 * getattr(DEFAULT_LIMITS, limit)
    guard(HOLDING[limit](higher), limits=dataclasses.replace(UNLIMITED, **{limit: higher}))
