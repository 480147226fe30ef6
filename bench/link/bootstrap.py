"""The first program on a device: finds Python, says so in band, takes the code if it is not there, hands over to it.

Everything it says is a line `bench:NONCE WORD TEXT`, so that what a login shell prints before is told apart from it.
Its syntax is one that Python 2 can parse: an old Python must be able to say that it is old.
"""

import shlex

# The shell that sshd starts may be any; this one is everywhere. $1 marks our lines, $2 is the wanted Python or empty.
_FIND_PYTHON = """\
cd 2>/dev/null
mark=$1 python=$2
shift 2
if [ -z "$python" ]; then
  python=./bench-env/bin/python
  [ -x "$python" ] || python=python3
fi
if ! command -v "$python" >/dev/null 2>&1; then
  echo
  echo "$mark nopython $python"
  exit 3
fi
exec "$python" -u -c "$@"
"""

PROGRAM = """\
import os, sys

mark, digest, size, module = sys.argv[1:5]
size = int(size)


def say(word, text=""):
    os.write(1, ("\\n%s %s %s\\n" % (mark, word, " ".join(str(text).split()))).encode("utf-8", "replace"))


def receive(path):
    import hashlib

    say("send")
    chunks, left = [], size
    while left:
        chunk = os.read(0, min(left, 1 << 16))
        if not chunk:
            sys.exit(3)
        # Now and then, so that neither ssh nor the host takes a slow link for a dead one.
        if left >> 15 != (left - len(chunk)) >> 15:
            say("got")
        chunks.append(chunk)
        left -= len(chunk)
    data = b"".join(chunks)
    if hashlib.sha256(data).hexdigest() != digest:
        say("damaged")
        sys.exit(3)
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.makedirs(folder)
    beside = "%s.%d" % (path, os.getpid())
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, path)
    except OSError:
        if os.path.exists(beside):
            os.unlink(beside)
        raise


def is_there(path):
    import hashlib

    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest() == digest
    except OSError:
        return False


def main():
    if sys.version_info < (3, 11):
        say("old", "%d.%d.%d" % sys.version_info[:3])
        return 3
    cache = os.environ.get("BENCH_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "bench")
    path = os.path.join(cache, "code", digest + ".zip")
    try:
        if not is_there(path):
            receive(path)
    except OSError as error:
        say("disk", "%s: %s" % (error.strerror, error.filename or cache))
        return 3
    # The archive first, and not the home folder: a folder `bench` or `models` there is none of ours.
    sys.path[:] = [path] + [item for item in sys.path if item]
    sys.dont_write_bytecode = True
    try:
        import importlib

        entry = importlib.import_module(module).main
    except Exception as error:
        say("broken", "%s: %s" % (type(error).__name__, error))
        return 3
    say("ready")
    return entry()


sys.exit(main())
"""


def mark(nonce: str) -> str:
    """How every line of the first program begins."""
    return f"bench:{nonce}"


def command(*, nonce: str, python: str, digest: str, size: int, module: str = "bench.agent.__main__") -> str:
    """The remote command: ssh joins its arguments for a shell over there, so all of it is quoted for one."""
    words = ["exec", "sh", "-c", _FIND_PYTHON, "sh", mark(nonce), python, PROGRAM]
    return shlex.join([*words, mark(nonce), digest, str(size), module])
