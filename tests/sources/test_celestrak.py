"""Downloads by group from a local server: the cache, politeness, and answers that are not data."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sdn_mc import cli
from sdn_mc.core.problems import InputError
from sdn_mc.sources import download_elements, read_input

HOUR_S = 3600.0
NOW_S = 1_800_000_000.0
RECORD = {
    "OBJECT_NAME": "STARLINK-1008",
    "OBJECT_ID": "2019-074B",
    "EPOCH": "2026-08-21T15:51:23.829408",
    "MEAN_MOTION": 15.61080358,
    "ECCENTRICITY": 0.000525,
    "INCLINATION": 53.1479,
    "RA_OF_ASC_NODE": 112.7563,
    "ARG_OF_PERICENTER": 72.488,
    "MEAN_ANOMALY": 287.6707,
    "EPHEMERIS_TYPE": 0,
    "CLASSIFICATION_TYPE": "U",
    "NORAD_CAT_ID": 44714,
    "ELEMENT_SET_NO": 999,
    "REV_AT_EPOCH": 37440,
    "BSTAR": 0.00092669,
    "MEAN_MOTION_DOT": 0.00079812,
    "MEAN_MOTION_DDOT": 0,
}
GOOD = json.dumps([RECORD]).encode()


class Server:
    """A stand-in for CelesTrak: answers with `status` and `body`, and remembers what was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.promised = 200, GOOD, None
        self.breaks = False  # in the middle of the body, as when a node or a cable fails
        self.asked: list[tuple[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, self.headers["User-Agent"]))
                self.send_response(server.status)
                self.send_header("Content-Length", str(server.promised or len(server.body)))
                self.end_headers()
                self.wfile.write(server.body[: len(server.body) // (1 + server.breaks)])

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/NORAD/elements/gp.php"


@pytest.fixture
def server() -> Iterator[Server]:
    stand_in = Server()
    thread = threading.Thread(target=stand_in.http.serve_forever, args=(0.01,))
    thread.start()
    yield stand_in
    stand_in.http.shutdown()
    stand_in.http.server_close()
    thread.join()


@pytest.fixture
def ask(server, tmp_path):
    """Ask for the group at a number of hours after the first time."""

    def asker(hours: float = 0.0, group: str = "starlink", **options):
        return download_elements(
            group,
            cache_dir=tmp_path / "cache",
            base_url=server.url,
            now=NOW_S + hours * HOUR_S,
            **options,
        )

    return asker


def test_a_group_is_asked_for_once_by_name_and_read(server, ask):
    records = ask()
    assert records.catalogue.name == ("STARLINK-1008",)
    assert records.origin == "CelesTrak group starlink"
    assert "credit: element sets: US Space Force catalogue via CelesTrak" in records.notes
    path, agent = server.asked[0]
    assert path == "/NORAD/elements/gp.php?GROUP=starlink&FORMAT=json"
    assert agent.startswith("sdn_mc")


def test_a_young_copy_is_used_without_asking(server, ask, tmp_path):
    first = ask()
    again = ask(1.9, max_age_h=0.0)  # two hours are the least, whatever is wanted
    ask(23.0)
    assert len(server.asked) == 1
    assert again.elements.epoch_fraction.tolist() == first.elements.epoch_fraction.tolist()
    assert "a copy 1.9 h old was used" in again.notes[0]
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["starlink.json"]


def test_an_old_copy_is_renewed(server, ask):
    ask()
    server.body = json.dumps([RECORD | {"OBJECT_NAME": "NEW"}]).encode()
    assert ask(25.0).catalogue.name == ("NEW",)
    assert ask(3.0 + 25.0, max_age_h=2.0).catalogue.name == ("NEW",)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "status, body, promised, part",
    [
        (403, b"GP data has not updated since your last download", None, "403 'GP data has not"),
        (404, b"", None, "404"),
        (500, b"<html>oh</html>", None, "500"),
        (200, b"Invalid query: GROUP=x", None, "'Invalid query"),
        (200, b"No GP data found", None, "'No GP data found'"),
        (200, b"<!DOCTYPE html><html>", None, "DOCTYPE"),
        (200, b"", None, "nothing"),
        (200, b"[]", None, "no usable element sets"),
        (200, GOOD[:200], None, "cut off after 200 bytes"),
        (200, GOOD[:200], len(GOOD), "cut off after 200"),
        (200, json.dumps([RECORD | {"ECCENTRICITY": 2}]).encode(), None, "eccentricity is 2"),
    ],
)
def test_an_answer_that_is_not_data_leaves_the_copy_and_is_told(
    status, body, promised, part, server, ask, tmp_path
):
    ask()
    copy = tmp_path / "cache" / "starlink.json"
    before = copy.read_bytes(), copy.stat().st_mtime
    server.status, server.body, server.promised = status, body, promised
    records = ask(30.0)
    assert records.catalogue.name == ("STARLINK-1008",)
    assert "a copy 30.0 h old was used; a new one could not be had" in records.notes[0]
    assert part in records.notes[0]
    assert (copy.read_bytes(), copy.stat().st_mtime) == before
    with pytest.raises(InputError, match=r"CelesTrak group oneweb: .*by hand"):
        ask(30.0, group="oneweb")


def test_a_connection_that_breaks_leaves_the_copy_and_may_be_tried_again(server, ask, tmp_path):
    ask()
    server.breaks = True
    assert f"the answer was cut off after {len(GOOD) // 2} of" in ask(30.0).notes[0]
    with pytest.raises(InputError, match="check the name and the network"):
        ask(30.0, group="oneweb")
    server.breaks = False
    assert len(ask(30.1, group="oneweb").elements) == 1, "no refusal is remembered"
    names = sorted(file.name for file in (tmp_path / "cache").iterdir())
    assert names == ["oneweb.json", "starlink.json"]


def test_a_run_whose_download_is_interrupted_is_one_message_and_leaves_nothing(
    server, tmp_path, monkeypatch, capfd
):
    server.promised = len(GOOD) + 1
    monkeypatch.setenv("SDN_MC_CELESTRAK_URL", server.url)
    monkeypatch.setenv("SDN_MC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sdn-mc"])
    with pytest.raises(SystemExit) as end:
        cli.main(["run", "constellation=celestrak", "constellation.group=oneweb", "columns=null"])
    told = capfd.readouterr().err
    assert end.value.code == 2 and told.count("\n") == 1
    assert f"the answer was cut off after {len(GOOD)} of {len(GOOD) + 1} bytes" in told
    assert "constellation.path=FILE" in told and not list(tmp_path.rglob("*"))


