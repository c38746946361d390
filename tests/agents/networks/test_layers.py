"""What is said of a network is what it is: no parameter missing, no shape wrong."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from quarterup.agents.networks.layer_norm import LayerNormQNetwork
from quarterup.agents.networks.layers import layers_of, num_parameters
from quarterup.agents.networks.q_network import QNetwork

PIXELS = (4, 84, 84)


def q_network(shape: tuple[int, ...], **others: Any) -> QNetwork:
    defaults = {"hidden_sizes": (32, 16), "head_size": 8, "dueling": True, "noisy": True}
    return QNetwork(shape, 3, 5, **{**defaults, **others})


NETWORKS = {
    "features": (q_network((6,)), (6,)),
    "features with norm": (q_network((6,), layer_norm=True, dueling=False, noisy=False), (6,)),
    "nature": (q_network(PIXELS), PIXELS),
    "small": (q_network(PIXELS, pixel_trunk="small"), PIXELS),
    "impala": (q_network(PIXELS, pixel_trunk="impala", spectral_norm=True, quantiles=True), PIXELS),
    "keras2018": (q_network(PIXELS, pixel_trunk="keras2018", dueling=False, noisy=False), PIXELS),
    "pqn on pixels": (LayerNormQNetwork(PIXELS, 3, (32,)), PIXELS),
    "pqn on features": (LayerNormQNetwork((6,), 3, (32,)), (6,)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_layers_have_all_parameters_of_the_network(name: str) -> None:
    network, shape = NETWORKS[name]
    layers = layers_of(network, shape)
    assert sum(layer.parameters for layer in layers) == num_parameters(network)
    assert layers[0].shape == shape


def test_shapes_are_those_of_one_observation() -> None:
    layers = layers_of(*NETWORKS["nature"])
    shapes = [PIXELS, (32, 20, 20), (64, 9, 9), (64, 7, 7), (16,), (5,), (15,), (3, 5)]
    assert [layer.shape for layer in layers] == shapes
    assert [layer.kernel for layer in layers] == [0, 8, 4, 3, 0, 0, 0, 0]
    assert [layer.streams for layer in layers] == [1, 1, 1, 1, 2, 1, 1, 1]


def test_blocks_in_a_row_are_one_and_pools_belong_to_what_is_before_them() -> None:
    layers = layers_of(*NETWORKS["impala"])
    assert [layer.name for layer in layers[:3]] == ["observation", "convolution 3×3", "2 residual blocks"]
    assert layers[1].details == ("max pool 3×3",)
    assert [layer.shape for layer in layers[1:7]] == [
        (16, 42, 42),
        (16, 42, 42),
        (32, 21, 21),
        (32, 21, 21),
        (32, 11, 11),
        (32, 6, 6),
    ]
    assert layers[6].details == ("spectral norm", "max pool to 6×6")
    assert layers[7].kind == "embedding"


def test_looking_leaves_no_hooks_behind() -> None:
    network, shape = NETWORKS["features"]
    before = network(torch.zeros(1, *shape))
    layers_of(network, shape)
    assert not any(module._forward_hooks for module in network.modules())
    assert torch.equal(network(torch.zeros(1, *shape)), before)
