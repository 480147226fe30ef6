"""What ssh's last words mean: texts of OpenSSH 9 and what we make of them."""

import pytest

from bench.errors import DeviceError, LinkLostError
from bench.link.ssh_errors import explain, explain_loss

UNKNOWN = """No ED25519 host key is known for pi4 and you have requested strict checking.
Host key verification failed."""
CHANGED = """@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Host key for pi4 has changed and you have requested strict checking.
Host key verification failed."""


@pytest.mark.parametrize(
    ("stderr", "passing", "says"),
    [
        (UNKNOWN, False, "`bench devices trust pi4`"),
        (CHANGED, False, "not the one that was trusted"),
        ("pi@pi4: Permission denied (publickey,password).", False, "refused every key"),
        ("ssh: Could not resolve hostname pi4: Name or service not known", False, "cannot be resolved"),
        ("ssh: Could not resolve hostname raspberrypi.local: Name or service not known", True, "switched on"),
        ("ssh: Could not resolve hostname pi4: Temporary failure in name resolution", True, "switched on"),
        ("ssh: connect to host 10.0.0.2 port 22: Connection refused", True, "nothing listens"),
        ("ssh: connect to host 10.0.0.2 port 22: Connection timed out", True, "does not answer"),
        ("Connection timed out during banner exchange", True, "does not answer"),
        ("Timeout, server pi4 not responding.", True, "does not answer"),
        ("ssh: connect to host 10.0.0.2 port 22: No route to host", True, "no way to it"),
        ("kex_exchange_identification: read: Connection reset by peer", True, "connection broke"),
        ("client_loop: send disconnect: Broken pipe", True, "connection broke"),
        ("Connection closed by UNKNOWN port 65535", True, "connection broke"),
        ("/x/config: line 3: Bad configuration option: prot", False, "does not accept its configuration"),
        ("Bad owner or permissions on /home/me/.ssh/config", False, "does not accept its configuration"),
        ("something new", False, "something new"),
        ("", False, "nothing"),
    ],
)
def test_each_gives_a_cause_a_remedy_and_whether_a_retry_helps(stderr: str, passing: bool, says: str) -> None:
    error = explain("pi4", "pi@pi4", 255, stderr)
    assert isinstance(error, LinkLostError) == passing
    assert isinstance(error, DeviceError)
    text = str(error)
    assert text.startswith("pi4: ")
    assert says in text
    assert ";" in text, "the remedy follows"
    assert text.isprintable()
    assert "ssh: ssh:" not in text


def test_what_a_login_shell_prints_cannot_steer_the_terminal() -> None:
    error = explain("pi4", "pi4", 1, "welcome\n\x1b]0;evil\x07 \u202eabc")
    assert str(error).isprintable()
    assert "\\x1b" in str(error)


def test_a_loss_is_worth_a_retry_unless_the_agent_itself_ended() -> None:
    assert isinstance(explain_loss("pi4", "pi4", 255, ""), LinkLostError)
    assert isinstance(explain_loss("pi4", "pi4", None, "Permission denied"), LinkLostError), "that was the device's say"
    assert isinstance(explain_loss("pi4", "pi4", 0, ""), LinkLostError), "a signal asked it to end"
    ended = explain_loss("pi4", "pi4", 1, "Traceback\nMemoryError\n")
    assert not isinstance(ended, LinkLostError)
    assert "MemoryError" in str(ended)
