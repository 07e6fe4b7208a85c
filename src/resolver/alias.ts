// CNAME and DNAME: where a link leads, and the CNAME that a DNAME stands for.

import { isSubdomainOf, type Name, nameOctets, replaceSuffix } from '../wire/name.ts';
import { nameInRdata } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { TYPE } from '../wire/types.ts';

/** The name that `name` becomes under a DNAME RRset above it (RFC 6672, 2.2). Undefined: it would be too long. */
export function dnameTarget(dname: RRset, name: Name): Name | undefined {
  if (name === dname.name || !isSubdomainOf(name, dname.name)) return undefined;
  return replaceSuffix(name, dname.name, nameInRdata(dname.rdatas[0] as Uint8Array));
}

/** The target of a CNAME RRset. */
export function cnameTarget(cname: RRset): Name {
  return nameInRdata(cname.rdatas[0] as Uint8Array);
}

/** The CNAME synthesised from a DNAME: it has the DNAME's TTL and no signature (RFC 6672, 3.1 and 5.3.1). */
export function synthesiseCname(dname: RRset, name: Name, target: Name): RRset {
  return {
    name,
    type: TYPE.CNAME,
    class: dname.class,
    ttl: dname.ttl,
    rdatas: [nameOctets(target)],
    signatures: [],
  };
}
