"""The command line as a new user meets it: bad input is one clear line, and nothing is left behind.

Most commands run in this process, through the entry point; a few in one of their own.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sdn_mc
from sdn_mc import cli, config, engine
from tests.small_run import SMALL

REPOSITORY = Path(__file__).resolve().parents[1]
# Vanguard 1, from the SGP4 verification set (Vallado et al. 2006, AIAA 2006-6753).
ELEMENTS = (
    "1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753\n"
    "2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667\n"
)
FILES = {
    "good.tle": ELEMENTS.encode(),
    "checksum.tle": ELEMENTS.replace("4753\n", "4754\n").encode(),
    "short.tle": ELEMENTS[:60].encode() + b"\n" + ELEMENTS[70:].encode(),
    "empty.tle": b"",
    "binary.tle": bytes(range(256)),
    "sites.csv": b"name,lat_deg,lon_deg\nLondon,51.5,-0.1\nNowhere,95,0\n",
    "lost.csv": b"kind,a,b\nsatellite,900,\n",
}
BARE = ("threats=none", "columns=null", "topology=planned")
QUICK = ("threats=none", "solver=xla_int32")  # XLA compiles small networks sooner than numba
FROM_FILE = ("run", "experiment=starlink_today")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder with some faulty files, to start commands in."""
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sdn-mc"])
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")  # restored afterwards
    return tmp_path


@pytest.fixture
def refused(here, capsys, monkeypatch):
    """Runs a command that must fail: its lines on stderr, without `error: `."""

    def run(*words: str, early: bool = True) -> list[str]:
        before = sorted(here.rglob("*"))
        if early:
            monkeypatch.setattr(engine, "prepare", lambda *_: pytest.fail("a scene was built"))
        with pytest.raises(SystemExit) as stop:
            cli.main(list(words))
        assert stop.value.code == 2
        said = capsys.readouterr().err
        assert "Traceback" not in said and all(x.startswith("error: ") for x in said.splitlines())
        assert sorted(here.rglob("*")) == before, "something was left behind"
        return [line.removeprefix("error: ") for line in said.splitlines()]

    return run


