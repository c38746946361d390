"""One thread: at these sizes more are not faster, and on a busy machine much slower. No deadlines, for the same reason:
torch's first call alone may take a second."""

from __future__ import annotations

import hypothesis
import pytest
import torch

hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)
