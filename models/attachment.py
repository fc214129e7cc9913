"""Attachments: files that go with messages.

The bytes are written first and the row after them: a server that dies in between leaves bytes that no row names, and
the sweep removes those. It removes what was uploaded and never sent, and what its message has lost, likewise.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import structlog
from tortoise import fields
from tortoise.expressions import Q, Subquery
from tortoise.functions import Count, Sum
from tortoise.queryset import QuerySet

from models import clock
from models.base import Authored, Base, uuid7
from models.database import transaction
from models.files import KINDS, AttachmentKind, Media, Sizes, Spool, Store, media_of, named
from models.files.picture import made_anew
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid, not_found
from models.text import line

if TYPE_CHECKING:
    from models.account import Account
    from models.conversation import Message

log = structlog.get_logger()

IMAGE = AttachmentKind.IMAGE

LONGEST_NAME = 120
MOST_PER_MESSAGE = 10

# What one may have uploaded and not sent.
MOST_UNSENT = 50
MOST_UNSENT_BYTES = 250_000_000
KEPT_UNSENT = timedelta(hours=24)

# Bytes without a row may be of an upload that is not done; no upload takes so long. The store is looked through as
# often: in a bucket that costs money.
ORPHANED_AFTER = timedelta(hours=1)
MOST_SWEPT = 200

THUMBNAIL = ".thumbnail"
KEY = re.compile(rf"([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})(?:{re.escape(THUMBNAIL)})?")


class Attachment(Authored):
    """A file: of a message, once it is sent with one. Its author is who uploaded it, and sees it alone until then."""

    message: fields.ForeignKeyNullableRelation["Message"] = fields.ForeignKeyField(
        "models.Message", related_name="attachments", null=True, on_delete=fields.CASCADE, db_index=True
    )
    message_id: UUID | None
    position = fields.SmallIntField(null=True)
    name = fields.CharField(max_length=LONGEST_NAME + 10)
    media_type = fields.CharField(max_length=100)
    kind = fields.CharEnumField(AttachmentKind, max_length=20)
    bytes = fields.IntField()
    sha256 = fields.CharField(max_length=64)
    width = fields.IntField(null=True)
    height = fields.IntField(null=True)
    thumbnail_bytes = fields.IntField(null=True)
    removed_at = fields.DatetimeField(null=True, db_index=True)

    class Meta:
        table = "attachment"
        unique_together = (("author", "client_id"), ("message", "position"))

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        of_message: Any = cls._meta.fields_map["message"].related_model  # type: ignore[attr-defined]
        sent = Q(message_id__in=Subquery(of_message.visible_to(viewer).values("id")))
        return cls.filter(sent | Q(message_id=None, author_id=viewer.id), removed_at=None)

    @classmethod
    def under(cls, viewer: "Account", key: str, owner_id: UUID) -> QuerySet[Self]:
        # Whoever sees the message sees what it holds.
        rows = cls.filter(removed_at=None) if key == "message_id" else cls.visible_to(viewer)
        return rows.filter(**{key: owner_id})

    @classmethod
    async def must_have_room(cls, by: "Account", more: int = 0) -> None:
        """Raise `Refused` where the person has uploaded too much, and sent none of it."""
        unsent = cls.filter(author_id=by.id, message_id=None, removed_at=None)
        found = await unsent.annotate(files=Count("id"), size=Sum("bytes")).values("files", "size")
        files, size = (found[0]["files"], found[0]["size"] or 0) if found else (0, 0)
        if files >= MOST_UNSENT or size + more > MOST_UNSENT_BYTES:
            hours = KEPT_UNSENT // timedelta(hours=1)
            raise Refused(
                RefusalCode.LIMIT_REACHED, f"Send what you have uploaded first, or wait: it goes after {hours} hours."
            )

    @classmethod
    async def keep(
        cls, received: Spool, name: str, *, by: "Account", store: Store, sizes: Sizes, client_id: str | None = None
    ) -> Self:
        """Keep a file that was received whole. A retry with the same key returns the first one.

        Pictures are made anew, without what else is in their file. Raises `Refused`, and `OSError` where the store
        does not take it.
        """
        name = _clean(name)
        await received.done()
        content = {"name": name, "sha256": received.sha256}
        # Asked for once more under the lock; here it saves making a picture twice.
        if first := await cls.made_before(by, client_id, **content):
            return first
        if not received.size:
            raise invalid("The file is empty.", "file")
        media = media_of(received.head, name)
        if received.size > sizes.of(media.kind):
            raise too_large(media.kind, sizes)
        new = uuid7()
        keeping = (
            _keep_picture(store, new, received) if media.kind is IMAGE else _keep_bytes(store, new, received, media)
        )
        facts = await keeping
        facts["name"] = named(name, KINDS[facts["media_type"]])
        try:
            row = await cls._record(by, client_id, content, id=new, kind=media.kind, **facts)
        except Refused:
            await _forget(store, [new])
            raise
        if row.id != new:
            # Another try with this key was quicker.
            await _forget(store, [new])
        return row

    @classmethod
    @transaction
    async def _record(cls, by: "Account", client_id: str | None, content: dict[str, Any], **facts: Any) -> Self:
        # Uploads of one person are counted one after the other.
        await Profile.locked(by.id)
        if first := await cls.made_before(by, client_id, **content):
            return first
        await cls.must_have_room(by, facts["bytes"])
        return await cls.make(by, client_id, content, **facts)

    @classmethod
    async def bind(cls, ids: Sequence[UUID], message: "Message", *, by: "Account") -> list[Self]:
        """Give files to a message, in this order. Within the unit that sends it, once the conversation is locked."""
        if len(ids) > MOST_PER_MESSAGE:
            raise invalid(f"At most {MOST_PER_MESSAGE} files with a message, please.", "attachmentIds")
        if len(set(ids)) < len(ids):
            raise invalid("Name each file once.", "attachmentIds")
        # In the order in which all lock them: of two sends of one file, and of the sweep, one is first.
        mine = cls.select_for_update(no_key=True).filter(id__in=ids, author_id=by.id, removed_at=None)
        found = {row.id: row for row in await mine.order_by("id")} if ids else {}
        for position, wanted in enumerate(ids, start=1):
            if wanted not in found:
                raise not_found("attachment", "attachmentIds")
            row = found[wanted]
            if row.message_id is not None:
                raise Refused(RefusalCode.WRONG_STATE, "This file was sent already; upload it again.", "attachmentIds")
            row.message_id, row.position = message.id, position
            await row.store("message_id", "position")
        return [found[wanted] for wanted in ids]

    @classmethod
    async def take_from(cls, message: "Message") -> None:
        """Nobody sees the message's files any more; the next sweep removes them. Within the unit that deletes it."""
        await cls.filter(message_id=message.id, removed_at=None).update(removed_at=clock.now())

    @classmethod
    async def sweep(cls, store: Store) -> None:
        """Remove some of what was never sent, and of what is of no message any more. Safe in several processes."""
        unsent = Q(message_id=None, created_at__lte=clock.now() - KEPT_UNSENT)
        unneeded = cls.filter(unsent | Q(removed_at__isnull=False))
        # Looked for outside a unit: as a rule there is nothing to write.
        if found := await unneeded.limit(MOST_SWEPT).values_list("id", flat=True):
            await _forget(store, await cls._delete(unneeded.filter(id__in=found)))

    @classmethod
    @transaction
    async def _delete(cls, unneeded: QuerySet[Self]) -> list[UUID]:
        # Asked for again under the locks: what was sent a moment ago stays.
        gone = [row.id for row in await unneeded.order_by("id").select_for_update()]
        await cls.filter(id__in=gone).delete()
        return gone

    @classmethod
    async def sweep_orphans(cls, store: Store) -> None:
        """Once an hour, remove the bytes that no row names: what a server left that died half-way."""
        now = clock.now()
        if store.swept_at is not None and now - store.swept_at < ORPHANED_AFTER:
            return
        store.swept_at = now
        if not await Depot.is_of(store):
            log.error("the files belong to another database: none of them is removed; see FILES_URL")
            return
        async for keys in store.older(now - ORPHANED_AFTER):
            # What has another name is not ours.
            ids = {key: UUID(match[1]) for key in keys if (match := KEY.fullmatch(key))}
            known = set(await cls.filter(id__in=set(ids.values())).values_list("id", flat=True))
            await store.remove([key for key, row_id in ids.items() if row_id not in known])
        await store.forget_incoming(now - ORPHANED_AFTER)


