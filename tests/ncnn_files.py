"""Networks in ncnn's own two files, written by hand: no converter is needed where ncnn itself is tried."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.worker.runtimes.ncnn_runtime import write_file

if TYPE_CHECKING:
    import numpy.typing as npt


def ncnn_file(path: Path, layers: list[str], *weights: "npt.NDArray[Any]") -> Path:
    """As our converter leaves it: `layers` from "in0" to "out0" and so on, their `weights` in float32."""
    lines = ["Input in0 0 1 in0", *layers]
    blobs = {blob for line in lines for blob in _blobs(line.split())}
    graph, data = path.with_suffix(".param"), path.with_suffix(".bin")
    graph.write_text("\n".join(["7767517", f"{len(lines)} {len(blobs)}", *lines, ""]))
    data.write_bytes(b"".join(b"\0\0\0\0" + each.astype("float32").tobytes() for each in weights))
    write_file(graph, data, path)
    return path


def _blobs(words: list[str]) -> list[str]:
    takes, gives = int(words[2]), int(words[3])
    return words[4 : 4 + takes + gives]
