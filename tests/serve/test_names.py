"""Models have short names, and the address is where a browser finds the server."""

import socket
from contextlib import closing

import pytest

from spacy_rnn.serve.running import listen, served_names, url_of


def test_models_have_the_last_parts_of_their_folders_that_tell_them_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("a/zh/model-best", "b/zh/model-best", "b/zh/model-last", "b/other", "c/other"):
        (tmp_path / folder).mkdir(parents=True)
    assert served_names(["b/other"]) == ["other"]
    assert served_names(["b/other", "c/other"]) == ["b/other", "c/other"]
    assert served_names(["a/zh/model-best"]) == ["zh/model-best"]
    assert served_names(["b/zh/model-best", "b/zh/model-last"]) == [
        "zh/model-best",
        "zh/model-last",
    ]
    names = served_names(["a/zh/model-best", "b/zh/model-best", "zh_core"])
    assert names == ["a/zh/model-best", "b/zh/model-best", "zh_core"]
    assert served_names(["b/other", "b/other/../other", "."])[:2] == ["other", "other (2)"]


@pytest.mark.parametrize("host, start", [("127.0.0.1", "http://127.0.0.1:"), ("localhost", "http")])
def test_a_port_that_is_taken_is_one_clear_error(host, start):
    with closing(listen(host, 0)) as listener:
        assert url_of(listener).startswith(start)
        port = listener.getsockname()[1]
        with socket.create_connection((host, port)), pytest.raises(ValueError, match="R850"):
            listen(host, port)


@pytest.mark.parametrize("host, port", [("no.such.host.invalid", 0), ("127.0.0.1", 10**6)])
def test_an_address_that_cannot_be_had_is_one_clear_error(host, port):
    with pytest.raises(ValueError, match="R850"):
        listen(host, port)
