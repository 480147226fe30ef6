"""A checkpoint that a user names: its identity, before anything is built."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from bench.errors import UsageError
from bench.plan.subjects import networks
from bench.records.workload import OWN_WEIGHTS, Checkpoint


def checkpoint_of(path: str | None, names: Sequence[str]) -> Checkpoint:
    """That file, for the one network of these names; none without a path. UsageError where it is of no use."""
    if not path:
        return OWN_WEIGHTS
    try:
        entries = networks(names)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if len(entries) != 1 or entries[0].library == "onnx":
        what = f"{len(entries)} networks" if len(entries) != 1 else "an .onnx file, which holds its weights"
        raise UsageError(f"expected one network for --checkpoint, got {what}; name the one that it was made with")
    try:
        return Checkpoint(path=path, digest=checkpoint_digest(path))
    except OSError as error:
        raise UsageError(f"expected a checkpoint at {path}, got: {error.strerror or error}; name a file") from None


def checkpoint_digest(path: str) -> str:
    """SHA-256 of its bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
