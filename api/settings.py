"""Settings: from the environment, with defaults that work on a laptop."""

from email.headerregistry import Address
from email.utils import parseaddr
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode
from tortoise.exceptions import ConfigurationError

from api.mail import Sender, post_of
from models.database.connection import DEFAULT_URL, configuration
from models.files import DEFAULT_URL as FILES_URL
from models.files import Sizes, store_of
from realtime.broker import SCHEMES
from realtime.ice import IceSettings


def _by_commas(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


ByCommas = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_by_commas)]


def _address(text: str) -> Address:
    name, spec = parseaddr(text)
    if "@" not in spec or not text.isprintable():
        raise ValueError("Write a sender as Name <name@example.org>.")
    return Address(display_name=name, addr_spec=spec)


class Settings(BaseSettings):
    """What an operator may set; each is the environment variable of the same name in capitals."""

    database_url: str = Field(
        default=DEFAULT_URL, description="sqlite://path or postgres://user:password@host:port/name"
    )
    database_pool: int = Field(default=10, ge=1, description="For reads, as many for quick writes, and for the rest")
    files_url: str = Field(default=FILES_URL, description="file://folder or s3://bucket/prefix")
    image_megabytes: float = Field(default=10, gt=0, le=100, description="The largest picture that may be sent")
    audio_megabytes: float = Field(default=25, gt=0, le=1000, description="The largest recording")
    document_megabytes: float = Field(default=25, gt=0, le=1000, description="The largest file of another kind")
    broker_url: str = Field(
        default="",
        description="nats://user:password@host:port, redis:// or valkey://; the database's own, if empty",
        repr=False,
    )
    workers: int = Field(default=1, ge=1, le=256, description="Processes that serve; several need PostgreSQL")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535, description="0 is any port that is free")
    allowed_origins: ByCommas = Field(default=(), description="Web origins, separated by commas")
    trusted_proxies: str = Field(default="127.0.0.1", description="Addresses whose X-Forwarded-For counts, by commas")
    connections_per_address: int = Field(default=256, ge=0, description="0 is no bound; proxies have none")
    sockets_per_account: int = Field(default=5, ge=1, description="Live connections of one account, on each worker")
    stun_urls: ByCommas = ()
    turn_urls: ByCommas = ()
    turn_secret: str = Field(default="", description="coturn's static-auth-secret", repr=False)
    metrics_token: str = Field(default="", description="Who has it may read /metrics; nobody, if empty", repr=False)
    persisted_documents: str = Field(default="", description="A folder of .graphql files, or a JSON object of ids")
    only_persisted_documents: bool = Field(default=False, description="Refuse every other document")
    mail_url: str = Field(
        default="", description="smtp://user:password@host:port, or smtps://; var/mail/, if empty", repr=False
    )
    mail_from: str = Field(default="Alongside <no-reply@localhost>", description="Who writes to people")
    missed_mail_minutes: int = Field(
        default=15, ge=0, description="Unread for so long, a message is mailed of; 0: none"
    )
    public_url: str = Field(default="", description="Where this server is found from outside")
    app_url: str = Field(default="", description="Where people's app is found; at PUBLIC_URL, if empty")
    sweep_seconds: float = Field(default=5.0, gt=0, description="How often what is due is looked for")
    inbox_days: int = Field(default=90, ge=1, le=36_500, description="Who was away for longer reads the state anew")

    @field_validator("database_url")
    @classmethod
    def _names_a_database(cls, url: str) -> str:
        try:
            configuration(url)
        except ConfigurationError as error:
            raise ValueError(str(error)) from None
        return url

    @field_validator("files_url")
    @classmethod
    def _names_a_store(cls, url: str) -> str:
        store_of(url)
        return url

    @field_validator("broker_url")
    @classmethod
    def _names_a_broker(cls, url: str) -> str:
        # A cluster of NATS has several, by commas.
        for one in url.split(",") if url else ():
            parts = urlsplit(one.strip())
            try:
                right = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
            except ValueError:
                # Its own words would quote a password that has a slash in it.
                right = False
            if not right:
                raise ValueError(f"It must be like nats://user:password@host:port, with one of {', '.join(SCHEMES)}.")
        return url

    @field_validator("workers")
    @classmethod
    def _share_a_database(cls, workers: int, info: ValidationInfo) -> int:
        # A database URL that cannot be is told first, and is not here.
        if workers > 1 and info.data.get("database_url", "").startswith("sqlite"):
            raise ValueError("SQLite has one writer, so one worker serves it. Several need a postgres:// DATABASE_URL.")
        return workers

    @field_validator("mail_url")
    @classmethod
    def _names_a_post(cls, url: str) -> str:
        post_of(url)
        return url

    @field_validator("mail_from")
    @classmethod
    def _names_a_sender(cls, text: str) -> str:
        _address(text)
        return text

    @property
    def sender(self) -> Sender:
        """Who writes to people, and where their links lead."""
        public = (self.public_url or self.url("http")).rstrip("/")
        return Sender(_address(self.mail_from), (self.app_url or public).rstrip("/"), public)

    def url(self, scheme: str, port: int | None = None) -> str:
        """Where this server is found, with no path; `port` where it is another than was asked for."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port if port is None else port}"

    @property
    def ice(self) -> IceSettings:
        """The STUN and TURN servers."""
        return IceSettings(self.stun_urls, self.turn_urls, self.turn_secret)

    @property
    def sizes(self) -> Sizes:
        """How large files may be."""
        of_kinds = (self.image_megabytes, self.audio_megabytes, self.document_megabytes)
        return Sizes(*(int(megabytes * 1_000_000) for megabytes in of_kinds))
