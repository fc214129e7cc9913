import dataclasses
import inspect
import math
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import strawberry
from graphql import GraphQLError, GraphQLInt, GraphQLSyntaxError, build_schema, introspection_types, parse, validate
from graphql import get_introspection_query as introspection_query
from graphql.language import Visitor, ast, visit
from graphql.type import GraphQLObjectType, get_named_type, get_nullable_type, is_list_type, is_object_type
from graphql.utilities import value_from_ast_untyped
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.limits import (
    CEILING,
    DEFAULT_LIMITS,
    INTROSPECTION_LISTS,
    Limits,
    PageSizeOutOfRange,
    TooComplex,
    measure,
    parse_within,
)

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


def times(count: int, text: str) -> str:
    """The text again and again, each `#` in it a number of its own."""
    return " ".join(text.replace("#", str(i)) for i in range(count))


def nested(depth: int, name: str = "a") -> str:
    return ("{" + name) * depth + "}" * depth


def overlapping(pairs: int) -> str:
    # n fields with one key are n(n-1)/2 pairs.
    text, key = "", 0
    while pairs:
        n = (1 + math.isqrt(1 + 8 * pairs)) // 2
        text, key, pairs = text + f"b{key} " * n, key + 1, pairs - n * (n - 1) // 2
    return "{a{" + text + "}}"


def introspection_costing(cost: int) -> str:
    twice, rest = divmod(cost - 1 - 50, 2500)
    lists, objects = divmod(rest, 50)
    inner = "fields{fields{a " + times(twice - 1, "o#{a}") + "}}"
    return "{__type{" + inner + "interfaces{a}" * lists + times(objects, "o#{a}") + "}}"


