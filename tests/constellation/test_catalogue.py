"""Bundled fleets against what is published of them: counts, layouts, vendors, prices, labels."""

import dataclasses
import functools

import numpy as np
import pytest

from sdn_mc import config
from sdn_mc.constellation.per_satellite import SharedByGroup
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import LIGHT_KM_S, WGS84_RADIUS_KM
from sdn_mc.core.problems import InputError
from sdn_mc.propagation.sgp4 import Sgp4
from sdn_mc.report.config_files import choices, read_page

# Satellites; and satellites of each plane where the layout is published or stated as assumed.
FLEETS = {
    "walker": (1584, {22: 72}),
    "backbone": (480, {20: 24}),
    "backbone_53": (480, {20: 24}),
    "starshield": (200, {10: 20}),
    "starlink_gen1": (4408, {22: 144, 20: 36, 58: 6, 43: 4}),
    "kuiper": (3236, {34: 34, 36: 36, 28: 28}),
    "oneweb": (588, {49: 12}),
    "iridium_next": (66, {11: 6}),
    "telesat_lightspeed": (1671, {13: 27, 33: 40}),
    "geo": (6, {6: 1}),
    "sda_t0_transport": (20, {10: 2}),
    "sda_t1_transport": (126, {21: 6}),
    "sda_t2_transport_without_gamma": (190, {16: 6, 19: 4, 9: 2}),
    "sda_t2_transport": (210, {16: 6, 19: 4, 9: 2, 10: 2}),
    "sda_t3_transport": (140, {20: 7}),
    "sda_t0_tracking": (8, {4: 2}),
    "sda_t1_tracking": (28, {7: 4}),
    "sda_t2_tracking": (54, {9: 6}),
    "sda_t3_tracking": (72, {9: 8}),
    "transport": (336, {10: 2, 21: 6, 16: 6, 19: 4, 9: 2}),
    "tracking": (90, {4: 2, 7: 4, 9: 6}),
    "federation_backbone_transport": (816, {20: 24, 10: 2, 21: 6, 16: 6, 19: 4, 9: 2}),
    "federation_backbone_transport_tracking": (
        906,
        {20: 24, 10: 2, 21: 6, 16: 6, 19: 4, 9: 8, 4: 2, 7: 4},
    ),
    "federation_civil_military": (4888, {20: 60, 22: 144, 58: 6, 43: 4}),
}
# Contracts in MUSD, and the concentration of primes, as computed from them elsewhere.
CONTRACTS = {
    "sda_t0_transport": (281.5, 0.5),
    "sda_t1_transport": (1774.0, 0.3333),
    "sda_t2_transport": (3837.0, 0.2807),
    "sda_t0_tracking": (342.8, 0.5),
    "sda_t1_tracking": (1317.0, 0.5),
    "sda_t2_tracking": (2549.0, 0.3333),
    "sda_t3_tracking": (3512.0, 0.25),
    "transport": (5468.5, 0.3058),
    "backbone": (2289.6, 1.0),  # 480 times the rounded 4.77
}
BARE = ("threats=none", "columns=null", "topology=bent_pipe", "metrics=[availability]")


@functools.cache
def job_of(name: str, *overrides: str) -> config.Job:
    return config.job_of([f"constellation={name}", *BARE, *overrides])


def fleet_of(name: str, *overrides: str):
    return job_of(name, *overrides).parts["constellation"].build(None)


def share_squares(fleet, label: str) -> float:
    """Herfindahl-Hirschman index: the sum of squared shares of satellites."""
    share = np.bincount(fleet.group[label]) / fleet.n_sat
    return float(np.sum(share**2))


def counts(fleet, label: str) -> dict[str, int]:
    """Satellites of each group by name."""
    return dict(zip(fleet.group_names[label], np.bincount(fleet.group[label]), strict=True))


def test_every_bundled_constellation_that_needs_no_file_is_in_the_table():
    free = {n for n, path in choices("constellation").items() if not needs_records(path)}
    assert free == set(FLEETS)


