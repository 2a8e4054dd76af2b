"""The code in README and docs/your-own-implementation.md does what they say."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

import pytest

import impls
from bench.store.layout import ROOT
from impls.protocol import Feed, Implementation, Model
from tests.support.gates import DTYPES, judged, opinions


def code(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


(OWN_GRADIENT,) = code("README.md")
FIRST, CURE = code("docs/your-own-implementation.md")


def saved(path: Path, source: str) -> Implementation:
    path.write_text(source, encoding="utf-8")
    return impls.load(f"{path}:Mine")


def cured() -> str:
    """Return the first version with `step` and `probabilities` replaced by the three methods, as the page asks."""
    before, rest = FIRST.split("    def step(", 1)
    after = rest[rest.index("    def loss_and_gradients(") :]
    return f"{before}{indent(CURE, '    ')}\n{after}"


def failures(
    implementation: Implementation, dtype: str, model: Model = Model.SOFTMAX, feed: Feed = Feed.DEVICE
) -> set[str]:
    """Return the data and quantities for which it exceeds the error budget."""
    return {
        f"{case.name}: {one.name}"
        for case, opinion in opinions(model, dtype, feed)
        for one in judged(implementation, case, opinion, dtype)[1]
        if not one.share <= 1
    }


@pytest.mark.filterwarnings("ignore:divide by zero")  # the bug that the page is about
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_first_version_fails_where_the_page_says(tmp_path: Path, dtype: str) -> None:
    found = failures(saved(tmp_path / "mine.py", FIRST), dtype)
    assert "gate:large_logits: start/loss" in found
    assert all(name.endswith("loss") for name in found)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_cured_version_agrees(tmp_path: Path, dtype: str) -> None:
    assert failures(saved(tmp_path / "mine.py", cured()), dtype) == set()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_the_readme_agrees_and_is_the_one_that_is_judged(tmp_path: Path, dtype: str) -> None:
    own = Model.MULTIVARIATE_LINEAR
    assert failures(saved(tmp_path / "mine.py", OWN_GRADIENT), dtype, own) == set()
    wrong = OWN_GRADIENT.replace("2 * r.mean()", "r.mean()")
    assert wrong != OWN_GRADIENT and failures(saved(tmp_path / "wrong.py", wrong), dtype, own)


def test_it_refuses_the_models_that_it_has_not(tmp_path: Path) -> None:
    case, opinion = opinions(Model.LOGISTIC, "float64")[0]
    with pytest.raises(NotImplementedError, match="no logistic here"):
        judged(saved(tmp_path / "mine.py", FIRST), case, opinion, "float64")


def test_it_keeps_its_rows_and_is_refused_where_they_are_fed(tmp_path: Path) -> None:
    found = failures(saved(tmp_path / "mine.py", cured()), "float32", feed=Feed.HOST)
    assert found and all(name.endswith("itself/fed") for name in found)
