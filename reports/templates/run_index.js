"use strict";
const search = document.getElementById("search");
const runs = [...document.querySelectorAll("[data-run]")];
const count = document.getElementById("count");
const words = runs.map((run) => run.textContent.toLowerCase());
const show = () => {
  const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  runs.forEach((run, index) => {
    run.hidden = !wanted.every((word) => words[index].includes(word));
    shown += run.hidden ? 0 : 1;
  });
  count.textContent = wanted.length ? `${shown} of ${runs.length} runs` : "";
};
search.addEventListener("input", show);
document.getElementById("search-form").hidden = false;
show();
