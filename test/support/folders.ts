// Folders that tests share.

import path from "node:path";

/** Keeps random weights between runs, so that full-size tests start at once; made anew when it is not there. */
export const TEST_CACHE = path.join(import.meta.dirname, "../../.cache/tests");

export const TINY_GPT2 = path.join(import.meta.dirname, "../reference/tiny-gpt2");
