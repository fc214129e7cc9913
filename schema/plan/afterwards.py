"""Texts that are made in Python of a row's id, once the database has answered: its text holds a mark in their place.

A signed link is such a text. The mark is a string that no client can know, so that no row can hold it.
"""

import re
import secrets
from typing import Any
from uuid import UUID

import orjson

from schema.plan.json import Json, literal
from schema.plan.read import Afterwards
from schema.plan.sql import Sql
from schema.plan.standin import Row


class Marks:
    """The marks of a planner, and what is put in the place of each."""

    def __init__(self) -> None:
        self._mark = f"afterwards {secrets.token_hex(16)}"
        self._bytes = self._mark.encode()
        self._pattern = re.compile(rb'"%b (\w+\.\w+) ([0-9a-f-]{36})"' % self._bytes)
        self._made: dict[bytes, Afterwards] = {}

    def of(self, name: str, how: Afterwards, row: Row) -> Json:
        """The mark of a field, for a row."""
        self._made[name.encode()] = how
        mark = Json(f'"{self._mark} {name} ', Sql(row.column("id")), '"')
        if how.given is None:
            return mark
        return Json(Sql(f"CASE WHEN {row.column(how.given)} IS NULL THEN {literal('null')} ELSE ", mark.sql, " END"))

    def replaced(self, text: bytes, context: Any) -> bytes:
        """The text with what is made of its marks, for who asks."""
        if self._bytes not in text:
            return text

        def made(found: re.Match[bytes]) -> bytes:
            return orjson.dumps(self._made[found[1]].make(context, UUID(found[2].decode())))

        return self._pattern.sub(made, text)
