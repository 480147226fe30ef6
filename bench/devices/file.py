"""devices.yaml: the machines a run may name. Every error is one line with file, line, key and remedy."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

import yaml

from bench.errors import UsageError
from bench.plan.runtimes import find_runtime, runtimes
from bench.records.device import Device, SshTarget, builtin_device, check_config, check_destination, check_python
from bench.system.priority import PRIORITIES

MAX_BYTES = 256 * 1024
MAX_DEPTH = 8
KEYS = ("ssh", "ssh_config", "port", "python", "runtimes", "threads", "priority", "accelerator")
_SECRET = re.compile(r"pass(word|wd|phrase|code)?|pwd|(.*[_-])?(token|secret|credentials?)|(api|private)[_-]?key", re.I)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_RESERVED = re.compile(r"cpu|cuda|local")
_ADD_ONE = "add a block for it under `devices:`"


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where in the file a value stands, for its error."""

    path: Path
    key: str = ""

    def at(self, key: str) -> "_Place":
        """The place of a key below this one."""
        return _Place(path=self.path, key=f"{self.key}.{key}" if self.key else key)

    def refuse(self, node: yaml.Node | yaml.Event | None, problem: str) -> NoReturn:
        """Raise the one-line error."""
        line = f":{node.start_mark.line + 1}" if node is not None and node.start_mark is not None else ""
        raise UsageError(": ".join(filter(None, [f"{self.path}{line}", self.key, problem])))


def locate(explicit: Path | None = None) -> Path | None:
    """The file that counts: the one given, else ./devices.yaml, else ~/.config/bench/devices.yaml, else None."""
    if explicit is not None:
        if not _is_file(explicit):
            raise UsageError(f"expected a devices file at {explicit}, there is none; check --devices-file")
        return explicit
    return next((path for path in _usual_places() if _is_file(path)), None)


