"""Folders of images as users have them: by class, listed in a file, flat; and what is wrong with them in one line."""

import os
from pathlib import Path

import pytest

from bench.plan.class_numbers import imagenet_numbers, numbering, read_classes
from bench.plan.image_folder import ImageFolder, Picture, image_folder


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def words(found: ImageFolder) -> list[tuple[str, str]]:
    return [(each.path, each.word) for each in found.pictures]


def test_a_folder_for_each_class_with_folders_in_it_and_an_empty_one(tmp_path: Path) -> None:
    touch(tmp_path, "b/1.JPEG", "b/deep/2.png", "a/3.jpg", "a/notes.txt", "a/._3.jpg", ".cache/x.jpg", "stray.png")
    (tmp_path / "c").mkdir()
    found = image_folder(tmp_path)
    assert words(found) == [("a/3.jpg", "a"), ("b/1.JPEG", "b"), ("b/deep/2.png", "b")]
    assert found.words == ("a", "b", "c")
    assert found.notes == ("1 images beside the folders of classes left out",)


def test_links_to_folders_are_followed_and_one_that_leads_back_ends(tmp_path: Path) -> None:
    real = touch(tmp_path / "real", "x.png")
    data = touch(tmp_path / "data", "a/1.png")
    (data / "b").symlink_to(real)
    (data / "a" / "up").symlink_to(data)
    assert words(image_folder(data)) == [("a/1.png", "a"), ("b/x.png", "b")]


def test_what_only_ends_like_a_picture_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")  # who opens it waits for ever
    (tmp_path / "folder.png").mkdir()
    assert words(image_folder(touch(tmp_path, "1.png"))) == [("1.png", "")]


def test_a_flat_folder_and_folders_that_are_no_classes_have_no_labels(tmp_path: Path) -> None:
    touch(tmp_path, "1.png", "2.png")
    assert image_folder(tmp_path).words == ()
    touch(tmp_path, "monday/3.png")
    assert image_folder(tmp_path, unlabelled=True).words == ()


def test_other_labels_make_another_digest(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "b/2.png")
    assert image_folder(tmp_path).digest != image_folder(tmp_path, unlabelled=True).digest


@pytest.mark.parametrize(
    "text",
    [
        "image,label\na.png,3\nsub/b.png,12\nextra.png,1\n",  # with headings, paths and one line too many
        "\ufeffa.png\t3\nb.png\t12\nextra.png\t1\n",
        "./a.png 3\nb.png 12\nextra.png 1\n\n",
        "ImageId,PredictionString\na,3 10 20 30 40\nb,12 1 2 3 4 12 5 6 7 8\nextra,1\n",  # Kaggle's, without endings
    ],
)
def test_lists_of_labels(tmp_path: Path, text: str) -> None:
    data = touch(tmp_path / "data", "a.png", "sub/b.png", "unlisted.png")
    (tmp_path / "labels").write_text(text)
    found = image_folder(data, str(tmp_path / "labels"))
    assert words(found) == [("a.png", "3"), ("sub/b.png", "12")]
    assert found.notes == ("1 images without a label left out", "1 labels without an image left out")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("other.png,1\n", "labels to name images of the folder, such as 'a/1.png', got 'other.png'"),
        ("a/1.png\n", "labels, line 1: expected an image and its label"),
        ("\n", "expected lines of an image and its label in .*labels, got none"),
        (b"\xff\xfe\x00", "expected text in UTF-8"),
        (None, "expected a text file at .*labels, got: No such file"),
    ],
)
def test_a_list_that_is_none(tmp_path: Path, labels: str | bytes | None, said: str) -> None:
    data = touch(tmp_path / "data", "a/1.png")
    if labels is not None:
        (tmp_path / "labels").write_bytes(labels.encode() if isinstance(labels, str) else labels)
    with pytest.raises(ValueError, match=said):
        image_folder(data, str(tmp_path / "labels"))


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    for missing in ("away", "n" * 300):
        with pytest.raises(ValueError, match=r"expected a folder of images, got .*, which is none; give --data FOLDER"):
            image_folder(tmp_path / missing)
    touch(tmp_path, "notes.txt")
    with pytest.raises(ValueError, match=r"expected images in .*, got none"):
        image_folder(tmp_path)
    touch(tmp_path, "train/a/1.png", "val/a/1.png")
    with pytest.raises(ValueError, match=r"expected a folder for each class in .*, got 'train'; give --data .*/train"):
        image_folder(tmp_path)


