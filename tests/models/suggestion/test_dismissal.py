"""Suggestions that somebody does not want to see again."""

import pytest

from models.inbox import InboxEvent
from models.refusal import RefusalCode, Refused
from models.suggestion import Dismissal, MatchRole, dismissal
from tests.models.suggestion.people import learner, mentor


async def test_it_is_silent_once_and_can_be_undone(database: str) -> None:
    mara, theo = await mentor("Mara"), await learner()
    first = await Dismissal.put(mara.id, MatchRole.MENTEE, by=theo)
    assert await Dismissal.put(mara.id, MatchRole.MENTEE, by=theo) == first
    await Dismissal.put(mara.id, MatchRole.MENTOR, by=theo)
    assert await InboxEvent.all().count() == 0
    assert await Dismissal.visible_to(mara).count() == 0
    assert {one.role for one in await Dismissal.visible_to(theo)} == set(MatchRole)
    for _ in range(2):
        await Dismissal.lift(mara.id, MatchRole.MENTEE, by=theo)
    assert [one.role for one in await Dismissal.visible_to(theo)] == [MatchRole.MENTOR]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_there_is_a_limit_and_nobody_dismisses_themselves(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dismissal, "MOST_DISMISSED", 1)
    theo = await learner()
    with pytest.raises(Refused) as refused:
        await Dismissal.put(theo.id, MatchRole.MENTEE, by=theo)
    assert (refused.value.code, refused.value.field) == (RefusalCode.INVALID, "profileId")
    await Dismissal.put((await mentor("Mara")).id, MatchRole.MENTEE, by=theo)
    with pytest.raises(Refused) as refused:
        await Dismissal.put((await mentor("Nora")).id, MatchRole.MENTEE, by=theo)
    assert (refused.value.code, refused.value.field) == (RefusalCode.LIMIT_REACHED, "profileId")
