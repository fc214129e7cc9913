"""How often one may fail to sign in, sign up, upload or hear of invitations, in a moving window.

By account and address, and by process.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from models import clock
from models.address import neighbourhood
from models.refusal import RateLimited

WINDOW = timedelta(minutes=15)
PER_ACCOUNT, PER_ADDRESS = 8, 60

# A class or an office that signs up together may have one address.
SIGN_UPS_PER_ADDRESS = 60

# Uploads of files. They are larger than anything else that one may send.
UPLOADS_PER_ACCOUNT = 200

# Invitations of one person by another that they are told of, whatever organisation it is and whoever ends them.
INVITATIONS_A_DAY = 3

# What an attacker can make us remember is bounded: the key that was counted longest ago is forgotten first.
MOST_KEYS = 50_000

# How many may wait for their turn at one account.
MOST_WAITING = 32


class Throttle:
    """Counts what may not come too often. `check` before the work, then `count`; `forgive` where it was none after all.

    An account or an address that is not known is empty, and has no limit.
    """

    def __init__(
        self, per_account: int = PER_ACCOUNT, per_address: int = PER_ADDRESS, window: timedelta = WINDOW
    ) -> None:
        self._window = window
        self._per_account = per_account
        self._per_address = per_address
        self._counted: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, account: str) -> AsyncIterator[None]:
        """Within the block nobody else tries this account. Raises `RateLimited` where too many wait."""
        if not account:
            yield
            return
        lock, here = self._turns.get(account, (asyncio.Lock(), 0))
        if here > MOST_WAITING:
            raise RateLimited(1)
        self._turns[account] = lock, here + 1
        try:
            async with lock:
                yield
        finally:
            lock, here = self._turns.pop(account)
            if here > 1:
                self._turns[account] = lock, here - 1

    def check(self, account: str, address: str) -> None:
        """Raise `RateLimited` where the account or the address has come too often of late."""
        for key, most in self._limits(account, address):
            counted = self._recent(key)
            if len(counted) >= most:
                raise RateLimited((counted[-most] + self._window - clock.now()).total_seconds())

    def count(self, account: str, address: str) -> datetime:
        """Count one against both. Returns its moment."""
        moment = clock.now()
        for key, most in self._limits(account, address):
            self._counted[key] = deque(self._recent(key), maxlen=most)
            self._counted[key].append(moment)
            self._counted.move_to_end(key)
        while len(self._counted) > MOST_KEYS:
            self._counted.popitem(last=False)
        return moment

    def admits(self, account: str) -> bool:
        """Count one against the account, unless it has come too often of late: False then."""
        try:
            self.check(account, "")
        except RateLimited:
            return False
        self.count(account, "")
        return True

    def forgive(self, account: str, address: str, moment: datetime) -> None:
        """Take the one of this moment back. Those that others caused meanwhile stay."""
        for key, _ in self._limits(account, address):
            counted = self._counted.get(key)
            if counted and moment in counted:
                counted.remove(moment)
                if not counted:
                    del self._counted[key]

    def _limits(self, account: str, address: str) -> Iterator[tuple[str, int]]:
        if account:
            yield f"account {account}", self._per_account
        if address:
            yield f"address {neighbourhood(address)}", self._per_address

    def _recent(self, key: str) -> deque[datetime]:
        counted = self._counted.get(key, deque())
        while counted and counted[0] <= clock.now() - self._window:
            counted.popleft()
        return counted


# Failures; sign-ups and uploads, whatever becomes of them.
sign_in = Throttle()
sign_up = Throttle(per_address=SIGN_UPS_PER_ADDRESS)
upload = Throttle(per_account=UPLOADS_PER_ACCOUNT)
# How often somebody hears from one other that they are invited.
invitation = Throttle(per_account=INVITATIONS_A_DAY, window=timedelta(days=1))
