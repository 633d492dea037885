"""What is in a bundle, and that nothing else is read for one."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylang import LoadError, load
from policylang.ir import to_json
from policylang.project.bundle import Packed, from_compiled, is_bundle, pack, sources_digest, unpack
from policylang.project.discovery import SourceSet
from policylang.settings.config import Config
from policylang.source import Source

SOURCE = 'resource page { actions view }\nrole r { grant view on page }\nuser "u" { assign role r }\n'
DIGEST = f"sha256:{'0' * 64}"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("set") / "a.policy"
    path.write_text(SOURCE)
    return pack(load(path).index.policy_set, DIGEST, "r1")


def test_what_is_in_it(packed: bytes) -> None:
    found = unpack(packed)
    assert (found.manifest.sources, found.manifest.revision) == (DIGEST, "r1")
    assert found.manifest.digest == found.policy_set.digest
    assert from_compiled(packed) == found.policy_set == from_compiled(to_json(found.policy_set))
    assert load(packed).digest == found.manifest.digest
    assert pack(found.policy_set, DIGEST, "r1") == packed


def test_tar_reads_it(packed: bytes, tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as archive:
        first, second = archive.getmembers()
        assert [first.name, second.name] == ["manifest.json", "policies.json"]
        for each in (first, second):
            assert each.isreg()
            assert (each.mode, each.uid, each.gid, each.mtime, each.uname) == (0o644, 0, 0, 0, "")
        manifest, policies = (archive.extractfile(each) for each in (first, second))
        assert manifest is not None
        assert policies is not None
        assert json.loads(manifest.read())["revision"] == "r1"
        assert policies.read() == to_json(unpack(packed).policy_set)
    (tmp_path / "b").write_bytes(packed)
    listed = subprocess.run(["tar", "-tf", "b"], cwd=tmp_path, capture_output=True, check=True)
    assert (listed.stdout, listed.stderr) == (b"manifest.json\npolicies.json\n", b"")


def archive(*members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.USTAR_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=format) as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


def member(name: str, type: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type, link
    return info


def other_archives() -> dict[str, bytes]:
    small = (member("manifest.json"), b"{}")
    return {
        "empty": archive(),
        "outside": archive((member("../manifest.json"), b"{}")),
        "absolute": archive((member("/manifest.json"), b"{}")),
        "link": archive((member("manifest.json", tarfile.SYMTYPE, "/etc/passwd"), b"")),
        "hard link": archive((member("manifest.json", tarfile.LNKTYPE, "/etc/passwd"), b"")),
        "device": archive((member("manifest.json", tarfile.CHRTYPE), b"")),
        "folder": archive((member("manifest.json", tarfile.DIRTYPE), b"")),
        "sparse": archive((member("manifest.json", tarfile.GNUTYPE_SPARSE), b"{}")),
        "long name": archive((member("manifest.json" + "/x" * 200), b"{}"), format=tarfile.GNU_FORMAT),
        "attributes": archive((member("ü" * 300), b"{}"), format=tarfile.PAX_FORMAT),
        "alone": archive(small),
        "twice": archive(small, small),
    }


@pytest.mark.parametrize("name", other_archives())
def test_other_archives(name: str) -> None:
    content = other_archives()[name]
    with pytest.raises(LoadError, match="bundle" if is_bundle(content) else "JSON"):
        from_compiled(content)
    with pytest.raises(LoadError, match="bundle"):
        unpack(content)


def test_every_part_of_one(packed: bytes) -> None:
    for size in (*range(0, len(packed), 97), len(packed) - 1):
        with pytest.raises(LoadError):
            from_compiled(packed[:size])


@pytest.mark.parametrize("more", [b"\0", bytes(512), b"x", b"manifest.json"])
def test_more_than_one(packed: bytes, more: bytes) -> None:
    with pytest.raises(LoadError, match="there is more in the bundle"):
        from_compiled(packed + more)


def test_policies_in_another_layout(packed: bytes) -> None:
    begin = packed.index(b"{", packed.index(b"policies.json"))
    for at in [at for at in range(begin, len(packed)) if packed[at] in b" \n"][::37]:
        with pytest.raises(LoadError, match=r"`policies\.json` of the bundle is written otherwise"):
            unpack(packed[:at] + b"\t" + packed[at + 1 :])


@given(st.data())
def test_no_changed_one_is_read(data: st.DataObject) -> None:
    """A byte that is another makes it another bundle, or none: nothing in it is passed over."""
    packed = _PACKED
    at = data.draw(st.integers(0, len(packed) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != packed[at]))
    changed = packed[:at] + bytes([byte]) + packed[at + 1 :]
    try:
        found = unpack(changed)
    except LoadError:
        return
    assert found != unpack(packed)
    assert repacked(found) == changed


def repacked(found: Packed) -> bytes:
    return pack(found.policy_set, found.manifest.sources, found.manifest.revision)


@given(st.binary(max_size=2000), st.integers(0, 1400))
def test_anything_is_read_or_refused(content: bytes, at: int) -> None:
    for each in (content, b"manifest.json\0" + content, _PACKED[:at] + content + _PACKED[at + len(content) :]):
        with contextlib.suppress(LoadError):
            from_compiled(each)


def test_sizes_that_are_said(packed: bytes) -> None:
    for digits in (b"77777777777", b"-0000000001", b"0x000000001", b"\x80\0\0\0\0\0\0\0\0\0\1", b"00000 00001"):
        with pytest.raises(LoadError):
            unpack(packed[:124] + digits + packed[135:])


def test_a_manifest_of_other_policies(packed: bytes, tmp_path: Path) -> None:
    (tmp_path / "b.policy").write_text(SOURCE.replace("view", "edit"))
    other = load(tmp_path / "b.policy").index.policy_set
    # Digests are of one length, so the manifest of one stands before the policies of the other.
    begin = packed.index(b"policies.json")
    with pytest.raises(LoadError, match="is of other policies"):
        unpack(packed[:begin] + pack(other, DIGEST, "r1")[begin:])


def test_json_that_mentions_an_archive(packed: bytes) -> None:
    assert not is_bundle(b"{" + b" " * 256 + b"ustar")
    assert not is_bundle(b"")
    assert is_bundle(packed)
    assert is_bundle(packed[:20])


def test_the_digest_of_sources() -> None:
    """It is what `LC_ALL=C sha256sum` prints, hashed once more."""
    texts = {"b.policy": "role b\n", "a.policy": "role ä\n", "x/a.policy": "", "a\n\\b.policy": "role c\n"}
    sources = tuple(Source(name, text) for name, text in texts.items())
    found = sources_digest(SourceSet(Path(), Config(), sources))
    names = ["a\n\\b.policy", "a.policy", "b.policy", "x/a.policy"]
    printed = ""
    for name in names:
        mark, shown = ("\\", "a\\n\\\\b.policy") if "\\" in name else ("", name)
        printed += f"{mark}{hashlib.sha256(texts[name].encode()).hexdigest()}  {shown}\n"
    assert found == f"sha256:{hashlib.sha256(printed.encode()).hexdigest()}"
    assert found == sources_digest(SourceSet(Path(), Config(), sources[::-1]))
    assert found != sources_digest(SourceSet(Path(), Config(), sources[1:]))
    assert found == sources_digest(SourceSet(Path(), Config(), sources[1:], directory=sources[:1]))


def _made() -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.policy").write_text(SOURCE)
        return pack(load(Path(folder)).index.policy_set, DIGEST, None)


_PACKED = _made()
