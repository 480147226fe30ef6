"""Evaluations made up for tests: FasterNet-T0 in eager, seven classes, answers that a test names."""

from dataclasses import replace

from bench.records.accuracy import Answer, Asked, Evaluation, EvaluationRecord, Preprocessing
from bench.records.run import Run
from tests.made_up_runs import done, models_run, net

HOW = Preprocessing(
    resize=(256, 0), crop=(224, 224), interpolation="bicubic", mean=(0.5,), deviation=(0.5,), source="someone"
)


def evaluation(*answers: Answer, images: int = 0, labels: bool = True, reference: str = "fp32 eager") -> Run:
    """A run that has these answers, of so many images; all of them, where no number is given."""
    asked = Asked(
        artifact="a" * 64,
        weights="w.pth",
        classes=7,
        numbering="as their names say" if labels else "",
        reference=reference,
        images=images or len(answers),
        found=100,
        data="d" * 64,
        preprocessing=HOW,
    )
    run = models_run([done(net("fasternet_t0"), 0.01)])
    plan = replace(run.plan, command="accuracy", evaluation=Evaluation(folder="/photos"))
    records = (EvaluationRecord(asked=asked), EvaluationRecord(answers=answers))
    return replace(run, plan=plan, records=(), evaluation_records=records)
