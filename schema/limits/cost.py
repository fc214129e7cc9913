"""What the one operation that will run adds up to: its depth, its aliases, the objects that it may return."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TypeAlias

from graphql import GraphQLError
from graphql.language import OperationType, ast

from schema.limits.bounds import CEILING, DEFAULT_LIMITS, Limits, PageSizeOutOfRange, TooComplex

PAGE_ARGUMENTS = frozenset({"first", "last"})
CONNECTION_FIELDS = frozenset({"edges", "nodes", "pageInfo"})
INTROSPECTION_ROOTS = frozenset({"__schema", "__type"})

# How many entries a list of introspection counts for. The first four lead from a type to other types, so they
# can be nested for ever. The full standard query costs 24,564 and passes once; a third level never passes.
INTROSPECTION_LISTS = dict.fromkeys(("fields", "inputFields", "interfaces", "possibleTypes"), 50)
INTROSPECTION_LISTS |= dict.fromkeys(("types", "directives", "args", "enumValues"), 5)

# How many entries a plain list counts for: a tenth of what its rule allows (docs/decisions/0007).
PLAIN_LISTS = {
    "skillsOffered": 3,
    "skillsWanted": 3,
    "milestones": 5,
    "availability": 5,
    "participants": 10,
    "reportedMessages": 5,
    "reactionCounts": 2,
    "attachments": 1,
    "weights": 1,
    "answers": 3,
    "components": 2,
    "exclusions": 1,
    "changes": 10,
    "skills": 2,
    "languages": 2,
    "industries": 2,
    "formats": 2,
    "years": 2,
}

# What a field costs besides the objects that it returns: suggestions are ranked, facets counted and drafts compared
# among many, however few are asked for; and a pair is explained by all that stands between the two.
WORK = {"suggestions": 150, "compareMatchings": 150, "mentorFacets": 50, "menteeFacets": 50, "explainMatch": 20}


def measure(
    document: ast.DocumentNode,
    operation_name: str | None,
    variables: Mapping[str, object] | None,
    limits: Limits = DEFAULT_LIMITS,
) -> None:
    """Refuse an operation that asks for too much; where several could be meant, execution refuses them all.

    Raises TooComplex, PageSizeOutOfRange, or a plain GraphQLError when fragments form a cycle.
    """
    operations = [d for d in document.definitions if isinstance(d, ast.OperationDefinitionNode)]
    operations = [o for o in operations if operation_name in (None, o.name and o.name.value)]
    if not operations:
        return
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, ast.FragmentDefinitionNode)}
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
                tally.cost = max(page, 1 + page * tally.cost) + WORK.get(name, 0)
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
        return largest or (self.limits.default_page if holds_page else PLAIN_LISTS.get(node.name.value, 1))

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
