"""How much a GraphQL document may ask for, measured before validation and in time linear in its size.

`parse_within` covers the whole document, `measure` the one operation that will run. A fragment counts as often
as it is spread but is read once, so a document whose expansion is exponential costs no more than another.
`@skip` and `@include` are not evaluated: the worst case counts.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TypeAlias

from graphql import GraphQLError, GraphQLSyntaxError, parse
from graphql.language import OperationType, ast
from graphql.language.parser import MAX_NESTING_DEPTH

CEILING = 2**31 - 1  # The largest GraphQL Int. Counts stop growing here, so a limit must be smaller.

PAGE_ARGUMENTS = frozenset({"first", "last"})
CONNECTION_FIELDS = frozenset({"edges", "nodes", "pageInfo"})
INTROSPECTION_ROOTS = frozenset({"__schema", "__type"})

# How many entries a list of introspection counts for. The first four lead from a type to other types, so they
# can be nested for ever. The full standard query costs 24,564 and passes once; a third level never passes.
INTROSPECTION_LISTS = dict.fromkeys(("fields", "inputFields", "interfaces", "possibleTypes"), 50)
INTROSPECTION_LISTS |= dict.fromkeys(("types", "directives", "args", "enumValues"), 5)


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


def measure(
    document: ast.DocumentNode,
    operation_name: str | None,
    variables: Mapping[str, object] | None,
    limits: Limits = DEFAULT_LIMITS,
) -> None:
    """Refuse an operation that asks for too much. When there is no such operation, execution reports that.

    Raises TooComplex, PageSizeOutOfRange, or a plain GraphQLError when fragments form a cycle.
    """
    operations = [d for d in document.definitions if isinstance(d, ast.OperationDefinitionNode)]
    operations = [o for o in operations if operation_name in (None, o.name and o.name.value)]
    if not operations:
        return
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, ast.FragmentDefinitionNode)}
    # Strawberry runs the first of several operations when the request names none.
    tally = _Measurement(fragments, limits).of(operations[0], variables or {})
    for limit in COUNTS:
        allowed, found = getattr(limits, limit), getattr(tally, limit)
        if found > allowed:
            raise TooComplex(limit, allowed, found)


@dataclass(slots=True)
class _Tally:
    """What a selection set adds up to. The root counts are of the fields at its top level."""

    holds_page: bool = False
    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fragments: int = 0
    fields: int = 0
    root_fields: int = 0
    root_mutations: int = 0
    cost: int = 0
    introspection_depth: int = 0
    introspection_cost: int = 0

    def include(self, other: "_Tally") -> None:
        self.holds_page = self.holds_page or other.holds_page
        self.depth = max(self.depth, other.depth)
        self.aliases += other.aliases
        self.directives += other.directives
        self.fragments += other.fragments
        self.fields += other.fields
        self.root_fields += other.root_fields
        self.root_mutations += other.root_mutations
        self.cost += other.cost
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.introspection_cost += other.introspection_cost

    def saturate(self) -> None:
        for count in COUNTS:
            setattr(self, count, min(getattr(self, count), CEILING))


COUNTS = tuple(count.name for count in fields(_Tally) if count.name != "holds_page")

# A walk yields another that has to end before it goes on.
_Walk: TypeAlias = Iterator["_Walk"]


def _run(walk: _Walk) -> None:
    # A list instead of recursion, since a chain of fragments can be deeper than Python's stack.
    waiting = [walk]
    while waiting:
        if (deeper := next(waiting[-1], None)) is None:
            waiting.pop()
        else:
            waiting.append(deeper)


@dataclass(slots=True)
class _Measurement:
    """Measures one operation. A fragment is read at most twice: as data and as introspection."""

    fragments: Mapping[str, ast.FragmentDefinitionNode]
    limits: Limits
    values: dict[str, object] = field(default_factory=dict)
    measured: dict[tuple[str, bool], _Tally] = field(default_factory=dict)
    entered: dict[str, ast.FragmentSpreadNode] = field(default_factory=dict)

    def of(self, operation: ast.OperationDefinitionNode, variables: Mapping[str, object]) -> _Tally:
        definitions = operation.variable_definitions or ()
        self.values = {d.variable.name.value: d.default_value for d in definitions} | dict(variables)
        directives = [operation.directives, *(d.directives for d in definitions)]
        total = _Tally(directives=sum(len(several or ()) for several in directives))
        _run(self.selections(operation.selection_set, total, introspecting=False))
        if operation.operation is not OperationType.MUTATION:
            total.root_mutations = 0
        total.saturate()
        return total

    def selections(self, among: ast.SelectionSetNode, total: _Tally, introspecting: bool) -> _Walk:
        for selection in among.selections:
            total.directives += len(selection.directives or ())
            if isinstance(selection, ast.FieldNode):
                below = _Tally()
                inside = introspecting or selection.name.value in INTROSPECTION_ROOTS
                if selection.selection_set is not None:
                    yield self.selections(selection.selection_set, below, inside)
                self.count(selection, below, inside)
                total.include(below)
            elif isinstance(selection, ast.InlineFragmentNode):
                yield self.selections(selection.selection_set, total, introspecting)
            elif isinstance(selection, ast.FragmentSpreadNode):
                yield self.spread(selection, total, introspecting)

    def spread(self, spread: ast.FragmentSpreadNode, total: _Tally, introspecting: bool) -> _Walk:
        name = spread.name.value
        if name in self.entered:
            raise self.cycle(spread)
        if (name, introspecting) not in self.measured:
            tally = _Tally(fragments=1)
            # Validation reports a fragment that does not exist.
            if fragment := self.fragments.get(name):
                tally.directives = len(fragment.directives or ())
                self.entered[name] = spread
                yield self.selections(fragment.selection_set, tally, introspecting)
                del self.entered[name]
                tally.saturate()
            self.measured[name, introspecting] = tally
        total.include(self.measured[name, introspecting])

    def cycle(self, spread: ast.FragmentSpreadNode) -> GraphQLError:
        """In validation's words (https://spec.graphql.org/draft/#sec-Fragment-spreads-must-not-form-cycles)."""
        name = spread.name.value
        path = [*self.entered.values(), spread][list(self.entered).index(name) + 1 :]
        via = ", ".join(f"'{step.name.value}'" for step in path[:-1])
        return GraphQLError(f"Cannot spread fragment '{name}' within itself{via and ' via '}{via}.", path)

    def count(self, node: ast.FieldNode, tally: _Tally, introspecting: bool) -> None:
        """Turn the tally of a field's selection set into the field's own."""
        name = node.name.value
        tally.fields += 1
        tally.aliases += node.alias is not None
        tally.root_fields, tally.root_mutations = 1, not name.startswith("__")
        if introspecting:
            tally.introspection_depth += 1
            if node.selection_set is not None:
                tally.introspection_cost = INTROSPECTION_LISTS.get(name, 1) * (1 + tally.introspection_cost)
        else:
            tally.depth += 1
            page = self.page_size(node, tally.holds_page)
            if node.selection_set is not None:
                # A page costs its size even where nothing but leaves is asked of it.
                tally.cost = max(page, 1 + page * tally.cost)
        tally.holds_page = name in CONNECTION_FIELDS

    def page_size(self, node: ast.FieldNode, holds_page: bool) -> int:
        """How many answers the selection set of a field can have: 1 for what is no page."""
        largest = 0
        for argument in node.arguments or ():
            if (name := argument.name.value) in PAGE_ARGUMENTS:
                holds_page = True
                size = self.integer(argument.value)
                if size is not None and not 1 <= size <= self.limits.page_size:
                    raise PageSizeOutOfRange(name, self.limits.page_size, node)
                largest = max(largest, size or 0)
        return largest or (self.limits.default_page if holds_page else 1)

    def integer(self, value: object) -> int | None:
        """What GraphQL's Int makes of a value; None for null, for nothing and for what is no Int."""
        if isinstance(value, ast.VariableNode):
            value = self.values.get(value.name.value)
        if isinstance(value, ast.IntValueNode):
            # Python refuses to convert a literal of thousands of digits.
            return int(value.value) if len(value.value) < 12 else CEILING
        # The JSON number 1e3 arrives as a float, and GraphQL's Int takes a whole one.
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return value if isinstance(value, int) and not isinstance(value, bool) else None
