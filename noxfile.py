# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2025.10.14"]
# ///
"""The workshop: `nox -l` lists it, `nox -s bench -- --help` passes what follows `--` on.

Runs on the Python that nox runs on, 3.11 or later. Without nox installed: `uvx nox -s bench`,
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

# As many tests at once as there are processors, each with one thread; `-- -n 0` runs them in one process.
AT_ONCE = ["-n", "auto", "--dist", "worksteal"]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PJRT_NPROC": "1"}

TORCH_FOR_CPU = "https://download.pytorch.org/whl/cpu"


def pip_arguments(environ: Mapping[str, str], platform: str) -> list[str]:
    """Return what `pip install` takes to bring the dependencies, at the versions of constraints.txt.

    BENCH_TORCH=cpu on Linux adds PyTorch's own index, for a torch without CUDA: its 2.13.0+cpu sorts
    above the 2.13.0 of PyPI, and the constraint takes both. Elsewhere PyPI's torch has no CUDA anyway.

    Raises ValueError when BENCH_TORCH is neither unset nor `cpu`.
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
    """Make the virtual environment that the sessions share; they ask for it themselves.

    Nox gives every session one of its own. Six copies of torch and JAX would be gigabytes, and all
    would hold the same versions; so this session owns the one, and the others run its Python.
    """
    try:
        session.install(*pip_arguments(os.environ, sys.platform))
    except ValueError as error:
        session.error(str(error))


def python(session: nox.Session, group: str = "") -> str:
    """Return the Python of the shared environment, with this dependency group installed too."""
    folder = session.env_dir.with_name("environment")
    path = str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
    if group:
        session.run_install(path, "-m", "pip", "install", "-q", "-c", "constraints.txt", "--group", group)
    return path


def run_bench(session: nox.Session, command: str) -> None:
    """Run a command of `python -m bench`; after Ctrl-C it has time to keep what is finished and end its workers."""
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
    """Write the tables of a run again from its raw rows: `python -m bench report RUN`."""
    run_bench(session, "report")


@nox.session(venv_backend="none", requires=["environment"])
def tests(session: nox.Session) -> None:
    """Run the tests; under ALL_BACKENDS=1 a skip is a failure."""
    session.run(python(session, "tests"), "-m", "pytest", *AT_ONCE, *session.posargs, env=ONE_THREAD)


@nox.session(venv_backend="none", requires=["environment"], default=False)
def pages(session: nox.Session) -> None:
    """Look at report.html in Chromium, which must be installed: `apt-get install chromium`, or CHROMIUM names it."""
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
    """Run the contract tests with every shape annotation of impls/ executed, by jaxtyping and beartype.

    Not those of what calls a compiler: torch's cannot trace through the wrappers that do it. In float32 alone: the
    annotations are of shapes, and hold in both dtypes or in none.
    """
    hook = ["--jaxtyping-packages=impls,beartype.beartype", "-k", "not calls_a_compiler and not float64"]
    path = python(session, "shapes")
    session.run(
        path, "-m", "pytest", *hook, "tests/contract/test_contract.py", *AT_ONCE, *session.posargs, env=ONE_THREAD
    )


@nox.session(venv_backend="none", requires=["environment"])
def types(session: nox.Session) -> None:
    """Check the types with mypy, strict, and with pyright."""
    path = python(session, "types")
    session.run(path, "-m", "mypy", *session.posargs)
    session.run(path, "-m", "pyright", "--pythonpath", path, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and the direction of imports; needs no torch, so it has its own small environment."""
    session.install("-c", "constraints.txt", "--group", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")


if __name__ == "__main__":
    nox.main()
