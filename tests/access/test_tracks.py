"""Places along great circles, against the direct formula with bearings; and when they are there."""

import numpy as np
import pytest

from sdn_mc.access import tracks
from sdn_mc.access.earth import Earth
from sdn_mc.core.constants import MEAN_RADIUS_KM
from sdn_mc.core.scene import Sites
from sdn_mc.core.sites import AGAIN, ONCE, SHUTTLE, Track, User
from tests.small_run import small_run

ROUTE = ((40.0, 170.0, 0.0), (52.0, -160.0, 10_000.0), (10.0, -150.0, 2_000.0))


def track(course, lead_s=0.0, speed_km_s=0.25, route=ROUTE):
    return Track(route, float(tracks.leg_km(route).sum() / speed_km_s), lead_s, course)


def by_bearing(a, b, km):
    """Latitude and longitude (deg) at a distance from a towards b, on the sphere at their mean
    height: initial bearing, then the direct problem (Sinnott's and Williams' formulas)."""
    (la, oa, ha), (lb, ob, hb) = ([*np.radians(p[:2]).tolist(), p[2]] for p in (a, b))
    bearing = np.arctan2(
        np.sin(ob - oa) * np.cos(lb),
        np.cos(la) * np.sin(lb) - np.sin(la) * np.cos(lb) * np.cos(ob - oa),
    )
    d = km / (MEAN_RADIUS_KM + (ha + hb) / 2000)
    latitude = np.arcsin(np.sin(la) * np.cos(d) + np.cos(la) * np.sin(d) * np.cos(bearing))
    longitude = oa + np.arctan2(
        np.sin(bearing) * np.sin(d) * np.cos(la), np.cos(d) - np.sin(la) * np.sin(latitude)
    )
    return np.degrees(latitude), (np.degrees(longitude) + 180) % 360 - 180


@pytest.mark.parametrize("leg, done_km", [(0, 0.0), (0, 900.0), (0, 2400.0), (1, 50.0), (1, 4000)])
def test_places_on_a_leg_are_those_of_its_bearing_and_distance(leg, done_km):
    before_km = tracks.leg_km(ROUTE)[:leg].sum()
    at_s = np.array([(before_km + done_km) / 0.25])
    latitude, longitude, altitude_m = tracks.places(track(ONCE), at_s)
    expected = by_bearing(ROUTE[leg], ROUTE[leg + 1], done_km)
    # 1e-9 deg is 0.1 mm: rounding of a few sines.
    assert np.allclose(np.degrees([latitude[0], longitude[0]]), expected, atol=1e-9)
    share = done_km / tracks.leg_km(ROUTE)[leg]
    assert np.isclose(altitude_m[0], (1 - share) * ROUTE[leg][2] + share * ROUTE[leg + 1][2])


def test_a_shuttle_turns_at_its_ends_and_is_back_after_two_lengths():
    there = track(SHUTTLE)
    at_s = np.linspace(0.0, there.lasts_s, 7)
    ahead, back = (np.array(tracks.places(there, t)) for t in (at_s, 2 * there.lasts_s - at_s))
    assert np.allclose(ahead, back, atol=1e-6)  # metres and radians: rounding of 1e5 s
    assert np.allclose(np.degrees(ahead[:2, -1]), ROUTE[-1][:2])
    again = np.array(tracks.places(there, at_s + 6 * there.lasts_s))
    assert np.allclose(ahead, again, atol=1e-6)


def test_a_ship_is_at_the_same_place_at_an_instant_whatever_the_start_of_the_scene():
    fleet, earth = small_run().fleet, Earth(radius_m=None, day_s=None)
    start = ROUTE[0]
    sites = Sites(
        *(np.array([value]) for value in start),
        name=("ship",),
        users=(User("ship", track=track(SHUTTLE, 1e5)),),
    )
    late = fleet.reference.plus_s(86_400.0)
    one, _ = earth.site_km(sites, fleet, fleet.reference, np.array([90_000.0]))
    two, _ = earth.site_km(sites, fleet, late, np.array([3_600.0]))
    # A Julian date is exact to 2e-5 s; the Earth turns 0.46 km/s.
    assert np.allclose(one, two, atol=2e-5)
    stays, _ = earth.site_km(
        Sites(*(np.array([value]) for value in start), name=("port",)),
        fleet, late, np.array([3_600.0]),
    )  # fmt: skip
    assert np.linalg.norm(one - stays) > 1000


def test_a_target_is_there_from_its_start_to_its_end_or_begins_again():
    once, again = track(ONCE, -100.0), track(AGAIN, -100.0)
    ends_s = 100.0 + once.lasts_s
    sites = Sites(
        *np.zeros((3, 3)),
        name=("once", "again", "port"),
        users=(User("target", track=once), User("target", track=again), User()),
    )
    there = sites.exists(np.array([99.0, 100.0, ends_s - 1.0, ends_s]))
    expected = np.array([[0, 1, 1, 0], [0, 1, 1, 1], [1, 1, 1, 1]], bool)
    assert np.array_equal(there.T, expected)
    first, second = (
        np.array(tracks.places(again, np.array([t]))) for t in (500.0, 500.0 + again.lasts_s)
    )
    assert np.allclose(first, second, atol=1e-6)
