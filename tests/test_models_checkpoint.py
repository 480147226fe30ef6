"""Checkpoints of any network: the right one loads, another one is named in a line, and nothing in a file is run."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from models.checkpoint import load_strictly, read_weights


def small(width: int = 4) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width))


@pytest.mark.parametrize("wrapper", ["", "state_dict", "model"])
def test_a_state_dict_comes_back_also_when_it_is_wrapped(wrapper: str, tmp_path: Path) -> None:
    source, other = small(), small()
    kept = source.state_dict()
    torch.save({wrapper: kept} if wrapper else kept, tmp_path / "net.pth")
    load_strictly(other, read_weights(tmp_path / "net.pth"))
    assert torch.equal(other[0].weight, source[0].weight)  # type: ignore[index]


def test_a_network_that_was_trained_in_parallel_loads(tmp_path: Path) -> None:
    source, other = small(), small()
    torch.save(nn.DataParallel(source).state_dict(), tmp_path / "net.pth")
    load_strictly(other, read_weights(tmp_path / "net.pth"))
    assert torch.equal(other[0].weight, source[0].weight)  # type: ignore[index]


def test_safetensors_load_too(tmp_path: Path) -> None:
    source, other = small(), small()
    save_file(source.state_dict(), tmp_path / "net.safetensors")
    load_strictly(other, read_weights(tmp_path / "net.safetensors"))
    assert torch.equal(other[0].weight, source[0].weight)  # type: ignore[index]


def test_another_networks_weights_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"got one that lacks 0\.bias and 6 more; choose"):
        load_strictly(small(), {})
    with pytest.raises(ValueError, match=r"expected 0\.weight of shape \(4, 3, 3, 3\), got \(5, 3, 3, 3\)"):
        load_strictly(small(), {**small(5).state_dict()})
    with pytest.raises(ValueError, match="has the unknown extra;"):
        load_strictly(small(), {**small().state_dict(), "extra": torch.zeros(1)})


@pytest.mark.parametrize("name", ["text.pth", "text.safetensors", "empty.pth"])
def test_what_is_no_checkpoint_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("" if name == "empty.pth" else "not a checkpoint")
    with pytest.raises(ValueError, match="expected a checkpoint of weights") as raised:
        read_weights(tmp_path / name)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_and_a_folder_are_one_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.pth", tmp_path / "none.safetensors"):
        with pytest.raises(ValueError, match="expected a checkpoint at"):
            read_weights(path)


def test_a_pickle_that_would_run_code_and_one_of_other_things_are_refused(tmp_path: Path) -> None:
    torch.save(small(), tmp_path / "module.pth")
    with pytest.raises(ValueError, match="weights_only=True"):
        read_weights(tmp_path / "module.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ValueError, match="expected a mapping of names to tensors"):
        read_weights(tmp_path / "list.pth")
