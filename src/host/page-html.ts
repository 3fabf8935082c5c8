// The HTML of a page in a webview: a frame for its program, under a content security policy that lets nothing else in.

interface PageParts {
  readonly title: string;
  /** The source that VS Code's webviews load resources from, as a content security policy names it. */
  readonly cspSource: string;
  readonly script: string;
  readonly style: string;
  /** Fresh for every page. */
  readonly nonce: string;
  /** What webview/l10n.ts translates the page's texts with. */
  readonly texts: PageTexts;
}

/** As VS Code's env.language and l10n.bundle; a language without a bundle has no translations, and the page is English. */
interface PageTexts {
  readonly language: string;
  readonly bundle: Readonly<Record<string, string>> | undefined;
}

export function pageHtml({ title, cspSource, script, style, nonce, texts }: PageParts): string {
  const policy = `default-src 'none'; style-src ${cspSource} 'nonce-${nonce}'; script-src 'nonce-${nonce}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const { language, bundle } = texts;
  // Data, not a program: the policy has nothing against it. Without "<" in it nothing can end the element.
  const json = JSON.stringify(bundle ?? {}).replaceAll("<", "\\u003c");
  // The toolkit puts a style element into the page, with the nonce that it finds in the property csp-nonce.
  return `<!DOCTYPE html>
<html lang="${bundle ? language : "en"}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<script defer nonce="${nonce}" src="${script}"></script>
<title>${title}</title>
<script type="application/json" id="l10n">${json}</script>
</head>
<body data-title="${title}"></body>
</html>
`;
}
