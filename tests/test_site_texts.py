"""What is text in a contributed run, and what is none."""

from reports.contributed.texts import wrong_texts


def test_what_an_honest_run_says_is_no_markup_and_no_address() -> None:
    honest = [
        "<class 'int'> < 3",
        "fasternet_t0@onnxruntime,threads=2",
        "a@mycore",
        "/home/user/x",
        "user@host",
        "a\\b",
    ]
    assert list(wrong_texts({"argv": honest}, "plan", {"mycore"})) == []
    assert list(wrong_texts("a@mycore", "plan")) != []
