"""LiteRT's converter: a network that torch has exported becomes a .tflite file. Runs in an environment of its own."""

from pathlib import Path


def convert(program: Path, target: Path, dtype: str) -> None:
    """Write the network with its input and outputs as they are, (N, C, H, W) of float32."""
    import litert_torch
    import torch

    saved = torch.export.load(program)
    litert_torch.convert(saved.module(), *saved.example_inputs).export(str(target))
