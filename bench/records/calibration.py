"""What the ranges of an int8 network are taken from."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A folder of pictures on the host; without one, data drawn from a seed, as the inputs that are timed are.

    `digest` is the SHA-256 of the pictures that are taken: the folder's name decides no number.
    """

    folder: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        if bool(self.folder) != bool(self.digest) or not re.fullmatch("([0-9a-f]{64})?", self.digest):
            raise ValueError(
                f"expected a folder with the SHA-256 of its pictures, got {self.folder!r}, {self.digest!r}"
            )
