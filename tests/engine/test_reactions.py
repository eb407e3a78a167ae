"""Reactions: their order, their columns, the same bits in any block, and what a trace says."""

from typing import ClassVar

import equinox as eqx
import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.outage import Outage, Spans
from sdn_mc.core.problems import InputError
from sdn_mc.core.spans import in_order
from sdn_mc.engine import Column, laws, masking_kernel, masking_xla
from sdn_mc.engine.causes import sample
from sdn_mc.engine.chains import Chain
from sdn_mc.engine.reactions import after_reactions
from sdn_mc.runner import prepare
from sdn_mc.runner.trace import moment_of
from sdn_mc.runner.variables import column_words
from sdn_mc.threats import spares
from tests.engine.scenarios import FOUR_PLANES, GRID, MENDING, struck
from tests.small_run import SIX_INSTANTS, small_job, small_run

LOSSES = ("satellite_failure", "terminal_failure", "plane_outage")
STRONG = (
    *struck(LOSSES, "spares", "reacquisition"),
    # Replaced within hours, acquired within many minutes, so that instants see both.
    "threats.spares.replaces_after_h=1",
    "threats.spares.drift_d=0.05",
    "threats.spares.launch_delay_d=0.1",
    "threats.spares.checkout_d=0.02",
    "threats.reacquisition.acquisition_s=2000",
)
WITH = ",".join((*LOSSES, "spares", "reacquisition"))
COLUMNS = f"+columns={{without: [{','.join(LOSSES)}], replaced: [{','.join(LOSSES)},spares], " + (
    f"all: [{WITH}]}}"
)
N_DRAW = 64


def run_with(*overrides: str, times=SIX_INSTANTS):
    return small_run(*FOUR_PLANES, *GRID, *STRONG, *overrides, times=times)


def masks_of(run, columns=None, draws=range(N_DRAW)):
    """Link and access booleans [time, …, draw] of each column."""
    _, outages = engine.sample_draws(run, 0, np.array(draws, np.uint32))
    time_s = run.scenes[0].time_s
    found = engine.masks_at(run, 0, outages, columns or run.columns, time_s, len(draws))
    return [tuple(map(booleans, (masks.link_up, masks.access_up))) for masks in found]


def booleans(words) -> np.ndarray:
    """Draws last."""
    return unpack_draws(np.moveaxis(np.asarray(words), 1, -1))


def left_in(run, column: Column, draws=range(N_DRAW)) -> dict:
    """What each cause has down after all reactions."""
    _, outages = engine.sample_draws(run, 0, np.array(draws, np.uint32))
    scene, tables = run.scenes[0], run.tables[0]
    return after_reactions(run.system.threats, outages, column, scene, tables)


@pytest.fixture(scope="module")
def run():
    """Three columns: losses alone, with spares, and with acquisition too."""
    return run_with(COLUMNS)


def test_spares_help_and_acquisition_costs_links_but_no_access(run):
    (link, access), (link_b, access_b), (link_c, access_c) = masks_of(run)
    assert np.all(link <= link_b) and np.all(access <= access_b) and link.sum() < link_b.sum()
    assert np.all(link_c <= link_b) and link_c.sum() < link_b.sum()
    assert np.array_equal(access_c, access_b) and access.sum() < access_b.sum()


def test_reactions_run_in_their_own_order_whatever_the_configurations(run):
    backwards = Column("all", ("reacquisition", "spares", *LOSSES[::-1]))
    (given,), (turned,) = masks_of(run, run.columns[2:]), masks_of(run, (backwards,))
    assert all(np.array_equal(a, b) for a, b in zip(given, turned, strict=True))
    # Satellites acquire when their replacements arrive, which only the order brings about.
    left = left_in(run, run.columns[2])
    (without,) = (part for part in left_in(run, run.columns[0])["satellite_failure"])
    (lost,), acquired = left["satellite_failure"], left["reacquisition"][1]
    early = set(map(float, lost.end_s)) - set(map(float, without.end_s))
    assert len(early) > 100
    assert len(early & set(map(float, acquired.start_s))) > 0.9 * len(early)  # some are down yet


def test_a_reaction_leaves_other_columns_and_other_draws_alone(run):
    """The draws and the column without it are those of a run that has no reaction at all."""
    alone = small_run(*FOUR_PLANES, *GRID, *struck(LOSSES))
    draws = np.arange(N_DRAW, dtype=np.uint32)
    _, outages = engine.sample_draws(run, 0, draws)
    _, apart = engine.sample_draws(alone, 0, draws)
    for cause in LOSSES:
        (with_it,), (without,) = outages[cause], apart[cause]
        assert np.array_equal(with_it.start_s, without.start_s)
        assert np.array_equal(with_it.end_s, without.end_s)
    (plain,), (shared, *_) = masks_of(alone), masks_of(run)
    assert all(np.array_equal(a, b) for a, b in zip(plain, shared, strict=True))


