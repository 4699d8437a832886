"use strict";

// A case's page: puts the charts in their places, the trials in their tables, and everything into a spreadsheet.
document.addEventListener("DOMContentLoaded", () => {
  const { files, units, make, csv } = asvJit;
  const root = document.querySelector("[data-history]");
  const data = files.case;

  function say(text) {
    root?.replaceChildren(asvJit.alert(text));
  }

  if (!data || !files.commits || typeof uPlot === "undefined") {
    say("The data of the charts could not be loaded; the tables below hold the last points.");
    return;
  }

  function history() {
    if (!root) return null;
    const view = new asvJit.history.View(root, data, files.commits);
    view.start();
    return view;
  }

  // The drawing that came with the page keeps its place until the one with every trial stands there.
  function warmUps() {
    const charts = [];
    for (const box of document.querySelectorAll("[data-warm-up]")) {
      const cell = data.cells[Number(box.dataset.warmUp)];
      const plot = make("div", {
        class: "plot",
        role: "img",
        "aria-label": box.querySelector("svg")?.getAttribute("aria-label") ?? "Warm-up",
      });
      const still = [...box.children];
      box.append(plot);
      const made = cell ? asvJit.warmUp(plot, cell) : null;
      if (made) {
        still.forEach((old) => old.remove());
        charts.push(made);
      } else plot.remove();
    }
    new ResizeObserver(() => charts.forEach((one) => one.resize())).observe(document.body);
    const redraw = () => charts.forEach((one) => one.redraw());
    new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", redraw);
  }

  const COLUMNS = [
    ["Pair", (trials, at) => String(trials.block[at] + 1)],
    ["JIT", (trials, at) => trials.mode[at]],
    ["Figure", (trials, at, form) => (trials.figure[at] === null ? trials.outcome[at] : form(trials.figure[at]))],
    ["First call", (trials, at) => units.seconds(trials.first_call[at])],
    ["Before steady", (trials, at) => units.seconds(trials.warmup[at])],
    ["How it settles", (trials, at) => trials.kind[at].replaceAll("_", " ")],
    ["Peak memory", (trials, at) => units.size(trials.peak_memory[at])],
    ["Hash seed", (trials, at) => String(trials.hash_seed[at])],
    ["Started (UTC)", (trials, at) => trials.started[at].slice(0, 19).replace("T", " ")],
    ["", (trials, at) => (trials.disturbed[at] ? "disturbed" : "")],
  ];

  function trialsTable(cell, form) {
    const { trials } = cell;
    const order = trials.block
      .map((_, at) => at)
      .sort((a, b) => trials.block[a] - trials.block[b] || (trials.mode[a] < trials.mode[b] ? -1 : 1));
    const head = make(
      "tr",
      {},
      ...COLUMNS.map(([name], column) =>
        make(
          "th",
          { scope: "col", class: column > 1 && column < 5 ? "number" : null },
          name || make("span", { class: "hidden" }, "Note"),
        ),
      ),
    );
    const rows = order.map((at) =>
      make(
        "tr",
        {},
        ...COLUMNS.map(([, read], column) =>
          make("td", { class: column > 1 && column < 5 ? "number" : null }, read(trials, at, form)),
        ),
      ),
    );
    return make("table", { class: "trials" }, make("thead", {}, head), make("tbody", {}, ...rows));
  }

  function trialTables() {
    for (const box of document.querySelectorAll("[data-trials]")) {
      const cell = data.cells[Number(box.dataset.trials)];
      const details = box.closest("details");
      const fill = () => {
        if (!details.open || box.dataset.filled || !cell) return;
        box.dataset.filled = "yes";
        const timed = cell.trials.first_call.some((value) => value !== null);
        box.replaceChildren(trialsTable(cell, timed ? units.seconds : units.number));
      };
      details.addEventListener("toggle", fill);
      fill();
    }
    // A link to the trials, or to an early change, opens what hides them.
    const open = () => {
      const target = location.hash.includes("=")
        ? null
        : document.getElementById(decodeURIComponent(location.hash.slice(1)));
      const details = target?.closest("details");
      if (details) {
        details.open = true;
        target.scrollIntoView();
      }
    };
    addEventListener("hashchange", open);
    document.addEventListener("click", (event) => {
      if (event.target.closest?.("a[href^='#']")) setTimeout(open);
    });
    open();
  }

  function trialRows() {
    const rows = [
      [
        "machine",
        "interpreter",
        "commit",
        "protocol",
        "pair",
        "mode",
        "outcome",
        "figure",
        "first_call_s",
        "warmup_s",
        "peak_memory_bytes",
        "kind",
        "disturbed",
        "hash_seed",
        "started",
      ],
    ];
    for (const cell of data.cells) {
      const { trials } = cell;
      trials.block.forEach((block, at) =>
        rows.push([
          cell.machine,
          cell.interpreter,
          cell.commit,
          cell.protocol,
          block + 1,
          trials.mode[at],
          trials.outcome[at],
          trials.figure[at],
          trials.first_call[at],
          trials.warmup[at],
          trials.peak_memory[at],
          trials.kind[at],
          String(trials.disturbed[at]),
          trials.hash_seed[at],
          trials.started[at],
        ]),
      );
    }
    return rows;
  }

  const view = history();
  warmUps();
  trialTables();
  const slug =
    location.pathname
      .split("/")
      .at(-1)
      .replace(/\.html$/, "") || "case";
  for (const button of document.querySelectorAll("[data-csv]")) {
    const act = {
      history: () => view && csv.save(`${slug}.csv`, view.rows()),
      trials: () => csv.save(`${slug}-trials.csv`, trialRows()),
    }[button.dataset.csv];
    button.disabled = false;
    button.addEventListener("click", act);
  }
});
