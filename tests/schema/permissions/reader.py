"""What an answer may hold, by who is told."""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.schema.permissions.relations import may
from tests.schema.permissions.rules import RULES, Rule
from tests.schema.permissions.world import World


@dataclass
class Reader:
    """Checks what one account is told: every value by the rule of its field, every text by its canaries."""

    account: str | None
    name: str
    secrets: list[str]
    seen: set[str] = field(default_factory=set)

    async def read(self, value: Any, subject: str | None = None) -> None:
        """Check a part of an answer. `subject` is the row that it is about, where it does not say itself."""
        await self._read(value, subject, {})

    async def _read(self, value: Any, subject: str | None, known: dict[str, dict[Rule, set[str]]]) -> None:
        """`known` are the people of the rows of this answer: nothing changes while it is read."""
        if isinstance(value, list):
            for item in value:
                await self._read(item, subject, known)
        elif isinstance(value, dict):
            kind = value["__typename"]
            subject = _subject(kind, value, subject)
            for name, member in value.items():
                if name != "__typename" and member is not None:
                    rule = RULES[f"{kind}.{name}"]
                    told = f"{self.name} was told {kind}.{name} of {subject}"
                    assert await may(rule, self.account, subject, known), told
                    self.seen.add(f"{kind}.{name}")
                    await self._read(member, subject, known)

    def listen(self, answer: Any) -> None:
        """Check that an answer holds nothing that is meant for others, nor what is meant for nobody."""
        text = str(answer)
        for audience in re.findall("canary-([a-z_]+)-", text):
            assert self.name in audience.split("_"), f"{self.name} was told a text of {audience}"
        assert not [secret for secret in self.secrets if secret in text]


def _subject(kind: str, value: dict[str, Any], given: str | None) -> str | None:
    if "id" in value:
        return str(value["id"])
    if kind.endswith("Edge") and "node" in value:
        return str(value["node"]["id"])
    if kind == "SignOutPayload":
        return str(value["sessionId"])
    below = [one for member in value.values() for one in (member if isinstance(member, list) else [member])]
    children = [str(child["id"]) for child in below if isinstance(child, dict) and "id" in child]
    return given or (children[0] if children else None)


def reader_of(world: World, name: str) -> Reader:
    return Reader(world.accounts.get(name), name, world.secrets)
