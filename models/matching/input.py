"""What runs are made of: frozen markets, kept for a time so that a run can be made again."""

import asyncio
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
from models.refusal import RefusalCode, Refused

if TYPE_CHECKING:
    from models.account import Account
    from models.matching.matching import Matching

# For so long a run can be made again.
KEPT = timedelta(days=180)

# Of zlib: a third of the size, in a second or two for ten thousand people who have answered at length.
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
    async def keep(cls, matching_id: UUID, packed: bytes) -> None:
        """Keep what a run is made of, as `packed` has it. Within its unit."""
        await cls.create(matching_id=matching_id, frozen=packed)

    @classmethod
    async def forget(cls) -> int:
        """Forget what old runs were made of, which holds what people said of themselves. Returns how many."""
        return await cls.forget_some(cls.filter(created_at__lt=clock.now() - KEPT), 10)

    @classmethod
    async def bytes_of(cls, matching_id: UUID) -> bytes:
        """The frozen market of a run, as JSON. Raises `Refused` where it is not kept any more."""
        kept = await cls.get_or_none(matching_id=matching_id)
        if kept is None:
            raise Refused(RefusalCode.EXPIRED, "What this run was made of is not kept any more.", "matchingId")
        return await asyncio.to_thread(zlib.decompress, kept.frozen)

    @classmethod
    async def of(cls, matching_id: UUID) -> Frozen:
        """The frozen market of a run. Raises `Refused` where it is not kept any more."""
        found: Frozen = await asyncio.to_thread(orjson.loads, await cls.bytes_of(matching_id))
        return found


async def packed(frozen: Frozen) -> bytes:
    """A frozen market as it is kept. Others are served meanwhile: so before the unit, which holds the programme."""
    return await asyncio.to_thread(lambda: zlib.compress(orjson.dumps(frozen), LEVEL))
