"""Secrets this installation makes for itself."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wipsie.app.kept_secret import kept_secret
from wipsie.kernel.errors import ConfigurationError


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = kept_secret(tmp_path / "data", "some.key")
    assert len(first) == 32
    assert kept_secret(tmp_path / "data", "some.key") == first
    assert kept_secret(tmp_path / "data", "other.key") != first
    folder = tmp_path / "data" / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "some.key": 0o600,
        "other.key": 0o600,
    }


def test_of_many_that_make_it_at_one_moment_all_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(kept_secret, [tmp_path] * 32, ["some.key"] * 32))
    assert len(set(made)) == 1
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["some.key"]


@pytest.mark.parametrize(
    ("content", "mode", "advice"), [("00" * 32, 0o644, "chmod 600"), ("nonsense", 0o600, "backup")]
)
def test_a_secret_that_cannot_be_trusted_is_refused(tmp_path: Path, content: str, mode: int, advice: str) -> None:
    path = tmp_path / "secrets" / "some.key"
    path.parent.mkdir()
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=advice):
        kept_secret(tmp_path, "some.key")


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("a file")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        kept_secret(tmp_path, "some.key")
