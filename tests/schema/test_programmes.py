"""What an organiser sets of a programme."""

from dataclasses import fields

from matching.fit import NAMES
from schema.organisation.programmes import WeightsInput


def test_each_component_of_a_score_can_be_weighed() -> None:
    assert tuple(field.name for field in fields(WeightsInput)) == NAMES  # type: ignore[arg-type]
