"""What a Python text defines, read without running it: a config is checked without importing what its functions import."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import symtable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewards.files import read_text
from rewards.plugins.importing import import_problem, look_in_working_directory
from rewards.plugins.spec import PluginError


@dataclass(frozen=True)
class Outline:
    """The names that a text gives a meaning at its top level."""

    names: frozenset[str]
    functions: dict[str, inspect.Signature | None]
    """Functions and classes. None for one whose parameters cannot be told: a class, or a function with a decorator."""
    complete: bool
    """False where `from x import *` may bring more names."""


def outline(what: str, where: str, text: str) -> Outline:
    """Read a text.

    Args:
        what: what errors call it, such as `advantage estimator`.
        where: what the text is, such as `file my_loss.py`.
        text: Python.

    Raises:
        PluginError: if the text is no Python.
    """
    try:
        body = ast.parse(text).body
        symbols = symtable.symtable(text, where, "exec").get_symbols()
    except (SyntaxError, ValueError) as error:  # ValueError: a null character
        raise PluginError(f"{what}: {where} cannot be imported: {import_problem(error)}") from error
    functions: dict[str, inspect.Signature | None] = {one.get_name(): None for one in symbols if one.is_namespace()}
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            functions[node.name] = None if node.decorator_list else _signature(node.args)
        else:  # `loss = smoothed(loss)` has other parameters than the definition above it
            stored = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
            functions.update(dict.fromkeys(stored & functions.keys()))
    names = frozenset(one.get_name() for one in symbols if one.is_assigned() or one.is_imported())
    stars = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(ast.Module(body, [])))
    return Outline(names, functions, complete=not stars)


def outline_of_module(what: str, name: str) -> Outline | None:
    """The outline of a module, installed or in the working directory; None for one without Python text, such as one written in C.

    Raises:
        PluginError: if the module is not there, or the package that holds it fails on import.
    """
    look_in_working_directory()
    try:
        module = importlib.util.find_spec(name)
        if module is None:
            raise ModuleNotFoundError(f"No module named {name!r}")
    except (Exception, SystemExit) as error:
        raise PluginError(f"{what}: module {name} cannot be imported: {import_problem(error)}") from error
    if module.origin is None or not module.origin.endswith(".py"):
        return None
    return outline(what, f"file {module.origin}", read_text(Path(module.origin), PluginError))


def _signature(takes: ast.arguments) -> inspect.Signature:
    """The parameters of a definition; defaults are there or not, their values are not known."""
    kind = inspect.Parameter
    ordered: list[tuple[ast.arg, Any]] = [(one, kind.POSITIONAL_ONLY) for one in takes.posonlyargs]
    ordered += [(one, kind.POSITIONAL_OR_KEYWORD) for one in takes.args]
    required = len(ordered) - len(takes.defaults)
    found = [kind(one.arg, how, default=kind.empty if n < required else None) for n, (one, how) in enumerate(ordered)]
    if takes.vararg:
        found.append(kind(takes.vararg.arg, kind.VAR_POSITIONAL))
    for one, default in zip(takes.kwonlyargs, takes.kw_defaults, strict=True):
        found.append(kind(one.arg, kind.KEYWORD_ONLY, default=kind.empty if default is None else None))
    if takes.kwarg:
        found.append(kind(takes.kwarg.arg, kind.VAR_KEYWORD))
    return inspect.Signature(found)
