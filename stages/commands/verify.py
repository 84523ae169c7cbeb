"""`python -m stages.commands.verify` reads every output that is here and compares it with dvc.lock
(`make verify`). It names what differs, and the commands that cure it."""

import sys

from tqdm import tqdm

from stages.pipeline.program import run
from stages.remotes.contents import Verified, verify
from stages.remotes.reach import names
from stages.remotes.recorded import recorded, unread


def said(found: Verified) -> str:
    lines = [f"{path} {what}." for path, what in sorted(found.wrong.items())]
    if found.cures:
        lines += ["To cure it:", *(f"  {command}" for command in found.cures)]
    lines += [f"{path} {why}" for path, why in sorted(found.unread.items())]
    unread = f"{len(found.unread)} could not be compared; " if found.unread else ""
    rate = found.seconds / max(found.size / 1e9, 1e-9)
    lines.append(
        f"{found.files} files, {found.size / 1e9:.3f} GB, in {found.seconds:.1f} s "
        f"({rate:.1f} s a GB): {len(found.wrong) or 'none'} wrong; {unread}"
        f"{len(found.absent)} outputs are not here."
    )
    return "\n".join(lines)


def main() -> None:
    from dvc.repo import Repo

    with (
        Repo() as repo,
        tqdm(unit="B", unit_scale=True, desc="verify", disable=None, leave=False) as bar,
    ):
        remotes, default = names(repo), repo.config["core"].get("remote")
        found = verify(recorded(repo), lambda out: (out.remote or default) in remotes, bar.update)
        found.unread = unread(repo)
    print(said(found))
    if found.wrong or found.unread:
        sys.exit(1)


if __name__ == "__main__":
    run(main)
