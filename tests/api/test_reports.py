"""`alongside reports`: what the people who run the server read, and no more."""

import orjson
import pytest

from api.reports import closed, opened
from models.report import Report, ReportedMessage, ReportReason
from tests.people import pair


async def test_open_reports_are_told_with_what_their_authors_chose_to_show(database: str) -> None:
    two = await pair()
    await two.conversation.send("nobody's business", by=two.mentor, client_id="1")
    shown = await two.conversation.send("an insult", by=two.mentor, client_id="2")
    report = await Report.file(
        two.conversation, two.mentor.id, [shown.id], by=two.mentee, reason=ReportReason.OTHER, text="See", client_id="k"
    )
    (line,) = await opened()
    assert "business" not in line
    told = orjson.loads(line)
    assert (told["id"], told["intact"], told["text"]) == (str(report.id), True, "See")
    assert [message["body"] for message in told["messages"]] == ["an insult"]
    await ReportedMessage.all().update(body="a compliment")
    assert not orjson.loads((await opened())[0])["intact"]
    assert orjson.loads(await closed(str(report.id)))["closedAt"]
    assert await opened() == []


@pytest.mark.parametrize("nothing", ["x", "", "01890000-0000-7000-8000-000000000000"])
async def test_a_report_that_there_is_not_is_told_in_one_line(database: str, nothing: str) -> None:
    with pytest.raises(SystemExit) as ended:
        await closed(nothing)
    assert ended.value.code == "alongside reports: there is no such report."
