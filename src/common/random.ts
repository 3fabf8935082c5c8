// The one source of randomness: named streams of numbers that can be read at any place, in any order, on any machine.
// Words come from Threefry-2x32 with 20 rounds (Salmon et al., SC'11), the counter-based generator that JAX uses;
// normals are Φ⁻¹ of them by Wichura's PPND16 (algorithm AS 241, Applied Statistics 37, 1988).

import { floats, type FloatArray, type FloatType } from "./floats.ts";

/** Goes up whenever the same seed and name give other numbers than before, so that stored numbers are not mixed up. */
export const GENERATOR_VERSION = 1;

/** An endless row of independent numbers: element i depends on the seed, the name and i (below 2³³) alone. */
export interface RandomStream {
  /** Fills the target with N(mean, std²); its first number is element `from`. */
  fillNormal(target: FloatArray, mean: number, std: number, from?: number): void;
  /** Fills the target with U(low, high), neither end included in float64; its first number is element `from`. */
  fillUniform(target: FloatArray, low: number, high: number, from?: number): void;
  /** Elements 0…length−1 as N(mean, std²), [length]. */
  normal(length: number, mean: number, std: number, type: FloatType): FloatArray;
}

/** Two 32-bit words: a Threefry key, counter or block. */
export type Words = readonly [number, number];

const TWO_32 = 2 ** 32;
/** Words made at a time, an even number: few enough to stay in the processor's first cache. */
const CHUNK = 2048;

/** Stream `name` of a seed (0…2⁵³−1). Streams of different seeds or names have nothing to do with each other. */
export function randomStream(seed: number, name: string): RandomStream {
  const key = streamKey(seed, name);
  const words = new Uint32Array(CHUNK);

  /** Hands out the words of elements from…from+length−1, a stretch at a time with where it belongs. */
  const eachStretch = (length: number, from: number, take: (words: Uint32Array, at: number) => void): void => {
    for (let done = 0; done < length;) {
      const element = from + done;
      const skip = element % 2;
      const count = Math.min(CHUNK - skip, length - done);
      threefryBlocks(words, key, [(element - skip) / 2, 0], Math.ceil((skip + count) / 2));
      take(words.subarray(skip, skip + count), done);
      done += count;
    }
  };
  const fillNormal = (target: FloatArray, mean: number, std: number, from = 0): void =>
    eachStretch(target.length, from, (words, at) => normalsFromWords(words, target, at, mean, std));
  return {
    fillNormal,
    fillUniform(target, low, high, from = 0) {
      const scale = (high - low) / TWO_32;
      eachStretch(target.length, from, (words, at) => {
        for (let i = 0; i < words.length; i++) target[at + i] = low + scale * (words[i] + 0.5);
      });
    },
    normal(length, mean, std, type) {
      const target = floats(type, length);
      fillNormal(target, mean, std);
      return target;
    },
  };
}

/** The key of a stream: the seed's 53 bits, with the name folded in as JAX's fold_in does, eight bytes at a time. */
function streamKey(seed: number, name: string): Words {
  const bytes = new TextEncoder().encode(name);
  const padded = new DataView(new ArrayBuffer(Math.ceil(bytes.length / 8) * 8));
  new Uint8Array(padded.buffer).set(bytes);
  // The length goes first, so that no name continues another one.
  let key = threefry2x32([seed % TWO_32, Math.floor(seed / TWO_32)], [bytes.length, 0]);
  for (let at = 0; at < padded.byteLength; at += 8) {
    key = threefry2x32(key, [padded.getUint32(at, true), padded.getUint32(at + 4, true)]);
  }
  return key;
}

/** One block of Threefry-2x32-20, as unsigned words. */
export function threefry2x32(key: Words, counter: Words): Words {
  const block = new Uint32Array(2);
  threefryBlocks(block, key, counter, 1);
  return [block[0], block[1]];
}

/**
 * Writes `count` blocks of Threefry-2x32-20 to the start of `out`; the counter's first word goes up by one a block.
 * The rounds are written out, four rotations a line and a key injection after each: loops over them take twice as long.
 */
