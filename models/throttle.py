"""How often somebody may fail to sign in: by account and by address, in a moving window, in each process."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta

from models import clock
from models.refusal import RateLimited

WINDOW = timedelta(minutes=15)
PER_ACCOUNT, PER_ADDRESS = 8, 60

# What an attacker can make us remember is bounded: the key that failed longest ago is forgotten first.
MOST_KEYS = 50_000


class Throttle:
    """Counts failures. `check` before the work, then `failed`; `forgive` where it was none after all."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()

    def check(self, account: str, address: str) -> None:
        """Raise `RateLimited` where the account or the address has failed too often of late."""
        for key, most in self._limits(account, address):
            failures = self._recent(key)
            if len(failures) >= most:
                raise RateLimited((failures[-most] + WINDOW - clock.now()).total_seconds())

    def failed(self, account: str, address: str) -> datetime:
        """Count one failure against both. Returns its moment."""
        moment = clock.now()
        for key, most in self._limits(account, address):
            self._failures[key] = deque(self._recent(key), maxlen=most)
            self._failures[key].append(moment)
            self._failures.move_to_end(key)
        while len(self._failures) > MOST_KEYS:
            self._failures.popitem(last=False)
        return moment

    def forgive(self, account: str, address: str, moment: datetime) -> None:
        """Take the failure of this moment back: it was none. Those that others caused meanwhile stay."""
        for key, _ in self._limits(account, address):
            failures = self._failures.get(key)
            if failures and moment in failures:
                failures.remove(moment)

    def _limits(self, account: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
        return (f"account {account}", PER_ACCOUNT), (f"address {address}", PER_ADDRESS)

    def _recent(self, key: str) -> deque[datetime]:
        failures = self._failures.get(key, deque())
        while failures and failures[0] <= clock.now() - WINDOW:
            failures.popleft()
        return failures


sign_in = Throttle()