def labelled(*named: str, listed: bool = False) -> ImageFolder:
    pictures = tuple(Picture(path=f"{name}.png", word=name) for name in named)
    return ImageFolder(pictures=pictures, words=tuple(sorted(named)), listed=listed)


def test_as_many_folders_as_classes_are_numbered_in_sorted_order() -> None:
    assert numbering(labelled("dog", "cat", "bird"), 3).numbers == {"bird": 0, "cat": 1, "dog": 2}
    eleven = numbering(labelled(*map(str, range(11))), 11)
    assert eleven.numbers["10"] == 2, "as torchvision's ImageFolder numbers them"
    assert "10 before 2" in eleven.rule


def test_numbers_of_a_list_are_classes_and_those_of_few_folders_too() -> None:
    assert numbering(labelled("7", "12", listed=True), 20).numbers == {"7": 7, "12": 12}
    assert numbering(labelled("7", "12"), 20).numbers == {"7": 7, "12": 12}


def test_identifiers_of_imagenet_are_known_where_only_some_are_there() -> None:
    """Tench, golden retriever and toilet tissue stand where every list of ImageNet-1k has them."""
    found = numbering(labelled("n01440764", "n02099601", "n15075141"), 1000)
    assert [found.numbers[each] for each in ("n01440764", "n02099601", "n15075141")] == [0, 207, 999]
    assert len(imagenet_numbers()) == 1000


@pytest.mark.parametrize(
    ("name", "text", "numbers"),
    [
        ("list.txt", "dog\ncat\ngolden retriever\n", {"dog": 0, "cat": 1, "golden retriever": 2}),
        ("pairs.csv", "dog,5\ncat, 3\ngolden retriever,0\n", {"dog": 5, "cat": 3, "golden retriever": 0}),
        ("synsets.txt", "n01 tench, Tinca tinca\nn02 goldfish\n", {"n01": 0, "n02": 1}),
        ("list.json", '["dog", "cat"]', {"dog": 0, "cat": 1}),
        ("class_to_idx.json", '{"dog": 5, "cat": 3}', {"dog": 5, "cat": 3}),
        ("keras.json", '{"0": ["n01", "tench"], "1": ["n02", "goldfish"]}', {"n01": 0, "tench": 0, "n02": 1}),
    ],
)
def test_files_that_number_classes(tmp_path: Path, name: str, text: str, numbers: dict[str, int]) -> None:
    (tmp_path / name).write_text(text)
    found = numbering(labelled(*numbers), 6, str(tmp_path / name))
    assert {word: found.numbers[word] for word in numbers} == numbers


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.txt", ""), ("a.json", "{"), ("a.json", "3"), ("a.json", '{"dog": -1}'), ("a.json", '{"dog": {}}')],
)
def test_a_file_that_numbers_nothing(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=r"^expected .*a\.(txt|json), .*got"):
        read_classes(str(tmp_path / name))


def test_labels_of_another_network(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected 1000 folders, one for each class of the network, got 2, such as"):
        numbering(labelled("cat", "dog"), 1000)
    with pytest.raises(ValueError, match="expected classes of 0 to 9, got 12 for '12'"):
        numbering(labelled("12", "7", listed=True), 10)
    (tmp_path / "list").write_text("cat\n")
    with pytest.raises(ValueError, match="expected the class of 'dog' in"):
        numbering(labelled("cat", "dog"), 10, str(tmp_path / "list"))
