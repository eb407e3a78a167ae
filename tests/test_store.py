"""The store: what is written reads back through plain xarray, and survives being killed."""

import errno
import json
import multiprocessing
import random
import signal
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from sdn_mc.core.problems import InputError
from sdn_mc.store import (
    SCHEMA_VERSION,
    Store,
    Variable,
    check_space,
    create,
    differences,
    open_result,
    open_store,
    predicted_bytes,
)

SIZES = {"draw": 1000, "time": 5, "pair": 3, "flow": 3, "column": 2}
FLOWS = ["New York–London", "São Paulo–Tokyo", "Denver–Guam"]
STAMP = {"seed": 1, "config_hash": "abc", "code_version": "0.1.0"}
ATTRIBUTES = {
    "title": "A test",
    "citation": "None",
    "licence": "CC0-1.0",
    "seed": 1,
    "config": "{}",
    "assumptions": "[]",
    "versions": "{}",
    "device": "cpu",
    "stop_reason": "count",
}


def a_variable(path: str, dims: str, dtype: str, units: str = "1", **other) -> Variable:
    group, name = path.rsplit("/", 1)
    words = {"long_name": name.replace("_", " "), "meaning": f"What {name} means."} | other
    return Variable(group, name, tuple(dims.split()), dtype, units, **words)


CONSTANTS = {
    "/scene/start": np.array("2027-01-01T00:00:00", "datetime64[s]"),
    "/scene/time_s": np.arange(5.0) * 900,
    "/scene/is_ground": np.array([True, False, True]),
    "/paths/source": np.array(["New York", "São Paulo", "Denver"]),
    "/paths/destination": np.array(["London", "Tokyo", "Guam"]),
    "/paths/column": np.array(["healthy", "attacked"]),
    "/metrics/flow": np.array(FLOWS),
    "/metrics/column": np.array(["healthy", "attacked"]),
}
WHOLE = [
    a_variable("/scene/start", "", "datetime64[s]", "UTC"),
    a_variable("/scene/time_s", "time", "float64", "s"),
    a_variable("/scene/is_ground", "pair", "bool"),
    a_variable("/paths/source", "pair", "str", coordinate=True),
    a_variable("/paths/destination", "pair", "str", coordinate=True),
    a_variable("/paths/column", "column", "str"),
    a_variable("/metrics/flow", "flow", "str"),
    a_variable("/metrics/column", "column", "str"),
]
BY_DRAW = [
    a_variable("/draws/epoch", "draw", "int32"),
    a_variable("/paths/latency_s", "column draw time pair", "float32", "s"),
    a_variable("/metrics/availability", "column draw flow", "float32"),
]
SUMMARY = [a_variable("/summary/availability", "column flow", "float64")]


def block_values(store: Store, block: int) -> dict[str, np.ndarray]:
    """Values that depend on the block alone, a tenth of them inf."""
    count, values = store.block_draws(block), {}
    for variable in BY_DRAW:
        shape = tuple(256 if d == "draw" else SIZES[d] for d in variable.dims)
        generator = np.random.default_rng([block, zlib.crc32(variable.path.encode())])
        numbers = generator.random(shape)
        if variable.dtype == "int32":
            numbers = numbers * 1e6
        else:
            numbers[numbers < 0.1] = np.inf
        axis = variable.dims.index("draw")
        values[variable.path] = numbers.take(range(count), axis).astype(variable.dtype)
    return values


def make_store(folder: Path, n_draw: int = 1000, **other) -> Store:
    sizes = SIZES | {"draw": n_draw}
    return create(folder, WHOLE + BY_DRAW, sizes, CONSTANTS, ATTRIBUTES, **other)


def fill(store: Store, blocks=None) -> Store:
    for block in range(store.n_block) if blocks is None else blocks:
        store.write_block(block, block_values(store, block))
        store.commit(block, STAMP)
    return store


