// The page's texts in the person's language: the host puts the bundle of translations into the page's HTML as JSON, and
// a text that it does not have stays English.

import { config, t } from "@vscode/l10n";

/** Also in src/host/page.ts. */
const ELEMENT = "l10n";

/** The page's models are tested where there is no document. */
interface Global {
  readonly document?: { getElementById(id: string): { readonly textContent: string | null } | null };
}

const bundle = (globalThis as Global).document?.getElementById(ELEMENT)?.textContent;
if (bundle) config({ contents: bundle });

/** A text with its parts, as in t("{0} of {1}", a, b); the first argument is written out, so that it is found. */
export { t };
