"""What people may type: one rule for names, one for prose."""

import unicodedata

from models.refusal import invalid

# Control, format, surrogate, private use and unassigned characters: they hide, reorder or break text.
# NFKC alone keeps U+202E (right-to-left override) and U+200B (zero-width space).
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}


def line(value: str, field: str, *, longest: int = 120, empty: bool = False) -> str:
    """One line for a name or a title: trimmed, NFC, with visible characters only. Raises `Refused`."""
    value = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(character) in HIDDEN for character in value):
        raise invalid("Use visible characters only, on one line.", field)
    return _measured(value, field, longest, empty)


def prose(value: str, field: str, *, longest: int = 4_000, empty: bool = False) -> str:
    """Text of several lines: trimmed, NFC. Emoji may be joined; control characters and surrogates may not be there."""
    value = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    for character in value:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in "\n\t"):
            raise invalid(f"The character U+{ord(character):04X} cannot be stored; remove it.", field)
    return _measured(value, field, longest, empty)


def _measured(value: str, field: str, longest: int, empty: bool) -> str:
    if not value and not empty:
        raise invalid("This cannot be empty.", field)
    if len(value) > longest:
        raise invalid(f"At most {longest:,} characters, please; this has {len(value):,}.", field)
    return value
