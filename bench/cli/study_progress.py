"""How far a study is, on stderr."""

from bench.cli.piece_progress import PieceProgress
from bench.records.study import StudyRecord


class StudyProgress(PieceProgress):
    """A piece is a record."""

    def ended(self, record: StudyRecord) -> None:
        """One more piece is written down."""
        if record.input is None:
            self.advance(1, outcome(record))
            return
        self.begin(record.input.parts)
        for each in record.input.images.trouble if record.input.images else ():
            self.line(f"left out: {each}")


def outcome(record: StudyRecord) -> str:
    """A piece in a few words."""
    if (made := record.approximation) is not None:
        found = f"MSE {made.fit.mse:.3g} after {made.fit.epochs} epochs" if made.fit else made.reason
        return f"stage {made.stage} {made.operator}, seed {made.seed}: {found}"
    if (seen := record.salience) is not None:
        return f"{seen.layer}: {sum(seen.counts)} filters"
    if (alike := record.redundancy) is not None:
        return f"{alike.layer}: {alike.twins} of {alike.channels} channels have a near twin"
    return record.failed
