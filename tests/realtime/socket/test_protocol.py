import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from realtime.socket import protocol
from realtime.socket.protocol import (
    CloseCode,
    Complete,
    ConnectionInit,
    Message,
    Ping,
    Pong,
    Subscribe,
    Violation,
    parse,
)

MOST = 65_536

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
near_messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["connection_init", "ping", "pong", "subscribe", "complete", "next"]) | json_values},
    optional={
        "id": json_values,
        "payload": json_values
        | st.fixed_dictionaries(
            {"query": json_values | st.text()},
            optional={"variables": json_values, "operationName": json_values, "extensions": json_values},
        ),
    },
)


def message(**fields: object) -> str:
    return orjson.dumps(fields).decode()


def subscribe(**payload: object) -> str:
    return message(type="subscribe", id="a", payload={"query": "{ a }"} | payload)


MALFORMED = {
    "binary": None,
    "nothing": "",
    "no JSON": "subscribe",
    "half of a message": '{"type":"ping"',
    "two messages": '{"type":"ping"}{"type":"ping"}',
    "NaN": '{"type":"ping","payload":{"a":NaN}}',
    "an array": '[{"type":"ping"}]',
    "a number": "7",
    "a string": '"ping"',
    "true": "true",
    "null": "null",
    "an empty object": "{}",
    "type is a number": message(type=1),
    "type is null": message(type=None),
    "type is an object": message(type={}),
    "type is an array": message(type=["ping"]),
    "type is unknown": message(type="start", id="a", payload={"query": "{ a }"}),
    "a server's acknowledgement": message(type="connection_ack"),
    "a server's next": message(type="next", id="a", payload={"data": None}),
    "a server's error": message(type="error", id="a", payload=[{"message": "no"}]),
    "init with an array": message(type="connection_init", payload=[]),
    "init with a string": message(type="connection_init", payload="token"),
    "ping with a number": message(type="ping", payload=1),
    "pong with a string": message(type="pong", payload="x"),
    "subscribe without id": message(type="subscribe", payload={"query": "{ a }"}),
    "subscribe with id null": message(type="subscribe", id=None, payload={"query": "{ a }"}),
    "subscribe with id 1": message(type="subscribe", id=1, payload={"query": "{ a }"}),
    "subscribe with an empty id": message(type="subscribe", id="", payload={"query": "{ a }"}),
    "subscribe with an array as id": message(type="subscribe", id=["a"], payload={"query": "{ a }"}),
    "subscribe with an endless id": message(type="subscribe", id="a" * 257, payload={"query": "{ a }"}),
    "subscribe without payload": message(type="subscribe", id="a"),
    "subscribe with payload null": message(type="subscribe", id="a", payload=None),
    "subscribe with a string": message(type="subscribe", id="a", payload="{ a }"),
    "subscribe with an array": message(type="subscribe", id="a", payload=[{"query": "{ a }"}]),
    "no query": message(type="subscribe", id="a", payload={}),
    "query is null": subscribe(query=None),
    "query is a number": subscribe(query=1),
    "variables are an array": subscribe(variables=[1]),
    "variables are a string": subscribe(variables="{}"),
    "operationName is a number": subscribe(operationName=1),
    "extensions are an array": subscribe(extensions=[]),
    "complete without id": message(type="complete"),
    "complete with id 1": message(type="complete", id=1),
    "complete with an empty id": message(type="complete", id=""),
    "30,000 open arrays": "[" * 30_000,
    "30,000 nested arrays": "[" * 30_000 + "]" * 30_000,
    "10,000 nested objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "255 nested arrays in a ping": '{"type":"ping","payload":{"a":' + "[" * 255 + "]" * 255 + "}}",
    "1,000 nested variables": subscribe().replace("}}", ',"variables":{"a":' + "[" * 999 + "]" * 999 + "}}}"),
    "an integer of 5,000 digits": '{"type":"ping","payload":{"a":' + "9" * 5_000 + "}}",
    "an id of 5,000 digits": '{"type":"complete","id":' + "9" * 5_000 + "}",
    "a lone surrogate": '{"type":"complete","id":"\ud800"}',
    "an escaped lone surrogate": '{"type":"complete","id":"\\ud800"}',
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_message_is_a_bad_request_with_a_reason(text: str | None) -> None:
    with pytest.raises(Violation) as caught:
        parse(text, MOST)
    assert caught.value.code is CloseCode.BAD_REQUEST
    assert 10 < len(caught.value.reason) < protocol.MOST_REASON_BYTES


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_of_100_000_levels_is_a_bad_request_where_so_long_a_message_is_allowed(opening: str) -> None:
    with pytest.raises(Violation) as caught:
        parse(opening * 100_000, 1_000_000)
    assert caught.value.code == 4400


