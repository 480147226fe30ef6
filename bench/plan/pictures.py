"""The pictures in a folder, by the endings of their names."""

from pathlib import Path

ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


def pictures_in(folder: Path, option: str) -> list[Path]:
    """All of them, also of folders below, in the order of their names; ValueError where it is no folder."""
    try:
        there = folder.is_dir()
    except OSError:  # a name that no file system takes
        there = False
    if not there:
        raise ValueError(f"expected a folder of images, got {folder}, which is none; give {option} FOLDER")
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
