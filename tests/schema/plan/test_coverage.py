"""What falls back to Python does so by name: a new field or argument that does must be written down here."""

from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_non_null_type
from tortoise.fields.base import Field

from schema.execution import planner, prepare
from schema.node import _models
from tests.schema.plan.both import UNLIMITED
from tests.schema.plan.community import MODELS, Community
from tests.schema.plan.paths import SCHEMA, Place, arguments, places, sample, written

# Computed in Python, or from a clock.
IN_PYTHON = {
    "Account.sessions": "which sign-ins are live depends on the clock",
    "Account.inboxCursor": "the end of the inbox log",
    "Profile.availability": "the windows of a JSON column",
    "Query.suggestions": "the scores of matching/",
    "Query.explainMatch": "the scores of matching/",
    "Programme.weights": "the numbers of a JSON column",
    "Participation.answers": "the texts of a JSON column",
    "Query.compareMatchings": "the pairs of two drafts, side by side",
    "Matching.figures": "the numbers of a JSON column",
    "Matching.weights": "the numbers of a JSON column",
    "MatchedPair.components": "the numbers of a JSON column",
    "LeftOver.reasons": "a part of a JSON column",
    "LeftOver.parted": "a part of a JSON column",
    "LeftOver.mentors": "a part of a JSON column",
    "LeftOver.exclusions": "a part of a JSON column",
    "LeftOver.shortage": "a part of a JSON column",
}

# Types to which a query comes through those alone.
BELOW_PYTHON = {
    "SessionConnection", "SessionEdge", "Session", "Window", "SuggestionConnection", "SuggestionEdge", "ScoreComponent",
    "MatchExplanation",
    "ComponentWeight", "Answer", "DraftComparison", "DraftChange", "MatchingFigures", "RuleExclusion", "PlaceShortage",
}  # fmt: skip

# Arguments that are planned as literals, and not as variables.
NOT_AS_VARIABLES = {"Query.skills(startingWith)"}


async def is_planned(populated: Community, query: str, variables: dict[str, Any] | None = None) -> bool:
    """Does the planner answer it? Its counters say so too."""
    source, filled = populated.fill(query, variables or {})
    operation = prepare(source, filled, None, UNLIMITED)
    asking = populated.viewers["the mentor"]
    counted = planner.answered, planner.declined
    answer = await planner.answer(source, operation.document, operation.node, filled, asking)
    answered, declined = planner.answered - counted[0], planner.declined - counted[1]
    assert (answered, declined) == ((1, 0) if answer is not None else (0, 1)), query
    return answer is not None


async def test_every_field_is_planned_but_those_that_are_named(populated: Community) -> None:
    fallen = set()
    for place in places(stop=set(IN_PYTHON)):
        if not await is_planned(populated, place.query(below=rows_of(place))):
            fallen.add(place.called)
    assert fallen == set(IN_PYTHON)


def test_the_types_below_python_are_named() -> None:
    planned = {place.kind.name for place in places(stop=set(IN_PYTHON))}
    assert {place.kind.name for place in places()} - planned == BELOW_PYTHON
    # And no type of a row is reached by `node` alone.
    assert {model.__name__ for model in MODELS} == set(_models)
    assert set(_models) <= planned | BELOW_PYTHON


async def test_every_argument_is_planned_but_those_that_are_named(populated: Community) -> None:
    fallen = set()
    for place, name, argument in arguments():
        if place.called in IN_PYTHON:
            continue
        value, below = sample(place, name), rows_of(place)
        assert await is_planned(populated, place.query("", f"{name}: {written(place, name)}", below)), (place, name)
        query = place.query(f"($v: {argument.type})", f"{name}: $v", below)
        if not await is_planned(populated, query, {"v": value}):
            fallen.add(f"{place.called}({name})")
    assert fallen == NOT_AS_VARIABLES


def rows_of(place: Place) -> str:
    """What is selected below a field: of a page its rows, as nothing else of it needs a statement."""
    below = get_named_type(place.field.type)
    return "edges { cursor }" if "edges" in getattr(below, "fields", {}) else "__typename"


async def test_any_row_that_has_an_id_is_planned_but_a_sign_in(populated: Community) -> None:
    for model in MODELS:
        query = "query($id: ID!) { node(id: $id) { __typename id } }"
        planned = await is_planned(populated, query, {"id": f"@id:{model.__name__}:0"})
        assert planned is (model.__name__ != "Session"), model


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_type_name_of_the_root_and_introspection_are_left_to_ordinary_execution(populated: Community) -> None:
    for query in (
        "{ __typename }",
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Goal") { name } viewer { id } }',
    ):
        assert not await is_planned(populated, query)


def test_no_column_of_a_field_that_is_never_null_can_be_null() -> None:
    """The planner takes a column as it is, where ordinary execution would refuse a null."""
    for name, model in _models.items():
        kind = SCHEMA.get_type(name)
        assert isinstance(kind, GraphQLObjectType)
        for field in kind.fields.values():
            declared = field.extensions["strawberry-definition"]
            column = model._meta.fields_map.get(declared.python_name)
            if declared.is_basic_field and isinstance(column, Field) and is_non_null_type(field.type):
                assert not column.null, (name, declared.python_name)
