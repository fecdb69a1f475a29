"""The text of a file of examples, each of its lines ended by a newline."""

from __future__ import annotations

from alpha_pulse.core.errors import DataError

REPLACED = "\ufffd"
"""Stands for what could not be decoded."""


def text_of(data: bytes, where: str) -> str:
    r"""The text of these bytes, which are UTF-8, with each of its lines ended by ``\n``.

    Raises
    ------
    DataError
        They are no text, or were decoded only in part: two classes might then be one.

    >>> text_of(b"a,b\r\n1,2\r\n", "file x.csv")
    'a,b\n1,2\n'
    """
    text = data.decode(errors="replace")
    if "\0" in text:
        raise DataError(f"{where} is no text: it holds a byte 0; give a CSV, ARFF or Parquet file")
    if REPLACED in text:
        raise DataError(f"{where} holds characters that are neither UTF-8 nor Windows-1252; save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
