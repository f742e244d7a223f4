// The visible tab: frames are made and removed in it, one for each arm, and it tells when it is hidden.

import { serve } from "./socket.js";

const frames = new Map();

/** Name and version as the browser itself says them, such as `Chromium 156.0.8078.114` or `Firefox 153.0`. */
async function browser() {
  const brands = navigator.userAgentData;
  if (brands !== undefined) {
    const { fullVersionList } = await brands.getHighEntropyValues(["fullVersionList"]);
    const told = (fullVersionList ?? brands.brands).filter(({ brand }) => !/not.*brand/i.test(brand));
    const own = told.find(({ brand }) => brand !== "Chromium") ?? told[0];
    if (own !== undefined) return `${own.brand} ${own.version}`;
  }
  const found = /(Firefox|Edg|OPR|SamsungBrowser|Chrome|Version)\/([\d.]+)/.exec(navigator.userAgent);
  return found === null ? navigator.userAgent : `${found[1]} ${found[2]}`;
}

const answers = {
  async hello() {
    return { user_agent: navigator.userAgent, browser: await browser(), hidden: document.hidden };
  },
  add({ arm, src }) {
    const frame = document.createElement("iframe");
    frame.allow = "cross-origin-isolated; webgpu; webnn";
    frame.src = src;
    frames.get(arm)?.remove();
    frames.set(arm, frame);
    document.getElementById("frames").append(frame);
    return {};
  },
  remove({ arm }) {
    frames.get(arm)?.remove();
    frames.delete(arm);
    return {};
  },
  echo: () => ({}),
};

/** Nobody asks any more: what frames hold of memory is given back, also where a browser does not let a page close its tab. */
function end() {
  for (const frame of frames.values()) frame.remove();
  frames.clear();
  window.close();
}

const say = serve(answers, end);

document.addEventListener("visibilitychange", () => say({ event: document.hidden ? "hidden" : "visible" }));
