"""What runs are made of: frozen markets, kept for a time so that a run can be made again."""

import zlib
from datetime import timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID

import orjson
from tortoise import fields
from tortoise.queryset import QuerySet

from matching.programme.frozen import Frozen
from models import clock
from models.base import Base

if TYPE_CHECKING:
    from models.account import Account
    from models.matching.matching import Matching

# For so long a run can be made again.
KEPT = timedelta(days=180)

# Of zlib: a fifth of the size, in a tenth of a second for ten thousand people.
LEVEL = 3


class MatchingInput(Base):
    """What a run was made of: a frozen market, compressed. For the run itself, and to make it again."""

    matching: fields.OneToOneRelation["Matching"] = fields.OneToOneField(
        "models.Matching", related_name=False, on_delete=fields.CASCADE
    )
    matching_id: UUID
    frozen = fields.BinaryField()

    class Meta:
        table = "matching_input"

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        # It holds what people say of themselves: nobody's to read.
        return cls.filter(id__isnull=True)

    @classmethod
    async def keep(cls, matching_id: UUID, frozen: Frozen) -> None:
        """Keep what a run is made of. Within its unit."""
        await cls.create(matching_id=matching_id, frozen=zlib.compress(orjson.dumps(frozen), LEVEL))

    @classmethod
    async def forget(cls) -> int:
        """Forget what old runs were made of, which holds what people said of themselves. Returns how many."""
        return await cls.forget_some(cls.filter(created_at__lt=clock.now() - KEPT), 10)

    @classmethod
    async def bytes_of(cls, matching_id: UUID) -> bytes:
        """The frozen market of a run, as JSON."""
        kept = await cls.get(matching_id=matching_id)
        return zlib.decompress(kept.frozen)

    @classmethod
    async def of(cls, matching_id: UUID) -> Frozen:
        """The frozen market of a run."""
        found: Frozen = orjson.loads(await cls.bytes_of(matching_id))
        return found
