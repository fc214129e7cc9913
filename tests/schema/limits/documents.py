"""Documents that hold exactly so many of what a limit counts."""

import math
from collections.abc import Callable


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
