"""The console gets into the wheel: built when its sources changed, by whatever Node there is."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cloud.console import build_hook

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A console's folder with one source."""
    console = tmp_path / "cloud" / "console"
    (console / "src").mkdir(parents=True)
    (console / "package.json").write_text("{}")
    (console / "src" / "main.tsx").write_text("one")
    return console


def built(folder: Path) -> None:
    (folder / "dist").mkdir(exist_ok=True)
    (folder / "dist" / "index.html").write_text("built")
    (folder / "dist" / build_hook.STAMP).write_text(build_hook.stamp_of(folder))


def test_it_builds_again_only_when_a_source_has_changed(folder: Path) -> None:
    assert build_hook.wanted(folder)
    built(folder)
    assert not build_hook.wanted(folder)
    (folder / "src" / "main.test.tsx").write_text("a test is no source")
    assert not build_hook.wanted(folder)
    (folder / "src" / "main.tsx").write_text("two")
    assert build_hook.wanted(folder)


def test_a_renamed_source_is_a_changed_source(folder: Path) -> None:
    built(folder)
    (folder / "src" / "main.tsx").rename(folder / "src" / "other.tsx")
    assert build_hook.wanted(folder)


def test_backend_work_can_go_without_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(build_hook.SKIP, "1")
    assert not build_hook.wanted(folder)
    monkeypatch.setenv(build_hook.SKIP, "0")
    assert build_hook.wanted(folder)


def test_without_any_node_it_says_what_to_do_in_both_languages(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_hook, "npm_on_path", lambda: None)
    monkeypatch.setattr(build_hook, "npm_of_wheel", lambda: None)
    with pytest.raises(build_hook.ConsoleError, match=r"(?s)找不到 Node.*no Node >= 20.19"):
        build_hook.build(folder)


def test_a_node_that_is_too_old_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("node", "npm"):
        script = tmp_path / name
        script.write_text("#!/bin/sh\necho v18.20.4\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build_hook.npm_on_path() is None


def test_what_npm_said_is_shown_when_it_fails(folder: Path, tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho network is unreachable >&2\nexit 1\n")
    npm.chmod(0o755)
    with pytest.raises(build_hook.ConsoleError, match=r"(?s)失败.*network is unreachable.*failed"):
        build_hook._run([str(npm), "ci"], folder)


def archive(kind: str, source: Path, out: Path, path: str | None = None) -> Path:
    """A wheel or an sdist made by hatchling."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)]
    env = os.environ if path is None else {**os.environ, "PATH": path}
    done = subprocess.run(
        command, cwd=source, env=env, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.iterdir())


def test_wheel_and_sdist_carry_it_and_the_sdist_needs_no_node(built_console: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(
        ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv", "node_modules", "*_cache", "tests")
    )
    wheel = archive("wheel", source, tmp_path / "wheel")
    names = zipfile.ZipFile(wheel).namelist()
    assert "cloud/console/dist/index.html" in names
    assert not [name for name in names if name.startswith("cloud/console/") and "/dist/" not in name]

    shutil.unpack_archive(archive("sdist", source, tmp_path / "sdist"), tmp_path / "unpacked")
    unpacked = next((tmp_path / "unpacked").iterdir())
    again = archive("wheel", unpacked, tmp_path / "again", path=str(tmp_path / "no-programs"))
    assert "cloud/console/dist/index.html" in zipfile.ZipFile(again).namelist()
