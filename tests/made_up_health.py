"""What a device of two CPUs and a GPU might say of its health: no field is at its default, and nothing is wrong."""

from bench.records.health import GpuTuning, Health, Load, ProcessUse, Threads, Tuning

HEALTH = Health(
    load=Load(seconds=1.0, others_percent=0.5, steal_percent=0.0, processes=(ProcessUse(name="cron", percent=1.0),)),
    threads=Threads(cpus=(0, 1), worked=2, share=0.99, stopped_s=0.0, frequency_hz=2_000_000_000),
    tuning=Tuning(
        governor="performance",
        max_frequency_hz=2_000_000_000,
        boost=False,
        clock_source="tsc",
        numa_nodes=2,
        memory_available_bytes=4_000_000_000,
        swap_bytes=1_000_000_000,
        swap_used_bytes=0,
        huge_pages="madvise",
        aslr=2,
        lowest_nice=-20,
    ),
    allocators=("system", "retained", "jemalloc"),
    page_fault_s=0.5e-6,
    temperature_c=50.0,
    throttle_flags=0,
    gpus=(
        GpuTuning(
            name="NVIDIA H200",
            persistence=True,
            power_limit_w=700.0,
            power_default_w=700.0,
            sm_clock_mhz=1980.0,
            max_sm_clock_mhz=1980.0,
            clock_reasons=0,
            temperature_c=40.0,
        ),
    ),
)