def resume(folder: Path) -> Store:
    store = open_store(folder)
    store.repair()
    return fill(store, sorted(set(range(store.n_block)) - store.done_blocks().keys()))


def summarise(store: Store, value: float) -> None:
    store.write_group("/summary", SUMMARY, {"/summary/availability": np.full((2, 3), value)})


def in_draw_order(store: Store, name: str) -> np.ndarray:
    axis = next(v for v in BY_DRAW if v.path == name).dims.index("draw")
    return np.concatenate([block_values(store, b)[name] for b in range(store.n_block)], axis)


# --- round trip ---


def test_plain_xarray_reads_back_every_value_with_inf_and_text_and_times(tmp_path):
    store = fill(make_store(tmp_path))
    summarise(store, 0.5)
    tree = xr.open_datatree(tmp_path / "result.zarr", engine="zarr", consolidated=False)
    latency_s = tree["/paths/latency_s"]
    assert latency_s.dims == ("column", "draw", "time", "pair")
    assert latency_s.dtype == np.float32
    assert np.isinf(latency_s.values).any()
    for variable in BY_DRAW:
        expected = in_draw_order(store, variable.path)
        assert tree[variable.path].values.tobytes() == expected.tobytes()
        assert store.read(variable.path).tobytes() == expected.tobytes()
    assert tree["/scene/start"].values == CONSTANTS["/scene/start"]
    assert store.read("/scene/start") == CONSTANTS["/scene/start"]
    assert tree["/scene/is_ground"].values.tolist() == [True, False, True]
    assert store.read("/metrics/flow").tolist() == FLOWS
    assert tree.attrs["seed"] == 1 and tree.attrs["schema_version"] == SCHEMA_VERSION
    assert (tree["/summary/availability"] == 0.5).all()


def test_source_and_destination_are_coordinates_and_names_select(tmp_path):
    tree = open_result(fill(make_store(tmp_path)).folder)
    latency_s = tree["/paths/latency_s"]
    assert latency_s.coords["source"].values.tolist() == ["New York", "São Paulo", "Denver"]
    assert latency_s.coords["destination"].dims == ("pair",)
    assert tree["/metrics/availability"].sel(flow=FLOWS[1], column="attacked").shape == (1000,)


def test_every_variable_and_group_says_what_it_is(tmp_path):
    store = make_store(tmp_path)
    summarise(store, 0.5)
    tree = open_result(tmp_path)
    for node in tree.subtree:
        assert node.path == "/" or node.attrs["meaning"]
        for name, variable in node.variables.items():
            # xarray moves the units of decoded times into `encoding`
            assert variable.attrs.get("units", variable.encoding.get("units")), name
            assert variable.attrs["long_name"] and variable.attrs["meaning"], name


@pytest.mark.parametrize("word", ["units", "long_name", "meaning"])
def test_a_variable_that_does_not_explain_itself_is_refused(tmp_path, word):
    bad = BY_DRAW[0]._replace(**{word: " "})
    with pytest.raises(ValueError, match=f"/draws/epoch: {word} is empty"):
        create(tmp_path / "run", [bad], SIZES, {}, ATTRIBUTES)
    assert not (tmp_path / "run").exists()


def test_a_result_without_licence_is_refused(tmp_path):
    attributes = {k: v for k, v in ATTRIBUTES.items() if k != "licence"}
    with pytest.raises(ValueError, match="licence"):
        create(tmp_path / "run", BY_DRAW, SIZES, {}, attributes)


def test_nan_is_refused_by_name(tmp_path):
    store = make_store(tmp_path)
    values = block_values(store, 0)
    values["/metrics/availability"][0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="/metrics/availability: NaN"):
        store.write_block(0, values)


def test_a_block_with_a_missing_variable_or_a_wrong_shape_is_refused(tmp_path):
    store = make_store(tmp_path)
    values = block_values(store, 3)
    assert values["/draws/epoch"].shape == (1000 - 3 * 256,)
    with pytest.raises(ValueError, match="but block 0 has 256 draws"):
        store.write_block(0, values)
    del values["/draws/epoch"]
    with pytest.raises(ValueError, match="/draws/epoch"):
        store.write_block(3, values)


