// The two widths of real numbers that the lab computes with.

export type FloatType = "float32" | "float64";
export type FloatArray = Float32Array | Float64Array;

/** A zero-filled array of the given width. */
export function floats(type: FloatType, length: number): FloatArray {
  return type === "float32" ? new Float32Array(length) : new Float64Array(length);
}

export const typeOf = (values: FloatArray): FloatType => (values instanceof Float64Array ? "float64" : "float32");

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
