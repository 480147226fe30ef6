"""Which networks there are (the paper's Table 3, backbones of its Table 4, today's rivals), and how a name finds them.

Imports no torch, so that a run is planned without it; `models.build` makes the networks.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from models.rivals import RIVALS
from operators.axes import Value

Library = Literal["own", "timm", "torchvision", "factory", "onnx"]
Pixels = int | tuple[int, int]  # the side of a square image, or its height and width

GROUPS = ("t0", "t1", "t2", "s", "m", "l")  # the blocks of Table 3
# What a network is fed where neither its row nor the user names a size: ImageNet's usual crop.
DEFAULT_INPUT_PX = 224


def height_width(pixels: Pixels) -> tuple[int, int]:
    """Of an image of that size."""
    return pixels if isinstance(pixels, tuple) else (pixels, pixels)


@dataclass(frozen=True, kw_only=True)
class NetworkEntry:
    """One network: what it is called here and in the paper, and where it comes from.

    `groups` are the names under which it is found with others, besides its own. `library_name` is the library's own
    name, the `module:factory` of an own or a user's network, or the path of an .onnx file. `input_px` is None
    where only the network itself knows (a user's own, or one named after its library). `note` is what a reader of
    its numbers must know; reports print it. `arguments` are what the factory of an own network is called with, by name.
    `gmacs` is a guess of its multiply-adds at its own size, in 1e9, for planning; 0: as its block of Table 3 has.
    """

    name: str
    title: str
    library: Library
    library_name: str
    groups: tuple[str, ...] = ()
    input_px: Pixels | None = None
    note: str = ""
    arguments: tuple[tuple[str, Value], ...] = ()
    gmacs: float = 0.0

    def __post_init__(self) -> None:
        if not self.name or not self.title or not self.library_name:
            raise ValueError(f"expected a name, a title and a library name, got {self}")
        if self.library not in get_args(Library):
            raise ValueError(f"expected a library of {', '.join(get_args(Library))}, got {self.library!r}")
        if wrong := [group for group in self.groups if not group.isidentifier() or group == self.name]:
            raise ValueError(f"expected groups named like {GROUPS[0]}, none as the network is, got {wrong[0]!r}")
        if self.input_px is not None and min(height_width(self.input_px)) < 1:
            raise ValueError(f"expected a positive input size, got {self.input_px}")


def _row(
    name: str,
    title: str,
    group: str,
    library: Library,
    library_name: str,
    *,
    px: int = 224,
    note: str = "",
) -> NetworkEntry:
    return NetworkEntry(
        name=name,
        title=title,
        groups=_groups(group, library_name),
        input_px=px,
        library=library,
        library_name=library_name,
        note=note,
    )


def _groups(block: str, library_name: str) -> tuple[str, ...]:
    """Of a network of Table 3; those of Table 4 have no block and no group."""
    own = ("fasternet",) if library_name.startswith("models.fasternet:") else ()
    return ("paper", *own, block) if block else ()


_SHIFT = (
    "written from the CycleMLP paper (arXiv 2107.10224): its offsets are fixed whole pixels, so the"
    " deformable convolution of the authors' code is a shift and a 1x1 convolution here, the same result at another"
    " speed"
)
_PVT = "written from the PVT paper (arXiv 2102.12122), version 1"
_PX256 = "the printed counts hold at 256 px only"

# arXiv 2303.03667v3, Table 3, in its order.
_TABLE3 = (
    _row("shufflenetv2_x1_5", "ShuffleNetV2 x1.5", "t0", "torchvision", "shufflenet_v2_x1_5"),
    _row("mobilenetv2", "MobileNetV2", "t0", "timm", "mobilenetv2_100"),
    _row("mobilevit_xxs", "MobileViT-XXS", "t0", "timm", "mobilevit_xxs", px=256, note=_PX256),
    _row("edgenext_xxs", "EdgeNeXt-XXS", "t0", "timm", "edgenext_xx_small", px=256, note=_PX256),
    _row("fasternet_t0", "FasterNet-T0", "t0", "own", "models.fasternet:fasternet_t0"),
    _row("ghostnet_x1_3", "GhostNet x1.3", "t1", "timm", "ghostnet_130"),
    _row("shufflenetv2_x2", "ShuffleNetV2 x2", "t1", "torchvision", "shufflenet_v2_x2_0"),
    _row("mobilenetv2_x1_4", "MobileNetV2 x1.4", "t1", "timm", "mobilenetv2_140"),
    _row("mobilevit_xs", "MobileViT-XS", "t1", "timm", "mobilevit_xs", px=256, note=_PX256),
    _row("edgenext_xs", "EdgeNeXt-XS", "t1", "timm", "edgenext_x_small", px=256, note=_PX256),
    _row("pvt_tiny", "PVT-Tiny", "t1", "own", "models.pvt:pvt_tiny", note=_PVT),
    _row("fasternet_t1", "FasterNet-T1", "t1", "own", "models.fasternet:fasternet_t1"),
    _row("cyclemlp_b1", "CycleMLP-B1", "t2", "own", "models.cyclemlp:cyclemlp_b1", note=_SHIFT),
    _row("poolformer_s12", "PoolFormer-S12", "t2", "timm", "poolformer_s12"),
    _row("mobilevit_s", "MobileViT-S", "t2", "timm", "mobilevit_s", px=256, note=_PX256),
    _row("edgenext_s", "EdgeNeXt-S", "t2", "timm", "edgenext_small", px=256, note=_PX256),
    _row("resnet50", "ResNet50", "t2", "timm", "resnet50"),
    _row("fasternet_t2", "FasterNet-T2", "t2", "own", "models.fasternet:fasternet_t2"),
    _row("cyclemlp_b2", "CycleMLP-B2", "s", "own", "models.cyclemlp:cyclemlp_b2", note=_SHIFT),
    _row("poolformer_s24", "PoolFormer-S24", "s", "timm", "poolformer_s24"),
    _row("poolformer_s36", "PoolFormer-S36", "s", "timm", "poolformer_s36"),
    _row("convnext_t", "ConvNeXt-T", "s", "timm", "convnext_tiny"),
    _row("swin_t", "Swin-T", "s", "timm", "swin_tiny_patch4_window7_224"),
    _row("pvt_small", "PVT-Small", "s", "own", "models.pvt:pvt_small", note=_PVT),
    _row("pvt_medium", "PVT-Medium", "s", "own", "models.pvt:pvt_medium", note=_PVT),
    _row("fasternet_s", "FasterNet-S", "s", "own", "models.fasternet:fasternet_s"),
    _row("poolformer_m36", "PoolFormer-M36", "m", "timm", "poolformer_m36"),
    _row("convnext_s", "ConvNeXt-S", "m", "timm", "convnext_small"),
    _row("swin_s", "Swin-S", "m", "timm", "swin_small_patch4_window7_224"),
    _row("pvt_large", "PVT-Large", "m", "own", "models.pvt:pvt_large", note=_PVT),
    _row("fasternet_m", "FasterNet-M", "m", "own", "models.fasternet:fasternet_m"),
    _row("poolformer_m48", "PoolFormer-M48", "l", "timm", "poolformer_m48"),
    _row("convnext_b", "ConvNeXt-B", "l", "timm", "convnext_base"),
    _row("swin_b", "Swin-B", "l", "timm", "swin_base_patch4_window7_224"),
    _row("fasternet_l", "FasterNet-L", "l", "own", "models.fasternet:fasternet_l"),
)
_TABLE4_NOTE = "a detection backbone of Table 4; no row of Table 3"
_TABLE4 = (
    _row("resnext101_32x4d", "ResNeXt101-32x4d", "", "timm", "resnext101_32x4d", note=_TABLE4_NOTE),
    _row("resnext101_64x4d", "ResNeXt101-64x4d", "", "timm", "resnext101_64x4d", note=_TABLE4_NOTE),
)


def _coco(backbone: str, title: str, gmacs: float) -> NetworkEntry:
    """A backbone of Table 4 with its feature pyramid; `gmacs` as counted."""
    return NetworkEntry(
        name=f"{backbone}_fpn",
        title=f"{title} FPN",
        library="own",
        library_name="models.pyramid:pyramid",
        input_px=(800, 1280),
        note=_PYRAMID,
        arguments=(("backbone", backbone),),
        gmacs=gmacs,
        groups=("coco",),
    )


_PYRAMID = (
    "a detection backbone of Table 4 with its feature pyramid, five maps of 256 channels, without Mask R-CNN's heads"
)
# arXiv 2303.03667v3, Table 4, in its order.
_COCO = (
    _coco("resnet50", "ResNet50", 141),
    _coco("poolformer_s24", "PoolFormer-S24", 122),
    _coco("pvt_small", "PVT-Small", 187),
    _coco("fasternet_s", "FasterNet-S", 147),
    _coco("resnet101", "ResNet101", 217),
    _coco("resnext101_32x4d", "ResNeXt101-32x4d", 221),
    _coco("poolformer_s36", "PoolFormer-S36", 154),
    _coco("pvt_medium", "PVT-Medium", 274),
    _coco("fasternet_m", "FasterNet-M", 233),
    _coco("resnext101_64x4d", "ResNeXt101-64x4d", 374),
    _coco("pvt_large", "PVT-Large", 376),
    _coco("fasternet_l", "FasterNet-L", 372),
)

_RIVALS = tuple(
    NetworkEntry(
        name=rival.name,
        title=rival.title,
        library="timm",
        library_name=rival.name,
        groups=rival.groups,
        input_px=rival.input_px,
        gmacs=rival.gmacs,
    )
    for rival in RIVALS
)

NETWORKS: tuple[NetworkEntry, ...] = _TABLE3 + _TABLE4 + _COCO + _RIVALS
_BY_NAME = {entry.name: entry for entry in NETWORKS}
# In the order in which a message names them: all of Table 3 and its blocks, then as the networks bring them.
_BY_GROUP: dict[str, tuple[NetworkEntry, ...]] = {
    group: tuple(entry for entry in NETWORKS if group in entry.groups)
    for group in dict.fromkeys(("paper", "coco", "fasternet", *GROUPS, *(g for e in NETWORKS for g in e.groups)))
}


def names() -> frozenset[str]:
    """The names that stand for a network or a group."""
    return frozenset((*_BY_NAME, *_BY_GROUP))


def add(entry: NetworkEntry) -> None:
    """One more network, from elsewhere, in its groups too; ValueError where a name already means something else."""
    if entry.name in names() or _outside(entry.name) is not None:
        raise ValueError(f"expected a name that no network or group has, got {entry.name!r}; choose another")
    if taken := [group for group in entry.groups if group in _BY_NAME]:
        raise ValueError(f"expected groups that no network is named like, got {taken[0]!r}; choose another")
    _BY_NAME[entry.name] = entry
    for group in entry.groups:
        _BY_GROUP[group] = (*_BY_GROUP.get(group, ()), entry)


def resolve(names: Sequence[str]) -> tuple[NetworkEntry, ...]:
    """The networks that the names and groups stand for, each once, in the order first asked for.

    A name is a network or group of the zoo, `timm:NAME`, `torchvision:NAME`, `package.module:factory` or a
    path ending in .onnx; whether the last four exist is found out when they are built.
    """
    if not names:
        raise ValueError(f"expected at least one network, got none; name one of {', '.join(_BY_GROUP)}")
    entries = (entry for name in names for entry in _resolve_one(name))
    return tuple({entry.name: entry for entry in entries}.values())


def _resolve_one(name: str) -> tuple[NetworkEntry, ...]:
    if any("\ud800" <= letter <= "\udfff" for letter in name):  # bytes that are no UTF-8
        raise ValueError(
            f"expected the name of a network in UTF-8, got {name!r}; rename the file, or run from the folder so named"
        )
    if name in _BY_GROUP:
        return _BY_GROUP[name]
    if name in _BY_NAME:
        return (_BY_NAME[name],)
    outside = _outside(name)
    if outside is not None:
        return (outside,)
    near = difflib.get_close_matches(name.lower(), [*_BY_NAME, *_BY_GROUP], n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else f"the groups are {', '.join(_BY_GROUP)}"
    raise ValueError(
        f"expected a network or group of the zoo, timm:NAME, torchvision:NAME, package.module:factory or a "
        f"path to an .onnx file, got {name!r}; {hint}"
    )


def _outside(name: str) -> NetworkEntry | None:
    """The entry of a network that is not in the zoo, None where the name has no such form."""
    if name.lower().endswith(".onnx") and len(name) > len(".onnx"):
        return NetworkEntry(name=name, title=name, library="onnx", library_name=name)
    source, _, target = name.partition(":")
    if source in ("timm", "torchvision") and target.isidentifier():
        entry = NetworkEntry(name=name, title=target, library="timm", library_name=target)
        return entry if source == "timm" else replace(entry, library="torchvision")
    if target.isidentifier() and all(part.isidentifier() for part in source.split(".")):
        return NetworkEntry(name=name, title=target, library="factory", library_name=name)
    return None
