"""`python -m stages.commands.add FILE` versions a raw file in data/raw as `dvc add` does, for
the remote `personal` alone, since its text is not masked."""

import sys
from pathlib import Path

from ruamel.yaml import YAML

from stages.pipeline import paths
from stages.pipeline.durable import sync, sync_names
from stages.pipeline.errors import InputError
from stages.pipeline.program import run
from stages.remotes.dvc import dvc
from stages.remotes.unmasked import PERSONAL


def main() -> None:
    raw = Path(sys.argv[1] if len(sys.argv) == 2 else "")
    if not raw.exists() or raw == Path():
        raise InputError(str(raw), "is not there.", "Write FILE=data/raw/own/<a file>.")
    if not raw.resolve().is_relative_to((paths.project_root() / "data/raw").resolve()):
        raise InputError(
            str(raw),
            "is not in data/raw, where raw files are.",
            "Move it there; a file that is kept elsewhere need not be versioned, since `ingest` "
            "records its hash.",
        )
    # Written first, so that at no moment it is bound for a remote that all share.
    file = raw.with_name(f"{raw.name}.dvc")
    before = file.read_bytes() if file.is_file() else None
    yaml = YAML()
    entry = yaml.load(file) if file.is_file() else {"outs": [{"path": raw.name}]}
    entry["outs"][0]["remote"] = PERSONAL
    with file.open("w", encoding="utf-8") as made:
        yaml.dump(entry, made)
    sync(file)
    sync_names(file.parent)
    code = dvc("add", "--", str(raw))
    added = file.is_file() and "md5" in yaml.load(file)["outs"][0]  # not what a folder here holds
    if (code or not added) and before is None:
        file.unlink(missing_ok=True)
    elif code and before is not None:
        file.write_bytes(before)
    sys.exit(code)


if __name__ == "__main__":
    run(main)
