"""The bill of materials, and the audit of the locked packages with a stand-in of pip-audit."""

import json
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from stages.release.locked import LOCKS, locked, sbom
from tests.micro import ROOT, environment_for


def test_the_bill_names_every_package_of_the_locks():
    lines = [
        line.split(" \\")[0]
        for lock in LOCKS
        for line in (ROOT / lock).read_text(encoding="utf-8").splitlines()
        if line[:1].isalnum()
    ]
    wanted = {(r.name, str(r.specifier)) for r in map(Requirement, lines)}
    packages = list(locked([ROOT / lock for lock in LOCKS]))
    assert {(p.name, f"=={p.version}") for p in packages} == wanted and len(wanted) > 100
    assert [p.name for p in packages if not p.sha256] == ["torch"]
    bill = json.loads(sbom("c" * 40, packages))
    assert len(bill["components"]) == len({c["purl"] for c in bill["components"]}) == len(wanted)
    assert set(bill["dependencies"][0]["dependsOn"]) == {c["bom-ref"] for c in bill["components"]}
    assert sbom("c" * 40, packages) == sbom("c" * 40, packages)


def entry(name: str, **more: object) -> dict:
    return {"name": name, "version": "1", **more}


FOUND = {"dependencies": [entry("torch", vulns=[{"id": "CVE-1"}]), entry("numpy", vulns=[])]}
CLEAN = {"dependencies": [entry("torch", vulns=[]), entry("numpy", skip_reason="no such")]}
UNKNOWN = {"dependencies": [entry("torch", skip_reason="404"), entry("numpy", skip_reason="404")]}


@pytest.mark.parametrize(
    ("printed", "code", "said"),
    [
        (json.dumps(FOUND), 1, "has known vulnerabilities: torch CVE-1"),
        (json.dumps(CLEAN), 0, "not in the database: numpy"),
        (json.dumps(UNKNOWN), 1, "cannot be reached"),
        ("ConnectionError", 1, "cannot be reached"),
        ("[]", 1, "cannot be reached"),
        ("", 1, "cannot be reached"),
    ],
)
def test_an_audit_says_what_it_found_or_that_it_found_nothing_out(tmp_path, printed, code, said):
    stand_in = tmp_path / "pip-audit"
    stand_in.write_text(f"#!/bin/sh\ncat <<'END'\n{printed}\nEND\nexit 1\n")
    stand_in.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "stages.commands.audit", str(stand_in)],
        cwd=ROOT,
        env=environment_for({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr
