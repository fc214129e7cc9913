"""What an organiser chooses for one run, beside the settings of its programme."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Self
from uuid import UUID

from models.organisation import HardRule
from models.refusal import invalid


@dataclass(frozen=True, slots=True)
class RunOptions:
    """One run: among one cohort or all, with these rules of the programme not asked for, as fair as this.

    `stickiness` is by how much score another pair must be better before one of the draft that a run follows is
    parted.
    """

    cohort_id: UUID | None = None
    relax: tuple[HardRule, ...] = ()
    fairness: float = 0.0
    first_mentee_reward: float = 0.0
    stickiness: float = 0.02

    def must_be_possible(self) -> None:
        """Raise `Refused` for numbers that mean nothing."""
        for name, most in (("fairness", 1.0), ("first_mentee_reward", 10.0), ("stickiness", 10.0)):
            number = getattr(self, name)
            if not (math.isfinite(number) and 0 <= number <= most):
                first, *rest = name.split("_")
                raise invalid(f"Use a number from 0 to {most:g}.", first + "".join(map(str.title, rest)))

    def kept(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self) | {"cohort_id": self.cohort_id and str(self.cohort_id), "relax": sorted(self.relax)}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        """What `kept` wrote."""
        cohort = kept["cohort_id"]
        relax = tuple(HardRule(name) for name in kept["relax"])
        return cls(**{**kept, "cohort_id": cohort and UUID(cohort), "relax": relax})
