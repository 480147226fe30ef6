"""`bench`: the group of commands, and the one place where an error becomes a line and an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import ClassVar

import click

from bench.cli.interrupts import as_ctrl_c
from bench.cli.streams import open_streams, silence, tell
from bench.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, BenchError
from bench.plain_text import LONGEST_MESSAGE, plain_line


class LazyGroup(click.Group):
    """A command is the function of its name in bench.cli.NAME, imported when it is used: --help stays quick."""

    summaries: ClassVar[dict[str, str]] = {
        "ops": "Time Conv, GConv, DWConv, PConv and their pairs; the default is the paper's Table 1.",
        "models": "Time FasterNet and its rivals; the default is the paper's Table 3.",
        "layers": "Say where a network's time goes, layer by layer, and what two networks differ in.",
        "accuracy": "How accurate is a network as a runtime computes it? Top-1 and top-5 on your images.",
        "compare": "Say how many times as slow one workload is as another, by pairs of live workers.",
        "doctor": "Is this machine fit to measure? What mends it, and the smallest change it could see.",
        "approximate": "How well do cheap pairs do what a network's 3x3 convolutions do? The paper's Table 2.",
        "salience": "Where in their kernels are a network's filters strongest?",
        "redundancy": "How alike are the channels of a network's feature maps?",
        "peak": "What can a device do at most? Matrix products and memory, measured; a roofline.",
        "devices": "List, check, set up, trust and clean the devices of devices.yaml.",
        "runtimes": "List the runtimes; set up what converts networks for one.",
        "best": "Which network to take: the rows of a run that meet conditions, and their front.",
        "show": "Everything that a run knows of one row.",
        "report": "Make the tables and plots of finished runs again.",
        "site": "Make a static results page of many runs, or check runs that somebody contributes.",
        "history": "Show each cell over many finished runs, and where it changed.",
        "plugins": "List what installed plug-ins offer, and what is wrong with those that are left out.",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.summaries:
            return None
        import pkgutil

        command = pkgutil.resolve_name(f"bench.cli.{cmd_name}:{cmd_name}")
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cross-device-bench", prog_name="bench")
def bench() -> None:
    """How fast operators and networks really are on each of your devices, and how far that can be trusted."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. An error is one line on stderr, a traceback only with -v."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    open_streams()
    verbose = "-v" in given or "--verbose" in given
    try:
        with as_ctrl_c():
            result = bench.main(given, prog_name="bench", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        tell(error.ctx.get_help() if error.ctx else "")
        return EXIT_USAGE
    except click.ClickException as error:
        message = error.format_message()
        if isinstance(error, click.UsageError) and error.ctx is not None:
            message += f" (see `{error.ctx.command_path} --help`)"
        return _fail(message, EXIT_USAGE, verbose)
    except BenchError as error:
        return _fail(str(error), error.exit_code, verbose)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", EXIT_INTERRUPTED, verbose)
    except BrokenPipeError:
        # The reader of stdout went away (`bench ... | head`): nothing is wrong, and nothing more can be said.
        silence(sys.stdout)
        return EXIT_FAILED
    except OSError as error:
        silence(sys.stdout)  # where it was what is full, its rest would be tried once more at the end
        what, why = error.filename or "its output", os.strerror(error.errno or 0)
        return _fail(
            f"expected to read or write {what}, got: {why}; look at its name, its permissions and its disk",
            EXIT_FAILED,
            verbose,
        )
    except Exception as error:  # noqa: BLE001 - the user gets a line, and the traceback with -v
        return _fail(
            f"unexpected {type(error).__name__}: {error}; run again with -v to see where", EXIT_FAILED, verbose
        )


def _fail(message: str, code: int, verbose: bool) -> int:
    if verbose:
        import traceback

        tell(traceback.format_exc().rstrip())
    # A device's words may be part of it; nothing of theirs shall steer the terminal.
    tell(f"bench: {plain_line(message, LONGEST_MESSAGE)}")
    return code


if __name__ == "__main__":
    sys.exit(main())
