"""Reads beside a long history: the inbox of twenty conversations, and a page of fifty messages.

`python -m benches.history`. The same queries where those conversations have a thousand messages, and a million. What
a read costs should not depend on what was said before: the ratio of the two is about one.
"""

import argparse
import sqlite3
import time

import uvloop

from benches.queries import INBOX
from benches.results import Samples, save, show
from benches.sends import TITLES, new_database
from models.conversation import Conversation, Participant
from models.database import connect
from models.database.migrate import migrate
from models.session import Session
from schema.context import Context
from schema.execution import prepare, run
from tests.people import pair, person

CONVERSATIONS = 20
HISTORIES = {"1 thousand": 1_000, "1 million": 1_000_000}
READS = 200

PAGE = """query Page($id: ID!) { node(id: $id) { ... on Conversation { messages(last: 50) { edges { cursor node {
  id number body createdAt author { id name } } } pageInfo { hasPreviousPage startCursor } } } } }"""

# Each says the same in all conversations, so that only their number differs.
WRITE = {
    "sqlite": """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})
        INSERT INTO message (id, created_at, author_id, client_id, conversation_id, number, body)
        SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-7' || substr(hex(randomblob(2)), 2) || '-8'
            || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), '2026-01-01 00:00:00+00:00', ?, ? || i, ?,
            i, 'Friday at five suits me. Shall we use the first half for the plan?' FROM n""",
    "postgres": """INSERT INTO message (id, created_at, author_id, client_id, conversation_id, number, body)
        SELECT gen_random_uuid(), '2026-01-01', $1::uuid, $2::text || i, $3::uuid, i,
            'Friday at five suits me. Shall we use the first half for the plan?' FROM generate_series(1, {many}) i""",
}


async def fill(url: str, kind: str, messages: int) -> tuple[Session, Conversation]:
    """A mentor with so many messages in twenty conversations; the first of those."""
    await migrate(url)
    async with connect(url, **({"command_timeout": None} if kind == "postgres" else {})) as context:
        mentor = await person("Mara", capacity=CONVERSATIONS)
        talks = [(await pair(mentor)).conversation for _ in range(CONVERSATIONS)]
        for talk in talks:
            many = messages // CONVERSATIONS
            values = [str(mentor.id), f"{talk.id.hex}-", str(talk.id)]
            await context.db().execute_query(WRITE[kind].format(many=many), values)
            await Conversation.filter(id=talk.id).update(last_number=many)
            await Participant.filter(conversation_id=talk.id).update(read_number=many - 3)
        # What autovacuum would do in a minute, and would compete with the reads.
        await context.db().execute_query("VACUUM ANALYZE" if kind == "postgres" else "ANALYZE")
        session, _ = await Session.open(mentor)
        return await Session.filter(id=session.id).select_related("account").get(), talks[0]


async def measure(url: str, session: Session, talk: Conversation, history: str, case: str, samples: Samples) -> None:
    """A round of both queries."""
    async with connect(url):
        for name, document, given in (
            ("inbox of 20", INBOX, {"first": 20}),
            ("page of 50", PAGE, {"id": f"Conversation:{talk.id}"}),
        ):
            operation = prepare(document, given, None)
            for many in (20, READS):
                began = time.perf_counter()
                for _ in range(many):
                    await run(operation, Context(session=session))
                took = time.perf_counter() - began
            samples.add(f"{name}, {case}", history, "ms", took / READS * 1e3)


async def compare(kind: str, urls: dict[str, str], rounds: int, samples: Samples) -> None:
    """Both histories in turn."""
    filled = {history: await fill(urls[history], kind, many) for history, many in HISTORIES.items()}
    for _ in range(rounds):
        for history, (session, talk) in filled.items():
            await measure(urls[history], session, talk, history, TITLES[kind], samples)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description="Measure reads beside a long history.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--no-save", action="store_true", help="print only")
    chosen = parser.parse_args()
    samples = Samples()
    for kind in chosen.databases.split(","):
        with new_database(kind) as one, new_database(kind) as other:
            urls = dict(zip(HISTORIES, (one, other), strict=True))
            uvloop.run(compare(kind, urls, chosen.rounds, samples))
    rows = samples.rows()
    found = {(row.case, row.subject): row.value for row in rows}
    for case in dict.fromkeys(row.case for row in rows):
        short, long = (found[case, history] for history in HISTORIES)
        samples.add(case, "1 million / 1 thousand", "ms", long / short)
    rows = samples.rows()
    show(rows)
    if not chosen.no_save:
        method = f"medians of {chosen.rounds} rounds of {READS} reads, one after the other"
        print("\nSaved:", save("history", rows, method=method, sqlite=sqlite3.sqlite_version).name)


if __name__ == "__main__":
    main()
