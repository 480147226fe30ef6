"""A classifier whose top-1 is known by construction, and pictures for it: a picture's class is its nearest colour."""

from pathlib import Path

from PIL import Image

COLOURS = {
    "black": (0, 0, 0), "blue": (0, 0, 255), "green": (0, 255, 0), "red": (255, 0, 0), "white": (255, 255, 255),
    "yellow": (255, 255, 0), "zinc": (128, 128, 128),
}  # fmt: skip
# Scores are -|mean - colour|^2 but for a term that all classes share: 2 mean colour - |colour|^2, a linear layer.
MODULE = f"""\
import torch
from torch import nn

COLOURS = torch.tensor({list(COLOURS.values())}) / 255

def make(seed=0):
    torch.manual_seed(seed)
    linear = nn.Linear(3, len(COLOURS))
    deviation, mean = torch.tensor([0.229, 0.224, 0.225]), torch.tensor([0.485, 0.456, 0.406])
    prototypes = (COLOURS - mean) / deviation
    with torch.no_grad():
        linear.weight.copy_(2 * prototypes)
        linear.bias.copy_(-prototypes.square().sum(dim=1))
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)

def blank():
    network = make()
    nn.init.zeros_(network[2].weight)
    return network

class Slow(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.calls = make(), 0
    def forward(self, x):
        import time
        self.calls += 1
        time.sleep(0.1 if self.calls > 6 else 0)
        return self.inner(x)

def slow():
    return Slow()

class Bytes(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = make()
    def forward(self, flip, pixels):
        scaled = (pixels.float() / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
        return self.inner(scaled.permute(0, 3, 1, 2)) * (1 - 2 * flip)
    def example_inputs(self):
        return {{"flip": torch.zeros(3, 1), "pixels": torch.zeros(3, 32, 32, 3, dtype=torch.uint8)}}

def pixels():
    return Bytes()

def maps():
    return nn.Conv2d(3, 8, 3)
"""


def pictures(folder: Path, of_each: int, colours: tuple[str, ...] = tuple(COLOURS)) -> Path:
    """So many of each colour, in a folder for each."""
    for name in colours:
        (folder / name).mkdir(parents=True)
        for number in range(of_each):
            Image.new("RGB", (40 + number, 36), COLOURS[name]).save(folder / name / f"{number}.png")
    return folder
