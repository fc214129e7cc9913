import numpy as np
from hypothesis import given

from matching.fit import Person, Side, Weights
from matching.population import Population
from matching.programme.candidates import best_of_rows
from matching.programme.tiles import Tiles
from matching.scoring import score_rows
from tests.matching import people as some
from tests.matching.people import quick


@given(some.crowds(), some.weights)
@quick
def test_tiles_hold_the_scores(crowd: list[Person], weights: Weights) -> None:
    population = Population(crowd)
    features, places = population.features, np.arange(len(crowd))
    tiles = Tiles(features, features, weights, lambda place: [np.array([place])])
    expected = score_rows(population, [one.id for one in crowd], Side.MENTEE, weights)
    assert np.allclose(tiles.scores(places), expected, atol=1e-6)


def test_the_best_of_a_row_are_the_best_and_nothing_else_exceeds_the_limit() -> None:
    generator = np.random.default_rng(7)
    for width, kinds in ((10, 3), (30, 5), (500, 4), (3_000, 100_000)):
        scores = (generator.integers(-1, kinds, (9, width)) / kinds).astype(np.float32)
        scores[scores < 0] = -1
        scores[0] = -1
        places = np.arange(100, 109)
        pairs, limits = best_of_rows(scores, places, 24)
        for row, place in enumerate(places):
            mine = pairs.mentees == place
            kept = np.sort(pairs.scores[mine])
            allowed = np.sort(scores[row][scores[row] >= 0])
            assert np.array_equal(kept, allowed[-24:])
            others = np.delete(scores[row], pairs.mentors[mine])
            assert others.max(initial=-1) <= limits[row]
            assert np.array_equal(scores[row, pairs.mentors[mine]], pairs.scores[mine])
