"""Recognises a file by its first bytes and unpacks it; gives one `Content` for the file or for each member of an archive."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
import zstandard

from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.files.encodings import decode_text

Format = Literal["text", "json", "parquet", "arrow", "arrow stream"]
_MAGIC: dict[bytes, Format] = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow stream"}
_REFUSED = {
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"FEA1": "a Feather file of version 1",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x80\x04": "a Python pickle, which is never loaded",
    b"\x80\x05": "a Python pickle, which is never loaded",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}
_EXPECTED = "CSV, JSON, Parquet or Feather, plain or packed with gzip or zip, is expected; export it as one of them"
_HEAD = 1 << 19
"""The number of bytes from which a plain text file is recognised."""
_BLANK = 1 << 16
"""Only files smaller than this are checked for being blank."""
_PART = 1 << 22
_ZSTD_PART = 1 << 12
_MAX_BYTES = 4 * 2**30
"""A packed file or archive that unpacks to more is refused."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of a file or of a member of an archive.

    ``where`` is for errors; ``name`` may contain a symbol. Text is converted to UTF-8 from its ``encoding``. ``partial``:
    ``data`` are only the first lines of a plain text file, enough to recognise it; `full_text` reads all of it.
    """

    where: str
    path: str
    name: str
    format: Format
    packed: str
    encoding: str
    data: bytes
    partial: bool = False

    def full_text(self) -> bytes:
        """The whole text. Raises DataError where the file can no longer be read."""
        if not self.partial:
            return self.data
        data = _read(Path(self.path), self.where, "give a file that can be read")
        return decode_text(data, self.where)[0]


def read_contents(path: Path, fix: str = "name a file of bars, a folder, or a pattern") -> Iterator[Content]:
    """The tables of a file, recognised by its content and not by its name; ``fix`` ends the error about a path that is no file.

    Raises
    ------
    DataError
        The file does not exist, is empty or damaged, or has an unsupported format.
    """
    where = f"file {path}"
    if path.exists() and not path.is_file() and not path.is_dir():  # a pipe can be read once
        yield from _unpack(where, str(path), path.name, "", _read(path, where, fix), depth=0)
        return
    head = _read(path, where, fix, _HEAD)
    if len(head) == _HEAD and _is_plain(head):
        lines = head[: head.rindex(b"\n") + 1]
        yield Content(
            where=where, path=str(path), name=path.name, format="text", packed="", encoding="", data=lines, partial=True
        )
        return
    data = _read(path, where, fix) if len(head) == _HEAD else head
    yield from _unpack(where, str(path), path.name, "", data, depth=0)


def _read(path: Path, where: str, fix: str, size: int = -1) -> bytes:
    """The first ``size`` bytes of a file, by default all. Raises DataError."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        raise DataError(f"{where} does not exist; {fix}") from None
    except IsADirectoryError:
        raise DataError(f"{where} is not a file; {fix}") from None
    except OSError as error:
        raise DataError(f"{where} cannot be read: {reason_of(error)}; give a file that can be read") from None


def _is_plain(head: bytes) -> bool:
    """Whether a file starts as ASCII text without quotes, which polars can read directly from the file."""
    plain = head.isascii() and b"\0" not in head and b'"' not in head and b"\n" in head and not _is_json(head)
    return plain and not any(head.startswith(magic) for magic in (*_MAGIC, *_REFUSED, b"PK", b"BZh"))


