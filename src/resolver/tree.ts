// A tree of lines, and how it is drawn.

import { printable } from '../base/printable.ts';

/** A line and the lines below it. */
export interface TreeNode {
  text: string;
  readonly children: TreeNode[];
}

/** A node; children may be added later. */
export function node(text: string, children: TreeNode[] = []): TreeNode {
  return { text, children };
}

/** Deeper than this a tree is drawn flat: sub-lookups nest seven levels at most. */
const DEPTH_MAX = 24;

/** The tree as lines with branches; texts are escaped, so that nothing from the network steers a terminal. */
export function treeLines(nodes: readonly TreeNode[]): string[] {
  return drawn(nodes, '', 0);
}

function drawn(nodes: readonly TreeNode[], indent: string, depth: number): string[] {
  return nodes.flatMap(({ text, children }, index) => {
    const last = index === nodes.length - 1;
    const below = depth < DEPTH_MAX ? `${indent}${last ? '   ' : '│  '}` : indent;
    return [`${indent}${last ? '└─ ' : '├─ '}${printable(text)}`, ...drawn(children, below, depth + 1)];
  });
}
