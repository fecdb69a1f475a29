"""The text of a file of examples, with newlines as line ends."""

from __future__ import annotations

from alpha_pulse.core.errors import DataError

REPLACED = "\ufffd"
"""Replaces bytes that could not be decoded."""


def text_of(data: bytes, where: str) -> str:
    r"""The text of these UTF-8 bytes, with ``\n`` as line ends.

    Raises
    ------
    DataError
        The bytes are not text, or some could not be decoded; different classes could then become equal.

    >>> text_of(b"a,b\r\n1,2\r\n", "file x.csv")
    'a,b\n1,2\n'
    """
    text = data.decode(errors="replace")
    if "\0" in text:
        raise DataError(f"{where} is not text: it contains a zero byte; give a CSV, ARFF or Parquet file")
    if REPLACED in text:
        raise DataError(f"{where} contains characters that are neither UTF-8 nor Windows-1252; save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
