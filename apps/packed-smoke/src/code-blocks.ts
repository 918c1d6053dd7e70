/** One fenced block of TypeScript in a Markdown file. */
export interface CodeBlock {
  /** The line of the file at which the code begins, from 1. */
  readonly line: number;
  readonly code: string;
}

/** The blocks fenced with ```ts, in order. A block fenced with anything else is not meant to be run. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { line: number; code: string[] } | undefined;
  for (const [index, text] of markdown.split("\n").entries()) {
    if (open === undefined) {
      if (text.trim() === "```ts") open = { line: index + 2, code: [] };
    } else if (text.trim() === "```") {
      blocks.push({ line: open.line, code: open.code.join("\n") });
      open = undefined;
    } else {
      open.code.push(text);
    }
  }
  return blocks;
}
