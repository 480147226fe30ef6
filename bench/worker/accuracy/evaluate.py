"""The task that asks one unit about a folder of images: what is asked, then its answers, in the order of the images."""

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.cache.store import Store
from bench.plain_text import spelled_out
from bench.plan.class_numbers import numbering
from bench.plan.image_folder import ImageFolder, Picture, image_folder
from bench.plan.runtimes import runtime
from bench.records.accuracy import TOP, Answer, Asked, Evaluation, EvaluationRecord, Preprocessing
from bench.wire.messages import Fatal
from bench.wire.order import Order, Task
from bench.worker.accuracy.pictures import AHEAD, Read, read_ahead
from bench.worker.accuracy.preprocessing import preprocessing_of
from bench.worker.accuracy.reference import reference_of, weights_text
from bench.worker.channel import Channel
from bench.worker.failure import classify
from bench.worker.measure import import_libraries, load, model_of
from bench.worker.output_check import arrays_in
from bench.worker.precision import precision_notes
from bench.worker.runtimes.loaded import UnsupportedError
from bench.worker.settings import applied

if TYPE_CHECKING:
    import numpy.typing as npt

Ask = Callable[["npt.NDArray[np.float32]"], object]  # images (N, C, H, W) to what a network answers
EVERY_S, MOST_ANSWERS = 1.0, 250  # of one message: what a killed run loses, and what fits into a line


def evaluate(task: Task, channel: Channel) -> None:
    """Send `evaluation` messages, or one `fatal` that says what of the question cannot be."""
    if task.evaluation is None or len(task.orders) != 1:
        raise ValueError("expected an evaluation of one unit in its task, got none")
    order, asked = task.orders[0], task.evaluation
    try:
        with applied(order.unit):
            for record in _records(order, asked, Store(Path(task.cache))):
                channel.send(record)
    except Exception as error:  # noqa: BLE001 - whatever a network raises
        kind, reason = classify(error)
        channel.send(Fatal(kind=kind, reason=reason))


def _records(order: Order, asked: Evaluation, store: Store) -> Iterator[EvaluationRecord]:
    unit = order.unit
    import_libraries(unit)
    loaded = load(order, store)
    if loaded.answer is None:
        raise UnsupportedError(f"{runtime(unit.runtime).title} is not asked about images yet; choose another --runtime")
    precision = precision_notes(unit, model_of(order, store))
    how = preprocessing_of(unit.workload, asked)
    folder = image_folder(Path(asked.folder), asked.labels, unlabelled=asked.unlabelled)
    classes = scores_in(loaded.output(), unit.batch).shape[1]
    numbers = numbering(folder, classes, asked.classes) if folder.words else None
    reference = reference_of(unit, order, store) if asked.agreement or numbers is None else None
    pictures = chosen(folder, asked)
    yield EvaluationRecord(
        asked=Asked(
            artifact=order.model if runtime(unit.runtime).graph else "",  # it may be there for another runtime
            weights=weights_text(unit.workload),
            checkpoint=unit.workload.model.checkpoint.digest if unit.workload.model else "",
            classes=classes,
            numbering=numbers.rule if numbers else "",
            reference=reference.words if reference else "",
            images=len(pictures),
            found=len(folder.pictures),
            data=folder.digest,
            preprocessing=how,
            notes=(*folder.notes, *loaded.notes, *precision),
        )
    )
    exam = Exam(
        ask=loaded.answer,
        reference=reference.ask if reference else None,
        numbers=numbers.numbers if numbers else {},
        batch=unit.batch,
        classes=classes,
    )
    left = pictures[asked.start :]
    yield from _sent_now_and_then(exam.answers(left, _read(left, asked, how, unit.batch)))


def chosen(folder: ImageFolder, asked: Evaluation) -> Sequence[Picture]:
    """In a seeded order: any beginning of it is a sample of all classes, and a limit takes one."""
    drawn = random.Random(asked.seed).sample(folder.pictures, len(folder.pictures))
    return drawn[: asked.limit or None]


