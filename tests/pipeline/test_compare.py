"""What DVC shows of two commits: tables that fit a terminal, with the figures of both, and plots
that draw without a network."""

import csv
import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages.commands.experiments import not_compared, others
from tests.chromium import Tab, browser, program
from tests.micro import ROOT, Project

COLUMNS = 120  # of a terminal
FIGURES = "metrics/headline.json"
ADDRESS = "s3://bucket/malssi"
# For each plot that is shown, how many of its dots have a colour, which axes and letters have not.
COLOURED = """
[...document.querySelectorAll("canvas.marks")].filter(canvas => canvas.offsetParent).map(canvas => {
  const dots = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let coloured = 0;
  for (let i = 0; i < dots.length; i += 4) {
    const [r, g, b] = dots.slice(i, i + 3);
    coloured += Math.max(r, g, b) - Math.min(r, g, b) > 60;
  }
  return coloured;
})
"""

SHOWN, DRAWN_S = 4, 30  # plots with a name, and how long they may take
LINE_DOTS = 100  # of a curve or a bar, at least

pipeline = pytest.mark.pipeline


def widest(said: str) -> int:
    return max(len(line) for line in said.splitlines())


def committed(project: Project, commit: str, name: str) -> dict[str, Any]:
    return json.loads(project.run("git", "show", f"{commit}:{name}"))


@pytest.fixture
def compared(project: Project) -> Project:
    """The finished project with a commit on top, as another learning rate would leave it."""
    project.edit_text("params.yaml", "learning_rate: 1.0e-2", "learning_rate: 1.0e-4")
    figures = committed(project, "HEAD", FIGURES)
    figures |= {"loss_nats": 9.123456, "gain_kept": -14.123456, "verdict": "undecided"}
    (project.folder / FIGURES).write_text(json.dumps(figures))
    (project.folder / "metrics/curves/validation.csv").write_text("step,loss_nats\n0,9.5\n8,9.1\n")
    (project.folder / "metrics/curves/kept.csv").write_text("weight,delta_kept\na.b,0.75\n")
    project.commit("Learn slowly")
    return project


def make_experiments(project: Project, *values: str) -> str:
    """What the target prints for its table and below it."""
    return project.run("make", "--silent", f"VENV={project.venv}", "experiments", *values)


# --- what is declared --------------------------------------------------------------------------


def test_one_small_file_is_what_dvc_compares():
    """A file that is a metric adds its numbers to every table. One that is a plain output takes the
    runs of its stage out of the run cache, so that an undone change would train again."""
    stages = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]
    declared = {name: stage.get("do", stage) for name, stage in stages.items()}
    metrics = {name: stage["metrics"] for name, stage in declared.items() if "metrics" in stage}
    assert metrics == {"report": [{FIGURES: {"cache": False}}]}
    plain = {
        name
        for name, stage in declared.items()
        for out in stage.get("outs", [])
        if isinstance(out, dict) and not next(iter(out.values())).get("cache", True)
    }
    assert plain == {"evaluate", "contrast", "gate", "card"}, "which take seconds"
    assert len((ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()) < 450


def test_the_page_of_plots_holds_the_builds_that_its_licence_names():
    page = (ROOT / ".dvc/plots/page.html").read_text(encoding="utf-8")
    builds = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[:3]
    named = re.findall(r"sha256 (\w{64})", (ROOT / ".dvc/plots/LICENSE.txt").read_text("utf-8"))
    assert [hashlib.sha256(build.encode()).hexdigest() for build in builds] == named
    assert "default-src 'none'" in page, "so that nothing is fetched"
    assert len(page.encode()) < 850_000


# --- the tables --------------------------------------------------------------------------------


@pipeline
def test_the_tables_of_metrics_fit_and_have_the_figures_of_both_commits(compared: Project):
    before, after = (committed(compared, commit, FIGURES) for commit in ("HEAD~1", "HEAD"))
    assert len(after) <= 8
    shown = compared.run("dvc", "metrics", "show")
    assert widest(shown) <= COLUMNS
    assert shown.split()[1 : 1 + len(after)] == sorted(after)
    assert json.loads(compared.run("dvc", "metrics", "show", "--json")) == {
        "": {"data": {FIGURES: {"data": after}}}
    }
    assert widest(compared.run("dvc", "metrics", "diff", "HEAD~1", "--all")) <= COLUMNS
    found = json.loads(compared.run("dvc", "metrics", "diff", "HEAD~1", "HEAD", "--all", "--json"))
    assert {name: (both["old"], both["new"]) for name, both in found[FIGURES].items()} == {
        name: (before[name], after[name]) for name in after
    }


@pipeline
def test_experiments_show_figures_and_values_that_differ(compared: Project):
    said = make_experiments(compared, "COMMITS=2")
    header, _, workspace, *commits = said.strip().splitlines()
    assert widest(said) <= COLUMNS + len(" train.learning_rate |")
    names = [name.strip() for name in header.strip("|").split("|")]
    assert names == ["Experiment", "gain_kept", "loss_nats", "verdict", "train.learning_rate"]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in (workspace, *commits)]
    before = committed(compared, "HEAD~1", FIGURES)
    assert rows[0][1:] == rows[1][1:] == ["-14.123", "9.1235", "undecided", "0.0001"]
    assert [float(rows[2][1]), float(rows[2][2])] == pytest.approx(
        [before["gain_kept"], before["loss_nats"]], rel=1e-4
    )
    assert rows[2][3:] == [before["verdict"], "0.01"]
    assert "train.learning_rate" not in make_experiments(compared), "by itself it is one commit's"


