"use strict";

// Runs before the page is drawn: the theme and whether there are scripts decide what is shown, without a jump.
const page = document.documentElement;
page.dataset.scripts = "yes";

function remembered() {
  try {
    return localStorage.getItem("asv-jit-theme");
  } catch {
    return null;
  } // some browsers refuse for files
}

function remember(theme) {
  try {
    localStorage.setItem("asv-jit-theme", theme);
  } catch {
    /* the switch still works for this page */
  }
}

if (["light", "dark"].includes(remembered())) page.dataset.theme = remembered();

function bindTheme(button) {
  const isDark = () =>
    page.dataset.theme ? page.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    page.dataset.theme = isDark() ? "light" : "dark";
    button.setAttribute("aria-pressed", String(isDark()));
    remember(page.dataset.theme);
  });
}

// How old the data are now, which the publication could not know.
const STALE_DAYS = 14;
function bindAge(element) {
  const days = Math.floor((Date.now() - Date.parse(element.dateTime)) / 86400000);
  if (!(days >= 0)) return;
  element.title = element.textContent;
  if (days >= 1) element.textContent += days === 1 ? " (yesterday)" : ` (${days} days ago)`;
  const warning = document.querySelector("[data-stale]");
  if (warning && days >= STALE_DAYS) warning.hidden = false;
}

// Tables that can be filtered and sorted. The state lives in the address after #, so that a view can be linked.
const FIRST = 200; // rows drawn at once: more are a button away

function readState() {
  return location.hash.includes("=") ? Object.fromEntries(new URLSearchParams(location.hash.slice(1))) : {};
}

function orderOf(row, column) {
  const cell = row.cells[column];
  if (!cell || cell.dataset.o === undefined)
    return cell && !row.hasAttribute("data-o") ? cell.textContent.trim() : null;
  return cell.dataset.o === "" ? null : cell.dataset.o === "inf" ? Infinity : Number(cell.dataset.o);
}

const collator = new Intl.Collator("en", { numeric: true });
function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b);
}

class SortableTable {
  constructor(table, onSort) {
    this.table = table;
    this.limit = FIRST;
    this.bodies = [...table.tBodies].map((body) => {
      const rows = [...body.rows];
      return {
        body,
        heads: rows.filter((row) => "head" in row.dataset),
        rows: rows.filter((row) => !("head" in row.dataset)),
      };
    });
    this.buttons = [...table.querySelectorAll("thead [data-sort]")];
    this.more = document.querySelector(`[data-more="${table.id}"]`);
    this.columns = Object.fromEntries(
      [...table.querySelectorAll("thead [data-filter]")].map((head) => [head.dataset.filter, head.cellIndex]),
    );
    // of a map's columns
    this.releases = [...table.querySelectorAll("thead th")].slice(1).map((head) => head.dataset.release);
    for (const button of this.buttons) {
      button.disabled = false;
      button.addEventListener("click", () => onSort(button.dataset.sort));
    }
    if (this.more)
      this.more.addEventListener("click", () => {
        this.limit = Infinity;
        this.draw();
      });
  }

  get total() {
    return this.bodies.reduce((sum, { rows }) => sum + rows.length, 0);
  }

  text(row) {
    this.texts ??= new Map();
    if (!this.texts.has(row)) this.texts.set(row, (row.dataset.text || row.cells[0].textContent).toLowerCase());
    return this.texts.get(row);
  }

  // What a row's attribute would say again is read from the column that says it; what all share, from body or table.
  value(row, body, name) {
    return (
      row.dataset[name] ??
      (name in this.columns
        ? row.cells[this.columns[name]].textContent
        : (body.dataset[name] ?? this.table.dataset[name]))
    );
  }

  fits(row, body, state, words, names) {
    // of a map, whose rows have a verdict for each column
    const column = state.release ? this.releases.indexOf(state.release) : -1;
    for (const name of names) {
      const wanted = state[name];
      if (!wanted || wanted === "all") continue;
      const found = this.value(row, body, name);
      if (found === undefined) continue;
      if (
        name === "verdict" && column >= 0
          ? found.split(" ")[column] !== wanted
          : name === "verdict" || name === "show"
            ? !found.split(" ").includes(wanted)
            : found !== wanted
      )
        return false;
    }
    if (state.release && (column < 0 || row.dataset.verdict.split(" ")[column] === "not-measured")) return false;
    return !words.length || words.every((word) => this.text(row).includes(word));
  }

  show(state, words, names) {
    this.wanted = this.bodies.map(({ body, rows }) => rows.filter((row) => this.fits(row, body, state, words, names)));
    this.sort(state.sort || "");
    this.draw();
    return this.wanted.reduce((sum, rows) => sum + rows.length, 0);
  }

