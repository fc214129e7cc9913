"""The broker of a single process hears what is rung and whispered in it, until it closes."""

from models import bell
from realtime.broker import embedded_broker
from tests.realtime.broker.process import PATIENCE, overhears


async def test_what_is_rung_in_its_process_is_heard_until_it_closes() -> None:
    async with embedded_broker() as bells:
        with bells.listen("topic") as here, bells.listen("other") as elsewhere:
            bell.ring("topic")
            assert await here.wait(PATIENCE)
            assert not await elsewhere.wait(0)
            here.hush()
    with bells.listen("topic") as here:
        bell.ring("topic")
        assert not await here.wait(0)


async def test_what_is_whispered_in_its_process_is_overheard_until_it_closes() -> None:
    async with embedded_broker() as bells:
        with bells.overhear("topic") as here, bells.overhear("other") as elsewhere:
            bell.whisper("topic", "psst")
            assert await overhears(here) == ("topic", "psst")
            assert not elsewhere._heard
    with bells.overhear("topic") as here:
        bell.whisper("topic", "psst")
        assert not here._heard