@pytest.mark.parametrize("more", [(), MENDING, ("routing=lagged", "routing.lag_s=3000")])
def test_bits_are_the_same_in_blocks_of_32_and_256(more):
    run = run_with(COLUMNS, *more)
    whole = engine.run_block(run, 0, 256).series
    parts = [engine.run_block(run, first, 32).series for first in range(0, 256, 32)]
    for name, series in whole.items():
        joined = np.concatenate([part[name].latency_s for part in parts])
        assert np.array_equal(series.latency_s, joined)
    assert not np.array_equal(whole["all"].latency_s, whole["replaced"].latency_s)


@pytest.mark.parametrize("more", [(), MENDING])
def test_masks_made_on_a_device_have_the_same_bits(more):
    host, device = (
        run_with(COLUMNS, f"solver={name}", *more) for name in ("pull_push", "xla_int32")
    )
    for here, there in zip(masks_of(host), masks_of(device), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(here, there, strict=True))


def test_sweeping_the_numbers_of_a_reaction_compiles_nothing(monkeypatch):
    monkeypatch.setattr(masking_xla, "EDGES_AT_LEAST", 1 << 14)  # room for any of these numbers

    def compiled(*overrides: str) -> tuple[int, ...]:
        swept = run_with(COLUMNS, "solver=xla_int32", *overrides)
        engine.run_block(swept, 0, 32)
        kernels = laws._fill, masking_kernel.fill_edges, spares._go_through
        return (sample._cache_size(), masking_xla._words._cache_size(),
                *(len(kernel.signatures) for kernel in kernels))  # fmt: skip

    before = compiled()
    numbers = (
        "threats.spares.spares_per_plane=3", "threats.spares.launch_spares=0",
        "threats.spares.replaces_after_h=2", "threats.spares.sigma=1",
        "threats.reacquisition.acquisition_s=30", "threats.reacquisition.attempt_success=0.5",
    )  # fmt: skip
    assert compiled(*numbers) == before and all(count > 0 for count in before)


def test_laws_that_some_reaction_reads_keep_their_windows():
    """A law that changes often is a chain elsewhere; routine acquisitions need no other."""
    often = (
        "threats.satellite_failure.rate_per_year=50000",
        ("threats.satellite_failure.replacement_d=2e-3"),
    )
    causes = "threats=[satellite_failure,repointing,reacquisition]"
    columns = "+columns={plain: [satellite_failure], all: [satellite_failure,repointing%s]}"
    kinds = []
    for reaction in ("", ",reacquisition"):
        run = small_run(*FOUR_PLANES, *GRID, causes, *often, columns % reaction)
        _, outages = engine.sample_draws(run, 0, np.arange(32, dtype=np.uint32))
        kinds.append([type(outages[name][0]) for name in ("satellite_failure", "repointing")])
    assert kinds == [[Chain, Chain], [Spans, Chain]]


EPISODE = (
    "times=episode", "times.n_epoch=1", "times.before_h=0.1", "times.horizon_h=0.9",
    "times.step_s=5",
)  # fmt: skip


def test_in_an_episode_links_return_an_acquisition_after_the_fault():
    """All satellites are out for 20 minutes; each link is back once both of its lasers are."""
    run = small_run(
        *FOUR_PLANES, *GRID, "threats=[vendor_fault,reacquisition]",
        "threats.vendor_fault.repair_h=0.3333333", "threats.reacquisition.acquisition_s=40",
        times=EPISODE,
    )  # fmt: skip
    ((link, access),) = masks_of(run)
    scene, left = run.scenes[0], left_in(run, run.columns[0])
    links, until = scene.links, left["reacquisition"][1]
    assert len(until.entity) == 24 * links.n_terminal * N_DRAW
    back_s = np.empty((24 * links.n_terminal, N_DRAW))
    back_s[until.entity, until.draw] = until.end_s
    terminal = np.arange(24)[:, None] * links.n_terminal + links.terminal
    both_s = np.maximum(back_s[terminal], back_s[terminal[links.neighbour, links.peer]])
    (fault_s,) = set(left["vendor_fault"][0].end_s.tolist())
    onset_s = scene.onset_s
    at_s = scene.time_s[:, None, None, None]
    assert np.array_equal(link, (at_s < onset_s) | (at_s >= both_s))
    out = (scene.time_s >= onset_s) & (scene.time_s < fault_s)
    assert not access[out].any() and access[~out].all()


def lost(of: str, n_entity: int, *windows: tuple[int, float, float]) -> Spans:
    """The same windows in each of 32 draws."""
    entity, start_s, end_s = (np.repeat(each, 32) for each in np.array(windows, float).T)
    draw = np.tile(np.arange(32), len(windows))
    return in_order(entity.astype(int), draw, start_s, end_s, of, n_entity, 1)


