"""Groups of weights learn at rates of their own, or not at all."""

import numpy as np
import pytest
import torch
from thinc.api import SGD, Adam

from spacy_rnn.layers.pretraining import create_pretrain_next_token, next_token_loss
from spacy_rnn.layers.shim import get_shim

from .by_hand import ByHand
from .models import log_probs_of, make_docs, make_model, parameters_of, same_values, train
from .models import values_of as values

RATE = 0.05


def deep_model(**options):
    return make_model(**{"depth": 2, "direction": "both", **options})


def groups_of(model):
    return get_shim(model).network.groups()


def plain_steps(model, docs, rates_by_step, make_optimizer):
    """The same training in plain torch and float64: one parameter group for each of ours; what is
    frozen at a step has no gradient there."""
    hand = ByHand(model)
    groups = groups_of(model)
    rates = np.max(rates_by_step, axis=0)
    optimizer = make_optimizer(
        [
            {"params": [hand.weights[name] for name in names], "lr": RATE * float(rate)}
            for names, rate in zip(groups, rates, strict=True)
        ]
    )
    for step in rates_by_step:
        gradients = hand.gradients(hand.mean_loss(docs))
        for names, rate in zip(groups, step, strict=True):
            for name in names:
                hand.weights[name].grad = gradients[name] if rate else None
        optimizer.step()
    return {name: weight.detach() for name, weight in hand.weights.items()}


def our_steps(model, docs, rates_by_step, optimizer):
    for step in rates_by_step:
        get_shim(model).set_rates(step)
        train_both(model, docs, optimizer)
    return values(model)


def train_both(model, docs, optimizer):
    """A step with the means of both directions."""
    objective = create_pretrain_next_token()(docs[0].vocab, model)
    log_probs, backprop = objective.begin_update(docs)
    backprop(next_token_loss(objective.ops, docs, log_probs)[1])
    model.finish_update(optimizer)


STEPS = {
    "three rates": [[0.25, 0.5, 1.0, 2.0]] * 3,
    "one rate": [[1.0, 1.0, 1.0, 1.0]] * 2,
    "unfreezing": [[0, 0, 0, 1], [0, 0, 0.5, 1], [0, 0.25, 0.5, 1], [0.125, 0.25, 0.5, 1]],
}
OPTIMIZERS = {
    "sgd": (lambda: SGD(RATE, grad_clip=0.0), torch.optim.SGD),
    "adam": (lambda: Adam(RATE, grad_clip=0.0, L2=0.0), torch.optim.Adam),
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("tied", [True, False])
def test_weights_are_those_of_plain_torch_with_parameter_groups(steps, kind, tied):
    ours, theirs = OPTIMIZERS[kind]
    model, docs = deep_model(tied=tied), make_docs()
    expected = plain_steps(model, docs, steps, theirs)
    got = our_steps(model, docs, steps, ours())
    for name, value in expected.items():
        # Adam's first steps are signs: where a gradient is nearly zero, float32 shows
        torch.testing.assert_close(got[name].double(), value, atol=2e-4, rtol=1e-4, msg=name)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("direction", ["forward", "both"])
def test_groups_hold_every_weight_once_from_below(tied, direction):
    model = deep_model(tied=tied, direction=direction, subword_rows=8)
    groups = groups_of(model)
    names = [name for group in groups for name in group]
    assert sorted(names) == sorted(parameters_of(model))
    marks = ["embedding subwords", "layers.0.", "layers.1.", "softmax."]
    for group, mark in zip(groups, marks, strict=True):
        assert group
        assert all(any(part in name for part in mark.split()) for name in group)


@pytest.mark.parametrize("frozen", range(4))
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_frozen_group_keeps_its_bits_and_has_no_gradient(frozen, precision):
    model = deep_model(precision=precision, subword_rows=8, direction="forward")
    rates = [float(number != frozen) for number in range(4)]
    get_shim(model).set_rates(rates)
    before = values(model)
    log_probs, backprop = log_probs_of(model, make_docs())
    backprop(model.ops.alloc1f(len(log_probs)) - 1)
    for name, parameter in parameters_of(model).items():
        assert (parameter.grad is None) == (name in groups_of(model)[frozen]), name
    model.finish_update(Adam(0.1, L2=0.5))
    train(model, make_docs(), Adam(0.1, L2=0.5))
    for number, names in enumerate(groups_of(model)):
        for name in names:
            same = torch.equal(parameters_of(model)[name], before[name])
            assert same == (number == frozen), name


def test_training_goes_on_without_a_change_while_everything_is_frozen():
    model, optimizer = deep_model(), Adam(0.1)
    get_shim(model).set_rates([0.0] * 4)
    before = values(model)
    train(model, make_docs(), optimizer)
    train_both(model, make_docs(), optimizer)
    hidden, backprop = model.begin_update(make_docs())
    backprop([array * 0 + 1 for array in hidden])
    model.finish_update(optimizer)
    assert same_values(values(model), before)
    assert not optimizer.nr_update and not optimizer.averages
    # and learns again afterwards
    get_shim(model).set_rates([1.0] * 4)
    train_both(model, make_docs(), optimizer)
    assert not any(torch.equal(value, before[name]) for name, value in values(model).items())


def test_rates_of_one_change_nothing():
    trained = []
    for rates in (None, [1.0] * 4):
        torch.manual_seed(0)
        model = deep_model()
        if rates:
            get_shim(model).set_rates(rates)
        train(model, make_docs(), Adam(0.1, L2=0.1))
        trained.append(values(model))
    assert same_values(*trained)


def test_averages_follow_the_weights_that_move_and_leave_frozen_ones_alone():
    model, optimizer = deep_model(), SGD(0.5, grad_clip=0.0)
    shim = get_shim(model)
    shim.set_rates([0.0, 0.5, 1.0, 1.0])
    frozen = groups_of(model)[0]
    averages = {name: np.zeros(value.shape) for name, value in values(model).items()}
    for t in range(1, 5):
        train_both(model, make_docs(), optimizer)
        decay = (1 + t) / (10 + t)
        for name, value in values(model).items():
            averages[name] = decay * averages[name] + (1 - decay) * value.double().numpy()
    current = values(model)
    assert not {name for _, name in optimizer.averages} & set(frozen)
    with model.use_params(optimizer.averages):
        inside = values(model)
    assert same_values(values(model), current)
    for name, value in inside.items():
        if name in frozen:
            assert torch.equal(value, current[name])
        else:
            np.testing.assert_allclose(value, averages[name], atol=1e-5)
            assert not np.allclose(value, current[name], atol=1e-4)


def test_a_new_network_has_no_rates():
    model = deep_model()
    get_shim(model).set_rates([0.0] * 4)
    model.initialize()
    before = values(model)
    train_both(model, make_docs(), Adam(0.1))
    assert not any(torch.equal(value, before[name]) for name, value in values(model).items())
    get_shim(model).set_rates([0.0] * 4)
    model.from_bytes(model.to_bytes())
    assert all(parameter.requires_grad for parameter in parameters_of(model).values())


def test_a_rate_too_few_is_an_error():
    with pytest.raises(ValueError):
        get_shim(deep_model()).set_rates([1.0, 1.0, 1.0])
