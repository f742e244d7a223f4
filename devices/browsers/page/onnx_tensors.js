// Names, dtypes and shapes of an .onnx's inputs and outputs, read from its protocol buffer (onnx.proto): ONNX Runtime's older backend
// knows them and does not tell them.

const DTYPES = { 1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64" };
const MODEL_GRAPH = 7;
const GRAPH = { initializer: 5, input: 11, output: 12 };
const NAME_OF_VALUE = 1;
const NAME_OF_TENSOR = 8;

/** `{inputs, outputs}`, each a list of `{name, dtype, shape}` in the order of the graph, without initialisers. */
export function tensorsOf(bytes) {
  const graph = only(bytes, MODEL_GRAPH);
  const constants = new Set(all(graph, GRAPH.initializer).map((tensor) => word(only(tensor, NAME_OF_TENSOR))));
  const inputs = all(graph, GRAPH.input).map(value).filter(({ name }) => !constants.has(name));
  return { inputs, outputs: all(graph, GRAPH.output).map(value) };
}

/** A ValueInfoProto: name 1, type 2 {tensor_type 1 {elem_type 1, shape 2 {dim 1 {dim_value 1, dim_param 2}}}}. */
function value(bytes) {
  const tensor = only(only(bytes, 2), 1);
  const dtype = DTYPES[only(tensor, 1)];
  const name = word(only(bytes, NAME_OF_VALUE));
  if (dtype === undefined) throw new TypeError(`${name} is no dense tensor of numbers`);
  const dimensions = all(only(tensor, 2) ?? new Uint8Array(), 1);
  return { name, dtype, shape: dimensions.map((dimension) => only(dimension, 1) ?? (word(only(dimension, 2)) || null)) };
}

const word = (bytes) => new TextDecoder().decode(bytes ?? new Uint8Array());
const only = (bytes, number) => all(bytes, number).at(-1);

/** Every value of one field of a message: numbers as numbers, all else as bytes. */
function all(bytes, number) {
  const found = [];
  let at = 0;
  const varint = () => {
    let [read, scale] = [0, 1];
    for (;;) {
      if (at >= bytes.length) throw new RangeError("the model ends in the middle of a field");
      const byte = bytes[at++];
      read += (byte & 127) * scale;
      if (byte < 128) return read;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const [field, kind] = [Math.floor(key / 8), key % 8];
    if (kind === 0) {
      const read = varint();
      if (field === number) found.push(read);
      continue;
    }
    const size = kind === 2 ? varint() : kind === 1 ? 8 : kind === 5 ? 4 : NaN;
    if (!(at + size <= bytes.length)) throw new RangeError("the model ends in the middle of a field");
    if (field === number) found.push(bytes.subarray(at, at + size));
    at += size;
  }
  return found;
}
