"""Text from a device or a library, made fit for a terminal and a one-line message."""


def plain_line(text: object, limit: int = 300) -> str:
    """White space folded, at most `limit` characters; escape sequences, controls and bidi marks spelled out."""
    folded = " ".join(str(text).split())[:limit]
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in folded)
