"""Test report.html in headless Chromium: `nox -s pages`. Not named test_*, since other sessions have no browser."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from bench.analysis.run import Raw
from bench.report import write
from tests.support.made_up import DIGITS, ENVIRONMENT, JITTER, agreed, cell, laid_down, made_up, rounds

HOSTILE = "<img src=x onerror=alert(1)>.csv"
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
# Three significant digits are shown, so the last one may be off by half.
SHOWN = 0.005

Row = dict[str, str]


def hostile() -> Raw:
    """The made-up run, with a dataset whose name would run a script if interpreted as HTML."""
    raw = made_up()
    odd = replace(DIGITS, dataset=HOSTILE)
    pair = [agreed("numpy_manual", odd), agreed("torch_nn", odd)]
    timed = [
        *rounds(cell("numpy_manual", odd), 1e-3, JITTER),
        *rounds(cell("torch_nn", odd), 2e-3, JITTER),
    ]
    source = {"name": HOSTILE, "dtype": "float32", "source": HOSTILE, "licence": "<b>", "labels": ["</script>"]}
    environment = ENVIRONMENT | {"datasets": [source], "advice": [f"{HOSTILE} & co."], "command": f"bench {HOSTILE}"}
    return replace(raw, environment=environment, verdicts=[*raw.verdicts, *pair], rounds=[*raw.rounds, *timed])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "run"
    laid_down(folder, hostile())
    write.write_reports(folder)
    return folder


@pytest.fixture(scope="module")
def table(run: Path) -> list[Row]:
    with (run / "timings.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert path, "no Chromium here: apt-get install chromium, or set CHROMIUM to its path"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def opened(context: BrowserContext, run: Path) -> Iterator[Callable[..., Page]]:
    """Open the page at an address; any error, request or alert fails the test at the end."""
    complaints: list[str] = []

    def open_(state: str = "") -> Page:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"alert: {dialog.message}"))
        page.on("request", lambda request: complaints.append(request.url) if _foreign(request.url) else None)
        page.goto(f"{(run / 'report.html').as_uri()}{state}")
        return page

    yield open_
    assert complaints == []


def _foreign(url: str) -> bool:
    return not re.match(r"file:.*/report\.html|data:|blob:", url)


def visible(page: Page, name: str = "times") -> list[Locator]:
    return [row for row in page.locator(f"#{name} tbody tr").all() if row.is_visible()]


def number_of(row: Locator) -> int:
    """Return the number of a row's cell, its position in timings.csv."""
    href = row.locator("a").get_attribute("href")
    assert href is not None
    return int(href.removeprefix("#cell="))


def seconds(text: str) -> float:
    value, unit = text.split(" ")
    return float(value) * UNITS[unit]


def exact(row: Locator) -> Row:
    """Return the values of timings.csv that a row carries as attributes."""
    found: Row = row.evaluate(
        "row => Object.fromEntries([...row.cells].flatMap(cell => cell.getAttributeNames()"
        ".filter(name => name.startsWith('data-')).map(name => [name.slice(5), cell.getAttribute(name)])))"
    )
    return found


def drawn(page: Page, name: str) -> list[dict[str, Any]]:
    place = page.locator(f"#{name}")
    place.scroll_into_view_if_needed()
    place.locator(".main-svg").first.wait_for()
    traces: list[dict[str, Any]] = place.evaluate("place => JSON.parse(JSON.stringify(place.data))")
    return traces


def test_it_loads_and_draws_without_a_complaint_and_asks_for_nothing_else(opened: Callable[..., Page]) -> None:
    page = opened()
    names = [chart.get_attribute("id") for chart in page.locator(".chart").all()]
    assert names == ["intervals-simple_linear", "intervals-softmax", "agreement"]
    assert all(drawn(page, name) for name in names if name)


def test_what_was_not_in_sight_is_drawn_when_it_is_printed(opened: Callable[..., Page]) -> None:
    page = opened()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for chart in page.locator(".chart").all():
        chart.locator(".main-svg").first.wait_for(state="attached", timeout=2000)


