"""Jamming: patterns at published values, J/S by hand, who is reached, and order by severity."""

import dataclasses
import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.engine import Column
from sdn_mc.threats.antennas import s465_gain_dbi, s1528_far_from_rad, s1528_gain_dbi
from sdn_mc.threats.emitters import Emitters
from sdn_mc.threats.jamming import AccessPaths, JammingDownlink, JammingUplink, _angle_rad
from tests.small_run import one_threat

SITTING = Emitters(None, 50.2, 1.1, 200.0, 10.0, 1, 0.0, 0.0)
UP = JammingUplink(0.0, 0.0, 35.0, 0.8, SITTING, None, 0.0, None)
DOWN = JammingDownlink(0.0, 0.0, 33.7, 20.0, 10.0, SITTING, None, 0.0, None)


def gain_465(degrees, peak=60.0, wavelengths=200.0):
    return np.asarray(s465_gain_dbi(jnp.radians(jnp.asarray(degrees)), peak, wavelengths))


def gain_1528(degrees, peak=35.0, half_deg=0.8):
    return np.asarray(s1528_gain_dbi(jnp.radians(jnp.asarray(degrees)), peak, np.radians(half_deg)))


def test_the_earth_station_has_the_published_side_lobes():
    # ITU-R S.465-6; float32 logarithms are good to 1e-5 dB.
    found = gain_465([0.5, 1.01, 5.0, 10.0, 47.9, 48.1, 170.0])
    first = 32 - 25 * np.log10(1.01)
    last = 32 - 25 * np.log10(47.9)
    assert np.allclose(found, [60.0, first, 14.526, 7.0, last, -10.0, -10.0], atol=1e-3)
    small = gain_465([4.3, 4.4], peak=33.7, wavelengths=20.0)  # 114 * 20^-1.09 = 4.353 degrees
    assert np.allclose(small, [33.7, 32 - 25 * np.log10(4.4)], atol=1e-3)


def test_the_satellite_beam_has_the_published_values():
    # ITU-R S.1528 for low orbits: Z = 10.21 deg and 12.76 dBi at 5 deg (35 dBi, 0.8 deg).
    assert np.degrees(s1528_far_from_rad(35.0, np.radians(0.8))) == pytest.approx(10.21, abs=0.005)
    found = gain_1528([0.0, 0.8, 1.2, 5.0, 10.3, 60.0])
    assert np.allclose(found, [35.0, 32.0, 28.25, 12.76, 5.0, 5.0], atol=5e-3)
    near = gain_1528([1.1999, 1.2001, 10.20, 10.22])
    assert abs(near[0] - near[1]) < 0.01 and abs(near[2] - near[3]) < 0.05  # no steps


def test_patterns_never_rise_off_the_axis():
    degrees = np.linspace(0, 180, 4001)
    # Beyond 48 degrees S.465 says -10 dBi, 0.03 dB above where its line ends.
    assert np.all(np.diff(gain_465(degrees)) <= 0.04)
    assert np.all(np.diff(gain_1528(degrees)) <= 1e-5)


def test_angles_are_those_of_arccos():
    cosine = np.cos(np.linspace(0, np.pi, 2001)).astype(np.float32)
    exact = np.arccos(cosine.astype(np.float64))
    assert np.max(np.abs(np.asarray(_angle_rad(jnp.asarray(cosine))) - exact)) < 1e-6


def paths(sat_km, site_km):
    line = np.array(sat_km) - np.array(site_km)
    length = np.linalg.norm(line)

    def column(vector):
        return jnp.asarray(np.array(vector, np.float32).reshape(1, 3, 1))

    loss_db = jnp.full((1, 1), 20 * np.log10(length), jnp.float32)
    place, time_s = jnp.zeros((1, 1), jnp.int32), jnp.zeros(1, jnp.float32)
    return AccessPaths(
        place, column(sat_km), column(site_km), column(line / length), loss_db, time_s
    )


def relative_db(jammer, emitter_km, altitude_km, sat_km, site_km):
    emitter = jnp.asarray(np.array([emitter_km], np.float32))
    altitude = jnp.full(1, altitude_km, jnp.float32)
    return float(jammer.relative_db(paths(sat_km, site_km), 0, emitter, altitude)[0, 0])