def test_a_refused_group_is_not_asked_for_again_for_two_hours(server, ask):
    server.status, server.body = 403, b"slow down"
    for hours in (0.0, 0.5, 1.9):
        with pytest.raises(InputError, match=r"refused|403"):
            ask(hours)
    assert len(server.asked) == 1
    server.status, server.body = 200, GOOD
    assert len(ask(2.1).elements) == 1
    assert len(server.asked) == 2


def test_without_a_network_the_copy_serves_and_without_a_copy_it_is_told(server, ask, tmp_path):
    ask()
    nowhere = {"cache_dir": tmp_path / "cache", "base_url": "http://127.0.0.1:9/gp.php"}
    records = download_elements("starlink", now=NOW_S + 30 * HOUR_S, **nowhere)
    assert "no answer from http://127.0.0.1:9" in records.notes[0]
    with pytest.raises(InputError, match="check the name and the network"):
        download_elements("oneweb", now=NOW_S, **nowhere)


@pytest.mark.parametrize("group", ["../starlink", "Starlink", "a b", "", "x&FORMAT=tle", "-x", "é"])
def test_odd_group_names_reach_neither_the_network_nor_the_disk(group, server, ask, tmp_path):
    with pytest.raises(InputError, match="small letters, digits"):
        ask(group=group)
    assert server.asked == []
    assert not (tmp_path / "cache").exists()


def test_only_web_addresses_are_asked(tmp_path):
    with pytest.raises(InputError, match="https://"):
        download_elements("starlink", cache_dir=tmp_path, base_url=f"file://{tmp_path}")


def test_the_environment_names_the_address_and_the_cache(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SDN_MC_CELESTRAK_URL", server.url)
    monkeypatch.setenv("SDN_MC_CACHE", str(tmp_path / "mine"))
    assert len(read_input("celestrak", "starlink").elements) == 1
    assert (tmp_path / "mine" / "elements" / "starlink.json").is_file()


def test_a_cache_that_cannot_be_written_is_told(server, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="SDN_MC_CACHE"):
        download_elements("starlink", cache_dir=tmp_path / "file", base_url=server.url)
    assert os.listdir(tmp_path) == ["file"]
