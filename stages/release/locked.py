"""The packages that the locks name, as a bill of materials (SBOM) in CycloneDX 1.6.

The format: https://cyclonedx.org/docs/1.6/json/. It names each package with its version, its
package URL and the SHA-256 of every file that the lock allows.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

LOCKS = (Path("requirements.lock"), Path("requirements-torch.lock"))


class Package(NamedTuple):
    name: str
    version: str
    sha256: tuple[str, ...]  # none for torch, of which each machine has its own build


def locked(locks: Sequence[Path] = LOCKS) -> Iterator[Package]:
    """The packages in the order of the locks, which pip-compile wrote."""
    for lock in locks:
        text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in text.splitlines():
            if found := re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", line):
                hashes = tuple(re.findall(r"--hash=sha256:(\w+)", line))
                yield Package(found[1], found[2], hashes)


def sbom(commit: str, packages: Sequence[Package]) -> bytes:
    """The bill of materials of the code at a commit of Git: the same bytes for the same locks."""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{package.name}@{package.version}",
            "name": package.name,
            "version": package.version,
            "purl": f"pkg:pypi/{package.name}@{package.version}",
            # CycloneDX has one hash of a kind for a component, and a lock one for each file.
            "properties": [{"name": "lock:sha256", "value": value} for value in package.sha256],
        }
        for package in packages
    ]
    root = {"type": "application", "bom-ref": "malssi", "name": "malssi", "version": commit}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": components,
        "dependencies": [{"ref": "malssi", "dependsOn": [c["bom-ref"] for c in components]}],
    }
    return (json.dumps(bill, indent=2, sort_keys=True) + "\n").encode()
