"""Stored results as enemies: whoever made one, nothing named in it is run, and little is read."""

import copy
import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sdn_mc import config, runner, store
from sdn_mc.core.problems import InputError
from sdn_mc.runner import study
from sdn_mc.store import Variable, create
from tests.fuzz.harness import FAST, SLOW, clear, hold, watched
from tests.fuzz.mutations import changed
from tests.small_run import SIX_INSTANTS, SMALL

QUIET = Console(quiet=True)
VALUES = (None, True, -1, 0, 2**70, 0.5, "", "x", "[]", "{}", "{", "null", [], {}, [1], {"a": 1})
EVIL = """
import equinox as eqx
open("PWNED", "w").close()

class Earth(eqx.Module):
    def site_km(self, sites, fleet, start, time_s): ...
"""


@pytest.fixture(scope="module")
def resolved() -> dict[str, Any]:
    return json.loads(json.dumps(config.job_of([*SMALL, *SIX_INSTANTS]).resolved))


@pytest.fixture
def stored(tmp_path, resolved) -> Path:
    """A result with nothing in it yet but what it says of itself."""
    attributes = {
        "title": "A test", "citation": "None", "licence": "CC0-1.0", "seed": 1,
        "config": json.dumps(resolved), "assumptions": "[]", "device": "cpu",
        "versions": '{"sdn_mc": "0.1.0"}', "stop_reason": store.NOT_ENDED,
        "config_hash": "abc", "start_directory": str(tmp_path), "inputs": "{}",
    }  # fmt: skip
    words = {"long_name": "x", "meaning": "What x means."}
    by_draw = Variable("/draws", "x", ("draw",), "float32", "1", **words)
    return create(tmp_path / "run", [by_draw], {"draw": 64}, {}, attributes).folder


def with_attributes(run: Path, **changes: Any) -> None:
    file = run / "result.zarr" / "zarr.json"
    root = json.loads(file.read_text())
    root["attributes"] |= changes
    file.write_text(json.dumps(root))


# ---- the attributes


@pytest.mark.parametrize("n_case", [FAST, pytest.param(SLOW, marks=pytest.mark.slow)])
def test_a_damaged_root_is_told_or_has_what_a_reader_needs(n_case, stored):
    file = stored / "result.zarr" / "zarr.json"
    whole = json.loads(file.read_text())

    def make(rng: random.Random) -> str:
        root = copy.deepcopy(whole)
        for _ in range(rng.choice((0, 1, 1, 2))):
            node = rng.choice((root["attributes"], root["attributes"], root))
            name = rng.choice(list(node))
            if rng.random() < 0.2:
                del node[name]
            else:
                node[name] = rng.choice(VALUES)
            if not isinstance(root.get("attributes"), dict) or not root["attributes"]:
                break
        text = json.dumps(root)
        text = changed(text, rng) if rng.random() < 0.5 else text
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        return text

    def read(text: str) -> tuple[dict[str, Any], int, int]:
        found = store.open_store(stored)
        return found.attributes(), found.n_draw, found.n_committed()

    def right(text: str, found: Any) -> None:
        attributes, n_draw, n_committed = found
        assert attributes["schema_version"] == store.SCHEMA_VERSION
        assert n_draw == attributes["n_draw"] >= 1 and n_committed == 0
        assert isinstance(json.loads(attributes.get("config", "{}")), dict)

    hold(n_case, make, read, right, {str(file)}, str(stored))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"x"', "9" * 5000, "[" * 100_000, "\0", '{"attributes": 5}']
)
def test_a_root_that_is_no_root_is_told(text, stored):
    (stored / "result.zarr" / "zarr.json").write_text(text)
    for use in (store.open_store, store.open_result, lambda p: runner.resume(p, QUIET)):
        with pytest.raises(InputError) as caught:
            use(stored)
        clear(caught.value, str(stored))


# ---- the configuration


HOSTILE = [
    {"earth": {"_target_": "os.system", "command": "touch PWNED"}},
    {"earth": {"_target_": "evil.Earth"}, "plugins": ["evil"]},
    {"earth": {"_target_": "evil.Earth"}, "plugins": ["evil"], "aliases": ["${oc.env:HOME}"]},
    {"threats": {"x": {"_target_": "builtins.exec", "source": "open('PWNED', 'w')"}}},
    {"hydra": {"callbacks": {"x": {"_target_": "evil.Earth"}}}},
    {"title": ["${oc.env:HOME}"]},
    {"sites": {"_target_": "sdn_mc.access.sites.SiteFile", "path": "/dev/zero"}},
    {"sites": {"_target_": "sdn_mc.access.sites.SiteFile", "path": "pipe"}},
    {"run": {"threads": "evil"}, "earth": "evil.Earth"},
]


@pytest.mark.parametrize("change", HOSTILE, ids=[str(sorted(each)) for each in HOSTILE])
@pytest.mark.parametrize("how", ["load", "resume", "trace"])
def test_a_hostile_configuration_runs_nothing(change, how, stored, resolved, monkeypatch):
    import os

    from sdn_mc.runner.trace import print_trace

    monkeypatch.chdir(stored.parent)
    (stored.parent / "evil.py").write_text(EVIL)
    os.mkfifo(stored.parent / "pipe")
    monkeypatch.syspath_prepend(str(stored.parent))
    with_attributes(stored, config=json.dumps(resolved | change))
    uses = {
        "load": lambda: config.load(resolved | change, str(stored.parent), ()),
        "resume": lambda: runner.resume(stored, QUIET),
        "trace": lambda: print_trace(stored, 0, 0, 0, None, QUIET),
    }
    allowed = {str(file) for file in stored.rglob("*")} | {str(stored)}
    with pytest.raises(InputError) as caught:
        if how == "load":
            with watched(allowed, limit_s=30):
                uses[how]()
        else:
            uses[how]()
    clear(caught.value, most=50)
    assert "evil" not in sys.modules
    assert not (stored.parent / "PWNED").exists()


def test_a_title_is_not_looked_up_in_the_environment(resolved):
    job = config.load(resolved | {"title": "${oc.env:HOME}"}, None, ())
    assert job.title == "${oc.env:HOME}"


# ---- notes of studies, and links


@pytest.mark.parametrize(
    "overrides",
    [
        ["plugins=[evil]", "earth._target_=evil.Earth"],
        ["++plugins=[evil]", "earth._target_=evil.Earth"],
        ["hydra.searchpath=[pkg://evil]"],
        ["+hydra.callbacks.x._target_=evil.Earth"],
        5,
        [5],
    ],
)
def test_a_hostile_note_of_a_study_runs_nothing(overrides, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.py").write_text(EVIL)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "study.json").write_text(json.dumps({"overrides": overrides, "config_dirs": []}))
    with pytest.raises(InputError) as caught:
        study.go_on(tmp_path, QUIET, None, ())
    clear(caught.value)
    assert "evil" not in sys.modules
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize("name", ["done", "result.zarr/draws", "result.zarr/x"])
def test_links_that_lead_out_of_a_result_are_not_followed(name, stored, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "2024.json").write_text("mine")
    link = stored / name
    if link.exists():
        link.rename(tmp_path / "moved")
    link.symlink_to(outside)
    with pytest.raises(InputError, match=r"leads out of the result|arrays are gone"):
        runner.resume(stored, QUIET)
    assert (outside / "2024.json").read_text() == "mine"
    assert [file.name for file in outside.iterdir()] == ["2024.json"]
