"""The command line: `alongside serve`, `migrate`, `demo`, `sdl`, `watch`."""

import argparse
import asyncio
import sys

from api.settings import Settings


def main(arguments: list[str] | None = None) -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="alongside", description="A career-mentoring platform.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve GraphQL on HOST:PORT")
    serve.add_argument("--migrate", action="store_true", help="bring the database up to date first")
    serve.add_argument("--demo", action="store_true", help="fill an empty database with a demo community first")
    commands.add_parser("migrate", help="bring the database up to date")
    demo = commands.add_parser("demo", help="fill an empty database with a demo community")
    demo.add_argument("--seed", type=int, default=7, help="another seed makes another community")
    commands.add_parser("sdl", help="print the GraphQL schema")
    watch = commands.add_parser("watch", help="print somebody's inbox as it happens")
    watch.add_argument("token", help="what signIn or signUp returned")
    watch.add_argument("--after", help="a cursor to begin after; from now on, without one")
    chosen = parser.parse_args(arguments)
    settings = Settings()
    if chosen.command == "sdl":
        from schema.root import sdl

        sys.stdout.write(sdl())
    if chosen.command == "migrate" or getattr(chosen, "migrate", False):
        _migrate(settings)
    if chosen.command == "demo" or getattr(chosen, "demo", False):
        _demo(settings, getattr(chosen, "seed", 7))
    if chosen.command == "watch":
        _watch(settings, chosen.token, chosen.after)
    if chosen.command == "serve":
        from api.documents import Unreadable
        from api.server import serve as run

        _welcome(settings)
        try:
            run(settings)
        except Unreadable as error:
            sys.exit(f"alongside serve: {error}")


def _migrate(settings: Settings) -> None:
    from models.database.migrate import migrate

    for name in asyncio.run(migrate(settings.database_url)):
        print(f"Migrated: {name}")


def _demo(settings: Settings, seed: int) -> None:
    from api.demo import fill
    from models.database import connect

    async def filled() -> list[tuple[str, str]]:
        async with connect(settings.database_url):
            return await fill(seed)

    accounts = asyncio.run(filled())
    if accounts:
        print("The database was empty; it now holds a demo community. Its passwords are shown this once:")
        for email, password in accounts:
            print(f"  {email:<44} {password}")


def _watch(settings: Settings, token: str, after: str | None) -> None:
    from api.watch import Refused, watch

    try:
        asyncio.run(watch(f"ws://{settings.host}:{settings.port}/graphql", token, after))
    except (Refused, OSError) as error:
        sys.exit(f"alongside watch: {error}")
    except KeyboardInterrupt:
        pass


def _welcome(settings: Settings) -> None:
    print(f"\nAlongside serves GraphQL at http://{settings.host}:{settings.port}/graphql")
    print("Open it in a browser for the IDE, and sign in there. The README has a five-minute tour.\n", flush=True)
