"""`bench accuracy`."""

from collections.abc import Iterable
from typing import Any

import click

from bench.cli.calibration import calibration_option
from bench.cli.options import Whole, format_option, one_of
from bench.cli.quantities import Channels, Part, Size
from bench.cli.study_options import WholePath
from bench.plan.runtimes import runtimes
from bench.plan.values import LARGEST_SEED
from bench.records.accuracy import MOST_IMAGES
from bench.records.workload import DTYPES

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")


class OneOf(click.ParamType[str]):
    """One of the choices; the error names the nearest one."""

    name = "NAME"

    def __init__(self, what: str, choices: Iterable[str]) -> None:
        self._parse = one_of(what, choices)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return self._parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("model", required=False)
@click.option("--data", type=WholePath(), help="The folder of images: a folder for each class, or --labels.")
@click.option("--checkpoint", type=WholePath(), help="Weights of that very network (.pth, .safetensors).")
@click.option("--labels", type=WholePath(), help='A file of lines "image,label".')
@click.option("--classes", type=WholePath(), help="A file that numbers the classes: lines or JSON (docs/accuracy.md).")
@click.option("--unlabelled", is_flag=True, help="Folders of the folder are no classes: agreement alone.")
@click.option("--agreement", is_flag=True, help="Ask fp32 eager too; without labels it always is.")
@click.option("--runtime", type=OneOf("a runtime", runtimes()), help=f"{', '.join(runtimes())}.")
@click.option("--dtype", type=OneOf("a dtype", DTYPES), help=f"{', '.join(DTYPES)}.")
@calibration_option
@click.option("--batch", type=Whole(), help="Images a call; default 1, or an .onnx file's own.")
@click.option("--threads", type=Whole(), help="Of the runtime; default half of the CPUs, as reading images takes some.")
@click.option("--limit", type=Whole(most=MOST_IMAGES), help="Images at most, a seeded choice; default all.")
@click.option("--input", "input_px", type=Size(), help="Height and width in pixels; default the network's own.")
@click.option("--crop", type=Part(), help="Part of the shorter side that is cut out, as 0.875; default its own.")
@click.option("--interpolation", type=OneOf("an interpolation", INTERPOLATIONS), help=f"{', '.join(INTERPOLATIONS)}.")
@click.option("--mean", type=Channels(), help="Of each colour, 0 to 1, as 0.485,0.456,0.406; default its own.")
@click.option("--std", type=Channels(), help="The same of the deviation.")
@click.option("--seed", type=Whole(0, LARGEST_SEED), default=0, help="Of the order of the images; default 0.")
@click.option("--out", type=click.Path(file_okay=False), help="The run's folder; default results/<time>-...")
@click.option("--resume", type=click.Path(file_okay=False), help="Go on with the run in this folder.")
@format_option("accuracy")
@click.option("--no-progress", is_flag=True, help="Say nothing on the way.")
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks.")
@click.pass_context
def accuracy(context: click.Context, /, **_: Any) -> int:
    """How accurate is a network as a runtime computes it? Top-1 and top-5 on a folder of images, with intervals.

    \b
      bench accuracy resnet50 --checkpoint resnet50.pth --data imagenet/val --runtime onnxruntime
      bench accuracy mynet.onnx --data photos --labels labels.csv
      bench accuracy mypackage.nets:make --data photos --runtime openvino --dtype bfloat16
    """
    from bench.cli.evaluation import run_evaluation

    return run_evaluation(context)
