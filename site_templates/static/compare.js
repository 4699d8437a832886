"use strict";

// The Compare page: what the reader chose, and the table of differences.
document.addEventListener("DOMContentLoaded", () => {
  const { files, units, make, state, load, alert, badge } = asvJit;
  const app = document.querySelector("[data-compare]");
  const folder = app.dataset.compare;
  const COMPARED = ["off", "on", "speedup", "plain"];
  const VERDICTS = { worse: ["slower", "▼"], better: ["faster", "▲"], same: ["same", "="], unclear: ["unclear", "?"] };
  const FEW = 200;
  const WIDEST = 100; // a wider threshold comes of two or three trials and says nothing
  let commits = null;
  let suite = null;
  let differences = null;
  let choice = {};
  let found = [];
  let shownRows = FEW;
  let turn = 0;
  let compared = false;

  const nameOf = (metric) => commits.metrics[metric].name;

  // ---- What is chosen ----

  const kinds = () =>
    [commits.hashes.length > 1 ? "commits" : null, suite.interpreters.length > 1 ? "releases" : null].filter(Boolean);
  // Both files have the newest machine first.
  const hostsOf = (kind) =>
    kind === "releases"
      ? suite.machines.filter((_, host) => suite.current.machine.includes(host))
      : [...new Set(commits.schedules.map((schedule) => schedule.machine))];

  const groupOf = (benchmark) => benchmark.split(".", 1)[0]; // the file that it is in
  const groups = () => [...new Set(suite.benchmarks.map(groupOf))].sort();
  const linesOf = (machine) =>
    [
      ...new Set(commits.schedules.filter((schedule) => schedule.machine === machine).map((schedule) => schedule.line)),
    ].reverse(); // the newest first

  // A commit by the beginning of its hash, or the last one of a day.
  function commitOf(text) {
    const words = text.trim().toLowerCase().split(" ")[0];
    if (/^\d{4}-\d{2}-\d{2}$/.test(words)) {
      const end = Date.parse(words) / 1000 + 86400;
      return commits.dates.findLastIndex((date) => date < end);
    }
    return /^[0-9a-f]{4,40}$/.test(words) ? commits.hashes.findIndex((hash) => hash.startsWith(words)) : -1;
  }

  function defaults(kind, machine) {
    if (kind === "releases") {
      const host = suite.machines.indexOf(machine);
      const mine = suite.interpreters.filter((_, at) =>
        suite.current.interpreter.some((one, cell) => one === at && suite.current.machine[cell] === host),
      );
      mine.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
      return [mine.at(-2) ?? mine[0], mine.at(-1)];
    }
    const pairs = commits.schedules
      .filter((schedule) => schedule.machine === machine && !schedule.branch)
      .map(({ places }) => [...new Set(places)].slice(-2))
      .filter((pair) => pair.length === 2);
    const [a, b] = pairs.sort((one, two) => two[1] - one[1] || two[0] - one[0])[0] ?? [0, commits.hashes.length - 1];
    return [commits.hashes[a].slice(0, 8), commits.hashes[b].slice(0, 8)];
  }

  function read() {
    const kept = state.read();
    const oneOf = (value, options) => (options.includes(value) ? value : options[0]);
    const kind = oneOf(kept.kind, kinds());
    const machine = oneOf(kept.machine, hostsOf(kind));
    const [a, b] = defaults(kind, machine);
    return {
      kind,
      machine,
      a: kept.a || a,
      b: kept.b || b,
      q: kept.q ?? "",
      group: groups().includes(kept.group) ? kept.group : "",
      line: linesOf(machine).includes(kept.line) ? kept.line : "",
      figure: kept.figure ?? "",
      show: kept.show ?? "",
    };
  }

  function write() {
    const { kind, machine, a, b, q, group, line, figure, show } = choice;
    state.write({
      kind: kind === kinds()[0] ? "" : kind,
      machine: machine === hostsOf(kind)[0] ? "" : machine,
      a,
      b,
      q,
      group,
      line,
      figure,
      show,
    });
  }

  // ---- What is seen ----

  const select = (name, label, options, value) =>
    make(
      "label",
      {},
      label,
      make(
        "select",
        { name },
        ...options.map(([key, text]) => make("option", { value: key, selected: key === value }, text)),
      ),
    );

  function sides() {
    if (choice.kind === "releases") {
      const names = suite.interpreters
        .map((name) => [name, name])
        .sort(([a], [b]) => b.localeCompare(a, "en", { numeric: true }));
      return [select("a", "Before", names, choice.a), select("b", "After", names, choice.b)];
    }
    return [
      ["a", "Before"],
      ["b", "After"],
    ].map(([name, label]) =>
      make(
        "label",
        { class: "commit-choice" },
        label,
        make("input", {
          name,
          list: "known-commits",
          value: choice[name],
          autocomplete: "off",
          spellcheck: "false",
          placeholder: "hash or YYYY-MM-DD",
        }),
      ),
    );
  }

  function draw() {
    const several = (name, label, options, all) =>
      options.length > 1
        ? select(name, label, [...all, ...options.map((option) => [option, option])], choice[name])
        : null;
    const forms = { commits: "commits", releases: "Python releases" };
    const shows = { "": "everything", sure: "worse and better", worse: "worse", better: "better" };
    const figures = [["", "all figures"], ...COMPARED.map((metric) => [metric, nameOf(metric)])];
    const search = { type: "search", name: "q", value: choice.q, autocomplete: "off", placeholder: "name of a case" };
    const swap = { type: "button", class: "quiet", "data-swap": true, "aria-label": "Swap before and after" };
    const form = make(
      "form",
      { class: "chart-controls", role: "search", "aria-label": "What to compare" },
      kinds().length > 1
        ? select(
            "kind",
            "Compare",
            Object.entries(forms).filter(([kind]) => kinds().includes(kind)),
            choice.kind,
          )
        : null,
      ...sides(),
      make("button", swap, "⇄"),
      several("machine", "Machine", hostsOf(choice.kind), []),
      make("label", {}, "Search", make("input", search)),
      several("group", "Group", groups(), [["", "all groups"]]),
      choice.kind === "commits" ? several("line", "Line", linesOf(choice.machine), [["", "all lines"]]) : null,
      select("figure", "Figure", figures, choice.figure),
      select("show", "Show", Object.entries(shows), choice.show),
      make("output", { "aria-live": "polite", "data-shown": true }),
    );
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      const { name, value } = event.target;
      if (!name || name === "q") return;
      if (["a", "b"].includes(name) && choice.kind === "commits") {
        const place = commitOf(value);
        event.target.setCustomValidity(place < 0 ? "No measured commit starts with this." : "");
        if (place < 0) {
          event.target.reportValidity();
          return;
        }
        choice[name] = commits.hashes[place].slice(0, 8);
        event.target.value = choice[name];
      } else choice[name] = value;
      if (name === "kind") choice.machine = hostsOf(value)[0];
      if (name === "kind" || name === "machine") {
        [choice.a, choice.b] = defaults(choice.kind, choice.machine);
        choice.line = "";
      }
      write();
      if (name === "kind" || name === "machine") {
        draw();
        app.querySelector(`[name=${name}]`)?.focus();
      }
      if (["group", "line", "figure", "show"].includes(name) && compared) list();
      else compare();
    });
    form.addEventListener("input", (event) => {
      if (event.target.name === "q") {
        choice.q = event.target.value;
        shownRows = FEW;
        if (compared) list();
        else compare();
      }
    });
    form.addEventListener("focusout", (event) => {
      if (event.target.name === "q") write();
    });
    form.querySelector("[data-swap]").addEventListener("click", () => {
      [choice.a, choice.b] = [choice.b, choice.a];
      write();
      draw();
      compare();
    });
    const known = make(
      "datalist",
      { id: "known-commits" },
      ...commits.hashes
        .map((hash, place) =>
          make(
            "option",
            { value: hash.slice(0, 8) },
            `${commits.dates[place] ? units.day(commits.dates[place]) : ""} ${commits.subjects[place]}`.trim(),
          ),
        )
        .reverse(),
    );
    app.replaceChildren(form, known, make("div", { "data-result": true }));
  }

  function commitLink(short) {
    const place = commitOf(short);
    const hash = commits.hashes[place];
    const code = make("code", {}, hash.slice(0, 8));
    return make(
      "span",
      { class: "side" },
      commits.show_commit_url ? make("a", { href: commits.show_commit_url + hash, rel: "noreferrer" }, code) : code,
      " ",
      make(
        "bdi",
        { class: "subject" },
        `${commits.dates[place] ? units.day(commits.dates[place]) : ""} ${commits.subjects[place]}`,
      ),
    );
  }

  const multiple = (ratio) => `×${Number(ratio.toPrecision(3))}`;

  // An interval of ratios in one unit.
  const percents = (low, high) =>
    high >= 2 ? `${multiple(low)} to ${multiple(high)}` : `${percent(low)} to ${percent(high)}`;

  function percent(ratio) {
    if (ratio >= 2) return multiple(ratio);
    const change = (ratio - 1) * 100;
    return `${change < 0 ? "−" : "+"}${Math.abs(change).toFixed(Math.abs(change) < 0.995 ? 2 : 1)}%`;
  }

  const trialsOf = ({ trials }) =>
    trials ? make(trials.href ? "a" : "span", { class: "detail", href: trials.href }, trials.text) : null;
  const figure = (text, detail) =>
    [make("span", { class: "figure" }, text), detail ? make("span", { class: "detail" }, detail) : null].filter(
      Boolean,
    );
  const cell = (name, ...content) => make("td", { class: `${name} number` }, ...content);

  function row(one, lines) {
    const form = one.metric === "speedup" ? units.ratio : units.quantity(one.unit);
    const side = (found) => [
      ...figure(form(found.value), one.metric === "plain" ? "" : units.interval(found.low, found.high, form)),
      trialsOf(found),
    ];
    const wide = Math.exp(one.threshold);
    const known = wide <= WIDEST;
    const threshold = known ? `±${percent(wide).replace("+", "")}` : wide > WIDEST ? `over ×${WIDEST}` : "–";
    const significance = Number.isNaN(one.significance)
      ? "–"
      : Number.isFinite(one.significance)
        ? one.significance.toFixed(2)
        : "∞";
    const benchmark = suite.benchmarks[one.place];
    const cut = benchmark.lastIndexOf(".");
    const params = suite.params[one.place].length ? `(${suite.params[one.place].join(", ")})` : "";
    const [kind, symbol] = VERDICTS[one.verdict];
    const owner = cut > 0 ? make("bdi", { class: "owner" }, `${benchmark.slice(0, cut).slice(0, 160)}.`) : null;
    const name = make("bdi", { class: "name" }, benchmark.slice(cut + 1).slice(0, 160) || "(no name)");
    name.append(make("span", { class: "params" }, params.slice(0, 160)));
    const change = figure(percent(one.ratio), known ? percents(one.ratio / wide, one.ratio * wide) : "");
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, make("a", { href: `case/${suite.slugs[one.place]}.html` }, owner, name)),
      lines ? make("td", { class: "d-li" }, make("bdi", {}, one.line)) : null,
      make("td", { class: "d-fi nowrap" }, nameOf(one.metric)),
      cell("d-be", ...side(one.before)),
      cell("d-af", ...side(one.after)),
      make("td", { class: "d-ch number big" }, ...change),
      cell("d-th", threshold),
      cell("d-si", significance),
      make("td", { class: "d-ve" }, badge(kind, symbol, one.verdict)),
    );
  }

  function table(rows) {
    const lines = rows.some((one) => one.line);
    const heads = ["Case", "Line", "Figure", "Before", "After", "Change", "Threshold", "Significance", "Verdict"];
    if (!lines) heads.splice(1, 1);
    const numeric = new Set(["Before", "After", "Change", "Threshold", "Significance"]);
    const made = make(
      "table",
      { class: "compare" },
      make(
        "thead",
        {},
        make(
          "tr",
          {},
          ...heads.map((text) => make("th", { scope: "col", class: numeric.has(text) ? "number" : null }, text)),
        ),
      ),
      make("tbody", {}, ...rows.slice(0, shownRows).map((one) => row(one, lines))),
    );
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Differences" }, made);
  }

  // The rows that fit the filters, and how many of each verdict there are in all.
  function list() {
    const words = choice.q.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (one) =>
      (!choice.figure || one.metric === choice.figure) &&
      (!choice.group || groupOf(suite.benchmarks[one.place]) === choice.group) &&
      (!choice.line || !one.line || one.line === choice.line) &&
      (!choice.show ||
        one.verdict === choice.show ||
        (choice.show === "sure" && ["worse", "better"].includes(one.verdict))) &&
      words.every((word) =>
        `${suite.benchmarks[one.place]} ${suite.params[one.place].join(" ")}`.toLowerCase().includes(word),
      );
    const rows = found.filter(fits);
    const counts = Object.entries(VERDICTS)
      .map(([name, [kind, symbol]]) => [name, kind, symbol, found.filter((one) => one.verdict === name).length])
      .filter(([, , , amount]) => amount);
    const more = make("button", { type: "button", class: "quiet" }, `Show ${rows.length - shownRows} more`);
    more.addEventListener("click", () => {
      shownRows = Infinity;
      list();
    });
    const titles =
      choice.kind === "commits"
        ? [commitLink(choice.a), commitLink(choice.b)]
        : [choice.a, choice.b].map((name) => make("span", { class: "side" }, `Python ${name}`));
    app.querySelector("[data-shown]").textContent = `${rows.length} of ${found.length} rows`;
    const where = make("span", { class: "soft" }, " on ", make("bdi", {}, choice.machine));
    const verdicts = counts.map(([name, kind, symbol, amount]) =>
      make("li", {}, make("strong", {}, amount.toLocaleString("en")), " ", badge(kind, symbol, name)),
    );
    const why = found.length ? "No row matches the filters." : "No figure was measured on both sides.";
    app
      .querySelector("[data-result]")
      .replaceChildren(
        make("p", { class: "sides" }, titles[0], " → ", titles[1], where),
        make("ul", { class: "counts" }, ...verdicts),
        rows.length ? table(rows) : make("p", { class: "empty" }, why),
        rows.length > shownRows ? more : "",
      );
  }

  async function compare() {
    const mine = (turn += 1);
    const places = choice.kind === "commits" ? [commitOf(choice.a), commitOf(choice.b)] : [];
    const result = app.querySelector("[data-result]");
    if (places.some((place) => place < 0)) {
      result.replaceChildren(alert("No measured commit starts with this; choose one from the list."));
      return;
    }
    result.setAttribute("aria-busy", "true");
    let rows;
    try {
      rows =
        choice.kind === "commits"
          ? await differences.betweenCommits(...places, choice.machine)
          : differences.betweenReleases(choice.a, choice.b, choice.machine);
    } catch (error) {
      result.replaceChildren(alert(`The figures could not be loaded: ${error.message}.`));
      return;
    }
    if (mine !== turn) return; // another pair was chosen in the meantime
    result.removeAttribute("aria-busy");
    const weight = (one) => (Number.isNaN(one.significance) ? -1 : one.significance);
    found = rows.sort((one, two) =>
      weight(two) > weight(one) ? 1 : weight(two) < weight(one) ? -1 : one.place - two.place,
    );
    shownRows = FEW;
    compared = true;
    list();
  }

  async function start() {
    commits = files.commits;
    try {
      await load(`${folder}suite.js`);
    } catch {
      commits = null;
    }
    suite = files.suite;
    if (!commits || !suite || !kinds().length) {
      const why =
        commits && suite
          ? "There are no two commits or releases to compare yet."
          : "The data files of this site could not be loaded.";
      app.replaceWith(alert(why));
      return;
    }
    differences = asvJit.differences(commits, suite, folder);
    choice = read();
    draw();
    compare();
    addEventListener("popstate", () => {
      if (!state.isAnchor()) {
        choice = read();
        draw();
        compare();
      }
    });
  }

  start();
});
