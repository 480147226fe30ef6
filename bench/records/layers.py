"""How long each layer of a network took in one worker: what its runtime executed as one, and what that stands for."""

from dataclasses import dataclass

from bench.records.times import are_times

MOST_PIECES = 3000  # that one message holds
MOST_PARTS = 30_000
MOST_S = 1e6


@dataclass(frozen=True, kw_only=True)
class Part:
    """One operation of a network as it was built, before any runtime fused it.

    In eager it is a module: what its own forward executes outside of the modules that it holds.
    """

    name: str  # of the graph's node, or the module's path
    layer: str  # the path of the module that it belongs to
    kind: str  # conv, gconv, dwconv, pwconv, linear, norm, ...
    macs: int | None = 0  # per image; None where nobody counts them
    params: int = 0
    stride: int = 0  # pixels of the image for one of its output, along a side; 0: its output is no map
    also: tuple[str, ...] = ()  # other names under which a runtime may know it
    takes: tuple[str, ...] = ()  # the names of those whose outputs it reads

    def __post_init__(self) -> None:
        if min(self.macs or 0, self.params, self.stride) < 0:
            raise ValueError(f"expected counts of {self.name[:80]!r} of 0 or more")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What a runtime executed as one, in the order of execution.

    `parts` are the names by which the runtime says what it stands for, from the host on those of `Part`.
    """

    name: str
    kind: str  # in the runtime's own word
    seconds: float  # of one call; 0 where nothing is left of it
    ran_on: str  # the provider or device
    parts: tuple[str, ...] = ()
    bytes_moved: int | None = None  # in one call of the whole batch

    def __post_init__(self) -> None:
        if not 0 <= self.seconds <= MOST_S or (self.bytes_moved or 0) < 0:
            raise ValueError(f"expected {self.name[:80]!r} to take 0 to {MOST_S:g} s and move 0 bytes or more")


@dataclass(frozen=True, kw_only=True)
class Layers:
    """One network in one worker. `plain_s` and `profiled_s` are calls without and with the profiler, in turn.

    taken_out_s: what was taken out of the pieces of a call, evenly, for the profiler's own work.
    asleep: operations that the runtime knows and did not execute.
    notes: what else must be known of the times, a line each.
    """

    pieces: tuple[Piece, ...]
    plain_s: tuple[float, ...]
    profiled_s: tuple[float, ...]
    parts: tuple[Part, ...] = ()
    taken_out_s: float = 0.0
    asleep: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < len(self.pieces) <= MOST_PIECES or len(self.parts) > MOST_PARTS:
            raise ValueError(
                f"expected 1 to {MOST_PIECES} pieces and at most {MOST_PARTS} parts, got {len(self.pieces)} and"
                f" {len(self.parts)}; time a part of the network"
            )
        if not self.plain_s or not self.profiled_s or not are_times((*self.plain_s, *self.profiled_s)):
            raise ValueError("expected calls with and without the profiler that are times in seconds")
        if not 0 <= self.taken_out_s <= MOST_S or self.asleep < 0:
            raise ValueError("expected a cost of the profiler of 0 s or more")


@dataclass(frozen=True, kw_only=True)
class GraphParts:
    """The operations of one exported graph, as the file beside it holds them."""

    parts: tuple[Part, ...]
