"""What the guard counts in a document."""

import dataclasses
from collections.abc import Iterator

import pytest
from graphql.language import Visitor, ast, visit

from schema.limits import CEILING, DEFAULT_LIMITS, Limits, TooComplex, measure, parse_within

PARSED = ("tokens", "source_bytes", "comments", "overlaps")
PAGES = ("page_size", "default_page")
MEASURED = tuple(f.name for f in dataclasses.fields(Limits) if f.name not in PARSED + PAGES)
UNLIMITED = dataclasses.replace(DEFAULT_LIMITS, **dict.fromkeys(PARSED + MEASURED, CEILING))


def guard(source: str, variables: dict[str, object] | None = None, limits: Limits = DEFAULT_LIMITS) -> None:
    measure(parse_within(source, limits), None, variables, limits)


def found(limit: str, source: str | ast.DocumentNode, variables: dict[str, object] | None = None) -> int:
    """What the guard counts: it says so when the limit is one that nothing keeps."""
    limits = dataclasses.replace(UNLIMITED, **{limit: -1})
    with pytest.raises(TooComplex) as refused:
        measure(parse_within(source, limits) if isinstance(source, str) else source, None, variables, limits)
    extensions = refused.value.extensions or {}
    assert extensions["limit"] == limit
    return int(extensions["found"])


class Watch(Visitor):
    """Counts the selections that a document holds, and those that are read from then on."""

    def __init__(self) -> None:
        super().__init__()
        self.held = self.read = 0

    def leave_selection_set(self, node: ast.SelectionSetNode, *_: object) -> None:
        watch = self

        class Watched(tuple[ast.SelectionNode, ...]):
            __slots__ = ()

            def __iter__(self) -> Iterator[ast.SelectionNode]:
                for selection in super().__iter__():
                    watch.read += 1
                    yield selection

        self.held += len(node.selections)
        object.__setattr__(node, "selections", Watched(node.selections))


def steps(document: ast.DocumentNode) -> tuple[int, int]:
    """How many selections a measurement reads, and how many the document holds."""
    visit(document, watch := Watch())
    watch.read = 0
    measure(document, None, {}, UNLIMITED)
    return watch.read, watch.held
