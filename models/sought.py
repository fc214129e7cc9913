"""What is looked for: the words and phrases of a text, as each database takes them."""

import re
import unicodedata
from typing import Any

from pypika_tortoise.context import SqlContext

from models.database import dialect
from models.refusal import invalid
from models.text import sought

LONGEST_SEARCH = 200
MOST_TERMS = 10

# A phrase in quotes, or a word; with a minus before it, what must not be there.
TERM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')

# Accents, and what no text that is stored can hold.
UNSEEN = re.compile("[\u0300-\u036f\0\ud800-\udfff]")


def prepared(text: str, field: str = "text") -> str:
    """A text as the database takes it, to look for its words. Raises `Refused`."""
    folded = unicodedata.normalize("NFKD", sought(text, field, longest=LONGEST_SEARCH))
    wanted: list[str] = []
    unwanted: list[str] = []
    for minus, phrase, word in TERM.findall(UNSEEN.sub("", folded)):
        words = phrase or word
        if any(map(str.isalnum, words)):
            (unwanted if minus else wanted).append(words)
    if not wanted:
        raise invalid("Give a word to look for.", field)
    if len(wanted) + len(unwanted) > MOST_TERMS:
        raise invalid(f"At most {MOST_TERMS} words and phrases, please.", field)
    if dialect() == "postgres":
        return " ".join([*(f'"{term}"' for term in wanted), *(f'-"{term}"' for term in unwanted)])
    every = " AND ".join(f'"{term}"' for term in wanted)
    return f"({every})" + "".join(f' NOT "{term}"' for term in unwanted)


def parameter(value: Any, ctx: SqlContext) -> str:
    """A value in a statement that is being written: its place there."""
    if ctx.parameterizer is None:
        raise ValueError("a value is never part of a statement's text")
    return str(ctx.parameterizer.create_param(value).get_sql(ctx))
