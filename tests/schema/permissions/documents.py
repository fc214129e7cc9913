"""Documents that ask for everything there is."""

from typing import Any

from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type, is_composite_type, is_object_type

from schema.limits import DEFAULT_LIMITS
from schema.root import schema

SCHEMA = schema._schema
TYPES = {name: kind for name, kind in SCHEMA.type_map.items() if is_object_type(kind) and not name.startswith("__")}

# Computed in Python: an operation that asks for one of these is executed field by field, and not by a plan.
COMPUTED = frozenset({"Profile.availability", "Account.inboxCursor", "Session.current"})
COMPUTED |= {"Programme.weights", "Participation.answers"}
COMPUTED |= {"Matching.figures", "Matching.weights", "MatchedPair.components"}
COMPUTED |= {"LeftOver.reasons", "LeftOver.parted", "LeftOver.mentors", "LeftOver.exclusions", "LeftOver.shortage"}

# Below another row only the plain fields of these are asked for: they lead to everything, and are walked by themselves.
WALKED_BY_THEMSELVES = frozenset({"Programme", "Organisation", "Matching", "MatchedPair"})

# Below a root field, within the depth that a document may have.
DEEPEST = DEFAULT_LIMITS.depth - 1


def everything(kind: Any, without: frozenset[str] = frozenset(), deep: int = DEEPEST, above: str = "") -> str:
    """A selection of all fields of a type, and of theirs; a type does not come again below itself."""
    if isinstance(kind, GraphQLUnionType):
        members = (f"... on {one.name} {{ {everything(one, without, deep, above)} }}" for one in kind.types)
        return "__typename " + " ".join(members)
    assert isinstance(kind, GraphQLObjectType)
    rows_above = [name for name in above.split() if not name.endswith(("Connection", "Edge", "Payload"))]
    plainly = bool(rows_above) and kind.name in WALKED_BY_THEMSELVES
    above += f" {kind.name}"
    found = ["__typename"]
    for name, member in kind.fields.items():
        below = get_named_type(member.type)
        if f"{kind.name}.{name}" in without:
            continue
        if not is_composite_type(below):
            found.append(name)
        elif not plainly and deep > (3 if below.name.endswith("Connection") else 1) and below.name not in above.split():
            found.append(f"{name} {{ {everything(below, without, deep - 1, above)} }}")
    return " ".join(found)


# Both ways of execution: a plan makes one statement of all; what no plan can make is resolved field by field.
WAYS: dict[str, dict[str, Any]] = {"planned": {"without": COMPUTED, "deep": 6}, "field by field": {}}

QUERIES = [name for name in TYPES["Query"].fields if "id" not in TYPES["Query"].fields[name].args]
# What a list, or what is no row, must be given.
GIVEN = {"searchMessages": '(text: "canary")', "messages": '(conversationId: "{mara_theo conversation}")'}
GIVEN["participations"] = GIVEN["matchings"] = '(programmeId: "{programme}")'
GIVEN["compareMatchings"] = '(matchingId: "{draft}", withId: "{published}")'
GIVEN["explainMatch"] = '(mentorId: "{nora}", menteeId: "{mara}")'
BY_ID = {"profile": "Profile", "mentorship": "Mentorship", "videoSession": "VideoSession"}
BY_ID |= {"organisation": "Organisation", "programme": "Programme", "matching": "Matching"}


def by_node(kind: str, way: str = "planned") -> str:
    selection = everything(TYPES[kind], **WAYS[way])
    return f"query($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {selection} }} }} }}"


def by_root(name: str, way: str = "planned") -> str:
    selection = everything(TYPES[BY_ID[name]], **WAYS[way])
    return f"query($id: ID!) {{ {name}(id: $id) {{ {selection} }} }}"


INBOX = f"subscription($after: String) {{ inbox(after: $after) {{ {everything(SCHEMA.type_map['InboxItem'])} }} }}"
SIGNALS = f"""subscription($ticket: String!) {{ videoSignals(ticket: $ticket) {{
    {everything(SCHEMA.type_map["VideoSignal"])} }} }}"""
