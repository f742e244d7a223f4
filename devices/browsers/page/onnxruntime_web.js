// ONNX Runtime Web: WebAssembly, WebGL (its older backend) and WebGPU. https://onnxruntime.ai/docs/api/js

import { tensorsOf } from "./onnx_tensors.js";
import { text, yes } from "./options.js";

const DTYPES = { float32: "float32", float64: "float64", float16: "float16", bool: "bool" };
for (const bits of [8, 16, 32, 64]) {
  DTYPES[`int${bits}`] = `int${bits}`;
  DTYPES[`uint${bits}`] = `uint${bits}`;
}

/** Where an option of the arm goes: of the session, or of the execution provider of its accelerator. */
const SESSION_OPTIONS = { graphOptimizationLevel: text, executionMode: text, enableCpuMemArena: yes, enableMemPattern: yes };
const PROVIDER_OPTIONS = {
  wasm: {},
  webgl: {},
  webgpu: { preferredLayout: text, validationMode: text, storageBufferCacheMode: text },
};
const ENVIRONMENT = {
  wasm: {},
  webgl: { contextId: text, matmulMaxBatchSize: Number, textureCacheMode: text, pack: yes },
  webgpu: { powerPreference: text },
};

/** A graph of one Identity of one float: a session of it makes the engine compile its WebAssembly before an arm's model is timed. */
const IDENTITY = "CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBaVoPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEA0=";

export async function start({ accelerator, threads, options, script, onLost }) {
  if (!Object.hasOwn(PROVIDER_OPTIONS, accelerator)) throw new Error(`onnxruntime-web has no accelerator ${accelerator}`);
  const lines = heard();
  const ort = await import(script);
  ort.env.logLevel = "warning";
  if (ort.env.wasm !== undefined) {
    ort.env.wasm.numThreads = threads;
    ort.env.wasm.proxy = false;
  }
  const [session, provider] = [{}, { name: accelerator }];
  for (const [name, value] of Object.entries(options)) {
    const places = [
      [SESSION_OPTIONS, session],
      [PROVIDER_OPTIONS[accelerator], provider],
      [ENVIRONMENT[accelerator], ort.env[accelerator]],
    ];
    const place = places.find(([known]) => Object.hasOwn(known, name));
    if (place === undefined) {
      const known = places.flatMap(([names]) => Object.keys(names)).join(", ");
      throw new Error(`onnxruntime-web's ${accelerator} has no option ${name} that the page can set; it knows ${known}`);
    }
    place[1][name] = place[0][name](value);
  }
  const engine = new OnnxRuntimeWeb(ort, accelerator, threads, { ...session, executionProviders: [provider] }, lines);
  await engine.compile(onLost);
  return engine;
}

/** What the engine writes to its log from now on: its WebAssembly takes hold of `console.error` as it starts. */
function heard() {
  const lines = [];
  const { error } = console;
  console.error = (...words) => {
    if (lines.length < 10000) lines.push(words.join(" "));
    error.apply(console, words);
  };
  return lines;
}

class OnnxRuntimeWeb {
  constructor(ort, accelerator, threads, options, lines) {
    this.lines = lines;
    this.notes = [];
    this.ort = ort;
    this.accelerator = accelerator;
    this.options = options;
    this.version = ort.env.versions?.web ?? ort.env.versions?.common ?? "unknown";
    this.settings = { providers_asked: accelerator };
    if (accelerator !== "webgl") this.settings.wasm_threads = String(threads);
    if (accelerator === "webgl") this.settings.webgl_backend = "legacy: the older backend, announced to be removed";
  }

  async compile(onLost) {
    const identity = Uint8Array.from(atob(IDENTITY), (character) => character.charCodeAt(0));
    // It is kept: the engine gives up its GPU with the last session.
    this.identity = await this.ort.InferenceSession.create(identity, this.options);
    if (this.accelerator === "webgpu") {
      const device = await this.ort.env.webgpu.device;
      device?.lost.then(({ reason, message }) => onLost(`the WebGPU device was lost: ${message || reason}`));
    }
  }

