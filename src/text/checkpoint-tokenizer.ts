// Which tokenizer a checkpoint's texts are cut by. Only GPT-2's is known: a checkpoint with another one gets no texts, and
// its tokens are told by their ids.

import path from "node:path";
import { CONFIG_FILE, TOKENIZER_FILES } from "../checkpoints/hugging-face.ts";
import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { LabError } from "../common/errors.ts";
import { errorCode } from "../common/files.ts";
import { readPlainText } from "../common/plain-file.ts";
import { architectureOf } from "../networks/architectures/architectures.ts";
import { bytesOfTokens, END_OF_TEXT, type Tokenizer } from "./tokenizer.ts";

/** GPT-2's has 3.6 MB at most; what is larger is another one. */
const LARGEST_TOKENIZER = 8_000_000;
/** Rows that GPT-2's vocabulary is filled up to. */
const PADDED_VOCABULARY = 50304;

/**
 * GPT-2's tokenizer where it is the checkpoint's, as far as its files tell. Else one that throws a LabError (badInput) for
 * every text and shows tokens as <|id|>; so does the first for texts with tokens that were added to GPT-2's.
 */
export async function tokenizerOf(checkpoint: Checkpoint, gpt2: Tokenizer): Promise<Tokenizer> {
  const { added = [], foreign } = await lookAt(checkpoint);
  const { source } = checkpoint;
  const refuse = (why: string): never => {
    throw new LabError("badInput", `No text can be given to ${source}: ${why}. Only GPT-2's tokenizer is known.`);
  };
  if (foreign !== undefined) {
    const token = (id: number): string => `<|${id}|>`;
    return { encode: () => refuse(foreign), token, decode: (ids) => ids.map(token).join("") };
  }
  if (added.length === 0) return gpt2;
  return {
    ...gpt2,
    encode(text) {
      const found = added.find((token) => text.includes(token));
      if (found !== undefined) refuse(`${JSON.stringify(found)} in it is a token that was added to GPT-2's`);
      return gpt2.encode(text);
    },
  };
}

interface Look {
  /** Why its tokenizer is not GPT-2's. */
  readonly foreign?: string;
  /** Texts that are tokens beside GPT-2's own. */
  readonly added?: readonly string[];
}

async function lookAt({ home, config }: Checkpoint): Promise<Look> {
  if (home === undefined) return {}; // Drawn at random: no text was ever cut for it.
  for (const name of TOKENIZER_FILES) {
    const file = path.join(home, name);
    const text = await readPlainText(file, LARGEST_TOKENIZER).catch((error: unknown) => {
      return errorCode(error) === "ENOENT" ? undefined : "";
    });
    if (text !== undefined) return name === "tokenizer.model" ? other(name) : lookInto(name, text);
  }
  const { ownTokenizer } = architectureOf(config);
  const tokens = (await bytesOfTokens()).length + 1;
  const hasItsSize = config.vocabulary >= tokens && config.vocabulary <= PADDED_VOCABULARY;
  if (!ownTokenizer || hasItsSize) return {};
  return { foreign: `it has ${config.vocabulary} tokens, and no ${TOKENIZER_FILES[0]} beside its ${CONFIG_FILE}` };
}

const other = (name: string): Look => ({ foreign: `it has a tokenizer of its own (${name})` });

async function lookInto(name: string, text: string): Promise<Look> {
  const json = parsed(text);
  const isWhole = name === "tokenizer.json";
  const vocabulary = isWhole ? record(record(json)?.["model"])?.["vocab"] : json;
  const ids = record(vocabulary);
  const expected = [...(await bytesOfTokens()).map(inLetters), END_OF_TEXT];
  if (!ids || !expected.every((token, id) => ids[token] === id)) return other(name);
  if (!isWhole) return { added: Object.keys(ids).filter((token) => Number(ids[token]) >= expected.length) };
  if (!cutsAsGpt2(json as Json)) return other(name);
  const tokens = (json as Json)["added_tokens"];
  const added = (Array.isArray(tokens) ? tokens : []).flatMap((token) => {
    const content = record(token)?.["content"];
    return typeof content === "string" && content !== "" && content !== END_OF_TEXT ? [content] : [];
  });
  return { added };
}

type Json = Readonly<Record<string, unknown>>;

const record = (value: unknown): Json | undefined =>
  typeof value === "object" && value !== null ? (value as Json) : undefined;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Byte-pair encoding of bytes with no step before, between or after that changes tokens. */
function cutsAsGpt2({ model, normalizer, pre_tokenizer: words, post_processor: after }: Json): boolean {
  const { type = "BPE", dropout, ignore_merges: whole, continuing_subword_prefix: prefix } = record(model) ?? {};
  const byBytes = record(words);
  return (
    type === "BPE" &&
    !(dropout || whole || prefix || normalizer) &&
    byBytes?.["type"] === "ByteLevel" &&
    byBytes["add_prefix_space"] === false &&
    byBytes["use_regex"] !== false &&
    (!after || record(after)?.["type"] === "ByteLevel")
  );
}

/** A token's bytes as tokenizer files write them: printable ones of Latin-1 as they are, the others from U+0100 on. */
function inLetters(bytes: string): string {
  return bytes.replace(/./gs, (byte) => LETTERS[byte.charCodeAt(0)]);
}

const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
const LETTERS = Array.from({ length: 256 }, (_, byte) => {
  const before = Array.from({ length: byte }, (_, i) => i).filter((other) => !isPrintable(other)).length;
  return String.fromCharCode(isPrintable(byte) ? byte : 0x100 + before);
});
