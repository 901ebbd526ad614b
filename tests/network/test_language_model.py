"""The network's numbers and gradients are those of a naive float64 run, one word at a time."""

import numpy as np
import pytest
import torch

from spacy_rnn.network import linear_nll
from spacy_rnn.network.language_model import RNNLanguageModel
from spacy_rnn.network.precision import resolve_precision
from spacy_rnn.network.recurrent import CELLS, State
from spacy_rnn.network.settings import NetworkSettings

from . import naive

LENGTHS = [5, 1, 12, 3, 9, 9]


def run(network, ids, targets, lengths, **options):
    ids, targets = torch.from_numpy(ids), torch.from_numpy(targets)
    return network(ids, lengths, targets, **options)[:2]


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize(("tied", "cutoffs"), naive.SOFTMAXES)
@pytest.mark.parametrize("cell", CELLS)
def test_outputs_and_gradients_equal_the_naive_run(cell, tied, cutoffs, depth):
    network = naive.make_network(cell=cell, tied=tied, cutoffs=cutoffs, depth=depth)
    ids, targets, lengths = naive.make_batch(LENGTHS)
    hidden, log_probs = run(network, ids, targets, lengths)
    weights = naive.weights_of(network)
    expected = naive.score(network.settings, weights, ids, targets, lengths)
    torch.testing.assert_close(hidden.double(), expected[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(log_probs.double(), expected[1], atol=1e-5, rtol=1e-5)
    # the gradient of a random weighting of both outputs, in one backward pass
    generator = torch.Generator().manual_seed(1)
    d_hidden = torch.randn(hidden.shape, generator=generator)
    d_log_probs = torch.randn(log_probs.shape, generator=generator)
    torch.autograd.backward((hidden, log_probs), (d_hidden, d_log_probs))
    torch.autograd.backward(expected, (d_hidden.double(), d_log_probs.double()))
    parameters = network.parameters_by_name()
    assert parameters.keys() == weights.keys()
    for name, parameter in parameters.items():
        torch.testing.assert_close(
            parameter.grad.double(), weights[name].grad, atol=2e-4, rtol=1e-4, msg=name
        )


@pytest.mark.parametrize(("cell", "tied", "cutoffs"), [("lstm", True, (4, 7)), ("gru", False, ())])
def test_gradients_equal_finite_differences(cell, tied, cutoffs):
    network = naive.make_network(cell=cell, words=11, width=4, tied=tied, cutoffs=cutoffs, depth=2)
    ids, targets, lengths = naive.make_batch([4, 2], words=11)
    run(network, ids, targets, lengths)[1].mean().backward()
    eps = 1e-5
    with torch.no_grad():
        weights = naive.weights_of(network)
        for name, parameter in network.parameters_by_name().items():
            flat = weights[name].view(-1)
            for place in range(0, len(flat), max(1, len(flat) // 5)):
                before = flat[place].item()
                ends = []
                for value in (before + eps, before - eps):
                    flat[place] = value
                    ends.append(naive.score(network.settings, weights, ids, targets, lengths)[1])
                flat[place] = before
                slope = (ends[0] - ends[1]).mean() / (2 * eps)
                assert abs(slope - parameter.grad.reshape(-1)[place]) < 1e-5, name


@pytest.mark.parametrize(("tied", "cutoffs"), naive.SOFTMAXES)
def test_size_of_a_block_changes_nothing(monkeypatch, tied, cutoffs):
    ids, targets, lengths = naive.make_batch(LENGTHS)
    results = []
    for block in (linear_nll.BLOCK_LOGITS, 30, 1):
        monkeypatch.setattr(linear_nll, "BLOCK_LOGITS", block)
        network = naive.make_network(tied=tied, cutoffs=cutoffs)
        _, log_probs = run(network, ids, targets, lengths)
        log_probs.sum().backward()
        gradients = [parameter.grad for parameter in network.parameters()]
        results.append([log_probs.detach(), *gradients])
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("cutoffs", [(), (2, 4), (3,)])
def test_untrained_network_predicts_the_frequencies(cutoffs):
    counts = np.array([4, 2, 9, 5, 3, 1, 0])
    settings = NetworkSettings(7, "gru", 4, 4, 1, True, cutoffs)
    network = RNNLanguageModel(settings, counts)
    probabilities = network.softmax.log_distribution(torch.zeros(1, 4)).exp()[0]
    expected = (counts + 0.5) / (counts + 0.5).sum()
    assert np.allclose(probabilities.detach().numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_carried_state_continues_every_sequence(cell):
    network = naive.make_network(cell=cell, depth=2)
    ids, _, lengths = naive.make_batch([7, 4, 9])
    cuts = [6, 2, 4]  # so that the rest has another order than the beginning
    parts = naive.split(ids, lengths)
    whole, end = network.encode(torch.from_numpy(ids), lengths)
    begin = np.concatenate([part[:cut] for part, cut in zip(parts, cuts, strict=True)])
    rest = np.concatenate([part[cut:] for part, cut in zip(parts, cuts, strict=True)])
    first, state = network.encode(torch.from_numpy(begin), np.array(cuts))
    second, final = network.encode(torch.from_numpy(rest), lengths - cuts, state)
    pieces = zip(first.split(cuts), second.split((lengths - cuts).tolist()), strict=True)
    joined = torch.cat([part for pair in pieces for part in pair])
    torch.testing.assert_close(joined, whole, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(final, end, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_state_after_each_sequence_equals_the_naive_one(cell):
    network = naive.make_network(cell=cell, depth=3)
    ids, _, lengths = naive.make_batch(LENGTHS)
    _, state = network.encode(torch.from_numpy(ids), lengths)
    weights = naive.weights_of(network)
    for number, part in enumerate(naive.split(ids, lengths)):
        _, (h, c) = naive.read(network.settings, weights, part)
        torch.testing.assert_close(state.h[:, number].double(), h, atol=1e-5, rtol=1e-5)
        if cell == "lstm":
            torch.testing.assert_close(state.c[:, number].double(), c, atol=1e-5, rtol=1e-5)
    assert (state.c is None) == (cell != "lstm")


@pytest.mark.parametrize("lengths", [LENGTHS, [*range(1, 18), 4, 4]])
@pytest.mark.parametrize("cell", CELLS)
def test_padding_to_a_multiple_changes_no_hidden_state_and_no_gradient(cell, lengths):
    """Nineteen sequences are filled up to twenty."""
    network = naive.make_network(cell=cell, depth=2)
    ids, _, lengths = naive.make_batch(lengths)
    start = network.stack().zero_state(len(lengths))
    start = State(*(None if t is None else torch.randn_like(t) for t in start))
    made = []
    for multiple in (1, 8):
        network.zero_grad()
        hidden, _ = network.encode(torch.from_numpy(ids), lengths, start, multiple=multiple)
        hidden.sin().sum().backward()
        made.append(
            [hidden.detach(), *(p.grad for p in network.parameters() if p.grad is not None)]
        )
    assert len(made[0]) > 8
    torch.testing.assert_close(made[0], made[1], atol=1e-5, rtol=1e-5)


def test_dropout_is_locked_on_the_embeddings_and_on_the_output():
    network = naive.make_network(width=40)
    ids, _, lengths = naive.make_batch(LENGTHS)
    # one word only, so that all embeddings of a sequence are alike but for their mask
    ids[:] = 3
    read = []
    network.encoder.layers[0].register_forward_pre_hook(lambda _, args: read.extend(args[0]))
    torch.manual_seed(0)
    hidden, _ = network.encode(torch.from_numpy(ids), lengths, dropout=0.5)
    for step in read:
        assert torch.equal(step, read[0][: len(step)])
    assert len({tuple(row.tolist()) for row in read[0]}) == len(LENGTHS)
    assert 0.3 < (read[0] == 0).double().mean() < 0.7
    outputs = [part == 0 for part in hidden.split(lengths.tolist())]
    assert all((mask == mask[0]).all() for mask in outputs)
    assert len({tuple(mask[0].tolist()) for mask in outputs}) == len(LENGTHS)
    assert 0.3 < torch.cat(outputs).double().mean() < 0.7


def test_train_and_eval_make_no_difference():
    network = naive.make_network(depth=2)
    ids, targets, lengths = naive.make_batch(LENGTHS)
    training = run(network.train(), ids, targets, lengths)
    evaluating = run(network.eval(), ids, targets, lengths)
    assert torch.equal(training[0], evaluating[0])
    assert torch.equal(training[1], evaluating[1])


def test_softmax_is_left_out_without_targets():
    network = naive.make_network()
    ids, _, lengths = naive.make_batch(LENGTHS)
    network.softmax.forward = None
    network.softmax.target_log_probs = None
    hidden, log_probs, _ = network(torch.from_numpy(ids), lengths, None)
    assert log_probs is None
    assert hidden.shape == (len(ids), network.settings.width)


@pytest.mark.parametrize("tied", [True, False])
def test_every_parameter_has_one_name(tied):
    network = naive.make_network(tied=tied)
    named = network.parameters_by_name()
    assert len({id(parameter) for parameter in named.values()}) == len(named)
    assert {id(p) for p in named.values()} == {id(p) for p in network.parameters()}
    assert (network.softmax.weight is network.embedding) == tied


def test_settings_survive_json():
    settings = NetworkSettings(9, "gru", 3, 4, 2, False, (3, 5))
    assert NetworkSettings.from_dict(settings.to_dict()) == settings
    assert settings.to_dict()["cutoffs"] == list(settings.cutoffs)


@pytest.mark.skipif(
    resolve_precision("auto", torch.device("cpu")) != torch.bfloat16,
    reason="the processor has no bfloat16",
)
@pytest.mark.parametrize("cell", CELLS)
def test_bfloat16_training_pass_is_close_to_float32(cell):
    network = naive.make_network(cell=cell, width=16, depth=2, cutoffs=(5, 9))
    ids, targets, lengths = naive.make_batch(LENGTHS)
    results = []
    for dtype in (torch.float32, torch.bfloat16):
        network.zero_grad()
        hidden, log_probs = run(network, ids, targets, lengths, dtype=dtype)
        assert hidden.dtype == log_probs.dtype == torch.float32
        log_probs.mean().backward()
        gradients = torch.cat([p.grad.flatten() for p in network.parameters()])
        assert gradients.dtype == torch.float32
        results.append((log_probs.detach(), gradients))
    (exact, exact_gradients), (low, low_gradients) = results
    assert not torch.equal(exact, low)
    # bfloat16 has 8 bits: 2^-8 of numbers up to about 4, over two layers and a dozen steps
    assert (exact - low).abs().max() < 0.1
    assert (exact - low).abs().mean() < 0.02
    assert (exact_gradients - low_gradients).norm() < 0.1 * exact_gradients.norm()


@pytest.mark.parametrize(("tied", "cutoffs"), naive.SOFTMAXES)
@pytest.mark.parametrize("cell", CELLS)
def test_a_training_pass_may_have_no_sequence(cell, tied, cutoffs):
    network = naive.make_network(cell=cell, tied=tied, cutoffs=cutoffs)
    nothing = np.zeros(0, dtype=np.int64)
    ids = torch.from_numpy(nothing)
    hidden, log_probs, state = network(ids, nothing, ids, dropout=0.3, final_state=True)
    assert hidden.shape == (0, network.settings.width) and log_probs.shape == (0,)
    assert state.h.shape == (network.settings.depth, 0, network.settings.width)
    if log_probs.requires_grad:
        log_probs.sum().backward()
    assert not any(p.grad is not None and p.grad.any() for p in network.parameters())
