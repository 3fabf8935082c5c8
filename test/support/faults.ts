// How much is broken on purpose: a few of each kind among all tests, and as many as a release asks for by
// `npm run test:faults`, which hands the seed and the counts over in INVERSION_LAB_FAULTS.

import { randomStream } from "../../src/common/random.ts";

interface FaultOptions {
  readonly seed: number;
  /** Few of each kind. */
  readonly quick: boolean;
  /** Counts that were asked for, by kind. */
  readonly counts: Readonly<Record<string, number>>;
}

const asked = JSON.parse(process.env["INVERSION_LAB_FAULTS"] ?? "{}") as Partial<FaultOptions>;

export const SEED = asked.seed ?? 14;

/** How many of a kind: before a release, and otherwise. */
export const count = (kind: string, release: number, few: number): number =>
  asked.counts?.[kind] ?? (process.env["INVERSION_LAB_FAULTS"] === undefined || asked.quick ? few : release);

/** Choices of one fault, the same for the same seed, kind and number. */
export function choices(kind: string, number: number) {
  const stream = randomStream(SEED, `${kind} ${number}`);
  const drawn = new Float64Array(1);
  let place = 0;
  /** From 0 on, below 1. */
  const share = (): number => {
    stream.fillUniform(drawn, 0, 1, place++);
    return Math.min(drawn[0], 1 - Number.EPSILON);
  };
  const below = (limit: number): number => Math.floor(share() * limit);
  return {
    share,
    below,
    pick: <T>(of: readonly T[]): T => of[below(of.length)],
    /** For messages. */
    what: `seed ${SEED}, ${kind} ${number}`,
  };
}
export type Choices = ReturnType<typeof choices>;

const VALUES: readonly unknown[] = [
  ...[null, true, "", [], {}, [[]], 0, -1, 0.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 1e9, 1024, 1025],
  ...["__proto__", "constructor", "\u0000<b>\u202e", "x".repeat(10_000), "1", "NaN", "../../etc/passwd"],
];

/** The same JSON with one to three of its places changed, taken away or put in. */
export function mutated(json: unknown, { below, pick, share }: Choices): unknown {
  const copy = structuredClone(json);
  for (let left = 1 + below(3); left > 0; left--) {
    const holders: object[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      holders.push(value);
      Object.values(value).forEach(visit);
    };
    visit(copy);
    if (holders.length === 0) return structuredClone(pick(VALUES));
    const holder = pick(holders) as Record<string, unknown>;
    const keys = Object.keys(holder);
    const key = keys.length === 0 || share() < 0.1 ? `new ${below(3)}` : pick(keys);
    if (share() < 0.2) delete holder[key];
    else
      Object.defineProperty(holder, key, {
        value: structuredClone(pick(VALUES)),
        writable: true,
        enumerable: true,
        configurable: true,
      });
  }
  return copy;
}

/** The same text with some of its bytes changed, cut out or doubled. */
export function torn(text: Uint8Array, { below, pick, share }: Choices): Uint8Array {
  const bytes = [...text];
  for (let left = 1 + below(4); left > 0 && bytes.length > 0; left--) {
    const at = below(bytes.length);
    const length = 1 + below(Math.min(8, bytes.length - at));
    const how = pick(["cut", "double", "change", "change"]);
    if (how === "cut") bytes.splice(at, length);
    else if (how === "double") bytes.splice(at, 0, ...bytes.slice(at, at + length));
    else bytes[at] = pick([0, 0x22, 0x2c, 0x3a, 0x5b, 0x5d, 0x7b, 0x7d, 0x39, 0x2d, 0xff, below(256)]);
  }
  return share() < 0.1 ? Uint8Array.from(bytes.slice(0, below(bytes.length + 1))) : Uint8Array.from(bytes);
}
