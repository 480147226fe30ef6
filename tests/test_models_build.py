"""Networks are made as named, with weights under which a mistake shows, or refused in one line."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.build import bare, build, build_and_look, default_input_px
from models.registry import resolve

# One for each trap: layer scales of 1e-6 (ConvNeXt, EdgeNeXt) and 1e-5 (PoolFormer), batch norms that start at zero
# (timm's ResNet), grouped features (ShuffleNetV2), attention (MobileViT, PVT), shifts (CycleMLP), our own.
_SAMPLE = (
    "convnext_t",
    "edgenext_xxs",
    "poolformer_s12",
    "resnet50",
    "shufflenetv2_x1_5",
    "mobilevit_xxs",
    "pvt_tiny",
    "cyclemlp_b1",
    "fasternet_t0",
)


@torch.inference_mode()
def _logits(module: nn.Module, px: int, seed: int) -> Tensor:
    result: Tensor = module(torch.randn(1, 3, px, px, generator=torch.Generator().manual_seed(seed)))
    return result


@pytest.mark.parametrize("name", _SAMPLE)
def test_outputs_depend_on_the_image_and_fit_half_precision(name: str) -> None:
    (entry,) = resolve([name])
    px = entry.input_px or 224
    assert isinstance(px, int)
    module = build(entry)
    assert not module.training
    extremes: list[float] = []
    for child in module.modules():
        if not list(child.children()):
            child.register_forward_hook(lambda _m, _i, out: extremes.append(float(out.abs().max())))
    first, second = _logits(module, px, 1), _logits(module, px, 2)
    # A hundred times the largest error that an output check lets pass.
    assert float((first - second).abs().max()) > 0.01 * float(first.abs().max())
    assert max(extremes) < 60_000


def test_layer_scales_and_zero_norms_are_drawn_anew() -> None:
    (convnext, resnet) = (build(entry) for entry in resolve(["convnext_t", "timm:resnet18"]))
    scales = [value.detach() for name, value in convnext.named_parameters() if name.endswith("gamma")]
    assert scales
    assert all(float(value.min()) > 0.05 and float(value.std()) > 0.01 for value in scales)
    norms = [child for child in resnet.modules() if isinstance(child, nn.BatchNorm2d)]
    assert norms
    for norm in norms:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        assert float(norm.weight.detach().min()) > 0.5
        assert float(norm.running_mean.std()) > 0
        assert float(norm.running_var.std()) > 0


def test_the_seed_decides_all_weights() -> None:
    (entry,) = resolve(["fasternet_t0"])
    one, again, other = (build(entry, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(value, again[name]) for name, value in one.items())
    assert not all(torch.equal(value, other[name]) for name, value in one.items())


def test_the_number_of_threads_changes_no_weight() -> None:
    """Batch-norm statistics come from a forward pass, whose sums round differently on two threads."""
    (entry,) = resolve(["fasternet_t0"])
    threads, states = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            states.append(build(entry).state_dict())
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_building_leaves_the_global_generator_alone() -> None:
    (entry,) = resolve(["torchvision:squeezenet1_1"])
    before = torch.random.get_rng_state()
    build(entry)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_own_input_sizes_are_known_where_the_library_tells() -> None:
    sizes = {
        "timm:vit_tiny_patch16_384": 384,
        "mobilevit_xs": 256,
        "torchvision:squeezenet1_1": 224,
        "torchvision:inception_v3": 299,
        "torchvision:efficientnet_b4": 380,
        "torchvision:vit_h_14": 224,  # its newest weights are for 518, which the network as built refuses
        "torchvision:no_such_network": 224,
    }
    assert {entry.name: default_input_px(entry) for entry in resolve([*sizes])} == sizes


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nets_of_a_test.py").write_text(
        "import torch\n"
        "def small():\n    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 9), torch.nn.BatchNorm2d(4))\n"
        "def text():\n    return 'no network'\n"
        "def broken():\n    raise KeyError('weights')\n"
        "number = 3\n"
        "class Late(torch.nn.Module):\n    def forward(self, x):\n        import late_of_a_test\n        return x\n"
        "class Two(torch.nn.Module):\n    def forward(self, image, depth):\n        return image + depth\n"
        "def half():\n    return torch.nn.Conv2d(3, 4, 3).half()\n"
        "def grey():\n    return torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Conv2d(4, 3, 3))\n"
        "def depth():\n    return torch.nn.Conv2d(4, 4, 3)\n"
        "def digits():\n    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))\n"
        "class Pair(torch.nn.Module):\n    def forward(self, x):\n        return x, x\n"
        "def pair():\n    import late_of_a_test\n    return Pair()\n"
        "def hidden():\n    from models.common import Conv\n    return Conv()\n"
    )
    (tmp_path / "late_of_a_test.py").write_text("")
    (tmp_path / "raising_of_a_test.py").write_text("raise RuntimeError('no layers')\n")
    (tmp_path / "broken_of_a_test.py").write_text("import a_library_that_is_not_there\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("nets")
def test_a_factory_in_the_working_directory_keeps_its_weights() -> None:
    (entry,) = resolve(["nets_of_a_test:small"])
    module = build(entry, input_px=32, seed=3)
    assert isinstance(module, nn.Sequential)
    assert torch.equal(module.state_dict()["1.running_var"], torch.ones(4))
    assert not module.training


@pytest.mark.usefixtures("nets")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nets_of_a_test:text", "to return a torch.nn.Module, got str"),
        ("nets_of_a_test:broken", "KeyError: 'weights'"),
        ("nets_of_a_test:smal", "did you mean small"),
        ("nets_of_a_test:number", "expected a factory 'number'"),
        ("broken_of_a_test:net", "No module named 'a_library_that_is_not_there'"),
        ("raising_of_a_test:net", "RuntimeError: no layers; python -c 'import raising_of_a_test' shows where"),
        ("nowhere_of_a_test:net", "No module named 'nowhere_of_a_test'"),
        ("models.nowhere:net", "`models` is a package of bench's own.*rename yours"),
        ("operators:net", "`operators` is a package of bench's own.*rename yours"),
        ("bench.nowhere.deep:net", "`bench` is a package of bench's own.*rename yours"),
        ("nets_of_a_test:hidden", "No module named 'models.common'; `models` is a package of bench's own"),
        ("timm:resnet5O", "did you mean resnet50"),
        ("torchvision:vgg12", "did you mean vgg1"),
        ("torchvision:fcn_resnet50", "expected a network of torchvision"),
        ("some.onnx", "use a runtime that takes a graph"),
    ],
)
def test_what_cannot_be_built_says_why_in_one_line(name: str, text: str) -> None:
    (entry,) = resolve([name])
    with pytest.raises(ValueError, match=text) as raised:
        build(entry)
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("nets")
@pytest.mark.parametrize(
    ("name", "px", "helps"),
    [
        ("nets_of_a_test:small", 8, "give --input 224"),
        ("nets_of_a_test:digits", 224, "give --input 28"),
        ("nets_of_a_test:Two", 28, r"wrap it .* --input-data FILE.npz, or example_inputs\(\) beside the factory"),
        ("swin_t", 200, "give --input 224"),
        ("pvt_tiny", 100, "give --input 224"),
    ],
)
def test_an_input_that_the_network_refuses_is_said_with_what_helps(name: str, px: int, helps: str) -> None:
    (entry,) = resolve([name])
    with pytest.raises(ValueError, match=f"{px}x{px} image.*; {helps}$") as raised:
        build(entry, input_px=px)
    assert "\n" not in str(raised.value)
    with pytest.raises(ValueError, match="positive input size"):
        build(entry, input_px=-1)


@pytest.mark.usefixtures("nets")
@pytest.mark.parametrize(
    ("name", "px", "channels"), [("small", 32, 3), ("grey", 32, 1), ("depth", 32, 4), ("digits", 28, 1)]
)
def test_a_factorys_image_has_the_channels_that_its_network_takes(name: str, px: int, channels: int) -> None:
    (entry,) = resolve([f"nets_of_a_test:{name}"])
    assert build_and_look(entry, input_px=px)[1] == (channels, px, px)
    build(entry, input_px=px, channels=channels)
    with pytest.raises(ValueError, match=f"a 7x{px}x{px} image"):
        build(entry, input_px=px, channels=7)


@pytest.mark.usefixtures("nets")
def test_half_weights_are_taken_as_float32() -> None:
    (entry,) = resolve(["nets_of_a_test:half"])
    assert {value.dtype for value in build(entry, input_px=32).parameters()} == {torch.float32}


@pytest.mark.usefixtures("nets")
def test_what_a_forward_imports_is_found_in_the_working_directory() -> None:
    (entry,) = resolve(["nets_of_a_test:Late"])
    build(entry, input_px=8)


def test_bare_networks_are_in_evaluation_mode() -> None:
    (entry,) = resolve(["mobilenetv2"])
    assert not any(child.training for child in bare(entry).modules())
