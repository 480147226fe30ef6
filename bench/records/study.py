"""What the commands about a network's representations ask a worker, and what it answers, piece by piece."""

from dataclasses import dataclass, fields
from typing import Literal, get_args

StudyName = Literal["approximate", "salience", "redundancy"]
STUDIES: tuple[StudyName, ...] = get_args(StudyName)
MOST_RECORDS = 100_000  # of one study
TWIN = 0.9  # |r| from which on two channels are twins


@dataclass(frozen=True, kw_only=True)
class Study:
    """One question about one network; what a study has no use for is left at its default."""

    name: StudyName
    model: str  # as --model names it
    weights: str = ""  # the path of a checkpoint; empty: random weights, drawn from `seed`
    images: str = ""  # the path of a folder; empty: images are made
    count: int = 0  # of images at most
    operators: tuple[str, ...] = ()
    epochs: int = 0  # at most, of each training
    repeats: int = 0  # trainings of each pair, from seeds of their own
    seed: int = 0
    layer: str = ""  # whose maps are kept to be drawn; empty: the first 3x3 convolution of a stage

    def __post_init__(self) -> None:
        if min(self.count, self.epochs, self.repeats, self.seed) < 0:
            raise ValueError("expected a count, epochs, repeats and a seed of 0 or more")


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """The images that were taken. `unreadable` were tried and left out, the first few of them told in `trouble`."""

    source: str  # the folder, or how they were made
    found: int  # files there, or images made
    used: int
    preprocessing: str  # in words
    unreadable: int = 0
    trouble: tuple[str, ...] = ()  # "NAME: why"


@dataclass(frozen=True, kw_only=True)
class StudyInput:
    """What is studied: sent first, once it is known that it can be."""

    input_shape: tuple[int, int, int]  # (C, H, W) of an image
    weights: str  # in words
    checkpoint: str = ""  # SHA-256 of its file; empty where the weights are no file's
    images: ImageSet | None = None  # of a study of weights alone
    split: tuple[int, int, int] | None = None  # images to train, to validate and to test
    parts: int  # records that are to follow

    def __post_init__(self) -> None:
        if self.parts < 1 or min(self.input_shape) < 1:
            raise ValueError(f"expected parts and a positive (C, H, W), got {self.parts} and {self.input_shape}")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well a trained pair does what a convolution does, on the test images; errors are mean squares."""

    mse: float
    variance: float  # of the target there, around each channel's mean
    validation_mse: float
    epochs: int  # that were trained

    def __post_init__(self) -> None:
        if min(self.mse, self.variance, self.validation_mse) < 0 or self.epochs < 1:
            raise ValueError("expected errors and a variance of 0 or more, and an epoch or more")


@dataclass(frozen=True, kw_only=True)
class Approximation:
    """One pair in the place of one convolution, trained once. Counts are of one image.

    macs, params: by the closed formulas; `macs_counted` by running the pair under torch's counter.
    conv_macs, conv_params: of the regular convolution.
    """

    stage: int  # from 1
    layer: str
    channels: int
    height: int
    width: int
    operator: str
    seed: int
    macs: int = 0
    params: int = 0
    macs_counted: int = 0
    conv_macs: int = 0
    conv_params: int = 0
    fit: Fit | None = None
    reason: str = ""  # why there is none

    def __post_init__(self) -> None:
        if (self.fit is None) != bool(self.reason):
            raise ValueError(f"expected a fit or a reason, got {self.fit} and {self.reason!r}")


@dataclass(frozen=True, kw_only=True)
class Salience:
    """Where the filters of one regular convolution are strongest.

    counts: filters whose largest norm over the input channels is at that position, row by row.
    shares: of the filters' energy (squared norm) at each position, the mean over the filters.
    zero: filters that are zero throughout, which have no such position.
    """

    layer: str
    height: int  # of the kernel
    width: int
    counts: tuple[int, ...]
    shares: tuple[float, ...]
    zero: int = 0

    def __post_init__(self) -> None:
        if not len(self.counts) == len(self.shares) == self.height * self.width or min(self.counts) < 0:
            raise ValueError(f"expected a count and a share for each of {self.height}x{self.width} positions")


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """Maps of eight bits each, for a picture; `data` is base64, map by map and row by row."""

    maps: int
    height: int
    width: int
    data: str

    def __post_init__(self) -> None:
        if min(self.maps, self.height, self.width) < 1 or len(self.data) != 4 * -(-self.size // 3):
            raise ValueError(f"expected base64 of {self.maps}x{self.height}x{self.width} bytes")

    @property
    def size(self) -> int:
        """In bytes."""
        return self.maps * self.height * self.width


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What the picture of a layer shows: of one image the maps of its first channels, each from black to white."""

    image: Pixels  # as it was fed, a map for each colour
    maps: Pixels
    similarity: Pixels  # one map: |r| of these channels with each other, 255 is 1
    nearest: tuple[float, ...]  # of every channel that varies: the largest |r| with another one


@dataclass(frozen=True, kw_only=True)
class Redundancy:
    """How alike the channels of one feature map are, over all its pixels in all images.

    Of the `channels`, `constant` ones do not vary and count in none of what follows. r is Pearson's.
    """

    layer: str
    kind: str  # of the module
    channels: int
    height: int
    width: int
    pixels: int  # that r was taken over
    constant: int
    similarity: float  # mean |r| over the pairs of channels
    twins: int  # channels that have another one with |r| of at least TWIN
    effective_rank: float  # exp of the entropy of the standardised map's singular values
    drawn: Drawn | None = None  # of one layer


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """One piece of an answer: one field is filled. `failed` is the last one of a study that broke off."""

    input: StudyInput | None = None  # the first one
    approximation: Approximation | None = None  # of one pair in one stage, from one seed
    salience: Salience | None = None  # of one layer
    redundancy: Redundancy | None = None  # likewise
    failed: str = ""  # why, one line for people

    def __post_init__(self) -> None:
        if sum(bool(getattr(self, each.name)) for each in fields(self)) != 1:
            raise ValueError("expected one piece of an answer in a record")
