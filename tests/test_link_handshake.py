"""The first words with a device, when it does not keep to them."""

import subprocess

import pytest

from bench.errors import LinkLostError, ProtocolError
from bench.link.archive import code_archive
from bench.link.bootstrap import mark
from bench.link.child import ProcessPipe
from bench.link.handshake import Handshake
from bench.system.process_group import kill_group

# Each line that it says ends in the mark's word; the code is read meanwhile, and goes nowhere.
SLOW = """
cat >/dev/null &
say() { printf '\\n%s %s\\n' "$0" "$1"; }
say send
for _ in 1 2 3 4 5 6; do sleep 1; say got; done
say ready
"""


def test_code_that_arrives_slowly_is_waited_for() -> None:
    """Six seconds on the way, at a patience of four: what arrives renews it."""
    with subprocess.Popen(
        ["bash", "-c", SLOW, mark("abc")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            Handshake(
                ProcessPipe(process),
                name="board",
                mark=mark("abc"),
                archive=code_archive(),
                explain=lambda *_: LinkLostError("gone"),
            ).run(4.0)
        finally:
            kill_group(process)


@pytest.mark.parametrize("first", ["noise", f"\n{mark('abc')} send"])
def test_a_line_without_an_end_is_refused(first: str) -> None:
    """Also after our program's mark, which whoever runs there can copy."""
    with subprocess.Popen(
        ["sh", "-c", 'printf "%s" "$0"; exec tr "\\0" x </dev/zero', first],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        handshake = Handshake(
            ProcessPipe(process),
            name="board",
            mark=mark("abc"),
            archive=code_archive(),
            explain=lambda *_: LinkLostError("gone"),
        )
        try:
            with pytest.raises(ProtocolError, match="board: expected our program's first line, got more than"):
                handshake.run(60)
        finally:
            kill_group(process)
