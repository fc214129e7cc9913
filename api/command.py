"""The command line: `alongside serve`, `migrate`, `demo`, `sdl`, `reports`, `watch`."""

import argparse
import asyncio
import os
import sqlite3
import sys

import asyncpg
from pydantic import ValidationError
from tortoise.exceptions import BaseORMException

from api.settings import Settings
from models.database import connect, is_outage

TOKEN = "ALONGSIDE_TOKEN"  # noqa: S105 - the name of the variable


def main(arguments: list[str] | None = None) -> None:
    """Run one command. What an operator can mend is one line on stderr, and exit status 1."""
    chosen = _parser().parse_args(arguments)
    settings = _settings(workers=getattr(chosen, "workers", None))
    if chosen.command == "sdl":
        from schema.root import sdl

        sys.stdout.write(sdl())
    if chosen.command in ("serve", "migrate", "demo", "reports"):
        _look_at_the_database(settings)
    if chosen.command == "migrate" or getattr(chosen, "migrate", False):
        _migrate(settings)
    if chosen.command == "demo" or getattr(chosen, "demo", False):
        _demo(settings, getattr(chosen, "seed", 7))
    if chosen.command == "reports":
        _reports(settings, chosen.close)
    if chosen.command == "watch":
        _watch(settings, chosen.token or os.environ.get(TOKEN), chosen.after)
    if chosen.command == "serve":
        _serve(settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="alongside", description="A career-mentoring platform.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve GraphQL on HOST:PORT")
    serve.add_argument("--migrate", action="store_true", help="bring the database up to date first")
    serve.add_argument("--demo", action="store_true", help="fill an empty database with a demo community first")
    serve.add_argument("--workers", type=int, metavar="N", help="processes that serve; several need PostgreSQL")
    commands.add_parser("migrate", help="bring the database up to date")
    demo = commands.add_parser("demo", help="fill an empty database with a demo community")
    demo.add_argument("--seed", type=int, default=7, help="another seed makes another community")
    commands.add_parser("sdl", help="print the GraphQL schema")
    reports = commands.add_parser("reports", help="print the open reports, with what their authors chose to show")
    reports.add_argument("--close", metavar="ID", help="say that this report has been dealt with")
    watch = commands.add_parser("watch", help="print somebody's inbox as it happens")
    watch.add_argument(
        "token", nargs="?", help=f"what signIn or signUp returned; better in {TOKEN}, where `ps` is blind"
    )
    watch.add_argument("--after", help="a cursor to begin after; from now on, without one")
    return parser


def _settings(workers: int | None) -> Settings:
    try:
        return Settings() if workers is None else Settings(workers=workers)
    except ValidationError as error:
        first = error.errors()[0]
        # Without the value: a DATABASE_URL holds a password.
        sys.exit(f"alongside: {str(first['loc'][0]).upper()}: {first['msg'].removeprefix('Value error, ')}")


def _look_at_the_database(settings: Settings) -> None:
    async def look() -> None:
        async with connect(settings.database_url, pool=1):
            pass

    try:
        asyncio.run(look())
    except Exception as error:
        if not (is_outage(error) or isinstance(error, (asyncpg.PostgresError, BaseORMException, sqlite3.Error))):
            raise
        said = " ".join(str(error).split()) or type(error).__name__
        sys.exit(f"alongside: the database of DATABASE_URL cannot be used: {said}")


def _look_at_the_broker(settings: Settings) -> None:
    """What an operator must mend is said now; that the broker is away may mend itself, and is logged by the server."""
    from realtime.broker import NotInstalled, Refusing, wire_to

    try:
        asyncio.run(wire_to(settings.broker_url).greet())
    except (NotInstalled, Refusing, ValueError) as error:
        sys.exit(f"alongside: the broker of BROKER_URL cannot be used: {error}")
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        print(f"alongside: the broker of BROKER_URL is away, and is waited for: {said}", file=sys.stderr)


def _serve(settings: Settings) -> None:
    from api.documents import Unreadable
    from api.port import Unservable
    from api.server import serve
    from api.workers import Workers

    if settings.broker_url:
        _look_at_the_broker(settings)
    try:
        if settings.workers > 1:
            sys.exit(Workers(settings, lambda port: _welcome(settings, port)).run())
        serve(settings, lambda port: _welcome(settings, port))
    except (Unreadable, Unservable) as error:
        sys.exit(f"alongside serve: {error}")


def _migrate(settings: Settings) -> None:
    from models.database.migrate import migrate

    for name in asyncio.run(migrate(settings.database_url)):
        print(f"Migrated: {name}")


def _demo(settings: Settings, seed: int) -> None:
    from api.demo import fill

    async def filled() -> list[tuple[str, str]]:
        async with connect(settings.database_url):
            return await fill(seed)

    accounts = asyncio.run(filled())
    if accounts:
        print("The database was empty; it now holds a demo community. Its passwords are shown this once:")
        for email, password in accounts:
            print(f"  {email:<44} {password}")


def _reports(settings: Settings, close: str | None) -> None:
    from api.reports import closed, opened

    async def lines() -> list[str]:
        async with connect(settings.database_url, pool=1):
            return [await closed(close)] if close else await opened()

    for line in asyncio.run(lines()):
        print(line)


def _watch(settings: Settings, token: str | None, after: str | None) -> None:
    from api.watch import Refused, watch

    if not token:
        sys.exit(f"alongside watch: give a token, as an argument or in {TOKEN}.")
    try:
        asyncio.run(watch(f"{settings.url('ws')}/graphql", token, after))
    except Refused as error:
        sys.exit(f"alongside watch: {error}")
    except KeyboardInterrupt:
        pass


def _welcome(settings: Settings, port: int) -> None:
    print(f"\nAlongside serves GraphQL at {settings.url('http', port)}/graphql")
    print("Open it in a browser for the IDE, and sign in there. The README has a five-minute tour.\n", flush=True)
