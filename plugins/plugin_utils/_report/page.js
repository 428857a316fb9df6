// Copyright: Contributors to the onramp.braze_fivetran project
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";
{
  const form = document.querySelector(".filter");
  const rows = [...document.querySelectorAll("tr[data-row]")];
  const details = new Map([...document.querySelectorAll("details[data-row]")].map((part) => [part.dataset.row, part]));

  const filter = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const status = form.elements.status.value;
    let shown = 0;
    for (const row of rows) {
      const matches =
        (!status || row.dataset.status === status) && words.every((word) => row.dataset.search.includes(word));
      row.hidden = details.get(row.dataset.row).hidden = !matches;
      shown += matches;
    }
    form.querySelector("output").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
    document.querySelector(".nothing").hidden = shown > 0;
  };

  const openTarget = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) {
      target.open = true;
      target.scrollIntoView();
    }
  };

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...details.values()].filter((part) => !part.open);
    closed.forEach((part) => (part.open = true));
  });
  addEventListener("afterprint", () => closed.forEach((part) => (part.open = false)));
  addEventListener("hashchange", openTarget);
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
  openTarget();
}
