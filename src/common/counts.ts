// Things that are counted, in words.

import { t } from "@vscode/l10n";

/** "1 token", "3000 tokens": of the terminal, which speaks English. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** For each noun a text for one and a text for more: other languages do not make them by an "s". */
const COUNTED = {
  "block": [() => t("1 block"), (count: string) => t("{0} blocks", count)],
  "channel": [() => t("1 channel"), (count: string) => t("{0} channels", count)],
  "fit": [() => t("1 fit"), (count: string) => t("{0} fits", count)],
  "gradient step": [() => t("1 gradient step"), (count: string) => t("{0} gradient steps", count)],
  "iteration": [() => t("1 iteration"), (count: string) => t("{0} iterations", count)],
  "restart": [() => t("1 restart"), (count: string) => t("{0} restarts", count)],
  "round": [() => t("1 round"), (count: string) => t("{0} rounds", count)],
  "run": [() => t("1 run"), (count: string) => t("{0} runs", count)],
  "token": [() => t("1 token"), (count: string) => t("{0} tokens", count)],
} as const;

/** "1 token", "3,000 tokens", in the person's language. */
export function plural(count: number, noun: keyof typeof COUNTED): string {
  const [one, more] = COUNTED[noun];
  return count === 1 ? one() : more(count.toLocaleString("en"));
}
