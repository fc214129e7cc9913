"""A market solved: candidates, the best assignment among them, a bound over all pairs, and again until they meet."""

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from matching.fit import Identity
from matching.programme.arena import Arena
from matching.programme.bound import bound
from matching.programme.candidates import Pairs, candidates
from matching.programme.flow import Assignment, Edges, assign
from matching.programme.leftovers import leftovers
from matching.programme.market import Market
from matching.programme.result import Pair, Result, figures
from matching.ranking import UNITS
from matching.scoring import explain

Progress: TypeAlias = Callable[[str, float], None]
"""Told the stage (`scoring`, `solving`, `proving`, `explaining`) and how much of it is done, from 0 to 1."""

TOLERANCE: Final = 0.001


@dataclass(slots=True)
class Proof:
    """The lowest bound so far, in units, and the prices that prove it."""

    total: int
    assignment: Assignment


def solve_programme(
    market: Market,
    *,
    tolerance: float = TOLERANCE,
    time_limit: float = math.inf,
    threads: int = 1,
    progress: Progress = lambda stage, share: None,
    clock: Callable[[], float] = time.monotonic,
) -> Result:
    """The best pairs of this market, proven to be within `tolerance` of the best there can be.

    The tolerance is a share of what the scores alone are worth. When `time_limit` (seconds by `clock`) is up, the
    best so far is the result, with its gap as it is. Equal markets give equal results if time does not run out, in
    whatever order their people and pairs are given, with as many `threads` as there may be; with more than one, give
    BLAS just one (`OPENBLAS_NUM_THREADS=1` before NumPy is loaded). `progress` may raise to break off.
    """
    run = _Run(Arena(market, threads), tolerance, clock() + time_limit, progress, clock)
    assignment, edges, proof = run.solve()
    run.report("explaining", 0)
    result = _result(run.arena, assignment, edges, proof, tolerance)
    run.report("explaining", 1)
    return result


class _Run:
    def __init__(
        self, arena: Arena, tolerance: float, deadline: float, progress: Progress, clock: Callable[[], float]
    ) -> None:
        self.arena, self.report = arena, progress
        self._tolerance, self._deadline, self._clock = tolerance, deadline, clock

    def solve(self) -> tuple[Assignment, Edges, Proof]:
        """The last assignment, its edges, and the lowest bound."""
        found = candidates(self.arena, self._stage("scoring"))
        proof: Proof | None = None
        while True:
            self.report("solving", 0)
            edges = _edges(self.arena, found.pairs)
            assignment = assign(self.arena, edges)
            enough = assignment.value + round(self._tolerance * _by_scores(self.arena, edges, assignment))
            above = bound(self.arena, found, edges, assignment.prices, enough, self._stage("proving"))
            if proof is None or above.total < proof.total:
                proof = Proof(above.total, assignment)
            if proof.total <= enough or not len(above.missing) or self._is_late():
                return assignment, edges, proof
            found.pairs = found.pairs.with_others(above.missing, len(self.arena.mentors))

    def _stage(self, name: str) -> Callable[[float], bool]:
        def may_go_on(share: float) -> bool:
            self.report(name, share)
            return not self._is_late()

        return may_go_on

    def _is_late(self) -> bool:
        return self._clock() >= self._deadline


def _edges(arena: Arena, pairs: Pairs) -> Edges:
    worth = arena.worth(pairs.scores)
    width = len(arena.mentors)
    mentees, mentors = arena.previous
    worth[np.isin(pairs.mentees * width + pairs.mentors, mentees * width + mentors)] += arena.stickiness
    return Edges(pairs.mentees, pairs.mentors, worth)


def _by_scores(arena: Arena, edges: Edges, assignment: Assignment) -> int:
    """What the pairs are worth for their scores alone, in units: a gap is measured by this."""
    return int((edges.worth[assignment.chosen] - round(arena.market.participation * UNITS)).sum())


def _result(arena: Arena, assignment: Assignment, edges: Edges, proof: Proof, tolerance: float) -> Result:
    market = arena.market
    mentor_of = np.full(len(arena.mentees), -1, dtype=np.intp)
    mentor_of[edges.mentees[assignment.chosen]] = edges.mentors[assignment.chosen]
    matched = np.flatnonzero(mentor_of >= 0)
    free = [(arena.mentees[mentee], arena.mentors[mentor_of[mentee]]) for mentee in matched.tolist()]
    pairs = _scored(market, [*market.fixed.items(), *free])
    fixed = _fixed_worth(arena, pairs)
    by_scores = _by_scores(arena, edges, assignment)
    loads = Counter(pair.mentor for pair in pairs)
    left, shortages = leftovers(arena, mentor_of, assignment.loads)
    gap = proof.total - assignment.value
    share = gap / by_scores if by_scores else math.inf if gap else 0.0
    return Result(
        pairs=pairs,
        prices=dict(zip(arena.mentors, (proof.assignment.prices / UNITS).tolist(), strict=True)),
        value=(assignment.value + fixed) / UNITS,
        bound=(proof.total + fixed) / UNITS,
        gap=share,
        finished=share <= tolerance,
        leftovers=left,
        shortages=shortages,
        figures=figures(
            [pair.score for pair in pairs],
            [loads[one] for one, places in market.capacity.items() if places or loads[one]],
        ),
    )


def _fixed_worth(arena: Arena, pairs: tuple[Pair, ...]) -> int:
    scores = [pair.score for pair in pairs if pair.mentee in arena.market.fixed]
    return int(arena.worth(np.array(scores)).sum())


def _scored(market: Market, pairs: list[tuple[Identity, Identity]]) -> tuple[Pair, ...]:
    pairs.sort()
    mentees, mentors = [mentee for mentee, _ in pairs], [mentor for _, mentor in pairs]
    scores = explain(market.population, mentees, mentors, market.weights).scores.tolist()
    return tuple(map(Pair, mentees, mentors, scores))
