"""The encoding of a text: UTF-8 and UTF-16 with their marks or without, else Windows-1252."""

from __future__ import annotations

import codecs

from alpha_pulse.core.errors import DataError


def decode_text(data: bytes, where: str) -> tuple[bytes, str]:
    """A text in UTF-8 without a mark, its lines ended by newlines; and its encoding's name where it was another one.

    Raises
    ------
    DataError
        It begins as UTF-16, but goes on otherwise.

    >>> decode_text("Eröffnung".encode("utf-16"), "file x.csv")[0].decode()
    'Eröffnung'
    """
    encoding = _utf16(data)
    if encoding:
        try:
            data = data.decode(encoding).encode()
        except UnicodeError:
            raise DataError(f"{where} begins as UTF-16, but cannot be decoded as such; save it as UTF-8") from None
    told = ", UTF-16" if encoding else ""
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            data, told = data.decode("cp1252", errors="replace").encode(), ", Windows-1252"
    if data.count(b"\r") > data.count(b"\r\n"):
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data, told


def _utf16(data: bytes) -> str:
    """The name of the UTF-16 that a text is in, by its mark or by the zeros beside its first two letters; else empty."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = [at for at, byte in enumerate(data[:4]) if not byte]
    return "utf-16-le" if zeros == [1, 3] else "utf-16-be" if zeros == [0, 2] else ""
