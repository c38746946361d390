"""Packages that only some people want: each comes with an extra, as in `pip install 'quarterup[export]'`."""

from __future__ import annotations

import importlib
from typing import Any

from quarterup.training.errors import ExportError


def require(module: str, extra: str) -> Any:
    """A module of an optional package. Raises ExportError, which names the extra, if it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0] if module != "torch.utils.tensorboard" else "tensorboard"
        raise ExportError(
            f"This needs {package}, which cannot be loaded ({error}). `pip install 'quarterup[{extra}]'` installs it."
        ) from error