def test_a_number_of_draws_below_one_block_is_stored_as_it_is(tmp_path):
    store = fill(make_store(tmp_path, n_draw=1))
    assert open_result(tmp_path)["/paths/latency_s"].shape == (2, 1, 5, 3)
    assert store.n_committed() == 1


def test_large_draws_are_cut_into_chunks_of_32_within_the_shard(tmp_path):
    wide = a_variable("/paths/latency_s", "draw time pair", "float32", "s")
    store = create(tmp_path, [wide], {"draw": 300, "time": 96, "pair": 12}, {}, ATTRIBUTES)
    values = np.arange(256 * 96 * 12, dtype=np.float32).reshape(256, 96, 12)
    store.write_block(0, {wide.path: values})
    array = store.arrays()[wide.path]
    assert (array.chunks, array.shards) == ((32, 96, 12), (256, 96, 12))
    assert store.read(wide.path, first_draws=256).tobytes() == values.tobytes()


# --- commit, resume, extend, shorten ---


def test_only_committed_blocks_count(tmp_path):
    store = make_store(tmp_path)
    fill(store, [0, 2])
    store.write_block(1, block_values(store, 1))
    assert list(store.done_blocks()) == [0, 2]
    stamp = store.done_blocks()[2]
    assert stamp.pop("crc32").keys() == {variable.path for variable in BY_DRAW}
    assert stamp == STAMP | {"n_draw": 256}
    assert store.n_committed() == 256
    store.commit(1, STAMP)
    assert open_store(tmp_path).n_committed() == 768
    with pytest.raises(ValueError, match="code_version"):
        store.commit(3, {"seed": 1, "config_hash": "abc"})


def test_an_extended_run_equals_a_longer_one_and_keeps_its_first_draws(tmp_path):
    short, long = fill(make_store(tmp_path / "a")), fill(make_store(tmp_path / "b", 1500))
    assert differences(short, long, first_draws=1000) == []
    assert set(differences(short, long)) == {v.path for v in BY_DRAW}
    short.extend(1500)
    assert sorted(short.done_blocks()) == [0, 1, 2], "the last block was a part"
    assert differences(resume(tmp_path / "a"), long) == []


def test_a_run_that_stops_early_equals_a_shorter_one(tmp_path):
    long, short = make_store(tmp_path / "a", 2000), fill(make_store(tmp_path / "b", 600))
    fill(long, range(3))
    long.shorten(600)
    assert differences(long, short) == []
    assert sorted(long.done_blocks()) == [0, 1, 2]
    long.extend(2000)
    assert differences(resume(tmp_path / "a"), fill(make_store(tmp_path / "c", 2000))) == []


@pytest.mark.parametrize("before, after", [(1000, 1500), (1500, 1000)])
def test_a_change_of_length_cut_short_is_mended_by_repair(tmp_path, monkeypatch, before, after):
    store = fill(make_store(tmp_path / "a", before))
    resized = []

    def resize_one_and_die(array, shape):
        if resized:
            raise KeyboardInterrupt
        resized.append(shape)
        original(array, shape)

    original = zarr.Array.resize
    with monkeypatch.context() as patch:
        patch.setattr(zarr.Array, "resize", resize_one_and_die)
        with pytest.raises(KeyboardInterrupt):
            store.extend(after) if after > before else store.shorten(after)
    with pytest.raises(InputError, match="sdn-mc resume"):
        open_result(tmp_path / "a")
    # A longer run goes back to what it was; a shorter one is finished.
    expected = fill(make_store(tmp_path / "b", min(before, after)))
    assert differences(resume(tmp_path / "a"), expected) == []


