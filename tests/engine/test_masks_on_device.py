"""Mask words made on JAX's device against those of compiled code on the host, bit for bit."""

from collections.abc import Mapping

import jax
import numpy as np
import pytest

from sdn_mc.core.constants import S_PER_DAY
from sdn_mc.core.outage import Cuts
from sdn_mc.engine import Column, Prepared, masking_xla
from sdn_mc.engine.causes import spans_of_windows
from sdn_mc.engine.chains import Chain, chain_of
from sdn_mc.engine.laws import Law, spans_of
from sdn_mc.engine.masking import mask_words
from sdn_mc.engine.masking_xla import mask_words_on_device
from tests.engine.scenarios import MENDING, often

N_DRAW = 96
KINDS = ("sat", "terminal", "site", "software", "plane", "pair:plane", "link")
COLUMNS = (
    Column("everything", ("windows", "laws", "chains", "cuts")),
    Column("one", ("windows",)),
    Column("fast", ("chains", "cuts")),
    Column("nothing", ()),
)
# Standby links, and sites on their best satellite; any satellite; neighbours that change with time.
MESHES = {
    "mending": (*MENDING, "access=best_elevation"),
    "fixed": (),
    "nearest": ("topology=nearest",),
}


@pytest.fixture(scope="module", params=MESHES)
def run(request) -> Prepared:
    """A small run with one of the meshes."""
    return often(*MESHES[request.param], **({"grid": ()} if request.param == "nearest" else {}))


def random_outages(run: Prepared, seed: int) -> Mapping:
    """Windows that overlap, begin and end at instants or last for ever; laws, chains and cuts."""
    rng, n_entity = np.random.default_rng(seed), dict(run.spec.n_entity)
    wiring, time_s = run.wirings[0], run.scenes[0].time_s.astype(np.float32)

    def windows(of: str):
        shape = n_entity[of], 4, N_DRAW
        start_s = rng.uniform(-0.2, 1, shape).astype(np.float32) * np.float32(S_PER_DAY)
        start_s[:, 0] = rng.choice(time_s, (n_entity[of], N_DRAW))
        end_s = start_s + rng.exponential(2e4, shape).astype(np.float32)
        end_s[:, 1] = rng.choice([*time_s, np.inf], (n_entity[of], N_DRAW))
        start_s[rng.random(shape) < 0.9] = np.inf
        return spans_of_windows(start_s, end_s, of)

    def law(of: str, events_a_day: float, repair_s: float) -> Law:
        key = rng.integers(0, 1 << 32, (2, N_DRAW), np.uint32)
        rate_per_s, repairs_s = (
            np.full((1, N_DRAW), events_a_day / S_PER_DAY),
            np.full((1, N_DRAW), repair_s),
        )
        return Law(key, rate_per_s, repairs_s, of, n_entity[of])

    chains = [chain_of(law(of, 100.0, 100.0), S_PER_DAY) for of in KINDS]
    assert all(isinstance(chain, Chain) for chain in chains)
    begin_s = rng.uniform(0, S_PER_DAY, N_DRAW).astype(np.float32)
    for k in (1, 3):
        chains[k] = chains[k]._replace(begin_s=begin_s, end_s=begin_s + np.float32(3e4))
    return {
        "windows": tuple(windows(of) for of in KINDS),
        "laws": tuple(spans_of(law(of, 0.3, 2e4), -3600.0, S_PER_DAY) for of in KINDS),
        "chains": (
            *chains[:2],
            Cuts(rng.random(wiring.slots.own_terminal.shape) < 0.02),
            *chains[2:],
        ),
        "cuts": (Cuts(rng.random(wiring.slots.own_terminal.shape) < 0.05),),
    }


def check(run: Prepared, outages: Mapping, columns=COLUMNS, lag_s: float = 0.0, n_draw=N_DRAW):
    """The same words, and not only zeros and ones."""
    scene = run.scenes[0]
    time_s = (scene.time_s - lag_s).astype(np.float32)
    asked = outages, run.wirings[0], scene.fleet.group, time_s, scene.links.retarget_s, columns
    host, device = (words(*asked, n_draw // 32) for words in (mask_words, mask_words_on_device))
    for one, other in zip(host, device, strict=True):
        assert isinstance(other.link_up, jax.Array)
        assert np.array_equal(one.link_up, other.link_up)
        assert np.array_equal(one.access_up, other.access_up)
        assert one.link_up.dtype == other.link_up.dtype == np.uint32
    return host


@pytest.mark.parametrize("lag_s", [0.0, 3600.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_device_makes_the_words_of_the_host(run, seed, lag_s):
    masks = check(run, random_outages(run, seed), lag_s=lag_s)
    up = [np.bitwise_count(each.link_up).mean() / 32 for each in masks]
    assert 0 < up[0] < up[1] < up[3] and up[0] < up[2] < up[3]


@pytest.mark.parametrize("n_at_once", [1, 2, 4, 5])
def test_times_in_chunks_make_the_same_words(run, n_at_once, monkeypatch):
    """Of six; where they do not divide six, the last chunk begins inside the one before."""
    usual = masking_xla._layout

    def in_chunks(*asked):
        return usual(*asked)._replace(n_at_once=n_at_once)

    monkeypatch.setattr(masking_xla, "_layout", in_chunks)
    check(run, random_outages(run, 7))


def test_little_memory_means_few_times_at_once(run, monkeypatch):
    outages, wiring, group = random_outages(run, 8), run.wirings[0], run.scenes[0].fleet.group
    parts = masking_xla.parts_of(outages, wiring, group, COLUMNS, 3)
    found = []
    for chunk_bytes in (1 << 28, 1 << 18, 1 << 10):
        monkeypatch.setattr(masking_xla, "CHUNK_BYTES", chunk_bytes)
        found.append(masking_xla._layout(parts, wiring, 3).n_at_once)
    assert found[0] == 6 > found[1] > found[2] == 1


def test_without_any_cause_all_is_up(run):
    for masks in check(run, {}, (Column("a", ()), Column("b", ())), n_draw=32):
        assert np.all(masks.access_up[..., 0] == np.uint32(0xFFFFFFFF))


def test_causes_that_take_nothing_leave_everything_up(run):
    outages = {"none": (spans_of_windows(*np.full((2, 24, 1, 32), np.inf, np.float32), "sat"),)}
    check(run, outages, (Column("none", ("none",)),), n_draw=32)
