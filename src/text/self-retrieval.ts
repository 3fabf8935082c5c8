// How many tokens does a decoder give back from their own rows of the embedding matrix? The pseudo-inverse's arg max is
// not the nearest neighbour: a row can fail to retrieve itself, and then no search could ever find its token.

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { throwIfCancelled } from "../common/errors.ts";
import type { OnProgress } from "../common/progress.ts";
import { DECODER_NAMES, type DecoderName, openDecoder } from "./decoders.ts";
import { embedTokens } from "./embedding.ts";
import type { EmbeddingStatistics } from "./embedding-statistics.ts";

/** Rows that are tried, spread evenly over the vocabulary; all of GPT-2's would take a minute for each decoder. */
const MOST_ROWS = 2048;
/** Rows between two looks at the signal. */
const CHUNK = 256;

export interface SelfRetrieval {
  /** Rows tried. */
  readonly rows: number;
  /** V */
  readonly vocabulary: number;
  /** Rows that gave their own token. */
  readonly retrieved: Readonly<Record<DecoderName, number>>;
}

/** Throws a LabError: cancelled, checkpoint (unreadable). */
export async function selfRetrieval(
  checkpoint: Checkpoint,
  statistics: EmbeddingStatistics,
  { onProgress, signal }: { readonly onProgress?: OnProgress; readonly signal?: AbortSignal } = {},
): Promise<SelfRetrieval> {
  const { vocabulary } = checkpoint.config;
  const stride = Math.ceil(vocabulary / MOST_ROWS);
  const ids = Array.from({ length: Math.ceil(vocabulary / stride) }, (_, i) => i * stride);
  const retrieved = { pseudoinverse: 0, nearest: 0, cosine: 0 };
  const total = ids.length * DECODER_NAMES.length;
  let done = 0;
  for (const decoder of DECODER_NAMES) {
    for (let from = 0; from < ids.length; from += CHUNK) {
      throwIfCancelled(signal);
      onProgress?.({ stage: "Reading tokens back from their own embeddings", done, total });
      const targetIds = ids.slice(from, from + CHUNK);
      // At one position, so that as many rows fit as are asked for.
      const options = { decoder, positions: "first", batch: 1, targetIds, topK: 1 } as const;
      const opened = await openDecoder(checkpoint, statistics, options);
      try {
        const [{ targetRanks }] = await opened.decode(embedTokens(checkpoint, targetIds, "first", "float32"));
        retrieved[decoder] += targetRanks.filter((rank) => rank === 1).length;
      } finally {
        await opened.release();
      }
      done += targetIds.length;
    }
  }
  return { rows: ids.length, vocabulary, retrieved };
}