def test_every_value_of_every_table_is_that_of_timings_csv(opened: Callable[..., Page], table: list[Row]) -> None:
    page = opened()
    seen = 0
    for name in ("times", "costs", "unfinished"):
        for row in visible(page, name):
            values, expected = exact(row), table[number_of(row)]
            assert values == {column: expected[column] for column in values}
            seen += len(values)
    assert len(visible(page)) == len(table) == 13
    assert seen > 200


def test_every_number_that_is_shown_is_its_value_in_three_digits(opened: Callable[..., Page], table: list[Row]) -> None:
    page = opened()
    for row in visible(page):
        expected = table[number_of(row)]
        texts = dict(
            zip(page.locator("#times thead th").all_inner_texts(), row.locator("th, td").all_inner_texts(), strict=True)
        )
        if expected["epoch_seconds"]:
            assert seconds(texts["time per epoch"]) == pytest.approx(float(expected["epoch_seconds"]), rel=SHOWN)
            low, high = texts["time interval"].split(" to ")
            unit = high.split(" ")[1]
            assert seconds(high) == pytest.approx(float(expected["epoch_seconds_high"]), rel=SHOWN)
            assert seconds(f"{low} {unit}") == pytest.approx(float(expected["epoch_seconds_low"]), rel=SHOWN)
        if expected["ratio"]:
            assert float(texts["ratio"]) == pytest.approx(float(expected["ratio"]), rel=SHOWN)
            ends = [float(end) for end in texts["ratio interval"].split(" to ")]
            assert ends == pytest.approx([float(expected["ratio_low"]), float(expected["ratio_high"])], rel=SHOWN)
        assert (texts["time per epoch"] != "") == (expected["status"] == "OK")


def test_the_charts_show_the_ratios_and_intervals_of_timings_csv(opened: Callable[..., Page], table: list[Row]) -> None:
    shown = {trace["customdata"][0]: trace for trace in drawn(opened(), "intervals-softmax")}
    compared = {number: row for number, row in enumerate(table) if row["ratio"]}
    assert compared.keys() <= shown.keys()
    for number, row in compared.items():
        trace, ratio = shown[number], float(row["ratio"])
        assert trace["x"] == [ratio]
        assert ratio + trace["error_x"]["array"][0] == pytest.approx(float(row["ratio_high"]), rel=1e-12)
        assert ratio - trace["error_x"]["arrayminus"][0] == pytest.approx(float(row["ratio_low"]), rel=1e-12)


def test_a_cell_opens_with_all_of_its_columns_and_its_raw_rounds(
    opened: Callable[..., Page], table: list[Row], run: Path
) -> None:
    raw = [json.loads(line) for line in (run / "raw" / "rounds.jsonl").read_text(encoding="utf-8").splitlines()]
    page = opened()
    for number, row in enumerate(table):
        page.goto(f"{(run / 'report.html').as_uri()}#cell={number}")
        dialog = page.get_by_role("dialog")
        assert row["dataset"] in dialog.get_by_role("heading", level=2).inner_text()
        found = dialog.locator("dl").first.evaluate(
            "list => Object.fromEntries([...list.children].map(pair => [...pair.children].map(one => one.textContent)))"
        )
        assert found == {column: value for column, value in row.items() if value}
        own = [one["round_seconds"] for one in raw if row["status"] == "OK" and _same(one, row)]
        assert [
            [float(value) for value in text.split(", ")] for text in dialog.locator(".values").all_text_contents()
        ] == own


def _same(one: dict[str, Any], row: Row) -> bool:
    problem = one["cell"]["problem"]
    batch = "" if problem["batch_size"] is None else str(problem["batch_size"])
    return (one["cell"]["implementation"], one["cell"]["device"], problem["dataset"], batch) == (
        row["implementation"],
        row["device"],
        row["dataset"],
        row["batch_size"],
    )


