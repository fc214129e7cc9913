"""The rounds: who has missed something is looked for, and mailed. Safe to run in several processes at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from api.mail.letter import Sender, address_of
from api.mail.post import Post, Undelivered
from models.account import Account
from models.database import is_outage
from models.missed_mail import MissedMail
from models.profile import Profile
from realtime.background import beside

log = structlog.get_logger()

# Nobody waits for these to the second.
SECONDS = 30.0


class Rounds:
    """Mails people what they have missed for longer than `delay`."""

    def __init__(self, post: Post, sender: Sender, delay: timedelta) -> None:
        self._post = post
        self._sender = sender
        self._delay = delay

    async def go(self) -> int:
        """One round: what was left over, then what is new. Returns how many letters left."""
        left = 0
        for mail in await MissedMail.left_over():
            if token := await mail.take_up():
                left += await self._tried(mail, token)
        for account_id in await MissedMail.due(self._delay):
            if claimed := await MissedMail.claim(account_id, self._delay):
                left += await self._tried(*claimed)
        return left

    async def _tried(self, mail: MissedMail, token: str) -> bool:
        try:
            return await self._deliver(mail, token)
        except Exception as error:
            if is_outage(error):
                raise
            # It is taken up again when its lease is over; one letter's trouble is not the others'.
            log.exception("a mail was not sent", mail=str(mail.id))
            return False

    async def _deliver(self, mail: MissedMail, token: str) -> bool:
        # Read now, and not when it was claimed: what was read meanwhile needs no letter.
        missed = await mail.contents()
        if not missed:
            await mail.settle(sent=False)
            return False
        account = await Account.get(id=mail.account_id)
        to = address_of((await Profile.get(id=account.id)).name, account.email)
        try:
            await self._post.send(self._sender.letter(mail.id, to, missed, token))
        except Undelivered as error:
            again = await mail.give_up() if error.for_good else await mail.postpone()
            log.warning("a mail could not be sent", mail=str(mail.id), reason=str(error), again=again)
            return False
        await mail.settle(sent=True)
        return True


@asynccontextmanager
async def mailing(rounds: Rounds, seconds: float = SECONDS) -> AsyncIterator[None]:
    """Go the rounds every so many seconds, for as long as the block lasts."""

    async def ever() -> None:
        while True:
            try:
                await rounds.go()
            except Exception:
                # The next round tries again.
                log.exception("a round of mails failed")
            await asyncio.sleep(seconds)

    async with beside(ever):
        yield