def test_a_group_that_keeps_the_first_draws_only_stays_so_when_extended(tmp_path):
    store = fill(make_store(tmp_path, draw_limit={"/paths": 300}))
    store.extend(1500)
    resume(tmp_path)
    tree = open_result(tmp_path)
    assert tree["/paths/latency_s"].shape == (2, 300, 5, 3)
    expected = in_draw_order(store, "/paths/latency_s")[:, :300]
    assert tree["/paths/latency_s"].values.tobytes() == expected.tobytes()
    assert tree["/metrics/availability"].sizes["draw"] == 1500


def test_the_summary_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    store = make_store(tmp_path)
    for value in (0.25, 0.75):
        summarise(store, value)
    store.set_attributes({"stop_reason": "half-width"})
    assert (open_result(tmp_path)["/summary/availability"] == 0.75).all()
    assert open_result(tmp_path).attrs["stop_reason"] == "half-width"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["result.zarr"]


def test_differences_sees_one_bit(tmp_path):
    a, b = fill(make_store(tmp_path / "a")), fill(make_store(tmp_path / "b"))
    assert differences(a, b) == []
    values = block_values(b, 1)
    values["/metrics/availability"][0, 7, 0] = np.nextafter(
        values["/metrics/availability"][0, 7, 0], np.float32(0)
    )
    b.write_block(1, values)
    assert differences(a, tmp_path / "b") == ["/metrics/availability"]
    summarise(a, 0.5)
    assert differences(a, b) == ["/metrics/availability", "/summary/availability"]


# --- killed, and several at once ---


def write_part(folder: Path, part: int, n_part: int) -> None:
    """What one of several processes does."""
    store = open_store(folder)
    fill(store, range(part, store.n_block, n_part))


def resume_and_extend(folder: Path, n_draw: int, ready) -> None:
    """What a resumed run does, growing by a block or so and rewriting its summary as it goes."""
    ready.set()
    while True:
        store = resume(folder)
        summarise(store, 0.5)
        if store.n_draw == n_draw:
            return
        store.extend(min(n_draw, store.n_draw + 300))


@pytest.fixture(scope="module")
def children():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sdn_mc.store"])
    return context


def check_committed(folder: Path) -> None:
    """Every committed block holds exactly its values."""
    store = open_store(folder)
    whole = {variable.path: store.read(variable.path) for variable in BY_DRAW}
    for block in store.done_blocks():
        for variable in BY_DRAW:
            expected = block_values(store, block)[variable.path]
            axis = variable.dims.index("draw")
            index = range(block * 256, block * 256 + expected.shape[axis])
            assert whole[variable.path].take(index, axis).tobytes() == expected.tobytes()


def kill_and_resume(folder: Path, children, n_kill: int, n_draw: int) -> int:
    """Kill a resuming process at random instants, look at what is left, then let it end."""
    make_store(folder / "killed", 1000)
    chance, n_killed = random.Random(n_kill), 0
    for _ in range(n_kill):
        ready = children.Event()
        child = children.Process(target=resume_and_extend, args=(folder / "killed", n_draw, ready))
        child.start()
        assert ready.wait(60)
        time.sleep(chance.uniform(0, 0.1))
        child.kill()
        child.join(60)
        n_killed += child.exitcode == -signal.SIGKILL
        check_committed(folder / "killed")
        try:
            open_result(folder / "killed").load()
        except InputError as error:  # killed while it was growing
            assert "sdn-mc resume" in str(error)
    resume_and_extend(folder / "killed", n_draw, children.Event())
    undisturbed = fill(make_store(folder / "undisturbed", n_draw))
    summarise(undisturbed, 0.5)
    assert differences(folder / "killed", undisturbed) == []
    return n_killed


def test_kill_at_ten_instants_loses_no_committed_block(tmp_path, children):
    assert kill_and_resume(tmp_path, children, 10, 8000) >= 5


@pytest.mark.slow
def test_kill_at_sixty_instants_loses_no_committed_block(tmp_path, children):
    assert kill_and_resume(tmp_path, children, 60, 40_000) >= 30


