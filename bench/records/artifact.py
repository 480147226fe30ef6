"""What a unit needs beforehand, made once on the host: its files by digest, and its cost."""

from dataclasses import dataclass

from bench.records.measurement import Cost
from bench.records.record import FailureKind


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """The files of one unit, by digest, and its cost; or why they could not be made."""

    reference: str = ""  # fp32 eager's output on the same input, .npz
    model: str = ""  # the exported graph, .onnx, or the file that a runtime's converter made
    parts: str = ""  # what each operation of that graph belongs to and costs, .json
    inputs: str = ""  # the arrays that a user gave, .npz
    cost: Cost | None = None
    channels_last_cost: Cost | None = None  # where that layout moves other bytes
    graph_nodes: int | None = None  # operations of the graph
    peak_bytes: int | None = None  # of activations live at once in it
    kind: FailureKind = ""  # empty where it was made
    reason: str = ""  # one line for people
    graph_reason: str = ""  # why there is no graph, where the rest could be made
    seconds: float = 0.0  # that making it took

    @property
    def digests(self) -> tuple[str, ...]:
        """Its files."""
        return tuple(filter(None, (self.reference, self.model, self.parts, self.inputs)))
