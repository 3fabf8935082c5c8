// Values quoted in sentences.

/** JSON to quote in a sentence, however long or deep the value is. */
export function shortJson(value: unknown): string {
  try {
    const text = JSON.stringify(value) ?? "missing";
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
  } catch {
    return "…";
  }
}
