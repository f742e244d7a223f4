// An arm's frame: it has the arm's engine, model and inputs, and answers one request at a time. What each request takes and gives stands
// in README.md.

import { animate as animateWhile, unread } from "./animation.js";
import * as graphics from "./graphics.js";
import { Measuring, breathe, nanoseconds } from "./measuring.js";
import { named, serve } from "./socket.js";
import { bytesOf, drift, typed } from "./tensors.js";

const ENGINES = { "onnxruntime-web": "./onnxruntime_web.js", "litert-js": "./litert_js.js" };

let engine;
let measuring;
let first;
let lost;
let hiddenSince = document.hidden;

document.addEventListener("visibilitychange", () => {
  hiddenSince ||= document.hidden;
});

const say = serve({ hello, start, load, bind, block, infer_for: inferFor, soak, animate, keep, memory, spin, echo: () => ({}) });

function onLost(message) {
  lost = message;
  say({ event: "lost", message });
}

async function hello() {
  return { cross_origin_isolated: crossOriginIsolated, clock_step_ns: clockStep(), hidden: document.hidden };
}

/** The smallest step of `performance.now()` that was seen in 64 of them, at most 50 ms long. */
function clockStep() {
  let smallest = Infinity;
  const begun = performance.now();
  let before = begun;
  for (let steps = 0; steps < 64 && before - begun < 50; ) {
    const now = performance.now();
    if (now === before) continue;
    smallest = Math.min(smallest, now - before);
    before = now;
    steps += 1;
  }
  return nanoseconds(smallest);
}

async function start({ runtime, accelerator, threads, options, engine_script: script }) {
  if (!Object.hasOwn(ENGINES, runtime)) throw new Error(`the page has no engine called ${runtime}`);
  const { start: startEngine } = await import(ENGINES[runtime]);
  const seen = await graphics.look(accelerator, onLost);
  const begun = performance.now();
  engine = await startEngine({ accelerator, threads, options, script: new URL(`engine/${script}`, location.href).href, onLost });
  const took = nanoseconds(performance.now() - begun);
  return { version: engine.version, engine_start_ns: took, settings: { ...seen, ...engine.settings } };
}

async function load({ input_shapes: shapes }) {
  const begun = performance.now();
  const bytes = await fetched("model");
  const fetchedAt = performance.now();
  await working(() => engine.load(bytes, shapes));
  const ended = performance.now();
  await engine.look?.(bytes);
  return {
    load_ns: nanoseconds(ended - begun),
    fetch_ns: nanoseconds(fetchedAt - begun),
    session_ns: nanoseconds(ended - fetchedAt),
    inputs: engine.inputs(),
    outputs: engine.outputs(),
    delegated_nodes: engine.delegatedNodes ?? null,
    total_nodes: engine.totalNodes ?? null,
    wholly_delegated: engine.whollyDelegated ?? null,
    settings: engine.settings,
    notes: engine.notes ?? [],
  };
}

async function fetched(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name} was not served: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function bind({ inputs }) {
  const arrays = [];
  for (const [k, { dtype, shape }] of inputs.entries()) {
    const bytes = await fetched(`input/${k}`);
    arrays.push({ shape, dtype, data: typed(dtype, bytes.buffer) });
  }
  await working(() => engine.bind(arrays));
  first = undefined;
  measuring = new Measuring(engine.infer, engine.release, async () => {
    first = await outputsOfLast();
  });
  return {};
}

/** Does what may meet a GPU that is lost or a tab that is hidden, and names that. */
async function working(work) {
  if (lost !== undefined) throw named("GpuLost", lost);
  hiddenSince = document.hidden;
  let done;
  try {
    done = await work();
  } catch (error) {
    await breathe(); // a lost device is told by an event, which may come after the error that it makes
    if (lost !== undefined) throw named("GpuLost", `${lost} (${error?.message ?? error})`);
    throw error;
  }
  await breathe();
  if (lost !== undefined) throw named("GpuLost", lost);
  if (hiddenSince) throw named("PageHidden", "the tab was hidden while it worked: its times are not those of a tab in front");
  return done;
}

/** A request that times something: with the page's stamps, and how the last outputs differ from the first. */
async function timed(received, work) {
  if (measuring === undefined) throw new Error("no inputs are bound");
  const { started, ended, lasted_ns: lasted, ...answer } = await working(async () => {
    const done = await work();
    return { ...done, drift: drift(first, await outputsOfLast()) };
  });
  const at = { received: nanoseconds(received), started: nanoseconds(started) };
  at.ended = lasted === undefined ? nanoseconds(ended) : at.started + lasted;
  at.answered = nanoseconds(performance.now());
  return { ...answer, at };
}

/** Copies, since an engine may use its memory again. */
async function outputsOfLast() {
  const outputs = await engine.outputsOf(measuring.last);
  return outputs.map((output) => ({ ...output, data: output.data.slice() }));
}

async function block(request) {
  const received = performance.now();
  return timed(received, () => measuring.block(request));
}

async function inferFor(request) {
  const received = performance.now();
  return timed(received, () => measuring.inferFor(request));
}

async function soak(request) {
  const received = performance.now();
  return timed(received, () => measuring.soak(request));
}

/** Frames of a page that animates while it infers, and after that inferences whose outputs are read once. */
async function animate(request) {
  const received = performance.now();
  return timed(received, async () => {
    const frames = await animateWhile(() => measuring.once(), request);
    const { notes, ...told } = await unread(() => engine.unread(() => fetched("model")), frames);
    return { ...frames, ...told, notes: [...frames.notes, ...notes] };
  });
}

/** Infers twice and gives away every output of the second: some GPUs are right once only, and no user sees that once alone.
 * How long it took is told of the first, as other workers tell it.
 */
async function keep() {
  if (measuring === undefined) throw new Error("no inputs are bound");
  const took = await working(async () => {
    const first = await measuring.once();
    await measuring.once();
    return first;
  });
  const outputs = await outputsOfLast();
  const told = [];
  for (const [k, { name, dtype, shape, data }] of outputs.entries()) {
    const bytes = bytesOf(data);
    const answer = await fetch(`output/${k}`, { method: "PUT", body: bytes });
    if (!answer.ok) throw named("OutputMismatch", `output ${k} (${name}, ${bytes.byteLength} bytes) was not taken: ${answer.status}`);
    told.push({ name, dtype, shape: Array.from(shape, Number), bytes: bytes.byteLength });
  }
  return { latency_ns: nanoseconds(took), outputs: told };
}

/** What the browser says of the memory of this frame's site; it waits for a garbage collection, which may take long. */
async function memory() {
  if (performance.measureUserAgentSpecificMemory === undefined) {
    return { bytes: null, note: "this browser does not tell a page of its memory" };
  }
  const { bytes } = await performance.measureUserAgentSpecificMemory();
  return { bytes, note: null };
}

function spin({ duration_ns: duration }) {
  const until = performance.now() + duration / 1e6;
  while (performance.now() < until);
  return {};
}
