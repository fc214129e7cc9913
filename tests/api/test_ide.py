import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from api import ide
from schema.root import sdl

ROOT = Path(__file__).parents[2]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the shape of Altair's, of a few bytes."""
    folder = tmp_path / "dist"
    (folder / "iframe-sandbox").mkdir(parents=True)
    for name in ("main.js", "index.html", "INDEX.HTML", "iframe-sandbox/index.html", "iframe-sandbox/sandbox.png"):
        (folder / name).write_text("let altair;")
    monkeypatch.setattr(ide, "FILES", folder)
    return folder


def client_of(folder: Path) -> TestClient:
    files = ide.IdeFiles(directory=folder, check_dir=False)
    return TestClient(Starlette(routes=[Route("/graphql", ide.ide_page), Mount("/ide", files)]))


def page_of(folder: Path) -> Response:
    return client_of(folder).get("/graphql", headers={"Accept": "text/html"})  # type: ignore[return-value]


def text_of(page: Any) -> str:
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    return str(page.text)


def options_of(page: str) -> dict[str, Any]:
    """The options as the browser reads them."""
    found = re.search(r"AltairGraphQL\.init\(\{ \.\.\.(.*), subscriptionsProtocol: ", page)
    assert found is not None
    return dict(json.loads(found[1]))


def policy_of(page: Any) -> dict[str, set[str]]:
    directives = page.headers["content-security-policy"].split("; ")
    return {name: set(sources) for name, *sources in map(str.split, directives)}


def test_without_its_files_the_page_says_how_to_get_them_and_loads_nothing(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ide, "FILES", missing)
        page = page_of(missing)
    assert "install Node.js (with npm), then run <code>make ide</code>" in text_of(page)
    assert "src=" not in text_of(page)
    assert policy_of(page) == {"default-src": {"'none'"}}


def test_missing_files_are_not_found_and_come_without_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    client = client_of(folder)
    assert client.get("/ide/main.js").status_code == 404
    folder.mkdir()
    (folder / "main.js").write_text("let altair;")
    assert client.get("/ide/main.js").text == "let altair;"


def test_the_page_names_no_other_server(files: Path) -> None:
    text = text_of(page_of(files))
    assert '<base href="/ide/">' in text
    links = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert "main.js" in links
    assert [link for link in links if "//" in link] == []
    assert "://" not in text


def test_the_policy_allows_our_own_server_and_one_fresh_nonce_only(files: Path) -> None:
    first, second = policy_of(page_of(files)), policy_of(page := page_of(files))
    nonce = re.search(r'<script type="module" nonce="([^"]+)">', text_of(page))
    assert nonce is not None
    assert second["default-src"] == {"'self'"}
    assert second["script-src"] == second["style-src"] == {"'self'", f"'nonce-{nonce[1]}'"}
    assert second["img-src"] == {"'self'", "data:"}
    assert second["frame-src"] == second["object-src"] == second["frame-ancestors"] == {"'none'"}
    assert first["script-src"] != second["script-src"]
    assert page.headers["cache-control"] == "no-store"


def test_requests_and_sockets_carry_the_one_token_of_the_environment(files: Path) -> None:
    options = options_of(text_of(page_of(files)))
    assert options["endpointURL"] == options["subscriptionsEndpoint"] == "/graphql"
    assert options["initialHeaders"] == {"Authorization": "Bearer {{token}}"}
    assert options["initialSubscriptionsPayload"] == {"authorization": "Bearer {{token}}"}
    environments = options["initialEnvironments"]
    active = [e for e in environments["subEnvironments"] if e["id"] == environments["activeSubEnvironment"]]
    assert [environment["variables"] for environment in active] == [{"token": ""}]


def test_every_tab_speaks_graphql_transport_ws(files: Path) -> None:
    options = options_of(text_of(page_of(files)))
    # "graphql-ws" is Altair's name for the library of that name, which speaks graphql-transport-ws.
    for tab in (options, *options["initialWindows"]):
        assert tab["initialSubscriptionRequestHandlerId"] == "graphql-ws"
    assert 'location.protocol.replace("http", "ws")' in text_of(page_of(files))


def test_only_the_sign_in_tab_runs_a_script(files: Path) -> None:
    options = options_of(text_of(page_of(files)))
    scripted = [tab["initialName"] for tab in options["initialWindows"] if "initialPostRequestScript" in tab]
    assert scripted == ["Sign in"]
    assert "initialPostRequestScript" not in options
    # Without this setting a script needs eval, and falls back to a page of another server.
    assert options["persistedSettings"]["beta.disable.newScript"] is True


@pytest.mark.parametrize("query", [ide.SIGN_IN, ide.EXPLORE])
def test_the_first_queries_are_valid(query: str) -> None:
    assert validate(build_schema(sdl()), parse(query)) == []


@given(st.text(alphabet="</script>!-{}\"'\\\u2028") | st.sampled_from(["</script>", "<!--<script>"]))
@settings(max_examples=50, deadline=None)
def test_no_text_among_the_options_ends_the_script(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ide.OPTIONS, "initialQuery", text)
        page = ide.page("nonce")
    assert options_of(page)["initialQuery"] == text
    assert page.count("</script") == ide.PAGE.count("</script")
    assert page.count("<!--") == 0


def test_a_file_is_served_with_its_type_and_may_load_from_our_server_only(files: Path) -> None:
    answer = client_of(files).get("/ide/main.js")
    assert answer.text == "let altair;"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'self'"


@pytest.mark.parametrize(
    "path",
    [
        "index.html",
        "INDEX.HTML",
        "iframe-sandbox/index.html",
        "iframe-sandbox/sandbox.png",
        "IFRAME-SANDBOX/INDEX.HTML",
    ],
)
def test_the_sandbox_that_runs_foreign_scripts_is_not_found(files: Path, path: str) -> None:
    # As on a file system that ignores case.
    (files / path).parent.mkdir(exist_ok=True)
    (files / path).write_text("let altair;")
    assert client_of(files).get(f"/ide/{path}").status_code == 404


@pytest.mark.parametrize("path", ["../secret.js", "%2e%2e/secret.js", "..%2fsecret.js"])
def test_no_path_leads_out_of_the_folder(files: Path, path: str) -> None:
    (files.parent / "secret.js").write_text("secret")
    assert client_of(files).get(f"/ide/{path}").status_code == 404


def test_the_npm_package_is_pinned_and_its_lock_names_no_registry() -> None:
    package = json.loads((ROOT / "ide/package.json").read_text())
    lock = json.loads((ROOT / "ide/package-lock.json").read_text())
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["dependencies"]["altair-static"])
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
    installed = {name: entry for name, entry in lock["packages"].items() if name}
    assert installed["node_modules/altair-static"]["version"] == package["dependencies"]["altair-static"]
    for entry in installed.values():
        assert entry["integrity"].startswith("sha512-")
        assert "resolved" not in entry


def test_the_ide_needs_no_graphql_library() -> None:
    code = "import sys, api.ide; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "api.ide" in done.stdout.split()
    assert {"strawberry", "graphql"}.isdisjoint(done.stdout.split())
