"""How much a GraphQL document may ask for, measured before validation and in time linear in its size.

`parse_within` covers the whole document, `measure` the one operation that will run. A fragment counts as often
as it is spread but is read once, so a document whose expansion is exponential costs no more than another.
`@skip` and `@include` are not evaluated: the worst case counts.
"""

from schema.limits.bounds import CEILING, DEFAULT_LIMITS, Limits, PageSizeOutOfRange, TooComplex
from schema.limits.cost import INTROSPECTION_LISTS, PLAIN_LISTS, measure
from schema.limits.parsing import parse_within

__all__ = [
    "CEILING",
    "DEFAULT_LIMITS",
    "INTROSPECTION_LISTS",
    "PLAIN_LISTS",
    "Limits",
    "PageSizeOutOfRange",
    "TooComplex",
    "measure",
    "parse_within",
]
