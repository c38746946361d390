"""What the trainer and its learner process say to each other: plain JSON, and tensors as safetensors writes them."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import safetensors.torch
import torch

from quarterup.agents.agent import AgentState, Transitions
from quarterup.training.learner import Snapshot

_HEAD = struct.Struct("<IQ")
"""Bytes of the JSON and of the tensors."""


@dataclass(frozen=True)
class Message:
    """One of them."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON values."""
    tensors: Mapping[str, torch.Tensor] = field(default_factory=dict)
    """On the CPU."""


def write_message(stream: BinaryIO, message: Message) -> None:
    """Raises OSError or ValueError if the other end is gone."""
    text = json.dumps([message.name, message.values]).encode()
    tensors = safetensors.torch.save(dict(message.tensors)) if message.tensors else b""
    stream.write(_HEAD.pack(len(text), len(tensors)) + text + tensors)
    stream.flush()


def read_message(stream: BinaryIO) -> Message | None:
    """The next one, waiting for it; None if there will be none."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    text_size, tensor_size = _HEAD.unpack(head)
    text, tensors = stream.read(text_size), stream.read(tensor_size)
    if len(text) < text_size or len(tensors) < tensor_size:
        return None
    name, values = json.loads(text)
    return Message(name, values, safetensors.torch.load(tensors) if tensors else {})


def snapshot_message(name: str, snapshot: Snapshot) -> Message:
    """A snapshot on its way."""
    values = {"agent": snapshot.agent.values, "updates": snapshot.updates, "due": snapshot.due}
    return Message(name, values, snapshot.agent.tensors)


def snapshot_of(message: Message) -> Snapshot:
    """What `snapshot_message` sent."""
    values = message.values
    return Snapshot(AgentState(dict(message.tensors), values["agent"]), values["updates"], values["due"])


def demonstration_message(steps: Transitions, stream: int) -> Message:
    """Steps of a demonstration on their way."""
    tensors = {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in vars(steps).items()}
    return Message("demonstrate", {"stream": stream}, tensors)


def demonstration_of(message: Message) -> tuple[Transitions, int]:
    """What `demonstration_message` sent."""
    return Transitions(**{name: tensor.numpy() for name, tensor in message.tensors.items()}), message.values["stream"]
