"""Images: made ones look like nature's to a spectrum, those of a folder come whole, and bad files are left out."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.records.study import Study
from bench.worker.accuracy.preprocessing import DEVIATION, MEAN
from bench.worker.studies.images import take_images
from bench.worker.studies.made_images import made_image

SHAPE = (3, 32, 32)


def study(count: int = 4, images: Path | None = None, seed: int = 0) -> Study:
    return Study(name="redundancy", model="resnet50", count=count, images=str(images or ""), seed=seed)


def folder_of(folder: Path, count: int, size: tuple[int, int] = (48, 40)) -> Path:
    folder.mkdir()
    for number in range(count):
        made = made_image(64, 1, number)
        Image.fromarray(made).resize(size).save(folder / f"{number:03}.png")
    return folder


def test_a_seed_and_a_number_decide_every_byte() -> None:
    assert (made_image(32, 1, 2) == made_image(32, 1, 2)).all()
    assert (made_image(32, 1, 2) != made_image(32, 1, 3)).any()
    assert (made_image(32, 2, 2) != made_image(32, 1, 2)).any()


def test_the_power_of_made_images_falls_as_that_of_natural_ones() -> None:
    """About as f^-2; white noise would be flat, and a photograph of nothing steeper than -3."""
    size = 128
    grey = np.mean([made_image(size, 0, number).mean(axis=2) for number in range(6)], axis=0)
    power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None, :])
    band = (frequency > 2 / size) & (frequency < 0.4)
    slope, _ = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)
    assert -3 < slope < -1.4


def test_made_images_are_normalised_and_told() -> None:
    images, told = take_images(study(), SHAPE)
    assert images.shape == (4, *SHAPE)
    byte = images[2] * torch.tensor(DEVIATION)[:, None, None] + torch.tensor(MEAN)[:, None, None]
    assert torch.allclose(byte.permute(1, 2, 0) * 255, torch.from_numpy(made_image(32, 0, 2)).float(), atol=1e-3)
    assert (told.used, told.found, told.unreadable) == (4, 4, 0)
    assert told.source.startswith("made: ")


def test_a_network_of_wide_images_is_refused() -> None:
    with pytest.raises(ValueError, match="takes square images, got 800x1280"):
        take_images(study(), (3, 800, 1280))


def test_a_network_of_one_channel_gets_grey_and_one_of_five_none() -> None:
    assert take_images(study(), (1, 32, 32))[0].shape == (4, 1, 32, 32)
    with pytest.raises(ValueError, match="images of 1 or 3 channels, got 5"):
        take_images(study(), (5, 32, 32))


def test_an_image_of_the_right_size_and_margin_comes_through_unchanged(tmp_path: Path) -> None:
    px, margin = 28, 2  # 28 of 32 are the middle that is taken
    made = made_image(32, 0, 0)
    Image.fromarray(made).save(tmp_path / "one.png")
    images, _ = take_images(study(1, tmp_path), (3, px, px))
    byte = images[0] * torch.tensor(DEVIATION)[:, None, None] + torch.tensor(MEAN)[:, None, None]
    cropped = made[margin : margin + px, margin : margin + px]
    assert torch.allclose(byte.permute(1, 2, 0) * 255, torch.from_numpy(cropped).float(), atol=1e-3)


def test_files_that_cannot_be_read_are_counted_and_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "images", 5)
    whole = (folder / "000.png").read_bytes()
    (folder / "deep").mkdir()
    (folder / "deep/cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("no image")
    (folder / "notes.txt").write_text("not asked for")
    images, told = take_images(study(10, folder), SHAPE)
    assert (len(images), told.used, told.found, told.unreadable) == (5, 5, 7, 2)
    assert {each.partition(":")[0] for each in told.trouble} == {"deep/cut.png", "text.jpg"}


def test_images_are_a_seeded_choice_of_at_most_so_many(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "images", 6)
    first, again = take_images(study(3, folder), SHAPE)[0], take_images(study(3, folder), SHAPE)[0]
    assert len(first) == 3
    assert torch.equal(first, again)
    assert not torch.equal(first, take_images(study(3, folder, seed=1), SHAPE)[0])


def test_images_of_any_shape_are_resized_and_cropped(tmp_path: Path) -> None:
    for number, size in enumerate([(1, 1), (3000, 2), (2, 3000), (64, 65)]):
        Image.new("L", size, 40 * number).save(tmp_path / f"{number}.png")
    Image.new("RGBA", (40, 40), (255, 0, 0, 128)).save(tmp_path / "alpha.png")
    Image.new("P", (40, 40)).save(tmp_path / "palette.gif")
    assert take_images(study(9, tmp_path), SHAPE)[0].shape == (6, *SHAPE)


def test_a_folder_without_an_image_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected images in .*, got none; give a folder of \.bmp"):
        take_images(study(images=tmp_path), SHAPE)
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(ValueError, match=r"got 1 that cannot be read \(a\.png: cannot identify"):
        take_images(study(images=tmp_path), SHAPE)
    with pytest.raises(ValueError, match=r"expected a folder of images, got .*none"):
        take_images(study(images=tmp_path / "none"), SHAPE)
