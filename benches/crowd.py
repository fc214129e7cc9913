"""A crowd for the benchmarks of sockets: people who are signed in, in conversations of any size."""

import resource
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from models import clock
from models.account import Account
from models.base import uuid7
from models.conversation import Conversation, Participant
from models.database import connect
from models.database.migrate import migrate
from models.inbox import Inbox
from models.profile import Profile
from models.session import Session, digest

INBOX = """subscription Inbox($after: String) { inbox(after: $after) { __typename ... on InboxEvent { cursor }
  ... on MessageCreated { message { id number body createdAt clientId author { id name } } } } }"""

BATCH = 500


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    account: Account
    token: str
    conversation: UUID


async def crowd(url: str, people: int, together: int) -> list[Person]:
    """So many people in an empty database, so many of them in each conversation."""
    await migrate(url)
    async with connect(url):
        now, found = clock.now(), []
        accounts = [Account(id=uuid7(), email=f"{n}@bench.example", password_hash="-") for n in range(people)]
        talks = [Conversation(id=uuid7()) for _ in range(-(-people // together))]
        found = [Person(one, f"bench-{n:040}", talks[n // together].id) for n, one in enumerate(accounts)]
        await Account.bulk_create(accounts, BATCH)
        await Inbox.bulk_create([Inbox(id=one.id) for one in accounts], BATCH)
        await Profile.bulk_create(
            [Profile(id=one.id, account_id=one.id, name=f"Person {n}") for n, one in enumerate(accounts)], BATCH
        )
        await Session.bulk_create(
            [
                Session(account_id=one.account.id, token_hash=digest(one.token), expires_at=now + timedelta(days=30))
                for one in found
            ],
            BATCH,
        )
        await Conversation.bulk_create(talks, BATCH)
        await Participant.bulk_create(
            [Participant(conversation_id=one.conversation, profile_id=one.account.id) for one in found], BATCH
        )
    return found


def many_files() -> None:
    """Let this process, and those that it starts, open as many sockets as the system lets it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
