// Writes a classic BPF program (linux/filter.h) from its end to its beginning, so that every jump knows how far it goes.

/** An instruction, counted from the end of the program, or a verdict. */
export type Place = number | 'allow' | 'deny';

type Instruction = {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly value: number;
};

// linux/bpf_common.h
const loadWord = 0x20;
const loadByte = 0x30;
const shiftRight = 0x74;
const jumpAlways = 0x05;
const jumpConditions = { equal: 0x15, 'at least': 0x35 } as const;
const give = 0x06;
/** SKF_NET_OFF: from here on offsets count from the network header, also where the filter is given what comes after it. */
const networkHeader = -0x10_0000;

/** BPF_MAXINSNS. */
const longestProgram = 4096;
/** Jumps of conditions have 8 bits; some room for two instructions that may come in between. */
const farthest = 250;

export type Program = {
  /** Goes on at one place where the loaded value compares so with `value`, and at the other where not. */
  readonly jump: (how: keyof typeof jumpConditions, value: number, ifTrue: Place, ifFalse: Place) => Place;
  /** Loads 32 bits of the network header, then goes on. */
  readonly load: (offset: number, then: Place) => Place;
  /** Loads the upper half of a byte of the network header, then goes on. */
  readonly loadHighNibble: (offset: number, then: Place) => Place;
  /** As the kernel wants it, beginning with what was written last; undefined where it is too long. */
  readonly finish: () => Uint8Array | undefined;
};

export const createProgram = (): Program => {
  const backwards: Instruction[] = [];
  const verdicts = { allow: Number.NEGATIVE_INFINITY, deny: Number.NEGATIVE_INFINITY };

  const write = (code: number, value: number, ifTrue = 0, ifFalse = 0): number =>
    backwards.push({ code, value, ifTrue, ifFalse }) - 1;

  /** How many instructions the next one written would have to skip. */
  const distanceTo = (place: number): number => backwards.length - 1 - place;

  /** A place that the next few instructions can jump to: the same one, or one that leads there. */
  const near = (place: Place): number => {
    if (typeof place === 'number')
      return distanceTo(place) <= farthest ? place : write(jumpAlways, distanceTo(place));
    if (distanceTo(verdicts[place]) > farthest)
      verdicts[place] = write(give, place === 'allow' ? 0xffff_ffff : 0);
    return verdicts[place];
  };

  /** The next instruction written is followed by this one. */
  const follow = (place: Place): void => {
    const target = near(place);
    if (distanceTo(target) > 0) write(jumpAlways, distanceTo(target));
  };

  return {
    jump: (how, value, ifTrue, ifFalse) => {
      const [one, other] = [near(ifTrue), near(ifFalse)];
      return write(jumpConditions[how], value, distanceTo(one), distanceTo(other));
    },
    load: (offset, then) => {
      follow(then);
      return write(loadWord, networkHeader + offset);
    },
    loadHighNibble: (offset, then) => {
      follow(then);
      write(shiftRight, 4);
      return write(loadByte, networkHeader + offset);
    },
    finish: () => {
      if (backwards.length > longestProgram) return undefined;
      const bytes = new Uint8Array(backwards.length * 8);
      const view = new DataView(bytes.buffer);
      backwards.reverse().forEach(({ code, ifTrue, ifFalse, value }, index) => {
        view.setUint16(index * 8, code, true);
        view.setUint8(index * 8 + 2, ifTrue);
        view.setUint8(index * 8 + 3, ifFalse);
        view.setUint32(index * 8 + 4, value >>> 0, true);
      });
      return bytes;
    },
  };
};
