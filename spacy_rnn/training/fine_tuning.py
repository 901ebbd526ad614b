"""Fine-tuning a trained network the ULMFiT way (Howard & Ruder 2018), by config."""

# No postponed annotations here: spaCy checks a config's values against those of registered
# functions, and can only read them as objects.
from collections.abc import Callable
from typing import Any

from spacy.language import Language
from spacy.util import registry

from ..config_errors import checks_settings
from ..errors import Errors
from ..validation import check_number, check_size


@registry.callbacks("spacy-rnn.fine_tuning.v1")
@checks_settings
def create_fine_tuning_callback(
    component: str = "rnn_lm", *, unfreeze: int = 0, decay: float = 2.6, rate: float = 1.0
) -> Callable[[Language, dict[str, Any]], None]:
    """Create a [training] before_update callback: gradual unfreezing and discriminative learning
    rates for the network of a component.

    The network's groups, from the top: the softmax, the recurrent layers from the last one to the
    first, the embedding with the subword table. Other layers, such as the tagger that reads the
    network, learn from the first step on at the optimizer's rate. A tied softmax has its rows in
    the embedding's group.

    component (str): The `rnn_lm`, or the component with an RNNTok2Vec of its own.
    unfreeze (int): The softmax and the last recurrent layer learn from step `unfreeze` on, the
        next lower group from step 2 · `unfreeze` on, and so on; 0 for all from the start.
    decay (float): Each lower group learns at its upper neighbour's rate divided by this; 1 for
        one rate.
    rate (float): The rate of the uppermost groups, as a share of the optimizer's.
    RETURNS (Callable[[Language, Dict[str, Any]], None]): The callback.
    RAISES (ValueError): For a number out of range. By the callback, for a component without such a
        network.

    CONFIG:
        [training.before_update]
        @callbacks = "spacy-rnn.fine_tuning.v1"
        component = "rnn_lm"
        unfreeze = 50
        decay = 2.6
    """
    check_size("unfreeze", unfreeze)
    for option, value in (("decay", decay), ("rate", rate)):
        check_number(option, value, lambda number: number > 0, "above 0")
    return FineTuning(component, unfreeze, decay, rate)


class FineTuning:
    """See `create_fine_tuning_callback`; a class so that it can be pickled."""

    def __init__(self, component: str, unfreeze: int, decay: float, rate: float) -> None:
        self.component = component
        self.unfreeze = unfreeze
        self.decay = decay
        self.rate = rate

    def __call__(self, nlp: Language, step: dict[str, Any]) -> None:
        for shim in self._shims(nlp):
            shim.set_rates(self.rates(shim.network.settings.depth, step["step"]))

    def rates(self, depth: int, step: int) -> list[float]:
        """RETURNS (List[float]): The share of the optimizer's rate at a step for the embedding,
        the recurrent layers from the first to the last, and the softmax; 0 for frozen ones."""
        result = []
        for group in range(depth + 1):
            below_top = depth - group
            awake = step >= self.unfreeze * (below_top + 1)
            result.append(self.rate / self.decay**below_top if awake else 0.0)
        return [*result, result[-1]]

    def _shims(self, nlp: Language) -> list[Any]:
        pipes = dict(nlp.pipeline)
        model = getattr(pipes.get(self.component), "model", None)
        nodes = [] if model is None else list(model.walk())
        shims = [shim for node in nodes for shim in node.shims if hasattr(shim, "set_rates")]
        if not shims:
            raise ValueError(Errors.R225.format(name=self.component, pipes=list(pipes)))
        return shims
