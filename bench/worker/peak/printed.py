"""What a C library writes to stdout while it works."""

import ctypes
import os
import sys
import tempfile
from collections.abc import Callable


def printed(step: Callable[[], object]) -> str:
    """Do the step, and take what is written meanwhile, by this process's C libraries too."""
    flush = ctypes.CDLL(None).fflush
    sys.stdout.flush()
    flush(None)
    before = os.dup(1)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        try:
            step()
            flush(None)
        finally:
            os.dup2(before, 1)
            os.close(before)
        file.seek(0)
        return file.read().decode(errors="replace")
