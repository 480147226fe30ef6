"""What is asked, in words; its text may come from outside (not escaped)."""

from pathlib import Path

from bench.plan.runtimes import find_runtime
from bench.records.accuracy import Asked, Evaluation, Preprocessing
from bench.records.workload import Unit, size_text


def preprocessing_text(how: Preprocessing) -> str:
    """The steps, and whose they are."""
    height, width = how.resize
    size = f"resized to {height}x{width} px" if width else f"shorter side to {height} px"
    channels = "" if len(how.mean) == 3 else "grey, "
    mean, deviation = ("/".join(f"{value:.4g}" for value in values) for values in (how.mean, how.deviation))
    steps = f"{channels}{size} ({how.interpolation}), centre {size_text(how.crop)}, mean {mean}, deviation {deviation}"
    return f"{steps}: {how.source}"


def unit_text(unit: Unit) -> str:
    """`fasternet_t0 3x224x224 in ONNX Runtime, float32, batch 1`."""
    row = find_runtime(unit.runtime)
    name = " ".join(filter(None, (unit.workload.name, unit.workload.variant, size_text(unit.workload.input_shape))))
    return f"{name} in {row.title if row else unit.runtime}, {unit.dtype}, batch {unit.batch}"


def artifact_text(asked: Asked) -> str:
    """What was asked: the very file that is timed, or a module."""
    file = f"the file that is timed, SHA-256 {asked.artifact}" if asked.artifact else "the PyTorch module"
    return f"asked: {file}; weights: {asked.weights}"


def images_text(asked: Asked, evaluation: Evaluation) -> str:
    """How many, of what, and how their labels became classes."""
    labels = f"classes {asked.numbering}" if asked.numbering else "no labels"
    return f"{asked.images} images of {asked.found}: {Path(evaluation.folder)}; {labels}"


def asked_lines(asked: Asked, evaluation: Evaluation) -> tuple[str, ...]:
    """All of it, a sentence each."""
    against = (f"held against {asked.reference} on the same images",) if asked.reference else ()
    return (
        artifact_text(asked),
        images_text(asked, evaluation),
        f"images {preprocessing_text(asked.preprocessing)}",
        *against,
        *asked.notes,
    )
