"""One thing that is wrong in a contributed run."""

from dataclasses import dataclass
from pathlib import Path

from reports.untrusted import visible

LONGEST = 400  # characters of what is said


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`line` is that of records.jsonl, the record's number, from 1; 0 where the whole file or folder is meant.

    Nothing in it is escaped; as text it is one line in which nothing steers a terminal.
    """

    path: Path
    line: int = 0
    said: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{visible(place)}: {visible(self.said, LONGEST)}"
