import fc from "fast-check";

/** Texts as hard as they come: dashes, quotes, newlines, halves of nothing. */
export const hardText = fc
  .string({ unit: fc.constantFrom("-", "a", " ", "'", '"', "\n", "$", "\\", "é", "=", "天", "`", "!", "%") })
  .filter((value) => value.trim() !== "" && value !== "-");
