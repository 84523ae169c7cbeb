"""`python -m stages.commands.ui` serves MLflow's pages on the project's store (or another port as
its argument)."""

import os
import sys

from stages.pipeline.errors import InputError
from stages.pipeline.program import run
from stages.tracking.store import tracking_uri, without_secrets


def main() -> None:
    uri = tracking_uri()
    if not uri.startswith("sqlite:///"):
        raise InputError(
            without_secrets(uri), "is a server with pages of its own.", "Open it in a browser."
        )
    port = sys.argv[1] if len(sys.argv) > 1 else "5000"
    command = ["--backend-store-uri", uri, "--host", "127.0.0.1", "--port", port, "--workers", "1"]
    # MLflow's own list has 10.*, which a name like 10.example.org fits as well.
    names = [name + end for name in ("localhost", "127.0.0.1") for end in ("", f":{port}")]
    command += ["--allowed-hosts", ",".join(names)]
    os.execvp("mlflow", ["mlflow", "server", *command])


if __name__ == "__main__":
    run(main)
