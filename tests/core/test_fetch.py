"""Downloads against a real HTTP server on this machine: resume, checksum, refusals."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ancrage.errors import InputError, MissingDataError
from ancrage.language import Text
from ancrage.opendata.fetch import Address, choose_address, fetch_file, read_catalogue

CONTENT = bytes(range(256)) * 4096  # 1 MiB


@dataclass
class Site:
    """What the server has and how it behaves."""

    content: bytes = CONTENT
    tag: str = '"v1"'
    ranges: bool = True
    cut_after: int | None = None
    status: int = 200
    asked: list[str] = field(default_factory=list)
    address: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    """Give a server in a thread, on a free port."""
    state = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            state.asked.append(wanted)
            if state.status != 200:
                self.send_error(state.status)
                return
            start = 0
            if state.ranges and wanted and self.headers.get("If-Range") == state.tag:
                found = re.fullmatch(r"bytes=(\d+)-", wanted)
                assert found is not None
                start = int(found[1])
            if start > 0 and start >= len(state.content):
                self.send_error(416)
                return
            body = state.content[start:]
            self.send_response(206 if start else 200)
            if state.tag:
                self.send_header("ETag", state.tag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if state.cut_after is None else body[: state.cut_after])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_address[1]}/data/file.csv?v=1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def build_address(url: str, sha256: str | None = None) -> Address:
    return Address(
        name="file",
        title=Text("File", "Fichier"),
        producer="INSEE",
        vintage="2021",
        licence="Licence Ouverte 2.0",
        page="https://example.org/page",
        url=url,
        sha256=sha256,
        verified_on=None,
        importable=False,
    )


def ignore(stage: str, done: int, size: int) -> None:
    pass


def test_fetch_file_brings_the_whole_file_and_its_checksum(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    fetched = fetch_file(build_address(site.address), tmp_path, lambda *step: seen.append(step))
    assert fetched.path == tmp_path / "file.csv"
    assert fetched.path.read_bytes() == CONTENT
    assert fetched.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (fetched.size, fetched.resumed_from, fetched.already_there) == (len(CONTENT), 0, False)
    assert seen[-1] == ("file", len(CONTENT), len(CONTENT))
    assert [path.name for path in tmp_path.iterdir()] == ["file.csv"]


def test_fetch_file_resumes_after_a_cut(site: Site, tmp_path: Path) -> None:
    site.cut_after = 262_144
    with pytest.raises(MissingDataError) as cut:
        fetch_file(build_address(site.address), tmp_path, ignore)
    assert "run the command again" in cut.value.text.en
    assert not (tmp_path / "file.csv").exists()
    site.cut_after = None
    fetched = fetch_file(build_address(site.address), tmp_path, ignore)
    assert site.asked == ["", "bytes=262144-"]
    assert fetched.resumed_from == 262_144
    assert fetched.path.read_bytes() == CONTENT


def test_fetch_file_starts_again_when_the_server_has_no_ranges(site: Site, tmp_path: Path) -> None:
    site.cut_after, site.ranges = 262_144, False
    with pytest.raises(MissingDataError):
        fetch_file(build_address(site.address), tmp_path, ignore)
    site.cut_after = None
    fetched = fetch_file(build_address(site.address), tmp_path, ignore)
    assert fetched.resumed_from == 0
    assert fetched.path.read_bytes() == CONTENT


def test_fetch_file_never_joins_two_versions(site: Site, tmp_path: Path) -> None:
    site.cut_after = 262_144
    with pytest.raises(MissingDataError):
        fetch_file(build_address(site.address), tmp_path, ignore)
    site.cut_after, site.tag, site.content = None, '"v2"', CONTENT[::-1]
    assert fetch_file(build_address(site.address), tmp_path, ignore).path.read_bytes() == CONTENT[::-1]


def test_fetch_file_without_a_tag_starts_again(site: Site, tmp_path: Path) -> None:
    site.cut_after, site.tag = 262_144, ""
    with pytest.raises(MissingDataError):
        fetch_file(build_address(site.address), tmp_path, ignore)
    site.cut_after = None
    assert fetch_file(build_address(site.address), tmp_path, ignore).path.read_bytes() == CONTENT
    assert site.asked == ["", ""]


def test_fetch_file_starts_again_when_the_part_is_already_whole(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.csv.part").write_bytes(CONTENT)
    (tmp_path / "file.csv.part.tag").write_text('"v1"', encoding="utf-8")
    assert fetch_file(build_address(site.address), tmp_path, ignore).path.read_bytes() == CONTENT


def test_fetch_file_throws_away_what_has_not_the_expected_checksum(site: Site, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        fetch_file(build_address(site.address, "0" * 64), tmp_path, ignore)
    assert hashlib.sha256(CONTENT).hexdigest() in refused.value.text.fr
    assert not (tmp_path / "file.csv").exists()
    assert not (tmp_path / "file.csv.part").exists()


def test_fetch_file_does_not_download_twice(site: Site, tmp_path: Path) -> None:
    address = build_address(site.address, hashlib.sha256(CONTENT).hexdigest())
    fetch_file(address, tmp_path, ignore)
    again = fetch_file(address, tmp_path, ignore)
    assert again.already_there
    assert len(site.asked) == 1
    (tmp_path / "file.csv").write_bytes(b"spoiled")
    assert not fetch_file(address, tmp_path, ignore).already_there
    assert (tmp_path / "file.csv").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 503])
def test_fetch_file_says_what_the_server_answered(site: Site, tmp_path: Path, status: int) -> None:
    site.status = status
    with pytest.raises(MissingDataError) as refused:
        fetch_file(build_address(site.address), tmp_path, ignore)
    assert f"answers {status}" in refused.value.text.en
    assert "https://example.org/page" in refused.value.text.fr
    assert "never checked" in refused.value.text.en


def test_fetch_file_offline_says_what_can_be_done_without_a_network(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound and not listening: the connection is refused.
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/file.csv"
        with pytest.raises(MissingDataError) as refused:
            fetch_file(build_address(url), tmp_path, ignore)
    assert "127.0.0.1 cannot be reached" in refused.value.text.en
    assert "ancrage data import" in refused.value.text.fr


def test_fetch_file_refuses_a_folder_it_cannot_write(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError):
        fetch_file(build_address(site.address), tmp_path / "file" / "downloads", ignore)


def test_catalogue_is_complete_and_official() -> None:
    catalogue = read_catalogue()
    hosts = ("https://www.insee.fr/", "https://static.data.gouv.fr/", "https://etalab-datasets.geo.data.gouv.fr/")
    for address in catalogue.values():
        assert address.url.startswith(hosts), address.name
        assert address.title.en, address.name
        assert address.title.fr, address.name
        assert address.vintage, address.name
        assert address.page.startswith("https://"), address.name
    assert len({address.file_name for address in catalogue.values()}) == len(catalogue)


def test_choose_address_lists_the_catalogue() -> None:
    assert choose_address("flows-2022").importable
    with pytest.raises(InputError) as refused:
        choose_address("flux")
    assert "flows-2022" in refused.value.text.en


def test_address_file_name_leaves_out_the_query() -> None:
    assert replace(build_address(""), url="https://a.fr/x/y.zip?z=1").file_name == "y.zip"
