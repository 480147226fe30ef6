"""GitHub's side of `gh api`, since there is none here: pull requests and comments in files beside the program."""

import json
import shutil
from pathlib import Path

import pytest

from reports.ci.page import MARKER

# jq does --jq, which gh has built in.
_PROGRAM = """#!/usr/bin/env python3
import json, pathlib, subprocess, sys
store = pathlib.Path(__file__).with_name("comments.json")
comments = json.loads(store.read_text())
words = sys.argv[1:]
asked = json.loads(store.with_name("pulls.json").read_text()) if any("/pulls?" in word for word in words) else comments
if store.with_name("refuse").exists():
    sys.exit("HTTP 403: Resource not accessible by integration")
body = next((pathlib.Path(w.removeprefix("body=@")).read_text() for w in words if w.startswith("body=@")), None)
if "POST" in words:
    comments.append({"id": 100 + len(comments), "user": {"type": "Bot"}, "body": body})
elif "PATCH" in words:
    number = int(words[words.index("PATCH") + 1].rsplit("/", 1)[1])
    next(c for c in comments if c["id"] == number)["body"] = body
else:
    shown = subprocess.run(["jq", "-r", words[words.index("--jq") + 1]], input=json.dumps(asked), text=True,
                           capture_output=True, check=True)
    print(shown.stdout, end="")
store.write_text(json.dumps(comments))
"""
STRANGER = {"id": 1, "user": {"type": "User"}, "body": f"{MARKER}\nI am the bot"}
QUOTING = {"id": 2, "user": {"type": "Bot"}, "body": f"> {MARKER}\nas somebody said"}


def fake_gh(folder: Path, pulls: tuple[dict[str, object], ...] = ()) -> Path:
    """The folder with the program in it, and what two others have written; skips where there is no jq."""
    if shutil.which("jq") is None:
        pytest.skip("needs jq: gh has it built in")
    folder.mkdir()
    (folder / "gh").write_text(_PROGRAM)
    (folder / "gh").chmod(0o755)
    (folder / "comments.json").write_text(json.dumps([STRANGER, QUOTING]))
    (folder / "pulls.json").write_text(json.dumps(pulls))
    return folder


def comments(gh: Path) -> list[str]:
    """The bodies of those that were written through it, the others being as they were."""
    found = json.loads((gh / "comments.json").read_text())
    assert found[:2] == [STRANGER, QUOTING]
    return [each["body"] for each in found[2:]]
