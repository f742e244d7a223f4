"use strict";
// The table of all items where scripts run: sorted by any score, filtered by what is worse and by group, and found from
// the dots. Without it the table is there, the worst first.
(() => {
  const tables = [...document.querySelectorAll(".items")];

  const choice = (label, options) => {
    const held = document.createElement("label");
    const select = document.createElement("select");
    held.append(label, " ", select);
    for (const [value, text] of options) select.append(new Option(text, value));
    return [held, select];
  };

  const toolsOf = (table) => {
    const body = table.tBodies[0], rows = [...body.rows];
    if (rows.length < 2) return () => {};
    const scores = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
    const groups = JSON.parse(table.dataset.groups ?? "[]");
    const gains = new Map(rows.map((row) => [row, row.dataset.s.split(";").map((text) => (text === "" ? Infinity : Number(text)))]));
    const nameOf = (row) => row.querySelector("bdi").textContent;
    const [sortLabel, sort] = choice("Sort", [...scores.map((name, at) => [at, `worst by ${name}`]), ["name", "by name"]]);
    sort.value = table.dataset.first ?? "name";
    const shows = [["", `every ${table.dataset.noun}`], ...scores.map((name, at) => [at, `worse by ${name}`])];
    if (rows.some((row) => "disagrees" in row.dataset)) shows.push(["disagrees", "where scores disagree"]);
    const [showLabel, show] = choice("Filter", shows);
    const [groupLabel, group] = choice("Group", [["", "every group"], ...groups.map((name, at) => [at, name])]);
    const count = document.createElement("span");
    count.setAttribute("aria-live", "polite");
    const draw = () => {
      let seen = 0;
      for (const row of rows) {
        const isShown = show.value === "" || (show.value === "disagrees" ? "disagrees" in row.dataset : gains.get(row)[show.value] < 0);
        const isOfGroup = group.value === "" || (row.dataset.g ?? "").split(" ").includes(group.value);
        row.hidden = !(isShown && isOfGroup);
        seen += row.hidden ? 0 : 1;
      }
      count.textContent = `${seen} of ${rows.length}`;
    };
    sort.addEventListener("change", () => {
      const sorted = [...rows].sort(sort.value === "name"
        ? (one, other) => nameOf(one).localeCompare(nameOf(other))
        : (one, other) => { const [a, b] = [one, other].map((row) => gains.get(row)[sort.value]); return a < b ? -1 : a > b ? 1 : 0; });
      body.append(...sorted);
    });
    for (const select of [show, group]) select.addEventListener("change", draw);
    const tools = document.createElement("p");
    tools.className = "strip-tools";
    tools.append(sortLabel, showLabel, ...(groups.length ? [groupLabel] : []), count);
    table.before(tools);
    draw();
    return () => { show.value = group.value = ""; draw(); };
  };
  const showAll = new Map(tables.map((table) => [table, toolsOf(table)]));

  const reveal = (id) => {
    const row = document.getElementById(id)?.closest(".items tr");
    if (!row) return;
    row.closest("details").open = true;
    if (row.hidden) showAll.get(row.closest(".items"))();
    row.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", () => reveal(decodeURIComponent(location.hash.slice(1))));
  if (location.hash) reveal(decodeURIComponent(location.hash.slice(1)));

  // One stop for the keyboard in each figure; arrow keys go from dot to dot, as they lie along.
  for (const figure of document.querySelectorAll(".dots")) {
    const links = [...figure.querySelectorAll("a")];
    if (!links.length) continue;
    const along = (link) => Number(link.firstElementChild.getAttribute("cx"));
    const tell = (link) => {
      const row = document.getElementById(link.getAttribute("href").slice(1));
      if (!row || link.hasAttribute("aria-label")) return;
      const told = link.querySelector("title")?.textContent ?? row.querySelector("bdi").textContent;
      link.setAttribute("aria-label", told);
      if (link.querySelector("title")) return;
      const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
      title.textContent = told;
      link.firstElementChild.append(title);
    };
    let sorted = null;
    if (!links.some((link) => link.tabIndex === 0)) links[0].setAttribute("tabindex", "0");
    figure.addEventListener("pointerover", (event) => { const link = event.target.closest("a"); if (link) tell(link); });
    figure.addEventListener("focusin", (event) => tell(event.target));
    figure.addEventListener("click", (event) => { const link = event.target.closest("a"); if (link) reveal(link.getAttribute("href").slice(1)); });
    figure.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      sorted ??= [...links].sort((one, other) => along(one) - along(other));
      const next = sorted[(sorted.indexOf(event.target.closest("a")) + step + sorted.length) % sorted.length];
      next.focus();
    });
  }
})();
