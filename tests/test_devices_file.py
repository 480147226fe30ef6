"""devices.yaml: what is read, where it is looked for, and one line for every mistake."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.devices.file import find_device, locate, read_devices
from bench.errors import UsageError
from bench.records.device import Device, SshTarget

WHOLE = """\
# a comment
devices:
  pi4:
    ssh: pi@raspberrypi.local
    ssh_config: lab/ssh_config
    port: 2222
    python: ~/bench-env/bin/python
    runtimes: [onnxruntime, eager]
    threads: 2
    priority: realtime
  workstation:
    ssh: gpu-box
    accelerator: cuda
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no devices.yaml of the checkout or the user be found."""
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/ssh_config").touch()
    return tmp_path / "devices.yaml"


def refusal(file: Path, text: str | bytes) -> str:
    """The one line that a file's mistake gives, after the path."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UsageError) as caught:
        read_devices(file)
    message = str(caught.value)
    assert message.startswith(str(file))
    assert message.isprintable(), "one line, nothing that a terminal would act on"
    return message.removeprefix(str(file)).removeprefix(":")


def entry(lines: str) -> str:
    return "devices:\n  pi4:\n" + "".join(f"    {line}\n" for line in lines.splitlines())


def test_every_key_arrives(file: Path) -> None:
    file.write_text(WHOLE)
    config = str(file.parent / "lab/ssh_config")
    target = SshTarget(destination="pi@raspberrypi.local", port=2222, config=config, python="./bench-env/bin/python")
    assert read_devices(file) == (
        Device(name="pi4", ssh=target, runtimes=("onnxruntime", "eager"), threads=2, priority="realtime"),
        Device(name="workstation", accelerator="cuda:0", ssh=SshTarget(destination="gpu-box")),
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "devices:\n", "devices: {}\n"])
def test_a_file_without_entries_is_no_mistake(file: Path, text: str) -> None:
    file.write_text(text)
    assert read_devices(file) == ()


def test_the_repositorys_own_file_and_its_examples_are_valid(tmp_path: Path) -> None:
    source = Path(__file__).parents[1] / "devices.yaml"
    assert read_devices(source) == ()
    uncommented = source.read_text().replace("devices: {}", "devices:").replace("\n# ", "\n").split("devices:\n", 1)[1]
    examples = "devices:\n" + "\n".join(line.removeprefix("#") for line in uncommented.splitlines())
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/ssh_config").touch()
    (tmp_path / "devices.yaml").write_text(examples)
    names = [device.name for device in read_devices(tmp_path / "devices.yaml")]
    assert names == ["pi4", "behind-a-jump-host", "workstation", "workstation-cpu"]


