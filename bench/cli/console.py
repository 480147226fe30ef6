"""The terminal's two streams, either of which may lose its reader."""

import os

from rich.console import Console


class SturdyConsole(Console):
    """A console that goes on without a reader (`| head`, a `tee` that Ctrl-C ended), where rich would end the process.

    What is left is said to nobody: a run that has measured for hours is worth more than its last lines.
    """

    def on_broken_pipe(self) -> None:
        """Let everything that still goes to this stream vanish, also what others write to it."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)
