"""What cannot be asked of matching."""


class Contradiction(ValueError):
    """Wishes that cannot all be met, or that mean nothing: the `field` at fault, and a sentence how to mend it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
