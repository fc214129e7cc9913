"""What every model shares: its id, its birthday, and who may see it."""

import hashlib
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Subquery
from tortoise.indexes import Index
from tortoise.models import Model, ModelMeta
from tortoise.queryset import QuerySet

from models import clock
from models.database import transaction
from models.refusal import RefusalCode, Refused, invalid, not_found

if TYPE_CHECKING:
    from models.account import Account
    from models.profile import Profile


def in_words(name: str) -> str:
    """The name of a class as people say it: `MentorshipRequest` is a mentorship request."""
    return re.sub("(?<!^)(?=[A-Z])", " ", name).lower()


def uuid7() -> UUID:
    """A UUIDv7 (RFC 9562, 5.7): 48 bits of the machine's Unix milliseconds, then 74 random bits.

    Ids of a later millisecond sort later; those of one millisecond are in no order.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


class _Undescribed(ModelMeta):
    """Keeps docstrings out of the database: the ORM makes table comments of them, and each new word a migration.

    Nor does it look for comments on fields, for which it would parse each module anew for every model in it.
    """

    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> type:
        table = super().__new__(cls, name, bases, {**attributes, "_no_comments": True})
        table._meta.table_description = ""  # type: ignore[attr-defined]
        return table


class Filled(Index):
    """An index of just those rows in which the column `filled` is not null."""

    def __init__(self, *, fields: Sequence[str], filled: str, name: str | None = None) -> None:
        super().__init__(fields=list(fields), name=name)
        self.filled = filled
        self.extra = f' WHERE "{filled}" IS NOT NULL'

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How a migration writes it."""
        path, arguments, named = super().deconstruct()
        return path, arguments, {**named, "filled": self.filled}


class Base(Model, metaclass=_Undescribed):
    """A table with a UUIDv7 key and a birthday."""

    # The foreign key to the row that this one belongs to: whoever sees that one sees this one, and nobody else does.
    visible_through: ClassVar[str] = ""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    created_at = fields.DatetimeField(default=clock.now)

    class Meta:
        abstract = True

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        """The rows that the viewer may see. Every read goes through here."""
        if not cls.visible_through:
            raise NotImplementedError(f"{cls.__name__} has no rule of visibility")
        owner: type[Base] = cls._meta.fields_map[cls.visible_through].related_model  # type: ignore[attr-defined]
        return cls.filter(**{f"{cls.visible_through}_id__in": Subquery(owner.visible_to(viewer).values("id"))})

    @classmethod
    def pointed_to(cls, viewer: "Account") -> QuerySet[Self]:
        """The rows that are shown where a row that the viewer sees points to them. As a rule those they may see."""
        return cls.visible_to(viewer)

    @classmethod
    def under(cls, viewer: "Account", key: str, owner_id: UUID) -> QuerySet[Self]:
        """The rows whose foreign key leads to a row that the viewer sees already; as far as they may see them."""
        # Whether the owner is visible is not asked once more for each of the rows that are seen through it.
        rows = cls.all() if key == f"{cls.visible_through}_id" else cls.visible_to(viewer)
        return rows.filter(**{key: owner_id})

    @classmethod
    async def seen_by(cls, viewer: "Account", id: UUID, field: str) -> Self:
        """The row with this id, if the viewer may see it; else `Refused`, naming the input field."""
        row = await cls.visible_to(viewer).get_or_none(id=id)
        if row is None:
            raise not_found(in_words(cls.__name__), field)
        return row

    @classmethod
    def of_columns(cls, columns: Mapping[str, Any]) -> Self:
        """The row that has these columns in the database: all of them, as its driver gives them."""
        return cls._init_from_db(**columns)

    @classmethod
    async def locked(cls, id: UUID) -> Self:
        """The row as it is now, held until the unit ends: others who want it wait.

        SQLite needs no row lock, as a unit there holds the only write lock from its first statement.
        """
        return await cls.select_for_update(no_key=True).get(id=id)

    @classmethod
    async def forget_some(cls, rows: QuerySet[Self], most: int) -> int:
        """Delete some of these rows, `most` of them. Returns how many; safe to run in several processes."""
        # Looked for outside a unit: as a rule there is nothing to write.
        if found := await rows.limit(most).values_list("id", flat=True):
            await transaction(cls.filter(id__in=found).delete)()
        return len(found)

    async def store(self, *names: str) -> None:
        """Write just these fields: a concurrent change of another field stays."""
        await self.save(update_fields=names)


class Authored(Base):
    """A row that somebody made, under a key of their own: a retry with the same key finds the first row.

    A verb first takes the lock that its limits and states are decided under, then looks for its key, and only then
    asks what is allowed: so a try that had to wait finds what the first has made, and not that there is no room for
    another. The unique index on (author, client_id) holds where two tries wait for different locks: the second
    one's unit runs again and finds the row of the first.
    """

    author: fields.ForeignKeyRelation["Profile"] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.RESTRICT
    )
    author_id: UUID
    client_id = fields.CharField(max_length=64, null=True)
    # Of all that was given with the key: a retry repeats it.
    content_hash = fields.CharField(max_length=64, null=True)

    class Meta:
        abstract = True

    @classmethod
    async def made_before(cls, by: "Account", client_id: str | None, **content: Any) -> Self | None:
        """The row that this key made. Raises `Refused` where it was made with other content."""
        if client_id is None:
            return None
        must_be_a_key(client_id)
        row = await cls.get_or_none(author_id=by.id, client_id=client_id)
        if row and row.content_hash != content_hash(content):
            raise key_reused()
        return row

    @classmethod
    async def make(cls, by: "Account", client_id: str | None, content: dict[str, Any], **fields: Any) -> Self:
        """Store the row under its author's key, and what the key stands for."""
        kept = content_hash(content) if client_id is not None else None
        return await cls.create(author_id=by.id, client_id=client_id, content_hash=kept, **fields)


def content_hash(content: dict[str, Any]) -> str:
    """What stands for the content of a row under its author's key."""
    return hashlib.sha256(repr(sorted(content.items())).encode("utf-8", "surrogatepass")).hexdigest()


def must_be_a_key(client_id: str) -> None:
    """Raise `Refused` for a key that cannot be kept."""
    if not 1 <= len(client_id) <= 64 or not client_id.isascii() or not client_id.isprintable():
        raise invalid("A clientId is 1 to 64 printable ASCII characters, such as a UUID.", "clientId")


def key_reused() -> Refused:
    """The key stands for something else already."""
    message = "This clientId was used with other content; take a new one."
    return Refused(RefusalCode.CLIENT_ID_REUSED, message, "clientId")
