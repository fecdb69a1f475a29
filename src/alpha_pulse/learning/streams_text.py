"""The text of a file: UTF-8 or UTF-16, with or without a byte order mark, and any line ends."""

from __future__ import annotations

import codecs

from alpha_pulse.core.errors import DataError

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decoded(raw: bytes, where: str) -> str:
    r"""The text of these bytes, each of its lines ended by ``\n`` and without a byte order mark.

    Raises
    ------
    DataError
        They are no UTF-8, nor UTF-16 with a byte order mark, or they are no text.

    >>> decoded(codecs.BOM_UTF8 + b"a,b\r\n1,2\r\n", "file x.csv")
    'a,b\n1,2\n'
    """
    encoding = next((name for mark, name in MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{where} is not in UTF-8 (byte {error.start} is 0x{raw[error.start]:02x}); save it as UTF-8") from None
    if "\0" in text:
        raise DataError(f"{where} is no text: it holds a byte 0; give a CSV, ARFF or Parquet file")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
