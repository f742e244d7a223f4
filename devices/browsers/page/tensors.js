// Tensors as typed arrays. An engine's adapter takes and gives `{name, dtype, shape, data}`, with numpy's names of dtypes.

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  float16: globalThis.Float16Array ?? Uint16Array,
};

/** The bytes of an input as its dtype's typed array. */
export function typed(dtype, bytes) {
  const array = ARRAYS[dtype];
  if (array === undefined) throw new TypeError(`the page has no typed array for dtype ${dtype}`);
  return new array(bytes);
}

/** The bytes of a typed array. */
export const bytesOf = (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * How two lists of outputs differ: null where no byte does; the largest difference of any value, as a share of the largest
 * magnitude in its tensor, of both lists: 0 to 2; `not finite` where that is none.
 */
export function drift(first, last) {
  let largest = null;
  for (const [k, { data }] of first.entries()) {
    const other = last[k].data;
    if (other.length !== data.length) return "not finite";
    const [bytes, others] = [bytesOf(data), bytesOf(other)];
    if (bytes.every((byte, n) => byte === others[n])) continue;
    largest ??= 0;
    let [most, scale] = [0, 0];
    for (let n = 0; n < data.length; n++) {
      for (const value of [data[n], other[n]]) {
        const magnitude = Math.abs(Number(value));
        if (Number.isFinite(magnitude)) scale = Math.max(scale, magnitude); // what both hold alike may be infinite
      }
      if (Object.is(data[n], other[n])) continue;
      const difference = Math.abs(Number(data[n]) - Number(other[n]));
      if (!Number.isFinite(difference)) return "not finite";
      most = Math.max(most, difference);
    }
    if (most > 0) largest = Math.max(largest, most / scale); // 0 and −0 differ by nothing
  }
  return largest;
}