  async load(bytes, shapes) {
    this.lines.length = 0;
    this.session = await this.ort.InferenceSession.create(bytes, this.options);
    this.described = this.accelerator === "webgl" ? tensorsOf(bytes) : described(this.session);
    for (const tensor of this.described.inputs) tensor.shape = shapes[tensor.name] ?? tensor.shape;
  }

  /** Which nodes the accelerator did not take. The engine warns that there are some, and names them only to a session that logs all, so
   * one more is made then, and given up; the one that is measured logs nothing of it.
   */
  async look(bytes) {
    if (this.accelerator !== "webgpu") return;
    this.whollyDelegated = !this.lines.some((line) => line.includes("Some nodes were not assigned to the preferred execution providers"));
    if (this.whollyDelegated) return;
    this.lines.length = 0;
    const talking = await this.ort.InferenceSession.create(bytes, { ...this.options, logSeverityLevel: 0 });
    await talking.release();
    const counts = new Map();
    let provider;
    for (const line of this.lines) {
      const text = line.split("VerifyEachNodeIsAssignedToAnEp]")[1] ?? "";
      provider = /placed on \[(\w+)\]/.exec(text)?.[1] ?? provider;
      const operator = /^\s+(\w+) \(/.exec(text)?.[1];
      if (operator === undefined || operator.startsWith("Memcpy")) continue;
      const of = counts.get(provider) ?? counts.set(provider, new Map()).get(provider);
      of.set(operator, (of.get(operator) ?? 0) + 1);
    }
    const sum = (of) => [...(of?.values() ?? [])].reduce((total, count) => total + count, 0);
    const onCpu = counts.get("CPUExecutionProvider");
    if (onCpu === undefined) return;
    this.totalNodes = [...counts.values()].map(sum).reduce((total, count) => total + count, 0);
    this.delegatedNodes = this.totalNodes - sum(onCpu);
    this.settings.ops_on_cpu = [...onCpu].map(([operator, count]) => `${operator} ${count}`).join(", ");
  }

  inputs() {
    return this.described.inputs;
  }

  outputs() {
    return this.described.outputs;
  }

  bind(arrays) {
    const feeds = {};
    for (const [k, { dtype, shape, data }] of arrays.entries()) {
      feeds[this.described.inputs[k].name] = new this.ort.Tensor(DTYPES[dtype], data, shape);
    }
    this.feeds = feeds;
    const { session } = this;
    this.infer = () => session.run(feeds);
  }

  /** Outputs are in the page's memory once `run` is over. */
  outputsOf(results) {
    return this.described.outputs.map(({ name }) => {
      const tensor = results[name];
      return { name, dtype: tensor.type, shape: tensor.dims, data: tensor.data };
    });
  }

  /** Inferences whose outputs stay on the GPU until they are asked for; the other backends read each back. The session that is measured
   * otherwise gives them as a page mostly wants them, so that this is one of its own.
   */
  async unread(model) {
    if (this.accelerator !== "webgpu") return undefined;
    const session = await this.ort.InferenceSession.create(await model(), { ...this.options, preferredOutputLocation: "gpu-buffer" });
    return {
      run: () => session.run(this.feeds),
      read: (results) => Promise.all(Object.values(results).map((tensor) => tensor.getData())),
      release: this.release,
      end: () => session.release(),
    };
  }

  release = (results) => {
    for (const tensor of Object.values(results)) tensor.dispose();
  };
}

function described(session) {
  const told = (metadata) =>
    metadata.map(({ name, isTensor, type, shape }) => {
      if (!isTensor || !Object.hasOwn(DTYPES, type)) throw new TypeError(`${name} is no dense tensor of numbers`);
      return { name, dtype: DTYPES[type], shape: [...shape] };
    });
  return { inputs: told(session.inputMetadata), outputs: told(session.outputMetadata) };
}
