// dig's `+` options: those that `rootwalk query` honours, those that say nothing to it, and the rest, which are errors.

import { printable } from '../base/printable.ts';
import { nearest } from '../config/nearest.ts';
import { CliError } from './io.ts';

/** What to ask for and what to print. */
export interface DigOptions {
  /** Only the data, one record a line. */
  readonly short: boolean;
  /** DO: signatures and proofs too. */
  readonly dnssec: boolean;
  /** CD: no validation. */
  readonly cd: boolean;
  readonly comments: boolean;
  readonly question: boolean;
  readonly answer: boolean;
  readonly authority: boolean;
  readonly stats: boolean;
  /** Options given that have no meaning where no single server is asked. */
  readonly ignored: readonly string[];
}

type Flag = Exclude<keyof DigOptions, 'ignored'>;

const FLAGS: { readonly [option: string]: readonly Flag[] | undefined } = {
  short: ['short'],
  dnssec: ['dnssec'],
  do: ['dnssec'],
  cd: ['cd'],
  cdflag: ['cd'],
  comments: ['comments'],
  question: ['question'],
  answer: ['answer'],
  authority: ['authority'],
  stats: ['stats'],
  all: ['comments', 'question', 'answer', 'authority', 'stats'],
};

/** They say how dig asks its server; the resolver chooses that by itself. */
const IGNORED: readonly string[] = [
  'tcp',
  'vc',
  'edns',
  'bufsize',
  'time',
  'timeout',
  'tries',
  'retry',
  'recurse',
  'rec',
  'cookie',
  'ignore',
  'adflag',
  'ad',
  'additional',
  'cmd',
  'multiline',
  'ttlid',
  'class',
];

/** Reads `+short`, `+nodnssec`, `+time=5`… Unknown ones throw {@link CliError} with the nearest. */
export function readDigOptions(words: readonly string[]): DigOptions {
  const flags = {
    short: false,
    dnssec: false,
    cd: false,
    comments: true,
    question: true,
    answer: true,
    authority: true,
    stats: true,
  };
  const ignored: string[] = [];
  for (const word of words) {
    const [option = ''] = word.slice(1).toLowerCase().split('=');
    const off = FLAGS[option] === undefined && option.startsWith('no');
    const bare = off ? option.slice(2) : option;
    const known = Object.hasOwn(FLAGS, bare) ? FLAGS[bare] : undefined;
    if (known !== undefined) for (const flag of known) flags[flag] = !off;
    else if (IGNORED.includes(bare)) ignored.push(word);
    else
      throw new CliError(
        `${printable(word)}: unknown option${suggestion(bare)}; known are +short, +dnssec, +cd, +noall, +answer`,
      );
  }
  return { ...flags, ignored };
}

function suggestion(option: string): string {
  const near = nearest(option, [...Object.keys(FLAGS), ...IGNORED]);
  return near === undefined ? '' : `; did you mean +${near}?`;
}
