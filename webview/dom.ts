// Making elements in one line each.

type Child = Node | string;

/** An element with attributes (an absent one is undefined) and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Writes a text where it differs from what is there: a screen reader is told of no change that is none. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
