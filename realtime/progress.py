"""Progress: how far a run over a programme is, for as long as it goes on."""

from collections.abc import AsyncGenerator

from models.account import Account
from models.matching import Matching, MatchingStatus
from realtime.bells import Bells

# A bell that was lost costs so much delay.
PATIENCE_SECONDS = 5.0

GOING_ON = (MatchingStatus.RUNNING, MatchingStatus.PUBLISHING)


async def progress(
    bells: Bells, viewer: Account, matching: Matching, *, patience: float = PATIENCE_SECONDS
) -> AsyncGenerator[Matching, None]:
    """The run as it is, then whenever it has come further. Ends with it, and where the viewer sees it no more."""
    shown = None
    with bells.listen(matching.topic) as bell:
        while True:
            # Before it is read: what comes meanwhile rings again.
            bell.hush()
            now = await Matching.visible_to(viewer).get_or_none(id=matching.id)
            if now is None:
                return
            if (now.status, now.stage, now.percent) != shown:
                shown = (now.status, now.stage, now.percent)
                yield now
            if now.status not in GOING_ON:
                return
            await bell.wait(patience)