# For each limit, a document that holds exactly n of what it counts.
HOLDING: dict[str, Callable[[int], str]] = {
    "tokens": lambda n: "{a(b: [" + "1 " * (n - 9) + "])}",
    "source_bytes": lambda n: '{a(b: "' + "é" * ((n - 10) // 2) + "x" * (n % 2) + '")}',
    "comments": lambda n: "#\n" * n + "{a}",
    "overlaps": overlapping,
    "depth": nested,
    "aliases": lambda n: "{a{" + times(n, "b#: b") + "}}",
    "directives": lambda n: "{a{" + times(n, "b# @include(if: true)") + "}}",
    "fragments": lambda n: "{a{" + "...F " * n + "}} fragment F on A {b}",
    "fields": lambda n: "{a{" + times(n - 1, "b#") + "}}",
    "root_fields": lambda n: "{" + times(n, "a#") + "}",
    "root_mutations": lambda n: "mutation {__typename " + times(n, "a#") + "}",
    "cost": lambda n: "{a{" + times((n - 1) // 10, "b#(first: 10){c}") + times((n - 1) % 10, "d#{c}") + "}}",
    "introspection_depth": lambda n: nested(n, "ofType").replace("ofType", "__schema", 1),
    "introspection_cost": introspection_costing,
}


@pytest.mark.parametrize("limit", PARSED + MEASURED)
def test_a_document_at_a_limit_passes_and_one_beyond_is_refused_by_name(limit: str) -> None:
    allowed = getattr(DEFAULT_LIMITS, limit)
    guard(HOLDING[limit](allowed))
    with pytest.raises(TooComplex) as refused:
        guard(HOLDING[limit](allowed + 1))
    assert refused.value.extensions == {
        "code": "TOO_COMPLEX",
        "limit": limit,
        "allowed": allowed,
        "found": allowed + 1,
    }
    assert str(allowed) in refused.value.message


@pytest.mark.parametrize("limit", PARSED + MEASURED)
def test_every_limit_can_be_set(limit: str) -> None:
    higher = 2 * getattr(DEFAULT_LIMITS, limit)
    guard(HOLDING[limit](higher), limits=dataclasses.replace(UNLIMITED, **{limit: higher}))


# --- parsing ---


@pytest.mark.parametrize(
    "source",
    ["{a" * 100_000, "{a(b:" + "[" * 100_000, "{a(b:" + "{a:" * 100_000, "query($a:" + "[" * 100_000, "{..." * 100_000],
    ids=["fields", "lists", "objects", "types", "inline fragments"],
)
def test_nesting_100000_deep_is_refused_and_never_exhausts_the_stack(source: str) -> None:
    with pytest.raises(TooComplex, match="source bytes"):
        parse_within(source)
    with pytest.raises(TooComplex, match="nesting"):
        parse_within(source, UNLIMITED)


@pytest.mark.parametrize("source", ["", "{", "{a(b: \ud800)}", '{a(b: "\ud800")}', "\x00", "query ($a: Int = $b) {a}"])
def test_bad_syntax_stays_a_syntax_error(source: str) -> None:
    with pytest.raises(GraphQLSyntaxError):
        parse_within(source)


def test_all_fragments_are_taken_to_overlap_and_inline_ones_with_what_surrounds_them() -> None:
    assert found("overlaps", "{a ...{a ...on A{a}}}") == 3
    assert found("overlaps", "{...F ...G} fragment F on A {a{b}} fragment G on A {a{b}}") == 2
    assert found("overlaps", "query A {a{b} c{b}} query B {a{b}}") == 0
    assert found("overlaps", "{a: x b: x c: x a: y}") == 1


def test_comments_are_no_tokens() -> None:
    guard("#\n" * DEFAULT_LIMITS.comments + HOLDING["tokens"](DEFAULT_LIMITS.tokens))


# --- which operation ---

TWO_OPERATIONS = "query Deep " + nested(11) + " query Shallow {a}"


def test_only_the_operation_that_will_run_is_measured() -> None:
    document = parse_within(TWO_OPERATIONS)
    measure(document, "Shallow", None)
    measure(document, "Unknown", None)
    measure(document, "", None)
    with pytest.raises(TooComplex):
        measure(document, "Deep", None)
    measure(parse_within("fragment F on A " + nested(11)), None, None)


@strawberry.type
class Query:
    @strawberry.field
    def a(self) -> int:
        return 1

    @strawberry.field
    def b(self) -> int:
        return 2


def test_without_a_name_the_first_operation_is_measured_because_strawberry_runs_it() -> None:
    assert strawberry.Schema(Query).execute_sync("query A {a} query B {b}").data == {"a": 1}
    with pytest.raises(TooComplex):
        measure(parse_within(TWO_OPERATIONS), None, None)


def test_one_mutation_is_allowed_and_several_queries_are() -> None:
    guard("mutation {__typename a}")
    guard("{a b c}")
    with pytest.raises(TooComplex, match="root mutations"):
        guard("mutation {...F} fragment F on Mutation {a ...{b}}")


# --- fragments ---


def bomb(levels: int, leaf: str = "{a}") -> str:
    """Each fragment spreads the next one twice."""
    chain = "".join(f"fragment f{i} on A {{...f{i + 1} ...f{i + 1}}}" for i in range(levels))
    return "{...f0}" + chain + f"fragment f{levels} on A " + leaf


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


def test_the_fragment_bomb_is_read_once_and_counted_in_full() -> None:
    assert steps(parse(bomb(30))) == (62, 62)
    assert found("fields", bomb(20)) == 2**20
    assert found("fragments", bomb(20)) == 2**21 - 1
    with pytest.raises(TooComplex, match="fragments may be at most 30"):
        guard(bomb(30))


@pytest.mark.parametrize("limit", ["aliases", "directives", "fragments", "fields", "cost", "root_fields"])
def test_counts_stop_at_the_largest_graphql_int(limit: str) -> None:
    assert found(limit, bomb(100, "{b: a(first: 100) @c {d}}").replace("{...f0}", "{...f0 ...f0}", 1)) == CEILING


def test_a_chain_of_fragments_deeper_than_the_stack_is_measured() -> None:
    chain = "".join(f"fragment f{i} on A {{a{{...f{i + 1}}}}}" for i in range(600))
    assert found("depth", "{...f0}" + chain + "fragment f600 on A {a}") == 601


@pytest.mark.parametrize(
    "source",
    [
        "{a ...F} fragment F on Query {a ...F}",
        "{...F} fragment F on Query {b{...G}} fragment G on Query {...H} fragment H on Query {...on Query{...F}}",
        "{...E} fragment E on Query {...F} fragment F on Query {b{...G}} fragment G on Query {...F}",
        "{...F} fragment F on Query {__schema{...F}}",
    ],
)
def test_a_cycle_of_fragments_is_the_error_that_validation_would_give(source: str) -> None:
    with pytest.raises(GraphQLError) as cycle:
        guard(source)
    schema = build_schema("type Query {a: Int b: Query}")
    expected = [error for error in validate(schema, parse(source)) if "within itself" in error.message]
    assert (cycle.value.message, cycle.value.locations) == (expected[0].message, expected[0].locations)


def test_what_is_left_to_validation_is_not_refused_here() -> None:
    guard("{a{b{}} ...Gone ...on Nowhere{c} missing(x: $undeclared)}")
    guard("{a} fragment Unused on A {...Unused}")


def test_directives_count_wherever_they_stand() -> None:
    source = "query ($n: Int @a, $m: Int @b @c) @d {a @e ...@f{b} ...F @g ...F} fragment F on A @h {c @i}"
    assert found("directives", source) == 7 + 2 * 2


# --- cost and pages ---


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{a b}", 0),
        ("{a{b}}", 1),
        ("{a{b{c}}}", 2),
        ("{a(first: 5){b{c}}}", 1 + 5),
        ("{a(last: 5){b{c}}}", 1 + 5),
        ("{a(first: 5){b}}", 5),
        ("{a(first: 5, last: 7){b{c}}}", 1 + 7),
        ("{a(first: 7, last: 5){b{c}}}", 1 + 7),
        ("{a(first: 7, last: null){b{c}}}", 1 + 7),
        ("{a(first: 5){b(first: 4){c{d}}}}", 1 + 5 + 5 * 4),
        ("{a(first: 5){edges{node{b}} pageInfo{c}}}", 1 + 3 * 5),
        ("{a{edges{b}}}", 1 + 20),
        ("{a{edges{b} c}}", 1 + 20),
        ("{a{nodes{b}}}", 1 + 20),
        ("{a{pageInfo{b}}}", 1 + 20),
        ("{a{x: edges{b}}}", 1 + 20),
        ("{a{edges: x{b}}}", 1 + 1),
        ("{a{...F}} fragment F on A {...on A{edges{b}}}", 1 + 20),
        ("{a{b{edges{c}}}}", 1 + 1 + 20),
        ("{a(first: null){b{c}}}", 1 + 20),
        ('{a(first: "5"){b{c}}}', 1 + 20),
        ("{a(first: 5.0){b{c}}}", 1 + 20),
        ("{a(first: [5]){b{c}}}", 1 + 20),
        ("{a(first: {x: [$n]}, filter: {first: [{last: $n}]}){b{c}}}", 1 + 20),
        ("{a(filter: {first: 5}){b{c}}}", 1 + 1),
        ("{a(first: 5){b @skip(if: true){c}}}", 1 + 5),
    ],
)
def test_each_object_costs_the_product_of_the_pages_above_it(source: str, expected: int) -> None:
    assert found("cost", source, {"n": 3}) == expected


