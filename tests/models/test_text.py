"""What people may type."""

import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.refusal import RefusalCode, Refused
from models.text import HIDDEN, line, prose
from tests.models.expect import refused

anything = st.text(max_size=60) | st.text(
    st.sampled_from("a \u00e5A\u030a\n\r\t\0\u200b\u202e\u2028\u2029\u0085\ud800👩‍💻")
)
thorough = settings(deadline=None, max_examples=300)


def taken(rule: object, value: str) -> str:
    """What the rule makes of the value; a refused one is no example."""
    try:
        return rule(value, "name", longest=40, empty=True)  # type: ignore[operator, no-any-return]
    except Refused as refusal:
        assert (refusal.code, refusal.field) == (RefusalCode.INVALID, "name")  # noqa: PT017 - it may also pass
        assume(False)
        raise AssertionError("unreachable") from None


@thorough
@given(anything)
def test_a_line_is_trimmed_composed_short_and_of_visible_characters(value: str) -> None:
    text = taken(line, value)
    assert text == text.strip()
    assert unicodedata.is_normalized("NFC", text)
    assert len(text) <= 40
    assert not {unicodedata.category(character) for character in text} & HIDDEN


@thorough
@given(anything)
def test_a_line_is_one_line(value: str) -> None:
    assert len(taken(line, value).splitlines()) <= 1


@thorough
@given(anything)
def test_prose_can_be_stored_and_has_one_kind_of_line_end(value: str) -> None:
    text = taken(prose, value)
    assert text == text.strip()
    assert unicodedata.is_normalized("NFC", text)
    assert text.encode().decode() == text
    assert not set(text) & {"\0", "\r", "\x7f", "\x85", "\x1b"}


@thorough
@given(anything)
def test_what_was_taken_once_is_taken_again_as_it_is(value: str) -> None:
    for rule in (line, prose):
        text = taken(rule, value)
        assert taken(rule, text) == text


@given(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20))
def test_letters_numbers_and_punctuation_of_any_script_stay(value: str) -> None:
    assert line(value, "name") == unicodedata.normalize("NFC", value)
    assert prose(value, "name") == unicodedata.normalize("NFC", value)


HIDDEN_EXAMPLES = {
    "a right-to-left override": "Ana\u202eknab",
    "a zero-width space": "A\u200bna",
    "a zero-width joiner": "A\u200dna",
    "a byte order mark": "\ufeffAna",
    "NUL": "A\0na",
    "a lone surrogate": "A\ud800na",
    "a private character": "A\ue000na",
    "an unassigned one": "A\u0378na",
    "a line feed": "A\nna",
    "a tab": "A\tna",
    "a tag": "A\U000e0041na",
    "a line separator": "A\u2028na",
    "a paragraph separator": "A\u2029na",
}


@pytest.mark.parametrize("what", HIDDEN_EXAMPLES)
def test_a_line_with_a_hidden_character_is_refused(what: str) -> None:
    with refused(RefusalCode.INVALID, "title"):
        line(HIDDEN_EXAMPLES[what], "title")


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x85", "\r", "\ud800"])
def test_prose_names_the_character_that_it_cannot_take(character: str) -> None:
    with pytest.raises(Refused, match=f"U\\+{ord(character):04X}"):
        prose(f"before{character}after", "body")


def test_prose_keeps_lines_tabs_and_joined_emoji() -> None:
    assert prose(" one\r\n\ttwo\n👩\u200d💻 ", "body") == "one\n\ttwo\n👩\u200d💻"


@pytest.mark.parametrize("rule", [line, prose])
def test_only_space_is_empty_and_refused_where_something_must_be(rule: object) -> None:
    for value in ("", "  ", "\u00a0\u2003"):
        with refused(RefusalCode.INVALID, "body"):
            rule(value, "body")  # type: ignore[operator]
        assert rule(value, "body", empty=True) == ""  # type: ignore[operator]


@pytest.mark.parametrize("rule", [line, prose])
def test_length_is_measured_after_trimming_and_composing(rule: object) -> None:
    assert rule(" " + "a\u030a" * 5 + " ", "name", longest=5) == "\u00e5" * 5  # type: ignore[operator]
    with pytest.raises(Refused, match="At most 5 characters, please; this has 6"):
        rule("a" * 6, "name", longest=5)  # type: ignore[operator]
