"""Rainbow's updates on a GPU: each is one CUDA graph, and the host is never waited for, nor waits for the newest.

A GPU computes an update of a small network in less time than the host takes to name its two hundred kernels. A graph
has them all, from the noise to the optimizer's step, and is begun by one call. Two updates are under way: while the GPU
computes one, the host takes in the priorities of the one before and samples the batch of the next. So a batch is drawn
before the priorities of the last one are known, and numbers that are not finite are noticed one update late; the step
itself is withheld on the GPU, that one and all that follow.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from quarterup.agents.adam import guarded_adam_step
from quarterup.agents.finite import check_finite
from quarterup.agents.rainbow_update import Done, RainbowUpdate, Task
from quarterup.agents.replay.batch import Batch, batch_in
from quarterup.agents.schedules import highest

EAGER_UPDATES = 3
"""Done kernel by kernel before the graph is captured, so that libraries have chosen and loaded theirs."""
LEARNING_RATE, CLONING_WEIGHT, KNOBS = 0, 1, 2
"""Places of the numbers that may differ from update to update, and how many there are."""


class CudaUpdates:
    """Implements `quarterup.agents.rainbow_update.Updates`. All is queued on the current stream."""

    def __init__(self, update: RainbowUpdate, optimizer: torch.optim.Adam) -> None:
        self.captures = True
        """Off: every update is queued kernel by kernel. To compare."""
        self._update = update
        self._optimizer = optimizer
        self._device = update.parameters[0].device
        self._slots: list[_Slot] = []
        self.begin_again()

    def begin_again(self) -> None:
        torch.cuda.current_stream(self._device).synchronize()  # Then the memory of what was under way is free again.
        self._under_way: _Slot | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._eager_updates = 0
        self._bad = torch.zeros((), device=self._device)
        """1 from the first update on whose numbers were not finite."""

    def do(self, task: Task) -> Done | None:
        if not self._slots:
            self._make_room(task.batch)
        slot = self._slots.pop(0)
        self._slots.append(slot)
        slot.queue(task, self._batch, self._knobs, self._mirrored)
        self._run()
        slot.await_numbers(self._numbers)
        before, self._under_way = self._under_way, slot
        try:
            return self._finished(before) if before else None
        except FloatingPointError:
            self._under_way = None  # Its step was withheld.
            raise

    def settle(self) -> Done | None:
        before, self._under_way = self._under_way, None
        return self._finished(before) if before else None

    def _make_room(self, like: Batch) -> None:
        """Memory on the device that the graph reads from, and on the host for what comes and goes."""
        assert like.block is not None
        size, shape, dtype = len(like.actions), tuple(like.observations.shape[1:]), like.observations.numpy().dtype
        self._batch = batch_in(torch.zeros_like(like.block, device=self._device), size, shape, dtype)
        self._knobs = torch.zeros(KNOBS, device=self._device)
        self._mirrored = torch.zeros(size, dtype=torch.bool, device=self._device)
        self._slots = [_Slot(size) for _ in range(2)]

    def _run(self) -> None:
        """Queue one update."""
        if not self.captures or self._eager_updates < EAGER_UPDATES:
            with _products_like_convolutions():
                self._compute()
            self._eager_updates += 1
            return
        if self._graph is None:
            graph = torch.cuda.CUDAGraph()
            graph.register_generator_state(self._update.generator)
            with _products_like_convolutions(), torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._compute()
            self._graph = graph
        self._graph.replay()

    def _compute(self) -> None:
        """The update, from what is in the memory on the device to `_numbers`, in the graph or as it is."""
        update = self._update
        clones = highest(update.settings.cloning_weight) > 0
        computed = update.compute(self._batch, self._mirrored, self._knobs[CLONING_WEIGHT] if clones else None)
        metrics = update.metrics(computed)
        self._metric_names = tuple(metrics)
        last = torch.stack([computed.loss, computed.gradient_norm, *metrics.values()])
        torch.maximum(self._bad, (~last[:2].isfinite().all()).float(), out=self._bad)
        guarded_adam_step(
            self._optimizer,
            update.parameters,
            computed.gradients,
            computed.gradient_norm,
            update.settings.max_gradient_norm,
            self._knobs[LEARNING_RATE],
            self._bad,
        )
        self._numbers = torch.cat([computed.errors, last])

    def _finished(self, slot: _Slot) -> Done:
        """Wait for this update, but for none after it."""
        errors, (loss, norm, *metrics) = slot.numbers_there()
        check_finite(loss, norm, slot.number)
        return Done(slot.indices, errors, loss, norm, dict(zip(self._metric_names, metrics, strict=True)))


class _Slot:
    """One update's way to the device and back: page-locked memory, which the device copies from and to by itself."""

    def __init__(self, size: int) -> None:
        """For batches of `size`."""
        self._size = size
        self._knobs = torch.zeros(KNOBS, pin_memory=True)
        self._mirrored = torch.zeros(size, dtype=torch.bool, pin_memory=True)
        self._numbers = torch.zeros(0, pin_memory=True)
        self._there = torch.cuda.Event()  # type: ignore[no-untyped-call]

    def queue(self, task: Task, batch: Batch, knobs: torch.Tensor, mirrored: torch.Tensor) -> None:
        """Queue the copies of what the update is made of."""
        self.number, self.indices = task.number, task.batch.indices.copy()
        self._knobs[LEARNING_RATE], self._knobs[CLONING_WEIGHT] = task.learning_rate, task.cloning_weight
        assert batch.block is not None
        assert task.batch.block is not None
        batch.block.copy_(task.batch.block, non_blocking=True)
        knobs.copy_(self._knobs, non_blocking=True)
        if task.mirrored is not None:
            self._mirrored.numpy()[:] = task.mirrored
            mirrored.copy_(self._mirrored, non_blocking=True)

    def await_numbers(self, numbers: torch.Tensor) -> None:
        """Queue the copy of what the update found out: errors of all rows, then the others."""
        if len(self._numbers) != len(numbers):
            self._numbers = torch.zeros(len(numbers), pin_memory=True)
        self._numbers.copy_(numbers, non_blocking=True)
        self._there.record()

    def numbers_there(self) -> tuple[NDArray[np.float32], list[float]]:
        """Wait for it: the errors, and the others."""
        self._there.synchronize()
        numbers = self._numbers.numpy()
        return numbers[: self._size].copy(), numbers[self._size :].tolist()


@contextlib.contextmanager
def _products_like_convolutions() -> Iterator[None]:
    """Matrix products may round their factors to TensorFloat-32 where convolutions may, as these do unless told not to:
    the same three digits, and a sixth of Rainbow's time less (docs/decisions.md)."""
    before = torch.get_float32_matmul_precision()
    if torch.backends.cudnn.allow_tf32:
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
