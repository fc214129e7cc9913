import re
from pathlib import Path

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_introspection_type,
    is_non_null_type,
    is_specified_scalar_type,
)
from graphql.type import get_nullable_type, is_list_type

from schema.root import schema, sdl

ROOT = Path(__file__).parents[2]
SNAPSHOT = ROOT / "schema" / "schema.graphql"

SCHEMA = schema._schema
TYPES: list[GraphQLNamedType] = [
    found
    for found in SCHEMA.type_map.values()
    if not is_introspection_type(found) and not is_specified_scalar_type(found)
]
OBJECTS = [found for found in TYPES if isinstance(found, GraphQLObjectType)]
INPUTS = [found for found in TYPES if isinstance(found, GraphQLInputObjectType)]
assert SCHEMA.query_type
assert SCHEMA.mutation_type
assert SCHEMA.subscription_type
ROOTS = [SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type]
MUTATIONS = SCHEMA.mutation_type.fields

# What a retry would make twice: each takes a clientId.
CREATING = {
    "requestMentorship",
    "offerMentorship",
    "requestMentors",
    "addGoal",
    "addMilestone",
    "scheduleMeeting",
    "sendMessage",
    "openCircle",
    "startVideoSession",
    "reportProfile",
}
CREATING |= {"scheduleMessage", "forwardMessage", "createOrganisation", "createProgramme", "addCohort"}
CREATING |= {"runMatching", "resolveMatching", "replayMatching"}
CREATING |= {"saveSearch"}

# These set a state, or make nothing that lasts; where they make something, another key does the clientId's work:
# the e-mail address (signUp), the two people (openConversation), the device (joinVideoSession), the negotiation (the
# two that signal).
CHANGING = {
    "signUp",
    "signIn",
    "signOut",
    "updateProfile",
    "deleteSavedSearch",
    "acceptMentorshipRequest",
    "declineMentorshipRequest",
    "withdrawMentorshipRequest",
    "reorderMentorshipRequests",
    "endMentorship",
    "markGoal",
    "completeMilestone",
    "reopenMilestone",
    "cancelMeeting",
    "markRead",
    "blockProfile",
    "unblockProfile",
    "dismissSuggestion",
    "restoreSuggestion",
    "editMessage",
    "deleteMessage",
    "addReaction",
    "removeReaction",
    "pinMessage",
    "starMessage",
    "cancelScheduledMessage",
    "removeEvidence",
    "setPresence",
    "setTyping",
    "markDelivered",
    "updatePreferences",
    "openConversation",
    "renameCircle",
    "addToCircle",
    "removeFromCircle",
    "leaveConversation",
    "setRole",
    "muteConversation",
    "pinConversation",
    "archiveConversation",
    "markNotificationRead",
    "joinVideoSession",
    "sendSessionDescription",
    "sendIceCandidates",
    "videoHeartbeat",
    "leaveVideoSession",
    "endVideoSession",
}
# Of organisations: the person is the key.
CHANGING |= {"updateOrganisation", "inviteMembers", "acceptInvitation", "setMemberRole", "endMembership"}
CHANGING |= {"updateProgramme", "enrolParticipants", "joinProgramme", "leaveProgramme", "setPairRule"}
CHANGING |= {"cancelMatching", "publishMatching", "lockPair", "forbidPair", "swapPairs"}

