"""The trainings of `bench approximate` as rows: a pair in a stage, and which pair does best there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.records.run import Run
from bench.records.study import Approximation
from bench.statistics import Interval, log_mean_interval
from reports.numbers import bounds

LEAST = 1e-30  # a mean square below that is 0 to a logarithm
AVERAGE = 0  # in place of a stage
FEW = 10  # values to train on for each weight, below which a pair can learn them by heart


@dataclass(frozen=True, kw_only=True)
class Training:
    """What one seed gave: mean squares on the test images, in the target's units and over its variance."""

    seed: int
    mse: float
    normalised: float


@dataclass(frozen=True, kw_only=True)
class Approximated:
    """A pair in one stage over its trainings, or in `AVERAGE`, the plain mean over the stages.

    `first` is what is the same in all trainings; None in the average.
    """

    stage: int
    operator: str
    trainings: tuple[Training, ...]
    first: Approximation | None = None
    reason: str = ""  # why there is none

    @property
    def mse(self) -> Interval | None:
        """Over the seeds."""
        return _interval([each.mse for each in self.trainings])

    @property
    def normalised(self) -> Interval | None:
        """Over the variance of the target: 0 is perfect, 1 what the mean of each channel would do."""
        return _interval([each.normalised for each in self.trainings])

    @property
    def place(self) -> str:
        """`1`, or `average`."""
        return "average" if self.stage == AVERAGE else str(self.stage)


def approximated(run: Run) -> tuple[Approximated, ...]:
    """Stage by stage in the order of the question's operators, then the averages of the pairs that fit every stage."""
    groups: dict[tuple[int, str], list[Approximation]] = {}
    for record in run.study_records:
        if (each := record.approximation) is not None:
            groups.setdefault((each.stage, each.operator), []).append(each)
    rows = [_row(stage, operator, own) for (stage, operator), own in groups.items()]
    return (*rows, *_averages(rows))


def _row(stage: int, operator: str, own: Sequence[Approximation]) -> Approximated:
    trainings = [
        Training(seed=each.seed, mse=each.fit.mse, normalised=each.fit.mse / max(each.fit.variance, LEAST))
        for each in own
        if each.fit
    ]
    return Approximated(
        stage=stage,
        operator=operator,
        trainings=tuple(trainings),
        first=own[0],
        reason=next((each.reason for each in own if each.reason), ""),
    )


def _averages(rows: Sequence[Approximated]) -> Iterator[Approximated]:
    stages = {row.stage for row in rows}
    for operator in dict.fromkeys(row.operator for row in rows):
        own = [row for row in rows if row.operator == operator]
        seeds = set.intersection(*({each.seed for each in row.trainings} for row in own))
        if len(stages) > 1 and len(own) == len(stages) and seeds:
            yield Approximated(
                stage=AVERAGE, operator=operator, trainings=tuple(_average(own, seed) for seed in sorted(seeds))
            )


def _average(rows: Sequence[Approximated], seed: int) -> Training:
    own = [next(each for each in row.trainings if each.seed == seed) for row in rows]
    return Training(seed=seed, mse=fmean(each.mse for each in own), normalised=fmean(each.normalised for each in own))


def _interval(values: Sequence[float]) -> Interval | None:
    return log_mean_interval([max(value, LEAST) for value in values]) if values else None


def verdicts(rows: Sequence[Approximated]) -> tuple[str, ...]:
    """Which pair does best in each stage and on average, and whether that is decided: a sentence each."""
    stages: dict[str, list[Approximated]] = {}
    for row in rows:
        if row.mse is not None:
            stages.setdefault(row.place, []).append(row)
    return tuple(_verdict(place, own) for place, own in stages.items() if len(own) > 1)


def _verdict(place: str, rows: Sequence[Approximated]) -> str:
    best, *others = sorted(rows, key=lambda row: row.mse.centre if row.mse else 0.0)
    ratios = {other.operator: over(other, best) for other in others}
    where = place if place == "average" else f"stage {place}"
    told = ", ".join(f"{name} has {bounds(ratio)}x its error" for name, ratio in ratios.items() if ratio)
    open_ones = [name for name, ratio in ratios.items() if ratio is None or ratio.low is None or ratio.low <= 1]
    decided = f"undecided against {' and '.join(open_ones)}" if open_ones else "decided"
    return f"{where}: {best.operator} approximates best ({decided}): {told}"


def over(row: Approximated, best: Approximated) -> Interval | None:
    """How many times the other's error, seed by seed on the same split; None without a common seed."""
    others: Mapping[int, float] = {each.seed: each.mse for each in best.trainings}
    ratios = [max(each.mse, LEAST) / max(others[each.seed], LEAST) for each in row.trainings if each.seed in others]
    return _interval(ratios)


def is_scarce(row: Approximated, run: Run) -> bool:
    """Whether a pair has so many weights for so few values that its error tells more of the images than of it."""
    told = next((record.input for record in run.study_records if record.input), None)
    if row.first is None or told is None or told.split is None or not row.first.params:
        return False
    return told.split[0] * row.first.channels * row.first.height * row.first.width < FEW * row.first.params
