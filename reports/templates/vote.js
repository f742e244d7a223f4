"use strict";
(() => {
  // As harness/statistics/vote_stopping.py, reports/vote_page.py and harness/documents/vote.py say, in the same order.
  const ENOUGH = 20, PAIRS_BETWEEN_CHECKS = 6, GAIN = 8, TURN_MS = 700;
  const $ = (id) => document.getElementById(id);
  const content = JSON.parse($("content").textContent);

  const unmask = ({ key, data }) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    for (let place = 0; place < bytes.length; place += 4) {
      let state = (key + place / 4) >>> 0;
      state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
      state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
      state ^= state >>> 16;
      for (let byte = 0; byte < 4 && place + byte < bytes.length; byte += 1) bytes[place + byte] ^= (state >>> (8 * byte)) & 255;
    }
    return bytes;
  };
  const drawn = (below) => {
    const most = 2 ** 32 - (2 ** 32 % below), word = new Uint32Array(1);
    do crypto.getRandomValues(word); while (word[0] >= most);
    return word[0] % below;
  };
  const shuffled = (list) => {
    const found = [...list];
    for (let last = found.length - 1; last > 0; last -= 1) {
      const other = drawn(last + 1);
      [found[last], found[other]] = [found[other], found[last]];
    }
    return found;
  };
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const evidence = (one, other) => {
    // 2^n / ((n + 1) C(n, one)), a factor for each answer
    let found = 1 / (one + other + 1);
    for (let count = 1; count <= one + other; count += 1) found *= 2;
    for (let count = 1; count <= one; count += 1) found *= count / (other + count);
    return found;
  };

  // What is asked, and in which order: after every six pairs one of them again, sides changed, and one picture twice.
  const same = unmask(content.same);
  const pairs = content.pairs.map((pair, place) => ({ ...pair, firstIsOfFirst: (same[place] & 1) === 1 }));
  const trials = [];
  {
    let waiting = [];
    const order = shuffled(pairs);
    order.forEach((pair, place) => {
      const turned = drawn(2) === 1;
      waiting.push({ pair, a: turned ? 1 : 0, b: turned ? 0 : 1, kind: "new" });
      if (waiting.length < PAIRS_BETWEEN_CHECKS && place < order.length - 1) return;
      const block = [...waiting];
      if (waiting.length > 2) {
        const again = waiting[drawn(waiting.length - 2)], picture = drawn(2);
        block.push({ pair: again.pair, a: again.b, b: again.a, kind: "again" });
        block.splice(1 + drawn(block.length), 0, { pair: waiting[drawn(waiting.length)].pair, a: picture, b: picture, kind: "identical" });
      }
      trials.push(...block);
      waiting = [];
    });
  }

  const session = hex(crypto.getRandomValues(new Uint8Array(16)));
  const answers = [];
  let forFirst = 0, forSecond = 0, now = 0, since = 0, aids = new Set(), urls = [];
  let zoom = 1, moved = [0, 0], turning = null, amplified = false, withReference = false, shownInTurn = "a", isOver = false;

  const show = (section) => {
    for (const id of ["begin", "asking", "end"]) $(id).hidden = id !== section;
    $(`${section}-title`).focus();
  };
  const picture = (masked) => {
    const url = URL.createObjectURL(new Blob([unmask(masked)]));
    urls.push(url);
    return url;
  };

  const place = () => {
    const shift = `translate(${moved[0]}px, ${moved[1]}px) scale(${zoom})`;
    for (const id of ["picture-a", "picture-b", "picture-r", "difference"]) {
      $(id).style.transform = shift;
      $(id).classList.toggle("crisp", zoom > 1 || id === "difference");
    }
    $("stage").classList.toggle("is-zoomed", zoom > 1);
    $("zoom-factor").textContent = `×${zoom}`;
    $("zoom").setAttribute("aria-pressed", String(zoom > 1));
  };
  const setZoom = (factor) => {
    zoom = factor;
    moved = [0, 0];
    if (zoom > 1) aids.add("zoom");
    place();
  };
  const move = (right, down) => {
    const most = ($("picture-a").clientWidth * (zoom - 1)) / 2 + 40;
    moved = [moved[0] + right, moved[1] + down].map((shift) => Math.max(-most, Math.min(most, shift)));
    place();
  };
  const layOut = () => {
    $("figure-a").hidden = turning !== null && shownInTurn !== "a";
    $("figure-b").hidden = turning !== null && shownInTurn !== "b";
    $("figure-r").hidden = !withReference;
    $("figure-d").hidden = !amplified;
    $("flicker").setAttribute("aria-pressed", String(turning !== null));
    $("amplify").setAttribute("aria-pressed", String(amplified));
    $("reference").setAttribute("aria-pressed", String(withReference));
  };
  const setTurning = (on) => {
    if (turning !== null) clearInterval(turning);
    shownInTurn = "a";
    turning = on ? setInterval(() => { shownInTurn = shownInTurn === "a" ? "b" : "a"; layOut(); }, TURN_MS) : null;
    if (on) aids.add("flicker");
    layOut();
  };
  const drawDifference = () => {
    const [one, other, target] = [$("picture-a"), $("picture-b"), $("difference")];
    const pixels = [one, other].map((image) => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, canvas.width, canvas.height);
    });
    const found = pixels[0];
    for (let at = 0; at < found.data.length; at += 1) {
      found.data[at] = at % 4 === 3 ? 255 : GAIN * Math.abs(found.data[at] - pixels[1].data[at]);
    }
    [target.width, target.height] = [found.width, found.height];
    target.getContext("2d").putImageData(found, 0, 0);
  };
  const setAmplified = (on) => {
    amplified = on;
    if (on) { aids.add("difference"); drawDifference(); }
    layOut();
  };
  const setReference = (on) => {
    withReference = on && trials[now].pair.reference !== null;
    if (withReference) aids.add("reference");
    layOut();
  };

  const ask = async () => {
    for (const url of urls) URL.revokeObjectURL(url);
    urls = [];
    const { pair, a, b } = trials[now];
    aids = new Set();
    since = 0;
    setTurning(false); setAmplified(false); setReference(false); setZoom(1);
    $("count").textContent = `Pair ${now + 1} of at most ${trials.length}`;
    $("bar").value = now / trials.length;
    $("picture-a").src = picture(pair.pictures[a]);
    $("picture-b").src = picture(pair.pictures[b]);
    if (pair.reference !== null) $("picture-r").src = picture(pair.reference);
    await Promise.all([$("picture-a").decode(), $("picture-b").decode()]);
    since = performance.now();
    $("told").textContent = `Pair ${now + 1}`;
  };
  const choose = (chose) => {
    if (since === 0 || isOver) return; // the pictures are not there yet
    const { pair, a, b, kind } = trials[now];
    answers.push({
      pair: pair.pair, a: pair.pictures[a].id, b: pair.pictures[b].id, chose,
      ms: Math.round(performance.now() - since), aids: [...aids].sort(),
    });
    if (kind === "new" && chose !== "neither") {
      const isFirst = (chose === "a" ? a : b) === 0;
      if (isFirst === pair.firstIsOfFirst) forFirst += 1; else forSecond += 1;
    }
    now += 1;
    if (kind === "new" && evidence(forFirst, forSecond) >= ENOUGH) finish("settled");
    else if (now === trials.length) finish("all");
    else ask();
  };

  // SHA-256 (FIPS 180-4): pages opened from a file have no other everywhere.
  const sha256 = (text) => {
    const primes = [], isPrime = (n) => primes.every((prime) => n % prime);
    for (let n = 2; primes.length < 64; n += 1) if (isPrime(n)) primes.push(n);
    const fraction = (value) => ((value - Math.floor(value)) * 2 ** 32) >>> 0;
    const rounds = primes.map((prime) => fraction(Math.cbrt(prime)));
    const state = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
    const message = new TextEncoder().encode(text), blocks = Math.ceil((message.length + 9) / 64);
    const bytes = new Uint8Array(blocks * 64), view = new DataView(bytes.buffer);
    bytes.set(message);
    bytes[message.length] = 128;
    view.setUint32(bytes.length - 4, message.length * 8);
    const turn = (word, by) => (word >>> by) | (word << (32 - by));
    const words = new Uint32Array(64);
    for (let block = 0; block < bytes.length; block += 64) {
      for (let at = 0; at < 16; at += 1) words[at] = view.getUint32(block + 4 * at);
      for (let at = 16; at < 64; at += 1) {
        const [early, late] = [words[at - 15], words[at - 2]];
        words[at] = words[at - 16] + (turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)) + words[at - 7] + (turn(late, 17) ^ turn(late, 19) ^ (late >>> 10));
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let at = 0; at < 64; at += 1) {
        const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + rounds[at] + words[at]) | 0;
        const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((word, at) => { state[at] = (state[at] + word) >>> 0; });
    }
    return state.map((word) => word.toString(16).padStart(8, "0")).join("");
  };

  const finish = (ended) => {
    if (isOver) return;
    isOver = true;
    setTurning(false);
    const { run_id, ballot, digest } = content;
    const lines = [run_id, ballot, digest, session, ended, ...answers.map((one) => [one.pair, one.a, one.b, one.chose, one.ms, one.aids.join(",")].join(" "))];
    const vote = { schema: "bakeoff.vote/1", run_id, ballot, digest, session, ended, answers, seal: sha256(lines.join("\n")) };
    const text = `${JSON.stringify(vote)}\n`;
    $("outcome").textContent = ended === "settled"
      ? `You gave ${answers.length} answers. They settle which of the two you prefer; more would not change it.`
      : `You gave ${answers.length} ${answers.length === 1 ? "answer" : "answers"}.`;
    $("text").value = text;
    $("save").href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    $("save").download = `vote-${session.slice(0, 8)}.json`;
    show("end");
  };
  const stop = () => { if (answers.length > 0) finish("voter"); else { show("begin"); } };

  const start = () => { show("asking"); ask(); };
  $("start").addEventListener("click", start);
  for (const chose of ["a", "b", "neither"]) $(`choose-${chose}`).addEventListener("click", () => choose(chose));
  $("zoom").addEventListener("click", () => setZoom(zoom >= 4 ? 1 : zoom * 2));
  $("flicker").addEventListener("click", () => setTurning(turning === null));
  $("amplify").addEventListener("click", () => setAmplified(!amplified));
  $("reference").addEventListener("click", () => setReference(!withReference));
  $("stop").addEventListener("click", stop);
  $("copy").addEventListener("click", async () => {
    $("text").closest("details").open = true;
    $("text").select();
    let done = false;
    try { await navigator.clipboard.writeText($("text").value); done = true; } catch { done = document.execCommand("copy"); }
    $("copied").textContent = done ? "Copied." : "The text is marked: copy it with the keyboard or the menu.";
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && !event.key.startsWith("Arrow")) return;
    if (!$("begin").hidden) {
      if (event.key === "Enter" && event.target.tagName !== "BUTTON") { event.preventDefault(); start(); }
      return;
    }
    if ($("asking").hidden) return;
    const arrows = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    if (event.key in arrows && zoom > 1) move(...arrows[event.key]);
    else if (event.key.startsWith("Arrow") && event.repeat) { /* a held key is one answer */ }
    else if (["a", "A", "ArrowLeft"].includes(event.key)) choose("a");
    else if (["b", "B", "ArrowRight"].includes(event.key)) choose("b");
    else if (["n", "N", "ArrowDown"].includes(event.key)) choose("neither");
    else if (["z", "Z"].includes(event.key)) $("zoom").click();
    else if (["f", "F"].includes(event.key)) $("flicker").click();
    else if (["d", "D"].includes(event.key)) $("amplify").click();
    else if (["r", "R"].includes(event.key)) $("reference").click();
    else if (event.key === "Escape") stop();
    else return;
    event.preventDefault();
  });
  let held = null;
  $("stage").addEventListener("pointerdown", (event) => {
    if (zoom === 1) return;
    held = [event.clientX, event.clientY];
    $("stage").setPointerCapture(event.pointerId);
  });
  $("stage").addEventListener("pointermove", (event) => {
    if (held === null) return;
    move(event.clientX - held[0], event.clientY - held[1]);
    held = [event.clientX, event.clientY];
  });
  for (const name of ["pointerup", "pointercancel"]) $("stage").addEventListener(name, () => { held = null; });
  addEventListener("beforeunload", (event) => { if (answers.length > 0 && !isOver) event.preventDefault(); });
})();
