"""Emoji: what may stand under a message."""

import emoji

from models.refusal import invalid


def one_emoji(text: str, field: str) -> str:
    """The emoji, as Unicode's emoji-test.txt qualifies it fully: one picture has one spelling. Raises `Refused`.

    Only the sequences of that list are taken: no text can hide behind a picture, neither in tags nor between joiners.
    """
    known = emoji.EMOJI_DATA.get(text)
    # A component is a tone of skin or a kind of hair without anybody who has it.
    if known is None or known["status"] == emoji.STATUS["component"]:
        raise invalid("A reaction is one emoji, such as \N{THUMBS UP SIGN}.", field)
    return emoji.emojize(known["en"], language="en")
