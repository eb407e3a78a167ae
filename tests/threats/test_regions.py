"""Losses by place: discs, and altitude bands, against independent counts."""

import math

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.constants import MEAN_RADIUS_KM, S_PER_YEAR
from sdn_mc.geometry import gmst82_rad
from tests.small_run import one_threat

N_DRAW = 512
DRAWS = np.arange(N_DRAW, dtype=np.uint32)
TWO_SHELLS = (
    "+constellation.shells.low={_target_: sdn_mc.constellation.walker.Shell, satellites: 40, "
    "planes: 4, phasing: 0, altitude_km: 600, inclination_deg: 53, raan_span_deg: 360, "
    "eccentricity: 0, argument_of_perigee_deg: 0, raan_deg: 0, anomaly_deg: 0}",
)


def lost_in(spans) -> np.ndarray:
    """Who is lost at some time of each draw, [entity, draw]."""
    lost = np.zeros((spans.n_entity, N_DRAW), bool)
    lost[spans.entity, spans.draw] = True
    return lost


# ---- region_loss


def great_circle_km(latitude_a, longitude_a, latitude_b, longitude_b):
    """By the angle between two directions, not by a chord as the cause does."""
    cosine = np.sin(latitude_a) * np.sin(latitude_b) + np.cos(latitude_a) * np.cos(
        latitude_b
    ) * np.cos(longitude_a - longitude_b)
    return MEAN_RADIUS_KM * np.arccos(np.clip(cosine, -1, 1))


@pytest.mark.parametrize("radius_km", [300.0, 3000.0, 12_000.0])
def test_a_disc_takes_those_whose_ground_point_lies_inside(radius_km):
    """From positions propagated anew, at the instant nearest to each onset."""
    run = one_threat("region_loss", {"radius_km": radius_km})
    scene = run.scenes[0]
    drawn, outages = engine.sample_draws(run, 0, DRAWS)
    sat, site = map(lost_in, outages["region_loss"])
    latitude, longitude = (
        np.radians(drawn[f"region_loss.{name}_deg"].astype(np.float64))
        for name in ("latitude", "longitude")
    )
    ephemeris = run.system.propagation.ephemeris(scene.fleet, scene.start, scene.time_s)
    x, y, z = np.moveaxis(ephemeris.position_km, -1, 0)
    turned = gmst82_rad(scene.start, scene.time_s)[:, None]
    ground = np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x) - turned
    at = np.abs(scene.time_s[:, None] - drawn["region_loss.onset_s"]).argmin(axis=0)
    away_km = great_circle_km(ground[0][at].T, ground[1][at].T, latitude, longitude)
    places = np.radians(scene.sites.latitude_deg), np.radians(scene.sites.longitude_deg)
    site_km = great_circle_km(places[0][:, None], places[1][:, None], latitude, longitude)
    for found, km in ((sat, away_km), (site, site_km)):
        # Unit vectors of the cause are float32: 1 km leaves room for them at the rim.
        assert np.all(found[km < radius_km - 1]) and not np.any(found[km > radius_km + 1])
    # Discs are uniform on the sphere, so each site is inside with the share of the cap's area.
    chance = (1 - math.cos(radius_km / MEAN_RADIUS_KM)) / 2
    for k in (0, scene.sites.n_site - 1):
        assert abs(site[k].mean() - chance) < 4 * math.sqrt(chance * (1 - chance) / N_DRAW)


def test_severity_is_the_share_lost_and_satellites_return_wherever_they_are():
    fixed = {"latitude_deg": 0, "longitude_deg": 10, "radius_km": 20_038, "severity": 0.4,
             "site_severity": 0.0, "onset_s": 7200, "repair_h": 2}  # fmt: skip
    _, outages = engine.sample_draws(one_threat("region_loss", fixed), 0, DRAWS)
    sat, site = outages["region_loss"]
    n = sat.n_entity * N_DRAW
    assert abs(lost_in(sat).mean() - 0.4) < 4 * math.sqrt(0.24 / n)
    assert len(site.start_s) == 0
    assert np.all(sat.start_s == 7200) and np.all(sat.end_s == 14_400)


# ---- physical_loss


def test_exactly_so_many_of_the_band_are_gone_and_all_are_equally_likely():
    run = one_threat("physical_loss", {"count": 7, "max_altitude_km": 900, "onset_s": 0,
                                       "hazard_multiplier": 1}, TWO_SHELLS)  # fmt: skip
    _, outages = engine.sample_draws(run, 0, DRAWS)
    (spans,) = outages["physical_loss"]
    lost, low = lost_in(spans), run.fleet.shell == run.fleet.group_names["shell"].index("low")
    assert low.sum() == 40 and not lost[~low].any()
    assert np.all(lost.sum(axis=0) == 7)
    assert np.all(spans.start_s == 0) and np.all(np.isinf(spans.end_s))
    share = 7 / 40
    # Of 40 shares none beyond 4 sigma but in 1 of 400 cases.
    assert np.all(np.abs(lost[low].mean(1) - share) < 4 * math.sqrt(share * (1 - share) / N_DRAW))
    pair = (lost[low][0] & lost[low][1]).mean()
    both = share * 6 / 39
    assert abs(pair - both) < 4 * math.sqrt(both * (1 - both) / N_DRAW)
    more = one_threat("physical_loss", {"count": 1000, "max_altitude_km": 900}, TWO_SHELLS)
    assert np.all(lost_in(engine.sample_draws(more, 0, DRAWS)[1]["physical_loss"][0]).sum(0) == 40)


def test_those_left_in_the_band_fail_at_the_extra_rate_from_the_onset_on():
    rate, onset_s = 30.0, 21_600.0
    run = one_threat("physical_loss", {"count": 4, "max_altitude_km": 900, "onset_s": onset_s,
                                       "hazard_multiplier": 3, "base_rate_per_year": rate},
                     TWO_SHELLS)  # fmt: skip
    _, outages = engine.sample_draws(run, 0, DRAWS)
    (spans,) = outages["physical_loss"]
    assert np.all(run.fleet.shell[spans.entity] == run.fleet.shell[-1])
    window_s = float(run.scenes[0].window_s)
    for end_s in (onset_s + 6000, window_s):
        chance = -math.expm1(-2 * rate * (end_s - onset_s) / S_PER_YEAR)
        later = np.count_nonzero((spans.start_s > onset_s) & (spans.start_s < end_s))
        n = 36 * N_DRAW
        assert abs(later - chance * n) < 4 * math.sqrt(n * chance * (1 - chance))
    assert spans.start_s.min() == onset_s