# Command, and words of its one message: where, what was given, what is allowed, what to do.
BAD_INPUT = {
    "a missing file": (
        (*FROM_FILE, "constellation.path=nowhere.tle"),
        "constellation.path: nowhere.tle: there is no such file; give a path relative to",
    ),
    "a file that is not named": ((*FROM_FILE,), "constellation.path: no value given; set it"),
    "a checksum": (
        (*FROM_FILE, "constellation.path=checksum.tle"),
        "checksum.tle, line 1: the checksum in column 69 is 4, but the digits of the line give 3",
    ),
    "a malformed element line": (
        (*FROM_FILE, "constellation.path=short.tle"),
        "short.tle, line 1: it has 60 characters, an element line has 69; correct it",
    ),
    "an empty file": (
        (*FROM_FILE, "constellation.path=empty.tle"),
        "empty.tle: the file is empty; give a file with data in it",
    ),
    "a binary file": (
        (*FROM_FILE, "constellation.path=binary.tle"),
        "binary.tle: the file is not text",
    ),
    "latitude 95 in a table": (
        ("run", "sites=file", "sites.path=sites.csv", "flows.flows=[[London,Nowhere]]"),
        "sites.csv, line 3: lat_deg is '95', allowed is a number from -90 to 90; correct it",
    ),
    "latitude 95 in the configuration": (
        ("run", "sites.sites.London=[95, 0, 0]"),
        "sites.sites.London: latitude 95 deg given; allowed are -90 to 90",
    ),
    "a misspelt key": (
        ("run", "access.min_elevation=10"),
        "access.min_elevation=10: there is no such key; .*; did you mean min_elevation_deg?",
    ),
    "a key that was added": (
        ("run", "+access.elevation=10"),
        "access.elevation: unknown key; known are min_elevation_deg",
    ),
    "a misspelt choice": (
        ("run", "constellation=bacbone"),
        "constellation=bacbone: constellation has no choice 'bacbone'; .*; did you mean backbone?",
    ),
    "a probability of 1.5": (
        ("run", "threats.vendor_fault.probability=1.5"),
        "threats.vendor_fault.probability: 1.5 given; allowed are 0 to 1",
    ),
    "planes that do not divide": (
        ("run", "constellation.shells.notional_70.planes=23"),
        "480 satellites do not divide into 23 planes; set satellites to a multiple of planes",
    ),
    "a flow naming no site": (
        ("run", "flows.flows=[[London,Atlantis]]"),
        r"flows.flows\[0\]: no site is named 'Atlantis'; the sites are .*; add it to the sites",
    ),
    "no draws": (("run", "draws=0"), "draws: 0 given; give a whole number from 1 to"),
    "a duration metric in a snapshot": (
        ("run", "metrics=[continuity]"),
        "metrics.continuity: it needs episode times, but times are a snapshot; run it with times=",
    ),
    "a wrong element of a list": (
        ("run", "metrics.latency.percentiles=[50,most]"),
        r"metrics.latency.percentiles\[1\]: 'most' given; give a number",
    ),
    "a text for a list": (
        ("run", "threats.vendor_fault.groups=SpaceX"),
        r"groups: 'SpaceX' given; give a list \(each a text\) or a whole number, .* or null",
    ),
    "a group that does not exist": (
        ("run", "threats.vendor_fault.groups=[Boeing]"),
        "threats.vendor_fault: no group of 'prime' is named 'Boeing'; there are SpaceX; correct",
    ),
    "a grouping that does not exist": (
        ("run", "threats.vendor_fault.label=owner"),
        "threats.vendor_fault: the fleet has no grouping 'owner'; it has bus, .*; name one of them",
    ),
    "a label rule without groups": (
        ("run", "constellation.labels.software.values=[]"),
        r"constellation.labels.software: values \[\] given; give at least one, none twice",
    ),
    "a label that is taken": (
        ("run", "+constellation.labels.plane=${constellation.labels.prime}"),
        "constellation.labels.plane: this label means something else already",
    ),
    "a label that is no rule": (
        ("run", "constellation.labels.prime=SpaceX"),
        "constellation.labels.prime: 'SpaceX' given; give a LabelRule",
    ),
    "a lost satellite that is none": (
        ("run", "threats=[explicit_loss]", "threats.explicit_loss.path=lost.csv", "columns=null"),
        "lost.csv: satellite 900 is listed, but the fleet has 480 satellites, 0 to 479; correct",
    ),
    "no metric": (("run", "metrics=[]"), "metrics: none given; choose at least one"),
    "more instants than memory": (
        ("run", "times.count=1000000", "times.n_epoch=10000"),
        "times: 10000000000 instants of 480 satellites take .* GB and more, but this machine has",
    ),
    "an instant that is none": (
        ("run", "times.start=tomorrow"),
        "times.start: 'tomorrow' is not an instant; write it as 2027-01-01T00:00:00Z",
    ),
    "a component in the wrong place": (
        ("run", "constellation._target_=sdn_mc.access.earth.Earth"),
        "constellation._target_: sdn_mc.access.earth.Earth does not fit here",
    ),
    "no override": (("run", "draws"), "draws: .*; write key=value"),
    "several values": (("run", "draws=1,2"), "draws=1,2: several values given; .* sweep with -m"),
    "no such flag": (("run", "--draws=5"), "--draws=5: unknown flag; see sdn-mc --help"),
    "no such command": (("walk",), "walk: no such command; there are run, summary, resume"),
    "a summary of no result": (("summary", "."), "this is not a result of sdn-mc"),
    "resuming no result": (("resume", "."), "this is not a result of sdn-mc"),
    "a trace of no result": (
        ("trace", ".", "draw=1", "pair=1", "time=1"),
        "this is not a result of sdn-mc",
    ),
    "a folder that is not there": (("summary", "outputs/x"), "outputs/x: there is no such folder"),
    "a trace without a draw": (("trace", ".", "pair=1"), "trace: no draw, time given; write"),
    "a trace of a word": (("trace", ".", "draw=x"), "trace: draw=x given; write draw= and a whole"),
    "a list of no group": (("list", "weather"), "list: no group is called 'weather'; there are"),
    "a name of nothing": (("explain", "vendor_falt"), "did you mean vendor_fault"),
    "no folder of YAML files": (("run", "--config-dir", "no"), "--config-dir: no is not a folder"),
}


