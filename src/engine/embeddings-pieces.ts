// A run's embeddings as messages: one restart a piece, its bytes in base64, so that no message is large for the process
// that reads it.

import { type FloatArray, floats, typeOf } from "../common/floats.ts";
import type { RunEmbeddings } from "../experiments/run-embeddings.ts";
import type { EmbeddingsPiece } from "./messages.ts";

export function* piecesOf({ restarts, length, width, ...arrays }: RunEmbeddings): Generator<EmbeddingsPiece> {
  const size = length * width;
  for (const name of ["target", "best", "last"] as const) {
    const values = arrays[name];
    for (let restart = 0; restart * size < values.length; restart++) {
      const part = values.subarray(restart * size, (restart + 1) * size);
      const base64 = Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString("base64");
      yield { restarts, length, width, type: typeOf(values), name, restart, base64 };
    }
  }
}

export class EmbeddingsPieces {
  #arrays: Record<EmbeddingsPiece["name"], FloatArray> | undefined;
  #missing = 0;

  /** The embeddings, with the last piece. */
  add({ restarts, length, width, type, name, restart, base64 }: EmbeddingsPiece): RunEmbeddings | undefined {
    const size = length * width;
    if (!this.#arrays) {
      const [best, last] = [floats(type, restarts * size), floats(type, restarts * size)];
      this.#arrays = { target: floats(type, size), best, last };
      this.#missing = 1 + 2 * restarts;
    }
    const { buffer, BYTES_PER_ELEMENT } = this.#arrays[name];
    const place = new Uint8Array(buffer, restart * size * BYTES_PER_ELEMENT, size * BYTES_PER_ELEMENT);
    place.set(Buffer.from(base64, "base64"));
    this.#missing--;
    return this.#missing === 0 ? { restarts, length, width, ...this.#arrays } : undefined;
  }
}
