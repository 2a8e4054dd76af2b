"""If every backend should be installed, nothing is skipped silently."""

from __future__ import annotations

import pytest

from bench.store.layout import ROOT

pytest_plugins = ["pytester"]

SKIPS = """
import pytest

def test_that_skips():
    pytest.skip("needs jax")

def test_that_has_no_device():
    pytest.skip("needs a CUDA device")
"""
MODULE_SKIPS = "import pytest; pytest.skip('needs torch', allow_module_level=True)"


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text())
    pytester.makepyfile(test_one=SKIPS, test_whole_module=MODULE_SKIPS)
    return pytester


def test_a_skip_is_a_skip_by_default(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALL_BACKENDS", raising=False)
    suite.runpytest_subprocess().assert_outcomes(skipped=3)


def test_a_skip_fails_and_keeps_its_reason_under_all_backends(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_BACKENDS", "1")
    result = suite.runpytest_subprocess("--continue-on-collection-errors")
    result.assert_outcomes(failed=1, errors=1, skipped=1)
    result.stdout.fnmatch_lines_random(["*ALL_BACKENDS=1*needs jax*", "*ALL_BACKENDS=1*needs torch*"])
