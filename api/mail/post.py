"""The post: how a letter leaves. By SMTP, or as files in a folder where no server is named."""

import os
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import structlog

log = structlog.get_logger()

# For a server that does not answer; each step of the exchange may take so long.
SMTP_SECONDS = 20.0

OUTBOX = Path("var/mail")

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
PORTS = {"smtp": 25, "smtps": 465}


class Undelivered(Exception):
    """The letter did not leave. `for_good`: nor would it on another try."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


class Post(Protocol):
    """A way for letters to leave."""

    async def send(self, letter: EmailMessage) -> None:
        """Hand the letter on. Raises `Undelivered`."""


class Files:
    """Letters as `.eml` files, which any mail program opens; each is told in the log. For a laptop, and for tests."""

    def __init__(self, folder: Path = OUTBOX) -> None:
        self._folder = folder

    async def send(self, letter: EmailMessage) -> None:
        """Write the letter's file: one of a letter, however often it is sent."""
        try:
            path = self._write(letter)
        except OSError as error:
            raise Undelivered(str(error)) from None
        log.info("mail was written to a file", file=str(path))

    def _write(self, letter: EmailMessage) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{str(letter['Message-ID']).strip('<>').partition('@')[0]}.eml"
        # Whole or not at all, and for this user alone.
        half = path.with_suffix(".half")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(letter.as_bytes())
        half.replace(path)
        return path


class Smtp:
    """Letters by SMTP (RFC 5321): `smtps://` over TLS from the start, `smtp://` with STARTTLS where it is offered.

    Where the URL has a password, and its server is elsewhere, there is TLS or no letter: anybody could read it.
    """

    def __init__(self, url: SplitResult) -> None:
        self._host = url.hostname or ""
        self._port = url.port or PORTS[url.scheme]
        self._user = None if url.username is None else unquote(url.username)
        self._password = None if url.password is None else unquote(url.password)
        self._tls = url.scheme == "smtps"
        must_be_private = self._user is not None and self._host not in LOOPBACK
        # None: if the server offers it.
        self._start_tls = None if not self._tls and not must_be_private else not self._tls

    async def send(self, letter: EmailMessage) -> None:
        """Hand the letter to the server."""
        # Loaded by the first letter: a server without mail needs none of it.
        import aiosmtplib

        try:
            await aiosmtplib.send(
                letter,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls,
                start_tls=self._start_tls,
                timeout=SMTP_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise Undelivered(str(error), for_good=all(one.code >= 500 for one in error.recipients)) from None
        except aiosmtplib.SMTPResponseException as error:
            # A wrong password is the operator's to mend, and others of these are the letter's own fault.
            wrong = not isinstance(error, aiosmtplib.SMTPAuthenticationError)
            raise Undelivered(f"{error.code} {error.message}", for_good=wrong and error.code >= 500) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Undelivered(f"{type(error).__name__}: {error}") from None


def post_of(url: str) -> Post:
    """The post of a setting: files where it is empty. Raises ValueError for what is no such URL."""
    if not url:
        return Files()
    parts = urlsplit(url)
    # Its port is checked when it is read.
    if parts.scheme not in PORTS or not parts.hostname or parts.port == 0:
        raise ValueError("The mail URL must look like smtp://user:password@host:port, or smtps://.")
    return Smtp(parts)