@pytest.mark.parametrize(
    ("definition", "variables", "page"),
    [
        ("$n: Int", {"n": 7}, 7),
        ("$n: Int", {"n": 7.0}, 7),
        ("$n: Int = 5", {"n": 7}, 7),
        ("$n: Int = 5", {}, 5),
        ("$n: Int = 5", None, 5),
        ("$n: Int = 5", {"n": None}, 20),
        ("$n: Int = null", {}, 20),
        ("$n: Int", {}, 20),
        ("$n: Int", {"n": "7"}, 20),
        ("$n: Int", {"n": True}, 20),
        ("$n: Int", {"n": [7]}, 20),
        ("$m: Int", {"n": 7}, 7),
    ],
)
def test_a_page_size_may_be_a_variable_or_its_default(
    definition: str, variables: dict[str, object] | None, page: int
) -> None:
    assert found("cost", f"query ({definition}) {{a(first: $n){{b{{c}}}}}}", variables) == 1 + page


@pytest.mark.parametrize("size", ["0", "-0", "-1", "101", "1" + "0" * 5000, "-1" + "0" * 5000])
@pytest.mark.parametrize("argument", ["first", "last"])
@pytest.mark.parametrize(
    "shape", ["{{a({}: {}){{b}}}}", "query ($n: Int = {1}) {{...F}} fragment F on A {{a({0}: $n)}}"]
)
def test_a_page_size_outside_1_to_100_is_bad_input_that_names_the_argument(
    shape: str, argument: str, size: str
) -> None:
    with pytest.raises(PageSizeOutOfRange) as refused:
        guard(shape.format(argument, size))
    assert refused.value.message == f"{argument} must be between 1 and 100"
    assert refused.value.extensions == {"code": "BAD_INPUT", "argument": argument}
    assert refused.value.locations


