// Checkpoints that nobody trained: the initial weights of a config.json, each tensor from its own stream of random
// numbers, so that any subset of them is the same bytes whenever and wherever it is written.

import { createHash } from "node:crypto";
import path from "node:path";
import { LabError, messageOf } from "../../common/errors.ts";
import { GENERATOR_VERSION } from "../../common/random.ts";
import type { ConfigJson, NetworkConfig } from "../../networks/architectures/architecture.ts";
import { architectureOf } from "../../networks/architectures/architectures.ts";
import { isSizeName, parseConfig, readConfig, sizedConfig, SIZE_NAMES } from "../config.ts";

/**
 * What every source of this kind begins with: `random:gpt2`, `random:PATH/config.json`, and either with fields of the
 * config.json in the manner of a web address, `random:gpt2?n_embd=50&n_head=2`.
 */
export const RANDOM = "random:";

/** A network that can be initialised. */
export interface RandomNetwork {
  /** As the person named it. */
  readonly source: string;
  readonly config: NetworkConfig;
  readonly json: ConfigJson;
  readonly seed: number;
  /** Digest of everything that the weights depend on. */
  readonly fingerprint: string;
}

/** Reads `random:NAME` or `random:PATH/config.json`, with or without fields of its own. Throws a LabError (checkpoint). */
export async function randomNetwork(source: string, seed: number): Promise<RandomNetwork> {
  const { json, config } = await configOf(source.slice(RANDOM.length), source);
  return { source, config, json, seed, fingerprint: fingerprint(config, seed) };
}

async function configOf(address: string, source: string): Promise<{ config: NetworkConfig; json: ConfigJson }> {
  const [, name, query] = /^(.*?)(?:\?([^?/\\]*))?$/s.exec(address)!;
  const named = await namedConfig(name, source);
  if (query === undefined) return named;
  const { settable, commonNames = {} } = architectureOf(named.config);
  const fields = [...new URLSearchParams(query)].map(([field, value]) => {
    if (settable.includes(field) && value !== "" && Number.isFinite(Number(value))) return [field, Number(value)];
    throw new LabError(
      "checkpoint",
      `There is no checkpoint "${source}": after the question mark it takes numbers for ${settable.join(", ")}, ` +
        `and found ${JSON.stringify(`${field}=${value}`)}.`,
    );
  });
  const set = Object.fromEntries(fields) as Record<string, number>;
  const rest = Object.entries(named.json).filter(([field]) => !(commonNames[field] in set));
  return parseConfig(JSON.stringify({ ...Object.fromEntries(rest), ...set }), source);
}

async function namedConfig(name: string, source: string): Promise<{ config: NetworkConfig; json: ConfigJson }> {
  if (isSizeName(name)) return parseConfig(JSON.stringify(sizedConfig(name)), name);
  return readConfig(path.resolve(name)).catch((error: unknown) => {
    if (error instanceof LabError) throw error;
    throw new LabError(
      "checkpoint",
      `There is no checkpoint "${source}": ${RANDOM} is followed by ${SIZE_NAMES.join(", ")}, or by the path of a ` +
        `config.json (${messageOf(error)}).`,
    );
  });
}

export const fingerprint = (config: NetworkConfig, seed: number): string =>
  createHash("sha256")
    .update(JSON.stringify({ generator: GENERATOR_VERSION, seed, config }))
    .digest("hex");
