"""Parses paths of another library's estimators, written as in Python, without evaluating them.

``linear_model.LogisticRegression(l2=0.1)``, ``preprocessing.StandardScaler | linear_model.LogisticRegression``,
``ensemble.BaggingClassifier(tree.HoeffdingTreeClassifier(grace_period=50), n_models=3)``: paths below the library's package,
values as in JSON or Python, nested where a parameter is an estimator, a pipeline with ``|``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from alpha_pulse.core.errors import ConfigError, UnknownNameError, did_you_mean

MAX_PATH = 500
"""Maximum number of characters of a path."""

_SHOWN = 80
_JSON_NAMES = {"true": True, "false": False, "null": None}


class Library(msgspec.Struct, frozen=True):
    """A library whose estimators are named by their paths.

    Parameters
    ----------
    package
        The name by which it is imported.
    title
        Its name in sentences.
    distribution
        Its name in package registries.
    extra
        The extra of this package that installs it.
    closed
        Its packages that contain no estimators: data, files, and wrappers of other libraries.
    seed
        The parameter of its classes that seeds their random numbers.
    base
        Imports the base class of its estimators.
    pipeline
        Makes one estimator of the steps of a pipeline.
    example
        A pipeline, for errors.
    """

    package: str
    title: str
    distribution: str
    extra: str
    closed: frozenset[str]
    seed: str
    base: Callable[[], type]
    pipeline: Callable[[list[Any]], Any]
    example: str

    def module(self, name: str) -> Any:
        """The library, or its package of this name. Raises ConfigError if it is not installed."""
        try:
            return importlib.import_module(f"{self.package}.{name}" if name else self.package)
        except ModuleNotFoundError as error:
            if error.name == self.package:
                raise ConfigError(
                    f"{self.title} is not installed; install it with: pip install 'alpha-pulse[{self.extra}]'"
                ) from None
            raise ConfigError(f"{self.title}'s {name} needs {error.name!r}, which is not installed; install it too") from None


class Recipe(msgspec.Struct, frozen=True):
    """One class of a library with its parameters, or a pipeline, whose estimators are in ``steps``.

    ``make(seed)`` builds a new estimator and passes ``seed`` to every class that takes one and has none in the path.
    """

    library: Library
    kind: type | None
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = msgspec.field(default_factory=dict)
    steps: tuple[Recipe, ...] = ()

    def make(self, seed: int) -> Any:
        """A new, untrained estimator."""
        if self.kind is None:
            return self.library.pipeline([step.make(seed) for step in self.steps])
        kwargs = {name: _made(value, seed) for name, value in self.kwargs.items()}
        signature, name = inspect.signature(self.kind), self.library.seed
        if name in signature.parameters and name not in signature.bind_partial(*self.args, **kwargs).arguments:
            kwargs[name] = seed
        return self.kind(*(_made(value, seed) for value in self.args), **kwargs)

    def classes(self) -> Iterator[type]:
        """The classes of a pipeline, in order; for a single estimator, its class."""
        if self.kind is not None:
            yield self.kind
        for step in self.steps:
            yield from step.classes()


def parse_path(path: str, library: Library) -> Recipe:
    """Parse a path.

    Raises
    ------
    ConfigError
        The syntax is invalid, the path contains anything other than paths and plain values, or the library is not installed.
    UnknownNameError
        The library has no such package, class or parameter.
    """
    if len(path) > MAX_PATH:
        raise ConfigError(f"a path into {library.title} has {len(path)} characters; expected at most {MAX_PATH}")
    try:
        tree = ast.parse(path.strip(), mode="eval").body
        recipe = _recipe(tree, library)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _unreadable(path, library) from None
    if not isinstance(recipe, Recipe):
        raise _unreadable(path, library)
    return recipe


def _unreadable(path: str, library: Library) -> ConfigError:
    shown = path if len(path) <= _SHOWN else f"{path[:_SHOWN]}..."
    return ConfigError(
        f"{shown!r} cannot be read as a path into {library.title}; expected package.Class, package.Class(name=value, ...) or "
        f"several of these with | between them, such as {library.example}"
    )


def _recipe(node: ast.expr, library: Library) -> Any:
    """The recipe or the plain value of a syntax node. Raises ValueError for every other node."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = _recipe(node.left, library), _recipe(node.right, library)
        if not (isinstance(left, Recipe) and isinstance(right, Recipe)):
            raise ValueError
        before = left.steps if left.kind is None else (left,)
        return Recipe(library, None, steps=(*before, right))
    if isinstance(node, ast.Call):
        kind = _class_at(_dotted(node.func), library)
        kwargs = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise ValueError
            kwargs[keyword.arg] = _recipe(keyword.value, library)
        return _checked(Recipe(library, kind, tuple(_recipe(value, library) for value in node.args), kwargs))
    if isinstance(node, ast.Attribute):
        return _checked(Recipe(library, _class_at(_dotted(node), library)))
    if isinstance(node, ast.Name) and node.id in _JSON_NAMES:
        return _JSON_NAMES[node.id]
    if isinstance(node, ast.List):
        return [_recipe(value, library) for value in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_recipe(value, library) for value in node.elts)
    if isinstance(node, ast.Dict):
        keys = [ast.literal_eval(key) for key in node.keys if key is not None]
        return dict(zip(keys, (_recipe(value, library) for value in node.values), strict=True))
    value = ast.literal_eval(node)
    if not (value is None or isinstance(value, bool | int | float | str)):
        raise ValueError
    return value


