"""Letters leave: as files, and by SMTP through a real server."""

import asyncio
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from api.mail import Files, Undelivered, post_of
from api.mail.letter import Sender, address_of
from api.mail.post import Smtp
from models.missed_mail import Missed

ID = UUID("01890000-0000-7000-8000-00000000000a")


def letter(to: str = "theo@example.org") -> EmailMessage:
    sender = Sender(Address("Alongside", addr_spec="no-reply@a.org"), "https://a.org", "https://a.org")
    return sender.letter(ID, address_of("Théo", to), [Missed(ID, "", 1, ("Zoë",), False)], "secret")


class Office:
    """What the server does with what it is handed: keeps it, or answers `answer`."""

    def __init__(self, answer: str = "250 kept") -> None:
        self.answer = answer
        self.kept: list[Any] = []

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, ___: Any) -> str:
        if self.answer.startswith("RCPT "):
            return self.answer.removeprefix("RCPT ")
        envelope.rcpt_tos.append(address)
        return "250 yes"

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:
        self.kept.append(envelope)
        return self.answer


@contextmanager
def office(answer: str = "250 kept", **settings: Any) -> Iterator[tuple[Office, str]]:
    """A mail server, and its host and port."""
    kept = Office(answer)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port, **settings)
    controller.start()
    try:
        yield kept, f"127.0.0.1:{port}"
    finally:
        controller.stop()


async def test_a_letter_is_handed_to_the_server_as_it_was_written() -> None:
    with office() as (kept, where):
        await post_of(f"smtp://{where}").send(letter())
    (envelope,) = kept.kept
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@a.org", ["theo@example.org"])
    found = message_from_bytes(envelope.content, policy=default)
    assert found["Subject"] == "1 unread message from Zoë"
    assert found["Message-ID"] == f"<missed-{ID}@a.org>"


async def test_an_address_in_other_letters_needs_a_server_that_knows_them() -> None:
    with office(enable_SMTPUTF8=True) as (kept, where):
        await post_of(f"smtp://{where}").send(letter("théo@a.org"))
    assert kept.kept[0].rcpt_tos == ["théo@a.org"]
    with office(enable_SMTPUTF8=False) as (kept, where), pytest.raises(Undelivered):
        await post_of(f"smtp://{where}").send(letter("théo@a.org"))
    assert kept.kept == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
async def test_the_url_s_user_signs_in() -> None:
    seen = []

    def check(*given: Any) -> AuthResult:
        seen.append((given[-1].login, given[-1].password))
        # Not handled: the server has still to answer.
        return AuthResult(success=given[-1].password == b"p@ss/word", handled=False)

    settings = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
    with office(**settings) as (kept, where):
        await post_of(f"smtp://al:p%40ss%2Fword@{where}").send(letter())
        assert len(kept.kept) == 1
        with pytest.raises(Undelivered, match="535") as wrong:
            await post_of(f"smtp://al:wrong@{where}").send(letter())
        assert not wrong.value.for_good
    assert seen[0] == (b"al", b"p@ss/word")


@pytest.mark.parametrize(
    ("answer", "for_good"),
    [("451 later", False), ("554 never", True), ("RCPT 450 busy", False), ("RCPT 550 nobody", True)],
)
async def test_what_the_server_refuses_is_told_and_for_how_long(answer: str, for_good: bool) -> None:
    with office(answer) as (_, where), pytest.raises(Undelivered) as refused:
        await post_of(f"smtp://{where}").send(letter())
    assert refused.value.for_good is for_good


async def test_a_server_that_is_away_or_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.mail.post.SMTP_SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        for listens in (False, True):
            if listens:
                silent.listen()
            with pytest.raises(Undelivered) as away:
                await asyncio.wait_for(post_of(f"smtp://127.0.0.1:{silent.getsockname()[1]}").send(letter()), 10)
            assert not away.value.for_good


def test_a_password_goes_to_other_machines_over_tls_only() -> None:
    starts = {
        url: (post._tls, post._start_tls)
        for url in (
            "smtp://a.org", "smtp://al:x@a.org", "smtp://al:x@localhost", "smtps://al:x@a.org", "smtp://al:x@[::1]:25"
        )
        if isinstance(post := post_of(url), Smtp)
    }  # fmt: skip
    assert starts == {
        "smtp://a.org": (False, None),
        "smtp://al:x@a.org": (False, True),
        "smtp://al:x@localhost": (False, None),
        "smtp://al:x@[::1]:25": (False, None),
        "smtps://al:x@a.org": (True, False),
    }


@pytest.mark.parametrize("url", ["a.org", "http://a.org", "smtp://", "smtp://a.org:x", "smtp://a.org:0", "smtp:a.org"])
def test_a_url_of_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"mail URL|[Pp]ort"):
        post_of(url)


async def test_without_a_server_a_letter_is_a_file_that_is_its_owner_s_alone(tmp_path: Path) -> None:
    assert isinstance(post_of(""), Files)
    for _ in range(2):
        await Files(tmp_path / "mail").send(letter())
    (file,) = (tmp_path / "mail").iterdir()
    assert file.name == f"missed-{ID}.eml"
    assert message_from_bytes(file.read_bytes(), policy=default)["To"].addresses[0].display_name == "Théo"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file")
    with pytest.raises(Undelivered):
        await Files(tmp_path / "mail").send(letter())
