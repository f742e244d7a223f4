"use strict";
// What the page adds where scripts run: a viewer for the pictures, and a filter by score. Without it everything reads.
(() => {
  const template = document.getElementById("viewer-template");
  const entries = [...document.querySelectorAll(".entry, .items tr")].filter((entry) => entry.querySelector(".picture img, .place"));
  if (template && entries.length) {
    document.body.append(template.content.cloneNode(true));
    const dialog = document.querySelector(".viewer");
    const stage = dialog.querySelector(".viewer-stage");
    const split = dialog.querySelector("[data-do=split]");
    const zoom = dialog.querySelector("[data-do=zoom]");
    const flip = dialog.querySelector("[data-do=flip]");
    const shown = dialog.querySelector(".viewer-shown");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const roles = { slider: ["baseline", "candidate"], flicker: ["baseline", "candidate"], side: ["baseline", "candidate"],
      reference: ["reference"], difference: ["difference"] };
    for (const one of dialog.querySelectorAll("[value^=map-]")) roles[one.value] = [`${one.value}-baseline`, `${one.value}-candidate`];
    let shownEntry = entries[0], x = 0, y = 0, flipped = false, running = false, timer = 0, grabbed = null;

    const mode = () => dialog.querySelector("[name=viewer-mode]:checked").value;
    // In the order of the page, which a sorted table changes.
    const visible = () => [...shownEntry.parentNode.children].filter((entry) => entries.includes(entry) && !entry.hidden);
    // What there is of a role: where it comes from, and what is told of it. A row of the table has its worst place.
    const found = (role) => {
      const figure = shownEntry.querySelector(`.picture[data-detail][data-role="${role}"]`) ?? shownEntry.querySelector(`.picture[data-role="${role}"]`);
      const image = figure?.querySelector("img");
      if (image) return { source: image.src, alt: image.alt, told: figure.querySelector("figcaption").textContent.trim() };
      const place = shownEntry.querySelector(`.place[data-role="${role}"]`);
      const symbol = place && document.getElementById(place.querySelector("use").getAttribute("href").slice(1));
      const alt = place?.querySelector("title").textContent;
      return symbol ? { source: symbol.getAttribute("href"), alt, told: role[0].toUpperCase() + role.slice(1) } : null;
    };

    const place = () => {
      const scale = Number(zoom.value), room = (scale - 1) / 2 / scale * 100;
      x = Math.max(-room, Math.min(room, x));
      y = Math.max(-room, Math.min(room, y));
      for (const image of stage.querySelectorAll("img")) image.style.transform = `scale(${scale}) translate(${x}%, ${y}%)`;
      stage.style.setProperty("--split", `${split.value}%`);
      const panes = [...stage.children], top = panes[1];
      if (top) {
        top.style.clipPath = mode() === "slider" ? `inset(0 0 0 ${split.value}%)` : "none";
        top.style.visibility = mode() === "flicker" && !flipped ? "hidden" : "visible";
      }
      if (mode() === "flicker") shown.textContent = panes[flipped ? 1 : 0]?.dataset.told ?? "";
    };
    const run = (on) => {
      clearInterval(timer);
      running = on;
      flip.textContent = on ? "Stop" : "Start";
      // At most one change in half a second: nothing flashes three times in one.
      if (on) timer = setInterval(() => { flipped = !flipped; place(); }, 500);
    };
    const draw = () => {
      dialog.querySelector("#viewer-title").textContent = (shownEntry.querySelector("h4") ?? shownEntry.querySelector("bdi")).textContent;
      for (const one of dialog.querySelectorAll("[name=viewer-mode]")) {
        one.closest("label").hidden = !["slider", "flicker", "side"].includes(one.value) && !roles[one.value].some(found);
        if (one.checked && one.closest("label").hidden) dialog.querySelector("[value=slider]").checked = true;
      }
      const isMap = mode().startsWith("map-");
      stage.dataset.mode = isMap ? "side" : mode();
      stage.replaceChildren(...roles[mode()].map((role) => {
        const pane = document.createElement("figure");
        const image = found(role);
        const told = image?.told ?? role;
        pane.dataset.told = told;
        const caption = document.createElement("figcaption");
        caption.textContent = image ? told : `${told}: unavailable`;
        if (image) {
          const copy = document.createElement("img");
          copy.src = image.source;
          copy.alt = image.alt;
          copy.draggable = false;
          pane.append(copy);
        }
        pane.append(caption);
        return pane;
      }));
      dialog.querySelector(".viewer-split").hidden = mode() !== "slider";
      flip.hidden = mode() !== "flicker";
      const scale = isMap && shownEntry.querySelector(`.map-scale[data-map="${mode().slice(4)}"]`);
      shown.replaceChildren(...(scale ? [...scale.cloneNode(true).childNodes] : []));
      run(mode() === "flicker" && !still);
      place();
    };
    const open = (entry) => { shownEntry = entry; x = y = 0; zoom.value = 1; draw(); dialog.showModal(); stage.focus(); };
    const go = (step) => {
      const some = visible();
      shownEntry = some[(some.indexOf(shownEntry) + step + some.length) % some.length] ?? shownEntry;
      draw();
    };
    const nearer = (step) => { zoom.value = Number(zoom.value) + step; place(); };

    for (const entry of entries) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "compare";
      const row = entry.querySelector(".views");
      button.textContent = row ? "compare" : "Compare closely";
      button.setAttribute("aria-label", `${button.textContent}: ${entry.querySelector("bdi").textContent}`);
      button.addEventListener("click", () => open(entry));
      if (row) row.before(button);
      else entry.querySelector(".pictures").before(button);
      for (const place of entry.querySelectorAll(".place")) place.addEventListener("click", () => open(entry));
      for (const link of entry.querySelectorAll("a.enlarge")) {
        link.addEventListener("click", (event) => { event.preventDefault(); open(entry); });
      }
    }
    dialog.addEventListener("change", (event) => { if (event.target.name === "viewer-mode") draw(); });
    split.addEventListener("input", place);
    zoom.addEventListener("input", place);
    dialog.addEventListener("close", () => run(false));
    dialog.addEventListener("click", (event) => {
      const asked = event.target.dataset?.do;
      if (asked === "close") dialog.close();
      else if (asked === "next") go(1);
      else if (asked === "previous") go(-1);
      else if (asked === "flip") run(!running);
    });
    stage.addEventListener("keydown", (event) => {
      const move = 8 / Number(zoom.value);
      const keys = { ArrowLeft: () => { x += move; }, ArrowRight: () => { x -= move; }, ArrowUp: () => { y += move; },
        ArrowDown: () => { y -= move; }, "+": () => nearer(0.5), "=": () => nearer(0.5), "-": () => nearer(-0.5),
        "0": () => { zoom.value = 1; }, " ": () => { run(false); flipped = !flipped; }, n: () => go(1), p: () => go(-1) };
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
      place();
    });
    stage.addEventListener("wheel", (event) => { event.preventDefault(); nearer(event.deltaY < 0 ? 0.5 : -0.5); }, { passive: false });
    stage.addEventListener("pointerdown", (event) => { grabbed = [event.clientX, event.clientY]; stage.setPointerCapture(event.pointerId); });
    stage.addEventListener("pointerup", () => { grabbed = null; });
    stage.addEventListener("pointermove", (event) => {
      const pane = stage.querySelector("img");
      if (!grabbed || !pane) return;
      const scale = Number(zoom.value);
      x += (event.clientX - grabbed[0]) / pane.clientWidth / scale * 100;
      y += (event.clientY - grabbed[1]) / pane.clientHeight / scale * 100;
      grabbed = [event.clientX, event.clientY];
      place();
    });
  }

  for (const group of document.querySelectorAll("[data-filters]")) {
    const figures = [...group.querySelectorAll("[data-metric]")];
    const names = new Map(figures.map((one) => [one.dataset.metric, one.querySelector("strong").textContent]));
    if (names.size < 2) continue;
    const label = document.createElement("label");
    const select = document.createElement("select");
    label.className = "filter";
    label.append("Show ", select);
    for (const [value, text] of [["", "every score"], ...names]) select.append(new Option(text, value));
    const section = group.closest("section");
    select.addEventListener("change", () => {
      for (const one of figures) one.hidden = Boolean(select.value) && one.dataset.metric !== select.value;
      const own = [...section.querySelectorAll(".entry[data-metric]")];
      const some = own.some((one) => one.dataset.metric === select.value);
      for (const one of own) one.hidden = some && one.dataset.metric !== select.value;
    });
    group.before(label);
  }
})();
