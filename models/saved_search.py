"""Saved searches: what somebody looks for again and again, under a name of their own."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from tortoise import fields
from tortoise.queryset import QuerySet

from models.base import Authored
from models.database import transaction
from models.profile import Profile
from models.refusal import RefusalCode, Refused
from models.text import line

if TYPE_CHECKING:
    from models.account import Account

MOST_SAVED = 20


class SearchFor(StrEnum):
    """Whom a search looks for."""

    MENTORS = "MENTORS"
    MENTEES = "MENTEES"


class SavedSearch(Authored):
    """A search of one person, who alone sees it. Its columns are those of `discovery.Criteria`, as they were given."""

    name = fields.CharField(max_length=80)
    looks_for = fields.CharEnumField(SearchFor, max_length=16)
    skills_any: list[str] = fields.JSONField(default=list)
    skills_all: list[str] = fields.JSONField(default=list)
    languages: list[str] = fields.JSONField(default=list)
    industries: list[str] = fields.JSONField(default=list)
    formats: list[str] = fields.JSONField(default=list)
    years_at_least = fields.SmallIntField(null=True)
    years_at_most = fields.SmallIntField(null=True)
    overlap_hours = fields.SmallIntField(null=True)
    places_free = fields.BooleanField(null=True)
    text = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "saved_search"
        unique_together = (("author", "client_id"),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(author_id=viewer.id)

    @classmethod
    @transaction
    async def save_as(cls, name: str, looks_for: SearchFor, *, by: "Account", client_id: str, **criteria: Any) -> Self:
        """Keep what `by` looks for. `criteria` have been checked: those that were not given are left out."""
        name = line(name, "name", longest=80)
        content = {"name": name, "looks_for": looks_for.value, **criteria}
        await Profile.locked(by.id)
        if first := await cls.made_before(by, client_id, **content):
            return first
        if await cls.filter(author_id=by.id).count() >= MOST_SAVED:
            raise Refused(RefusalCode.LIMIT_REACHED, f"At most {MOST_SAVED} searches can be saved; delete one first.")
        return await cls.make(by, client_id, content, name=name, looks_for=looks_for, **criteria)

    @transaction
    async def remove(self, *, by: "Account") -> None:
        """Keep it no longer."""
        if by.id != self.author_id:
            raise Refused(RefusalCode.NOT_ALLOWED, "A saved search is deleted by its person only.")
        await self.delete()
