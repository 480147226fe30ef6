"""Which of a network's classes each word of a label stands for."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.plan.image_folder import ImageFolder, text_lines
from bench.plan.values import shown

IMAGENET_CLASSES = 1000
_WNID = re.compile(r"n\d{8}")
_PAIR = re.compile(r"(.+?)[,\t ]\s*(\d{1,9})")


@dataclass(frozen=True, kw_only=True)
class Numbering:
    """The class of each word, and by which rule, in words."""

    numbers: Mapping[str, int]
    rule: str


def numbering(images: ImageFolder, classes: int, path: str = "") -> Numbering:
    """The classes of a network that tells so many apart; ValueError in one line where a word stands for none of them.

    In this order: a file that says it; numbers as a list of labels has them; as many folders as classes, in sorted
    order (torchvision's ImageFolder); ImageNet's own identifiers; folders named by numbers.
    """
    found = _by_file(images.words, path) if path else _by_names(images, classes)
    if found is None:
        what = "labels" if images.listed else "folders"
        raise ValueError(
            f"expected {classes} {what}, one for each class of the network, got {len(images.words)}, such as"
            f" {shown(images.words[0])}; say with --classes FILE which class each is, or leave them out: --unlabelled"
        )
    if too_large := [word for word in images.words if found.numbers[word] >= classes]:
        word = too_large[0]
        raise ValueError(
            f"expected classes of 0 to {classes - 1}, got {found.numbers[word]} for {shown(word)}: the labels are"
            " another network's; give --classes FILE"
        )
    return found


def _by_file(words: Sequence[str], path: str) -> Numbering:
    known = read_classes(path)
    if unknown := [word for word in words if word not in known]:
        raise ValueError(f"expected the class of {shown(unknown[0])} in {path}, got none; add it")
    return Numbering(numbers=known, rule=f"as {Path(path).name} numbers them")


def _by_names(images: ImageFolder, classes: int) -> Numbering | None:
    words, plain = images.words, all(word.isascii() and word.isdigit() and len(word) < 10 for word in images.words)
    if plain and images.listed:
        return Numbering(numbers={word: int(word) for word in words}, rule="as the labels number them")
    if len(words) == classes:
        last = ", 10 before 2" if plain and list(words) != sorted(words, key=int) else ""
        return Numbering(
            numbers={word: number for number, word in enumerate(words)},
            rule=f"in the sorted order of their names, as torchvision's ImageFolder does{last}",
        )
    known = imagenet_numbers() if classes == IMAGENET_CLASSES else {}
    if known and all(word in known for word in words):
        return Numbering(numbers=known, rule="by ImageNet's identifiers")
    return Numbering(numbers={word: int(word) for word in words}, rule="as their names say") if plain else None


def read_classes(path: str) -> dict[str, int]:
    """Name and class of each line, or of JSON; ValueError in one line.

    A line is a name and a number, else a name whose place in the file, from 0, is its class; where a blank follows
    the first word (as in ImageNet's synset lists), that word is a name too. JSON is a list of names, numbers by name
    (torchvision's class_to_idx), or names by number (Keras' imagenet_class_index.json).
    """
    lines = text_lines(Path(path))
    found = _of_json("\n".join(lines), path) if path.lower().endswith(".json") else _of_lines(lines)
    if min(found.values(), default=-1) < 0:
        raise ValueError(f"expected names of classes in {path}, numbered from 0, got none or a negative one; mend it")
    return found


def _of_lines(lines: Sequence[str]) -> dict[str, int]:
    pairs = [_PAIR.fullmatch(line) for line in lines]
    if lines and all(pairs):
        return {pair[1].strip(): int(pair[2]) for pair in pairs if pair}
    first_words = {line.split()[0]: number for number, line in enumerate(lines)}
    return first_words | {line: number for number, line in enumerate(lines)}


def _of_json(text: str, path: str) -> dict[str, int]:
    try:
        value: Any = json.loads(text)
        if isinstance(value, list):
            value = dict(enumerate(value))
        pairs = [(key, each) if isinstance(each, int) else (each, int(key)) for key, each in value.items()]
        # Keras' form has several names of a class: its identifier and words.
        return {name: number for names, number in pairs for name in ([names] if isinstance(names, str) else names)}
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ValueError(
            f"expected a list of names, or names and numbers, in {path}, got something else; see docs/accuracy.md"
        ) from None


def imagenet_numbers() -> dict[str, int]:
    """The class of each of ImageNet's 1,000 identifiers, as timm lists them; empty where timm is missing."""
    spec = find_spec("timm")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, "data", "_info", "imagenet_synsets.txt")
        if path.is_file():
            return {word: number for number, word in enumerate(text_lines(path)) if _WNID.fullmatch(word)}
    return {}
