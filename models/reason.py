"""What went wrong in a network, in one line of a message."""


def reason(error: BaseException) -> str:
    """The error's kind and first line; inside TorchScript its last one, before which the trace stands."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return lines[-1] if "TorchScript interpreter" in lines[0] else f"{type(error).__name__}: {lines[0]}"
