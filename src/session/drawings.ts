// Drawings that are asked of the page: an SVG goes there and comes back as a PNG. A page that is not there yet gets them
// when it has come; one that was taken down meanwhile is asked again.

import { t } from "@vscode/l10n";
import { LabError } from "../common/errors.ts";
import type { FromPage, ToPage } from "./panel-messages.ts";

interface Asked {
  readonly svg: string;
  readonly resolve: (png: Uint8Array) => void;
  readonly reject: (error: LabError) => void;
}

export class Drawings {
  readonly #post: (message: ToPage) => void;
  readonly #asked = new Map<number, Asked>();
  #count = 0;
  #isThere = false;

  constructor(post: (message: ToPage) => void) {
    this.#post = post;
  }

  ask(svg: string): Promise<Uint8Array> {
    const request = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#asked.set(request, { svg, resolve, reject });
      if (this.#isThere) this.#post({ type: "rasterise", request, svg });
    });
  }

  answer({ request, png, problem }: Extract<FromPage, { readonly type: "rasterised" }>): void {
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    if (png !== undefined) asked?.resolve(Buffer.from(png, "base64"));
    else asked?.reject(new LabError("badInput", t("The drawing could not be made: {0}", problem ?? "")));
  }

  go(): void {
    this.#isThere = true;
    for (const [request, { svg }] of this.#asked) this.#post({ type: "rasterise", request, svg });
  }

  hold(): void {
    this.#isThere = false;
  }

  giveUp(): void {
    for (const { reject } of this.#asked.values()) {
      reject(new LabError("cancelled", t("The panel was closed before it had made the drawing.")));
    }
    this.#asked.clear();
  }
}
