"""Skills: areas of help, in a shared vocabulary that grows as people name new ones."""

import re
import unicodedata
from typing import TYPE_CHECKING, Self

from tortoise import fields
from tortoise.queryset import QuerySet

from models.base import Base
from models.refusal import invalid
from models.text import line

if TYPE_CHECKING:
    from models.account import Account

MOST_PER_PERSON = 30

# Up to three times as long as a name: some letters grow when their case is folded.
LONGEST_KEY = 180


def key_of(name: str) -> str:
    """The key under which a skill of this name is kept: in any case and form, with any space around it."""
    # No skill has a character that cannot be stored, or a longer key: U+FFFD finds nobody, instead of an error.
    storable = re.sub("[\x00\ud800-\udfff]", "\ufffd", name)
    key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", storable).strip().casefold())
    return key if len(key) <= LONGEST_KEY else "\ufffd"


class Skill(Base):
    """An area of help. Two spellings that differ only in case are one skill."""

    name = fields.CharField(max_length=60)
    key = fields.CharField(max_length=LONGEST_KEY, unique=True)

    class Meta:
        table = "skill"

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.all()

    @classmethod
    async def named(cls, names: list[str], field: str) -> list[Self]:
        """The skills of these names, each once, in their order; the vocabulary learns those that are new."""
        if len(names) > MOST_PER_PERSON:
            raise invalid(f"At most {MOST_PER_PERSON} skills, please.", field)
        wanted = {key_of(name): name for name in (line(name, field, longest=60) for name in names)}
        known = {skill.key: skill for skill in await cls.filter(key__in=list(wanted))}
        for key, name in wanted.items():
            if key not in known:
                known[key] = await cls.create(name=name, key=key)
        return [known[key] for key in wanted]
