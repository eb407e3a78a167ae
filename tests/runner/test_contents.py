"""A result explains itself in plain xarray: units and meaning everywhere, and a root that says."""

import numpy as np
import xarray as xr

import sdn_mc
from sdn_mc.runner import contents
from tests.small_run import SMALL
from tests.users_run import fixed, users_run

TOLD = ("title", "citation", "licence", "versions", "seed", "config", "device", "stop_reason")
METRICS = "metrics=[availability,latency,deadline,stretch,hops,degradation,k_of_n,cvar,custody]"


def test_every_variable_has_units_a_long_name_and_a_meaning(tmp_path):
    words = ["threats=[satellite_failure,vendor_fault]", "draws=40", "times.count=6", METRICS]
    prime = "+constellation.labels.prime={_target_: sdn_mc.constellation.labels.AllSame, value: A}"
    sdn_mc.simulate([*SMALL, *words, prime], str(tmp_path))
    path = tmp_path / "result.zarr"
    tree = xr.open_datatree(path, engine="zarr", consolidated=False)
    assert set(tree.children) == {"scene", "draws", "paths", "metrics", "summary"}
    assert all(tree.attrs[name] not in ("", None) for name in TOLD)
    for name, group in tree.children.items():
        assert group.variables
        for key, variable in group.variables.items():
            for word in ("units", "long_name", "meaning"):
                assert variable.attrs.get(word), f"/{name}/{key} has no {word}"


def test_latencies_over_flows_are_their_median(tmp_path):
    """Of three flows one has no path: a mean would be infinite."""
    flows = "flows.flows=[[London,Paris],[New York,London],[London,McMurdo]]"
    low = "constellation.shells.notional_70.inclination_deg=53"
    words = [flows, low, "times.count=2", "times.n_epoch=1", "draws=3", "threats=none"]
    result = sdn_mc.simulate([*words, "columns=null", "metrics=[latency]"], str(tmp_path))
    by_flow = result["summary"]["latency_p50_s"].values[0]
    assert np.isfinite(by_flow).tolist() == [True, True, False, True]
    assert by_flow[-1] == np.median(by_flow[:-1]) > by_flow[:-1].min()
    assert str(result["summary"]["flow"].values[-1]) == "over flows"


def test_a_flow_finds_the_kind_and_latitude_of_its_source_by_name():
    users = {"ground": fixed(Oslo=[59.9, 10.8, 0]), "node": fixed("command", Rome=[41.9, 12.5, 0])}
    run = users_run(users, [["Oslo", "Rome"]], "threats=[]", "times.count=1")
    names = ("site", "kind", "latitude_deg", "source")
    site, kind, latitude_deg, source = contents.constants(
        run, [f"/scene/{name}" for name in names]
    ).values()
    (place,) = np.flatnonzero(site == source[0])
    assert kind[place] == "ground" and latitude_deg[place] == 59.9
