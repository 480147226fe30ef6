"""What Mask R-CNN computes behind its feature pyramid: closed formulas, as mmdetection's counter runs it.

arXiv 1703.06870 as mmdetection builds it for COCO: maps of 256 channels and strides 4 to 64, 3 anchors a position, 1000
boxes, 100 masks, 80 classes. Multiply-adds of convolutions and linear layers alone, of one image.
"""

from collections.abc import Sequence

_WIDTH = 256
_CLASSES = 80
_ANCHORS = 3
_BOXES, _BOX_SIDE, _HIDDEN = 1000, 7, 1024
_MASKS, _MASK_SIDE, _MASK_CONVS = 100, 14, 4
_STRIDES = (4, 8, 16, 32, 64)


def rpn_macs(height: int, width: int) -> int:
    """The region proposal network on the five maps of an image: a 3x3 convolution, then a score and a box an anchor."""
    positions = sum(-(-height // stride) * -(-width // stride) for stride in _STRIDES)
    return positions * (9 * _WIDTH**2 + _WIDTH * _ANCHORS * (1 + 4))


def box_head_macs() -> int:
    """Two hidden layers on each 7x7 box, then the score and the box of each class."""
    return _BOXES * sum(inputs * outputs for inputs, outputs in _box_layers())


def mask_convs_macs() -> int:
    """Four 3x3 convolutions on each 14x14 mask."""
    return _MASKS * _MASK_CONVS * _MASK_SIDE**2 * 9 * _WIDTH**2


def mask_upsampling_macs() -> int:
    """The 2x2 deconvolution to 28x28, and the mask of each class there."""
    return _MASKS * _MASK_SIDE**2 * 4 * (_WIDTH**2 + _WIDTH * _CLASSES)


def head_params() -> int:
    """Weights and biases of all heads."""
    rpn = [(9 * _WIDTH, _WIDTH), (_WIDTH, _ANCHORS), (_WIDTH, 4 * _ANCHORS)]
    masks = [(9 * _WIDTH, _WIDTH)] * _MASK_CONVS + [(_WIDTH, _CLASSES)]
    deconvolution = 4 * _WIDTH**2 + _WIDTH
    return sum(map(_params, [*rpn, *_box_layers(), *masks])) + deconvolution


def _box_layers() -> Sequence[tuple[int, int]]:
    """Inputs and outputs; one class more is the background."""
    return [
        (_BOX_SIDE**2 * _WIDTH, _HIDDEN),
        (_HIDDEN, _HIDDEN),
        (_HIDDEN, _CLASSES + 1),
        (_HIDDEN, 4 * _CLASSES),
    ]


def _params(layer: tuple[int, int]) -> int:
    inputs, outputs = layer
    return inputs * outputs + outputs
