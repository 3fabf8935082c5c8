// Holds a run between two shown iterations and lets it go on, as often as one likes.

import type { PauseSignal } from "../experiments/run-experiment.ts";

export class PauseSwitch implements PauseSignal {
  #isOn = false;
  readonly #listeners = new Set<(isOn: boolean) => void>();

  get isOn(): boolean {
    return this.#isOn;
  }

  pause(): void {
    this.#set(true);
  }

  resume(): void {
    this.#set(false);
  }

  onChange(listener: (isOn: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #set(isOn: boolean): void {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    for (const listener of this.#listeners) listener(isOn);
  }
}
