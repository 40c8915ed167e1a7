"""Archives: only the named members of the very archive that is expected, read in place."""

import hashlib
import io
import tarfile
import zipfile

import pytest

from ingest import convert
from ingest.archive import Package
from kg.errors import SourceError


def _wheel(path, content=b"1"):
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("pkg/a.csv", content)
        wheel.writestr("../outside.csv", b"0")


def _sdist(path):
    with tarfile.open(path, "w:gz") as sdist:
        for name in ("pkg-1/pkg/b.csv", "pkg-1/pkg/a.csv", "pkg-1/../../outside.csv"):
            entry = tarfile.TarInfo(name)
            entry.size = 1
            sdist.addfile(entry, io.BytesIO(b"1"))


def _package(path):
    return Package("pkg==1", hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("write", [_wheel, _sdist])
def test_members_are_read_in_place(tmp_path, write):
    path = tmp_path / "archive"
    write(path)
    assert dict(_package(path).members(path, ["pkg/a.csv"])) == {"pkg/a.csv": b"1"}
    assert list(tmp_path.iterdir()) == [path]


def test_members_of_a_folder(tmp_path):
    (tmp_path / "pkg-1" / "pkg").mkdir(parents=True)
    (tmp_path / "pkg-1" / "pkg" / "a.csv").write_bytes(b"1")
    package = Package("pkg==1", "")
    for folder in (tmp_path, tmp_path / "pkg-1"):
        assert dict(package.members(folder, ["pkg/a.csv"])) == {"pkg/a.csv": b"1"}


@pytest.mark.parametrize("write", [_wheel, _sdist])
def test_lacking_members_and_truncated_archives_are_clear_errors(tmp_path, write):
    path = tmp_path / "archive"
    write(path)
    with pytest.raises(SourceError, match=r"archive: lacks pkg/none\.csv; .*pip download --no-deps pkg==1"):
        list(_package(path).members(path, ["pkg/none.csv"]))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SourceError, match=r"archive: (cannot be read|lacks)"):
        list(_package(path).members(path, ["pkg/a.csv", "pkg/b.csv"]))


def test_another_archive_is_refused(tmp_path):
    path = tmp_path / "archive"
    _wheel(path)
    package = _package(path)
    _wheel(path, b"2")
    with pytest.raises(SourceError, match=r"archive: sha256 is [0-9a-f]{64}, that of pkg==1 is [0-9a-f]{64}"):
        list(package.members(path, ["pkg/a.csv"]))


def test_converting_refuses_what_is_not_the_archive(tmp_path, capsys):
    wheel = tmp_path / "oboe.whl"
    _wheel(wheel)
    arguments = [str(wheel), str(wheel), "-o", str(tmp_path / "out")]
    assert convert.main(arguments) == 2
    assert "sha256 is" in capsys.readouterr().err
    assert convert.main([str(tmp_path), *arguments[1:]]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert convert.main([str(tmp_path / "none.whl"), *arguments[1:]]) == 2
    assert "no such file or folder" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_converting_again_gives_the_packaged_files(oboe_archive, lcdb_archive, tmp_path, capsys):
    import polars as pl

    from ingest.tables import DATA

    assert convert.main([str(oboe_archive), str(lcdb_archive), "-o", str(tmp_path)]) == 0
    packaged = sorted(path.name for path in DATA.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == packaged
    assert len(capsys.readouterr().out.splitlines()) == len(packaged)
    for name in packaged:
        if name.endswith(".parquet"):
            assert pl.read_parquet(tmp_path / name).equals(pl.read_parquet(DATA / name)), name
        else:
            assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes()
