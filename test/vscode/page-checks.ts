// What no page of ours may do, in whatever state it is: say nothing to a screen reader, cut texts off, move for those who
// asked for rest. Each gives a line a problem.

import axe, { type AxeResults } from "axe-core";
import type { Frame } from "playwright-core";

/** What axe-core finds serious. */
export async function accessibilityProblems(page: Frame): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate<AxeResults>("axe.run({ resultTypes: ['violations'] })");
  return results.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

/**
 * Elements whose content is wider or higher than they are. What scrolls is meant to, an input too, and so is what ends in
 * dots and has the whole text in its title.
 */
export const cutOff = (page: Frame): Promise<string[]> =>
  page.evaluate<string[]>(`(() => {
    const scrolls = (style) => [style.overflowX, style.overflowY].some((way) => way === "auto" || way === "scroll");
    const shortened = (element, style) => style.textOverflow === "ellipsis" && element.closest("[title]");
    const wrong = [...document.querySelectorAll("body, body *")].filter((element) => {
      const style = getComputedStyle(element);
      if (!element.checkVisibility() || element.closest(".for-screen-readers, .canvas, input, select, textarea, svg")) return false;
      if (style.display === "inline" || scrolls(style) || shortened(element, style)) return false;
      const wide = element.scrollWidth > element.clientWidth + 1;
      const high = style.overflowY !== "visible" && element.scrollHeight > element.clientHeight + 1;
      return element.clientWidth > 0 && (wide || high);
    });
    // The innermost says what it is.
    return wrong
      .filter((element) => !wrong.some((other) => other !== element && element.contains(other)))
      .map((element) => element.outerHTML.slice(0, 160) + " " + [element.scrollWidth, element.clientWidth, element.scrollHeight, element.clientHeight]);
  })()`);

/** Animations and transitions that take longer than anybody sees, in the toolkit's shadow roots too. */
export const motions = (page: Frame): Promise<string[]> =>
  page.evaluate<string[]>(`(() => {
    const roots = [document];
    for (const root of roots) {
      for (const element of root.querySelectorAll("*")) if (element.shadowRoot) roots.push(element.shadowRoot);
    }
    return roots
      .flatMap((root) => root.getAnimations())
      .filter((animation) => animation.effect.getComputedTiming().duration > 10)
      .map(({ effect, animationName }) => effect.target.outerHTML.slice(0, 80) + " " + animationName)
  })()`);