@pipeline
@pytest.mark.soak
def test_what_cannot_be_compared_is_named(compared: Project):
    """A commit that had another file for its metrics, and one in which the pipeline did not run."""
    assert "has no" not in make_experiments(compared, "COMMITS=2")
    said = make_experiments(compared, "COMMITS=3")
    start = compared.run("git", "rev-parse", "HEAD~2")[:7]
    assert f"{start} has no {FIGURES}: the pipeline has not run to its end there." in said

    compared.edit_text("dvc.yaml", FIGURES, "metrics/other.json")
    compared.run("git", "mv", FIGURES, "metrics/other.json")
    compared.commit("As older commits are")
    said = make_experiments(compared)
    assert "main is older than metrics/headline.json, so its figures are not in" in said
    assert "loss_nats" not in said.splitlines()[0]
    older = compared.run("git", "rev-parse", "HEAD")[:7]
    plain = json.loads(compared.run("dvc", "metrics", "diff", older, "HEAD~1", "--all", "--json"))
    assert plain and all(
        len(both.keys() & {"old", "new"}) == 1 or None in (both["old"], both["new"])
        for figures in plain.values()
        for both in figures.values()
    )
    command = f"dvc metrics diff {older} --targets metrics/summary.json"
    assert command in said and compared.run(*command.split()).strip() == ""


@pipeline
@pytest.mark.soak
def test_secrets_of_a_remote_need_its_address_beside_them(compared: Project):
    """DVC reads .dvc/config of each commit together with .dvc/config.local."""
    compared.run("dvc", "remote", "add", "store", ADDRESS)
    compared.commit("Name the remote")
    secret = ("dvc", "remote", "modify", "--local", "store", "access_key_id", "AKIA")
    compared.run(*secret)
    command = ("dvc", "metrics", "diff", "HEAD~2", "HEAD")
    assert "failed to load metrics in revision 'HEAD~2'" in compared.run(*command)
    compared.run("dvc", "remote", "modify", "--local", "store", "url", ADDRESS)
    assert "failed" not in compared.run(*command)
    found = json.loads(compared.run(*command, "--json"))[FIGURES]
    assert found["loss_nats"]["old"] == committed(compared, "HEAD~2", FIGURES)["loss_nats"]


def test_an_older_commit_is_told_with_what_both_have():
    older = {"rev": "b" * 40, "name": "main", "data": {"metrics": {}, "params": {}}}
    said = not_compared(older)
    assert said is not None and "lists each number of it beside `-`" in said
    assert said.endswith("dvc metrics diff bbbbbbb --targets metrics/summary.json")


