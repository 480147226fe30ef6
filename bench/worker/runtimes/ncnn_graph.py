"""ncnn's .param file: the layers of a network, a line each. A board reads it too."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MAGIC = 7767517  # begins the file
# In the .bin file beside it, before a layer's weights: as what numbers they follow.
FLOAT32, INT8 = b"\0\0\0\0", (0x000D4B38).to_bytes(4, "little")
LARGEST = 127  # of int8 values, the smallest of which is -127
CONVOLUTIONS = ("Convolution", "ConvolutionDepthWise")
_PRODUCTS = (
    "Convolution",
    "Deconvolution",
    "DeformableConv",
    "InnerProduct",
    "Gemm",
    "MatMul",
    "MultiHeadAttention",
    "SDPA",
)
# The parameter that says how a layer of a kind has int8; 0 where it has not.
INT8_TERMS = {"Convolution": 8, "ConvolutionDepthWise": 8, "InnerProduct": 8, "Gemm": 18}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One line. `takes` and `gives` are blobs by name, each of which one layer takes; `parameters` are by number."""

    kind: str
    name: str
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    parameters: Mapping[int, str] = field(default_factory=dict)

    @property
    def multiplies(self) -> bool:
        """Whether it is a convolution or a matrix product, of whatever kind."""
        return self.kind.startswith(_PRODUCTS)

    @property
    def in_int8(self) -> bool:
        """Whether it multiplies in int8."""
        return self.kind in INT8_TERMS and self.number(INT8_TERMS[self.kind]) != 0

    def number(self, parameter: int, usual: int = 0) -> int:
        """A whole number among the parameters, or what it is where the line leaves it out."""
        return int(self.parameters.get(parameter, usual))

    def __str__(self) -> str:
        counts = str(len(self.takes)), str(len(self.gives))
        own = (f"{number}={value}" for number, value in self.parameters.items())
        return " ".join((self.kind, self.name, *counts, *self.takes, *self.gives, *own))


def read_graph(text: str) -> list[Layer]:
    """The layers of a .param file in their order; ValueError where it is none."""
    first, *lines = text.splitlines() or [""]
    if first.strip() != str(MAGIC):
        raise ValueError(f"expected a .param file, which begins with {MAGIC}, got {first[:40]!r}; convert it again")
    return [_layer(line.split()) for line in lines[1:] if line.strip()]


def graph_text(layers: Iterable[Layer]) -> str:
    """The .param file of those layers."""
    listed = list(layers)
    blobs = {blob for layer in listed for blob in (*layer.takes, *layer.gives)}
    return "\n".join([str(MAGIC), f"{len(listed)} {len(blobs)}", *map(str, listed), ""])


def inputs_of(layer: Layer) -> list[Layer]:
    """What makes a network of that layer alone."""
    return [Layer(kind="Input", name=blob, gives=(blob,)) for blob in layer.takes]


def _layer(words: list[str]) -> Layer:
    kind, name, takes, gives, *others = words
    first, last = int(takes), int(takes) + int(gives)
    pairs = (word.partition("=") for word in others[last:])
    return Layer(
        kind=kind,
        name=name,
        takes=tuple(others[:first]),
        gives=tuple(others[first:last]),
        parameters={int(number): value for number, _, value in pairs},
    )
