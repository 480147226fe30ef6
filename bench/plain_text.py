"""Text from a device or a library, made fit for a terminal, a report and a one-line message."""

import unicodedata

LONGEST_MESSAGE = 2000  # characters of one line on the terminal

# Cc control (escape sequences, newlines), Cf format (bidirectional marks, zero width), Cs lone surrogates, Co private
# use, Cn nothing yet, Zl and Zp line breaks of Unicode.
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def plain_line(text: object, limit: int = 300) -> str:
    """White space folded, at most `limit` characters; what is invisible spelled out."""
    return spelled_out(" ".join(str(text).split())[:limit])


def spelled_out(text: str) -> str:
    """The text with control, bidirectional and other invisible characters as their escape sequences."""
    if text.isprintable():  # none of these, nor a blank that is not a space: nearly every text
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _INVISIBLE else c for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
