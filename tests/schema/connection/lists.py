"""Lists to page through: skills, and the messages of a conversation."""

from tortoise.transactions import in_transaction

from models.base import uuid7
from models.session import Session
from models.skill import Skill
from schema.connection import Order
from tests.people import Pair, pair
from tests.schema.asking import signed_in

BY_NAME = Order("skills", "name")

SKILLS = """query($first: Int, $after: String, $startingWith: String! = "") {
    skills(first: $first, after: $after, startingWith: $startingWith) {
        totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id name } }
} }"""
MESSAGES = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { node(id: $id) {
    ... on Conversation { messages(first: $first, after: $after, last: $last, before: $before) {
        totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { number } }
} } } }"""


async def skills(*names: str) -> list[Skill]:
    """Skills of these names, which may be the same: their ids decide then."""
    async with in_transaction():
        made = [await Skill.create(name=name, key=uuid7().hex) for name in names]
    return sorted(made, key=lambda skill: (skill.name, str(skill.id)))


async def conversation_of(messages: int) -> tuple[Pair, Session, str]:
    made = await pair()
    for number in range(messages):
        await made.conversation.send(f"Message {number}", by=made.mentor, client_id=str(number))
    return made, await signed_in(made.mentee), f"Conversation:{made.conversation.id}"