def find_device(name: str, explicit: Path | None = None) -> Device:
    """The device of that name: one of this machine's own, or an entry of devices.yaml; UsageError for any other."""
    if (builtin := builtin_device(name)) is not None:
        return builtin
    path = locate(explicit)
    if path is None:
        looked = " or ".join(map(str, _usual_places()))
        raise UsageError(f"unknown device {name!r}: there is no devices.yaml at {looked}; write one, or give its path")
    devices = read_devices(path)
    for device in devices:
        if device.name == name:
            return device
    known = [device.name for device in devices]
    near = get_close_matches(name, [*known, "cpu", "cuda"], n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else _ADD_ONE
    raise UsageError(f"unknown device {name!r}: {path} knows {', '.join(known) or 'none'}; {hint}")


def read_devices(path: Path) -> tuple[Device, ...]:
    """All entries of a file, in its order; UsageError where anything in it is wrong."""
    place = _Place(path=path)
    root = _parse(place)
    if root is None:
        return ()
    top = _mapping(place, root)
    for key, (key_node, _) in top.items():
        if key != "devices":
            place.at(key).refuse(key_node, "unknown key; the file holds one key, `devices`")
    if "devices" not in top or _is_null(top["devices"][1]):
        return ()
    place = place.at("devices")
    return tuple(_device(place, name, *nodes) for name, nodes in _mapping(place, top["devices"][1]).items())


def _usual_places() -> tuple[Path, ...]:
    try:
        return Path("devices.yaml"), Path.home() / ".config/bench/devices.yaml"
    except RuntimeError:  # a user without a home
        return (Path("devices.yaml"),)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long, a folder that may not be looked into
        return False


def _parse(place: _Place) -> yaml.Node | None:
    try:
        data = place.path.read_bytes()
        if len(data) > MAX_BYTES:
            place.refuse(None, f"expected at most {MAX_BYTES} bytes, got {len(data)}; keep only device entries in it")
        text = data.decode("utf-8")
        _check_events(place, text)
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        place.refuse(None, f"expected UTF-8, byte {error.start} is not; save the file as UTF-8")
    except OSError as error:
        place.refuse(None, f"cannot be read ({error.strerror}); check the path and its permissions")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f":{mark.line + 1}" if mark is not None else ""
        raise UsageError(f"{place.path}{where}: expected YAML, {error.problem}; mend that line") from None
    except (yaml.YAMLError, ValueError) as error:
        place.refuse(None, f"expected YAML, {' '.join(str(error).split())[:120]}; mend the file")


def _check_events(place: _Place, text: str) -> None:
    """Refuse what no device entry needs, before anything is built of it: anchors, aliases, tags, deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None) is not None:
            place.refuse(event, "expected no anchors and aliases (& and *); write the value out")
        if getattr(event, "tag", None) is not None:
            place.refuse(event, "expected no YAML tags (!...); write a plain value")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            place.refuse(event, f"expected nesting at most {MAX_DEPTH} deep; a device entry is flat")


def _mapping(place: _Place, node: yaml.Node) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        place.refuse(node, f"expected `key: value` lines, got a {_kind(node)}; indent them below the key")
    found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key_node, value in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            place.refuse(key_node, f"expected a name as key, got a {_kind(key_node)}; write a plain word")
        if key_node.value in found:
            first = found[key_node.value][0].start_mark.line + 1
            place.at(_shown(key_node.value)).refuse(key_node, f"is already on line {first}; remove one of them")
        found[key_node.value] = key_node, value
    return found


def _device(place: _Place, name: str, key_node: yaml.Node, node: yaml.Node) -> Device:
    place = place.at(_shown(name))
    if not _NAME.fullmatch(name):
        place.refuse(key_node, "expected a name of letters, digits, dots, dashes and underscores; rename the device")
    if _RESERVED.fullmatch(name):
        place.refuse(key_node, "is the name of this machine's own device; choose another")
    entries = _mapping(place, node)
    for key, (where, _) in entries.items():
        if _SECRET.fullmatch(key):
            place.at(key).refuse(where, "no secret belongs here: ssh uses your keys and agent; remove the line")
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(KEYS)}"
            place.at(_shown(key)).refuse(where, f"unknown key; {hint}")
    if "ssh" not in entries:
        place.refuse(key_node, "expected a key `ssh` with user@host; this machine's own devices need no entry")
    values = _Values(place, {key: value for key, (_, value) in entries.items()})
    target = SshTarget(
        destination=values.destination(), port=values.port(), config=values.config(), python=values.python()
    )
    return Device(
        name=name,
        accelerator=values.accelerator(),
        ssh=target,
        runtimes=values.runtimes(),
        threads=values.threads(),
        priority=values.priority(),
    )


class _Values:
    """The checked values of one entry."""

    def __init__(self, place: _Place, nodes: dict[str, yaml.Node]) -> None:
        self._place, self._nodes = place, nodes

    def destination(self) -> str:
        """user@host, a host, or a Host of ssh_config."""
        text = self._text("ssh")
        self._checked("ssh", check_destination, text)
        return text

    def port(self) -> int | None:
        """The TCP port, None for ssh's own choice."""
        return self._number("port", 65535) if "port" in self._nodes else None

    def config(self) -> str:
        """The absolute path of an ssh configuration; written relative to devices.yaml."""
        if "ssh_config" not in self._nodes:
            return ""
        text = self._text("ssh_config")
        self._checked("ssh_config", check_config, text)
        try:
            path = (self._place.path.parent / Path(text).expanduser()).absolute()
            found = path.is_file()
        except (OSError, RuntimeError) as error:  # a name too long for a file system, the home of an unknown user
            self._refuse("ssh_config", f"{' '.join(str(error).split())[:80]}; give the path of an ssh configuration")
        if not found:
            self._refuse("ssh_config", f"expected a file at {path}; the path is relative to devices.yaml")
        self._checked("ssh_config", check_config, str(path))
        return str(path)

    def python(self) -> str:
        """A path from the device's home folder, an absolute one, or the name of a program."""
        if "python" not in self._nodes:
            return ""
        text = self._text("python")
        self._checked("python", check_python, text)
        if not text.startswith("~/"):
            return text
        text = text[2:].lstrip("/")
        # ssh starts in the home folder, and the dot keeps a bare name from being looked for along PATH.
        self._checked("python", check_python, f"./{text}")
        return f"./{text}"

    def runtimes(self) -> tuple[str, ...]:
        """Names of runtimes; empty where the entry says nothing."""
        node = self._nodes.get("runtimes")
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self._refuse("runtimes", f"expected a list such as [onnxruntime], got a {_kind(node)}; use brackets")
        names = []
        for item in node.value:
            name = item.value if isinstance(item, yaml.ScalarNode) else ""
            if find_runtime(str(name)) is None:
                near = get_close_matches(str(name), runtimes(), n=1, cutoff=0.5) or [", ".join(runtimes())]
                self._place.at("runtimes").refuse(item, f"unknown runtime {_shown(name)!r}; choose {near[0]}")
            names.append(name)
        return tuple(dict.fromkeys(names))

    def threads(self) -> int:
        """The entry's default, 0 where it has none."""
        return self._number("threads", 1024) if "threads" in self._nodes else 0

    def priority(self) -> str:
        """The entry's default, empty where it has none."""
        if "priority" not in self._nodes:
            return ""
        text = self._text("priority")
        if text not in PRIORITIES:
            self._refuse("priority", f"expected one of {', '.join(PRIORITIES)}, got {_shown(text)!r}; choose one")
        return text

    def accelerator(self) -> str:
        """cuda:N, or empty for the CPU."""
        if "accelerator" not in self._nodes:
            return ""
        text = self._text("accelerator")
        device = builtin_device(text)
        if device is None or not device.accelerator:
            self._refuse("accelerator", f"expected cuda or cuda:N, got {_shown(text)!r}; leave it out for the CPU")
        return device.accelerator

    def _text(self, key: str) -> str:
        node = self._nodes[key]
        if not isinstance(node, yaml.ScalarNode) or _is_null(node) or not node.value:
            self._refuse(key, f"expected text, got {'nothing' if _is_null(node) else 'a ' + _kind(node)}; fill it in")
        return str(node.value)

    def _number(self, key: str, most: int) -> int:
        text = self._text(key)
        if not re.fullmatch(r"[1-9]\d{0,5}", text) or int(text) > most:
            self._refuse(key, f"expected a whole number of 1 to {most}, got {_shown(text)!r}; leave it out for default")
        return int(text)

    def _checked(self, key: str, check: Callable[[str], None], text: str) -> None:
        try:
            check(text)
        except ValueError as error:
            self._refuse(key, str(error))

    def _refuse(self, key: str, problem: str) -> NoReturn:
        self._place.at(key).refuse(self._nodes[key], problem)


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "mapping"
    return "list" if isinstance(node, yaml.SequenceNode) else "single value"


def _shown(text: str) -> str:
    """A value fit for a terminal: its first 40 characters, controls and other unprintables escaped."""
    return repr(text[:40])[1:-1]
