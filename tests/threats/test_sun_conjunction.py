"""Sun conjunction: the sun's place, the share of directions, links placed by hand."""

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.calendar import JulianDate
from sdn_mc.engine import Column
from sdn_mc.threats.sun import sun_direction, sun_earth_fixed, sun_ecliptic_deg
from sdn_mc.threats.sun_conjunction import link_sun_rad
from tests.small_run import one_threat


def test_equinoxes_and_solstices_are_at_their_published_times():
    # US Naval Observatory, Earth's seasons, to the minute; the sun moves 0.0007 deg a minute, the
    # formula is good to 0.01 deg, and nutation (apparent against mean equinox) is up to 0.005.
    for moment, longitude_deg in (
        ("2025-03-20T09:01:00Z", 0.0), ("2025-06-21T02:42:00Z", 90.0),
        ("2025-09-22T18:19:00Z", 180.0), ("2025-12-21T15:03:00Z", 270.0),
    ):  # fmt: skip
        found, obliquity_deg = sun_ecliptic_deg(JulianDate.parse(moment), np.zeros(1))
        assert abs((found[0] - longitude_deg + 180) % 360 - 180) < 0.016
        assert obliquity_deg[0] == pytest.approx(23.436, abs=0.001)  # mean obliquity of 2025


@pytest.mark.parametrize(
    "moment, place",  # astropy 8.0.2, get_sun in TEME
    [
        ("2024-02-29T12:00:00Z", [0.941991, -0.307939, -0.133514]),
        ("2026-11-25T06:00:00Z", [-0.45445, -0.817276, -0.35431]),
        ("2027-05-03T18:00:00Z", [0.730381, 0.626679, 0.271693]),
    ],
)
def test_the_sun_is_where_a_full_theory_has_it(moment, place):
    found = sun_direction(JulianDate.parse(moment), np.zeros(1))[0]
    apart_deg = np.degrees(np.linalg.norm(found - np.array(place)))
    assert apart_deg < 0.013  # 0.01 of the formula, 0.003 of the nutation of the equator


def test_at_noon_the_sun_stands_over_greenwich():
    # On 2026-04-15 and 2026-09-01 the equation of time is below half a minute: 0.13 degrees.
    for day in ("2026-04-15", "2026-09-01"):
        x, y, z = sun_earth_fixed(JulianDate.parse(f"{day}T12:00:00Z"), np.zeros(1))[0]
        assert abs(np.degrees(np.arctan2(y, x))) < 0.13
        assert 8 < np.degrees(np.arcsin(z)) < 10


def test_links_placed_by_hand():
    sun = np.array([1.0, 0.0, 0.0])
    tilt = np.radians(3.0)
    over = np.array([0.0, 0.0, 7000.0])  # over the pole, in sunlight
    sat_km = np.array([
        over,
        over + 1000 * np.array([np.cos(tilt), np.sin(tilt), 0.0]),  # 3 degrees from the sun
        over + 1000 * np.array([0.0, 1.0, 0.0]),  # across
        [-7000.0, 0.0, 0.0],  # in the shadow
        [-8000.0, 10.0, 0.0],  # in it too, and looking at 3 through the Earth's shadow
    ])  # fmt: skip
    neighbour = np.array([[1, 2], [0, 1], [0, 2], [4, 3], [3, 4]])
    degrees = np.degrees(link_sun_rad(sat_km, neighbour, sun))
    assert np.allclose(degrees[0], [3.0, 90.0]) and degrees[0, 0] == degrees[1, 0]
    assert degrees[1, 1] > 180 and degrees[3, 0] > 180 and degrees[4, 0] > 180


def test_the_cone_holds_its_share_of_the_directions():
    # Links in random directions from a satellite in sunlight, seen from that end only.
    random = np.random.default_rng(3)
    n = 400_000
    line = random.normal(size=(n, 3))
    sun = np.array([0.6, 0.0, 0.8])
    centre = np.array([[0.0, 1e5, 0.0]])  # far out: never hidden
    sat_km = np.concatenate([centre, centre + line])
    neighbour = np.concatenate([[0], np.zeros(n, int)])[:, None]
    angle = link_sun_rad(sat_km, neighbour, sun)[1:, 0]
    for angle_deg in (1.0, 2.0, 3.0, 5.0):
        share = 1 - np.cos(np.radians(angle_deg))  # (1 - cos) / 2, from both ends
        sigma = np.sqrt(share * (1 - share) / n)
        assert abs(np.mean(angle < np.radians(angle_deg)) - share) < 4 * sigma


def masks_of(settings):
    run = one_threat("sun_conjunction", settings)
    _, outages = engine.sample_draws(run, 0, np.arange(32, dtype=np.uint32))
    scene, columns = run.scenes[0], (Column("all", ("sun_conjunction",)),)
    (masks,) = engine.masks_at(run, 0, outages, columns, scene.time_s, 32)
    words = (np.asarray(each) for each in (masks.link_up, masks.access_up))
    link, access = (unpack_draws(np.moveaxis(each, 1, -1)) for each in words)
    return link, access, scene


def test_worst_takes_every_link_with_an_end_in_sunlight_and_leaves_access_to_radio():
    link, access, scene = masks_of({"angle_deg": 180})
    sun = np.einsum("tij,ti->tj", scene.geometry.axes, sun_earth_fixed(scene.start, scene.time_s))
    along = np.einsum("tsj,tj->ts", scene.geometry.sat_km, sun)
    across = np.linalg.norm(np.cross(scene.geometry.sat_km, sun[:, None]), axis=-1)
    lit = (along > 0) | (across > 6371)
    assert 0.5 < lit.mean() < 1
    neighbour = scene.links.neighbour
    is_link = neighbour != np.arange(len(neighbour))[:, None]
    expected = (lit[:, :, None] | lit[:, neighbour]) & is_link
    assert np.array_equal(~link.any(axis=-1), expected) and access.all()


def test_both_slots_of_a_link_are_lost_together_and_downlinks_where_asked():
    link, access, scene = masks_of({"angle_deg": 40, "downlinks": "true"})
    links = scene.links
    assert np.array_equal(link, link[:, links.neighbour, links.peer]) and not link.all()
    there = np.isfinite(scene.access.delay_s)
    # Of the upper half of the sky, a cone of 40 degrees is 23 %.
    assert 0 < np.mean(~access.any(axis=-1)[there]) < 0.23
