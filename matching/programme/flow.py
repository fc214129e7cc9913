"""The best assignment among candidate pairs, as a flow of least cost, and the prices that prove it.

All in whole units: prices in floating point would creep round cycles of equal cost without an end.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from matching.programme.arena import Arena, Integers, Places

if TYPE_CHECKING:
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow


@dataclass(slots=True)
class Edges:
    """Candidate pairs in the order of the mentees, with what each is worth, in units."""

    mentees: Places
    mentors: Places
    worth: Integers


@dataclass(slots=True)
class Assignment:
    """Which edges are pairs, and the price of a place with each mentor, in units."""

    chosen: Places
    loads: Integers
    value: int
    prices: Integers


def assign(arena: Arena, edges: Edges) -> Assignment:
    """The assignment of the greatest worth among these edges. Mentees may stay out, which is worth nothing."""
    chosen = _flow(arena, edges)
    loads = np.bincount(edges.mentors[chosen], minlength=len(arena.mentors)).astype(np.int64)
    value = int(edges.worth[chosen].sum() + arena.rewards[loads > 0].sum())
    return Assignment(chosen, loads, value, _prices(arena, edges, chosen, loads))


def _flow(arena: Arena, edges: Edges) -> Places:
    many, width = len(arena.mentees), len(arena.mentors)
    if not len(edges.worth):
        return np.empty(0, dtype=np.intp)
    # A server that never solves does not load the solver.
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    flow, sink = SimpleMinCostFlow(), many + width
    pairs = _arcs(flow, edges.mentees, many + edges.mentors, np.ones(len(edges.worth), np.int64), -edges.worth)
    mentees, mentors = np.arange(many), many + np.arange(width)
    _arcs(flow, mentees, np.full(many, sink), np.ones(many, np.int64), np.zeros(many, np.int64))
    # The first place of a mentor carries the reward; without one, two arcs are as good as one.
    _arcs(flow, mentors, np.full(width, sink), np.ones(width, np.int64), -arena.rewards)
    _arcs(flow, mentors, np.full(width, sink), arena.places - 1, np.zeros(width, np.int64))
    flow.set_nodes_supplies(np.append(mentees, sink), np.append(np.ones(many, np.int64), -many))
    if (status := flow.solve()) != flow.OPTIMAL:
        raise AssertionError(f"Staying out is always possible, but the flow is {status}.")
    return np.flatnonzero(flow.flows(pairs))


def _arcs(flow: "SimpleMinCostFlow", tails: Places, heads: Places, capacities: Integers, costs: Integers) -> Places:
    return np.asarray(flow.add_arcs_with_capacity_and_unit_cost(tails, heads, capacities, costs))


def _prices(arena: Arena, edges: Edges, chosen: Places, loads: Integers) -> Integers:
    """The lowest prices at which everybody has the best for them: longest paths by Bellman and Ford.

    A mentee with the gain `u` asks `p >= worth - u` of every mentor on their list. Where a mentor's price rises, their
    mentees gain less, and ask more of the others: only these are looked at in the next round.
    """
    first = np.searchsorted(edges.mentees, np.arange(len(arena.mentees) + 1))
    # An idle mentor pays for the first mentee up to the reward; who has more than one has forgone nothing.
    prices = np.where(loads > 1, 0, -arena.rewards)
    theirs = np.full(len(arena.mentees), -1, dtype=np.intp)
    theirs[edges.mentees[chosen]] = chosen
    by_mentor = chosen[np.argsort(edges.mentors[chosen], kind="stable")]
    of_mentor = np.searchsorted(edges.mentors[by_mentor], np.arange(len(arena.mentors) + 1))
    asking = np.arange(len(arena.mentees))
    # Without a cycle of gain no path is longer than this.
    for _ in range(len(arena.mentees) + len(arena.mentors) + 2):
        pairs = theirs[asking]
        gains = np.where(pairs >= 0, edges.worth[pairs] - prices[edges.mentors[pairs]], 0) if len(edges.worth) else 0
        looked_at, many = _ranges(first[asking], first[asking + 1])
        asked = prices.copy()
        np.maximum.at(asked, edges.mentors[looked_at], edges.worth[looked_at] - np.repeat(gains, many))
        risen = np.flatnonzero(asked > prices)
        if not len(risen):
            break
        prices = asked
        asking = edges.mentees[by_mentor[_ranges(of_mentor[risen], of_mentor[risen + 1])[0]]]
    return prices


def _ranges(starts: Places, ends: Places) -> tuple[Places, Places]:
    """All numbers from each start to its end, one range after the other, and how many each has."""
    many = ends - starts
    offsets = np.repeat(starts - np.concatenate([[0], np.cumsum(many)[:-1]]), many) if len(many) else starts
    return np.arange(int(many.sum())) + offsets, many
