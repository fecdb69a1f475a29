"""Pages from templates; whatever is no markup is escaped."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from alpha_pulse.core.version import __version__
from alpha_pulse.reporting.pages.numbers import NARROW_SPACE
from alpha_pulse.reporting.pages.parts import PageContent


def rendered(page: PageContent) -> str:
    """A page as one HTML file."""
    return _environment().get_template("page.html.jinja").render(page=page, version=__version__)


@cache
def _environment() -> Environment:
    loader = PackageLoader("alpha_pulse.reporting.pages")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_with_unit
    )


def _with_unit(value: object) -> object:
    """A text in which no line breaks between a number and the per cent sign; markup stays as it is."""
    return value.replace(" %", f"{NARROW_SPACE}%") if isinstance(value, str) and not isinstance(value, Markup) else value
