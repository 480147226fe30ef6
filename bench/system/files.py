"""The kernel's small files, which may be missing."""

from pathlib import Path


def text_of(path: Path) -> str:
    """What a file says, stripped; empty where it cannot be read."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def number_of(path: Path) -> int | None:
    """The whole number that a file holds; None where there is none."""
    try:
        return int(text_of(path))
    except ValueError:
        return None
