"""A user's .onnx file as the bytes of one self-contained model, whose digest is the network's identity."""

import hashlib
from pathlib import Path

from bench.plain_text import plain_line

MAX_BYTES = 2**31 - (1 << 20)  # a protobuf message ends at 2 GiB; the graph beside the weights needs a little


def self_contained(path: Path) -> bytes:
    """The file's bytes; where it keeps weights beside it (torch's own default), those of one model that holds them.

    Raises ValueError where there is no such file, it is no ONNX model, or its weights are gone or too large.
    """
    import onnx
    from onnx.external_data_helper import uses_external_data

    try:
        data = path.read_bytes()
        model = onnx.load_from_string(data)
    except FileNotFoundError:
        raise ValueError(f"expected an ONNX file at {path}, found none; check the path") from None
    except Exception as error:  # protobuf's errors share no public base class
        raise ValueError(f"expected {path} to be an ONNX model, got {type(error).__name__}; export it again") from error
    if not any(uses_external_data(weight) for weight in model.graph.initializer):
        return data
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
        if sum(len(weight.raw_data) for weight in model.graph.initializer) < MAX_BYTES:
            return bytes(model.SerializeToString(deterministic=True))
    except Exception as error:  # a missing file, one outside the folder, a short one: each in its own class
        raise ValueError(
            f"expected the weights of {path} in the file beside it, got {type(error).__name__}:"
            f" {plain_line(error, 200)}; keep both in one folder, or export with external_data=False"
        ) from error
    raise ValueError(f"expected {path} and its weights to be under 2 GB, they are more; time the network in eager")


def digest_of(data: bytes) -> str:
    """What tells one network from another under the same name."""
    return hashlib.sha256(data).hexdigest()
