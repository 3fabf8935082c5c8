// Restricted vocabularies: the tokens that a decoding may use, given as a text.

import { LabError } from "../common/errors.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * The tokens of a text as it stands, and those of each of its words with and without a blank before it, so that a list
 * of words allows each of them anywhere in a sentence; in order, each once. Throws a LabError (badInput) when there is
 * none, or none below `vocabulary`.
 */
export function allowedTokens(text: string, tokenizer: Pick<Tokenizer, "encode">, vocabulary: number): number[] {
  const words = text.split(/\s+/).filter(Boolean);
  const ids = [text, ...words, ...words.map((word) => ` ${word}`)].flatMap((part) => tokenizer.encode(part));
  const allowed = [...new Set(ids)].filter((id) => id < vocabulary).sort((a, b) => a - b);
  if (allowed.length > 0) return allowed;
  throw new LabError("badInput", "The vocabulary holds no token of this checkpoint: give a text, or leave it out.");
}
