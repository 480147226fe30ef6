"""Import torchvision and timm, also beside a torch that torchvision's C++ operators were not built for.

PyPI's torchvision wheel is built for the CUDA torch. Beside a CPU-only torch its extension doesn't load, and
`import torchvision` (so timm too) dies with "operator torchvision::nms does not exist": a Python registration
refers to two schemas that only the extension declares. Declaring them lets both packages import; the
classification networks use neither operator, and calling one still fails, saying it has no kernel.
"""

import importlib
from types import ModuleType

import torch

_MISSING = "operator torchvision::nms does not exist"
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
# torch forgets a library's schemas when its object dies, so it is kept for the life of the process.
_declared: list[torch.library.Library] = []


def import_torchvision() -> ModuleType:
    """Return torchvision; where it loads by itself this is a plain import."""
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if _MISSING not in str(error):
            raise
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    _declared.append(library)
    return importlib.import_module("torchvision")


def import_timm() -> ModuleType:
    """Return timm, its import's changes to the process-wide TF32 switches undone."""
    import_torchvision()
    matmul, cudnn = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    try:
        return importlib.import_module("timm")
    finally:
        torch.backends.cuda.matmul.allow_tf32 = matmul
        torch.backends.cudnn.allow_tf32 = cudnn
