"""The baseline of `service_load`: a Flask view that validates the same body and always answers the same.

    python -m benchmarks.bare_view WORKERS THREADS

It runs under the same server as `advise serve`.
"""

from __future__ import annotations

import sys

from flask import Flask, Response, request

from advisor.service.schemas import Question
from advisor.service.server import ServerOptions, serve
from advisor.service.settings import Settings

app = Flask(__name__)


@app.post("/v1/advice")
def validate() -> Response:
    Question.model_validate_json(request.get_data(), strict=True)
    return Response(b'{"valid":true}', content_type="application/json")


def main() -> None:
    workers, threads = map(int, sys.argv[1:])
    serve(
        ServerOptions("127.0.0.1", 0, workers, threads),
        read_settings=Settings,
        create_app=lambda _: app,
        on_message=lambda line: print(line, file=sys.stderr, flush=True),
    )


if __name__ == "__main__":
    main()