# Plain lists, and what bounds each.
BOUNDED = {
    "RequestMentorsPayload.requests": "MOST_CHOICES",
    "ReorderMentorshipRequestsPayload.requests": "MOST_CHOICES",
    "Profile.languages": "MOST_LANGUAGES",
    "Profile.formats": "the kinds of meetings",
    **{f"SavedSearch.{name}": "MOST_VALUES" for name in ("skillsAny", "skillsAll", "languages", "industries")},
    "SavedSearch.formats": "the kinds of meetings",
    **{f"Facets.{name}": "MOST_VALUES" for name in ("skills", "languages", "industries", "formats", "years")},
    "Profile.skillsOffered": "MOST_PER_PERSON",
    "Profile.skillsWanted": "MOST_PER_PERSON",
    "Profile.availability": "MOST_WINDOWS",
    "Programme.weights": "the components of a score",
    "Participation.answers": "MOST_ANSWERS",
    "Matching.weights": "the components of a score",
    "MatchedPair.reasons": "AT_MOST",
    "MatchedPair.components": "the components of the score",
    "LeftOver.exclusions": "HardRule",
    "LeftOver.reasons": "a sentence for each rule, and one",
    "PlaceShortage.menteeIds": "MOST_NAMED",
    "PlaceShortage.mentorIds": "MOST_NAMED",
    "DraftComparison.changes": "MOST_TOLD",
    "InviteMembersPayload.memberships": "MOST_AT_ONCE",
    "EnrolParticipantsPayload.participations": "MOST_AT_ONCE",
    "SuggestionEdge.reasons": "a sentence for each component of the score",
    "SuggestionEdge.components": "the components of the score",
    "MatchExplanation.reasons": "a sentence for each component of the score",
    "MatchExplanation.weaknesses": "a sentence for each component of the score",
    "MatchExplanation.components": "the components of the score",
    "MatchExplanation.obstacles": "a sentence for each rule",
    "Goal.milestones": "MOST_MILESTONES",
    "Report.reportedMessages": "MOST_MESSAGES",
    "Message.reactionCounts": "MOST_DIFFERENT",
    "Message.attachments": "MOST_PER_MESSAGE",
    "VideoSession.participants": "MOST_JOINS of each",
    "JoinVideoSessionPayload.participants": "the other one of two",
    "JoinVideoSessionPayload.iceServers": "the settings",
    "IceServer.urls": "the settings",
    "IceCandidates.candidates": "MOST_CANDIDATES",
    "Subscription.presence": "MOST_PEOPLE",
}


def words(name: str) -> list[str]:
    return re.findall("[A-Z][a-z0-9]*|^[a-z0-9]+", name)


def is_list(field: GraphQLField) -> bool:
    return is_list_type(get_nullable_type(field.type))


def test_the_snapshot_is_the_schema() -> None:
    assert SNAPSHOT.read_text() == sdl(), "the schema has changed: run `make sdl`, and read the difference"


@pytest.mark.parametrize(
    "found",
    # The roots say what they are, a result is its payload or a Refusal, and payloads are told by their mutation.
    [t for t in TYPES if t not in ROOTS and not re.search("(Result|Payload|Input)$", t.name)],
    ids=lambda found: found.name,
)
def test_a_type_says_what_it_is(found: GraphQLNamedType) -> None:
    assert found.description


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)
def test_a_field_of_a_root_says_what_it_does(root: GraphQLObjectType) -> None:
    assert [name for name, field in root.fields.items() if not field.description] == []


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_takes_one_input_of_its_own_and_answers_its_payload_or_a_refusal(name: str) -> None:
    field, capital = MUTATIONS[name], name[0].upper() + name[1:]
    (argument,) = field.args
    assert argument == "input"
    assert str(field.args["input"].type) == f"{capital}Input!"
    assert is_non_null_type(field.type)
    result = get_named_type(field.type)
    assert isinstance(result, GraphQLUnionType)
    assert [member.name for member in result.types] == [f"{capital}Payload", "Refusal"]


def test_every_mutation_makes_something_or_changes_something() -> None:
    assert set(MUTATIONS) == CREATING | CHANGING
    assert not CREATING & CHANGING


@pytest.mark.parametrize("name", sorted(CREATING))
def test_what_makes_something_takes_a_client_id(name: str) -> None:
    given = get_named_type(MUTATIONS[name].args["input"].type)
    assert isinstance(given, GraphQLInputObjectType)
    assert str(get_nullable_type(given.fields["clientId"].type)) == "ID"


@pytest.mark.parametrize("name", sorted(CHANGING))
def test_what_makes_nothing_takes_no_client_id(name: str) -> None:
    given = get_named_type(MUTATIONS[name].args["input"].type)
    assert isinstance(given, GraphQLInputObjectType)
    assert "clientId" not in given.fields


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_payload_can_be_asked_for_together_with_a_refusal(name: str) -> None:
    result = get_named_type(MUTATIONS[name].type)
    assert isinstance(result, GraphQLUnionType)
    payload, refusal = result.types
    # Fields of one name and two types cannot be merged in one selection set.
    assert payload.fields.keys().isdisjoint({"message", "code", "field"})
    assert refusal.fields.keys() == {"message", "code", "field"}


