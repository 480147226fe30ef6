"""The images of a user's folder and the words that label them. Loads nothing: the host looks before a worker starts."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath

from bench.plan.pictures import ENDINGS, pictures_in
from bench.plan.values import shown

MOST_BYTES = 1 << 28  # of a file of labels
_SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test"})
_HEADINGS = frozenset({"image", "imageid", "image_id", "name", "file", "filename", "path"})


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An image by its path within the folder, and the word that its label is; empty where nobody says."""

    path: str
    word: str = ""


@dataclass(frozen=True, kw_only=True)
class ImageFolder:
    """All images that can be asked about, by path.

    words: of all classes, sorted; those of folders without an image too, as torchvision's ImageFolder counts them.
    listed: whether the words come from a file of labels.
    notes: what was left out.
    """

    pictures: tuple[Picture, ...]
    words: tuple[str, ...] = ()
    listed: bool = False
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 over names and labels."""
        lines = (f"{each.path}\0{each.word}\n" for each in self.pictures)
        return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()


def image_folder(folder: Path, labels: str = "", *, unlabelled: bool = False) -> ImageFolder:
    """What lies in the folder; ValueError in one line where that is no image, or labels and images do not meet.

    Labels are those of the file `labels`; without one the names of the folders that images lie in; none otherwise, or
    where the folders are no classes (`unlabelled`).
    """
    paths = sorted(str(path.relative_to(folder)) for path in pictures_in(folder, "--data"))
    if not paths:
        raise ValueError(f"expected images in {folder}, got none; give a folder of {' '.join(sorted(ENDINGS))} files")
    if labels:
        return _by_list(paths, Path(labels))
    if unlabelled or not any(len(PurePath(path).parts) > 1 for path in paths):
        return ImageFolder(pictures=tuple(Picture(path=path) for path in paths))
    return _by_folders(folder, paths)


def _by_folders(folder: Path, paths: list[str]) -> ImageFolder:
    words = sorted(each.name for each in os.scandir(folder) if each.is_dir() and not each.name.startswith("."))
    if split := _SPLITS.intersection(word.lower() for word in words):
        name = next(word for word in words if word.lower() in split)
        raise ValueError(
            f"expected a folder for each class in {folder}, got {shown(name)}; give --data {folder}/{name}"
        )
    inside = [PurePath(path).parts for path in paths]
    pictures = tuple(
        Picture(path=path, word=parts[0]) for path, parts in zip(paths, inside, strict=True) if len(parts) > 1
    )
    stray = len(paths) - len(pictures)
    notes = (f"{stray} images beside the folders of classes left out",) if stray else ()
    return ImageFolder(pictures=pictures, words=tuple(words), notes=notes)


def _by_list(paths: list[str], labels: Path) -> ImageFolder:
    given = _labels(labels)
    keys = {path: key for path in paths if (key := _key_of(path, given))}
    if not keys:
        name, other = next(iter(given)), paths[0]
        raise ValueError(
            f"expected {labels} to name images of the folder, such as {shown(other)}, got {shown(name)};"
            " give lines of a path within the folder, a comma and a label"
        )
    unlabelled, unused = len(paths) - len(keys), len(given.keys() - keys.values())
    told = {"images without a label": unlabelled, "labels without an image": unused}
    return ImageFolder(
        pictures=tuple(Picture(path=path, word=given[key]) for path, key in keys.items()),
        words=tuple(sorted({given[key] for key in keys.values()})),
        listed=True,
        notes=tuple(f"{count} {what} left out" for what, count in told.items() if count),
    )


def _key_of(path: str, given: Mapping[str, str]) -> str:
    """The name under which a list has an image: its path, else its name, else that without ending (Kaggle's)."""
    name = PurePath(path)
    return next((key for key in (path, name.name, name.stem) if key in given), "")


def _labels(path: Path) -> dict[str, str]:
    """Image and label of each line, a comma, tab or blank between them; more words behind a label are left out."""
    found: dict[str, str] = {}
    for number, line in enumerate(text_lines(path), 1):
        mark = next((mark for mark in ",\t" if mark in line), None)
        name, label = (line.split(mark, 1) if mark else (*line.rsplit(None, 1), ""))[:2]
        words = label.split()
        if number == 1 and name.strip().lower() in _HEADINGS:
            continue
        if not words:
            raise ValueError(f"{path}, line {number}: expected an image and its label, got {shown(line)}; mend it")
        found[name.strip().removeprefix("./")] = words[0]
    if not found:
        raise ValueError(f"expected lines of an image and its label in {path}, got none; fill it")
    return found


def text_lines(path: Path) -> list[str]:
    """Those of a text file that are not blank; ValueError where it is no such file."""
    try:
        if path.exists() and not path.is_file():
            raise ValueError(f"expected a text file at {path}, got something else; name one")
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"expected a file of at most {MOST_BYTES >> 20} MiB, got {path}; give another")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"expected text in UTF-8 in {path}, got something else; save it so") from None
    except OSError as error:
        raise ValueError(f"expected a text file at {path}, got: {error.strerror or error}; name one") from None
    return [line.strip() for line in text.splitlines() if line.strip()]
