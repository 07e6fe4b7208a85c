// What a proof of denial finds, and what a type bitmap says of a type at its name: common to NSEC and NSEC3.

import { labelCount, type Name } from '../wire/name.ts';
import { bitmapHas, type TypeBitmap } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { TYPE, typeToText } from '../wire/types.ts';

/** The denial holds. */
export interface Proven {
  readonly kind: 'proven';
  /** The deepest ancestor shown to exist; the name itself when that exists. */
  readonly closestEncloser: Name;
  /** Whether what was matched is a delegation (NS without SOA). */
  readonly delegation: boolean;
  /** The RRsets that prove it. */
  readonly proof: readonly RRset[];
}

/** The denial holds but for unsigned delegations, which an opt-out span may hide (RFC 5155, 9.2): no AD. */
export interface OptOut {
  readonly kind: 'optOut';
  readonly closestEncloser: Name;
  readonly proof: readonly RRset[];
}

/** The records do not show it. `present`: they show the contrary; else a record is missing. */
export interface NotFound {
  readonly kind: 'unproven';
  readonly reason: string;
  readonly present: boolean;
}

/** What one kind of record comes to. */
export type Finding = Proven | OptOut | NotFound;

/** The verdict on `type` at `name` by its own bitmap; `proof` and `closestEncloser` go into a `proven` verdict. */
export function typeDenied(
  types: TypeBitmap,
  name: Name,
  type: number,
  proof: readonly RRset[],
  closestEncloser: Name,
): Finding {
  const wrong = contradiction(types, name, type);
  if (wrong !== undefined) return { kind: 'unproven', reason: wrong, present: true };
  const delegation = bitmapHas(types, TYPE.NS) && !bitmapHas(types, TYPE.SOA);
  return { kind: 'proven', closestEncloser, delegation, proof };
}

function contradiction(types: TypeBitmap, name: Name, type: number): string | undefined {
  if (bitmapHas(types, type)) return `the type bitmap has ${typeToText(type)}`;
  // RFC 6840, 4.3: with a CNAME there the answer would have been that.
  if (bitmapHas(types, TYPE.CNAME)) return 'the type bitmap has CNAME';
  const apex = bitmapHas(types, TYPE.SOA);
  if (type === TYPE.DS) {
    // RFC 4035, 5.2: the child's bitmap knows nothing of what the parent holds. The root has no parent.
    return apex && labelCount(name) > 0 ? 'the record is from the child, not from the parent' : undefined;
  }
  // RFC 6840, 4.1: the parent's knows nothing of what the child holds.
  return bitmapHas(types, TYPE.NS) && !apex ? 'the record is from the parent, not from the child' : undefined;
}
