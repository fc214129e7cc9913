"""What people write, as HTML."""

import html
import re
import sys
from html.parser import HTMLParser
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.conversation import LONGEST_BODY
from models.markup import (
    DEEPEST,
    LONGEST_LABEL,
    MARKS,
    MOST_BARE_LINKS,
    MOST_MARKS,
    MOST_MENTIONS,
    marked_up,
    may_mention,
    rendered,
)
from models.refusal import Refused
from models.text import prose

THEO = UUID("01890000-0000-7000-8000-00000000000a")
EVE = UUID("01890000-0000-7000-8000-00000000000e")

REL = 'rel="noopener noreferrer nofollow ugc"'

# What may come out: tags, and the attributes of each.
ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in ("p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li")},
    "a": {"href", "rel"},
    "span": {"class", "data-profile"},
}


class Audit(HTMLParser):
    """Reads HTML as a browser would, and refuses what is not allowed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        given = dict(attrs)
        assert given.keys() <= ALLOWED[tag], (tag, given)
        if tag == "a":
            assert given["rel"] == "noopener noreferrer nofollow ugc"
            if "href" in given:
                assert re.match(r"(https?://|mailto:)", given["href"] or "", re.IGNORECASE), given
                self.links.append(given["href"] or "")
        if tag == "span":
            assert given["class"] == "mention"
            assert re.fullmatch(r"Profile:[0-9a-f-]{36}", given["data-profile"] or "")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    handle_decl = unknown_decl = handle_pi = handle_comment


def audited(shown: str) -> Audit:
    audit = Audit()
    audit.feed(shown)
    audit.close()
    assert audit.open == []
    # html5 browsers and this parser may differ where a < begins nothing: there is none in text.
    assert "<" not in re.sub(r"</?[a-z]+( [a-z-]+=\"[^\"<>]*\")*>", "", shown)
    return audit


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("Hello", "<p>Hello</p>"),
        ("", ""),
        ("one\ntwo\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>"),
        ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>"),
        ("```py\n<x>\n```", "<pre><code>&lt;x&gt;\n</code></pre>"),
        ("    <x>", "<p>&lt;x&gt;</p>"),
        ("> a\n> b", "<blockquote>\n<p>a<br>\nb</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>"),
        ("[a](https://e.org/x)", f'<p><a href="https://e.org/x" {REL}>a</a></p>'),
        ("see https://e.org/a_b_c.", f'<p>see <a href="https://e.org/a_b_c" {REL}>https://e.org/a_b_c</a>.</p>'),
        ("<https://e.org>", f'<p><a href="https://e.org" {REL}>https://e.org</a></p>'),
        ("ana@e.org", f'<p><a href="mailto:ana@e.org" {REL}>ana@e.org</a></p>'),
        ("e.org and 10.0.0.1 and ftp://e.org //e.org", "<p>e.org and 10.0.0.1 and ftp://e.org //e.org</p>"),
        ("# a\n---\nb\n===", "<p># a<br>\n---<br>\nb<br>\n===</p>"),
        ("<b>x</b> & <!-- y -->", "<p>&lt;b&gt;x&lt;/b&gt; &amp; &lt;!-- y --&gt;</p>"),
        ("![a](https://e.org/a.png)", f'<p>!<a href="https://e.org/a.png" {REL}>a</a></p>'),
        ("[a]: https://e.org 'b'", f"<p>[a]: <a href=\"https://e.org\" {REL}>https://e.org</a> 'b'</p>"),
        ("| a | b |\n| - | - |", "<p>| a | b |<br>\n| - | - |</p>"),
        ("5 < 6 > 4 && \"q\" 'r'", "<p>5 &lt; 6 &gt; 4 &amp;&amp; \"q\" 'r'</p>"),
        (r"\*not\* &lt;", "<p>*not* &lt;</p>"),
        ("a\u00a0b\u3000", "<p>a&nbsp;b</p>"),
    ],
)
def test_markdown_becomes_html(body: str, shown: str) -> None:
    assert rendered(prose(body, "body", empty=True)).html.strip() == shown


PIECES = st.sampled_from(
    [*"abZ09 .,;:!?'\"()/%$€ßé🙂-+*_~`#=>|<&@[]{}\\^\n\t", "\n\n", "  ", "1. ", "- ", "> ", "://", "mailto:", "MAILTO:a",
     "http", "\u00a0", "\u2028", "\u3000", "\u200d", "\u202e", "&amp;", "www.", "12) ", "a@b.co", "\u1680", "\ufeff"]
)  # fmt: skip


def typed(pieces: list[str]) -> str:
    """What could be stored of it; nothing, if it cannot be."""
    try:
        return prose("".join(pieces), "body", empty=True)
    except Refused:
        return ""


@given(st.lists(PIECES, max_size=40).map(typed) | st.text(max_size=60).map(lambda text: typed([text])))
def test_plain_text_takes_a_short_cut_to_the_same_bytes(body: str) -> None:
    assert rendered(body) == marked_up(body)


def test_most_of_what_people_say_takes_the_short_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.markup.marked_up", None)
    for body in ("Hello, Theo!", "It's 10:30 - see you (maybe).\n\nOK?", 'She said: "no" = 5 > 4; 100 %', "Olá 🙂"):
        assert rendered(body).html


ATTACKS = [
    "<svg onload=alert(1)>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:x'>y</a>",
    "[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))", "[a](java\nscript:alert(1))", "[a](&#106;avascript:alert(1))",
    "[a](javascript&colon;alert(1))", "[a](javascript&#58;alert(1))", "[a](\\javascript:alert(1))", "[a](java\tscript:x)",
    "[a](\u0001javascript:alert(1))", "[a](%6Aavascript:alert(1))", "[a](data:text/html;base64,PHN2Zz4=)",
    "[a](vbscript:x)", "[a](file:///etc/passwd)", "[a](//e.org)", "[a](/x)", "[a](#x)", "[a](?x)", "[a](http:x)",
    "<javascript:alert(1)>", "<data:text/html,x>", "javascript://e.org/%0aalert(1)", "JAVASCRIPT://x.y",
    '[a](https://e.org "onmouseover=alert(1)")', "[a](https://e.org/\"onmouseover=alert(1))", "[a](<https://e.org\" x=\">)",
    'https://e.org/"onmouseover="alert(1)', "https://e.org/'><svg/onload=alert(1)>", "mailto:a@b.co?subject=<svg>",
    "[![a](javascript:x)](javascript:y)", "![a](javascript:x)", "[a][b]\n\n[b]: javascript:x", "`<svg onload=x>`",
    "```\n</code></pre><svg onload=x>\n```", "```\"><svg onload=x>\nx\n```", "&lt;svg onload=x&gt;", "&#60;svg&#62;", "<!--x-->",
    "<![CDATA[<svg onload=x>]]>", "<?x?>", "*<svg*onload=x>*", "[<svg onload=x>](https://e.org)", "<style>*{}</style>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>", "<noscript><p title='</noscript><svg onload=x>'>",
    f"[@<svg onload=x>](Profile:{THEO})", f"[@\"onclick=\"x](Profile:{THEO})", f"[@a](Profile:{THEO}\"onclick=x)",
    f"[@a](Profile:{THEO}/../x)", f"[@a](profile:{THEO})", f"[@[b](javascript:x)](Profile:{THEO})",
    f"[@a](Profile:{THEO} 'onclick=x')", f"<Profile:{THEO}>", f"[@&lt;svg onload=x&gt;](Profile:{THEO})",
    "http://\u202egro.e", "https://e.org/\u2028<svg>", "\uff1cscript\uff1e", "[a](https://\uff45.org)", "http://xn--<svg>.org",
]  # fmt: skip


@pytest.mark.parametrize("body", ATTACKS)
def test_nothing_but_the_allowed_comes_of_an_attack(body: str) -> None:
    for around in (
        "{}",
        "> {}",
        "- {}",
        "*{}*",
        "**a {} b** c",
        "[{}](https://e.org)",
        "[a]({})",
        "`{}",
        "~~{}~~",
        "x{}",
    ):
        audited(rendered(prose(around.format(body.replace("\x01", "")), "body"), [THEO]).html)


@given(st.lists(st.sampled_from(ATTACKS) | PIECES | st.text(max_size=4), max_size=8).map(typed))
def test_nothing_but_the_allowed_comes_of_any_body(body: str) -> None:
    audited(rendered(body, [THEO]).html)


def test_the_sanitiser_holds_if_the_parser_is_ever_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.markup.html.escape", lambda text, quote=True: text)
    monkeypatch.setattr("markdown_it.renderer.escapeHtml", lambda text: text)
    for body in ATTACKS:
        audited(rendered(f"{body} `{body}`", [THEO]).html)


@given(st.lists(st.sampled_from(["> ", "- ", "1. ", "a", "b", "*", "`", "[", "](x)", "\n", " ", "    "]), max_size=60))
def test_every_letter_that_was_typed_is_shown(pieces: list[str]) -> None:
    body = "".join(pieces).strip()
    letters = re.findall("[ab]", audited(rendered(body).html).text)
    # The word that names a fence's language is not shown; nothing else is left out.
    if "```" not in body:
        assert letters == re.findall("[ab]", body)


def test_what_is_nested_too_deeply_is_shown_as_it_was_typed() -> None:
    assert "blockquote" in rendered("> " * (DEEPEST - 3) + "deep").html
    for body in ("> " * DEEPEST + "deep", "- " * DEEPEST + "deep"):
        assert audited(rendered(body).html).text.strip() == body


# ---------------------------------------------------------------------------------------------------------- mentions


def mention(name: str, profile: UUID) -> str:
    return f"[{name}](Profile:{profile})"


def test_a_mention_of_somebody_who_is_there_shows_their_name_and_profile() -> None:
    said = rendered(f"Ask {mention('@Theo', THEO)}!", [THEO])
    assert said.html == f'<p>Ask <span class="mention" data-profile="Profile:{THEO}">@Theo</span>!</p>\n'
    assert said.mentioned == (THEO,)


@pytest.mark.parametrize("body", [mention("@Eve", EVE), mention("Theo", THEO), mention("@", THEO), mention("", THEO)])
def test_what_is_no_mention_is_plain_text(body: str) -> None:
    said = rendered(f"Ask {body}!", [THEO])
    assert said.mentioned == ()
    assert audited(said.html).links == []
    assert audited(said.html).text.strip() == f"Ask {body[1:].partition(']')[0]}!"


@pytest.mark.parametrize("body", [f"`{mention('@Theo', THEO)}`", f"    x\n\n```\n{mention('@Theo', THEO)}\n```"])
def test_code_mentions_nobody(body: str) -> None:
    assert rendered(body, [THEO]).mentioned == ()


def test_the_name_of_a_mention_is_cleaned() -> None:
    said = rendered(mention("@*The*\n<b>o" + "x" * 100, THEO), [THEO])
    assert audited(said.html).text.strip() == ("@The <b>o" + "x" * 100)[:LONGEST_LABEL]


def test_somebody_is_mentioned_once_however_often_they_are_named() -> None:
    said = rendered(f"{mention('@Theo', THEO)} {mention('@T', THEO)}", [THEO])
    assert said.mentioned == (THEO,)
    assert said.html.count("<span") == 2


def test_a_message_mentions_fifty_people_at_most() -> None:
    people = [uuid4() for _ in range(MOST_MENTIONS + 1)]
    said = rendered(" ".join(mention("@x", one) for one in people), people)
    assert said.mentioned == tuple(people[:MOST_MENTIONS])


@given(st.sampled_from(ATTACKS) | st.lists(PIECES, max_size=9).map(typed))
def test_a_body_that_may_mention_nobody_does_not(body: str) -> None:
    for target in (
        f"Profile:{THEO}",
        f"<Profile:{THEO}>",
        f" Profile:{THEO}",
        f"Profile&colon;{THEO}",
        f"\nProfile:{THEO}",
    ):
        said = rendered(f"[@{body}]({target})", [THEO])
        assert may_mention(f"[@{body}]({target})") or not said.mentioned


# -------------------------------------------------------------------------------------------------------------- cost

SHAPES = [
    ">", "> ", "- ", "1. ", "[", "[]", "[]( ", "[a](", "![[", "`", "*", "*a ", "*a **a ", "_a_*", "a**bc* ", "*a_ ", "~~a",
    "&", "&#x", "&amp;", "<", "<a:", "<http:", "\\", "\\\n", "http://", "http://a.b ", "http://a.b/(", "@", "a@", "a@b.co ",
    "mailto:a@b ", "a\n", ">\n", "> a\n", "- a\n", "-\n", "```\n", "~~~\n```\n", "[a](http://b.c)", "[a](<b", '[a](b "',
    mention("@a", THEO), "- > ", "\ta\n\n", "foo bar *baz* ", "://", "http://xn--", "*!", "[*", "[`", "`` ` ", "a.b.", ".@",
]  # fmt: skip


def calls(body: str) -> int:
    """How many functions are called to render it: the same on every machine."""
    many = 0

    def count(_: Any, event: str, __: Any) -> None:
        nonlocal many
        many += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        rendered(body, [THEO])
    finally:
        sys.setprofile(before)
    return many


def worst(shape: str, tail: str, marks: int) -> str:
    """As much of the shape as is still rendered as markup."""
    each = sum(map(shape.count, MARKS))
    return (shape * min(marks // max(each, 1), LONGEST_BODY // len(shape)) + tail)[:LONGEST_BODY]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_body_costs_is_bounded_and_grows_as_it_does(shape: str) -> None:
    rendered("*warm* a@b.co", [THEO])
    for tail in ("", "a*", "](x)", "\n\na"):
        half, whole = (calls(worst(shape, tail, marks)) for marks in (MOST_MARKS // 2 - 9, MOST_MARKS - 9))
        # Measured: 160,000 at most, some 15 ms.
        assert whole < 200_000
        assert whole < 3 * half + 5_000


@pytest.mark.parametrize("shape", SHAPES)
def test_a_body_of_nothing_but_markup_is_shown_as_it_was_typed(shape: str) -> None:
    body = (shape * LONGEST_BODY)[:LONGEST_BODY].strip()
    shown = rendered(body).html
    assert calls(body) < 200_000
    if sum(map(body.count, MARKS)) > MOST_MARKS:
        assert shown.startswith("<p>")
        assert html.unescape(shown.strip()[3:-4].replace("<br>\n", "\n")) == body


def test_many_bare_links_stay_text() -> None:
    for many, linked in ((MOST_BARE_LINKS, MOST_BARE_LINKS), (MOST_BARE_LINKS + 1, 0)):
        assert len(audited(rendered("http://a.b " * many).html).links) == linked
