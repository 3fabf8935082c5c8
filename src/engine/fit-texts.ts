// A person's own text files as what exact recovery is fitted on.

import { createHash } from "node:crypto";
import { LabError, messageOf } from "../common/errors.ts";
import { LARGEST_TEXT, readPlainText } from "../common/plain-file.ts";
import { type ExperimentSpec, valuesOf } from "../experiments/common-fields.ts";
import { pathsOf } from "../experiments/fields.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** Texts of T tokens, at most: as many tokens as are drawn at random, twice over. */
const MOST = 1000;
const LEAST = 50;
/** Characters that T tokens take, of most languages and some code. */
const CHARACTERS_PER_TOKEN = 8;

export interface FitTexts {
  readonly texts: readonly (readonly number[])[];
  /** Of the tokens. */
  readonly digest: string;
}

/**
 * Texts of T tokens each from all over the spec's files; undefined where it names none. Throws a LabError (badInput) for
 * files that cannot be read or hold too little.
 */
export async function fitTexts(
  spec: ExperimentSpec,
  length: number,
  tokenizer: Tokenizer,
  vocabulary: number,
): Promise<FitTexts | undefined> {
  const { fitText } = valuesOf(spec);
  if (typeof fitText !== "string") return undefined;
  const files = pathsOf(fitText);
  const parts = await Promise.all(
    files.map((file) =>
      readPlainText(file, LARGEST_TEXT).catch((error: unknown) => {
        throw new LabError("badInput", `${file} cannot be read: ${messageOf(error)}.`, { cause: error });
      }),
    ),
  );
  const text = parts.join("\n");
  const characters = CHARACTERS_PER_TOKEN * length;
  const count = Math.min(MOST, Math.floor(text.length / characters));
  const texts = Array.from({ length: count }, (_, i) => {
    const start = Math.floor((i * text.length) / count);
    // From the first blank on: what stands before it is the rest of a word.
    const part = text.slice(start, start + characters).replace(/^\S*\s+/, "");
    return tokenizer.encode(part).slice(0, length);
  }).filter((ids) => ids.length === length && ids.every((id) => id < vocabulary));
  if (texts.length < LEAST) {
    throw new LabError(
      "badInput",
      `${files.join(", ")} has too little text to fit on: ${texts.length} pieces of ${length} tokens, and ${LEAST} are needed.`,
    );
  }
  const digest = createHash("sha256").update(texts.join("\n")).digest("hex");
  return { texts, digest };
}
