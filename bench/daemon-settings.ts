// The settings of a daemon under measurement: on loopback alone, and with nothing beside what is measured.

/** The text of a settings file: one address to listen on, and the lines that a bench has of its own. */
export function daemonSettings(port: number, ...own: readonly string[]): string {
  return [
    `listen: ["127.0.0.1:${port}"]`,
    ...own,
    'hosts: false',
    'control: false',
    'console: false',
    'log: { level: error }',
    '',
  ].join('\n');
}