def test_two_processes_fill_one_store(tmp_path, children):
    make_store(tmp_path / "two", 3000)
    parts = [children.Process(target=write_part, args=(tmp_path / "two", i, 2)) for i in range(2)]
    for part in parts:
        part.start()
    for part in parts:
        part.join(60)
        assert part.exitcode == 0
    assert open_store(tmp_path / "two").n_committed() == 3000
    assert differences(tmp_path / "two", fill(make_store(tmp_path / "one", 3000))) == []


# --- bad input ---


def test_what_is_not_a_result_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        open_store(tmp_path / "absent")
    with pytest.raises(InputError, match="not a result"):
        open_store(tmp_path)
    with pytest.raises(InputError, match="not a result"):
        open_result(__file__)
    zarr.open_group(tmp_path / "result.zarr", mode="w", attributes={"other": 1})
    with pytest.raises(InputError, match="not a result"):
        open_store(tmp_path)
    (tmp_path / "result.zarr" / "zarr.json").write_bytes(b"\x00\xff")
    with pytest.raises(InputError, match="not a result"):
        open_store(tmp_path / "result.zarr")


def test_a_result_of_another_schema_is_refused(tmp_path):
    make_store(tmp_path).set_attributes({"schema_version": SCHEMA_VERSION + 1})
    with pytest.raises(InputError, match=f"version {SCHEMA_VERSION + 1} of the result schema"):
        open_store(tmp_path / "result.zarr")


def test_a_second_result_in_one_folder_is_refused(tmp_path):
    make_store(tmp_path)
    with pytest.raises(InputError, match="sdn-mc resume"):
        make_store(tmp_path)


def test_a_run_stopped_while_it_made_its_result_leaves_nothing_that_looks_like_one(tmp_path):
    (tmp_path / ".partial-result.zarr").mkdir()
    with pytest.raises(InputError, match="start it again"):
        open_store(tmp_path)
    make_store(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["result.zarr"]


def test_stamps_of_a_deleted_result_do_not_count_for_a_new_one(tmp_path):
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "000000.json").write_text(json.dumps(STAMP))
    assert make_store(tmp_path).done_blocks() == {}


def a_full_disk(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_one_message_and_commits_nothing(tmp_path, monkeypatch):
    store = fill(make_store(tmp_path / "a"), [0])
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", a_full_disk)
        with pytest.raises(InputError, match=r"disk is full.*store\.paths=none"):
            store.write_block(1, block_values(store, 1))
        with pytest.raises(InputError, match="disk is full"):
            store.commit(1, STAMP)
        with pytest.raises(InputError, match="disk is full"):
            summarise(store, 0.5)
        with pytest.raises(InputError, match="disk is full"):
            make_store(tmp_path / "b")
    assert list(store.done_blocks()) == [0]
    assert not list(tmp_path.rglob("*partial*"))
    assert differences(resume(tmp_path / "a"), fill(make_store(tmp_path / "b"))) == []


def test_a_result_that_will_not_fit_is_refused_before_it_is_made(tmp_path):
    check_space(tmp_path / "not" / "yet", 1000)
    with pytest.raises(InputError, match=r"needs up to 1e\+09 GB.*store\.paths=first_1000"):
        check_space(tmp_path / "not" / "yet", 10**18)


def test_predicted_size_counts_what_is_kept(tmp_path):
    assert predicted_bytes(BY_DRAW, SIZES) == 1000 * 4 * (1 + 2 * 5 * 3 + 2 * 3)
    kept = predicted_bytes(BY_DRAW, SIZES, {"/paths": 100})
    assert kept == 4 * (1000 * (1 + 2 * 3) + 100 * 2 * 5 * 3)
    store = fill(make_store(tmp_path))
    on_disk = sum(p.stat().st_size for p in store.path.rglob("c/**/*") if p.is_file())
    assert on_disk < predicted_bytes(WHOLE + BY_DRAW, SIZES)