def needs_records(path) -> bool:
    return any(key in read_page(path).node for key in ("path", "group"))


@pytest.mark.parametrize("name", FLEETS)
def test_counts_and_plane_layouts_are_those_published(name):
    fleet = fleet_of(name)
    n_sat, planes = FLEETS[name]
    assert fleet.n_sat == n_sat
    size, number = np.unique(np.bincount(fleet.plane), return_counts=True)
    assert dict(zip(size.tolist(), number.tolist(), strict=True)) == planes
    assert len(set(fleet.catalogue.name)) == n_sat
    assert len(set(fleet.catalogue.number)) == n_sat
    for label, names in fleet.labels:
        assert set(fleet.group[label].tolist()) == set(range(len(names))), label
    assert {"prime", "constellation", "plane", "shell"} <= set(fleet.group)


@pytest.mark.parametrize("name", FLEETS)
def test_every_fleet_flies_where_it_should_and_nobody_fails_to_propagate(name):
    fleet = fleet_of(name)
    ephemeris = Sgp4(max_age_d=30.0).ephemeris(fleet, fleet.reference, np.array([0.0, 5000.0]))
    assert ephemeris.carries_traffic.all()
    height_km = np.linalg.norm(ephemeris.position_km, axis=-1) - WGS84_RADIUS_KM
    lowest, highest = {"geo": (35786, 35786)}.get(name, (480, 1325))
    # J2 and J3 move a satellite by up to 15 km in height; the moon and sun move a GEO one less
    assert lowest - 20 < height_km.min() and height_km.max() < highest + 20


@pytest.mark.parametrize("name", CONTRACTS)
def test_prices_add_up_to_the_contracts_and_vendors_concentrate_as_computed(name):
    fleet = fleet_of(name)
    total, index = CONTRACTS[name]
    assert fleet.unit_cost_musd.sum() == pytest.approx(total, rel=1e-12)  # rounding of a sum
    assert share_squares(fleet, "prime") == pytest.approx(index, abs=5.1e-5)  # four decimals


def test_the_transport_layer_is_336_satellites_at_16_28_million_each():
    fleet = fleet_of("transport")
    assert round(fleet.unit_cost_musd.sum() / fleet.n_sat, 2) == 16.28
    vendors = {"York": 114, "Lockheed Martin": 88, "Northrop Grumman": 116, "Rocket Lab": 18}
    assert counts(fleet, "prime") == vendors
    assert counts(fleet, "tranche") == {"T0": 20, "T1": 126, "T2": 190}


def test_tranche_2_has_the_vendors_variants_and_terminals_bought():
    fleet = fleet_of("sda_t2_transport")
    assert counts(fleet, "contract") == {
        "T2 Alpha York": 62,
        "T2 Alpha Northrop Grumman": 38,
        "T2 Beta Lockheed Martin": 36,
        "T2 Beta Northrop Grumman": 36,
        "T2 Beta Rocket Lab": 18,
        "T2 Gamma York": 10,
        "T2 Gamma Tyvak": 10,
    }
    assert counts(fleet, "variant") == {"Alpha": 100, "Beta": 90, "Gamma": 20}
    beta = fleet.group["variant"] == fleet.group_names["variant"].index("Beta")
    assert np.all(fleet.n_terminal[beta] == 3) and np.all(fleet.n_terminal[~beta] == 4)
    york_alpha = fleet.group["contract"] == fleet.group_names["contract"].index("T2 Alpha York")
    assert len(np.unique(fleet.plane[york_alpha])) == 8  # as announced
    assert np.all(fleet.unit_cost_musd[york_alpha] == 617 / 62)


