"""Experiments on the fleets as they fly: what a user runs with an element file of their own."""

import json

import numpy as np
import pytest

import sdn_mc
from sdn_mc.core.fleet import CARRIES_TRAFFIC

FILES = {
    "starlink_today": "starlink",
    "oneweb_today": "oneweb",
    "kuiper_today": "kuiper",
    "iridium_today": "iridium-next",
    "sda_today": "sda",
}


@pytest.mark.slow
@pytest.mark.parametrize("experiment", FILES)
def test_every_satellite_is_counted_and_no_path_is_faster_than_light(
    experiment, shared_data, tmp_path
):
    file = shared_data / "elements" / f"{FILES[experiment]}_2026-08-22.tle"
    words = [f"experiment={experiment}", f"constellation.path={file}", "draws=256"]
    result = sdn_mc.simulate(words, str(tmp_path / "run"))
    told, scene = json.loads(result.attrs["satellites"]), result["scene"]
    n_set = sum(line.startswith("1 ") for line in file.read_text().splitlines())
    assert told["read"] == n_set == told["in_mesh"] + sum(told["left_out"].values())
    out = ~np.isin(scene["status"].values, CARRIES_TRAFFIC)
    assert out.any() and np.all(scene["n_link"].values[out] == 0)
    bound_s = scene["bound_s"].values
    assert np.all(scene["latency_healthy_s"].values > bound_s)
    if "latency_s" in result["paths"]:
        assert np.all(result["paths"]["latency_s"].values > bound_s.astype(np.float32))
