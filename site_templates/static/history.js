"use strict";

// A case over the commits: one panel for each interpreter line, all on one axis of commits. Makes `asvJit.history`,
// then the controls above the charts and the panels themselves.
{
  const { units, make, decode, state } = asvJit;
  const METRICS = {
    time: {
      name: "Time and speedup",
      main: [
        ["off", "off"],
        ["on", "on"],
        ["plain", "plain"],
      ],
      gain: "speedup",
    },
    memory: {
      name: "Peak memory",
      main: [
        ["peak_memory_off", "off"],
        ["peak_memory_on", "on"],
      ],
      unit: "bytes",
    },
    warmup: { name: "Warm-up with the JIT on", main: [["warmup_on", "on"]], unit: "seconds" },
    instructions: {
      name: "Instructions per call",
      main: [
        ["instructions_off", "off"],
        ["instructions_on", "on"],
      ],
      unit: "instructions",
    },
  };
  const SPANS = { all: "all commits", 30: "last 30", 100: "last 100", 300: "last 300", year: "last year" };
  const YEAR_S = 365 * 86400;

  // ---- The data, as the panels want it ----

  function commitsOf(file) {
    const count = file.hashes.length;
    const at = (place) => {
      const near = Math.min(Math.max(Math.round(place), 0), count - 1);
      return {
        place: near,
        hash: file.hashes[near],
        short: file.hashes[near].slice(0, 8),
        day: file.dates[near] ? units.day(file.dates[near]) : "",
        date: file.dates[near],
        author: file.authors[file.author[near]],
        subject: file.subjects[near],
      };
    };
    const find = (text) =>
      /^[0-9a-f]{4,40}$/.test(text ?? "") ? file.hashes.findIndex((hash) => hash.startsWith(text)) : -1;
    // The axis of dates must ascend, though git's dates need not.
    let latest = 0;
    const times = file.dates.map((date) => (latest = Math.max(latest, date)));
    return {
      count,
      at,
      find,
      times,
      link: (commit) => (file.show_commit_url ? file.show_commit_url + commit.hash : ""),
    };
  }

  // A panel shows one schedule: all series of the case in it, one after the other, with a hole where one ends. The
  // machine that measured the newest commit of this case comes first, and of each machine the line that did.
  function panelsOf(data, file) {
    const found = new Map();
    data.series.forEach((series, number) => {
      const schedule = file.schedules[series.schedule];
      if (!found.has(series.schedule)) found.set(series.schedule, { schedule, number: series.schedule, parts: [] });
      const columns = Object.fromEntries(
        Object.entries(series.columns).map(([metric, column]) => [metric, decode(column)]),
      );
      if (columns.plain && series.noise > 0) columns.plain = usual(columns.plain, series.noise);
      found.get(series.schedule).parts.push({ series, number, columns });
    });
    const newest = new Map(); // by machine
    for (const panel of found.values()) {
      panel.parts.sort((a, b) => a.series.start - b.series.start);
      const { machine, places } = panel.schedule;
      panel.newest = Math.max(...panel.parts.map((part) => places[part.series.start + lengthOf(part) - 1]));
      newest.set(machine, Math.max(newest.get(machine) ?? 0, panel.newest));
    }
    return [...found.values()].sort((a, b) =>
      a.schedule.machine === b.schedule.machine
        ? b.newest - a.newest || b.number - a.number
        : newest.get(b.schedule.machine) - newest.get(a.schedule.machine) || a.number - b.number,
    );
  }

  // What asv measured has no interval that holds for another process: the band holds 95% of the steps from one value to
  // the next.
  function usual({ value }, noise) {
    const reach = Math.exp(1.96 * Math.SQRT2 * noise);
    const times = (factor) => value.map((one) => (one === null ? null : one * factor));
    return { value, low: times(1 / reach), high: times(reach), usual: reach };
  }

  const lengthOf = (part) => Math.max(...Object.values(part.columns).map((column) => column.value.length));

  // The points of a panel for some metrics, at the places of the axis where any of them has a value.
  function pointsOf(panel, metrics, places, builds) {
    const points = {
      x: [],
      slot: [],
      behind: [],
      columns: metrics.map(() => ({ value: [], low: [], high: [] })),
      changes: [],
      builds: [],
    };
    const push = (x, slot, behind, read) => {
      points.x.push(x);
      points.slot.push(slot);
      points.behind.push(behind);
      metrics.forEach((metric, place) => {
        for (const bound of ["value", "low", "high"]) points.columns[place][bound].push(read(metric, bound));
      });
    };
    let end = -1;
    let build = null;
    for (const part of panel.parts) {
      const known = metrics.filter((metric) => part.columns[metric]);
      if (!known.length) continue; // counts are beside times
      const first = Math.max(part.series.start, end + 1);
      let opened = false;
      for (let slot = first; slot < part.series.start + lengthOf(part); slot += 1) {
        const offset = slot - part.series.start;
        if (!known.some((metric) => (part.columns[metric].value[offset] ?? null) !== null)) continue;
        let x = places(panel.schedule.places[slot]);
        const before = points.x.at(-1);
        // a second build at one commit
        if (before !== undefined && x <= before) x = before + 1e-6 * Math.max(Math.abs(before), 1);
        if (!opened && end >= 0 && before !== undefined) {
          push((before + x) / 2, null, null, () => null);
          points.changes.push((before + x) / 2);
        }
        opened = true;
        const interpreter = panel.schedule.interpreters[slot];
        if (build !== null && build !== interpreter) points.builds.push({ x, name: builds[interpreter] });
        build = interpreter;
        const blocks = part.columns.blocks?.value[offset] ?? null;
        push(
          x,
          slot,
          blocks && { blocks, paired: Boolean(part.columns.on), protocol: part.series.protocol },
          (metric, bound) => part.columns[metric]?.[bound][offset] ?? null,
        );
      }
      end = Math.max(end, part.series.start + lengthOf(part) - 1);
    }
    return points;
  }

  // A name in a link that somebody may have cut.
  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  // ---- The view: what the reader chose ----

  class View {
    constructor(root, data, file) {
      Object.assign(this, { root, data, file });
      this.commits = commitsOf(file);
      this.all = panelsOf(data, file);
      this.machines = [...new Set(this.all.map((panel) => panel.schedule.machine))];
      this.branches = [...new Set(this.all.map((panel) => panel.schedule.branch))].sort(); // the main one first
      this.metrics = Object.keys(METRICS).filter((name) => METRICS[name].main.some(([metric]) => this.has(metric)));
      this.charts = [];
      this.choice = this.read();
    }

    has(metric) {
      return this.all.some((panel) => panel.parts.some((part) => part.columns[metric]));
    }

    read() {
      const found = state.read();
      const oneOf = (value, options) => (options.includes(value) ? value : options[0]);
      const machine = oneOf(found.machine, this.machines);
      return {
        machine,
        branch: this.branchOn(machine, found.branch),
        metric: oneOf(found.metric, this.metrics),
        lines: found.lines ? found.lines.split(";").map(decoded) : [],
        x: found.x === "date" ? "date" : "commit",
        y: oneOf(found.y, ["fit", "zero", "log"]),
        from: this.commits.find(found.from),
        to: this.commits.find(found.to),
        commit: this.commits.find(found.commit), // a link of an event names it
      };
    }

    // A branch that was measured on the machine: the wanted one if it was.
    branchOn(machine, wanted) {
      const on = this.branches.filter((branch) =>
        this.all.some(({ schedule }) => schedule.machine === machine && schedule.branch === branch),
      );
      return on.includes(wanted) ? wanted : on[0];
    }

    write(replace = false) {
      const { machine, branch, metric, lines, x, y, from, to } = this.choice;
      const short = (place) => (place < 0 ? "" : this.commits.at(place).short);
      state.write(
        {
          machine: machine === this.machines[0] ? "" : machine,
          branch: branch === this.branches[0] ? "" : branch,
          metric: metric === this.metrics[0] ? "" : metric,
          lines: lines.map((name) => name.replace(/[%;]/g, encodeURIComponent)).join(";"),
          x: x === "date" ? x : "",
          y: y === "fit" ? "" : y,
          from: short(from),
          to: short(to),
        },
        replace,
      );
    }

    set(change, replace = false) {
      Object.assign(this.choice, { commit: -1 }, change);
      this.write(replace);
      this.render();
    }

    // Panels of the machine and branch; the newest line alone until the reader wants more.
    available() {
      const { machine, branch } = this.choice;
      return this.all.filter(({ schedule }) => schedule.machine === machine && schedule.branch === branch);
    }

    shown() {
      const panels = this.available();
      const chosen = panels.filter((panel) => this.choice.lines.includes(panel.schedule.line));
      return chosen.length ? chosen : panels.slice(0, 1);
    }

    place(commit) {
      return this.choice.x === "date" ? this.commits.times[commit] : commit;
    }

    // From a place on the axis to the nearest commit.
    commitAt(value) {
      if (this.choice.x === "commit") return Math.min(Math.max(Math.round(value), 0), this.commits.count - 1);
      const { times } = this.commits;
      let [low, high] = [0, times.length - 1];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (times[middle] <= value) low = middle;
        else high = middle;
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
      const ends = this.shown().flatMap((panel) =>
        panel.parts.flatMap((part) => {
          const last = part.series.start + lengthOf(part) - 1;
          return [panel.schedule.places[part.series.start], panel.schedule.places[last]];
        }),
      );
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
      if (name === "all") {
        this.set({ from: -1, to: -1 });
        return;
      }
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
      addEventListener("popstate", () => {
        if (!state.isAnchor()) {
          this.choice = this.read();
          this.render();
        }
      });
      new ResizeObserver(() => this.charts.forEach((one) => one.resize())).observe(this.panels);
      new MutationObserver(() => this.charts.forEach((one) => one.redraw())).observe(document.documentElement, {
        attributeFilter: ["data-theme"],
      });
      // Paper is light, whatever the screen is.
      for (const media of ["(prefers-color-scheme: dark)", "print"])
        matchMedia(media).addEventListener("change", () => this.charts.forEach((one) => one.redraw()));
      this.render();
      if (this.choice.commit >= 0) this.root.scrollIntoView();
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
      this.sections = this.shown().map(
        (panel, place, shown) =>
          new asvJit.HistoryPanel(this, panel, METRICS[this.choice.metric], place === shown.length - 1),
      );
      this.panels.replaceChildren(...this.sections.map((section) => section.element));
      this.charts = this.sections.flatMap((section) => section.draw());
      this.sections.find((section) => section.has(this.choice.commit))?.open(this.choice.commit);
    }

    // Everything in sight as rows for a spreadsheet.
    rows() {
      const rows = [
        [
          "commit",
          "date",
          "author",
          "subject",
          "machine",
          "line",
          "interpreter",
          "benchmark_version",
          "protocol",
          "metric",
          "unit",
          "value",
          "low",
          "high",
          "blocks",
        ],
      ];
      // Every line of the machine and branch; only a zoom leaves points out, not where the visible line ends.
      const from = this.choice.from < 0 ? 0 : this.choice.from;
      const to = this.choice.to < 0 ? Infinity : this.choice.to;
      for (const panel of this.available()) {
        for (const { series, columns } of panel.parts) {
          for (const [metric, column] of Object.entries(columns)) {
            if (metric === "blocks") continue;
            const { unit: kind } = this.file.metrics[metric];
            const unit = kind === "value" ? series.unit : kind;
            column.value.forEach((value, offset) => {
              const slot = series.start + offset;
              const place = panel.schedule.places[slot];
              if (value === null || place < from || place > to) return;
              const commit = this.commits.at(place);
              rows.push([
                commit.hash,
                commit.day,
                commit.author,
                commit.subject,
                panel.schedule.machine,
                panel.schedule.line,
                this.file.interpreters[panel.schedule.interpreters[slot]],
                series.benchmark_version,
                series.protocol,
                metric,
                unit,
                value,
                ...(column.usual ? [null, null] : [column.low[offset], column.high[offset]]),
                columns.blocks?.value[offset] ?? null,
              ]);
            });
          }
        }
      }
      return rows;
    }
  }

  asvJit.history = { View, pointsOf };
}
