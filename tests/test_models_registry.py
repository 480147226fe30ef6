"""Names find networks; nobody needs torch for that."""

import subprocess
import sys

import pytest

from models.registry import GROUPS, NETWORKS, NetworkEntry, resolve
from reports.paper_tables import paper


def test_paper_is_table_3_row_by_row() -> None:
    entries = [(entry.name, entry.title, entry.input_px) for entry in resolve(["paper"])]
    assert entries == [(network.name, network.title, network.input_px) for network in paper().networks]


def test_groups_are_those_of_table_3() -> None:
    assert [entry for group in GROUPS for entry in resolve([group])] == list(resolve(["paper"]))
    assert [entry.name for entry in resolve(["t0"])] == [
        "shufflenetv2_x1_5",
        "mobilenetv2",
        "mobilevit_xxs",
        "edgenext_xxs",
        "fasternet_t0",
    ]
    assert [entry.name for entry in resolve(["fasternet"])] == [f"fasternet_{group}" for group in GROUPS]


def test_table_4_backbones_are_no_rows_of_table_3() -> None:
    names = {entry.name for entry in NETWORKS} - {entry.name for entry in resolve(["paper"])}
    assert names - {entry.name for entry in resolve(["coco"])} == {"resnext101_32x4d", "resnext101_64x4d"}
    assert len(resolve(["coco"])) == 12
    assert {entry.input_px for entry in resolve(["coco"])} == {(800, 1280)}


def test_a_network_named_twice_comes_once_where_first_named() -> None:
    names = [entry.name for entry in resolve(["resnet50", "t2", "resnet50"])]
    assert names[0] == "resnet50"
    assert len(names) == len(set(names)) == 6


@pytest.mark.parametrize(
    ("name", "library", "library_name"),
    [
        ("timm:resnet18", "timm", "resnet18"),
        ("torchvision:vgg11", "torchvision", "vgg11"),
        ("my_package.nets:small", "factory", "my_package.nets:small"),
        ("nets:small", "factory", "nets:small"),
        ("./some dir/net.onnx", "onnx", "./some dir/net.onnx"),
        ("NET.ONNX", "onnx", "NET.ONNX"),
    ],
)
def test_networks_from_outside(name: str, library: str, library_name: str) -> None:
    (entry,) = resolve([name])
    assert (entry.name, entry.library, entry.library_name) == (name, library, library_name)
    assert entry.input_px is None
    assert not entry.group


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("fasternet_t9", "did you mean fasternet_t"),
        ("Resnet-50", "did you mean resnet50"),
        ("zzzzz", "the groups are paper"),
        ("timm:", "expected a network or group"),
        ("a b:c", "expected a network or group"),
        (".onnx", "expected a network or group"),
        ("caf\udce9.onnx", "expected the name of a network in UTF-8, got 'caf.udce9.onnx'; rename the file"),
        ("", "expected a network or group"),
    ],
)
def test_unknown_names_say_what_is_near(name: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint) as raised:
        resolve([name])
    assert "\n" not in str(raised.value)


def test_no_name_is_no_network() -> None:
    with pytest.raises(ValueError, match="at least one"):
        resolve([])


def test_entries_refuse_nonsense() -> None:
    with pytest.raises(ValueError, match="expected a group"):
        NetworkEntry(name="a", title="A", library="timm", library_name="a", group="xl")
    with pytest.raises(ValueError, match="positive input size"):
        NetworkEntry(name="a", title="A", library="timm", library_name="a", input_px=0)
    with pytest.raises(ValueError, match="positive input size"):
        NetworkEntry(name="a", title="A", library="timm", library_name="a", input_px=(224, 0))
    with pytest.raises(ValueError, match="expected a name"):
        NetworkEntry(name="", title="A", library="timm", library_name="a")


def test_imports_no_torch() -> None:
    code = "import sys, models.registry; models.registry.resolve(['paper']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
