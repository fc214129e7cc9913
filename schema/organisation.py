"""Organisations and their programmes."""

from datetime import date

import strawberry

import models.organisation
from schema.connection import Connection, Order, page
from schema.context import Info, viewer
from schema.node import Node, node, related

BY_START = Order("programmes", "-starts_on")


@node(models.organisation.Organisation, "Who runs mentoring.")
class Organisation(Node):
    """Who runs mentoring."""

    name: str


@node(models.organisation.Programme, "A run of mentoring with a start and an end.")
class Programme(Node):
    """A run of mentoring."""

    name: str
    purpose: str
    starts_on: date
    ends_on: date
    reply_days: int | None = strawberry.field(
        description="How many days there are to answer a request in it; null for the usual fourteen."
    )
    organisation: Organisation = related()


@strawberry.type
class OrganisationQuery:
    """Reads of programmes."""

    @strawberry.field(description="The programmes that you take part in, the latest first.")
    def programmes(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Programme]:
        """The viewer's programmes."""
        return page(models.organisation.Programme.visible_to(viewer(info)), BY_START, first=first, after=after)
