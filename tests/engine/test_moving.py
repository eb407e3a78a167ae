"""Users aboard, moving and last miles in a whole run: against Dijkstra, by hand, and bounds."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from sdn_mc import engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.constants import LIGHT_KM_S
from sdn_mc.core.network import TICK_S, Routes
from sdn_mc.core.scene import Flows
from sdn_mc.engine.series import series_of
from tests.users_run import TERMINAL, aboard, fixed, group, target, users_run

CITIES = {"London": [51.5, -0.1, 0], "Delhi": [28.6, 77.2, 0]}
A, NEXT, B = "on shell p00 s01", "on shell p00 s02", "on shell p01 s04"
# Every satellite sees its neighbours, and the users see one at most times.
DENSE = ("times.count=4", "constellation.shells.shell.satellites=96",
         "constellation.shells.shell.planes=8")  # fmt: skip
ROUTE = [[45.0, 165.0, 5e4], [40.0, -150.0, 5e4]]


@pytest.fixture(scope="module")
def run():
    ship = group(
        "Moving", kind="ship", routes={"Ship": [[50, -20, 0], [40, -60, 0]]}, speed_m_s=10.0,
        phase=0.0, terminal=TERMINAL,
    )  # fmt: skip
    users = {
        "city": fixed("command", **CITIES),
        "on": aboard(),
        "ship": ship,
        "fast": target(*ROUTE),
    }
    flows = [[A, B], [A, NEXT], [A, "London"], ["T", ["London", "Delhi"]], ["Ship", "London"]]
    threats = "threats=[cloud,region_loss,ground_outage,sun_conjunction,jamming_uplink]"
    places = "threats.jamming_uplink.emitters.places=[[51.5,0.5,10.0]]"
    return users_run(
        users, flows, threats, "threats.sun_conjunction.downlinks=true", places, *DENSE
    )


def test_a_message_between_satellites_takes_the_time_of_the_mesh_alone(run):
    links = run.scenes[0].links
    there = np.isfinite(links.delay_s)
    n_sat = run.fleet.n_sat
    for time, up in enumerate(there):
        sat, port = np.nonzero(up)
        weights = links.delay_s[time, sat, port], (sat, links.neighbour[sat, port])
        least_s = dijkstra(coo_array(weights, (n_sat, n_sat)), indices=1)
        found = run.healthy[0].latency_s[0, time, :2]
        assert np.isfinite(least_s[[16, 2]]).all()
        # Half a tick a link of at most 20, and float32.
        assert np.allclose(found, least_s[[16, 2]], rtol=1e-6, atol=20 * TICK_S)


def test_what_happens_on_earth_leaves_users_aboard_and_targets_alone(run):
    scene, tables = run.scenes[0], run.tables[0]
    on_earth = scene.sites.on_earth
    there = np.isfinite(scene.access.delay_s)
    least_rad = tables["sun_conjunction"].candidate_rad
    strikes = {
        "cloud": np.isfinite(tables["cloud"].threshold[:, 0]),
        "region_loss": tables["region_loss"]["on_earth"],
        "ground_outage": tables["ground_outage"],
        "sun_conjunction": (there & (least_rad < 3.5)).any(axis=(0, 2)),
        "jamming_uplink": np.isfinite(tables["jamming_uplink"].fixed_db).any(axis=(0, 2)),
    }
    for name, struck in strikes.items():
        assert np.array_equal(struck[~on_earth], np.zeros(97, bool)), name
        assert struck[on_earth].any(), name


def test_a_lost_satellite_takes_the_user_aboard_with_it():
    users = {"city": fixed(**CITIES), "on": aboard(satellites={"software": "blue"}, index=1)}
    run = users_run(users, [[A, "London"]], "threats=[software_fault]", "times.count=2")
    scene = run.scenes[0]
    draws = jnp.arange(64, dtype=jnp.uint32)
    _, outages = engine.sample_draws(run, 0, draws)
    (masks,) = engine.masks_at(run, 0, outages, run.columns, scene.time_s, 64)
    up = unpack_draws(np.moveaxis(masks.access_up, 1, -1))
    london = unpack_draws(np.moveaxis(masks.link_up, 1, -1))[:, 1].any(axis=1)  # its own lasers
    assert np.array_equal(up[:, 2, 0], london) and not up[:, 2, 0].all() and up[:, 2, 0].any()


def test_no_instant_has_less_latency_than_the_bound_of_a_moving_end(run):
    latency_s = run.healthy[0].latency_s[0]
    bound_s = run.flows.bound_s
    assert np.all(latency_s >= bound_s * (1 - 1e-6)) and np.all(bound_s > 0)
    assert np.isfinite(latency_s).any(axis=0).all()
    site_km = run.scenes[0].geometry.site_km
    ends = [run.sites.name.index(name) for name in (A, B)]
    straight_s = np.linalg.norm(site_km[:, ends[0]] - site_km[:, ends[1]], axis=-1) / LIGHT_KM_S
    assert bound_s[0] >= straight_s.min() * (1 - 1e-9)
    own = run.scenes[0].sites.name.index(A)
    km = np.linalg.norm(site_km[0, own])
    assert np.isclose(km, 6371 + run.sites.altitude_m[own] / 1000)


def test_the_last_mile_is_charged_once_at_each_end_and_before_the_best_pair_is_chosen():
    latency_s = np.array([[0.1, 0.2, np.inf, 0.3]], np.float32)[..., None]  # time, pair, draw
    index = np.zeros(4, np.int32)
    flows = Flows(
        index, index, np.array([0, 0, 0, 1], np.int32), np.zeros(2), ("a", "b"), ("", ""), ("", ""),
        last_mile_s=np.array([12.0, 1.5, 0.0, 0.25]),
    )  # fmt: skip
    hops = np.array([[3, 4, -1, 5]], np.int16)[..., None]
    for kind in (np.asarray, jnp.asarray):
        found = series_of(Routes(kind(latency_s), kind(hops)), flows, 1)
        assert np.array_equal(found.latency_s[0, 0], np.float32([1.7, 0.55]))
        assert found.hops[0, 0].tolist() == [4, 5]


def test_a_frame_of_link_16_is_added_to_the_light_time():
    paris = {"Paris": [48.9, 2.4, 0]}
    mile = fixed("ground", **paris, terminal={"last_mile_s": 12.0})
    plain = {"city": fixed(London=CITIES["London"], **paris)}
    late = {"city": fixed(London=CITIES["London"]), "slow": mile}
    without, charged = (
        users_run(users, [["London", "Paris"]], "threats=[]").healthy[0].latency_s
        for users in (plain, late)
    )
    assert np.isfinite(without).any()
    assert np.allclose(charged, without + 12.0, rtol=1e-7)
