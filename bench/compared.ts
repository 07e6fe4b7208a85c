// The benches of another commit, checked out beside ours so that both run in one process, round by round.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const repository = join(import.meta.dirname, '..');

/** The name of the last tag of this branch; undefined where there is none, or no repository. */
export function lastTag(): string | undefined {
  try {
    return git('describe', '--tags', '--abbrev=0');
  } catch {
    // Git says so by its exit code.
    return undefined;
  }
}

/** The short hash of `commit`; undefined where the repository has no such commit. */
export function shortHash(commit: string): string | undefined {
  try {
    return git('rev-parse', '--short', '--verify', '--quiet', '--end-of-options', `${commit}^{commit}`);
  } catch {
    return undefined;
  }
}

/** A commit in a folder of its own. */
export interface CheckedOut {
  /** The exports of its `bench/FILE`; undefined where it has none, or one that does not load. */
  load(file: string): Promise<object | undefined>;
}

/** Checks `hash` out into a temporary worktree, with our `node_modules`; it is gone when this process is. */
export function checkOut(hash: string): CheckedOut {
  const folder = mkdtempSync(join(tmpdir(), 'rootwalk-bench.'));
  const tree = join(folder, hash);
  process.on('exit', () => {
    rmSync(folder, { recursive: true, force: true });
    git('worktree', 'prune');
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));
  git('worktree', 'add', '--quiet', '--detach', tree, hash);
  symlinkSync(join(repository, 'node_modules'), join(tree, 'node_modules'));
  return {
    load: async (file) => {
      const path = join(tree, 'bench', file);
      if (!existsSync(path)) return undefined;
      try {
        return (await import(pathToFileURL(path).href)) as object;
      } catch (error) {
        // Its packages were others, perhaps: the rest can still be compared.
        console.log(`${hash} ${file} does not load: ${error instanceof Error ? error.message : error}`);
        return undefined;
      }
    },
  };
}

function git(...words: string[]): string {
  return execFileSync('git', words, { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}
