"""Images are prepared as timm and torchvision do it, read ahead in their order, and answered in batches of one size."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from bench.plan.image_folder import Picture
from bench.plan.subjects import network_workload, networks
from bench.records.accuracy import Evaluation, EvaluationRecord, Preprocessing
from bench.records.workload import Checkpoint
from bench.wire.messages import Body, Fatal
from bench.wire.order import Order, Task
from bench.worker.accuracy.evaluate import Exam, evaluate, scores_in, top_classes
from bench.worker.accuracy.pictures import prepared, read_ahead
from bench.worker.accuracy.preprocessing import preprocessing_of
from bench.worker.channel import Channel
from bench.worker.runtimes.loaded import Loaded
from bench.worker.studies.made_images import made_image
from models.torchvision_import import import_timm, import_torchvision
from tests.colour_network import MODULE, pictures
from tests.made_up import unit

PLAIN = Preprocessing(resize=(8, 0), crop=(8, 8), interpolation="bilinear", mean=(0.0,), deviation=(1.0,), source="")


def picture(path: Path, size: tuple[int, int], mode: str = "RGB") -> Path:
    Image.fromarray(made_image(300, 3, 1)).resize(size).convert(mode).save(path)
    return path


def how_of(name: str, size: int = 224, **asked: object) -> Preprocessing:
    (entry,) = networks([name])
    return preprocessing_of(network_workload(entry, (3, size, size)), Evaluation(folder="", **asked))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(300, 200), (201, 333), (90, 40), (224, 224)])
def test_the_input_is_that_of_timms_own_transform(tmp_path: Path, size: tuple[int, int]) -> None:
    timm = import_timm()
    path = picture(tmp_path / "a.png", size)
    for name in ("resnet18", "tf_efficientnet_lite1"):  # bilinear or bicubic, 0.875 and others
        config = timm.data.resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
        with Image.open(path) as image:
            theirs = timm.data.create_transform(**config)(image.convert("RGB")).numpy()
        ours = prepared(path, how_of(f"timm:{name}", config["input_size"][-1]))
        assert np.abs(ours - theirs).max() < 1e-6


@pytest.mark.parametrize("size", [(300, 200), (201, 333)])
def test_the_input_is_that_of_torchvisions_own_transform(tmp_path: Path, size: tuple[int, int]) -> None:
    torchvision = import_torchvision()
    path = picture(tmp_path / "a.jpg", size)
    with Image.open(path) as image:
        theirs = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.transforms()(image.convert("RGB")).numpy()
    how = how_of("torchvision:resnet18")
    assert np.abs(prepared(path, how) - theirs).max() < 1e-6
    assert how.source == "torchvision's ResNet18_Weights.IMAGENET1K_V1"


def test_a_runtime_is_asked_about_images_without_torch() -> None:
    program = "import sys, bench.worker.accuracy.evaluate; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_fasternet_is_cut_as_its_authors_do_it_and_options_change_it() -> None:
    own = how_of("fasternet_t0")
    assert (own.resize, own.crop, own.interpolation) == ((248, 0), (224, 224), "bicubic")
    changed = how_of("fasternet_t0", crop=0.5, interpolation="nearest", mean=(0.5,), deviation=(0.25, 0.5, 1.0))
    assert (changed.resize, changed.interpolation) == ((448, 0), "nearest")
    assert (changed.mean, changed.deviation) == ((0.5, 0.5, 0.5), (0.25, 0.5, 1.0))
    assert changed.source.endswith("changed by options")


def test_colours_of_any_kind_and_grey(tmp_path: Path) -> None:
    """Palettes, alpha, CMYK and 16 bits become three colours, or one."""
    colour = Preprocessing(
        resize=(8, 0), crop=(8, 8), interpolation="bilinear", mean=(0,) * 3, deviation=(1,) * 3, source=""
    )
    for name, mode in (("a.png", "P"), ("b.png", "RGBA"), ("c.jpg", "CMYK"), ("d.png", "L"), ("e.tif", "I;16")):
        path = tmp_path / name
        if mode == "I;16":
            Image.fromarray(np.full((20, 30), 40_000, np.uint16)).save(path)
        else:
            picture(path, (30, 20), mode)
        assert prepared(path, colour).shape == (3, 8, 8)
        assert prepared(path, PLAIN).shape == (1, 8, 8)


def test_what_cannot_be_read_says_why_and_the_others_come_in_their_order(tmp_path: Path) -> None:
    for number in range(30):
        Image.new("L", (8, 8), number).save(tmp_path / f"{number}.png")
    whole = (tmp_path / "5.png").read_bytes()
    (tmp_path / "5.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "6.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n")
    (tmp_path / "7.png").unlink()
    Image.new("1", (60_000, 1)).save(tmp_path / "8.png")  # 8 pixels high it would be 480,000 wide
    long = Preprocessing(resize=(4000, 0), crop=(8, 8), interpolation="nearest", mean=(0,), deviation=(1,), source="")
    found = list(read_ahead([tmp_path / f"{number}.png" for number in range(30)], PLAIN, threads=3, ahead=5))
    assert [number for number, each in enumerate(found) if isinstance(each, str)] == [5, 6, 7]
    assert "cannot identify image file 'the file'" in str(found[6])
    for number, each in enumerate(found):
        if not isinstance(each, str) and number != 8:
            assert each == pytest.approx(np.full((1, 8, 8), number / 255))
    (strip,) = read_ahead([tmp_path / "8.png"], long, threads=1, ahead=1)
    assert "an image of 60000x1 would become one of 240000000x4000" in str(strip)


def exam(batch: int, calls: list[int]) -> Exam:
    def ask(images: npt.NDArray[np.float32]) -> object:
        """The class is the value of the first pixel."""
        calls.append(len(images))
        return [np.eye(7, dtype=np.float32)[images[:, 0, 0, 0].astype(int)]]

    return Exam(ask=ask, reference=None, numbers={"a": 0, "b": 1}, batch=batch, classes=7)


def test_batches_are_filled_up_and_answers_keep_their_order() -> None:
    calls: list[int] = []
    reads = [np.full((1, 2, 2), value, np.float32) for value in (3, 1, 6)]
    taken = [Picture(path=f"{n}.png", word=word) for n, word in enumerate("abaa")]
    batches = list(exam(2, calls).answers(taken, [reads[0], "cut off", reads[1], reads[2]]))
    assert calls == [2, 2]
    answers = [answer for batch in batches for answer in batch]
    assert [(each.image, each.label, each.top[:1], each.trouble) for each in answers] == [
        ("0.png", 0, (3,), ""), ("1.png", 1, (), "cut off"), ("2.png", 0, (1,), ""), ("3.png", 0, (6,), ""),
    ]  # fmt: skip


def test_only_images_that_cannot_be_read_ask_nobody() -> None:
    calls: list[int] = []
    ((answer,),) = exam(4, calls).answers([Picture(path="a\udcff.png")], ["no image"])
    assert (calls, answer.image, answer.trouble) == ([], "a\\udcff.png", "no image")


def test_the_five_highest_and_none_where_a_score_is_nan() -> None:
    scores = np.array([[0, 3, 3, 9, -np.inf, 1, 2], [0, np.nan, 1, 2, 3, 4, 5]], np.float32)
    assert top_classes(scores) == [(3, 1, 2, 6, 5), ()]
    assert top_classes(np.array([[1, 2]], np.float16)) == [(1, 0)]


def test_an_answer_that_is_no_scores_of_classes() -> None:
    assert scores_in({"out": np.zeros((2, 5, 1, 1), np.float32)}, 2).shape == (2, 5)
    for answer in (np.zeros((2, 3, 8, 8), np.float32), np.zeros((2, 5), np.int64), np.zeros((3, 5), np.float32)):
        with pytest.raises(ValueError, match=r"expected a network that answers with scores of classes, \(N, classes\)"):
            scores_in(answer, 2)


@pytest.mark.parametrize(
    ("name", "checkpoint", "resize", "source"),
    [
        ("timm:resnet50", "/hub/models--timm--resnet50.tv_in1k/snapshots/1/model.safetensors", 256, "resnet50.tv_in1k"),
        ("timm:resnet50", "/hub/models--timm--resnet50.a1_in1k/snapshots/1/model.safetensors", 235, "resnet50.a1_in1k"),
        ("torchvision:resnet50", "/torch/hub/checkpoints/resnet50-11ad3fa6.pth", 232, "IMAGENET1K_V2"),
        ("torchvision:resnet50", "mine.pth", 256, "IMAGENET1K_V1"),
    ],
)
def test_the_name_of_a_checkpoint_tells_which_weights_they_are(
    name: str, checkpoint: str, resize: int, source: str
) -> None:
    (entry,) = networks([name])
    given = network_workload(entry, (3, 224, 224), checkpoint=Checkpoint(path=checkpoint, digest="0" * 64))
    found = preprocessing_of(given, Evaluation(folder=""))
    assert found.resize == (resize, 0)
    assert found.source.endswith(source)


class Heard(Channel):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[Body] = []

    def send(self, body: Body, order: Order | None = None) -> None:
        self.said.append(body)


def asked_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str = "") -> list[Body]:
    """What a worker says of the colour network in eager and two pictures of each colour."""
    name = f"nets_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    (entry,) = networks([f"{name}:make"])
    asked = replace(unit(), batch=3, workload=network_workload(entry, (3, 32, 32)))
    heard = Heard()
    evaluation = Evaluation(folder=str(pictures(tmp_path / "photos", 2)), limit=5)
    evaluate(
        Task(
            kind="accuracy",
            orders=(Order(unit=asked, model=model),),
            evaluation=evaluation,
            cache=str(tmp_path / "cache"),
        ),
        heard,
    )
    return heard.said


def test_eager_takes_no_file_though_one_is_there_for_another_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = asked_of(tmp_path, monkeypatch, model="f" * 64)
    assert isinstance(first, EvaluationRecord)
    assert first.asked is not None
    assert (first.asked.artifact, first.asked.images, first.asked.found) == ("", 5, 14)
    answers = [each for record in others if isinstance(record, EvaluationRecord) for each in record.answers]
    assert [each.top[0] for each in answers] == [each.label for each in answers]
    assert len(answers) == 5


def test_a_runtime_that_is_asked_about_no_images_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Loaded(step=lambda: None, output=lambda: None, threads=1)
    monkeypatch.setattr("bench.worker.accuracy.evaluate.load", lambda order, store: closed)
    assert asked_of(tmp_path, monkeypatch) == [
        Fatal(kind="unsupported", reason="PyTorch is not asked about images yet; choose another --runtime")
    ]
