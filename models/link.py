"""Links to files, for pages whose pictures cannot send a header: of one file, for one sign-in, for ten minutes.

A link shows what its sign-in may see at the time, so it ends with the sign-in, and with the conversation's message.
"""

import hmac
from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from models import clock
from models.session import Session

# Links that are made within the same five minutes are the same, so that a browser need not fetch a picture again.
STEP_SECONDS = 300
MOST_SECONDS = 2 * STEP_SECONDS


def query_of(subject: str, session: Session) -> str:
    """The query of a link to this subject, such as a file's key. It is good for 5 to 10 minutes."""
    until = (int(clock.now().timestamp()) // STEP_SECONDS + 2) * STEP_SECONDS
    signature = session.signature(_text(subject, until))
    return urlencode({"session": str(session.id), "until": until, "signature": signature})


async def session_of(subject: str, query: Mapping[str, str]) -> Session | None:
    """The live sign-in that the link to this subject was made for; None where it is forged, altered or old."""
    key, until, signature = (query.get(name, "") for name in ("session", "until", "signature"))
    if not (until.isascii() and until.isdigit() and len(until) <= 12) or not signature.isascii():
        return None
    if not 0 < int(until) - clock.now().timestamp() <= MOST_SECONDS:
        return None
    try:
        session = await Session.get_or_none(id=UUID(key)).select_related("account")
    except ValueError:
        return None
    if session is None or not session.is_live:
        return None
    return session if hmac.compare_digest(session.signature(_text(subject, int(until))), signature) else None


def _text(subject: str, until: int) -> str:
    # What is signed for this purpose is signed for no other.
    return f"file {subject} until {until}"
