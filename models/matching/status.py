"""Where a run over a programme stands."""

from enum import StrEnum


class MatchingStatus(StrEnum):
    """Where a run stands. A draft can be changed, compared, followed by another, and published."""

    RUNNING = "RUNNING"
    DRAFT = "DRAFT"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    PUBLISHING = "PUBLISHING"
    PUBLISHED = "PUBLISHED"
