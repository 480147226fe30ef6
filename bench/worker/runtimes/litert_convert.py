"""LiteRT's converter: a network that torch has exported becomes a .tflite file. Runs in an environment of its own."""

from pathlib import Path

from bench.worker.runtimes.litert_quantise import quantise


def convert(program: Path, target: Path, dtype: str) -> None:
    """Write the network with its input and outputs as they are, (N, C, H, W) of float32."""
    import litert_torch
    import torch

    saved = torch.export.load(program)
    made = program.with_name("float32.tflite")
    litert_torch.convert(saved.module(), *saved.example_inputs).export(str(made))
    if dtype == "int8":
        target.write_bytes(quantise(made, program))
    else:
        made.replace(target)
