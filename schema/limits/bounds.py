"""The bounds of a document, and what is raised beyond them."""

from dataclasses import dataclass

from graphql import GraphQLError
from graphql.language import ast

CEILING = 2**31 - 1  # The largest GraphQL Int. Counts stop growing here, so a limit must be smaller.


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a document may hold; each is a count, and a document at the limit passes.

    In the whole document: tokens (comments apart), source_bytes (UTF-8), comments, and overlaps: the pairs of
    fields with one response path. In the operation, fragments expanded: depth (fields on the longest path),
    aliases, directives, fragments (spreads), fields, root_fields, root_mutations, and cost: the objects it may
    return. Introspection has its own depth and cost instead. default_page stands for a page of unknown size.
    """

    tokens: int = 1500
    source_bytes: int = 20_000
    comments: int = 50
    overlaps: int = 5000
    depth: int = 10
    aliases: int = 30
    directives: int = 8
    fragments: int = 30
    fields: int = 1000
    root_fields: int = 20
    root_mutations: int = 1
    cost: int = 1000
    introspection_depth: int = 20
    introspection_cost: int = 30_000
    page_size: int = 100
    default_page: int = 20


DEFAULT_LIMITS = Limits()


class TooComplex(GraphQLError):
    """A document passed the named limit. Parsing stops at once, so there `found` is just one too many."""

    def __init__(self, limit: str, allowed: int, found: int) -> None:
        super().__init__(
            f"Too complex: {limit.replace('_', ' ')} may be at most {allowed}, found {found}.",
            extensions={"code": "TOO_COMPLEX", "limit": limit, "allowed": allowed, "found": found},
        )


class PageSizeOutOfRange(GraphQLError):
    """A `first` or `last` below 1 or above the largest page."""

    def __init__(self, argument: str, largest: int, node: ast.FieldNode) -> None:
        extensions = {"code": "BAD_INPUT", "argument": argument}
        super().__init__(f"{argument} must be between 1 and {largest}", node, extensions=extensions)
