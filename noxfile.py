# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2025.10.14"]
# ///
"""Development tasks: `nox -l` lists them; arguments after `--` are passed on, as in `nox -s bench -- --help`.

Sessions use the Python that runs nox, 3.11 or later. Without nox installed: `uvx nox -s bench`,
`pipx run nox -s bench`, or this file itself: `uv run noxfile.py -s bench`, `pipx run noxfile.py -s bench`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import nox

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "shapes", "tests"]

# One test process per processor, each with one thread; `-- -n 0` runs all tests in one process.
AT_ONCE = ["-n", "auto", "--dist", "worksteal"]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PJRT_NPROC": "1"}

TORCH_FOR_CPU = "https://download.pytorch.org/whl/cpu"


def pip_arguments(environ: Mapping[str, str], platform: str) -> list[str]:
    """Return the arguments of `pip install` for the dependencies, at the versions of constraints.txt.

    BENCH_TORCH=cpu on Linux adds PyTorch's own index, for a torch without CUDA: its 2.13.0+cpu sorts
    above the 2.13.0 of PyPI, and the constraint accepts both. Elsewhere PyPI's torch has no CUDA anyway.

    Raises ValueError if BENCH_TORCH is neither unset nor `cpu`.
    """
    arguments = ["-c", "constraints.txt", "-e", "."]
    match environ.get("BENCH_TORCH", ""):
        case "":
            return arguments
        case "cpu":
            return [*arguments, "--extra-index-url", TORCH_FOR_CPU] if platform == "linux" else arguments
        case other:
            raise ValueError(f"BENCH_TORCH is '{other}': set it to cpu, or leave it unset for pip's default torch")


@nox.session(default=False)
def environment(session: nox.Session) -> None:
    """Make the virtual environment that the other sessions share; they request it themselves.

    By default nox gives every session its own environment. Six copies of torch and JAX would take gigabytes
    and hold the same versions, so this session owns a single environment and the others run its Python.
    """
    try:
        session.install(*pip_arguments(os.environ, sys.platform))
    except ValueError as error:
        session.error(str(error))


def python(session: nox.Session, group: str = "") -> str:
    """Install this dependency group into the shared environment, and return its Python."""
    folder = session.env_dir.with_name("environment")
    path = str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
    if group:
        session.run_install(path, "-m", "pip", "install", "-q", "-c", "constraints.txt", "--group", group)
    return path


def run_bench(session: nox.Session, command: str) -> None:
    """Run a command of `python -m bench`; after Ctrl-C it has time to save finished work and end its workers."""
    session.run(python(session), "-m", "bench", command, *session.posargs, interrupt_timeout=5, terminate_timeout=5)


@nox.session(venv_backend="none", requires=["environment"], default=False)
def bench(session: nox.Session) -> None:
    """Check that the implementations agree, then time them: `python -m bench run`."""
    run_bench(session, "run")


@nox.session(venv_backend="none", requires=["environment"], default=False)
def agree(session: nox.Session) -> None:
    """Check that the implementations agree, and time nothing: `python -m bench agree`."""
    run_bench(session, "agree")


@nox.session(venv_backend="none", requires=["environment"], default=False)
def report(session: nox.Session) -> None:
    """Rebuild the tables of a run from its raw rows: `python -m bench report RUN`."""
    run_bench(session, "report")


@nox.session(venv_backend="none", requires=["environment"])
def tests(session: nox.Session) -> None:
    """Run the tests; under ALL_BACKENDS=1 a skip is a failure."""
    session.run(python(session, "tests"), "-m", "pytest", *AT_ONCE, *session.posargs, env=ONE_THREAD)


@nox.session(venv_backend="none", requires=["environment"], default=False)
def pages(session: nox.Session) -> None:
    """Test report.html in Chromium: `apt-get install chromium`, or set CHROMIUM to its path."""
    session.run(
        python(session, "pages"),
        "-m",
        "pytest",
        "tests/scenarios/pages_in_a_browser.py",
        *session.posargs,
        env=ONE_THREAD,
    )


@nox.session(venv_backend="none", requires=["environment"])
def shapes(session: nox.Session) -> None:
    """Run the contract tests with every shape annotation in impls/ checked by jaxtyping and beartype.

    Implementations that call a compiler are skipped, because torch's cannot trace through the wrappers. Only float32
    is run: the annotations are of shapes, which hold in both dtypes or in neither.
    """
    hook = ["--jaxtyping-packages=impls,beartype.beartype", "-k", "not calls_a_compiler and not float64"]
    path = python(session, "shapes")
    session.run(
        path, "-m", "pytest", *hook, "tests/contract/test_contract.py", *AT_ONCE, *session.posargs, env=ONE_THREAD
    )


@nox.session(venv_backend="none", requires=["environment"])
def types(session: nox.Session) -> None:
    """Check the types with mypy (strict) and pyright."""
    path = python(session, "types")
    session.run(path, "-m", "mypy", *session.posargs)
    session.run(path, "-m", "pyright", "--pythonpath", path, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and import directions, in a small environment without torch."""
    session.install("-c", "constraints.txt", "--group", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")


if __name__ == "__main__":
    nox.main()
