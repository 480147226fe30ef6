"""Which networks people compare with today, beyond the paper's Table 3: those of timm that are small and fast.

`models.registry` makes entries of them. What is printed of them stands in reports/paper/rivals.csv.
"""

from collections.abc import Iterator
from dataclasses import dataclass

MODERN_SINCE = 2022


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A network of timm, called as timm calls it.

    family: the group that it is found under with its likes.
    year: of the first preprint, or of the announcement where there is none.
    phone: whether its authors made it for phones: they time it on one.
    gmacs: of the deployed network at its own size, in 1e9.
    """

    name: str
    title: str
    family: str
    year: int
    phone: bool
    input_px: int
    gmacs: float

    @property
    def groups(self) -> tuple[str, ...]:
        """Under which it is found."""
        kinds = {"modern": self.year >= MODERN_SINCE, "mobile": self.phone}
        return ("rivals", *(kind for kind, holds in kinds.items() if holds), self.family)


def _family(
    family: str, year: int, *rows: tuple[str, str, float], phone: bool = False, px: int = 224
) -> Iterator[Rival]:
    """Its members; a name that ends in `@N` is fed N pixels, not what the family is."""
    for name, title, gmacs in rows:
        name, _, own_px = name.partition("@")
        yield Rival(
            name=name, title=title, family=family, year=year, phone=phone, input_px=int(own_px or px), gmacs=gmacs
        )


RIVALS: tuple[Rival, ...] = (
    *_family(
        "mobilenetv4",
        2024,
        ("mobilenetv4_conv_small@224", "MobileNetV4-Conv-S", 0.190),
        ("mobilenetv4_conv_medium", "MobileNetV4-Conv-M", 1.095),
        ("mobilenetv4_conv_large@384", "MobileNetV4-Conv-L", 6.431),
        ("mobilenetv4_hybrid_medium", "MobileNetV4-Hybrid-M", 1.287),
        phone=True,
        px=256,
    ),
    *_family(
        "repvit",
        2023,
        ("repvit_m0_9", "RepViT-M0.9", 0.816),
        ("repvit_m1_0", "RepViT-M1.0", 1.106),
        ("repvit_m1_1", "RepViT-M1.1", 1.337),
        ("repvit_m1_5", "RepViT-M1.5", 2.274),
        ("repvit_m2_3", "RepViT-M2.3", 4.516),
        phone=True,
    ),
    *_family(
        "starnet",
        2024,
        ("starnet_s1", "StarNet-S1", 0.425),
        ("starnet_s2", "StarNet-S2", 0.547),
        ("starnet_s3", "StarNet-S3", 0.757),
        ("starnet_s4", "StarNet-S4", 1.054),
        phone=True,
    ),
    *_family(
        "mobileone",
        2022,
        ("mobileone_s0", "MobileOne-S0", 0.275),
        ("mobileone_s1", "MobileOne-S1", 0.825),
        ("mobileone_s2", "MobileOne-S2", 1.299),
        ("mobileone_s3", "MobileOne-S3", 1.896),
        ("mobileone_s4", "MobileOne-S4", 2.979),
        phone=True,
    ),
    *_family(
        "fastvit",
        2023,
        ("fastvit_t8", "FastViT-T8", 0.687),
        ("fastvit_t12", "FastViT-T12", 1.394),
        ("fastvit_sa12", "FastViT-SA12", 1.932),
        ("fastvit_sa24", "FastViT-SA24", 3.751),
        phone=True,
        px=256,
    ),
    *_family(
        "shvit",
        2024,
        ("shvit_s1", "SHViT-S1", 0.241),
        ("shvit_s2", "SHViT-S2", 0.366),
        ("shvit_s3", "SHViT-S3", 0.601),
        ("shvit_s4@256", "SHViT-S4", 0.986),
        phone=True,
    ),
    *_family(
        "efficientvit",  # MIT's
        2022,
        ("efficientvit_b0", "EfficientViT-B0", 0.104),
        ("efficientvit_b1", "EfficientViT-B1", 0.528),
        ("efficientvit_b2", "EfficientViT-B2", 1.603),
        phone=True,
    ),
    *_family(
        "efficientvit_m",  # Microsoft's of the same name
        2023,
        ("efficientvit_m2", "EfficientViT-M2", 0.201),
        ("efficientvit_m4", "EfficientViT-M4", 0.299),
        ("efficientvit_m5", "EfficientViT-M5", 0.522),
    ),
    *_family(
        "efficientformer",
        2022,
        ("efficientformerv2_s0", "EfficientFormerV2-S0", 0.407),
        ("efficientformerv2_s1", "EfficientFormerV2-S1", 0.668),
        ("efficientformer_l1", "EfficientFormer-L1", 1.302),
        phone=True,
    ),
    *_family(
        "swiftformer",
        2023,
        ("swiftformer_xs", "SwiftFormer-XS", 0.605),
        ("swiftformer_s", "SwiftFormer-S", 0.988),
        ("swiftformer_l1", "SwiftFormer-L1", 1.600),
        phone=True,
    ),
    *_family("ghostnetv3", 2024, ("ghostnetv3_100", "GhostNetV3 x1.0", 0.171), phone=True),
    *_family(
        "inception_next",
        2023,
        ("inception_next_atto", "InceptionNeXt-A", 0.505),
        ("inception_next_tiny", "InceptionNeXt-T", 4.195),
    ),
    *_family("convnextv2", 2023, ("convnextv2_atto", "ConvNeXtV2-A", 0.552)),
    *_family("regnety", 2020, ("regnety_004", "RegNetY-400MF", 0.410)),
    *_family("mobilenetv3", 2019, ("mobilenetv3_large_100", "MobileNetV3-L", 0.225), phone=True),
    *_family("efficientnet", 2019, ("efficientnet_b0", "EfficientNet-B0", 0.399)),
    *_family("mobilenetv1", 2017, ("mobilenetv1_100", "MobileNetV1", 0.579), phone=True),
    *_family("efficientnet", 2020, ("efficientnet_lite0", "EfficientNet-Lite0", 0.399), phone=True),
    *_family("levit", 2021, ("levit_128s", "LeViT-128S", 0.305)),
    *_family("mambaout", 2024, ("mambaout_femto", "MambaOut-Femto", 1.156)),
    *_family("hgnetv2", 2023, ("hgnetv2_b0", "HGNetV2-B0", 0.326)),
)
