"""ejabberd and Prosody, where the system has them (Debian: `ejabberd erlang-p1-pgsql`, `prosody lua-dbi-postgresql`).

Each runs with its archive in PostgreSQL, so it stores what is sent, and copies to the sender's other devices (carbons,
XEP-0280). They are given what ours are given: twenty pairs, no encryption, no limits of rate.
"""

import asyncio
import base64
import re
import shutil
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import asyncpg

from benches.servers import Server

EJABBERD, PROSODY = "ejabberd", "Prosody"
HOST, PASSWORD = "localhost", "bench"
ARCHIVES = {EJABBERD: "SELECT count(*) FROM archive", PROSODY: "SELECT count(*) FROM prosodyarchive"}
ERLANG = "/usr/lib/x86_64-linux-gnu"
SCHEMA = Path("/usr/share/ejabberd/sql/pg.sql")

EJABBERD_CONFIG = """
hosts: ["{host}"]
loglevel: error
listen: [{{port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 65536, shaper: none}}]
auth_method: sql
auth_password_format: plain
sql_type: pgsql
sql_server: "127.0.0.1"
sql_port: {sql_port}
sql_database: "{database}"
sql_username: "ejabberd"
sql_password: "bench"
sql_pool_size: 10
default_db: sql
modules: {{mod_carboncopy: {{}}, mod_mam: {{default: always, db_type: sql}}, mod_roster: {{}}}}
"""

PROSODY_CONFIG = """
run_as_root = true
daemonize = false
data_path = "{folder}"
log = {{ error = "{folder}/error.log" }}
modules_enabled = {{ "roster", "saslauth", "carbons", "mam" }}
modules_disabled = {{ "s2s", "posix" }}
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "127.0.0.1" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = {{ archive = "sql" }}
sql = {{ driver = "PostgreSQL", host = "127.0.0.1", port = {sql_port}, database = "{database}", username = "{user}",
  password = "{password}" }}
default_archive_policy = true
VirtualHost "{host}"
"""


def installed() -> list[str]:
    """Those that are here."""
    programs = {EJABBERD: "ejabberdctl", PROSODY: "prosody"}
    return [name for name, program in programs.items() if shutil.which(program)]


@contextmanager
def serving(name: str, url: str, users: list[str]) -> Iterator[Server]:
    """The server, started over a database of its own."""
    place = urlsplit(url)
    with TemporaryDirectory() as found:
        folder = Path(found)
        config = folder / ("config.yml" if name == EJABBERD else "config.lua")
        if name == EJABBERD:
            asyncio.run(_prepare(url, users, SCHEMA.read_text()))
            server = Server(
                ["erl", "-noinput", "-mnesia", "dir", f'"{folder}"', "-s", "ejabberd"],
                ERL_LIBS=ERLANG, EJABBERD_CONFIG_PATH=str(config), EJABBERD_LOG_PATH=str(folder / "log"),
            )  # fmt: skip
            text = EJABBERD_CONFIG
        else:
            for user in users:
                account = folder / HOST / "accounts" / f"{user}.dat"
                account.parent.mkdir(parents=True, exist_ok=True)
                account.write_text(f'return {{ ["password"] = "{PASSWORD}"; }};')
            server = Server(["prosody", "--config", str(config), "-F"])
            text = PROSODY_CONFIG
        config.write_text(
            text.format(
                host=HOST, port=server.port, folder=folder, sql_port=place.port, database=place.path[1:],
                user=place.username, password=unquote(place.password or ""),
            )
        )  # fmt: skip
        with server:
            yield server


async def _prepare(url: str, users: list[str], schema: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT to_regclass('archive')") is None:
            await connection.execute(schema)
            # Erlang's driver waits for ever for a sign-in of one iteration, which is what the tests' server asks for.
            await connection.execute("SET scram_iterations = 4096")
            await connection.execute(f"CREATE ROLE {EJABBERD} LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
            rows = [(user, PASSWORD) for user in users]
            await connection.executemany("INSERT INTO users (username, password) VALUES ($1, $2)", rows)
    finally:
        await connection.close()


async def archived(name: str, url: str) -> int:
    """How many messages are stored: each once for its sender, and once for its receiver."""
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(ARCHIVES[name]))
    finally:
        await connection.close()


STREAM = (
    f"<?xml version='1.0'?><stream:stream to='{HOST}' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>"
)
BIND = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
CARBONS = "<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>"
MESSAGE = "<message to='{to}' type='chat' id='{key}'><body>{body}</body></message>"
BODY = re.compile(rb"<body>([^<]*)</body>")


class Device:
    """One connection of somebody (RFC 6120): what is said between `<body>` and its end is all that it reads."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.heard: asyncio.Queue[str] = asyncio.Queue()

    @classmethod
    async def of(cls, stack: AsyncExitStack, port: int, user: str) -> Self:
        """Signed in, with a name for this device."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        stack.callback(writer.close)
        device = cls(reader, writer)
        await device._ask(STREAM, b"</stream:features>")
        word = base64.b64encode(f"\0{user}\0{PASSWORD}".encode()).decode()
        auth = f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{word}</auth>"
        await device._ask(auth, b"<success")
        await device._ask(STREAM, b"</stream:features>")
        await device._ask(BIND, b"</jid>")
        return device

    async def listen(self, tasks: asyncio.TaskGroup) -> "asyncio.Task[None]":
        """Be there for messages, and for copies of one's own, until the task is cancelled."""
        await self._ask(CARBONS, b"carbons")
        self._writer.write(b"<presence/>")
        return tasks.create_task(self._listening())

    async def _listening(self) -> None:
        held = b""
        while more := await self._reader.read(65_536):
            held += more
            end = 0
            for found in BODY.finditer(held):
                self.heard.put_nowait(found[1].decode())
                end = found.end()
            held = held[end:]

    async def send(self, to: str, body: str, key: str) -> None:
        """Send a message. XMPP answers nothing: that it was stored is seen by its coming."""
        self._writer.write(MESSAGE.format(to=to, body=body, key=key).encode())
        await self._writer.drain()

    async def _ask(self, text: str, word: bytes) -> None:
        self._writer.write(text.encode())
        heard: Any = b""
        async with asyncio.timeout(30):
            while word not in heard:
                more = await self._reader.read(65_536)
                if not more or b"<failure" in more or b"<stream:error" in more:
                    raise AssertionError((text, heard, more))
                heard += more
