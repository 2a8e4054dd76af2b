"""The program as a user sees it: exit codes, one-line errors, files.

Gate and race are stand-ins with fixed results, and nothing is drawn; everything between them is real.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest

import impls
from bench.audit import check
from bench.cli import app
from bench.errors import BadInput
from bench.gate import check as gate
from bench.machine import describe, doctor
from bench.machine.lock import alone
from bench.process.events import Listener, Note
from bench.report import svg
from bench.store import jsonl, layout, run_folder
from bench.store.cell import Cell, Status
from bench.store.layout import ROOT
from bench.store.raw_rows import Failure, Rounds, Verdict
from bench.store.tables import Agreement
from bench.timing import race
from datasets.dataset import Dataset
from tests.support.made_run import calm

Key = tuple[str, str]


def exact(cell: Cell) -> Agreement:
    return Agreement(
        implementation=cell.implementation,
        against="reference",
        model=cell.problem.model,
        dataset=cell.problem.dataset,
        dtype=cell.problem.dtype,
        device=cell.device,
        batch_size=cell.problem.batch_size,
        quantity="loss",
        index="",
        value=1.0,
        expected=1.0,
        error=0.0,
        budget=1e-6,
        share=0.0,
        status=Status.OK,
    )


CALM = doctor.State(0.1, 2, {0: 0.0}, 0.0, (), None, {"OMP_NUM_THREADS": "8"}, {}, 9.0)


@dataclass
class Actors:
    """Stand-ins for gate and race: `statuses` by implementation, OK for the others."""

    statuses: dict[str, tuple[Status, str]] = field(default_factory=dict)
    broken: dict[str, Status] = field(default_factory=dict)
    timed: list[str] = field(default_factory=list)
    stop: BaseException | None = None
    stop_race: BaseException | None = None
    checked: int = 0
    processor: str = "made up"

    def probe(self, names: Sequence[str], work: Path) -> None:
        for name in names:
            if "no_verb" in name:
                raise BadInput(f"{name} lacks the method epoch: see impls/protocol.py")

    def check(
        self,
        cells: Sequence[Cell],
        data: Mapping[Key, Dataset],
        folders: Mapping[Key, Path],
        *,
        work: Path,
        epochs: int,
        on_progress: Listener,
        both_dtypes: bool,
    ) -> tuple[list[Verdict], list[Agreement]]:
        self.checked += 1
        if self.stop is not None:
            raise self.stop
        assert all((folders[key] / "x.npy").is_file() for key in data) and work.is_dir() and epochs > 0
        on_progress(Note("checking"))
        verdicts, agreements = [], []
        for cell in cells:
            status, detail = self.statuses.get(cell.implementation, (Status.OK, ""))
            verdicts.append(Verdict(cell, status, detail, 0.5))
            agreements.append(exact(cell))
        return verdicts, agreements

    def time(
        self,
        cells: Sequence[Cell],
        folders: Mapping[Key, Path],
        wanted: race.Wanted,
        *,
        raw: Path,
        on_progress: Listener,
    ) -> None:
        if self.stop_race is not None:
            raise self.stop_race
        for cell in cells:
            self.timed.append(cell.implementation)
            for block in range(1, wanted.blocks + 1):
                if cell.implementation in self.broken:
                    failure = Failure(cell, block, self.broken[cell.implementation], "ended by SIGSEGV")
                    jsonl.append_line(raw / "failures.jsonl", failure)
                    break
                seconds = 1e-3 * (1 + list(impls.FOUR).index(cell.implementation))
                rounds = Rounds(cell, cell.implementation, block, 1, 1, 0.5, (seconds,) * 12, witnessed=calm(12))
                jsonl.append_line(raw / "rounds.jsonl", rounds)


@pytest.fixture
def actors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Actors]:
    """Put the stand-ins in place, the results in tmp_path/results and temporary folders in tmp_path/temporary."""
    stand_in = Actors()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(run_folder, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(gate, "check", stand_in.check)
    monkeypatch.setattr(gate, "probe", stand_in.probe)
    monkeypatch.setattr(race, "race", stand_in.time)
    monkeypatch.setattr(svg, "draw", lambda _raw, _rows: {})
    monkeypatch.setattr(doctor, "look", lambda: CALM)
    monkeypatch.setattr(check, "judge", lambda _raw, _data: None)
    monkeypatch.setattr(describe, "one_line", lambda: "a machine")
    monkeypatch.setattr(describe, "describe", lambda: {"processor": stand_in.processor})
    monkeypatch.delenv("ALL_BACKENDS", raising=False)
    yield stand_in
    assert not list((tmp_path / "temporary").iterdir())


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def only_run(tmp_path: Path) -> Path:
    (folder,) = (tmp_path / "results").iterdir()
    return folder


def test_a_run_ends_with_a_ranking_and_the_paths_of_its_files(
    actors: Actors, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["run", "-d", "triple", "-d", "digits"]) == 0
    folder, printed = only_run(tmp_path), capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0] == "a machine"
    assert any(line.startswith("8 cells of 4 implementations, about ") for line in lines)
    assert printed.out.count("is fastest on") == 2 and "checking" in printed.err
    for name in ("report.md", "timings.csv", "agreement.csv", "environment.json"):
        assert (folder / name).is_file() and str(folder / name) in lines
    assert lines[-3:] == [
        "rerun    python -m bench run -d triple -d digits",
        f"rebuild  python -m bench report {folder}",
        f"compare  python -m bench compare OLD {folder}",
    ]
    assert {row["status"] for row in rows(folder / "timings.csv")} == {"OK"}
    assert "warning: thread variables: OMP_NUM_THREADS=8;" in printed.out
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "python -m bench run -d triple -d digits" in report
    assert "thread variables: OMP\\_NUM" not in report
    assert "**thread variables: OMP_NUM_THREADS=8; ignored by workers" in report.partition("## Conditions")[2]


def test_report_remakes_every_table_byte_for_byte(
    actors: Actors, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    actors.statuses = {"torch_nn": (Status.MISMATCH, "gradient b: 2 against 1")}
    assert app.main(["run", "-d", "triple", "--out", str(tmp_path / "run")]) == 1
    names = ("report.md", "timings.csv", "agreement.csv")
    made = {name: (tmp_path / "run" / name).read_bytes() for name in names}
    for name in names:
        (tmp_path / "run" / name).unlink()
    capsys.readouterr()
    assert app.main(["report", str(tmp_path / "run")]) == 0
    assert {name: (tmp_path / "run" / name).read_bytes() for name in names} == made
    assert "gradient b: 2 against 1" in capsys.readouterr().out
    assert not (tmp_path / "results").exists()


def test_quick_is_one_block_without_comparison(
    actors: Actors, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["run", "--quick", "-d", "triple"]) == 0
    assert "fastest" not in capsys.readouterr().out
    for row in rows(only_run(tmp_path) / "timings.csv"):
        assert (row["blocks"], row["ratio"], row["comparison"]) == ("1", "", "") and float(row["epoch_seconds"]) > 0


def test_json_is_all_there_is_on_stdout(actors: Actors, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    actors.statuses = {"torch_nn": (Status.MISMATCH, "gradient b: 2 against 1")}
    assert app.main(["run", "-d", "triple", "--json"]) == 1
    printed, run = capsys.readouterr(), only_run(tmp_path)
    result = json.loads(printed.out)
    assert (result["exit_code"], result["schema"], result["run"]) == (1, layout.SCHEMA, run.name)
    assert {row["implementation"]: row["status"] for row in result["timings"]}["torch_nn"] == "MISMATCH"
    assert [float(row["epoch_seconds"] or 0) for row in rows(run / "timings.csv")] == [
        row["epoch_seconds"] or 0 for row in result["timings"]
    ]
    assert result["rankings"][0].startswith("numpy_manual is fastest on triple")
    assert str(run / "report.md") in result["files"]
    assert "a machine" in printed.err and "is fastest on triple" in printed.err
    assert app.main(["agree", "-d", "triple", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["timings"] == []
    assert app.main(["report", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["timings"] == result["timings"]


def test_quiet_prints_verdicts_and_failures_alone(actors: Actors, capsys: pytest.CaptureFixture[str]) -> None:
    actors.statuses = {"torch_nn": (Status.MISMATCH, "gradient b: 2 against 1")}
    assert app.main(["run", "-d", "triple", "--quiet"]) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith("Agreement: 3 of 4 cells")
    assert (
        "\nMISMATCH torch_nn on triple, cpu: gradient b: 2 against 1\nnumpy_manual is fastest on triple;" in printed.out
    )
    assert printed.out.endswith(".\n") and "report.md" not in printed.out and "a machine" not in printed.out


def test_colour_is_for_terminals_and_for_those_who_want_it(
    actors: Actors, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["run", "-d", "triple"]) == 0
    assert "\x1b[" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert app.main(["run", "-d", "triple"]) == 0
    assert "\x1b[33m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    assert app.main(["run", "-d", "triple"]) == 0
    assert "\x1b[33m" not in capsys.readouterr().out


def test_agree_writes_agreement_and_times_nothing(
    actors: Actors, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["agree", "-d", "triple"]) == 0
    folder = only_run(tmp_path)
    assert len(rows(folder / "agreement.csv")) == 4 and not (folder / "timings.csv").exists()
    assert actors.timed == []
    before = (folder / "agreement.csv").read_bytes()
    assert app.main(["report", str(folder)]) == 0 and (folder / "agreement.csv").read_bytes() == before
    actors.statuses = {"jax_grad": (Status.MISMATCH, "loss: 2 against 1")}
    capsys.readouterr()
    assert app.main(["agree", "-d", "triple", "--out", str(tmp_path / "second")]) == 1
    assert "MISMATCH jax_grad on triple, cpu: loss: 2 against 1" in capsys.readouterr().out


@pytest.mark.parametrize("status", [Status.MISMATCH, Status.DIVERGES, Status.FAILED, Status.CRASHED, Status.TIMEOUT])
def test_a_cell_that_does_not_pass_the_gate_is_never_timed_and_gives_1(
    actors: Actors, tmp_path: Path, status: Status
) -> None:
    actors.statuses = {"torch_nn": (status, "why")}
    assert app.main(["run", "-d", "triple"]) == 1
    assert sorted(actors.timed) == ["jax_grad", "numpy_manual", "torch_autograd"]
    (row,) = [row for row in rows(only_run(tmp_path) / "timings.csv") if row["implementation"] == "torch_nn"]
    assert (row["status"], row["detail"], row["epoch_seconds"], row["ratio"]) == (status, "why", "", "")


def test_a_cell_that_breaks_while_it_is_timed_gives_1(actors: Actors, tmp_path: Path) -> None:
    actors.broken = {"torch_nn": Status.CRASHED}
    assert app.main(["run", "-d", "triple"]) == 1
    assert {row["implementation"]: row["status"] for row in rows(only_run(tmp_path) / "timings.csv")} == {
        "numpy_manual": "OK",
        "torch_autograd": "OK",
        "torch_nn": "CRASHED",
        "jax_grad": "OK",
    }


def test_a_missing_library_is_fine_unless_it_was_asked_for(
    actors: Actors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    actors.statuses = {"jax_grad": (Status.NOT_RUN, "needs jax")}
    assert app.main(["run", "-d", "triple"]) == 0
    text = (only_run(tmp_path) / "report.md").read_text(encoding="utf-8")
    assert "needs jax" in text.partition("## What was not run")[2]
    assert app.main(["run", "-d", "triple", "-i", "jax_grad", "-i", "numpy_manual"]) == 1
    monkeypatch.setenv("ALL_BACKENDS", "1")
    assert app.main(["run", "-d", "triple"]) == 1


def test_a_missing_device_gives_1_only_if_no_cell_asked_for_could_run(actors: Actors, tmp_path: Path) -> None:
    absent = (Status.NO_DEVICE, "there is no cuda:0")
    actors.statuses = dict.fromkeys(("torch_nn", "torch_autograd", "jax_grad"), absent)
    assert app.main(["run", "-d", "triple", "--device", "cuda"]) == 1
    assert actors.timed == ["numpy_manual"]
    assert app.main(["run", "-d", "triple", "--device", "cuda", "--device", "cpu"]) == 0
    actors.statuses = {"jax_grad": absent}
    assert app.main(["run", "-d", "triple", "--device", "cuda"]) == 0


def test_a_stopped_run_keeps_what_it_has_and_says_so(
    actors: Actors, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    actors.stop = KeyboardInterrupt()
    assert app.main(["run", "-d", "triple"]) == 130
    run = only_run(tmp_path)
    assert capsys.readouterr().err.endswith(
        f"bench: stopped; resume with python -m bench run --resume {run}\n"
        f"bench: see what is finished with python -m bench report {run}\n"
    )
    shutil.rmtree(tmp_path / "results")
    actors.stop = SystemExit(143)
    with pytest.raises(SystemExit) as stopped:
        app.main(["run", "-d", "triple"])
    assert stopped.value.code == 143
    assert app.main(["report", str(only_run(tmp_path))]) == 0


def test_a_stopped_run_goes_on_where_it_was(actors: Actors, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    actors.stop_race = KeyboardInterrupt()
    assert app.main(["run", "-d", "triple", "--blocks", "8"]) == 130
    run = only_run(tmp_path)
    actors.stop_race = None
    assert app.main(["run", "--resume", str(run)]) == 0
    assert actors.checked == 1 and len(actors.timed) == 4
    assert {row["blocks"] for row in rows(run / "timings.csv")} == {"8"}
    assert only_run(tmp_path) == run
    assert app.main(["report", str(run)]) == 0
    capsys.readouterr()
    assert app.main(["run", "--resume", str(run), "--blocks", "9"]) == 2
    assert capsys.readouterr().err == "bench: --resume takes all options from the run: leave out --blocks\n"


def test_another_machine_or_other_data_do_not_go_into_a_run(
    actors: Actors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text("a,y\n1,2.5\n3,3.5\n2,5.5\n", encoding="utf-8")
    actors.stop_race = KeyboardInterrupt()
    assert app.main(["run", "-d", "mine.csv", "--target", "y"]) == 130
    run = str(only_run(tmp_path))
    actors.stop_race = None
    actors.processor = "another"
    capsys.readouterr()
    assert app.main(["run", "--resume", run]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"bench: --resume {run}: processor was made up and is another;") and said.count("\n") == 1
    actors.processor = "made up"
    Path("mine.csv").write_text("a,y\n1,2.5\n3,3.5\n2,5.6\n", encoding="utf-8")
    assert app.main(["run", "--resume", run]) == 2
    assert "data was" in capsys.readouterr().err
    Path("mine.csv").write_text("a,y\n1,2.5\n3,3.5\n2,5.5\n", encoding="utf-8")
    assert app.main(["run", "--resume", run]) == 0


def test_a_full_disk_is_one_line_that_says_how_to_go_on(
    actors: Actors, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    actors.stop_race = OSError(errno.ENOSPC, "No space left on device")
    assert app.main(["run", "-d", "triple"]) == 2
    run = only_run(tmp_path)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"bench: {run}: No space left on device; make room, then python -m bench run --resume {run}"


def test_a_second_run_on_the_machine_is_refused_unless_forced(
    actors: Actors, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with alone(force=False):
        assert app.main(["run", "-d", "triple"]) == 2
        printed = capsys.readouterr()
        assert printed.err.startswith("bench: another run is using this machine") and printed.err.count("\n") == 1
        assert printed.out == "" and not (tmp_path / "results").exists()
        assert app.main(["run", "-d", "triple", "--force"]) == 0
    assert app.main(["run", "-d", "triple"]) == 0


def test_the_lock_of_a_dead_process_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_LOCK", str(tmp_path / "lock"))
    script = "import os\nfrom bench.machine.lock import alone\nwith alone(force=False):\n    os.kill(os.getpid(), 9)\n"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode != 0
    assert (tmp_path / "lock").is_file()
    with alone(force=False), pytest.raises(BadInput, match="another run"), alone(force=False):
        pass


@pytest.fixture
def odd_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    Path("nan.csv").write_text("a,y\n1,2\nnan,3\n2,5\n", encoding="utf-8")
    Path("inf.csv").write_text("a,y\n1,2\ninf,3\n2,5\n", encoding="utf-8")
    Path("fine.csv").write_text("a,y\n1,2.5\n3,3.5\n2,5.5\n", encoding="utf-8")
    Path("empty.csv").touch()
    np.savez("labels.npz", x=np.zeros((4, 2)), y=np.array([1, 2, 3, 3]))
    Path("taken").mkdir()
    Path("taken/file").touch()


BAD = [
    ("run -d digitz", "digits"),
    ("run -m sofmax", "softmax"),
    ("run -i numpy_manul", "numpy_manual"),
    ("run -i mine.py", "mine.py:ClassName"),
    ("run -i no_verb.py:Class -d triple", "lacks the method epoch"),
    ("run --device gpu", "cuda"),
    ("run --device cpuu", "cpu"),
    ("run --dtype float16", "float32"),
    ("run -m softmax -d breast_cancer", "digits"),
    ("run -d nan.csv --target y", ""),
    ("run -d inf.csv --target y", ""),
    ("run -d labels.npz -m softmax", "0"),
    ("run -d fine.csv --target z", "y"),
    ("run -d empty.csv --target y", ""),
    ("run -d missing.csv --target y", ""),
    ("run --batch-size 0", "from 1"),
    ("run -d digits --batch-size 2000", "1797 or less"),
    ("run --learning-rate -1", "above 0"),
    ("run --learning-rate nan", "finite"),
    ("run --threads 0", "from 1"),
    ("run --blocks 0", "from 1"),
    ("run --blocks 5 --max-blocks 4", "not below --blocks"),
    ("run --resume nowhere", "the folder of a run"),
    ("run --epochs 0", "from 1"),
    ("run --blocks many", "--help"),
    ("run --target y", "--dataset path/to/file.csv"),
    ("run --device tpu -i numpy_manual", "runs on cpu"),
    ("run --out taken", "empty folder"),
    ("run --out taken/file/below", "--out"),
    ("agree -d digitz", "digits"),
    ("run --blok 3", "--blocks"),
    ("rum", "run"),
    ("report", "RUN"),
    ("report nowhere", "the folder of a run"),
]


@pytest.mark.usefixtures("odd_files", "actors")
@pytest.mark.parametrize(("command", "remedy"), BAD, ids=[command for command, _ in BAD])
def test_bad_input_is_one_line_with_its_remedy_and_leaves_nothing(
    command: str, remedy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lock").touch()
    before = sorted(tmp_path.rglob("*"))
    assert app.main(command.split()) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("bench: ") and printed.err.count("\n") == 1
    assert remedy in printed.err
    assert sorted(tmp_path.rglob("*")) == before


HELP = [
    [],
    ["--help"],
    ["list"],
    *([name, "--help"] for name in ("run", "agree", "report", "compare", "history", "show")),
]


@pytest.mark.parametrize("arguments", HELP, ids=" ".join)
def test_help_and_list_fit_80_columns(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert app.main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.out and not printed.err
    assert max(len(line) for line in printed.out.splitlines()) <= 80


def test_the_program_is_what_main_is() -> None:
    command = [sys.executable, "-m", "bench", "list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "numpy_manual" in done.stdout and not done.stderr


def test_planning_imports_neither_torch_nor_jax_nor_an_outside_file(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("raise AssertionError('imported')\n", encoding="utf-8")
    script = (
        "import sys, bench.cli.app\n"
        "from bench.plan import cells, options\n"
        f"cells.make(options.Options(implementations=({f'{outside}:Mine'!r}, 'torch_nn', 'jax_grad')))\n"
        "print([name for name in ('torch', 'jax', 'jaxlib') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def at_work(workers: list[psutil.Process]) -> bool:
    """Return whether there are workers, all of them running long enough to be past their start."""
    return bool(workers) and all(sum(worker.cpu_times()[:2]) > 0.1 for worker in workers)


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_its_workers_and_temporary_folders(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "bench", "run", "-d", "triple", "--out", str(tmp_path / "run")]
    environment = os.environ | {"TMPDIR": str(temporary), "BENCH_LOCK": str(tmp_path / "lock")}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        while b"cells of" not in process.stdout.readline():
            assert process.poll() is None
        family = psutil.Process(process.pid)
        while not at_work(workers := family.children(recursive=True)):
            assert process.poll() is None
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert said.decode().endswith(f"python -m bench report {tmp_path / 'run'}\n")
    assert not [worker for worker in workers if worker.is_running()]
    assert not list(temporary.iterdir())