@pytest.mark.parametrize("command, words", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_one_line_before_anything_is_built(refused, command, words):
    said = refused(*command)
    assert len(said) == 1 and re.search(words, said[0]), said


def test_all_faults_of_a_configuration_come_together(refused):
    said = refused(
        "run",
        "drawz=3",
        "foo",
        "draws=0",
        "access.min_elevation_deg=95",
        "sites.sites.Paris=[95, 0, 0]",
        "threats.vendor_fault.groups=[Boeing]",
        "threats.vendor_fault.probability=1.5",
        "metrics=[continuity]",
    )
    begins = [line.partition(":")[0] for line in said]
    assert begins[:2] == ["foo", "drawz=3"]
    assert {"draws", "access.min_elevation_deg", "sites.sites.Paris", "metrics.continuity"} <= {
        *begins
    }
    assert "threats.vendor_fault.probability" in begins


def test_faults_that_only_the_scene_shows_leave_no_folder(refused):
    said = refused(
        *FROM_FILE, "constellation.path=good.tle", "times.start=2030-01-01T00:00:00Z", early=False
    )
    assert len(said) == 1 and "no satellite carries traffic" in said[0]
    assert "1 old elements" in said[0] and "times.start" in said[0]


def test_a_disk_that_is_too_small_is_refused_before_it_is_written_to(refused, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    (said,) = refused("run", *SMALL, *QUICK, "draws=32", early=False)
    assert "GB are free there; set store.paths=none" in said


def test_a_place_that_cannot_be_written_is_one_line(refused):
    (said,) = refused("run", *SMALL, *QUICK, "hydra.run.dir=good.tle/x")
    assert "good.tle" in said and "hydra.run.dir=FOLDER" in said


def test_one_bad_job_of_a_sweep_is_told_and_the_others_finish(here, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["run", "-m", *SMALL, *QUICK, "draws=0,5", "hydra.sweep.dir=sweep"])
    assert stop.value.code == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and said[0].startswith("error: job 0 (")
    assert "draws: 0 given" in said[0]
    assert not (here / "sweep" / "0" / "result.zarr").exists()
    assert "draws: 0 given" in (here / "sweep" / "0" / "failed.json").read_text()
    result = sdn_mc.open_result(here / "sweep" / "1")
    assert result.attrs["n_draw"] == 5
    assert "paths" not in result.children, "a sweep keeps no latency series unless asked"


def test_a_sweep_with_a_key_that_does_not_exist_starts_no_job(refused):
    (said,) = refused("run", "-m", "draws=32,64", "drawz=1,2", "hydra.sweep.dir=sweep")
    assert "there is no such key" in said and "did you mean draws?" in said


def test_paths_are_relative_to_where_the_command_started(here, monkeypatch):
    (here / "lost.csv").write_text("kind,a,b\nsatellite,3,\n", encoding="utf-8")
    overrides = [*SMALL, "threats=[explicit_loss]", "threats.explicit_loss.path=lost.csv"]
    assert config.job_of(overrides).parts["threats"]["explicit_loss"].path.satellite.tolist() == [3]


def test_a_group_to_download_is_a_name_and_no_path(refused):
    (said,) = refused("run", "constellation=celestrak", "constellation.group=../x", *BARE)
    assert "constellation.group: CelesTrak group '../x': allowed are small letters" in said


def test_an_element_file_may_have_any_name(here):
    name = "odd 'name', [x]=$HOME.tle"
    (here / name).write_text(ELEMENTS, encoding="utf-8")
    quoted = name.replace("'", "\\'")
    job = config.job_of(["constellation=element_sets", f"constellation.path='{quoted}'", *BARE])
    assert job.parts["constellation"].path.catalogue.number == (5,)


def test_the_configuration_is_printed_and_nothing_runs(here, capsys):
    cli.main(["run", "-c", "job", "draws=7"])
    printed = capsys.readouterr().out
    assert "draws: 7\n" in printed and "hydra" not in printed
    assert not (here / "outputs").exists()


@pytest.mark.parametrize(
    "name",
    ["run", "summary", "resume", "compare", "report", "collect", "list", "explain", "trace"],
)
def test_every_command_has_help(name, capsys):
    cli.main([name, "--help"])
    assert capsys.readouterr().out.startswith(f"sdn-mc {name}")


def test_help_names_every_command(capsys):
    cli.main([])
    printed = capsys.readouterr().out
    assert all(f"sdn-mc {name}" in printed for name in cli.COMMANDS)
    assert max(map(len, printed.splitlines())) <= 100


# ---- a folder of one's own


def from_readme(first_line: str) -> str:
    """The example of the README whose first line names this file."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"```\w*\n([^\n]*{re.escape(first_line)}.*?)```", text, re.DOTALL)
    assert found, first_line
    return found.group(1)


@pytest.fixture
def mine(here, monkeypatch):
    """The README's own constellation, threat and its code."""
    for name in ("constellation/polar.yaml", "threats/launch_loss.yaml"):
        file = here / "mine" / name
        file.parent.mkdir(parents=True)
        file.write_text(from_readme(f"mine/{name}"), encoding="utf-8")
    package = here / "mypkg"
    package.mkdir()
    (package / "__init__.py").touch()
    # The README's fleet has no launches; its planes stand in.
    code = from_readme("mypkg/threats.py").replace("launch", "plane")
    (package / "threats.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "mine"
    for name in [name for name in sys.modules if name.partition(".")[0] == "mypkg"]:
        del sys.modules[name]


def test_the_constellation_of_the_readme_can_be_chosen(mine):
    job = config.job_of(["constellation=polar", "columns=null", "threats=none"], [mine])
    fleet = job.parts["constellation"].build(None)
    assert fleet.n_sat == 126
    assert fleet.group_names["prime"] == ("York", "Lockheed", "Northrop")


OWN = ("constellation=polar", "columns=null", "threats=[launch_loss]", "metrics=[availability]")


def test_code_of_ones_own_runs_where_it_is_named(mine, here, capsys):
    words = [*OWN, "times.count=4", "times.n_epoch=1", "draws=4", "solver=xla_int32"]
    cli.main(["run", "--config-dir", mine, *words, "plugins=[mypkg]", "hydra.run.dir=own"])
    drawn = sdn_mc.open_result(here / "own")["draws"]
    assert any("hit" in str(name) for name in drawn.variables)
    capsys.readouterr()
    with pytest.raises(SystemExit):  # what a result says of itself is not trusted
        cli.main(["resume", "own", "draws=8"])
    assert "plugins=[mypkg] to your own command line" in capsys.readouterr().err
    cli.main(["resume", "own", "draws=8", "plugins=[mypkg]"])
    assert sdn_mc.open_result(here / "own").attrs["n_draw"] == 8


def test_code_of_ones_own_is_refused_where_it_is_not_named(mine, refused):
    (said,) = refused("run", "--config-dir", mine, *OWN)
    assert "'mypkg.threats.LaunchLoss' is outside sdn_mc" in said and "plugins=[mypkg]" in said
    assert "mypkg" not in sys.modules


def test_a_file_that_would_never_be_used_is_refused(mine, refused, here):
    shutil.copy(REPOSITORY / "configs" / "sites" / "file.yaml", here / mine / "constellation")
    (here / mine / "sites").mkdir()
    (here / mine / "sites" / "file.yaml").write_text("a: 1\n", encoding="utf-8")
    (said,) = refused("run", "--config-dir", mine)
    assert "mine/sites/file.yaml would never be used" in said and "rename yours" in said


def test_a_file_that_is_not_yaml_is_one_line(mine, refused, here):
    (here / mine / "constellation" / "bad.yaml").write_text("a: [\n", encoding="utf-8")
    (said,) = refused("run", "--config-dir", mine, "constellation=bad")
    assert "bad.yaml, line 2: this is not YAML" in said


# ---- processes of their own


def python(*words: str, cwd: Path) -> subprocess.CompletedProcess:
    """A Python with this package and nothing of this process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HYDRA")}
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=environment | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_process_ends_with_status_2_and_says_so_on_stderr(tmp_path):
    ended = python("-m", "sdn_mc", "run", "draws=0", "seed=-1", cwd=tmp_path)
    assert ended.returncode == 2 and ended.stdout == ""
    assert [line.partition(" given")[0] for line in ended.stderr.splitlines()] == [
        "error: draws: 0",
        "error: seed: -1",
    ]
    assert not any(tmp_path.iterdir())


def test_a_terminal_of_few_characters_gets_the_others(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ended = python("-m", "sdn_mc", "--help", cwd=tmp_path)
    assert ended.returncode == 0 and "sdn-mc run [key=value ?]" in ended.stdout


@pytest.mark.parametrize(
    "code", ["import sdn_mc", "import sdn_mc.cli; sdn_mc.cli.main(['--help'])"]
)
def test_importing_and_help_load_no_large_library(code, tmp_path):
    heavy = "{'jax', 'numpy', 'scipy', 'numba', 'xarray', 'zarr', 'hydra', 'equinox'}"
    ended = python(
        "-c", f"{code}; import sys; print(sorted({heavy} & set(sys.modules)))", cwd=tmp_path
    )
    assert ended.returncode == 0 and ended.stdout.splitlines()[-1] == "[]", ended.stderr


def test_threats_of_ones_own_choice_act_in_one_column_under_a_title_that_says_so():
    job = config.job_of(["threats=[satellite_failure]", "draws=8"])
    assert job.columns == {"attacked": ("satellite_failure",)}
    assert job.title == "threats=[satellite_failure]"
    assert config.job_of(["draws=8"]).title == config.job_of(["experiment=vendor_fault"]).title
    assert "failures" in config.job_of(["experiment=vendor_fault"]).columns
    own = ("~columns", "+columns={a: [satellite_failure]}")
    assert list(config.job_of(["threats=[satellite_failure]", *own]).columns) == ["a"]


def test_a_package_that_is_not_there_is_told(refused):
    (said,) = refused("run", "plugins=[no_such_package]", *BARE)
    assert "there is no package 'no_such_package'" in said
