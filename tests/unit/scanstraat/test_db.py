"""What the database layer decides without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanstraat.db import choose_journal, create_engine, find_netwerkschijf, format_time
from scanstraat.errors import InstellingError


@pytest.mark.parametrize("versie", [(3, 40, 1), (3, 46, 1), (3, 51, 2)])
def test_an_sqlite_that_can_damage_a_wal_gets_a_rollback_journal(versie: tuple[int, ...]) -> None:
    assert choose_journal(versie) == ("delete", "EXTRA")


@pytest.mark.parametrize("versie", [(3, 51, 3), (3, 53, 4), (4, 0, 0)])
def test_a_repaired_sqlite_gets_a_wal_that_is_synced_at_every_commit(versie: tuple[int, ...]) -> None:
    assert choose_journal(versie) == ("wal", "FULL")


@pytest.mark.parametrize(
    ("magic", "soort"), [(0x6969, "NFS"), (0xFF534D42, "CIFS"), (0xFE534D42, "SMB"), (0x65735546, "FUSE")]
)
def test_a_network_drive_is_recognised(magic: int, soort: str) -> None:
    assert find_netwerkschijf(magic) == soort


@pytest.mark.parametrize("magic", [0xEF53, 0x58465342, 0x9123683E, 0x01021994])  # ext4, xfs, btrfs, tmpfs
def test_a_disk_of_the_machine_is_allowed(magic: int) -> None:
    assert find_netwerkschijf(magic) == ""


@given(st.lists(st.datetimes(timezones=st.just(UTC))))
def test_stored_times_sort_as_text_in_the_order_of_time(momenten: list[datetime]) -> None:
    afgerond = [moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in momenten]
    assert sorted(format_time(m) for m in afgerond) == [format_time(m) for m in sorted(afgerond)]


def test_a_time_in_another_zone_is_stored_as_utc() -> None:
    moment = datetime(2026, 3, 2, 15, 5, 11, 123_999, tzinfo=timezone(timedelta(hours=1)))
    assert format_time(moment) == "2026-03-02T14:05:11.123Z"


@pytest.mark.parametrize("url", ["", "nonsens", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_is_no_usable_database_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(InstellingError, match=r"sqlite:////pad"):
        create_engine(url)
