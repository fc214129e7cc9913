"""The server sweeps its files by itself."""

from datetime import timedelta

import pytest

from api.sweeper import sweep
from models import clock
from models.attachment import Attachment
from models.files import store_of
from models.retention import Retention
from tests.api.files.exchange import Here
from tests.models.files.samples import PDF

LONG = Retention(timedelta(days=90))


async def test_a_round_removes_what_was_never_sent_and_what_no_row_names(here: Here) -> None:
    sent = await here.sent(PDF)
    unsent, orphan = await here.upload(PDF), await here.upload(PDF)
    await Attachment.filter(id=orphan[-36:]).delete()
    with clock.moved(timedelta(hours=25)):
        await sweep(store_of(f"file://{here.folder}"), LONG)
    assert here.kept() == [sent[-36:]]
    assert not await Attachment.exists(id=unsent[-36:])


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_store_that_is_away_does_not_hold_up_the_rest_of_a_round(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[str] = []

    async def away(_: object) -> None:
        swept.append("files")
        raise ConnectionError("away")

    async def orphans(_: object) -> None:
        swept.append("orphans")

    monkeypatch.setattr(Attachment, "sweep", away)
    monkeypatch.setattr(Attachment, "sweep_orphans", orphans)
    for step in (away, orphans):
        step.__qualname__ = "step"
    await sweep(store_of(f"file://{here.folder}"), LONG)
    assert swept == ["files", "orphans"]