def _dotted(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        return [*_dotted(node.value), node.attr]
    raise ValueError


def _class_at(parts: list[str], library: Library) -> type:
    """The class of the estimator at a dotted path below the library's package. No other object can be reached."""
    packages = {entry.name for entry in pkgutil.iter_modules(library.module("").__path__)}
    known = {name for name in packages - library.closed if not name.startswith("_")}
    if parts[0] not in known:
        raise UnknownNameError(f"{library.package} has no package {parts[0]!r} of estimators{did_you_mean(parts[0], known)}")
    entry = library.module(parts[0])
    for i, part in enumerate(parts[1:], 1):
        inside = _inside(entry, library)
        if part not in inside:
            where = ".".join((library.package, *parts[:i]))
            raise UnknownNameError(f"{where} has no estimator {part!r}{did_you_mean(part, inside)}")
        entry = inside[part]
    if not isinstance(entry, type):
        where = ".".join((library.package, *parts))
        raise UnknownNameError(f"{where} is a package, not a class{did_you_mean(parts[-1], _inside(entry, library))}")
    return entry


def _inside(package: Any, library: Library) -> dict[str, Any]:
    """The subpackages and the estimators in a package; empty for a class."""
    if isinstance(package, type):
        return {}
    kind = library.base()
    inside = {}
    for name, value in vars(package).items():
        below = inspect.ismodule(value) and value.__name__.startswith(f"{package.__name__}.")
        if not name.startswith("_") and (below or (isinstance(value, type) and issubclass(value, kind))):
            inside[name] = value
    return inside


def _checked(recipe: Recipe) -> Recipe:
    """The recipe, after checking its parameters against the signature of its class."""
    assert recipe.kind is not None
    title = f"{recipe.library.package}'s {recipe.kind.__name__}"
    signature = inspect.signature(recipe.kind)
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    for name in recipe.kwargs:
        if name not in signature.parameters and inspect.Parameter.VAR_KEYWORD not in kinds:
            raise UnknownNameError(f"{title} has no parameter {name!r}{did_you_mean(name, signature.parameters)}")
    if inspect.isabstract(recipe.kind):
        raise UnknownNameError(f"{title} is an abstract base class; choose one of its subclasses")
    try:
        signature.bind(*recipe.args, **recipe.kwargs)
    except TypeError as error:
        raise ConfigError(f"{title} cannot be created with these parameters: {error}; expected {signature}") from None
    return recipe


def _made(value: Any, seed: int) -> Any:
    """The value, with an estimator in place of every recipe."""
    if isinstance(value, Recipe):
        return value.make(seed)
    if isinstance(value, list | tuple):
        return type(value)(_made(part, seed) for part in value)
    if isinstance(value, dict):
        return {key: _made(part, seed) for key, part in value.items()}
    return value
