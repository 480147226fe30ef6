"""The archive that travels: the same bytes for the same sources, and enough to run the agent from."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from bench.link.archive import PACKAGES, code_archive, pack
from bench.plan.code_version import code_version

ROOT = Path(__file__).resolve().parents[1]


def names(data: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return set(archive.namelist())


def test_it_holds_every_source_a_device_needs_and_no_other() -> None:
    on_disk = {path.relative_to(ROOT).as_posix() for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    assert names(code_archive().data) == on_disk
    assert not any(name.startswith("reports") for name in on_disk)


def test_equal_sources_give_equal_bytes_whatever_their_times_and_order(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder, order in zip(folders, (("a.py", "b.py"), ("b.py", "a.py")), strict=True):
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "__pycache__/a.cpython-311.py").touch()
        for name in order:
            (folder / name).write_text(f"name = {name!r}\n")
        (folder / "notes.txt").write_text("stays here")
    os.utime(folders[1] / "a.py", (1, 1))
    first, second = (pack((("p", folder),)) for folder in folders)
    assert first == second
    assert names(first.data) == {"p/a.py", "p/b.py"}
    (folders[1] / "a.py").write_text("name = 'c'\n")
    assert pack((("p", folders[1]),)).digest != first.digest


def test_the_agent_and_its_worker_import_from_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    path.write_bytes(code_archive().data)
    program = (
        "import bench.agent.agent, bench.worker.measure, bench.agent.provision, sys;"
        "from bench.plan.code_version import code_version;"
        "assert bench.agent.__file__.startswith(sys.argv[1]), bench.agent.__file__;"
        "assert 'torch' not in sys.modules; print(code_version())"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(path), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == code_version(), "a device must report the version that the host planned with"
