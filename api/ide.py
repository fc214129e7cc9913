"""The GraphQL IDE at `/graphql`: Altair, served from our own files, so that it works with no internet."""

import json
import secrets
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

FILES = Path(__file__).parent.parent / "ide" / "node_modules" / "altair-static" / "build" / "dist"

SIGN_IN = """\
# Sign in (or up) in this tab: the token is kept, and every tab sends it.
# To use another token, set "token" in the environment (top right).

mutation SignIn {
  signIn(input: { email: "", password: "" }) {
    ... on SignInPayload { account { profile { name } } token }
    ... on Refusal { message field }
  }
}
"""

EXPLORE = """\
# Press a green button. The Docs button shows the schema.

query Viewer {
  viewer { profile { name } inboxCursor }
}

# Without a cursor it shows what happens from now on.
subscription Inbox {
  inbox(after: null) {
    __typename
    ... on InboxEvent { cursor }
    ... on MessageCreated { message { author { name } body } }
  }
}
"""

# ES2019: Altair's own interpreter runs it.
REMEMBER_SIGN_IN = """\
let data = {};
try { data = JSON.parse(altair.response.body).data || {}; } catch (error) { data = {}; }
for (const name of ["signIn", "signUp"]) {
  const answer = data[name];
  if (answer && answer.token) altair.helpers.setEnvironment("token", answer.token, true);
}
"""

SUBSCRIPTIONS = {"initialSubscriptionRequestHandlerId": "graphql-ws"}

OPTIONS = {
    "endpointURL": "/graphql",
    "subscriptionsEndpoint": "/graphql",
    **SUBSCRIPTIONS,
    "initialHeaders": {"Authorization": "Bearer {{token}}"},
    "initialSubscriptionsPayload": {"authorization": "Bearer {{token}}"},
    # In a tab with a script Altair shows only the last of several events that come at once: no script for
    # subscriptions, nor for new tabs. The last tab is the one that stands open.
    "initialWindows": [
        {**SUBSCRIPTIONS, "initialName": "Explore", "initialQuery": EXPLORE},
        {
            **SUBSCRIPTIONS,
            "initialName": "Sign in",
            "initialQuery": SIGN_IN,
            "initialPostRequestScript": REMEMBER_SIGN_IN,
        },
    ],
    "initialEnvironments": {
        "activeSubEnvironment": "alongside",
        "subEnvironments": [{"id": "alongside", "title": "Alongside", "variables": {"token": ""}}],
    },
    "instanceStorageNamespace": "alongside_",
    "disableAccount": True,
    "persistedSettings": {
        "banners.disable": True,
        # Altair's own interpreter runs the scripts. Its default is eval, which the page forbids.
        "beta.disable.newScript": True,
        "disablePushNotification": True,
        "schema.reloadOnStart": True,
    },
}

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Alongside: GraphQL</title>
<base href="/ide/">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="favicon.ico">
<link rel="stylesheet" href="styles.css">
</head>
<body>
<app-root></app-root>
<script type="module" src="polyfills.js"></script>
<script type="module" src="main.js"></script>
<script type="module" nonce="{nonce}">
const protocol = location.protocol.replace("http", "ws");
AltairGraphQL.init({{ ...{options}, subscriptionsProtocol: protocol, cspNonce: "{nonce}" }});
</script>
</body>
</html>
"""

NO_FILES = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Alongside: GraphQL</title></head>
<body><p>To get the GraphQL IDE here, install Node.js (with npm), then run <code>make ide</code>.</p></body>
</html>
"""


async def ide_page(request: Request) -> Response:
    """The page of the IDE, or one line that says how to get its files where they are missing."""
    if not (FILES / "main.js").is_file():
        return HTMLResponse(NO_FILES, headers=_headers("default-src 'none'"))
    nonce = secrets.token_urlsafe(16)
    policy = (
        "default-src 'self'; "
        f"script-src 'self' 'nonce-{nonce}'; "
        f"style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data:; "
        "frame-src 'none'; object-src 'none'; form-action 'none'; base-uri 'self'; frame-ancestors 'none'"
    )
    return HTMLResponse(page(nonce), headers=_headers(policy))


def page(nonce: str) -> str:
    """The HTML that starts Altair. Its inline script and styles carry the nonce of the policy (CSP level 3)."""
    # A "</script>" in a string would end the script element.
    options = json.dumps(OPTIONS).replace("<", "\\u003c")
    return PAGE.format(nonce=nonce, options=options)


def _headers(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


class IdeFiles(StaticFiles):
    """The scripts, styles, fonts and images of the IDE; not found where they are missing."""

    async def check_config(self) -> None:
        """Accepts a missing folder: npm is optional, and its files may come while the server runs."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answers one file, or raises a 404 for what the IDE must not show."""
        # Altair's sandbox page runs any script that a foreign window posts to it, with our origin.
        # Some file systems ignore case.
        if path.casefold().endswith(".html") or path.casefold().startswith("iframe-sandbox"):
            raise HTTPException(status_code=404)
        response = await super().get_response(path, scope)
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-cache"
        return response


ide_files: ASGIApp = IdeFiles(directory=FILES, check_dir=False)
