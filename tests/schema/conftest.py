"""Every query of these tests is answered by both paths."""

from tests.both_paths import both_paths

__all__ = ["both_paths"]
