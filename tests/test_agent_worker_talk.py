"""How many pieces a worker may answer in: as many as there may be images, and one that says what is asked."""

import pytest

from bench.agent import worker_talk
from bench.agent.worker_talk import WorkerTalk
from bench.errors import ProtocolError
from bench.records.accuracy import MOST_IMAGES, Answer, Evaluation, EvaluationRecord
from bench.wire.message import encode_line
from bench.wire.messages import message
from bench.wire.order import Order, Task
from tests.made_up import unit

TASK = Task(kind="accuracy", orders=(Order(unit=unit()),), evaluation=Evaluation(folder="photos"))


def line(number: int) -> bytes:
    answer = EvaluationRecord(answers=(Answer(image=f"{number}.png"),))
    return encode_line(message(answer, seq=number))


def test_an_evaluation_may_take_a_message_for_each_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow networks answer one image a message; a copy of the worker that sends without end is stopped all the same."""
    assert worker_talk._MOST_PIECES["accuracy"] == MOST_IMAGES + 1
    monkeypatch.setitem(worker_talk._MOST_PIECES, "accuracy", 3)
    talk = WorkerTalk(TASK, 0)
    for number in (1, 2, 3):
        assert talk.take(line(number)).seq == number
    with pytest.raises(ProtocolError, match="got evaluation"):
        talk.take(line(4))
