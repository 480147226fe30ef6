"""What came of an evaluation: parts of the images, each with its interval."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from bench.records.accuracy import TOP, Answer, Asked, MeasuredAccuracy
from bench.records.run import Run
from bench.records.workload import Unit
from bench.statistics import Interval, paired_difference, share


@dataclass(frozen=True, kw_only=True)
class Part:
    """So many of the images."""

    name: str  # for programs
    title: str
    count: int
    total: int

    @property
    def share(self) -> Interval:
        """Of 1, with Wilson's interval."""
        return share(self.count, self.total)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Answers to the images that were asked about so far. One that holds NaN is no right answer."""

    asked: Asked
    answers: tuple[Answer, ...]

    @cached_property
    def read(self) -> tuple[Answer, ...]:
        """Those to images that could be read: no other counts in any part."""
        return tuple(answer for answer in self.answers if not answer.trouble)

    @property
    def unreadable(self) -> tuple[Answer, ...]:
        """The others."""
        return tuple(answer for answer in self.answers if answer.trouble)

    @property
    def broken(self) -> tuple[Answer, ...]:
        """Those with NaN among their scores."""
        return tuple(answer for answer in self.read if not answer.top)

    @property
    def is_whole(self) -> bool:
        """Whether every image was asked about."""
        return len(self.answers) == self.asked.images

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Those that can be told: of labels, of agreement, of both."""
        if not self.read:
            return ()
        made: dict[tuple[str, str], Iterable[Answer]] = {}
        other = self.asked.reference
        if self.asked.numbering:
            made["top1", "top-1"] = filter(_is_right, self.read)
            if self.asked.classes > TOP:
                made["top5", f"top-{TOP}"] = (each for each in self.read if each.label in each.top)
        if other:
            made["agreement", f"same class as {other}"] = (each for each in self.read if _agrees(each))
        if self.asked.numbering and other:
            made["reference_top1", f"top-1 of {other}"] = filter(_reference_is_right, self.read)
        return tuple(
            Part(name=name, title=title, count=sum(1 for _ in found), total=len(self.read))
            for (name, title), found in made.items()
        )

    @property
    def difference(self) -> Interval | None:
        """How much more accurate than the reference, in parts of 1; None where that is not known."""
        if not (self.asked.numbering and self.asked.reference and self.read):
            return None
        right = [(_is_right(each), _reference_is_right(each)) for each in self.read]
        return paired_difference(right.count((True, False)), right.count((False, True)), len(right))

    def accuracy(self, unit: Unit, run: str) -> MeasuredAccuracy | None:
        """Top-1 of that unit; None where there are no labels, or no image could be read."""
        top1 = next((part for part in self.parts if part.name == "top1"), None)
        if top1 is None:
            return None
        found = top1.share
        return MeasuredAccuracy(
            network=unit.workload.name,
            variant=unit.workload.variant,
            input_shape=unit.workload.input_shape,
            runtime=unit.runtime,
            dtype=unit.dtype,
            calibration=unit.calibration.digest,
            top1=found.centre,
            low=found.low or 0.0,
            high=found.centre if found.high is None else found.high,
            images=top1.total,
            artifact=self.asked.artifact,
            run=run,
        )


def _is_right(answer: Answer) -> bool:
    return answer.top[:1] == (answer.label,)


def _reference_is_right(answer: Answer) -> bool:
    return answer.reference == answer.label


def _agrees(answer: Answer) -> bool:
    return answer.top[:1] == (answer.reference,)


def outcome_of(run: Run) -> Outcome | None:
    """Of a run of `bench accuracy`; None where it never began."""
    asked = next((record.asked for record in run.evaluation_records if record.asked), None)
    if asked is None:
        return None
    return Outcome(asked=asked, answers=tuple(each for record in run.evaluation_records for each in record.answers))
