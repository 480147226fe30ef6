"""Studies made up for the tests of reports: errors, kernels and maps that a test names."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bench.records.run import Plan, Run
from bench.records.study import (
    Approximation,
    Drawn,
    Fit,
    ImageSet,
    Pixels,
    Redundancy,
    Salience,
    Study,
    StudyInput,
    StudyName,
    StudyRecord,
)
from tests.made_up_runs import state

PAIRS = ("dwconv+pwconv", "gconv+pwconv", "pconv+pwconv")
CHECKPOINT = "0f" * 32
IMAGES = ImageSet(source="/photos", found=50, used=40, preprocessing="cropped")
MADE = replace(IMAGES, source="made: leaves, seed 0")


def study(name: StudyName = "approximate", model: str = "resnet50", images: str = "/photos") -> Study:
    """Of a user's checkpoint and images."""
    weights, count = "/w.pth", 40
    return Study(
        name=name, model=model, weights=weights, images=images, count=count, operators=PAIRS, repeats=3, epochs=9,
        seed=2, layer="conv",
    )  # fmt: skip


def given(parts: int, images: ImageSet | None = IMAGES, checkpoint: str = CHECKPOINT) -> StudyInput:
    """What was studied."""
    words = "w.pth, SHA-256 0f0f" if checkpoint else "random, seed 0"
    split = (28, 4, 8) if images else None
    return StudyInput(
        input_shape=(3, 224, 224), weights=words, checkpoint=checkpoint, images=images, split=split, parts=parts
    )


def approximation(stage: int, operator: str, seed: int, mse: float, variance: float = 0.1) -> Approximation:
    """One training; the counts are those of a 64x56x56 map."""
    macs = 9_633_792
    return Approximation(
        stage=stage, layer=f"layer{stage}", channels=64, height=56, width=56, operator=operator, seed=seed, macs=macs,
        params=6400, macs_counted=macs, conv_macs=115_605_504, conv_params=36_864,
        fit=Fit(mse=mse, variance=variance, validation_mse=mse, epochs=5),
    )  # fmt: skip


def errors(by_pair: Mapping[str, Iterable[float]], stages: int = 1) -> list[StudyRecord]:
    """The same errors in each stage, one for each seed from 0 on."""
    return [
        StudyRecord(approximation=approximation(stage, operator, seed, mse))
        for stage in range(1, stages + 1)
        for operator, mses in by_pair.items()
        for seed, mse in enumerate(mses)
    ]


def filters(layer: str, counts: tuple[int, ...], zero: int = 0) -> StudyRecord:
    """3x3 filters, each with a ninth of its energy everywhere."""
    return StudyRecord(salience=Salience(layer=layer, height=3, width=3, counts=counts, shares=(1 / 9,) * 9, zero=zero))


def pixels(maps: int, size: int) -> Pixels:
    """Grey levels one after the other."""
    data = bytes(number % 256 for number in range(maps * size * size))
    return Pixels(maps=maps, height=size, width=size, data=base64.b64encode(data).decode())


def alike(layer: str, twins: int, *, draw: bool = False) -> StudyRecord:
    """Ten channels, two of which are constant."""
    shown = Drawn(image=pixels(3, 8), maps=pixels(8, 6), similarity=pixels(1, 8), nearest=(0.1, 0.95, 0.95))
    return StudyRecord(
        redundancy=Redundancy(
            layer=layer, kind="Conv2d", channels=10, height=8, width=8, pixels=640, constant=2, similarity=0.25,
            twins=twins, effective_rank=6.0, drawn=shown if draw else None,
        )
    )  # fmt: skip


def run_of(asked: Study, records: Iterable[StudyRecord], told: StudyInput | None = None) -> Run:
    """A run of that study, whole."""
    found = list(records)
    first = StudyRecord(input=told or given(len(found)))
    plan = Plan(
        command=asked.name, argv=(), created_utc="2026-01-01T00:00:00Z", version="0", code_version="c", units=(),
        study=asked, devices=(state(),),
    )  # fmt: skip
    return Run(plan=plan, records=(), devices=(state(),), study_records=(first, *found))
