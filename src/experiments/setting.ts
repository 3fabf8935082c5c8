// All that a method needs beside its spec: the network and what reads and writes its embeddings, handed in as functions.

import type { FloatArray } from "../common/floats.ts";
import type { NetworkFunctions } from "../networks/functions.ts";
import type { EmbeddingDecoder } from "../text/decoder.ts";
import type { Moments } from "../text/embedding-statistics.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { RunEmbeddings } from "./run-embeddings.ts";
import type { RateSearch, StartEvent } from "./events.ts";

export interface ExperimentSetting {
  /** Its batch is the spec's number of restarts. */
  readonly network: NetworkFunctions;
  readonly decoder: EmbeddingDecoder;
  readonly targetIds: readonly number[];
  /** Token plus position embedding, [T] → [T, D]. */
  readonly embed: (tokenIds: readonly number[]) => FloatArray;
  /** Of the checkpoint's embeddings: the "matched" start. */
  readonly moments: Moments;
  /** The text of one token, and of a row of them. */
  readonly text: Pick<Tokenizer, "token" | "decode">;
  /** Where the run takes place, for its record. */
  readonly provenance: Pick<StartEvent, "device" | "memory" | "checkpoint" | "versions" | "quantisation">;
  /** The rates that were tried, where the spec leaves the rate to the lab. */
  readonly rateSearch?: RateSearch;
  /** Told what the run has found, before its end event; the arrays are the listener's own. */
  readonly onEmbeddings?: (embeddings: RunEmbeddings) => void;
  /** Milliseconds of any steady clock. */
  readonly now: () => number;
}
