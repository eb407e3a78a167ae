"""The report in headless Chromium from disk: silent, alone, and what is drawn is the dataset."""

import importlib.util
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from sdn_mc import cli, config, runner, store
from sdn_mc.runner.showing import shown_of
from tests.runner_fleet import QUIET, run_here

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
ABSENT = [name for name in ("plotly", "playwright") if importlib.util.find_spec(name) is None]
ABSENT += [] if CHROMIUM else ["chromium"]
SOFTWARE_GL = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
MOST_BYTES, OPENS_IN_S = 15e6, 5.0
LONGEST_MS = 300_000  # of a machine that does much else
OF_LOW_ORBIT_KM = 0.2  # positions are whole steps of the largest coordinate / 32767

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(ABSENT), reason=f"absent: {', '.join(ABSENT)}"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = run_here(tmp_path_factory.mktemp("run"), "draws=300")
    cli.main(["report", str(folder)])
    return folder


@pytest.fixture(scope="module")
def browser():
    """Headless, without a graphics card."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=list(SOFTWARE_GL))
        yield chromium
        chromium.close()


def new_tab(browser):
    """A tab, with what it will say on the console and ask for."""
    said, asked = [], []
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    tab.set_default_timeout(LONGEST_MS)
    tab.on("console", lambda message: said.append((message.type, message.text)))
    tab.on("pageerror", lambda error: said.append(("error", str(error))))
    tab.on("request", lambda request: asked.append(request.url))
    return tab, said, asked


def open_in(tab, page: Path) -> float:
    """Seconds until everything on the page is drawn."""
    began = time.monotonic()
    tab.goto(page.as_uri(), wait_until="commit")
    tab.wait_for_function("window.sdn && window.sdn.ready", polling=50)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def opened(run, browser):
    """The page of the small run."""
    tab, said, asked = new_tab(browser)
    open_in(tab, run / "report.html")
    return tab, said, asked


def test_what_is_drawn_is_what_the_dataset_says(run, opened):
    tab = opened[0]
    shown, tree = shown_of(run), store.open_result(run)
    latency_s = tree["/paths"]["latency_s"].values
    healthy_s = tree["/scene"]["latency_healthy_s"].values
    states = set()
    for d, one in enumerate(shown.draws):
        epoch = shown.epochs[one.epoch]
        for frame in range(len(epoch.time)):
            for pair, flow in enumerate(shown.flow_index):
                tab.evaluate(f"sdn.set({{draw: {d}, time: {frame}, pair: {pair}}})")
                seen, time = tab.evaluate("sdn.shown()"), int(epoch.time[frame])
                assert (seen["column"], seen["draw"]) == (one.column, one.draw)
                assert (seen["time"], seen["flow"]) == (time, flow)
                stored_s = healthy_s[one.epoch, time, flow]
                if one.column != "healthy":
                    stored_s = latency_s[one.draw, time, flow]
                route = one.routes[frame][pair]
                if np.isinf(stored_s):
                    assert seen["words"].endswith("no path") and seen["route"] == []
                else:
                    n_link = len(route.sat) - 1
                    assert f": {1e3 * stored_s:.3f} ms over {n_link} laser" in seen["words"]
                    stops = [shown.site[route.source], *(shown.sat[k] for k in route.sat)]
                    assert seen["route"] == [*stops, shown.site[route.destination]]
                states.add(bool(np.isinf(stored_s)))
            lost = np.flatnonzero(one.sat_lost[frame])
            assert seen["lost"] == [f"{shown.sat[k]}: lost" for k in lost]
            up = np.flatnonzero(shown.carries_traffic & ~one.sat_lost[frame])
            assert seen["satellites"] == [shown.sat[k] for k in up]
            drawn_km = np.array([seen[axis] for axis in "xyz"]).T
            off_km = np.abs(drawn_km.reshape(-1, 3) - epoch.sat_km[frame][up])
            assert off_km.max(initial=0) < OF_LOW_ORBIT_KM
            assert seen["n_link"] == one.link_up[frame].sum()
            assert seen["n_gone"] == one.link_lost[frame].sum()
    assert states == {True, False}


def test_controls_move_the_state_and_play_goes_through_time(opened):
    tab = opened[0]
    tab.evaluate("sdn.set({draw: 1, time: 0, pair: 0})")
    tab.select_option("#globe-choose-pair", "1")
    tab.select_option("#globe-choose-draw", "2")
    assert tab.evaluate("[sdn.state.draw, sdn.state.pair, sdn.state.time]") == [2, 1, 0]
    tab.click("#globe-play")
    tab.wait_for_function("sdn.state.time >= 2")
    tab.click("#globe-play")
    at = tab.evaluate("sdn.state.time")
    assert int(tab.evaluate("document.getElementById('globe-slider').value")) == at


def test_figures_draw_the_numbers_of_their_data(run, opened):
    tab, tree = opened[0], store.open_result(run)
    drawn = json.loads(
        tab.evaluate(
            "JSON.stringify(document.querySelector('#figure-availability .plot')"
            ".calcdata.map(t => [t[0].trace.name, t.map(p => p.x)]))"
        )
    )
    known = tree["/summary"]["availability"]
    assert [name for name, _ in drawn] == list(known["column"].values)
    for k, (_, x) in enumerate(drawn):
        assert np.allclose(x, known.values[k])


def test_the_page_is_silent_and_asks_for_nothing_but_itself(run, opened):
    tab, said, asked = opened
    assert [words for kind, words in said if kind == "error"] == []
    assert tab.evaluate("sdn.errors") == []
    own = (run / "report.html").as_uri()
    assert [url for url in asked if not url.startswith((own, "data:", "blob:"))] == []


def test_a_report_of_ten_thousand_satellites_opens_in_five_seconds(shared_data, tmp_path, browser):
    folder, elements = tmp_path / "run", shared_data / "elements" / "starlink_2026-08-22.tle"
    words = ("experiment=starlink_today", f"constellation.path={elements}", "times.count=24")
    job = config.job_of([*words, "times.n_epoch=1", "draws=32"])
    cli.main(["report", str(runner.run(job, folder, QUIET).parent)])
    assert (folder / "report.html").stat().st_size < MOST_BYTES
    tab, said, asked = new_tab(browser)
    took_s = open_in(tab, folder / "report.html")
    seen = tab.evaluate("sdn.shown()")
    assert len(seen["satellites"]) + len(seen["lost"]) > 10_000
    assert [text for kind, text in said if kind == "error"] == []
    own = (folder / "report.html").as_uri(), "data:", "blob:"
    assert [url for url in asked if not url.startswith(own)] == []
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # by what else the machine does
    print(f"opened in {took_s:.2f} s at a load of {busy:.2f} a core")
    assert took_s < OPENS_IN_S * busy
