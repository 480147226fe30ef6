"""The git repository that a user's project lies in: what revisions stand for, and what its working tree holds."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError
from bench.host.command import Finished, finished
from bench.plan.values import shown
from bench.records.base import Base

# Set by git itself for its hooks: they would lead to another repository than the folder's.
_OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")

_WHERE = ("--show-toplevel", "--show-prefix")


@dataclass(frozen=True, kw_only=True)
class Repository:
    """`top` is its working tree, `inside` the current folder as seen from there."""

    top: Path
    inside: Path

    def git(self, *arguments: str, folder: Path | None = None) -> Finished:
        """Run git in the repository, or in another working tree of it."""
        return _git(folder or self.top, *arguments)

    def commit(self, ref: str) -> str:
        """The commit that `ref` stands for, in full; empty where there is none."""
        done = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        return done.output.strip() if done.code == 0 else ""

    def base(self, ref: str) -> Base:
        """What `ref` stands for, where it is empty the merge base with the remote's default branch.

        UsageError where it stands for nothing here.
        """
        head = self.commit("HEAD")
        if not head:
            raise UsageError(f"expected a commit in {self.top}, it has none; commit, then compare with it")
        asked, commit = (ref, self._named(ref)) if ref else self._fork(head)
        changed, untracked = self._changes()
        if not ref and commit == head and not changed and not untracked:
            raise UsageError(
                f"expected a change since {asked}, the working tree is that very commit; "
                "say what to compare with: --base HEAD~1"
            )
        return Base(ref=asked, commit=commit, head=head, changed=changed, untracked=untracked, state=self._state())

    def _named(self, ref: str) -> str:
        commit = self.commit(ref)
        if not commit:
            why = "this shallow clone does not hold it" if self._is_shallow() else "there is none of that name"
            raise UsageError(f"expected a revision for --base, got {shown(ref)}: {why}; fetch it: {self._fetch(ref)}")
        return commit

    def _fork(self, head: str) -> tuple[str, str]:
        """Where the working tree left the remote's default branch."""
        branch = self._default_branch()
        if not branch:
            raise UsageError("expected a remote with a default branch, found none; name a revision with --base REF")
        done = self.git("merge-base", head, branch)
        if done.code:
            remedy = "git fetch --unshallow" if self._is_shallow() else "name a revision with --base REF"
            raise UsageError(f"expected HEAD and {branch} to share a commit, found none; {remedy}")
        return f"merge base with {branch}", done.output.strip()

    def _default_branch(self) -> str:
        for remote in self.git("remote").output.split():
            named = self.git("symbolic-ref", "--quiet", "--short", f"refs/remotes/{remote}/HEAD").output.strip()
            for branch in filter(None, (named, f"{remote}/main", f"{remote}/master")):
                if self.commit(f"refs/remotes/{branch}"):
                    return branch
        return ""

    def _changes(self) -> tuple[int, int]:
        lines = self.git("status", "--porcelain", "--untracked-files=normal").output.splitlines()
        untracked = sum(line.startswith("??") for line in lines)
        return len(lines) - untracked, untracked

    def _state(self) -> str:
        """A hash of how tracked files differ from HEAD, and of the Python files that git does not know."""
        digest = hashlib.sha256(self.git("diff", "--binary", "--no-ext-diff", "--no-textconv", "HEAD").output.encode())
        others = self.git("ls-files", "--others", "--exclude-standard", "-z", "--", "*.py").output.split("\0")
        for name in filter(None, others):
            path = self.top / name
            digest.update(f"{name}\0".encode() + (path.read_bytes() if path.is_file() else b""))
        return digest.hexdigest()[:16]

    def _is_shallow(self) -> bool:
        return self.git("rev-parse", "--is-shallow-repository").output.strip() == "true"

    def _fetch(self, ref: str) -> str:
        remote = (self.git("remote").output.split() or ["origin"])[0]
        depth = "--depth 1 " if self._is_shallow() else ""  # which would cut a whole clone's history off
        return f"git fetch {depth}{remote} {shown(ref.removeprefix(f'{remote}/'))}"


def find_repository(folder: Path) -> Repository:
    """The one that the folder lies in; UsageError where there is none with a working tree."""
    where = _git(folder, "rev-parse", "--is-inside-work-tree")
    if where.code and "not a git repository" in where.errors:
        raise UsageError(f"expected --base in a git repository, {folder} is in none; go to your project's folder")
    if where.code:
        raise UsageError(f"expected to read the git repository of {folder}, got: {where.last_line}")
    if where.output.strip() != "true":
        raise UsageError(f"expected a working tree, {folder} lies in a bare repository; clone it, and compare there")
    # One at a time: a folder's name may hold any character, the end of a line too.
    top, prefix = (_git(folder, "rev-parse", option).output.removesuffix("\n") for option in _WHERE)
    return Repository(top=Path(top), inside=Path(prefix))


def _git(folder: Path, *arguments: str) -> Finished:
    environment = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    # `status` would else write the index anew, and a missing password would wait for somebody.
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        # No hook of the user's runs for a checkout that is not theirs.
        return finished(("git", "-c", "core.hooksPath=/dev/null", *arguments), folder, environment)
    except FileNotFoundError as error:
        if error.filename != "git":
            raise UsageError(f"expected a folder that is there, its name in UTF-8, got {str(folder)!r}") from None
        raise UsageError("expected git for --base, it is not installed; install it") from None
