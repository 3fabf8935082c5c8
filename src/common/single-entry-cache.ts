// One thing that is dear to make, kept until another one is asked for.

/** Holds the thing that was opened last. */
export class SingleEntryCache<Thing> {
  readonly #release: (thing: Thing) => Promise<void>;
  #held: { readonly key: string; readonly thing: Thing } | undefined;

  constructor(release: (thing: Thing) => Promise<void> = async () => undefined) {
    this.#release = release;
  }

  /** The thing of this key: the held one, or a new one after the held one is released. */
  async open(key: unknown, make: () => Promise<Thing>): Promise<Thing> {
    const wanted = JSON.stringify(key);
    if (this.#held?.key === wanted) return this.#held.thing;
    const old = this.#held;
    this.#held = undefined;
    if (old) await this.#release(old.thing);
    const thing = await make();
    this.#held = { key: wanted, thing };
    return thing;
  }

  /** The next one is made anew. */
  forget(): void {
    this.#held = undefined;
  }
}
