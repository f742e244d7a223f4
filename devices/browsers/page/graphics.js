// Which GPU a browser has for a page, as WebGPU and WebGL tell it.

/** Names of renderers that are programs: SwiftShader (Chromium), llvmpipe and softpipe (Mesa), WARP and Basic Render (Windows). */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|lavapipe|software|basic render|\bwarp\b/i;

/** Settings that tell the GPU; asks only what the arm's accelerator will use. */
export async function look(accelerator, onLost) {
  if (accelerator === "webgpu") return webgpu();
  if (accelerator === "webgl") return webgl(onLost);
  return {};
}

async function webgpu() {
  if (navigator.gpu === undefined) throw new Error("this browser has no WebGPU here: navigator.gpu is not there");
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) throw new Error("this browser has WebGPU and no adapter for it: requestAdapter() gave null");
  const info = adapter.info ?? {};
  const told = ["vendor", "architecture", "device", "description"].map((name) => [name, info[name] ?? ""]);
  const settings = Object.fromEntries(told.filter(([, text]) => text !== "").map(([name, text]) => [`gpu_${name}`, text]));
  const fallback = info.isFallbackAdapter ?? adapter.isFallbackAdapter;
  settings.software_renderer = software(told.map(([, text]) => text).join(" "), fallback);
  settings.shader_f16 = adapter.features.has("shader-f16") ? "yes" : "no";
  return settings;
}

function webgl(onLost) {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("webgl2") ?? canvas.getContext("webgl");
  if (context === null) throw new Error("this browser has no WebGL here: getContext() gave null");
  // Contexts of one process are lost together, whichever of them the engine has.
  canvas.addEventListener("webglcontextlost", () => onLost("the WebGL context was lost"));
  kept = context;
  const extension = context.getExtension("WEBGL_debug_renderer_info");
  const vendor = context.getParameter(extension?.UNMASKED_VENDOR_WEBGL ?? context.VENDOR);
  const renderer = context.getParameter(extension?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER);
  return {
    gpu_vendor: vendor,
    gpu_description: renderer,
    webgl_version: context.getParameter(context.VERSION),
    software_renderer: software(`${vendor} ${renderer}`, undefined),
  };
}

let kept; // a context that nobody holds may be collected, and its loss would not be told

function software(text, fallback) {
  if (fallback === true || SOFTWARE.test(text)) return "yes";
  return text.trim() === "" ? "unknown" : "no";
}
