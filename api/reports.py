"""Reports, for whoever runs the server: `alongside reports` prints each as one line of JSON."""

import sys
from uuid import UUID

import orjson

from models.report import Report, ReportedMessage


async def opened() -> list[str]:
    """The reports that nobody has dealt with, the oldest first, and whether what they show is what was shown then."""
    return [await _line(report) for report in await Report.filter(closed_at=None).order_by("created_at")]


async def closed(report_id: str) -> str:
    """Close a report, and tell it. An id that is none is one line on stderr, and exit status 1."""
    try:
        report = await Report.get_or_none(id=UUID(report_id))
    except ValueError:
        report = None
    if report is None:
        sys.exit("alongside reports: there is no such report.")
    return await _line(await report.close())


async def _line(report: Report) -> str:
    copies = await ReportedMessage.filter(report_id=report.id).order_by("position")
    told = {
        "id": report.id,
        "at": report.created_at,
        "closedAt": report.closed_at,
        "by": report.author_id,
        "about": report.profile_id,
        "reason": report.reason,
        "text": report.text,
        "intact": await report.is_intact(),
        "messages": [
            {"number": copy.number, "by": copy.author_id, "at": copy.sent_at, "body": copy.body} for copy in copies
        ],
    }
    return orjson.dumps(told, default=str).decode()
