"""The pictures in a folder, by the endings of their names."""

import os
from collections.abc import Iterator
from pathlib import Path

ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


def pictures_in(folder: Path, option: str) -> Iterator[Path]:
    """All of them, also of folders below, links to folders followed; hidden ones are left out.

    ValueError where it is no folder.
    """
    try:
        there = folder.is_dir()
    except OSError:  # a name that no file system takes
        there = False
    if not there:
        raise ValueError(f"expected a folder of images, got {folder}, which is none; give {option} FOLDER")
    seen: set[tuple[int, int]] = set()
    for where, folders, files in os.walk(folder, followlinks=True):
        found = Path(where).stat()
        if (found.st_dev, found.st_ino) in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add((found.st_dev, found.st_ino))
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(where, name) for name in files if not name.startswith("."))
        yield from (path for path in paths if path.suffix.lower() in ENDINGS and path.is_file())
