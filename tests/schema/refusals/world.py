"""What the mutations are asked about."""

from dataclasses import dataclass, field

from models.session import Session
from tests.people import Pair


@dataclass
class World:
    """A pair with all that it has, somebody who asks the mentor too, and the ids of it."""

    pair: Pair
    mentor: Session
    mentee: Session
    asker: Session
    ids: dict[str, str] = field(default_factory=dict)
    ticket: str = ""
