// What a config.json says of rotations, in the fields of transformers 5 (`rope_parameters`) and of those before.

import { shortJson } from "../../common/short-json.ts";
import type { Rotary, RotaryScaling } from "../rotary.ts";
import type { ConfigJson } from "./architecture.ts";
import { unsupported } from "./config-fields.ts";

/** Longest text before it was made for longer ones. */
const ORIGINAL = "original_max_position_embeddings";

/** Where a config.json says nothing. */
interface RotaryDefaults {
  /** d, the width of a head. */
  readonly headWidth: number;
  /** Longest text that the network was made for. */
  readonly positions: number;
  /** Older names of θ and of the share of a head's channels that is turned. */
  readonly thetaName?: string;
  readonly shareName?: string;
  readonly share?: number;
}

/** As transformers has it: `rope_scaling` replaces `rope_parameters` whole, and a θ inside beats the one beside it. */
export function rotaryFields(json: ConfigJson, defaults: RotaryDefaults): Rotary {
  const { headWidth, positions, thetaName = "rope_theta", shareName, share = 1 } = defaults;
  for (const name of ["rope_scaling", "rope_parameters"]) {
    if (isTable(json[name] ?? {})) continue;
    throw unsupported(`its ${name} is ${shortJson(json[name])}, and must be a table`);
  }
  const name = Object.keys(json.rope_scaling ?? {}).length > 0 ? "rope_scaling" : "rope_parameters";
  const fields = (json[name] ?? {}) as ConfigJson;
  const nested = Object.keys(fields).find((field) => isTable(fields[field]));
  if (nested !== undefined) {
    throw unsupported(`its ${name} has a table for ${shortJson(nested)}, and only one for all blocks is supported`);
  }
  const number = (field: string, byDefault?: number): number => {
    const value = fields[field] ?? byDefault;
    if (typeof value === "number" && value > 0 && value < 1e15) return value;
    if (value === undefined) throw unsupported(`its ${name} has no ${field}`);
    throw unsupported(`its ${name} has the ${field} ${shortJson(value)}, and must have a positive number`);
  };
  const type = fields["rope_type"] ?? fields["type"] ?? "default";
  const part = shareName === undefined ? 1 : number("partial_rotary_factor", (json[shareName] as number) ?? share);
  const channels = Math.floor(headWidth * part);
  if (channels % 2 !== 0 || channels < 2 || channels > headWidth) {
    throw unsupported(`${channels} channels of a head of ${headWidth} are to be turned, and they are turned in pairs`);
  }
  const turned = fields["partial_rotary_factor"] ?? json["partial_rotary_factor"] ?? 1;
  if (shareName === undefined && type !== "default" && turned !== 1) {
    throw unsupported(
      `its partial_rotary_factor is ${shortJson(turned)}, and with scaled rotations only 1 is supported`,
    );
  }
  // Beside the table it beats the one inside, as in transformers.
  const beside = json[ORIGINAL];
  const originalPositions = typeof beside === "number" && beside > 0 ? beside : number(ORIGINAL, positions);
  const theta = number("rope_theta", (json[thetaName] as number) ?? 10000);
  return { channels, theta, ...scalingOf(type, number, name, originalPositions) };
}

function scalingOf(
  type: unknown,
  number: (field: string, byDefault?: number) => number,
  name: string,
  originalPositions: number,
): { readonly scaling?: RotaryScaling } {
  switch (type) {
    case "default":
      return {};
    case "linear":
      return { scaling: { kind: "linear", factor: number("factor") } };
    case "llama3": {
      const [lowFrequency, highFrequency] = [number("low_freq_factor"), number("high_freq_factor")];
      if (lowFrequency >= highFrequency) {
        throw unsupported(
          `its ${name} has the low_freq_factor ${lowFrequency}, and must have it below high_freq_factor`,
        );
      }
      return {
        scaling: { kind: "llama3", factor: number("factor"), lowFrequency, highFrequency, originalPositions },
      };
    }
    default:
      throw unsupported(
        `its ${name} has the type ${shortJson(type)}, and only "default", "linear" and "llama3" are supported`,
      );
  }
}

const isTable = (value: unknown): value is ConfigJson =>
  typeof value === "object" && value !== null && !Array.isArray(value);
