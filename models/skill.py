"""Skills: areas of help, in a shared vocabulary that grows as people name new ones."""

import re
import unicodedata
from typing import TYPE_CHECKING, Self

from tortoise import fields
from tortoise.queryset import QuerySet

from models.base import Base
from models.refusal import invalid
from models.text import line, sought

if TYPE_CHECKING:
    from models.account import Account

MOST_PER_PERSON = 30
LONGEST_NAME = 60

# With any space around it, and accents of their own.
LONGEST_SOUGHT = 1_000

# Up to three times as long as a name: some letters grow when their case is folded.
LONGEST_KEY = 3 * LONGEST_NAME


def key_of(name: str) -> str:
    """The key under which a skill of this name is kept: in any case and form, with any space around it."""
    # No skill has a character that cannot be stored, or a longer key: U+FFFD finds nobody, instead of an error.
    if len(name) > LONGEST_SOUGHT:
        # Putting the accents of one letter in order costs their number squared.
        return "\ufffd"
    storable = re.sub("[\x00\ud800-\udfff]", "\ufffd", name)
    key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", storable).strip().casefold())
    return key if len(key) <= LONGEST_KEY else "\ufffd"


class Skill(Base):
    """An area of help. Two spellings that differ only in case are one skill."""

    name = fields.CharField(max_length=LONGEST_NAME)
    key = fields.CharField(max_length=LONGEST_KEY, unique=True)

    class Meta:
        table = "skill"

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.all()

    @classmethod
    def starting_with(cls, viewer: "Account", letters: str, field: str) -> QuerySet[Self]:
        """The skills whose name starts with these letters, in any case. Raises `Refused` where no name is so long."""
        # SQLite cannot look for a pattern of more than 50,000 bytes.
        return cls.visible_to(viewer).filter(key__startswith=key_of(sought(letters, field, longest=LONGEST_NAME)))

    @classmethod
    async def named(cls, names: list[str], field: str) -> list[Self]:
        """The skills of these names, each once, in their order; the vocabulary learns those that are new."""
        wanted = keyed(names, field)
        known = await cls.learnt(wanted)
        return [known[key] for key in wanted]

    @classmethod
    async def learnt(cls, wanted: dict[str, str]) -> dict[str, Self]:
        """The skills of these keys, by key; those that are new are learnt under these names.

        A unit learns all its skills in one call. They are stored in the order of their keys, and whoever stores the
        same ones at once waits: in two orders, two units would wait for each other.
        """
        known = {skill.key: skill for skill in await cls.filter(key__in=list(wanted))}
        new = sorted(wanted.keys() - known.keys())
        if new:
            # One that somebody else has stored meanwhile is no error, and theirs is found.
            await cls.bulk_create([cls(name=wanted[key], key=key) for key in new], ignore_conflicts=True)
            known |= {skill.key: skill for skill in await cls.filter(key__in=new)}
        return known


def keyed(names: list[str], field: str) -> dict[str, str]:
    """The names by their keys, in their order; of two spellings the last. Raises `Refused`."""
    if len(names) > MOST_PER_PERSON:
        raise invalid(f"At most {MOST_PER_PERSON} skills, please.", field)
    return {key_of(name): name for name in (line(name, field, longest=LONGEST_NAME) for name in names)}
