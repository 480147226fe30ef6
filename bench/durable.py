"""Files whose names and contents outlast a crash and a power cut."""

import errno
import os
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Replace a file by way of a neighbour, so that a reader or a crash never sees half of it."""
    neighbour = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with neighbour.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        neighbour.replace(path)
        sync_folder(path.parent)
    finally:
        neighbour.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make names created or replaced in a folder last through a power cut: syncing a file does not sync its name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems sync no folders
            raise
    finally:
        os.close(descriptor)
