// The HTML of the panel's page: a frame for its program, under a content security policy that lets nothing else in.

export interface PageParts {
  /** The source that VS Code's webviews load resources from, as a content security policy names it. */
  readonly cspSource: string;
  readonly script: string;
  readonly style: string;
  /** Fresh for every page. */
  readonly nonce: string;
}

export function pageHtml({ cspSource, script, style, nonce }: PageParts): string {
  const policy = `default-src 'none'; style-src ${cspSource} 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  // The toolkit puts a style element into the page, with the nonce that it finds in the property csp-nonce.
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<script defer nonce="${nonce}" src="${script}"></script>
<title>Inversion Lab</title>
</head>
<body data-title="Inversion Lab"></body>
</html>
`;
}
