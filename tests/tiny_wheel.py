"""A package of one module, made up on the spot, as pip installs it."""

import zipfile
from pathlib import Path


def tiny_wheel(folder: Path, version: str, says: str = "") -> str:
    """A package of one module, by its path; its VERSION is what it `says`, else its version."""
    path = folder / f"tinypackage-{version}-py3-none-any.whl"
    about = f"tinypackage-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("tinypackage.py", f"VERSION = {says or version!r}\n")
        packed.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: tinypackage\nVersion: {version}\n")
        packed.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        packed.writestr(f"{about}/RECORD", "")
    return str(path)
