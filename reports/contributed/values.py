"""Values of one record that no machine can have measured, whatever it is; a line for each, what was expected first."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

from bench.records.ceilings import Ceilings
from bench.records.environment import Environment
from bench.records.measurement import Measurement
from bench.records.pair import PairRecord
from bench.records.record import Record
from bench.records.workload import Unit
from reports.contributed.known import known_macs
from reports.limits import NoLimitError
from reports.numbers import GIGA, MEGA, MILLI, significant
from reports.standing import standing

# Winograd's and Strassen's ways multiply up to four times less often than is counted, and an empty call scatters.
SURPLUS = 4.0
# Multiply-adds a second, counted ones: over those of any core (512 bits twice a cycle at 6 GHz, times SURPLUS; matrix
# units do eight times as many in fewer bits) and of any accelerator.
MOST_OF_A_THREAD, MOST_IN_FEWER_BITS, MOST_OF_AN_ACCELERATOR = 2e12, 16e12, 1e17
MOST = float(1 << 64)  # of anything that is recorded: a seed
_SLACK = 1.05  # of a sum of times that were read one by one
_A_DAY = timedelta(days=1)  # that a clock may be ahead
_SIGNED = frozenset({"temperature_c", "clock_skew_s"})


def wrong_numbers(value: object, path: str) -> Iterator[str]:
    """Numbers that nothing recorded can have; temperatures and a clock's skew alone are signed."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in _SIGNED:
                yield from wrong_numbers(item, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from wrong_numbers(item, f"{path}[{index}]")
    elif isinstance(value, int | float) and not 0 <= value <= MOST:
        yield f"{path}: expected a number of 0 to {MOST:g}, got {str(value)[:20]}"


def wrong_time(text: str, now: datetime) -> str:
    """What is wrong with a time as `utc_now` writes it; empty where nothing is."""
    try:
        found = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return f"expected a time such as 2026-01-31T12:00:00Z, got {text[:40]!r}"
    return f"expected a time that has passed, got {text}" if found > now + _A_DAY else ""


def wrong_environment(name: str, found: Environment | None) -> Iterator[str]:
    """What keeps a reader from knowing on what a device's rows were measured."""
    if found is None:
        yield f"expected the environment of device {name}, got none; measure again where it can be reached"
        return
    if not found.board and found.cpu_model.strip().lower() in ("", "unknown", found.machine.lower()):
        yield f"expected device {name} with a CPU or board by name, got {found.cpu_model!r}"
    if not 1 <= found.physical_cores <= found.logical_cpus <= 100_000 or len(found.allowed_cpus) > found.logical_cpus:
        yield (
            f"expected device {name} with cores and CPUs, got {found.physical_cores}, {found.logical_cpus} and"
            f" {len(found.allowed_cpus)} allowed"
        )
    if not 1 << 24 <= found.memory_bytes <= 1 << 50:
        yield f"expected device {name} with a machine's memory, got {found.memory_bytes} bytes"


def wrong_ceilings(found: Sequence[Ceilings]) -> Iterator[str]:
    """Matrix products that are faster than any device."""
    for each in found:
        best, most = each.best(), _most(each.dtype, each.threads, each.accelerator)
        if best is not None and best.speed.centre > most:
            yield _too_fast(f"a matrix product in {each.dtype}", best.speed.centre, "any such device", most)


def wrong_record(record: Record, environment: Environment | None, ceilings: Sequence[Ceilings]) -> Iterator[str]:
    """What cannot be of a unit that was measured."""
    found = record.measurement
    if found is None:
        return
    yield from _memory(found, environment)
    yield from _duration(record, found)
    yield from _speed(record, found, ceilings)


def wrong_pair(record: PairRecord) -> Iterator[str]:
    """What cannot be of a pair that was measured: its bursts have to fit into its time, and its sides onto a device."""
    taken = sum(record.first_s + record.second_s)
    if taken > _SLACK * record.seconds:
        yield (
            f"expected bursts of at most the {significant(record.seconds)} s that the pair took, got"
            f" {2 * len(record.first_s)} whose single calls are {significant(taken)} s in all"
        )
    for unit, bursts in ((record.pair.first, record.first_s), (record.pair.second, record.second_s)):
        if bursts and (macs := known_macs(unit)):
            yield from _beyond_any(unit, macs, median(bursts))


def _memory(found: Measurement, environment: Environment | None) -> Iterator[str]:
    peak = found.peak_memory_bytes
    if peak == 0:
        yield "expected the memory of a process, got 0 bytes"
    if peak is not None and environment is not None and peak > environment.memory_bytes:
        yield (
            f"expected at most the machine's memory, {significant(environment.memory_bytes, MEGA)} MB, got a process of"
            f" {significant(peak, MEGA)} MB"
        )
    if environment is not None and (others := set(found.cpus) - set(environment.allowed_cpus)):
        yield f"expected CPUs that a process may use there, got {min(others)}"


def _duration(record: Record, found: Measurement) -> Iterator[str]:
    """The samples have to fit into the time that the unit took."""
    calls = found.iterations_per_sample * sum(found.samples_s)
    taken = calls if found.sustained is None else found.sustained.seconds
    if taken > _SLACK * record.seconds:
        yield (
            f"expected samples of at most the {significant(record.seconds)} s that the unit took, got"
            f" {len(found.samples_s)} of {found.iterations_per_sample} calls each, {significant(taken)} s in all"
        )


def _speed(record: Record, found: Measurement, ceilings: Sequence[Ceilings]) -> Iterator[str]:
    unit, cost, seconds = record.unit, record.cost, median(found.samples_s)
    if cost is None or not cost.macs:
        return
    beyond = list(_beyond_any(unit, cost.macs, seconds))
    yield from beyond
    if beyond:
        return
    try:
        stands = standing(unit, cost, seconds, None, ceilings)
    except NoLimitError:
        return
    least = max(stands.limit.compute_s, stands.limit.overhead_s) if stands else 0.0
    if seconds * SURPLUS < least:
        yield (
            f"expected {unit.workload.name} in about {significant(least, MILLI)} ms or more by the device's own"
            f" measured ceilings, got {significant(seconds, MILLI)} ms"
        )


def _beyond_any(unit: Unit, macs: float, seconds: float) -> Iterator[str]:
    own, most = macs * unit.batch / seconds, _most(unit.dtype, unit.threads, unit.accelerator)
    if own > most:
        yield _too_fast(unit.workload.name, own, "any such device", most)


def _most(dtype: str, threads: int, accelerator: str) -> float:
    if accelerator:
        return MOST_OF_AN_ACCELERATOR
    return threads * (MOST_OF_A_THREAD if dtype == "float32" else MOST_IN_FEWER_BITS)


def _too_fast(what: str, own: float, whose: str, most: float) -> str:
    return (
        f"expected {what} at no more than {whose} reaches, {significant(most, GIGA)} GMAC/s, got"
        f" {significant(own, GIGA)} GMAC/s"
    )
