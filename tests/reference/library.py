"""The names of ``import alpha_pulse as ap``, from their docstrings, and the metrics of a run, from their declaration."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import alpha_pulse as ap
from alpha_pulse.library.metrics import OF_BOOK, OF_MEMBER, OF_RUN, Metric

from .markdown import markdown_table

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "replay": ap.replay,
    "open_run": ap.open_run,
    "runs": ap.runs,
    "compare": ap.compare,
    "evaluate": ap.evaluate,
    "data.read": ap.data.read,
    "data.bundled": ap.data.bundled,
}
"""The functions whose parameters are described in full."""
CLASSES: dict[str, type] = {"Run": ap.Run, "ComparedRuns": ap.ComparedRuns, "EvaluationResult": ap.EvaluationResult}
"""The classes whose members are described."""
LONGEST_LINE = 120
_HEADING = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
_ROLE = re.compile(r"``([^`]+)``")


def tables() -> dict[str, str]:
    """Each table and section by its name."""
    return {
        "names": _names(),
        "functions": "\n\n".join(_function(name, function) for name, function in FUNCTIONS.items()),
        "classes": "\n\n".join(_class(name, kind) for name, kind in CLASSES.items()),
        "metrics of the run": _metrics(OF_RUN),
        "metrics of a book": _metrics(OF_BOOK),
        "metrics of a member": _metrics(OF_MEMBER),
    }


def _names() -> str:
    described = [name for name in ap.__all__ if name != "__version__"]
    rows = [[f"`ap.{name}`", _first_sentence(getattr(ap, name))] for name in described]
    rows.append(["`ap.__version__`", "The version of this program, as text."])
    return markdown_table(["name", "what it is"], rows)


def _function(name: str, function: Callable[..., Any]) -> str:
    parts = _parts(function)
    text = [f"### ap.{name}", f"```text\n{_signature(name, function)}\n```", parts.pop("")]
    for heading in ("Parameters", "Raises"):
        if heading in parts:
            rows = [[_code_list(term), meaning] for term, meaning in _terms(parts[heading])]
            text.append(markdown_table(["parameter" if heading == "Parameters" else "error", "meaning"], rows))
    return "\n\n".join(text)


def _signature(name: str, function: Callable[..., Any]) -> str:
    """The call with its defaults, without types, which the table below it explains."""
    parameters = inspect.signature(function).parameters.values()
    shown = [str(parameter.replace(annotation=inspect.Parameter.empty)) for parameter in parameters]
    first_keyword = next((place for place, each in enumerate(parameters) if each.kind is each.KEYWORD_ONLY), None)
    if first_keyword is not None:
        shown.insert(first_keyword, "*")
    line = f"ap.{name}({', '.join(shown)})"
    return line if len(line) <= LONGEST_LINE else f"ap.{name}(\n    " + ",\n    ".join(shown) + ",\n)"


def _class(name: str, kind: type) -> str:
    rows = []
    for member, value in vars(kind).items():
        if member.startswith("_"):
            continue
        if isinstance(value, property):
            rows.append([f"`.{member}`", _sentences(value.__doc__)])
        elif inspect.isfunction(value):
            parameters = list(inspect.signature(value).parameters.values())[1:]
            shown = ", ".join(str(each.replace(annotation=inspect.Parameter.empty)) for each in parameters)
            rows.append([f"`.{member}({shown})`", _sentences(value.__doc__)])
    return f"### ap.{name}\n\n{_parts(kind)['']}\n\n{markdown_table(['member', 'what it is'], rows)}"


def _metrics(metrics: tuple[Metric, ...]) -> str:
    return markdown_table(["name", "meaning"], [[f"`{metric.name}`", metric.meaning] for metric in metrics])


def _parts(described: Any) -> dict[str, str]:
    """The text of a docstring before its sections (under ``""``), and each section by its heading, without examples."""
    doc = (inspect.getdoc(described) or "").partition(">>>")[0]
    pieces = _HEADING.split(doc)
    return {"": _plain(pieces[0])} | dict(zip(pieces[1::2], pieces[2::2], strict=True))


def _terms(section: str) -> list[tuple[str, str]]:
    """The terms of a section and what they mean."""
    terms: list[tuple[str, list[str]]] = []
    for line in section.strip().splitlines():
        if line and not line.startswith(" "):
            terms.append((line, []))
        elif terms:
            terms[-1][1].append(line.strip())
    return [(term, _plain(" ".join(lines))) for term, lines in terms]


def _sentences(doc: str | None) -> str:
    """All of a short docstring, without its sections."""
    return _plain(_HEADING.split(inspect.cleandoc(doc or "").partition(">>>")[0])[0])


def _first_sentence(described: Any) -> str:
    text = _sentences(described.__doc__).partition("\n\n")[0]
    end = re.search(r"\.(?= [A-Z`])|\.$", text)
    return text if end is None else text[: end.end()]


def _plain(text: str) -> str:
    """Paragraphs as one line each, with Markdown's code."""
    paragraphs = [" ".join(part.split()) for part in text.strip().split("\n\n")]
    return "\n\n".join(_ROLE.sub(r"`\1`", part) for part in paragraphs if part)


def _code_list(terms: str) -> str:
    return ", ".join(f"`{term.strip()}`" for term in terms.split(","))
