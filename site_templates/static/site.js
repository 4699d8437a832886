"use strict";

// Runs before the page is drawn: the theme and whether there are scripts decide what is shown, without a jump.
const page = document.documentElement;
page.dataset.scripts = "yes";

function remembered() {
  try { return localStorage.getItem("asv-jit-theme"); } catch { return null; } // some browsers refuse for files
}

function remember(theme) {
  try { localStorage.setItem("asv-jit-theme", theme); } catch { /* the switch still works for this page */ }
}

if (["light", "dark"].includes(remembered())) page.dataset.theme = remembered();

function bindTheme(button) {
  button.addEventListener("click", () => {
    const dark = page.dataset.theme ? page.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    page.dataset.theme = dark ? "light" : "dark";
    remember(page.dataset.theme);
  });
}

// The state of the table lives in the address after #, so that a view can be linked; keys other than these are left alone.
const KEYS = ["q", "python", "verdict", "sort"];

function readState() {
  const found = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(KEYS.map((key) => [key, found.get(key) || ""]));
}

function writeState(state) {
  const kept = new URLSearchParams(KEYS.filter((key) => state[key]).map((key) => [key, state[key]]));
  history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname + location.search);
}

function orderOf(row, key) {
  const cell = row.querySelector(`[data-key="${key}"]`);
  if (!("order" in cell.dataset)) return cell.textContent.trim();
  return cell.dataset.order === "" ? null : cell.dataset.order === "inf" ? Infinity : Number(cell.dataset.order);
}

function compare(a, b) {
  if (a === null || b === null) return 0;
  return typeof a === "number" ? (a < b ? -1 : a > b ? 1 : 0) : a.localeCompare(b, "en", { numeric: true });
}

function sortRows(rows, sort) {
  if (!sort) return rows;
  const [key, direction] = [sort.replace(/^-/, ""), sort.startsWith("-") ? -1 : 1];
  const keyed = rows.map((row) => [orderOf(row, key), row]);
  keyed.sort(([a], [b]) => (a === null) - (b === null) || direction * compare(a, b)); // no data comes last, either way
  return keyed.map(([, row]) => row);
}

function bindTable(form, table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const texts = new Map(rows.map((row) => [row, row.cells[0].textContent.toLowerCase()]));
  const buttons = [...table.querySelectorAll("[data-sort]")];
  const keys = buttons.map((button) => button.dataset.sort);
  let state = readState();

  function show() {
    if (!keys.includes(state.sort.replace(/^-/, ""))) state.sort = "";
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = words.every((word) => texts.get(row).includes(word))
        && (!state.python || row.dataset.python === state.python)
        && (!state.verdict || row.dataset.verdict === state.verdict);
      row.hidden = !fits;
      shown += fits;
    }
    body.append(...sortRows(rows, state.sort));
    for (const button of buttons) {
      const direction = state.sort === button.dataset.sort ? "ascending" : state.sort === `-${button.dataset.sort}` ? "descending" : "none";
      button.closest("th").setAttribute("aria-sort", direction);
    }
    form.querySelector("[data-shown]").textContent = `${shown} of ${rows.length} rows`;
  }

  function fill() {
    for (const key of ["q", "python", "verdict"]) form.elements[key].value = state[key];
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    for (const key of ["q", "python", "verdict"]) state[key] = form.elements[key].value;
    writeState(state);
    show();
  });
  for (const button of buttons) {
    button.disabled = false;
    button.addEventListener("click", () => {
      const key = button.dataset.sort;
      state.sort = state.sort === key ? `-${key}` : state.sort === `-${key}` ? "" : key;
      writeState(state);
      show();
    });
  }
  addEventListener("hashchange", () => { state = readState(); fill(); show(); });
  fill();
  show();
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-theme-switch]").forEach(bindTheme);
  const form = document.querySelector("[data-filters]");
  const table = document.querySelector("[data-sortable]");
  if (form && table) bindTable(form, table);
});