def test_a_column_sorts_by_value_both_ways_and_back_with_what_is_missing_last(
    opened: Callable[..., Page], table: list[Row]
) -> None:
    page = opened()
    button = page.get_by_role("columnheader", name="time per epoch").get_by_role("button")
    values = [float(row["epoch_seconds"]) for row in table if row["epoch_seconds"]]
    for order, expected in (("ascending", sorted(values)), ("descending", sorted(values, reverse=True))):
        button.click()
        assert page.locator("#times th[aria-sort]:not([aria-sort=none])").get_attribute("aria-sort") == order
        texts = [exact(row)["epoch_seconds"] for row in visible(page)]
        assert [float(text) for text in texts[: len(values)]] == expected
        assert set(texts[len(values) :]) == {""}
    button.click()
    assert [number_of(row) for row in visible(page)] == list(range(len(table)))


def test_filters_leave_what_was_asked_for_and_the_address_keeps_them(
    opened: Callable[..., Page], table: list[Row]
) -> None:
    page = opened()
    page.get_by_label("implementation", exact=True).select_option("torch_nn")
    page.get_by_label("search", exact=True).fill("DIGITS slower")
    page.get_by_role("columnheader", name="ratio", exact=True).get_by_role("button").click()
    expected = [
        number
        for number, row in enumerate(table)
        if (row["implementation"], row["device"]) == ("torch_nn", "cpu")
        and row["dataset"] == "digits"
        and row["comparison"] == "SLOWER"
    ]
    assert expected
    shared = opened(page.evaluate("location.hash"))
    for one in (page, shared):
        assert [number_of(row) for row in visible(one)] == expected
        assert one.locator("#count").inner_text() == f"{len(expected)} of {len(table)} cells"
        assert one.get_by_label("implementation", exact=True).input_value() == "torch_nn"
    shared.get_by_role("button", name="Clear").click()
    assert len(visible(shared)) == len(table)


def test_all_can_be_reached_and_done_with_the_keyboard(opened: Callable[..., Page]) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.get_by_role("columnheader", name="ratio", exact=True).get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("columnheader", name="ratio", exact=True).get_attribute("aria-sort") == "ascending"
    link = page.locator("#times tbody a").first
    link.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    assert page.evaluate("document.getElementById('dialog').contains(document.activeElement)")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    expect(page).not_to_have_url(re.compile("cell="))  # its close event comes in a separate task
    assert link.evaluate("link => link === document.activeElement")


def test_the_back_button_closes_a_cell(opened: Callable[..., Page]) -> None:
    page = opened("#model=softmax")
    page.locator("#times tbody tr:not([hidden]) a").first.click()
    page.get_by_role("dialog").wait_for()
    page.go_back()
    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.url.endswith("#model=softmax")


def test_a_name_that_is_html_stays_text_everywhere(opened: Callable[..., Page], table: list[Row]) -> None:
    page = opened()
    drawn(page, "intervals-softmax")
    assert HOSTILE in page.locator("#intervals-softmax .ytick text").all_text_contents()
    assert HOSTILE in page.get_by_label("dataset", exact=True).locator("option").all_text_contents()
    assert HOSTILE in page.locator("#times td").all_text_contents()
    page.get_by_label("dataset", exact=True).select_option(HOSTILE)
    assert len(visible(page)) == sum(row["dataset"] == HOSTILE for row in table) == 2
    visible(page)[1].locator("a").click()
    assert HOSTILE in page.get_by_role("dialog").get_by_role("heading", level=2).inner_text()
    page.locator("#dialog-chart .main-svg").first.wait_for()
    assert page.evaluate("document.images.length") == 0


def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, run: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((run / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_charts_take_the_colours_of_a_dark_page(browser: Browser, run: Path) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto((run / "report.html").as_uri())
    drawn(page, "intervals-softmax")
    ink = page.evaluate("getComputedStyle(document.querySelector('#intervals-softmax .ytick text')).fill")
    assert ink == "rgb(232, 232, 232)" == page.evaluate("getComputedStyle(document.body).color")
    page.emulate_media(color_scheme="light")
    expect(page.locator("#intervals-softmax .ytick text").first).to_have_css("fill", "rgb(26, 26, 26)")
    page.close()
