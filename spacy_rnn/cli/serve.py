"""`python -m spacy rnn serve MODEL [MODEL …]`."""

from ipaddress import ip_address

from typer import Argument, Option

from ..errors import Errors, Warnings
from ..messages import answer, inform, warn
from . import rnn
from .options import Code, Component, GpuId
from .pipelines import load_language_model
from .plain_errors import plain_errors


@rnn.command("serve")
@plain_errors
def serve_cli(
    models: list[str] = Argument(metavar="MODEL", help="Trained pipelines: folders or names"),
    port: int = Option(8000, help="0 for any that is free"),
    host: str = Option("127.0.0.1", help="Another address than this lets other machines in"),
    allow_host: list[str] = Option(
        [], metavar="NAME", help="A name of this server in browsers, as a proxy gives it"
    ),
    component: Component = None,
    gpu_id: GpuId = -1,
    code: Code = None,
) -> None:
    """A page to type in, and a JSON API, on this machine: http://127.0.0.1:8000/.

    Ctrl-C ends it. It needs the extra "serve" of spacy-rnn.
    """
    try:
        from ..serve.application import make_app
        from ..serve.limits import ServeLimits
        from ..serve.running import listen, serve_app, served_names, url_of
        from ..serve.served_model import ServedModel
    except ModuleNotFoundError as error:
        raise ValueError(Errors.R840.format(error=error)) from error
    with listen(host, port) as listener:
        if not _is_loopback(listener.getsockname()[0]):
            warn(Warnings.W371.format(host=host))
        limits = ServeLimits()
        served = [
            ServedModel(
                name,
                *load_language_model(path, component, gpu_id=gpu_id, code=code),
                limits,
            )
            for name, path in zip(served_names(models), models, strict=True)
        ]
        for model in served:
            model.warm_up()
        url = url_of(listener)
        app = make_app(served, limits, hosts=[host, *allow_host])
        serve_app(app, listener, limits, started=lambda: answer(url))
    inform("stopped")


def _is_loopback(address: str) -> bool:
    return ip_address(address.partition("%")[0]).is_loopback
