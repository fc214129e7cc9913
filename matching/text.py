"""How close two texts are: character 3- to 5-grams within words, weighted by TF-IDF, hashed into a short vector.

Grams forgive endings, compounds and typing errors in any language, and need no model to load (on matching
mentors' texts they beat words and averaged word vectors). Hashing (Weinberger and others, ICML 2009) keeps the
vectors short and the memory bounded: a cosine is off by some 1/16, which the small weight of a text makes bearable.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

DIMENSIONS: Final = 256
"""The length of a vector."""

LONGEST: Final = 4_000
"""Of longer texts the beginning is read, in characters: an edit of a profile takes a bounded time."""

_GRAMS: Final = (3, 4, 5)
_BUCKETS: Final = 1 << 16
# Of a larger community as many texts say how common a gram is: more change little.
_SAMPLE: Final = 4_000
_GAP: Final = re.compile(r"[\W_]+")
_SPACE: Final = ord(" ")


def _mixed(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers whose every bit depends on all bits of the given (the finaliser of MurmurHash3)."""
    codes = (codes ^ (codes >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    codes = (codes ^ (codes >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return codes ^ (codes >> np.uint64(33))


_PLACES: Final = _mixed(np.arange(1, _BUCKETS + 1, dtype=np.uint64))
_DIMENSION: Final = (_PLACES % np.uint64(DIMENSIONS)).astype(np.intp)
_SIGN: Final = np.where(_PLACES >> np.uint64(63), 1.0, -1.0)


class TextSpace:
    """Knows how common each gram is in a community, and makes vectors in which rare grams count more."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Learn from these texts, in whatever order they come; from none, all grams count alike."""
        distinct = sorted({text for text in texts if text})
        sample = distinct[:: -(-len(distinct) // _SAMPLE) or 1]
        seen = np.zeros(_BUCKETS)
        for text in sample:
            seen[_counted(text)[0]] += 1
        self._rarity = np.log((1 + len(sample)) / (1 + seen)) + 1

    def vector(self, text: str) -> NDArray[np.float32]:
        """The text as a vector of length 1; all zeros for a text without a word of two letters."""
        buckets, counts = _counted(text)
        weights = (1 + np.log(counts)) * self._rarity[buckets]
        vector = np.bincount(_DIMENSION[buckets], weights * _SIGN[buckets], minlength=DIMENSIONS)
        length = float(np.sqrt(vector @ vector))
        return (vector / (length or 1.0)).astype(np.float32)


def words(text: str) -> str:
    """The text in lower case with one space around each word, as it is compared."""
    plain = _GAP.sub(" ", unicodedata.normalize("NFKC", text[:LONGEST]).casefold()).strip()
    return f" {plain} " if plain else ""


def _counted(text: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The buckets of the grams in the text, and how often each comes."""
    codes = np.frombuffer(words(text).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    gaps = codes == _SPACE
    found = []
    for length in _GRAMS:
        many = len(codes) - length + 1
        if many <= 0:
            break
        grams = np.full(many, length, dtype=np.uint64)
        across = np.zeros(many, dtype=np.bool_)
        for place in range(length):
            grams = grams * np.uint64(0x100000001B3) + codes[place : place + many]
            if 0 < place < length - 1:
                across |= gaps[place : place + many]
        found.append(grams[~across])
    if not found:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    buckets = (_mixed(np.concatenate(found)) >> np.uint64(48)).astype(np.intp)
    return np.unique(buckets, return_counts=True)
