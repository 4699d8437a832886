"use strict";

// A case over the commits: one panel for each interpreter line, all on one axis of commits. Makes `asvJit.history`,
// then the controls above the charts and the panels themselves.
{
  const { units, make, decode, state } = asvJit;
  const METRICS = {
    time: { name: "Time and speedup", main: [["off", "off"], ["on", "on"], ["plain", "plain"]], gain: "speedup" },
    memory: { name: "Peak memory", main: [["peak_memory_off", "off"], ["peak_memory_on", "on"]], unit: "bytes" },
    warmup: { name: "Warm-up with the JIT on", main: [["warmup_on", "on"]], unit: "seconds" },
    instructions: { name: "Instructions per call", main: [["instructions_off", "off"], ["instructions_on", "on"]],
      unit: "instructions" },
  };
  const SPANS = { all: "all commits", 30: "last 30", 100: "last 100", 300: "last 300", year: "last year" };
  const YEAR_S = 365 * 86400;

  // ---- The data, as the panels want it ----

  function commitsOf(file) {
    const count = file.hashes.length;
    const at = (place) => {
      const near = Math.min(Math.max(Math.round(place), 0), count - 1);
      return {
        place: near, hash: file.hashes[near], short: file.hashes[near].slice(0, 8),
          day: file.dates[near] ? units.day(file.dates[near]) : "",
        date: file.dates[near], author: file.authors[file.author[near]], subject: file.subjects[near],
      };
    };
    const find = (text) => /^[0-9a-f]{4,40}$/.test(text ?? "") ?
      file.hashes.findIndex((hash) => hash.startsWith(text)) : -1;
    // The axis of dates must ascend, though git's dates need not.
    let latest = 0;
    const times = file.dates.map((date) => (latest = Math.max(latest, date)));
    return { count, at, find, times, link: (commit) => file.show_commit_url ? file.show_commit_url + commit.hash : "" };
  }

  // A panel shows one schedule: all series of the case in it, one after the other, with a hole where one ends. The
  // machine that measured the newest commit of this case comes first, and of each machine the line that did.
  function panelsOf(data, file) {
    const found = new Map();
    data.series.forEach((series, number) => {
      const schedule = file.schedules[series.schedule];
      if (!found.has(series.schedule)) found.set(series.schedule, { schedule, number: series.schedule, parts: [] });
      const columns = Object.fromEntries(Object.entries(series.columns).map(([metric, column]) => [metric,
        decode(column)]));
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
    return [...found.values()].sort((a, b) => a.schedule.machine === b.schedule.machine ?
      b.newest - a.newest || b.number - a.number :
      newest.get(b.schedule.machine) - newest.get(a.schedule.machine) || a.number - b.number);
  }

  // What asv measured has no interval that holds for another process: the band holds 95% of the steps from one value to
  // the next.
  function usual({ value }, noise) {
    const reach = Math.exp(1.96 * Math.SQRT2 * noise);
    const times = (factor) => value.map((one) => one === null ? null : one * factor);
    return { value, low: times(1 / reach), high: times(reach), usual: reach };
  }

  const lengthOf = (part) => Math.max(...Object.values(part.columns).map((column) => column.value.length));

  // The points of a panel for some metrics; a place of the axis without a value in any of them is left out.
  function pointsOf(panel, metrics, places, builds) {
    const points = { x: [], slot: [], behind: [], columns: metrics.map(() => ({ value: [], low: [], high: [] })),
      changes: [], builds: [] };
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
        push(x, slot, blocks && { blocks, paired: Boolean(part.columns.on), protocol: part.series.protocol },
          (metric, bound) => part.columns[metric]?.[bound][offset] ?? null);
      }
      end = Math.max(end, part.series.start + lengthOf(part) - 1);
    }
    return points;
  }

  // A name in a link that somebody may have cut.
  function decoded(text) {
    try { return decodeURIComponent(text); } catch { return text; }
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

    has(metric) { return this.all.some((panel) => panel.parts.some((part) => part.columns[metric])); }

    read() {
      const found = state.read();
      const oneOf = (value, options) => options.includes(value) ? value : options[0];
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
      const on = this.branches.filter((branch) => this.all.some(({ schedule }) => schedule.machine === machine &&
        schedule.branch === branch));
      return on.includes(wanted) ? wanted : on[0];
    }

    write(replace = false) {
      const { machine, branch, metric, lines, x, y, from, to } = this.choice;
      const short = (place) => place < 0 ? "" : this.commits.at(place).short;
      state.write({
        machine: machine === this.machines[0] ? "" : machine, branch: branch === this.branches[0] ? "" : branch,
        metric: metric === this.metrics[0] ? "" : metric,
        lines: lines.map((name) => name.replace(/[%;]/g, encodeURIComponent)).join(";"),
        x: x === "date" ? x : "", y: y === "fit" ? "" : y, from: short(from), to: short(to),
      }, replace);
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
      new MutationObserver(() => this.charts.forEach((one) => one.redraw())).observe(document.documentElement,
        { attributeFilter: ["data-theme"] });
      // Paper is light, whatever the screen is.
      for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change",
        () => this.charts.forEach((one) => one.redraw()));
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
      this.sections = this.shown().map((panel, place, shown) => new asvJit.HistoryPanel(this, panel,
        METRICS[this.choice.metric], place === shown.length - 1));
      this.panels.replaceChildren(...this.sections.map((section) => section.element));
      this.charts = this.sections.flatMap((section) => section.draw());
      this.sections.find((section) => section.has(this.choice.commit))?.open(this.choice.commit);
    }

    // Everything in sight as rows for a spreadsheet.
    rows() {
      const rows = [["commit", "date", "author", "subject", "machine", "line", "interpreter", "benchmark_version",
        "protocol", "metric", "unit", "value", "low", "high", "blocks"]];
      // Every line of the machine and branch; only a zoom leaves points out, not where the visible line ends.
      const from = this.choice.from < 0 ? 0 : this.choice.from;
      const to = this.choice.to < 0 ? Infinity : this.choice.to;
      for (const panel of this.available()) {
        for (const { series, columns } of panel.parts) {
          for (const [metric, column] of Object.entries(columns)) {
            if (metric === "blocks") continue;
            const unit = metric === "speedup" ? "ratio" : metric.startsWith("peak_memory") ? "bytes" :
              metric === "warmup_on" ? "seconds" : series.unit;
            column.value.forEach((value, offset) => {
              const slot = series.start + offset;
              const place = panel.schedule.places[slot];
              if (value === null || place < from || place > to) return;
              const commit = this.commits.at(place);
              rows.push([commit.hash, commit.day, commit.author, commit.subject, panel.schedule.machine,
                panel.schedule.line,
                this.file.interpreters[panel.schedule.interpreters[slot]], series.benchmark_version, series.protocol,
                  metric, unit, value, ...(column.usual ? [null, null] : [column.low[offset], column.high[offset]]),
                  columns.blocks?.value[offset] ?? null]);
            });
          }
        }
      }
      return rows;
    }
  }

  asvJit.history = { View, pointsOf };
}

