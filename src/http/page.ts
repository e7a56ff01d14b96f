import { createHash } from "node:crypto";
import { html, raw } from "hono/html";

/** Markup in which everything that was put in has been escaped. */
export type Markup = ReturnType<typeof html>;

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #8886; border-radius: 0.5rem; }
section { margin: 1.5rem 0; padding-top: 0.5rem; border-top: 1px solid #8886; }
label { display: block; margin: 1rem 0 0.25rem; font-weight: 600; }
fieldset { border: 1px solid #8886; border-radius: 0.5rem; margin: 1rem 0; }
fieldset label, label.choice { font-weight: 400; margin: 0.25rem 0; }
input, select, textarea { font: inherit; width: 100%; box-sizing: border-box; padding: 0.5rem; }
input[type="radio"], input[type="checkbox"] { width: auto; }
button { font: inherit; padding: 0.6rem 1.5rem; margin-top: 1rem; cursor: pointer; }
dt { font-weight: 600; } dd { margin: 0 0 0.5rem; overflow-wrap: anywhere; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; }
.problem { border-left: 4px solid #c00; padding-left: 0.75rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: 0.25rem 0.5rem; vertical-align: top; }
`;

const styleHash = createHash("sha256").update(style).digest("base64");

/** Nothing runs, nothing is loaded, nothing may show the page in a frame. */
const policy =
  `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; ` +
  "base-uri 'none'; frame-ancestors 'none'";

/** A page without scripts that needs nothing else. */
export async function htmlPage(title: string, body: Markup, status = 200): Promise<Response> {
  const page = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
  return new Response(page.toString(), {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "cache-control": "no-store",
      // The address of a page may hold a token; our own forms still say where they come from.
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
    },
  });
}
