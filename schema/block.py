"""Blocks."""

from datetime import datetime

import strawberry

import models.block
import models.profile
from schema.connection import Connection, Order, page
from schema.context import Info, viewer
from schema.node import Node, as_node, id_of, node, related
from schema.profile import Profile
from schema.refusal import mutation

NEWEST_FIRST = Order("blocks", "-created_at")


@node(models.block.Block, "Somebody of whom you want to hear nothing. They are not told.")
class Block(Node):
    """A block of the viewer's."""

    blocked: Profile = related()
    created_at: datetime


@strawberry.input
class BlockProfileInput:
    """Whom to block."""

    profile_id: strawberry.ID


@strawberry.input
class UnblockProfileInput:
    """Of whom to hear again."""

    profile_id: strawberry.ID


@strawberry.type
class BlockProfilePayload:
    """The block."""

    block: Block


@strawberry.type
class UnblockProfilePayload:
    """The person of whom you hear again."""

    profile: Profile


@strawberry.type
class BlockQuery:
    """Reads of blocks."""

    @strawberry.field(description="The people whom you have blocked, the newest first.")
    def blocks(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Block]:
        """The viewer's blocks."""
        return page(models.block.Block.visible_to(viewer(info)), NEWEST_FIRST, first=first, after=after)


@strawberry.type
class BlockMutation:
    """Changes of blocks."""

    @mutation(
        "Hear nothing more of somebody: no message, call or request passes between the two of you, and what is "
        "running ends. They are not told. A mentorship stays until it is ended; in a circle both go on."
    )
    async def block_profile(self, info: Info, input: BlockProfileInput) -> BlockProfilePayload:
        """Block somebody."""
        key = id_of(models.profile.Profile, input.profile_id, "profileId")
        return BlockProfilePayload(block=as_node(await models.block.Block.put(key, by=viewer(info))))

    @mutation("Hear of somebody again.")
    async def unblock_profile(self, info: Info, input: UnblockProfileInput) -> UnblockProfilePayload:
        """Lift a block."""
        by, key = viewer(info), id_of(models.profile.Profile, input.profile_id, "profileId")
        profile = await models.profile.Profile.seen_by(by, key, "profileId")
        await models.block.Block.lift(key, by=by)
        return UnblockProfilePayload(profile=as_node(profile))
