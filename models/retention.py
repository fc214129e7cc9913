"""Retention: how far back the inbox logs reach. Messages are never among what goes.

What goes of a log is always its beginning: an event goes when it is old, and all that is before it in its account's
log goes with it or has gone. A reader would not notice a gap further on; a beginning that is missing, it does.

How old an event is, is said by the clock of the process that recorded it, and those differ: an event may be dated
before the one that it follows. So a young one keeps all that follows it, whatever their dates; one that a wrong clock
dated in the future, until then. Nothing is lost by keeping too much.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import chain, groupby, takewhile
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from tortoise.connection import get_connection

from models import clock
from models.database import dialect, transaction
from models.inbox import Inbox, InboxEvent

# How many accounts one round looks at, and how many events it takes: of one account, in all, and in one unit, for
# which senders wait on SQLite.
ACCOUNTS = 500
OF_ONE = 100
MOST = 2_000
AT_ONCE = 200

BEFORE_ALL = UUID(int=0)

# Of each log that begins with an old event, the first so many: no more is read of the others than where they begin.
# Positions are dense, so these are a range of the index.
_OLD = """SELECT e.account_id, e.id, e.created_at <= {past}
    FROM (SELECT a.id, (SELECT min(position) FROM inbox_event WHERE account_id = a.id) AS position
        FROM {accounts}) log
    JOIN inbox_event first ON first.account_id = log.id AND first.position = log.position
        AND first.created_at <= {past}
    JOIN inbox_event e ON e.account_id = log.id
        AND e.position >= log.position AND e.position < log.position + {of_one}
    ORDER BY e.account_id, e.position"""

OLD = {
    "postgres": _OLD.format(past="$2", accounts="unnest($1::uuid[]) AS a(id)", of_one="$3::bigint"),
    "sqlite": _OLD.format(past="?2", accounts="(SELECT value AS id FROM json_each(?1)) a", of_one="?3"),
}


class Retention:
    """Prunes the logs of all accounts, some in each round, and begins anew when it is through.

    Several processes may each have one: what one has taken, another does not find or does not take again. No account
    is locked.
    """

    def __init__(self, kept: timedelta) -> None:
        self._kept = kept
        self._after = BEFORE_ALL

    async def prune(self) -> int:
        """One round, through the logs of the next accounts. Returns how many events have gone."""
        following = Inbox.filter(id__gt=self._after).order_by("id").limit(ACCOUNTS)
        accounts: Any = await following.values_list("id", flat=True)
        found = await self._old(accounts) if accounts else []
        taken = list(chain.from_iterable(found))[:MOST]
        # In the order of the logs: whatever comes between two units, a log has lost nothing but its beginning.
        for start in range(0, len(taken), AT_ONCE):
            await _delete(taken[start : start + AT_ONCE])
        # Where there may be more of them, the next round is for the same accounts.
        if len(taken) < MOST and all(len(of_one) < OF_ONE for of_one in found):
            self._after = accounts[-1] if len(accounts) == ACCOUNTS else BEFORE_ALL
        return len(taken)

    async def _old(self, accounts: Sequence[UUID]) -> list[list[Any]]:
        """The ids of the events that are to go, of each log that has any, from its beginning."""
        past = clock.now() - self._kept
        on_postgres = dialect() == "postgres"
        values = [accounts, past] if on_postgres else [orjson.dumps(accounts).decode(), str(past)]
        connection: Any = get_connection(dialect())
        rows = await connection.read_rows(OLD[dialect()], [*values, OF_ONE])
        logs = groupby(rows, key=itemgetter(0))
        return [[event_id for _, event_id, _ in takewhile(itemgetter(2), log)] for _, log in logs]


@transaction
async def _delete(ids: Sequence[Any]) -> None:
    await InboxEvent.filter(id__in=ids).delete()
