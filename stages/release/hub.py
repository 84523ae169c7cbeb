"""Uploads a variant and its card to a repository of the model hub: `make publish VARIANT=mxfp4
REPO=my-company/name`.

Only what the gate passed goes out: the release check comes first, and `models/<variant>/` must be
the folder that was judged. All files go in one commit, so the repository never holds half of a
model, and what it lists afterwards is compared with what was sent. The card then names the commit
of Git that makes the model again, which is why nothing may be uncommitted.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stages.params.base import Base
from stages.pipeline import paths
from stages.pipeline.git import asked, git
from stages.pipeline.hashes import counted_files
from stages.release.check import ReleaseError, judged, lines, lock, same_as_recorded, verdict
from stages.release.locked import locked, sbom

log = logging.getLogger("publish")

CARDS = paths.METRICS / "cards"
THE_HUBS = ".gitattributes"  # what a repository has of its own


def check(variant: str) -> None:
    """Refuses what is stale, or did not pass.

    Raises:
        ReleaseError, InputError: see there.
    """
    judged(f"card@{variant}")
    gate = verdict()
    if gate["verdict"] != "pass":
        raise ReleaseError(
            "metrics/gate.json",
            "; ".join(line.strip() for line in lines(gate) if not line.startswith("  pass")),
            "Nothing was uploaded. Train a better model, or change the rule with good reason.",
        )
    same_as_recorded(paths.MODELS / variant, lock())


def committed() -> str:
    """The commit of Git that holds all that lies here.

    Raises:
        ReleaseError: a tracked file differs from it.
    """
    commit = asked("rev-parse", "HEAD")
    if commit is None:
        raise ReleaseError(".", "is not a Git repository.", "Publish from a clone.")
    if git("status", "--porcelain", "--untracked-files=no", "--", "."):
        raise ReleaseError(
            f"commit {commit[:12]}",
            "is not what lies here, and the card would name it.",
            "Commit dvc.lock, metrics/ and what else `git status` shows.",
        )
    return commit


def files_of(variant: str, repo: str, commit: str, base: Base) -> dict[str, Path | bytes]:
    """What the repository shall hold, by name: the folder, the card as its README.md, and the
    packages that made it as sbom.cdx.json.

    An adapter names the base that it lies on, which on this disk is a folder: there it is named as
    the hub knows it.
    """
    folder = paths.MODELS / variant
    files: dict[str, Path | bytes] = {
        file.relative_to(folder).as_posix(): file for file in counted_files(folder)
    }
    card = (CARDS / f"{variant}.md").read_text(encoding="utf-8")
    card = card.replace(f'name = "models/{variant}"', f'name = "{repo}"')
    files["README.md"] = card.replace("git checkout <commit>", f"git checkout {commit}").encode()
    files["sbom.cdx.json"] = sbom(commit, list(locked()))
    if variant == paths.ADAPTER.name and base.source == "hub":
        described = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        described |= {
            "base_model_name_or_path": base.hub.repo,
            "revision": base.hub.revision,
        }
        files["adapter_config.json"] = json.dumps(described, indent=2, sort_keys=True).encode()
    elif variant == paths.ADAPTER.name:
        log.warning(
            "the base of this adapter is on no hub, so who loads it needs models/base beside it"
        )
    return files


def upload(repo: str, files: Mapping[str, Path | bytes], public: bool, message: str) -> str:
    """Makes the repository hold exactly `files`, by one commit, and returns its address.

    Raises:
        ReleaseError: there is no token, the hub refuses, or holds something else afterwards.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token

    if get_token() is None:
        raise ReleaseError(
            "HF_TOKEN", "is not set.", f"Set it to a token that may write to {repo}."
        )
    api = HfApi()
    with _told_plainly(repo, "The repository holds nothing new."):
        api.create_repo(repo, private=not public, exist_ok=True)
        info = api.repo_info(repo)
        if info.private == public:
            raise ReleaseError(
                repo,
                f"is there already, and {'private' if info.private else 'public'}.",
                "Change that in its settings on the hub, or name another (PUBLIC=1 for a public "
                "one).",
            )
        there = {file for file in api.list_repo_files(repo) if file not in (*files, THE_HUBS)}
        done = api.create_commit(
            repo,
            [
                *(CommitOperationDelete(name) for name in sorted(there)),
                *(CommitOperationAdd(name, content) for name, content in sorted(files.items())),
            ],
            commit_message=message,
            parent_commit=info.sha,  # if somebody else commits in between, it is refused
        )
    with _told_plainly(repo, "All was sent, but what arrived was not compared."):
        _compare(repo, done.oid, files, api)
    return done.commit_url


def _compare(repo: str, revision: str, files: Mapping[str, Path | bytes], api) -> None:
    """Compares what the hub lists at a commit with what was sent: names, sizes, and hashes."""
    from huggingface_hub.hf_api import RepoFile

    entries = api.list_repo_tree(repo, recursive=True, revision=revision)
    listed = {e.path: e for e in entries if isinstance(e, RepoFile) and e.path != THE_HUBS}
    other = sorted(set(listed) ^ set(files))
    for name in sorted(set(listed) & set(files)):
        found = listed[name]
        sent = _hash(files[name], lfs=found.lfs is not None)
        if sent != (found.lfs.sha256 if found.lfs else found.blob_id):
            other.append(name)
    if other:
        raise ReleaseError(
            f"{repo}@{revision[:12]}",
            f"does not hold what was sent: {', '.join(other)}.",
            "Publish again; if it stays so, look at the repository on the hub.",
        )


def _hash(content: Path | bytes, lfs: bool) -> str:
    """As the hub has it: sha256 of a large file, else the hash that Git gives to a blob."""
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    digest = hashlib.sha256() if lfs else hashlib.sha1(f"blob {size}\0".encode())
    if isinstance(content, bytes):
        digest.update(content)
    else:
        with content.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()


@contextmanager
def _told_plainly(repo: str, state: str) -> Iterator[None]:
    """What the hub's library raises as an error with three parts, which repeats no header. `state`
    says how things stand then."""
    import httpx2  # the hub's library raises what its client does
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except (httpx2.HTTPError, OSError, RuntimeError, ValueError) as error:
        if isinstance(error, ReleaseError):
            raise
        # An upload that fails is wrapped once more.
        cause = error.__cause__ if isinstance(error, RuntimeError) else error
        status = cause.response.status_code if isinstance(cause, HfHubHTTPError) else None
        if status in (401, 403):
            fix = f"Set HF_TOKEN to a token that may write to {repo}."
        elif status in (409, 412):
            fix = "Somebody else has changed the repository. Look at it, and publish again."
        elif status is None:
            fix = "Check the network, HF_ENDPOINT and HF_HUB_OFFLINE, and publish again."
        else:
            fix = "Publish again later."
        found = (
            f"the hub answers {status}" if status else f"cannot be sent ({type(cause).__name__})"
        )
        raise ReleaseError(repo, f"{found}. {state}", fix) from None
