// A descriptor's number, told apart from other numbers.

/** A number of the process's descriptor table. Whoever has one in a field owns it; functions that take it over say so. */
export type Descriptor = number & { readonly descriptor: unique symbol };

/** For what the kernel has just given. */
export const descriptorOf = (number: number): Descriptor => number as Descriptor;