def test_the_page_sizes_at_both_ends_pass_and_settings_move_them() -> None:
    guard("{a(first: 1){b} c(last: 100){d}}")
    wide = dataclasses.replace(DEFAULT_LIMITS, page_size=200, default_page=3)
    guard("{a(first: 200){b}}", limits=wide)
    with pytest.raises(PageSizeOutOfRange, match="between 1 and 200"):
        guard("{a(first: 201){b}}", limits=wide)
    with pytest.raises(TooComplex, match="found 4"):
        guard("{a{nodes{b}}}", limits=dataclasses.replace(wide, cost=3))


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.integers(-2, 102).map(float) | st.text(max_size=3))
def test_no_variable_reads_as_a_smaller_page_than_graphql_makes_of_it(value: object) -> None:
    try:
        accepted = GraphQLInt.coerce_input_value(value)
    except GraphQLError:
        accepted = None
    try:
        cost = found("cost", "query ($n: Int) {a(first: $n){b{c}}}", {"n": value})
    except PageSizeOutOfRange:
        assert accepted is None or not 1 <= accepted <= 100
    else:
        assert cost == 1 + (20 if accepted is None else accepted)


# --- introspection ---

FULL_INTROSPECTION = introspection_query(
    **{name: True for name, p in inspect.signature(introspection_query).parameters.items() if p.annotation == "bool"}
)


def test_the_standard_introspection_query_passes_with_every_option_on() -> None:
    assert "isOneOf" in FULL_INTROSPECTION
    guard(FULL_INTROSPECTION)
    guard(FULL_INTROSPECTION.replace("__schema {", '__type(name: "A") {...FullType} __schema {'))


@pytest.mark.parametrize(
    "source",
    [
        FULL_INTROSPECTION.replace("__schema {", "a: __schema{types{...FullType}} __schema {"),
        "{__schema{types{fields{type{fields{type{fields{name}}}}}}}}",
        "{__type{fields{type{fields{type{fields{name}}}}}}}",
        "{__type{possibleTypes{interfaces{possibleTypes{name}}}}}",
        "{__type{...F}} fragment F on __Type{inputFields{type{...G}}} fragment G on __Type{inputFields{type{...H}}}"
        "fragment H on __Type{inputFields{name}}",
    ],
)
def test_introspection_over_and_over_is_refused(source: str) -> None:
    with pytest.raises(TooComplex, match="introspection cost"):
        guard(source)


def test_introspection_is_apart_from_depth_cost_and_page_sizes() -> None:
    source = "{...F __type{...F name} c} fragment F on A {fields(first: 3){a{b}}}"
    assert found("cost", source) == 1 + 3
    assert found("introspection_cost", source) == 1 + 50 * (1 + 1)
    assert found("depth", source) == 3
    assert found("introspection_depth", source) == 4
    guard("{__type{fields(first: 1000){edges{a}}}}")


def test_every_list_of_introspection_has_a_weight() -> None:
    types = [t for t in introspection_types.values() if isinstance(t, GraphQLObjectType)]
    assert set(INTROSPECTION_LISTS) == {
        name
        for t in types
        for name, field in t.fields.items()
        if is_list_type(get_nullable_type(field.type)) and is_object_type(get_named_type(field.type))
    }


# --- against a measure that expands every fragment ---

VARIABLES: dict[str, object] = {"given": 3, "whole": 4.0, "null": None, "text": "9"}
HEAD = "query ($given: Int = 50, $unset: Int = 5, $null: Int = 6, $text: Int, $whole: Int, $none: Int)"
NAMES = st.sampled_from(["a", "b", "edges", "nodes", "pageInfo", "__typename", "__schema", "__type", "types", "fields"])
SIZES = st.sampled_from(["2", "7", "null", "$given", "$whole", "$unset", "$null", "$text", "$none", '"8"', "[3]"])
ARGUMENTS = st.one_of(
    st.just(""),
    st.builds("({}: {})".format, st.sampled_from(["first", "last", "size"]), SIZES),
    st.builds("(first: {}, by: {{x: [$given]}}, last: {})".format, SIZES, SIZES),
)
DIRECTIVES = st.sampled_from(["", "", " @skip(if: false)", " @a @b"])


