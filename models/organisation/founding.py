"""Foundings: that somebody has founded an organisation or set up a programme, and under which key."""

from uuid import UUID

from tortoise import fields

from models.base import Authored
from models.organisation.organisation import Organisation
from models.organisation.programme import Programme


class Founding(Authored):
    """By its key a retry finds the first organisation; or the first programme, where one is named."""

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "models.Organisation", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    organisation_id: UUID
    programme: fields.ForeignKeyNullableRelation[Programme] = fields.ForeignKeyField(
        "models.Programme", related_name=False, null=True, on_delete=fields.CASCADE, db_index=True
    )
    programme_id: UUID | None

    class Meta:
        table = "founding"
        unique_together = (("author", "client_id"),)
