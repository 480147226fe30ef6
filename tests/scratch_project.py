"""A user's project: a git repository with a tiny network in it, made with real git."""

import os
import subprocess
from pathlib import Path

NETWORK = """\
import torch
from torch import nn

def make() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(*(nn.Conv2d(3, 3, 3, padding=1) for _ in range({layers})))
"""


class Project:
    """`net.py` holds `make`; the first commit is there."""

    def __init__(self, folder: Path, layers: int = 2) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.write(layers)
        self.first = self.commit("first")

    def git(self, *arguments: str) -> str:
        """What git says; it fails where git does, and knows no configuration but its own."""
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        who = {f"GIT_{role}_{what}": "x@y" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        command = ("git", "-c", "protocol.file.allow=always", *arguments)
        done = subprocess.run(
            command, cwd=self.folder, env=os.environ | own | who, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, layers: int, comment: str = "") -> None:
        """The network, of so many layers."""
        (self.folder / "net.py").write_text(comment + NETWORK.format(layers=layers))

    def commit(self, message: str) -> str:
        """Everything that is there; returns the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def state(self) -> dict[str, bytes]:
        """Every file of the working tree, and what git says of it."""
        files = {
            str(path): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and ".git/" not in str(path)
        }
        return files | {"status": self.git("status", "--porcelain").encode()}

    def worktrees(self) -> list[str]:
        """Those that git knows besides this one."""
        return self.git("worktree", "list", "--porcelain").split("worktree ")[2:]
