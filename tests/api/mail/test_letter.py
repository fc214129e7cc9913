"""What a letter says, and how it is written down."""

import email
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import pytest

from api.mail.letter import MOST_CONVERSATIONS, Sender, address_of, names
from models.missed_mail import Missed

ID = UUID("01890000-0000-7000-8000-00000000000a")
ONE = Missed(ID, "", 1, ("Mara",), False)
SENDER = Sender(Address("Alongside", addr_spec="no-reply@a.org"), "https://app.a.org", "https://a.org")
THEO = Address("Theo", addr_spec="theo@example.org")


def read(*missed: Missed, to: Address = THEO) -> EmailMessage:
    """The letter, as its reader's program reads it from the wire."""
    raw = SENDER.letter(ID, to, missed, "secret").as_bytes()
    # RFC 5321: lines of 998 bytes at most, each of which ends with CR LF.
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    found = email.message_from_string(raw.decode(), policy=default)
    assert isinstance(found, EmailMessage)
    return found


def text_of(found: EmailMessage) -> str:
    return str(found.get_content()).replace("\r\n", "\n")


def test_a_letter_says_who_wrote_and_how_many_and_where_to_read_them() -> None:
    found = read(ONE, Missed(ID, "Books", 1_234, ("Olga", "Mara"), True))
    assert found["Subject"] == "1,235 unread messages in 2 conversations"
    assert found["To"] == "Theo <theo@example.org>"
    text = text_of(found)
    assert f"1 unread message from Mara:\nhttps://app.a.org/?conversation=Conversation%3A{ID}\n" in text
    assert "1,234 unread messages from Olga and Mara in Books (you are mentioned):\n" in text
    assert text.endswith("https://a.org/mail/unsubscribe?token=secret\n")
    assert read(ONE)["Subject"] == "1 unread message from Mara"


def test_programs_can_tell_what_it_is_and_end_it() -> None:
    found = read(ONE)
    assert found["Message-ID"] == f"<missed-{ID}@a.org>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["List-Unsubscribe"] == "<https://a.org/mail/unsubscribe?token=secret>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert found["Date"].datetime.tzinfo is not None
    assert read(ONE)["Message-ID"] == found["Message-ID"]


@pytest.mark.parametrize("name", ["Zoë 🙂 Ångström", 'a "b" <c@d.e>, (f)', "x" * 80, "é é " * 19 + "é", "a\\b;c:d"])
def test_a_name_stays_a_name(name: str) -> None:
    found = read(Missed(ID, name, 2, (name,), False), to=Address(name, addr_spec="theo@example.org"))
    (to,) = found["To"].addresses
    assert to.addr_spec == "theo@example.org"
    # Where a long name is folded, its reader may find one space more.
    assert to.display_name.split() == name.split()
    assert found["Subject"].startswith("2 unread messages from ")
    assert f"from {name} in {name}:" in text_of(found)
    assert len(found.keys()) == len(set(found.keys())) == len(read(ONE).keys())


def test_a_name_that_is_written_like_an_encoded_word_is_not_decoded() -> None:
    found = read(Missed(ID, "", 2, ("=?utf-8?q?x?=",), False), to=address_of("=?utf-8?q?x?=", "theo@example.org"))
    assert found["Subject"] == "2 unread messages from = ?utf-8?q?x?="
    assert found["To"].addresses[0].display_name == "= ?utf-8?q?x?="


def test_a_line_break_in_a_name_makes_no_header() -> None:
    """No name has one (models/text.py); if one ever did, there would be no letter rather than a forged one."""
    for bad in ("a\r\nBcc: x@y.z", "a\nBcc: x@y.z"):
        with pytest.raises(ValueError, match=r"linefeed|header|invalid"):
            read(Missed(ID, "", 1, (bad,), False))
        with pytest.raises(ValueError, match=r"invalid|linefeed"):
            read(ONE, to=Address(bad, addr_spec="theo@example.org"))


@pytest.mark.parametrize(
    ("stored", "spec"),
    [
        ("theo@example.org", "theo@example.org"),
        ("theo@bücher.example", "theo@xn--bcher-kva.example"),
        ("théo@a.org", "théo@a.org"),
    ],
)
def test_an_address_is_written_as_servers_take_it(stored: str, spec: str) -> None:
    found = read(ONE, to=address_of("Théo", stored))
    (to,) = found["To"].addresses
    assert (to.display_name, to.addr_spec) == ("Théo", spec)


def test_many_are_named_in_part() -> None:
    assert [names(list("ABCDE")[:many]) for many in (1, 2, 3, 4, 5)] == [
        "A", "A and B", "A, B and C", "A, B, C and 1 other", "A, B, C and 2 others",
    ]  # fmt: skip
    text = text_of(read(*[ONE] * (MOST_CONVERSATIONS + 3)))
    assert text.count("from Mara") == MOST_CONVERSATIONS
    assert "And 3 more conversations." in text
