"""Everybody of a programme matched at once: the best pairs for all together, with a proof of how good they are.

`solve_programme(Market(...))` answers with a `Result`; `verify` checks one without trusting who made it.
"""

from matching.contradiction import Contradiction
from matching.programme.market import Market
from matching.programme.result import Result
from matching.programme.solve import solve_programme
from matching.programme.verify import verify

__all__ = ["Contradiction", "Market", "Result", "solve_programme", "verify"]
