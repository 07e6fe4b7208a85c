// What a reload came to, in a sentence.

import { printable } from '../base/printable.ts';
import type { ReloadReport } from '../console/view.ts';

/** Which keys changed, and which wait for a restart. */
export function reloadText({ file, changed, restart }: ReloadReport & { readonly ok: true }): string {
  const what =
    changed.length === 0
      ? restart.length === 0
        ? 'nothing changed'
        : 'nothing took effect'
      : `changed: ${changed.join(', ')}`;
  const waiting = restart.length === 0 ? '' : `; needs a restart: ${restart.join(', ')}`;
  return `Reloaded ${file === undefined ? 'the default settings' : printable(file)}: ${what}${waiting}.`;
}
