"""A pytest plugin: what tests write is kept in memory, where there is plenty, and the disk is not waited for.

A commit of SQLite waits until the disk has it, thousands of times in a run, and PostgreSQL copies its databases there.
The programs are the same; no test takes the power away. `TMPDIR` chooses another place.
"""

import os
import shutil
import tempfile
from pathlib import Path

import psutil
import pytest

PLACE = Path("/dev/shm")  # noqa: S108 - folders of one's own are made in it
ROOM = 4 << 30


def is_roomy(place: Path) -> bool:
    """Is there so much room that a run does not notice its end?"""
    if not os.access(place, os.W_OK):
        return False
    return shutil.disk_usage(place).free >= ROOM and psutil.virtual_memory().available >= 2 * ROOM


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Before anything is written; the workers and whatever is started inherit it."""
    if "TMPDIR" not in os.environ and is_roomy(PLACE):
        os.environ["TMPDIR"] = str(PLACE)
        tempfile.tempdir = None
