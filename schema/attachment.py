"""Attachments: files of messages."""

from uuid import UUID

import strawberry

import models.attachment
from models import link
from models.attachment import thumbnail_key
from models.files import AttachmentKind
from schema.context import Context, Info
from schema.node import Node, global_id_of, node
from schema.plan.read import METADATA, Afterwards


def _url(context: Context, key: UUID) -> str:
    """A link for this sign-in."""
    return _link(context, key, str(key), "")


def _thumbnail_url(context: Context, key: UUID) -> str:
    """Likewise, to the thumbnail."""
    return _link(context, key, thumbnail_key(key), "/thumbnail")


def _link(context: Context, key: UUID, subject: str, below: str) -> str:
    assert context.session is not None
    whole = global_id_of(models.attachment.Attachment, key)
    return f"/files/{whole}{below}?{link.query_of(subject, context.session)}"


strawberry.enum(AttachmentKind, description="How an attachment is shown.")


@node(models.attachment.Attachment, "A file that goes with a message. It is uploaded beforehand, by `POST /files`.")
class Attachment(Node):
    """A file of a message."""

    name: str
    media_type: str = strawberry.field(description="What its bytes are, whatever its sender said.")
    kind: AttachmentKind
    bytes: int = strawberry.field(description="How large it is.")
    width: int | None = strawberry.field(description="Of a picture, in pixels.")
    height: int | None = strawberry.field(description="Of a picture, in pixels.")

    @strawberry.field(
        description="Where it is found on this server, for 5 to 10 minutes and as long as you are signed in. With your"
        " token in a header, `/files/` and the id are enough.",
        metadata={METADATA: Afterwards(_url)},
    )
    def url(root: models.attachment.Attachment, info: Info) -> str:
        """A link for this sign-in."""
        return _url(info.context, root.id)

    @strawberry.field(
        description="Likewise, the picture at 512 pixels or less (WebP); null for what is no picture.",
        metadata={METADATA: Afterwards(_thumbnail_url, given="thumbnail_bytes")},
    )
    def thumbnail_url(root: models.attachment.Attachment, info: Info) -> str | None:
        """A link for this sign-in."""
        return None if root.thumbnail_bytes is None else _thumbnail_url(info.context, root.id)
