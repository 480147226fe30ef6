"""What a paper prints of its networks: counts, accuracy and speeds, and what it claims of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

from bench.records.environment import Environment
from bench.records.workload import NetworkChanges, Unit
from reports.ledger.printed_column import PrintedColumn

# Forms of a network that stand for a printed row: as published, then our inference form.
FORMS = ("", "fast")
# How the weights of a printed accuracy were trained; empty where nobody says.
RECIPES = ("plain", "distilled", "self-supervised pre-training", "unknown")

# Weights that were rounded to these keep the printed accuracy to its digits; of int8 it is not known.
AS_PRINTED = frozenset({"float32", "float16", "bfloat16"})

Key = tuple[str, tuple[int, ...]]  # a network by its name, and the height and width of its images


@dataclass(frozen=True, kw_only=True)
class PrintedNetwork:
    """A row of the table. Counts keep their printed digits; what is empty, None or missing was not printed.

    name: as `--model` takes it.
    family: networks of one are joined by a line in pictures.
    input_px: the side of a square image, or height and width.
    params_m, macs_g: millions of parameters, billions of multiply-adds.
    speeds: by the name of the column, in its quantity (seconds, or images per second).
    out_of_memory: columns in which it did not fit the device.
    recipe: one of RECIPES, or empty.
    computed: the runtime, dtype and calibration whose accuracy this is; None where it was printed.
    """

    name: str
    title: str
    family: str
    input_px: int | tuple[int, int]
    params_m: str = ""
    macs_g: str = ""
    top1_percent: float | None = None
    speeds: Mapping[str, float] = field(default_factory=dict)
    out_of_memory: frozenset[str] = frozenset()
    recipe: str = ""
    computed: tuple[str, str, str] | None = None
    source: str

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Of the images that were timed."""
        height, width = (self.input_px, self.input_px) if isinstance(self.input_px, int) else self.input_px
        return (3, height, width)

    @property
    def key(self) -> Key:
        """Its name, with the height and width at which it was timed."""
        return self.name, self.input_shape[1:]

    @property
    def size(self) -> str:
        """What the title says beyond the family: `T0`, `x1.5`, `50`; empty for MobileNetV2 at width 1."""
        return self.title.removeprefix(self.family).strip(" -")

    def matches(self, unit: Unit) -> bool:
        """Whether the unit is this network as it was timed: its input size, unchanged, in the form that is deployed."""
        workload, arguments = unit.workload, unit.workload.model
        if arguments is None or workload.name != self.name or workload.input_shape[1:] != self.input_shape[1:]:
            return False
        if self.computed not in (None, (unit.runtime, unit.dtype, unit.calibration.digest)):
            return False
        deployed = arguments.fused or workload.name.lower().endswith(".onnx")  # which is as it is
        return deployed and arguments.form in FORMS and arguments.changes == NetworkChanges()

    def top1_of(self, unit: Unit) -> float | None:
        """Its accuracy in that unit, which it matches; None where nobody knows it in that dtype."""
        return self.top1_percent if self.computed is not None or unit.dtype in AS_PRINTED else None


@dataclass(frozen=True, kw_only=True)
class PrintedClaim:
    """`first` is so many times as fast as `second`, and so many points more accurate.

    ratios: printed digits by the name of the column; a column without any has the ratio of the printed speeds.
    top1_points: the printed difference of the accuracies, with its sign; empty where none was printed.
    """

    first: str
    second: str
    ratios: Mapping[str, str] = field(default_factory=dict)
    top1_points: str = ""
    headline: bool = False
    source: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """`first` runs at `printed_ratio` times the speed of `second`, says one column.

    half_step: half a unit of its last printed digit; 0 where no ratio is printed.
    caveat: what speaks against it in the table itself.
    """

    first: str
    second: str
    column: str
    printed_ratio: float
    half_step: float = 0.0
    headline: bool = False
    source: str = ""
    caveat: str = ""

    def __post_init__(self) -> None:
        if self.printed_ratio <= 0:
            raise ValueError(f"expected a positive ratio, got {self.printed_ratio}")


