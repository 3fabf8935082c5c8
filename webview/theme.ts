// The theme's colours as the plot needs them: a canvas takes strings, not variables.

import { type Colour, COLOURS } from "./figures.ts";

export interface Theme {
  readonly foreground: string;
  readonly muted: string;
  readonly grid: string;
  readonly colours: Readonly<Record<Colour, string>>;
  readonly font: string;
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const read = (name: string, otherwise: string): string => style.getPropertyValue(name).trim() || otherwise;
  const foreground = read("--vscode-foreground", style.color);
  return {
    foreground,
    muted: read("--vscode-descriptionForeground", foreground),
    grid: read("--lab-grid", "rgba(128, 128, 128, 0.25)"),
    colours: {
      ...(Object.fromEntries(
        COLOURS.map((colour) => [colour, read(`--vscode-charts-${colour}`, foreground)]),
      ) as Theme["colours"]),
      neutral: read("--vscode-descriptionForeground", foreground),
    },
    font: `11px ${read("--vscode-font-family", "sans-serif")}`,
  };
}

/** VS Code changes the variables on the root element and the kind of theme on the body. */
export function onThemeChange(listener: () => void): void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style"] });
  observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
}
