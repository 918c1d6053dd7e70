/** Colours of text and lines that can be read on a light page and on a dark one. */
export const STYLE: string =
  "text{fill:#57606a}.small{font-size:10px}.grid{stroke:#8c959f;stroke-opacity:.3;fill:none}" +
  "@media (prefers-color-scheme:dark){text{fill:#c9d1d9}}";

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
