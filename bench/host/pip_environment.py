"""A Python of its own with packages that pip installs, kept in the cache under the hash of what is in it.

What the running Python has lies behind them: so that nothing differs but what must, and torch is not fetched again.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cache.path_lock import held
from bench.errors import UsageError
from bench.host.command import finished
from bench.system.packages import PACKAGE_FOLDERS

FOLDER = "environments"
_WHOLE = "ready"  # an empty file in an environment that was made to its end
# Where pip would install elsewhere than into the environment that runs it, and the paths it would look at besides.
_ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")


@dataclass(frozen=True, kw_only=True)
class PipEnvironment:
    """Made once; `arguments` are pip's, in the folder `where`, `decides` what else tells one from another.

    `purpose` ends "expected to install ...".
    """

    cache: Path
    arguments: Sequence[str]
    decides: Iterable[str]
    where: Path
    purpose: str

    @property
    def folder(self) -> Path:
        """Where it is or would be: named by the hash of what is asked for and of the Python below."""
        parts = [*self.arguments, sys.version, str(Path(sys.prefix).resolve()), *self.decides]
        return self.cache / FOLDER / hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.folder / "bin/python"

    @property
    def ready(self) -> bool:
        """Whether it was made whole."""
        return (self.folder / _WHOLE).exists()

    def make(self, say: Callable[[], None]) -> None:
        """Install into it; `say` is called before, not where it stands already.

        UsageError, with pip's last word, where that cannot be done.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        lock = held(self.folder.with_suffix(".lock"))
        if lock is None:
            raise UsageError(f"expected to install into {self.folder} alone, another run does; wait for it to end")
        try:
            if not self.ready:
                say()
                self._install()
        finally:
            os.close(lock)

    def _install(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)  # what a killed run left half made
        try:
            self._run([sys.executable, "-m", "venv", str(self.folder)])
            self._lay_over()
            pip = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
            self._run([*pip, *self.arguments])
            (self.folder / _WHOLE).touch()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _lay_over(self) -> None:
        (site,) = (self.folder / "lib").glob("python3*/site-packages")
        (site / "below.pth").write_text("".join(f"{folder}\n" for folder in _installed_in()))

    def _run(self, command: list[str]) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        try:
            done = finished(command, self.where, environment | {"PIP_USER": "0"})
        except OSError as error:
            raise UsageError(f"expected to run {command[0]}, got: {os.strerror(error.errno or 0)}") from None
        if done.code:
            raise UsageError(f"expected to install {self.purpose} with {' '.join(command[1:4])}, got: {done.last_line}")


def _installed_in() -> Iterator[str]:
    return (folder for folder in sys.path if Path(folder).name in PACKAGE_FOLDERS)
