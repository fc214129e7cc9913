"""Hospital-resident matching by the package `matching` (Wilde and others, JOSS 2020), which shares its name with ours.

So it lives in a folder of its own and runs in a process of its own: scores and places come as a file of arrays, the
pairs go to standard output. `python residents.py folder arrays.npz`.
"""

import json
import sys
import threading

sys.path.insert(0, sys.argv[1])

import numpy as np
from matching.games import HospitalResident  # type: ignore[import-not-found]


def ranked(row: np.ndarray) -> list[int]:
    """Those who may be a pair, the best first."""
    return [int(place) for place in np.argsort(-row, kind="stable") if row[place] >= 0]


def solve() -> None:
    """Print the pairs."""
    given = np.load(sys.argv[2])
    scores, places = given["scores"], given["places"]
    wishes = {mentee: some for mentee, row in enumerate(scores) if (some := ranked(row))}
    views = {mentor: some for mentor, column in enumerate(scores.T) if (some := ranked(column))}
    game = HospitalResident.create_from_dictionaries(wishes, views, {mentor: int(places[mentor]) for mentor in views})
    solution = game.solve(optimal="resident")
    print(json.dumps([[one.name, hospital.name] for hospital, residents in solution.items() for one in residents]))


# It copies players who know each other all round, deeper than Python goes by default.
sys.setrecursionlimit(1_000_000)
threading.stack_size(1 << 30)
solver = threading.Thread(target=solve)
solver.start()
solver.join()
