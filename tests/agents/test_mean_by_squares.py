"""Mean squares as Keras takes them: over whole outputs, of which only the action taken has a target."""

import torch
from torch.nn import functional

from quarterup.agents.targets import ValueScale
from quarterup.agents.values import MeanBySquares


def test_the_loss_and_its_gradient_are_those_of_whole_outputs_with_one_entry_replaced():
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(6, 5, 1, generator=generator, requires_grad=True)
    actions = torch.tensor([0, 4, 2, 2, 1, 3])
    target = 10 * torch.randn(6, 1, generator=generator)
    whole = outputs.detach().squeeze(2).clone()
    whole[torch.arange(6), actions] = target.squeeze(1)
    expected = functional.mse_loss(outputs.squeeze(2), whole)
    (expected_gradient,) = torch.autograd.grad(expected, outputs)

    values = MeanBySquares(ValueScale(1.0, rescaling=False), num_actions=5)
    loss = values.errors(outputs[torch.arange(6), actions], target, None).mean()
    (gradient,) = torch.autograd.grad(loss, outputs)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradient, expected_gradient)
