"""Persisted documents: what an app asks is written down before it ships, and it names it by its hash.

After the appendix on persisted documents of GraphQL over HTTP (the GraphQL Foundation's specification, draft of 2025).
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import orjson

from schema.execution import RequestError

# The specification's identifiers: our own kinds begin with x-, and one without a colon is whatever a tool makes of it.
IDENTIFIER = re.compile(r"(sha256:[0-9a-f]{64}|x-[\w.~-]+:[\w.~-]+|[\w.~-]+)", re.ASCII)


class Unreadable(Exception):
    """The setting names documents that cannot be served; the message says what to mend."""


class Documents:
    """The documents of this server's own apps. With `only`, no other one runs."""

    def __init__(self, named: Mapping[str, str] | None = None, *, only: bool = False) -> None:
        given = named or {}
        self._by_id = {identifier_of(text): text for text in given.values()} | dict(given)
        self._texts = frozenset(given.values())
        self._only = only

    @classmethod
    def of_settings(cls, path: str, *, only: bool) -> Self:
        """The documents of a folder of `.graphql` files, or of one JSON object of ids and texts. Raises `Unreadable`.

        An empty path stands for none.
        """
        if not path:
            if only:
                raise Unreadable("ONLY_PERSISTED_DOCUMENTS needs PERSISTED_DOCUMENTS, the path of the documents.")
            return cls()
        try:
            named = _folder(Path(path)) if Path(path).is_dir() else _manifest(Path(path))
        except (OSError, UnicodeDecodeError, orjson.JSONDecodeError) as error:
            raise Unreadable(f"PERSISTED_DOCUMENTS: {path} cannot be read: {error}") from error
        if not named:
            raise Unreadable(f"PERSISTED_DOCUMENTS: {path} holds no document.")
        return cls(named, only=only)

    def text_of(self, request: Mapping[str, Any]) -> str:
        """The text of the document that a request wants to run. Raises `RequestError`."""
        identifier, query = request.get("documentId"), request.get("query") or ""
        if identifier is None:
            if self._only and query not in self._texts:
                raise _refused("query: this server runs only the documents of its own apps; send a documentId.")
            return str(query)
        if query:
            raise _refused("documentId: send either a documentId or a query, not both.")
        text = self._by_id.get(identifier) if isinstance(identifier, str) else None
        if text is None:
            raise _refused(
                "documentId: no document of this server has this id; send one that it was given, or a query."
            )
        return text


def identifier_of(text: str) -> str:
    """The SHA256 hex document identifier of a document, byte for byte: another blank is another document."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _folder(path: Path) -> dict[str, str]:
    # Not read_text(), which would change the ends of lines, and with them the hash.
    texts = [file.read_bytes().decode() for file in sorted(path.rglob("*.graphql")) if file.is_file()]
    return {identifier_of(text): text for text in texts}


def _manifest(path: Path) -> dict[str, str]:
    named = orjson.loads(path.read_bytes())
    if not isinstance(named, dict) or not all(isinstance(text, str) for text in named.values()):
        raise Unreadable(f"PERSISTED_DOCUMENTS: {path} must be one JSON object of ids and texts of documents.")
    for identifier, text in named.items():
        if not IDENTIFIER.fullmatch(identifier):
            raise Unreadable(f"PERSISTED_DOCUMENTS: {identifier!r} in {path} is no id; use sha256: and the hash.")
        if identifier.startswith("sha256:") and identifier != identifier_of(text):
            raise Unreadable(f"PERSISTED_DOCUMENTS: {identifier} in {path} is not the hash of its text.")
    return named


def _refused(message: str) -> RequestError:
    return RequestError([{"message": message, "extensions": {"code": "BAD_INPUT"}}])
