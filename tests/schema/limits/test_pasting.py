"""The counts against a measure that pastes every fragment in."""

import dataclasses
from collections import Counter

from graphql.language import ast
from graphql.utilities import value_from_ast_untyped
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.limits import INTROSPECTION_LISTS, measure, parse_within
from tests.schema.limits.counting import MEASURED, UNLIMITED, found, steps

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
