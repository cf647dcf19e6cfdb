"""A picture is a file of the owner's alone; a full disk costs the file, not the answer."""

import resource
from pathlib import Path

import pytest

from crypto_assistant.charts.files import MOST, keep
from tests.floor import Floor, floor
from tests.state.disks import limit_files


@pytest.fixture
async def market(tmp_path: Path) -> object:
    async with floor() as market:
        await market.open()
        market.front.pictures = tmp_path / "pictures"
        yield market


async def test_an_answer_names_its_file(market: Floor, tmp_path: Path) -> None:
    sheet = await market.front.reply("/chart btc 1h oi")
    path = tmp_path / "pictures/chart-BTC-1h-oi.png"
    assert f"Picture: {path}" in sheet.text
    assert path.read_bytes() == sheet.picture
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_newest_are_kept(tmp_path: Path) -> None:
    for number in range(MOST + 5):
        keep(tmp_path, f"chart {number}", b"png")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"chart-{number}.png" for number in range(5, MOST + 5)}


def test_a_name_stays_in_the_directory(tmp_path: Path) -> None:
    path = keep(tmp_path / "in", "chart ../../etc/passwd \0\u202e", b"png")
    assert path == tmp_path / "in/chart-etc-passwd.png"


def test_a_full_disk_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    keep(tmp_path, "chart", b"before")
    limit_files(10)
    try:
        with pytest.raises(OSError, match="large"):
            keep(tmp_path, "chart", b"x" * 100_000)
    finally:
        limit_files(resource.RLIM_INFINITY)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("chart.png", b"before")
    ]


async def test_a_directory_that_cannot_be_made_costs_the_file_alone(
    market: Floor, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    market.front.pictures = tmp_path / "file"
    sheet = await market.front.reply("/chart btc")
    assert "No picture: File exists" in sheet.text
    assert "BTC 15m" in sheet.text