def test_a_commit_that_cannot_be_read_is_told_with_its_cure():
    lost = {"rev": "a" * 40, "error": {"type": "ConfigError", "msg": "expected 'url' for …"}}
    said = not_compared(lost)
    assert said is not None and said.startswith("aaaaaaa cannot be read: expected 'url'")
    assert "dvc remote modify --local NAME url ADDRESS" in said


def test_columns_are_left_out_by_their_whole_names():
    """`train.rows`, a number of an older commit, is no value of the section `train`."""
    data = {
        "metrics": {FIGURES: {"data": {"loss_nats": 1.0}}, "metrics/old.json": {"data": {"x": 1}}},
        "params": {"params.yaml": {"data": {"seed": 1, "train": {"lora": {"r": 8}}}}},
    }
    out = re.compile(others([{"rev": "b" * 40, "data": data}, {"rev": "c" * 40, "error": {}}]))
    kept = ("Experiment", "State", "seed", "loss_nats", "train.lora.r", f"{FIGURES}:loss_nats")
    assert not any(map(out.match, kept))
    assert all(map(out.match, ("Created", "x", "train.rows", "seeds", "trainXlora.r", "data/raw")))


# --- the plots ---------------------------------------------------------------------------------


@pipeline
def test_each_curve_has_its_own_points_and_no_other(compared: Project):
    """A value that was not measured is no point, and not 0."""
    found = json.loads(compared.run("dvc", "plots", "diff", "HEAD~1", "HEAD", "--json"))["data"]
    points = [
        (point["rev"], point["filename"], point["step"], point["loss_nats"])
        for point in found["loss of training and validation"][0]["content"]["data"]["values"]
    ]
    expected = [
        (commit, f"{name}.csv", line["step"], line["loss_nats"])
        for commit in ("HEAD~1", "HEAD")
        for name in ("training", "validation")
        for line in csv.DictReader(
            compared.run("git", "show", f"{commit}:metrics/curves/{name}.csv").splitlines()
        )
    ]
    assert sorted(points) == sorted(expected)
    assert all(float(value) > 1 for *_, value in points)


def wrong_of(tab: Tab) -> list[dict[str, Any]]:
    """What went wrong in the page; what its policy refuses is told in the log."""
    logged = [said["entry"] for what, said in tab.events if what == "Log.entryAdded"]
    thrown = [said for what, said in tab.events if what == "Runtime.exceptionThrown"]
    return [entry for entry in logged if entry["level"] == "error"] + thrown


@pipeline
@pytest.mark.skipif(program() is None, reason="no chromium is on PATH")
def test_plots_are_drawn_without_a_network(compared: Project, tmp_path: Path):
    compared.run("dvc", "plots", "diff", "HEAD~1", "HEAD")
    page = compared.folder / "dvc_plots/index.html"
    assert "cdn." not in page.read_text(encoding="utf-8").split("<body>")[1]
    with browser(tmp_path / "profile") as tab:
        tab.open(page)
        end = time.monotonic() + DRAWN_S  # plots are drawn after the page has loaded
        while len(dots := tab.run(COLOURED)) < SHOWN or min(dots) < LINE_DOTS:
            assert time.monotonic() < end, (dots, wrong_of(tab))
            time.sleep(0.1)
        assert len(dots) == SHOWN and wrong_of(tab) == []
        asked = [p["request"]["url"] for m, p in tab.events if m == "Network.requestWillBeSent"]
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]


@pipeline
@pytest.mark.skipif(program() is None, reason="no chromium is on PATH")
def test_a_plot_without_values_says_so(project: Project, tmp_path: Path):
    """The adapter of the built-in model is on no weight that is quantised."""
    project.run("dvc", "plots", "show")
    with browser(tmp_path / "profile") as tab:
        tab.open(project.folder / "dvc_plots/index.html")
        said = tab.run("document.body.innerText")
    assert "share of the tuning that the export keeps: no values" in said
    assert "json" not in said, "figures are no curves"
