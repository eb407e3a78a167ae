"""Cyber compromise that spreads over the mesh: what it does to traffic, from infection to clean-up.

Model: an SIR process on the graph of links that the healthy mesh has. At the onset one satellite,
or one group's ground system, is taken. From there a compromised satellite i infects a neighbour j
after an exponential time of rate

    lambda_ij = rate * c_ij * s(group of j) * (1 inside a software group, chi across groups),

with c_ij the share of the epoch's instants at which the two are linked and s the susceptibility of
a group; a ground system infects its own satellites at ground_rate * s. A compromised satellite
drops all traffic (it counts as lost), or forwards it late or altered, which no route avoids, until
it is isolated or clean; a clean one stays immune. Two responses:

    patch: the first detection anywhere is the alarm (each compromised satellite is detected after
    an exponential time); every software group is then patched as one, after an exponential time of
    its own, compromised or not, and is clean and immune from that moment;

    quarantine: each satellite is isolated when it is detected, which ends its spreading, and is
    back, clean, after an exponential time.

Times come from first-passage percolation: with E_ij an exponential time at rate lambda_ij, T_j =
min over neighbours i of T_i + E_ij, links unusable once i is isolated or i or j is patched (E_ij
and E_ji share one number, as only the one infected first uses the link). That has exactly the law
of the process (Hammersley & Welsh 1965 for growth; Kuulasmaa 1982 and Kenah & Robins, Phys.
Rev. E 76, 036113, 2007, for recovery). Float32 minima and sums along paths: the same in any batch.

Sources: the cause, from a management plane to all terminals at once, is KA-SAT's of 2022-02-24
(Viasat, KA-SAT Network cyber attack overview, 2022), stabilised in hours to days. No rate of
spreading between satellites is public: rates, chi, detection and repair are assumptions to sweep.
Limits: contacts count by their share of time, not by when they are; standby links carry nothing;
the alarm is one for the whole fleet; a message is delayed once, however many it passes.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Int32, Key

from sdn_mc.core.constants import DRAWS_PER_WORD, S_PER_H
from sdn_mc.core.distributions import Bernoulli, Choice, Distribution
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.outage import DELAYS, LOSES, TAMPERS, Outage, windows
from sdn_mc.core.scene import Links, Scene
from sdn_mc.threats.group_fault import GIVEN, missing_groups

SATELLITE = "satellite"
LEAST_WIDTH = 4


class Contacts(NamedTuple):
    """Whom each satellite is linked to at some time of the epoch, and for what share of it."""

    neighbour: Int32[np.ndarray, "sat contact"]  # the satellite itself where padded
    share: Float32[np.ndarray, "sat contact"]  # 0 where padded
    link: Int32[np.ndarray, "sat contact"]  # number of the pair, the same at both ends


class Compromise(eqx.Module):
    """A foothold at the onset, spreading over the links of the mesh until it is answered."""

    label: str = field(doc="Grouping inside which it spreads best: software, …", static=True)
    foothold: str = field(
        doc="What is taken first: `satellite`, one at random; or a label (ground_system, …), one "
        "group of which is drawn, whose ground system then infects its satellites.",
        static=True,
    )
    probability: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that the foothold is taken, given the event."
    )
    does: str = field(
        doc="What a compromised satellite does with messages.", choices=(LOSES, DELAYS, TAMPERS)
    )
    delay_s: Scalar = field(
        unit="s", within=(0, 86_400), doc="Time a message is held, if it delays.", assumed=True
    )
    rate_per_h: Scalar = field(
        unit="1/h", within=(0, 1e9), doc="Rate over a lasting link in a group.", assumed=True
    )
    chi: Scalar = field(
        unit="1", within=(0, 1), doc="Factor on the rate between two groups.", assumed=True
    )
    susceptibility: Mapping[str, float | Float[Array, ""]] = field(
        within=(0, 1e6), doc="Factor on the rate into a group, by its name; others have 1."
    )
    ground_rate_per_h: Scalar = field(
        unit="1/h", within=(0, 1e9), doc="Rate from a ground system to a satellite.", assumed=True
    )
    detection_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Mean time from infection to detection.", assumed=True
    )
    response: str = field(
        doc="What is done on detection: groups are patched, or satellites isolated.",
        choices=("patch", "quarantine"),
    )
    repair_h: Scalar = field(
        unit="h",
        within=(0, 87_660),
        doc="Mean time from the alarm to a group's patch, or from isolation to the return.",
        assumed=True,
    )
    onset_s: Scalar | None = field(
        unit="s", within=(0, 2_592_000), doc="Onset in the scene; null: as in group_fault."
    )
    event: str = eqx.field(static=True, default=GIVEN)

    def misfits(self, fleet: Fleet) -> list[str]:
        """Labels and groups that the fleet does not have."""
        found = missing_groups(fleet, self.label, tuple(self.susceptibility))
        return found + (
            [] if self.foothold == SATELLITE else missing_groups(fleet, self.foothold, None)
        )

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """Whether and where the foothold is."""
        fleet = scene.fleet
        count = fleet.n_sat if self.foothold == SATELLITE else fleet.n_group(self.foothold)
        return {"taken": Bernoulli(self.probability), "foothold": Choice(count)}

    def prepare(self, scene: Scene) -> Contacts:
        """Contacts of the epoch."""
        assert scene.links is not None
        return contacts_of(scene.links)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """One window for each satellite that is reached, and one while it is isolated."""
        fleet, onset_s = scene.fleet, macros["onset_s"]
        group, n_group = fleet.group[self.label], fleet.n_group(self.label)
        keys = jax.random.split(key, 4)
        susceptible = self._susceptible(scene)[group]
        across = jnp.where(group[:, None] == group[prepared.neighbour], 1.0, self.chi)
        rate_per_h = self.rate_per_h * prepared.share * across * susceptible[:, None]
        is_patch = self.response == "patch"
        reached_s, acts_until_s, clean_s = (_until_patched if is_patch else _until_isolated)(
            (prepared.neighbour, prepared.link, jnp.asarray(group)),
            self._start_s(keys[0], macros, scene, susceptible),
            _unit(keys[1], (prepared.neighbour.size // 2,)),
            rate_per_h / S_PER_H,
            _unit(keys[2], (fleet.n_sat,)) * (self.detection_h * S_PER_H),
            _unit(keys[3], (n_group if is_patch else fleet.n_sat,)) * (self.repair_h * S_PER_H),
            jnp.float32(scene.window_s - onset_s),
        )
        when = jnp.isfinite(reached_s)
        reached_s, acts_until_s, clean_s = (
            onset_s + each for each in (reached_s, acts_until_s, clean_s)
        )
        if self.does == LOSES:
            return windows(reached_s, clean_s, of="sat", when=when)
        held_s = self.delay_s if self.does == DELAYS else None
        acts = windows(reached_s, acts_until_s, "sat", when, self.does, held_s)
        return acts if is_patch else acts + windows(acts_until_s, clean_s, of="sat", when=when)

    def _susceptible(self, scene: Scene) -> Float[Array, " group"]:
        names = scene.fleet.group_names[self.label]
        return jnp.stack([jnp.float32(self.susceptibility.get(name, 1.0)) for name in names])

    def _start_s(
        self,
        key: Key[Array, ""],
        macros: Mapping[str, Any],
        scene: Scene,
        susceptible: Float[Array, " sat"],
    ) -> Float[Array, " sat"]:
        """When each satellite is infected by the foothold itself, after the onset; inf: never."""
        if self.foothold == SATELLITE:
            held = jnp.arange(scene.fleet.n_sat, dtype=jnp.int32) == macros["foothold"]
            at_s = jnp.float32(0.0)
        else:
            held = jnp.asarray(scene.fleet.group[self.foothold]) == macros["foothold"]
            at_s = _over(_unit(key, held.shape), self.ground_rate_per_h / S_PER_H * susceptible)
        return jnp.where(held & macros["taken"], at_s, jnp.inf)


def contacts_of(links: Links) -> Contacts:
    """Pairs that a link of the healthy mesh joins; the width is a power of two."""
    n_sat, _ = links.terminal.shape
    there = np.isfinite(links.delay_s[:, :, : links.n_terminal])
    neighbour = links.neighbour[..., : links.n_terminal]
    code = np.arange(n_sat)[:, None] * n_sat + np.broadcast_to(neighbour, there.shape)
    pair, count = np.unique(code[there], return_counts=True)
    sat, other = np.divmod(pair, n_sat)
    place = np.arange(len(sat)) - np.searchsorted(sat, sat)
    most = int(place.max(initial=0)) + 1
    width = max(LEAST_WIDTH, 1 << (most - 1).bit_length())
    found = Contacts(
        neighbour=np.repeat(np.arange(n_sat, dtype=np.int32)[:, None], width, axis=1),
        share=np.zeros((n_sat, width), np.float32),
        link=np.zeros((n_sat, width), np.int32),
    )
    found.neighbour[sat, place] = other
    found.share[sat, place] = count / len(there)
    low, high = np.minimum(sat, other), np.maximum(sat, other)
    found.link[sat, place] = np.unique(low * n_sat + high, return_inverse=True)[1]
    return found


def by_rows(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one draw from one that is written with draws trailing.

    Contacts, its first argument, are common to all draws. Draws of a word go together, a row of
    them for each satellite: gathered five times as fast as single numbers, and it all fits a cache.
    """

    @jax.custom_batching.custom_vmap
    def one_draw(contacts, *values):
        found = function(contacts, *(value[..., None] for value in values))
        return jax.tree.map(lambda each: each[..., 0], found)

    @one_draw.def_vmap
    def of_draws(axis_size, in_batched, contacts, *values):
        width = DRAWS_PER_WORD if axis_size % DRAWS_PER_WORD == 0 else axis_size

        def of_word(first):
            def trailing(value, is_batched):
                if not is_batched:
                    return value[..., None]
                some = jax.lax.dynamic_slice_in_dim(value, first, width)
                return jnp.moveaxis(some, 0, -1)

            found = function(contacts, *map(trailing, values, in_batched[1:]))
            return jax.tree.map(lambda each: jnp.moveaxis(each, -1, 0), found)

        found = jax.lax.map(of_word, jnp.arange(0, axis_size, width, dtype=jnp.int32))
        join = partial(jax.lax.collapse, start_dimension=0, stop_dimension=2)
        return jax.tree.map(join, found), jax.tree.map(lambda _: True, found)

    return one_draw


