"""Envelopes: how rings and whispers are written for the way between processes, the same on every broker.

A JSON list: who sends it, then topics that were rung as strings, and whispers as pairs of topic and text.
"""

from collections.abc import Iterable, Iterator

import orjson
import structlog

from realtime.bells import Bells, Whisper

log = structlog.get_logger()


def envelopes(sender: str, items: Iterable[str | Whisper], most: int) -> Iterator[bytes]:
    """Topics and whispers in as few envelopes of `most` bytes as they fit in; each begins with its sender."""
    opening = orjson.dumps([sender])[:-1]
    parts, size = [opening], len(opening) + 1
    for item in items:
        # orjson takes no named tuple for a list.
        part = orjson.dumps(item if isinstance(item, str) else [*item])
        if size + len(part) + 1 > most and len(parts) > 1:
            yield b",".join(parts) + b"]"
            parts, size = [opening], len(opening) + 1
        parts.append(part)
        size += len(part) + 1
    if len(parts) > 1:
        yield b",".join(parts) + b"]"


def opened(envelope: bytes | str, me: str, bells: Bells) -> None:
    """Ring and whisper here what is in it, unless I sent it myself. What is not ours is logged and let be."""
    try:
        sender, *items = orjson.loads(envelope)
    except (ValueError, TypeError):
        log.warning("a notification that is not ours", bytes=len(envelope))
        return
    if sender != me:
        bells.ring(item for item in items if isinstance(item, str))
        for item in items:
            match item:
                case [str() as topic, str() as text]:
                    bells.whisper(topic, text)