@dataclass(frozen=True, kw_only=True)
class PrintedTable:
    """A whole table; its networks have different names or sizes, and its claims are of the first of a name."""

    columns: tuple[PrintedColumn, ...]
    networks: tuple[PrintedNetwork, ...]
    printed_claims: tuple[PrintedClaim, ...] = ()
    measured: tuple[PrintedNetwork, ...] = ()  # with accuracies found here, which come before the printed ones

    @cached_property
    def by_name(self) -> Mapping[str, PrintedNetwork]:
        """The networks, of one that is printed at several sizes the first."""
        return {network.name: network for network in reversed(self.networks)}

    @cached_property
    def by_key(self) -> Mapping[Key, PrintedNetwork]:
        """The networks by name and size."""
        return {network.key: network for network in self.networks}

    def published(self, unit: Unit) -> PrintedNetwork | None:
        """The row that holds for this network at this input size."""
        printed = filter(None, (self.by_key.get((unit.workload.name, unit.workload.input_shape[1:])),))
        return next((network for network in (*self.measured, *printed) if network.matches(unit)), None)

    def undistilled(self) -> "PrintedTable":
        """The same without the accuracies of networks that were trained with a teacher."""
        networks, measured = (
            tuple(replace(each, top1_percent=None) if each.recipe == "distilled" else each for each in found)
            for found in (self.networks, self.measured)
        )
        return replace(self, networks=networks, measured=measured)

    def extended(self, other: "PrintedTable") -> "PrintedTable":
        """This table, then what only the other prints of a network at a size, without its speeds and claims."""
        more = [replace(network, speeds={}) for network in other.networks if network.key not in self.by_key]
        return replace(self, networks=(*self.networks, *more))

    def columns_of(self, unit: Unit, environment: Environment | None) -> tuple[PrintedColumn, ...]:
        """Those that the unit may stand beside."""
        return tuple(column for column in self.columns if column.matches(unit, environment))

    def images_per_s(self, name: str, column: PrintedColumn) -> float | None:
        """A network's printed speed on one scale."""
        printed = self.by_name[name].speeds.get(column.name)
        return printed if printed is None or column.quantity == "images_per_s" else 1 / printed

    def claims(self, column: PrintedColumn) -> tuple[Claim, ...]:
        """Those with a ratio in that column, headlines first."""
        made = [self._claim(claim, column) for claim in self.printed_claims]
        # A stable sort: the order of the table stays within the headlines and within the rest.
        return tuple(sorted((claim for claim in made if claim), key=lambda claim: not claim.headline))

    def _claim(self, claim: PrintedClaim, column: PrintedColumn) -> Claim | None:
        fast, slow = (self.images_per_s(name, column) for name in (claim.first, claim.second))
        own = fast / slow if fast is not None and slow is not None else None
        digits = claim.ratios.get(column.name, "")
        ratio = float(digits) if digits else own
        if ratio is None:
            return None
        half = half_step(digits) if digits else 0.0
        # The speeds are rounded too: a percent on top of the ratio's own digits is no contradiction.
        apart = own is not None and abs(own - ratio) > half + 0.01 * ratio
        return Claim(
            first=claim.first,
            second=claim.second,
            column=column.name,
            printed_ratio=ratio,
            half_step=half,
            headline=claim.headline,
            source=claim.source,
            caveat=f"the printed speeds give {own:.3g}" if apart else "",
        )

    @cached_property
    def claimed_families(self) -> frozenset[str]:
        """Those that the paper is about: the first sides of its claims."""
        return frozenset(self.by_name[claim.first].family for claim in self.printed_claims)

    @cached_property
    def papers(self) -> str:
        """Whose figures these are, by the start of their sources (not escaped)."""
        return ", ".join(dict.fromkeys(split_source(network.source)[0] for network in self.networks))

    @cached_property
    def heading(self) -> str:
        """Where in the paper they stand, if that is one place (not escaped)."""
        places = {split_source(network.source)[1] for network in self.networks}
        return next(iter(places)) if len(places) == 1 and "" not in places else "Networks"


def split_source(source: str) -> tuple[str, str]:
    """`arXiv 2303.03667v3 Table 3` as the paper and the place in it; a comma or semicolon may stand between them."""
    paper, mark, place = source.partition(" Table ")
    if mark:
        return paper.rstrip(" ,;"), f"Table {place}"
    ends = [at for at in (source.find(","), source.find(";")) if at > 0]
    return (source[: min(ends)], source[min(ends) + 1 :].strip()) if ends else (source, "")


def half_step(digits: str) -> float:
    """Half a unit of the last printed digit: 0.05 for 1.9, 0.5 for 2."""
    exponent = Decimal(digits).as_tuple().exponent
    return 0.5 * 10.0 ** (exponent if isinstance(exponent, int) else 0)
