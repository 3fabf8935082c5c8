// A long list of rows of one height, of which only those in sight are in the document: ten thousand scroll like ten.

import { element } from "./dom.ts";

/** Rows kept beyond either end of what is in sight. */
const MARGIN_ROWS = 6;

interface RowWindowOptions {
  /** Column heads; stay at the top. They are as high as a row of `headHeight` CSS pixels. */
  readonly head: HTMLElement;
  readonly headHeight: number;
  readonly list: HTMLElement;
  /** CSS pixels, as in the style sheet. */
  readonly rowHeight: number;
  readonly make: (row: number) => HTMLElement;
  /** Called when the rows in the document may have changed. */
  readonly onDraw?: () => void;
  readonly onScroll?: () => void;
  readonly onResize?: () => void;
}

export class RowWindow {
  readonly scroller: HTMLElement;
  readonly #options: RowWindowOptions;
  readonly #rows = new Map<number, HTMLElement>();
  #count = 0;
  /** The part in sight, in CSS pixels: kept, because asking for it makes the browser lay out the page at once. */
  #top = 0;
  #height = 0;

  constructor(options: RowWindowOptions) {
    this.#options = options;
    const sheet = element("div", { class: "sheet" }, options.head, options.list);
    this.scroller = element("div", { class: "scroller" }, sheet);
    this.scroller.addEventListener("scroll", () => {
      this.#top = this.scroller.scrollTop;
      this.#draw();
      options.onScroll?.();
    });
    new ResizeObserver(() => {
      this.#height = this.scroller.clientHeight;
      this.#draw();
      options.onResize?.();
    }).observe(this.scroller);
  }

  get #contentHeight(): number {
    return this.#options.headHeight + this.#count * this.#options.rowHeight;
  }

  get atEnd(): boolean {
    return this.#top + this.#height > this.#contentHeight - this.#options.rowHeight;
  }

  get capacity(): number {
    return Math.floor((this.#height - this.#options.headHeight) / this.#options.rowHeight);
  }

  get rows(): ReadonlyMap<number, HTMLElement> {
    return this.#rows;
  }

  /** Shows so many rows; those in the document stay as they are. */
  update(count: number): void {
    this.#count = count;
    this.#options.list.style.blockSize = `${count * this.#options.rowHeight}px`;
    this.#draw();
  }

  /** Empties the list; until the next update no row is made. */
  clear(): void {
    this.#count = 0;
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
  }

  scrollToEnd(): void {
    this.#scrollTo(Math.max(0, this.#contentHeight - this.#height));
  }

  /** Scrolls as little as brings a row into sight. */
  reveal(row: number): void {
    const { rowHeight, headHeight } = this.#options;
    const highest = row * rowHeight;
    const lowest = headHeight + (row + 1) * rowHeight - this.#height;
    if (highest < this.#top) this.#scrollTo(highest);
    else if (lowest > this.#top) this.#scrollTo(lowest);
  }

  #scrollTo(top: number): void {
    if (top === this.#top) return;
    this.scroller.scrollTop = top;
    this.#top = top;
    this.#draw();
  }

  #draw(): void {
    const { list, rowHeight, make, onDraw } = this.#options;
    const first = Math.max(0, Math.floor(this.#top / rowHeight) - MARGIN_ROWS);
    const last = Math.min(this.#count, Math.ceil((this.#top + this.#height) / rowHeight) + MARGIN_ROWS);
    for (const [row, shown] of this.#rows) {
      if (row >= first && row < last) continue;
      shown.remove();
      this.#rows.delete(row);
    }
    let before: HTMLElement | undefined;
    for (let row = first; row < last; row++) {
      let shown = this.#rows.get(row);
      if (!shown) {
        shown = make(row);
        shown.style.insetBlockStart = `${row * rowHeight}px`;
        this.#rows.set(row, shown);
        // In order for those who read the document and not the screen.
        if (before) before.after(shown);
        else list.prepend(shown);
      }
      before = shown;
    }
    onDraw?.();
  }
}
