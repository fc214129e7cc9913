"""Parsing within the bounds that hold for the whole document."""

from collections import Counter

from graphql import GraphQLSyntaxError, parse
from graphql.language import ast
from graphql.language.parser import MAX_NESTING_DEPTH

from schema.limits.bounds import DEFAULT_LIMITS, Limits, TooComplex


def parse_within(source: str, limits: Limits = DEFAULT_LIMITS) -> ast.DocumentNode:
    """The parsed document. Raises TooComplex or GraphQLSyntaxError, however deep the source is nested."""
    # JSON can bring lone surrogates into a str, and strict UTF-8 refuses to encode them.
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > limits.source_bytes:
        raise TooComplex("source_bytes", limits.source_bytes, size)
    try:
        document = parse(source, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
    except GraphQLSyntaxError as error:
        # Only its words tell a limit of graphql-core from bad syntax.
        passed = {
            f"Document contains more than {limits.tokens} tokens.": ("tokens", limits.tokens),
            f"Document contains more than {limits.comments} comments.": ("comments", limits.comments),
            "Document is nested too deeply.": ("nesting", MAX_NESTING_DEPTH),
        }.get(error.description.removesuffix(" Parsing aborted."))
        if passed:
            raise TooComplex(*passed, found=passed[1] + 1) from None
        raise
    overlaps = _overlaps(document)
    if overlaps > limits.overlaps:
        raise TooComplex("overlaps", limits.overlaps, overlaps)
    return document


def _overlaps(document: ast.DocumentNode) -> int:
    """The pairs of fields with one response path, as if all fragments were spread in one place.

    Validation compares each pair (https://spec.graphql.org/draft/#sec-Field-Selection-Merging), which took
    it a second for `p{id}` written 370 times, a document of under 2 KB.
    """
    paths: dict[tuple[int, str], int] = {}
    fields_at: Counter[int] = Counter()
    pending = [
        (-1 if isinstance(d, ast.FragmentDefinitionNode) else -2 - n, d.selection_set)
        for n, d in enumerate(document.definitions)
        if isinstance(d, ast.ExecutableDefinitionNode)
    ]
    while pending:
        path, selection_set = pending.pop()
        for selection in selection_set.selections:
            below = path
            if isinstance(selection, ast.FieldNode):
                below = paths.setdefault((path, (selection.alias or selection.name).value), len(paths))
                fields_at[below] += 1
            if isinstance(selection, ast.FieldNode | ast.InlineFragmentNode) and selection.selection_set:
                pending.append((below, selection.selection_set))
    return sum(count * (count - 1) // 2 for count in fields_at.values())
