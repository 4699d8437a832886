"use strict";

// A case over the commits: one panel for each interpreter line, all on one axis of commits. Makes `asvJit.history`.
{
  const { units, make, decode, state } = asvJit;
  const METRICS = {
    time: { name: "Time and speedup", main: [["off", "off"], ["on", "on"], ["plain", "plain"]], gain: "speedup" },
    memory: { name: "Peak memory", main: [["peak_memory_off", "off"], ["peak_memory_on", "on"]], unit: "bytes" },
    warmup: { name: "Warm-up with the JIT on", main: [["warmup_on", "on"]], unit: "seconds" },
  };
  const SPANS = { all: "all commits", 30: "last 30", 100: "last 100", 300: "last 300", year: "last year" };
  const YEAR_S = 365 * 86400;

  // ---- The data, as the panels want it ----

  function commitsOf(file) {
    const count = file.hashes.length;
    const at = (place) => {
      const near = Math.min(Math.max(Math.round(place), 0), count - 1);
      return {
        place: near, hash: file.hashes[near], short: file.hashes[near].slice(0, 8), day: file.dates[near] ? units.day(file.dates[near]) : "",
        date: file.dates[near], author: file.authors[file.author[near]], subject: file.subjects[near],
      };
    };
    const find = (text) => /^[0-9a-f]{4,40}$/.test(text ?? "") ? file.hashes.findIndex((hash) => hash.startsWith(text)) : -1;
    // The axis of dates must ascend, though git's dates need not.
    let latest = 0;
    const times = file.dates.map((date) => (latest = Math.max(latest, date)));
    return { count, at, find, times, link: (commit) => file.show_commit_url ? file.show_commit_url + commit.hash : "" };
  }

  // A panel shows one schedule: all series of the case in it, one after the other, with a hole where one ends.
  function panelsOf(data, file) {
    const found = new Map();
    data.series.forEach((series, number) => {
      const schedule = file.schedules[series.schedule];
      if (!found.has(series.schedule)) found.set(series.schedule, { schedule, number: series.schedule, parts: [] });
      const columns = Object.fromEntries(Object.entries(series.columns).map(([metric, column]) => [metric, decode(column)]));
      if (columns.plain && series.noise > 0) columns.plain = usual(columns.plain, series.noise);
      found.get(series.schedule).parts.push({ series, number, columns });
    });
    for (const panel of found.values()) panel.parts.sort((a, b) => a.series.start - b.series.start);
    return [...found.values()].sort((a, b) => a.number - b.number);
  }

  // What asv measured has no interval that holds for another process: the band is how much the series usually varies.
  function usual({ value }, noise) {
    const reach = Math.exp(1.96 * noise);
    const times = (factor) => value.map((one) => one === null ? null : one * factor);
    return { value, low: times(1 / reach), high: times(reach), usual: reach };
  }

  const lengthOf = (part) => Math.max(...Object.values(part.columns).map((column) => column.value.length));

  // The points of a panel for some metrics; a place of the axis without a value in any of them is left out.
  function pointsOf(panel, metrics, places, builds) {
    const points = { x: [], slot: [], columns: metrics.map(() => ({ value: [], low: [], high: [] })), changes: [], builds: [] };
    const push = (x, slot, read) => {
      points.x.push(x);
      points.slot.push(slot);
      metrics.forEach((metric, place) => {
        for (const bound of ["value", "low", "high"]) points.columns[place][bound].push(read(metric, bound));
      });
    };
    let end = -1;
    let build = null;
    for (const part of panel.parts) {
      const known = metrics.filter((metric) => part.columns[metric]);
      const first = Math.max(part.series.start, end + 1);
      let opened = false;
      for (let slot = first; slot < part.series.start + lengthOf(part); slot += 1) {
        const offset = slot - part.series.start;
        if (!known.some((metric) => (part.columns[metric].value[offset] ?? null) !== null)) continue;
        let x = places(panel.schedule.places[slot]);
        const before = points.x.at(-1);
        if (before !== undefined && x <= before) x = before + 1e-6 * Math.max(Math.abs(before), 1); // a second build at one commit
        if (!opened && end >= 0 && before !== undefined) {
          push((before + x) / 2, null, () => null);
          points.changes.push((before + x) / 2);
        }
        opened = true;
        const interpreter = panel.schedule.interpreters[slot];
        if (build !== null && build !== interpreter) points.builds.push({ x, name: builds[interpreter] });
        build = interpreter;
        push(x, slot, (metric, bound) => part.columns[metric]?.[bound][offset] ?? null);
      }
      end = Math.max(end, part.series.start + lengthOf(part) - 1);
    }
    return points;
  }

  // ---- The view: what the reader chose ----

  class View {
    constructor(root, data, file) {
      Object.assign(this, { root, data, file });
      this.commits = commitsOf(file);
      this.all = panelsOf(data, file);
      this.machines = [...new Set(this.all.map((panel) => panel.schedule.machine))];
      this.branches = [...new Set(this.all.map((panel) => panel.schedule.branch))];
      this.metrics = Object.keys(METRICS).filter((name) => METRICS[name].main.some(([metric]) => this.has(metric)));
      this.charts = [];
      this.choice = this.read();
    }

    has(metric) { return this.all.some((panel) => panel.parts.some((part) => part.columns[metric])); }

    read() {
      const found = state.read();
      const oneOf = (value, options) => options.includes(value) ? value : options[0];
      return {
        machine: oneOf(found.machine, this.machines),
        branch: oneOf(found.branch, this.branches),
        metric: oneOf(found.metric, this.metrics),
        lines: found.lines ? found.lines.split(";").map(Number) : [],
        x: found.x === "date" ? "date" : "commit",
        y: oneOf(found.y, ["fit", "zero", "log"]),
        from: this.commits.find(found.from),
        to: this.commits.find(found.to),
      };
    }

    write(replace = false) {
      const { machine, branch, metric, lines, x, y, from, to } = this.choice;
      const short = (place) => place < 0 ? "" : this.commits.at(place).short;
      state.write({
        machine: machine === this.machines[0] ? "" : machine, branch: branch === this.branches[0] ? "" : branch,
        metric: metric === this.metrics[0] ? "" : metric, lines: lines.join(";"),
        x: x === "date" ? x : "", y: y === "fit" ? "" : y, from: short(from), to: short(to),
      }, replace);
    }

    set(change, replace = false) {
      Object.assign(this.choice, change);
      this.write(replace);
      this.render();
    }

    // Panels of the machine and branch; the newest line alone until the reader wants more.
    available() {
      const { machine, branch } = this.choice;
      return this.all.filter(({ schedule }) => schedule.machine === machine && schedule.branch === branch).reverse();
    }

    shown() {
      const panels = this.available();
      const chosen = panels.filter((panel) => this.choice.lines.includes(panel.number));
      return chosen.length ? chosen : panels.slice(0, 1);
    }

    place(commit) { return this.choice.x === "date" ? this.commits.times[commit] : commit; }

    // From a place on the axis to the nearest commit.
    commitAt(value) {
      if (this.choice.x === "commit") return Math.min(Math.max(Math.round(value), 0), this.commits.count - 1);
      const { times } = this.commits;
      let [low, high] = [0, times.length - 1];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (times[middle] <= value) low = middle; else high = middle;
      }
      return value - times[low] <= times[high] - value ? low : high;
    }

    // What stands on the axis; nothing beside its ends, where there is room and no commit.
    label(value) {
      if (this.choice.x === "commit" && !(value >= 0 && value < this.commits.count)) return "";
      const commit = this.commits.at(this.commitAt(value));
      return commit.day || commit.short;
    }

    // The first and the last commit that any of the shown panels has.
    extent() {
      const ends = this.shown().flatMap((panel) => panel.parts.flatMap((part) => {
        const last = part.series.start + lengthOf(part) - 1;
        return [panel.schedule.places[part.series.start], panel.schedule.places[last]];
      }));
      return [Math.min(...ends), Math.max(...ends)];
    }

    bounds() {
      const [first, last] = this.extent();
      const from = this.choice.from < 0 ? first : Math.min(this.choice.from, last);
      const to = this.choice.to < 0 ? last : Math.max(this.choice.to, from);
      return [from, to];
    }

    range() {
      const [from, to] = this.bounds();
      const [a, b] = [this.place(from), this.place(to)];
      const room = this.choice.x === "date" ? Math.max((b - a) * 0.02, 43200) : Math.max((b - a) * 0.02, 0.6);
      return [a - room, b + room];
    }

    zoom(from, to) {
      const [first, last] = this.extent();
      const [low, high] = [Math.max(this.commitAt(from), first), Math.min(this.commitAt(to), last)];
      if (high - low < 1) return;
      this.set({ from: low <= first ? -1 : low, to: high >= last ? -1 : high });
    }

    scaleBy(factor, shift = 0) {
      const [from, to] = this.bounds();
      const [middle, half] = [(from + to) / 2 + shift * (to - from), Math.max(((to - from) / 2) * factor, 2)];
      const [first, last] = this.extent();
      const low = Math.max(Math.min(Math.round(middle - half), last - 1), first);
      const high = Math.min(Math.max(Math.round(middle + half), low + 1), last);
      this.set({ from: low <= first ? -1 : low, to: high >= last ? -1 : high });
    }

    span(name) {
      if (name === "all") { this.set({ from: -1, to: -1 }); return; }
      const [first, last] = this.extent();
      const { times } = this.commits;
      const from = name === "year" ? times.findIndex((time) => time >= times[last] - YEAR_S) : last - Number(name) + 1;
      this.set({ from: from <= first ? -1 : from, to: -1 });
    }

    // ---- What is seen ----

    start() {
      this.controls = new asvJit.HistoryControls(this, METRICS, SPANS);
      this.panels = make("div", { class: "panels" });
      this.said = make("output", { class: "hidden", "aria-live": "polite" });
      this.root.replaceChildren(this.controls.element, this.panels, this.said);
      addEventListener("popstate", () => { if (!state.isAnchor()) { this.choice = this.read(); this.render(); } });
      new ResizeObserver(() => this.charts.forEach((one) => one.resize())).observe(this.panels);
      new MutationObserver(() => this.charts.forEach((one) => one.redraw())).observe(document.documentElement, { attributeFilter: ["data-theme"] });
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.charts.forEach((one) => one.redraw()));
      this.render();
    }

    // What needs new charts; a change of the range alone only moves those that are there.
    structure() {
      const { machine, branch, metric, x, y } = this.choice;
      return JSON.stringify([machine, branch, metric, x, y, this.shown().map((panel) => panel.number)]);
    }

    render() {
      this.controls.update();
      if (this.structure() === this.drawn) {
        this.charts.forEach((one) => one.show(this.range()));
        this.sections.forEach((section) => section.describe());
        return;
      }
      this.drawn = this.structure();
      this.charts.forEach((one) => one.destroy());
      this.sections = this.shown().map((panel, place, shown) => new asvJit.HistoryPanel(this, panel, METRICS[this.choice.metric], place === shown.length - 1));
      this.panels.replaceChildren(...this.sections.map((section) => section.element));
      this.charts = this.sections.flatMap((section) => section.draw());
    }

    // Everything in sight as rows for a spreadsheet.
    rows() {
      const rows = [["commit", "date", "author", "subject", "machine", "line", "interpreter", "benchmark_version", "protocol", "metric", "unit", "value", "low", "high"]];
      const [from, to] = this.bounds();
      for (const panel of this.available()) {
        for (const { series, columns } of panel.parts) {
          for (const [metric, column] of Object.entries(columns)) {
            const unit = metric === "speedup" ? "ratio" : metric.startsWith("peak_memory") ? "bytes" : metric === "warmup_on" ? "seconds" : series.unit;
            column.value.forEach((value, offset) => {
              const slot = series.start + offset;
              const place = panel.schedule.places[slot];
              if (value === null || place < from || place > to) return;
              const commit = this.commits.at(place);
              rows.push([commit.hash, commit.day, commit.author, commit.subject, panel.schedule.machine, panel.schedule.line,
                this.file.interpreters[panel.schedule.interpreters[slot]], series.benchmark_version, series.protocol, metric, unit, value, ...(column.usual ? [null, null] : [column.low[offset], column.high[offset]])]);
            });
          }
        }
      }
      return rows;
    }
  }

  asvJit.history = { View, pointsOf };
}
