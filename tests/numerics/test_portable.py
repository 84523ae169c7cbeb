"""The numerics of the pipeline give the same bytes on every x86-64 processor."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.micro import ROOT, environment_for

QEMU = shutil.which("qemu-x86_64")
PROCESSORS = ("Haswell-v4", "EPYC-v3")


def hashes(*before: str, numerics: str = "portable") -> dict[str, str]:
    command = [*before, sys.executable, "-m", "tests.numerics.operations", numerics]
    done = subprocess.run(
        command, cwd=ROOT, env=environment_for({}), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def here() -> dict[str, str]:
    return hashes()


@pytest.mark.skipif(QEMU is None, reason="qemu-x86_64 (Debian's qemu-user) is not installed")
@pytest.mark.parametrize("processor", PROCESSORS)
def test_operations_are_the_same_on_another_processor(here, processor):
    there = hashes(str(QEMU), "-cpu", processor)
    assert [name for name in here if here[name] != there[name]] == []


def test_native_numerics_are_others(here):
    """So the hashes see what numerics change, and the param reaches torch."""
    native = hashes(numerics="native")
    assert native.keys() == here.keys() and native != here


@pytest.mark.skipif(QEMU is None, reason="qemu-x86_64 (Debian's qemu-user) is not installed")
def test_the_doctors_fingerprint_is_of_no_processor():
    command = [sys.executable, "-m", "stages.commands.fingerprint"]
    here, there = (
        subprocess.run(
            [*before, *command], cwd=ROOT, env=environment_for({}), capture_output=True, check=True
        ).stdout.strip()
        for before in ((), (str(QEMU), "-cpu", "Haswell-v4"))
    )
    assert here == there and len(here) == 12


REPLACED = """
import warnings
warnings.simplefilter("error")
from stages.numerics.pins import pin_numerics
from stages.params.compute import Compute
pin_numerics(Compute(threads={threads}, numerics="portable"))
import numpy as np, torch
{body}
"""


def portable(body: str, threads: int = 2) -> None:
    done = subprocess.run(
        [sys.executable, "-c", REPLACED.format(body=body, threads=threads)],
        cwd=ROOT, env=environment_for({}), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_replaced_functions_are_what_they_were():
    """Within a few units of the last place of float64's own, in every way they can be called."""
    portable("""
x = torch.rand(101, 7) * 2 - 1
for name, other in dict(sqrt="sqrt", tan="tan", atan="arctan", asin="arcsin", acos="arccos").items():
    given = x.abs() if name == "sqrt" else x
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        of = getattr(torch, name)
        a = given.to(dtype)
        got, exact = of(a), torch.from_numpy(getattr(np, other)(a.double().numpy()))
        assert got.dtype == dtype
        assert torch.allclose(got.double(), exact, rtol=2 * torch.finfo(dtype).eps, atol=1e-15)
        out = torch.empty(0, dtype=dtype)
        assert torch.equal(of(a, out=out), got) and torch.equal(out, got)
        assert torch.equal(getattr(a.clone(), name + "_")(), got)
        weight = a[:5, :3].clone().requires_grad_()
        of(weight).sum().backward()
        assert weight.grad.isfinite().all()
y = x.abs()
assert torch.equal(y ** .5, y.sqrt()) and torch.equal(y.clone().pow_(.5), y.sqrt())
assert torch.equal(torch.pow(y, .5, out=torch.empty(0)), y.sqrt())
assert torch.equal(y ** 2, y * y) and torch.equal(y.clone().pow_(2), y * y)
assert torch.arange(5).sqrt()[4] == 2 and torch.arange(5)[4] ** .5 == 2
assert torch.tensor(9.0).sqrt() == 3 and torch.tensor(-1.0).sqrt().isnan()
assert torch.allclose(torch.tensor(-4 + 0j).sqrt(), torch.tensor(2j))
""")


def test_products_are_what_they_were():
    """Also without a dense row or column, of nothing, with a gradient, and in parts."""
    portable(
        """
def close(got, a, b):
    assert got.dtype is torch.float32
    assert torch.allclose(got.double(), a.double() @ b.double(), rtol=1e-5, atol=1e-4)
for m, k, n in ((1, 3, 5), (400, 300, 7), (7, 300, 400), (301, 64, 302), (0, 4, 3), (3, 0, 2)):
    a, b = torch.randn(m, k), torch.randn(k, n)
    close(a @ b, a, b)
    close(b.T @ a.T, b.T, a.T)
    bias = torch.randn(n)
    got = torch.addmm(bias, a, b, alpha=2.0, beta=0.5)
    assert torch.allclose(got, .5 * bias + 2 * (a @ b), rtol=1e-5, atol=1e-4)
    assert torch.addmm(torch.full((m, n), torch.nan), a, b, beta=0).isfinite().all()
a, b = torch.randn(60, 40), torch.randn(40, 50)
close(a[::2, ::2] @ b[::2, ::3], a[::2, ::2], b[::2, ::3])
c, d = torch.randn(5, 60, 40), torch.randn(1, 40, 50).expand(5, 40, 50)
close(torch.bmm(c, d), c, d)
close(torch.bmm(d.transpose(1, 2), c.transpose(1, 2)), d.transpose(1, 2), c.transpose(1, 2))
for of, x, y in ((torch.mm, a, b), (torch.bmm, c, d)):
    wide = torch.full((*x.shape[:-1], 90), torch.nan)
    for out in (torch.empty(0), wide[..., 5:55]):
        assert torch.equal(of(x, y, out=out), x @ y) and torch.equal(out, x @ y)
    assert wide[..., :5].isnan().all() and wide[..., 55:].isnan().all()
for of, x, y in ((torch.addmm, a, b), (torch.baddbmm, c, d)):
    start = torch.randn(50)
    got, sum = of(start, x, y, alpha=2.0), (x @ y).clone()
    assert torch.allclose(got, start + 2 * (x @ y), rtol=1e-5, atol=1e-4)
    assert torch.equal(of(start, x, y, alpha=2.0, out=torch.empty(0)), got)
    getattr(sum, of.__name__ + "_")(x, y, beta=-1)
    assert (sum == 0).all()
a.requires_grad_()
(a @ b).sum().backward()
assert torch.allclose(a.grad, b.sum(1).expand(60, 40), atol=1e-4)
assert all(x.untyped_storage().resizable() for x in (c, b, c @ d, b.sqrt())), "FSDP frees them"
assert (a.double() @ b.double()).dtype is torch.float64
assert (a.bfloat16() @ b.bfloat16()).dtype is torch.bfloat16
""",
        threads=3,
    )


def test_other_kernels_are_refused():
    portable("""
from stages.numerics import portable
from stages.pipeline.errors import EngineError
portable._replaced.clear()
portable.KERNELS = "Zen"
try:
    portable.replace_operations()
except EngineError as error:
    assert "OpenBLAS" in str(error) and "make env" in str(error)
else:
    raise AssertionError("other kernels were taken")
""")