def _unpack(where: str, path: str, name: str, packed: str, data: bytes, depth: int) -> Iterator[Content]:
    """The content of a file, or of its members. An archive may contain packed files, but these no archives."""
    if len(data) < _BLANK and not data.strip(b"\0 \t\r\n\f"):
        raise DataError(f"{where} is empty; a header and at least one row are needed")
    if data[:4] == b"PK\x03\x04" or data[:4] == b"PK\x05\x06":
        yield from _unpack_members(where, path, packed, data, depth)
        return
    for magic, kind, unpack in (
        (b"\x1f\x8b", "gzip", _gzip),
        (b"BZh", "bzip2", _bzip2),
        (b"\xfd7zXZ\0", "xz", _xz),
        (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
    ):
        if data.startswith(magic) and depth < 2:
            try:
                inner = unpack(data)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
                raise DataError(f"{where} cannot be unpacked as {kind} ({first_line(error)}); give a complete file") from None
            except MemoryError:
                raise DataError(f"{where} is too large to be unpacked in memory; split it") from None
            if len(inner) > _MAX_BYTES:
                raise DataError(f"{where} unpacks to more than {_MAX_BYTES / 2**30:g} GiB; split it")
            stem = Path(name).stem if Path(name).suffix.lower() in (".gz", ".bz2", ".xz", ".zst", ".zstd") else name
            yield from _unpack(where, path, stem, f"{packed}{kind}, ", inner, depth + 1)
            return
    format_found: Format = _detect_format(where, data)
    encoding = ""
    if format_found == "text":
        data, encoding = decode_text(data, where)
        format_found = "json" if _is_json(data) else format_found
    yield Content(where=where, path=path, name=name, format=format_found, packed=packed, encoding=encoding, data=data)


def _unpack_members(where: str, path: str, packed: str, data: bytes, depth: int) -> Iterator[Content]:
    if depth >= 2:
        raise DataError(f"{where} is an archive inside an archive inside an archive; unpack it first")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
            if "[Content_Types].xml" in names:
                raise DataError(f"{where} is an Excel workbook, but {_EXPECTED}")
            names = [name for name in names if not _is_hidden(name)]
            if not names:
                raise DataError(f"{where} is an archive without files; give one that contains bars")
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_BYTES:
                raise DataError(f"{where} unpacks to more than {_MAX_BYTES / 2**30:g} GiB; split it")
            for name in names:
                inside = where if len(names) == 1 else f"{where}, member {name}"
                yield from _unpack(inside, path, Path(name).name, f"{packed}zip, ", archive.read(name), depth + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise DataError(f"{where} cannot be unpacked as zip ({first_line(error)}); give a complete file") from None


def _is_hidden(name: str) -> bool:
    """Whether a member was added by an archiver, such as ``__MACOSX/._bars.csv``."""
    return name.startswith("__MACOSX/") or Path(name).name.startswith(".")


def _gzip(data: bytes) -> bytes:
    with gzip.open(io.BytesIO(data)) as file:
        return _read_limited(file)


def _bzip2(data: bytes) -> bytes:
    with bz2.open(io.BytesIO(data)) as file:
        return _read_limited(file)


def _xz(data: bytes) -> bytes:
    with lzma.open(io.BytesIO(data)) as file:
        return _read_limited(file)


def _read_limited(file: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile) -> bytes:
    """The unpacked bytes; stops soon after the limit is exceeded."""
    whole = io.BytesIO()
    while whole.tell() <= _MAX_BYTES and (chunk := file.read(_PART)):
        whole.write(chunk)
    return whole.getvalue()


def _zstd(data: bytes) -> bytes:
    """The content of all zstd frames; stops soon after the limit is exceeded.

    A piece of ``_ZSTD_PART`` bytes unpacks to at most 2**15 times as many (RFC 8878, section 3.1.1.2).
    """
    whole, at = io.BytesIO(), 0
    while at < len(data):
        frame = zstandard.ZstdDecompressor().decompressobj()
        while not frame.eof:
            if at >= len(data):
                raise EOFError("the data end inside a frame")
            whole.write(frame.decompress(data[at : at + _ZSTD_PART]))
            at += _ZSTD_PART
            if whole.tell() > _MAX_BYTES:
                return whole.getvalue()
        at = min(at, len(data)) - len(frame.unused_data)
    return whole.getvalue()


def _detect_format(where: str, data: bytes) -> Format:
    for magic, format_found in _MAGIC.items():
        if data.startswith(magic):
            return format_found
    for magic, kind_of_file in _REFUSED.items():
        if data[: len(magic)].lower() == magic.lower():
            raise DataError(f"{where} is {kind_of_file}, but {_EXPECTED}")
    return "text"


def _is_json(data: bytes) -> bool:
    start = data[:256].lstrip()
    return start[:1] == b"{" or (start[:1] == b"[" and start[1:].lstrip()[:1] in b'[{]"-0123456789')


def first_line(error: BaseException) -> str:
    """The first line of a library's error message, for use in a sentence.

    >>> first_line(ValueError("no\\nmore"))
    'no'
    """
    line = str(error).strip().partition("\n")[0] or type(error).__name__
    return line if len(line) < 200 else f"{line[:197]}..."
