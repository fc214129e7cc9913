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
    if not len(edges.worth):
        return Assignment(np.empty(0, np.intp), np.zeros_like(arena.places), 0, -arena.rewards)
    chosen = _flow(arena, edges)
    loads = np.bincount(edges.mentors[chosen], minlength=len(arena.mentors)).astype(np.int64)
    value = int(edges.worth[chosen].sum() + arena.rewards[loads > 0].sum())
    return Assignment(chosen, loads, value, _prices(arena, edges, chosen, loads))


def _flow(arena: Arena, edges: Edges) -> Places:
    many, width = len(arena.mentees), len(arena.mentors)
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
    """Prices half way between the lowest and the highest at which everybody has the best for them.

    All prices between prove the same of the candidates; those in the middle leave the fewest doubts about other pairs,
    and favour neither side.
    """
    lowest = _lowest(arena, edges, chosen, loads)
    return (lowest + _highest(arena, edges, chosen, loads)) // 2


def _lowest(arena: Arena, edges: Edges, chosen: Places, loads: Integers) -> Integers:
    """Longest paths by Bellman and Ford: a mentee who gains `u` asks `p >= worth - u` of all on their list.

    Where a mentor's price rises, their mentees gain less, and ask more of the others: only these are looked at in the
    next round.
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
        gains = np.where(pairs >= 0, edges.worth[pairs] - prices[edges.mentors[pairs]], 0)
        looked_at, many = ranges(first[asking], first[asking + 1])
        asked = prices.copy()
        np.maximum.at(asked, edges.mentors[looked_at], edges.worth[looked_at] - np.repeat(gains, many))
        risen = np.flatnonzero(asked > prices)
        if not len(risen):
            break
        prices = asked
        asking = edges.mentees[by_mentor[ranges(of_mentor[risen], of_mentor[risen + 1])[0]]]
    return prices


def _highest(arena: Arena, edges: Edges, chosen: Places, loads: Integers) -> Integers:
    """The same from above: no mentor may ask more than what leaves their mentees as much as others would."""
    by_mentor = np.argsort(edges.mentors, kind="stable")
    mentees, worth = edges.mentees[by_mentor], edges.worth[by_mentor]
    first = np.searchsorted(edges.mentors[by_mentor], np.arange(len(arena.mentors) + 1))
    free = np.where(loads > 0, 0, -arena.rewards)
    prices = np.where(loads < arena.places, free, np.iinfo(np.int64).max)
    np.minimum.at(prices, edges.mentors[chosen], edges.worth[chosen])
    gains = np.zeros(len(arena.mentees), dtype=np.int64)
    offering = np.arange(len(arena.mentors))
    for _ in range(len(arena.mentees) + len(arena.mentors) + 2):
        looked_at, many = ranges(first[offering], first[offering + 1])
        np.maximum.at(gains, mentees[looked_at], worth[looked_at] - np.repeat(prices[offering], many))
        asked = prices.copy()
        np.minimum.at(asked, edges.mentors[chosen], edges.worth[chosen] - gains[edges.mentees[chosen]])
        offering = np.flatnonzero(asked < prices)
        if not len(offering):
            break
        prices = asked
    return prices


def ranges(starts: Places, ends: Places) -> tuple[Places, Places]:
    """All numbers from each start to its end, one range after the other, and how many each has."""
    many = ends - starts
    offsets = np.repeat(starts - np.concatenate([[0], np.cumsum(many)[:-1]]), many) if len(many) else starts
    return np.arange(int(many.sum())) + offsets, many
