"""Networks in the form in which LSTMs are published, and files of them; plain torch."""

import torch
from torch import nn

WORDS = ["the", "<eos>", "cat", "<unk>", "sat", ".", "A", "mat", "on"]


class RNNModel(nn.Module):
    """What a file may hold as it is. It can't be unpickled: nothing of a file may be run."""

    def __init__(self, kind, words, *, width=6, embedding_width=None, depth=1, tied=False):
        super().__init__()
        self.drop = nn.Dropout(0.2)
        self.encoder = nn.Embedding(words, embedding_width or width)
        shape = (embedding_width or width, width, depth)
        if kind in ("LSTM", "GRU"):
            self.rnn = getattr(nn, kind)(*shape)
        else:
            self.rnn = nn.RNN(*shape, nonlinearity=kind.removeprefix("RNN_").lower())
        self.decoder = nn.Linear(width, words)
        if tied:
            self.decoder.weight = self.encoder.weight
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.7)

    def __setstate__(self, state):
        raise AssertionError("code of the file was run")

    @torch.no_grad()
    def log_distributions(self, rows):
        """What follows each of the rows, from a state of zeros: (rows, words), in nats."""
        hidden, _ = self.rnn(self.encoder(torch.tensor(rows))[:, None])
        return torch.log_softmax(self.decoder(hidden[:, 0]).double(), dim=1).numpy()


class Calls:
    """Pickled as a call."""

    def __init__(self, function, *args, state=None):
        self.made = (function, args) if state is None else (function, args, state)

    def __reduce__(self):
        return self.made


def save(stored, path, *, old):
    torch.save(stored, path, _use_new_zipfile_serialization=not old)


def save_words(path, words=WORDS):
    path.write_text("\n".join(words) + "\n", encoding="utf8")
    return path
