"""What `nox` would install and where it would run, without installing or running it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nox.project
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import noxfile

ROOT = Path(__file__).resolve().parents[1]
SESSIONS = {"bench", "agree", "report", "tests", "pages", "shapes", "types", "lint"}


def constraints() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in pins}


def direct_requirements() -> list[Requirement]:
    pyproject = nox.project.load_toml(ROOT / "pyproject.toml")
    groups = nox.project.dependency_groups(pyproject, *pyproject["dependency-groups"])
    return [Requirement(line) for line in [*pyproject["project"]["dependencies"], *groups]]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_pip_takes_its_default_torch_unless_asked(platform: str) -> None:
    assert noxfile.pip_arguments({}, platform) == ["-c", "constraints.txt", "-e", "."]
    assert noxfile.pip_arguments({"BENCH_TORCH": ""}, platform) == ["-c", "constraints.txt", "-e", "."]


def test_bench_torch_cpu_adds_the_index_of_cpu_builds_on_linux_alone() -> None:
    asked = {"BENCH_TORCH": "cpu"}
    plain = noxfile.pip_arguments({}, "linux")
    assert noxfile.pip_arguments(asked, "linux") == [
        *plain,
        "--extra-index-url",
        "https://download.pytorch.org/whl/cpu",
    ]
    assert noxfile.pip_arguments(asked, "darwin") == plain


def test_the_pin_of_torch_takes_the_cpu_build_and_that_build_sorts_above_the_plain_one() -> None:
    pin = constraints()["torch"]
    [version] = [specifier.version for specifier in pin.specifier]
    assert list(pin.specifier.filter([version, f"{version}+cpu"])) == [version, f"{version}+cpu"]
    assert Version(f"{version}+cpu") > Version(version)


def test_another_value_of_bench_torch_is_an_error_that_names_the_remedy() -> None:
    with pytest.raises(ValueError, match="BENCH_TORCH is 'cuda': set it to cpu, or leave it unset"):
        noxfile.pip_arguments({"BENCH_TORCH": "cuda"}, "linux")


def test_constraints_pin_every_direct_requirement_within_its_range() -> None:
    pins = constraints()
    for requirement in direct_requirements():
        [pin] = pins[canonicalize_name(requirement.name)].specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), requirement


def test_constraints_leave_the_gpu_to_torch_and_jax() -> None:
    assert not [name for name in constraints() if re.match("nvidia|cuda|jax-cuda|triton", name)]


def test_every_session_is_listed_with_what_it_does() -> None:
    command = [sys.executable, "-m", "nox", "--list", "--nocolor"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^[*-] (\w+) -> .+", listing, re.MULTILINE)) == SESSIONS | {"environment"}


def test_the_file_says_what_it_needs_when_it_runs_as_a_script() -> None:
    script = nox.project.load_toml(ROOT / "noxfile.py")
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert script["requires-python"] == pyproject["project"]["requires-python"]
    assert [Requirement(line).name for line in script["dependencies"]] == ["nox"]
    assert script["dependencies"][0] in pyproject["dependency-groups"]["tests"]
