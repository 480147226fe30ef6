"""The files of a package, whether it lies in a folder or in an archive."""

from collections.abc import Iterator
from importlib.resources.abc import Traversable


def files_of(path: str, item: Traversable, endings: tuple[str, ...] = (".py",)) -> Iterator[tuple[str, bytes]]:
    """Each file with one of the endings under `item`, which is called `path`: its name from there, and its bytes."""
    if item.is_dir():
        for child in item.iterdir():
            if child.name != "__pycache__":
                yield from files_of(f"{path}/{child.name}", child, endings)
    elif path.endswith(endings):
        yield path, item.read_bytes()
