"""A short run of the nemesis: the messenger keeps its promises through crashes, cuts, pauses and retries."""

from pathlib import Path

import pytest

from tests.journeys.nemesis.deeds import DEEDS
from tests.journeys.nemesis.run import SHORT, judge, run
from tests.journeys.nemesis.troubles import TROUBLES

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("nemesis")]

SEED = 7
SECONDS = 12.0


async def test_the_promises_hold_through_every_trouble(
    postgres_url: str, postgres_template: str, tmp_path: Path
) -> None:
    history = await run(postgres_url, postgres_template, tmp_path, SEED, SECONDS, SHORT)
    judge(history, tmp_path, SECONDS)
    # It was a run worth the name.
    assert len(history.stored) > 100
    assert {name.split()[0] for _, name in history.troubles} == {trouble.__name__ for trouble in TROUBLES}
    for deed in DEEDS:
        assert [one for one in history.attempts_at(deed.mutation) if one.acknowledged]
    assert [one for one in history.attempts_at("sendMessage") if len(one.tries) > 1]