@by_rows
def _until_patched(contacts, start_s, unit, rate_per_s, detected_s, repaired_s, end_s):
    """When each satellite is infected, and when its group is patched (twice), after the onset.

    The alarm, and all before the first patch, does not depend on patches: found first.
    """
    neighbour, link, group = contacts
    delay_s = _over(unit[link], rate_per_s)
    first_s, repaired_s = jnp.min(repaired_s, axis=0), repaired_s[group]

    def patch_s(time_s):
        return jnp.min(time_s + detected_s, axis=0) + first_s

    def before_patches(time_s, contact):
        return jnp.minimum(patch_s(time_s), end_s)

    free_s = _least_s(start_s, delay_s, neighbour, before_patches)
    clean_s = jnp.min(free_s + detected_s, axis=0) + repaired_s
    until_s = jnp.minimum(clean_s, end_s)

    def before_patch_of_either(time_s, contact):
        return jnp.minimum(until_s, until_s[neighbour[:, contact]])

    allowed_s = jnp.where(start_s < clean_s, start_s, jnp.inf)
    begin_s = jnp.where(free_s < patch_s(free_s), free_s, allowed_s)
    return _least_s(begin_s, delay_s, neighbour, before_patch_of_either), clean_s, clean_s


@by_rows
def _until_isolated(contacts, start_s, unit, rate_per_s, detected_s, repaired_s, end_s):
    """When each satellite is infected, if it spreads until isolated; when that is, and ends."""
    neighbour, link, _ = contacts
    delay_s = _over(unit[link], rate_per_s)
    delay_s = jnp.where(delay_s < detected_s[neighbour], delay_s, jnp.inf)
    reached_s = _least_s(start_s, delay_s, neighbour, lambda time_s, contact: end_s)
    isolated_s = reached_s + detected_s
    return reached_s, isolated_s, isolated_s + repaired_s


def _least_s(begin_s, delay_s, neighbour, until_s):
    """Least time to each satellite [sat, draw] over links used before `until_s(times, contact)`."""

    def step(carried):
        time_s, _ = carried
        least_s = time_s
        for contact in range(neighbour.shape[1]):
            through_s = time_s[neighbour[:, contact]] + delay_s[:, contact]
            in_time = through_s < until_s(time_s, contact)
            least_s = jnp.minimum(least_s, jnp.where(in_time, through_s, jnp.inf))
        return least_s, jnp.any(least_s < time_s)

    shape = jnp.broadcast_shapes(begin_s.shape, delay_s[:, 0].shape)
    begin = jnp.broadcast_to(begin_s, shape), jnp.bool_(True)
    return jax.lax.while_loop(lambda carried: carried[1], step, begin)[0]


def _unit(key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "..."]:
    """Exponential with mean 1."""
    return jax.random.exponential(key, shape, dtype=jnp.float32)


def _over(unit: Float[Array, "..."], rate_per_s: Float[Array, "..."]) -> Float[Array, "..."]:
    """Time at a rate; inf where that is 0."""
    return jnp.where(rate_per_s > 0, unit / jnp.where(rate_per_s > 0, rate_per_s, 1.0), jnp.inf)
