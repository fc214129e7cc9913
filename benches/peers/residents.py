"""Hospital-resident matching by the package `matching` (Wilde and others, JOSS 2020), which shares its name with ours.

So it lives in a folder of its own and runs in a process of its own: scores and places come as a file of arrays, the
pairs go to standard output. `python residents.py folder arrays.npz`.
"""

import json
import sys
import time

sys.path.insert(0, sys.argv[1])

import numpy as np
from matching.games import HospitalResident  # type: ignore[import-not-found]

given = np.load(sys.argv[2])
scores, places = given["scores"], given["places"]


def ranked(row: np.ndarray) -> list[int]:
    """Those who may be a pair, the best first."""
    return [int(place) for place in np.argsort(-row, kind="stable") if row[place] >= 0]


began, cpu = time.perf_counter(), time.process_time()
wishes = {mentee: ranked(row) for mentee, row in enumerate(scores)}
views = {mentor: ranked(column) for mentor, column in enumerate(scores.T)}
game = HospitalResident.create_from_dictionaries(
    {mentee: list_ for mentee, list_ in wishes.items() if list_},
    {mentor: list_ for mentor, list_ in views.items() if list_},
    {mentor: int(places[mentor]) for mentor, list_ in views.items() if list_},
)
solution = game.solve(optimal="resident")
pairs = [[resident.name, hospital.name] for hospital, residents in solution.items() for resident in residents]
print(json.dumps({"pairs": pairs, "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}))
