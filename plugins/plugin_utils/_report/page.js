// Copyright: Contributors to the onramp.braze_fivetran project
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";
{
  const form = document.querySelector(".filter");
  const rows = [...document.querySelectorAll("tr[data-row]")];
  const details = new Map([...document.querySelectorAll("details[data-row]")].map((part) => [part.dataset.row, part]));
  // Printing opens this many workspaces; of a larger fleet, those that the filter leaves.
  const MOST_OPEN = 100;
  // As they stand in the page, the worst first.
  const WORST_FIRST = ["failed", "warning", "planned", "removed", "paused", "unverified", "ok", "none"];

  let texts = null;
  const textOf = (row) => {
    texts ??= new Map(rows.map((row) => [row, `${row.textContent} ${row.dataset.search}`.toLowerCase()]));
    return texts.get(row);
  };

  const filter = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const status = form.elements.status.value;
    let shown = 0;
    for (const row of rows) {
      const matches =
        (!status || row.dataset.status === status) && words.every((word) => textOf(row).includes(word));
      if (row.hidden === matches) row.hidden = details.get(row.dataset.row).hidden = !matches;
      shown += matches;
    }
    form.querySelector("output").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
    document.querySelector(".nothing").hidden = shown > 0;
  };

  const collator = new Intl.Collator("en", { numeric: true });
  const compare = (column) => (one, other) => {
    const [first, second] = [one.cells[column], other.cells[column]];
    const marks = WORST_FIRST.indexOf(first.className) - WORST_FIRST.indexOf(second.className);
    // Beside a name stands its sign.
    return (column && marks) || collator.compare(...[first, second].map((cell) => (cell.querySelector("a") ?? cell).textContent));
  };
  // First one way, then the other, then as it was.
  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
  const sort = (head) => {
    const order = NEXT[head.ariaSort ?? "none"];
    for (const other of document.querySelectorAll("th[data-sort]")) other.ariaSort = null;
    const sorted = order === "none" ? rows : [...rows].sort(compare(Number(head.dataset.sort)));
    if (order !== "none") head.ariaSort = order;
    if (order === "descending") sorted.reverse();
    document.querySelector(".fleet tbody").append(...sorted);
  };
  for (const head of document.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head));
    head.append(button);
  }

  const openTarget = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) {
      target.open = true;
      target.scrollIntoView();
      target.querySelector("summary").focus({ preventScroll: true });
    }
  };

  let closed = [];
  addEventListener("beforeprint", () => {
    const shown = [...details.values()].filter((part) => !part.hidden);
    closed = shown.length > MOST_OPEN ? [] : shown.filter((part) => !part.open);
    closed.forEach((part) => (part.open = true));
  });
  addEventListener("afterprint", () => closed.forEach((part) => (part.open = false)));
  addEventListener("hashchange", openTarget);
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  document.body.classList.add("live");
  // What was typed before the page was loaded again.
  filter();
  openTarget();
}
