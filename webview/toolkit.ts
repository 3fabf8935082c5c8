// The one file that knows the webview UI toolkit: registers the controls in use and makes them. Its components must not
// be used beyond these: badge, tag and a progress ring with a value break the content security policy.

import {
  type Button,
  type Dropdown,
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
} from "@vscode/webview-ui-toolkit";

export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeDropdown(), vsCodeOption(), vsCodeProgressRing());
}

export function button(label: string, title: string, primary: boolean, onClick: () => void): HTMLElement {
  const made = document.createElement("vscode-button") as Button;
  made.setAttribute("appearance", primary ? "primary" : "secondary");
  made.title = title;
  made.textContent = label;
  made.addEventListener("click", onClick);
  return made;
}

/** A small one for a toolbar, written as a sign or in a word or two. */
export function iconButton(sign: string, title: string, onClick: () => void): HTMLElement {
  const made = document.createElement("button");
  made.className = "icon-button";
  made.title = title;
  made.setAttribute("aria-label", title);
  made.textContent = sign;
  made.addEventListener("click", onClick);
  return made;
}

export function progressRing(): HTMLElement {
  const made = document.createElement("vscode-progress-ring");
  made.setAttribute("aria-hidden", "true"); // What goes on is said beside it.
  return made;
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

/** A list to choose from that is rebuilt only when its options change. */
export class OptionList {
  readonly element: HTMLElement;
  readonly #dropdown: Dropdown;
  #options = "";

  constructor(label: string, onChoose: (value: string) => void) {
    this.#dropdown = document.createElement("vscode-dropdown") as Dropdown;
    this.#dropdown.setAttribute("aria-label", label);
    this.#dropdown.addEventListener("change", () => onChoose(this.#dropdown.value));
    this.element = this.#dropdown;
  }

  /** A list of one needs no choosing and is hidden. */
  update(options: readonly Option[], chosen: string): void {
    const written = JSON.stringify(options);
    if (written !== this.#options) {
      this.#options = written;
      this.#dropdown.replaceChildren(
        ...options.map(({ value, label }) => {
          const option = document.createElement("vscode-option");
          option.setAttribute("value", value);
          option.textContent = label;
          return option;
        }),
      );
      this.#dropdown.hidden = options.length < 2;
    }
    if (this.#dropdown.value !== chosen) this.#dropdown.value = chosen;
  }
}
