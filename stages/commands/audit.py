"""`make audit` asks PyPI's database whether a locked package has a known vulnerability, by
pip-audit. Where the database cannot be reached, it says so: nothing was audited then."""

import json
import subprocess
import sys
import tempfile

from stages.pipeline.errors import PipelineError
from stages.pipeline.program import run
from stages.release.locked import locked

AUDIT_S = 600


class AuditError(PipelineError, RuntimeError):
    """An audit that found something, or could not be made."""


def _not_reached(why: str) -> AuditError:
    return AuditError(
        "pip-audit",
        f"the database of vulnerabilities cannot be reached ({why}).",
        "Nothing was audited. Run `make audit` again with access to PyPI.",
    )


def main() -> None:
    (pip_audit,) = sys.argv[1:]
    packages = list(locked())
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as plain:
        # Without hashes: of a version all files are meant, and torch has no hash in its lock.
        plain.writelines(f"{package.name}=={package.version}\n" for package in packages)
        plain.flush()
        command = [pip_audit, "--requirement", plain.name, "--no-deps", "--disable-pip"]
        command += ["--format", "json", "--progress-spinner", "off", "--timeout", "15"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=AUDIT_S
            )
            report = json.loads(done.stdout)["dependencies"]
        except (ValueError, KeyError, TypeError, subprocess.TimeoutExpired) as error:
            raise _not_reached(type(error).__name__) from None
    skipped = [entry["name"] for entry in report if "skip_reason" in entry]
    if len(skipped) == len(report):
        raise _not_reached("it knows none of the packages")
    found = [(e["name"], v["id"]) for e in report for v in e.get("vulns", ())]
    if skipped:
        print(f"not in the database: {', '.join(skipped)}", file=sys.stderr)
    if found:
        raise AuditError(
            "requirements.lock",
            f"has known vulnerabilities: {', '.join(f'{name} {what}' for name, what in found)}.",
            "Raise the versions in pyproject.toml, and lock again (CONTRIBUTING.md).",
        )
    print(f"{len(packages) - len(skipped)} packages have no known vulnerability.")


if __name__ == "__main__":
    run(main)