@pytest.mark.parametrize("union", ["InboxItem", "VideoSignal"])
def test_all_members_of_a_stream_can_be_asked_for_in_one_document(union: str) -> None:
    found = SCHEMA.type_map[union]
    assert isinstance(found, GraphQLUnionType)
    types: dict[str, set[str]] = {}
    for member in found.types:
        for name, field in member.fields.items():
            types.setdefault(name, set()).add(str(field.type))
    assert {name: several for name, several in types.items() if len(several) > 1} == {}


def test_a_list_is_a_connection_or_has_a_known_bound() -> None:
    lists = {
        f"{found.name}.{name}"
        for found in TYPES
        if isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
        for name, field in found.fields.items()
        if is_list(field) and not found.name.endswith("Connection")
    }
    assert lists == BOUNDED.keys()


@pytest.mark.parametrize("found", [t for t in OBJECTS if t.name.endswith("Connection")], ids=lambda found: found.name)
def test_a_connection_has_the_shape_of_the_relay_specification(found: GraphQLObjectType) -> None:
    edge = get_named_type(found.fields["edges"].type)
    assert isinstance(edge, GraphQLObjectType)
    assert edge.name == found.name.removesuffix("Connection") + "Edge"
    assert str(edge.fields["cursor"].type) == "String!"
    assert is_non_null_type(edge.fields["node"].type)
    assert str(found.fields["pageInfo"].type) == "PageInfo!"


@pytest.mark.parametrize("found", OBJECTS, ids=lambda found: found.name)
def test_a_field_that_answers_a_page_takes_first_and_after(found: GraphQLObjectType) -> None:
    for name, field in found.fields.items():
        if get_named_type(field.type).name.endswith("Connection"):
            assert {"first", "after"} <= field.args.keys(), name
            assert str(field.args["first"].type) == "Int"
            assert str(field.args["after"].type) == "String"


@pytest.mark.parametrize("found", INPUTS, ids=lambda found: found.name)
def test_an_input_is_named_as_one_and_its_ids_are_ids(found: GraphQLInputObjectType) -> None:
    assert found.name.endswith("Input")
    for name, field in found.fields.items():
        # A device's name is the client's own; it identifies nothing of ours.
        if name.endswith("Id") and name != "deviceId":
            assert get_named_type(field.type).name == "ID", name


def test_names_are_of_the_domain() -> None:
    foreign = {"Service", "Manager", "Helper", "Util", "Utils", "Handler", "Dto", "Model", "Entity", "Data", "Object"}
    assert [found.name for found in TYPES if foreign & set(words(found.name))] == []


def test_no_field_carries_a_secret_but_those_that_hand_it_out() -> None:
    secret = re.compile("password|token|ticket|hash|secret|credential", re.IGNORECASE)
    carrying = {f"{t.name}.{name}" for t in OBJECTS for name in t.fields if secret.search(name)}
    assert carrying == {
        "SignUpPayload.token",
        "SignInPayload.token",
        "JoinVideoSessionPayload.ticket",
        "IceServer.credential",
    }


def test_no_two_types_are_described_alike_but_those_of_lists() -> None:
    described: dict[str, list[str]] = {}
    for found in TYPES:
        if found.description and not found.name.endswith(("Connection", "Edge")):
            described.setdefault(found.description.partition(".")[0], []).append(found.name)
    assert [names for names in described.values() if len(names) > 1] == []


def test_ids_are_made_in_one_place() -> None:
    """Decision 2: nothing relies on the form of an id but `schema/node.py`."""
    by_hand = re.compile(r"""f["'][A-Z]\w+:\{""")
    modules = [path for path in (ROOT / "schema").rglob("*.py") if path.name != "node.py"]
    assert [path.name for path in modules if by_hand.search(path.read_text())] == []