function threefryBlocks(out: Uint32Array, key: Words, counter: Words, count: number): void {
  const k0 = key[0] | 0;
  const k1 = key[1] | 0;
  const k2 = 0x1bd11bda ^ k0 ^ k1;
  const first = (counter[0] + k0) | 0;
  const second = (counter[1] + k1) | 0;
  const k2Plus1 = (k2 + 1) | 0;
  const k0Plus2 = (k0 + 2) | 0;
  const k1Plus3 = (k1 + 3) | 0;
  const k2Plus4 = (k2 + 4) | 0;
  const k0Plus5 = (k0 + 5) | 0;
  for (let i = 0; i < count; i++) {
    let x = (first + i) | 0;
    let y = second;
    // prettier-ignore
    {
      x = (x + y) | 0; y = ((y << 13) | (y >>> 19)) ^ x; x = (x + y) | 0; y = ((y << 15) | (y >>> 17)) ^ x;
      x = (x + y) | 0; y = ((y << 26) | (y >>>  6)) ^ x; x = (x + y) | 0; y = ((y <<  6) | (y >>> 26)) ^ x;
      x = (x + k1) | 0; y = (y + k2Plus1) | 0;
      x = (x + y) | 0; y = ((y << 17) | (y >>> 15)) ^ x; x = (x + y) | 0; y = ((y << 29) | (y >>>  3)) ^ x;
      x = (x + y) | 0; y = ((y << 16) | (y >>> 16)) ^ x; x = (x + y) | 0; y = ((y << 24) | (y >>>  8)) ^ x;
      x = (x + k2) | 0; y = (y + k0Plus2) | 0;
      x = (x + y) | 0; y = ((y << 13) | (y >>> 19)) ^ x; x = (x + y) | 0; y = ((y << 15) | (y >>> 17)) ^ x;
      x = (x + y) | 0; y = ((y << 26) | (y >>>  6)) ^ x; x = (x + y) | 0; y = ((y <<  6) | (y >>> 26)) ^ x;
      x = (x + k0) | 0; y = (y + k1Plus3) | 0;
      x = (x + y) | 0; y = ((y << 17) | (y >>> 15)) ^ x; x = (x + y) | 0; y = ((y << 29) | (y >>>  3)) ^ x;
      x = (x + y) | 0; y = ((y << 16) | (y >>> 16)) ^ x; x = (x + y) | 0; y = ((y << 24) | (y >>>  8)) ^ x;
      x = (x + k1) | 0; y = (y + k2Plus4) | 0;
      x = (x + y) | 0; y = ((y << 13) | (y >>> 19)) ^ x; x = (x + y) | 0; y = ((y << 15) | (y >>> 17)) ^ x;
      x = (x + y) | 0; y = ((y << 26) | (y >>>  6)) ^ x; x = (x + y) | 0; y = ((y <<  6) | (y >>> 26)) ^ x;
      x = (x + k2) | 0; y = (y + k0Plus5) | 0;
    }
    out[2 * i] = x;
    out[2 * i + 1] = y;
  }
}

/** target[at + i] = mean + std·Φ⁻¹ of words[i]. */
function normalsFromWords(words: Uint32Array, target: FloatArray, at: number, mean: number, std: number): void {
  for (let i = 0; i < words.length; i++) target[at + i] = mean + std * normalQuantile(words[i]);
}

/**
 * Φ⁻¹((word + ½)/2³²), to about 16 digits. AS 241 has a third range, for quantiles beyond Φ⁻¹(e⁻²⁵); no 32-bit word
 * reaches it.
 */
export function normalQuantile(word: number): number {
  const q = (word + 0.5) / TWO_32 - 0.5;
  return q >= -0.425 && q <= 0.425 ? centralQuantile(q) : tailQuantile(q);
}

function centralQuantile(q: number): number {
  const r = 0.180625 - q * q;
  // prettier-ignore
  const above = ((((((2509.0809287301227 * r + 33430.57558358813) * r + 67265.7709270087) * r
    + 45921.95393154987) * r + 13731.69376550946) * r + 1971.5909503065513) * r
    + 133.14166789178438) * r + 3.3871328727963665;
  // prettier-ignore
  const below = ((((((5226.495278852854 * r + 28729.085735721943) * r + 39307.89580009271) * r
    + 21213.794301586597) * r + 5394.196021424751) * r + 687.1870074920579) * r
    + 42.31333070160091) * r + 1;
  return (q * above) / below;
}

function tailQuantile(q: number): number {
  const r = Math.sqrt(-Math.log(0.5 - Math.abs(q))) - 1.6;
  // prettier-ignore
  const above = ((((((0.0007745450142783414 * r + 0.022723844989269184) * r + 0.2417807251774506) * r
    + 1.2704582524523684) * r + 3.6478483247632045) * r + 5.769497221460691) * r
    + 4.630337846156546) * r + 1.4234371107496835;
  // prettier-ignore
  const below = ((((((1.0507500716444169e-9 * r + 0.0005475938084995345) * r + 0.015198666563616457) * r
    + 0.14810397642748008) * r + 0.6897673349851) * r + 1.6763848301838038) * r
    + 2.053191626637759) * r + 1;
  return Math.sign(q) * (above / below);
}
