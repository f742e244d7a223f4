// LiteRT.js: WebAssembly (XNNPACK) and WebGPU (ML Drift). https://ai.google.dev/edge/litert/web

import { yes } from "./options.js";

const PACKAGE = "@litertjs/core";
const OPTIONS = { wasm: {}, webgpu: { precision: (value) => value, jspi: yes } };

export async function start({ accelerator, threads, options, script, onLost }) {
  if (!Object.hasOwn(OPTIONS, accelerator)) throw new Error(`litert-js has no accelerator ${accelerator}`);
  const known = OPTIONS[accelerator];
  const given = {};
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name)) {
      const names = Object.keys(known).join(", ") || "none";
      throw new Error(`litert-js's ${accelerator} has no option ${name} that the page can set; it knows ${names}`);
    }
    given[name] = known[name](value);
  }
  const litert = await import(script);
  const folder = script.slice(0, script.lastIndexOf(`${PACKAGE}/`) + PACKAGE.length);
  // The build with threads cannot wait for a GPU: for WebGPU it is the one with JSPI, where the browser has that.
  const jspi = accelerator === "webgpu" && (given.jspi ?? (await litert.supportsFeature("jspi")));
  const hasThreads = accelerator === "wasm" && threads > 1;
  const loaded = await litert.loadLiteRt(`${folder}/wasm`, { threads: hasThreads, jspi });
  const settings = { jspi: jspi ? "yes" : "no" };
  if (accelerator === "wasm") settings.wasm_threads = String(hasThreads ? threads : 1);
  if (accelerator === "webgpu") {
    const device = litert.getWebGpuDevice();
    if (device === null) throw new Error("LiteRT.js has no WebGPU device here");
    device.lost.then(({ reason, message }) => onLost(`the WebGPU device was lost: ${message || reason}`));
  }
  return new LiteRtJs(litert, loaded, await versionIn(folder), { accelerator, threads, precision: given.precision, settings });
}

/** As its package says: the engine itself does not. */
async function versionIn(folder) {
  const answer = await fetch(`${folder}/package.json`);
  return answer.ok ? (await answer.json()).version : "unknown";
}

class LiteRtJs {
  constructor(litert, loaded, version, { accelerator, threads, precision, settings }) {
    this.litert = litert;
    this.loaded = loaded;
    this.version = version;
    this.accelerator = accelerator;
    this.settings = settings;
    this.notes = [];
    this.asked = { accelerator };
    if (accelerator === "wasm") this.asked.cpuOptions = { numThreads: threads };
    if (precision !== undefined) this.asked.gpuOptions = { precision };
  }

  async load(bytes, shapes) {
    this.model = await this.loaded.loadAndCompile(bytes, this.asked);
    const got = this.model.options.accelerator;
    this.settings.accelerator_got = got;
    if (this.accelerator === "webgpu") {
      this.whollyDelegated = got === "webgpu" && this.model.isFullyAccelerated;
      if (got !== "webgpu") this.notes.push(`asked for webgpu, and LiteRT.js took ${got}: this browser cannot run the model in parts`);
      else if (!this.whollyDelegated) this.notes.push("WebGPU did not take the whole graph: a part of it runs in WebAssembly");
    }
    this.described = [this.model.getInputDetails(), this.model.getOutputDetails()].map((details) =>
      details.map(({ name, dtype, shape }) => ({ name, dtype, shape: Array.from(shape) })),
    );
    for (const { name, shape } of this.inputs()) {
      const wanted = shapes[name];
      if (wanted !== undefined && wanted.join() !== shape.join()) {
        throw new Error(`input ${name} has shape ${shape} in the model, and ${wanted} is wanted: LiteRT.js cannot change it`);
      }
    }
  }

  inputs() {
    return this.described[0];
  }

  outputs() {
    return this.described[1];
  }

  bind(arrays) {
    for (const tensor of this.bound ?? []) tensor.delete();
    this.bound = arrays.map(({ data, shape }) => this.litert.Tensor.fromTypedArray(data, shape));
    const { model, bound } = this;
    this.infer = async () => {
      const tensors = await model.run(bound);
      const arrays = [];
      for (const tensor of tensors) arrays.push(await tensor.data());
      return { tensors, arrays };
    };
  }

  outputsOf({ tensors, arrays }) {
    return this.outputs().map(({ name }, k) => {
      const { dtype, layout } = tensors[k].type;
      return { name, dtype, shape: Array.from(layout.dimensions), data: arrays[k] };
    });
  }

  /** Inferences whose outputs stay where they are made until they are asked for. */
  unread() {
    const { model, bound } = this;
    return {
      run: async () => ({ tensors: await model.run(bound) }),
      read: ({ tensors }) => Promise.all(tensors.map((tensor) => tensor.data())),
      release: this.release,
      end: () => {},
    };
  }

  release = ({ tensors }) => {
    for (const tensor of tensors) tensor.delete();
  };
}
