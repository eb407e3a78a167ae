"""A result in an object store holds the bits of one in a folder, and can be resumed and read."""

import random
import signal
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

import sdn_mc
from sdn_mc import cli, runner
from sdn_mc.config import share_of
from sdn_mc.core.problems import InputError
from sdn_mc.store import differences, has_result, open_result, open_store
from sdn_mc.store.objects import Prefix
from tests.runner.test_killed import LONGEST_S, child, command
from tests.runner.test_stopping import ENOUGH
from tests.runner_fleet import FLEET, QUIET, run_here
from tests.test_store import (
    ATTRIBUTES,
    BY_DRAW,
    CONSTANTS,
    SIZES,
    WHOLE,
    create,
    fill,
    make_store,
    resume,
    summarise,
)

pytest.importorskip("obstore", reason="object stores need the extra `cloud`")


@pytest.fixture(scope="module")
def server():
    """A server that speaks S3, in this process, with one bucket."""
    moto = pytest.importorskip("moto.server", reason="a local S3 server is in the extra `dev`")
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    url = f"http://{host}:{port}"
    signed = "AWS4-HMAC-SHA256 Credential=test/20270101/us-east-1/s3/aws4_request, Signature=x"
    asked = urllib.request.Request(f"{url}/bucket", method="PUT", headers={"Authorization": signed})
    urllib.request.urlopen(asked).close()
    yield url
    running.stop()


