"""Which pictures of a folder an int8 network is calibrated on, and what tells them from others."""

import hashlib
import random
from pathlib import Path

from bench.errors import UsageError
from bench.plan.pictures import ENDINGS, pictures_in
from bench.records.calibration import Calibration

PICTURES = 64  # taken at most; ranges by minimum and maximum hardly grow with more


def calibration_of(folder: str) -> Calibration:
    """The folder with the hash of the pictures that are taken; UsageError where it has none."""
    try:
        paths = taken(Path(folder))
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not paths:
        raise UsageError(
            f"expected pictures in the folder {folder}, got none; give one of {' '.join(sorted(ENDINGS))} files"
        )
    return Calibration(folder=folder, digest=digest_of(paths))


def taken(folder: Path) -> list[Path]:
    """A seeded choice of the folder's pictures, so that a data set sorted by class gives some of many."""
    paths = sorted(pictures_in(folder, "--calibration"))
    return random.Random(0).sample(paths, min(PICTURES, len(paths)))


def digest_of(paths: list[Path]) -> str:
    """The SHA-256 of the files' contents, one after the other; one that cannot be opened counts as no bytes."""
    whole = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            whole.update(b"\0")
    return whole.hexdigest()
