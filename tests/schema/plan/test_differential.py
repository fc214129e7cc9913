"""Whatever is asked, the planner's answer is that of ordinary execution, to the byte."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.schema.plan.both import both
from tests.schema.plan.community import Community
from tests.schema.plan.documents import Query, generated

# The same queries in each run; with a number in the environment, so many others.
LOOK_FURTHER = os.environ.get("DIFFERENTIAL_EXAMPLES")
EXAMPLES = int(LOOK_FURTHER or 400)

VIEWERS = ["the mentor", "the mentor", "the mentee", "the mentee", "somebody new", "large numbers", "a stranger"]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=LOOK_FURTHER is None,
    database=None,
    # One database for all examples: they only read.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(query=generated(), viewer=st.sampled_from(VIEWERS))
async def test_a_generated_query_has_one_answer(loud: None, populated: Community, query: Query, viewer: str) -> None:
    source, variables = populated.fill(query.source, query.variables)
    asking = populated.viewers[viewer]
    planned, plainly = await both(source, variables, asking)
    assert planned == plainly, (source, variables)
