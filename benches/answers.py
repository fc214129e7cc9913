"""Are two answers the same data? Other servers name rows by bare UUIDs and write moments in another way."""

import json
import re
from datetime import datetime
from typing import Any

GLOBAL_ID = re.compile(r"[A-Z][A-Za-z]+:([0-9a-f-]{36})")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[0-9.]*(Z|[+-]\d\d:\d\d)")


def same_data(ours: bytes, other: bytes, *, exactly: bool) -> bool:
    """`exactly`: down to the order of members and every character. Else ids and moments are compared by meaning."""
    if exactly:
        return json.dumps(json.loads(ours)) == json.dumps(json.loads(other))
    return bool(_plain(json.loads(ours)) == _plain(json.loads(other)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"nodes"}:
            # PostGraphile shows every relation to many as a connection.
            return _plain(value["nodes"])
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, str):
        if found := GLOBAL_ID.fullmatch(value):
            return found.group(1)
        if MOMENT.fullmatch(value):
            # JavaScript's Date has milliseconds.
            return datetime.fromisoformat(value).timestamp() // 0.001
    return value