def test_uplink_j_over_s_is_that_of_a_calculation_by_hand():
    # The satellite 1000 km above the user; the emitter beside the user, seen 5 degrees away.
    site, sat = [6371.0, 0.0, 0.0], [7371.0, 0.0, 0.0]
    emitter = [6371.0, 1000 * np.tan(np.radians(5)), 0.0]
    # 20 log10(d_S / d_J) = 20 log10(cos 5 deg) = -0.033; 12.76 - 35 = -22.24.
    by_hand = 20 * np.log10(np.cos(np.radians(5))) + 12.755 - 35.0
    assert relative_db(UP, emitter, 0.0, sat, site) == pytest.approx(by_hand, abs=0.01)
    # On the axis at equal distance there is only the severity.
    assert relative_db(UP, site, 0.0, sat, site) == pytest.approx(0.0, abs=1e-3)
    # Over the horizon of arccos(6371 / 7371) = 30.2 degrees nothing arrives, unless from above.
    far = 6371 * np.array([np.cos(np.radians(31)), np.sin(np.radians(31)), 0.0])
    assert relative_db(UP, far, 0.0, sat, site) == -np.inf
    high = far * (6371 + 10) / 6371  # 10 km up, the horizon dips by 3.2 degrees
    assert relative_db(UP, high, 10.0, sat, site) > -60


def test_downlink_j_over_s_is_that_of_a_calculation_by_hand():
    # Satellite 60 degrees high at 1000 km; emitter 100 km away towards it, at its height of 5 km.
    site = np.array([6371.0, 0.0, 0.0])
    sat = site + 1000 * np.array([np.sin(np.radians(60)), np.cos(np.radians(60)), 0.0])
    emitter = site + np.array([0.0, 100.0, 0.0])
    # 20 log10(1000 / 100) = 20; at 60 degrees off the axis -10 dBi under a peak of 33.7.
    found = relative_db(DOWN, emitter, 5.0, sat, site)
    assert found == pytest.approx(20.0 - 10.0 - 33.7, abs=0.01)
    # 5 km and 10 m see each other over 4.12 (sqrt(5000) + sqrt(10)) = 304 km.
    near, far = site + np.array([0.0, 303.0, 0.0]), site + np.array([0.0, 306.0, 0.0])
    assert np.isfinite(relative_db(DOWN, near, 5.0, sat, site))
    assert relative_db(DOWN, far, 5.0, sat, site) == -np.inf


def test_places_are_uniform_over_the_disc():
    emitters = dataclasses.replace(SITTING, radius_km=3000.0, count=4096, latitude_deg=70.0)
    random = np.random.default_rng(5)
    macros = {
        "bearing_deg": jnp.asarray(random.random(4096) * 360, jnp.float32),
        "area_share": jnp.asarray(random.random(4096), jnp.float32),
    }
    start = np.asarray(emitters.tracks(macros).start_km, np.float64)
    latitude = np.radians(69.85)  # geocentric, of 70 degrees geodetic
    centre = np.array([np.cos(latitude) * np.cos(np.radians(1.1)),
                       np.cos(latitude) * np.sin(np.radians(1.1)), np.sin(latitude)])  # fmt: skip
    away = np.arccos(start @ centre / np.linalg.norm(start, axis=1))
    rim = 3000 / 6371
    assert away.max() < rim + 0.006  # geodetic against geocentric latitude
    for share in (0.1, 0.5, 0.9):  # of the cap's area, which goes with sin^2 of half the angle
        inside = np.mean(np.sin(away / 2) ** 2 < share * np.sin(rim / 2) ** 2)
        # 4 sigma of a binomial share, and 0.006 rad of the rim in area.
        assert abs(inside - share) < 4 * np.sqrt(share * (1 - share) / 4096) + 0.02


def test_a_mover_keeps_to_a_great_circle_at_its_speed():
    moving = dataclasses.replace(
        SITTING, places=((0.0, 10.0, 0.0), (60.0, -20.0, 1000.0)), speed_km_h=900.0, course_deg=90.0
    )
    tracks = moving.tracks({})
    start, later = (np.asarray(moving.position_km(tracks, jnp.float32(t))) for t in (0.0, 7200.0))
    radius = np.linalg.norm(start, axis=1)
    angle = np.arccos(np.sum(start * later, axis=1) / radius**2)
    assert np.allclose(angle * radius, 1800.0, rtol=1e-3)
    longitude = np.degrees(np.arctan2(later[:, 1], later[:, 0]))
    assert longitude[0] == pytest.approx(10 + np.degrees(1800 / 6378.137), abs=0.01)
    assert later[1, 2] < start[1, 2]  # eastward along a great circle leads to the equator


