"""What the scripts beside this file say alike."""

from __future__ import annotations

import importlib.metadata
import sys


def version_of(package: str) -> str | None:
    """The version that is installed, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def say(text: str) -> None:
    """Tell the person, and not whoever reads the result on stdout."""
    print(text, file=sys.stderr, flush=True)