def test_several_labels_show_suppliers_that_vendors_share():
    fleet = fleet_of("sda_t1_transport")
    assert counts(fleet, "laser") == {"Mynaric": 84, "Tesat": 42}
    assert counts(fleet, "bus") == {"York": 42, "Terran Orbital": 42, "Northrop chain": 42}
    assert set(counts(fleet, "launch").values()) == {21}
    assert counts(fleet, "launcher") == {"Falcon 9": 126}
    classes = fleet_of("sda_t0_transport")
    assert np.bincount(classes.n_terminal).tolist() == [0, 0, 6, 0, 14]


def test_oneweb_has_its_node_steps_and_no_links():
    fleet = fleet_of("oneweb")
    node_deg = np.rad2deg(fleet.elements.raan_rad[::49])
    np.testing.assert_allclose(np.diff(node_deg), 15.225, atol=1e-9)
    assert 180 - node_deg[-1] == pytest.approx(12.525, abs=1e-9)
    assert not fleet.n_terminal.any()


@pytest.mark.parametrize(
    "name, field",
    [
        ("sda_t1_transport", "constellation.shells.polar.inclination_deg"),
        ("sda_t2_transport", "constellation.shells.gamma.planes"),
        ("sda_t3_transport", "constellation.shells.polar.satellites"),
        ("starshield", "constellation.shells.notional.altitude_km"),
        ("backbone", "constellation.labels.software.values"),
        ("kuiper", "constellation.n_terminal"),
        (
            "federation_backbone_transport_tracking",
            "constellation.members.transport.members.t2.shells.beta.planes",
        ),
    ],
)
def test_what_nobody_publishes_is_listed_as_assumed(name, field):
    assert field in {item["name"] for item in job_of(name).assumptions}


def test_published_numbers_are_not_called_assumed():
    assumed = {item["name"] for item in job_of("sda_t2_transport").assumptions}
    shell = "constellation.shells.low"
    assert not {f"{shell}.satellites", f"{shell}.planes", "constellation.n_terminal"} & assumed


@pytest.mark.parametrize("name", FLEETS)
def test_every_fleet_says_where_it_comes_from(name):
    head = read_page(choices("constellation")[name]).head
    assert len(head.split()) > 15


# ---- links of published and computed length, km


def distance_km(fleet, one: int, other: int) -> tuple[float, float]:
    """Least and greatest distance over an orbit of equal circles, from mean elements.

    The mean square over an orbit is a^2 (2 - p.p' - q.q'), p and q being unit positions now and a
    quarter orbit later; it swings by a^2 (1 - cos gamma) about that.
    """
    e, at = fleet.elements, [one, other]
    node, tilt = e.raan_rad[at], e.inclination_rad[at]
    phase = e.argument_of_perigee_rad[at] + e.mean_anomaly_rad[at]

    def unit(angle):
        across = np.sin(angle) * np.cos(tilt)
        x = np.cos(node) * np.cos(angle) - np.sin(node) * across
        y = np.sin(node) * np.cos(angle) + np.cos(node) * across
        return np.stack([x, y, np.sin(angle) * np.sin(tilt)], axis=1)

    now, later = unit(phase), unit(phase + np.pi / 2)
    normal = np.cross(now, later)
    mean = 2 - now[0] @ now[1] - later[0] @ later[1]
    swing = 1 - normal[0] @ normal[1]
    return np.sqrt(max(mean - swing, 0.0)), np.sqrt(mean + swing)


@pytest.mark.parametrize(
    "name, altitude_km, spacing_km",
    [
        ("walker", 550, 1972),
        ("kuiper", 630, 1293),
        ("iridium_next", 780, 4033),
        ("sda_t1_transport", 1000, 2199),
    ],
)
def test_neighbours_in_a_plane_are_as_far_apart_as_computed(name, altitude_km, spacing_km):
    near, far = distance_km(fleet_of(name), 0, 1)
    radius_km = WGS84_RADIUS_KM + altitude_km
    np.testing.assert_allclose([near * radius_km, far * radius_km], spacing_km, atol=0.51)