// The parts of the history that are seen: the controls above, and a panel of charts for each interpreter line.
{
  const { units, make } = asvJit;

  asvJit.HistoryControls = class {
    constructor(view, metrics, spans) {
      this.view = view;
      const option = ([value, name]) => make("option", { value }, name);
      const choice = (name, label, options, change) => {
        const select = make("select", { name }, ...options.map(option));
        select.addEventListener("change", () => change(select.value));
        this[name] = select;
        return make("label", {}, label, " ", select);
      };
      const button = (text, label, act) => {
        const made = make("button", { type: "button", "aria-label": label, title: label }, text);
        made.addEventListener("click", act);
        return made;
      };
      const named = (names) => names.map((name) => [name, name || "main branch"]);
      this.lines = make("fieldset", { class: "chips" }, make("legend", {}, "Lines"));
      this.element = make("form", { class: "chart-controls", "aria-label": "What the charts show" },
        view.metrics.length > 1 ? choice("metric", "Show", view.metrics.map((name) => [name, metrics[name].name]),
          (metric) => view.set({ metric })) : null,
        view.machines.length > 1 ? choice("machine", "Machine", named(view.machines),
          (machine) => view.set({ machine, branch: view.branchOn(machine, view.choice.branch), lines: [] })) : null,
        view.branches.length > 1 ? choice("branch", "Branch", named(view.branches),
          (branch) => view.set({ branch, lines: [], from: -1, to: -1 })) : null,
        choice("span", "Range", [...Object.entries(spans).sort(([a], [b]) => (b === "all") - (a === "all")),
          ["own", "chosen"]], (name) => { if (name !== "own") view.span(name); }),
        choice("x", "Horizontal axis", [["commit", "by commit"], ["date", "by date"]], (x) => view.set({ x })),
        choice("y", "Vertical axis", [["fit", "fitted"], ["zero", "from zero"], ["log", "logarithmic"]],
          (y) => view.set({ y })),
        make("div", { class: "zoom", role: "group", "aria-label": "Zoom" },
          button("−", "Zoom out", () => view.scaleBy(2)), button("+", "Zoom in", () => view.scaleBy(0.5)),
          button("‹", "Earlier commits", () => view.scaleBy(1, -0.5)),
            button("›", "Later commits", () => view.scaleBy(1, 0.5)),
          this.reset = button("All", "Show all commits", () => view.set({ from: -1, to: -1 }))),
        this.lines);
      this.element.addEventListener("submit", (event) => event.preventDefault());
    }

    update() {
      const { view } = this;
      for (const name of ["metric", "machine", "branch", "x", "y"]) if (this[name]) this[name].value =
        view.choice[name];
      const whole = view.choice.from < 0 && view.choice.to < 0;
      this.span.value = whole ? "all" : "own";
      this.span.lastElementChild.hidden = whole;
      this.reset.disabled = whole;
      const panels = view.available();
      const shown = view.shown().map((panel) => panel.number);
      const active = document.activeElement?.name === "line" ? document.activeElement.value : null;
      this.lines.hidden = panels.length < 2;
      this.lines.replaceChildren(make("legend", {}, "Lines"), ...panels.map((panel) => {
        const box = make("input", { type: "checkbox", name: "line", value: panel.number,
          checked: shown.includes(panel.number) });
        box.addEventListener("change", () => {
          const lines = panels.filter(({ number }) => number === panel.number ? box.checked : shown.includes(number));
          view.set({ lines: [...new Set(lines.map(({ schedule }) => schedule.line))] });
        });
        return make("label", {}, box, make("bdi", {}, panel.schedule.line));
      }));
      if (active !== null) this.lines.querySelector(`[value="${CSS.escape(active)}"]`)?.focus();
    }
  };

  asvJit.HistoryPanel = class {
    constructor(view, panel, metric, last) {
      Object.assign(this, { view, panel, metric, last });
      const wanted = metric.main.filter(([name]) => panel.parts.some((part) => part.columns[name]));
      const gain = metric.gain && panel.parts.some((part) => part.columns[metric.gain]) ? [metric.gain] : [];
      this.names = [...wanted.map(([name]) => name), ...gain];
      this.kinds = [...wanted.map(([, kind]) => kind), ...gain.map(() => "gain")];
      this.points = asvJit.history.pointsOf(panel, this.names, (commit) => view.place(commit), view.file.interpreters);
      const unit = metric.unit ??
        panel.parts.findLast((part) => wanted.some(([name]) => part.columns[name]))?.series.unit;
      this.forms = this.kinds.map((kind) => kind === "gain" ? units.ratio : units.quantity(unit));
      this.boxes = [make("div", { class: "plot" }), ...gain.map(() => make("div", { class: "plot" }))];
      this.tip = make("div", { class: "tip", hidden: true });
      this.text = make("p", { class: "hint panel-text" });
      this.legend = make("ul", { class: "legend", "aria-label": "Legend" },
        ...wanted.map(([, kind]) => make("li", {}, make("span", { class: `key ${kind}` }),
        asvJit.chart.looks[kind].name)),
        gain.length ? make("li", {}, make("span", { class: "key gain" }), "speedup, off / on") : null,
        make("li", {}, make("span", { class: "key band" }),
          panel.parts.some((part) => part.columns.plain?.usual) ? "usual variation (95%)" : "interval"),
        this.points.builds.length ? make("li", {}, make("span", { class: "key build" }), "new Python release") : null,
        this.points.changes.length ? make("li", {}, make("span", { class: "key series" }),
          "another benchmark version, machine or protocol") : null);
      this.plots = make("div", { class: "plots", tabindex: "0", role: "group", "aria-roledescription": "chart",
        "aria-label": this.label() }, ...this.boxes, this.tip);
      this.element = make("section", { class: "panel" },
        make("header", {}, make("h3", {}, make("bdi", {}, panel.schedule.line),
          metric.unit === "instructions" ? ": instructions per call" : null), this.legend), this.plots, this.text);
      this.plots.addEventListener("keydown", (event) => this.key(event));
      this.plots.addEventListener("mouseleave", () => { if (!this.pinned) this.hide(); });
      this.plots.addEventListener("blur", () => { if (!this.pinned) this.hide(); });
      this.events = view.data.events.filter((event) => event.axis === "commits" && event.place !== null &&
        panel.parts.some((part) => part.number === event.series));
    }

    label() {
      const keys = "Arrow keys move along the commits, plus and minus zoom, " +
        "Escape shows all, Enter keeps the details open.";
      return `${this.metric.name} over the commits on ${this.panel.schedule.line}. ${keys}`;
    }

    draw() {
      const { view, points, kinds, forms } = this;
      const tracks = kinds.map((kind, place) => ({ kind, ...points.columns[place] }));
      const main = tracks.filter((track) => track.kind !== "gain");
      const gain = tracks.filter((track) => track.kind === "gain");
      const on = {
        select: (from, to) => view.zoom(from, to),
        reset: () => view.set({ from: -1, to: -1 }),
        cursor: (chart, place) => this.follow(chart, place),
        drawn: (chart) => this.mark(chart),
      };
      const share = {
        x: points.x, range: view.range(), key: "history", on,
        uprights: { builds: points.builds.map((build) => build.x), changes: [...points.changes] },
        whole: view.choice.x === "commit",
        label: (split) => view.label(split),
      };
      share.uprights.changes.push(...this.events.map((event) => view.place(event.place)));
      const { heights } = asvJit.chart;
      this.charts = [];
      if (main.length) {
        this.charts.push(asvJit.chart(this.boxes[0],
          { ...share, tracks: main, form: forms[0], axis: !gain.length, marked: true, scale: view.choice.y,
          height: heights.main }));
      }
      if (gain.length) {
        const { equivalence } = view.data;
        this.charts.push(asvJit.chart(this.boxes[1], {
          ...share, tracks: gain, form: units.ratio, rule: 1, still: [1 / (1 + equivalence), 1 + equivalence],
            axis: true,
            scale: view.choice.y === "log" ? "log" : "fit", height: heights.gain,
        }));
      }
      for (const { plot } of this.charts) {
        asvJit.chart.touch(plot, { move: (left) => this.point(plot, left), pinch: (from, to) => view.zoom(from, to) });
        plot.over.addEventListener("click", () => this.pin());
      }
      this.describe();
      return this.charts;
    }

    // Change points as links to what is said of them, above the line that marks them.
    mark(chart) {
      if (chart !== this.charts?.[0]?.plot && this.charts?.length) return;
      chart.over.querySelectorAll(".change-mark").forEach((old) => old.remove());
      const [from, to] = this.view.range();
      const seen = this.events.map((event) => [this.view.place(event.place), event]).filter(([x]) => x >= from &&
        x <= to).sort(([a], [b]) => a - b);
      const lefts = seen.map(([x]) => chart.valToPos(x, "x"));
      for (const [number, [, event]] of seen.entries()) {
        const tight = lefts[number] - lefts[number - 1] < 25 || lefts[number + 1] - lefts[number] < 25;
        const metric = event.changes[0]?.[0] ?? "level";
        const what =
          `${event.worse ? "Regression" : "Improvement"} at ${this.view.commits.at(event.place).short}: ` +
            `${metric.replaceAll("_", " ")}, ${event.state}`;
        const link = make("a", { class: `change-mark ${event.worse ? "worse" : "better"}${tight ? " tight" : ""}`,
          href: `#event-${event.identity}`, title: what, "aria-label": what }, event.worse ? "▼" : "▲");
        link.style.left = `${lefts[number]}px`;
        link.addEventListener("mousedown", (press) => press.stopPropagation());
        chart.over.append(link);
      }
    }

    follow(chart, place) {
      if (this.pinned) return;
      if (place === null || place === undefined || this.points.slot[place] === null) { this.hide(); return; }
      this.show(place, chart);
    }

    show(place, chart) {
      this.at = place;
      const slot = this.points.slot[place];
      const commit = this.view.commits.at(this.panel.schedule.places[slot]);
      const figures = this.kinds.map((kind, track) => {
        const { value, low, high } = this.points.columns[track];
        const form = this.forms[track];
        return { kind, name: asvJit.chart.looks[kind].name,
          text: value[place] === null ? "no figure" : form(value[place]),
          between:
          `${kind === "plain" && low[place] !== null ? "usually " : ""}` +
            `${units.interval(low[place], high[place], form)}` };
      });
      const build = this.view.file.interpreters[this.panel.schedule.interpreters[slot]];
      this.tip.replaceChildren(...asvJit.chart.details(commit, this.view.commits.link(commit), figures,
        `Python ${build}`, this.behind(place, commit, build)));
      this.tip.hidden = false;
      const left = chart.valToPos(this.points.x[place], "x") + chart.over.offsetLeft;
      const wide = this.tip.offsetWidth;
      const room = this.plots.clientWidth;
      const beside = left + 14 + wide <= room ? left + 14 : left - 14 - wide;
      this.tip.style.left = `${Math.max(Math.min(beside, room - wide), 0)}px`;
    }

    // How many pairs (or trials of one mode) the figures are made from, and where those are: of current cells on this
    // page.
    behind(place, commit, build) {
      const { blocks, paired, protocol } = this.points.behind[place] ?? {};
      if (!blocks) return null;
      const { machine } = this.panel.schedule;
      const cell = this.view.data.cells.findIndex((one) => one.machine === machine && one.interpreter === build &&
        one.commit === commit.hash && one.protocol === protocol);
      const trials = document.querySelector(`[data-trials="${cell}"]`)?.closest("details");
      return { text: `${blocks} ${paired ? "pair" : "trial"}${blocks === 1 ? "" : "s"}`,
        href: trials ? `#${trials.id}` : null };
    }

    slotOf(commit) {
      return this.points.slot.findLastIndex((slot) => slot !== null && this.panel.schedule.places[slot] === commit);
    }

    has(commit) { return this.slotOf(commit) >= 0; }

    // Shows the details of a commit, and keeps them open. A chart knows its places only once it is drawn.
    open(commit) {
      requestAnimationFrame(() => {
        const place = this.slotOf(commit);
        const { plot } = this.charts[0];
        this.point(plot, plot.valToPos(this.points.x[place], "x"));
        this.show(place, plot);
        this.pin();
      });
    }

    hide() { this.tip.hidden = true; }

    point(plot, left) { plot.setCursor({ left, top: plot.over.clientHeight / 2 }); }

    pin() {
      if (this.tip.hidden) return;
      this.pinned = !this.pinned;
      this.tip.classList.toggle("pinned", this.pinned);
    }

    move(place) {
      const { x, slot } = this.points;
      const [from, to] = this.view.range();
      const known = x.map((_, at) => at).filter((at) => slot[at] !== null && x[at] >= from && x[at] <= to);
      if (!known.length) return;
      const now = known.indexOf(this.at);
      const next = known[Math.min(Math.max(place(now, known.length), 0), known.length - 1)];
      this.pinned = false;
      this.tip.classList.remove("pinned");
      const { plot } = this.charts[0];
      this.point(plot, plot.valToPos(x[next], "x"));
      this.show(next, plot);
      this.view.said.textContent = this.tip.innerText;
    }

    key(event) {
      if (event.target !== this.plots || event.ctrlKey || event.metaKey || event.altKey) return;
      const acts = {
        ArrowLeft: () => this.move((now, count) => now < 0 ? count - 1 : now - 1),
        ArrowRight: () => this.move((now) => now + 1),
        Home: () => this.move(() => 0),
        End: () => this.move((_, count) => count - 1),
        "+": () => this.view.scaleBy(0.5),
        "=": () => this.view.scaleBy(0.5),
        "-": () => this.view.scaleBy(2),
        Enter: () => this.pin(),
        Escape: () => { if (this.pinned) { this.pin(); this.hide(); } else this.view.set({ from: -1, to: -1 }); },
      };
      if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    }

    // The chart in a sentence: where it begins and ends, and what changed between.
    describe() {
      const [from, to] = this.view.range();
      const { x, slot, columns } = this.points;
      const seen = x.map((_, at) => at).filter((at) => slot[at] !== null && x[at] >= from && x[at] <= to);
      const ends = this.kinds.map((kind, track) => {
        const known = seen.filter((at) => columns[track].value[at] !== null);
        if (!known.length) return null;
        const [first, last] = [known[0], known.at(-1)].map((at) => this.forms[track](columns[track].value[at]));
        return `${asvJit.chart.looks[kind].name} ` +
          `${first === last ? `${first} throughout` : `from ${first} to ${last}`}`;
      }).filter(Boolean);
      const changes = this.events.filter((event) => { const at = this.view.place(event.place);
        return at >= from && at <= to; }).length;
      this.text.textContent = seen.length ?
        `${seen.length} ${seen.length === 1 ? "point" : "points"}: ${ends.join(", ")}; ` +
          `${changes || "no"} ${changes === 1 ? "change" : "changes"} of level.` :
        "No commit in this range was measured here.";
      this.plots.setAttribute("aria-label", `${this.text.textContent} ${this.label()}`);
    }
  };
}
