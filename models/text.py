"""What people may type: one rule for names, one for prose."""

import unicodedata
from itertools import groupby

from models.refusal import Refused, invalid

# Control, format, surrogate, private use and unassigned characters, and those that end a line or a paragraph:
# they hide, reorder or break text.
# NFKC alone keeps U+202E (right-to-left override) and U+200B (zero-width space).
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

# Letters and symbols that show nothing: the fillers of Hangul (Default_Ignorable_Code_Point in Unicode's
# DerivedCoreProperties.txt, whose other members are no letters), the braille cell without a dot, the notehead without
# a head, and the blanks of Egyptian hieroglyphs.
BLANK = set("\u115f\u1160\u3164\uffa0\u2800\U0001d159\U00013441\U00013442")

# On one letter of a name. Hebrew with vowels and accents has four or five; a stack of dozens covers other lines.
MOST_MARKS = 8


def line(value: str, field: str, *, longest: int = 120, empty: bool = False) -> str:
    """One line for a name or a title: trimmed, NFC, with visible characters only. Raises `Refused`."""
    value = _normal(value, field, longest)
    categories = [unicodedata.category(character) for character in value]
    if not HIDDEN.isdisjoint(categories):
        raise invalid("Use visible characters only, on one line.", field)
    if any(len(list(run)) > MOST_MARKS for is_mark, run in groupby(categories, _is_mark) if is_mark):
        raise invalid(f"At most {MOST_MARKS} accents on one letter, please.", field)
    return _measured(value, field, longest, empty)


def prose(value: str, field: str, *, longest: int = 4_000, empty: bool = False) -> str:
    """Text of several lines: trimmed, NFC. Emoji may be joined; control characters and surrogates may not be there."""
    value = _normal(value.replace("\r\n", "\n"), field, longest)
    for character in value:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in "\n\t"):
            raise invalid(f"The character U+{ord(character):04X} cannot be stored; remove it.", field)
    return _measured(value, field, longest, empty)


def sought(value: str, field: str, *, longest: int) -> str:
    """What is looked for: trimmed, NFC, of any characters, and no longer than what can be found. Raises `Refused`."""
    value = _normal(value, field, longest)
    if len(value) > longest:
        raise _too_long(len(value), field, longest)
    return value


def _is_mark(category: str) -> bool:
    return category[0] == "M"


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in BLANK


def _normal(value: str, field: str, longest: int) -> str:
    # Putting the accents of one letter in order costs their number squared: so a rough measure comes first.
    if len(value) > 4 * longest + 1_000:
        raise _too_long(len(value), field, longest)
    return unicodedata.normalize("NFC", value).strip()


def _too_long(length: int, field: str, longest: int) -> Refused:
    return invalid(f"At most {longest:,} characters, please; this has {length:,}.", field)


def _measured(value: str, field: str, longest: int, empty: bool) -> str:
    if not empty and not any(map(_is_visible, value)):
        raise invalid("This cannot be empty; write something that can be seen.", field)
    if len(value) > longest:
        raise _too_long(len(value), field, longest)
    return value