@pytest.mark.parametrize(
    ("lines", "where", "says"),
    [
        ("prot: 22\nssh: a", "3: devices.pi4.prot", "did you mean port?"),
        ("ssh: a\nport: 70000", "4: devices.pi4.port", "1 to 65535"),
        ("ssh: a\nport: yes", "4: devices.pi4.port", "whole number"),
        ("ssh: a\nport:", "4: devices.pi4.port", "got nothing"),
        ("ssh: a\nthreads: 0", "4: devices.pi4.threads", "whole number"),
        ("ssh: a\npriority: high", "4: devices.pi4.priority", "expected one of normal, realtime, got 'high'"),
        ("ssh: a\nruntimes: onnxruntime", "4: devices.pi4.runtimes", "use brackets"),
        ("ssh: a\nruntimes: []", "4: devices.pi4.runtimes", "expected a list"),
        ("ssh: a\nruntimes:\n  - eager\n  - onnxrutime", "6: devices.pi4.runtimes", "choose onnxruntime"),
        ("ssh: a\naccelerator: gpu", "4: devices.pi4.accelerator", "cuda:N"),
        ("ssh: a\nssh_config: nowhere", "4: devices.pi4.ssh_config", "relative to devices.yaml"),
        (f"ssh: a\nssh_config: {'c' * 400}", "4: devices.pi4.ssh_config", "give the path of an ssh configuration"),
        ("ssh: a\nssh_config: ~nobody-of-that-name/c", "4: devices.pi4.ssh_config", "give the path of an ssh config"),
        ("port: 22", "2: devices.pi4", "expected a key `ssh`"),
        ("ssh: a\nssh: b", "4: devices.pi4.ssh", "already on line 3"),
        ("ssh: [a]", "3: devices.pi4.ssh", "got a list"),
        ("ssh: a\npassword: hunter2", "4: devices.pi4.password", "remove the line"),
        ("ssh: a\nHF_TOKEN: hunter2", "4: devices.pi4.HF_TOKEN", "remove the line"),
        ("ssh: pi:hunter2@host", "3: devices.pi4.ssh", "passwords nowhere"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_line_key_and_remedy(file: Path, lines: str, where: str, says: str) -> None:
    message = refusal(file, entry(lines))
    assert message.startswith(where)
    assert says in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("devices: &a {pi: {ssh: a}}", "1: expected no anchors"),
        ("devices:\n  a: *b", "2: expected no anchors"),
        ("devices:\n  a:\n    ssh: !!python/object/apply:os.system [ls]", "3: expected no YAML tags"),
        ("devices: {<<: {a: {ssh: b}}}", "1: devices.<<: expected a name"),
        ("devices: " + "[" * 5000, "nesting at most"),
        ("devices:\n  a: {ssh: b", "expected YAML"),
        ("device: {}", "1: device: unknown key"),
        ("- a", "1: expected `key: value` lines"),
        ("devices:\n  cpu: {ssh: a}", "choose another"),
        ("devices:\n  'a b': {ssh: a}", "rename the device"),
        ("devices:\n  ? [a]\n  : {ssh: a}", "plain word"),
        ("devices: {}\n---\ndevices: {}", "expected YAML"),
        (b"\xff\xfe\xfa", "expected"),
        (b"devices:\n  a:\n    ssh: \x00b", "expected YAML"),
        (" " * 300_000, "at most 262144 bytes"),
    ],
)  # fmt: skip
def test_yaml_that_no_entry_needs_is_refused(file: Path, text: str | bytes, says: str) -> None:
    assert says in refusal(file, text)


HOSTILE = [
    "-oProxyCommand=touch x", "pi@-oProxyCommand=x", "a b", "a;b", "$(b)", "`b`", "a|b", "a&b", "a\nb", "a\tb", "a'b",
    'a"b', "a\\b", "a*", "a<b", "a>b", "ssh://a", "a/b", "a@b@c", "%h", "a\x1b[2J", "a\u202eb", "{a,b}", "#a", "a#",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_destination_can_become_an_option_or_a_command(file: Path, text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    quoted = quoted.replace("\x1b", "\\e").replace("\u202e", "\\u202e")
    assert refusal(file, entry(f'ssh: "{quoted}"')).startswith("3: devices.pi4.ssh")


@pytest.mark.parametrize("text", ["-c", "~/-c", "python;x", "$(x)", "a b", "~pi/python", "a\\nb", "py'thon"])
def test_no_python_can_become_an_option_or_a_command(file: Path, text: str) -> None:
    message = refusal(file, entry(f'ssh: a\npython: "{text}"'.replace("\\", "\\\\").replace("\\\\n", "\\n")))
    assert message.startswith("4: devices.pi4.python")


FIELDS = ("ssh", "ssh_config", "port", "python", "accelerator", "threads", "priority")
SMUGGLED = [
    "-x", "--", "-oProxyCommand=x", "a b", "a;b", "$(b)", "`b`", "a|b", "a&b", "a>b", "a'b", 'a"b', "a\\b", "a\nb",
    "a\n-b", "a\r", "a\x00b", "\x00", "\n", "a\x1b[2J", "a\u202eb", "-1", "1" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("field", [*FIELDS, "runtimes"])
@pytest.mark.parametrize("text", SMUGGLED)
def test_no_field_smuggles_an_option_a_line_or_a_nul(file: Path, field: str, text: str) -> None:
    value = json.dumps([text] if field == "runtimes" else text)
    lines = f"ssh: {value}" if field == "ssh" else f"ssh: a\n{field}: {value}"
    assert refusal(file, entry(lines)).startswith(f"{3 if field == 'ssh' else 4}: devices.pi4.{field}")


@pytest.mark.parametrize("text", SMUGGLED[:-1])  # YAML itself has no key of 2000 letters
def test_no_name_of_a_device_or_key_smuggles_either(file: Path, text: str) -> None:
    assert refusal(file, f"devices:\n  {json.dumps(text)}: {{ssh: a}}\n").startswith("2: devices.")
    assert refusal(file, entry(f"ssh: a\n{json.dumps(text)}: 1")).startswith("4: devices.pi4.")


@pytest.mark.parametrize("key", ["password", "passphrase", "PASSWORD", "api_token", "secret", "private_key"])
def test_no_secret_is_taken_or_repeated(file: Path, key: str) -> None:
    message = refusal(file, entry(f"ssh: a\n{key}: hunter2"))
    assert message.startswith(f"4: devices.pi4.{key}: no secret belongs here")
    assert "hunter2" not in message


def test_a_bomb_of_anchors_is_refused_before_it_grows(file: Path) -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert refusal(file, f"a0: &a0 [x]\n{levels}").startswith("1: expected no anchors")


@given(st.text(max_size=30))
def test_a_target_that_exists_is_one_plain_word(text: str) -> None:
    try:
        target = SshTarget(destination=text)
    except ValueError:
        return
    assert not text.startswith("-")
    assert set(target.destination) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@_.-:%")


@pytest.mark.parametrize("text", ["pi@10.0.0.2", "fe80::1%eth0", "pi@::1", "gpu-box", "a.b.local", "user_1@h_1"])
def test_usual_destinations_are_fine(text: str) -> None:
    assert SshTarget(destination=text).destination == text


def test_lookup_order(tmp_path: Path, file: Path) -> None:
    with pytest.raises(UsageError, match="there is none; check --devices-file"):
        locate(tmp_path / "missing.yaml")
    assert locate() is None
    user = tmp_path / "home/.config/bench/devices.yaml"
    user.parent.mkdir(parents=True)
    user.touch()
    assert locate() == user
    Path("devices.yaml").touch()
    assert locate() == Path("devices.yaml")
    file.touch()
    assert locate(file) == file


def test_find_device_knows_its_own_the_files_and_the_nearest(file: Path) -> None:
    assert find_device("cpu") == Device(name="cpu")
    assert find_device("cuda:1") == Device(name="cuda:1", accelerator="cuda:1")
    with pytest.raises(UsageError, match=r"unknown device 'pi4': there is no devices\.yaml"):
        find_device("pi4")
    file.write_text(WHOLE)
    assert find_device("workstation", file).accelerator == "cuda:0"
    with pytest.raises(UsageError, match=r"knows pi4, workstation; did you mean pi4\?"):
        find_device("pi5", file)
    with pytest.raises(UsageError, match="add a block"):
        find_device("zzzzzz", file)


def test_entries_of_one_machine_share_it(file: Path) -> None:
    file.write_text(entry("ssh: gpu-box") + "  other:\n    ssh: gpu-box\n    accelerator: cuda:0\n")
    first, second = read_devices(file)
    assert first.machine == second.machine != Device(name="cpu").machine