@pytest.fixture
def bucket(server, monkeypatch, request) -> str:
    """The URL of a prefix that is this test's own."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
    }.items():
        monkeypatch.setenv(name, value)
    return f"s3://bucket/{request.node.name}"


def make_at(url: str, n_draw: int = 1000):
    return create(url, WHOLE + BY_DRAW, SIZES | {"draw": n_draw}, CONSTANTS, ATTRIBUTES)


# --- the store ---


def test_a_store_of_objects_equals_one_of_files(tmp_path, bucket):
    there, here = fill(make_at(bucket)), fill(make_store(tmp_path))
    for value in (0.25, 0.5):
        summarise(there, value)
    summarise(here, 0.5)
    assert differences(there, here) == []
    assert there.attributes() == here.attributes()
    tree = open_result(f"{bucket}/result.zarr")
    assert tree["/paths/latency_s"].values.tobytes() == here.read("/paths/latency_s").tobytes()
    assert (tree["/summary/availability"] == 0.5).all()
    assert there.done_blocks() == here.done_blocks()


def test_a_store_of_objects_is_extended_shortened_and_resumed(tmp_path, bucket):
    there, here = fill(make_at(bucket), [1]), fill(make_store(tmp_path, 700))
    assert there.n_committed() == 0
    there.extend(1500)
    there.shorten(700)
    assert differences(resume(bucket), here) == []


def test_a_block_that_was_a_part_counts_for_no_more_than_it_was(bucket):
    store = fill(make_at(bucket, 300))
    left = store.place.read("done/000001.json")
    store.extend(700)
    store.place.replace("done/000001.json", left)  # by a process that began before the extension
    assert list(store.done_blocks()) == [0]


def test_a_second_result_at_one_url_is_refused_and_one_half_made_is_told(bucket):
    store = make_at(bucket)
    with pytest.raises(InputError, match="there is a result here already; continue it with"):
        make_at(bucket)
    store.place.replace("result.zarr/zarr.json", b'{"zarr_format": 3, "node_type": "group"}')
    for refused in (open_store, make_at):
        with pytest.raises(InputError, match="is making its result here, or was stopped while"):
            refused(bucket)


def test_a_summary_cut_short_is_not_seen(bucket, monkeypatch):
    def put_no_chunk(self, name, content):
        assert "/c/" not in name, "stopped here"
        original(self, name, content)

    store, original = make_at(bucket, 300), Prefix.replace
    summarise(store, 0.25)
    with monkeypatch.context() as patch:
        patch.setattr(Prefix, "replace", put_no_chunk)
        with pytest.raises(AssertionError, match="stopped here"):
            summarise(store, 0.5)
    assert "/summary" not in open_result(bucket).groups and not store.is_readable("/summary")


# --- a run ---


def test_a_run_in_an_object_store_goes_on_in_parts_and_equals_a_local_one(
    tmp_path, bucket, made, monkeypatch, capsys
):
    def stop(*_):
        raise KeyboardInterrupt

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("sdn_mc.runner.write_summary", stop)
        with pytest.raises(KeyboardInterrupt):
            run_here(folder, "draws=300", f"store.url={bucket}")
    assert has_result(folder) and not list(folder.glob("*.zarr"))
    assert open_store(folder).n_committed() == 300
    runner.resume(bucket, QUIET, 700, part=share_of("prepare"))
    for part in ("2/2", "1/2"):
        runner.resume(bucket, QUIET, part=share_of(part))
    assert differences(folder, made("draws=700")) == []
    for words in (["summary", bucket], ["trace", str(folder), "draw=5", "pair=0", "time=1"]):
        cli.main(words)
    told = capsys.readouterr().out
    assert "availability by flow" in told and "in the result:" in told
    assert np.isfinite(sdn_mc.open_result(bucket)["/summary/availability"].values).all()


@pytest.mark.slow
def test_a_run_in_an_object_store_ends_when_it_has_seen_enough(tmp_path, bucket, made):
    run_here(tmp_path / "run", *ENOUGH, f"store.url={bucket}")
    assert differences(bucket, made("draws=512")) == []
    said = open_store(bucket).attributes()
    assert (said["n_draw"], said["stop_reason"].partition(":")[0]) == (512, "half-width")


@pytest.mark.slow
def test_runs_into_an_object_store_killed_at_random_instants_resume_to_the_same_bits(
    tmp_path, bucket, made
):
    chance, n_killed = random.Random(5), 0
    for k in range(6):
        url, words = f"{bucket}/{k}", [*FLEET, "draws=1300", f"hydra.run.dir={k}"]
        process = child(command("run", *words, f"store.url={url}"), tmp_path)
        began = time.monotonic()
        while not (tmp_path / str(k) / "result.url").exists() and process.poll() is None:
            assert time.monotonic() - began < LONGEST_S
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 2))
        process.send_signal(signal.SIGKILL)
        _, told = process.communicate(timeout=LONGEST_S)
        assert process.returncode in (0, -signal.SIGKILL), told
        n_killed += process.returncode == -signal.SIGKILL
        runner.resume(tmp_path / str(k), QUIET)
        assert differences(url, made("draws=1300")) == []
    assert n_killed >= 3, "most were still running"


@pytest.mark.slow
def test_runs_are_compared_by_their_urls_and_by_the_folders_that_point_there(
    tmp_path, bucket, made
):
    run_here(tmp_path / "run", "draws=300", f"store.url={bucket}")
    other = made("draws=512", "threats.vendor_fault.repair_h=1.0")
    here = sdn_mc.compare(made("draws=300"), other)
    for place in (bucket, tmp_path / "run"):
        assert sdn_mc.compare(place, other).drop_attrs().equals(here.drop_attrs())
    assert np.all(sdn_mc.compare(bucket, bucket)["difference"] == 0)


# --- what cannot be used ---


def refused(url: str, tmp_path: Path, capfd) -> str:
    """What a run into `url` is told, in one line."""
    words = ["run", "draws=8", f"hydra.run.dir={tmp_path / 'run'}", f"store.url={url}"]
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    told = capfd.readouterr().err
    assert end.value.code == 2 and told.count("\n") == 1
    assert not (tmp_path / "run").exists()
    return told


def test_a_bucket_that_is_not_there_is_told_before_anything_is_built(bucket, tmp_path, capfd):
    assert "there is no such bucket" in refused("s3://absent/x", tmp_path, capfd)


def test_a_server_that_cannot_be_reached_is_told_soon(bucket, tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    began = time.monotonic()
    told = refused(bucket, tmp_path, capfd)
    assert "cannot be reached; check the network, AWS_REGION and AWS_ENDPOINT_URL" in told
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "said, told",
    [
        ("PUT returned 403 Forbidden: AccessDenied", "do not give the right to this; check AWS_"),
        ("PUT http://169.254.169.254/latest/api/token failed", "no credentials are set; set AWS_"),
        (
            "Generic S3 error: full\n\nDebug source: …",
            "s3://bucket/x: Generic S3 error: full",
        ),
    ],
)
def test_what_a_server_refuses_is_one_line_that_says_what_to_check(said, told):
    import obstore

    with pytest.raises(InputError, match=told) as refused, Prefix("s3://bucket/x").explained():
        raise obstore.exceptions.GenericError(said)
    assert str(refused.value).count("\n") == 0


def test_an_object_store_without_the_library_for_it_is_told(tmp_path, capfd, monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    assert "pip install 'sdn-mc[cloud]'" in refused("s3://bucket/x", tmp_path, capfd)


def test_a_url_of_another_kind_is_told(tmp_path, capfd):
    assert "'ftp://host/x' given; write s3://BUCKET/PREFIX" in refused(
        "ftp://host/x", tmp_path, capfd
    )


def test_a_url_without_a_result_is_told(bucket, capfd):
    for command_ in ("summary", "resume"):
        with pytest.raises(SystemExit):
            cli.main([command_, f"{bucket}/nothing"])
        assert "there is no result of sdn-mc here" in capfd.readouterr().err
