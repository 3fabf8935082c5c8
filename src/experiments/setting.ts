// All that a method needs beside its spec: networks, and what reads and writes their embeddings, handed in as functions.

import type { FloatArray } from "../common/floats.ts";
import type { OnProgress } from "../common/progress.ts";
import type { NetworkFunctions } from "../networks/functions.ts";
import type { EmbeddingDecoder } from "../text/decoder.ts";
import type { Moments } from "../text/embedding-statistics.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { Quantisation, StartEvent } from "./events.ts";
import type { StateFit, StatesNetwork } from "./exact/states-network.ts";
import type { RunEmbeddings } from "./run-embeddings.ts";

/** A network with where it runs. */
export interface PlacedNetwork extends NetworkFunctions {
  /** Never "auto". */
  readonly device: string;
  readonly memory?: string;
}

/** Sizes that a network is opened for; each of its functions makes its graph at its first call. */
export interface NetworkRequest {
  /** B */
  readonly batch: number;
  /** T; the target's by default. */
  readonly length?: number;
}

/** The network of a spec as exact recovery takes it. */
export interface StatesSetting extends Pick<PlacedNetwork, "device" | "memory"> {
  readonly network: StatesNetwork;
  /** The fit at one of the network's depths; all that the cache does not hold are made first. Throws a LabError (cancelled). */
  fit(tap: number): Promise<{ readonly fit: StateFit; readonly seconds: number; readonly isCached: boolean }>;
  /** Where the output is logits l = h Wᵀ: from states h [T, D] to logits [T, V], and back by h = l W (WᵀW)⁻¹. */
  readonly head?: {
    logits(states: FloatArray): Promise<FloatArray>;
    states(logits: FloatArray): Promise<FloatArray>;
  };
  /** What the whole network does behind the output, whatever made it. */
  readonly rest: {
    /** An output [T, K] behind blocks → what the head is put on, [T, D]; logits stay what they are. Throws LabErrors. */
    through(output: FloatArray, blocks: number): Promise<FloatArray>;
    /** Of some of those rows, [n, V]. */
    logits(rows: FloatArray): Promise<FloatArray>;
  };
}

/** States that come from a file, in place of the prompt's. */
export interface GivenStates {
  /** [T, K] */
  readonly output: FloatArray;
  /** They have no more digits than a 16-bit format. */
  readonly isRounded: boolean;
}

export interface ExperimentSetting {
  /** Opens the spec's network; the one that was open before, at other sizes, is not to be used any more. Throws LabErrors. */
  open(request: NetworkRequest): Promise<PlacedNetwork>;
  /** Opens the spec's network for passes behind cached keys and values. Throws LabErrors. */
  openStates?(signal: AbortSignal): Promise<StatesSetting>;
  /** Decodes as many restarts as the spec has. */
  readonly decoder: EmbeddingDecoder;
  /** The prompt's tokens; of given states without a prompt as many tokens, which mean nothing. */
  readonly targetIds: readonly number[];
  readonly givenStates?: GivenStates;
  /** Token plus position embedding, [T] → [T, D]. */
  readonly embed: (tokenIds: readonly number[]) => FloatArray;
  /** Of the checkpoint's embeddings: the "matched" start. */
  readonly moments: Moments;
  /** The text of one token, and of a row of them. */
  readonly text: Pick<Tokenizer, "token" | "decode">;
  /** Where the weights come from, for the run's record. */
  readonly provenance: Pick<StartEvent, "checkpoint" | "versions">;
  /** Measures what weights in fewer bits change, where the spec asks for such. */
  readonly precisionError?: (network: NetworkFunctions) => Promise<Quantisation>;
  readonly onProgress?: OnProgress;
  /** Gets what the run has found, before its end event; the arrays are the listener's own. */
  readonly onEmbeddings?: (embeddings: RunEmbeddings) => void;
  /** Milliseconds of any steady clock. */
  readonly now: () => number;
}