def selection_sets(depth: int, spreads: list[str]) -> st.SearchStrategy[str]:
    spread = st.builds("...{}{}".format, st.sampled_from([*spreads, "Gone"]), DIRECTIVES)
    leaf = st.builds("{}{}{}{}".format, st.sampled_from(["", "x: "]), NAMES, ARGUMENTS, DIRECTIVES)
    choices = [leaf, spread]
    if depth:
        below = selection_sets(depth - 1, spreads)
        choices += [st.builds("{}{}".format, leaf, below), st.builds("...on A{}{}".format, DIRECTIVES, below)]
    return st.lists(st.one_of(choices), min_size=1, max_size=3).map(lambda chosen: "{" + " ".join(chosen) + "}")


FRAGMENTS = [
    st.builds(f"fragment F{i} on A{{}} {{}}".format, DIRECTIVES, selection_sets(2, [f"F{j}" for j in range(i + 1, 4)]))
    for i in range(4)
]
DOCUMENTS = st.tuples(st.sampled_from([HEAD, "mutation"]), selection_sets(2, ["F0", "F1", "F2", "F3"]), *FRAGMENTS).map(
    " ".join
)


class Naive:
    """The same counts from the document with every fragment pasted in where it is spread, from the top down."""

    def __init__(self, document: ast.DocumentNode) -> None:
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, ast.FragmentDefinitionNode)}
        self.counts: Counter[str] = Counter(dict.fromkeys(MEASURED, 0))
        operation = next(d for d in document.definitions if isinstance(d, ast.OperationDefinitionNode))
        defaults = {d.variable.name.value: d.default_value for d in operation.variable_definitions or ()}
        self.known = {name: value_from_ast_untyped(node) for name, node in defaults.items() if node} | VARIABLES
        roots = self.pasted(operation.selection_set)
        self.counts["root_fields"] = len(roots)
        if operation.operation.value == "mutation":
            self.counts["root_mutations"] = sum(not root.name.value.startswith("__") for root in roots)
        for root in roots:
            self.descend(root, (), 1)

    def pasted(self, among: ast.SelectionSetNode | None) -> list[ast.FieldNode]:
        fields: list[ast.FieldNode] = []
        for node in among.selections if among else ():
            self.counts["directives"] += len(node.directives or ())
            if isinstance(node, ast.FieldNode):
                fields.append(node)
            elif isinstance(node, ast.InlineFragmentNode):
                fields += self.pasted(node.selection_set)
            elif isinstance(node, ast.FragmentSpreadNode):
                self.counts["fragments"] += 1
                if fragment := self.fragments.get(node.name.value):
                    self.counts["directives"] += len(fragment.directives or ())
                    fields += self.pasted(fragment.selection_set)
        return fields

    def descend(self, node: ast.FieldNode, above: tuple[str, ...], product: int) -> None:
        path, below = (*above, node.name.value), self.pasted(node.selection_set)
        self.counts["fields"] += 1
        self.counts["aliases"] += bool(node.alias)
        start = next((i for i, name in enumerate(path) if name in ("__schema", "__type")), None)
        kind = "" if start is None else "introspection_"
        if start is None:
            factor = self.page(node, below)
            objects = [f for f in below if f.selection_set and f.name.value not in ("__schema", "__type")]
            own = product if objects else product * factor
        else:
            product = 1 if start == len(above) else product
            factor = INTROSPECTION_LISTS.get(node.name.value, 1)
            own = product * factor
        self.counts[kind + "depth"] = max(self.counts[kind + "depth"], len(path[start:]))
        self.counts[kind + "cost"] += own if node.selection_set else 0
        for field in below:
            self.descend(field, path, product * factor)

    def page(self, node: ast.FieldNode, below: list[ast.FieldNode]) -> int:
        pages = [a.value for a in node.arguments or () if a.name.value in ("first", "last")]
        sizes = [value_from_ast_untyped(value, self.known) for value in pages]
        whole = [int(size) for size in sizes if isinstance(size, int | float)]
        unknown = 20 if pages or {"edges", "nodes", "pageInfo"} & {f.name.value for f in below} else 1
        return max(whole, default=unknown)


@settings(deadline=None, max_examples=50)
@given(DOCUMENTS)
def test_measuring_equals_pasting_every_fragment_in_and_reads_each_at_most_twice(source: str) -> None:
    document = parse_within(source, UNLIMITED)
    counts = Naive(document).counts
    measure(document, None, VARIABLES, dataclasses.replace(UNLIMITED, **counts))
    assert {limit: found(limit, document, VARIABLES) for limit in MEASURED} == counts
    read, held = steps(document)
    assert read <= 2 * held