@pytest.mark.parametrize(
    "name, phasing, slots, altitude_km, range_km",
    [
        ("walker", 65, 22, 550, (172, 512)),
        ("walker", 39, 22, 550, (542, 726)),
        ("iridium_next", None, 11, 780, (1546, 4008)),
    ],
)
def test_the_nearest_satellite_of_the_next_plane_is_as_far_away_as_computed(
    name, phasing, slots, altitude_km, range_km
):
    changed = [f"constellation.shells.shell.phasing={phasing}"] if phasing else []
    fleet = fleet_of(name, *changed)
    found = min((distance_km(fleet, 0, slots + k) for k in range(slots)), key=np.linalg.norm)
    # printed without decimals
    np.testing.assert_allclose(np.array(found) * (WGS84_RADIUS_KM + altitude_km), range_km, atol=1)


# ---- GEO


def test_geo_takes_119_ms_overhead_and_137_ms_at_five_degrees():
    # One up leg, R = 6378.137 km: 35786 km overhead and the slant range at 5 deg elevation.
    job = job_of("geo", "topology=plus_grid", "topology.max_range_km=null")
    fleet = job.parts["constellation"].build(None)
    ephemeris = Sgp4(max_age_d=30.0).ephemeris(fleet, fleet.reference, np.array([0.0]))
    place = ephemeris.position_km[0, 0]
    above = place / np.linalg.norm(place)
    east = np.cross([0.0, 0.0, 1.0], above)
    radius_km = np.linalg.norm(place)
    # angle at the Earth's centre that shows the satellite at 5 deg: arccos(R cos E / r) - E
    elevation = np.radians(5)
    central = np.arccos(WGS84_RADIUS_KM * np.cos(elevation) / radius_km) - elevation
    edge = WGS84_RADIUS_KM * (np.cos(central) * above + np.sin(central) * east)
    for ground, published_ms in ((WGS84_RADIUS_KM * above, 119.37), (edge, 137.18)):
        delay_ms = np.linalg.norm(place - ground) / LIGHT_KM_S * 1e3
        # two decimals, and SGP4's height differs from 35,786 km by up to 3 km: 0.01 ms
        assert delay_ms == pytest.approx(published_ms, abs=0.016)
    links = job.parts["topology"].build(fleet, ephemeris)
    chord_s = np.sort(links.delay_s[0].ravel())[:12]
    assert np.all(np.isfinite(chord_s)) and np.isinf(np.sort(links.delay_s[0].ravel())[12])
    # six on a ring: a chord of 60 deg is the radius, 42,164 km; perturbations are a few km
    np.testing.assert_allclose(chord_s, 42164.14 / LIGHT_KM_S, rtol=1e-3)


def test_a_missing_price_or_group_is_told_with_what_there_is():
    pattern = job_of("sda_t1_transport").parts["constellation"]
    prices = SharedByGroup(label="bus", totals={"York": 382.0, "Northrop chain": 692.0})
    with pytest.raises(InputError, match="no value for Terran Orbital; the groups of 'bus'"):
        dataclasses.replace(pattern, unit_cost_musd=prices).build(None)
    with pytest.raises(InputError, match="the fleet has no label 'kind'; it has bus, "):
        fleet_of("sda_t0_transport", "constellation.n_terminal.label=kind")


def test_a_label_that_a_fleet_lacks_is_told_before_a_threat_runs():
    words = ["constellation=geo", "topology=bent_pipe", "threats=[vendor_fault]", "columns=null"]
    with pytest.raises(InputError, match="no grouping 'laser'; it has constellation, plane"):
        config.job_of([*words, "threats.vendor_fault.label=laser"])


def test_a_pattern_without_a_date_takes_that_of_the_run_or_asks_for_one():
    start = JulianDate.parse("2026-05-01T06:00:00Z")
    pattern = job_of("backbone").parts["constellation"]
    free = dataclasses.replace(pattern, epoch=None)
    assert free.build(start).reference == start
    with pytest.raises(InputError, match="epoch: null stands for the start of the run"):
        free.build(None)
