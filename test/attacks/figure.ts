// The form in which a measured figure is written down.
import type { RowId } from './rows.ts';

/** One measurement, as it is written: a line of JSON each. */
export interface Figure {
  readonly row: RowId;
  readonly what: string;
  readonly value: number;
  readonly relation: '≤' | '≥' | '=' | '>';
  readonly bar: number;
  readonly unit: string;
}

/** The environment variable that names the file to which figures are appended. */
export const FIGURES_FILE = 'ROOTWALK_FIGURES';
