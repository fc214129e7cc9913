"""What people may type: one rule for names, one for prose."""

import unicodedata

from models.refusal import Refused, invalid

# Control, format, surrogate, private use and unassigned characters, and those that end a line or a paragraph:
# they hide, reorder or break text.
# NFKC alone keeps U+202E (right-to-left override) and U+200B (zero-width space).
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def line(value: str, field: str, *, longest: int = 120, empty: bool = False) -> str:
    """One line for a name or a title: trimmed, NFC, with visible characters only. Raises `Refused`."""
    value = _normal(value, field, longest)
    if any(unicodedata.category(character) in HIDDEN for character in value):
        raise invalid("Use visible characters only, on one line.", field)
    return _measured(value, field, longest, empty)


def prose(value: str, field: str, *, longest: int = 4_000, empty: bool = False) -> str:
    """Text of several lines: trimmed, NFC. Emoji may be joined; control characters and surrogates may not be there."""
    value = _normal(value.replace("\r\n", "\n"), field, longest)
    for character in value:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in "\n\t"):
            raise invalid(f"The character U+{ord(character):04X} cannot be stored; remove it.", field)
    return _measured(value, field, longest, empty)


def _normal(value: str, field: str, longest: int) -> str:
    # Putting the accents of one letter in order costs their number squared: so a rough measure comes first.
    if len(value) > 4 * longest + 1_000:
        raise _too_long(len(value), field, longest)
    return unicodedata.normalize("NFC", value).strip()


def _too_long(length: int, field: str, longest: int) -> Refused:
    return invalid(f"At most {longest:,} characters, please; this has {length:,}.", field)


def _measured(value: str, field: str, longest: int, empty: bool) -> str:
    if not value and not empty:
        raise invalid("This cannot be empty.", field)
    if len(value) > longest:
        raise _too_long(len(value), field, longest)
    return value
