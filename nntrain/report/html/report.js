// The script of `nntrain report`: sorts tables by a click on a heading, and has Bokeh draw the curves.

"use strict";

// The number of a cell, or its text where it has none.
function key(row, column) {
  const cell = row.cells[column];
  return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
}

// Texts after numbers, NaN and empty cells last.
function compare(a, b) {
  const isNumber = [a, b].map((value) => typeof value === "number" && !Number.isNaN(value));
  if (isNumber[0] && isNumber[1]) return a - b;
  if (isNumber[0] || isNumber[1]) return isNumber[0] ? -1 : 1;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

function sortBy(table, column) {
  const heading = table.tHead.rows[0].cells[column];
  const descending = heading.getAttribute("aria-sort") === "ascending";
  const body = table.tBodies[0];
  const known = (row) => !["", NaN].includes(key(row, column));
  const rows = Array.from(body.rows);
  const sorted = rows.filter(known).sort((a, b) => compare(key(a, column), key(b, column)));
  if (descending) sorted.reverse();
  body.append(...sorted, ...rows.filter((row) => !known(row)));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
}

for (const table of document.querySelectorAll("table.sortable")) {
  table.classList.add("can-sort");
  Array.from(table.tHead.rows[0].cells).forEach((heading, column) => {
    heading.tabIndex = 0;
    heading.addEventListener("click", () => sortBy(table, column));
    heading.addEventListener("keydown", (event) => {
      if (event.key === "Enter") sortBy(table, column);
    });
  });
}

for (const figure of document.querySelectorAll("figure")) {
  figure.classList.add("can-grow");
  figure.addEventListener("click", () => figure.classList.toggle("large"));
}

// What is folded is printed too.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});

// The curves, and the legend that hides them: a line is visible while the boxes of all of its tags are checked.
const curves = document.getElementById("curves-data");
if (curves) {
  const legend = document.getElementById("legend");
  const boxes = Array.from(legend.querySelectorAll("input"));
  Bokeh.set_log_level("warn");
  Bokeh.embed.embed_item(JSON.parse(curves.textContent)).then((views) => {
    legend.hidden = false;
    legend.addEventListener("change", () => {
      const hidden = boxes.filter((box) => !box.checked).map((box) => box.value);
      for (const model of views.roots[0].model.document.all_models) {
        if (model.tags.length) model.visible = !model.tags.some((tag) => hidden.includes(tag));
      }
    });
  });
}
