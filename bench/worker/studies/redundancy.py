"""How alike the channels of a network's feature maps are (Fig. 3 of the paper)."""

from torch import Tensor, nn

from bench.records.study import Redundancy, Study, StudyRecord
from bench.worker.studies.correlation import Correlation
from bench.worker.studies.drawn_maps import drawn
from bench.worker.studies.images import take_images
from bench.worker.studies.network import Say, network_of
from models.feature_maps import check_layer, conv_layers, maps_of, of_stages, watch


def redundancy(study: Study, say: Say) -> None:
    """Look at what comes out of every convolution, and draw the maps of one layer."""
    studied = network_of(study)
    images, told = take_images(study, studied.input_shape)
    layers = conv_layers(studied.network, images[:1])
    if study.layer:
        check_layer(studied.network, study.layer)
    names = list(dict.fromkeys([*(each.name for each in layers), *[study.layer] * bool(study.layer)]))
    if not names:
        raise ValueError(f"expected a network with convolutions, got none in {study.model}; name one with --layer")
    chosen = study.layer or next((each.name for each in of_stages(layers)), names[0])
    _check_maps(studied.network, chosen, images[:1])
    say(studied.beginning(parts=len(names), images=told))
    found = _correlations(studied.network, names, images)
    for name, each in found.items():
        say(StudyRecord(redundancy=_record(studied.network, name, each, images[:1], draw=name == chosen)))


def _check_maps(network: nn.Module, name: str, image: Tensor) -> None:
    seen: list[Tensor] = []
    watch(network, [name], image, lambda _, __, ___, after: seen.append(after))
    if not seen:
        raise ValueError(f"expected a layer that gives feature maps (N, C, H, W), got {name!r}; name a convolution")


def _correlations(network: nn.Module, names: list[str], images: Tensor) -> dict[str, Correlation]:
    """Of each layer over all images, in the order in which they run."""
    found: dict[str, Correlation] = {}

    def saw(name: str, module: nn.Module, before: Tensor, after: Tensor) -> None:
        found.setdefault(name, Correlation(type(module).__name__, after)).add(after)

    watch(network, names, images, saw)
    return found


def _record(network: nn.Module, name: str, each: Correlation, image: Tensor, *, draw: bool) -> Redundancy:
    matrix = each.matrix()
    return Redundancy(
        layer=name,
        kind=each.kind,
        channels=each.channels,
        height=each.height,
        width=each.width,
        pixels=each.pixels,
        constant=each.channels - len(matrix.varying),
        similarity=matrix.similarity,
        twins=matrix.twins,
        effective_rank=matrix.effective_rank,
        drawn=drawn(image, maps_of(network, name, image)[1], matrix) if draw else None,
    )
