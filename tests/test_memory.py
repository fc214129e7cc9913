"""What tests write is kept in memory, if there is plenty of it."""

from pathlib import Path

import pytest

from tests import memory


def test_a_place_that_is_not_there_or_has_little_room_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not memory.is_roomy(tmp_path / "nowhere")
    monkeypatch.setattr(memory, "ROOM", 0)
    assert memory.is_roomy(tmp_path)
    monkeypatch.setattr(memory, "ROOM", 1 << 60)
    assert not memory.is_roomy(tmp_path)
