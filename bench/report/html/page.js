"use strict";
// Sorting, filtering and details, all stored in the URL. Everything from the data is inserted as text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const filters = document.getElementById("filters");
  const dialog = document.getElementById("dialog");
  const tables = [...document.querySelectorAll("main table")];
  const rowsOf = new Map(tables.map((table) => [table, [...table.tBodies[0].rows]]));
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const state = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");

  function change(changes, { back = false } = {}) {
    const next = state();
    for (const [key, value] of Object.entries(changes)) {
      if (value === "" || value === null) next.delete(key);
      else next.set(key, value);
    }
    const address = String(next) ? `#${next}` : location.pathname + location.search;
    history[back ? "pushState" : "replaceState"](null, "", address);
    apply();
  }

  function apply() {
    const now = state();
    for (const field of filters.elements) if (field.name) field.value = now.get(field.name) ?? "";
    tables.forEach((table) => sort(table, now.get(`sort.${table.id}`) ?? ""));
    tables.forEach((table) => filter(table, now));
    show(now.get("cell"));
  }

  // Filters: every facet must match the choice, and every word of the search must occur in the row.
  function filter(table, now) {
    const words = (now.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const facets = ["model", "dataset", "implementation", "status"].filter((facet) => now.get(facet));
    const rows = rowsOf.get(table).filter((row) => row.hasAttribute("data-facet-model"));
    for (const row of rows) {
      const text = `${row.getAttribute("data-facet-model")} ${row.textContent}`.toLowerCase();
      row.hidden =
        !facets.every((facet) => row.getAttribute(`data-facet-${facet}`) === now.get(facet)) ||
        !words.every((word) => text.includes(word));
    }
    if (table.id === "times") {
      const seen = rows.filter((row) => !row.hidden).length;
      document.getElementById("count").textContent = `${seen} of ${rows.length} cells`;
    }
  }

  // Order: "3" and "-3" sort by the third column, ascending and descending; empty values always come last.
  function sort(table, order) {
    const column = Math.abs(Number(order)) - 1;
    const down = order.startsWith("-");
    [...table.tHead.rows[0].cells].forEach((head, number) => {
      head.setAttribute("aria-sort", number !== column ? "none" : down ? "descending" : "ascending");
    });
    const rows = [...rowsOf.get(table)];
    const head = table.tHead.rows[0].cells[column];
    if (head) {
      const keys = new Map(rows.map((row) => [row, key(head, row.cells[column])]));
      rows.sort((a, b) => compare(keys.get(a), keys.get(b), down));
    }
    const body = table.tBodies[0];
    if (rows.some((row, place) => row !== body.rows[place])) body.append(...rows); // moving a row would lose its focus
  }

  function key(head, entry) {
    const text = entry.getAttribute(`data-${head.dataset.key}`) ?? entry.textContent;
    if (!head.classList.contains("number")) return text === "" ? null : entry.textContent;
    const number = text === "inf" ? Infinity : Number.parseFloat(text);
    return Number.isNaN(number) ? null : number;
  }

  function compare(a, b, down) {
    if (a === null || b === null) return (a === null) - (b === null);
    const order = typeof a === "number" ? Math.sign(a - b) || 0 : a.localeCompare(b, "en");
    return down ? -order : order;
  }

  // Details of one cell.
  function element(tag, text, ...children) {
    const made = document.createElement(tag);
    made.append(...(text === null ? [] : [String(text)]), ...children);
    return made;
  }

  function list(pairs) {
    return element(
      "dl", null, ...pairs.map(([name, value]) => element("div", null, element("dt", name), element("dd", value))),
    );
  }

  function show(number) {
    if (number === null || !(number in data.cells)) {
      if (dialog.open) dialog.close();
      return;
    }
    const pairs = data.columns.map((column, place) => [column, data.cells[number][place]]);
    const of = Object.fromEntries(pairs);
    const histories = data.rounds[number] ?? [];
    document.getElementById("dialog-title").textContent =
      `${data.names[number]}: ${of.status}`;
    document.getElementById("dialog-body").replaceChildren(
      ...(histories.length ? [element("p", "Each round of each process. Shaded: no quiet processor. Grey: stopped, not counted.")] : []),
      element("h3", "As in timings.csv"),
      list(pairs.filter(([, value]) => value !== "")),
      element("h3", "Conditions, read back in the first process"),
      list(data.conditions[data.conditionsOf[number]] ?? []),
      element("h3", "Raw rounds, in seconds"),
      ...(histories.length ? histories.map(processes) : [element("p", "Not on this page: see raw/rounds.jsonl.")]),
    );
    if (!dialog.open) dialog.showModal();
    const chart = document.getElementById("dialog-chart");
    if (histories.length) draw(chart, rounds(histories[0]));
    else Plotly.purge(chart);
    chart.hidden = !histories.length;
  }

  function processes(history) {
    const items = history.processes.map((process) => {
      const counts = process.counts ? "" : "; stopped, not counted";
      const noisy = process.noisy ? "; no quiet processor" : "";
      const values = element("p", process.roundSeconds.join(", "));
      values.className = "values";
      return element(
        "details", null,
        element("summary", `Block ${process.block}: ${process.roundSeconds.length} rounds${counts}${noisy}`),
        element("p", `${process.epochsPerRound} epochs per round; the first epoch took ${process.firstEpochSeconds} s`),
        values,
      );
    });
    return element("div", null, element("h4", history.name), ...items);
  }

  const UNITS = [[1, "s"], [1e-3, "ms"], [1e-6, "us"], [1e-9, "ns"]];

  function rounds(history) {
    const shortest = history.processes.map((one) => Math.min(...one.roundSeconds) / one.epochsPerRound);
    const least = Math.min(...shortest);
    const [scale, unit] = UNITS.find(([scale]) => least >= scale) ?? UNITS.at(-1);
    const place = (slot, number, count) => slot + 0.1 + (0.8 * (number + 0.5)) / count;
    const traces = history.processes.map((process, slot) => ({
      type: "scatter",
      mode: "lines+markers",
      x: process.roundSeconds.map((_, number) => place(slot, number, process.roundSeconds.length)),
      y: process.roundSeconds.map((seconds) => seconds / process.epochsPerRound / scale),
      line: { color: process.counts ? "#3b8fd4" : "#8a8a8a", width: 1 },
      marker: { size: 4 },
      hovertemplate: `block ${process.block}: %{y:.4~g} ${unit} per epoch<extra></extra>`,
    }));
    const slots = history.processes.map((_, slot) => slot);
    const shapes = slots.filter((slot) => history.processes[slot].noisy).map((slot) => ({
      type: "rect", yref: "paper", x0: slot, x1: slot + 1, y0: 0, y1: 1,
      fillcolor: "rgba(213, 94, 0, 0.1)", line: { width: 0 }, layer: "below",
    }));
    const shown = (slot) => slot % (1 + Math.floor(slots.length / 12)) === 0;
    const layout = {
      height: 280, showlegend: false, hovermode: "closest", shapes, margin: { l: 10, r: 10, t: 10, b: 45 },
      xaxis: {
        title: { text: "block" }, showgrid: false, zeroline: false, range: [0, slots.length], tickangle: 0,
        tickvals: slots.filter(shown).map((slot) => slot + 0.5),
        ticktext: history.processes.filter((_, slot) => shown(slot)).map((process) => process.block),
      },
      yaxis: {
        type: "log", tickformat: "~g", ticksuffix: ` ${unit}`, automargin: true, title: { text: "time per epoch" },
      },
    };
    return { data: traces, layout };
  }

  // Charts are drawn by plotly when they scroll into view or are printed, in the colours of the page.
  const drawn = new Map();

  // An edge in the background colour makes a marker visible on a line of its own colour.
  function draw(place, chart) {
    const style = getComputedStyle(document.documentElement);
    const [ink, line, paper] = ["--ink", "--line", "--paper"].map((name) => style.getPropertyValue(name).trim());
    const edged = (trace) => trace.marker?.symbol
      ? { ...trace, marker: { ...trace.marker, line: { color: paper, width: 1.2 } } } : trace;
    const axis = (own) => ({ gridcolor: line, linecolor: line, zerolinecolor: line, fixedrange: true, ...own });
    const layout = {
      ...chart.layout, dragmode: false, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, family: "system-ui, sans-serif", size: 13 },
      hoverlabel: { bgcolor: paper, bordercolor: line, font: { color: ink } },
      xaxis: axis(chart.layout.xaxis), yaxis: axis(chart.layout.yaxis),
    };
    drawn.set(place, chart);
    return Plotly.react(place, chart.data.map(edged), layout, { responsive: true, displayModeBar: false });
  }

  function drawFirst(place) {
    watch.unobserve(place);
    draw(place, data.charts[place.id]).then(() => {
      place.on("plotly_click", ({ points }) => {
        if (points[0].customdata !== undefined) change({ cell: points[0].customdata }, { back: true });
      });
    });
  }

  const charts = [...document.querySelectorAll(".chart")];
  const watch = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach((entry) => drawFirst(entry.target));
  }, { rootMargin: "400px" });
  charts.forEach((place) => watch.observe(place));
  addEventListener("beforeprint", () => charts.filter((place) => !drawn.has(place)).forEach(drawFirst));
  dark.addEventListener("change", () => drawn.forEach((chart, place) => draw(place, chart)));

  tables.forEach((table) => {
    [...table.tHead.rows[0].cells].forEach((head, number) => {
      const up = String(number + 1);
      const next = { none: up, ascending: `-${up}`, descending: "" };
      head.firstElementChild.addEventListener("click", () => {
        change({ [`sort.${table.id}`]: next[head.getAttribute("aria-sort")] });
      });
    });
  });
  filters.addEventListener("input", (event) => change({ [event.target.name]: event.target.value }));
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", (event) => {
    event.preventDefault();
    change(Object.fromEntries([...filters.elements].filter((one) => one.name).map((one) => [one.name, ""])));
  });
  dialog.addEventListener("close", () => { if (state().has("cell")) change({ cell: "" }); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const target = link.getAttribute("href").slice(1);
    if (target.includes("=")) change({ cell: target.split("=")[1] }, { back: true });
    else {
      const section = document.getElementById(target);
      section.tabIndex = -1;
      section.focus({ preventScroll: true });
      section.scrollIntoView();
    }
  });
  addEventListener("popstate", apply);
  addEventListener("hashchange", apply);
  apply();
})();