  sort(order) {
    const key = order.replace(/^-/, ""),
      direction = order.startsWith("-") ? -1 : 1;
    const button = this.buttons.find((one) => one.dataset.sort === key);
    for (const one of this.buttons) {
      one.closest("th").setAttribute("aria-sort", one !== button ? "none" : direction > 0 ? "ascending" : "descending");
    }
    const column = button && button.closest("th").cellIndex;
    if (!button) return; // the rows stand as they came
    this.wanted = this.wanted.map((rows) => {
      const keyed = rows.map((row) => [orderOf(row, column), row]);
      keyed.sort(([a], [b]) => (a === null || b === null ? compare(a, b) : direction * compare(a, b))); // no data last
      return keyed.map(([, row]) => row);
    });
  }

  draw() {
    let left = this.limit,
      hidden = 0;
    this.bodies.forEach(({ body, heads, rows }, place) => {
      const drawn = this.wanted[place].slice(0, left);
      hidden += this.wanted[place].length - drawn.length;
      left -= drawn.length;
      body.replaceChildren(...heads, ...drawn); // rows that are not drawn cost nothing outside of the page
      body.hidden = rows.length > 0 && !drawn.length; // with its heads; the means of all cases stay
    });
    this.table.dataset.ready = "yes";
    if (this.more) {
      this.more.hidden = !hidden;
      this.more.textContent = `Show ${hidden} more`;
    }
  }

  find(id) {
    return this.bodies.flatMap(({ rows }) => rows).find((row) => row.id === id);
  }

  reveal(row) {
    if (!row.isConnected) {
      this.limit = Infinity;
      this.draw();
    }
    row.classList.add("named");
    row.scrollIntoView();
  }
}

function bindTables(form, elements) {
  const fields = [...form.elements].filter((field) => field.name);
  const names = fields.map((field) => field.name).filter((name) => name !== "q");
  const known = [...fields.map((field) => field.name), "sort"];
  const fallback = Object.fromEntries(fields.map((field) => [field.name, field.dataset.default || ""]));
  let state = {};

  function fromAddress() {
    const found = readState();
    state = { ...fallback };
    for (const key of known) if (found[key]) state[key] = found[key];
    for (const field of fields) {
      field.value = state[field.name];
      // no such choice
      if (field.value !== state[field.name]) field.value = state[field.name] = field.dataset.default ? "all" : "";
    }
  }

  function toAddress(push) {
    const kept = known
      .filter((key) => (state[key] || "") !== (fallback[key] || ""))
      .map((key) => [key, state[key] || "all"]);
    const address = kept.length ? `#${new URLSearchParams(kept)}` : location.pathname + location.search;
    if (push && address !== location.hash) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  }

  function draw() {
    const words = (state.q || "").toLowerCase().split(/\s+/).filter(Boolean);
    const counts = tables.map((table) => table.show(state, words, names));
    const shown = counts.reduce((sum, count) => sum + count, 0);
    if (tables.length > 1)
      tables.forEach(({ table }, place) => {
        table.closest("section").hidden = shown > 0 && counts[place] === 0;
      });
    const total = tables.reduce((sum, table) => sum + table.total, 0);
    const amount = (number) => number.toLocaleString("en");
    form.querySelector("[data-shown]").textContent =
      `${amount(shown)} of ${amount(total)} ${form.dataset.filters || "rows"}`;
    const reset = form.querySelector("[data-reset]");
    if (reset) reset.disabled = known.every((key) => (state[key] || "") === (fallback[key] || ""));
  }

  function sortBy(key) {
    state.sort = state.sort === key ? `-${key}` : state.sort === `-${key}` ? "" : key;
    toAddress(true);
    draw();
  }

  const tables = elements.map((table) => new SortableTable(table, sortBy));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    for (const field of fields) state[field.name] = field.value;
    toAddress(event.target.name !== "q"); // a step back undoes a choice, not a letter
    draw();
  });
  const reset = form.querySelector("[data-reset]");
  if (reset) {
    reset.addEventListener("click", () => {
      state = { ...fallback };
      toAddress(true);
      fromAddress();
      draw();
    });
  }
  function named() {
    // an address that names one row, as links to regressions do
    document.querySelectorAll(".named").forEach((row) => row.classList.remove("named"));
    if (location.hash.length < 2 || location.hash.includes("=")) return;
    for (const table of tables) {
      const row = table.find(decodeURIComponent(location.hash.slice(1)));
      if (!row) continue;
      if (!row.isConnected) {
        // a filter that is set from the start leaves it out
        for (const field of fields) if (field.dataset.default) field.value = state[field.name] = "all";
        draw();
      }
      table.reveal(row);
    }
  }
  addEventListener("popstate", () => {
    fromAddress();
    draw();
    named();
  });
  fromAddress();
  draw();
  named();
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-theme-switch]").forEach(bindTheme);
  document.querySelectorAll("time[data-age]").forEach(bindAge);
  const form = document.querySelector("[data-filters]");
  const tables = [...document.querySelectorAll("table[data-sortable]")];
  if (form && tables.length) bindTables(form, tables);
});
