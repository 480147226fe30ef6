"""Make the network that a registry entry names."""

import difflib
import importlib
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from models.clone import clone, evaluating
from models.reason import reason
from models.registry import DEFAULT_INPUT_PX, NetworkEntry, Pixels, height_width
from models.torchvision_import import import_timm, import_torchvision
from models.weights import randomise

COLOURS, GREY = 3, 1  # channels of an image
USUAL_PX = (224, 256, 299, 384, 512, 128, 96, 64, 32, 28)
_OTHER_INPUTS = (
    "wrap it in a module whose forward takes one float32 image, or give what it takes: --input-data FILE.npz, or"
    " example_inputs() beside the factory"
)
_OUR_PACKAGES = ("bench", "models", "operators", "reports")


def build(
    entry: NetworkEntry, *, input_px: Pixels | None = None, channels: int | None = None, seed: int = 0
) -> nn.Module:
    """The network in evaluation mode, fp32, on the CPU; it, or a copy of a user's own, has run once on such an image.

    Networks of the zoo and of the two libraries get random weights drawn from `seed`; a user's own network
    keeps the weights and state that its factory gave it. Raises ValueError in one line where there is no such network,
    its factory fails, or it refuses the input.
    """
    return build_and_look(entry, input_px=input_px, channels=channels, seed=seed)[0]


def build_and_look(
    entry: NetworkEntry,
    *,
    input_px: Pixels | None = None,
    channels: int | None = None,
    seed: int = 0,
    made: nn.Module | None = None,
) -> tuple[nn.Module, tuple[int, int, int]]:
    """What `build` makes, of `made` where its code has created it, and the (C, H, W) that it has run on."""
    if input_px is not None and min(height_width(input_px)) < 1:
        raise ValueError(f"expected a positive input size, got {input_px}")
    px = height_width(input_px or default_input_px(entry))
    module = bare(entry, seed=seed) if made is None else made
    shape = (channels or COLOURS, *px)
    try:
        with _working_directory_importable():
            if entry.library != "factory":
                randomise(module, shape, seed=seed)
                return module, shape
            module.float()
            shapes = [shape] if channels else [(count, *px) for count in _channel_counts(module)]
            return module, _first_taken(module, shapes)
    except Exception as error:  # whatever a network raises, the user asked for this size
        with _working_directory_importable():
            helps = _helping_size(entry, module, px)
        raise ValueError(
            f"expected {entry.name} to take a {'x'.join(map(str, shape))} image, got {reason(error)}; "
            + (f"give --input {helps}" if helps else _OTHER_INPUTS)
        ) from error


def bare(entry: NetworkEntry, *, seed: int = 0) -> nn.Module:
    """The network in evaluation mode as its code creates it: enough to count it, not to check its output."""
    with _seeded(seed):
        return evaluating(_create(entry))


def as_made(entry: NetworkEntry, *, seed: int = 0) -> nn.Module:
    """The network in evaluation mode and fp32 as its code creates it, whatever inputs it takes."""
    module = bare(entry, seed=seed)
    with _working_directory_importable():
        return module.float()


def default_input_px(entry: NetworkEntry) -> Pixels:
    """The size of the image that a network was made for, outside the zoo as far as its library tells."""
    if entry.input_px is not None:
        return entry.input_px
    if entry.library == "timm":
        config = import_timm().get_pretrained_cfg(entry.library_name)
        return int(config.input_size[-1]) if config is not None else DEFAULT_INPUT_PX
    if entry.library == "torchvision":
        models = import_torchvision().models
        if entry.library_name in models.list_models(module=models):
            # The newest weights of some are fine-tuned at a larger size, which the network as built does not take.
            weights = models.get_model_weights(entry.library_name)
            return min(int(each.transforms().crop_size[0]) for each in weights)
    return DEFAULT_INPUT_PX


def _create(entry: NetworkEntry) -> nn.Module:
    if entry.library == "onnx":
        raise ValueError(f"expected a network to build, got the file {entry.name}; use a runtime that takes a graph")
    if entry.library == "timm":
        timm = import_timm()
        _require(entry, timm.is_model(entry.library_name), timm.list_models())
        return _called(entry, lambda: timm.create_model(entry.library_name, pretrained=False))
    if entry.library == "torchvision":
        models = import_torchvision().models
        # Classifiers only: the others would fetch a backbone's weights, and return no single tensor.
        names = models.list_models(module=models)
        _require(entry, entry.library_name in names, names)
        return _called(entry, lambda: models.get_model(entry.library_name, weights=None, **_quiet(entry)))
    with _working_directory_importable():
        return _called(entry, partial(_factory(entry.library_name), **dict(entry.arguments)))


