"""`python -m stages.commands.verify_remote` looks on the remotes for every object that dvc.lock
needs, by their listings (`make verify-remote`). `--cure` sends again what is wrong, where the cache
here holds it whole."""

import argparse
import sys

from stages.commands.push import check
from stages.pipeline.program import run
from stages.remotes.holdings import Held, send_again, verify_remote
from stages.remotes.reach import names, refuse_unreachable
from stages.remotes.recorded import imported, unread
from stages.remotes.unmasked import RemoteError


def said(name: str, held: Held) -> str:
    lines = [
        f"{output}: {'; '.join(sorted({fault.what for fault in faults}))}."
        for output, faults in sorted(held.faults.items())
    ]
    wrong = len(held.faults)
    lines.append(f"remote {name}: {held.objects} objects; {wrong or 'no'} outputs are not whole.")
    if wrong:
        lines.append(
            "To cure it, in a clone that has them (`make verify` is clean): "
            "python -m stages.commands.verify_remote --cure"
        )
    return "\n".join(lines)


def main() -> None:
    from dvc.repo import Repo

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cure", action="store_true")
    cure = parser.parse_args().cure
    if cure:
        check()
    with Repo() as repo:
        remotes = names(repo)
        if not remotes:
            raise RemoteError("dvc", "has no remote.", "`make remote URL=...` sets one up.")
        elsewhere, other = imported(repo), unread(repo)
        for name in remotes:
            refuse_unreachable(name)
        found = {name: verify_remote(repo, name) for name in remotes}
        kept = [
            output
            for name, held in found.items()
            if cure
            for output in send_again(repo, name, held)
        ]
    for name, held in found.items():
        print(said(name, held))
    if elsewhere:
        print(f"{', '.join(elsewhere)}: of `dvc import`, which no remote here has to hold.")
    for path, why in sorted(other.items()):
        print(f"{path} {why}")
    if kept:
        sys.exit(f"left as they are, since the cache here does not hold them whole: {kept}")
    if other or (any(held.faults for held in found.values()) and not cure):
        sys.exit(1)


if __name__ == "__main__":
    run(main)