def test_every_message_of_a_client_is_understood() -> None:
    assert parse('{"type":"connection_init"}', MOST) == ConnectionInit({})
    assert parse('{"type":"connection_init","payload":null}', MOST) == ConnectionInit({})
    assert parse('{"type":"connection_init","payload":{"a":1}}', MOST) == ConnectionInit({"a": 1})
    assert parse('{"type":"ping"}', MOST) == Ping(None)
    assert parse('{"type":"ping","payload":{"a":1}}', MOST) == Ping({"a": 1})
    assert type(parse('{"type":"pong","payload":{"a":1}}', MOST)) is Pong
    assert parse('{"type":"complete","id":"a"}', MOST) == Complete("a")
    assert parse(subscribe(), MOST) == Subscribe("a", {"query": "{ a }"})


def test_a_subscribe_may_have_nulls_and_fields_that_nobody_knows() -> None:
    request: dict[str, object] = {"query": "", "variables": None, "operationName": None, "extensions": None, "new": [1]}
    assert parse(subscribe(**request), MOST) == Subscribe("a", request)
    request = {"query": "{ a }", "variables": {"b": 1}, "operationName": "C", "extensions": {"d": 2}}
    assert parse(subscribe(**request), MOST) == Subscribe("a", request)


def test_a_query_with_many_braces_is_not_nested() -> None:
    query = "{ a " * 300 + "}" * 300
    assert parse(subscribe(query=query), MOST) == Subscribe("a", {"query": query})


@pytest.mark.parametrize("character", ["a", "é", "€", "😀"])
def test_a_message_may_be_as_long_as_the_limit_in_bytes_and_no_longer(character: str) -> None:
    text = f'{{"type":"ping","payload":{{"a":"{character * 10}"}}}}'
    size = len(text.encode())
    assert parse(text, size) == Ping({"a": character * 10})
    with pytest.raises(Violation) as caught:
        parse(text, size - 1)
    assert caught.value.code is CloseCode.MESSAGE_TOO_BIG


@settings(max_examples=60, deadline=None)
@given(near_messages.map(orjson.dumps).map(bytes.decode) | st.text())
@example("\ud800" * 70_000)
def test_whatever_comes_is_a_message_or_a_violation(text: str) -> None:
    refusal = None
    try:
        parsed = parse(text, MOST)
    except Violation as violation:
        refusal = violation.code
    assert refusal in (CloseCode.BAD_REQUEST, CloseCode.MESSAGE_TOO_BIG) or isinstance(parsed, Message)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=256), st.dictionaries(st.text(), json_values))
def test_what_is_sent_is_json_with_the_id_and_payload(identifier: str, payload: dict[str, object]) -> None:
    encoded = orjson.dumps(payload).decode()
    assert orjson.loads(protocol.next_prefix(identifier) + encoded + "}") == {
        "id": identifier,
        "type": "next",
        "payload": orjson.loads(encoded),
    }
    assert orjson.loads(protocol.complete(identifier)) == {"id": identifier, "type": "complete"}
    assert orjson.loads(protocol.error(identifier, [{"message": identifier}])) == {
        "id": identifier,
        "type": "error",
        "payload": [{"message": identifier}],
    }


def test_a_pong_has_a_payload_only_where_the_ping_had_one() -> None:
    assert protocol.pong(None) == '{"type":"pong"}'
    assert protocol.pong({}) == '{"type":"pong","payload":{}}'


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(codec=None)))
@example("€" * 100)
def test_a_close_reason_fits_a_control_frame(reason: str) -> None:
    frame = protocol.close_frame(4400, reason)
    assert len(frame["reason"].encode()) <= 123
    assert reason.encode(errors="replace").decode().startswith(frame["reason"])


def test_the_close_codes_are_those_of_the_specification() -> None:
    assert {code.name: code.value for code in CloseCode} == {
        "MESSAGE_TOO_BIG": 1009,
        "SERVICE_RESTART": 1012,
        "TRY_AGAIN_LATER": 1013,
        "BAD_REQUEST": 4400,
        "UNAUTHORIZED": 4401,
        "FORBIDDEN": 4403,
        "SUBPROTOCOL_NOT_ACCEPTABLE": 4406,
        "INITIALISATION_TIMEOUT": 4408,
        "SUBSCRIBER_EXISTS": 4409,
        "TOO_MANY_INITIALISATIONS": 4429,
    }
