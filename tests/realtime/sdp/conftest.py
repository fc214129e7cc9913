"""A watch on aiortc's parser."""

import threading

import pytest
from aiortc.sdp import SessionDescription


@pytest.fixture
def parsed_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads in which aiortc's parser was called."""
    threads: list[str] = []
    parse = SessionDescription.parse

    def spy(text: str) -> SessionDescription:
        threads.append(threading.current_thread().name)
        return parse(text)

    monkeypatch.setattr(SessionDescription, "parse", spy)
    return threads
