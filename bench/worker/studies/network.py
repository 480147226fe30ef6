"""The network of a study, with random weights or those of a checkpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from bench.plan.checkpoints import checkpoint_digest
from bench.plan.subjects import one_network
from bench.records.study import ImageSet, Study, StudyInput, StudyRecord
from bench.worker.build import load_weights
from models.build import build_and_look

Say = Callable[[StudyRecord], None]


@dataclass(frozen=True, kw_only=True)
class Studied:
    """In evaluation mode, with what must be known of it."""

    network: nn.Module
    input_shape: tuple[int, int, int]  # (C, H, W)
    weights: str  # in words
    checkpoint: str  # SHA-256, empty where there is none

    def beginning(
        self, *, parts: int, images: ImageSet | None = None, split: tuple[int, int, int] | None = None
    ) -> StudyRecord:
        """What is said first of a study of so many parts."""
        return StudyRecord(
            input=StudyInput(
                input_shape=self.input_shape,
                weights=self.weights,
                checkpoint=self.checkpoint,
                images=images,
                split=split,
                parts=parts,
            )
        )


def network_of(study: Study) -> Studied:
    """The network that a study names; ValueError in one line where there is none or its checkpoint is another's."""
    entry = one_network(study.model)
    network, shape = build_and_look(entry, seed=study.seed)
    words = "its factory's own" if entry.library == "factory" else f"random, seed {study.seed}"
    digest = ""
    if study.weights:
        load_weights(network, study.weights)
        digest = checkpoint_digest(study.weights)
        words = f"{Path(study.weights).name}, SHA-256 {digest[:12]}"
    return Studied(network=network, input_shape=shape, weights=words, checkpoint=digest)
