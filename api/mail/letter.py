"""Letters: what is mailed to somebody about what they have missed (RFC 5322).

It says who wrote and how many messages, never what they say: mail is read by whoever carries it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import urlencode
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from models import clock
from models.conversation import Conversation
from models.missed_mail import Missed
from schema.node import global_id_of

# The first so many people of a conversation are named, and so many conversations.
MOST_NAMES = 3
MOST_CONVERSATIONS = 20


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: an address, where the app is found, and where this server is."""

    address: Address
    app_url: str
    public_url: str

    def letter(self, id: UUID, to: Address, missed: Sequence[Missed], token: str) -> EmailMessage:
        """The letter to one person about what they have missed. `token` ends such letters."""
        stop = f"{self.public_url}/mail/unsubscribe?{urlencode({'token': token})}"
        letter = EmailMessage(policy=SMTP.clone(utf8=not to.addr_spec.isascii()))
        letter["From"] = self.address
        letter["To"] = to
        letter["Subject"] = _undecoded(subject(missed))
        letter["Date"] = clock.now()
        letter["Message-ID"] = f"<missed-{id}@{self.address.domain}>"
        # RFC 3834: nobody's holiday answers it. RFC 8058: one click in the mail program ends it.
        letter["Auto-Submitted"] = "auto-generated"
        letter["List-Unsubscribe"] = f"<{stop}>"
        letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        letter.set_content("\n".join(self._lines(missed, stop)), cte="quoted-printable")
        return letter

    def _lines(self, missed: Sequence[Missed], stop: str) -> list[str]:
        lines = []
        for one in missed[:MOST_CONVERSATIONS]:
            opened = urlencode({"conversation": global_id_of(Conversation, one.conversation_id)})
            place = f" in {one.title}" if one.title else ""
            mention = " (you are mentioned)" if one.mentioned else ""
            lines += [f"{count(one.messages)} from {names(one.senders)}{place}{mention}:"]
            lines += [f"{self.app_url}/?{opened}", ""]
        if left := len(missed) - MOST_CONVERSATIONS:
            lines += [f"And {left} more conversations.", ""] if left > 0 else []
        return [*lines, "-- ", "You get this because you were away. To get no more of these:", stop, ""]


def subject(missed: Sequence[Missed]) -> str:
    """How many messages wait, and of whom where they are all in one conversation."""
    total = sum(one.messages for one in missed)
    where = f"from {names(missed[0].senders)}" if len(missed) == 1 else f"in {len(missed)} conversations"
    return f"{count(total)} {where}"


def count(messages: int) -> str:
    """A number of messages, in words."""
    return "1 unread message" if messages == 1 else f"{messages:,} unread messages"


def names(senders: Sequence[str]) -> str:
    """The first few of these people, and how many others there are."""
    named, others = list(senders[:MOST_NAMES]), len(senders) - MOST_NAMES
    if others > 0:
        named.append("1 other" if others == 1 else f"{others} others")
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def _undecoded(text: str) -> str:
    # What somebody is called is not to be taken for an encoded word (RFC 2047).
    return text.replace("=?", "= ?")


def address_of(name: str, email: str) -> Address:
    """The person's address as mail servers take it: a domain in other scripts is written in ASCII (RFC 5890)."""
    try:
        known = validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        return Address(display_name=_undecoded(name), addr_spec=email)
    return Address(display_name=_undecoded(name), username=known.local_part, domain=known.ascii_domain)
