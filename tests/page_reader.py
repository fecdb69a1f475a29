"""A page as its reader sees it: sections with sentences, tables and tiles; figures are left out."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

VOID = ("meta", "br", "hr", "img", "link")


class ReadSection(NamedTuple):
    """The texts of a section's paragraphs and items, the cells of its tables by row, and its tiles and facts by name."""

    title: str
    sentences: list[str]
    tables: list[list[list[str]]]
    tiles: dict[str, str]


class PageReader(HTMLParser):
    """Reads a page. Narrow spaces become plain ones."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sections = [ReadSection("", [], [], {})]
        self.tags: list[str] = []
        self._text: list[str] = []
        self._term = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += [tag]
        if tag == "table":
            self.sections[-1].tables.append([])
        if tag == "tr":
            self.sections[-1].tables[-1].append([])
        if tag in ("h2", "p", "li", "th", "td", "dt", "dd", "figcaption", "h1"):
            self._text = []
        if tag == "small":
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        text, section = "".join(self._text).replace("\u202f", " ").strip(), self.sections[-1]
        if tag == "h2":
            self.sections.append(ReadSection(text, [], [], {}))
        elif tag in ("p", "li", "figcaption", "h1"):
            section.sentences.append(text)
        elif tag in ("th", "td"):
            section.tables[-1][-1].append(text)
        elif tag == "dt":
            self._term = text
        elif tag == "dd":
            section.tiles[self._term] = text
        while self.tags and self.tags.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "svg" not in self.tags and "style" not in self.tags:
            self._text.append(data)

    def section(self, title: str) -> ReadSection:
        """The section with a title that begins so."""
        return next(section for section in self.sections if section.title.startswith(title))
