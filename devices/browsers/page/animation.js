// A page that keeps animating while an arm infers: how far apart its frames come, at rest and at work. And what an inference takes
// where the outputs of the last one alone are read.

import { breathe, nanoseconds } from "./measuring.js";

/** Frames that are told, at rest and at work each; what is beyond is left out. */
const MOST_FRAMES = 10000;
const REST_MS = 1000;
const NO_FRAME_MS = 2000;
const MOST_UNREAD = 1000;
/** About so long they may take together, however long the page animated: whoever asked waits for both. */
const UNREAD_MS = 2000;

/** Moves something in each frame, and notes how long after the one before it was drawn: `requestAnimationFrame` tells the time of the
 * frame, which the browser draws when it comes to it.
 */
class Animation {
  constructor() {
    this.mark = document.createElement("div");
    this.mark.style.cssText = "position:absolute;top:0;left:0;width:8px;height:8px;background:#888";
    document.body.append(this.mark);
    this.gaps = [];
    this.ended = false;
    this.waiting = [];
    const draw = (at) => {
      if (this.ended) return;
      this.mark.style.transform = `translateX(${Math.round(at / 8) % 100}px)`;
      if (this.before !== undefined && this.gaps.length < MOST_FRAMES) this.gaps.push(nanoseconds(at - this.before));
      this.before = at;
      for (const resolve of this.waiting.splice(0)) resolve(true);
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }

  /** Whether the next frame was drawn in time. */
  frame() {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      setTimeout(resolve, NO_FRAME_MS, false);
    });
  }

  /** How far frames were apart since this was asked last. */
  take() {
    return this.gaps.splice(0);
  }

  end() {
    this.ended = true;
    this.mark.remove();
  }
}

/** Frames at rest and then while `once` is done again and again for a time. Between two of them the page lets in what waits, as one that
 * infers at events does.
 */
export async function animate(once, { duration_ns: duration }) {
  for (let k = 0; k < 2; k++) await once(); // what is compiled at first is no pause of every frame
  const animation = new Animation();
  try {
    if (!(await animation.frame())) return without("the browser drew no frame within 2 s");
    animation.take();
    const rested = performance.now();
    while (performance.now() - rested < REST_MS) {
      if (!(await animation.frame())) return without("the browser drew no frame within 2 s, while nothing worked");
    }
    const atRest = animation.take();
    let inferences = 0;
    const started = performance.now();
    do {
      await once();
      await breathe();
      inferences += 1;
    } while (nanoseconds(performance.now() - started) < duration);
    const ended = performance.now();
    const notes = (await animation.frame()) ? [] : ["the browser drew no frame within 2 s after the last inference"];
    return { rest_frame_ns: atRest, frame_ns: notes.length ? [] : animation.take(), inferences, started, ended, notes };
  } finally {
    animation.end();
  }
}

function without(note) {
  const now = performance.now();
  return { rest_frame_ns: [], frame_ns: [], inferences: 0, started: now, ended: now, notes: [note] };
}

/** Inferences whose outputs stay where they are made until the last one's are read, about as many as the frames before had in so long.
 * An engine that cannot is told in a note: the frames that were measured stand.
 */
export async function unread(made, { inferences, started, ended }) {
  try {
    const pipeline = await made();
    if (pipeline === undefined) return notRead("this backend reads the outputs of every inference back");
    const about = Math.round(inferences / Math.max(1, (ended - started) / UNREAD_MS));
    const count = Math.min(Math.max(about, 2), MOST_UNREAD);
    try {
      return { unread_inferences: count, unread_ns: await together(pipeline, count), notes: [] };
    } finally {
      await pipeline.end();
    }
  } catch (error) {
    return notRead(`inferences whose outputs are not read failed: ${error?.message ?? error}`);
  }
}

function notRead(note) {
  return { unread_inferences: 0, unread_ns: 0, notes: [note] };
}

/** Nanoseconds of so many, the reading of the last one's outputs among them. */
async function together(pipeline, count) {
  for (let k = 0; k < 2; k++) {
    const outputs = await pipeline.run();
    await pipeline.read(outputs);
    pipeline.release(outputs);
  }
  const started = performance.now();
  let last;
  for (let k = 0; k < count; k++) {
    const outputs = await pipeline.run();
    if (last !== undefined) pipeline.release(last);
    last = outputs;
  }
  await pipeline.read(last);
  const took = nanoseconds(performance.now() - started);
  pipeline.release(last);
  return took;
}