def _read(pictures: Sequence[Picture], asked: Evaluation, how: Preprocessing, batch: int) -> Iterator[Read]:
    paths = (Path(asked.folder, each.path) for each in pictures)
    threads = len(os.sched_getaffinity(0))
    return read_ahead(paths, how, threads=threads, ahead=2 * batch + AHEAD * threads)


def _sent_now_and_then(batches: Iterable[Sequence[Answer]]) -> Iterator[EvaluationRecord]:
    """Together what comes within a second: each record is written to the disk for good."""
    kept: list[Answer] = []
    since = time.monotonic()
    for answers in batches:
        for each in answers:
            kept.append(each)
            if len(kept) >= MOST_ANSWERS or time.monotonic() - since > EVERY_S:
                yield EvaluationRecord(answers=tuple(kept))
                kept, since = [], time.monotonic()
    if kept:
        yield EvaluationRecord(answers=tuple(kept))


@dataclass(frozen=True, kw_only=True)
class Exam:
    """Who is asked, in batches of one size: the last one is filled up with its last image."""

    ask: Ask
    reference: Ask | None
    numbers: Mapping[str, int]
    batch: int
    classes: int

    def answers(self, pictures: Iterable[Picture], reads: Iterable[Read]) -> Iterator[tuple[Answer, ...]]:
        """One of each picture, in their order, batch by batch."""
        waiting: list[tuple[Picture, Read]] = []
        ready = 0
        for picture, read in zip(pictures, reads, strict=True):
            waiting.append((picture, read))
            ready += not isinstance(read, str)
            if ready == self.batch:
                yield self._answered(waiting)
                waiting, ready = [], 0
        if waiting:
            yield self._answered(waiting)

    def _answered(self, waiting: Sequence[tuple[Picture, Read]]) -> tuple[Answer, ...]:
        images = [read for _, read in waiting if not isinstance(read, str)]
        told = iter(self._told(images) if images else ())
        return tuple(
            replace(
                Answer(image="", trouble=read) if isinstance(read, str) else next(told),
                image=spelled_out(picture.path),
                label=self.numbers.get(picture.word, -1),
            )
            for picture, read in waiting
        )

    def _told(self, images: "list[npt.NDArray[np.float32]]") -> list[Answer]:
        """To images that could be read, without their names."""
        asked = np.stack(images + images[-1:] * (self.batch - len(images)))  # (N, C, H, W)
        tops = self._tops(self.ask, asked)
        others = self._tops(self.reference, asked) if self.reference else [()] * self.batch
        return [
            Answer(image="", top=top, reference=other[0] if other else -1)
            for top, other, _ in zip(tops, others, images, strict=False)
        ]

    def _tops(self, ask: Ask, images: "npt.NDArray[np.float32]") -> list[tuple[int, ...]]:
        scores = scores_in(ask(images), self.batch)
        if scores.shape[1] != self.classes:
            raise ValueError(f"expected {self.classes} scores of each image, got {scores.shape[1]}")
        return top_classes(scores)


def scores_in(answer: object, batch: int) -> "npt.NDArray[Any]":
    """The first array of an answer, (N, classes), trailing sizes of 1 left out; ValueError where it is none."""
    first = arrays_in(answer)[0]
    flat = first.reshape(first.shape[:2]) if first.ndim > 2 and set(first.shape[2:]) == {1} else first
    if flat.ndim != 2 or flat.shape[0] != batch or flat.dtype.kind != "f":
        raise ValueError(
            f"expected a network that answers with scores of classes, (N, classes), got {flat.dtype} of shape"
            f" {first.shape} to {batch} images; bench accuracy is for classifiers"
        )
    return flat


def top_classes(scores: "npt.NDArray[Any]") -> list[tuple[int, ...]]:
    """The highest first, the lower number first of equals; none of an image with a NaN among its scores."""
    best = np.argsort(-scores.astype(np.float64), axis=1, kind="stable")[:, :TOP]
    broken = np.isnan(scores).any(axis=1)
    return [() if bad else tuple(map(int, row)) for row, bad in zip(best, broken, strict=True)]
