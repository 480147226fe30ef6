"""How far an evaluation is, on stderr: first what is asked, then images."""

from rich.console import Console

from bench.cli.piece_progress import PieceProgress
from bench.records.accuracy import Evaluation, EvaluationRecord
from bench.records.workload import Unit
from reports.accuracy.words import asked_lines, unit_text

EVERY_S = 10.0  # between two lines where there is no bar
NAMED = 5  # unreadable images that are told one by one


class AccuracyProgress(PieceProgress):
    """A piece is an image."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        super().__init__(console, quiet=quiet, every_s=EVERY_S)
        self._right = self._answers = self._unreadable = 0
        self._labelled = True

    def ended(self, record: EvaluationRecord, unit: Unit, evaluation: Evaluation) -> None:
        """One more record is written down."""
        if (asked := record.asked) is not None:
            for text in (unit_text(unit), *asked_lines(asked, evaluation)):
                self.line(text)
            self._labelled = bool(asked.numbering)
            self.begin(asked.images, evaluation.start)
        for answer in record.answers:
            if answer.trouble:
                self._unreadable += 1
                if self._unreadable <= NAMED:
                    self.line(f"left out: {answer.image}: {answer.trouble}")
                continue
            self._answers += 1
            self._right += answer.top[:1] == (answer.label if self._labelled else answer.reference,)
        if record.answers:
            self.advance(len(record.answers), self._so_far())

    def _so_far(self) -> str:
        what = "top-1" if self._labelled else "agreement"
        return f"{what} {100 * self._right / self._answers:.1f}%" if self._answers else "no image could be read yet"