def lost(name, settings, n_draw=64):
    """Lost candidates [time, site, candidate, draw], and the run."""
    run = one_threat(name, settings)
    _, outages = engine.sample_draws(run, 0, np.arange(n_draw, dtype=np.uint32))
    scene = run.scenes[0]
    (masks,) = engine.masks_at(run, 0, outages, (Column("all", (name,)),), scene.time_s, n_draw)
    assert np.all(~np.asarray(masks.link_up) == 0)  # lasers are never touched
    return ~unpack_draws(np.moveaxis(np.asarray(masks.access_up), 1, -1)), scene


@pytest.mark.parametrize("name", ["jamming_uplink", "jamming_downlink"])
def test_more_severity_loses_more_in_every_draw(name):
    settings = {"emitters.radius_km": 1500.0, "emitters.count": 3}
    each = [lost(name, settings | {"js_db": js_db})[0] for js_db in (-20, 0, 20, 40)]
    assert each[0].sum() < each[-1].sum()
    assert all(np.all(low <= high) for low, high in itertools.pairwise(each))


def test_worst_uplink_jamming_takes_every_satellite_that_an_emitter_sees():
    settings = {"js_db": 150, "margin_db": -150, "emitters.places": [[50, 0, 10]]}
    down, scene = lost("jamming_uplink", settings, 32)
    fixed = np.einsum("tij,tsj->tsi", scene.geometry.axes, scene.geometry.sat_km)
    up = np.array([np.cos(np.radians(50)), 0.0, np.sin(np.radians(50))])
    # Within half a degree of the horizon, geodetic and geocentric verticals may differ.
    cosine = fixed @ up / np.linalg.norm(fixed, axis=-1)
    horizon = 6371 / np.linalg.norm(fixed, axis=-1)
    is_seen, is_hidden = cosine > horizon + 0.01, cosine < horizon - 0.01
    there, sat = np.isfinite(scene.access.delay_s), scene.access.sat
    time = np.arange(len(sat))[:, None, None]
    assert (is_seen[time, sat] & there).any() and (is_hidden[time, sat] & there).any()
    assert np.all(down[is_seen[time, sat] & there])
    assert not np.any(down[is_hidden[time, sat] | ~there])


def test_worst_downlink_jamming_takes_all_of_the_users_in_reach_and_no_others():
    settings = {"js_db": 150, "margin_db": -150, "emitters.places": [[50, 0, 10000]]}
    down, scene = lost("jamming_downlink", settings, 32)
    there = np.isfinite(scene.access.delay_s)
    # 10 km and 10 m see each other over 425 km: London, Paris; Berlin is 1000 km away.
    names = {scene.sites.name[k] for k in np.flatnonzero(down.any(axis=(0, 2, 3)))}
    assert names == {"London", "Paris"}
    reached = [scene.sites.name.index(name) for name in sorted(names)]
    assert np.array_equal(down[:, reached].all(axis=-1), there[:, reached])


def test_only_named_users_are_jammed_and_only_while_it_lasts():
    settings = {"js_db": 150, "margin_db": -150, "onset_s": 20_000, "duration_h": 8}
    settings["sites"] = "[Lon*]"
    down, scene = lost("jamming_downlink", settings | {"emitters.places": [[50, 0, 10000]]}, 32)
    since_s = scene.time_s - 20_000
    acts = (since_s >= 0) & (since_s < 8 * 3600)
    assert acts.any() and not acts.all()
    there = np.isfinite(scene.access.delay_s).copy()
    there[:, np.arange(there.shape[1]) != scene.sites.name.index("London")] = False
    assert np.array_equal(down.all(axis=-1), there & acts[:, None, None])


def test_drawn_and_listed_emitters_at_one_place_do_the_same():
    for name in ("jamming_uplink", "jamming_downlink"):
        strong = {"js_db": 45, "margin_db": 0}
        disc = {"emitters.radius_km": 0, "emitters.altitude_m": 5000}
        drawn, _ = lost(name, strong | disc, 32)
        listed, _ = lost(name, strong | {"emitters.places": [[50.2, 1.1, 5000]]}, 32)
        # float32 places differ in the last digit, which may tip one candidate in 10,000.
        assert np.mean(drawn != listed) < 1e-4 and drawn.any()
