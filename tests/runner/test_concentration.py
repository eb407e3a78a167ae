"""Concentration against what was worked out from the contracts of the SDA's tranches."""

import dataclasses

import numpy as np
import pytest

from sdn_mc import config
from sdn_mc.constellation.labels import NO_GROUP
from sdn_mc.core.fleet import Status
from sdn_mc.runner.concentration import concentration, cost_musd
from tests.small_run import SMALL


def fleet_of(name):
    words = [f"constellation={name}", "columns=null", "threats=none", "metrics=[availability]"]
    return config.load(config.compose(words)).parts["constellation"].build(None)


def row_of(fleet, label, status=None):
    rows = concentration(fleet, fleet.status if status is None else status)
    return next(row for row in rows if row["label"] == label)


# Three primes with 42 each; and 100, 72, 18, 20 by four with Tyvak apart.
@pytest.mark.parametrize(
    ("name", "hhi", "groups"), [("sda_t1_transport", 0.3333, 3), ("sda_t2_transport", 0.2807, 5)]
)
def test_primes_of_a_tranche(name, hhi, groups):
    row = row_of(fleet_of(name), "prime")
    assert row["hhi"] == pytest.approx(hhi, abs=5e-5)  # as it was printed
    assert row["effective"] == pytest.approx(1 / row["hhi"])
    assert row["groups"] == groups


def test_who_carries_no_traffic_and_whose_group_is_unknown_do_not_count():
    made = config.load(config.compose(SMALL)).parts["constellation"].build(None)  # blue and green
    status = np.where(made.group["software"] == 0, made.status, Status.EXCLUDED)
    assert row_of(made, "software", status)["hhi"] == 1.0
    assert row_of(made, "software")["hhi"] == 0.5
    unknown = tuple(
        (label, ("blue", NO_GROUP) if label == "software" else names)
        for label, names in made.labels
    )

    row = row_of(dataclasses.replace(made, labels=unknown), "software")
    assert (row["hhi"], row["satellites"]) == (1.0, 8)


def test_cost_is_that_of_satellites_with_a_price():
    made = config.load(config.compose(SMALL)).parts["constellation"].build(None)
    price = np.where(np.arange(16) < 4, 10.0, np.nan)

    priced = dataclasses.replace(made, unit_cost_musd=price)
    assert cost_musd(priced, made.status) == (40.0, 4)
