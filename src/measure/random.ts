// Numbers by chance that are the same on every machine for the same seed.

/**
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018) on 32-bit words, filled
 * from the seed by the mixing steps of MurmurHash3 over a Weyl sequence, so that near seeds give unlike numbers.
 */
export const createRandom = (seed: number) => {
  let weyl = seed | 0;
  const word = (): number => {
    weyl = (weyl + 0x9e3779b9) | 0;
    let mixed = weyl;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  };
  let [a, b, c, d] = [word(), word(), word(), word()];

  const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

  /** A whole number from 0 to 2^32-1. */
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };

  return {
    /** From 0 to below 1. */
    uniform: (): number => next() / 2 ** 32,

    /**
     * Exponential with mean 1, by comparing alone (von Neumann, 1951): Math.log may differ in its last digit from
     * machine to machine. A run of falling numbers is of odd length with probability e^-x for its first number x.
     */
    exponential: (): number => {
      for (let whole = 0; ; whole++) {
        const first = next();
        let last = first;
        let length = 1;
        for (let following = next(); following < last; following = next()) {
          last = following;
          length++;
        }
        if (length % 2 === 1) return whole + first / 2 ** 32;
      }
    },
  };
};
