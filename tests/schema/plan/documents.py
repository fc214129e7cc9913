"""Generated queries: hypothesis-graphql chooses the fields, and the rest of the language is given to them here.

That is aliases, response keys that occur twice, fragments, `__typename`, `@skip` and `@include`, variables with and
without values and defaults, and arguments that mean rows of the database.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    get_named_type,
    is_leaf_type,
    is_non_null_type,
    is_required_argument,
)
from graphql.language.print_string import print_string
from hypothesis import strategies as st
from hypothesis_graphql import queries

from schema.root import schema
from tests.schema.plan.community import AWKWARD, MODELS, ORDERS
from tests.schema.plan.paths import ROWS

SCHEMA = schema._schema

IDS = st.one_of(
    st.builds("@id:{}:{}".format, st.sampled_from([model.__name__ for model in MODELS]), st.integers(0, 20)),
    st.sampled_from(
        ["", "x", "Profile:", "Goal:01890000-0000-7000-8000-000000000000", "Message:\x00", "Query:1", "Profile:\ud800"]
    ),
)

FORGED = st.sampled_from([
    "", ":", "::", "x", "profiles:x:y", "' OR 1=1 --", "\x00", "goals:01890000-0000-7000-8000-000000000000:",
    "goals:01890000-0000-7000-8000-000000000000:2026-01-02T08:34:05+05:30",
    "conversations:01890000-0000-7000-8000-000000000000:2999-01-01T00:00:00-12:00",
    "meetings:01890000-0000-7000-8000-000000000000:2026-01-02T03:04:05.12+00:00",
    "messages:01890000-0000-7000-8000-000000000000:9223372036854775807",
    "messages:01890000-0000-7000-8000-000000000000:9223372036854775808",
    "profiles:01890000-0000-7000-8000-000000000000:\x00", "profiles:01890000-0000-7000-8000-000000000000:\udfff",
    "programmes:01890000-0000-7000-8000-000000000000:20260102", "suggestions:01890000-0000-7000-8000-000000000000:.5",
])  # fmt: skip

STRINGS = st.one_of(
    st.sampled_from([*AWKWARD, "sql", " SQL ", "STRASSE", "ﬆ", "\x00", "\ud800", "\udc00x", "k", "a'\"`"]),
    st.text(st.characters(codec=None), max_size=8),
)

# What is out of range is refused before it is planned.
MOMENTS = st.sampled_from(["2020-01-01T00:00:00Z", "2026-06-01T12:00:00.5+02:00", "2999-01-01T00:00:00Z"])
SIZES = st.one_of(st.integers(1, 4), st.integers(1, 4), st.integers(1, 20), st.sampled_from([1, 2, 3, 100, 101]))

# How rarely: one time in so many.
RARELY, SOMETIMES, OFTEN = 12, 6, 3

# The types through which one comes to the rows of a list, and how deeply lists are looked for.
CARRIERS = {name for name in SCHEMA.type_map if name.endswith(("Connection", "Edge"))}
DEEPEST = 8


@dataclass
class Query:
    """A generated query, with the names of rows where it means rows."""

    source: str
    variables: dict[str, Any]


@dataclass
class Writer:
    """Writes one document."""

    draw: st.DrawFn
    variables: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)
    depth: int = 0

    def one_in(self, times: int) -> bool:
        """True one time in so many."""
        return self.draw(st.integers(0, times - 1)) == times - 1

    def name(self, letter: str) -> str:
        """A name that the document does not have yet."""
        return f"{letter}{next(self.numbers)}"

    def query(self, document: DocumentNode) -> Query:
        """The document with everything that it lacks."""
        (operation,) = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        assert SCHEMA.query_type is not None
        body = self.selections(SCHEMA.query_type, operation.selection_set.selections)
        variables = f"({', '.join(self.declared)})" if self.declared else ""
        return Query("\n".join([f"query Q{variables} {{ {body} }}", *self.fragments]), self.variables)

    def selections(self, of: Any, nodes: Iterable[SelectionNode]) -> str:
        """What is selected on a type."""
        written: list[str] = []
        for node in nodes:
            if isinstance(node, InlineFragmentNode):
                assert node.type_condition is not None
                written.append(self.fragment(node.type_condition.name.value, node.selection_set.selections))
            elif isinstance(node, FieldNode):
                written += self.field(of, node)
        if of is not SCHEMA.query_type:
            self.depth += 1
            written += [*self.more(of), *self.deeper(of)]
            self.depth -= 1
        return " ".join(self.grouped(of, written or ["__typename"]))

    def fragment(self, condition: str, nodes: Sequence[SelectionNode]) -> str:
        """A fragment on a type that the selection may turn out to be."""
        return f"... on {condition}{self.directive()} {{ {self.selections(SCHEMA.get_type(condition), nodes)} }}"

    def more(self, of: Any) -> list[str]:
        """`__typename`, fragments on an interface, and some leaves under other names."""
        more = [f"{self.name('t')}: __typename" if self.one_in(2) else "__typename"] if self.one_in(OFTEN) else []
        if isinstance(of, GraphQLObjectType) and of.interfaces and self.one_in(SOMETIMES):
            more.append(f"... on Node {{ {self.name('i')}: id ... on {of.name} {{ __typename }} }}")
        chosen = self.draw(st.lists(st.sampled_from(leaves(of)), max_size=2)) if leaves(of) else []
        return [*more, *(f"{self.name('l')}: {name}{self.directive()}" for name in chosen)]

    def deeper(self, of: Any) -> list[str]:
        """A further field with a selection: what hypothesis-graphql chooses seldom reaches the rows of a list."""
        below = objects(of)
        if not below or self.depth > DEEPEST or (of.name not in CARRIERS and self.one_in(2)):
            return []
        name = next((name for name in ("edges", "node") if name in below), None) or self.draw(st.sampled_from(below))
        kind = get_named_type(of.fields[name].type)
        return [f"{self.name('d')}: {name}{self.arguments(of, name)} {{ {self.selections(kind, ())} }}"]

    def grouped(self, of: Any, written: list[str]) -> list[str]:
        """The selections, some of them in a fragment."""
        if len(written) < 2 or not self.one_in(OFTEN):
            return written
        at = self.draw(st.integers(0, len(written) - 1))
        before, body = written[:at], " ".join(written[at:])
        match self.draw(st.integers(0, 3)):
            case 0:
                return [*before, f"...{self.directive()} {{ {body} }}"]
            case 1:
                return [f"... on {of.name}{self.directive()} {{ {body} }}", *before]
            case 2 if isinstance(of, GraphQLObjectType) and of.interfaces:
                return [*before, f"... on {of.interfaces[0].name} {{ ... on {of.name} {{ {body} }} }}"]
            case _:
                name = self.name("F")
                self.fragments.append(f"fragment {name} on {of.name} {{ {body} }}")
                # Spread twice, it still counts once.
                return [f"...{name}{self.directive()}", *before, *([f"...{name}"] if self.one_in(OFTEN) else [])]

    def field(self, of: Any, node: FieldNode) -> list[str]:
        """A field; sometimes in two pieces, which are one field of the answer."""
        definition = of.fields[node.name.value]
        alias = f"{node.alias.value}: " if node.alias else f"{self.name('a')}: " if self.one_in(SOMETIMES) else ""
        head = alias + node.name.value + self.arguments(of, node.name.value)
        below = node.selection_set.selections if node.selection_set else ()
        at = self.draw(st.integers(0, len(below))) if self.one_in(SOMETIMES) else 0
        parts = [below[:at], below[at:]] if below else [()] * (2 if self.one_in(RARELY) else 1)
        kind = get_named_type(definition.type)
        return [
            head + self.directive() + (f" {{ {self.selections(kind, part)} }}" if part else "")
            for part in parts
            if part or not below
        ]

    def arguments(self, of: Any, name: str) -> str:
        """The arguments of a field: those that it must have, and some of the others."""
        given = [
            f"{argument}: {self.argument(name, argument, definition)}"
            for argument, definition in of.fields[name].args.items()
            if is_required_argument(definition) or self.one_in(OFTEN)
        ]
        return f"({', '.join(given)})" if given else ""

    def directive(self) -> str:
        """Mostly nothing, else @skip or @include, mostly such that the field stays."""
        if not self.one_in(RARELY):
            return ""
        include = self.draw(st.booleans())
        stays = not self.one_in(OFTEN)
        value = "true" if include is stays else "false"
        if self.one_in(2):
            value = self.variable("Boolean!", value, include is stays)
        return f" @{'include' if include else 'skip'}(if: {value})"

    def argument(self, of: str, name: str, argument: GraphQLArgument) -> str:
        """The value of an argument: a literal or a variable."""
        value = self.value(of, name, argument)
        literal = self.literal(get_named_type(argument.type), value)
        if not is_non_null_type(argument.type) and self.one_in(RARELY):
            value, literal = None, "null"
        # The literal of a lone surrogate is bad syntax.
        surrogate = any("\ud800" <= character <= "\udfff" for character in literal)
        if surrogate or self.one_in(2):
            return self.variable(str(argument.type), "" if surrogate else literal, value)
        return literal

    def literal(self, kind: Any, value: Any) -> str:
        """The value as a document writes it; a member of an object may be a variable of its own."""
        if isinstance(kind, GraphQLInputObjectType):
            members = []
            for name, member in value.items():
                of = kind.fields[name].type
                written = self.literal(get_named_type(of), member)
                given = self.variable(str(of), written, member) if self.one_in(OFTEN) else written
                members.append(f"{name}: {given}")
            return f"{{{', '.join(members)}}}"
        if value is None:
            return "null"
        if isinstance(kind, GraphQLEnumType):
            return str(value)
        if isinstance(value, bool):
            return str(value).lower()
        return print_string(value) if isinstance(value, str) else str(value)

    def variable(self, kind: str, literal: str, value: Any) -> str:
        """A variable for a value; its value is given, or left out where there is a default, or null."""
        name = self.name("v")
        named = kind.rstrip("!")
        default = literal if literal and literal != "null" and self.one_in(OFTEN) else ""
        self.declared.append(f"${name}: {named} = {default}" if default else f"${name}: {kind}")
        if not ((default or kind == named) and self.one_in(SOMETIMES)):
            self.variables[name] = None if default and self.one_in(SOMETIMES) else value
        return f"${name}"

    def value(self, of: str, name: str, argument: GraphQLArgument) -> Any:
        """A value for an argument, which often means something."""
        kind = get_named_type(argument.type)
        if isinstance(kind, GraphQLInputObjectType):
            return self.members(kind)
        if isinstance(kind, GraphQLEnumType):
            return self.draw(st.sampled_from(sorted(kind.values)))
        if name == "id":
            own = SCHEMA.query_type and get_named_type(SCHEMA.query_type.fields[of].type).name
            typed = own if own and not self.one_in(SOMETIMES) and of != "node" else None
            return f"@id:{typed}:{self.draw(st.integers(0, 20))}" if typed else self.draw(IDS)
        if name in ROWS:
            return f"@id:{ROWS[name]}:{self.draw(st.integers(0, 20))}"
        if name in ("after", "before"):
            named = of if not self.one_in(SOMETIMES) else self.draw(st.sampled_from(sorted(ORDERS)))
            real = f"@cursor:{named}:{self.draw(st.integers(0, 12))}"
            return self.draw(FORGED) if self.one_in(SOMETIMES) else real
        return self.draw({"Int": SIZES, "String": STRINGS, "DateTime": MOMENTS, "Boolean": st.booleans()}[kind.name])

    def members(self, kind: GraphQLInputObjectType) -> dict[str, Any]:
        """Some of the members of an input object, which are flags and enums."""
        found: dict[str, Any] = {}
        for name, member in kind.fields.items():
            if self.one_in(OFTEN):
                of = get_named_type(member.type)
                values = sorted(of.values) if isinstance(of, GraphQLEnumType) else [True, False]
                found[name] = self.draw(st.sampled_from([None, *values]))
        return found


def leaves(of: Any) -> list[str]:
    """The fields of a type that have no selection and take nothing."""
    if not isinstance(of, (GraphQLObjectType, GraphQLInterfaceType)):
        return []
    return [name for name, field in of.fields.items() if is_leaf_type(get_named_type(field.type)) and not field.args]


def objects(of: Any) -> list[str]:
    """The fields of a type that have a selection."""
    if not isinstance(of, GraphQLObjectType):
        return []
    return [name for name, field in of.fields.items() if not is_leaf_type(get_named_type(field.type))]


ROOTS = sorted(SCHEMA.query_type.fields) if SCHEMA.query_type else []


@st.composite
def generated(draw: st.DrawFn) -> Query:
    """A query of one or two root fields."""
    roots = tuple(draw(st.lists(st.sampled_from(ROOTS), min_size=1, max_size=2, unique=True)))
    tree: DocumentNode = draw(queries(SCHEMA, fields=roots, print_ast=lambda document: document))
    return Writer(draw).query(tree)
