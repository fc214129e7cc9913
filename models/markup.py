"""Markup: what people write, as HTML that is safe to show.

A part of CommonMark (0.31): paragraphs with their line breaks, emphasis, code, quotes, lists, links; with strikethrough
and bare links. No HTML, no images, no headings. A mention is a link to a profile: `[@Theo](Profile:…)`.
"""

import html
import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import nh3

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

MOST_MENTIONS = 50
LONGEST_LABEL = 80

# What would cost too much on the event loop is shown as it was typed: quotes in lists in quotes, nested more deeply;
# and bodies with more characters that may begin something, where a line counts for three. Long programs have some
# hundreds.
DEEPEST = 12
MOST_MARKS = 1_000
MARKS = "\\`*_~[]<>&@:!-+\n\n\n"

# Looking for bare links costs their number squared. Where there are more, none is made of them.
MOST_BARE_LINKS = 50
BARE = re.compile("://|mailto:|@", re.IGNORECASE)

INLINE = ["emphasis", "strikethrough", "backticks", "link", "autolink", "escape", "entity", "newline", "linkify"]
BLOCKS = ["paragraph", "blockquote", "list", "code", "fence"]

TAGS = {"p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span"}
SCHEMES = {"http", "https", "mailto"}

PROFILE = re.compile(r"Profile:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
TARGET = re.compile(rf"(?:https?://|mailto:).|{PROFILE.pattern}\Z", re.IGNORECASE | re.DOTALL)

# A body that holds none of these is paragraphs of text with line breaks, and nothing else. Spaces other than the plain
# one are among them: the library trims them, and the sanitiser spells some as entities.
MARKED = re.compile(
    r"""[\\`*_~\[\]<&@] | :// | mailto: | [^\S\x20\n] | \x20\n | \n\x20 | ^(?:[-+>] | \d{1,9}[.)])""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)


class Markup(NamedTuple):
    """A body as HTML, and whom it mentions: each once, in their order."""

    html: str
    mentioned: tuple[UUID, ...] = ()


def may_mention(body: str) -> bool:
    """Could the body mention somebody? If not, `rendered` need not know who is there."""
    # What follows may be written in several ways.
    return "](" in body


def rendered(body: str, among: Collection[UUID] = ()) -> Markup:
    """The body as HTML. A mention of somebody who is not `among` those who are there is shown as plain text."""
    return marked_up(body, among) if not body or MARKED.search(body) else _plain(body)


def marked_up(body: str, among: Collection[UUID] = ()) -> Markup:
    """What `rendered` answers, by the library whatever the body holds."""
    if sum(map(body.count, MARKS)) > MOST_MARKS:
        return Markup(_sanitised(_as_typed(body)))
    environment: dict[str, Any] = {"among": frozenset(among), "mentioned": {}}
    parser = _parser(len(BARE.findall(body)) <= MOST_BARE_LINKS)
    tokens = parser.parse(body, environment)
    if any(token.level >= DEEPEST - 1 for token in tokens):
        # The library leaves out what lies deeper.
        return Markup(_sanitised(_as_typed(body)))
    shown = parser.renderer.render(tokens, parser.options, environment)
    return Markup(_sanitised(shown), tuple(environment["mentioned"]))


def _plain(body: str) -> Markup:
    paragraphs = (part.replace("\n", "<br>\n") for part in re.split("\n\n+", html.escape(body, quote=False)))
    return Markup("".join(f"<p>{part}</p>\n" for part in paragraphs))


def _as_typed(body: str) -> str:
    return "<p>" + html.escape(body).replace("\n", "<br>\n") + "</p>\n"


def _sanitised(shown: str) -> str:
    # The parser makes no other tags and no other links; this holds if it is ever wrong.
    return nh3.clean(
        shown,
        tags=TAGS,
        # Left out, the first would be some that every tag may have.
        attributes={"*": set(), "a": {"href"}, "span": {"data-profile"}},
        tag_attribute_values={"span": {"class": {"mention"}}},
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow ugc",
    )


@cache
def _parser(bare_links: bool) -> "MarkdownIt":
    # Loaded by the first body that needs it.
    from linkify_it import LinkifyIt
    from markdown_it import MarkdownIt

    parser = MarkdownIt("zero", {"breaks": True, "linkify": bare_links, "maxNesting": DEEPEST})
    parser.enable([*BLOCKS, *INLINE, "balance_pairs", "fragments_join"])
    parser.linkify = LinkifyIt({"ftp:": None, "//": None}, {"fuzzy_link": False, "fuzzy_ip": False})
    parser.validateLink = lambda url: TARGET.match(url) is not None  # type: ignore[method-assign]
    parser.core.ruler.push("mention", _mentions)
    parser.add_render_rule("mention", _mention)
    parser.add_render_rule("fence", _code_block)
    return parser


def _mentions(state: "StateCore") -> None:
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = _with_mentions(block.children, state.env)


def _with_mentions(tokens: "Sequence[Token]", environment: Any) -> "list[Token]":
    found: list[Token] = []
    inside: list[Token] | None = None
    profile = ""
    for token in tokens:
        if token.type == "link_open" and (target := PROFILE.fullmatch(str(token.attrGet("href")))):
            inside, profile = [token], target[1]
        elif inside is None:
            found.append(token)
        elif token.type == "link_close":
            found.append(_named(inside, UUID(profile), environment))
            inside = None
        else:
            inside.append(token)
    return found


def _named(inside: "list[Token]", profile: UUID, environment: Any) -> "Token":
    first, *label = inside
    name = " ".join("".join(token.content or " " for token in label if not token.nesting).split())[:LONGEST_LABEL]
    mentioned = environment["mentioned"]
    known = profile in environment["among"] and (profile in mentioned or len(mentioned) < MOST_MENTIONS)
    if known and name.startswith("@") and len(name) > 1:
        mentioned[profile] = None
        return first.copy(type="mention", tag="span", content=name, nesting=0, meta={"profile": profile})
    return first.copy(type="text", tag="", content=name, nesting=0, attrs={})


def _mention(_: Any, tokens: "Sequence[Token]", index: int, *__: Any) -> str:
    token = tokens[index]
    return f'<span class="mention" data-profile="Profile:{token.meta["profile"]}">{html.escape(token.content)}</span>'


def _code_block(_: Any, tokens: "Sequence[Token]", index: int, *__: Any) -> str:
    return f"<pre><code>{html.escape(tokens[index].content)}</code></pre>\n"
