"""What people may type."""

import unicodedata

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from models.refusal import RefusalCode, Refused
from models.text import BLANK, HIDDEN, MOST_MARKS, line, prose
from tests.models.expect import refused

anything = st.text(max_size=60) | st.text(
    st.sampled_from("a \u00e5A\u030a\n\r\t\0\u200b\u202e\u2028\u2029\u0085\ud800👩‍💻")
)
# Much of any text is refused, and is no example.
thorough = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.filter_too_much])


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


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20))
def test_letters_numbers_and_punctuation_of_any_script_stay(value: str) -> None:
    # With one that can be seen in any case.
    value += "a"
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


@thorough
@given(st.text(st.characters(categories=["L", "M", "N", "S", "Z"]), max_size=20))
def test_a_line_that_must_be_there_has_something_to_see(value: str) -> None:
    text = taken(line, value)
    if not any(unicodedata.category(character)[0] in "LNPS" and character not in BLANK for character in text):
        for rule in (line, prose):
            with refused(RefusalCode.INVALID, "name"):
                rule(value, "name")


UNSEEN = ["\u3164", "\u2800", "\u115f\u1160", "\uffa0", "\u034f", "\u17b4", "\ufe0f", "\u180b", "\U0001d159", "\u0301"]


@pytest.mark.parametrize("value", [*UNSEEN, "\u3164 \u2800\u034f"], ids=ascii)
def test_what_cannot_be_seen_is_no_name_and_no_message(value: str) -> None:
    for rule in (line, prose):
        with refused(RefusalCode.INVALID, "name"):
            rule(value, "name")
        # Beside something that can be seen, it has its use.
        assert rule(f"a{value}", "name")


@pytest.mark.parametrize("value", ["\ufeff", "\u200b", "\u200b\n\u2060", "\u202e", "\U000e0041"], ids=ascii)
def test_a_message_of_hidden_characters_alone_is_refused(value: str) -> None:
    with refused(RefusalCode.INVALID, "body"):
        prose(value, "body")


@pytest.mark.parametrize(
    "value", ["!", "7", "\u20ac", "\U0001f44b", "1\ufe0f\u20e3", "\u05d0", "\u0e01", "\U0001f1f5\U0001f1f9"]
)
def test_one_character_that_can_be_seen_is_enough(value: str) -> None:
    assert line(value, "name") == prose(value, "name") == value


def test_a_letter_of_a_name_carries_so_many_accents_and_no_more() -> None:
    # That have no letter of their own, so that none is composed away.
    assert line("Z" + "\u0316" * MOST_MARKS + "oe", "name")
    assert line(("x" + "\u0316" * MOST_MARKS) * 10, "name")
    with refused(RefusalCode.INVALID, "name"):
        line("Zo" + "\u0316" * (MOST_MARKS + 1) + "e", "name")
    with refused(RefusalCode.INVALID, "name"):
        line("Zoe" + "\u0300\u0489\u20dd" * 5, "name")


@pytest.mark.parametrize(
    "value",
    [
        # Hebrew with vowel, dagesh and cantillation; Thai; Vietnamese; Devanagari; Tibetan; Arabic with vowels.
        "\u05d1\u05bc\u05b0\u0596\u05e8\u05b5\u05d0\u05e9\u05c1\u05b4\u0596\u05d9\u05ea",
        "\u0e1b\u0e34\u0e48\u0e19",
        unicodedata.normalize("NFD", "Nguy\u1ec5n Th\u1ecb Di\u1ec7u"),
        "\u0936\u094d\u0930\u0940\u092e\u0924\u0940",
        "\u0f56\u0f66\u0f92\u0fb2\u0f74\u0f56\u0f66",
        "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f",
    ],
    ids=["Hebrew", "Thai", "Vietnamese", "Devanagari", "Tibetan", "Arabic"],
)
def test_the_names_of_any_script_keep_their_accents(value: str) -> None:
    assert line(value, "name") == unicodedata.normalize("NFC", value)


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
