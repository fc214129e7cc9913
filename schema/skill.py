"""Skills."""

import strawberry

import models.skill
from schema.connection import Connection, Order, page
from schema.context import Info, viewer
from schema.node import Node, node

BY_NAME = Order("skills", "name")


@node(models.skill.Skill, "An area of help, from a vocabulary that everybody shares.")
class Skill(Node):
    """An area of help."""

    name: str


@strawberry.type
class SkillQuery:
    """Reads of the vocabulary."""

    @strawberry.field(description="The shared vocabulary, by name.")
    def skills(
        self, info: Info, starting_with: str = "", first: int | None = None, after: str | None = None
    ) -> Connection[Skill]:
        """Skills whose name starts with these letters, in any case."""
        found = models.skill.Skill.starting_with(viewer(info), starting_with, "startingWith")
        return page(found, BY_NAME, first=first, after=after)
