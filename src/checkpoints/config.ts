// Hugging Face's config.json: read by the architecture that it names, and refused where that is none of ours.

import { stat } from "node:fs/promises";
import { LabError, messageOf } from "../common/errors.ts";
import { formatBytes } from "../common/bytes.ts";
import type { ConfigJson, NetworkConfig } from "../networks/architectures/architecture.ts";
import { ARCHITECTURES, networkConfig } from "../networks/architectures/architectures.ts";
import { readPlainText, withoutByteOrderMark } from "../common/plain-file.ts";

/** config.json files are about a kilobyte. */
const LARGEST_CONFIG = 1_000_000;

/** Reads a config.json. Throws a LabError (checkpoint); a file system error is passed on. */
export async function readConfig(file: string): Promise<{ config: NetworkConfig; json: ConfigJson }> {
  const { size } = await stat(file);
  if (size > LARGEST_CONFIG) throw unusable(file, `it has ${formatBytes(size)}`);
  return parseConfig(await readPlainText(file, LARGEST_CONFIG), file);
}

const unusable = (file: string, why: string) => new LabError("checkpoint", `${file} cannot be used: ${why}.`);

/** Python writes NaN and Infinity as they are, which is no JSON: they become texts, and no number that is asked for. */
const withoutLiterals = (text: string): string =>
  text.replace(/"(?:[^"\\\n]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (found) =>
    found.startsWith('"') ? found : `"${found}"`,
  );

/** The text of a config.json; `file` is for the sentences. Throws a LabError (checkpoint). */
export function parseConfig(text: string, file: string): { config: NetworkConfig; json: ConfigJson } {
  const wrong = (why: string) => unusable(file, why);
  let json: unknown;
  try {
    json = JSON.parse(withoutLiterals(withoutByteOrderMark(text)));
  } catch (error) {
    throw wrong(`it is not JSON (${messageOf(error).replaceAll(/\s+/g, " ")})`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw wrong("it is not a JSON object");
  const fields = json as ConfigJson;
  try {
    return { config: networkConfig(fields), json: fields };
  } catch (error) {
    throw error instanceof LabError ? wrong(error.message) : error;
  }
}

/** The sizes that `random:NAME` knows. */
const SIZES: Readonly<Record<string, ConfigJson>> = Object.fromEntries(
  ARCHITECTURES.flatMap(({ sizes }) => Object.entries(sizes)),
);
export const SIZE_NAMES = Object.keys(SIZES);
/** The checkpoint that comes with the program: trained, in the sizes of `random:mini`. A folder of that name is `./mini`. */
export const MINI = "mini";
/** Sources that need not be looked for. */
export const NAMED_SOURCES: readonly string[] = [MINI, ...SIZE_NAMES.map((name) => `random:${name}`)];
export const isSizeName = (name: string): boolean => Object.hasOwn(SIZES, name);

/** The config.json of a size. */
export const sizedConfig = (name: string): ConfigJson => SIZES[name];
