// Networks of IPv4 and IPv6: what access lists are made of.

/** `address` is numeric, in its usual form, with all bits behind `prefix` zero. A single host has all bits as prefix. */
export type Network = { readonly version: 4 | 6; readonly address: string; readonly prefix: number };
