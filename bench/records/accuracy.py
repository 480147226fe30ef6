"""What `bench accuracy` asks a worker about one unit and a folder of images, and what it answers, image by image."""

from dataclasses import dataclass, fields

from bench.records.workload import Unit

TOP = 5  # classes that are kept of each answer
MOST_IMAGES = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How an image becomes a network's input: resized, its centre cut out, and (value / 255 - mean) / deviation.

    resize: (height, width) of a squashed image; (n, 0): its shorter side becomes n, its shape stays.
    crop: (height, width) of the input.
    mean, deviation: one of each channel; one channel is grey.
    """

    resize: tuple[int, int]
    crop: tuple[int, int]
    interpolation: str
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    source: str  # whose words these are

    def __post_init__(self) -> None:
        if min(self.crop) < 1 or self.resize[0] < 1 or self.resize[1] < 0:
            raise ValueError(f"expected positive sizes, got resize {self.resize} and crop {self.crop}")
        if len(self.mean) not in (1, 3) or len(self.mean) != len(self.deviation) or not min(self.deviation) > 0:
            raise ValueError(
                "expected a mean and a deviation over 0 for 1 or 3 channels, got"
                f" {self.mean or 'none'} and {self.deviation or 'none'}; give --mean and --std"
            )


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The question; what is empty or 0 is left to the network, the folder or the file names."""

    folder: str  # of the images
    labels: str = ""  # the path of a file of lines "image,label"
    classes: str = ""  # the path of a file that numbers the classes
    unlabelled: bool = False  # folders of the folder are no classes
    agreement: bool = False  # ask fp32 eager too where there are labels
    limit: int = 0  # images at most, a seeded choice; 0: all
    crop: float = 0.0  # the part of the resized image's shorter side that is cut out
    interpolation: str = ""
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    seed: int = 0  # of the order in which images are taken
    start: int = 0  # images of that order that an earlier process has asked about

    def __post_init__(self) -> None:
        if not 0 <= self.limit <= MOST_IMAGES or self.start < 0 or self.seed < 0 or not 0 <= self.crop <= 1:
            raise ValueError("expected a limit, a start and a seed of 0 or more and a crop of up to 1")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked and about what: sent first, once it is known that it can be. Two of one run are equal.

    artifact: SHA-256 of the very file that the runtime opened; empty where it takes the PyTorch module.
    weights: in words; checkpoint: SHA-256 of its file, empty without one.
    classes: that the network tells apart.
    numbering: how labels became classes, in words; empty where there are no labels.
    reference: what agreement is held against, in words; empty where it is not asked.
    images, found: how many are asked about, of how many that could be.
    data: SHA-256 over the names and labels of all of these.
    """

    artifact: str
    weights: str
    checkpoint: str = ""
    classes: int
    numbering: str = ""
    reference: str = ""
    images: int
    found: int
    data: str
    preprocessing: Preprocessing
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.images <= self.found or self.classes < 1 or not (self.numbering or self.reference):
            raise ValueError(
                f"expected images of a folder, classes and labels or a reference, got {self.images} of {self.found}"
                f" images and {self.classes} classes"
            )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a network says to one image.

    top: its classes of the highest scores, the best first; none where the image could not be read or a score is NaN.
    label, reference: the right class and fp32 eager's first; -1 where there is none.
    trouble: why the image could not be read.
    """

    image: str  # its path within the folder
    top: tuple[int, ...] = ()
    label: int = -1
    reference: int = -1
    trouble: str = ""

    def __post_init__(self) -> None:
        if len(self.top) > TOP or (self.trouble and self.top) or min((*self.top, 0)) < 0:
            raise ValueError(f"expected up to {TOP} classes of an image that was read, got {self.top}")


@dataclass(frozen=True, kw_only=True)
class EvaluationRecord:
    """One piece of an answer: one field is filled. `failed` is the last one of a process that broke off."""

    asked: Asked | None = None  # the first one
    answers: tuple[Answer, ...] = ()  # to the next images
    failed: str = ""  # why, one line for people

    def __post_init__(self) -> None:
        if sum(bool(getattr(self, each.name)) for each in fields(self)) != 1:
            raise ValueError("expected one piece of an answer in a record")


@dataclass(frozen=True, kw_only=True)
class MeasuredAccuracy:
    """What an accuracy run found of one network as one runtime computes it; parts of 1, with their 95 % interval."""

    network: str
    variant: str = ""
    input_shape: tuple[int, int, int]
    runtime: str
    dtype: str
    calibration: str = ""  # the digest of the pictures that an int8 network was calibrated on
    top1: float
    low: float
    high: float
    images: int
    artifact: str = ""
    run: str = ""  # the name of its folder

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.top1 <= self.high <= 1 or self.images < 1:
            raise ValueError(f"expected a part of 1 within its interval, got {self.low}, {self.top1}, {self.high}")

    def matches(self, unit: Unit) -> bool:
        """Whether it is of this network in this runtime and dtype; its batch, threads and weights are no part of it."""
        workload = unit.workload
        own = (self.network, self.variant, self.input_shape, self.runtime, self.dtype, self.calibration)
        its = (workload.name, workload.variant, workload.input_shape, unit.runtime, unit.dtype)
        return own == (*its, unit.calibration.digest)
