// Which zone must have signed an RRset: by its signatures, by the servers that gave it, by its name.

import { WireError } from '../wire/error.ts';
import { isSubdomainOf, type Name, parentOf, ROOT } from '../wire/name.ts';
import { readRrsig } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { TYPE } from '../wire/types.ts';
import type { TrustState } from './zone-status.ts';

/**
 * The zone that must have signed (RFC 4035, 5.3.1): where the server's zone lies below the signer, the cut between them
 * decides, if there is one, and not the signature.
 */
export function holder(signer: Name | undefined, zone: Name): Name | undefined {
  return signer !== undefined && isSubdomainOf(zone, signer) ? zone : signer;
}

/** Whether a trust anchor lies at or above `name` and below `zone`. */
export function isAnchoredBelow({ anchors }: TrustState, name: Name, zone: Name): boolean {
  for (let above = name; above !== zone && above !== ROOT; above = parentOf(above)) if (anchors.has(above)) return true;
  return false;
}

/** Where unsigned data are looked for in the chain of trust: at their name, DS at the parent's side (RFC 4035, 2.4). */
export function zoneTarget(name: Name, type: number): Name {
  return type === TYPE.DS && name !== ROOT ? parentOf(name) : name;
}

/** The zone that signed an RRset by its first readable signature that could be: an ancestor, above for DS. */
export function signerOf(rrset: RRset): Name | undefined {
  for (const rdata of rrset.signatures) {
    const signer = readSigner(rdata);
    if (signer === undefined || !isSubdomainOf(rrset.name, signer)) continue;
    if (rrset.type === TYPE.DS && signer === rrset.name) continue;
    return signer;
  }
  return undefined;
}

function readSigner(rdata: Uint8Array): Name | undefined {
  try {
    return readRrsig(rdata).signer;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}
