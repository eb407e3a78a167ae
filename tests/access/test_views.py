"""What terminals and targets see, against geometry done another way; and light time."""

import dataclasses

import numpy as np
import pytest

from sdn_mc.access.visible import Visible
from sdn_mc.core.constants import LIGHT_KM_S, MEAN_RADIUS_KM
from sdn_mc.core.fleet import Status
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Ephemeris, MeanElements, Sites
from sdn_mc.core.sites import ONCE, Sight, Track, User
from tests.small_run import small_run

RULE = Visible(min_elevation_deg=25.0, max_range_km=None, attachment="any", max_candidates=None)
FLEET = small_run().fleet  # labels: software blue and green, by plane


@pytest.fixture
def cloud():
    """Sixteen satellites in a cap of 40 degrees about the x axis, 400 to 2000 km high."""
    rng = np.random.default_rng(5)
    axis = rng.normal(size=(1, 16, 3)) * [0.0, 0.35, 0.35] + [1.0, 0.0, 0.0]
    unit = axis / np.linalg.norm(axis, axis=-1, keepdims=True)
    at = unit * rng.uniform(MEAN_RADIUS_KM + 400, MEAN_RADIUS_KM + 2000, (1, 16, 1))
    zeros = np.zeros(16)
    mean = MeanElements(zeros, zeros, zeros, zeros, zeros, zeros, zeros.astype(int))
    return Ephemeris(FLEET.reference, np.zeros(1), at, np.zeros(16, np.int8), mean)


def access_of(ephemeris, height_km, *users):
    """Access of users who are all on the x axis at a height."""
    n = len(users)
    sites = Sites(np.zeros(n), np.zeros(n), np.zeros(n), tuple(map(str, range(n))), users)
    up = np.broadcast_to([1.0, 0.0, 0.0], (1, n, 3))
    return RULE.build(ephemeris, (MEAN_RADIUS_KM + height_km) * up, up, sites, FLEET)


def seen(access, site):
    there = np.isfinite(access.delay_s[0, site])
    return set(access.sat[0, site, there].tolist())


def test_each_terminal_has_its_own_mask_range_and_satellites(cloud):
    access = access_of(
        cloud, 0.0, User(), User("ship", min_elevation_deg=5.0), User(max_range_km=1500.0),
        User(uses=(("software", "bl*"),)),
    )  # fmt: skip
    line = cloud.position_km[0] - [MEAN_RADIUS_KM, 0.0, 0.0]
    range_km = np.linalg.norm(line, axis=1)
    elevation_deg = 90 - np.degrees(np.arccos(line[:, 0] / range_km))
    blue = FLEET.group["software"] == FLEET.group_names["software"].index("blue")
    high = elevation_deg >= 25
    expected = [high, elevation_deg >= 5, high & (range_km <= 1500), high & blue]
    for site, own in enumerate(expected):
        assert seen(access, site) == set(np.flatnonzero(own).tolist())
    assert len({len(seen(access, site)) for site in range(4)}) == 4
    order = access.sat[0, 1, : len(seen(access, 1))]
    assert np.allclose(access.delay_s[0, 1, : len(order)], range_km[order] / LIGHT_KM_S)


@pytest.mark.parametrize(
    "sight",
    [
        Sight(20.0, None, None),
        Sight(35.0, None, None),
        Sight(0.0, (-10.0, 40.0), None),
        Sight(0.0, None, (30.0, 62.0)),
    ],
)
def test_a_target_is_seen_as_points_along_the_line_of_sight_say(cloud, sight):
    access = access_of(cloud, 40.0, User("target", max_range_km=4000.0, sight=sight))
    target = np.array([MEAN_RADIUS_KM + 40.0, 0.0, 0.0])
    expected = set()
    for k, sat in enumerate(cloud.position_km[0]):
        share = np.linspace(0, 1, 20_001)[:, None]
        heights = np.linalg.norm(target + share * (sat - target), axis=1) - MEAN_RADIUS_KM
        # Half of a step of 0.2 km off the lowest point, a height is 1e-6 km too high.
        ok = heights.min() >= sight.grazing_km + 1e-6 and np.linalg.norm(sat - target) <= 4000
        # Plane triangle of Earth's centre, target, satellite: its angles by the law of cosines.
        r, a, s = np.linalg.norm(sat - target), target[0], np.linalg.norm(sat)
        at_target = np.degrees(np.arccos((r**2 + a**2 - s**2) / (2 * r * a)))
        at_sat = np.degrees(np.arccos((r**2 + s**2 - a**2) / (2 * r * s)))
        if sight.elevation_deg:
            ok &= sight.elevation_deg[0] <= at_target - 90 <= sight.elevation_deg[1]
        if sight.nadir_deg:
            ok &= sight.nadir_deg[0] <= at_sat <= sight.nadir_deg[1]
        expected |= {k} if ok else set()
    assert seen(access, 0) == expected and 1 < len(expected) < 15


def test_a_target_has_no_sensors_before_its_start_and_after_its_end(cloud):
    route = ((0.0, 0.0, 4e4), (0.0, 10.0, 4e4))
    users = [
        User("target", track=Track(route, 10.0, lead_s, ONCE), sight=Sight(0.0, None, None))
        for lead_s in (-1.0, 0.0, 9.0, 10.0)
    ]
    access = access_of(cloud, 40.0, *users)
    assert [bool(seen(access, k)) for k in range(4)] == [False, True, True, False]


def test_a_user_aboard_has_its_satellite_alone_without_delay(cloud):
    status = np.where(np.arange(16) == 7, Status.OFF_BAND, Status.IN_SERVICE).astype(np.int8)
    cloud = dataclasses.replace(cloud, status=status)
    access = access_of(cloud, 0.0, *(User("satellite", aboard=k) for k in (11, 7)))
    assert seen(access, 0) == {11} and access.delay_s[0, 0, 0] == 0.0
    assert seen(access, 1) == set()  # it is out of service


def test_satellites_of_no_known_group_are_refused(cloud):
    with pytest.raises(InputError, match="no group of the label 'software' is named 'red'"):
        access_of(cloud, 0.0, User(uses=(("software", "red"),)))
    with pytest.raises(InputError, match="the fleet has no label 'colour'"):
        access_of(cloud, 0.0, User(uses=(("colour", "red"),)))
