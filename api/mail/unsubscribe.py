"""The link in a letter that ends such letters (RFC 8058): no sign-in, as its token is secret."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from models.missed_mail import MissedMail

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Alongside</title></head><body><main>{}</main></body></html>
"""

# Following the link changes nothing: programs that look for harm in mails follow every link.
ASK = PAGE.format('<form method="post"><p>No more mails about messages?</p><button>No more mails</button></form>')
DONE = PAGE.format("<p>You will get no more mails about unread messages. In your preferences you can turn them on.</p>")
UNKNOWN = PAGE.format("<p>This link is too old. In your preferences you can turn these mails off.</p>")

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    # The token is in the address.
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

LONGEST_TOKEN = 100


async def unsubscribe(request: Request) -> Response:
    """GET asks, POST does it. 404 for a token of no letter."""
    if request.method != "POST":
        return HTMLResponse(ASK, headers=HEADERS)
    token = request.query_params.get("token", "")
    known = len(token) <= LONGEST_TOKEN and await MissedMail.unsubscribe(token)
    return HTMLResponse(DONE if known else UNKNOWN, 200 if known else 404, headers=HEADERS)
