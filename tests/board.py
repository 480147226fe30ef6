"""A board: a Python of its own on the other side of sshd, with a few of our packages and no more."""

import importlib
import subprocess
import sys
from pathlib import Path

from tests.sshd import Sshd


def small_board(folder: Path, sshd: Sshd, *packages: str, more: str = "") -> None:
    """Make it, and a devices.yaml in that folder which calls it `board`."""
    board = folder / "board"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(board)], check=True)
    (theirs,) = board.glob("lib/python*/site-packages")
    for name in packages:
        for path in Path(importlib.import_module(name).__path__[0]).parent.glob(f"{name}[.-]*"):
            (theirs / path.name).symlink_to(path)
        (theirs / name).symlink_to(importlib.import_module(name).__path__[0])
    way = f"ssh: board\n    ssh_config: {sshd.folder}/ssh_config\n    python: {board}/bin/python"
    (folder / "devices.yaml").write_text(f"devices:\n  board:\n    {way}\n{more}")
