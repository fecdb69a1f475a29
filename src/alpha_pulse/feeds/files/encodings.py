"""Decodes text: UTF-8 and UTF-16 with or without byte order marks, else Windows-1252."""

from __future__ import annotations

import codecs

from alpha_pulse.core.errors import DataError


def decode_text(data: bytes, where: str) -> tuple[bytes, str]:
    """The text as UTF-8 without a byte order mark and with newlines as line ends, and the name of another original encoding.

    Raises
    ------
    DataError
        It starts as UTF-16, but cannot be decoded as UTF-16.

    >>> decode_text("Eröffnung".encode("utf-16"), "file x.csv")[0].decode()
    'Eröffnung'
    """
    encoding = _utf16(data)
    if encoding:
        try:
            data = data.decode(encoding).encode()
        except UnicodeError:
            raise DataError(f"{where} starts as UTF-16, but cannot be decoded as UTF-16; save it as UTF-8") from None
    label = ", UTF-16" if encoding else ""
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            data, label = data.decode("cp1252", errors="replace").encode(), ", Windows-1252"
    if data.count(b"\r") > data.count(b"\r\n"):
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data, label


def _utf16(data: bytes) -> str:
    """The variant of UTF-16 by the byte order mark or by the zeros beside the first two letters; empty for other encodings."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = [index for index, byte in enumerate(data[:4]) if not byte]
    return "utf-16-le" if zeros == [1, 3] else "utf-16-be" if zeros == [0, 2] else ""
