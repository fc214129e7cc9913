"""The sweeper prunes the inbox logs."""

from datetime import timedelta

import pytest

from api.sweeper import sweep
from models import clock
from models.conversation import Message
from models.files import store_of
from models.inbox import InboxEvent
from models.retention import Retention
from tests.people import pair


async def test_a_round_takes_events_that_are_older_than_is_kept_and_never_a_message(
    database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    two = await pair()
    store, retention = store_of(f"file://{tmp_path_factory.mktemp('files')}"), Retention(timedelta(days=90))
    await two.conversation.send("Hello", by=two.mentor, client_id="1")
    with clock.moved(timedelta(days=90)):
        later = await two.conversation.send("Are you there?", by=two.mentor, client_id="2")
        await sweep(store, retention)
    assert {event.subject_id for event in await InboxEvent.all()} == {later.id}
    assert await Message.all().count() == 2
