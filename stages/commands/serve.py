"""Serves a variant with OpenAI's API on this machine, by `transformers serve`:
`python -m stages.commands.serve --variant merged-bf16`, at http://127.0.0.1:8000/v1 (or `--port`).

It answers programs of this machine alone. A web page that the user has open elsewhere is a program
of this machine, too: its requests bear another `Host` (DNS rebinding) or an `Origin`, and are
refused. Nothing but this one model can be loaded. Its chat template gets
`encode.template_arguments`, and a request may give others (`chat_template_kwargs`).
"""

import argparse
import json
import os
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from stages.chat.family import renderer_of, settings_of
from stages.params.chat_format import ChatFormat
from stages.params.reading import read_params
from stages.params.section import Sections
from stages.pipeline import paths
from stages.pipeline.errors import InputError
from stages.pipeline.program import run
from stages.pipeline.variants import VARIANTS

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response


class Params(Sections):
    encode: ChatFormat


HOSTS = ("127.0.0.1", "localhost")
# What loads or unloads models, and a list of models that reads the user's cache of the hub.
CLOSED = ("/load_model", "/reset", "/v1/models")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


def guarded(app: "FastAPI", model: str) -> "FastAPI":
    """The server's application, which knows one model and no foreign pages."""
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import JSONResponse

    app.router.routes = [r for r in app.router.routes if getattr(r, "path", None) not in CLOSED]

    @app.get("/v1/models")
    def models() -> dict[str, Any]:
        entry = {"id": model, "object": "model", "created": 0, "owned_by": "malssi"}
        return {"object": "list", "data": [entry]}

    @app.middleware("http")
    async def same_machine(
        request: "Request", call_next: "Callable[[Request], Awaitable[Response]]"
    ) -> "Response":
        origin = request.headers.get("origin")
        if origin is not None and _host_of(origin) not in HOSTS:
            return JSONResponse({"error": "requests of other pages are refused"}, 403)
        return await call_next(request)

    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS))
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variant", required=True, choices=VARIANTS)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--dtype", default="auto", help="float32 is what `answer` uses")
    asked = parser.parse_args()
    if asked.variant == paths.ADAPTER.name:
        raise InputError(
            "VARIANT=adapter",
            "cannot be served alone: it is no model without its base.",
            "Serve merged-bf16, which contains it.",
        )
    folder = paths.MODELS / asked.variant
    if not folder.is_dir():
        raise InputError(str(folder), "is not there.", "Run `dvc repro`, or `dvc pull` it.")
    os.environ["HF_HUB_OFFLINE"] = "1"
    settings = settings_of(read_params(Params).encode)
    renderer_of(folder, settings)  # which refuses arguments that the template does not mention
    arguments = settings.template_arguments
    from transformers.cli.serve import Serve
    from transformers.cli.serving import server

    build = server.build_server

    @wraps(build)
    def build_guarded(*arguments: Any, **named: Any) -> "FastAPI":
        return guarded(build(*arguments, **named), folder.as_posix())

    server.build_server = build_guarded  # `transformers serve` has no option for it
    Serve(
        folder.as_posix(),
        host="127.0.0.1",
        port=asked.port,
        dtype=asked.dtype,
        chat_template_kwargs=json.dumps(dict(arguments)) if arguments else None,
    )


if __name__ == "__main__":
    run(main)
