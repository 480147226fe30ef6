"""Names find networks; nobody needs torch for that."""

import subprocess
import sys
from dataclasses import replace

import pytest

from models import registry
from models.registry import GROUPS, NETWORKS, NetworkEntry, resolve
from reports.paper_tables import paper
from reports.paper_tables import rivals as rivals_table


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
    names = {entry.name for entry in NETWORKS} - {entry.name for entry in resolve(["paper", "coco", "rivals"])}
    assert names == {"resnext101_32x4d", "resnext101_64x4d"}
    assert len(resolve(["coco"])) == 12
    assert {entry.input_px for entry in resolve(["coco"])} == {(800, 1280)}


def test_rivals_are_found_by_timms_names_and_in_groups() -> None:
    rivals = {entry.name: entry for entry in resolve(["rivals"])}
    assert len(rivals) == 50
    assert all((entry.library, entry.library_name) == ("timm", name) for name, entry in rivals.items())
    (shvit,) = resolve(["shvit_s4"])
    assert (shvit.groups, shvit.input_px) == (("rivals", "modern", "mobile", "shvit"), 256)
    assert [entry.name for entry in resolve(["starnet"])] == [f"starnet_s{size}" for size in (1, 2, 3, 4)]
    older = {name for name, entry in rivals.items() if "modern" not in entry.groups}
    assert older == {
        *("mobilenetv1_100", "mobilenetv3_large_100", "efficientnet_b0", "efficientnet_lite0"),
        *("regnety_004", "levit_128s"),
    }
    assert {"mobilenetv1_100", "efficientnet_lite0"} < {entry.name for entry in resolve(["mobile"])}
    assert not {"regnety_004", "levit_128s", "hgnetv2_b0"} & {entry.name for entry in resolve(["mobile"])}


def test_no_name_is_both_a_network_and_a_group() -> None:
    groups = {group for entry in NETWORKS for group in entry.groups}
    assert not groups & {entry.name for entry in NETWORKS}
    assert len({entry.name for entry in NETWORKS}) == len(NETWORKS)


def test_rivals_are_printed_as_they_are_registered() -> None:
    printed = [network for network in rivals_table().networks if not network.name.startswith("timm:")]
    entries = resolve(["rivals", "fasternet"])
    assert [(n.name, n.title, n.input_px) for n in printed] == [(e.name, e.title, e.input_px) for e in entries]
    counted = [(float(n.macs_g), e.gmacs) for n, e in zip(printed, entries, strict=True) if n.macs_g]
    assert len(counted) == 49
    assert [macs for macs, _ in counted] == [guess for _, guess in counted]


def test_a_network_from_elsewhere_joins_its_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_BY_NAME", dict(registry._BY_NAME))
    monkeypatch.setattr(registry, "_BY_GROUP", dict(registry._BY_GROUP))
    mine = NetworkEntry(name="mine", title="Mine", library="timm", library_name="resnet18", groups=("starnet", "ours"))
    registry.add(mine)
    assert resolve(["ours"]) == (mine,)
    assert resolve(["starnet"])[-1] == mine
    with pytest.raises(ValueError, match="no network is named like, got 'resnet50'"):
        registry.add(replace(mine, name="more", groups=("resnet50",)))


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
    assert not entry.groups


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
    with pytest.raises(ValueError, match="expected groups named"):
        NetworkEntry(name="a", title="A", library="timm", library_name="a", groups=("t0", "x l"))
    with pytest.raises(ValueError, match="none as the network is, got 'a'"):
        NetworkEntry(name="a", title="A", library="timm", library_name="a", groups=("a",))
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
