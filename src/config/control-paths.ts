// Where the control socket is: the places that the daemon tries to make it in and the verbs look for it in, in order.

import { defaultSettings } from './settings.ts';

/**
 * The paths for `control`. The default is followed by the user's runtime folder, for a daemon that is not the system's;
 * a folder that all users share, such as /tmp, is never taken, since another user may have put a socket there first.
 */
export function controlPaths(
  control: string | false,
  environment: { readonly [name: string]: string | undefined } = process.env,
): readonly string[] {
  if (control === false) return [];
  if (!isDefaultControl(control)) return [control];
  const folder = environment['XDG_RUNTIME_DIR'];
  return folder?.startsWith('/') === true
    ? [control, `${folder.replace(/\/+$/, '')}/rootwalk/control.sock`]
    : [control];
}

/** Whether the path is the default, which may fail with a warning where another one must work. */
export function isDefaultControl(control: string): boolean {
  return control === defaultSettings.control;
}
