"""The link that ends mails, followed by people and by programs."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from shutil import copy

import httpx2
import pytest

from api.app import application
from api.settings import Settings
from models import clock
from models.account import Account
from models.missed_mail import MissedMail
from tests.people import pair

DELAY = timedelta(minutes=15)


@pytest.fixture
async def client(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    copy(sqlite_template, tmp_path / "test.sqlite3")
    url = f"sqlite://{tmp_path / 'test.sqlite3'}"
    app = application(Settings(database_url=url, sweep_seconds=3600, missed_mail_minutes=0))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://testserver") as found,
    ):
        yield found


async def token_of_a_letter() -> tuple[Account, str]:
    two = await pair()
    await two.conversation.send("Hello", by=two.mentor, client_id="k")
    with clock.moved(DELAY):
        claimed = await MissedMail.claim(two.mentee.id, DELAY)
    assert claimed is not None
    return two.mentee, claimed[1]


async def wants_mail(account: Account) -> bool:
    return bool((await Account.get(id=account.id)).missed_mail)


async def test_looking_at_the_link_changes_nothing_and_a_click_on_its_button_does(client: httpx2.AsyncClient) -> None:
    account, token = await token_of_a_letter()
    for method in ("GET", "HEAD"):
        page = await client.request(method, "/mail/unsubscribe", params={"token": token})
        assert page.status_code == 200
        assert await wants_mail(account)
    assert '<form method="post">' in (await client.get("/mail/unsubscribe", params={"token": token})).text
    for _ in range(2):
        done = await client.post("/mail/unsubscribe", params={"token": token})
        assert done.status_code == 200
    assert not await wants_mail(account)


async def test_a_mail_program_ends_it_with_one_click(client: httpx2.AsyncClient) -> None:
    account, token = await token_of_a_letter()
    body = {"List-Unsubscribe": "One-Click"}
    assert (await client.post("/mail/unsubscribe", params={"token": token}, data=body)).status_code == 200
    assert not await wants_mail(account)


@pytest.mark.parametrize("token", [None, "", "x", "x" * 5_000, "<script>alert(1)</script>", "\ud7ff\x00"])
async def test_a_link_of_no_letter_is_not_found_and_says_nothing_of_it(
    client: httpx2.AsyncClient, token: str | None
) -> None:
    account, _ = await token_of_a_letter()
    refused = await client.post("/mail/unsubscribe", params={} if token is None else {"token": token})
    assert refused.status_code == 404
    assert "script" not in refused.text
    assert await wants_mail(account)


async def test_the_page_runs_nothing_and_tells_nobody_where_it_was_found(client: httpx2.AsyncClient) -> None:
    for page in (await client.get("/mail/unsubscribe?token=x"), await client.post("/mail/unsubscribe?token=x")):
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"


def test_the_settings_say_who_writes_and_where_links_lead() -> None:
    sender = Settings(public_url="https://a.org/", mail_from="The Guild <guild@a.org>").sender
    assert (sender.address.display_name, sender.address.addr_spec) == ("The Guild", "guild@a.org")
    assert (sender.public_url, sender.app_url) == ("https://a.org", "https://a.org")
    assert Settings(app_url="https://app.a.org").sender.app_url == "https://app.a.org"
    for wrong in ({"mail_from": "nobody"}, {"mail_url": "http://a.org"}, {"mail_from": "a@b\r\nBcc: c@d"}):
        with pytest.raises(ValueError, match="Settings"):
            Settings(**wrong)  # type: ignore[arg-type]
