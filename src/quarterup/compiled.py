"""The one way numba is used here: compiled once, kept on disk, without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile `function` to machine code at its first call, and keep the result in `__pycache__`."""
    return cast(Function, numba.njit(cache=True, nogil=True)(function))
