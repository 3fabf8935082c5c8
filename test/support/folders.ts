// Folders that tests of several rooms read.

import path from "node:path";

const root = path.join(import.meta.dirname, "..", "..");

/** What tests may keep from one run to the next. */
export const TEST_CACHE = path.join(root, ".cache", "tests");
/** The checkpoints that come with the program. */
export const MODELS = path.join(root, "models");
/** A small network with reference values that another program computed. */
export const TINY_GPT2 = path.join(root, "test", "reference", "tiny-gpt2");
