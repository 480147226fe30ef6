"""Table 2 of the paper: how well pairs of cheap convolutions do what a regular 3x3 convolution does."""

from dataclasses import replace

from torch import Tensor

from bench.records.study import Approximation, Study, StudyRecord
from bench.worker.studies.images import take_images
from bench.worker.studies.network import Say, Studied, network_of
from bench.worker.studies.pair_fit import counted_macs, fit, split, split_sizes
from models.feature_maps import ConvLayer, conv_layers, maps_of, of_stages
from operators.build import build
from operators.cost import operator_cost
from operators.spec import OperatorSpec

MOST_BYTES = 8 << 30  # of one layer's maps
_FLOAT = 4  # bytes


def approximate(study: Study, say: Say) -> None:
    """Train every pair in the place of every stage's first 3x3 convolution, `study.repeats` times each."""
    studied = network_of(study)
    images, told = take_images(study, studied.input_shape)
    sizes = split_sizes(told.used)
    layers = of_stages(conv_layers(studied.network, images[:1]))
    _check(layers, study, told.used)
    parts = len(layers) * len(study.operators) * study.repeats
    say(studied.beginning(parts=parts, images=told, split=sizes))
    for stage, layer in enumerate(layers, 1):
        _one_stage(study, studied, images, stage, layer, say)


def _check(layers: tuple[ConvLayer, ...], study: Study, count: int) -> None:
    if not layers:
        raise ValueError(
            "expected a network with regular 3x3 convolutions that keep size and channels, got none in "
            f"{study.model}; choose another, such as resnet50"
        )
    largest = max(2 * _FLOAT * count * each.module.in_channels * each.height * each.width for each in layers)
    if largest > MOST_BYTES:
        raise ValueError(
            f"expected feature maps of at most {MOST_BYTES >> 30} GiB for {count} images, got {largest >> 30}; "
            "give a smaller --count"
        )


def _one_stage(study: Study, studied: Studied, images: Tensor, stage: int, layer: ConvLayer, say: Say) -> None:
    before, after = maps_of(studied.network, layer.name, images)
    if layer.module.bias is not None:
        after -= layer.module.bias.detach()[:, None, None]  # the pairs have none
    for operator in study.operators:
        for seed in range(study.seed, study.seed + study.repeats):
            say(StudyRecord(approximation=_one_pair(study, stage, layer, operator, seed, before, after)))


def _one_pair(
    study: Study, stage: int, layer: ConvLayer, operator: str, seed: int, before: Tensor, after: Tensor
) -> Approximation:
    shape = (layer.module.in_channels, layer.height, layer.width)
    found = Approximation(
        stage=stage,
        layer=layer.name,
        channels=shape[0],
        height=layer.height,
        width=layer.width,
        operator=operator,
        seed=seed,
        reason="not trained",
    )
    try:
        spec = _spec(operator, shape, seed)
    except ValueError as error:  # channels that its groups or its ratio do not divide
        return replace(found, reason=str(error))
    pair = build(spec)
    ours, regular = operator_cost(spec, batch=1), operator_cost(_spec("conv", shape, seed), batch=1)
    return replace(
        found,
        macs=ours.macs,
        params=ours.params,
        macs_counted=counted_macs(pair, shape),
        conv_macs=regular.macs,
        conv_params=regular.params,
        fit=fit(pair, before, after, split(len(before), seed), epochs=study.epochs, seed=seed),
        reason="",
    )


def _spec(operator: str, shape: tuple[int, int, int], seed: int) -> OperatorSpec:
    channels, height, width = shape
    return OperatorSpec(op=operator, channels=channels, height=height, width=width, stack=1, seed=seed)