def _quiet(entry: NetworkEntry) -> dict[str, bool]:
    """GoogLeNet and Inception warn that their initialisation is slow unless told whether to do it."""
    return {"init_weights": True} if entry.library_name in ("googlenet", "inception_v3") else {}


def _require(entry: NetworkEntry, known: bool, names: list[str]) -> None:
    if not known:
        near = difflib.get_close_matches(entry.library_name, names, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"{entry.library} lists {len(names)} names"
        raise ValueError(f"expected a network of {entry.library}, got {entry.library_name!r}; {hint}")


def _factory(source: str) -> Callable[..., object]:
    """The callable that `package.module:factory` names."""
    module_name, _, attribute = source.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # a user's module may raise anything while it is imported
        raise ValueError(
            f"expected a module {module_name!r} to import, got {reason(error)}; {_import_remedy(module_name, error)}"
        ) from error
    factory = getattr(module, attribute, None)
    if not callable(factory):
        names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        near = difflib.get_close_matches(attribute, names, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "name one that takes no arguments"
        hint = _hides(module_name) or hint
        raise ValueError(f"expected a factory {attribute!r} in {module_name}, got none; {hint}")
    return cast(Callable[..., object], factory)


def _import_remedy(module_name: str, error: Exception) -> str:
    if hidden := _hidden(error):
        return hidden
    if isinstance(error, ModuleNotFoundError):
        return "run from the folder that holds it or install it"
    return f"python -c {shlex.quote(f'import {module_name}')} shows where"


def _hidden(error: BaseException | None) -> str:
    """What to do where a user's import ended in one of our packages; empty where it did not."""
    while error is not None:
        if isinstance(error, ImportError) and (hint := _hides(error.name or "")):
            return hint
        error = error.__cause__ or error.__context__
    return ""


def _hides(module_name: str) -> str:
    package = module_name.partition(".")[0]
    if package not in _OUR_PACKAGES:
        return ""
    return (
        f"`{package}` is a package of bench's own, which hides one of that name that is yours: rename yours"
        f" (`my_{package}`), its imports as well"
    )


def _called(entry: NetworkEntry, factory: Callable[[], object]) -> nn.Module:
    try:
        module = factory()
    except Exception as error:  # a user's factory may raise anything
        hint = "; ".join(filter(None, [reason(error), _hidden(error)]))
        raise ValueError(f"expected {entry.name} to make a network, got {hint}") from error
    if isinstance(module, torch.export.ExportedProgram):
        return module.module()
    if not isinstance(module, nn.Module):
        raise ValueError(
            f"expected {entry.name} to return a torch.nn.Module, got {type(module).__name__}; return the network itself"
        )
    return module


def _channel_counts(module: nn.Module) -> list[int]:
    """How many channels an image for it may have, the likeliest first."""
    first = next((child.in_channels for child in module.modules() if isinstance(child, nn.Conv2d)), GREY)
    return list(dict.fromkeys((COLOURS, first, GREY)))


def _first_taken(module: nn.Module, shapes: Sequence[tuple[int, int, int]]) -> tuple[int, int, int]:
    """The first of the shapes that the network runs on; raises what it says to the first where it takes none."""
    refused: Exception | None = None
    for shape in shapes:
        try:
            run_once(module, torch.zeros(1, *shape))
        except Exception as error:  # noqa: BLE001 - whatever a network raises
            refused = refused or error
        else:
            return shape
    raise refused or ValueError("expected a shape to try, got none")


def run_once(module: nn.Module, *inputs: torch.Tensor) -> None:
    """Call the network, which stays as it is but for lazy layers; raises what it raises."""
    # A lazy layer gets its weights as it runs; all else that a pass leaves behind stays in a copy.
    lazy = any(is_lazy(value) for value in module.parameters())
    with _working_directory_importable(), torch.no_grad():
        (module if lazy else clone(module, share_weights=True))(*inputs)


def _helping_size(entry: NetworkEntry, module: nn.Module, refused: tuple[int, int]) -> str:
    """A size that the network does take, as --input has it; empty where no other is likely to help."""
    if entry.library != "factory":
        own = height_width(default_input_px(entry))
        return _input_text(own) if own != refused else ""
    counts = _channel_counts(module)
    sizes = [(count, px, px) for px in USUAL_PX if (px, px) != refused for count in counts]
    try:
        return _input_text(_first_taken(module, sizes)[1:])
    except Exception:  # noqa: BLE001 - it takes none
        return ""


def _input_text(size: tuple[int, int]) -> str:
    height, width = size
    return str(height) if height == width else f"{height}x{width}"


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextmanager
def _working_directory_importable() -> Iterator[None]:
    # An installed `bench` script has its own folder on the path, not the user's.
    here = str(Path.cwd())
    if here in sys.path or "" in sys.path:
        yield
        return
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path.remove(here)
