"use strict";
// Every long table sorts by a click on a heading, and shows only the rows that have some words.
for (const table of document.querySelectorAll("table[data-lists]")) {
  const body = table.tBodies[0];
  const rows = [...body.rows].filter((row) => !row.classList.contains("total"));
  const total = [...body.rows].filter((row) => row.classList.contains("total"));
  const caption = table.caption.textContent;

  const label = document.createElement("label");
  label.className = "search";
  label.textContent = "Show rows of “" + caption + "” with";
  const input = document.createElement("input");
  input.type = "search";
  label.append(input);
  const shown = document.createElement("span");
  shown.setAttribute("role", "status");
  label.append(shown);
  table.parentElement.before(label);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const left = rows.filter((row) => !row.hidden).length;
    shown.textContent = words.length ? " " + left + " of " + rows.length + " rows" : "";
  });

  const compare = new Intl.Collator("en-GB", { numeric: true }).compare;
  [...table.tHead.rows[0].cells].forEach((heading, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    const isNumber = heading.classList.contains("number");
    button.addEventListener("click", () => {
      const falls = heading.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", falls ? "descending" : "ascending");
      rows.sort((one, two) => {
        const [a, b] = [one, two].map((row) => row.cells[place].dataset.key);
        if (a === "" || b === "") return (a === "") - (b === "");
        const order = isNumber ? Number(a) - Number(b) : compare(a, b);
        return falls ? -order : order;
      });
      body.append(...rows, ...total);
    });
  });
}
