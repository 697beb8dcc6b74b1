"""What a function's code tells of what it reads, without calling it."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

_MOST_FUNCTIONS = 100
"""At most this many functions are looked at, those that it calls included."""


def words_of(function: Callable[..., Any]) -> frozenset[str]:
    """The names of its parameters, and every text in its code and in that of the functions of its own that it calls."""
    found: set[str] = set()
    for one in _reached(function):
        found.update(one.__code__.co_varnames[: one.__code__.co_argcount + one.__code__.co_kwonlyargcount])
        for code in _codes(one.__code__):
            found.update(constant for constant in _flat(code.co_consts) if isinstance(constant, str))
    return frozenset(found)


def reads_messages(function: Callable[..., Any], parameter: str) -> bool | None:
    """Whether a parameter is a list of conversations rather than of texts; None where neither is certain.

    An annotation tells, or an index such as `completion[0]["content"]` in a function that makes no difference between types,
    or that the word `content` stands nowhere in the code.
    """
    plain = _plain(function)
    annotation = str(inspect.get_annotations(plain).get(parameter, "")).lower() if plain else ""
    if "dict" in annotation or "message" in annotation:
        return True
    if "str" in annotation:
        return False
    reached, words = list(_reached(function)), words_of(function)
    if reached and "content" not in words:
        return False
    if "messages" in words:  # a column of conversations, whose content it may be
        return None
    careful = any({"isinstance", "type"} & set(code.co_names) for one in reached for code in _codes(one.__code__))
    return True if not careful and any(_indexes_content(one) for one in reached) else None


def _indexes_content(function: FunctionType) -> bool:
    """Whether `x[0]["content"]` stands in its text."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return False
    return any(
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and node.slice.value == "content"
        and isinstance(node.value, ast.Subscript)
        and ast.unparse(node.value.slice).lstrip("-").isdecimal()
        for node in ast.walk(tree)
    )


def _reached(function: Callable[..., Any]) -> Iterator[FunctionType]:
    """A function and those of its module, its closure or the modules that it names which it may call."""
    first = _plain(function)
    waiting, seen = [first] if first else [], {id(first)}
    while waiting and len(seen) <= _MOST_FUNCTIONS:
        one = waiting.pop()
        yield one
        names = {name for code in _codes(one.__code__) for name in code.co_names}
        near = [one.__globals__[name] for name in names if name in one.__globals__]
        near += [cell.cell_contents for cell in one.__closure__ or () if _filled(cell)]
        near += [getattr(module, name, None) for module in near if inspect.ismodule(module) for name in names]
        for other in map(_plain, filter(callable, near)):
            if other is not None and id(other) not in seen and not _of_python(other):
                seen.add(id(other))
                waiting.append(other)


def _plain(function: Any) -> FunctionType | None:
    """The Python function that a call runs: of a wrapper, a partial, a method, or an object or class with `__call__`."""
    function = inspect.unwrap(function) if callable(function) else function
    while hasattr(function, "func"):
        function = function.func
    if inspect.ismethod(function):
        function = function.__func__
    if not isinstance(function, FunctionType):
        function = getattr(function if inspect.isclass(function) else type(function), "__call__", None)  # noqa: B004
    return function if isinstance(function, FunctionType) else None


def _of_python(function: FunctionType) -> bool:
    return str(function.__module__).partition(".")[0] in sys.stdlib_module_names


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those of what is defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _flat(constants: tuple[Any, ...]) -> Iterator[Any]:
    for constant in constants:
        if isinstance(constant, (tuple, frozenset)):
            yield from _flat(tuple(constant))
        else:
            yield constant


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