def test_a_bypass_owns_its_re_pointing_and_reacquisition_what_was_out():
    """Satellite 8 is bridged 7,200 s after its loss; its own links wait for acquisition after it.

    Satellite 7, an end of the bypass along the plane, was out meanwhile: so is the bypass, until
    its laser has acquired.
    """
    run = small_run(
        *FOUR_PLANES, *GRID, *MENDING, "threats=[satellite_failure,reacquisition]",
        "threats.reacquisition.acquisition_s=100", "threats.reacquisition.sigma=0",
        times=("times.count=9", "times.n_epoch=1"),
    )  # fmt: skip
    _, outages = engine.sample_draws(run, 0, np.arange(32, dtype=np.uint32))
    outages["satellite_failure"] = (lost("sat", 24, (8, 1000, 20_000), (7, 9000, 9500)),)
    time_s = np.array(
        [8199.0, 8200.0, 9000.0, 9599.0, 9600.0, 19_999.0, 20_000.0, 20_099.0, 20_100]
    )
    (masks,) = engine.masks_at(run, 0, outages, run.columns, time_s, 32)
    link = booleans(masks.link_up)
    links = run.scenes[0].links
    past = (links.wakes_on[..., 0] == 8) & (links.wakes_on[..., 1:] < 0).all(-1)
    past |= (links.wakes_on[..., 1] == 8) & (links.wakes_on[..., 0] < 0)
    of_7 = (np.arange(24)[:, None] == 7) | (links.neighbour == 7)
    primary = np.arange(links.terminal.shape[1]) < links.n_terminal
    of_8 = ((np.arange(24)[:, None] == 8) | (links.neighbour == 8)) & primary
    for slots, expected in (
        (past & of_7, [0, 1, 0, 0, 1, 1, 0, 0, 0]),
        (past & ~of_7, [0, 1, 1, 1, 1, 1, 0, 0, 0]),
        (of_8 & ~of_7, [0, 0, 0, 0, 0, 0, 0, 0, 1]),
    ):
        assert slots.sum() >= 2
        flags = np.array(expected, bool)[:, None, None]
        assert np.array_equal(link[:, slots], np.broadcast_to(flags, link[:, slots].shape))


def test_nothing_reacts_to_what_is_up_and_tampers():
    """Satellites that alter messages until they are patched: neither replaced, nor acquiring."""
    run = small_run(
        *FOUR_PLANES, *GRID, "threats=[compromise,spares,reacquisition]", "metrics=[integrity]",
        "threats.compromise.does=tampers", "threats.compromise.rate_per_h=100",
        "threats.compromise.detection_h=4", "threats.compromise.repair_h=4",
        "threats.spares.replaces_after_h=0", "threats.spares.drift_d=0",
        "threats.spares.checkout_d=0", "threats.reacquisition.acquisition_s=20000",
        "+columns={without: [compromise], all: [compromise,spares,reacquisition]}",
    )  # fmt: skip
    without, every = engine.run_block(run, 0, 32).series.values()
    assert np.array_equal(without.latency_s, every.latency_s)
    assert np.array_equal(without.tampered, every.tampered) and 0.01 < every.tampered.mean() < 0.9


def test_a_trace_names_who_is_out_after_all_reactions(run):
    """By what it lists, and by nothing else, every link and candidate is up or down."""
    scene, n_acquiring = run.scenes[0], 0
    links, access = scene.links, scene.access
    for draw, time in ((0, 0), (5, 3), (40, 2), (63, 5)):
        moment = moment_of(run, run.columns[2], draw, time)
        sat = np.any(list(moment.lost.sat.values()), axis=0)
        terminal = np.any(list(moment.lost.terminal.values()), axis=0)
        out = sat[:, None] | terminal[np.arange(24)[:, None], links.terminal]
        up = ~(out | out[links.neighbour, links.peer])
        assert np.array_equal(moment.masks[0].link_up, up)
        assert np.array_equal(moment.masks[0].access_up, ~sat[access.sat[time]])
        n_acquiring += moment.lost.terminal["reacquisition"].sum()
        assert not moment.lost.sat["spares"].any()
    assert n_acquiring > 0


def test_a_table_tells_reactions_from_causes(run):
    words = column_words(run, 2)
    assert words["reactions"] == ["spares", "reacquisition"]
    assert words["text"] == f"process {', '.join(LOSSES)}; reaction spares, reacquisition"


class Misplaced(eqx.Module):
    """A reaction that does not say where it stands."""

    reacts: ClassVar[str] = "sometime"

    def sample(self, key, macros, scene, prepared) -> Outage:
        return Outage()

    def react(self, state, spans, scene, prepared):
        return spans


def test_a_reaction_outside_the_order_is_refused():
    job = small_job("threats=[satellite_failure]")
    job.parts["threats"]["odd"] = Misplaced()
    with pytest.raises(InputError, match=r"threats\.odd: it reacts as 'sometime'"):
        prepare(job)