class Depot(Base):
    """The store of this database's files. Its id is in the store too.

    So a server that is started with the files of one database and another database does not take them for orphans.
    """

    one = fields.BooleanField(default=True, unique=True)

    class Meta:
        table = "depot"

    @classmethod
    async def is_of(cls, store: Store) -> bool:
        """Is this the store of this database? One that nobody has marked becomes it."""
        depot = await cls.first() or await cls._first()
        mark = await store.mark()
        if mark is None:
            await store.set_mark(str(depot.id))
        return mark in (None, str(depot.id))

    @classmethod
    @transaction
    async def _first(cls) -> Self:
        # Of two at once the second runs again, and finds the first one's.
        return await cls.first() or await cls.create()


def thumbnail_key(id: UUID) -> str:
    """The key of a picture's thumbnail; the picture's own is its id."""
    return f"{id}{THUMBNAIL}"


def too_large(kind: AttachmentKind, sizes: Sizes) -> Refused:
    """What to raise for a file that has more bytes than its kind may have."""
    megabytes = sizes.of(kind) / 1_000_000
    what = {IMAGE: "A picture", AttachmentKind.AUDIO: "A recording"}.get(kind, "A file")
    return Refused(RefusalCode.LIMIT_REACHED, f"{what} has at most {megabytes:g} MB.", "file")


def _clean(name: str) -> str:
    # Some clients send the whole path. What begins with a dot is hidden on many systems.
    last = name.replace("\\", "/").rpartition("/")[2].strip().lstrip(". ")
    return line(last or "file", "name", longest=LONGEST_NAME)


async def _keep_bytes(store: Store, id: UUID, received: Spool, media: Media) -> dict[str, Any]:
    await store.put(str(id), received.path)
    return {"media_type": media.type, "bytes": received.size, "sha256": received.sha256}


async def _keep_picture(store: Store, id: UUID, received: Spool) -> dict[str, Any]:
    picture = await made_anew(received.path)
    digests = []
    for key, data in ((thumbnail_key(id), picture.thumbnail), (str(id), picture.data)):
        async with Spool(store.incoming) as written:
            await written.add(data)
            await written.done()
            await store.put(key, written.path)
            digests.append(written.sha256)
    return {
        "media_type": picture.media_type,
        "bytes": len(picture.data),
        "sha256": digests[-1],
        "width": picture.width,
        "height": picture.height,
        "thumbnail_bytes": len(picture.thumbnail),
    }


async def _forget(store: Store, ids: Sequence[UUID]) -> None:
    try:
        await store.remove([key for gone in ids for key in (str(gone), thumbnail_key(gone))])
    except OSError as error:
        # They are orphans now, which the sweep looks for.
        log.warning("files could not be removed now", error=repr(error))
