"""What a device of two levels of memory might do at most; round numbers, so that a limit can be worked by hand."""

from dataclasses import replace

from bench.records.ceilings import Bandwidth, CallOverhead, Ceilings, Gemm, Unmeasured

FLOAT32 = Ceilings(
    dtype="float32",
    threads=1,
    accelerator="",
    taken_utc="2026-01-01T00:00:00Z",
    gemms=(
        Gemm(
            runtime="eager", dtype="float32", shape=(256, 256, 256), macs_per_s=(90e9, 100e9, 110e9), isa="MKL AVX-512"
        ),
        Gemm(runtime="numpy", dtype="float32", shape=(512, 512, 512), macs_per_s=(50e9, 50e9, 50e9)),
    ),
    bandwidths=(
        Bandwidth(level="L2", level_bytes=1 << 20, access="read", set_bytes=1 << 19, bytes_per_s=(40e9,) * 3),
        Bandwidth(level="L2", level_bytes=1 << 20, access="write", set_bytes=1 << 19, bytes_per_s=(90e9,) * 3),
        Bandwidth(level="L2", level_bytes=1 << 20, access="copy", set_bytes=1 << 19, bytes_per_s=(30e9,) * 3),
        Bandwidth(level="DRAM", level_bytes=0, access="read", set_bytes=1 << 27, bytes_per_s=(10e9,) * 3),
        Bandwidth(level="DRAM", level_bytes=0, access="triad", set_bytes=1 << 27, bytes_per_s=(8e9,) * 3),
    ),
    overheads=(CallOverhead(runtime="eager", seconds=(1e-6, 1e-6, 1e-6)),),
    page_fault_s=(0.5e-6, 0.5e-6, 0.5e-6),
    unmeasured=(Unmeasured(part="openvino", reason="openvino is not installed there"),),
)
BFLOAT16 = replace(
    FLOAT32,
    dtype="bfloat16",
    gemms=(Gemm(runtime="eager", dtype="bfloat16", shape=(256, 256, 256), macs_per_s=(200e9,) * 3),),
)
