"""Layers made up for tests: a stem, a block with a fused activation and a copy that nobody maps, and a classifier."""

from dataclasses import replace

from bench.records.ceilings import Bandwidth, Ceilings, Gemm
from bench.records.layers import Layers, Part, Piece
from bench.records.record import Record
from bench.records.run import DeviceState, Run
from tests.made_up_runs import done, models_run, net, state

PARTS = (
    Part(name="stem/Conv_0", layer="stem", kind="conv", macs=4_000_000, params=100, stride=4),
    Part(name="block.mix/Conv_1", layer="block.mix", kind="dwconv", macs=1_000_000, params=10, stride=8),
    Part(name="block.act/Relu_2", layer="block.act", kind="activation", stride=8),
    Part(name="block.norm/BatchNormalization_3", layer="block.norm", kind="norm", macs=500, params=20, stride=8),
    Part(name="head/Gemm_4", layer="head", kind="linear", macs=1_000, params=1_000, also=("output",)),
)
PIECES = (
    Piece(name="stem/Conv_0_nchwc", kind="Conv", seconds=4e-3, ran_on="CPU", parts=("stem/Conv_0",), bytes_moved=4000),
    Piece(
        name="fused",
        kind="FusedConv",
        seconds=2e-3,
        ran_on="CPU",
        parts=("block.mix/Conv_1", "block.act/Relu_2"),
        bytes_moved=2000,
    ),
    Piece(name="ReorderOutput", kind="ReorderOutput", seconds=1e-3, ran_on="CPU", bytes_moved=1000),
    Piece(name="output", kind="Gemm", seconds=1e-3, ran_on="NPU", parts=("head/Gemm_4",), bytes_moved=500),
)
LAYERS = Layers(
    pieces=PIECES, parts=PARTS, plain_s=(8.2e-3, 8.0e-3, 8.4e-3), profiled_s=(8.8e-3,), taken_out_s=1e-4, asleep=3
)
CEILINGS = Ceilings(
    dtype="float32",
    threads=1,
    gemms=(Gemm(runtime="onnxruntime", dtype="float32", shape=(64, 64, 64), macs_per_s=(2e9, 2e9, 2e9)),),
    bandwidths=(Bandwidth(level="DRAM", level_bytes=0, access="copy", set_bytes=1 << 26, bytes_per_s=(1e6, 1e6, 1e6)),),
)


def scaled(layers: Layers, factor: float) -> Layers:
    """The same, every time that many times as long."""
    pieces = tuple(replace(piece, seconds=factor * piece.seconds) for piece in layers.pieces)
    plain = tuple(factor * each for each in layers.plain_s)
    return replace(layers, pieces=pieces, plain_s=plain, profiled_s=tuple(factor * each for each in layers.profiled_s))


def layered(name: str, layers: Layers, number: int = 0) -> Record:
    """A network whose worker gave these layers."""
    unit = replace(net(name, number), runtime="onnxruntime")
    return replace(done(unit, 8e-3), layers=layers)


def layers_run(*records: Record, ceilings: tuple[Ceilings, ...] = ()) -> Run:
    """`bench layers` on one device."""
    own: DeviceState = replace(state(), ceilings=ceilings)
    run = models_run(list(records), states=(own,))
    return replace(run, plan=replace(run.plan, command="layers"))
